//! What the surface is made of, and its table of paths.

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use store::{Client, Clock, Components};
use tokio::sync::Semaphore;

use crate::catalog::Catalog;
use crate::guard::guard;
use crate::routes::{components, control, events, health, history, instances, migrate, start, wait};
use crate::{Deployer, Guard, IdSource, Problem, Readiness, limits};

/// Everything the surface needs, put together by `cli` or by a test.
#[derive(Clone)]
pub struct Api {
    /// Instances.
    pub client: Arc<dyn Client>,
    /// Components.
    pub components: Arc<dyn Components>,
    /// Who takes new component files.
    pub deployer: Arc<dyn Deployer>,
    /// The time that new instances are created at.
    pub clock: Arc<dyn Clock>,
    /// Where random ids come from.
    pub ids: Arc<dyn IdSource>,
    /// Who may ask.
    pub guard: Guard,
    /// Whether the host takes work.
    pub readiness: Readiness,
}

/// What every handler is given.
pub(crate) struct Shared {
    pub(crate) api: Api,
    pub(crate) catalog: Catalog,
    pub(crate) uploads: Semaphore,
}

/// Where the Durable Functions calls live.
pub(crate) const BASE: &str = "/runtime/webhooks/durabletask";

/// The whole surface as a service.
pub fn router(api: Api) -> Router {
    let guarded_by = api.guard.clone();
    let shared = Arc::new(Shared {
        catalog: Catalog::new(Arc::clone(&api.components)),
        uploads: Semaphore::new(limits::UPLOADS_AT_ONCE_MAX),
        api,
    });
    let durable_functions = Router::new()
        .route("/orchestrators/{name}", post(start::unnamed))
        .route("/orchestrators/{name}/{id}", post(start::named))
        .route("/instances", get(instances::list).delete(instances::purge_matching))
        .route("/instances/", get(instances::list).delete(instances::purge_matching))
        .route("/instances/{id}", get(instances::get).delete(instances::purge))
        .route("/instances/{id}/raiseEvent/{event}", post(events::raise))
        .route("/instances/{id}/terminate", post(control::terminate))
        .route("/instances/{id}/suspend", post(control::suspend))
        .route("/instances/{id}/resume", post(control::resume))
        .route("/instances/{id}/rewind", post(control::rewind));
    let own = Router::new()
        .route("/instances/{id}/wait", get(wait::wait))
        .route("/instances/{id}/history", get(history::history))
        .route("/instances/{id}/migrate", post(migrate::migrate))
        .route("/components", get(components::list))
        .route("/components/{digest}", get(components::download))
        .layer(DefaultBodyLimit::max(engine::limits::PAYLOAD_BYTES_MAX))
        .route("/components", post(components::deploy).layer(DefaultBodyLimit::max(store::limits::COMPONENT_BYTES_MAX)))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready));
    Router::new()
        .nest(BASE, durable_functions.layer(DefaultBodyLimit::max(engine::limits::PAYLOAD_BYTES_MAX)))
        .nest("/rondo", own)
        .method_not_allowed_fallback(wrong_verb)
        .fallback(unknown_route)
        .layer(from_fn_with_state(guarded_by, guard))
        .with_state(shared)
}

async fn wrong_verb(method: Method) -> Problem {
    Problem::WrongVerb(method.to_string())
}

async fn unknown_route(request: Request) -> Problem {
    Problem::UnknownRoute(request.uri().path().to_owned())
}
