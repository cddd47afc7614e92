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

/// What a client sends with every request, and needs in every address that it is to use as it is.
const CARRIED: [&str; 3] = ["taskHub", "connection", "code"];

/// The sender of a request.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    base: String,
    carried: String,
    query: Option<String>,
}

impl Caller {
    /// Where an instance is, without a query.
    pub(crate) fn instance(&self, id: &str) -> String {
        format!("{}/instances/{}", self.base, segment(id))
    }

    /// A query with what the client sends always, and with `own` in front of that.
    pub(crate) fn query(&self, own: &str) -> String {
        match (own, self.carried.as_str()) {
            ("", "") => String::new(),
            ("", carried) => format!("?{carried}"),
            (own, "") => format!("?{own}"),
            (own, carried) => format!("?{own}&{carried}"),
        }
    }

    /// Where an instance is, with the query of this request.
    pub(crate) fn same_query(&self, id: &str) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.instance(id))
    }
}

impl FromRequestParts<Arc<Shared>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let named = || format!("{}://{host}", shared.api.scheme.as_str());
        let server = shared.api.public_url.as_ref().map_or_else(named, |url| url.as_str().to_owned());
        let query = parts.uri.query();
        let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let carried = pairs.filter_map(|(name, value)| {
            let name = CARRIED.into_iter().find(|carried| carried.eq_ignore_ascii_case(&name))?;
            Some((name, value))
        });
        Ok(Self {
            base: format!("{server}{BASE}"),
            carried: Serializer::new(String::new()).extend_pairs(carried).finish(),
            query: query.map(str::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use engine::{ExecutionId, InstanceId};

    use super::*;
    use crate::dto::Started;

    fn caller(carried: &str) -> Caller {
        Caller { base: "http://localhost:7070/x".into(), carried: carried.into(), query: None }
    }

    #[test]
    fn the_answer_to_a_start_is_fixed() {
        let id = InstanceId::new("a/b 1").unwrap();
        let started = Started::new(&caller(""), &id, ExecutionId::from_bytes([1; 16]));
        insta::assert_snapshot!(serde_json::to_string_pretty(&started).unwrap(), @r#"
        {
          "id": "a/b 1",
          "statusQueryGetUri": "http://localhost:7070/x/instances/a%2Fb%201",
          "sendEventPostUri": "http://localhost:7070/x/instances/a%2Fb%201/raiseEvent/{eventName}",
          "terminatePostUri": "http://localhost:7070/x/instances/a%2Fb%201/terminate?reason={text}",
          "suspendPostUri": "http://localhost:7070/x/instances/a%2Fb%201/suspend?reason={text}",
          "resumePostUri": "http://localhost:7070/x/instances/a%2Fb%201/resume?reason={text}",
          "rewindPostUri": "http://localhost:7070/x/instances/a%2Fb%201/rewind?reason={text}",
          "purgeHistoryDeleteUri": "http://localhost:7070/x/instances/a%2Fb%201",
          "restartPostUri": "http://localhost:7070/x/instances/a%2Fb%201/restart",
          "executionId": "01010101010101010101010101010101"
        }
        "#);
    }

    #[test]
    fn addresses_carry_what_the_client_sends_always() {
        let id = InstanceId::new("a").unwrap();
        let started = Started::new(&caller("taskHub=h&code=k"), &id, ExecutionId::from_bytes([1; 16]));
        assert_eq!(started.status_query_get_uri, "http://localhost:7070/x/instances/a?taskHub=h&code=k");
        assert_eq!(
            started.terminate_post_uri,
            "http://localhost:7070/x/instances/a/terminate?reason={text}&taskHub=h&code=k"
        );
    }
}
