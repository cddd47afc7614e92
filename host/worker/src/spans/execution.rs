//! The spans of an execution that has ended, out of its history: its own, and those of its timers.

use std::collections::BTreeMap;

use engine::{EventKind, ExecutionStarted, HistoryEvent, InstanceId, Payload, Replaced, TaskId, Timestamp};

use super::{AttributeValue, Span, SpanEvent, SpanKind, SpanStatus, Spans, error, number, short, text};
use crate::limits;

/// What ended in the events after the first `stored` of a history.
pub(crate) fn of_execution(
    spans: &Spans,
    instance_id: &InstanceId,
    events: &[HistoryEvent],
    stored: usize,
) -> Vec<Span> {
    let mut telling = Telling { out: Vec::new(), stored };
    if let Some(mut run) = Run::begin(spans, instance_id, events) {
        telling.walk(&mut run, events);
    }
    telling.out
}

/// The same for an execution that another has taken the place of: one that has not ended has continued as that one.
pub(crate) fn of_replaced(spans: &Spans, instance_id: &InstanceId, replaced: &Replaced) -> Vec<Span> {
    let mut telling = Telling { out: Vec::new(), stored: replaced.stored };
    let Some(mut run) = Run::begin(spans, instance_id, &replaced.events) else { return telling.out };
    telling.walk(&mut run, &replaced.events);
    if let (true, Some(last)) = (run.is_open, replaced.events.last()) {
        run.end(last.at, "ContinuedAsNew", SpanStatus::Ok, &mut telling.out);
    }
    telling.out
}

struct Telling {
    out: Vec<Span>,
    stored: usize,
}

impl Telling {
    fn walk(&mut self, run: &mut Run<'_>, events: &[HistoryEvent]) {
        for (index, event) in events.iter().enumerate() {
            let (status, how) = match &event.kind {
                EventKind::ExecutionCompleted { .. } => ("Completed", SpanStatus::Ok),
                EventKind::ExecutionFailed { failure } => ("Failed", error(failure)),
                EventKind::ExecutionTerminated { .. } => ("Terminated", SpanStatus::Error("terminated".to_owned())),
                _ => {
                    run.note(event);
                    continue;
                }
            };
            run.is_open = false;
            // What was stored before has been told of then.
            if index >= self.stored {
                run.end(event.at, status, how, &mut self.out);
            }
        }
    }
}

/// From the start, or a rewind, to an end.
struct Run<'a> {
    instance_id: &'a InstanceId,
    started: &'a ExecutionStarted,
    rewinds: u32,
    start: Timestamp,
    is_open: bool,
    timers: BTreeMap<TaskId, (Timestamp, Timestamp)>,
    fired: Vec<(TaskId, Timestamp)>,
    events: Vec<SpanEvent>,
    events_dropped: u32,
}

impl<'a> Run<'a> {
    /// None if nobody wants to hear of it.
    fn begin(spans: &Spans, instance_id: &'a InstanceId, events: &'a [HistoryEvent]) -> Option<Self> {
        let (start, started) = events.iter().find_map(|event| match &event.kind {
            EventKind::ExecutionStarted(started) => Some((event.at, &**started)),
            _ => None,
        })?;
        spans.want(&started.span(0)).then(|| Self {
            instance_id,
            started,
            rewinds: 0,
            start,
            is_open: true,
            timers: BTreeMap::new(),
            fired: Vec::new(),
            events: Vec::new(),
            events_dropped: 0,
        })
    }

    fn note(&mut self, event: &HistoryEvent) {
        match &event.kind {
            EventKind::ExecutionRewound { reason, .. } => {
                *self = Self {
                    rewinds: self.rewinds + 1,
                    start: event.at,
                    is_open: true,
                    timers: std::mem::take(&mut self.timers),
                    fired: Vec::new(),
                    events: Vec::new(),
                    events_dropped: 0,
                    ..*self
                };
                self.happened("Execution rewound", event.at, || reason_of(reason.as_ref()));
            }
            EventKind::ExecutionSuspended { reason } => {
                self.happened("Execution suspended", event.at, || reason_of(reason.as_ref()));
            }
            EventKind::ExecutionResumed { reason } => {
                self.happened("Execution resumed", event.at, || reason_of(reason.as_ref()));
            }
            EventKind::EventRaised { name, data, .. } => {
                let bytes = data.as_ref().map_or(0, |data| data.as_str().len());
                let attributes = || vec![text("name", name), number("size", i64::try_from(bytes).unwrap_or(i64::MAX))];
                self.happened("Received external event", event.at, attributes);
            }
            EventKind::TimerCreated { task, fire_at } => drop(self.timers.insert(*task, (event.at, *fire_at))),
            EventKind::TimerFired { task } if self.fired.len() < limits::SPAN_TIMERS_MAX => {
                self.fired.push((*task, event.at));
            }
            _ => {}
        }
    }

