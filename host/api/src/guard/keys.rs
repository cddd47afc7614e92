//! The keys of a server, and where a request carries one.

use axum::http::{HeaderMap, Method, Uri, header};
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

/// The key of a request: in a header of its own, as a bearer token, or in the query as Durable Functions has it.
fn given(uri: &Uri, headers: &HeaderMap) -> Option<Vec<u8>> {
    if let Some(key) = headers.get("x-functions-key") {
        return Some(key.as_bytes().to_vec());
    }
    if let Some(bearer) = headers.get(header::AUTHORIZATION).and_then(|value| bearer(value.as_bytes())) {
        return Some(bearer.to_vec());
    }
    let pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    pairs.into_owned().find(|(name, _)| name.eq_ignore_ascii_case("code")).map(|(_, value)| value.into_bytes())
}

fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim_ascii())
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
