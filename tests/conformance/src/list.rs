//! Which cases there are, and tests made of them.

/// Calls a macro with all cases, by module.
#[macro_export]
macro_rules! for_all_cases {
    ($then:ident $($arguments:tt)*) => {
        $crate::$then! {
            $($arguments)*
            activity_queue {
                what_was_offered_is_taken_once_and_as_it_was
                no_more_are_taken_than_asked_for
                a_finished_activity_is_gone_and_its_instance_has_the_result
                finishing_or_giving_back_what_is_not_in_hand_does_nothing
                a_result_for_nobody_is_dropped
                what_was_given_back_is_taken_again
                what_a_dead_host_had_taken_or_left_is_taken_by_another
                a_waiting_take_answers_when_something_is_offered
                dropping_a_waiting_take_loses_nothing
                two_takes_never_get_the_same_activity
                a_shutdown_ends_taking_and_keeps_what_was_left
            }
            changed {
                what_has_changed_already_is_answered_at_once
                what_changes_is_answered_then
                the_end_of_an_instance_is_answered
                the_start_of_a_successor_is_a_change
                a_message_alone_or_another_instance_is_no_change
                no_change_is_missed_by_many_who_wait
                one_who_no_longer_waits_harms_nobody
            }
            commit {
                a_committed_turn_is_seen_whole
                every_field_of_the_row_is_kept
                the_answered_token_carries_the_next_turn
                without_a_change_of_the_row_only_its_time_moves
                of_two_hosts_with_the_same_token_only_one_commits
                a_stale_commit_changes_nothing
                the_messages_of_a_stale_commit_are_handed_out_again
                a_stale_commit_without_events_consumes_nothing
                a_commit_of_an_instance_that_never_was_is_stale
                a_commit_of_a_purged_instance_is_stale
                no_token_of_a_purged_instance_fits_its_successor
                a_token_of_nobodys_making_is_stale
                events_that_do_not_continue_the_history_are_refused_for_good
                a_turn_may_leave_the_history_alone
                continuing_as_new_replaces_the_history
                only_messages_of_the_instance_itself_are_consumed
                many_commits_at_once_all_succeed
            }
            components {
                what_was_deployed_is_kept
                the_component_deployed_last_comes_first
                a_component_that_is_too_large_is_refused_for_good
                a_large_component_is_kept
            }
            crash {
                whatever_was_answered_is_there_after_a_crash
                a_life_with_a_crash_after_every_step_is_the_same_life
            }
            create {
                a_new_instance_is_pending_and_gets_its_start
                an_instance_that_has_not_ended_is_never_replaced
                refuse_refuses_even_what_has_ended
                an_ended_instance_is_replaced_and_keeps_its_history_until_the_first_commit
                a_replacement_makes_older_tokens_stale
                a_replacement_ends_the_wake_ups_of_the_old_one
                what_waits_for_a_replaced_instance_comes_before_its_start
                a_replacement_lets_a_held_instance_go
                a_full_backlog_refuses_clients_but_not_turns
            }
            fetch {
                a_message_is_handed_out_once
                newer_messages_go_out_while_older_ones_are_in_hand
                no_more_work_items_than_asked_for_each_of_another_instance
                many_messages_of_one_instance_come_in_order_in_several_work_items
                nobody_waits_forever
                abandoned_messages_come_back_after_a_rest_with_what_came_meanwhile
                a_commit_ends_the_rest
                an_abandoned_wake_up_comes_back_after_a_rest
                what_was_consumed_is_not_taken_back
                giving_back_twice_hands_out_once
                giving_back_the_work_of_a_purged_instance_does_nothing
                a_waiting_fetch_answers_when_something_is_sent
                a_waiting_fetch_answers_when_abandoned_work_has_rested
                dropping_a_waiting_fetch_loses_nothing
                two_fetches_never_get_the_same_message
            }
            hold {
                a_held_instance_shows_why_and_keeps_everything
                a_held_instance_is_not_handed_out
                messages_of_a_held_instance_may_be_given_back
                holding_needs_the_stored_token
                released_messages_all_go_out_again
                several_released_at_once_all_get_their_messages
                who_gives_back_what_was_taken_from_him_delays_nobody
                a_released_instance_without_messages_is_woken
                a_released_instance_is_still_woken_later
                a_release_may_pin_another_component
                an_instance_that_is_not_held_is_migrated
                releasing_what_is_not_held_without_a_component_does_nothing
                an_unknown_instance_is_not_released
                a_held_instance_can_be_held_and_released_again
                a_failed_instance_can_be_migrated_before_a_rewind
            }
            outbox {
                a_start_creates_a_pending_instance
                a_start_without_a_parent_creates_a_pending_instance
                a_start_without_a_parent_replaces_an_ended_instance
                a_start_replaces_an_ended_instance
                a_repeated_start_of_an_ended_execution_is_merely_delivered
                a_repeated_start_of_what_has_continued_as_new_since_is_merely_delivered
                a_start_of_an_instance_that_has_not_ended_is_delivered
                other_messages_to_nobody_are_dropped
                a_parent_that_asks_nobody_is_answered
                a_message_of_a_turn_keeps_the_execution_that_it_names
                other_messages_reach_an_ended_instance
                messages_keep_their_order_and_may_be_to_oneself
                a_message_behind_a_start_reaches_the_new_instance
                what_was_sent_survives_a_crash
            }
            payload {
                payloads_of_megabytes_are_kept_everywhere
                instances_with_large_payloads_are_all_listed
                a_page_of_a_history_is_bounded_in_bytes
                a_payload_may_be_any_text
                no_payload_is_not_an_empty_payload
                an_instance_id_may_be_any_text_that_is_one
            }
            purge {
                a_purged_instance_is_gone_with_everything
                a_purge_answers_a_parent_that_was_waiting
                what_was_for_a_purged_instance_names_none_that_comes_after_it
                a_purge_spares_those_whose_ids_are_alike
                an_instance_that_has_not_ended_is_not_purged
                the_successor_of_a_purged_instance_begins_empty_and_above_it
                purging_by_filter_spares_what_does_not_match
                purging_by_filter_takes_any_number
            }
            query {
                what_does_not_exist_is_not_found
                the_newest_comes_first
                pages_of_any_size_show_everything_once
                the_last_page_says_so
                what_comes_and_goes_between_pages_disturbs_nobody_else
                filters_choose
                a_prefix_at_the_end_of_the_alphabet_works
                a_page_has_a_limit
                a_made_up_continuation_is_refused_for_good
                a_history_is_read_in_any_portions
            }
            restart {
                unconsumed_messages_are_handed_out_again
                an_instance_with_open_activities_is_woken_once_and_only_after_a_restart
                open_activities_and_messages_are_one_work_item
                wake_ups_are_kept
                what_became_due_meanwhile_is_handed_out
                tokens_stay_valid
                no_token_is_used_twice_across_a_restart
                new_messages_come_after_old_ones
            }
            send {
                messages_arrive_in_the_order_they_were_sent
                every_kind_of_message_arrives_as_it_was_sent
                a_message_is_for_the_execution_that_was_there_when_it_was_accepted
                a_message_for_a_later_generation_names_the_first
                an_ended_instance_takes_a_termination_of_its_children
                a_message_for_an_earlier_execution_is_never_made_one_for_the_next
                an_unknown_instance_is_not_found
                an_ended_instance_takes_no_message_and_shows_its_row
                only_a_failed_instance_can_be_rewound
            }
            shutdown {
                a_waiting_fetch_and_later_ones_answer_with_nothing
                what_is_ready_stays_for_the_next_process
                other_calls_are_not_done_any_more
                what_was_begun_before_is_finished
            }
            wake {
                an_instance_is_woken_when_its_time_has_come_and_once
                a_time_in_the_past_is_now
                a_later_commit_replaces_the_wake_up
                a_commit_takes_back_a_wake_up_that_is_owed
                the_far_future_comes_too
                the_end_of_time_never_comes
                a_wake_up_and_messages_are_one_work_item
                a_waiting_fetch_answers_when_the_time_comes
                an_earlier_wake_up_wakes_a_fetch_that_waits_for_a_later_one
                many_wake_ups_are_all_handed_out
                an_ended_instance_is_not_woken_unless_it_asked
            }
        }
    };
}

