//! What an output must be, as far as it is known beforehand.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::guest::Edition;
use super::{Activity, FLAKY, Op, Program, Rival, filling, shown};

/// What an output told beside what was expected.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// The data of external events, as shown; each must have been sent, and be told once.
    pub(crate) events: Vec<String>,
    /// The edition of the last execution.
    pub(crate) edition: Option<Edition>,
}

/// What an output depends on, beside the program.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Expected {
    pub(crate) first_input_bytes: usize,
    /// A rewind lets activities run again whose failure was told right before the end; then they succeed.
    pub(crate) is_rewound: bool,
}

/// Compares the output of a program with what it must be.
///
/// # Errors
/// Where they differ.
pub(crate) fn compare(
    programs: &BTreeMap<String, Arc<Program>>,
    name: &str,
    output: &str,
    expected: Expected,
) -> Result<Told, String> {
    let program = programs.get(name).ok_or_else(|| format!("there is no program {name}"))?;
    let mut told = Told::default();
    let mut parts = split(output).into_iter();
    for generation in 0..program.generations {
        let mut next = || parts.next().ok_or_else(|| format!("it ends in generation {generation}: {output}"));
        let edition = next()?;
        let edition: Edition =
            edition.strip_prefix('v').and_then(|text| text.parse().ok()).ok_or_else(|| format!("edition {edition}"))?;
        told.edition = Some(edition);
        let bytes = if generation == 0 { expected.first_input_bytes } else { program.input_bytes };
        expect(next()?, &format!("i{}", shown(&filling(bytes, 1))))?;
        for number in (1..edition).rev() {
            expect(next()?, &format!("a:extra-{number}"))?;
        }
        for op in program.steps.iter().flatten() {
            op_told(programs, op, next()?, expected, &mut told)?;
        }
    }
    expect(parts.next().unwrap_or_default(), &format!("o{}", filling(program.output_bytes, 2)))?;
    match parts.next() {
        None => Ok(told),
        Some(more) => Err(format!("there is more: {}", shown(more))),
    }
}

/// The data of the external events that an output tells of; those that children have taken left out.
pub(crate) fn events(output: &str) -> Vec<String> {
    let parts = split(output).into_iter().filter(|part| !part.starts_with("c["));
    parts.flat_map(|part| part.split('+')).filter_map(|part| part.strip_prefix("e:")).map(str::to_owned).collect()
}

fn op_told(
    programs: &BTreeMap<String, Arc<Program>>,
    op: &Op,
    part: &str,
    expected: Expected,
    told: &mut Told,
) -> Result<(), String> {
    match op {
        Op::Run(activity)
            if activity.failures >= activity.attempts && !(expected.is_rewound && part.starts_with('a')) =>
        {
            expect(part, &format!("f:{FLAKY}"))
        }
        Op::Run(Activity { name, bytes, .. }) => expect(part, &format!("a:{}", shown(&Activity::output(name, *bytes)))),
        Op::Mend => expect(part, "a:mend"),
        Op::Sleep(_) => expect(part, "s"),
        Op::Child { is_detached: true, .. } => expect(part, "d"),
        // A client may have ended the child.
        Op::Child { .. } if part == "cf:terminated" => Ok(()),
        // Somebody else's instance had the id when the child was to be started again.
        Op::Child { .. } if part == "cf:instance-exists" && expected.is_rewound => Ok(()),
        Op::Child { program, .. } => {
            let output = part.strip_prefix("c[").and_then(|part| part.strip_suffix(']'));
            let output = output.ok_or_else(|| format!("`{}` instead of a child's output", shown(part)))?;
            let below = compare(programs, program, output, Expected { first_input_bytes: 0, ..expected })?;
            told.events.extend(below.events);
            Ok(())
        }
        Op::Race(..) if part == "t" => Ok(()),
        Op::Await(_) | Op::Race(..) => {
            let data = part.strip_prefix("e:").ok_or_else(|| format!("`{}` instead of an event", shown(part)))?;
            told.events.push(data.to_owned());
            Ok(())
        }
        Op::Contend(_, rival) => {
            let mut heard = part.split('+').map(|part| part.strip_prefix("e:").ok_or(part));
            let (first, second) = (heard.next(), heard.next());
            let is_right = match (rival, first, second) {
                (Rival::Event(_), Some(Ok(_)), Some(Ok(_)))
                | (Rival::Timer(_) | Rival::Activity(_), Some(Ok(_)), None) => true,
                (Rival::Timer(_), Some(Err(won)), Some(Ok(_))) => won == "t",
                (Rival::Activity(_), Some(Err(won)), Some(Ok(_))) => won == "r",
                _ => false,
            };
            if !is_right || heard.next().is_some() {
                return Err(format!("`{}` of what competes", shown(part)));
            }
            told.events.extend([first, second].into_iter().flatten().filter_map(Result::ok).map(str::to_owned));
            Ok(())
        }
        Op::Tell(_) => expect(part, "w"),
    }
}

