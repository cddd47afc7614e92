//! What guests print, by lines.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use engine::LogLevel;
use engine::limits::{LOG_LINE_BYTES_MAX, LOG_LINES_PER_TURN_MAX};
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::limits::LAST_OUTPUT_LINES_MAX;

/// One line that a guest printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) level: LogLevel,
    pub(crate) text: String,
}

/// Where complete lines go at once.
type Sink = Box<dyn Fn(&Line) + Send>;

/// Everything one guest prints; cheap to clone.
#[derive(Clone)]
pub(crate) struct Output(Arc<Mutex<Printed>>);

struct Printed {
    sink: Option<Sink>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    lines: Vec<Line>,
    dropped: usize,
    last: VecDeque<String>,
}

impl Output {
    /// Keeps lines until they are taken.
    pub(crate) fn kept() -> Self {
        Self::new(None)
    }

    /// Hands every line on as soon as it is complete.
    pub(crate) fn handed_to(sink: impl Fn(&Line) + Send + 'static) -> Self {
        Self::new(Some(Box::new(sink)))
    }

    fn new(sink: Option<Sink>) -> Self {
        Self(Arc::new(Mutex::new(Printed {
            sink,
            stdout: Vec::new(),
            stderr: Vec::new(),
            lines: Vec::new(),
            dropped: 0,
            last: VecDeque::new(),
        })))
    }

    pub(crate) fn stdout(&self) -> Stream {
        Stream { output: self.clone(), level: LogLevel::Info }
    }

    pub(crate) fn stderr(&self) -> Stream {
        Stream { output: self.clone(), level: LogLevel::Warn }
    }

    /// The lines kept since this was last called, an unfinished one included.
    pub(crate) fn take(&self) -> Vec<Line> {
        let mut printed = self.printed();
        printed.finish();
        let dropped = std::mem::take(&mut printed.dropped);
        let mut lines = std::mem::take(&mut printed.lines);
        if dropped > 0 {
            lines.push(Line { level: LogLevel::Warn, text: format!("{dropped} more lines of output were dropped") });
        }
        lines
    }

    /// The last lines, for a failure's details; completes an unfinished one.
    pub(crate) fn last(&self) -> Vec<String> {
        let mut printed = self.printed();
        printed.finish();
        printed.last.iter().cloned().collect()
    }

    fn printed(&self) -> MutexGuard<'_, Printed> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Printed {
    fn write(&mut self, level: LogLevel, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let text = piece.strip_suffix(b"\n");
            let partial = self.partial(level);
            let room = LOG_LINE_BYTES_MAX.saturating_sub(partial.len());
            let taken = text.unwrap_or(piece);
            partial.extend_from_slice(&taken[..taken.len().min(room)]);
            if text.is_some() {
                self.complete(level);
            }
        }
    }

    fn finish(&mut self) {
        for level in [LogLevel::Info, LogLevel::Warn] {
            if !self.partial(level).is_empty() {
                self.complete(level);
            }
        }
    }

    fn complete(&mut self, level: LogLevel) {
        let bytes = std::mem::take(self.partial(level));
        let line = Line { level, text: String::from_utf8_lossy(&bytes).into_owned() };
        if self.last.len() == LAST_OUTPUT_LINES_MAX {
            self.last.pop_front();
        }
        self.last.push_back(line.text.clone());
        match &self.sink {
            Some(sink) => sink(&line),
            None if self.lines.len() < LOG_LINES_PER_TURN_MAX => self.lines.push(line),
            None => self.dropped += 1,
        }
    }

    fn partial(&mut self, level: LogLevel) -> &mut Vec<u8> {
        if level == LogLevel::Warn { &mut self.stderr } else { &mut self.stdout }
    }
}

/// A guest's standard output or standard error.
#[derive(Clone)]
pub(crate) struct Stream {
    output: Output,
    level: LogLevel,
}

impl Stream {
    /// How much a guest may hand over at once.
    const PERMIT_BYTES: usize = 64 * 1024;
}

impl IsTerminal for Stream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for Stream {
    async fn ready(&mut self) {}
}

impl OutputStream for Stream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.output.printed().write(self.level, &bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(Self::PERMIT_BYTES)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        self.output.printed().write(self.level, bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(output: &Output, level: LogLevel, text: &str) {
        output.printed().write(level, text.as_bytes());
    }

    fn texts(lines: &[Line]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        let output = Output::kept();
        print(&output, LogLevel::Info, "one\ntw");
        print(&output, LogLevel::Warn, "oops\n");
        print(&output, LogLevel::Info, "o\n\nthr");
        assert_eq!(texts(&output.take()), ["one", "oops", "two", "", "thr"]);
        assert_eq!(output.take(), []);
    }

    #[test]
    fn a_guest_that_prints_without_end_fills_no_memory() {
        let output = Output::kept();
        for _ in 0..LOG_LINES_PER_TURN_MAX + 7 {
            print(&output, LogLevel::Info, "again\n");
        }
        for _ in 0..10 {
            print(&output, LogLevel::Warn, &"x".repeat(LOG_LINE_BYTES_MAX));
        }
        assert_eq!(output.printed().stderr.len(), LOG_LINE_BYTES_MAX);
        let lines = output.take();
        assert_eq!(lines.len(), LOG_LINES_PER_TURN_MAX + 1);
        assert_eq!(lines.last().unwrap().text, "8 more lines of output were dropped");
        assert_eq!(output.last().len(), LAST_OUTPUT_LINES_MAX);
    }

    #[test]
    fn a_sink_gets_lines_at_once() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&seen);
        let output = Output::handed_to(move |line| writer.lock().unwrap().push(line.text.clone()));
        print(&output, LogLevel::Info, "a\nb");
        assert_eq!(*seen.lock().unwrap(), ["a"]);
        assert_eq!(output.last(), ["a", "b"]);
        assert_eq!(*seen.lock().unwrap(), ["a", "b"]);
    }
}
