//! How requests of the SDK are sent.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use azure_core::auth::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::headers::{CONTENT_LENGTH, HeaderName, HeaderValue, Headers};
use azure_core::{Body, BytesStream, HttpClient, Method, Request, Response, StatusCode};
use bytes::{Bytes, BytesMut};
use reqwest::header::{AUTHORIZATION, HeaderMap, RETRY_AFTER};

use super::ConnectOptions;
use super::batch;
use super::errors::{Answer, Failure};

/// What an identity is asked for.
const STORAGE_SCOPE: &str = "https://storage.azure.com/.default";

/// The largest answer that is read. Far above what this crate's users store in one blob; a bound for the memory that a
/// broken peer can take.
const ANSWER_BYTES_MAX: usize = 512 << 20;

/// Connections that are kept per service while not in use: above what a host has in flight.
const IDLE_CONNECTIONS_MAX: usize = 128;

/// What a request needs besides what the SDK puts into it.
pub(super) enum Proof {
    /// Nothing: the SDK has signed it.
    Signed,
    /// A shared access signature.
    Sas(String),
    /// A token of an identity.
    Token(Arc<dyn TokenCredential>),
    /// This token.
    #[cfg(feature = "test-support")]
    Bearer(String),
}

/// Sends requests over kept connections, and answers only successes: anything else is a [`Failure`].
pub(super) struct Transport {
    client: reqwest::Client,
    proof: Proof,
    /// For a token; the client has its own.
    time_out: Duration,
}

impl Transport {
    pub(super) fn new(options: &ConnectOptions, proof: Proof) -> Result<Self, String> {
        let client = reqwest::Client::builder()
            .connect_timeout(options.connect_timeout)
            .timeout(options.request_timeout)
            .pool_idle_timeout(options.idle_timeout)
            .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { client, proof, time_out: options.request_timeout })
    }

    async fn send(&self, request: &Request) -> Result<Response, Failure> {
        let answer = self.client.execute(self.prepared(request).await?).await.map_err(unsent_or_unknown)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let body = whole_body(answer).await?;
        if !(200..300).contains(&status) {
            return Err(Failure::Answer(refusal(status, &headers, &body)));
        }
        if is_transaction(request)
            && let Some(answer) = batch::first_failure(&body)
        {
            let retry_after = answer.retry_after.or_else(|| retry_after(&headers));
            return Err(Failure::Answer(Answer { retry_after, ..answer }));
        }
        let status = StatusCode::try_from(status).map_err(|error| Failure::Unknown(error.to_string()))?;
        Ok(Response::new(status, sdk_headers(&headers), Box::pin(BytesStream::new(body))))
    }

    /// The request as the HTTP client takes it, with what proves who asks.
    async fn prepared(&self, request: &Request) -> Result<reqwest::Request, Failure> {
        let mut url = request.url().clone();
        if let Proof::Sas(sas) = &self.proof {
            // As it was given: encoding it again could change the signature.
            let query = url.query().map_or_else(|| sas.clone(), |query| format!("{query}&{sas}"));
            url.set_query(Some(&query));
        }
        let method =
            reqwest::Method::from_bytes(request.method().as_ref().as_bytes()).map_err(|error| unsendable(&error))?;
        let is_secure = url.scheme() == "https";
        let mut builder = self.client.request(method, url);
        for (name, value) in request.headers().iter() {
            // Of a transaction the length changes below; it is not signed.
            if !(is_transaction(request) && *name == CONTENT_LENGTH) {
                builder = builder.header(name.as_str(), value.as_str());
            }
        }
        builder = match &self.proof {
            Proof::Signed | Proof::Sas(_) => builder,
            Proof::Token(credential) => {
                builder.header(AUTHORIZATION, bearer(&self.token(credential.as_ref()).await?, is_secure)?)
            }
            #[cfg(feature = "test-support")]
            Proof::Bearer(token) => builder.header(AUTHORIZATION, bearer(token, is_secure)?),
        };
        let Body::Bytes(body) = request.body().clone() else {
            return Err(unsendable(&"it has a body that is not in memory"));
        };
        let body = if is_transaction(request) { batch::well_formed(&body).into() } else { body };
        builder.body(body).build().map_err(|error| unsendable(&error.without_url()))
    }

    /// A token of an identity, which keeps it until it expires. The identity's own requests have no time-out.
    async fn token(&self, credential: &dyn TokenCredential) -> Result<String, Failure> {
        match tokio::time::timeout(self.time_out, credential.get_token(&[STORAGE_SCOPE])).await {
            Ok(Ok(token)) => Ok(token.token.secret().to_owned()),
            Ok(Err(error)) => Err(Failure::NotSent(format!("no token: {error}"))),
            Err(_) => Err(Failure::NotSent("no token in time".to_owned())),
        }
    }
}

