//! Where clients reach the server if not where they say: a proxy stands before it.

use std::str::FromStr;

use axum::http::Uri;

/// An address of the web that paths can be put behind: `http` or `https`, a host, maybe a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrl(String);

/// Why a text is no such address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an address like https://orders.example/api, without a query")]
pub struct InvalidPublicUrl;

impl PublicUrl {
    /// Without a slash at its end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PublicUrl {
    type Err = InvalidPublicUrl;

    fn from_str(text: &str) -> Result<Self, InvalidPublicUrl> {
        let uri: Uri = text.parse().map_err(|_| InvalidPublicUrl)?;
        let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
        let names_nobody = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        // The parser drops fragments, which no server ever sees.
        if is_web && names_nobody && uri.query().is_none() && !text.contains('#') {
            Ok(Self(text.trim_end_matches('/').to_owned()))
        } else {
            Err(InvalidPublicUrl)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_have_a_path_and_loses_its_last_slash() {
        for (text, expected) in [
            ("https://orders.example", "https://orders.example"),
            ("http://10.0.0.1:8080/", "http://10.0.0.1:8080"),
            ("https://orders.example/a/b/", "https://orders.example/a/b"),
        ] {
            assert_eq!(text.parse::<PublicUrl>().unwrap().as_str(), expected);
        }
    }

    #[test]
    fn what_paths_cannot_be_put_behind_is_refused() {
        for text in ["", "orders.example", "/a", "ftp://a", "https://", "https://a?b=c", "https://a#b", "https://u:p@a"]
        {
            assert_eq!(text.parse::<PublicUrl>(), Err(InvalidPublicUrl), "{text}");
        }
    }
}
