//! The parts of a URL that a request needs.

/// An absolute `http` or `https` URL without its fragment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Url<'a> {
    pub(super) is_https: bool,
    /// Host, and port if there is one.
    pub(super) authority: &'a str,
    /// Begins with a slash.
    pub(super) path_and_query: String,
}

impl<'a> Url<'a> {
    /// None when it is relative, has another scheme, carries a password, or has bytes that no URL has.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let rest = rest.split('#').next().unwrap_or_default();
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() || authority.contains('@') {
            return None;
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        Some(Self { is_https, authority, path_and_query: format!("{slash}{path}") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_cut_where_they_should_be() {
        let parse =
            |text| Url::parse(text).map(|url| format!("{} {} {}", url.is_https, url.authority, url.path_and_query));
        assert_eq!(parse("https://example.org").unwrap(), "true example.org /");
        assert_eq!(parse("HTTP://[::1]:8080/a/b?c=d#e").unwrap(), "false [::1]:8080 /a/b?c=d");
        assert_eq!(parse("http://example.org?q=1").unwrap(), "false example.org /?q=1");
        assert_eq!(parse("http://example.org#x").unwrap(), "false example.org /");
        for wrong in ["", "/a", "example.org/a", "ftp://example.org", "http:///a", "http://a:b@c", "http://a/b c\n"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
