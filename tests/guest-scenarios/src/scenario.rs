//! Scenario files.

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use engine::text::parse_history;
use engine::{ActivityTask, Event, EventKind, Execution, ExecutionId, InstanceId, TaskId, Turn};

use crate::{Language, repository};

const EXECUTION: [u8; 16] = 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff_u128.to_be_bytes();
const INSTANCE: &str = "scenario-1";

/// What one orchestration decides, or what some activities return.
pub struct Scenario {
    /// The name of its file.
    pub name: String,
    languages: Vec<Language>,
    /// What `start` is given; none in a scenario of activities.
    pub execution: Option<Execution>,
    /// What `start` answers, when that is a failure.
    pub start_failed: Option<String>,
    /// Turn by turn.
    pub steps: Vec<Step>,
    /// Activities, each on its own.
    pub calls: Vec<Call>,
}

/// A turn, and what is expected of it.
pub struct Step {
    /// The turn.
    pub turn: Turn,
    /// The actions, as lines.
    pub actions: Vec<String>,
}

/// An attempt of an activity, and what is expected of it.
pub struct Call {
    /// The attempt.
    pub task: ActivityTask,
    /// How it ends, as a line.
    pub result: String,
}

/// All scenarios that are meant for a language, sorted by name.
///
/// # Errors
/// A file cannot be read, or is not in the form of a scenario; the message names its line.
pub fn read_all(language: Language) -> Result<Vec<Scenario>> {
    let folder = repository().join("tests/guests/scenarios");
    let mut scenarios = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("reading {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "scenario") {
            let name = path.file_stem().and_then(|stem| stem.to_str()).context("a file name is not UTF-8")?;
            scenarios.push(Scenario::read(name, &fs::read_to_string(&path)?, language)?);
        }
    }
    scenarios.retain(|scenario| scenario.is_meant_for(language));
    scenarios.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(scenarios)
}

impl Scenario {
    /// Reads a scenario as it is for a language.
    ///
    /// # Errors
    /// It is not in the form of a scenario; the message names its line.
    pub fn read(name: &str, text: &str, language: Language) -> Result<Self> {
        let mut scenario = Self {
            name: name.to_owned(),
            languages: Language::ALL.to_vec(),
            execution: None,
            start_failed: None,
            steps: Vec::new(),
            calls: Vec::new(),
        };
        for (number, line) in
            expanded(&text.replace("{lang}", language.name())).with_context(|| format!("{name}.scenario"))?
        {
            scenario.add(&line).with_context(|| format!("{name}.scenario, line {number}: {line}"))?;
        }
        ensure!(
            scenario.execution.is_some() == scenario.calls.is_empty(),
            "{name}.scenario is about one orchestration, or about activities"
        );
        Ok(scenario)
    }

    fn is_meant_for(&self, language: Language) -> bool {
        self.languages.contains(&language)
    }

    fn add(&mut self, line: &str) -> Result<()> {
        let words = || line.split_whitespace().skip(1).map(str::parse).collect::<Result<Vec<Language>>>();
        match line.split([' ', '=']).next().unwrap_or_default() {
            "except" => {
                let except = words()?;
                self.languages.retain(|language| !except.contains(language));
            }
            "only" => self.languages = words()?,
            "execution_started" => self.execution = Some(execution(line)?),
            "start_failed" => self.start_failed = Some(line.to_owned()),
            "at" => self.steps.push(Step { turn: turn(line)?, actions: Vec::new() }),
            "attempt" => self.calls.push(call(line)?),
            "" => self.expect(line.trim_start())?,
            _ => bail!("no line of a scenario begins like this"),
        }
        Ok(())
    }

    fn expect(&mut self, line: &str) -> Result<()> {
        match (self.steps.last_mut(), self.calls.last_mut()) {
            (Some(step), None) => step.actions.push(line.to_owned()),
            (None, Some(call)) if call.result.is_empty() => line.clone_into(&mut call.result),
            _ => bail!("nothing is expected here"),
        }
        Ok(())
    }
}

