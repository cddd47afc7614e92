//! From a component to machine code, in a process of its own that is bounded in memory and time.
//!
//! What the compiler needs does not follow from the size of a file: one function with very many blocks, or many with
//! very many locals, takes gigabytes or minutes. A process can be ended without harm to the host, a thread cannot.
//! The code that the process answers is trusted like the host's own, as it is the same program of the same user.

mod child;

use std::io::{self, Read, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;

pub use self::child::compile;
use crate::limits::{COMPILER_CODE_BYTES_MAX, COMPILER_DEADLINE, COMPILER_SAYS_BYTES_MAX};

/// How often the process is looked at.
const PAUSE: Duration = Duration::from_millis(5);

/// The program that compiles. It calls [`compile`] with the limits that follow `args`.
#[derive(Debug, Clone)]
pub struct Compiler {
    /// Its file.
    pub program: PathBuf,
    /// What comes first on its command line.
    pub args: Vec<String>,
    /// Its environment, which has nothing of the host's: it needs none of the host's settings and secrets.
    pub env: Vec<(&'static str, &'static str)>,
    /// What it may have.
    pub limits: CompilerLimits,
}

/// What compiling one component may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CompilerLimits {
    /// Memory.
    pub memory_bytes_max: u64,
    /// Time to compute, over all threads.
    pub cpu_seconds_max: u64,
}

impl Default for CompilerLimits {
    /// Python's 18 MiB take 0.5 GiB and some ten seconds.
    fn default() -> Self {
        Self { memory_bytes_max: 4 * 1024 * 1024 * 1024, cpu_seconds_max: 300 }
    }
}

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CompileError {
    /// It is no WebAssembly, or none that this engine takes.
    #[error("{0}")]
    Invalid(String),
    /// It takes more than compiling may take.
    #[error("{0}")]
    TooCostly(String),
    /// The compiler could not be run, or broke.
    #[error("{0}")]
    Broken(String),
}

impl CompileError {
    fn io(error: &io::Error) -> Self {
        Self::Broken(format!("the compiler's process: {error}"))
    }
}

impl Compiler {
    /// Takes as long as the compiler does, at most [`COMPILER_DEADLINE`].
    pub(crate) fn run(&self, component: &[u8]) -> Result<Vec<u8>, CompileError> {
        self.run_within(component, COMPILER_DEADLINE)
    }

    fn run_within(&self, component: &[u8], deadline: Duration) -> Result<Vec<u8>, CompileError> {
        let mut child = self.start().map_err(|error| CompileError::io(&error))?;
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (ended, code, says) = thread::scope(|scope| {
            // A process that ends early takes no more, and says why in another way.
            scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(component)));
            let code = scope.spawn(move || read(stdout, COMPILER_CODE_BYTES_MAX));
            let says = scope.spawn(move || read(stderr, COMPILER_SAYS_BYTES_MAX));
            let ended = wait(&mut child, deadline);
            // The pipes have ended with the process.
            let joined = |read: thread::ScopedJoinHandle<'_, io::Result<Vec<u8>>>| {
                read.join().unwrap_or_else(|_| Err(io::Error::other("a thread of the host has panicked")))
            };
            (ended, joined(code), joined(says))
        });
        let says = says.map(|says| String::from_utf8_lossy(&says).trim().to_owned());
        let CompilerLimits { memory_bytes_max, cpu_seconds_max } = self.limits;
        let costly = |what: String| Err(CompileError::TooCostly(what));
        match ended.map_err(|error| CompileError::io(&error))? {
            None => costly(format!("more than {} s", deadline.as_secs())),
            Some(status) if status.success() => understand(code.map_err(|error| CompileError::io(&error))?),
            Some(status) if ended_by(status, Signal::XCPU) => {
                costly(format!("more than {cpu_seconds_max} s of computing"))
            }
            // Out of memory is SIGABRT, or SIGKILL by a kernel that has none left.
            Some(status) if ended_by(status, Signal::ABORT) || ended_by(status, Signal::KILL) => {
                costly(format!("more than {} MiB of memory", memory_bytes_max / (1024 * 1024)))
            }
            Some(_) if code.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::FileTooLarge) => {
                costly(format!("more than {} MiB of code", COMPILER_CODE_BYTES_MAX / (1024 * 1024)))
            }
            Some(status) => {
                Err(CompileError::Broken(format!("the compiler ended with {status}: {}", says.unwrap_or_default())))
            }
        }
    }

    fn start(&self) -> io::Result<Child> {
        let CompilerLimits { memory_bytes_max, cpu_seconds_max } = self.limits;
        Command::new(&self.program)
            .args(&self.args)
            .args([memory_bytes_max.to_string(), cpu_seconds_max.to_string()])
            .env_clear()
            .envs(self.env.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }
}

