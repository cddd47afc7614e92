//! The OpenAPI document, made from the handlers: each says beside its code what it takes and answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema,
    SecurityRequirement, Type,
};
use utoipa::{IntoResponses, OpenApi as _, PartialSchema, ToSchema};

use crate::ProblemDocument;

/// What is said of the whole; the paths are added by the router.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Rondo",
        description = "Durable orchestrations: the management calls of Durable Functions, and Rondo's own. \
            Every error is a problem document with a code that never changes and a sentence on what to do. \
            The words of a path match without regard to case.",
        license(name = "Apache-2.0 OR MIT"),
    ),
    tags(
        (name = "durable-functions", description = "The management calls of Durable Functions"),
        (name = "rondo", description = "What Rondo adds"),
    ),
    components(schemas(ProblemDocument)),
)]
struct Frame;

/// Texts with a form of their own, for the handlers to name.
macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $lengths:expr, $pattern:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let (shortest, longest) = Option::<(usize, usize)>::unzip($lengths);
                let text = ObjectBuilder::new().schema_type(Type::String).pattern(Some($pattern));
                text.min_length(shortest).max_length(longest).into()
            }
        }

        impl ToSchema for $name {}
    )*};
}

texts! {
    /// An instance id. Lengths count bytes, which cannot be said here.
    InstanceIdText = Some((1, engine::limits::INSTANCE_ID_BYTES_MAX)),
        r"^[^@\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$";
    /// An event's name.
    LabelText = Some((1, engine::limits::NAME_BYTES_MAX)), r"^[^\u0000-\u001f\u007f-\u009f]+$";
    /// A component's digest, or the beginning of it.
    DigestText = Some((crate::limits::DIGEST_PREFIX_DIGITS_MIN, 64)), r"^[0-9A-Fa-f]+$";
    /// Where a reader of a followed history is.
    PositionText = None, r"^[0-9a-f]{32}-[0-9]{1,9}$";
}

/// Statuses to look for.
#[derive(ToSchema)]
#[schema(rename_all = "PascalCase")]
#[allow(dead_code, reason = "it stands for its names")]
pub(crate) enum StatusText {
    Pending,
    Running,
    Suspended,
    Completed,
    Failed,
    Terminated,
    Canceled,
    ContinuedAsNew,
}

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[allow(dead_code, reason = "it stands for its form")]
pub(crate) struct FileBytes(Vec<u8>);

/// Problems that any call may answer.
const EVERYWHERE: [(&str, &str); 9] = [
    ("400", "The request is malformed"),
    ("401", "A key is needed"),
    ("403", "The key does not allow this, or a foreign web page asked"),
    ("408", "The body arrived too slowly"),
    ("413", "The body is too large"),
    ("421", "The query parameter taskHub names another task hub than the server's"),
    ("429", "The server has too much to do; Retry-After says when to come back"),
    ("500", "The storage or the server failed"),
    ("503", "The storage did not answer, or the host is not ready"),
];

/// Sets of problems for the handlers to name.
macro_rules! problems {
    ($($(#[$doc:meta])* $name:ident = $status:literal $text:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([($status.to_owned(), problem($status, $text).into())])
            }
        }
    )*};
}

problems! {
    /// 404.
    MissingInstance = "404" "There is no such instance";
    /// 404.
    MissingComponent = "404" "There is no such component";
    /// 404.
    NothingMatches = "404" "No ended instance matches";
    /// 409.
    Conflicts = "409" "The state of what is there does not allow this";
    /// 410.
    Ended = "410" "The instance has ended";
    /// 412.
    NotFailed = "412" "The instance has not failed";
    /// 422.
    NotDeployable = "422" "The file cannot be deployed";
    /// 429.
    TooMany = "429" "The server has too much to do; Retry-After says when to come back";
}

fn problem(status: &str, text: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("ProblemDocument"))).build();
    let mut response = ResponseBuilder::new().description(text).content("application/problem+json", content);
    if status == "429" {
        let seconds = utoipa::schema!(u64).build();
        response = response.header("Retry-After", HeaderBuilder::new().schema(Some(seconds)).build());
    }
    response.build()
}

/// What the router starts from.
pub(crate) fn frame() -> OpenApi {
    Frame::openapi()
}

/// The document with what holds for every call, as JSON.
pub(crate) fn completed(document: OpenApi) -> Value {
    // Nothing in it can fail to become JSON.
    let mut document = serde_json::to_value(with_everywhere(document)).unwrap_or_default();
    let calls = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for call in calls.filter_map(Value::as_object_mut).flat_map(|calls| calls.values_mut()) {
        let parameters = call.get_mut("parameters").and_then(Value::as_array_mut);
        parameters.into_iter().flatten().for_each(as_it_is_read);
    }
    document
}

/// A parameter can be missing but not null, and an optional one in a query may be there and empty.
fn as_it_is_read(parameter: &mut Value) {
    if let Some(options) = parameter["schema"]["oneOf"].as_array()
        && let Some(given) = options.iter().find(|option| option["type"] != "null")
    {
        parameter["schema"] = given.clone();
    }
    if parameter["in"] != "query" || parameter["required"] == true {
        return;
    }
    let schema = match parameter["schema"]["type"].as_array() {
        // What the macros make of an optional array.
        Some(_) => {
            parameter["schema"]["type"] = json!("array");
            &mut parameter["schema"]["items"]
        }
        None if parameter["schema"]["type"] == "array" => &mut parameter["schema"]["items"],
        None => &mut parameter["schema"],
    };
    *schema = json!({"anyOf": [schema.take(), {"type": "string", "maxLength": 0}]});
}

fn with_everywhere(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    let in_header = SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::new("x-functions-key")));
    let in_query = SecurityScheme::ApiKey(ApiKey::Query(ApiKeyValue::new("code")));
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
    let password = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Basic).build());
    let schemes = [("keyHeader", in_header), ("keyQuery", in_query), ("keyBearer", bearer), ("keyPassword", password)];
    for (name, scheme) in schemes {
        components.add_security_scheme(name, scheme);
    }
    // Any one of them, or none: a server on loopback may have no key.
    let none: [&str; 0] = [];
    let mut security = vec![SecurityRequirement::default()];
    security
        .extend(["keyHeader", "keyQuery", "keyBearer", "keyPassword"].map(|name| SecurityRequirement::new(name, none)));
    document.security = Some(security);
    for path in document.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.post, &mut path.put, &mut path.delete, &mut path.patch];
        for operation in operations.into_iter().flatten() {
            add_problems(operation);
        }
    }
    document
}

fn add_problems(operation: &mut Operation) {
    for (status, text) in EVERYWHERE {
        let responses = &mut operation.responses.responses;
        responses.entry(status.to_owned()).or_insert_with(|| problem(status, text).into());
    }
}
