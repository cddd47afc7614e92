//! What a work item led to, for human eyes.

use std::fmt::Write as _;

use crate::text::render_history;
use crate::{ActivityTask, EngineRevision, HistoryChange, InstanceState, LogLine, OutboxMessage, TurnOutcome};

/// One line per event, message, activity, cancellation and log line, and one for the state.
///
/// The newest engine revision is left out: specifications are of the newest rules.
pub fn render_outcome(outcome: &TurnOutcome) -> String {
    let TurnOutcome {
        history,
        state,
        state_changed,
        wake_at,
        has_open_activities,
        outbox,
        activities,
        canceled,
        logs,
        carried_over: _,
        replaced: _,
    } = outcome;
    let mut text = String::new();
    if let HistoryChange::Replace { .. } = history {
        text.push_str("replaces the history\n");
    }
    text.push_str(&without_newest_revision(&render_history(history.events())));
    let mut line = |line: std::fmt::Arguments<'_>| writeln!(text, "{line}").expect("writing to a String cannot fail");
    for OutboxMessage { to, message } in outbox {
        line(format_args!("-> {to}: {message}"));
    }
    for ActivityTask { instance_id: _, execution_id: _, task, attempt, name, input, trace_context: _ } in activities {
        match input {
            Some(input) => line(format_args!("begin {task}#{attempt} {name} {input:?}")),
            None => line(format_args!("begin {task}#{attempt} {name}")),
        }
    }
    for task in canceled {
        line(format_args!("interrupt {task}"));
    }
    for LogLine { level, message } in logs {
        line(format_args!("log {level:?}: {message}"));
    }
    let unchanged = if *state_changed { "" } else { " (as before)" };
    let wake = wake_at.map_or(String::new(), |at| format!(" wake_at={at}"));
    let busy = if *has_open_activities { " busy" } else { "" };
    line(format_args!("= {}{unchanged}{wake}{busy}", render_state(state)));
    text
}

pub(super) fn without_newest_revision(text: &str) -> String {
    text.replace(&format!(" engine_revision={}", EngineRevision::NEWEST), "")
}

fn render_state(state: &InstanceState) -> String {
    let mut text = state.status.name().to_owned();
    let mut field = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(text, " {name}={value}").expect("writing to a String cannot fail");
        }
    };
    field("output", state.output.as_ref().map(|output| format!("{output:?}")));
    field("failure", state.failure.as_ref().map(|failure| failure.kind.clone()));
    field("custom_status", state.custom_status.as_ref().map(|status| format!("{status:?}")));
    field("generation", (state.generation > 0).then(|| state.generation.to_string()));
    text
}
