//! What a seed adds that clients of Rondo do not do in an orderly hub.
//!
//! Drawn by itself, so that the rest of a plan is the same without it.

use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;

use super::{Backend, By, Control, Deed, Life, Plan, Script, Spoiling};
use crate::program::{generate, odd};

/// Ids that contain one another, that are another's key, or of which an address loses something.
const ALIKE: [&str; 12] = ["a", "a/b", "a^0b", "a/", "./a", "/a", ".", "..", "x/y", "x^0y", "A", "a%2Fb"];

/// Adds strangers to a plan.
pub(super) fn invite(plan: &mut Plan, seed: u64) {
    let mut rng = Rng::with_seed(seed ^ 0x57_4a_6e);
    let rng = &mut rng;
    if rng.bool() {
        let mut ids = ALIKE;
        rng.shuffle(&mut ids);
        for (script, id) in plan.scripts.iter_mut().zip(ids) {
            id.clone_into(&mut script.instance);
            // What is kept in blobs beside those of the others.
            for life in script.lives.iter_mut().filter(|_| rng.bool()) {
                life.input_bytes = 40_000;
            }
        }
    }
    let before = plan.programs.clone();
    if rng.bool() {
        odd::change(rng, &mut plan.programs);
    }
    for life in plan.scripts.iter_mut().flat_map(|script| &mut script.lives) {
        let had = before.get(&life.program).map(|program| generate::events(program)).unwrap_or_default();
        let has = plan.programs.get(&life.program).map(|program| generate::events(program)).unwrap_or_default();
        for name in has.iter().filter(|name| !had.contains(name)) {
            // Now and then all at once, so that several waits are settled in one turn.
            let at = Duration::from_millis([rng.u64(0..90_000), 5_000, 20_000][rng.usize(..3)]);
            life.deeds.push((at, Deed::Raise { name: (*name).to_owned(), bytes: 0 }));
        }
    }
    for script in &mut plan.scripts {
        if script.lives.len() == 1 && rng.u8(..3) == 0 {
            let again = Life { deeds: script.lives[0].deeds.clone(), ..script.lives[0].clone() };
            script.lives.push(again);
        }
        for number in 0..script.lives.len() {
            live(rng, plan.backend, script, number);
        }
    }
    if let Some(count) = [(64, 2_000), (12, 150)].iter().find(|(of, _)| rng.u32(..*of) == 0).map(|(_, count)| *count) {
        hoard(rng, plan, count);
    }
}

/// What strangers do to one life of an id.
fn live(rng: &mut Rng, backend: Backend, script: &mut Script, number: usize) {
    let is_last = number + 1 == script.lives.len();
    let life = &mut script.lives[number];
    let seconds = |rng: &mut Rng, max: u64| Duration::from_millis(rng.u64(0..max * 1_000));
    let control = |rng: &mut Rng| {
        [Control::Terminate, Control::Suspend, Control::Resume, Control::Rewind, Control::Raise][rng.usize(..5)]
    };
    if number > 0 {
        for _ in 0..[0, 1, 2, 4][rng.usize(..4)] {
            let deed = Deed::Earlier { control: control(rng) };
            life.deeds.push((seconds(rng, 20), deed));
        }
    }
    if !is_last && rng.u8(..3) == 0 {
        let control = [Control::Terminate, Control::Suspend, Control::Raise][rng.usize(..3)];
        life.deeds.push((seconds(rng, 60), Deed::Late { control, after: seconds(rng, 300) }));
    }
    // More of the same than a turn takes in.
    for at in life.deeds.clone().iter().filter(|(_, deed)| matches!(deed, Deed::Terminate { .. })) {
        life.deeds.extend(std::iter::repeat_n(at.clone(), rng.usize(..4)));
    }
    if rng.bool() {
        life.spoiling = Some(match rng.u8(..3) {
            0 => Spoiling::Purged,
            1 => Spoiling::Replaced(By::Rondo),
            _ if backend == Backend::Memory => Spoiling::Purged,
            _ => Spoiling::Replaced(By::DotNet),
        });
    }
    if backend == Backend::Azure {
        // They would put what is large elsewhere.
        if rng.u8(..4) == 0 {
            (life.creator, life.input_bytes) = (By::DotNet, 0);
        }
        if rng.u8(..3) == 0 {
            life.rewinder = By::DotNet;
        }
        if rng.u8(..16) == 0 {
            life.deeds.push((seconds(rng, 90), Deed::TerminateAny));
        }
    }
    // A rewind of DurableTask rewrites what it finds under the ids of children, whosever it is.
    if matches!(life.spoiling, Some(Spoiling::Replaced(_))) {
        life.rewinder = By::Rondo;
    }
    let is_cut_short = backend == Backend::Azure && !is_last && rng.u8(..3) == 0;
    life.deeds.sort_by_key(|(at, _)| *at);
    if is_cut_short {
        let after = seconds(rng, 60);
        life.deeds.retain(|(at, deed)| *at < after && !matches!(deed, Deed::Suspend { .. }));
        life.cut_short = Some(after);
        let next = &mut script.lives[number + 1];
        (next.creator, next.input_bytes, next.pause) = (By::DotNet, 0, Duration::ZERO);
    }
}

/// An instance at which many events wait while it continues as new.
fn hoard(rng: &mut Rng, plan: &mut Plan, count: u32) {
    let (program, count) = odd::hoarder(count);
    if usize::try_from(count).is_ok_and(|count| count > engine::limits::EARLIER_EVENTS_MAX) {
        // Of so many, a generation does not recognise every one that comes a second time.
        (plan.rates.duplicate, plan.rates.lose_reply, plan.rates.late) = (0, 0, 0);
    }
    plan.programs.insert(odd::HOARDER.to_owned(), Arc::new(program));
    let burst = Deed::Burst { name: odd::HOARDED.to_owned(), count };
    let life = Life {
        program: odd::HOARDER.to_owned(),
        pause: Duration::from_millis(rng.u64(0..30_000)),
        scheduled_start: None,
        input_bytes: 0,
        deeds: vec![(Duration::from_millis(rng.u64(0..5_000)), burst)],
        is_purged: rng.bool(),
        creator: By::Rondo,
        cut_short: None,
        rewinder: By::Rondo,
        spoiling: None,
        through: None,
    };
    plan.scripts.push(Script { instance: "hoard".to_owned(), lives: vec![life] });
}
