//! How a client reaches this server, for the addresses that it is given.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use form_urlencoded::Serializer;

use crate::Problem;
use crate::dto::segment;
use crate::paths::BASE;
use crate::router::Shared;
use crate::task_hub;

/// What addresses name as the connection if the client does not say: what Durable Functions calls its own storage.
const CONNECTION_DEFAULT: &str = "Storage";

/// The sender of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    base: String,
    /// How the query of every address ends: the hub, the connection, and the key if the client sends it so.
    suffix: String,
    query: Option<String>,
}

impl Caller {
    /// Where an instance is, without a query.
    pub(crate) fn instance(&self, id: &str) -> String {
        format!("{}/instances/{}", self.base, segment(id))
    }

    /// A query with `own` in front of how every query ends. Never empty: clients of Durable Functions put `&…` behind it.
    pub(crate) fn query(&self, own: &str) -> String {
        let separator = if own.is_empty() { "" } else { "&" };
        format!("?{own}{separator}{}", self.suffix)
    }

    /// Where an instance is, with the query of this request.
    pub(crate) fn same_query(&self, id: &str) -> String {
        let query = self.query.as_ref().map_or_else(|| self.query(""), |query| format!("?{query}"));
        format!("{}{query}", self.instance(id))
    }
}

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let named = || format!("{}://{host}", shared.api.scheme.as_str());
        let server = shared.api.public_url.as_ref().map_or_else(named, |url| url.as_str().to_owned());
        let query = parts.uri.query().filter(|query| !query.is_empty());
        let given = |wanted: &str| {
            let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
            pairs.find(|(name, value)| name.eq_ignore_ascii_case(wanted) && !value.is_empty()).map(|(_, value)| value)
        };
        let mut suffix = Serializer::new(String::new());
        suffix.append_pair(task_hub::PARAMETER, shared.api.task_hub.as_str());
        suffix.append_pair("connection", given("connection").as_deref().unwrap_or(CONNECTION_DEFAULT));
        if let Some(key) = given("code") {
            suffix.append_pair("code", &key);
        }
        Ok(Self { base: format!("{server}{BASE}"), suffix: suffix.finish(), query: query.map(str::to_owned) })
    }
}

#[cfg(test)]
mod tests {
    use engine::{ExecutionId, InstanceId};

    use super::*;
    use crate::dto::Started;

    fn started(id: &str, suffix: &str) -> String {
        let caller = Caller { base: "http://localhost:7070/x".into(), suffix: suffix.into(), query: None };
        let started = Started::new(&caller, &InstanceId::new(id).unwrap(), ExecutionId::from_bytes([1; 16]));
        serde_json::to_string_pretty(&started).unwrap()
    }

    #[test]
    fn the_answer_to_a_start_is_fixed() {
        insta::assert_snapshot!(started("a/b&1", "taskHub=rondo&connection=Storage&code=k"), @r#"
        {
          "id": "a/b&1",
          "statusQueryGetUri": "http://localhost:7070/x/instances/a%2Fb%261?taskHub=rondo&connection=Storage&code=k",
          "sendEventPostUri": "http://localhost:7070/x/instances/a%2Fb%261/raiseEvent/{eventName}?taskHub=rondo&connection=Storage&code=k",
          "terminatePostUri": "http://localhost:7070/x/instances/a%2Fb%261/terminate?reason={text}&taskHub=rondo&connection=Storage&code=k",
          "suspendPostUri": "http://localhost:7070/x/instances/a%2Fb%261/suspend?reason={text}&taskHub=rondo&connection=Storage&code=k",
          "resumePostUri": "http://localhost:7070/x/instances/a%2Fb%261/resume?reason={text}&taskHub=rondo&connection=Storage&code=k",
          "rewindPostUri": "http://localhost:7070/x/instances/a%2Fb%261/rewind?reason={text}&taskHub=rondo&connection=Storage&code=k",
          "purgeHistoryDeleteUri": "http://localhost:7070/x/instances/a%2Fb%261?taskHub=rondo&connection=Storage&code=k",
          "restartPostUri": "http://localhost:7070/x/instances/a%2Fb%261/restart?taskHub=rondo&connection=Storage&code=k",
          "executionId": "01010101010101010101010101010101"
        }
        "#);
    }
}
