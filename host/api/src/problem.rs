//! Every error of the HTTP surface, and the one place where each becomes a problem document (RFC 9457).

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{InstanceId, RuntimeStatus};
use serde::{Deserialize, Serialize};
use store::{CreateError, InstanceError, Outcome, StorageError};
use utoipa::ToSchema;

use crate::dto::string;
use crate::limits::{NAMES_IN_PROBLEM_MAX, OVERLOAD_RETRY_AFTER};
use crate::{DeployError, limits};

/// The media type of a problem document.
const DOCUMENT_TYPE: &str = "application/problem+json";

/// Why a request was not done. Unless said otherwise nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The request is malformed.
    #[error("{0}")]
    InvalidRequest(String),
    /// The body is larger than it may be.
    #[error("the body exceeds {limit} bytes")]
    TooLarge {
        /// What is allowed.
        limit: usize,
    },
    /// The key is missing or wrong.
    #[error("the request carries no valid key")]
    Unauthorized,
    /// The key is for looking on only.
    #[error("the key is for reading only")]
    ReadOnlyKey,
    /// The key is for the metrics only.
    #[error("the key is for the metrics only")]
    MetricsOnlyKey,
    /// All connections are in use, and this one came too late.
    #[error("all connections of the server are in use")]
    Crowded,
    /// The body did not arrive in time.
    #[error("the body did not arrive within {} s", .within.as_secs())]
    SlowBody {
        /// How long it may take.
        within: Duration,
    },
    /// Durable Functions has this call, and this host has not.
    #[error("{0} are not supported")]
    NotSupported(&'static str),
    /// The request is for another task hub.
    #[error("the request is for the task hub \"{asked}\", and this server serves \"{served}\"")]
    OtherTaskHub {
        /// What the request names.
        asked: String,
        /// What there is.
        served: String,
    },
    /// A web page of somebody else, or a name that only claims to be this machine, asked.
    #[error("{0}")]
    ForeignOrigin(String),
    /// There is nothing under this path.
    #[error("there is no {0}")]
    UnknownRoute(String),
    /// The path exists, but not with this verb.
    #[error("{0} is not possible here")]
    WrongVerb(String),
    /// No deployed component offers this orchestration.
    #[error("no deployed component offers the orchestration \"{name}\"; {}", listed(.deployed))]
    OrchestrationNotFound {
        /// What was asked for.
        name: String,
        /// What there is.
        deployed: Vec<String>,
    },
    /// No such component.
    #[error("there is no component {0}")]
    ComponentNotFound(String),
    /// A shortened digest fits several components.
    #[error("{0} is the beginning of several digests")]
    ComponentAmbiguous(String),
    /// The component does not offer the orchestration.
    #[error("component {digest} does not offer the orchestration \"{name}\"")]
    ComponentLacksOrchestration {
        /// Which component.
        digest: String,
        /// What was asked of it.
        name: String,
    },
    /// The grants of a deployment were refused.
    #[error("{0}")]
    InvalidGrants(String),
    /// The file was refused.
    #[error("{problem}")]
    NotDeployable {
        /// What is wrong with it.
        problem: String,
        /// What to do about it.
        remedy: String,
    },
    /// There is no such instance.
    #[error("there is no instance \"{0}\"")]
    InstanceNotFound(InstanceId),
    /// The id is in use.
    #[error("instance \"{0}\" exists")]
    InstanceExists(InstanceId),
    /// The instance has ended.
    #[error("instance \"{id}\" is {} and takes nothing any more", .status.name())]
    InstanceEnded {
        /// Which one.
        id: InstanceId,
        /// How it ended.
        status: RuntimeStatus,
    },
    /// The instance has not ended.
    #[error("instance \"{id}\" is {} and has not ended", .status.name())]
    InstanceNotEnded {
        /// Which one.
        id: InstanceId,
        /// Where it stands.
        status: RuntimeStatus,
    },
    /// The instance has not failed.
    #[error("instance \"{id}\" is {}; only a failed one can be rewound", .status.name())]
    InstanceNotFailed {
        /// Which one.
        id: InstanceId,
        /// Where it stands.
        status: RuntimeStatus,
    },
    /// No ended instance matches.
    #[error("no ended instance matches")]
    NothingToPurge,
    /// Too much is waiting already.
    #[error("too many messages wait for their instances")]
    Overloaded,
    /// Bodies and answers on their way take up all the memory that they may.
    #[error("too many large requests and answers are on their way")]
    NoRoom,
    /// As many histories are followed as may be.
    #[error("{limit} histories are being followed, and no more may be")]
    TooManyStreams {
        /// How many may be.
        limit: usize,
    },
    /// The medium failed; whether something was changed is said by its outcome.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A bug, or an error of a newer part of the host that this one does not know.
    #[error("{0}")]
    Internal(String),
}

