//! Web pages of others, which a browser on this machine lets send requests here.
//!
//! A server on loopback without a key is reachable from every page that a browser on the same machine shows: directly,
//! or under a host name that an attacker points at 127.0.0.1. Such requests show themselves: by a `Host` that is not
//! this machine, by an `Origin` that is not ours, and where a browser sends none, by `Sec-Fetch-Site`.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, Uri, header};

use crate::Problem;

/// The host that a request names; none if it names none.
///
/// HTTP/2 and requests through a proxy have it in the address. Whoever reads one of two names must not be led by the
/// other, so they must agree.
pub(super) fn named_host<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Result<Option<&'a str>, Problem> {
    let invalid = |problem: &str| Problem::InvalidRequest(problem.to_owned());
    let mut hosts = headers.get_all(header::HOST).iter();
    let in_header = hosts.next().map(|host| host.to_str().map_err(|_| invalid("the header host is not a name")));
    let in_header = in_header.transpose()?;
    if hosts.next().is_some() {
        return Err(invalid("the request has several headers host"));
    }
    let in_address = uri.authority().map(axum::http::uri::Authority::as_str);
    match (in_header, in_address) {
        (Some(header), Some(address)) if !header.eq_ignore_ascii_case(address) => {
            Err(invalid("the header host and the address name different hosts"))
        }
        (header, address) => Ok(header.or(address)),
    }
}

/// Refuses what a page of somebody else sends; `host` is the one that the request names.
pub(super) fn check<B>(request: &Request<B>, host: &str) -> Result<(), Problem> {
    if !is_loopback(host) {
        return Err(Problem::ForeignOrigin(format!("the server does not go by the name \"{host}\"")));
    }
    let text = |name| request.headers().get(name).map(|value| value.to_str().unwrap_or_default());
    if let Some(origin) = text("origin")
        && origin.strip_prefix("http://").or(origin.strip_prefix("https://")) != Some(host)
    {
        return Err(Problem::ForeignOrigin(format!("pages of {origin} may not use this server")));
    }
    match text("sec-fetch-site") {
        // Another port of this machine is the same site, and yet somebody else.
        Some("cross-site" | "same-site") if !is_navigation(request) => {
            Err(Problem::ForeignOrigin("a page of another origin sent the request".to_owned()))
        }
        _ => Ok(()),
    }
}

/// Whether the browser goes to the answer, so that the page that led there does not see it: somebody followed a link.
fn is_navigation<B>(request: &Request<B>) -> bool {
    let says = |name, value| request.headers().get(name).is_some_and(|given| given == value);
    request.method().is_safe() && says("sec-fetch-mode", "navigate") && says("sec-fetch-dest", "document")
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

    fn allows_method(method: &str, headers: &[(&str, &str)]) -> bool {
        let request = Request::builder().method(method).uri("/");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.body(()).unwrap();
        let host = named_host(request.uri(), request.headers()).unwrap().unwrap();
        check(&request, host).is_ok()
    }

    fn allows(headers: &[(&str, &str)]) -> bool {
        allows_method("GET", headers)
    }

    #[test]
    fn loopback_names_pass_and_others_do_not() {
        for host in ["localhost", "LOCALHOST:7070", "127.0.0.1:80", "127.3.2.1", "[::1]:7070"] {
            assert!(allows(&[("host", host)]), "{host}");
        }
        for host in ["evil.example", "evil.example:7070", "localhost.evil.example", "10.0.0.1", "[::2]:1", ""] {
            assert!(!allows(&[("host", host)]), "{host}");
        }
    }

    #[test]
    fn web_pages_pass_only_when_the_server_itself_sent_them() {
        let from = |origin| allows(&[("host", "localhost:7070"), ("origin", origin)]);
        assert!(from("http://localhost:7070"));
        assert!(from("https://localhost:7070"));
        assert!(!from("http://localhost:3000"));
        assert!(!from("https://evil.example"));
        assert!(!from("null"));
    }

    #[test]
    fn requests_of_pages_that_name_no_origin_are_known_by_the_browsers_word() {
        let with =
            |method, fetch: &[(&str, &str)]| allows_method(method, &[&[("host", "localhost:7070")], fetch].concat());
        let (mode, dest) = (("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document"));
        for site in ["cross-site", "same-site"] {
            let site = ("sec-fetch-site", site);
            assert!(!with("GET", &[site]), "an image, a script");
            assert!(!with("GET", &[site, ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")]));
            assert!(!with("GET", &[site, mode, ("sec-fetch-dest", "iframe")]));
            assert!(with("GET", &[site, mode, dest]), "a link");
            assert!(!with("POST", &[site, mode, dest]), "a form");
        }
        assert!(with("GET", &[("sec-fetch-site", "same-origin"), ("sec-fetch-mode", "cors")]));
        assert!(with("GET", &[("sec-fetch-site", "none"), mode, dest]), "typed in");
    }

    #[test]
    fn a_host_is_named_once() {
        let named = |uri: &str, hosts: &[&'static str]| {
            let headers = hosts.iter().map(|host| (header::HOST, host.parse().unwrap())).collect();
            named_host(&uri.parse().unwrap(), &headers).map(|host| host.map(str::to_owned)).map_err(|_| ())
        };
        assert_eq!(named("/x", &["a:1"]), Ok(Some("a:1".to_owned())));
        assert_eq!(named("http://a:1/x", &[]), Ok(Some("a:1".to_owned())));
        assert_eq!(named("http://a:1/x", &["A:1"]), Ok(Some("A:1".to_owned())));
        assert_eq!(named("http://a:1/x", &["b:1"]), Err(()));
        assert_eq!(named("/x", &["a:1", "a:1"]), Err(()));
        assert_eq!(named("/x", &[]), Ok(None));
    }
}
