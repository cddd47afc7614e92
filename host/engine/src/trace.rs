//! Where an execution stands in a distributed trace: W3C trace context, derived from what is in the history.
//!
//! Nothing is measured or sent here. Ids are functions of the history, so that whichever host speaks of an execution,
//! and however often it was restarted, speaks of the same spans.

use std::sync::Arc;

use crate::bytes::{hex, unhex};
use crate::{ActivityTask, ExecutionId, ExecutionStarted, TaskId};

/// The one flag of a `traceparent` that is defined for certain: whoever began the trace records it.
pub const TRACE_SAMPLED: u8 = 1;

/// Bytes of a `tracestate` that everybody must pass on; longer ones are left out.
pub const TRACE_STATE_BYTES_MAX: usize = 512;

/// The `tracestate` of a trace that begins with an orchestration: nobody before has decided whether it is recorded.
pub const TRACE_STATE_OF_OWN: &str = "rondo=root";

/// One span of one trace, as it is handed on to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace; not all zero.
    pub trace_id: [u8; 16],
    /// The span; not all zero.
    pub span_id: [u8; 8],
    /// Bits; see [`TRACE_SAMPLED`].
    pub flags: u8,
    /// What vendors of tracing tell each other, at most [`TRACE_STATE_BYTES_MAX`] bytes; handed on unread.
    pub state: Option<Arc<str>>,
}

impl TraceContext {
    /// Reads the two headers. None where the standard says that a `traceparent` is to be ignored; a `tracestate` that
    /// breaks its rules is dropped without harm to the rest.
    pub fn parse(traceparent: &str, tracestate: &str) -> Option<Self> {
        let (fields, rest) = traceparent.split_at_checked(55)?;
        let mut parts = fields.split('-');
        let (version, trace_id, span_id, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let is_lower = !fields.bytes().any(|byte| byte.is_ascii_uppercase());
        let [version] = unhex(version)?;
        let fits = match version {
            0 => rest.is_empty(),
            u8::MAX => false,
            // Later versions may only add to it.
            _ => rest.is_empty() || rest.starts_with('-'),
        };
        let (trace_id, span_id, [flags]) = (unhex(trace_id)?, unhex(span_id)?, unhex(flags)?);
        let is_valid = parts.next().is_none() && is_lower && fits && trace_id != [0; 16] && span_id != [0; 8];
        is_valid.then(|| Self { trace_id, span_id, flags, state: state(tracestate) })
    }

    /// The value of a `traceparent` header.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", hex(&self.trace_id), hex(&self.span_id), self.flags)
    }

    /// The value of a `tracestate` header; empty where there should be none.
    pub fn tracestate(&self) -> &str {
        self.state.as_deref().unwrap_or_default()
    }

    /// Both headers, as an [`ExecutionStarted`] keeps them.
    pub fn to_headers(&self) -> (String, String) {
        (self.traceparent(), self.tracestate().to_owned())
    }

    /// Another span of the same trace.
    #[must_use]
    pub fn with_span(&self, span_id: [u8; 8]) -> Self {
        Self { span_id, ..self.clone() }
    }

    /// Whether the trace began with an orchestration, and not with somebody who decided whether it is recorded.
    pub fn is_own(&self) -> bool {
        self.tracestate().split(',').any(|member| member.trim() == TRACE_STATE_OF_OWN)
    }
}

/// Printable ASCII within the length that counts; anything else is none.
fn state(text: &str) -> Option<Arc<str>> {
    let fits = !text.is_empty() && text.len() <= TRACE_STATE_BYTES_MAX;
    (fits && text.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))).then(|| text.into())
}

impl ExecutionStarted {
    /// The span that this execution is part of: its starter's. None: its trace begins with it.
    pub fn parent_span(&self) -> Option<TraceContext> {
        let (traceparent, tracestate) = self.trace_context.as_ref()?;
        TraceContext::parse(traceparent, tracestate)
    }

