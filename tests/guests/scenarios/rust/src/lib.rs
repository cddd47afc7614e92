//! The scenarios that every SDK must act out, in Rust. What each one does is said in `../README.md`.

mod activities;
mod orchestrations;

use orchestrations::{calls, children, failures, instance, relay, values, waits};

rondo::export! {
    orchestrations: [
        values::echo,
        values::call_echo,
        values::identity,
        values::now,
        values::random,
        values::not_serializable,
        calls::chain,
        calls::sequential,
        calls::fan_out,
        calls::parallel,
        calls::start_then_await,
        calls::retry,
        calls::retry_default,
        failures::call_fail,
        failures::catch_fail,
        failures::fail_with,
        failures::stalled,
        failures::all_fails,
        failures::settle_all,
        waits::timer,
        waits::timer_at,
        waits::wait_event,
        waits::wait_twice,
        waits::send_event,
        waits::timeout_event,
        waits::timeout_activity,
        waits::race,
        waits::race_mixed,
        waits::cancel,
        children::child,
        children::child_options,
        children::catch_child,
        children::detached,
        instance::custom_status,
        instance::logs,
        instance::countdown,
        instance::continue_options,
        instance::own_sources,
        relay::rust_relay,
    ],
    activities: [
        activities::add_one,
        activities::square,
        activities::echo,
        activities::flaky,
        activities::fail,
        activities::whoami,
        activities::rust_stamp,
    ],
}
