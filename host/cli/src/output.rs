//! What commands print, for people or for programs.

use std::io::{IsTerminal as _, Write as _};

use anyhow::{Context as _, Result};

use crate::args::Form;

/// The form in which a command prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) form: Form,
}

impl Output {
    /// Prints the server's answer as it is, or what `table` makes of it.
    pub(crate) fn answer(self, json: &str, table: impl FnOnce() -> Result<String>) -> Result<()> {
        match self.form {
            Form::Json => print(json),
            Form::Table => print(&table()?),
        }
    }

    /// Whether somebody watches.
    pub(crate) fn is_watched(self) -> bool {
        self.form == Form::Table && std::io::stderr().is_terminal()
    }
}

/// Prints a text to standard output, and a line end if it has none. A reader that went away (`| head`) is no error.
pub(crate) fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(end.as_bytes())).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.context("writing to standard output"),
    }
}

/// Says something beside the result, on standard error.
pub(crate) fn say(text: &str) {
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Warns of something that may be meant but is not safe: in the log of a host, else on standard error.
pub(crate) fn warn(text: &str) {
    if tracing::dispatcher::has_been_set() { tracing::warn!("{text}") } else { say(&format!("warning: {text}")) }
}

/// Replaces the line at the bottom of the terminal; an empty text removes it.
pub(crate) fn live(text: &str) {
    let mut err = std::io::stderr();
    let _ = write!(err, "\r\x1b[2K{text}");
    let _ = err.flush();
}

/// A text in one line of at most `chars` characters. Control characters, which could play with the terminal, are shown
/// as a blank.
pub(crate) fn cut(text: &str, chars: usize) -> String {
    let mut shown: String = text.chars().take(chars).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(chars).is_some() {
        shown.pop();
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_to_their_width() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdefg", 6), "abcde…");
        assert_eq!(cut("äöüß", 3), "äö…");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        assert_eq!(cut("a\x1b[2Kb\nc", 20), "a [2Kb c");
    }
}
