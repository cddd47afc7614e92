//! Every corpus, and what is near to it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;

use fuzz::TARGETS;

/// Changes tried for each file of a corpus; the seed is fixed, so that a failure comes back.
const CHANGES: usize = 200;

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// A byte changed, a piece dropped or repeated, or pieces of two files joined.
fn changed(random: &mut fastrand::Rng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut data = random.choice(corpus).unwrap().clone();
    let at = random.usize(..=data.len());
    let until = random.usize(at..=data.len());
    match random.u8(..4) {
        0 if at < data.len() => data[at] = random.u8(..),
        1 => drop(data.drain(at..until)),
        2 => {
            let piece = data[at..until].to_vec();
            data.splice(at..at, piece);
        }
        _ => {
            let other = random.choice(corpus).unwrap();
            data.truncate(at);
            data.extend(&other[random.usize(..=other.len())..]);
        }
    }
    data
}

fn try_all(name: &str) {
    let (_, target) = TARGETS.into_iter().find(|(target, _)| *target == name).unwrap();
    let corpus = corpus(name);
    let mut random = fastrand::Rng::with_seed(7);
    for file in &corpus {
        target(file);
    }
    for _ in 0..CHANGES {
        target(&changed(&mut random, &corpus));
    }
    for bytes in [&b""[..], &[0], &[0xff; 64]] {
        target(bytes);
    }
}

#[test]
fn a_guests_memory_may_hold_anything() {
    try_all("actions");
}

#[test]
fn anything_may_be_uploaded() {
    try_all("component");
}

#[test]
fn a_client_may_send_anything() {
    try_all("http_request");
}

#[test]
fn a_queue_may_hold_anything() {
    try_all("queue_message");
}

#[test]
fn a_database_may_hold_anything() {
    try_all("stored_events");
}

#[test]
fn a_table_may_hold_anything() {
    try_all("table_row");
}