fn understand(mut answer: Vec<u8>) -> Result<Vec<u8>, CompileError> {
    match answer.first() {
        Some(&child::CODE) => {
            answer.remove(0);
            Ok(answer)
        }
        Some(&child::PROBLEM) => Err(CompileError::Invalid(String::from_utf8_lossy(&answer[1..]).into_owned())),
        _ => Err(CompileError::Broken("the compiler answers what this host does not understand".to_owned())),
    }
}

/// Reads all, and lets the writer fail that writes more than it may.
fn read(from: Option<impl Read>, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        from.take(bytes_max + 1).read_to_end(&mut bytes)?;
    }
    if bytes.len() as u64 > bytes_max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes) }
}

/// None: it was ended as it took too long.
fn wait(child: &mut Child, deadline: Duration) -> io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if started.elapsed() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(PAUSE);
    }
}

fn ended_by(status: ExitStatus, signal: Signal) -> bool {
    use std::os::unix::process::ExitStatusExt as _;

    status.signal() == Some(signal.as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str) -> Result<Vec<u8>, String> {
        let compiler = Compiler {
            program: "/bin/sh".into(),
            args: vec!["-c".to_owned(), script.to_owned(), "compiler".to_owned()],
            env: Vec::new(),
            limits: CompilerLimits { memory_bytes_max: 1024 * 1024, cpu_seconds_max: 7 },
        };
        compiler.run_within(b"component", Duration::from_secs(2)).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn the_answer_is_the_code() {
        assert_eq!(run(r#"printf '\000'; /bin/cat; echo " $1 $2""#), Ok(b"component 1048576 7\n".to_vec()));
        assert_eq!(run(r"printf '\000code'"), Ok(b"code".to_vec()), "also of one that does not read");
    }

    #[test]
    fn every_way_to_end_has_its_words() {
        let error = |script| run(script).unwrap_err();
        insta::assert_snapshot!(error(r"printf '\001bad magic'"), @r#"Invalid("bad magic")"#);
        insta::assert_snapshot!(error("kill -ABRT $$"), @r#"TooCostly("more than 1 MiB of memory")"#);
        insta::assert_snapshot!(error("kill -KILL $$"), @r#"TooCostly("more than 1 MiB of memory")"#);
        insta::assert_snapshot!(error("kill -XCPU $$"), @r#"TooCostly("more than 7 s of computing")"#);
        insta::assert_snapshot!(error("exec /bin/sleep 100"), @r#"TooCostly("more than 2 s")"#);
        insta::assert_snapshot!(error("echo hello"), @r#"Broken("the compiler answers what this host does not understand")"#);
        insta::assert_snapshot!(error("echo oh >&2; exit 9"), @r#"Broken("the compiler ended with exit status: 9: oh")"#);
    }

    #[test]
    fn a_compiler_that_is_not_there_is_no_fault_of_the_component() {
        let compiler = Compiler {
            program: "/does/not/exist".into(),
            args: Vec::new(),
            env: Vec::new(),
            limits: CompilerLimits::default(),
        };
        assert!(matches!(compiler.run(b""), Err(CompileError::Broken(_))));
    }

    #[test]
    fn what_is_read_is_bounded() {
        let error = read(Some(io::repeat(1)), 1_000).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(Some(&[1; 1_000][..]), 1_000).unwrap().len(), 1_000);
    }
}