fn is_transaction(request: &Request) -> bool {
    *request.method() == Method::Post && request.url().path().ends_with("/$batch")
}

/// `connect` checked the endpoints; this is where it would hurt.
fn bearer(token: &str, is_secure: bool) -> Result<reqwest::header::HeaderValue, Failure> {
    if !is_secure {
        return Err(unsendable(&"a token is sent over https only"));
    }
    let mut value =
        reqwest::header::HeaderValue::from_str(&format!("Bearer {token}")).map_err(|error| unsendable(&error))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unsendable(problem: &dyn fmt::Display) -> Failure {
    Failure::Answer(Answer { code: "InvalidRequest".to_owned(), message: problem.to_string(), ..Answer::default() })
}

/// The address is left out of messages: it may have a signature in it.
fn unsent_or_unknown(error: reqwest::Error) -> Failure {
    let (is_unsent, error) = (error.is_connect(), error.without_url());
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    if is_unsent { Failure::NotSent(message) } else { Failure::Unknown(message) }
}

async fn whole_body(mut answer: reqwest::Response) -> Result<Bytes, Failure> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(unsent_or_unknown)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Failure::Unknown(format!("the answer has more than {ANSWER_BYTES_MAX} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn refusal(status: u16, headers: &HeaderMap, body: &[u8]) -> Answer {
    let (code, message) = batch::code_and_message(body);
    let code = headers.get("x-ms-error-code").and_then(|code| code.to_str().ok()).map_or(code, str::to_owned);
    Answer { status, code, message, retry_after: retry_after(headers) }
}

/// What the service asks to wait: milliseconds in headers of its own, or seconds or a date in the usual one.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let millis = ["retry-after-ms", "x-ms-retry-after-ms"].into_iter().find_map(|name| text(name)?.parse().ok());
    millis.map(Duration::from_millis).or_else(|| {
        let value = text(RETRY_AFTER.as_str())?;
        let seconds = value.parse().ok().map(Duration::from_secs);
        seconds.or_else(|| {
            Some(httpdate::parse_http_date(value).ok()?.duration_since(SystemTime::now()).unwrap_or_default())
        })
    })
}

fn sdk_headers(headers: &HeaderMap) -> Headers {
    let text =
        |value: &reqwest::header::HeaderValue| value.to_str().ok().map(|text| HeaderValue::from(text.to_owned()));
    let pairs =
        headers.iter().filter_map(|(name, value)| Some((HeaderName::from(name.as_str().to_owned()), text(value)?)));
    Headers::from(pairs.collect::<HashMap<_, _>>())
}

#[async_trait]
impl HttpClient for Transport {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<Response> {
        self.send(request).await.map_err(|failure| azure_core::Error::new(ErrorKind::Other, failure))
    }
}

/// Without the proof.
impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_https_only() {
        let value = bearer("secret", true).unwrap();
        assert_eq!((value.to_str().unwrap(), value.is_sensitive()), ("Bearer secret", true));
        let Err(Failure::Answer(answer)) = bearer("secret", false) else { panic!("it would be sent") };
        assert_eq!((answer.status, answer.message.as_str()), (0, "a token is sent over https only"));
    }

    #[test]
    fn the_time_to_wait_is_read_in_every_form() {
        let read = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(read("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(read("retry-after-ms", "7"), Some(Duration::from_millis(7)));
        assert_eq!(read("x-ms-retry-after-ms", "7"), Some(Duration::from_millis(7)));
        assert_eq!(read("retry-after", "Fri, 01 Jan 2021 00:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("retry-after", "soon"), None);
        assert_eq!(read("other", "7"), None);
    }
}
