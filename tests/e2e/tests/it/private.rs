//! What a server keeps on disk is closed to other users of the machine.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use e2e::{Server, guest};

/// Everything in a folder, itself included, that others may use in any way.
fn open_to_others(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut to_see = vec![folder.to_owned()];
    while let Some(path) = to_see.pop() {
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            to_see.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
        // The log is a file of this test's, which the server only writes to.
        if metadata.mode() & 0o077 != 0 && !path.ends_with("serve.log") {
            found.push(path);
        }
    }
    found
}

/// Runs something, so that there is a database with its log, a lock, an address and compiled code.
fn use_it(data: &Path, id: &str) -> Server {
    let server = Server::start(data).unwrap();
    server.ok(&["deploy", guest("greeter_v1").unwrap().to_str().unwrap()]).unwrap();
    server.ok(&["start", "greet", "--id", id, "--input", "\"Ada\""]).unwrap();
    server.ok(&["raise-event", id, "go"]).unwrap();
    server.ok(&["wait", id]).unwrap();
    server
}

#[test]
fn nobody_else_can_read_the_data_or_hold_its_lock() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = use_it(&data, "a");
    assert!(data.join("endpoint").exists());
    assert_eq!(open_to_others(&data), Vec::<PathBuf>::new());
    server.stop().unwrap();
    assert_eq!(open_to_others(&data), Vec::<PathBuf>::new());
}

#[test]
fn a_folder_that_was_left_open_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    use_it(&data, "a").stop().unwrap();
    for entry in fs::read_dir(&data).unwrap() {
        let path = entry.unwrap().path();
        let mode = if path.is_dir() { 0o755 } else { 0o644 };
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
    }
    fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
    let server = use_it(&data, "b");
    assert_eq!(open_to_others(&data), Vec::<PathBuf>::new());
    server.stop().unwrap();
}
