//! Orchestrators: guests that live between calls.

use std::sync::Arc;

use engine::limits::TURN_BYTES_MAX;
use engine::{Action, Execution, Failure, Guest, GuestError, Turn, kind};
use wasmtime::component::{ComponentExportIndex, Instance, InstancePre, Linker};
use wasmtime::{AsContextMut, Store};

use crate::bindings::orchestrations::OrchestrationsIndices;
use crate::engines::Shared;
use crate::failure::{Circumstances, NO_ROOM, Trouble, explain};
use crate::limiter::Limiter;
use crate::limits::{
    ACTIONS_PER_TURN_MAX, CALL_INPUT_BYTES_MAX, HANDLES_MAX, REPLAY_COPY_BYTES_MAX, TURN_COPY_BYTES_MAX,
};
use crate::ticker::ticks;
use crate::wasi::{self, Line, Virtual};
use crate::{convert, wire};

/// The host's side of one guest.
pub(crate) struct State {
    limiter: Limiter,
    /// For components that import any of it.
    wasi: Option<Box<Virtual>>,
}

impl AsMut<Virtual> for State {
    fn as_mut(&mut self) -> &mut Virtual {
        self.wasi.as_mut().expect("a component that imports WASI is given it, and no other one can call it")
    }
}

/// What every orchestrator may import.
pub(crate) fn linker(engine: &wasmtime::Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    wasi::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Room for one guest, with all its limits, ready for one call.
pub(crate) fn store(shared: &Shared, wasi: Option<Virtual>) -> Store<State> {
    let options = &shared.options;
    let limiter = Limiter::new(options.orchestrator_memory_bytes_max, options.table_elements_max);
    let mut store = Store::new(&shared.orchestrators, State { limiter, wasi: wasi.map(Box::new) });
    store.limiter(|state| &mut state.limiter);
    store.set_hostcall_fuel(TURN_COPY_BYTES_MAX);
    store.set_max_component_handles(HANDLES_MAX);
    store.set_epoch_deadline(ticks(options.turn_deadline));
    store
}

/// Why a call into the guest of `store` did not return.
pub(crate) fn trouble(shared: &Shared, store: &mut Store<State>, error: &wasmtime::Error) -> Trouble {
    let deadline = format!("{:?}, which is as long as one turn may take", shared.options.turn_deadline);
    let answer_max = format!("the {} MiB that are allowed for one turn", TURN_BYTES_MAX / (1024 * 1024));
    let state = store.data_mut();
    let last_output = state.wasi.as_ref().map(|wasi| wasi.last_output()).unwrap_or_default();
    explain(
        error,
        Circumstances {
            refused: state.limiter.take_refused(),
            last_output,
            deadline: &deadline,
            answer_max: &answer_max,
        },
    )
}

/// Makes guests of one component.
#[derive(Clone)]
pub(crate) struct OrchestratorGuests {
    pre: InstancePre<State>,
    indices: OrchestrationsIndices,
    run: ComponentExportIndex,
    imports_wasi: bool,
}

impl OrchestratorGuests {
    /// # Errors
    /// A function of the contract is missing.
    pub(crate) fn new(pre: &InstancePre<State>, imports_wasi: bool) -> wasmtime::Result<Self> {
        let indices = OrchestrationsIndices::new(pre)?;
        let component = pre.component();
        let run = component
            .get_export_index(None, "rondo:orchestration/orchestrator@0.1.0")
            .and_then(|interface| component.get_export_index(Some(&interface), "run"))
            .ok_or_else(|| wasmtime::format_err!("there is no `run`"))?;
        Ok(Self { pre: pre.clone(), indices, run, imports_wasi })
    }

    /// Checks the types of `run`, as far as the generated code does not.
    pub(crate) fn check_types(&self, store: impl AsContextMut, instance: &Instance) -> wasmtime::Result<()> {
        self.run(store, instance).map(drop)
    }

    /// A fresh guest, started for `execution`.
    pub(crate) fn start(&self, shared: &Arc<Shared>, execution: &Execution) -> Result<OrchestratorGuest, GuestError> {
        let live = self.live(shared, execution)?;
        Ok(OrchestratorGuest {
            shared: Arc::clone(shared),
            guests: self.clone(),
            execution: execution.clone(),
            live: Some(live),
            is_fresh: true,
        })
    }

    fn live(&self, shared: &Shared, execution: &Execution) -> Result<Live, GuestError> {
        let wasi = self.imports_wasi.then(|| Virtual::new(execution.instance_id.as_str(), execution.execution_id));
        let mut store = store(shared, wasi);
        let started = self.try_start(&mut store, execution);
        match started {
            Ok(Ok(run)) => Ok(Live { store, run }),
            Ok(Err(failure)) => Err(GuestError::Failed(failure)),
            Err(error) => Err(trouble(shared, &mut store, &error).into()),
        }
    }

    fn try_start(
        &self,
        mut store: &mut Store<State>,
        execution: &Execution,
    ) -> wasmtime::Result<Result<wire::Run, Failure>> {
        let instance = self.pre.instantiate(&mut store)?;
        let exports = self.indices.load(&mut store, &instance)?;
        let started =
            exports.rondo_orchestration_orchestrator().call_start(&mut store, &convert::execution(execution))?;
        let run = self.run(&mut store, &instance)?;
        Ok(started.map(|()| run).map_err(convert::failure))
    }

    fn run(&self, mut store: impl AsContextMut, instance: &Instance) -> wasmtime::Result<wire::Run> {
        instance.get_typed_func(&mut store, self.run)
    }
}

impl From<Trouble> for GuestError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Guest(failure) | Trouble::Exhausted(failure) => Self::Failed(failure),
            Trouble::NoRoom => Self::Unavailable(NO_ROOM.to_owned()),
        }
    }
}

