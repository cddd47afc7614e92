//! `instances` and `instances/{id}`: queries and purges.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use engine::{EventId, InstanceId, RuntimeStatus};
use serde::{Serialize, Serializer};
use store::{InstanceFilter, InstancePage, InstanceRow, InvalidContinuation, PurgeFilter};

use crate::answers::to_json;
use crate::caller::Caller;
use crate::dto::{DurableEvent, DurableHistory, InstanceStatus, Purged, Shows, status_from_name};
use crate::extract::{Segments, instance_id};
use crate::limits::{
    HISTORY_BYTES_SHOWN_MAX, HISTORY_EVENTS_PER_PAGE, HISTORY_EVENTS_SHOWN_MAX, PAGE_INSTANCES_DEFAULT,
    PAGE_ROOM_BYTES, SHOWN_HISTORY_ROOM_BYTES,
};
use crate::openapi::{Conflicts, InstanceIdText, MissingInstance, NothingMatches, StatusText, TooMany};
use crate::params::Params;
use crate::problem::{Needs, reads_documents};
use crate::router::Shared;
use crate::{Problem, ProblemDocument, paths, times, tree};

/// Where the next page of a query begins; goes back unread.
const CONTINUATION: HeaderName = HeaderName::from_static("x-ms-continuation-token");

/// Statuses that Durable Functions clients ask for and that no instance here ever has.
const STATUSES_ELSEWHERE: [&str; 3] = ["Canceled", "ContinuedAsNew", "Unknown"];

/// The row, or the problem that there is none.
pub(crate) async fn existing(shared: &Shared, id: &InstanceId) -> Result<InstanceRow, Problem> {
    shared.api.client.get(id).await?.ok_or_else(|| Problem::InstanceNotFound(id.clone()))
}

/// What a client wants to see of an instance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Inputs.
    pub(super) shows_input: bool,
    /// Whether a failure is to be an error of the request, too.
    pub(super) fails_loudly: bool,
}

/// Show where an instance stands
#[utoipa::path(
    get, path = "/instances/{id}", tag = "durable-functions", operation_id = "status",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("showInput" = Option<bool>, Query, description = "Inputs; true without it"),
        ("showHistory" = Option<bool>, Query, description = "What has happened, as historyEvents"),
        ("showHistoryOutput" = Option<bool>, Query, description = "Results in historyEvents, too"),
        ("returnInternalServerErrorOnFailure" = Option<bool>, Query, description = "Answer 500 if it failed"),
    ),
    responses(
        (status = 200, description = "It has ended", body = InstanceStatus),
        (status = 202, description = "It has not ended; ask again after Retry-After", body = InstanceStatus),
        (status = 500, description = "It has failed, and that was to be answered so; or the server failed", content(
            (InstanceStatus = "application/json"), (ProblemDocument = "application/problem+json"),
        )),
        MissingInstance,
    ),
)]
pub(crate) async fn get(
    State(shared): State<Arc<Shared>>,
    caller: Caller,
    Segments(id): Segments<String>,
    params: Params,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let shows_history = params.flag("showHistory")?.unwrap_or(false);
    let shows = Shows {
        input: params.flag("showInput")?.unwrap_or(true),
        output: params.flag("showHistoryOutput")?.unwrap_or(false),
    };
    let fails_loudly = params.flag("returnInternalServerErrorOnFailure")?.unwrap_or(false);
    let (id, look) = (instance_id(&id)?, Look { shows_input: shows.input, fails_loudly });
    let seen = if shows_history {
        look_back(&shared, &id, shows).await
    } else {
        shared.answers.json(async { look_at(existing(&shared, &id).await?, look) }).await
    };
    match seen {
        Ok((row, status)) => Ok(answer(&caller, &row, status, look)),
        // An empty body is no status for JavaScript, and any other one is.
        Err(Problem::InstanceNotFound(_)) if !reads_documents(&headers) => Ok(StatusCode::NOT_FOUND.into_response()),
        Err(problem) => Err(problem),
    }
}

/// A row and its status with the history.
async fn look_back(shared: &Shared, id: &InstanceId, shows: Shows) -> Result<(InstanceRow, Response), Problem> {
    let room = shared.answers.room(SHOWN_HISTORY_ROOM_BYTES).await?;
    let row = existing(shared, id).await?;
    let mut status = InstanceStatus::of(&row, shows.input);
    status.history_events = Some(shown_history(shared, id, shows).await?);
    Ok((row, room.json(to_json(&status)?)))
}

/// A row and its status.
pub(super) fn look_at(row: InstanceRow, look: Look) -> Result<(InstanceRow, Vec<u8>), Problem> {
    let json = to_json(&InstanceStatus::of(&row, look.shows_input))?;
    Ok((row, json))
}

