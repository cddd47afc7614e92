//! The emulator's files, from the npm registry.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

/// Which release of the npm package `azurite`. The one place that says so.
pub const VERSION: &str = "3.37.0";

/// The package asks for Node 22 and runs on this one, which Debian 12 has.
const NODE_MAJOR_MIN: u32 = 18;

const HOW_TO_GET_NODE: &str = "the Azure Storage emulator needs Node.js 18 or newer with npm: install both, for example the packages nodejs and npm";

/// Whether [`install`] has nothing to do.
pub fn is_installed() -> bool {
    script_in(&folder()).exists()
}

/// Installs the emulator into `target/tools` of this checkout, unless it is there; answers with its program, a script
/// for Node. Processes that call this at the same time install it once.
///
/// # Errors
/// Node or npm is missing or too old (the message says what to install), or npm fails (its output is in the message).
pub fn install() -> Result<PathBuf> {
    let folder = folder();
    let script = script_in(&folder);
    if script.exists() {
        return Ok(script);
    }
    let lock = lock(&tools().join(format!("azurite-{VERSION}.lock")))?;
    if !script.exists() {
        check_node()?;
        install_into(&folder)?;
    }
    drop(lock);
    ensure!(script.exists(), "npm installed azurite {VERSION} without {}", script.display());
    Ok(script)
}

/// Where this checkout keeps its tools, whatever folder its builds go to: one emulator serves them all.
pub(crate) fn tools() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools")
}

/// Waits for, and takes, the lock that the file stands for. Dropping the answer, or dying, gives it back.
pub(crate) fn lock(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
    }
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.with_context(|| format!("opening {}", path.display()))?;
    file.lock().with_context(|| format!("locking {}", path.display()))?;
    Ok(file)
}

fn folder() -> PathBuf {
    tools().join(format!("azurite-{VERSION}"))
}

fn script_in(folder: &Path) -> PathBuf {
    folder.join("node_modules/azurite/dist/src/azurite.js")
}

/// Fails unless Node and npm are there and new enough.
fn check_node() -> Result<()> {
    let version = output(Command::new("node").arg("--version")).context(HOW_TO_GET_NODE)?;
    let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
    ensure!(node_is_new_enough(&version), "{HOW_TO_GET_NODE} (this is {version})");
    output(Command::new("npm").arg("--version")).context(HOW_TO_GET_NODE)?;
    Ok(())
}

fn node_is_new_enough(version: &str) -> bool {
    let major = version.trim_start_matches('v').split('.').next();
    major.and_then(|major| major.parse().ok()).is_some_and(|major: u32| major >= NODE_MAJOR_MIN)
}

/// Installs beside `folder` and renames, so that a folder of that name is always complete.
fn install_into(folder: &Path) -> Result<()> {
    let partial = folder.with_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial).context("removing what an interrupted installation left")?;
    }
    fs::create_dir_all(&partial).with_context(|| format!("making {}", partial.display()))?;
    // The emulator needs no install script of any of its 450 dependencies, so none gets to run.
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev", "--loglevel=error", "--prefix"])
        .arg(&partial)
        .arg(format!("azurite@{VERSION}"));
    output(&mut npm).with_context(|| format!("installing azurite {VERSION}"))?;
    if folder.exists() {
        fs::remove_dir_all(folder).context("removing an incomplete emulator")?;
    }
    fs::rename(&partial, folder).context("putting the emulator in its place")
}

/// Runs a program to its end; an exit code other than 0 is an error with what it printed.
fn output(command: &mut Command) -> Result<Output> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("starting {program}"))?;
    if !output.status.success() {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        bail!("{program} ended with {}\n{out}{err}", output.status);
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_18_is_the_oldest_that_will_do() {
        assert!(node_is_new_enough("v18.0.0"));
        assert!(node_is_new_enough("v24.1.0"));
        assert!(!node_is_new_enough("v16.20.2"));
        assert!(!node_is_new_enough(""));
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let error = output(&mut Command::new("no-such-program-anywhere")).unwrap_err();
        assert_eq!(error.to_string(), "starting no-such-program-anywhere");
    }

    #[test]
    fn a_lock_is_held_by_one_at_a_time_and_ends_with_its_holder() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("made/on/the/way.lock");
        let held = lock(&path)?;
        assert!(File::open(&path)?.try_lock().is_err());
        drop(held);
        File::open(&path)?.try_lock()?;
        Ok(())
    }
}
