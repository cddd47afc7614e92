//! `cargo xtask guests`: builds every guest to a core module that the host deploys as it is.
//!
//! Guests are built for `wasm32-unknown-unknown`, a target without any system interface: an orchestrator that compiles
//! cannot reach a clock or a socket. Its standard library comes from rustup, or, where rustup has none to offer, is
//! built once from the sources that Debian ships beside its own compiler for that purpose.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{note, output, run};

const TARGET: &str = "wasm32-unknown-unknown";
const DEBIAN_PACKAGES: [&str; 3] = ["rustc-web", "cargo-web", "rust-web-src"];

/// Builds all guests of the repository at `root` into `target/guests/wasm32-unknown-unknown/guest/*.wasm`.
///
/// # Errors
/// No toolchain for the target can be had (the message says how to get one), or a guest does not compile.
pub(crate) fn build(root: &Path) -> Result<()> {
    let toolchain = Toolchain::find()?;
    note(toolchain.describe());
    // One at a time, as users build theirs: together, all would get the features that any of them asks for.
    for guest in guests(root)? {
        let mut cargo = toolchain.cargo()?;
        cargo.current_dir(root).args(["build", "--profile", "guest", "--target", TARGET, "--package", &guest]);
        cargo.arg("--target-dir").arg(root.join("target/guests"));
        if std::env::var_os("CI").is_some_and(|value| value == "true") {
            cargo.arg("--locked");
        }
        run(&mut cargo).with_context(|| format!("building the guest {guest}"))?;
    }
    Ok(())
}

/// The package names of all guests: every crate in `examples/`, and `tests/guests` with what is in it.
fn guests(root: &Path) -> Result<Vec<String>> {
    let mut folders = crates_in(&root.join("examples"))?;
    let tests = root.join("tests/guests");
    if tests.join("Cargo.toml").exists() {
        folders.push(tests.clone());
    }
    if tests.exists() {
        folders.extend(crates_in(&tests)?);
    }
    folders.sort();
    folders.iter().map(|folder| package_name(folder)).collect()
}

fn crates_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut crates = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.join("Cargo.toml").exists() {
            crates.push(path);
        }
    }
    Ok(crates)
}

/// Folder name equals package name, by convention of this repository; `tests/guests` is no exception.
fn package_name(folder: &Path) -> Result<String> {
    let name = folder.file_name().and_then(|name| name.to_str()).context("a guest's folder name is not UTF-8")?;
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml"))?;
    ensure!(
        manifest.lines().any(|line| line.trim() == format!("name = \"{name}\"")),
        "the package in {} should be called {name}",
        folder.display()
    );
    Ok(name.to_owned())
}

/// Something that can compile for the target.
enum Toolchain {
    /// The one that runs this program; rustup has the target's standard library.
    Rustup,
    /// Debian's compiler, and the standard library from source.
    Debian {
        /// Folder of `rust-lld`, when the rustup toolchain has one.
        linker: Option<PathBuf>,
    },
}

impl Toolchain {
    fn find() -> Result<Self> {
        if rustup_has_target() {
            return Ok(Self::Rustup);
        }
        if !debian_is_complete() {
            note(&format!("Adding the target {TARGET} with rustup."));
            if succeeds(Command::new("rustup").args(["target", "add", TARGET])) && rustup_has_target() {
                return Ok(Self::Rustup);
            }
        }
        if debian_is_complete() || install_debian()? {
            return Ok(Self::Debian { linker: rust_lld() });
        }
        bail!(
            "no Rust toolchain for {TARGET}: run `rustup target add {TARGET}`, or on Debian \
             `apt-get install --no-install-recommends {}`",
            DEBIAN_PACKAGES.join(" ")
        )
    }

    fn describe(&self) -> &'static str {
        match self {
            Self::Rustup => "Building the guests with rustup's toolchain.",
            Self::Debian { .. } => "Building the guests with Debian's toolchain; their standard library too, once.",
        }
    }

    fn cargo(&self) -> Result<Command> {
        match self {
            Self::Rustup => Ok(Command::new("cargo")),
            Self::Debian { linker } => {
                let mut path = OsString::new();
                if let Some(folder) = linker {
                    path.push(folder);
                    path.push(":");
                }
                path.push("/usr/bin:");
                path.push(std::env::var_os("PATH").context("PATH is not set")?);
                let mut cargo = Command::new("/usr/bin/cargo");
                cargo
                    .env("PATH", path)
                    .env("RUSTC", "/usr/bin/rustc")
                    // Building std is not stable; this compiler is only ever used for guests.
                    .env("RUSTC_BOOTSTRAP", "1")
                    // What the rustup proxy of the running cargo left behind must not reach the other toolchain.
                    .env_remove("RUSTUP_TOOLCHAIN")
                    .env_remove("CARGO")
                    .arg("-Zbuild-std=std,panic_abort");
                Ok(cargo)
            }
        }
    }
}

fn rustup_has_target() -> bool {
    let Ok(folder) = output(Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET])) else {
        return false;
    };
    std::fs::read_dir(folder.trim()).is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with("libstd-")))
    })
}

fn debian_is_complete() -> bool {
    let installed = |package: &str| {
        output(Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]))
            .is_ok_and(|status| status == "installed")
    };
    DEBIAN_PACKAGES.iter().all(|package| installed(package))
}

/// Installs Debian's packages where this is a Debian and we are root; false where it is not.
fn install_debian() -> Result<bool> {
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !root || !Path::new("/etc/debian_version").exists() {
        return Ok(false);
    }
    note(&format!("Installing {}.", DEBIAN_PACKAGES.join(", ")));
    run(Command::new("apt-get").args(["update", "--quiet"]))?;
    let mut install = Command::new("apt-get");
    install.env("DEBIAN_FRONTEND", "noninteractive").args(["install", "--yes", "--no-install-recommends"]);
    run(install.args(DEBIAN_PACKAGES))?;
    Ok(true)
}

/// Debian's compiler needs a linker for WebAssembly; rustup's toolchain carries one.
fn rust_lld() -> Option<PathBuf> {
    let sysroot = PathBuf::from(output(Command::new("rustc").args(["--print", "sysroot"])).ok()?.trim());
    let host = output(Command::new("rustc").arg("-vV")).ok()?;
    let host = host.lines().find_map(|line| line.strip_prefix("host: "))?;
    let folder = sysroot.join("lib/rustlib").join(host).join("bin");
    folder.join("rust-lld").exists().then_some(folder)
}

fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(crates: &[(&str, &str)]) -> Result<Result<Vec<String>>> {
        let root = tempfile::tempdir()?;
        for (folder, name) in crates {
            let folder = root.path().join(folder);
            std::fs::create_dir_all(&folder)?;
            std::fs::write(folder.join("Cargo.toml"), format!("[package]\nname = \"{name}\"\n"))?;
        }
        std::fs::create_dir_all(root.path().join("examples/no-crate"))?;
        Ok(guests(root.path()))
    }

    #[test]
    fn guests_are_the_crates_in_examples_and_in_test_guests() -> Result<()> {
        let guests =
            tree(&[("examples/b", "b"), ("examples/a", "a"), ("tests/guests", "guests"), ("tests/guests/c", "c")])?;
        assert_eq!(guests?, ["a", "b", "guests", "c"]);
        Ok(())
    }

    #[test]
    fn a_guest_that_is_not_called_like_its_folder_is_refused() -> Result<()> {
        let error = tree(&[("examples/a", "z")])?.map_or_else(|error| error.to_string(), |guests| guests.join(" "));
        assert!(error.ends_with("examples/a should be called a"), "{error}");
        Ok(())
    }
}
