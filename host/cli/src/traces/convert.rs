//! A span as OpenTelemetry has it.

use std::time::{Duration, SystemTime};

use engine::{Timestamp, TraceContext};
use opentelemetry::trace::{Event, SpanContext, SpanId, SpanKind as OtelKind, Status, TraceFlags, TraceId, TraceState};
use opentelemetry::{InstrumentationScope, KeyValue, Value};
use opentelemetry_sdk::trace::{SpanData, SpanEvents, SpanLinks};
use worker::{Attribute, AttributeValue, Span, SpanEvent, SpanKind, SpanStatus};

/// In OpenTelemetry's form.
pub(super) fn convert(span: Span, scope: &InstrumentationScope) -> SpanData {
    let Span { context, parent_id, kind, name, start, duration, attributes, events, events_dropped, status } = span;
    let start_time = time(start);
    let mut span_events = SpanEvents::default();
    span_events.events = events.into_iter().map(event).collect();
    span_events.dropped_count = events_dropped;
    SpanData {
        span_context: span_context(&context),
        parent_span_id: parent_id.map_or(SpanId::INVALID, SpanId::from_bytes),
        // Whether the parent ran here is not in the history.
        parent_span_is_remote: parent_id.is_some() && kind == SpanKind::Server,
        span_kind: match kind {
            SpanKind::Server => OtelKind::Server,
            SpanKind::Internal => OtelKind::Internal,
        },
        name: name.into(),
        start_time,
        end_time: start_time.checked_add(duration).unwrap_or(start_time),
        attributes: attributes.into_iter().map(key_value).collect(),
        dropped_attributes_count: 0,
        events: span_events,
        links: SpanLinks::default(),
        status: match status {
            SpanStatus::Unset => Status::Unset,
            SpanStatus::Ok => Status::Ok,
            SpanStatus::Error(text) => Status::error(text),
        },
        instrumentation_scope: scope.clone(),
    }
}

fn span_context(context: &TraceContext) -> SpanContext {
    // A state that only we could read is the loss of whoever wrote it.
    let state = context.tracestate().parse().unwrap_or_else(|_| TraceState::default());
    SpanContext::new(
        TraceId::from_bytes(context.trace_id),
        SpanId::from_bytes(context.span_id),
        TraceFlags::SAMPLED,
        false,
        state,
    )
}

fn event(event: SpanEvent) -> Event {
    let SpanEvent { name, at, attributes } = event;
    Event::new(name, time(at), attributes.into_iter().map(key_value).collect(), 0)
}

fn key_value((name, value): Attribute) -> KeyValue {
    let value = match value {
        AttributeValue::Text(text) => Value::String(text.into()),
        AttributeValue::Number(number) => Value::I64(number),
        AttributeValue::Time(at) => Value::String(api::times::millis(at).into()),
    };
    KeyValue::new(name, value)
}

/// Later than the system can tell: the beginning of time, as that is no time either.
fn time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(at.as_millis())).unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_becomes_one_of_opentelemetry() {
        let context = TraceContext { trace_id: [1; 16], span_id: [2; 8], flags: 1, state: Some("a=1".into()) };
        let span = Span {
            context,
            parent_id: Some([3; 8]),
            kind: SpanKind::Server,
            name: "orchestration:order".to_owned(),
            start: Timestamp::from_millis(1_000),
            duration: Duration::from_micros(1_500),
            attributes: vec![
                ("durabletask.type", AttributeValue::Text("orchestration".to_owned())),
                ("durabletask.task.task_id", AttributeValue::Number(7)),
                ("durabletask.fire_at", AttributeValue::Time(Timestamp::from_millis(2_000))),
            ],
            events: vec![SpanEvent {
                name: "Execution resumed",
                at: Timestamp::from_millis(1_001),
                attributes: Vec::new(),
            }],
            events_dropped: 2,
            status: SpanStatus::Error("lost: it is gone".to_owned()),
        };
        let data = convert(span, &InstrumentationScope::builder("rondo").build());
        assert_eq!(data.span_context.trace_id().to_string(), "01".repeat(16));
        assert_eq!(data.span_context.span_id().to_string(), "02".repeat(8));
        assert_eq!(data.span_context.trace_state().header(), "a=1");
        assert_eq!((data.parent_span_id.to_string(), data.parent_span_is_remote), ("03".repeat(8), true));
        assert_eq!((data.name.as_ref(), data.span_kind), ("orchestration:order", OtelKind::Server));
        assert_eq!(data.start_time, SystemTime::UNIX_EPOCH + Duration::from_secs(1));
        assert_eq!(data.end_time, SystemTime::UNIX_EPOCH + Duration::from_micros(1_001_500));
        let attributes: Vec<_> =
            data.attributes.iter().map(|pair| (pair.key.as_str(), pair.value.to_string())).collect();
        let text = |text: &str| text.to_owned();
        assert_eq!(
            attributes,
            [
                ("durabletask.type", text("orchestration")),
                ("durabletask.task.task_id", text("7")),
                ("durabletask.fire_at", text("1970-01-01T00:00:02.000Z")),
            ]
        );
        assert_eq!(data.events.events[0].name, "Execution resumed");
        assert_eq!(data.events.dropped_count, 2);
        assert_eq!(data.status, Status::error("lost: it is gone"));
    }

    #[test]
    fn a_time_beyond_all_times_is_no_panic() {
        assert!(time(Timestamp::from_millis(u64::MAX)) >= SystemTime::UNIX_EPOCH);
    }
}
