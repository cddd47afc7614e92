//! Which traces are kept. A function of the trace alone, so that all hosts keep the same ones.

use anyhow::{Context as _, Result, bail, ensure};
use engine::{TRACE_SAMPLED, TraceContext};
use opentelemetry::TraceId;
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, ShouldSample as _};

/// A sampler of OpenTelemetry.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sampling {
    /// Whoever began the trace has decided; what is said here is for traces that begin with an orchestration.
    is_parent_based: bool,
    /// Of so many traces, from 0 to 1.
    ratio: f64,
}

impl Sampling {
    /// From `OTEL_TRACES_SAMPLER` and its argument.
    pub(super) fn read(name: Option<&str>, argument: Option<&str>) -> Result<Self> {
        let name = name.unwrap_or("parentbased_always_on");
        let (is_parent_based, own) = match name.strip_prefix("parentbased_") {
            Some(own) => (true, own),
            None => (false, name),
        };
        let ratio = match own {
            "always_on" => 1.0,
            "always_off" => 0.0,
            "traceidratio" => {
                let text = argument.unwrap_or("1");
                let problem = || format!("OTEL_TRACES_SAMPLER_ARG is \"{text}\", no number from 0 to 1");
                let ratio: f64 = text.parse().with_context(problem)?;
                ensure!((0.0..=1.0).contains(&ratio), problem());
                ratio
            }
            _ => bail!(
                "OTEL_TRACES_SAMPLER is \"{name}\"; there are always_on, always_off, traceidratio, \
                 parentbased_always_on, parentbased_always_off and parentbased_traceidratio"
            ),
        };
        Ok(Self { is_parent_based, ratio })
    }

    pub(super) fn keeps(&self, context: &TraceContext) -> bool {
        if self.is_parent_based && !context.is_own() {
            return context.flags & TRACE_SAMPLED != 0;
        }
        // The arithmetic is OpenTelemetry's own, so that services around this one keep the same traces.
        let trace_id = TraceId::from_bytes(context.trace_id);
        let sampler = Sampler::TraceIdRatioBased(self.ratio);
        let sampled = sampler.should_sample(None, trace_id, "", &SpanKind::Server, &[], &[]);
        sampled.decision == SamplingDecision::RecordAndSample
    }
}

#[cfg(test)]
mod tests {
    use engine::TRACE_STATE_OF_OWN;

    use super::*;

    fn given(flags: u8) -> TraceContext {
        TraceContext { trace_id: [0x77; 16], span_id: [1; 8], flags, state: None }
    }

    fn own(last: u8) -> TraceContext {
        let mut trace_id = [0x11; 16];
        // What the ratio looks at.
        trace_id[8] = last;
        TraceContext { trace_id, span_id: [1; 8], flags: 1, state: Some(TRACE_STATE_OF_OWN.into()) }
    }

    fn keeps(name: &str, argument: Option<&str>, context: &TraceContext) -> bool {
        Sampling::read(Some(name), argument).unwrap().keeps(context)
    }

    #[test]
    fn whoever_began_a_trace_has_decided() {
        let default = Sampling::read(None, None).unwrap();
        assert!(default.keeps(&given(1)) && !default.keeps(&given(0)) && default.keeps(&own(0)));
        assert!(keeps("parentbased_always_off", None, &given(1)) && !keeps("parentbased_always_off", None, &own(0)));
        assert!(keeps("always_on", None, &given(0)) && !keeps("always_off", None, &given(1)));
    }

    #[test]
    fn a_part_of_those_that_begin_here_is_kept() {
        let half = |context: &TraceContext| keeps("parentbased_traceidratio", Some("0.5"), context);
        assert!(half(&own(0x00)) && !half(&own(0xff)));
        assert!(half(&given(1)) && !half(&given(0)));
        assert!(!keeps("traceidratio", Some("0.1"), &given(1)), "nobody else decides");
    }

    #[test]
    fn no_more_than_all_can_be_kept() {
        for bad in ["2", "-0.1", "NaN", "much"] {
            assert!(Sampling::read(Some("traceidratio"), Some(bad)).is_err(), "{bad}");
        }
    }
}
