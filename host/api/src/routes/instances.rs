//! `instances` and `instances/{id}`: queries and purges.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::{InstanceId, RuntimeStatus};
use store::{InstanceFilter, InstancePage, InstanceRow, InvalidContinuation, PurgeFilter};

use super::start::base;
use crate::dto::{InstanceStatus, Purged, instance_uri, status_from_name};
use crate::extract::{Segments, instance_id};
use crate::limits::PAGE_INSTANCES_DEFAULT;
use crate::params::Params;
use crate::problem::Needs;
use crate::router::Shared;
use crate::{Problem, times};

/// Where the next page of a query begins; goes back unread.
const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation-token");

/// Statuses that Durable Functions clients ask for and that no instance here ever has.
const STATUSES_ELSEWHERE: [&str; 2] = ["ContinuedAsNew", "Canceled"];

/// The row, or the problem that there is none.
pub(crate) async fn existing(shared: &Shared, id: &InstanceId) -> Result<InstanceRow, Problem> {
    shared.api.client.get(id).await?.ok_or_else(|| Problem::InstanceNotFound(id.clone()))
}

/// `GET instances/{id}`: 202 while it runs, 200 once it has ended.
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params =
        params.only(&["showInput", "returnInternalServerErrorOnFailure", "showHistory", "showHistoryOutput"])?;
    if params.flag("showHistory")? == Some(true) {
        let instead = "showHistory is not supported; GET /rondo/instances/{id}/history shows the events";
        return Err(Problem::InvalidRequest(instead.to_owned()));
    }
    let row = existing(&shared, &instance_id(&id)?).await?;
    let shows_input = params.flag("showInput")?.unwrap_or(true);
    let body = Json(InstanceStatus::of(&row, shows_input));
    if !row.state.status.is_terminal() {
        let location = instance_uri(&base(&headers), row.state.instance_id.as_str());
        let headers = [(header::LOCATION, location), (header::RETRY_AFTER, "5".to_owned())];
        return Ok((StatusCode::ACCEPTED, headers, body).into_response());
    }
    let fails_loudly = params.flag("returnInternalServerErrorOnFailure")?.unwrap_or(false);
    let is_failed = row.state.status == RuntimeStatus::Failed;
    let code = if is_failed && fails_loudly { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    Ok((code, body).into_response())
}

/// `GET instances`: one page, newest first.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = params.only(&[
        "runtimeStatus",
        "instanceIdPrefix",
        "name",
        "createdTimeFrom",
        "createdTimeTo",
        "top",
        "held",
        "showInput",
    ])?;
    let Some(statuses) = statuses(&params)? else { return Ok(Json(Vec::<InstanceStatus>::new()).into_response()) };
    let continuation = headers.get(CONTINUATION).filter(|token| !token.is_empty());
    let continuation = continuation.map(|token| token.to_str().map(str::to_owned)).transpose();
    let top = params.number("top")?.map(|top| usize::try_from(top).unwrap_or(usize::MAX));
    let filter = InstanceFilter {
        statuses,
        name: params.text("name")?.map(str::to_owned),
        id_prefix: params.text("instanceIdPrefix")?.map(str::to_owned),
        created_from: params.parsed("createdTimeFrom", times::parse)?,
        created_to: params.parsed("createdTimeTo", times::parse)?,
        held: params.flag("held")?.unwrap_or(false),
        top: top.unwrap_or(PAGE_INSTANCES_DEFAULT),
        continuation: continuation.map_err(|_| malformed_token())?,
    };
    let shows_input = params.flag("showInput")?.unwrap_or(true);
    let listed = shared.api.client.list(&filter).await;
    let InstancePage { rows, continuation } = listed.map_err(|error| {
        let is_made_up = error.source.is::<InvalidContinuation>();
        if is_made_up { malformed_token() } else { Problem::Storage(error) }
    })?;
    let body: Vec<_> = rows.iter().map(|row| InstanceStatus::of(row, shows_input)).collect();
    let mut response = Json(body).into_response();
    if let Some(token) = continuation {
        let token = HeaderValue::from_str(&token)
            .map_err(|_| Problem::Internal("the backend's continuation token is not a header".to_owned()))?;
        response.headers_mut().insert(CONTINUATION, token);
    }
    Ok(response)
}

/// `DELETE instances/{id}`.
pub(crate) async fn purge(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    params: Params,
) -> Result<Json<Purged>, Problem> {
    params.only(&[])?;
    let purged = shared.api.client.purge(&instance_id(&id)?).await;
    purged.map_err(|error| Problem::instance(error, Needs::Ended))?;
    Ok(Json(Purged { instances_deleted: 1 }))
}

/// `DELETE instances`: all ended ones that match.
pub(crate) async fn purge_matching(State(shared): State<Arc<Shared>>, params: Params) -> Result<Json<Purged>, Problem> {
    let params = params.only(&["createdTimeFrom", "createdTimeTo", "runtimeStatus"])?;
    let created_from = params.parsed("createdTimeFrom", times::parse)?;
    let Some(created_from) = created_from else {
        let missing = "query parameter \"createdTimeFrom\" is needed, so that nobody purges everything by mistake";
        return Err(Problem::InvalidRequest(missing.to_owned()));
    };
    // None: only statuses that nothing has. The backend would read an empty list as "any".
    let Some(statuses) = statuses(&params)? else { return Err(Problem::NothingToPurge) };
    let created_to = params.parsed("createdTimeTo", times::parse)?;
    let filter = PurgeFilter { statuses, created_from: Some(created_from), created_to };
    match shared.api.client.purge_matching(&filter).await? {
        0 => Err(Problem::NothingToPurge),
        instances_deleted => Ok(Json(Purged { instances_deleted })),
    }
}

/// The statuses asked for, by commas or by repetition; empty: any; none: only such as nothing ever has.
fn statuses(params: &Params) -> Result<Option<Vec<RuntimeStatus>>, Problem> {
    let mut statuses = Vec::new();
    let mut asks_elsewhere = false;
    for name in params.all("runtimeStatus").flat_map(|names| names.split(',')).map(str::trim) {
        match status_from_name(name) {
            Some(status) => statuses.push(status),
            None if name.is_empty() => {}
            None if STATUSES_ELSEWHERE.iter().any(|known| known.eq_ignore_ascii_case(name)) => asks_elsewhere = true,
            None => {
                let known = RuntimeStatus::ALL.map(RuntimeStatus::name).join(", ");
                let problem = format!("query parameter \"runtimeStatus\": \"{name}\" is not one of {known}");
                return Err(Problem::InvalidRequest(problem));
            }
        }
    }
    Ok(if statuses.is_empty() && asks_elsewhere { None } else { Some(statuses) })
}

fn malformed_token() -> Problem {
    Problem::InvalidRequest(format!("the header {CONTINUATION} is not one that a query answered"))
}
