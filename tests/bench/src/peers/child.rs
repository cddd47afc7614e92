//! A program of another engine, which ends when its standard input does.

use std::fs;
use std::ops::Sub;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::process;

/// What it takes at most to end. Restate's server is killed, duroxide waits a second for its threads.
const END_LIMIT: Duration = Duration::from_secs(10);

/// How often to look whether it has ended.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// Processes below the first one. Nobody has more than one.
const DESCENDANTS_MAX: usize = 16;

/// A running program; ended when dropped, and also when this process is killed.
pub(super) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
}

/// What a program and those that it started have used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    pub(super) cpu: Duration,
    pub(super) bytes_written: u64,
}

impl Program {
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut child = command.stdin(Stdio::piped()).spawn().with_context(|| format!("starting {name}"))?;
        let stdin = child.stdin.take();
        Ok(Self { child, stdin })
    }

    /// What it reads.
    pub(super) fn stdin(&mut self) -> Result<&mut ChildStdin> {
        self.stdin.as_mut().context("the program has no input")
    }

    /// What it says, if that was asked for; only once.
    pub(super) fn stdout(&mut self) -> Result<ChildStdout> {
        self.child.stdout.take().context("the program has no output")
    }

    /// Fails if it has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("it ended with {status}"),
        }
    }

    pub(super) fn usage(&self) -> Result<Usage> {
        let mut usage = Usage::default();
        let mut processes = vec![self.child.id().to_string()];
        let mut next = 0;
        while let Some(process) = processes.get(next).cloned() {
            usage.cpu += process::cpu_of(&process)?;
            usage.bytes_written += process::bytes_written_of(&process)?;
            processes.extend(children(&process)?);
            if processes.len() > DESCENDANTS_MAX {
                bail!("an engine has more than {DESCENDANTS_MAX} processes");
            }
            next += 1;
        }
        Ok(usage)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stdin = None;
        let deadline = Instant::now() + END_LIMIT;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                // It may have ended meanwhile, which is as good.
                let _ = self.child.kill();
                let _ = self.child.wait();
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, before: Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            bytes_written: self.bytes_written.saturating_sub(before.bytes_written),
        }
    }
}

/// Processes that any of its threads has started.
fn children(process: &str) -> Result<Vec<String>> {
    let threads = format!("/proc/{process}/task");
    let mut children = Vec::new();
    for thread in fs::read_dir(&threads).with_context(|| format!("reading {threads}"))? {
        // A thread may have ended since it was listed; its children are another's now.
        if let Ok(text) = fs::read_to_string(thread?.path().join("children")) {
            children.extend(text.split_whitespace().map(str::to_owned));
        }
    }
    Ok(children)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdout(Stdio::piped());
        command
    }

    #[test]
    fn what_a_program_of_a_program_uses_is_counted() -> Result<()> {
        use std::io::{BufRead as _, BufReader};
        // The inner shell works until it has used a measurable time, and then waits.
        let inner = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo ready; cat";
        let mut program = Program::start(&mut shell(&format!("sh -c '{inner}'; true")))?;
        let mut line = String::new();
        BufReader::new(program.stdout()?).read_line(&mut line)?;
        assert_eq!(line, "ready\n");
        let first = process::cpu_of(&program.child.id().to_string())?;
        assert!(program.usage()?.cpu > first);
        Ok(())
    }

    #[test]
    fn a_program_that_has_ended_is_an_error_with_its_code() -> Result<()> {
        let mut program = Program::start(&mut shell("exit 3"))?;
        program.child.wait()?;
        let error = program.check().expect_err("it has ended");
        assert_eq!(error.to_string(), "it ended with exit status: 3");
        Ok(())
    }
}
