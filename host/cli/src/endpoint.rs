//! What is known of a way by its address.

use std::net::IpAddr;

use reqwest::Url;

/// Whether what is sent there can be read on the way: without TLS, and not within this machine.
pub(crate) fn is_in_the_clear(address: &str) -> bool {
    Url::parse(address).is_ok_and(|url| url.scheme() == "http" && !is_loopback(&url))
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    address.map_or_else(|_| is_localhost(host), |address| address.to_canonical().is_loopback())
}

/// The name itself, and names below it: those never leave a machine.
fn is_localhost(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_the_machine_without_tls_is_in_the_clear() {
        let in_the_clear = [
            "http://rondo.example",
            "http://10.0.0.1:7070",
            "http://[2001:db8::1]/x",
            "HTTP://Rondo.example:80",
            "http://localhost.example",
            "http://127.0.0.1.example/",
        ];
        for address in in_the_clear {
            assert!(is_in_the_clear(address), "{address}");
        }
        let closed = [
            "https://rondo.example",
            "http://127.0.0.1:7070",
            "http://127.9.9.9",
            "http://[::1]:10000/account",
            "http://[::ffff:127.0.0.1]",
            "http://LOCALHOST:1",
            "http://a.localhost./",
            "not an address",
            "",
        ];
        for address in closed {
            assert!(!is_in_the_clear(address), "{address}");
        }
    }
}
