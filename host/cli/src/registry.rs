//! Joins WebAssembly with the worker and the API: from names and digests to components that are ready to run.
//!
//! Components are loaded before they are needed: the newest of every name at start-up and at deployment, pinned ones
//! when the worker prepares an instance. Loading compiles unless the code is cached, so it happens on blocking threads,
//! once per component however many ask, and a few at a time.

mod index;
mod loads;
mod outage;
mod refresh;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use async_trait::async_trait;
use engine::{ActivityTask, Digest, Execution, Failure, Guest, GuestError, Payload, kind};
use store::{Clock, ComponentRecord, Components, StorageError};
use tokio::runtime::Handle;
use wasm::{Engines, Grants, LoadError, LoadedComponent};
use worker::Unprepared;

use self::index::{Deployed, Index};
use self::loads::Loads;
use self::outage::outlast;
use crate::limits::DEPLOYED_REFRESH_INTERVAL;
use crate::traces::Traces;

/// The failure of an activity whose component is deployed but cannot be had right now. A retry may find it.
const COMPONENT_UNAVAILABLE: &str = "component-unavailable";

/// Every deployed component, and those of them that are ready to run. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Registry(Arc<Inner>);

struct Inner {
    engines: Engines,
    components: Arc<dyn Components>,
    clock: Arc<dyn Clock>,
    index: Mutex<Index<LoadedComponent>>,
    loads: Loads,
    /// Held while storage and index may disagree on which component is the newest.
    deploying: tokio::sync::Mutex<()>,
    tokio: Handle,
    /// None: activities hand on nothing.
    traces: Option<Traces>,
}

impl Registry {
    /// Reads what is deployed. Loads nothing yet. Must be called on the runtime that will do the loading.
    ///
    /// `is_shared`: other hosts may deploy to the same hub, so that it has to be looked at again and again.
    pub(crate) async fn open(
        engines: Engines,
        components: Arc<dyn Components>,
        clock: Arc<dyn Clock>,
        is_shared: bool,
        traces: Option<Traces>,
    ) -> Result<Self, StorageError> {
        let registry = Self(Arc::new(Inner {
            engines,
            components,
            clock,
            index: Mutex::default(),
            loads: Loads::default(),
            deploying: tokio::sync::Mutex::default(),
            tokio: Handle::current(),
            traces,
        }));
        registry.refresh().await?;
        if is_shared {
            tokio::spawn(refresh::keep_up(Arc::downgrade(&registry.0), DEPLOYED_REFRESH_INTERVAL));
        }
        Ok(registry)
    }

    /// Loads the newest component of every name, one after the other. One that cannot be loaded is reported and left
    /// out: its instances are held, others run.
    pub(crate) async fn load_newest(&self) {
        let newest = self.index().newest();
        for (number, record) in newest.iter().enumerate() {
            tracing::info!(
                component = record.digest.short(),
                name = record.name,
                "loading component {} of {}",
                number + 1,
                newest.len()
            );
            if let Err(problem) = self.loaded(record.digest).await {
                tracing::error!(component = record.digest.short(), name = record.name, %problem, "component not loaded");
            }
        }
    }

    /// Reads what is deployed again: another host of the same hub may have deployed something.
    pub(crate) async fn refresh(&self) -> Result<(), StorageError> {
        let _deploying = self.0.deploying.lock().await;
        let records = self.0.components.components().await?;
        let mut index = self.index();
        // Oldest first: the newest of a name is the one that comes last.
        for record in records.into_iter().rev() {
            index.insert(deployed(record));
        }
        Ok(())
    }

    /// The component that an orchestration runs on, by its pin or else by its name.
    fn choose(&self, orchestration: &str, pin: Option<Digest>) -> Result<Digest, Unavailable> {
        let index = self.index();
        let Some(pin) = pin else {
            return index.orchestration(orchestration).ok_or_else(|| Unavailable::no_orchestration(orchestration));
        };
        match index.deployed(&pin) {
            None => Err(Unavailable::unknown(pin)),
            Some(deployed) if deployed.offers_orchestration(orchestration) => Ok(pin),
            Some(_) => Err(Unavailable::for_good(format!(
                "component {} does not offer the orchestration \"{orchestration}\"; \
                 move the instance to one that does with `rondo migrate`",
                pin.short()
            ))),
        }
    }

    /// Whether an instance without a pin could begin, as far as this host has looked.
    pub(crate) fn offers(&self, orchestration: &str) -> bool {
        self.index().orchestration(orchestration).is_some()
    }

    /// The component that an activity runs on: the pin's own one first, then the newest that has it.
    fn choose_for_activity(&self, name: &str, pin: Option<Digest>) -> Option<Digest> {
        let index = self.index();
        let own = pin.filter(|pin| index.deployed(pin).is_some_and(|deployed| deployed.offers_activity(name)));
        own.or_else(|| index.activity(name))
    }

