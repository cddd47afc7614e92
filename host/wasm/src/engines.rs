//! The engines, and how a file becomes something that runs.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::component::Linker;

use crate::cache::{Cache, Unusable};
use crate::ticker::Ticker;
use crate::{Grants, GrantsError, Inspection, LoadError, LoadedComponent, Options, SetupError};
use crate::{activity, config, load, orchestrator};

/// Loads components and keeps the deadlines of their guests. One per process; cheap to clone.
#[derive(Clone)]
pub struct Engines(pub(crate) Arc<Shared>);

/// What all components and guests share.
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) orchestrators: wasmtime::Engine,
    pub(crate) activities: wasmtime::Engine,
    /// Virtual WASI.
    pub(crate) orchestrator_linker: Linker<orchestrator::State>,
    /// WASI and outbound HTTP, as far as granted.
    pub(crate) activity_linker: Linker<activity::State>,
    /// As many as there is room for activities.
    pub(crate) activity_permits: Semaphore,
    pub(crate) cache: Option<Cache>,
    /// Lives as long as any guest may run.
    _ticker: Ticker,
}

impl Engines {
    /// Reserves what guests need.
    pub fn new(options: Options) -> Result<Self, SetupError> {
        let refused = |source| SetupError::Engine {
            orchestrators_max: options.orchestrators_max,
            activities_max: options.activities_max,
            source,
        };
        let orchestrators = wasmtime::Engine::new(&config::orchestrators(&options)).map_err(refused)?;
        let activities = wasmtime::Engine::new(&config::activities(&options)).map_err(refused)?;
        let orchestrator_linker = orchestrator::linker(&orchestrators).map_err(refused)?;
        let activity_linker = activity::linker(&activities).map_err(refused)?;
        let cache = match &options.cache_dir {
            Some(folder) => open_cache(folder, options.cache_bytes_max, fingerprint(&orchestrators))?,
            None => None,
        };
        let permits = usize::try_from(options.activities_max).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        // Every engine: one that is forgotten here has no deadlines.
        let ticker = Ticker::start(vec![orchestrators.clone(), activities.clone()]).map_err(SetupError::Ticker)?;
        Ok(Self(Arc::new(Shared {
            options,
            orchestrators,
            activities,
            orchestrator_linker,
            activity_linker,
            activity_permits: Semaphore::new(permits),
            cache,
            _ticker: ticker,
        })))
    }

    /// Checks what a deployment grants against what can be meant and what the operator allows. Looks at folders, so call
    /// it off the async threads.
    ///
    /// # Errors
    /// The first grant that no attempt would get, and what to do.
    pub fn check_grants(&self, grants: &Grants) -> Result<(), GrantsError> {
        self.0.options.ceiling.check(grants)
    }

    /// Says everything about a file, without keeping anything of it but its compiled code.
    ///
    /// Compiles and describes a component that looks deployable, so it can take seconds: call it off the async threads.
    pub fn inspect(&self, bytes: &[u8]) -> Inspection {
        load::examine(&self.0, bytes).0
    }

    /// Makes a file ready to run. Compiles it unless its code is cached, so it can take seconds: call it off the
    /// async threads.
    pub fn load(&self, bytes: &[u8]) -> Result<LoadedComponent, LoadError> {
        let (inspection, component) = load::examine(&self.0, bytes);
        component.ok_or_else(|| LoadError(Box::new(inspection)))
    }
}

/// A folder that others may have a hand in is not used; then every process compiles for itself.
fn open_cache(folder: &Path, bytes_max: u64, fingerprint: u64) -> Result<Option<Cache>, SetupError> {
    match Cache::open(folder, bytes_max, fingerprint) {
        Ok(cache) => Ok(Some(cache)),
        Err(Unusable::Folder(problem)) => {
            tracing::warn!(%problem, "compiled code is not kept: the folder for it must be this user's alone; remove it, and a new one is made");
            Ok(None)
        }
        Err(Unusable::Io(source)) => Err(SetupError::Cache { path: folder.to_owned(), source }),
    }
}

/// Of everything that decides over machine code. The runtime checks that again when it loads some.
fn fingerprint(engine: &wasmtime::Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_engines_run_the_same_code() {
        let engines = Engines::new(Options { orchestrators_max: 1, activities_max: 1, ..Options::default() }).unwrap();
        let compiler = wasmtime::Engine::new(&config::compiler()).unwrap();
        assert_eq!(fingerprint(&engines.0.orchestrators), fingerprint(&engines.0.activities));
        assert_eq!(fingerprint(&engines.0.orchestrators), fingerprint(&compiler));
    }
}
