//! WASI for activities: real, and limited to what was granted.

use engine::{ActivityTask, LogLevel, TraceContext};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::http::{AllowList, Requests};
use super::kept;
use super::output::{Line, Output};
use crate::limits::{ACTIVITY_OUTPUT_BYTES_MAX, HEADERS_BYTES_MAX, RANDOM_BYTES_MAX};
use crate::{Ceiling, Grants, GrantsError};

/// The target of log lines that activities print.
pub const ACTIVITY_TARGET: &str = "rondo::activity";

/// The state behind one attempt's WASI.
pub(crate) struct Granted {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    requests: Requests,
    table: ResourceTable,
    output: Output,
    has_files: bool,
}

impl Granted {
    /// # Errors
    /// A grant that this host does not give, and what to do.
    pub(crate) fn new(
        grants: &Grants,
        ceiling: &Ceiling,
        task: &ActivityTask,
        span: Option<&TraceContext>,
    ) -> Result<Self, GrantsError> {
        grants.check()?;
        ceiling.check_hosts(&grants.http)?;
        let Grants { http, env, dirs } = grants;
        let output = Output::handed_to(logger(task), ACTIVITY_OUTPUT_BYTES_MAX);
        let mut wasi = WasiCtx::builder();
        wasi.stdout(output.stdout()).stderr(output.stderr()).allow_tcp(false).allow_udp(false);
        wasi.max_random_size(RANDOM_BYTES_MAX);
        for (name, value) in env {
            wasi.env(name, value);
        }
        for dir in dirs {
            let perms = if dir.writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
            let opened = ceiling.open(dir)?;
            wasi.preopened_dir(opened.path(), &dir.guest, perms).map_err(|error| {
                GrantsError::new(format!("the granted folder {} cannot be opened: {error:#}", dir.host.display()))
            })?;
        }
        let allowed = http.iter().map(|host| host.parse()).collect::<Result<_, _>>().map_err(GrantsError::new)?;
        Ok(Self {
            wasi: wasi.build(),
            http: http_context(),
            requests: Requests::new(AllowList::new(allowed, ceiling.clone(), task), span),
            table: ResourceTable::new(),
            output,
            has_files: !dirs.is_empty(),
        })
    }

    /// What the host keeps in memory behind the handles that the attempt has.
    pub(crate) fn kept_bytes(&mut self) -> usize {
        kept::weigh(&mut self.table, self.has_files)
    }

    /// Whether requests may have bodies: without a host to send them to they would only fill memory.
    pub(super) fn may_have_bodies(&self) -> bool {
        self.requests.may_have_bodies()
    }

    /// Where nothing was granted: what every activity may have.
    pub(crate) fn nothing(task: &ActivityTask) -> Self {
        Self::new(&Grants::default(), &Ceiling::default(), task, None).expect("there is nothing that could be unusable")
    }

    /// The last lines that were printed.
    pub(crate) fn last_output(&self) -> Vec<String> {
        self.output.last()
    }
}

fn http_context() -> WasiHttpCtx {
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(HEADERS_BYTES_MAX);
    http
}

/// Writes an activity's output to the host's log.
fn logger(task: &ActivityTask) -> impl Fn(&Line) + Send + 'static {
    let ActivityTask { instance_id, execution_id, task, attempt, name, input: _, trace_context: _ } = task.clone();
    move |line| {
        let text = line.text.as_str();
        if line.level == LogLevel::Warn {
            tracing::warn!(target: ACTIVITY_TARGET, %instance_id, %execution_id, activity = name, %task, attempt, "{text}");
        } else {
            tracing::info!(target: ACTIVITY_TARGET, %instance_id, %execution_id, activity = name, %task, attempt, "{text}");
        }
    }
}

impl WasiView for Granted {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Granted {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.requests }
    }
}