/// A status with the code for where its instance stands.
pub(super) fn answer(caller: &Caller, row: &InstanceRow, status: Response, look: Look) -> Response {
    if !row.state.status.is_terminal() {
        let location = caller.same_query(row.state.instance_id.as_str());
        let headers = [(header::LOCATION, location), (header::RETRY_AFTER, "5".to_owned())];
        return (StatusCode::ACCEPTED, headers, status).into_response();
    }
    let is_failed = row.state.status == RuntimeStatus::Failed;
    let code = if is_failed && look.fails_loudly { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
    (code, status).into_response()
}

/// What has happened until now, up to what one answer may hold.
async fn shown_history(shared: &Shared, id: &InstanceId, shows: Shows) -> Result<Vec<DurableEvent>, Problem> {
    let too_long = |problem: String| {
        Problem::InvalidRequest(format!(
            "query parameter \"showHistory\": {problem}; GET /rondo/instances/{{id}}/history answers page by page"
        ))
    };
    let mut shown = DurableHistory::new(shows);
    let mut next = Some(EventId::FIRST);
    while let Some(from) = next {
        if from.0 > HISTORY_EVENTS_SHOWN_MAX as u64 {
            return Err(too_long(format!("the history has more than {HISTORY_EVENTS_SHOWN_MAX} events")));
        }
        let page = shared.api.client.history(id, from, HISTORY_EVENTS_PER_PAGE).await?;
        for event in &page.events {
            shown.take(event);
            if shown.bytes() > HISTORY_BYTES_SHOWN_MAX {
                return Err(too_long(format!(
                    "what it shows exceeds {HISTORY_BYTES_SHOWN_MAX} bytes, less is shown with showInput=false"
                )));
            }
        }
        next = page.next;
    }
    Ok(shown.into_entries())
}

/// List instances, newest first, page by page
///
/// The header x-ms-continuation-token of an answer goes into the next request; the last page has none.
#[utoipa::path(
    get, path = "/instances", tag = "durable-functions", operation_id = "list",
    params(
        ("runtimeStatus" = inline(Option<Vec<StatusText>>), Query, description = "Only these, separated by commas; may be repeated"),
        ("instanceIdPrefix" = Option<String>, Query, description = "Only ids that begin so"),
        ("name" = Option<String>, Query, description = "Only this orchestration"),
        ("createdTimeFrom" = Option<String>, Query, format = DateTime, description = "Created at or after: a time of RFC 3339, or a date; without an offset that of UTC"),
        ("createdTimeTo" = Option<String>, Query, format = DateTime, description = "Created at or before"),
        ("top" = Option<u64>, Query, description = "At most so many; 100 without it, never more than 1000"),
        ("held" = Option<bool>, Query, description = "Only held ones"),
        ("showInput" = Option<bool>, Query, description = "Inputs; true without it"),
        ("x-ms-continuation-token" = Option<String>, Header, description = "Where the page before ended"),
    ),
    responses((
        status = 200, description = "One page", body = Vec<InstanceStatus>,
        headers(("x-ms-continuation-token" = String, description = "Where the next page begins")),
    )),
)]
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
    let statuses = statuses(&params)?;
    let continuation = headers.get(CONTINUATION).filter(|token| !token.is_empty());
    let continuation = continuation.map(|token| token.to_str().map(str::to_owned)).transpose();
    let top = params.number("top")?.map(|top| usize::try_from(top).unwrap_or(usize::MAX));
    let filter = InstanceFilter {
        statuses: statuses.clone().unwrap_or_default(),
        name: params.text("name")?.map(str::to_owned),
        id_prefix: params.text("instanceIdPrefix")?.map(str::to_owned),
        created_from: params.parsed("createdTimeFrom", times::parse)?,
        created_to: params.parsed("createdTimeTo", times::parse)?,
        held: params.flag("held")?.unwrap_or(false),
        top: top.unwrap_or(PAGE_INSTANCES_DEFAULT),
        continuation: continuation.map_err(|_| malformed_token())?,
    };
    let shows_input = params.flag("showInput")?.unwrap_or(true);
    if statuses.is_none() {
        return Ok(Json(Vec::<InstanceStatus>::new()).into_response());
    }
    let room = shared.answers.room(PAGE_ROOM_BYTES).await?;
    let listed = shared.api.client.list(&filter).await;
    let InstancePage { rows, continuation } = listed.map_err(|error| {
        let is_made_up = error.source.is::<InvalidContinuation>();
        if is_made_up { malformed_token() } else { Problem::Storage(error) }
    })?;
    let mut response = room.json(to_json(&Statuses { rows: &rows, shows_input })?);
    if let Some(token) = continuation {
        let token = HeaderValue::from_str(&token)
            .map_err(|_| Problem::Internal("the backend's continuation token is not a header".to_owned()))?;
        response.headers_mut().insert(CONTINUATION, token);
    }
    Ok(response)
}

