//! What took time, as plain data, for whoever shows traces.
//!
//! A span is told of once, by the host whose commit made durable what it is about; replay tells nothing. Its id is
//! derived from the history (`engine::TraceContext`), so it is the same whichever host that is. A crash between the
//! commit and the telling loses a span and never doubles one.

mod activity;
mod execution;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use engine::{Failure, Timestamp, TraceContext};

pub(crate) use self::activity::Attempt;
pub(crate) use self::execution::{of_execution, of_replaced};
use crate::limits;

/// Something that took time.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// Its own id, and the trace it is part of.
    pub context: TraceContext,
    /// The span it is part of; none for the first of a trace.
    pub parent_id: Option<[u8; 8]>,
    /// What it is to its parent.
    pub kind: SpanKind,
    /// What it is called, as DurableTask would call it.
    pub name: String,
    /// When it began.
    pub start: Timestamp,
    /// How long it took.
    pub duration: Duration,
    /// What else is known of it, under the names of DurableTask.
    pub attributes: Vec<Attribute>,
    /// What happened meanwhile, in order; of many, the first 128.
    pub events: Vec<SpanEvent>,
    /// Events beyond that.
    pub events_dropped: u32,
    /// How it ended.
    pub status: SpanStatus,
}

/// A name and what it stands for.
pub type Attribute = (&'static str, AttributeValue);

/// What an attribute may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttributeValue {
    /// Any text.
    Text(String),
    /// A number.
    Number(i64),
    /// A moment.
    Time(Timestamp),
}

/// What a span is to its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// Work done for somebody else.
    Server,
    /// A part of it.
    Internal,
}

/// How a span ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpanStatus {
    /// Nothing can be said.
    Unset,
    /// As it should.
    Ok,
    /// With an error; one sentence, cut at some length.
    Error(String),
}

/// A moment within a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanEvent {
    /// What happened.
    pub name: &'static str,
    /// When.
    pub at: Timestamp,
    /// What else is known of it.
    pub attributes: Vec<Attribute>,
}

/// Takes spans, and says which are wanted.
pub trait SpanSink: Send + Sync + 'static {
    /// Whether the spans of that trace are wanted; asked before one is made. The same answer for the same trace.
    fn wants(&self, context: &TraceContext) -> bool;

    /// Takes a span. Called on the threads that run turns: must neither wait nor fail.
    fn tell(&self, span: Span);
}

/// Where a worker's spans go; by default nowhere, and then none is made.
#[derive(Clone, Default)]
pub struct Spans(Option<Arc<dyn SpanSink>>);

impl Spans {
    /// Into that sink.
    pub fn to(sink: Arc<dyn SpanSink>) -> Self {
        Self(Some(sink))
    }

    /// Whether any may be wanted.
    pub(crate) fn are_on(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn want(&self, context: &TraceContext) -> bool {
        self.0.as_ref().is_some_and(|sink| sink.wants(context))
    }

    pub(crate) fn tell(&self, span: Span) {
        if let Some(sink) = &self.0 {
            sink.tell(span);
        }
    }
}

impl fmt::Debug for Spans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Spans").field(&self.are_on()).finish()
    }
}

fn text(name: &'static str, value: impl fmt::Display) -> Attribute {
    (name, AttributeValue::Text(value.to_string()))
}

fn number(name: &'static str, value: impl Into<i64>) -> Attribute {
    (name, AttributeValue::Number(value.into()))
}

fn error(failure: &Failure) -> SpanStatus {
    SpanStatus::Error(short(&format!("{}: {}", failure.kind, failure.message)))
}

/// What of a text goes into a span.
fn short(text: &str) -> String {
    text[..text.floor_char_boundary(limits::SPAN_TEXT_BYTES_MAX)].to_owned()
}
