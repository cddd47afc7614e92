//! The HTTP client of the commands. It blocks: a command does one thing at a time.

use std::io::{ErrorKind, Read};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use api::ProblemDocument;
use api::dto::segment;
use form_urlencoded::Serializer;
use serde::de::DeserializeOwned;
use ureq::http::{HeaderValue, Request, Response, StatusCode};
use ureq::tls::{PemItem, RootCerts, TlsConfig};
use ureq::{AsSendBody, Body};

use crate::args::Global;
use crate::endpoint::is_in_the_clear;
use crate::exit::{Exit, Failure};
use crate::limits::{
    ANSWER_BYTES_MAX, ANSWER_TIMEOUT, BODY_ASKED_FIRST_BYTES, CONNECT_TIMEOUT, FOLLOW_ROUND, WAIT_ANSWER_GRACE,
};
use crate::output::{self, cut};

/// Characters of an address that a server sends its clients to.
const LOCATION_CHARS_SHOWN: usize = 200;

/// Where the Durable Functions calls live.
const BASE: &str = "/runtime/webhooks/durabletask";

/// A server, as far as a command is concerned.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    server: String,
    key: Option<String>,
}

/// A request in the making.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    method: &'static str,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, String)>,
    body: Option<&'a [u8]>,
    answer_timeout: Duration,
}

/// What the server answered; a refusal is a [`Failure`] instead.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) body: Vec<u8>,
    pub(crate) continuation: Option<String>,
}

impl<'a> Call<'a> {
    /// A call of the Durable Functions API; `path` begins with a slash.
    pub(crate) fn durable(method: &'static str, path: &str) -> Self {
        Self::new(method, format!("{BASE}{path}"))
    }

    /// A call of Rondo's own.
    pub(crate) fn own(method: &'static str, path: &str) -> Self {
        Self::new(method, format!("/rondo{path}"))
    }

    /// A call on one instance: what follows its id.
    pub(crate) fn on(method: &'static str, id: &str, verb: &str) -> Self {
        Self::durable(method, &format!("/instances/{}{verb}", segment(id)))
    }

    fn new(method: &'static str, path: String) -> Self {
        Self { method, path, query: Vec::new(), headers: Vec::new(), body: None, answer_timeout: ANSWER_TIMEOUT }
    }

    pub(crate) fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }

    pub(crate) fn query_if<T: Into<String>>(self, name: &'static str, value: Option<T>) -> Self {
        match value {
            Some(value) => self.query(name, value),
            None => self,
        }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(self, content_type: &'static str, body: &'a [u8]) -> Self {
        let call = Self { body: Some(body), ..self }.header("content-type", content_type);
        // A server that refuses would close the connection while the body is still on its way.
        if body.len() > BODY_ASKED_FIRST_BYTES { call.header("expect", "100-continue") } else { call }
    }

    /// Gives the server up if its answer does not begin within this.
    pub(crate) fn answered_within(self, timeout: Duration) -> Self {
        Self { answer_timeout: timeout, ..self }
    }

    /// Path and query, encoded.
    fn target(&self) -> String {
        if self.query.is_empty() {
            return self.path.clone();
        }
        let query = Serializer::new(String::new()).extend_pairs(&self.query).finish();
        format!("{}?{query}", self.path)
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|error| {
            Failure::new(Exit::Failed, format!("the server's answer is not understood: {error}"))
                .remedy("Client and server may be of different versions; --output json shows the answer as it is.")
        })
    }
}

impl Client {
    /// # Errors
    /// The certificate authority or the key cannot be read.
    pub(crate) fn new(global: &Global) -> Result<Self> {
        let client = Self::of(&global.server, global.key()?, global.ca_cert.as_deref())?;
        if is_in_the_clear(&client.server) {
            output::warn(&format!(
                "{} is not encrypted: the key and all data can be read on the way; use https if the server has a \
                 certificate",
                client.server
            ));
        }
        Ok(client)
    }

    /// # Errors
    /// The certificate authority cannot be read.
    pub(crate) fn of(server: &str, key: Option<String>, ca_cert: Option<&Path>) -> Result<Self> {
        // No proxy: a server on loopback must not be asked for through one. No redirects: the key, and what is sent, are
        // for this server alone.
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .tls_config(tls(ca_cert)?)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .build()
            .new_agent();
        let server = server.trim_end_matches('/').to_owned();
        Ok(Self { agent, server, key: key.filter(|key| !key.is_empty()) })
    }