    /// A component that is ready to run; loads it if need be.
    async fn loaded(&self, digest: Digest) -> Result<LoadedComponent, Unavailable> {
        if let Some(loaded) = self.index().loaded(&digest) {
            return Ok(loaded);
        }
        let _turn = self.0.loads.turn(digest).await;
        if let Some(loaded) = self.index().loaded(&digest) {
            return Ok(loaded);
        }
        let bytes = self.0.components.component_bytes(&digest).await.map_err(|error| Unavailable::storage(&error))?;
        let bytes = bytes.ok_or_else(|| Unavailable::unknown(digest))?;
        if Digest::of(&bytes) != digest {
            return Err(Unavailable::for_good(format!(
                "the stored bytes of component {} are damaged; deploy the same file again",
                digest.short()
            )));
        }
        let loaded = self.load(bytes).await.map_err(|error| {
            Unavailable::for_good(format!("component {} cannot be loaded any more: {error}", digest.short()))
        })?;
        self.index().set_loaded(digest, loaded.clone());
        Ok(loaded)
    }

    /// The same, however long storage is away.
    async fn loaded_in_time(&self, digest: Digest) -> Result<LoadedComponent, Unavailable> {
        outlast(|| self.loaded(digest), |unavailable| unavailable.passes).await
    }

    /// [`refresh`](Self::refresh), however long storage is away.
    async fn refreshed(&self) -> Result<(), StorageError> {
        outlast(|| self.refresh(), StorageError::is_transient).await
    }

    /// Compiles on a blocking thread.
    async fn load(&self, bytes: Vec<u8>) -> Result<LoadedComponent, LoadProblem> {
        let engines = self.0.engines.clone();
        match tokio::task::spawn_blocking(move || engines.load(&bytes)).await {
            Ok(loaded) => loaded.map_err(LoadProblem::Refused),
            Err(error) => Err(LoadProblem::Panicked(error.to_string())),
        }
    }

    /// Looks at folders, so it happens on a blocking thread.
    async fn check_grants(&self, grants: Grants) -> Result<Grants, api::DeployError> {
        let engines = self.0.engines.clone();
        let checked = tokio::task::spawn_blocking(move || engines.check_grants(&grants).map(|()| grants)).await;
        match checked {
            Ok(checked) => checked.map_err(|error| api::DeployError::Grants(error.to_string())),
            Err(error) => Err(api::DeployError::Grants(format!("the grants could not be checked: {error}"))),
        }
    }

    fn index(&self) -> MutexGuard<'_, Index<LoadedComponent>> {
        self.0.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a component cannot be had, and what to do, for the one who looks at a held instance.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
struct Unavailable {
    problem: String,
    /// Storage did not answer, and will.
    passes: bool,
}

impl Unavailable {
    /// Until somebody does something.
    fn for_good(problem: String) -> Self {
        Self { problem, passes: false }
    }

    fn no_orchestration(name: &str) -> Self {
        Self::for_good(format!("no deployed component offers the orchestration \"{name}\""))
    }

    fn unknown(digest: Digest) -> Self {
        Self::for_good(format!(
            "component {} is not deployed; deploy the same file again, or move the instance with `rondo migrate`",
            digest.short()
        ))
    }

    fn storage(error: &StorageError) -> Self {
        Self { problem: format!("{error}: {}", error.source), passes: error.is_transient() }
    }
}

/// Why a file was not loaded.
#[derive(Debug, thiserror::Error)]
enum LoadProblem {
    #[error(transparent)]
    Refused(LoadError),
    #[error("the compiler failed: {0}")]
    Panicked(String),
}

#[async_trait]
impl worker::Runtime for Registry {
    async fn prepare(&self, orchestration: &str, component: Option<Digest>) -> Result<(), Unprepared> {
        let unavailable = |unavailable: Unavailable| Unprepared::Unavailable(unavailable.problem);
        let mut chosen = self.choose(orchestration, component);
        if chosen.is_err() {
            // Another host may have deployed it a moment ago.
            self.refreshed().await.map_err(|error| unavailable(Unavailable::storage(&error)))?;
            chosen = self.choose(orchestration, component);
        }
        let digest = match chosen {
            Err(missing) if component.is_none() => {
                let why = format!("{}; {}", missing.problem, self.index().offered());
                return Err(Unprepared::NotOffered { orchestration: orchestration.to_owned(), why });
            }
            chosen => chosen.map_err(unavailable)?,
        };
        self.loaded_in_time(digest).await.map_err(unavailable)?;
        Ok(())
    }

    fn start(&self, execution: &Execution, component: Option<Digest>) -> Result<(Box<dyn Guest>, Digest), GuestError> {
        let unavailable = |unavailable: Unavailable| GuestError::Unavailable(unavailable.problem);
        let digest = self.choose(&execution.name, component).map_err(unavailable)?;
        let found = self.index().loaded(&digest);
        let loaded = match found {
            Some(loaded) => loaded,
            None => self.load_for_shard(digest).map_err(unavailable)?,
        };
        Ok((loaded.start(execution)?, digest))
    }

