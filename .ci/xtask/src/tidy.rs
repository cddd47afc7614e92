//! `cargo xtask tidy`: properties of the tree that no compiler checks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::process::{cargo, output};

/// What the top level may hold.
const TOP_LEVEL: &[&str] =
    &["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "examples", "guest-sdk", "host", "tests", "wit"];

/// Which crates of the host may use which; see host/ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("azure", &["measure"]),
    ("engine", &[]),
    ("files", &[]),
    ("measure", &[]),
    ("store", &["engine"]),
    ("store-azure", &["azure", "engine", "store"]),
    ("store-sqlite", &["engine", "files", "measure", "store"]),
    ("wasm", &["engine", "files"]),
    ("worker", &["engine", "measure", "store"]),
    ("api", &["engine", "store"]),
    ("cli", &["api", "azure", "engine", "files", "measure", "store", "store-azure", "store-sqlite", "wasm", "worker"]),
];

/// A source file longer than this holds a second noun.
const SOURCE_LINES_MAX: usize = 600;

/// Checks everything and reports all offenders at once.
pub(crate) fn check(root: &Path) -> Result<()> {
    let files = tracked_files(root)?;
    let mut offences = top_level(&files);
    offences.extend(long_files(root, &files)?);
    offences.extend(arrows(root)?);
    if offences.is_empty() {
        return Ok(());
    }
    bail!("the tree is not tidy:\n  {}", offences.join("\n  "))
}

fn tracked_files(root: &Path) -> Result<Vec<String>> {
    let listing =
        output(Command::new("git").current_dir(root).args(["ls-files", "--cached", "--others", "--exclude-standard"]))?;
    Ok(listing.lines().filter(|file| root.join(file).is_file()).map(str::to_owned).collect())
}

fn top_level(files: &[String]) -> Vec<String> {
    let mut found: Vec<&str> = files.iter().filter_map(|file| file.split('/').next()).collect();
    found.dedup();
    found
        .into_iter()
        .filter(|name| !name.starts_with('.') && !TOP_LEVEL.contains(name))
        .map(|name| format!("{name}: nothing else belongs at the top level"))
        .collect()
}

fn long_files(root: &Path, files: &[String]) -> Result<Vec<String>> {
    let mut offences = Vec::new();
    for file in files.iter().filter(|file| Path::new(file).extension().is_some_and(|extension| extension == "rs")) {
        let lines = fs::read_to_string(root.join(file)).with_context(|| format!("reading {file}"))?.lines().count();
        if lines > SOURCE_LINES_MAX {
            offences.push(format!("{file}: {lines} lines; split it by its nouns (limit {SOURCE_LINES_MAX})"));
        }
    }
    Ok(offences)
}

/// Reads the dependency arrows of the host crates from `cargo metadata`, tests excepted.
fn arrows(root: &Path) -> Result<Vec<String>> {
    let metadata = output(cargo(root).args(["metadata", "--no-deps", "--format-version=1"]))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).context("reading cargo metadata")?;
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    let mut offences = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        if !Path::new(manifest).starts_with(root.join("host")) {
            continue;
        }
        let name = package["name"].as_str().unwrap_or_default();
        let Some(targets) = allowed.get(name) else {
            offences.push(format!("host/{name}: say in tidy.rs and ARCHITECTURE.md what it may depend on"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let target = dependency["name"].as_str().unwrap_or_default();
            let is_ours = dependency["path"].is_string();
            let is_dev = dependency["kind"] == "dev";
            if is_ours && !is_dev && !targets.contains(&target) {
                offences.push(format!("host/{name} depends on {target}, which the architecture does not allow"));
            }
        }
    }
    Ok(offences)
}
