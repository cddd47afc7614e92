//! The span of one attempt of an activity.

use std::time::Duration;

use engine::{ActivityTask, Failure, Payload, Timestamp, TraceContext};

use super::{Span, SpanKind, SpanStatus, Spans, error, number, text};

/// An attempt that runs and whose span is wanted.
pub(crate) struct Attempt {
    context: TraceContext,
    parent_id: Option<[u8; 8]>,
    start: Timestamp,
}

impl Attempt {
    /// None when nobody wants its span.
    pub(crate) fn begin(spans: &Spans, task: &ActivityTask, now: impl FnOnce() -> Timestamp) -> Option<Self> {
        if !spans.are_on() {
            return None;
        }
        let context = task.span();
        spans.want(&context).then(|| Self {
            parent_id: task.trace_context.as_ref().map(|parent| parent.span_id),
            context,
            start: now(),
        })
    }

    /// Its span.
    pub(crate) fn end(
        self,
        task: &ActivityTask,
        duration: Duration,
        result: &Result<Option<Payload>, Failure>,
    ) -> Span {
        let Self { context, parent_id, start } = self;
        Span {
            context,
            parent_id,
            kind: SpanKind::Server,
            name: format!("activity:{}", task.name),
            start,
            duration,
            attributes: vec![
                text("durabletask.type", "activity"),
                text("durabletask.task.name", &task.name),
                text("durabletask.task.instance_id", &task.instance_id),
                text("durabletask.task.execution_id", task.execution_id),
                number("durabletask.task.task_id", task.task.0),
                number("rondo.task.attempt", task.attempt),
            ],
            events: Vec::new(),
            events_dropped: 0,
            status: match result {
                Ok(_) => SpanStatus::Ok,
                Err(failure) => error(failure),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use engine::{ExecutionId, InstanceId, TaskId};

    use super::*;
    use crate::SpanSink;

    struct Everything;

    impl SpanSink for Everything {
        fn wants(&self, _: &TraceContext) -> bool {
            true
        }

        fn tell(&self, _: Span) {}
    }

    fn task(attempt: u32) -> ActivityTask {
        let execution_id = ExecutionId::from_bytes([7; 16]);
        let trace = TraceContext { trace_id: [1; 16], span_id: [2; 8], flags: 1, state: None };
        ActivityTask {
            instance_id: InstanceId::new("order-1").unwrap(),
            execution_id,
            task: TaskId(3),
            attempt,
            name: "charge".to_owned(),
            input: None,
            trace_context: Some(trace),
        }
    }

    fn span(task: &ActivityTask, result: &Result<Option<Payload>, Failure>) -> Span {
        let attempt = Attempt::begin(&Spans::to(Arc::new(Everything)), task, || Timestamp::from_millis(5)).unwrap();
        attempt.end(task, Duration::from_micros(1_500), result)
    }

    #[test]
    fn an_attempt_is_part_of_its_orchestration_and_unlike_the_next() {
        let (first, second) = (span(&task(1), &Ok(None)), span(&task(2), &Ok(None)));
        assert_eq!((first.context.trace_id, first.parent_id), ([1; 16], Some([2; 8])));
        assert_ne!(first.context.span_id, second.context.span_id);
        assert_eq!(first.status, SpanStatus::Ok);
    }

    #[test]
    fn a_failure_says_why_in_so_many_bytes() {
        let failure = Failure::new("declined", "é".repeat(4_000));
        let SpanStatus::Error(text) = span(&task(1), &Err(failure)).status else { panic!("not an error") };
        assert!(text.starts_with("declined: éé") && text.len() <= crate::limits::SPAN_TEXT_BYTES_MAX, "{}", text.len());
    }

    #[test]
    fn without_a_sink_no_clock_is_read() {
        assert!(Attempt::begin(&Spans::default(), &task(1), || unreachable!("nobody wants it")).is_none());
    }
}
