//! `orchestrators/{name}[/{id}]`: starting instances.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Digest, ExecutionStarted, InstanceId, Payload, RuntimeStatus, Timestamp, TraceContext, limits};
use store::{CreateInstance, ExistingInstance};

use super::instances::{self, Look};
use super::wait::{self, Patience};
use crate::answers::to_json;
use crate::caller::Caller;
use crate::dto::{Started, value};
use crate::extract::{JsonText, Segments, instance_id};
use crate::limits::TRACE_HEADER_BYTES_MAX;
use crate::openapi::{Conflicts, DigestText, InstanceIdText, LabelText, MissingComponent, TooMany};
use crate::params::Params;
use crate::router::Shared;
use crate::{Problem, ids, times};

const PARAMS: [&str; 8] =
    ["version", "tag", "scheduledStart", "startAt", "component", "existing", "timeout", "pollingInterval"];

/// What the query of a start may say. Only this description of it is used: what there is, is read one by one.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "it stands for its fields' descriptions")]
struct StartQuery {
    /// A version text that the orchestration can read
    #[param(inline)]
    version: Option<LabelText>,
    /// key:value; may be repeated
    #[param(pattern = r"^[^:\u0000-\u001f\u007f-\u009f]+:[^\u0000-\u001f\u007f-\u009f]*$", max_length = 200)]
    tag: Option<String>,
    /// When it may begin: a time of RFC 3339; without an offset that of UTC
    #[param(rename = "scheduledStart", format = DateTime)]
    scheduled_start: Option<String>,
    /// The same as scheduledStart
    #[param(rename = "startAt", format = DateTime)]
    start_at: Option<String>,
    /// The digest of the component to run on, or its beginning
    #[param(inline)]
    component: Option<DigestText>,
    /// refuse or replace-ended, for an id that is in use
    #[param(inline)]
    existing: Option<ExistingText>,
    /// With pollingInterval: wait for the end so many seconds
    #[param(minimum = 0)]
    timeout: Option<f64>,
    /// With timeout: seconds, no more than that; the end is noticed at once
    #[param(rename = "pollingInterval", minimum = 0)]
    polling_interval: Option<f64>,
}

/// What `existing` may be.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "kebab-case")]
#[allow(dead_code, reason = "it stands for its names")]
enum ExistingText {
    Refuse,
    ReplaceEnded,
}

/// Start an orchestration under a fresh random id
#[utoipa::path(
    post, path = "/orchestrators/{name}", tag = "durable-functions", operation_id = "start",
    params(
        ("name" = String, Path, description = "The orchestration"),
        StartQuery,
    ),
    request_body(content = Option<serde_json::Value>, description = "The input: any JSON, or nothing"),
    responses(
        (status = 202, description = "It will run", body = Started),
        (status = 200, description = "It ended in time: its output if it completed, else its status", body = serde_json::Value),
        MissingComponent, Conflicts, TooMany,
    ),
)]
pub(crate) async fn unnamed(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Segments(name): Segments<String>,
    params: Params,
    headers: HeaderMap,
    input: JsonText,
) -> Result<Response, Problem> {
    let id = ids::instance_id(shared.api.ids.as_ref());
    asked(&shared, &caller, name, id, &params.only(&PARAMS)?, &headers, input).await
}

/// Start an orchestration under an id of the client's own
#[utoipa::path(
    post, path = "/orchestrators/{name}/{id}", tag = "durable-functions", operation_id = "startWithId",
    params(
        ("name" = String, Path, description = "The orchestration"),
        ("id" = inline(InstanceIdText), Path, description = "The new instance"),
        StartQuery,
    ),
    request_body(content = Option<serde_json::Value>, description = "The input: any JSON, or nothing"),
    responses(
        (status = 202, description = "It will run", body = Started),
        (status = 200, description = "It ended in time: its output if it completed, else its status", body = serde_json::Value),
        MissingComponent, Conflicts, TooMany,
    ),
)]
pub(crate) async fn named(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Segments((name, id)): Segments<(String, String)>,
    params: Params,
    headers: HeaderMap,
    input: JsonText,
) -> Result<Response, Problem> {
    asked(&shared, &caller, name, instance_id(&id)?, &params.only(&PARAMS)?, &headers, input).await
}

async fn asked(
    shared: &Shared,
    caller: &Caller,
    name: String,
    id: InstanceId,
    params: &Params,
    headers: &HeaderMap,
    JsonText(input): JsonText,
) -> Result<Response, Problem> {
    let start_at = params.parsed("startAt", times::parse)?;
    let scheduled_start = params.parsed("scheduledStart", times::parse)?.or(start_at);
    let patience = Patience::of(params)?;
    let begin = Begin {
        version: params.parsed("version", label)?,
        tags: tags(params)?,
        scheduled_start,
        existing: params.parsed("existing", existing)?.unwrap_or_default(),
        ..Begin::new(id, name, input, headers)
    };
    let component = component(shared, &begin.name, params).await?;
    let begin = Begin { component, ..begin };
    begin.accept(shared, caller, patience).await
}