/// The body of an answer that is an error: `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// A stable name of the problem, as a URI.
    #[serde(rename = "type")]
    pub type_uri: String,
    /// The problem in general.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// This case of it.
    pub detail: String,
    /// What clients branch on; the last part of `type`. Never changes.
    pub code: String,
    /// What to do next.
    pub remedy: String,
    /// The title, where clients of Durable Functions look for it.
    #[serde(rename = "Message", default)]
    pub message: String,
    /// The detail, where clients of Durable Functions look for it.
    #[serde(rename = "ExceptionMessage", default)]
    pub exception_message: String,
}

/// What an operation asks of an instance's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// It has not ended.
    Unended,
    /// It has ended.
    Ended,
    /// It has failed.
    Failed,
}

/// The general part of a problem.
struct Facts {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    remedy: String,
}

impl Problem {
    /// An instance operation's error, by what the operation needs.
    pub(crate) fn instance(error: InstanceError, needs: Needs) -> Self {
        match error {
            InstanceError::NotFound(id) => Self::InstanceNotFound(id),
            InstanceError::WrongStatus(row) => {
                let (id, status) = (row.state.instance_id, row.state.status);
                match needs {
                    Needs::Unended => Self::InstanceEnded { id, status },
                    Needs::Ended => Self::InstanceNotEnded { id, status },
                    Needs::Failed if status.is_terminal() => Self::InstanceEnded { id, status },
                    Needs::Failed => Self::InstanceNotFailed { id, status },
                }
            }
            InstanceError::Overloaded => Self::Overloaded,
            InstanceError::Storage(error) => Self::Storage(error),
            other => Self::Internal(other.to_string()),
        }
    }

