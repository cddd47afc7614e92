//! Where activities may send HTTP requests.

use std::future::Future;
use std::sync::Arc;

use engine::{ActivityTask, InstanceId, TraceContext};
use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use tokio::sync::Semaphore;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::types;
use wasmtime_wasi_http::p2::body::HostOutgoingBody;
use wasmtime_wasi_http::p2::types::{HostOutgoingRequest, HostOutgoingResponse};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, WasiHttpView};

use super::Granted;
use super::exchange::{Rest, exchange};
use crate::Ceiling;
use crate::host_pattern::{HostPattern, Reach, Target};
use crate::limits::{BODY_CHUNK_BYTES, CONNECTIONS_MAX};

/// The interface of requests, responses and bodies, as WASI links it.
const TYPES: &str = "wasi:http/types@0.2.12";

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Hosts that requests may go to.
#[derive(Debug, Clone)]
pub(super) struct AllowList {
    patterns: Vec<HostPattern>,
    /// What the operator allows at most.
    ceiling: Ceiling,
    /// Whose activity it is, for the log.
    instance_id: InstanceId,
    activity: String,
}

impl AllowList {
    pub(super) fn new(patterns: Vec<HostPattern>, ceiling: Ceiling, task: &ActivityTask) -> Self {
        Self { patterns, ceiling, instance_id: task.instance_id.clone(), activity: task.name.clone() }
    }

    fn reach(&self, target: &Target) -> Reach {
        let granted = self.patterns.iter().map(|pattern| pattern.reach(target)).max().unwrap_or(Reach::Nowhere);
        granted.min(self.ceiling.reach(target))
    }

    fn warn(&self, uri: &Uri, problem: &str) {
        let host = uri.authority().map_or("", Authority::as_str);
        tracing::warn!(instance_id = %self.instance_id, activity = self.activity, host, "an activity's request was denied: {problem}");
    }
}

/// What becomes of a request.
type Sending = Box<dyn Future<Output = Result<(Response<WasiBody>, Rest), Error>> + Send>;

/// What an attempt sends.
#[derive(Debug)]
pub(super) struct Requests {
    allowed: AllowList,
    /// `traceparent` and `tracestate` of its span, if it is part of a trace.
    trace: Option<(HeaderValue, Option<HeaderValue>)>,
    /// A permit for each connection.
    connections: Arc<Semaphore>,
}

impl Requests {
    pub(super) fn new(allowed: AllowList, span: Option<&TraceContext>) -> Self {
        let value = |text: &str| HeaderValue::from_str(text).ok();
        let state = |span: &TraceContext| value(span.tracestate()).filter(|state| !state.is_empty());
        let trace = span.and_then(|span| Some((value(&span.traceparent())?, state(span))));
        Self { allowed, trace, connections: Arc::new(Semaphore::new(CONNECTIONS_MAX)) }
    }

    pub(super) fn may_have_bodies(&self) -> bool {
        !self.allowed.patterns.is_empty()
    }

    /// A guest that traces by itself knows better: then nothing of ours is added.
    fn trace(&self, headers: &mut HeaderMap) {
        let Some((parent, state)) = &self.trace else { return };
        if headers.contains_key(TRACEPARENT) {
            return;
        }
        headers.insert(TRACEPARENT, parent.clone());
        // A state without its parent means nothing.
        headers.remove(TRACESTATE);
        headers.extend(state.clone().map(|state| (TRACESTATE, state)));
    }
}

impl WasiHttpHooks for Requests {
    /// Sends what is allowed. Redirects come back to the guest as the responses they are, so following one is another
    /// request that is checked again.
    fn send_request(&mut self, mut request: Request<WasiBody>, options: Option<RequestOptions>, _: Rest) -> Sending {
        let target = Target::of(request.uri());
        let reach = target.as_ref().map_or(Reach::Nowhere, |target| self.allowed.reach(target));
        let Some(target) = target.filter(|_| reach != Reach::Nowhere) else {
            self.allowed.warn(request.uri(), "its deployment does not allow this host");
            return Box::new(async { Err(Error::HttpRequestDenied) });
        };
        let Ok(connection) = Arc::clone(&self.connections).try_acquire_owned() else {
            self.allowed.warn(request.uri(), "it has as many on their way as one attempt may have");
            return Box::new(async { Err(Error::ConnectionLimitReached) });
        };
        self.trace(request.headers_mut());
        let allowed = self.allowed.clone();
        Box::new(async move {
            let uri = request.uri().clone();
            let answered = exchange(request, options, &target, reach).await;
            if matches!(answered, Err(Error::DestinationIpProhibited)) {
                allowed.warn(
                    &uri,
                    "the host has a private address, and is only allowed by a wildcard: grant it by its full name",
                );
            }
            let (response, rest) = answered?;
            // The connection counts for as long as it is there.
            let rest = async move {
                let ended = Box::into_pin(rest).await;
                drop(connection);
                ended
            };
            Ok((response, Box::new(rest) as Rest))
        })
    }

    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        BODY_CHUNK_BYTES
    }
}

