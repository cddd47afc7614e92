//! The clients of Durable Functions, as its users install them, with programs that drive a server through them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::files::repository;
use crate::python::{Environment, lock, run, tools};

/// A client, and how it reaches its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Client {
    /// Which package.
    pub package: Package,
    /// By addresses that the host has given it, each with its key.
    pub by_webhooks: bool,
}

/// A package of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Package {
    /// `durable-functions` 3 of npm.
    JavaScript3,
    /// `durable-functions` 2 of npm.
    JavaScript2,
    /// `azure-functions-durable` of PyPI.
    Python,
}

impl Client {
    /// Every client in every mode that it has.
    pub const ALL: [Self; 5] = [
        Self { package: Package::JavaScript3, by_webhooks: true },
        Self { package: Package::JavaScript3, by_webhooks: false },
        Self { package: Package::JavaScript2, by_webhooks: true },
        Self { package: Package::JavaScript2, by_webhooks: false },
        // It has no other.
        Self { package: Package::Python, by_webhooks: false },
    ];

    /// The program that drives a server through it, still without the server's address and key.
    ///
    /// # Errors
    /// The client cannot be installed; the message says why.
    pub fn program(self) -> Result<Command> {
        let name = match self.package {
            Package::JavaScript3 => "durable-functions",
            Package::JavaScript2 => "durable-functions-2",
            Package::Python => {
                let mut command = Command::new(environment()?.install()?.join("python"));
                command.arg(sources().join("python/check.py"));
                return Ok(command);
            }
        };
        let mut command = Command::new("node");
        // Beside its packages.
        command.current_dir(install_javascript()?).arg(sources().join("javascript/check.js"));
        command.args([name, if self.by_webhooks { "webhooks" } else { "rpc" }]);
        Ok(command)
    }
}

/// Installs all of them below `target/tools`, unless they are there. Processes that call this at the same time install
/// them once.
///
/// # Errors
/// Node.js, npm or Python is missing, or a package cannot be installed; the message says which.
pub fn install() -> Result<()> {
    environment()?.install()?;
    install_javascript()?;
    Ok(())
}

/// Whether [`install`] has nothing to do.
///
/// # Errors
/// The lists of packages cannot be read.
pub fn is_installed() -> Result<bool> {
    Ok(environment()?.is_installed() && javascript_is_installed(&javascript_packages()?))
}

fn sources() -> PathBuf {
    // Programs in other folders are told where it is.
    repository().canonicalize().unwrap_or_else(|_| repository()).join("tests/e2e/clients")
}

fn environment() -> Result<Environment> {
    let list = sources().join("python/requirements.txt");
    let requirements = fs::read_to_string(list).context("reading which packages of Python there are")?;
    Ok(Environment { name: "durable-functions-python", requirements, is_complete: true })
}

fn javascript() -> PathBuf {
    tools().join("durable-functions-javascript")
}

fn javascript_packages() -> Result<String> {
    let lock = sources().join("javascript/package-lock.json");
    fs::read_to_string(lock).context("reading which packages of npm there are")
}

fn javascript_is_installed(packages: &str) -> bool {
    fs::read_to_string(javascript().join("installed")).is_ok_and(|text| text == packages)
}

/// Installs what the lock file names; answers with the folder.
fn install_javascript() -> Result<PathBuf> {
    let (folder, packages) = (javascript(), javascript_packages()?);
    if javascript_is_installed(&packages) {
        return Ok(folder);
    }
    let _lock = lock(&folder)?;
    if javascript_is_installed(&packages) {
        return Ok(folder);
    }
    fs::create_dir_all(&folder).context("making the folder for clients in JavaScript")?;
    for file in ["package.json", "package-lock.json"] {
        let from = sources().join("javascript").join(file);
        fs::copy(&from, folder.join(file)).with_context(|| format!("copying {file}"))?;
    }
    let flags = ["ci", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"];
    run(Command::new("npm").current_dir(&folder).args(flags))
        .context("the API's tests need Node.js 20 or newer with npm, for the clients of Durable Functions")?;
    // Last, so that an interrupted installation is done again.
    fs::write(folder.join("installed"), packages).context("marking the installation as done")?;
    Ok(folder)
}