fn expect(part: &str, expected: &str) -> Result<(), String> {
    if part == expected {
        return Ok(());
    }
    Err(format!("`{}` instead of `{}`", shown(part), shown(expected)))
}

/// The parts of an output; those of children stay together.
fn split(output: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut begin) = (Vec::new(), 0_u32, 0);
    for (index, byte) in output.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b';' if depth == 0 => {
                parts.push(&output[begin..index]);
                begin = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&output[begin..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(steps: Vec<Vec<Op>>) -> BTreeMap<String, Arc<Program>> {
        let child = Program { steps: vec![vec![Op::Await("x".into())]], generations: 1, ..Program::default() };
        let main = Program { steps, generations: 2, ..Program::default() };
        BTreeMap::from([("main".into(), Arc::new(main)), ("child".into(), Arc::new(child))])
    }

    #[test]
    fn the_right_output_tells_its_events_and_its_edition() {
        let child = Op::Child { program: "child".into(), is_detached: false, has_own_id: false };
        let programs = programs(vec![vec![Op::Sleep(1), child]]);
        let output = "v1;i;s;c[v1;i;e:x 1;o];v2;i;a:extra-1;s;c[v1;i;e:x 2;o];o";
        let told = Told { events: vec!["x 1".into(), "x 2".into()], edition: Some(2) };
        assert_eq!(compare(&programs, "main", output, Expected::default()), Ok(told));
    }

    #[test]
    fn of_what_competes_every_event_is_told() {
        let rivals = [Rival::Event("y".into()), Rival::Timer(1), Rival::Activity(Activity::default())];
        let heard = |rival: &Rival, part: &str| {
            let programs = programs(vec![vec![Op::Contend("x".into(), rival.clone())]]);
            let output = format!("v1;i;{part};v1;i;{part};o");
            compare(&programs, "main", &output, Expected::default()).map(|told| told.events.len()).ok()
        };
        for (part, expected) in [
            ("e:1", [None, Some(2), Some(2)]),
            ("e:1+e:2", [Some(4), None, None]),
            ("t+e:1", [None, Some(2), None]),
            ("r+e:1", [None, None, Some(2)]),
            ("t", [None, None, None]),
        ] {
            assert_eq!(rivals.each_ref().map(|rival| heard(rival, part)), expected, "{part}");
        }
        assert_eq!(events("v1;i;t+e:1;c[e:2];e:3;o"), ["1", "3"]);
    }

    #[test]
    fn whatever_is_wrong_missing_or_too_much_is_found() {
        let programs = programs(vec![vec![Op::Sleep(1)]]);
        assert!(compare(&programs, "main", "v1;i;s;v1;i;s;o", Expected::default()).is_ok());
        for wrong in
            ["", "v1;i;s;o", "v1;i;s;v1;i;early;o", "v1;i;s;v1;i;s;o;o", "v1;i;s;v1;i;s;ox", "v1;i;s;v1;ix;s;o"]
        {
            assert!(compare(&programs, "main", wrong, Expected::default()).is_err(), "{wrong}");
        }
    }
}
