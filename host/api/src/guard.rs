//! Who may ask: everybody on this machine, or everybody with a key.
//!
//! A server on loopback is still reachable from web pages in a browser on the same machine, directly or under a host
//! name that an attacker points at 127.0.0.1. Both show themselves: by an `Origin` that is not ours and by a `Host`
//! that is not this machine.

mod keys;

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::Problem;
use crate::routes::health;

pub use keys::Keys;

/// Who may ask.
#[derive(Debug, Clone)]
pub enum Guard {
    /// Whoever addresses the server by a name of this machine, web pages of other origins excepted.
    Loopback,
    /// Whoever sends a key: in the header `x-functions-key`, as a bearer token, as the password of an address, or in the
    /// query parameter `code`.
    Keys(Keys),
}

impl Guard {
    fn check<B>(&self, request: &Request<B>) -> Result<(), Problem> {
        match self {
            Self::Loopback => is_from_this_machine(request.headers()),
            Self::Keys(_) if health::PATHS.contains(&request.uri().path()) => Ok(()),
            Self::Keys(keys) => keys.check(request.method(), request.uri(), request.headers()),
        }
    }
}

pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Result<Response, Problem> {
    guard.check(&request)?;
    Ok(next.run(request).await)
}

fn is_from_this_machine(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST);
    if let Some(host) = host
        && !is_loopback(host)
    {
        return Err(Problem::ForeignOrigin(format!("the server does not go by the name \"{host}\"")));
    }
    if let Some(origin) = text(header::ORIGIN)
        && origin.strip_prefix("http://").or(origin.strip_prefix("https://")) != host
    {
        return Err(Problem::ForeignOrigin(format!("pages of {origin} may not use this server")));
    }
    Ok(())
}

/// Whether a `Host` header, with or without a port, names this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost") || name.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(guard: &Guard, uri: &str, headers: &[(&str, &str)]) -> bool {
        let request = headers.iter().fold(Request::get(uri), |request, (name, value)| request.header(*name, *value));
        guard.check(&request.body(()).unwrap()).is_ok()
    }

    #[test]
    fn loopback_names_pass_and_others_do_not() {
        for host in ["localhost", "LOCALHOST:7070", "127.0.0.1:80", "127.3.2.1", "[::1]:7070"] {
            assert!(allows(&Guard::Loopback, "/", &[("host", host)]), "{host}");
        }
        for host in ["evil.example", "evil.example:7070", "localhost.evil.example", "10.0.0.1", "[::2]:1", ""] {
            assert!(!allows(&Guard::Loopback, "/", &[("host", host)]), "{host}");
        }
    }

    #[test]
    fn web_pages_pass_only_when_the_server_itself_sent_them() {
        let from = |origin| allows(&Guard::Loopback, "/", &[("host", "localhost:7070"), ("origin", origin)]);
        assert!(from("http://localhost:7070"));
        assert!(from("https://localhost:7070"));
        assert!(!from("http://localhost:3000"));
        assert!(!from("https://evil.example"));
        assert!(!from("null"));
    }

    #[test]
    fn a_key_is_wanted_everywhere_but_for_health() {
        let guard = Guard::Keys(Keys::new("s3cret", None));
        assert!(allows(&guard, "/x?code=s3cret", &[]));
        assert!(!allows(&guard, "/x", &[]));
        assert!(allows(&guard, "/rondo/health/ready", &[]));
    }
}
