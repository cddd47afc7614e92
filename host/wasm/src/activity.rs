//! Activities: a fresh guest for every attempt.

use std::sync::Arc;
use std::time::Duration;

use engine::limits::PAYLOAD_BYTES_MAX;
use engine::{ActivityTask, Failure, Payload, TraceContext, kind};
use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtxView, WasiHttpView};

use crate::bindings::activities::ActivitiesIndices;
use crate::engines::Shared;
use crate::failure::{Circumstances, explain};
use crate::limiter::Limiter;
use crate::limits::{ACTIVITY_COPY_BYTES_MAX, HANDLES_MAX, KEPT_BYTES_MAX};
use crate::meter::Meter;
use crate::wasi::{self, Granted};
use crate::{Grants, convert};

/// The host's side of one attempt.
pub(crate) struct State {
    limiter: Limiter,
    task: ActivityTask,
    /// None until the guest asks for something of it, if nothing was granted: making it costs more than a small guest.
    wasi: Option<Granted>,
    /// How long it has kept a thread.
    meter: Meter,
}

impl State {
    fn wasi(&mut self) -> &mut Granted {
        self.wasi.get_or_insert_with(|| Granted::nothing(&self.task))
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        self.wasi().ctx()
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        self.wasi().http()
    }
}

/// What every activity may import.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    wasi::refuse_bodies(&mut linker, |state: &mut State| state.wasi())?;
    Ok(linker)
}

/// Makes guests of one component.
#[derive(Clone)]
pub(crate) struct ActivityGuests {
    pre: InstancePre<State>,
    indices: ActivitiesIndices,
}

impl ActivityGuests {
    /// # Errors
    /// A function of the contract is missing, or an import has other types than what is offered under its name.
    pub(crate) fn new(shared: &Shared, component: &Component) -> wasmtime::Result<Self> {
        let pre = shared.activity_linker.instantiate_pre(component)?;
        let indices = ActivitiesIndices::new(&pre)?;
        Ok(Self { pre, indices })
    }

    /// Runs one attempt. Dropping the future ends it where it is.
    pub(crate) async fn run(
        &self,
        shared: &Arc<Shared>,
        task: &ActivityTask,
        grants: &Grants,
        span: Option<TraceContext>,
    ) -> Result<Option<Payload>, Failure> {
        let permit = shared.activity_permits.acquire().await.expect("the permits are never closed");
        let wasi = if grants.is_empty() {
            None
        } else {
            let granted = Granted::new(grants, &shared.options.ceiling, task, span.as_ref());
            Some(granted.map_err(|error| Failure::new(kind::GRANT_UNAVAILABLE, error.to_string()))?)
        };
        let meter = Meter::new();
        let store = store(shared, task.clone(), wasi, meter.clone());
        let attempt = meter.count(Box::pin(self.attempt(shared, store, task)));
        let result = match shared.options.activity_deadline {
            None => attempt.await,
            Some(deadline) => tokio::time::timeout(deadline, attempt).await.unwrap_or_else(|_| {
                let message = format!("the activity was interrupted after {deadline:?}, waiting included");
                Err(Failure::new(kind::GUEST_DEADLINE, message))
            }),
        };
        drop(permit);
        result
    }

    async fn attempt(
        &self,
        shared: &Shared,
        mut store: Store<State>,
        task: &ActivityTask,
    ) -> Result<Option<Payload>, Failure> {
        match self.call(&mut store, task).await {
            Ok(Ok(Some(output))) if output.len() > PAYLOAD_BYTES_MAX => {
                let message = format!(
                    "the activity's result has {} bytes, more than the {PAYLOAD_BYTES_MAX} allowed",
                    output.len()
                );
                Err(Failure::new(kind::GUEST_PROTOCOL, message))
            }
            Ok(Ok(output)) => Ok(output.map(Into::into)),
            Ok(Err(failure)) => Err(convert::failure(failure)),
            Err(error) => Err(self::failure(&shared.options.activity_cpu_max, &mut store, &error)),
        }
    }

    async fn call(
        &self,
        mut store: &mut Store<State>,
        task: &ActivityTask,
    ) -> wasmtime::Result<Result<Option<String>, crate::bindings::types::Failure>> {
        let instance = self.pre.instantiate_async(&mut store).await?;
        let exports = self.indices.load(&mut store, &instance)?;
        let input = task.input.as_ref().map(ToString::to_string);
        let context = convert::activity_context(task);
        exports.rondo_orchestration_activity().call_run(&mut store, &task.name, input.as_ref(), &context).await
    }
}

/// Room for one attempt, with all its limits.
fn store(shared: &Shared, task: ActivityTask, wasi: Option<Granted>, meter: Meter) -> Store<State> {
    let options = &shared.options;
    let limiter = Limiter::new(options.activity_memory_bytes_max, options.table_elements_max);
    let mut store = Store::new(&shared.activities, State { limiter, task, wasi, meter });
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(ACTIVITY_COPY_BYTES_MAX);
    store.set_max_component_handles(HANDLES_MAX);
    // At every tick a busy guest makes room for others, and is looked at; one that waits is not even asked.
    let cpu_max = options.activity_cpu_max;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |mut context| {
        let State { limiter, wasi, meter, .. } = context.data_mut();
        let kept = wasi.as_mut().map_or(0, Granted::kept_bytes);
        if kept > KEPT_BYTES_MAX {
            limiter.keeps_too_much(kept, KEPT_BYTES_MAX);
            return Ok(UpdateDeadline::Interrupt);
        }
        Ok(if meter.spent() > cpu_max { UpdateDeadline::Interrupt } else { UpdateDeadline::Yield(1) })
    });
    store
}

fn failure(cpu_max: &Duration, store: &mut Store<State>, error: &wasmtime::Error) -> Failure {
    let deadline = format!("{cpu_max:?} of computing, which is as long as one attempt may take");
    let answer_max = format!("the {} MiB that are allowed for a result", PAYLOAD_BYTES_MAX / (1024 * 1024));
    let state = store.data_mut();
    let circumstances = Circumstances {
        refused: state.limiter.take_refused(),
        last_output: state.wasi.as_ref().map(Granted::last_output).unwrap_or_default(),
        deadline: &deadline,
        answer_max: &answer_max,
    };
    explain(error, circumstances).into_failure()
}
