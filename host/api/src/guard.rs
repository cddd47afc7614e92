//! Who may ask: everybody on this machine, or everybody with a key.

mod keys;
mod pages;
mod wrong_keys;

use std::net::{IpAddr, Ipv6Addr};

use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use tokio::time::Instant;

use crate::Problem;
use crate::routes::{health, metrics};

pub(crate) use keys::Permission;
pub use keys::{KeyError, Keys};

/// Who may ask.
#[derive(Debug, Clone)]
pub enum Guard {
    /// Whoever addresses the server by a name of this machine, web pages of other origins excepted.
    Loopback,
    /// Whoever sends a key: in the header `x-functions-key`, as a bearer token, as the password of an address, or in the
    /// query parameter `code`.
    Keys(Keys),
}

/// Whose request it is, as far as the server knows: an extension of requests. Behind a proxy it is whom the proxy names.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// What one client can choose its address from, so that it counts as one: of IPv6 it has at least 64 bits.
    pub fn network(self) -> IpAddr {
        match self.0.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        }
    }
}

impl Guard {
    /// What a request may do. None: only what needs no key.
    fn check<B>(&self, request: &Request<B>) -> Result<Option<Permission>, Refused> {
        let is_health = health::PATHS.contains(&request.uri().path());
        let host = pages::named_host(request.uri(), request.headers())?;
        // Probes of load balancers speak HTTP/1.0, and browsers always name a host.
        if host.is_none() && !is_health {
            return Err(Problem::InvalidRequest("the header host is missing".to_owned()).into());
        }
        match self {
            Self::Loopback => {
                host.map_or(Ok(()), |host| pages::check(request, host))?;
                Ok(Some(Permission::Full))
            }
            Self::Keys(keys) => match keys::given(request.uri(), request.headers()) {
                None if is_health => Ok(None),
                None => Err(Problem::Unauthorized.into()),
                Some(given) => match keys.permission(&given) {
                    None => Err(Refused::WrongKey),
                    Some(permission) => permission.suffices(request).map(|()| Some(permission)),
                },
            },
        }
    }
}

impl Guard {
    /// Requests with a wrong key since the server began.
    pub fn wrong_keys(&self) -> u64 {
        match self {
            Self::Loopback => 0,
            Self::Keys(keys) => keys.wrong_keys(),
        }
    }
}

impl Permission {
    fn suffices<B>(self, request: &Request<B>) -> Result<(), Refused> {
        let path = request.uri().path();
        match self {
            Self::Read | Self::Metrics if !request.method().is_safe() => Err(Problem::ReadOnlyKey.into()),
            Self::Metrics if path != metrics::PATH && !health::PATHS.contains(&path) => {
                Err(Problem::MetricsOnlyKey.into())
            }
            Self::Full | Self::Read | Self::Metrics => Ok(()),
        }
    }
}

/// Why a request is refused.
#[derive(Debug)]
enum Refused {
    /// It carries a key that the server does not have.
    WrongKey,
    /// For what the problem says.
    Problem(Problem),
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Lets pass who may ask, and says what nobody may do with the answer.
pub(crate) async fn guard(State(guard): State<Guard>, mut request: Request, next: Next) -> Response {
    let answer = match guard.check(&request) {
        Ok(permission) => {
            name_host(&mut request);
            request.extensions_mut().insert(Granted(permission));
            next.run(request).await
        }
        Err(Refused::Problem(Problem::Unauthorized)) => unauthorized(),
        Err(Refused::Problem(problem)) => problem.into_response(),
        Err(Refused::WrongKey) => {
            if let Guard::Keys(keys) = &guard {
                let client = request.extensions().get::<ClientAddress>().copied();
                // The body is not waited for: it would be held in memory for somebody without a key.
                tokio::time::sleep(keys.wrong.note(client, Instant::now())).await;
            }
            // A probe that sends an old key is told what one without a key is told.
            if health::PATHS.contains(&request.uri().path()) {
                request.extensions_mut().insert(Granted(None));
                next.run(request).await
            } else {
                unauthorized()
            }
        }
    };
    for_this_client_alone(answer)
}

/// The connection ends with it: what else is sent on it, and the rest of the body, is not read.
fn unauthorized() -> Response {
    let headers = [(header::WWW_AUTHENTICATE, "Bearer"), (header::CONNECTION, "close")];
    (headers, Problem::Unauthorized).into_response()
}

/// What the key of a request is enough for, for handlers that tell some more than others.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Granted(pub(crate) Option<Permission>);

/// The host in the header, where handlers look for it.
fn name_host(request: &mut Request) {
    let authority = request.uri().authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok());
    if let Some(host) = authority
        && !request.headers().contains_key(header::HOST)
    {
        request.headers_mut().insert(header::HOST, host);
    }
}

