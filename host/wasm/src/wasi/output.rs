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

use crate::limits::{LAST_OUTPUT_LINES_MAX, OUTPUT_LINE_BYTES};

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
    /// What may still be handed on, in bytes.
    room: usize,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    lines: Vec<Line>,
    dropped: usize,
    last: VecDeque<String>,
}

impl Output {
    /// Keeps lines until they are taken.
    pub(crate) fn kept() -> Self {
        Self::new(None, 0)
    }

    /// Hands every line on as soon as it is complete, until they have had `bytes_max` together.
    pub(crate) fn handed_to(sink: impl Fn(&Line) + Send + 'static, bytes_max: usize) -> Self {
        Self::new(Some(Box::new(sink)), bytes_max)
    }

    fn new(sink: Option<Sink>, room: usize) -> Self {
        Self(Arc::new(Mutex::new(Printed {
            sink,
            room,
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
            Some(sink) if self.dropped == 0 => {
                if let Some(room) = self.room.checked_sub(line.text.len() + OUTPUT_LINE_BYTES) {
                    self.room = room;
                    sink(&line);
                } else {
                    self.dropped = 1;
                    let text = "it has printed as much as one attempt may; the rest is not logged".to_owned();
                    sink(&Line { level: LogLevel::Warn, text });
                }
            }
            None if self.lines.len() < LOG_LINES_PER_TURN_MAX => self.lines.push(line),
            Some(_) | None => self.dropped += 1,
        }
    }

    fn partial(&mut self, level: LogLevel) -> &mut Vec<u8> {
        if level == LogLevel::Warn { &mut self.stderr } else { &mut self.stdout }
    }
}

impl Drop for Printed {
    fn drop(&mut self) {
        if let (Some(sink), 1..) = (&self.sink, self.dropped) {
            let text = format!("{} lines of output were not logged", self.dropped);
            sink(&Line { level: LogLevel::Warn, text });
        }
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
    use crate::limits::ACTIVITY_OUTPUT_BYTES_MAX;

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

    /// What a sink gets, and the output that fills it.
    fn handed(bytes_max: usize) -> (Arc<Mutex<Vec<String>>>, Output) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let writer = Arc::clone(&seen);
        let sink = move |line: &Line| writer.lock().unwrap().push(line.text.clone());
        (seen, Output::handed_to(sink, bytes_max))
    }

    #[test]
    fn a_sink_gets_lines_at_once() {
        let (seen, output) = handed(10_000);
        print(&output, LogLevel::Info, "a\nb");
        assert_eq!(*seen.lock().unwrap(), ["a"]);
        assert_eq!(output.last(), ["a", "b"]);
        assert_eq!(*seen.lock().unwrap(), ["a", "b"]);
    }

    #[test]
    fn a_sink_gets_no_more_than_its_bytes_and_is_told_so() {
        let (seen, output) = handed(ACTIVITY_OUTPUT_BYTES_MAX);
        // Nothing but ends of lines: each is a whole line of the log.
        print(&output, LogLevel::Info, &"\n".repeat(640 * 1024));
        let lines = ACTIVITY_OUTPUT_BYTES_MAX / OUTPUT_LINE_BYTES;
        assert_eq!(seen.lock().unwrap().len(), lines + 1);
        assert_eq!(seen.lock().unwrap()[lines], "it has printed as much as one attempt may; the rest is not logged");
        assert_eq!(output.last().len(), LAST_OUTPUT_LINES_MAX);
        drop(output);
        assert_eq!(seen.lock().unwrap()[lines + 1], format!("{} lines of output were not logged", 640 * 1024 - lines));
    }
}
