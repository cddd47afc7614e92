//! `orchestrators/{name}[/{id}]`: starting instances.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{Digest, ExecutionStarted, InstanceId, limits};
use store::{CreateInstance, ExistingInstance};

use crate::dto::Started;
use crate::extract::{JsonText, Segments, instance_id};
use crate::limits::TRACE_HEADER_BYTES_MAX;
use crate::params::Params;
use crate::router::{BASE, Shared};
use crate::{Problem, ids, times};

const PARAMS: [&str; 6] = ["version", "tag", "scheduledStart", "startAt", "component", "existing"];

/// Starts an instance under a fresh random id.
pub(crate) async fn unnamed(
    State(shared): State<Arc<Shared>>,
    Segments(name): Segments<String>,
    params: Params,
    headers: HeaderMap,
    input: JsonText,
) -> Result<Response, Problem> {
    let id = ids::instance_id(shared.api.ids.as_ref());
    start(&shared, name, id, &params.only(&PARAMS)?, &headers, input).await
}

/// Starts an instance under the client's id.
pub(crate) async fn named(
    State(shared): State<Arc<Shared>>,
    Segments((name, id)): Segments<(String, String)>,
    params: Params,
    headers: HeaderMap,
    input: JsonText,
) -> Result<Response, Problem> {
    start(&shared, name, instance_id(&id)?, &params.only(&PARAMS)?, &headers, input).await
}

async fn start(
    shared: &Shared,
    name: String,
    instance_id: InstanceId,
    params: &Params,
    headers: &HeaderMap,
    JsonText(input): JsonText,
) -> Result<Response, Problem> {
    let component = component(shared, &name, params).await?;
    let scheduled_start = match params.parsed("scheduledStart", times::parse)? {
        Some(time) => Some(time),
        None => params.parsed("startAt", times::parse)?,
    };
    let execution_id = ids::execution_id(shared.api.ids.as_ref());
    let start = ExecutionStarted {
        execution_id,
        name,
        version: params.parsed("version", label)?,
        input,
        tags: tags(params)?,
        parent: None,
        scheduled_start,
        created_at: shared.api.clock.now(),
        component,
        generation: 0,
        trace_context: trace_context(headers),
    };
    let existing = params.parsed("existing", existing)?.unwrap_or_default();
    shared.api.client.create(CreateInstance { instance_id: instance_id.clone(), start, existing }).await?;
    let started = Started::new(&base(headers), &instance_id, execution_id);
    let location = started.status_query_get_uri.clone();
    let headers = [(header::LOCATION, location), (header::RETRY_AFTER, "10".to_owned())];
    Ok((StatusCode::ACCEPTED, headers, Json(started)).into_response())
}

/// The component asked for. Without one the orchestration must at least exist; which component it gets is decided when
/// its first turn runs.
async fn component(shared: &Shared, name: &str, params: &Params) -> Result<Option<Digest>, Problem> {
    let asked_for = params.text("component")?;
    let chosen = shared.catalog.choose(name, asked_for).await?;
    Ok(asked_for.map(|_| chosen.digest))
}

/// Scheme, authority and path of the calls, as this client reaches them.
pub(crate) fn base(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}{BASE}")
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
    for text in params.all("tag") {
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

/// The starter's trace, if it sent one; a malformed one is the observers' loss only.
fn trace_context(headers: &HeaderMap) -> Option<(String, String)> {
    let text = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        (value.len() <= TRACE_HEADER_BYTES_MAX).then(|| value.to_owned())
    };
    Some((text("traceparent")?, text("tracestate").unwrap_or_default()))
}