/// A page of a list. Each row is turned into a status when it is its turn, so that all are not in memory twice for that.
struct Statuses<'a> {
    rows: &'a [InstanceRow],
    shows_input: bool,
}

impl Serialize for Statuses<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.rows.iter().map(|row| InstanceStatus::of(row, self.shows_input)))
    }
}

/// Delete an ended instance with its history
#[utoipa::path(
    delete, path = "/instances/{id}", tag = "durable-functions", operation_id = "purge",
    params(
        ("id" = inline(InstanceIdText), Path, description = "The instance"),
        ("recurse" = Option<bool>, Query, description = "Its children and theirs, too; all of them must have ended"),
    ),
    responses((status = 200, description = "It is gone", body = Purged), MissingInstance, Conflicts, TooMany),
)]
pub(crate) async fn purge(
    State(shared): State<Arc<Shared>>,
    Segments(id): Segments<String>,
    uri: Uri,
    params: Params,
) -> Result<Json<Purged>, Problem> {
    let params = params.only(&["recurse"])?;
    if paths::looks_like_parameters(uri.path()) {
        let problem = "the path ends in parameters, which belong behind a '?'; a '&' in an instance id is written %26";
        return Err(Problem::InvalidRequest(problem.to_owned()));
    }
    let id = instance_id(&id)?;
    if params.flag("recurse")?.unwrap_or(false) {
        return Ok(Json(Purged { instances_deleted: tree::purge(&*shared.api.client, &id).await? }));
    }
    let purged = shared.api.client.purge(&id).await;
    purged.map_err(|error| Problem::instance(error, Needs::Ended))?;
    Ok(Json(Purged { instances_deleted: 1 }))
}

/// Delete all ended instances that match, with their histories
#[utoipa::path(
    delete, path = "/instances", tag = "durable-functions", operation_id = "purgeMatching",
    params(
        ("createdTimeFrom" = String, Query, format = DateTime, description = "Created at or after: a time of RFC 3339, or a date; without an offset that of UTC"),
        ("createdTimeTo" = Option<String>, Query, format = DateTime, description = "Created at or before; without it until now"),
        ("runtimeStatus" = inline(Option<Vec<StatusText>>), Query, description = "Only these, separated by commas; may be repeated"),
    ),
    responses((status = 200, description = "They are gone", body = Purged), NothingMatches),
)]
pub(crate) async fn purge_matching(State(shared): State<Arc<Shared>>, params: Params) -> Result<Json<Purged>, Problem> {
    let params = params.only(&["createdTimeFrom", "createdTimeTo", "runtimeStatus"])?;
    let created_from = params.parsed("createdTimeFrom", times::parse)?;
    let Some(created_from) = created_from else {
        let missing = "query parameter \"createdTimeFrom\" is needed, so that nobody purges everything by mistake";
        return Err(Problem::InvalidRequest(missing.to_owned()));
    };
    let statuses = statuses(&params)?;
    let created_to = params.parsed("createdTimeTo", times::parse)?;
    // Only statuses that nothing has. The backend would read an empty list as "any".
    let Some(statuses) = statuses else { return Err(Problem::NothingToPurge) };
    let filter = PurgeFilter { statuses, created_from: Some(created_from), created_to };
    match shared.api.client.purge_matching(&filter).await? {
        0 => Err(Problem::NothingToPurge),
        instances_deleted => Ok(Json(Purged { instances_deleted })),
    }
}

/// The statuses asked for, by commas or by repetition; empty: any; none: only such as nothing ever has.
///
/// Durable Functions ignores names that it does not know. Beside one that is known nothing can be misread. Alone, such a
/// name would mean "any": a misspelled one would purge everything.
fn statuses(params: &Params) -> Result<Option<Vec<RuntimeStatus>>, Problem> {
    let mut statuses = Vec::new();
    let (mut asks_elsewhere, mut unknown) = (false, None);
    for name in params.all("runtimeStatus").flat_map(|names| names.split(',')).map(str::trim) {
        match status_from_name(name) {
            Some(status) => statuses.push(status),
            None if name.is_empty() => {}
            None if STATUSES_ELSEWHERE.iter().any(|known| known.eq_ignore_ascii_case(name)) => asks_elsewhere = true,
            None => unknown = Some(name),
        }
    }
    match unknown {
        Some(name) if statuses.is_empty() => {
            let known = RuntimeStatus::ALL.map(RuntimeStatus::name).join(", ");
            let problem = format!("query parameter \"runtimeStatus\": \"{name}\" is not one of {known}");
            Err(Problem::InvalidRequest(problem))
        }
        _ => Ok(if statuses.is_empty() && asks_elsewhere { None } else { Some(statuses) }),
    }
}

fn malformed_token() -> Problem {
    Problem::InvalidRequest(format!("the header {CONTINUATION} is not one that a query answered"))
}