    fn happened(&mut self, name: &'static str, at: Timestamp, attributes: impl FnOnce() -> Vec<super::Attribute>) {
        if self.events.len() < limits::SPAN_EVENTS_MAX {
            self.events.push(SpanEvent { name, at, attributes: attributes() });
        } else {
            self.events_dropped = self.events_dropped.saturating_add(1);
        }
    }

    fn end(&mut self, at: Timestamp, status: &'static str, how: SpanStatus, out: &mut Vec<Span>) {
        let context = self.started.span(self.rewinds);
        for (task, fired_at) in std::mem::take(&mut self.fired) {
            let Some((created_at, fire_at)) = self.timers.get(&task) else { continue };
            let mut attributes = self.attributes("timer");
            attributes.extend([
                number("durabletask.task.task_id", task.0),
                ("durabletask.fire_at", AttributeValue::Time(*fire_at)),
            ]);
            out.push(Span {
                context: context.with_span(self.started.execution_id.timer_span_id(task)),
                parent_id: Some(context.span_id),
                kind: SpanKind::Internal,
                name: format!("orchestration:{}:timer", self.started.name),
                start: *created_at,
                duration: fired_at.saturating_since(*created_at),
                attributes,
                events: Vec::new(),
                events_dropped: 0,
                status: SpanStatus::Unset,
            });
        }
        let version = self.started.version.as_ref();
        let mut attributes = self.attributes("orchestration");
        attributes.extend(version.map(|version| text("durabletask.task.version", version)));
        attributes.push(text("durabletask.task.status", status));
        let parent = self.started.parent_span();
        out.push(Span {
            context,
            parent_id: parent.map(|parent| parent.span_id),
            kind: SpanKind::Server,
            name: version.map_or_else(
                || format!("orchestration:{}", self.started.name),
                |version| format!("orchestration:{}@({version})", self.started.name),
            ),
            start: self.start,
            duration: at.saturating_since(self.start),
            attributes,
            events: std::mem::take(&mut self.events),
            events_dropped: self.events_dropped,
            status: how,
        });
    }

    fn attributes(&self, of: &'static str) -> Vec<super::Attribute> {
        vec![
            text("durabletask.type", of),
            text("durabletask.task.name", &self.started.name),
            text("durabletask.task.instance_id", self.instance_id),
            text("durabletask.task.execution_id", self.started.execution_id),
        ]
    }
}

