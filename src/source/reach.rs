//! Whether a host can be reached, step by step: its name, its port, its certificate, and its clock.
//!
//! Nothing is fetched: a host is asked for the head of its first page, and any answer will do.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use jiff::{Timestamp, civil::Date, fmt::rfc2822};
use reqwest::{Url, header, tls::TlsInfo};
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

use super::https::{Tls, chain, client_builder, der_valid_until};

/// Each step has so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a host showed of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// The last day of its certificate, where it speaks TLS.
    pub certificate_until: Option<Date>,
    /// What time it says it is.
    pub says_it_is: Option<Timestamp>,
}

/// The addresses of a name.
///
/// # Errors
/// When it has none, in words.
pub async fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, String> {
    let name = host.trim_matches(['[', ']']);
    let found = timeout(PATIENCE, tokio::net::lookup_host((name, port))).await;
    let found = found.map_err(|_| format!("the name server did not answer for {host} within 10 seconds"))?;
    let found: Vec<SocketAddr> = found.map_err(|error| format!("{host} is not found ({error})"))?.collect();
    if found.is_empty() { Err(format!("{host} has no address")) } else { Ok(found) }
}

/// Opens a connection and closes it again.
///
/// # Errors
/// When nobody takes it, in words.
pub async fn connect(host: &str, port: u16) -> Result<(), String> {
    stream(host, port).await.map(drop)
}

/// What an SSH server says first.
///
/// # Errors
/// When nobody takes the connection, or what answers is no SSH server.
pub async fn ssh(host: &str, port: u16) -> Result<String, String> {
    let mut stream = stream(host, port).await?;
    let mut greeting = [0; 64];
    let read = timeout(PATIENCE, stream.read(&mut greeting)).await;
    let read = read.map_err(|_| format!("{host}:{port} said nothing for 10 seconds"))?;
    let read = read.map_err(|error| format!("{host}:{port} broke off ({error})"))?;
    let said = String::from_utf8_lossy(&greeting[..read]);
    let first: String = said.lines().next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
    if first.starts_with("SSH-") { Ok(first) } else { Err(format!("{host}:{port} is no SSH server")) }
}

async fn stream(host: &str, port: u16) -> Result<TcpStream, String> {
    let addresses = look_up(host, port).await?;
    let opened = timeout(PATIENCE, TcpStream::connect(addresses.as_slice())).await;
    let opened = opened.map_err(|_| format!("{host}:{port} did not answer within 10 seconds"))?;
    opened.map_err(|error| format!("{host}:{port} does not take the connection ({error})"))
}

/// Asks the first page of an origin for its head, through the proxy that is set, with the certificates of the source.
///
/// # Errors
/// When nobody answers, or it cannot be believed who does; in words that show no address.
pub async fn ask(origin: &str, tls: &Tls, environment: &BTreeMap<String, String>) -> Result<Reached, String> {
    let builder = tls.add_to(client_builder(), environment).map_err(|error| error.to_string())?;
    let client = builder.tls_info(true).timeout(PATIENCE).build().map_err(|error| chain(&error))?;
    let answer = client.head(origin).send().await.map_err(|error| chain(&error))?;
    let certificate = answer.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
    let date = answer.headers().get(header::DATE).and_then(|date| date.to_str().ok());
    Ok(Reached {
        certificate_until: certificate.and_then(der_valid_until),
        says_it_is: date.and_then(|date| rfc2822::parse(date).ok()).map(|date| date.timestamp()),
    })
}

/// Scheme, host and port of an address: what of it is no secret.
pub fn origin_of(address: &str) -> Option<Origin> {
    let url = Url::parse(address).ok()?;
    let host = url.host_str()?.to_owned();
    let text = url.origin().ascii_serialization();
    Some(Origin { text, port: url.port_or_known_default()?, is_tls: url.scheme() == "https", host })
}

/// Where an address leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// As an address: `https://data.example`.
    pub text: String,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// Whether it speaks TLS.
    pub is_tls: bool,
}

/// The proxy through which a host is asked over HTTP, as the usual variables say it, without what may be its secret.
pub fn proxy_for(origin: &Origin, environment: &BTreeMap<String, String>) -> Option<Origin> {
    let set = |names: [&str; 2]| names.iter().find_map(|name| environment.get(*name)).filter(|text| !text.is_empty());
    if set(["NO_PROXY", "no_proxy"]).is_some_and(|list| is_spared(&origin.host, list)) {
        return None;
    }
    let own = if origin.is_tls { set(["HTTPS_PROXY", "https_proxy"]) } else { set(["HTTP_PROXY", "http_proxy"]) };
    let text = own.or_else(|| set(["ALL_PROXY", "all_proxy"]))?;
    origin_of(text).or_else(|| origin_of(&format!("http://{text}")))
}

/// Whether a list of names leaves a host out of the proxy's hands.
fn is_spared(host: &str, list: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).any(|name| {
        let bare = name.trim_start_matches('.');
        name == "*"
            || host.eq_ignore_ascii_case(bare)
            || host.to_ascii_lowercase().ends_with(&format!(".{}", bare.to_ascii_lowercase()))
            || is_in(host, name)
    })
}

/// Whether an address lies in a network written as `10.0.0.0/8`.
fn is_in(host: &str, network: &str) -> bool {
    let Some((base, bits)) = network.split_once('/') else { return false };
    let (Ok(IpAddr::V4(host)), Ok(IpAddr::V4(base)), Ok(bits)) = (host.parse(), base.parse(), bits.parse::<u32>())
    else {
        return false;
    };
    let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
    u32::from(host) & mask == u32::from(base) & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_used_unless_the_host_is_spared_and_never_shown_with_its_password() {
        let environment = BTreeMap::from([
            ("HTTPS_PROXY".to_owned(), "http://user:CANARY@proxy.council.example:3128".to_owned()),
            ("NO_PROXY".to_owned(), "localhost, .inside.example,10.0.0.0/8".to_owned()),
        ]);
        let through = |address: &str| proxy_for(&origin_of(address).unwrap(), &environment).map(|proxy| proxy.text);
        let proxy = Some("http://proxy.council.example:3128".to_owned());
        assert_eq!(through("https://data.partner.example/a?b=c"), proxy);
        for spared in
            ["https://localhost/", "https://a.inside.example", "https://10.1.2.3/", "http://data.partner.example"]
        {
            assert_eq!(through(spared), None, "{spared}");
        }
    }

    #[tokio::test]
    async fn a_closed_port_is_told_as_such() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(connect("127.0.0.1", port).await, Ok(()));
        drop(listener);
        assert!(connect("127.0.0.1", port).await.unwrap_err().contains("does not take the connection"));
    }
}
