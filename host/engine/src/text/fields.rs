//! The fields of one line, being read.

use std::collections::BTreeMap;
use std::str::FromStr;

use crate::{EventKey, ExecutionId, Failure, InstanceId, LeftChild, Parent, Payload, RetryPolicy, TaskId, Timestamp};

use super::tokens::{Tokens, Value};

/// Why a text is not in the text form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct TextError {
    /// Counts from 1; a line may end with ` | `.
    pub line: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// The fields of one line, taken out one by one.
pub(super) struct Fields {
    /// The words in front of the first field, for example a number and a name.
    pub(super) head: Vec<String>,
    named: BTreeMap<String, Value>,
}

type Parsed<T> = Result<T, String>;

impl Fields {
    /// Splits a text into lines of fields; empty lines are skipped.
    pub(super) fn of_lines(text: &str) -> impl Iterator<Item = (usize, Parsed<Self>)> {
        Tokens::split(text).into_iter().enumerate().map(|(index, line)| (index + 1, line.and_then(Self::read)))
    }

    fn read(line: &str) -> Parsed<Self> {
        let mut tokens = Tokens::new(line);
        let mut fields = Self { head: Vec::new(), named: BTreeMap::new() };
        while tokens.skip_space() {
            let word = tokens.word()?;
            if tokens.eat('=') {
                let value = tokens.value()?;
                if fields.named.insert(word.clone(), value).is_some() {
                    return Err(format!("{word} is given twice"));
                }
            } else if fields.named.is_empty() && fields.head.len() < 2 && fields.head.last().is_none_or(is_number) {
                fields.head.push(word);
            } else {
                fields.named.insert(word, Vec::new());
            }
        }
        Ok(fields)
    }

    fn one(&mut self, key: &str) -> Parsed<Option<String>> {
        match self.named.remove(key) {
            None => Ok(None),
            Some(mut value) if value.len() == 1 => match value.pop() {
                Some((text, None)) => Ok(Some(text)),
                _ => Err(format!("{key} is no single value")),
            },
            Some(_) => Err(format!("{key} is no single value")),
        }
    }

    pub(super) fn text_if(&mut self, key: &str) -> Parsed<Option<String>> {
        self.one(key)
    }

    pub(super) fn text(&mut self, key: &str) -> Parsed<String> {
        self.one(key)?.ok_or_else(|| format!("{key} is missing"))
    }

    pub(super) fn parsed_if<T: FromStr>(&mut self, key: &str) -> Parsed<Option<T>> {
        let parse = |text: String| text.parse().map_err(|_| format!("{key}={text} cannot be read"));
        self.one(key)?.map(parse).transpose()
    }

    pub(super) fn parsed<T: FromStr>(&mut self, key: &str) -> Parsed<T> {
        self.parsed_if(key)?.ok_or_else(|| format!("{key} is missing"))
    }

    pub(super) fn payload(&mut self, key: &str) -> Parsed<Option<Payload>> {
        Ok(self.one(key)?.map(Payload::from))
    }

    pub(super) fn task(&mut self) -> Parsed<TaskId> {
        self.parsed("task").map(TaskId)
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        self.named.remove(name).is_some()
    }

    pub(super) fn ms_if(&mut self, key: &str) -> Parsed<Option<u64>> {
        let parse = |text: String| {
            let ms = match text.strip_suffix("ms") {
                Some(ms) => ms.parse().ok(),
                None => text.strip_suffix('s').and_then(|s| s.parse::<u64>().ok()?.checked_mul(1_000)),
            };
            ms.ok_or_else(|| format!("{key}={text} is no time"))
        };
        self.one(key)?.map(parse).transpose()
    }

    pub(super) fn time_if(&mut self, key: &str) -> Parsed<Option<Timestamp>> {
        Ok(self.ms_if(key)?.map(Timestamp::from_millis))
    }

    pub(super) fn time(&mut self, key: &str) -> Parsed<Timestamp> {
        self.time_if(key)?.ok_or_else(|| format!("{key} is missing"))
    }

