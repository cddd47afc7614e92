//! What the surface is made of, and its table of paths.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::Method;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use store::{Client, Clock, Components};
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answers::Answers;
use crate::bodies::Bodies;
use crate::catalog::Catalog;
use crate::guard::guard;
use crate::paths::{self, BASE, OWN_BASE};
use crate::routes::{
    components, control, events, health, history, hub, instances, metrics, migrate, openapi, restart, start, stream,
    wait,
};
use crate::task_hub::only_this_hub;
use crate::{Deployer, Guard, HubView, IdSource, Problem, PublicUrl, Readiness, TaskHub, limits};

/// Everything the surface needs, put together by `cli` or by a test.
#[derive(Clone)]
pub struct Api {
    /// Instances.
    pub client: Arc<dyn Client>,
    /// Components.
    pub components: Arc<dyn Components>,
    /// Who takes new component files.
    pub deployer: Arc<dyn Deployer>,
    /// Who knows how the host and its task hub are.
    pub hub: Arc<dyn HubView>,
    /// What clients call that hub.
    pub task_hub: TaskHub,
    /// The time that new instances are created at.
    pub clock: Arc<dyn Clock>,
    /// Where random ids come from.
    pub ids: Arc<dyn IdSource>,
    /// Who may ask.
    pub guard: Guard,
    /// How clients reach the server, for the addresses in answers.
    pub scheme: Scheme,
    /// Where, if not at the host that their requests name.
    pub public_url: Option<PublicUrl>,
    /// Whether the host takes work.
    pub readiness: Readiness,
}

/// How clients reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Through TLS.
    Https,
}

impl Scheme {
    /// As an address begins.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// What every handler is given.
pub(crate) struct Shared {
    pub(crate) api: Api,
    pub(crate) catalog: Catalog,
    /// Answers on their way to clients.
    pub(crate) answers: Answers,
    /// Component files on their way here.
    pub(crate) uploads: Bodies,
    /// Other bodies.
    pub(crate) inputs: Bodies,
    pub(crate) deployments: Semaphore,
    pub(crate) streams: Arc<Semaphore>,
    /// The OpenAPI document.
    pub(crate) document: Arc<str>,
}

/// The whole surface as a service.
pub fn router(api: Api) -> Router {
    let guarded_by = api.guard.clone();
    let task_hub = api.task_hub.clone();
    let (routes, document) = table().split_for_parts();
    let document = crate::openapi::completed(document);
    let shared = Arc::new(Shared {
        catalog: Catalog::new(Arc::clone(&api.components)),
        answers: Answers::default(),
        uploads: Bodies::new(limits::UPLOADS_BYTES_MAX),
        inputs: Bodies::new(limits::INPUTS_BYTES_MAX),
        deployments: Semaphore::new(limits::DEPLOYMENTS_AT_ONCE_MAX),
        streams: Arc::new(Semaphore::new(limits::STREAMS_AT_ONCE_MAX)),
        document: document.to_string().into(),
        api,
    });
    let routes: Router = routes
        .method_not_allowed_fallback(wrong_verb)
        .fallback(unknown_route)
        // Inside of the guard: only who may ask learns the hub's name.
        .layer(from_fn_with_state(task_hub, only_this_hub))
        .layer(from_fn_with_state(guarded_by, guard))
        .with_state(shared);
    // Around the router, because it chooses by the path.
    Router::new().fallback_service(routes.map_request(paths::canonical))
}

/// The OpenAPI document of all calls, as JSON for people.
///
/// # Errors
/// It cannot be written as JSON, which is a bug.
pub fn document() -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&crate::openapi::completed(table().into_openapi()))
}

/// Every path, with what the document says of it.
fn table() -> OpenApiRouter<Arc<Shared>> {
    let durable_functions = OpenApiRouter::new()
        .routes(routes!(start::unnamed))
        .routes(routes!(start::named))
        .routes(routes!(instances::list, instances::purge_matching))
        .routes(routes!(instances::get, instances::purge))
        .routes(routes!(events::raise))
        .routes(routes!(control::terminate))
        .routes(routes!(control::suspend))
        .routes(routes!(control::resume))
        .routes(routes!(control::rewind))
        .routes(routes!(restart::restart))
        .route("/entities", any(entities))
        .route("/entities/{*rest}", any(entities))
        .route("/makeprimary", any(app_leases));
    let own = OpenApiRouter::new()
        .routes(routes!(wait::wait))
        .routes(routes!(history::history))
        .routes(routes!(stream::stream))
        .routes(routes!(migrate::migrate))
        .routes(routes!(components::list, components::deploy))
        .routes(routes!(components::download))
        .routes(routes!(components::activate))
        .routes(routes!(hub::status))
        .routes(routes!(openapi::openapi))
        .routes(routes!(health::live))
        .routes(routes!(health::ready));
    OpenApiRouter::with_openapi(crate::openapi::frame())
        .nest(BASE, durable_functions)
        .nest(OWN_BASE, own)
        .routes(routes!(metrics::metrics))
}

async fn wrong_verb(method: Method) -> Problem {
    Problem::WrongVerb(method.to_string())
}

async fn unknown_route(request: Request) -> Problem {
    Problem::UnknownRoute(request.uri().path().to_owned())
}

async fn entities() -> Problem {
    Problem::NotSupported("entities")
}

async fn app_leases() -> Problem {
    Problem::NotSupported("app leases")
}
