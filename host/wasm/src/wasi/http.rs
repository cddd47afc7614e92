//! Where activities may send HTTP requests.

use std::future::Future;
use std::str::FromStr;

use engine::{ActivityTask, InstanceId, TraceContext};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Hosts that requests may go to.
#[derive(Debug, Clone)]
pub(super) struct AllowList {
    patterns: Vec<HostPattern>,
    /// Whose activity it is, for the log.
    instance_id: InstanceId,
    activity: String,
}

impl AllowList {
    pub(super) fn new(patterns: Vec<HostPattern>, task: &ActivityTask) -> Self {
        Self { patterns, instance_id: task.instance_id.clone(), activity: task.name.clone() }
    }

    fn allows(&self, uri: &Uri) -> bool {
        let Some(authority) = uri.authority() else { return false };
        // A user name before the host is for the server, but it also makes hosts that look like another one.
        if authority.as_str().contains('@') {
            return false;
        }
        let usual = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(usual);
        self.patterns.iter().any(|pattern| pattern.matches(authority.host(), port, usual))
    }
}

/// `host`, `host:port`, or either with `*.` in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPattern {
    host: String,
    is_wildcard: bool,
    port: Option<u16>,
}

impl HostPattern {
    fn matches(&self, host: &str, port: u16, usual: u16) -> bool {
        let host = host.to_ascii_lowercase();
        let is_host = if self.is_wildcard {
            host.strip_suffix(&self.host).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
        } else {
            host == self.host
        };
        is_host && port == self.port.unwrap_or(usual)
    }
}

impl FromStr for HostPattern {
    /// What is wrong with it.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = |why: &str| format!("`{text}` is not a host that can be allowed: {why}");
        if text.contains("://") || text.contains('/') {
            return Err(problem("write the host only, without scheme and path, as in `api.example.com`"));
        }
        let (is_wildcard, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if rest.contains('*') {
            return Err(problem("`*` can only be the first label, as in `*.example.com`"));
        }
        let authority: Authority = rest.parse().map_err(|_| problem("expected `host` or `host:port`"))?;
        if authority.host().is_empty() || rest.contains('@') {
            return Err(problem("expected `host` or `host:port`"));
        }
        let port = authority.port_u16();
        // The parser takes any text for a port.
        if port.is_none() && authority.as_str().len() != authority.host().len() {
            return Err(problem("the port is not a number below 65536"));
        }
        Ok(Self { host: authority.host().to_ascii_lowercase(), is_wildcard, port })
    }
}

/// What becomes of a request.
type Sending = Box<dyn Future<Output = Result<(Response<WasiBody>, Exchange), Error>> + Send>;
/// The rest of an exchange once the response's head is there.
type Exchange = Box<dyn Future<Output = Result<(), Error>> + Send>;

/// What an attempt sends.
#[derive(Debug)]
pub(super) struct Requests {
    allowed: AllowList,
    /// `traceparent` and `tracestate` of its span, if it is part of a trace.
    trace: Option<(HeaderValue, Option<HeaderValue>)>,
}

impl Requests {
    pub(super) fn new(allowed: AllowList, span: Option<&TraceContext>) -> Self {
        let value = |text: &str| HeaderValue::from_str(text).ok();
        let state = |span: &TraceContext| value(span.tracestate()).filter(|state| !state.is_empty());
        let trace = span.and_then(|span| Some((value(&span.traceparent())?, state(span))));
        Self { allowed, trace }
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
    fn send_request(
        &mut self,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _: Exchange,
    ) -> Sending {
        if !self.allowed.allows(request.uri()) {
            let host = request.uri().authority().map_or("", Authority::as_str);
            tracing::warn!(instance_id = %self.allowed.instance_id, activity = self.allowed.activity, host, "an activity's request was denied: its deployment does not allow this host");
            return Box::new(async { Err(Error::HttpRequestDenied) });
        }
        self.trace(request.headers_mut());
        Box::new(async move {
            let (response, exchange) = wasmtime_wasi_http::default_send_request(request, options).await?;
            Ok((response.map(http_body_util::BodyExt::boxed_unsync), Box::new(exchange) as Exchange))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(patterns: Vec<HostPattern>) -> AllowList {
        AllowList { patterns, instance_id: InstanceId::new("i").unwrap(), activity: "get".to_owned() }
    }

    fn allows(pattern: &str, uri: &str) -> bool {
        list(vec![pattern.parse().unwrap()]).allows(&uri.parse().unwrap())
    }

    #[test]
    fn a_host_alone_means_the_usual_port() {
        assert!(allows("api.example.com", "https://api.example.com/x"));
        assert!(allows("api.example.com", "http://API.Example.com"));
        assert!(allows("api.example.com", "https://api.example.com:443/"));
        assert!(!allows("api.example.com", "https://api.example.com:8443/"));
        assert!(!allows("api.example.com", "http://api.example.com:443/"));
        assert!(!allows("api.example.com", "https://example.com/"));
        assert!(!allows("api.example.com", "https://api.example.com.evil.test/"));
    }

    #[test]
    fn a_port_means_that_port() {
        assert!(allows("localhost:8080", "http://localhost:8080/"));
        assert!(!allows("localhost:8080", "http://localhost/"));
        assert!(allows("[::1]:8080", "http://[::1]:8080/"));
    }

    #[test]
    fn a_wildcard_is_every_name_below() {
        assert!(allows("*.example.com", "https://a.b.example.com/"));
        assert!(!allows("*.example.com", "https://example.com/"));
        assert!(!allows("*.example.com", "https://badexample.com/"));
        assert!(!allows("*.example.com", "https://.example.com/"));
    }

    #[test]
    fn a_user_name_cannot_pass_for_a_host() {
        assert!(!allows("api.example.com", "https://api.example.com@evil.test/"));
        assert!(!allows("api.example.com", "https://evil.test@api.example.com/"));
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert!(!list(Vec::new()).allows(&"http://localhost/".parse().unwrap()));
    }

    fn sent(span: Option<&TraceContext>, own: &[(HeaderName, &'static str)]) -> Vec<(String, String)> {
        let own = own.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        let mut headers: HeaderMap = own.collect();
        Requests::new(list(Vec::new()), span).trace(&mut headers);
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

    #[test]
    fn what_is_no_host_is_refused() {
        let problem = |text: &str| text.parse::<HostPattern>().unwrap_err();
        insta::assert_snapshot!(problem("https://example.com"), @"`https://example.com` is not a host that can be allowed: write the host only, without scheme and path, as in `api.example.com`");
        insta::assert_snapshot!(problem("example.*"), @"`example.*` is not a host that can be allowed: `*` can only be the first label, as in `*.example.com`");
        insta::assert_snapshot!(problem("example.com:http"), @"`example.com:http` is not a host that can be allowed: the port is not a number below 65536");
        insta::assert_snapshot!(problem(""), @"`` is not a host that can be allowed: expected `host` or `host:port`");
    }
}