    fn id(&mut self, key: &str) -> Parsed<Option<[u8; 16]>> {
        let parse = |text: String| {
            u128::from_str_radix(&text, 16).map(u128::to_be_bytes).map_err(|_| format!("{key}={text} is no id"))
        };
        self.one(key)?.map(parse).transpose()
    }

    /// Zero when it is left out.
    pub(super) fn execution_id(&mut self, key: &str) -> Parsed<ExecutionId> {
        Ok(ExecutionId::from_bytes(self.id(key)?.unwrap_or_default()))
    }

    pub(super) fn execution_id_if(&mut self, key: &str) -> Parsed<Option<ExecutionId>> {
        Ok(self.id(key)?.map(ExecutionId::from_bytes))
    }

    pub(super) fn event_key(&mut self) -> Parsed<EventKey> {
        Ok(EventKey::from_bytes(self.id("key")?.unwrap_or_default()))
    }

    pub(super) fn list<T: FromStr>(&mut self, key: &str) -> Parsed<Vec<T>> {
        let value = self.named.remove(key).unwrap_or_default();
        let parse = |(text, half): (String, Option<String>)| match (half, text.parse()) {
            (None, Ok(item)) => Ok(item),
            _ => Err(format!("{text} in {key} cannot be read")),
        };
        value.into_iter().map(parse).collect()
    }

    pub(super) fn tags(&mut self) -> Parsed<BTreeMap<String, String>> {
        let value = self.named.remove("tags").unwrap_or_default();
        let pair = |(key, value): (String, Option<String>)| match value {
            Some(value) => Ok((key, value)),
            None => Err(format!("tag {key} has no value")),
        };
        value.into_iter().map(pair).collect()
    }

    pub(super) fn left_children(&mut self) -> Parsed<Vec<LeftChild>> {
        let value = self.named.remove("left_children").unwrap_or_default();
        let pair = |(instance_id, execution_id): (String, Option<String>)| {
            let child = || {
                let execution_id = u128::from_str_radix(execution_id.as_deref()?, 16).ok()?;
                let execution_id = ExecutionId::from_bytes(execution_id.to_be_bytes());
                Some(LeftChild { instance_id: instance_id.parse().ok()?, execution_id })
            };
            child().ok_or_else(|| format!("{instance_id} in left_children cannot be read"))
        };
        value.into_iter().map(pair).collect()
    }

    pub(super) fn failure(&mut self) -> Parsed<Failure> {
        Ok(Failure {
            kind: self.text("kind")?,
            message: self.text("message")?,
            details: self.payload("details")?,
            non_retriable: self.flag("non_retriable"),
        })
    }

    pub(super) fn retry(&mut self) -> Parsed<Option<RetryPolicy>> {
        let Some(max_attempts) = self.parsed_if("attempts")? else { return Ok(None) };
        Ok(Some(RetryPolicy {
            max_attempts,
            first_interval_ms: self.ms_if("first_interval")?.unwrap_or(0),
            backoff_coefficient: self.parsed_if("backoff")?.unwrap_or(1.0),
            max_interval_ms: self.ms_if("max_interval")?,
            retry_timeout_ms: self.ms_if("retry_timeout")?,
            non_retriable_kinds: self.list("except")?,
        }))
    }

    pub(super) fn parent(&mut self) -> Parsed<Option<Parent>> {
        let Some(instance_id) = self.parsed_if::<InstanceId>("parent")? else { return Ok(None) };
        Ok(Some(Parent {
            instance_id,
            execution_id: self.execution_id("parent_execution")?,
            name: self.text("parent_name")?,
            task: TaskId(self.parsed("parent_task")?),
            attempt: self.parsed("parent_attempt")?,
        }))
    }

    /// Nothing must be left over.
    pub(super) fn end(self) -> Parsed<()> {
        match self.named.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("{key} does not belong here")),
        }
    }
}

#[allow(clippy::ptr_arg, reason = "the shape that is_none_or hands in")]
fn is_number(word: &String) -> bool {
    word.bytes().all(|letter| letter.is_ascii_digit())
}
