//! Who is at the other end of a connection, and for whom it speaks.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use ipnet::IpNet;

use crate::limits::FORWARDED_MAX;

/// What is known of other ends.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peers {
    /// Proxies that are believed whom they speak for. One connection of theirs is many clients'.
    pub(crate) proxies: Vec<IpNet>,
}

impl Peers {
    /// Whether the address is that of a proxy that is believed.
    pub(super) fn is_proxy(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.proxies.iter().any(|proxies| proxies.contains(&address))
    }

    /// Whose request it is: the last that a believed proxy names and that is none itself. Everything before that anybody
    /// can have written.
    pub(super) fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let named = headers.get_all("x-forwarded-for").iter().rev().filter_map(|header| header.to_str().ok());
        for name in named.flat_map(|header| header.rsplit(',')).take(FORWARDED_MAX) {
            if !self.is_proxy(client) {
                break;
            }
            let Some(address) = address(name.trim()) else { break };
            client = address;
        }
        client
    }
}

/// An address as proxies write it: with or without a port, and in brackets or not.
fn address(text: &str) -> Option<IpAddr> {
    let socket = text.parse::<SocketAddr>().map(|socket| socket.ip());
    let bare = || text.trim_start_matches('[').trim_end_matches(']').parse();
    socket.or_else(|_| bare()).ok().map(|address: IpAddr| address.to_canonical())
}

/// Addresses of proxies: one, or a network of them as `10.0.0.0/8`.
pub(crate) fn proxies(text: &str) -> Result<IpNet, String> {
    let one = text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
    one.or_else(|_| text.parse()).map_err(|_| "an address, or a network such as 10.0.0.0/8, is needed".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(proxies_given: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let peers = Peers { proxies: proxies_given.iter().map(|text| proxies(text).unwrap()).collect() };
        let headers = forwarded.iter().map(|value| ("x-forwarded-for".parse().unwrap(), value.parse().unwrap()));
        peers.client(peer.parse().unwrap(), &headers.collect()).to_string()
    }

    #[test]
    fn only_proxies_that_are_known_are_believed() {
        assert_eq!(client(&[], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.2"], "10.0.0.1", &["1.2.3.4"]), "10.0.0.1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&["10.0.0.0/8"], "::ffff:10.0.0.1", &["1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&["::1"], "::1", &["[2001:db8::1]:4711"]), "2001:db8::1");
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn what_a_client_writes_itself_does_not_count() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(client(&proxies, "10.0.0.1", &["6.6.6.6, 1.2.3.4"]), "1.2.3.4");
        assert_eq!(client(&proxies, "10.0.0.1", &["6.6.6.6", "1.2.3.4:5, 10.0.0.9"]), "1.2.3.4");
        assert_eq!(client(&proxies, "10.0.0.1", &["6.6.6.6, unknown"]), "10.0.0.1");
        assert_eq!(client(&proxies, "10.0.0.1", &[&"10.0.0.1,".repeat(1_000)]), "10.0.0.1");
    }

    #[test]
    fn networks_are_read() {
        assert_eq!(proxies("10.1.2.3").unwrap().to_string(), "10.1.2.3/32");
        assert_eq!(proxies("fd00::/8").unwrap().to_string(), "fd00::/8");
        for wrong in ["", "proxy", "10.0.0.0/33", "10.0.0.0/"] {
            assert!(proxies(wrong).is_err(), "{wrong}");
        }
    }
}
