//! What a guest leaves in memory is not there for the next one.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use engine::Guest;
use wasm::{Engines, LoadedComponent, Options};

use crate::support::*;

/// What it writes to, in bytes: behind what is cleared by hand, ahead of it, and more than any of the two.
const STAINED: usize = 3 * 1024 * 1024;

/// An orchestrator that traps if its memory is not as it should be, and then stains all of it.
fn stainer(engines: &Engines) -> LoadedComponent {
    let mut data = String::new();
    // Names and answers: a list of one definition at 1024, an answer to one turn without actions at 2048.
    for (at, words) in [(1024, [1032, 1].as_slice()), (1032, &[1048, 5, 0, 0]), (2048, &[2056, 1]), (2056, &[0, 0])] {
        let bytes: String =
            words.iter().flat_map(|word: &u32| word.to_le_bytes()).fold(String::new(), |mut text, byte| {
                write!(text, "\\{byte:02x}").unwrap();
                text
            });
        write!(data, r#"(data (i32.const {at}) "{bytes}")"#).unwrap();
    }
    let stained = 65_536 + STAINED;
    let module = orchestrator(&format!(
        r#"(memory (export "memory") 64)
           {data} (data (i32.const 1048) "stain")
           (global $next (mut i32) (i32.const 4096))
           (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32)
             (local $at i32)
             (local.set $at (global.get $next))
             (global.set $next (i32.and (i32.add (i32.add (local.get $at) (local.get 3)) (i32.const 7)) (i32.const -8)))
             (local.get $at))
           (func (export "rondo:orchestration/orchestrator@0.1.0#describe") (result i32) (i32.const 1024))
           (func (export "rondo:orchestration/orchestrator@0.1.0#start") (param i32) (result i32) (i32.const 3072))
           (func (export "rondo:orchestration/orchestrator@0.1.0#run") (param i32 i32) (result i32)
             (local $at i32)
             (local.set $at (i32.const 65536))
             (loop $more
               (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then unreachable))
               (i64.store (local.get $at) (i64.const -1))
               (local.set $at (i32.add (local.get $at) (i32.const 8)))
               (br_if $more (i32.lt_u (local.get $at) (i32.const {stained}))))
             (i32.const 2048))"#
    ));
    engines.load(&wrapped(&module)).unwrap()
}

/// Room for one: every guest comes to where the one before has been.
fn engines_for_one() -> Engines {
    Engines::new(Options { orchestrators_max: 1, activities_max: 1, ..options() }).unwrap()
}

/// A guest that has stained its memory.
fn stained(component: &LoadedComponent) -> Box<dyn Guest> {
    let mut guest = component.start(&execution("stain", None)).unwrap();
    run_once(&mut *guest).expect("its memory must be as if nobody had been there");
    guest
}

#[test]
fn a_guest_finds_its_memory_as_if_nobody_had_been_there() {
    let engines = engines_for_one();
    let component = stainer(&engines);
    for _ in 0..5 {
        drop(stained(&component));
    }
}

#[test]
fn the_guest_of_this_test_notices_what_is_left() {
    let engines = engines_for_one();
    let mut guest = stained(&stainer(&engines));
    run_once(&mut *guest).expect_err("it has just stained its memory itself");
}

/// A page that is not in memory is cleaned as well.
///
/// Says so and checks nothing where the kernel does not let it use swap: that the host never asks for the pages that are
/// present is checked by a test of `config.rs` in any case.
#[allow(clippy::print_stdout, reason = "what was not checked is for people to see")]
#[test]
fn a_guest_finds_nothing_in_memory_that_was_swapped_out() {
    let swap = match Swap::on() {
        Ok(swap) => swap,
        Err(why) => {
            println!("NOT CHECKED: this needs swap, and the kernel does not allow it here: {why}");
            return;
        }
    };
    let engines = engines_for_one();
    let component = stainer(&engines);
    let guest = stained(&component);
    let before = swapped_kib();
    page_out();
    let swapped = swapped_kib().saturating_sub(before);
    drop(guest);
    drop(stained(&component));
    drop(swap);
    println!("{swapped} KiB were swapped out");
    assert!(swapped * 1024 > STAINED / 2, "only {swapped} KiB were swapped out, so nothing was checked");
}

/// A small swap file, in use until this is dropped.
struct Swap(PathBuf);

impl Swap {
    fn on() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("rondo-swap-{}", std::process::id()));
        let swap = Self(path.clone());
        fs::write(&path, vec![0; 64 * 1024 * 1024]).map_err(|error| error.to_string())?;
        for (program, path) in
            [("chmod", ["600"].as_slice()), ("mkswap", &[]), ("swapon", &[])].map(|(program, more)| {
                (program, more.iter().map(Into::into).chain([path.clone().into_os_string()]).collect::<Vec<_>>())
            })
        {
            let ran = Command::new(program).args(path).output().map_err(|error| format!("{program}: {error}"))?;
            succeeded(program, &ran)?;
        }
        Ok(swap)
    }
}

impl Drop for Swap {
    fn drop(&mut self) {
        // It may never have been in use.
        let _ = Command::new("swapoff").arg(&self.0).output();
        let _ = fs::remove_file(&self.0);
    }
}

fn succeeded(program: &str, ran: &Output) -> Result<(), String> {
    if ran.status.success() {
        return Ok(());
    }
    Err(format!("{program}: {}", String::from_utf8_lossy(&ran.stderr).trim()))
}

/// How much of this process is swapped out.
fn swapped_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmSwap:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Asks the kernel to swap out the private memory of this process that is large enough to be that of guests.
#[allow(unsafe_code, reason = "only the kernel knows how to swap")]
fn page_out() {
    for line in fs::read_to_string("/proc/self/maps").unwrap().lines() {
        let mut fields = line.split_whitespace();
        let (Some(range), Some("rw-p")) = (fields.next(), fields.next()) else { continue };
        let Some((start, end)) = range.split_once('-') else { continue };
        let [start, end] = [start, end].map(|address| usize::from_str_radix(address, 16).unwrap());
        if end - start >= 1024 * 1024 {
            let at = std::ptr::with_exposed_provenance_mut(start);
            // SAFETY: swapping changes nothing of what is in memory. Where it is refused, nothing happens.
            let _ = unsafe { libc::madvise(at, end - start, libc::MADV_PAGEOUT) };
        }
    }
}
