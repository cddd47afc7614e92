//! The keys of a server, and where a request carries one.

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::Digest;
use subtle::{Choice, ConstantTimeEq as _};

use super::wrong_keys::WrongKeys;
use crate::limits::KEY_BYTES_MIN;

/// Keys that a server knows. Only their digests are kept: what is not there cannot be shown, and two digests are
/// compared in the same time whatever was guessed.
#[derive(Clone)]
pub struct Keys {
    full: Digest,
    read_only: Option<Digest>,
    metrics_only: Option<Digest>,
    pub(super) wrong: Arc<WrongKeys>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

/// What a key is enough for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    /// Everything.
    Full,
    /// What changes nothing.
    Read,
    /// The metrics, and nothing else.
    Metrics,
}

/// Why a text cannot be a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// It could be guessed.
    #[error("it is shorter than {KEY_BYTES_MIN} bytes; choose a long random one")]
    TooShort,
    /// A header could not carry it as it is.
    #[error("it may hold no control characters, and no spaces at its ends")]
    Malformed,
    /// Another key of the server is the same.
    #[error("the keys of a server must differ")]
    Repeated,
}

impl Keys {
    /// One key for everything.
    ///
    /// # Errors
    /// The text cannot be a key.
    pub fn new(full: &str) -> Result<Self, KeyError> {
        Ok(Self { full: digest(full)?, read_only: None, metrics_only: None, wrong: Arc::default() })
    }

    /// With a key that only looks on.
    ///
    /// # Errors
    /// The text cannot be a key, or another key is the same.
    pub fn with_read_only(mut self, key: &str) -> Result<Self, KeyError> {
        self.read_only = Some(self.further(key)?);
        Ok(self)
    }

    /// With a key that reads the metrics and nothing else.
    ///
    /// # Errors
    /// The text cannot be a key, or another key is the same.
    pub fn with_metrics_only(mut self, key: &str) -> Result<Self, KeyError> {
        self.metrics_only = Some(self.further(key)?);
        Ok(self)
    }

    fn further(&self, key: &str) -> Result<Digest, KeyError> {
        let key = digest(key)?;
        let known = [Some(&self.full), self.read_only.as_ref(), self.metrics_only.as_ref()];
        if known.contains(&Some(&key)) { Err(KeyError::Repeated) } else { Ok(key) }
    }

    /// Requests with a wrong key since the server began.
    pub(super) fn wrong_keys(&self) -> u64 {
        self.wrong.count()
    }

    /// What the key of a request is enough for; none for a key that is not known.
    pub(super) fn permission(&self, given: &[u8]) -> Option<Permission> {
        let given = Digest::of(given);
        let same = |key: &Digest| key.as_bytes().ct_eq(given.as_bytes());
        let is = |key: &Option<Digest>| key.as_ref().map_or(Choice::from(0), same);
        // All are compared, always.
        let (full, reads, metrics) = (same(&self.full), is(&self.read_only), is(&self.metrics_only));
        match (bool::from(full), bool::from(reads), bool::from(metrics)) {
            (true, _, _) => Some(Permission::Full),
            (false, true, _) => Some(Permission::Read),
            (false, false, true) => Some(Permission::Metrics),
            (false, false, false) => None,
        }
    }
}

fn digest(key: &str) -> Result<Digest, KeyError> {
    if key.trim() != key || key.contains(char::is_control) {
        return Err(KeyError::Malformed);
    }
    if key.len() < KEY_BYTES_MIN {
        return Err(KeyError::TooShort);
    }
    Ok(Digest::of(key.as_bytes()))
}

/// The key of a request: in a header of its own, as a bearer token, as a password, or in the query as Durable Functions
/// has it.
pub(super) fn given(uri: &Uri, headers: &HeaderMap) -> Option<Vec<u8>> {
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

    const FULL: &str = "full-s3cret-of-this-server";
    const READ: &str = "a-key-to-l00k-on-with";
    const METRICS: &str = "a-key-for-the-m3trics";

    fn permission(uri: &str, headers: &[(&'static str, &'static str)]) -> Option<Permission> {
        let keys = Keys::new(FULL).unwrap().with_read_only(READ).unwrap().with_metrics_only(METRICS).unwrap();
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        given(&uri.parse().unwrap(), &headers).and_then(|given| keys.permission(&given))
    }

    #[test]
    fn a_key_is_taken_from_either_header_or_from_the_query() {
        let full = Some(Permission::Full);
        assert_eq!(permission("/x", &[("x-functions-key", FULL)]), full);
        assert_eq!(permission("/x", &[("authorization", "Bearer full-s3cret-of-this-server")]), full);
        assert_eq!(permission("/x", &[("authorization", "bearer  full-s3cret-of-this-server ")]), full);
        assert_eq!(permission("/x?Code=full-s3cret-of-this-server", &[]), full);
        assert_eq!(permission("/x", &[("x-functions-key", READ)]), Some(Permission::Read));
        assert_eq!(permission("/x", &[("x-functions-key", METRICS)]), Some(Permission::Metrics));
    }

    #[test]
    fn a_key_is_taken_from_the_password_of_an_address() {
        let basic = |scheme: &str, text: &str| {
            let value = format!("{scheme} {}", STANDARD.encode(text));
            let headers = [(header::AUTHORIZATION, value.parse().unwrap())].into_iter().collect();
            given(&Uri::from_static("/x"), &headers).map(|key| String::from_utf8(key).unwrap())
        };
        assert_eq!(basic("Basic", &format!("rondo:{FULL}")).as_deref(), Some(FULL));
        assert_eq!(basic("basic", &format!("a:{READ}")).as_deref(), Some(READ));
        assert_eq!(basic("Basic", &format!("{FULL}:rondo")).as_deref(), Some("rondo"));
        assert_eq!(basic("Basic", FULL), None);
        assert_eq!(permission("/x", &[("authorization", "Basic ?")]), None);
        assert_eq!(permission("/x", &[("authorization", "Basic ")]), None);
    }

    #[test]
    fn anything_else_is_no_key() {
        for (uri, headers) in [
            ("/x", &[][..]),
            ("/x?code=", &[]),
            ("/x?code=full-s3cret-of-this-serve", &[]),
            ("/x?code=full-s3cret-of-this-serverr", &[]),
            ("/x", &[("x-functions-key", "full-s3cret-of-this-serveR")]),
            ("/x", &[("authorization", "Digest full-s3cret-of-this-server")]),
            ("/x?code=full-s3cret-of-this-server", &[("x-functions-key", "wrong")]),
        ] {
            assert_eq!(permission(uri, headers), None, "{uri} {headers:?}");
        }
    }

    #[test]
    fn what_could_be_guessed_or_not_be_sent_is_no_key() {
        assert_eq!(Keys::new("123456789012345").unwrap_err(), KeyError::TooShort);
        assert_eq!(Keys::new("").unwrap_err(), KeyError::TooShort);
        for malformed in ["1234567890123456\n", " 1234567890123456", "12345678\t90123456"] {
            assert_eq!(Keys::new(malformed).unwrap_err(), KeyError::Malformed, "{malformed:?}");
        }
        let keys = Keys::new("1234567890123456").unwrap();
        assert_eq!(keys.clone().with_read_only("1234567890123456").unwrap_err(), KeyError::Repeated);
        let keys = keys.with_read_only(READ).unwrap();
        assert_eq!(keys.with_metrics_only(READ).unwrap_err(), KeyError::Repeated);
    }

    #[test]
    fn a_key_is_never_printed() {
        assert_eq!(format!("{:?}", Keys::new(FULL).unwrap()), "Keys(…)");
    }
}