/// The lines that say something, with their numbers; repeated ones are written out.
fn expanded(text: &str) -> Result<Vec<(usize, String)>> {
    let mut lines = Vec::new();
    let mut repeated: Option<(usize, Vec<(usize, &str)>)> = None;
    for (number, line) in (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
    {
        match (&mut repeated, line.strip_prefix("repeat "), line) {
            (None, Some(times), _) => repeated = Some((times.trim().parse()?, Vec::new())),
            (Some((times, body)), _, "end") => {
                for i in 0..*times {
                    let filled =
                        |line: &str| line.replace("{i}", &i.to_string()).replace("{i+1}", &(i + 1).to_string());
                    lines.extend(body.iter().map(|(number, line)| (*number, filled(line))));
                }
                repeated = None;
            }
            (Some((_, body)), _, line) => body.push((number, line)),
            (None, None, line) => lines.push((number, line.to_owned())),
        }
    }
    ensure!(repeated.is_none(), "a repeat has no end");
    Ok(lines)
}

fn execution(line: &str) -> Result<Execution> {
    let started = parse_history(line)?.pop().context("nothing was started")?;
    let EventKind::ExecutionStarted(started) = started.kind else { bail!("this is no start") };
    let execution_id = if started.execution_id == ExecutionId::from_bytes([0; 16]) {
        ExecutionId::from_bytes(EXECUTION)
    } else {
        started.execution_id
    };
    Ok(Execution {
        instance_id: InstanceId::new(INSTANCE)?,
        execution_id,
        name: started.name,
        version: started.version,
        input: started.input,
        tags: started.tags,
        parent: started.parent,
    })
}

fn turn(line: &str) -> Result<Turn> {
    // A history names an event that was raised, a turn names the task that waits for it.
    let history = format!("orchestrator_started {line}").replace("event_raised task=", "event_raised name=");
    let mut events = parse_history(&history)?.into_iter();
    let now = events.next().context("a turn has a time")?.at;
    Ok(Turn { now, events: events.map(|event| told(event.kind)).collect::<Result<_>>()? })
}

/// What a guest is told of an event.
fn told(event: EventKind) -> Result<Event> {
    Ok(match event {
        EventKind::TaskCompleted { task, output } => Event::ActivityCompleted { task, output },
        EventKind::TaskFailed { task, failure } => Event::ActivityFailed { task, failure },
        EventKind::TimerFired { task } => Event::TimerFired { task },
        EventKind::SubOrchestrationCompleted { task, output } => Event::ChildCompleted { task, output },
        EventKind::SubOrchestrationFailed { task, failure, .. } => Event::ChildFailed { task, failure },
        EventKind::EventRaised { name, data, key: _ } => Event::EventRaised { task: TaskId(name.parse()?), data },
        other => bail!("guests are not told of {}", other.name()),
    })
}

fn call(line: &str) -> Result<Call> {
    let (attempt, scheduled) = line.split_once('|').context("an attempt is followed by what was scheduled")?;
    let attempt = attempt.trim().trim_start_matches("attempt=").parse()?;
    let scheduled = parse_history(scheduled)?.pop().context("nothing was scheduled")?;
    let EventKind::TaskScheduled { task, name, input, retry: None } = scheduled.kind else {
        bail!("only activities have attempts here");
    };
    let task = ActivityTask {
        instance_id: InstanceId::new(INSTANCE)?,
        execution_id: ExecutionId::from_bytes(EXECUTION),
        task,
        attempt,
        name,
        input,
        trace_context: None,
    };
    Ok(Call { task, result: String::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Scenario::read("x", text, Language::Rust).err().map_or_else(String::new, |error| format!("{error:#}"))
    }

    #[test]
    fn repeated_lines_count() {
        let text =
            "execution_started name=a\nrepeat 2\nat={i+1}s | timer_fired task={i}\n  timer_created task={i+1}\nend";
        let scenario = Scenario::read("x", text, Language::Rust).unwrap();
        let steps: Vec<_> = scenario.steps.iter().map(|step| (step.turn.now.as_millis(), &*step.actions[0])).collect();
        assert_eq!(steps, [(1_000, "timer_created task=1"), (2_000, "timer_created task=2")]);
        assert_eq!(scenario.steps[1].turn.events, [Event::TimerFired { task: TaskId(1) }]);
    }

    #[test]
    fn an_event_names_the_task_that_waits_for_it() {
        let turn = turn("at=5ms | event_raised task=3 data='1'").unwrap();
        assert_eq!(turn.events, [Event::EventRaised { task: TaskId(3), data: Some("1".into()) }]);
    }

    #[test]
    fn what_is_no_scenario_is_refused_with_its_line() {
        assert!(error("execution_started name=a\nat=1s | task_canceled task=1").contains("line 2"));
        assert!(error("except cobol").contains("there is no SDK for cobol"));
        assert!(error("execution_started name=a\n  timer_fired task=1").contains("nothing is expected here"));
        assert!(error("repeat 2\nat=1s").contains("a repeat has no end"));
        assert!(error("").contains("is about one orchestration"));
    }
}
