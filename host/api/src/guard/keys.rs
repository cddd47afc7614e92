//! The keys of a server, and where a request carries one.

use axum::http::{HeaderMap, HeaderValue, Method, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::Digest;
use subtle::{Choice, ConstantTimeEq as _};

use crate::Problem;

/// Keys that a server knows. Only their digests are kept: what is not there cannot be shown, and two digests are
/// compared in the same time whatever was guessed.
#[derive(Clone)]
pub struct Keys {
    full: Digest,
    read_only: Option<Digest>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// One key for everything, and perhaps one that only looks on.
    pub fn new(full: &str, read_only: Option<&str>) -> Self {
        let digest = |key: &str| Digest::of(key.as_bytes());
        Self { full: digest(full), read_only: read_only.map(digest) }
    }

    /// Whether a request may be done.
    pub(crate) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let given = given(uri, headers).ok_or(Problem::Unauthorized)?;
        let given = Digest::of(&given);
        let same = |key: &Digest| key.as_bytes().ct_eq(given.as_bytes());
        // Both are compared, always.
        let is_full = same(&self.full);
        let reads = self.read_only.as_ref().map_or(Choice::from(0), same);
        match (bool::from(is_full), bool::from(reads)) {
            (true, _) => Ok(()),
            (false, true) if method.is_safe() => Ok(()),
            (false, true) => Err(Problem::ReadOnlyKey),
            (false, false) => Err(Problem::Unauthorized),
        }
    }
}

/// The key of a request: in a header of its own, as a bearer token, as a password, or in the query as Durable Functions
/// has it.
fn given(uri: &Uri, headers: &HeaderMap) -> Option<Vec<u8>> {
    if let Some(key) = headers.get("x-functions-key") {
        return Some(key.as_bytes().to_vec());
    }
    if let Some(authorization) = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes) {
        let bearer = after_scheme(authorization, b"bearer ").map(<[u8]>::to_vec);
        if let Some(key) = bearer.or_else(|| password(authorization)) {
            return Some(key);
        }
    }
    let pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.into_owned().find(|(name, _)| name.eq_ignore_ascii_case("code")).map(|(_, value)| value.into_bytes())
}

/// The password of HTTP's basic authentication, whatever the user is called: what clients send of an address such as
/// `http://rondo:KEY@host/durabletask/`. Clients of Durable Functions that are given only a base address have no other
/// place for a key. No answer asks a browser for a password, so none remembers one and sends it for foreign pages.
fn password(authorization: &[u8]) -> Option<Vec<u8>> {
    let credentials = STANDARD.decode(after_scheme(authorization, b"basic ")?).ok()?;
    let colon = credentials.iter().position(|byte| *byte == b':')?;
    Some(credentials[colon + 1..].to_vec())
}

fn after_scheme<'a>(value: &'a [u8], scheme: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = value.split_at_checked(scheme.len())?;
    start.eq_ignore_ascii_case(scheme).then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(method: &Method, uri: &str, headers: &[(&'static str, &'static str)]) -> Result<(), String> {
        let keys = Keys::new("s3cret", Some("l00k"));
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        keys.check(method, &uri.parse().unwrap(), &headers).map_err(|problem| problem.document().code)
    }

    #[test]
    fn a_key_is_taken_from_either_header_or_from_the_query() {
        assert_eq!(check(&Method::POST, "/x", &[("x-functions-key", "s3cret")]), Ok(()));
        assert_eq!(check(&Method::POST, "/x", &[("authorization", "Bearer s3cret")]), Ok(()));
        assert_eq!(check(&Method::POST, "/x", &[("authorization", "bearer  s3cret ")]), Ok(()));
        assert_eq!(check(&Method::POST, "/x?Code=s3cret", &[]), Ok(()));
    }

    #[test]
    fn a_key_is_taken_from_the_password_of_an_address() {
        // "rondo:s3cret", and "a:l00k".
        assert_eq!(check(&Method::POST, "/x", &[("authorization", "Basic cm9uZG86czNjcmV0")]), Ok(()));
        assert_eq!(check(&Method::GET, "/x", &[("authorization", "basic YTpsMDBr")]), Ok(()));
        // "s3cret:rondo", "s3cret", and what is not base64.
        for wrong in ["Basic czNjcmV0OnJvbmRv", "Basic czNjcmV0", "Basic ?", "Basic "] {
            assert!(check(&Method::GET, "/x", &[("authorization", wrong)]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn anything_else_is_no_key() {
        for (uri, headers) in [
            ("/x", &[][..]),
            ("/x?code=", &[]),
            ("/x?code=s3cre", &[]),
            ("/x?code=s3crett", &[]),
            ("/x", &[("x-functions-key", "s3creT")]),
            ("/x", &[("authorization", "Basic s3cret")]),
            ("/x?code=s3cret", &[("x-functions-key", "wrong")]),
        ] {
            assert_eq!(check(&Method::GET, uri, headers), Err("unauthorized".into()), "{uri} {headers:?}");
        }
    }

    #[test]
    fn the_read_only_key_changes_nothing() {
        let with = [("x-functions-key", "l00k")];
        assert_eq!(check(&Method::GET, "/x", &with), Ok(()));
        assert_eq!(check(&Method::HEAD, "/x", &with), Ok(()));
        for method in [Method::POST, Method::DELETE, Method::PUT, Method::PATCH] {
            assert_eq!(check(&method, "/x", &with), Err("read-only-key".into()), "{method}");
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        let shown = format!("{:?}", Keys::new("s3cret", Some("l00k")));
        assert_eq!(shown, "Keys(…)");
    }
}
