//! Rust: cargo, for a target without any system interface.
//!
//! An orchestrator that compiles for it cannot reach a clock or a socket. Its standard library comes from rustup, or,
//! where rustup has none to offer, is built once from the sources that Debian ships beside its own compiler.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::Built;
use super::project::Project;
use super::tools::Tools;
use crate::exit::{Exit, Failure};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

pub(super) fn build(project: &Project, profile: &str) -> Result<Built> {
    let mut cargo = cargo(&mut Tools::of(&project.folder))?;
    cargo
        .args(["build", "--profile", profile, "--target", TARGET, "--message-format=json-render-diagnostics"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped());
    let mut child = cargo.spawn().context("starting cargo")?;
    let manifest = project.folder.join("Cargo.toml");
    let mut built = None;
    // Cargo tells of its progress on standard error by itself.
    for line in BufReader::new(child.stdout.take().context("reading from cargo")?).lines() {
        let line = line.context("reading from cargo")?;
        built = Message::parse(&line).and_then(|message| message.component(&manifest)).or(built);
    }
    let status = child.wait().context("waiting for cargo")?;
    if !status.success() {
        return Err(Failure::new(Exit::Failed, format!("cargo ended with {status}")).into());
    }
    built.ok_or_else(|| {
        Failure::new(Exit::Failed, "cargo built no component: the package is not a `cdylib`")
            .remedy("write to Cargo.toml:\n    [lib]\n    crate-type = [\"cdylib\", \"rlib\"]")
            .into()
    })
}

/// A line of what cargo says for programs, as far as we look at it.
#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    manifest_path: PathBuf,
    target: Target,
    filenames: Vec<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

impl Message {
    /// None for lines of other kinds.
    fn parse(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// The module that it tells of, if it is of this package.
    fn component(self, manifest: &Path) -> Option<Built> {
        let is_ours = self.manifest_path.canonicalize().is_ok_and(|path| path == manifest);
        let is_module = self.reason == "compiler-artifact" && self.target.kind.iter().any(|kind| kind == "cdylib");
        let file = self.filenames.into_iter().find(|file| file.extension().is_some_and(|end| end == "wasm"))?;
        (is_ours && is_module).then_some(Built { file, name: self.target.name })
    }
}

/// A cargo that can compile for the target.
fn cargo(tools: &mut Tools) -> Result<Command> {
    let cargo = tools.need(&["cargo"], "cargo: install Rust with rustup");
    tools.complete()?;
    if has_target(tools) {
        return tools.command(&cargo);
    }
    if debian_is_complete(tools) {
        return debian(tools);
    }
    tools.lack(&format!(
        "Rust's standard library for {TARGET}: `rustup target add {TARGET}`, or on Debian \
         `apt-get install --no-install-recommends {}`",
        DEBIAN_PACKAGES.join(" ")
    ));
    tools.complete()?;
    tools.command(&cargo)
}

fn has_target(tools: &Tools) -> bool {
    let folder = tools
        .find(&["rustc"])
        .and_then(|rustc| tools.output(&rustc, &["--print", "target-libdir", "--target", TARGET]))
        .and_then(|folder| std::fs::read_dir(folder).ok());
    let is_std = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("libstd-");
    folder.is_some_and(|entries| entries.flatten().any(|entry| is_std(&entry.file_name())))
}

fn debian_is_complete(tools: &Tools) -> bool {
    let Some(query) = tools.find(&["dpkg-query"]) else { return false };
    let is_installed = |package: &&str| {
        let status = tools.output(&query, &["--show", "--showformat=${db:Status-Status}", package]);
        status.as_deref() == Some("installed")
    };
    DEBIAN_PACKAGES.iter().all(is_installed)
}

/// Debian's compiler, which builds the standard library first.
fn debian(tools: &Tools) -> Result<Command> {
    let mut folders: Vec<PathBuf> = linker_folder(tools).into_iter().chain(["/usr/bin".into()]).collect();
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let mut cargo = tools.command(Path::new("/usr/bin/cargo"))?;
    cargo
        .env("PATH", std::env::join_paths(folders).context("PATH cannot be extended")?)
        .env("RUSTC", "/usr/bin/rustc")
        // Building std is not stable; this compiler is only ever used for guests.
        .env("RUSTC_BOOTSTRAP", "1")
        // What the proxy of a running cargo left behind must not reach the other toolchain.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .arg("-Zbuild-std=std,panic_abort");
    Ok(cargo)
}

/// Debian's compiler needs a linker for WebAssembly; rustup's toolchain carries one.
fn linker_folder(tools: &Tools) -> Option<PathBuf> {
    let rustc = tools.find(&["rustc"])?;
    let sysroot = tools.output(&rustc, &["--print", "sysroot"])?;
    let version = tools.output(&rustc, &["-vV"])?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "))?;
    let folder = Path::new(&sysroot).join("lib/rustlib").join(host).join("bin");
    folder.join("rust-lld").exists().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(reason: &str, kind: &str, manifest: &Path) -> Option<String> {
        let line = format!(
            r#"{{"reason":"{reason}","package_id":"p","manifest_path":{manifest:?},
            "target":{{"kind":["{kind}"],"name":"desk"}},"filenames":["/t/libdesk.rlib","/t/desk.wasm"]}}"#
        );
        let built = Message::parse(&line).unwrap().component(&Path::new("/").canonicalize().unwrap().join("dev/null"));
        built.map(|built| format!("{} {}", built.name, built.file.display()))
    }

    #[test]
    fn the_module_of_the_package_is_found_among_what_cargo_built() {
        let ours = Path::new("/dev/null");
        assert_eq!(component("compiler-artifact", "cdylib", ours).as_deref(), Some("desk /t/desk.wasm"));
        assert_eq!(component("compiler-artifact", "rlib", ours), None);
        assert_eq!(component("compiler-artifact", "cdylib", Path::new("/")), None);
        assert!(Message::parse(r#"{"reason":"build-finished","success":true}"#).is_none());
    }
}
