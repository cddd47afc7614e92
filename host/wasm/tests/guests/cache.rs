//! Compiled code on disk, from the outside.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use wasm::{Engines, Options, SetupError};

use crate::support::*;

fn engines_with(folder: &Path) -> Engines {
    Engines::new(Options { cache_dir: Some(folder.to_owned()), ..options() }).unwrap()
}

/// Whether loading these bytes compiles anything. The only witness is the log.
fn compiles(engines: &Engines, bytes: &[u8]) -> bool {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || writer.clone()).finish();
    let component = tracing::subscriber::with_default(subscriber, || engines.load(bytes).unwrap());
    run_once(&mut *component.start(&execution("chain", None)).unwrap()).unwrap();
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap().contains("component compiled")
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn only_entry(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let entries: Vec<_> = files.filter(|path| path.file_name().is_some_and(|name| name != "key")).collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries[0].clone()
}

#[test]
fn a_component_is_compiled_once() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = guest_file("guests");
    assert!(compiles(&engines_with(folder.path()), &bytes));
    assert!(!compiles(&engines_with(folder.path()), &bytes));
}

#[test]
fn a_damaged_entry_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let (engines, bytes) = (engines_with(folder.path()), guest_file("guests"));
    engines.load(&bytes).unwrap();
    let entry = only_entry(folder.path());
    let mut code = fs::read(&entry).unwrap();
    let middle = code.len() / 2;
    code[middle] ^= 0xff;
    fs::write(&entry, code).unwrap();
    assert!(compiles(&engines, &bytes));
    assert!(!compiles(&engines, &bytes), "and kept again");
}

#[test]
fn an_entry_of_an_earlier_layout_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let (engines, bytes) = (engines_with(folder.path()), guest_file("guests"));
    engines.load(&bytes).unwrap();
    let entry = only_entry(folder.path());
    // Its checksum is right, which anybody can see to.
    let code = wasmtime::Engine::default().precompile_component(&wrapped(&bytes)).unwrap();
    let mut file = b"rondoAC1".to_vec();
    file.extend(engine::Digest::of(&code).as_bytes());
    file.extend(code);
    fs::write(&entry, file).unwrap();
    assert!(compiles(&engines, &bytes));
    assert!(!compiles(&engines, &bytes), "and kept again");
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let options = Options { cache_dir: Some(file.path().join("cache")), ..options() };
    let error = Engines::new(options).map(drop).unwrap_err();
    assert!(matches!(error, SetupError::Cache { ref path, .. } if path.starts_with(file.path())), "{error}");
}