    /// The document that tells a client of this.
    pub fn document(&self) -> ProblemDocument {
        let Facts { status, code, title, remedy } = self.facts();
        ProblemDocument {
            type_uri: format!("urn:rondo:problem:{code}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.to_string(),
            code: code.to_owned(),
            remedy,
            message: title.to_owned(),
            exception_message: self.to_string(),
        }
    }

    /// The answer for a client that may read no documents, but shows a JSON string: the detail.
    pub(crate) fn for_reader(self, headers: &HeaderMap) -> Response {
        if reads_documents(headers) {
            return self.into_response();
        }
        let body = string(&self.to_string()).get().to_owned();
        let content_type = HeaderValue::from_static("application/json");
        let (parts, _) = self.into_response().into_parts();
        let mut response = (parts.status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        if let Some(seconds) = parts.headers.get(header::RETRY_AFTER) {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.clone());
        }
        response
    }

    #[allow(clippy::too_many_lines, reason = "one table, one row for each problem")]
    fn facts(&self) -> Facts {
        let facts = |status, code, title, remedy: &str| Facts { status, code, title, remedy: remedy.to_owned() };
        match self {
            Self::InvalidRequest(_) => facts(
                StatusCode::BAD_REQUEST,
                "invalid-request",
                "The request is malformed",
                "Correct the request as described and send it again.",
            ),
            Self::TooLarge { .. } => facts(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "The body is too large",
                "Store large data elsewhere and pass its address.",
            ),
            Self::Unauthorized => facts(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "A key is needed",
                "Send the server's key in the header x-functions-key, or as a bearer token.",
            ),
            Self::ReadOnlyKey => facts(
                StatusCode::FORBIDDEN,
                "read-only-key",
                "The key does not allow changes",
                "Send the server's full key, or ask whoever has it.",
            ),
            Self::MetricsOnlyKey => facts(
                StatusCode::FORBIDDEN,
                "metrics-only-key",
                "The key does not allow this",
                "Send the server's key for reading or its full key; this one is enough for GET /metrics alone.",
            ),
            Self::Crowded => facts(
                StatusCode::SERVICE_UNAVAILABLE,
                "crowded",
                "The server has too many connections",
                "Send the request again after the time in the Retry-After header, and use connections several times.",
            ),
            Self::SlowBody { .. } => facts(
                StatusCode::REQUEST_TIMEOUT,
                "slow-body",
                "The body arrived too slowly",
                "Send the request again over a better connection.",
            ),
            Self::NotSupported(_) => facts(
                StatusCode::NOT_IMPLEMENTED,
                "not-supported",
                "This host does not have the call",
                "Do without; the OpenAPI document at /rondo/openapi.json lists what there is.",
            ),
            // Clients of Durable Functions have a meaning of their own for 400, 404 and 410, and show the rest.
            Self::OtherTaskHub { .. } => facts(
                StatusCode::MISDIRECTED_REQUEST,
                "other-task-hub",
                "The request is for another task hub",
                "Send it to a server of that hub, or correct or leave out taskHub. The flag --hub of a server names its hub.",
            ),
            Self::ForeignOrigin(_) => facts(
                StatusCode::FORBIDDEN,
                "foreign-origin",
                "The request comes from a foreign web page or host name",
                "Address the server as localhost, or give it a key and send that.",
            ),
            Self::UnknownRoute(_) => facts(
                StatusCode::NOT_FOUND,
                "unknown-route",
                "There is nothing under this path",
                "Check the path; a '/' inside an instance id is written %2F.",
            ),
            Self::WrongVerb(_) => facts(
                StatusCode::METHOD_NOT_ALLOWED,
                "wrong-verb",
                "The path does not have this verb",
                "Use one of the verbs in the Allow header.",
            ),
            // 400 and not 404: Durable Functions answers so, and its clients show the message only then.
            Self::OrchestrationNotFound { .. } => facts(
                StatusCode::BAD_REQUEST,
                "orchestration-not-found",
                "There is no such orchestration",
                "Deploy a component that offers it, or start one of those that are deployed. Names are case-sensitive.",
            ),
            Self::ComponentNotFound(_) => facts(
                StatusCode::NOT_FOUND,
                "component-not-found",
                "There is no such component",
                "List the deployed components and use one of their digests, or deploy the file first.",
            ),
            Self::ComponentAmbiguous(_) => facts(
                StatusCode::BAD_REQUEST,
                "component-ambiguous",
                "The digest is too short to tell components apart",
                "Give more digits of the digest.",
            ),
            Self::ComponentLacksOrchestration { .. } => facts(
                StatusCode::CONFLICT,
                "component-lacks-orchestration",
                "The component does not offer this orchestration",
                "Choose a component that lists the orchestration.",
            ),
            Self::InvalidGrants(_) => facts(
                StatusCode::BAD_REQUEST,
                "invalid-grants",
                "The grants cannot be given",
                "Correct the grants as described and deploy again; nothing was changed.",
            ),
            Self::NotDeployable { remedy, .. } => {
                facts(StatusCode::UNPROCESSABLE_ENTITY, "not-deployable", "The file cannot be deployed", remedy)
            }
            Self::InstanceNotFound(_) => facts(
                StatusCode::NOT_FOUND,
                "instance-not-found",
                "There is no such instance",
                "Check the id, or list the instances. A purged instance leaves nothing behind.",
            ),
            Self::InstanceExists(_) => facts(
                StatusCode::CONFLICT,
                "instance-exists",
                "The instance id is in use",
                "Choose another id, or terminate or purge that instance first.",
            ),
            Self::InstanceEnded { .. } => facts(
                StatusCode::GONE,
                "instance-ended",
                "The instance has ended",
                "Start a new instance; one that failed can be rewound.",
            ),
            Self::InstanceNotEnded { .. } => facts(
                StatusCode::CONFLICT,
                "instance-not-ended",
                "The instance has not ended",
                "Wait for its end or terminate it first.",
            ),
            Self::InstanceNotFailed { .. } => facts(
                StatusCode::PRECONDITION_FAILED,
                "instance-not-failed",
                "The instance has not failed",
                "Nothing needs to be rewound; look at its status.",
            ),
            Self::NothingToPurge => facts(
                StatusCode::NOT_FOUND,
                "nothing-to-purge",
                "No instance was deleted",
                "Widen the filter. Instances that have not ended are never purged.",
            ),
            Self::Overloaded | Self::NoRoom => facts(
                StatusCode::TOO_MANY_REQUESTS,
                "overloaded",
                "The server has too much to do",
                "Send the request again after the time in the Retry-After header.",
            ),
            Self::TooManyStreams { .. } => facts(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-streams",
                "Too many histories are being followed",
                "Try again after the time in the Retry-After header, or read the history page by page.",
            ),
            Self::Storage(error) => match error.outcome {
                Outcome::NotDone => facts(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "storage-unavailable",
                    "The storage did not answer",
                    "Nothing was changed. Send the request again a little later.",
                ),
                Outcome::Unknown => facts(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "storage-outcome-unknown",
                    "It is not known whether the request was done",
                    "Look at the instance's status before you send the request again.",
                ),
                Outcome::Permanent => facts(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "storage-failed",
                    "The storage failed",
                    "Nothing was changed. Look into the server's log: the disk may be full or the data damaged.",
                ),
            },
            Self::Internal(_) => facts(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "The server met an error that it does not know",
                "Look into the server's log and report it.",
            ),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Overloaded | Self::NoRoom | Self::TooManyStreams { .. } | Self::Crowded => {
                Some(OVERLOAD_RETRY_AFTER.as_secs())
            }
            Self::Storage(error) if error.outcome == Outcome::NotDone => Some(OVERLOAD_RETRY_AFTER.as_secs()),
            _ => None,
        }
    }

    /// Clients hear of their own mistakes; what the operator must know goes into the log.
    fn log(&self) {
        match self {
            Self::Storage(error) => {
                let source = error.source.as_ref() as &dyn std::error::Error;
                tracing::error!(operation = error.operation, outcome = ?error.outcome, source, "storage failed");
            }
            Self::Internal(problem) => tracing::error!(problem, "request failed"),
            _ => {}
        }
    }
}

/// Whether a client can do something with a problem document: unless it lists what it reads, and JSON is there and
/// documents are not, as the JavaScript clients of Durable Functions do.
pub(crate) fn reads_documents(headers: &HeaderMap) -> bool {
    let lists = |media_type: &str| {
        let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let types = values.flat_map(|value| value.split(',')).map(|range| range.split(';').next().unwrap_or_default());
        types.map(str::trim).any(|listed| listed.eq_ignore_ascii_case(media_type))
    };
    !lists("application/json") || lists(DOCUMENT_TYPE)
}

fn listed(names: &[String]) -> String {
    match names {
        [] => "nothing is deployed yet".to_owned(),
        _ if names.len() > NAMES_IN_PROBLEM_MAX => {
            let more = names.len() - NAMES_IN_PROBLEM_MAX;
            format!("deployed are {} and {more} more", names[..NAMES_IN_PROBLEM_MAX].join(", "))
        }
        _ => format!("deployed are {}", names.join(", ")),
    }
}

impl From<CreateError> for Problem {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Exists(id) => Self::InstanceExists(id),
            CreateError::Overloaded => Self::Overloaded,
            CreateError::Storage(error) => Self::Storage(error),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<DeployError> for Problem {
    fn from(error: DeployError) -> Self {
        match error {
            DeployError::Grants(problem) => Self::InvalidGrants(problem),
            DeployError::NotDeployable { problem, remedy } => Self::NotDeployable { problem, remedy },
            DeployError::Storage(error) => Self::Storage(error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        self.log();
        let document = self.document();
        let status = StatusCode::from_u16(document.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&document).unwrap_or_default();
        let content_type = HeaderValue::from_static(DOCUMENT_TYPE);
        let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        if let Some(seconds) = self.retry_after() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

const _: () = assert!(limits::OVERLOAD_RETRY_AFTER.as_secs() > 0, "Retry-After counts whole seconds");

#[cfg(test)]
mod tests {
    use super::*;

    fn code_of(outcome: Outcome) -> (u16, String) {
        let error = StorageError { operation: "create", outcome, source: "disk".into() };
        let document = Problem::from(error).document();
        (document.status, document.code)
    }

    #[test]
    fn the_document_is_fixed() {
        let problem = Problem::OrchestrationNotFound { name: "ordr".into(), deployed: vec!["order".into()] };
        insta::assert_snapshot!(serde_json::to_string_pretty(&problem.document()).unwrap(), @r#"
        {
          "type": "urn:rondo:problem:orchestration-not-found",
          "title": "There is no such orchestration",
          "status": 400,
          "detail": "no deployed component offers the orchestration \"ordr\"; deployed are order",
          "code": "orchestration-not-found",
          "remedy": "Deploy a component that offers it, or start one of those that are deployed. Names are case-sensitive.",
          "Message": "There is no such orchestration",
          "ExceptionMessage": "no deployed component offers the orchestration \"ordr\"; deployed are order"
        }
        "#);
    }

    #[test]
    fn a_client_can_tell_whether_a_failed_write_may_have_happened() {
        assert_eq!(code_of(Outcome::NotDone), (503, "storage-unavailable".to_owned()));
        assert_eq!(code_of(Outcome::Unknown), (503, "storage-outcome-unknown".to_owned()));
        assert_eq!(code_of(Outcome::Permanent), (500, "storage-failed".to_owned()));
    }

    #[test]
    fn only_failures_that_changed_nothing_invite_a_retry() {
        let storage = |outcome| Problem::from(StorageError { operation: "send", outcome, source: "disk".into() });
        assert!(storage(Outcome::NotDone).retry_after().is_some());
        assert!(storage(Outcome::Unknown).retry_after().is_none());
        assert!(Problem::Overloaded.retry_after().is_some());
    }

    #[test]
    fn a_long_list_of_names_is_cut() {
        let names: Vec<String> = (0..=NAMES_IN_PROBLEM_MAX).map(|n| format!("n{n}")).collect();
        assert!(listed(&names).ends_with("and 1 more"));
    }
}
