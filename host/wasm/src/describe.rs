//! Asks a component what it offers.

use std::sync::Arc;

use engine::{ExecutionId, Failure};
use wasmtime::Store;
use wasmtime::component::{Component, Instance, InstancePre};

use crate::bindings::activities::ActivitiesIndices;
use crate::bindings::orchestrations::OrchestrationsIndices;
use crate::engines::Shared;
use crate::orchestrator::{self, OrchestratorGuests, State};
use crate::wasi::{self, Virtual};
use crate::{Definition, Reason, convert, reasons};

/// Instantiates a component to call `describe`, as if it were an orchestrator: without anything to depend on.
pub(crate) struct Describer {
    shared: Arc<Shared>,
    pre: InstancePre<State>,
    imports_wasi: bool,
}

/// Why there is no description.
pub(crate) enum DescribeError {
    /// The exports have other types than the contract.
    WrongTypes(wasmtime::Error),
    /// The guest failed.
    Failed(Failure),
}

impl DescribeError {
    pub(crate) fn reason(&self, interface: &str) -> Reason {
        match self {
            Self::WrongTypes(error) => reasons::wrong_types(&format!("{error:#}")),
            Self::Failed(failure) => reasons::describe_failed(interface, failure),
        }
    }
}

impl Describer {
    /// # Errors
    /// An import has other types than what is offered under its name.
    pub(crate) fn new(shared: &Arc<Shared>, component: &Component, imports_wasi: bool) -> wasmtime::Result<Self> {
        let mut linker = shared.orchestrator_linker.clone();
        wasi::trap_activity_only(&mut linker, component)?;
        let pre = linker.instantiate_pre(component)?;
        Ok(Self { shared: Arc::clone(shared), pre, imports_wasi })
    }

    /// The component, linked for orchestrators.
    pub(crate) fn pre(&self) -> &InstancePre<State> {
        &self.pre
    }

    /// The orchestrations it offers; checks the types of all functions on the way.
    pub(crate) fn orchestrations(&self) -> Result<Vec<Definition>, DescribeError> {
        let guests = OrchestratorGuests::new(&self.pre, self.imports_wasi).map_err(DescribeError::WrongTypes)?;
        let indices = OrchestrationsIndices::new(&self.pre).map_err(DescribeError::WrongTypes)?;
        let (mut store, instance) = self.instantiate()?;
        let exports = indices.load(&mut store, &instance).map_err(DescribeError::WrongTypes)?;
        guests.check_types(&mut store, &instance).map_err(DescribeError::WrongTypes)?;
        match exports.rondo_orchestration_orchestrator().call_describe(&mut store) {
            Ok(definitions) => Ok(definitions.into_iter().map(convert::definition).collect()),
            Err(error) => Err(self.failed(&mut store, &error)),
        }
    }

    /// The activities it offers; checks the types of all functions on the way.
    pub(crate) fn activities(&self) -> Result<Vec<Definition>, DescribeError> {
        let indices = ActivitiesIndices::new(&self.pre).map_err(DescribeError::WrongTypes)?;
        let (mut store, instance) = self.instantiate()?;
        let exports = indices.load(&mut store, &instance).map_err(DescribeError::WrongTypes)?;
        match exports.rondo_orchestration_activity().call_describe(&mut store) {
            Ok(definitions) => Ok(definitions.into_iter().map(convert::definition).collect()),
            Err(error) => Err(self.failed(&mut store, &error)),
        }
    }

    fn instantiate(&self) -> Result<(Store<State>, Instance), DescribeError> {
        let wasi = self.imports_wasi.then(|| Virtual::new("", ExecutionId::from_bytes([0; 16])));
        let mut store = orchestrator::store(&self.shared, wasi);
        match self.pre.instantiate(&mut store) {
            Ok(instance) => Ok((store, instance)),
            Err(error) => Err(self.failed(&mut store, &error)),
        }
    }

    fn failed(&self, store: &mut Store<State>, error: &wasmtime::Error) -> DescribeError {
        DescribeError::Failed(orchestrator::trouble(&self.shared, store, error).into_failure())
    }
}
