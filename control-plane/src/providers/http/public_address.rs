//! URLs that a user gives: only public servers are asked, so that nobody uses us to reach what is behind our
//! firewall. The name is resolved once, every address is looked at, and the connection goes to those addresses
//! and nowhere else. What an operator sets in the configuration is trusted and does not come here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use url::{Host, Url};

use crate::http_client;

/// Why a URL is not asked.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum NotPublic {
    #[error("the address must begin with `https://`")]
    NotHttps,
    #[error("the address must not hold a user or a password; connect an account instead")]
    UserInfo,
    #[error("the host {0} is not found; check the address")]
    Unknown(String),
    #[error("the host {0} is not on the public internet; an operator can name it in the configuration")]
    Private(String),
    #[error("cannot set up a connection")]
    Client(#[from] reqwest::Error),
}

/// A client that connects only to the public addresses which the URL's host has now. It uses no proxy, which would
/// resolve the name again.
///
/// # Errors
/// When the URL may not be asked.
pub async fn client_for_public_url(url: &Url) -> Result<reqwest::Client, NotPublic> {
    let (host, port) = check_form(url)?;
    let addresses: Vec<SocketAddr> = match &host {
        Host::Ipv4(address) => vec![(*address, port).into()],
        Host::Ipv6(address) => vec![(*address, port).into()],
        Host::Domain(name) => {
            let found = tokio::net::lookup_host((name.as_str(), port)).await;
            found.map_err(|_| NotPublic::Unknown(name.clone()))?.collect()
        }
    };
    let host = host.to_string();
    if addresses.is_empty() {
        return Err(NotPublic::Unknown(host));
    }
    if !addresses.iter().all(|address| is_public(address.ip())) {
        return Err(NotPublic::Private(host));
    }
    Ok(http_client::short_builder().no_proxy().https_only(true).resolve_to_addrs(&host, &addresses).build()?)
}

fn check_form(url: &Url) -> Result<(Host, u16), NotPublic> {
    if url.scheme() != "https" {
        return Err(NotPublic::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(NotPublic::UserInfo);
    }
    match (url.host(), url.port_or_known_default()) {
        (Some(host), Some(port)) => Ok((host.to_owned(), port)),
        _ => Err(NotPublic::Unknown(url.host_str().unwrap_or_default().to_owned())),
    }
}

/// Whether an address is anybody's on the internet: in no special-purpose registry of IANA.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_special = a == 0                                     // this network
        || address.is_private()
        || (a == 100 && (64..128).contains(&b))                 // carrier-grade NAT
        || address.is_loopback()
        || address.is_link_local()                              // metadata of clouds
        || (a, b, c) == (192, 0, 0)                             // protocol assignments
        || address.is_documentation()
        || (a, b, c) == (192, 88, 99)                           // 6to4 relays
        || (a == 198 && (b == 18 || b == 19))                   // benchmarks
        || a >= 224; // multicast, reserved, broadcast
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    // An IPv4 address in disguise is what it hides: mapped, compatible, NAT64, 6to4.
    let hidden = match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some((high, low))
        }
        _ => None,
    };
    if let Some((high, low)) = hidden {
        let [[a, b], [c, d]] = [high.to_be_bytes(), low.to_be_bytes()];
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Of the global unicast block, without Teredo, ORCHID, benchmarks and documentation.
    let is_special = match segments[0] {
        0x2001 => segments[1] < 0x200 || segments[1] == 0xdb8,
        0x3fff => segments[1] < 0x1000,
        _ => false,
    };
    segments[0] & 0xe000 == 0x2000 && !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_internet_are_public() {
        for public in ["8.8.8.8", "140.82.121.4", "100.63.0.1", "100.128.0.1", "2606:50c0:8000::154", "::ffff:8.8.8.8"]
        {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for special in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.254",
            "127.0.0.1",
            "127.8.8.8",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "4000::1",
        ] {
            assert!(!is_public(special.parse().expect("an address")), "{special}");
        }
    }

    #[tokio::test]
    async fn urls_of_users_that_lead_inside_are_refused() {
        for (url, part) in [
            ("http://example.com/", "https://"),
            ("ftp://example.com/", "https://"),
            ("https://ada:secret@example.com/", "password"),
            ("https://ada@example.com/", "user"),
            ("https://127.0.0.1/", "public internet"),
            ("https://2130706433/", "public internet"),
            ("https://0x7f.1/", "public internet"),
            ("https://[::1]/", "public internet"),
            ("https://[::ffff:169.254.169.254]/", "public internet"),
            ("https://localhost/", "public internet"),
            ("https://no-such-host.invalid/", "not found"),
        ] {
            let error = client_for_public_url(&url.parse().expect("a URL")).await.expect_err(url).to_string();
            assert!(error.contains(part) && !error.contains("secret@"), "{url}: {error}");
        }
        client_for_public_url(&"https://8.8.8.8/".parse().expect("a URL")).await.expect("is public");
    }
}
