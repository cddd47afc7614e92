//! Programs in Python that tests drive, each in an environment of its own.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::files::repository;

const HOW_TO_GET_PYTHON: &str = "the API's tests need Python 3.10 or newer with venv: install both, for example the \
                                 packages python3 and python3-venv";

/// An environment below `target/tools` of this checkout.
#[derive(Debug, Clone)]
pub(crate) struct Environment {
    /// The folder's name.
    pub(crate) name: &'static str,
    /// Every package with its version, as in a file of requirements.
    pub(crate) requirements: String,
    /// Whether what they need has to be found by pip.
    pub(crate) is_complete: bool,
}

impl Environment {
    /// Whether [`install`](Self::install) has nothing to do.
    pub(crate) fn is_installed(&self) -> bool {
        fs::read_to_string(self.installed()).is_ok_and(|text| text == self.requirements)
    }

    /// Installs the packages, unless they are there; answers with the folder of the programs. Processes that call this
    /// at the same time install them once.
    ///
    /// # Errors
    /// Python is missing or cannot make an environment (the message says what to install), or pip fails.
    pub(crate) fn install(&self) -> Result<PathBuf> {
        let (folder, programs) = (self.folder(), self.folder().join("bin"));
        if self.is_installed() {
            return Ok(programs);
        }
        let _lock = lock(&folder)?;
        if self.is_installed() {
            return Ok(programs);
        }
        // Programs of an environment know its path, so it is made in its place; the mark comes last.
        if folder.exists() {
            fs::remove_dir_all(&folder).context("removing what an interrupted installation left")?;
        }
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(HOW_TO_GET_PYTHON)?;
        let list = folder.join("requirements.txt");
        fs::write(&list, &self.requirements).context("writing the list of packages")?;
        let mut pip = Command::new(programs.join("python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(list);
        if self.is_complete {
            pip.arg("--no-deps");
        }
        run(&mut pip).with_context(|| format!("installing {}", self.name))?;
        fs::write(self.installed(), &self.requirements).context("marking the installation as done")?;
        Ok(programs)
    }

    fn folder(&self) -> PathBuf {
        tools().join(self.name)
    }

    fn installed(&self) -> PathBuf {
        self.folder().join("installed")
    }
}

/// Where tools are installed.
pub(crate) fn tools() -> PathBuf {
    repository().join("target/tools")
}

/// Keeps other processes from installing into a folder of tools, until it is dropped.
pub(crate) fn lock(folder: &Path) -> Result<File> {
    fs::create_dir_all(tools()).context("making the folder for tools")?;
    let mut name = folder.as_os_str().to_owned();
    name.push(".lock");
    let lock = File::create(PathBuf::from(name)).context("opening the lock of an installation")?;
    lock.lock().context("waiting for another installation")?;
    Ok(lock)
}

/// Runs a program to its end.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting {program}"))?;
    if !output.status.success() {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("{program} ended with {}\n{out}{err}", output.status);
    }
    Ok(())
}
