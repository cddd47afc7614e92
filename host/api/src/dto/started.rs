//! The answer to a start: the check-status body of Durable Functions.

use engine::{ExecutionId, InstanceId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// What may stand in a path segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where to ask for a new instance and what to send it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Started {
    /// The instance.
    pub id: String,
    /// GET: its status.
    pub status_query_get_uri: String,
    /// POST: an event; `{eventName}` stands for the event's name.
    pub send_event_post_uri: String,
    /// POST: end it; `{text}` stands for the reason, here and below.
    pub terminate_post_uri: String,
    /// POST: hold it back.
    pub suspend_post_uri: String,
    /// POST: let it go on.
    pub resume_post_uri: String,
    /// POST: reopen it after a failure.
    pub rewind_post_uri: String,
    /// DELETE: it and its history, once it has ended.
    pub purge_history_delete_uri: String,
    /// The execution that begins.
    pub execution_id: String,
}

impl Started {
    /// `base`: scheme, authority and path in front of `instances`, for example `http://localhost:7070/x`.
    pub(crate) fn new(base: &str, id: &InstanceId, execution_id: ExecutionId) -> Self {
        let instance = instance_uri(base, id.as_str());
        Self {
            id: id.to_string(),
            send_event_post_uri: format!("{instance}/raiseEvent/{{eventName}}"),
            terminate_post_uri: format!("{instance}/terminate?reason={{text}}"),
            suspend_post_uri: format!("{instance}/suspend?reason={{text}}"),
            resume_post_uri: format!("{instance}/resume?reason={{text}}"),
            rewind_post_uri: format!("{instance}/rewind?reason={{text}}"),
            purge_history_delete_uri: instance.clone(),
            status_query_get_uri: instance,
            execution_id: execution_id.to_string(),
        }
    }
}

/// Where an instance is, below `base`.
pub(crate) fn instance_uri(base: &str, id: &str) -> String {
    format!("{base}/instances/{}", segment(id))
}

/// A text as one segment of a path.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_fixed() {
        let id = InstanceId::new("a/b 1").unwrap();
        let started = Started::new("http://localhost:7070/x", &id, ExecutionId::from_bytes([1; 16]));
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
          "executionId": "01010101010101010101010101010101"
        }
        "#);
    }
}
