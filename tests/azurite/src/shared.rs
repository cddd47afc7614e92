//! One emulator for all test processes.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::Azurite;
use crate::install::{VERSION, lock, tools};
use crate::process::{self, Address};

/// How long the shared emulator outlives its last user: the pause between two tests, or two runs of a developer.
const IDLE: Duration = Duration::from_mins(2);

/// A shared emulator older than this gets no new users, and so ends some time after: it holds in memory whatever tests
/// left behind.
const AGE_MAX: Duration = Duration::from_mins(30);

/// The emulator that all test processes of this checkout share; started if none is running. Use a hub of your own in it,
/// see [`unique_hub`](crate::unique_hub). It runs as long as any process holds a value of this, and two minutes more.
/// Blocks, for 3 seconds or more if it has to be started.
///
/// # Errors
/// As [`Azurite::start`].
pub fn shared() -> Result<Azurite> {
    shared_in(&tools().join(format!("azurite-{VERSION}-shared")), IDLE, AGE_MAX)
}

/// As [`shared`], with its files in `folder`.
fn shared_in(folder: &Path, idle: Duration, age_max: Duration) -> Result<Azurite> {
    let state = folder.join("state.json");
    // One at a time: the others find what the first one started.
    let _lock = lock(&folder.join("lock"))?;
    if let Some(azurite) = running(&state, age_max) {
        return Ok(azurite);
    }
    let log = fresh_log(&folder.join("log"))?;
    let (child, address, lease) = process::spawn(&log, idle, true)?;
    // Not ours to wait for: it ends on its own.
    drop(child);
    let text = serde_json::to_string(&address).context("writing where the shared emulator is")?;
    fs::write(&state, text).with_context(|| format!("writing {}", state.display()))?;
    Ok(Azurite::leased(address.endpoints, lease))
}

/// The one that is running. Whatever is wrong with what the file says, the remedy is to start another.
fn running(state: &Path, age_max: Duration) -> Option<Azurite> {
    let age = fs::metadata(state).ok()?.modified().ok()?.elapsed().ok()?;
    if age > age_max {
        return None;
    }
    let address: Address = serde_json::from_str(&fs::read_to_string(state).ok()?).ok()?;
    let lease = address.lease().ok()?;
    Some(Azurite::leased(address.endpoints, lease))
}

/// A new file, for an older emulator may still be writing into the old one.
fn fresh_log(path: &Path) -> Result<File> {
    if path.exists() {
        fs::remove_file(path).with_context(|| format!("removing {}", path.display()))?;
    }
    let log = File::options().create_new(true).read(true).append(true).open(path);
    log.with_context(|| format!("making {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(1);

    /// Waits for the emulator to be gone, which it is as soon as nobody accepts on its port.
    fn wait_until_gone(port: u16) {
        for _ in 0..1_000 {
            if std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the emulator is still there");
    }

    #[test]
    fn users_share_one_emulator_that_ends_after_the_last_of_them_and_is_replaced() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let one = shared_in(folder.path(), SHORT, AGE_MAX)?;
        let other = shared_in(folder.path(), SHORT, AGE_MAX)?;
        assert_eq!(one.endpoints(), other.endpoints());
        drop(one);
        std::net::TcpStream::connect(("127.0.0.1", other.table_port()))?;
        let port = other.table_port();
        drop(other);
        wait_until_gone(port);
        // The file still names the one that is gone.
        let next = shared_in(folder.path(), SHORT, AGE_MAX)?;
        std::net::TcpStream::connect(("127.0.0.1", next.table_port()))?;
        Ok(())
    }

    #[test]
    fn a_port_that_is_somebody_elses_now_is_not_taken_for_the_emulator() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let stranger = std::net::TcpListener::bind("127.0.0.1:0")?;
        let keeper = stranger.local_addr()?.port();
        let thread = std::thread::spawn(move || {
            use std::io::Write as _;
            stranger.accept().and_then(|(mut stream, _)| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"))
        });
        let endpoints = crate::Endpoints { blob: 1, queue: 2, table: 3 };
        let state = folder.path().join("state.json");
        fs::write(&state, serde_json::to_string(&Address { endpoints, keeper, token: "token".to_owned() })?)?;
        assert!(running(&state, AGE_MAX).is_none());
        thread.join().unwrap()?;
        Ok(())
    }

    #[test]
    fn an_unreadable_state_file_is_as_good_as_none() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let state = folder.path().join("state.json");
        assert!(running(&state, AGE_MAX).is_none());
        fs::write(&state, "{\"endpoints\"")?;
        assert!(running(&state, AGE_MAX).is_none());
        Ok(())
    }

    #[test]
    fn an_old_emulator_gets_no_new_users() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let keeper = std::net::TcpListener::bind("127.0.0.1:0")?;
        let thread = std::thread::spawn({
            let keeper = keeper.try_clone()?;
            move || {
                use std::io::Write as _;
                keeper.accept().and_then(|(mut stream, _)| stream.write_all(b"token\n"))
            }
        });
        let endpoints = crate::Endpoints { blob: 1, queue: 2, table: 3 };
        let address = Address { endpoints, keeper: keeper.local_addr()?.port(), token: "token".to_owned() };
        let state = folder.path().join("state.json");
        fs::write(&state, serde_json::to_string(&address)?)?;
        let hour = Duration::from_hours(1);
        File::options().write(true).open(&state)?.set_modified(std::time::SystemTime::now() - hour)?;
        assert!(running(&state, AGE_MAX).is_none());
        assert!(running(&state, 2 * hour).is_some());
        thread.join().unwrap()?;
        Ok(())
    }
}
