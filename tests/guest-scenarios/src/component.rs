//! Components, compiled once for all test processes.

use std::fs::{self, File};

use anyhow::{Context as _, Result};
use wasm::{Engines, Inspection, LoadedComponent, Options};

use crate::{Language, repository};

/// Loads the scenarios of a language. The first process compiles them, the others wait for it and use its code.
///
/// # Errors
/// They are not built, or cannot be deployed.
pub fn load(language: Language) -> Result<LoadedComponent> {
    with_engines(language, |engines, file| Ok(engines.load(file)?))
}

/// All there is to say about the file.
///
/// # Errors
/// It is not built.
pub fn inspect(language: Language) -> Result<Inspection> {
    with_engines(language, |engines, file| Ok(engines.inspect(file)))
}

fn with_engines<T>(language: Language, work: impl FnOnce(&Engines, &[u8]) -> Result<T>) -> Result<T> {
    let path = language.component_file();
    let file =
        fs::read(&path).with_context(|| format!("{}: build the guests first: `cargo xtask guests`", path.display()))?;
    let cache = repository().join("target/guests/compiled");
    fs::create_dir_all(&cache)?;
    let options =
        Options { cache_dir: Some(cache.clone()), orchestrators_max: 4, activities_max: 2, ..Options::default() };
    let engines = Engines::new(options)?;
    // A component of Python is compiled for a minute by all cores: not by every process at the same time.
    let lock = File::create(cache.join(format!("{language}.lock")))?;
    lock.lock()?;
    work(&engines, &file)
}