/// Answers are about what somebody's orchestrations do: no cache keeps them, and no browser takes data for a page.
fn for_this_client_alone(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: &str = "full-s3cret-of-this-server";
    const READ: &str = "a-key-to-l00k-on-with";
    const METRICS: &str = "a-key-for-the-m3trics";

    fn check(method: &str, uri: &str, key: Option<&str>) -> Result<Option<Permission>, String> {
        let keys = Keys::new(FULL).unwrap().with_read_only(READ).unwrap().with_metrics_only(METRICS).unwrap();
        let mut request = Request::builder().method(method).uri(uri).header("host", "rondo.example");
        if let Some(key) = key {
            request = request.header("x-functions-key", key);
        }
        Guard::Keys(keys).check(&request.body(()).unwrap()).map_err(|refused| match refused {
            Refused::WrongKey => "wrong".to_owned(),
            Refused::Problem(problem) => problem.document().code,
        })
    }

    #[test]
    fn a_key_is_wanted_everywhere_but_for_health() {
        assert_eq!(check("POST", "/x", Some(FULL)), Ok(Some(Permission::Full)));
        assert_eq!(check("GET", "/x", None), Err("unauthorized".into()));
        assert_eq!(check("GET", "/x", Some("guessed")), Err("wrong".into()));
        assert_eq!(check("GET", "/rondo/health/ready", None), Ok(None));
        assert_eq!(check("GET", "/rondo/health/ready", Some(READ)), Ok(Some(Permission::Read)));
    }

    #[test]
    fn a_key_for_reading_changes_nothing() {
        for method in ["GET", "HEAD"] {
            assert_eq!(check(method, "/x", Some(READ)), Ok(Some(Permission::Read)), "{method}");
        }
        for method in ["POST", "DELETE", "PUT", "PATCH"] {
            assert_eq!(check(method, "/x", Some(READ)), Err("read-only-key".into()), "{method}");
            assert_eq!(check(method, "/metrics", Some(METRICS)), Err("read-only-key".into()), "{method}");
        }
    }

    #[test]
    fn a_key_for_the_metrics_reads_nothing_else() {
        assert_eq!(check("GET", "/metrics", Some(METRICS)), Ok(Some(Permission::Metrics)));
        assert_eq!(check("GET", "/rondo/health/ready", Some(METRICS)), Ok(Some(Permission::Metrics)));
        for path in ["/", "/metrics/", "/rondo/components", "/rondo/hub", "/rondo/openapi.json"] {
            assert_eq!(check("GET", path, Some(METRICS)), Err("metrics-only-key".into()), "{path}");
        }
    }

    #[test]
    fn a_host_is_named_unless_only_health_is_asked_for() {
        for guard in [Guard::Loopback, Guard::Keys(Keys::new(FULL).unwrap())] {
            let check = |uri: &str| guard.check(&Request::get(uri).header("x-functions-key", FULL).body(()).unwrap());
            assert!(check("/rondo/hub").is_err());
            assert!(check("/rondo/health/live").is_ok());
            assert!(check("http://localhost:7070/rondo/hub").is_ok());
        }
    }
}