    /// The execution's own span after so many rewinds; each of them begins another, as the one before has ended.
    pub fn span(&self, rewinds: u32) -> TraceContext {
        let span_id = self.execution_id.span_id(rewinds);
        match self.parent_span() {
            Some(parent) => TraceContext { span_id, ..parent },
            None => self.execution_id.own_trace(span_id),
        }
    }
}

impl ActivityTask {
    /// The attempt's own span, part of that of the execution.
    pub fn span(&self) -> TraceContext {
        let span_id = self.execution_id.activity_span_id(self.task, self.attempt);
        match &self.trace_context {
            Some(parent) => parent.with_span(span_id),
            None => self.execution_id.own_trace(span_id),
        }
    }
}

impl ExecutionId {
    /// The trace of an execution that nobody else's trace leads to.
    pub fn trace_id(self) -> [u8; 16] {
        self.derive(b"trace", &[]).0
    }

    /// The span of the execution after so many rewinds.
    pub fn span_id(self, rewinds: u32) -> [u8; 8] {
        self.derive_span(b"span", &[rewinds])
    }

    /// The span of one attempt of an activity.
    pub fn activity_span_id(self, task: TaskId, attempt: u32) -> [u8; 8] {
        self.derive_span(b"activity-span", &[task.0, attempt])
    }

    /// The span of a timer.
    pub fn timer_span_id(self, task: TaskId) -> [u8; 8] {
        self.derive_span(b"timer-span", &[task.0])
    }

    fn own_trace(self, span_id: [u8; 8]) -> TraceContext {
        let state = Some(TRACE_STATE_OF_OWN.into());
        TraceContext { trace_id: self.trace_id(), span_id, flags: TRACE_SAMPLED, state }
    }

    fn derive_span(self, purpose: &[u8], numbers: &[u32]) -> [u8; 8] {
        let mut span_id = [0; 8];
        span_id.copy_from_slice(&self.derive(purpose, numbers).0[..8]);
        span_id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn accepts(traceparent: &str) -> bool {
        TraceContext::parse(traceparent, "").is_some()
    }

    #[test]
    fn derived_ids_never_change() {
        // Golden: hosts of two versions must speak of the same spans.
        let execution = ExecutionId::from_bytes([7; 16]);
        insta::assert_snapshot!(hex(&execution.trace_id()), @"b858a3d374530c3ae8d6a24ea5704193");
        insta::assert_snapshot!(hex(&execution.span_id(0)), @"9ced75f7c62105e9");
        insta::assert_snapshot!(hex(&execution.span_id(1)), @"9dfbb43a3081bdb2");
        insta::assert_snapshot!(hex(&execution.activity_span_id(TaskId(3), 1)), @"696dd317b141e1dd");
        insta::assert_snapshot!(hex(&execution.activity_span_id(TaskId(3), 2)), @"8931a9c3c9e1eec0");
        insta::assert_snapshot!(hex(&execution.timer_span_id(TaskId(3))), @"f1960b0aab6b7f9f");
    }

    #[test]
    fn a_context_is_read_and_written_alike() {
        let context = TraceContext::parse(PARENT, "a=1,b=2").unwrap();
        assert_eq!(context.to_headers(), (PARENT.to_owned(), "a=1,b=2".to_owned()));
        assert_eq!((context.flags, context.is_own()), (TRACE_SAMPLED, false));
    }

    #[test]
    fn what_the_standard_says_to_ignore_is_ignored() {
        assert!(accepts(PARENT));
        for bad in [
            "",
            "00-1-2-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "00-0af7651916cd43dd8448eb211c8031-c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333é-01",
        ] {
            assert!(!accepts(bad), "{bad}");
        }
    }

    #[test]
    fn a_later_version_may_add_to_it() {
        assert!(accepts("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
        assert!(!accepts("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more"));
    }

    #[test]
    fn a_state_that_nobody_need_pass_on_is_dropped_alone() {
        for bad in ["a=\u{e9}", "a=1\nb=2", &"x".repeat(TRACE_STATE_BYTES_MAX + 1)] {
            assert_eq!(TraceContext::parse(PARENT, bad).unwrap().state, None);
        }
    }
}