/// A start that was understood.
pub(super) struct Begin {
    pub(super) id: InstanceId,
    pub(super) name: String,
    pub(super) input: Option<Payload>,
    pub(super) version: Option<String>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) scheduled_start: Option<Timestamp>,
    pub(super) component: Option<Digest>,
    pub(super) existing: ExistingInstance,
    pub(super) trace_context: Option<(String, String)>,
}

impl Begin {
    /// A start with nothing said but what must be.
    pub(super) fn new(id: InstanceId, name: String, input: Option<Payload>, headers: &HeaderMap) -> Self {
        Self {
            id,
            name,
            input,
            version: None,
            tags: BTreeMap::new(),
            scheduled_start: None,
            component: None,
            existing: ExistingInstance::default(),
            trace_context: trace_context(headers),
        }
    }

    /// Creates the instance and, if the client has patience, waits for its end.
    pub(super) async fn accept(
        self,
        shared: &Shared,
        caller: &Caller,
        patience: Option<Patience>,
    ) -> Result<Response, Problem> {
        let execution_id = ids::execution_id(shared.api.ids.as_ref());
        let Self { id, name, input, version, tags, scheduled_start, component, existing, trace_context } = self;
        let start = ExecutionStarted {
            version,
            input,
            tags,
            scheduled_start,
            component,
            trace_context,
            ..ExecutionStarted::new(execution_id, name, shared.api.clock.now())
        };
        shared.api.client.create(CreateInstance { instance_id: id.clone(), start, existing }).await?;
        if let Some(patience) = patience {
            let row = wait::until(shared, &id, patience.timeout, None).await?;
            if row.state.status == RuntimeStatus::Completed {
                let output = to_json(&row.state.output.as_ref().map(value));
                return Ok(shared.answers.json(async { Ok(((), output?)) }).await?.1);
            }
            if row.state.status.is_terminal() {
                let look = Look { shows_input: true, fails_loudly: false };
                let (row, status) = shared.answers.json(async { instances::look_at(row, look) }).await?;
                return Ok(instances::answer(caller, &row, status, look));
            }
        }
        let started = Started::new(caller, &id, execution_id);
        let location = started.status_query_get_uri.clone();
        let headers = [(header::LOCATION, location), (header::RETRY_AFTER, "10".to_owned())];
        Ok((StatusCode::ACCEPTED, headers, Json(started)).into_response())
    }
}

/// The component asked for. Without one the orchestration must at least exist; which component it gets is decided when
/// its first turn runs.
async fn component(shared: &Shared, name: &str, params: &Params) -> Result<Option<Digest>, Problem> {
    let asked_for = params.text("component")?;
    let chosen = shared.catalog.choose(name, asked_for).await?;
    Ok(asked_for.map(|_| chosen.digest))
}

fn existing(text: &str) -> Result<ExistingInstance, String> {
    match text {
        "refuse" => Ok(ExistingInstance::Refuse),
        "replace-ended" => Ok(ExistingInstance::ReplaceEnded),
        _ => Err(format!("\"{text}\" is neither refuse nor replace-ended")),
    }
}

/// A version, a tag's key or value, an event's name.
pub(crate) fn label(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Err("it must not be empty".to_owned());
    }
    if text.len() > limits::NAME_BYTES_MAX {
        return Err(format!("{} bytes exceed the limit of {}", text.len(), limits::NAME_BYTES_MAX));
    }
    if text.chars().any(char::is_control) {
        return Err("it must not contain control characters".to_owned());
    }
    Ok(text.to_owned())
}

fn tags(params: &Params) -> Result<BTreeMap<String, String>, Problem> {
    let invalid = |problem: String| Problem::InvalidRequest(format!("query parameter \"tag\": {problem}"));
    let mut tags = BTreeMap::new();
    for text in params.all("tag").filter(|text| !text.is_empty()) {
        let (key, value) =
            text.split_once(':').ok_or_else(|| invalid(format!("\"{text}\" is not of the form key:value")))?;
        let value = if value.is_empty() { String::new() } else { label(value).map_err(invalid)? };
        if tags.insert(label(key).map_err(invalid)?, value).is_some() {
            return Err(invalid(format!("\"{key}\" is given more than once")));
        }
    }
    if tags.len() > limits::TAGS_MAX {
        return Err(invalid(format!("{} tags exceed the limit of {}", tags.len(), limits::TAGS_MAX)));
    }
    Ok(tags)
}

/// The starter's trace, if it sent one; a malformed one is ignored, as W3C has it.
fn trace_context(headers: &HeaderMap) -> Option<(String, String)> {
    let mut parents = headers.get_all("traceparent").iter();
    let (Some(parent), None) = (parents.next(), parents.next()) else { return None };
    let parent = parent.to_str().ok().filter(|parent| parent.len() <= TRACE_HEADER_BYTES_MAX)?;
    // Headers of one name are one list.
    let states: Option<Vec<_>> = headers.get_all("tracestate").iter().map(|state| state.to_str().ok()).collect();
    let state = states.unwrap_or_default().join(",");
    Some(TraceContext::parse(parent, &state)?.to_headers())
}