/// Answers that a request has no body where nothing may be sent, and that a response has none anywhere: an activity
/// answers no requests. Everything else of `wasi:http` is there.
pub(crate) fn refuse_bodies<T: WasiHttpView + 'static>(
    linker: &mut Linker<T>,
    granted: fn(&mut T) -> &mut Granted,
) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut types = linker.instance(TYPES)?;
    types.func_wrap(
        "[method]outgoing-request.body",
        move |mut store, (request,): (Resource<HostOutgoingRequest>,)| {
            if !granted(store.data_mut()).may_have_bodies() {
                tracing::debug!("the body of an activity's request was refused: its deployment allows no host");
                return Ok((Err(()),));
            }
            Ok((types::HostOutgoingRequest::body(&mut store.data_mut().http(), request)?,))
        },
    )?;
    types.func_wrap(
        "[method]outgoing-response.body",
        |_, (_,): (Resource<HostOutgoingResponse>,)| -> wasmtime::Result<(Result<Resource<HostOutgoingBody>, ()>,)> {
            Ok((Err(()),))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: &[&str], ceiling: Ceiling) -> AllowList {
        let patterns = patterns.iter().map(|pattern| pattern.parse().unwrap()).collect();
        AllowList { patterns, ceiling, instance_id: InstanceId::new("i").unwrap(), activity: "get".to_owned() }
    }

    fn reach(patterns: &[&str], ceiling: Option<&[&str]>, uri: &str) -> Reach {
        let ceiling = Ceiling::of_hosts(ceiling.map(|hosts| hosts.iter().map(|host| host.parse().unwrap()).collect()));
        list(patterns, ceiling).reach(&Target::of(&uri.parse().unwrap()).unwrap())
    }

    #[test]
    fn grant_and_ceiling_must_both_allow_a_request() {
        let here = "http://a.example.com/";
        assert_eq!(reach(&["a.example.com"], None, here), Reach::AnyAddress);
        assert_eq!(reach(&["*.example.com"], None, here), Reach::PublicAddresses);
        assert_eq!(reach(&["a.example.com"], Some(&["a.example.com"]), here), Reach::AnyAddress);
        assert_eq!(reach(&["a.example.com"], Some(&["*.example.com"]), here), Reach::PublicAddresses);
        assert_eq!(reach(&["a.example.com"], Some(&["*"]), here), Reach::PublicAddresses);
        assert_eq!(reach(&["a.example.com"], Some(&["*", "a.example.com"]), here), Reach::AnyAddress);
        assert_eq!(reach(&["*.example.com"], Some(&["a.example.com"]), here), Reach::PublicAddresses);
        assert_eq!(reach(&["a.example.com"], Some(&["b.example.com"]), here), Reach::Nowhere);
        assert_eq!(reach(&["a.example.com"], Some(&["none"]), here), Reach::Nowhere);
        assert_eq!(reach(&["b.example.com"], Some(&["*"]), here), Reach::Nowhere);
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert_eq!(reach(&[], None, "http://localhost/"), Reach::Nowhere);
    }

    fn sent(span: Option<&TraceContext>, own: &[(HeaderName, &'static str)]) -> Vec<(String, String)> {
        let own = own.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        let mut headers: HeaderMap = own.collect();
        Requests::new(list(&[], Ceiling::default()), span).trace(&mut headers);
        headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
    }

    #[test]
    fn a_request_carries_the_span_unless_the_guest_has_one() {
        let span = TraceContext { trace_id: [0xab; 16], span_id: [0xcd; 8], flags: 1, state: Some("a=1".into()) };
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let ours = pair("traceparent", "00-abababababababababababababababab-cdcdcdcdcdcdcdcd-01");
        assert_eq!(sent(Some(&span), &[]), [ours.clone(), pair("tracestate", "a=1")]);
        assert_eq!(sent(Some(&span), &[(TRACESTATE, "b=2")]), [ours.clone(), pair("tracestate", "a=1")]);
        assert_eq!(sent(Some(&TraceContext { state: None, ..span.clone() }), &[]), [ours]);
        assert_eq!(sent(Some(&span), &[(TRACEPARENT, "own")]), [pair("traceparent", "own")]);
        assert_eq!(sent(None, &[]), []);
    }
}