/// A live guest of one execution.
pub(crate) struct OrchestratorGuest {
    shared: Arc<Shared>,
    guests: OrchestratorGuests,
    execution: Execution,
    /// None once anything went wrong.
    live: Option<Live>,
    /// Nothing has run yet.
    is_fresh: bool,
}

impl Guest for OrchestratorGuest {
    /// A replay, which is many turns for a fresh guest, is one call into it.
    ///
    /// Except that a component that imports WASI gets a call for each turn: the host cannot see where within a call a
    /// turn begins, and its clock has to say each turn's own time, its output to go with each turn's own actions.
    ///
    /// A replay that runs out of time, memory or bytes is repeated turn by turn on another fresh guest, so that every
    /// turn has what it had the first time.
    fn run(&mut self, turns: &[Turn]) -> Result<Vec<Vec<Action>>, GuestError> {
        let is_fresh = std::mem::take(&mut self.is_fresh);
        let mut live =
            self.live.take().ok_or_else(|| GuestError::Unavailable("this guest has failed before".to_owned()))?;
        if is_fresh && turns.len() > 1 && !self.guests.imports_wasi {
            match live.replay(&self.shared, turns) {
                Ok(answer) => {
                    self.live = Some(live);
                    return Ok(answer);
                }
                Err(Trouble::Exhausted(failure)) => {
                    tracing::debug!(
                        instance_id = %self.execution.instance_id,
                        turns = turns.len(),
                        reason = %failure.message,
                        "replaying turn by turn"
                    );
                    drop(live);
                    live = self.guests.live(&self.shared, &self.execution)?;
                }
                Err(trouble) => return Err(trouble.into()),
            }
        }
        let mut answer = Vec::with_capacity(turns.len());
        for turn in turns {
            answer.extend(live.call(&self.shared, std::slice::from_ref(turn), TURN_COPY_BYTES_MAX)?);
        }
        self.live = Some(live);
        Ok(answer)
    }

    fn memory_bytes(&self) -> usize {
        self.live.as_ref().map_or(0, |live| live.store.data().limiter.memory_bytes())
    }
}

/// A guest and its memory.
struct Live {
    store: Store<State>,
    run: wire::Run,
}

impl Live {
    /// All turns in as few calls as their size allows.
    fn replay(&mut self, shared: &Shared, mut turns: &[Turn]) -> Result<Vec<Vec<Action>>, Trouble> {
        let mut answer = Vec::with_capacity(turns.len());
        while !turns.is_empty() {
            let mut bytes = 0;
            let fitting = turns.iter().take_while(|turn| {
                bytes += convert::turn_bytes(turn);
                bytes <= CALL_INPUT_BYTES_MAX
            });
            let (now, later) = turns.split_at(fitting.count().max(1));
            answer.extend(self.call(shared, now, REPLAY_COPY_BYTES_MAX)?);
            turns = later;
        }
        Ok(answer)
    }

    /// One call across the boundary.
    fn call(&mut self, shared: &Shared, turns: &[Turn], copy_bytes_max: usize) -> Result<Vec<Vec<Action>>, Trouble> {
        let state = self.store.data_mut();
        // What was refused before, the guest has come to terms with.
        state.limiter.take_refused();
        if let (Some(wasi), [turn, ..]) = (&mut state.wasi, turns) {
            wasi.set_now_ms(turn.now.as_millis());
        }
        self.store.set_hostcall_fuel(copy_bytes_max);
        self.store.set_epoch_deadline(ticks(shared.options.turn_deadline));
        let input = turns.iter().map(convert::turn).collect();
        let (answer,) =
            self.run.call(&mut self.store, (input,)).map_err(|error| trouble(shared, &mut self.store, &error))?;
        if answer.len() != turns.len() {
            return Err(broken(format!(
                "the guest was given {} turns and answered {} of them",
                turns.len(),
                answer.len()
            )));
        }
        let mut answer = answer.into_iter().map(actions).collect::<Result<Vec<_>, _>>()?;
        if let (Some(wasi), Some(last)) = (&self.store.data().wasi, answer.last_mut()) {
            // In front, because nothing may follow the action that ends an execution.
            last.splice(
                0..0,
                wasi.take_output().into_iter().map(|Line { level, text }| Action::Log { level, message: text }),
            );
        }
        Ok(answer)
    }
}

/// The actions of one turn, checked for their size.
fn actions(actions: Vec<wire::Action>) -> Result<Vec<Action>, Trouble> {
    if actions.len() > ACTIONS_PER_TURN_MAX {
        return Err(broken(format!(
            "the guest decided {} actions in one turn, more than the {ACTIONS_PER_TURN_MAX} that are looked at",
            actions.len()
        )));
    }
    let mut bytes = 0;
    let actions = actions.into_iter().map(|action| convert::action(action, &mut bytes)).collect();
    if bytes > TURN_BYTES_MAX {
        return Err(broken(format!(
            "the texts that the guest decided in one turn have {bytes} bytes, more than the {TURN_BYTES_MAX} allowed"
        )));
    }
    Ok(actions)
}

fn broken(message: String) -> Trouble {
    Trouble::Guest(Failure::new(kind::GUEST_PROTOCOL, message))
}
