//! Patterns of hosts that HTTP requests may go to.

use std::str::FromStr;

use http::Uri;
use http::uri::{Authority, Scheme};

/// Which addresses a request may go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// None.
    Nowhere,
    /// Those of the internet. A wildcard names no host, so what is behind it must not be this machine or its network.
    PublicAddresses,
    /// All that the host's name stands for: somebody has written the name itself.
    AnyAddress,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    host: String,
    port: u16,
    /// The port that the scheme has when none is given.
    usual_port: u16,
}

impl Target {
    /// None if the address cannot be trusted to say where the request goes.
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let authority = uri.authority()?;
        // A user name before the host is for the server, but it also makes hosts that look like another one.
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let usual_port = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
        let port = authority.port_u16().unwrap_or(usual_port);
        Some(Self { host: authority.host().to_ascii_lowercase(), port, usual_port })
    }

    /// The host as resolvers and certificates have it: an IPv6 address without its brackets.
    pub(crate) fn host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(&self.host)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

/// `host`, `host:port`, or either with `*.` in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct HostPattern {
    host: String,
    is_wildcard: bool,
    port: Option<u16>,
}

impl HostPattern {
    pub(crate) fn reach(&self, target: &Target) -> Reach {
        let Target { host, port, usual_port } = target;
        if *port != self.port.unwrap_or(*usual_port) {
            return Reach::Nowhere;
        }
        match self.is_wildcard {
            true if is_below(host, &self.host) => Reach::PublicAddresses,
            false if *host == self.host => Reach::AnyAddress,
            _ => Reach::Nowhere,
        }
    }

    /// Whether every host of `other` is one of this pattern, too.
    pub(crate) fn covers(&self, other: &Self) -> bool {
        let covers_host = match (self.is_wildcard, other.is_wildcard) {
            (true, true) => other.host == self.host || is_below(&other.host, &self.host),
            (true, false) => is_below(&other.host, &self.host),
            (false, true) => false,
            (false, false) => other.host == self.host,
        };
        covers_host && self.port == other.port
    }
}

/// Whether `host` is a name below `domain`, and not that name itself.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

impl FromStr for HostPattern {
    /// What is wrong with it.
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let problem = |why: &str| format!("`{text}` is not a host that can be allowed: {why}");
        if text.contains("://") || text.contains('/') {
            return Err(problem("write the host only, without scheme and path, as in `api.example.com`"));
        }
        let (is_wildcard, rest) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if rest.contains('*') {
            return Err(problem("`*` can only be the first label, as in `*.example.com`"));
        }
        let authority: Authority = rest.parse().map_err(|_| problem("expected `host` or `host:port`"))?;
        if authority.host().is_empty() || rest.contains('@') {
            return Err(problem("expected `host` or `host:port`"));
        }
        let port = authority.port_u16();
        // The parser takes any text for a port.
        if port.is_none() && authority.as_str().len() != authority.host().len() {
            return Err(problem("the port is not a number below 65536"));
        }
        Ok(Self { host: authority.host().to_ascii_lowercase(), is_wildcard, port })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(pattern: &str, uri: &str) -> Reach {
        let target = Target::of(&uri.parse().unwrap());
        target.map_or(Reach::Nowhere, |target| pattern.parse::<HostPattern>().unwrap().reach(&target))
    }

    fn allows(pattern: &str, uri: &str) -> bool {
        reach(pattern, uri) != Reach::Nowhere
    }

    #[test]
    fn a_host_alone_means_the_usual_port() {
        assert!(allows("api.example.com", "https://api.example.com/x"));
        assert!(allows("api.example.com", "http://API.Example.com"));
        assert!(allows("api.example.com", "https://api.example.com:443/"));
        assert!(!allows("api.example.com", "https://api.example.com:8443/"));
        assert!(!allows("api.example.com", "http://api.example.com:443/"));
        assert!(!allows("api.example.com", "https://example.com/"));
        assert!(!allows("api.example.com", "https://api.example.com.evil.test/"));
    }

    #[test]
    fn a_port_means_that_port() {
        assert!(allows("localhost:8080", "http://localhost:8080/"));
        assert!(!allows("localhost:8080", "http://localhost/"));
        assert!(allows("[::1]:8080", "http://[::1]:8080/"));
    }

    #[test]
    fn a_wildcard_is_every_name_below() {
        assert!(allows("*.example.com", "https://a.b.example.com/"));
        assert!(!allows("*.example.com", "https://example.com/"));
        assert!(!allows("*.example.com", "https://badexample.com/"));
        assert!(!allows("*.example.com", "https://.example.com/"));
    }

    #[test]
    fn only_a_name_that_is_written_out_reaches_private_addresses() {
        assert_eq!(reach("a.example.com", "https://a.example.com/"), Reach::AnyAddress);
        assert_eq!(reach("*.example.com", "https://a.example.com/"), Reach::PublicAddresses);
        assert_eq!(reach("*.0.0.1", "http://127.0.0.1/"), Reach::PublicAddresses);
    }

    #[test]
    fn a_user_name_cannot_pass_for_a_host() {
        assert!(!allows("api.example.com", "https://api.example.com@evil.test/"));
        assert!(!allows("api.example.com", "https://evil.test@api.example.com/"));
    }

    #[test]
    fn an_ipv6_address_is_resolved_without_its_brackets() {
        let target = Target::of(&"http://[::1]:8080/".parse().unwrap()).unwrap();
        assert_eq!((target.host(), target.port()), ("::1", 8080));
    }

    #[test]
    fn a_pattern_covers_those_that_allow_no_more_than_it_does() {
        let covers =
            |one: &str, other: &str| one.parse::<HostPattern>().unwrap().covers(&other.parse::<HostPattern>().unwrap());
        assert!(covers("a.example.com", "A.example.com"));
        assert!(covers("*.example.com", "a.example.com"));
        assert!(covers("*.example.com", "*.example.com"));
        assert!(covers("*.example.com", "*.a.example.com"));
        assert!(covers("a.example.com:81", "a.example.com:81"));
        assert!(!covers("a.example.com", "*.example.com"));
        assert!(!covers("a.example.com", "*.a.example.com"));
        assert!(!covers("*.a.example.com", "*.example.com"));
        assert!(!covers("*.example.com", "example.com"));
        assert!(!covers("*.example.com", "badexample.com"));
        assert!(!covers("a.example.com", "a.example.com:81"));
        assert!(!covers("a.example.com:81", "a.example.com"));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let problem = |text: &str| text.parse::<HostPattern>().unwrap_err();
        insta::assert_snapshot!(problem("https://example.com"), @"`https://example.com` is not a host that can be allowed: write the host only, without scheme and path, as in `api.example.com`");
        insta::assert_snapshot!(problem("example.*"), @"`example.*` is not a host that can be allowed: `*` can only be the first label, as in `*.example.com`");
        insta::assert_snapshot!(problem("example.com:http"), @"`example.com:http` is not a host that can be allowed: the port is not a number below 65536");
        insta::assert_snapshot!(problem(""), @"`` is not a host that can be allowed: expected `host` or `host:port`");
    }
}