    /// Sends a call and waits for the answer.
    pub(crate) fn send(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let mut answer = match call.body {
            Some(body) => self.run(call, self.request(call, body)?)?,
            None => self.run(call, self.request(call, ())?)?,
        };
        let continuation = answer.headers().get("x-ms-continuation-token");
        let continuation = continuation.and_then(|token| token.to_str().ok()).map(str::to_owned);
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        Ok(Answer { body: body.map_err(|error| self.failed(&error))?, continuation })
    }

    /// Sends a call whose answer comes little by little, and answers with its body; none for an empty answer.
    pub(crate) fn open(&self, call: &Call<'_>) -> Result<Option<impl Read + use<>>, Failure> {
        let request = self.request(call, ())?;
        let request = self.agent.configure_request(request).timeout_recv_body(Some(FOLLOW_ROUND)).build();
        let answer = self.run(call, request)?;
        let has_body = answer.status() != StatusCode::NO_CONTENT;
        Ok(has_body.then(|| answer.into_body().into_reader()))
    }

    fn run(&self, call: &Call<'_>, request: Request<impl AsSendBody>) -> Result<Response<Body>, Failure> {
        let timeout = Some(call.answer_timeout);
        let request = self.agent.configure_request(request).timeout_recv_response(timeout).build();
        self.answer(self.agent.run(request))
    }

    fn request<B>(&self, call: &Call<'_>, body: B) -> Result<Request<B>, Failure> {
        let mut request = Request::builder().method(call.method).uri(format!("{}{}", self.server, call.target()));
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(key) = &self.key {
            request = request.header("x-functions-key", key);
        }
        let malformed = |error: ureq::http::Error| Failure::new(Exit::Usage, format!("{}: {error}", self.server));
        request.body(body).map_err(malformed)
    }

    /// What came back, unless the server refused.
    fn answer(&self, answered: Result<Response<Body>, ureq::Error>) -> Result<Response<Body>, Failure> {
        let mut answer = answered.map_err(|error| self.failed(&error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        if status.is_redirection() {
            return Err(self.redirected(answer.headers().get("location").map(HeaderValue::as_bytes)));
        }
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let body = body.map_err(|error| self.failed(&error))?;
        Err(match serde_json::from_slice::<ProblemDocument>(&body) {
            Ok(problem) => Failure::from(problem),
            // What a proxy answers while there is no server behind it.
            Err(_) if matches!(status.as_u16(), 502..=504) => {
                Failure::new(Exit::Unreachable, format!("no server answers behind {}: {status}", self.server))
                    .remedy("A proxy answers there, and its server does not: start it with `rondo serve`.")
            }
            Err(_) => Failure::new(Exit::Failed, format!("{} answered {status}", self.server))
                .remedy("This may not be a rondo server: check --server or RONDO_SERVER."),
        })
    }

    fn redirected(&self, location: Option<&[u8]>) -> Failure {
        let location = cut(&String::from_utf8_lossy(location.unwrap_or(b"nowhere")), LOCATION_CHARS_SHOWN);
        let message = format!("{} sends its clients to {location}, and this one does not follow", self.server);
        Failure::new(Exit::Failed, message)
            .remedy("The key is for one server. If that is where it is, set --server or RONDO_SERVER to it.")
    }

    fn failed(&self, error: &ureq::Error) -> Failure {
        let unreachable = |why: &dyn std::fmt::Display| {
            Failure::new(Exit::Unreachable, format!("no server answers at {}: {why}", self.server))
                .remedy("Start one with `rondo serve`, or name another with --server or RONDO_SERVER.")
        };
        match error {
            ureq::Error::BadUri(_) | ureq::Error::Http(_) | ureq::Error::TlsRequired => {
                Failure::new(Exit::Usage, format!("cannot talk to \"{}\": {error}", self.server))
                    .remedy("--server takes an address such as http://127.0.0.1:7070.")
            }
            ureq::Error::Io(source) => match source.kind() {
                ErrorKind::ConnectionRefused => unreachable(&"the connection was refused"),
                _ => unreachable(source),
            },
            ureq::Error::HostNotFound => unreachable(&"the host is not known"),
            other => unreachable(other),
        }
    }
}

/// Trusts the certificate authorities of a file, or else those that browsers know.
fn tls(ca_cert: Option<&Path>) -> Result<TlsConfig> {
    let Some(file) = ca_cert else { return Ok(TlsConfig::default()) };
    let pem = std::fs::read(file).with_context(|| format!("reading {}", file.display()))?;
    let mut trusted = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        let item = item.with_context(|| format!("reading the certificates in {}", file.display()))?;
        if let PemItem::Certificate(certificate) = item {
            trusted.push(certificate);
        }
    }
    if trusted.is_empty() {
        bail!("{} holds no certificate", file.display());
    }
    Ok(TlsConfig::builder().root_certs(RootCerts::new_with_certs(&trusted)).build())
}

/// How long a waiting call asks the server to wait.
pub(crate) fn wait_call(id: &str, round: Duration, seen: Option<u64>) -> Call<'static> {
    Call::own("GET", &format!("/instances/{}/wait", segment(id)))
        .query("timeout_ms", round.as_millis().to_string())
        .query_if("seen", seen.map(|seen| seen.to_string()))
        .answered_within(round + WAIT_ANSWER_GRACE)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::net::TcpListener;

