//! One request and its reply, with the rules applied.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, IF_MATCH, TRANSFER_ENCODING};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, Uri};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use tokio::sync::watch;

use super::journal::{Journal, Outcome};
use super::rules::{Effect, Rule, Rules};
use super::{Request, Service, Verb, batch, upsert};
use crate::Endpoints;

/// More than any request of a host: a block of a blob has 4 MiB, a transaction too.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The emulator answers in milliseconds, in seconds on a busy machine.
const REPLY_LIMIT: Duration = Duration::from_mins(1);

/// A reply in full.
type Reply = Response<Full<Bytes>>;

/// The connection is to be closed without a reply.
#[derive(Debug)]
pub(super) struct Closed;

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("closed by the proxy")
    }
}

impl std::error::Error for Closed {}

/// What all exchanges have in common.
pub(super) struct Exchanges {
    target: Endpoints,
    client: Client<HttpConnector, Full<Bytes>>,
    /// Its sender is dropped when the proxy ends.
    closed: watch::Receiver<()>,
    pub(super) rules: Rules,
    pub(super) journal: Journal,
}

impl fmt::Debug for Exchanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchanges").field("target", &self.target).field("rules", &self.rules).finish_non_exhaustive()
    }
}

impl Exchanges {
    pub(super) fn new(
        target: Endpoints,
        client: Client<HttpConnector, Full<Bytes>>,
        closed: watch::Receiver<()>,
    ) -> Arc<Self> {
        Arc::new(Self { target, client, closed, rules: Rules::default(), journal: Journal::default() })
    }

    /// Takes a request in. From the moment it has arrived in full, it is carried out even if nobody waits for the reply.
    pub(super) async fn serve(
        self: Arc<Self>,
        service: Service,
        request: http::Request<Incoming>,
    ) -> Result<Reply, Closed> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|_| Closed)?.to_bytes();
        let request = self.journal.arrive(|sequence| Request::new(service, sequence, &parts, body));
        let exchange = tokio::spawn(async move {
            let mut closed = self.closed.clone();
            let ended = tokio::select! {
                ended = self.carry_out(&request, parts) => ended,
                _ = closed.changed() => End::without_reply(Outcome::Abandoned),
            };
            let counted_as = if ended.is_empty { Verb::EmptyGetMessages } else { request.kind.verb };
            self.journal.end(&request, counted_as, ended.outcome);
            ended.reply.ok_or(Closed)
        });
        // A matcher that panics has said so on standard error.
        exchange.await.unwrap_or(Err(Closed))
    }

    async fn carry_out(&self, request: &Request, mut parts: Parts) -> End {
        let mut body = request.body.clone();
        let mut on_reply: Vec<Arc<Rule>> = Vec::new();
        for rule in self.rules.snapshot() {
            if !rule.takes(request) {
                continue;
            }
            if matches!(rule.effect, Effect::HoldReply | Effect::DropReply) {
                on_reply.push(rule);
                continue;
            }
            rule.apply();
            match rule.effect {
                Effect::Hold => rule.wait_for_release().await,
                Effect::Slow(delay) => tokio::time::sleep(delay).await,
                Effect::WithoutIfMatch => body = without_if_match(&mut parts, &body),
                Effect::InsertOrReplace => {
                    if let Err(error) = upsert::insert_or_replace(&mut parts, request) {
                        return End::without_reply(Outcome::Failed(format!("{error:#}")));
                    }
                }
                Effect::Cut => return End::without_reply(Outcome::Cut),
                Effect::Refuse(refusal, retry_after) => {
                    let reply = refusal.reply(request.kind.service, retry_after);
                    return End::with_reply(reply, Outcome::Refused(refusal.status().as_u16()));
                }
                Effect::HoldReply | Effect::DropReply => {}
            }
        }
        let (reply, content) = match self.forward(request.kind.service, parts, body).await {
            Ok(reply) => reply,
            Err(error) => return End::without_reply(Outcome::Failed(format!("{error:#}"))),
        };
        let is_empty = request.is(Verb::GetMessages) && has_no_message(&content);
        let status = reply.status().as_u16();
        for rule in on_reply {
            rule.apply();
            match rule.effect {
                Effect::DropReply => {
                    return End { reply: None, outcome: Outcome::ReplyDropped(status), is_empty };
                }
                _ => rule.wait_for_release().await,
            }
        }
        End { reply: Some(reply), outcome: Outcome::Replied(status), is_empty }
    }

    /// Sends a request to the emulator; answers with the reply, and its content once more.
    async fn forward(&self, service: Service, mut parts: Parts, body: Bytes) -> Result<(Reply, Bytes)> {
        let port = match service {
            Service::Blob => self.target.blob,
            Service::Queue => self.target.queue,
            Service::Table => self.target.table,
        };
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        parts.uri = Uri::builder()
            .scheme("http")
            .authority(format!("127.0.0.1:{port}"))
            .path_and_query(path)
            .build()
            .context("writing the emulator's address")?;
        parts.version = http::Version::HTTP_11;
        remove_hop_headers(&mut parts.headers);
        let is_head = parts.method == Method::HEAD;
        let exchange = async {
            let reply = self.client.request(http::Request::from_parts(parts, Full::new(body))).await?;
            let (head, content) = reply.into_parts();
            anyhow::Ok((head, content.collect().await?.to_bytes()))
        };
        let (mut head, content) = tokio::time::timeout(REPLY_LIMIT, exchange).await.context("no reply in time")??;
        remove_hop_headers(&mut head.headers);
        if !is_head {
            // Set anew, for a reply in chunks comes in one piece from here.
            head.headers.remove(CONTENT_LENGTH);
        }
        Ok((Response::from_parts(head, Full::new(content.clone())), content))
    }
}

/// How an exchange ended.
struct End {
    /// None: the connection is closed.
    reply: Option<Reply>,
    outcome: Outcome,
    /// Messages were asked for, and there were none.
    is_empty: bool,
}

impl End {
    fn with_reply(reply: Reply, outcome: Outcome) -> Self {
        Self { reply: Some(reply), outcome, is_empty: false }
    }

    fn without_reply(outcome: Outcome) -> Self {
        Self { reply: None, outcome, is_empty: false }
    }
}

/// Replaces the condition of a request, or of every operation in a transaction.
fn without_if_match(parts: &mut Parts, body: &Bytes) -> Bytes {
    if let Some(condition) = parts.headers.get_mut(IF_MATCH) {
        *condition = HeaderValue::from_static("*");
    }
    let is_transaction = parts.uri.path().ends_with("/$batch");
    let Some(text) = std::str::from_utf8(body).ok().filter(|_| is_transaction) else { return body.clone() };
    // Set anew.
    parts.headers.remove(CONTENT_LENGTH);
    Bytes::from(batch::without_if_match(text))
}

/// Headers that are about one connection only.
fn remove_hop_headers(headers: &mut HeaderMap) {
    for name in [CONNECTION, EXPECT, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

fn has_no_message(content: &[u8]) -> bool {
    let list = String::from_utf8_lossy(content);
    list.contains("<QueueMessagesList") && !list.contains("<QueueMessage>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_without_messages_is_empty_and_an_error_is_not() {
        assert!(has_no_message(b"<?xml version=\"1.0\"?><QueueMessagesList/>"));
        assert!(has_no_message(b"<QueueMessagesList></QueueMessagesList>"));
        assert!(!has_no_message(b"<QueueMessagesList><QueueMessage><MessageId>1"));
        assert!(!has_no_message(b"<Error><Code>ServerBusy</Code></Error>"));
    }
}
