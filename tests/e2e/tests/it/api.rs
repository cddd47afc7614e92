//! The HTTP surface of the shipped binary, with the same tests on every storage.

mod access;
mod clients;
mod connections;
mod contract;
mod documented;
mod following;
mod metrics;
mod polling;
mod slow_readers;

use e2e::{Server, guest};

/// Makes tests of functions that take a server: one on SQLite, one on the emulator of Azure Storage.
macro_rules! on_every_storage {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[test]
            fn $name() {
                let folder = tempfile::tempdir().unwrap();
                super::$name(&e2e::Server::start(folder.path()).unwrap());
            })*
        }

        mod azure {
            $(#[test]
            fn $name() {
                let world = crate::azure::world::World::new();
                super::$name(&world.host("north", &["--partitions", "1"]));
            })*
        }
    };
}
pub(crate) use on_every_storage;

/// Deploys a guest.
fn deploy(server: &Server, name: &str) {
    server.ok(&["deploy", guest(name).unwrap().to_str().unwrap()]).unwrap();
}
