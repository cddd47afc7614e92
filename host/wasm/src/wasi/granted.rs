//! WASI for activities: real, and limited to what was granted.

use engine::{ActivityTask, LogLevel, TraceContext};
use wasmtime::component::ResourceTable;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use super::http::{AllowList, Requests};
use super::output::{Line, Output};
use crate::Grants;

/// A grant that this host cannot give.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UnusableGrant(String);

/// The state behind one attempt's WASI.
pub(crate) struct Granted {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    requests: Requests,
    table: ResourceTable,
    output: Output,
}

impl Granted {
    pub(crate) fn new(
        grants: &Grants,
        task: &ActivityTask,
        span: Option<&TraceContext>,
    ) -> Result<Self, UnusableGrant> {
        let Grants { http, env, dirs } = grants;
        let output = Output::handed_to(logger(task));
        let mut wasi = WasiCtx::builder();
        wasi.stdout(output.stdout()).stderr(output.stderr()).allow_tcp(false).allow_udp(false);
        for (name, value) in env {
            wasi.env(name, value);
        }
        for dir in dirs {
            let perms = if dir.writable { FsPerms::ReadWrite } else { FsPerms::ReadOnly };
            wasi.preopened_dir(&dir.host, &dir.guest, perms).map_err(|error| {
                UnusableGrant(format!("the granted folder {} cannot be opened: {error:#}", dir.host.display()))
            })?;
        }
        let allowed = http.iter().map(|host| host.parse()).collect::<Result<_, _>>().map_err(UnusableGrant)?;
        Ok(Self {
            wasi: wasi.build(),
            http: WasiHttpCtx::new(),
            requests: Requests::new(AllowList::new(allowed, task), span),
            table: ResourceTable::new(),
            output,
        })
    }

    /// Where nothing was granted: what every activity may have.
    pub(crate) fn nothing(task: &ActivityTask) -> Self {
        Self::new(&Grants::default(), task, None).expect("there is nothing that could be unusable")
    }

    /// The last lines that were printed.
    pub(crate) fn last_output(&self) -> Vec<String> {
        self.output.last()
    }
}

/// Writes an activity's output to the host's log.
fn logger(task: &ActivityTask) -> impl Fn(&Line) + Send + 'static {
    let ActivityTask { instance_id, execution_id, task, attempt, name, input: _, trace_context: _ } = task.clone();
    move |line| {
        let text = line.text.as_str();
        if line.level == LogLevel::Warn {
            tracing::warn!(target: "rondo::activity", %instance_id, %execution_id, activity = name, %task, attempt, "{text}");
        } else {
            tracing::info!(target: "rondo::activity", %instance_id, %execution_id, activity = name, %task, attempt, "{text}");
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
