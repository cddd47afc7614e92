//! The answer to a start: the check-status body of Durable Functions.

use engine::{ExecutionId, InstanceId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::caller::Caller;

/// What may stand in a path segment as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where to ask for a new instance and what to send it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
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
    /// POST: start another one with the same input.
    #[serde(default)]
    pub restart_post_uri: String,
    /// The execution that begins.
    pub execution_id: String,
}

impl Started {
    /// Addresses as `caller` reaches them.
    pub(crate) fn new(caller: &Caller, id: &InstanceId, execution_id: ExecutionId) -> Self {
        let instance = caller.instance(id.as_str());
        let (plain, with_reason) = (caller.query(""), caller.query("reason={text}"));
        Self {
            id: id.to_string(),
            send_event_post_uri: format!("{instance}/raiseEvent/{{eventName}}{plain}"),
            terminate_post_uri: format!("{instance}/terminate{with_reason}"),
            suspend_post_uri: format!("{instance}/suspend{with_reason}"),
            resume_post_uri: format!("{instance}/resume{with_reason}"),
            rewind_post_uri: format!("{instance}/rewind{with_reason}"),
            purge_history_delete_uri: format!("{instance}{plain}"),
            restart_post_uri: format!("{instance}/restart{plain}"),
            status_query_get_uri: format!("{instance}{plain}"),
            execution_id: execution_id.to_string(),
        }
    }
}

/// A text as one segment of a path.
pub fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}
