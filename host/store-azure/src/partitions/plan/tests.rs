//! Rows as text: `owner>next`, `!` when draining, `@seconds` until it expires (20 unless said), `~seconds` that it has
//! not changed (0 unless said), `#owner,next` the engine revisions they know (9 unless said); `-` is free. Rows are separated by blanks, the first is partition 0.
//!
//! What is held as text: the partition, and `*` when it is due, `d` when it is draining, `e` when that has ended.

use super::*;

const NOW: u64 = 1_000_000;

fn seen(text: &str) -> Seen {
    let (text, revisions) = text.split_once('#').unwrap_or((text, "9,9"));
    let (owner_revision, next_revision) = revisions.split_once(',').unwrap_or((revisions, "9"));
    let revision = |text: &str| EngineRevision(text.parse().unwrap());
    let (text, unchanged) = text.split_once('~').unwrap_or((text, "0"));
    let (text, expires) = text.split_once('@').unwrap_or((text, "20"));
    let (owner, next) = text.split_once('>').unwrap_or((text, ""));
    let name = |name: &str| Some(name.replace(['!', '-'], "")).filter(|name| !name.is_empty());
    let at = NOW.saturating_add_signed(expires.parse::<i64>().unwrap() * 1_000);
    let row = LeaseRow {
        current_owner: name(owner),
        next_owner: name(next),
        expires_at: (text != "-").then_some(Timestamp::from_millis(at)),
        is_draining: owner.ends_with('!'),
        owner_revision: revision(owner_revision),
        next_revision: revision(next_revision),
        ..LeaseRow::default()
    };
    Seen { row, etag: ETag(text.into()), unchanged_for: Duration::from_secs(unchanged.parse().unwrap()) }
}

fn grip(text: &str) -> (u8, Grip) {
    let stage = if text.ends_with('d') {
        Stage::Draining
    } else if text.ends_with('e') {
        Stage::Drained
    } else {
        Stage::Owned
    };
    let partition = text.trim_end_matches(['*', 'd', 'e']).parse().unwrap();
    (partition, Grip { stage, is_due: text.contains('*') })
}