    async fn run_activity(&self, task: &ActivityTask, component: Option<Digest>) -> Result<Option<Payload>, Failure> {
        let mut chosen = self.choose_for_activity(&task.name, component);
        // The instance may run on another host, on a component that was deployed there a moment ago.
        let is_pin_known = component.is_none_or(|pin| self.index().deployed(&pin).is_some());
        if (chosen.is_none() || !is_pin_known) && self.refreshed().await.is_ok() {
            chosen = self.choose_for_activity(&task.name, component);
        }
        let digest = chosen.ok_or_else(|| activity_not_found(&task.name))?;
        let loaded = self.loaded_in_time(digest).await;
        let loaded = loaded.map_err(|unavailable| Failure::new(COMPONENT_UNAVAILABLE, unavailable.problem))?;
        let grants = self.index().deployed(&digest).map(|deployed| deployed.grants.clone());
        let grants = grants.unwrap_or_else(|| Ok(Arc::default()));
        let grants = grants.map_err(|problem| Failure::new(kind::GRANT_UNAVAILABLE, problem))?;
        match self.0.traces.as_ref().map(|traces| traces.outgoing(task)) {
            Some(span) => loaded.run_activity_within(task, &grants, span).await,
            None => loaded.run_activity(task, &grants).await,
        }
    }
}

impl Registry {
    /// A component that was prepared, but has been unloaded since because many others were prepared meanwhile. The
    /// shard's thread waits, as nothing else can; loading happens on the host's runtime.
    fn load_for_shard(&self, digest: Digest) -> Result<LoadedComponent, Unavailable> {
        let (answer, answered) = mpsc::channel();
        let registry = self.clone();
        self.0.tokio.spawn(async move { answer.send(registry.loaded(digest).await) });
        answered.recv().unwrap_or_else(|_| Err(Unavailable::for_good("the host is shutting down".to_owned())))
    }
}

#[async_trait]
impl api::Deployer for Registry {
    async fn deploy(&self, upload: api::Upload) -> Result<ComponentRecord, api::DeployError> {
        let api::Upload { name, bytes, grants } = upload;
        let grants = self.check_grants(read_grants(grants.as_deref())?).await?;
        let digest = Digest::of(&bytes);
        let loaded = {
            let _turn = self.0.loads.turn(digest).await;
            let known = self.index().loaded(&digest);
            match known {
                Some(loaded) => loaded,
                None => self.load(bytes.clone()).await.map_err(not_deployable)?,
            }
        };
        let names = |definitions: &[wasm::Definition]| definitions.iter().map(|one| one.name.clone()).collect();
        let _deploying = self.0.deploying.lock().await;
        let record = ComponentRecord {
            digest,
            name,
            bytes: bytes.len() as u64,
            deployed_at: self.0.clock.now(),
            orchestrations: names(loaded.orchestrations()),
            activities: names(loaded.activities()),
            grants: serde_json::to_string(&grants).expect("grants are always JSON"),
        };
        self.0.components.deploy(record.clone(), bytes).await?;
        let mut index = self.index();
        index.insert(deployed(record.clone()));
        index.set_loaded(digest, loaded);
        Ok(record)
    }
}

fn deployed(record: ComponentRecord) -> Deployed {
    let grants = serde_json::from_str(&record.grants).map(Arc::new).map_err(|error| {
        let digest = record.digest.short();
        format!("the grants stored with component {digest} cannot be read ({error}); deploy the same file again")
    });
    Deployed { record, grants }
}

fn read_grants(text: Option<&str>) -> Result<Grants, api::DeployError> {
    let Some(text) = text else { return Ok(Grants::default()) };
    serde_json::from_str(text).map_err(|error| {
        api::DeployError::Grants(format!(
            "the grants cannot be read ({error}); they are an object of http (hosts), env (names and values) and dirs \
             (host, guest, writable)"
        ))
    })
}

fn not_deployable(problem: LoadProblem) -> api::DeployError {
    let (problem, remedy) = match problem {
        LoadProblem::Refused(LoadError(inspection)) => {
            let join = |texts: Vec<&str>| texts.join("; ");
            (
                join(inspection.reasons.iter().map(|reason| reason.problem.as_str()).collect()),
                join(inspection.reasons.iter().map(|reason| reason.remedy.as_str()).collect()),
            )
        }
        LoadProblem::Panicked(problem) => (problem, "Check the file with `rondo inspect` and report this.".to_owned()),
    };
    api::DeployError::NotDeployable { problem, remedy }
}

fn activity_not_found(name: &str) -> Failure {
    Failure::new(
        kind::ACTIVITY_NOT_FOUND,
        format!(
            "no deployed component has the activity \"{name}\"; check the name (case matters) with `rondo components`, \
             deploy a component that has it, then `rondo rewind` the instance"
        ),
    )
}