fn reason_of(reason: Option<&Payload>) -> Vec<super::Attribute> {
    reason.map(|reason| text("reason", short(reason.as_str()))).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::Arc;

    use engine::TraceContext;
    use engine::text::parse_history;

    use super::*;
    use crate::SpanSink;

    struct All(bool);

    impl SpanSink for All {
        fn wants(&self, _: &TraceContext) -> bool {
            self.0
        }

        fn tell(&self, _: Span) {}
    }

    fn history(text: &str) -> Vec<HistoryEvent> {
        parse_history(text).unwrap()
    }

    fn instance() -> InstanceId {
        InstanceId::new("order-1").unwrap()
    }

    fn wanted() -> Spans {
        Spans::to(Arc::new(All(true)))
    }

    fn ended(text: &str, stored: usize) -> String {
        render(&of_execution(&wanted(), &instance(), &history(text), stored))
    }

    fn render(spans: &[Span]) -> String {
        let mut text = String::new();
        for span in spans {
            let Span { context, name, start, duration, status, events, .. } = span;
            let id = u64::from_be_bytes(context.span_id);
            let parent = span.parent_id.map_or("none".to_owned(), |id| format!("{:x}", u64::from_be_bytes(id)));
            writeln!(text, "{id:x} in {parent}: {name} {start}+{duration:?} {status:?}").unwrap();
            for (name, value) in &span.attributes {
                writeln!(text, "  {name}={value:?}").unwrap();
            }
            for event in events {
                writeln!(text, "  at {}: {} {:?}", event.at, event.name, event.attributes).unwrap();
            }
        }
        text
    }

    const WAITED: &str = "
        1 orchestrator_started at=1s
        2 execution_started execution=7 name=order version=v2 trace_parent=00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
        3 timer_created task=0 fire_at=3s
        4 event_awaited task=1 name=go
        5 orchestrator_completed
        6 orchestrator_started at=2s
        7 execution_suspended reason='lunch'
        8 orchestrator_completed
        9 orchestrator_started at=4s
        10 execution_resumed
        11 timer_fired task=0
        12 event_raised name=go data='[1]' key=1
        13 execution_completed
        14 orchestrator_completed";

    #[test]
    fn a_life_is_a_span_with_its_events_and_timers() {
        insta::assert_snapshot!(ended(WAITED, 8), @r#"
        5829c8aac9554222 in 3f2b336cf3c2277: orchestration:order:timer 1000ms+3s Unset
          durabletask.type=Text("timer")
          durabletask.task.name=Text("order")
          durabletask.task.instance_id=Text("order-1")
          durabletask.task.execution_id=Text("00000000000000000000000000000007")
          durabletask.task.task_id=Number(0)
          durabletask.fire_at=Time(Timestamp(3000))
        3f2b336cf3c2277 in b7ad6b7169203331: orchestration:order@(v2) 1000ms+3s Ok
          durabletask.type=Text("orchestration")
          durabletask.task.name=Text("order")
          durabletask.task.instance_id=Text("order-1")
          durabletask.task.execution_id=Text("00000000000000000000000000000007")
          durabletask.task.version=Text("v2")
          durabletask.task.status=Text("Completed")
          at 2000ms: Execution suspended [("reason", Text("lunch"))]
          at 4000ms: Execution resumed []
          at 4000ms: Received external event [("name", Text("go")), ("size", Number(3))]
        "#);
    }

    #[test]
    fn what_was_told_before_is_not_told_again() {
        assert_eq!(ended(WAITED, 14), "");
        assert_eq!(
            ended("1 orchestrator_started at=1s | 2 execution_started name=order | 3 orchestrator_completed", 0),
            ""
        );
    }

    #[test]
    fn after_a_rewind_there_is_another_span_from_then_on() {
        let rewound = "
            1 orchestrator_started at=1s
            2 execution_started execution=7 name=order
            3 execution_failed kind=lost message='m'
            4 orchestrator_completed
            5 orchestrator_started at=9s
            6 execution_rewound voided=3
            7 execution_terminated
            8 orchestrator_completed";
        insta::assert_snapshot!(ended(rewound, 4), @r#"
        8976ef31c9e0e3e6 in none: orchestration:order 9000ms+0ns Error("terminated")
          durabletask.type=Text("orchestration")
          durabletask.task.name=Text("order")
          durabletask.task.instance_id=Text("order-1")
          durabletask.task.execution_id=Text("00000000000000000000000000000007")
          durabletask.task.status=Text("Terminated")
          at 9000ms: Execution rewound []
        "#);
        let both = of_execution(&wanted(), &instance(), &history(rewound), 0);
        assert_eq!(both.len(), 2);
        assert_ne!(both[0].context.span_id, both[1].context.span_id);
    }

    #[test]
    fn an_execution_that_was_replaced_before_its_end_has_continued() {
        let events = history("1 orchestrator_started at=1s | 2 execution_started execution=7 name=order");
        let told = of_replaced(&wanted(), &instance(), &Replaced { events, stored: 0 });
        assert!(told[0].attributes.contains(&text("durabletask.task.status", "ContinuedAsNew")));
        let replaced = Replaced { events: history(WAITED), stored: 14 };
        assert_eq!(of_replaced(&wanted(), &instance(), &replaced), [], "it had ended, and that was told");
    }

    #[test]
    fn nothing_is_made_that_nobody_wants() {
        let spans = Spans::to(Arc::new(All(false)));
        assert_eq!(of_execution(&spans, &instance(), &history(WAITED), 0), []);
        assert_eq!(of_execution(&Spans::default(), &instance(), &history(WAITED), 0), []);
    }

    #[test]
    fn events_and_timers_are_bounded_and_the_rest_counted() {
        let mut text = "1 orchestrator_started at=1s | 2 execution_started execution=7 name=order".to_owned();
        let mut id = 2;
        let mut line = |kind: String| {
            id += 1;
            write!(text, " | {id} {kind}").unwrap();
        };
        for task in 0..200 {
            line(format!("timer_created task={task} fire_at=3s"));
            line(format!("timer_fired task={task}"));
            line(format!("event_raised name=go key={task}"));
        }
        line("execution_completed".to_owned());
        let spans = of_execution(&wanted(), &instance(), &history(&text), 0);
        assert_eq!(spans.len(), limits::SPAN_TIMERS_MAX + 1);
        let own = spans.last().unwrap();
        assert_eq!((own.events.len(), own.events_dropped), (limits::SPAN_EVENTS_MAX, 72));
    }
}
