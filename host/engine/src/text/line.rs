//! One line, being written.

use std::collections::BTreeMap;
use std::fmt::{self, Formatter};

use crate::{Failure, Parent, Payload, RetryPolicy, Timestamp};

/// Writes the fields of one line.
pub(super) struct Line<'a, 'f>(&'a mut Formatter<'f>);

impl<'a, 'f> Line<'a, 'f> {
    pub(super) fn new(f: &'a mut Formatter<'f>, name: &str) -> Result<Self, fmt::Error> {
        f.write_str(name)?;
        Ok(Self(f))
    }

    /// A value that needs no quotes.
    pub(super) fn plain(self, key: &str, value: impl fmt::Display) -> Result<Self, fmt::Error> {
        write!(self.0, " {key}={value}")?;
        Ok(self)
    }

    pub(super) fn plain_if<T: fmt::Display>(self, key: &str, value: Option<T>) -> Result<Self, fmt::Error> {
        match value {
            Some(value) => self.plain(key, value),
            None => Ok(self),
        }
    }

    pub(super) fn word(self, key: &str, value: &str) -> Result<Self, fmt::Error> {
        self.plain(key, Word(value))
    }

    pub(super) fn word_if(self, key: &str, value: Option<&str>) -> Result<Self, fmt::Error> {
        self.plain_if(key, value.map(Word))
    }

    pub(super) fn payload(self, key: &str, value: Option<&Payload>) -> Result<Self, fmt::Error> {
        self.plain_if(key, value.map(|payload| Quoted(payload.as_str())))
    }

    pub(super) fn flag(self, name: &str, is_set: bool) -> Result<Self, fmt::Error> {
        if is_set {
            write!(self.0, " {name}")?;
        }
        Ok(self)
    }

    pub(super) fn tags(self, tags: &BTreeMap<String, String>) -> Result<Self, fmt::Error> {
        self.pairs("tags", tags)
    }

    pub(super) fn pairs<K: AsRef<str>, V: AsRef<str>>(
        self,
        name: &str,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Self, fmt::Error> {
        for (index, (key, value)) in pairs.into_iter().enumerate() {
            match index {
                0 => write!(self.0, " {name}=")?,
                _ => self.0.write_str(",")?,
            }
            write!(self.0, "{}:{}", Word(key.as_ref()), Word(value.as_ref()))?;
        }
        Ok(self)
    }

    pub(super) fn failure(self, failure: &Failure) -> Result<Self, fmt::Error> {
        let Failure { kind, message, details, non_retriable } = failure;
        self.word("kind", kind)?
            .plain("message", Quoted(message))?
            .payload("details", details.as_ref())?
            .flag("non_retriable", *non_retriable)
    }

    pub(super) fn retry(self, policy: Option<&RetryPolicy>) -> Result<Self, fmt::Error> {
        let Some(policy) = policy else { return Ok(self) };
        let RetryPolicy {
            max_attempts,
            first_interval_ms,
            backoff_coefficient,
            max_interval_ms,
            retry_timeout_ms,
            non_retriable_kinds,
        } = policy;
        let line = self
            .plain("attempts", max_attempts)?
            .plain("first_interval", Ms(*first_interval_ms))?
            .plain("backoff", backoff_coefficient)?
            .plain_if("max_interval", max_interval_ms.map(Ms))?
            .plain_if("retry_timeout", retry_timeout_ms.map(Ms))?;
        for (index, kind) in non_retriable_kinds.iter().enumerate() {
            line.0.write_str(if index == 0 { " except=" } else { "," })?;
            write!(line.0, "{}", Word(kind))?;
        }
        Ok(line)
    }

    pub(super) fn parent(self, parent: Option<&Parent>) -> Result<Self, fmt::Error> {
        let Some(Parent { instance_id, execution_id, name, task, attempt }) = parent else { return Ok(self) };
        self.word("parent", instance_id.as_str())?
            .id("parent_execution", execution_id.as_bytes())?
            .word("parent_name", name)?
            .plain("parent_task", task)?
            .plain("parent_attempt", attempt)
    }

    /// Sixteen bytes as a number in hex; nothing for zero.
    pub(super) fn id(self, key: &str, bytes: &[u8; 16]) -> Result<Self, fmt::Error> {
        match u128::from_be_bytes(*bytes) {
            0 => Ok(self),
            short if short <= u128::from(u64::MAX) => self.plain(key, format_args!("{short:x}")),
            long => self.plain(key, format_args!("{long:032x}")),
        }
    }
}

/// A time or duration in milliseconds.
pub(super) struct Ms(pub(super) u64);

impl From<Timestamp> for Ms {
    fn from(time: Timestamp) -> Self {
        Self(time.as_millis())
    }
}

impl fmt::Display for Ms {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1_000) { write!(f, "{}s", self.0 / 1_000) } else { write!(f, "{}ms", self.0) }
    }
}

/// Quoted when need be.
pub(super) struct Word<'a>(pub(super) &'a str);

impl fmt::Display for Word<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if !self.0.is_empty() && self.0.chars().all(is_bare) { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}

/// Letters that need no quotes.
pub(super) fn is_bare(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || "_-./#+*%~".contains(letter)
}

struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        f.write_char('\'')?;
        for letter in self.0.chars() {
            match letter {
                '\'' | '\\' => write!(f, "\\{letter}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                other if other.is_control() => write!(f, "\\u{{{:x}}}", u32::from(other))?,
                other => f.write_char(other)?,
            }
        }
        f.write_char('\'')
    }
}
