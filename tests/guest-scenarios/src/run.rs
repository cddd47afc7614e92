//! A scenario on a component, in every way in which the host may run it.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail, ensure};
use engine::{Action, EventKind, Execution, Guest, GuestError, Payload, Turn};
use wasm::{Grants, LoadedComponent};

use crate::line::{fits, of_action};
use crate::scenario::{Call, Scenario, Step};

/// Of longer scenarios, only so many evictions are tried: replaying is quadratic in their number.
const EVICTIONS_MAX: usize = 24;

/// Runs a scenario and compares what is decided with what is expected.
///
/// Turn by turn, in one call, evicted before the turns, and all of it twice.
///
/// # Errors
/// The first thing that is not as expected, with what surrounds it.
pub fn run(scenario: &Scenario, component: &LoadedComponent) -> Result<()> {
    for call in &scenario.calls {
        check_call(call, component)?;
    }
    let Some(execution) = &scenario.execution else { return Ok(()) };
    // A shard of the host is a task, and its guests run in the middle of it.
    let shard = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    shard.block_on(async { check_orchestration(scenario, execution, component) })
}

fn check_orchestration(scenario: &Scenario, execution: &Execution, component: &LoadedComponent) -> Result<()> {
    if let Some(expected) = &scenario.start_failed {
        return check_start(expected, execution, component);
    }
    let turns: Vec<Turn> = scenario.steps.iter().map(|step| step.turn.clone()).collect();
    let fresh = || component.start(execution).context("`start` failed");
    let warm = one_by_one(&mut *fresh()?, &turns)?;
    check_steps(&scenario.steps, &warm)?;
    for round in ["the first", "the second"] {
        let again = one_by_one(&mut *fresh()?, &turns)?;
        compare(&warm, &again).with_context(|| format!("{round} run again on a warm guest"))?;
        let at_once = fresh()?.run(&turns)?;
        compare(&warm, &at_once).with_context(|| format!("{round} replay in one call"))?;
        for evicted_at in evictions(turns.len()) {
            // A cold guest gets the history and the new turn in one call; it is warm for the next one.
            let (replayed, later) = turns.split_at(evicted_at);
            let mut guest = fresh()?;
            let mut answers = guest.run(replayed)?;
            answers.extend(one_by_one(&mut *guest, later)?);
            compare(&warm, &answers)
                .with_context(|| format!("{round} run that was evicted before turn {}", evicted_at - 1))?;
        }
    }
    Ok(())
}

fn one_by_one(guest: &mut dyn Guest, turns: &[Turn]) -> Result<Vec<Vec<Action>>> {
    let mut answers = Vec::with_capacity(turns.len());
    for (index, turn) in turns.iter().enumerate() {
        let answer = guest.run(std::slice::from_ref(turn)).with_context(|| format!("turn {index}"))?;
        ensure!(answer.len() == 1, "turn {index} was answered with {} lists of actions", answer.len());
        answers.extend(answer);
    }
    Ok(answers)
}

/// How many turns a guest is given at once before it goes on: all numbers, or the first, the last and some between.
fn evictions(turns: usize) -> Vec<usize> {
    let step = turns.div_ceil(EVICTIONS_MAX).max(1);
    let mut evictions: Vec<_> = (1..=turns).step_by(step).chain([turns.saturating_sub(1), turns]).collect();
    evictions.retain(|&at| at > 0);
    evictions.sort_unstable();
    evictions.dedup();
    evictions
}

fn check_steps(steps: &[Step], answers: &[Vec<Action>]) -> Result<()> {
    for (index, (step, answer)) in steps.iter().zip(answers).enumerate() {
        let actual: Vec<_> = answer.iter().map(of_action).collect();
        let is_as_expected = step.actions.len() == actual.len()
            && step.actions.iter().zip(&actual).all(|(expected, actual)| fits(expected, actual));
        ensure!(is_as_expected, "turn {index} (at {}):\n{}", step.turn.now, difference(&step.actions, &actual));
    }
    Ok(())
}

/// Lines as expected, with those that are missing and those that are too many.
fn difference(expected: &[String], actual: &[String]) -> String {
    let mut text = String::new();
    for index in 0..expected.len().max(actual.len()) {
        match (expected.get(index), actual.get(index)) {
            (Some(expected), Some(actual)) if fits(expected, actual) => writeln!(text, "    {actual}"),
            (expected, actual) => {
                let lines = expected.map(|line| format!("  - {line}\n")).into_iter();
                let lines: String = lines.chain(actual.map(|line| format!("  + {line}\n"))).collect();
                write!(text, "{lines}")
            }
        }
        .expect("writing to a String cannot fail");
    }
    text
}

/// What was decided before against what is decided now.
fn compare(before: &[Vec<Action>], now: &[Vec<Action>]) -> Result<()> {
    ensure!(before.len() == now.len(), "{} turns were answered, and now {}", before.len(), now.len());
    for (index, (before, now)) in before.iter().zip(now).enumerate() {
        if before != now {
            let lines = |actions: &[Action]| actions.iter().map(of_action).collect::<Vec<_>>();
            bail!("turn {index} is decided differently:\n{}", difference(&lines(before), &lines(now)));
        }
    }
    Ok(())
}

fn check_start(expected: &str, execution: &Execution, component: &LoadedComponent) -> Result<()> {
    for _ in 0..2 {
        let failure = match component.start(execution) {
            Ok(_) => bail!("it has started:\n  - {expected}"),
            Err(GuestError::Failed(failure)) => failure,
            Err(error) => return Err(error.into()),
        };
        let actual = EventKind::ExecutionFailed { failure }.to_string().replace("execution_failed", "start_failed");
        ensure!(fits(expected, &actual), "\n{}", difference(&[expected.to_owned()], &[actual]));
    }
    Ok(())
}

fn check_call(call: &Call, component: &LoadedComponent) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result: Result<Option<Payload>, _> = runtime.block_on(component.run_activity(&call.task, &Grants::default()));
    let task = call.task.task;
    let actual = match result {
        Ok(output) => EventKind::TaskCompleted { task, output },
        Err(failure) => EventKind::TaskFailed { task, failure },
    }
    .to_string();
    ensure!(
        fits(&call.result, &actual),
        "{} with {:?}:\n{}",
        call.task.name,
        call.task.input,
        difference(std::slice::from_ref(&call.result), &[actual])
    );
    Ok(())
}
