//! Whom a request is from: the key it presents, or the address it comes from.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::{HeaderMap, Uri, header};

const FORWARDED_FOR: &str = "x-forwarded-for";
const API_KEY: &str = "x-api-key";
/// For clients that can be given an address and nothing else.
const API_KEY_PARAMETER: &str = "api_key=";

/// The API key that a request presents: as a header, as a bearer token, or in its address.
pub(super) fn presented_key<'a>(headers: &'a HeaderMap, uri: &'a Uri) -> Option<&'a str> {
    let header = headers.get(API_KEY).and_then(|value| value.to_str().ok());
    let bearer = || {
        let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        value.strip_prefix("Bearer ")
    };
    let parameter =
        || uri.query()?.split('&').find_map(|pair| pair.strip_prefix(API_KEY_PARAMETER));
    header.or_else(bearer).or_else(parameter)
}

/// The address that a request comes from. A trusted proxy is believed about the hop before it; what stands further to
/// the left could have been written by anybody.
pub(super) fn source(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let mut source = peer.to_canonical();
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.rsplit(','));
    for hop in hops {
        if !trusted.contains(&source) {
            break;
        }
        let Ok(address) = hop.trim().parse::<IpAddr>() else { break };
        source = address.to_canonical();
    }
    source
}

/// What counts as one client: an address, or the network that a household or machine gets of IPv6.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forwarded(values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        headers
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_trusted_proxies_are_believed_and_only_about_the_hop_before_them() {
        let said = forwarded(&["6.6.6.6, 1.2.3.4", "10.0.0.2"]);
        assert_eq!(source(ip("10.0.0.1"), &said, &[]), ip("10.0.0.1"));
        let trusted = [ip("10.0.0.1"), ip("10.0.0.2")];
        assert_eq!(source(ip("10.0.0.1"), &said, &trusted), ip("1.2.3.4"));
        assert_eq!(source(ip("10.0.0.1"), &said, &trusted[..1]), ip("10.0.0.2"));
        assert_eq!(source(ip("9.9.9.9"), &said, &trusted), ip("9.9.9.9"));
        assert_eq!(source(ip("::ffff:10.0.0.1"), &said, &trusted[..1]), ip("10.0.0.2"));
        let broken = forwarded(&["nobody"]);
        assert_eq!(source(ip("10.0.0.1"), &broken, &trusted), ip("10.0.0.1"));
    }

    #[test]
    fn a_network_of_ipv6_is_one_client() {
        assert_eq!(network(ip("2001:db8:1:2:3::4")), ip("2001:db8:1:2::"));
        assert_eq!(network(ip("1.2.3.4")), ip("1.2.3.4"));
    }

    #[test]
    fn keys_come_in_three_ways() {
        let uri = |text: &'static str| Uri::from_static(text);
        let mut headers = HeaderMap::new();
        assert_eq!(presented_key(&headers, &uri("/")), None);
        assert_eq!(presented_key(&headers, &uri("/?x=1&api_key=abc")), Some("abc"));
        headers.insert(header::AUTHORIZATION, "Bearer def".parse().unwrap());
        assert_eq!(presented_key(&headers, &uri("/?api_key=abc")), Some("def"));
        headers.insert(API_KEY, "ghi".parse().unwrap());
        assert_eq!(presented_key(&headers, &uri("/")), Some("ghi"));
    }
}