    use super::*;

    fn client(server: &str) -> Client {
        Client::of(server, None, None).unwrap()
    }

    #[test]
    fn ids_and_values_are_encoded() {
        let call = Call::on("POST", "a/b ?#", "/suspend").query("reason", "x&y=z");
        assert_eq!(call.target(), "/runtime/webhooks/durabletask/instances/a%2Fb%20%3F%23/suspend?reason=x%26y%3Dz");
    }

    #[test]
    fn a_missing_server_is_told_apart_and_the_remedy_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let free = listener.local_addr().unwrap();
        drop(listener);
        let failure = client(&format!("http://{free}")).send(&Call::own("GET", "/health/live")).unwrap_err();
        assert_eq!(failure.exit, Exit::Unreachable);
        assert!(failure.remedy.unwrap().contains("rondo serve"));
    }

    #[test]
    fn an_address_that_is_none_is_a_mistake_of_the_command_line() {
        let failure = client("localhost 7070").send(&Call::own("GET", "/health/live")).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
    }

    /// A server that answers one request with `response`; answers with its address and what it was sent.
    fn serve(response: String) -> (String, std::thread::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let served = std::thread::spawn(move || {
            let (mut connection, _) = listener.accept().unwrap();
            let mut request = String::new();
            let mut lines = BufReader::new(connection.try_clone().unwrap());
            while lines.read_line(&mut request).unwrap() > 2 {}
            connection.write_all(response.as_bytes()).unwrap();
            request
        });
        (url, served)
    }

    #[test]
    fn a_redirect_is_not_followed_and_the_key_stays_with_its_server() {
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        elsewhere.set_nonblocking(true).unwrap();
        let location = format!("http://{}/x", elsewhere.local_addr().unwrap());
        for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
            let (url, served) =
                serve(format!("HTTP/1.1 {status}\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"));
            let client = Client::of(&url, Some("s3cret".into()), None).unwrap();
            let failure = client.send(&Call::own("GET", "/components")).unwrap_err();
            assert!(failure.message.contains(&location), "{failure:?}");
            assert!(served.join().unwrap().contains("x-functions-key: s3cret"));
            assert_eq!(elsewhere.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "{status} was followed");
        }
    }

    #[test]
    fn a_proxy_without_its_server_counts_as_a_server_that_does_not_answer() {
        let (url, served) = serve("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\nsad!".to_owned());
        let failure = client(&url).send(&Call::own("GET", "/health/live")).unwrap_err();
        assert_eq!(failure.exit, Exit::Unreachable);
        served.join().unwrap();
    }

    #[test]
    fn a_server_that_falls_silent_is_given_up() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let call = Call::own("GET", "/health/live").answered_within(Duration::from_millis(1));
        assert_eq!(client(&url).send(&call).unwrap_err().exit, Exit::Unreachable);
    }
}
