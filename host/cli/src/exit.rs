//! Exit codes, and errors that know theirs.

use std::process::ExitCode;

use api::ProblemDocument;

use crate::output;

/// Shown by `--help`; scripts rely on the numbers.
pub(crate) const HELP: &str = "\
Exit codes:
  0  done
  1  failed, or the file is not deployable
  2  the command line or the request is malformed
  3  there is no such instance, orchestration or component
  4  the orchestration that was waited for failed or was terminated
  5  the time to wait is over
  6  the server cannot be reached
  7  the state of the instance does not allow this";

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    Failed = 1,
    Usage = 2,
    NotFound = 3,
    EndedBadly = 4,
    TimedOut = 5,
    Unreachable = 6,
    Conflict = 7,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error that says how the process ends and what to do next. Others end as `Failed`.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) message: String,
    pub(crate) remedy: Option<String>,
    /// What clients of the API branch on, when the server said it.
    pub(crate) code: Option<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), remedy: None, code: None }
    }

    pub(crate) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }
}

impl From<ProblemDocument> for Failure {
    fn from(problem: ProblemDocument) -> Self {
        let exit = match problem.status {
            _ if problem.code == "orchestration-not-found" => Exit::NotFound,
            400 | 401 | 403 | 405 | 408 | 413 => Exit::Usage,
            404 => Exit::NotFound,
            409 | 410 | 412 => Exit::Conflict,
            _ => Exit::Failed,
        };
        Self { exit, message: problem.detail, remedy: Some(problem.remedy), code: Some(problem.code) }
    }
}

/// Tells a person about an error, on standard error.
pub(crate) fn report(error: &anyhow::Error) -> Exit {
    let failure = error.downcast_ref::<Failure>();
    let remedy = failure.and_then(|failure| failure.remedy.as_ref());
    let remedy = remedy.map(|remedy| format!("\n  {remedy}")).unwrap_or_default();
    output::say(&format!("error: {error:#}{remedy}"));
    failure.map_or(Exit::Failed, |failure| failure.exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_lists_every_code() {
        let codes = [
            Exit::Done,
            Exit::Failed,
            Exit::Usage,
            Exit::NotFound,
            Exit::EndedBadly,
            Exit::TimedOut,
            Exit::Unreachable,
            Exit::Conflict,
        ];
        for (line, exit) in HELP.lines().skip(1).zip(codes) {
            assert!(line.starts_with(&format!("  {}  ", exit as u8)), "{line}");
        }
        assert_eq!(HELP.lines().count(), 1 + codes.len());
    }
}