fn with_view<T>(rows: &str, held: &str, decide: impl FnOnce(&View<'_>) -> T) -> T {
    let rows = (0..).zip(rows.split_whitespace().map(seen)).collect();
    let held = held.split_whitespace().map(grip).collect();
    decide(&View {
        me: "me",
        revision: EngineRevision(9),
        now: Timestamp::from_millis(NOW),
        interval: Duration::from_secs(30),
        renew_every: Duration::from_secs(10),
        rows: &rows,
        held: &held,
    })
}

fn names(steps: &[Step]) -> String {
    let mut names: Vec<String> =
        steps.iter().map(|step| format!("{} {:?}", step.partition, step.change).to_lowercase()).collect();
    names.sort();
    names.join(", ")
}

/// What `me` does.
fn decided(rows: &str, held: &str) -> String {
    let Plan { lost, steps, is_moving, revision: _ } = with_view(rows, held, plan);
    let lost: Vec<String> = lost.iter().map(|partition| format!("{partition} lost")).collect();
    let parts = [lost.join(", "), names(&steps), if is_moving { "soon".to_owned() } else { String::new() }];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_nobody_holds_is_claimed_up_to_a_fair_share() {
    for (rows, held, expected) in [
        ("- - - -", "", "0 claim, 1 claim, 2 claim, 3 claim; soon"),
        ("a a -", "", "2 claim; soon"),
        ("a - - -", "", "1 claim, 2 claim; soon"),
        ("a b - -", "", "2 claim, 3 claim; soon"),
        ("me a - -", "0", "2 claim; soon"),
        ("me me a -", "0 1", ""),
        ("", "", ""),
    ] {
        assert_eq!(decided(rows, held), expected, "{rows} holding {held}");
    }
}

#[test]
fn a_lease_of_another_is_over_only_when_clocks_leave_no_doubt() {
    for (row, expected) in [
        // It may be this clock that is ahead.
        ("a@-1", "soon"),
        ("a@-29~29", "soon"),
        // Not renewed for an interval, while this host was looking.
        ("a@-1~30", "0 claim; soon"),
        ("a@0~30", "0 claim; soon"),
        ("a@1~30", ""),
        // Long over: this host was not there to look.
        ("a@-30", "0 claim; soon"),
        ("a>b@-30", "0 claim; soon"),
        ("a!>me@-30", "0 claim; soon"),
        // Its owner's clock is far ahead.
        ("a@9999~59", ""),
        ("a@9999~60", "0 claim; soon"),
    ] {
        assert_eq!(decided(row, ""), expected, "{row}");
    }
}

#[test]
fn a_row_that_was_let_go_of_is_first_the_next_owners() {
    for (row, expected) in [
        (">me", "0 claim; soon"),
        (">me@-5", "0 claim; soon"),
        (">b", ""),
        (">b@0", "0 claim; soon"),
        (">b@9999~29", ""),
        (">b@9999~30", "0 claim; soon"),
    ] {
        assert_eq!(decided(row, ""), expected, "{row}");
    }
    assert_eq!(decided(">me >me a", "2"), "2 lost; 0 claim, 1 claim; soon", "asked for, so taken");
}

#[test]
fn what_is_held_is_renewed_when_it_is_due() {
    assert_eq!(decided("me me", "0 1"), "");
    assert_eq!(decided("me me", "0* 1"), "0 renew");
    assert_eq!(decided("me! me", "0* 1"), "0 renew", "left over from an earlier owner");
    assert_eq!(decided("me@-5~40", "0*"), "0 renew", "nobody has taken it, and this host still holds it");
}

#[test]
fn what_somebody_asks_for_is_drained_then_released() {
    for (row, held, expected) in [
        ("me>b", "0", "0 drain; soon"),
        ("me>b", "0*", "0 drain; soon"),
        ("me!>b", "0d", "soon"),
        ("me!>b", "0*d", "0 renew; soon"),
        ("me!>b", "0e", "0 release; soon"),
        ("me!>b", "0*e", "0 release; soon"),
        // The next owner changed its mind; what is in hand was given back already.
        ("me!", "0e", "0 release; soon"),
        ("me>me", "0*", "0 renew"),
    ] {
        assert_eq!(decided(row, held), expected, "{row} holding {held}");
    }
}

#[test]
fn one_row_that_drains_leaves_the_others_alone() {
    assert_eq!(decided("me!>b me me>b me", "0*d 1* 2 3"), "0 renew, 1 renew, 2 drain; soon");
}

#[test]
fn a_row_is_not_held_just_because_it_says_so() {
    // A claim whose answer got lost, or a lease that was over meanwhile.
    assert_eq!(decided("me", ""), "0 claim; soon");
    assert_eq!(decided("me!", ""), "0 claim; soon");
    assert_eq!(decided("me>b", ""), "0 release; soon");
    assert_eq!(decided("me!>b", ""), "0 release; soon");
    // The same host before a restart.
    assert_eq!(decided("me-1", ""), "");
}

#[test]
fn what_somebody_else_has_is_lost() {
    for rows in ["a", "a>me", "a@-1", ">a", "a!"] {
        assert!(decided(rows, "0").starts_with("0 lost"), "{rows}");
    }
    assert_eq!(decided("me", "0 7"), "7 lost", "the row is gone");
}

#[test]
fn a_host_with_less_asks_whoever_has_at_least_two_more() {
    for (rows, held, expected) in [
        ("a a a a", "", "0 request, 1 request; soon"),
        ("a a a b", "", "0 request; soon"),
        ("a a b b", "", "0 request; soon"),
        ("a a a", "", "0 request; soon"),
        ("a a b", "", "0 request; soon"),
        ("a b c d", "", ""),
        ("a", "", ""),
        ("me a a", "0", ""),
        ("me a a a", "0", "1 request; soon"),
        ("me me a a a a a a", "0 1", "2 request, 3 request; soon"),
    ] {
        assert_eq!(decided(rows, held), expected, "{rows} holding {held}");
    }
}

#[test]
fn what_is_asked_for_already_counts_for_who_asks() {
    for (rows, held, expected) in [
        ("a>b a>b a a", "", "2 request; soon"),
        ("a>me a>me a a", "", "soon"),
        ("a>me a a a", "", "1 request; soon"),
        ("a>b a", "", ""),
        // What this host is to lose it no longer counts as its own.
        ("me!>b me!>b a a a a", "0d 1d", "2 request, 3 request; soon"),
        (">b >b a a", "", "2 request; soon"),
    ] {
        assert_eq!(decided(rows, held), expected, "{rows} holding {held}");
    }
}

#[test]
fn a_host_that_leaves_is_asked_for_its_rows_at_once_and_not_counted() {
    assert_eq!(decided("a! a! me me", "2 3"), "0 request, 1 request; soon");
    assert_eq!(decided("a! a! b me", "3"), "0 request; soon");
    assert_eq!(decided("a!>b a! b me", "3"), "1 request; soon");
    assert_eq!(decided("a!>b a!>c", ""), "");
}

#[test]
fn hosts_that_see_the_same_reach_for_different_rows() {
    let rows: BTreeMap<u8, Seen> = (0..16).map(|partition| (partition, seen("a"))).collect();
    let first = |me| {
        let view = with_view("", "", |view| View { me, rows: &BTreeMap::new(), held: &BTreeMap::new(), ..*view }.now);
        let held = BTreeMap::new();
        let (interval, renew_every) = (Duration::from_secs(30), Duration::from_secs(10));
        plan(&View { me, revision: EngineRevision::NEWEST, now: view, interval, renew_every, rows: &rows, held: &held })
            .steps[0]
            .partition
    };
    assert_ne!(first("host-1"), first("host-2"));
}

#[test]
fn everything_is_let_go_of_when_leaving() {
    let steps = with_view("me me>b a >me me!", "0 1", leave);
    assert_eq!(names(&steps), "0 release, 1 release, 4 release");
}

#[test]
fn each_change_writes_the_whole_row() {
    let row = |text: &str, change| with_view(text, "", |view| step(view, 0, &seen(text), change).row);
    let at = |secs: u64| Some(Timestamp::from_millis(NOW + secs * 1_000));
    let mine = LeaseRow {
        current_owner: Some("me".into()),
        next_owner: None,
        owned_since: at(0),
        last_renewal: at(0),
        expires_at: at(30),
        is_draining: false,
        owner_revision: EngineRevision(9),
        next_revision: EngineRevision::OLDEST,
    };
    assert_eq!(row("a!>b@-99", Change::Claim), mine);
    assert_eq!(row("me#0,0", Change::Renew), LeaseRow { owned_since: None, ..mine.clone() }, "the time is kept");
    let next_revision = EngineRevision(3);
    let wanted = LeaseRow { owned_since: None, next_owner: Some("b".into()), next_revision, is_draining: true, ..mine };
    assert_eq!(row("me>b#0,3", Change::Drain), wanted);
    assert_eq!(row("me!>b#9,3", Change::Renew), wanted);
    let promised = LeaseRow { next_owner: Some("b".into()), next_revision, expires_at: at(10), ..LeaseRow::default() };
    assert_eq!(row("me!>b#9,3", Change::Release), promised);
    assert_eq!(row("me!", Change::Release), LeaseRow::default());
    let asked = LeaseRow { next_owner: Some("me".into()), next_revision: EngineRevision(9), ..seen("a@7#2,0").row };
    assert_eq!(row("a@7#2,0", Change::Request), asked);
}

#[test]
fn new_executions_follow_rules_that_every_live_host_knows() {
    for (rows, held, expected) in [
        ("", "", 9),
        ("me me", "0 1", 9),
        ("a b", "", 9),
        ("me a#2", "0", 2),
        ("me a#2 b#1", "0", 1),
        // A host of a build that says nothing drops the column.
        ("me a#0", "0", 0),
        ("me#0", "0", 9),
        // Who waits for a partition is about to run instances of it.
        ("me>a#9,0", "0", 0),
        ("me>a#9,4", "0", 4),
        ("->a#0,4", "", 4),
        // A lease that is over is nobody's, and so is a promise that was not kept.
        ("me a@-60#0", "0", 9),
        ("me a>b@-60#0,0", "0", 9),
        ("->a@-1#0,4", "", 9),
    ] {
        let revision = with_view(rows, held, |view| plan(view).revision);
        assert_eq!(revision, EngineRevision(expected), "{rows} holding {held}");
    }
}