/// Makes a test of every case. The argument names a function without arguments that answers with a
/// [`Factory`](crate::Factory).
#[macro_export]
macro_rules! conformance_tests {
    ($factory:ident) => {
        $crate::for_all_cases! { tests_of_cases $factory }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_cases {
    ($factory:ident $($module:ident { $($case:ident)* })*) => {
        $(
            mod $module {
                $crate::tests_of_module! { $factory $module $($case)* }
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! tests_of_module {
    ($factory:ident $module:ident $($case:ident)*) => {
        $(
            #[tokio::test]
            async fn $case() {
                $crate::run(super::$factory(), $crate::cases::$module::$case).await;
            }
        )*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! names_of_cases {
    ($($module:ident { $($case:ident)* })*) => {
        [$($((stringify!($module), stringify!($case)),)*)*]
    };
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    #[test]
    fn no_case_is_forgotten() {
        let listed = for_all_cases! { names_of_cases };
        let listed: BTreeSet<_> =
            listed.into_iter().map(|(module, case)| (module.to_owned(), case.to_owned())).collect();
        let mut written = BTreeSet::new();
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cases")).unwrap() {
            let path = entry.unwrap().path();
            let module = path.file_stem().unwrap().to_str().unwrap().to_owned();
            for line in fs::read_to_string(&path).unwrap().lines() {
                if let Some(rest) = line.strip_prefix("pub async fn ") {
                    written.insert((module.clone(), rest.split('(').next().unwrap().to_owned()));
                }
            }
        }
        assert_eq!(listed, written);
    }
}
