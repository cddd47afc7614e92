//! Every checker fires when its promise is broken on purpose.

use std::collections::BTreeSet;

use sim::{Backend, Rule, Sabotage, Scenario, run};

/// Not every seed comes across everything.
const SEEDS: u64 = 40;

/// What is found of a broken promise, over some seeds: until it is what is expected.
fn assert_found(sabotage: Sabotage, backend: Backend, expected: &[Rule]) {
    let mut found = BTreeSet::new();
    for seed in 0..SEEDS {
        let ended = run(Scenario { seed, backend, sabotage: Some(sabotage), strangers: true }, false).unwrap();
        found.extend(ended.violation.map(|violation| violation.rule));
        if expected.iter().all(|rule| found.contains(rule)) {
            return;
        }
    }
    panic!("{sabotage:?} on {backend} leads to {found:?} instead of {expected:?}");
}

macro_rules! fires {
    ($($name:ident: $sabotage:ident on $backend:ident => [$($rule:ident),*],)*) => {
        $(
            #[test]
            fn $name() {
                assert_found(Sabotage::$sabotage, Backend::$backend, &[$(Rule::$rule),*]);
            }
        )*
    };
}

fires! {
    a_commit_that_is_dropped_is_missed_on_memory: DropsCommits on Memory => [AcknowledgedIsStored],
    a_commit_that_is_dropped_is_missed_on_azure: DropsCommits on Azure => [AcknowledgedIsStored],
    without_a_version_check_histories_are_overwritten: NoVersionCheck on Azure => [HistoryIsAppendOnly],
    a_row_that_comes_back_to_life_is_seen: ResurrectsRows on Azure => [TerminalStays],
    a_row_without_its_output_is_not_what_was_recorded: ForgetsOutputs on Azure => [RowIsWhatTheHistorySays],
    an_activity_that_begins_too_early_is_caught_on_memory: EagerActivities on Memory => [NothingLeavesAnUncommittedTurn],
    an_activity_that_begins_too_early_is_caught_on_azure: EagerActivities on Azure => [NothingLeavesAnUncommittedTurn],
    a_forged_result_is_found_out: ForgesResults on Memory => [RecordedResultsHappened],
    a_wrong_result_is_wrong: WrongResults on Memory => [ResultIsRight],
    an_event_that_lost_a_race_and_is_kept_is_missed_on_memory: KeepsLosers on Memory => [EverythingEnds],
    an_event_that_lost_a_race_and_is_kept_is_missed_on_azure: KeepsLosers on Azure => [EverythingEnds],
    an_event_that_no_generation_has_any_more_is_missed: DropsWaiting on Memory => [NoEventIsLost],
    a_message_that_hits_a_later_life_is_seen_on_memory: ForgetsAddressees on Memory => [MessagesMeanOneExecution],
    a_message_that_hits_a_later_life_is_seen_on_azure: ForgetsAddressees on Azure => [MessagesMeanOneExecution],
    a_parent_that_is_not_told_of_a_lost_child_is_seen: HidesGoneChildren on Memory => [WhoWaitsIsAnswered],
    a_detached_child_that_never_begins_is_missed_on_memory: LosesDetached on Memory => [WhatIsDetachedBegins],
    a_detached_child_that_never_begins_is_missed_on_azure: LosesDetached on Azure => [WhatIsDetachedBegins],
    a_purge_of_what_is_anothers_is_seen: PurgesAlike on Azure => [PurgesSpareOthers],
    an_event_that_comes_twice_is_counted: RepeatsEvents on Memory => [EventsAreTakenOnce],
    what_waits_for_a_lost_message_does_not_end: LosesMessages on Azure => [EverythingEnds],
    a_message_that_is_never_deleted_is_left: KeepsMessages on Azure => [NothingIsLeft],
    a_blob_that_is_never_deleted_is_left: KeepsBlobs on Azure => [NothingIsLeft],
    a_lease_that_nobody_gets_back_is_missed: KeepsLeases on Azure => [EverythingEnds],
    a_run_without_end_is_ended: NoPatience on Azure => [EverythingEnds],
    an_instance_that_is_held_is_seen: NoComponent on Memory => [NobodyIsHeld],
    a_guest_that_decides_otherwise_later_is_found: Nondeterminism on Memory => [HistoryReplays],
    a_shard_that_dies_is_noticed: Panics on Memory => [NobodyPanics],
}
