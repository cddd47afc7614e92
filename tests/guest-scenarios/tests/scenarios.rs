//! Every scenario on every language's component.

use std::sync::OnceLock;

use anyhow::{Result, anyhow, ensure};
use guest_scenarios::{Language, inspect, load, read_all, run};
use libtest_mimic::{Arguments, Failed, Trial};
use wasm::LoadedComponent;

/// What every component offers, as the README beside the scenarios lists it.
const README: &str = include_str!("../../guests/scenarios/README.md");

/// One per language, loaded when the first test needs it.
static COMPONENTS: [OnceLock<Result<LoadedComponent>>; Language::ALL.len()] = [const { OnceLock::new() }; _];

fn main() -> Result<()> {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for language in Language::ALL {
        for scenario in read_all(language)? {
            let name = scenario.name.clone();
            trials.push(trial(language, &name, move || run(&scenario, component(language)?)));
        }
        trials.push(trial(language, "offers_what_the_scenarios_need", move || offers(language)));
        trials.push(trial(language, "imports_nothing_that_is_real", move || imports(language)));
    }
    trials.push(Trial::test("everything_that_is_offered_has_a_scenario", || covered().map_err(failed)));
    libtest_mimic::run(&arguments, trials).exit()
}

fn trial(language: Language, name: &str, check: impl FnOnce() -> Result<()> + Send + 'static) -> Trial {
    Trial::test(format!("{language}::{name}"), move || check().map_err(failed))
}

fn component(language: Language) -> Result<&'static LoadedComponent> {
    let component = COMPONENTS[language as usize].get_or_init(|| load(language));
    component.as_ref().map_err(|error| anyhow!("{error:#}"))
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err hands in")]
fn failed(error: anyhow::Error) -> Failed {
    format!("{error:#}").into()
}

/// The names in the first column of the tables below a heading, those of other languages left out.
fn listed(heading: &str, language: Language) -> impl Iterator<Item = String> {
    let section = README.split("\n## ").find(|section| section.starts_with(heading)).unwrap_or_default();
    let except = move |line: &str| match language {
        Language::Rust => line.contains("ot in Rust and C"),
        Language::C => line.contains("ot in Rust and C") || line.contains("Not in C.") || line.contains("C may leave"),
        Language::TypeScript | Language::Python | Language::Go => false,
    };
    section
        .lines()
        .filter(move |line| !except(line))
        .filter_map(|line| line.strip_prefix("| `").or_else(|| line.strip_prefix("**`"))?.split('`').next())
        .map(move |name| name.replace("<lang>", language.name()))
}

fn offers(language: Language) -> Result<()> {
    let inspection = inspect(language)?;
    for (heading, offered) in [("Activities", &inspection.activities), ("Orchestrations", &inspection.orchestrations)] {
        let mut missing: Vec<_> = listed(heading, language).collect();
        ensure!(missing.len() >= 5, "the README lists no {heading}");
        missing.retain(|name| !offered.iter().any(|definition| definition.name == *name));
        ensure!(missing.is_empty(), "{heading} that are missing: {missing:?}");
    }
    Ok(())
}

fn imports(language: Language) -> Result<()> {
    let inspection = inspect(language)?;
    let is_virtual = |import: &String| language.imports_virtual_wasi() && import.starts_with("wasi:");
    let real: Vec<_> = inspection.imports.iter().filter(|import| !is_virtual(import)).collect();
    ensure!(real.is_empty(), "{real:?}");
    ensure!(inspection.deployable, "{:?}", inspection.reasons);
    Ok(())
}

/// For a language that leaves nothing out.
fn covered() -> Result<()> {
    let scenarios = read_all(Language::Go)?;
    let executed = |name: &str| {
        scenarios.iter().any(|scenario| scenario.execution.as_ref().is_some_and(|execution| execution.name == name))
    };
    let called = |name: &str| scenarios.iter().flat_map(|scenario| &scenario.calls).any(|call| call.task.name == name);
    let orchestrations = listed("Orchestrations", Language::Go).filter(|name| !executed(name));
    let activities = listed("Activities", Language::Go).filter(|name| !called(name));
    let missing: Vec<_> = orchestrations.chain(activities).collect();
    ensure!(missing.is_empty(), "without a scenario: {missing:?}");
    Ok(())
}
