//! What the environment says of traces, under the names that OpenTelemetry gives.
//!
//! Where to send, headers and timeouts are read by the exporter itself.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::sampling::Sampling;
use crate::endpoint::is_in_the_clear;
use crate::limits::{TRACE_SPANS_PER_BATCH_MAX, TRACE_SPANS_WAITING_MAX};
use crate::output;

/// How traces are made and sent.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// None: the environment names the service itself.
    pub(super) service_name: Option<&'static str>,
    pub(super) sampling: Sampling,
    pub(super) limits: QueueLimits,
}

/// How many spans may wait, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QueueLimits {
    pub(super) waiting_max: usize,
    pub(super) batch_max: usize,
    pub(super) delay: Duration,
}

impl Settings {
    /// None: no traces are wanted.
    ///
    /// # Errors
    /// A variable cannot be understood.
    pub(crate) fn from_env() -> Result<Option<Self>> {
        Self::read(|name| std::env::var(name).ok())
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>> {
        // A variable that is empty counts as one that is not there.
        let text = |name: &str| variable(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let is_there = |name| text(name).is_some();
        let has_endpoint = is_there("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") || is_there("OTEL_EXPORTER_OTLP_ENDPOINT");
        let is_disabled = text("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let is_elsewhere = text("OTEL_TRACES_EXPORTER").is_some_and(|exporter| exporter != "otlp");
        if !has_endpoint || is_disabled || is_elsewhere {
            return Ok(None);
        }
        let endpoint = text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| text("OTEL_EXPORTER_OTLP_ENDPOINT"));
        let has_headers = is_there("OTEL_EXPORTER_OTLP_TRACES_HEADERS") || is_there("OTEL_EXPORTER_OTLP_HEADERS");
        if has_headers && let Some(endpoint) = endpoint.filter(|endpoint| is_in_the_clear(endpoint)) {
            output::warn(&format!(
                "the headers in OTEL_EXPORTER_OTLP_HEADERS, which may hold a key, are sent without encryption to \
                 {endpoint}; use https"
            ));
        }
        let protocol = text("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| text("OTEL_EXPORTER_OTLP_PROTOCOL"));
        if let Some(protocol) = protocol.filter(|protocol| protocol != "http/protobuf") {
            bail!("OTEL_EXPORTER_OTLP_PROTOCOL is \"{protocol}\"; only http/protobuf is spoken here");
        }
        let number = |name: &str, default: usize| {
            let number =
                text(name).map(|text| text.parse().with_context(|| format!("{name} is \"{text}\", no number")));
            number.transpose().map(|number| number.unwrap_or(default))
        };
        let names_itself = is_there("OTEL_SERVICE_NAME")
            || text("OTEL_RESOURCE_ATTRIBUTES").is_some_and(|text| text.contains("service.name="));
        let waiting_max = number("OTEL_BSP_MAX_QUEUE_SIZE", 2_048)?.clamp(1, TRACE_SPANS_WAITING_MAX);
        let batch_max = number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512)?;
        let delay_ms = number("OTEL_BSP_SCHEDULE_DELAY", 5_000)?;
        Ok(Some(Self {
            service_name: (!names_itself).then_some("rondo"),
            sampling: Sampling::read(
                text("OTEL_TRACES_SAMPLER").as_deref(),
                text("OTEL_TRACES_SAMPLER_ARG").as_deref(),
            )?,
            limits: QueueLimits {
                waiting_max,
                batch_max: batch_max.clamp(1, waiting_max.min(TRACE_SPANS_PER_BATCH_MAX)),
                delay: Duration::from_millis(u64::try_from(delay_ms).unwrap_or(u64::MAX)).min(Duration::from_mins(1)),
            },
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Settings>> {
        Settings::read(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned()))
    }

    const ON: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://localhost:4318");

    #[test]
    fn without_an_endpoint_there_are_no_traces() {
        assert_eq!(read(&[]).unwrap(), None);
        assert_eq!(read(&[("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).unwrap(), None);
        assert_eq!(read(&[("OTEL_SERVICE_NAME", "shop")]).unwrap(), None);
    }

    #[test]
    fn an_endpoint_turns_them_on_and_others_turn_them_off_again() {
        assert!(read(&[ON]).unwrap().is_some());
        assert!(read(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://localhost:1/x")]).unwrap().is_some());
        assert_eq!(read(&[ON, ("OTEL_SDK_DISABLED", "TRUE")]).unwrap(), None);
        assert_eq!(read(&[ON, ("OTEL_TRACES_EXPORTER", "none")]).unwrap(), None);
    }

    #[test]
    fn the_service_is_called_rondo_unless_it_is_named() {
        assert_eq!(read(&[ON]).unwrap().unwrap().service_name, Some("rondo"));
        assert_eq!(read(&[ON, ("OTEL_SERVICE_NAME", "shop")]).unwrap().unwrap().service_name, None);
        let named = [ON, ("OTEL_RESOURCE_ATTRIBUTES", "a=b,service.name=shop")];
        assert_eq!(read(&named).unwrap().unwrap().service_name, None);
    }

    #[test]
    fn the_queue_is_bounded_whatever_is_asked_for() {
        let asked = [
            ON,
            ("OTEL_BSP_MAX_QUEUE_SIZE", "99999999999"),
            ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"),
            ("OTEL_BSP_SCHEDULE_DELAY", "99999999999"),
        ];
        let limits = read(&asked).unwrap().unwrap().limits;
        let expected =
            QueueLimits { waiting_max: TRACE_SPANS_WAITING_MAX, batch_max: 1, delay: Duration::from_mins(1) };
        assert_eq!(limits, expected);
    }

    #[test]
    fn what_cannot_be_understood_is_said() {
        let problem = |name, text| read(&[ON, (name, text)]).unwrap_err().to_string();
        assert_eq!(problem("OTEL_BSP_SCHEDULE_DELAY", "soon"), "OTEL_BSP_SCHEDULE_DELAY is \"soon\", no number");
        assert!(problem("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc").contains("http/protobuf"));
        assert!(problem("OTEL_TRACES_SAMPLER", "xray").contains("parentbased_traceidratio"));
    }
}
