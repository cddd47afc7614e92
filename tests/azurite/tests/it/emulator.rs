//! Starting, sharing and ending emulators.

use std::net::TcpStream;
use std::process::{Command, Stdio};

use anyhow::Result;
use azurite::{Azurite, Service, unique_hub};

use crate::client::Client;

/// Set for the process that is to be killed: where it says which port it has.
const VICTIM: &str = "AZURITE_TEST_VICTIM";

#[tokio::test]
async fn an_emulator_of_ones_own_serves_all_three_services_and_ends_with_its_value() -> Result<()> {
    let azurite = Azurite::start()?;
    let client = Client::new(azurite.endpoints());
    let hub = unique_hub();
    let blob = client.send(Service::Blob, "PUT", &format!("{hub}?restype=container"), &[], "").await?;
    assert_eq!(blob.status, 201, "{blob:?}");
    let queue = client.send(Service::Queue, "PUT", &hub, &[], "").await?;
    assert_eq!(queue.status, 201, "{queue:?}");
    client.table_with_entity(&hub).await?;

    let ports = [azurite.blob_port(), azurite.queue_port(), azurite.table_port()];
    drop(azurite);
    for port in ports {
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err(), "somebody still listens on {port}");
    }
    Ok(())
}

#[test]
fn an_emulator_ends_when_the_process_that_started_it_is_killed() -> Result<()> {
    // This test is two processes: the second runs the same test, and is told by its environment that it is the one to be
    // killed.
    if let Some(path) = std::env::var_os(VICTIM) {
        let azurite = Azurite::start()?;
        std::fs::write(path, azurite.table_port().to_string())?;
        loop {
            std::thread::park();
        }
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("port");
    let mut starter = Command::new(std::env::current_exe()?)
        .args(["--exact", "emulator::an_emulator_ends_when_the_process_that_started_it_is_killed"])
        .env(VICTIM, &path)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()?;
    let port: u16 = wait(|| std::fs::read_to_string(&path).ok()?.parse().ok());
    TcpStream::connect(("127.0.0.1", port))?;
    starter.kill()?;
    starter.wait()?;
    wait(|| TcpStream::connect(("127.0.0.1", port)).err());
    Ok(())
}

/// Asks until there is an answer, for at most a minute.
fn wait<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..3_000 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("waited for a minute in vain");
}
