//! Who may ask: everybody on this machine, or everybody with the key.
//!
//! A server on loopback is still reachable from web pages in a browser on the same machine, directly or under a host
//! name that an attacker points at 127.0.0.1. Both show themselves: by an `Origin` that is not ours and by a `Host`
//! that is not this machine.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Uri, header};
use axum::middleware::Next;
use axum::response::Response;

use crate::Problem;
use crate::routes::health;

/// Who may ask.
#[derive(Clone)]
pub enum Guard {
    /// Whoever addresses the server by a name of this machine, web pages of other origins excepted.
    Loopback,
    /// Whoever sends this key, in the header `x-functions-key` or the query parameter `code`.
    Key(Arc<str>),
}

impl std::fmt::Debug for Guard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Loopback => "Loopback",
            Self::Key(_) => "Key(…)",
        })
    }
}

impl Guard {
    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        match self {
            Self::Loopback => is_from_this_machine(headers),
            Self::Key(_) if health::PATHS.contains(&uri.path()) => Ok(()),
            Self::Key(key) => {
                let in_header = headers.get("x-functions-key").map(|value| value.as_bytes().to_vec());
                let in_query = || {
                    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
                    pairs.into_owned().find(|(name, _)| name.eq_ignore_ascii_case("code"))
                };
                let given = in_header.or_else(|| in_query().map(|(_, value)| value.into_bytes()));
                let is_right = given.is_some_and(|given| same_bytes(&given, key.as_bytes()));
                if is_right { Ok(()) } else { Err(Problem::Unauthorized) }
            }
        }
    }
}

pub(crate) async fn guard(State(guard): State<Guard>, request: Request, next: Next) -> Result<Response, Problem> {
    guard.check(request.uri(), request.headers())?;
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
        && origin.strip_prefix("http://") != host
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

/// Compares in a time that depends on the lengths only, so that a key cannot be guessed byte by byte.
fn same_bytes(given: &[u8], key: &[u8]) -> bool {
    let differing = given.iter().zip(key).fold(0, |bits, (a, b)| bits | (a ^ b));
    given.len() == key.len() && std::hint::black_box(differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(guard: &Guard, uri: &str, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        guard.check(&uri.parse().unwrap(), &headers).is_ok()
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
        assert!(!from("http://localhost:3000"));
        assert!(!from("https://evil.example"));
        assert!(!from("null"));
    }

    #[test]
    fn a_key_is_wanted_everywhere_but_for_health() {
        let guard = Guard::Key("s3cret".into());
        assert!(allows(&guard, "/x", &[("x-functions-key", "s3cret")]));
        assert!(allows(&guard, "/x?code=s3cret", &[]));
        assert!(!allows(&guard, "/x?code=s3cre", &[]));
        assert!(!allows(&guard, "/x", &[("x-functions-key", "s3creT")]));
        assert!(!allows(&guard, "/x", &[]));
        assert!(allows(&guard, "/rondo/health/ready", &[]));
    }

    #[test]
    fn a_key_is_never_printed() {
        assert!(!format!("{:?}", Guard::Key("s3cret".into())).contains("s3cret"));
    }
}
