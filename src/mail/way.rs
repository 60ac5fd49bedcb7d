//! Which way mail leaves: through a relay, through Microsoft Graph, or into a folder.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use super::settings::checked;
use crate::{
    settings::{Secret, Section},
    source::{
        https,
        mailbox::{OAuth2, settle_oauth2},
    },
};

/// Which way mail leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Through a relay.
    Smtp(Relay),
    /// Through Microsoft Graph.
    Graph(Office),
    /// Into a folder, from which nobody is told anything.
    Folder(PathBuf),
}

/// The relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Its name; its certificate must carry it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// Certificates in PEM that are trusted beside the machine's own.
    pub ca_file: Option<PathBuf>,
    /// How to sign in, where the relay asks for it.
    pub sign_in: Option<SignIn>,
}

/// How to sign in to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignIn {
    /// With a password.
    Password {
        /// Who signs in.
        user: String,
        /// Where the password stands.
        password: Secret,
    },
    /// With a token (XOAUTH2).
    OAuth2 {
        /// Who signs in: the mailbox that sends.
        user: String,
        /// Where tokens come from.
        oauth2: OAuth2,
    },
}

/// Microsoft Graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Office {
    /// Where Graph is.
    pub base: String,
    /// The mailbox that sends.
    pub user: String,
    /// Certificates in PEM that are trusted beside the machine's own.
    pub ca_file: Option<PathBuf>,
    /// Where tokens come from.
    pub oauth2: OAuth2,
}

/// How the connection to the relay is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS after STARTTLS; a relay that does not offer it is sent nothing.
    StartTls,
    /// TLS from the first byte.
    Tls,
    /// None, for a relay in the board's own network.
    None,
}

impl Way {
    /// The secrets that it is signed in with.
    pub(super) fn secrets(&self) -> Vec<&Secret> {
        match self {
            Self::Smtp(Relay { sign_in: Some(SignIn::Password { password, .. }), .. }) => vec![password],
            Self::Smtp(Relay { sign_in: Some(SignIn::OAuth2 { oauth2, .. }), .. })
            | Self::Graph(Office { oauth2, .. }) => oauth2.secrets().collect(),
            Self::Smtp(Relay { sign_in: None, .. }) | Self::Folder(_) => Vec::new(),
        }
    }

    /// Whether nothing leaves this machine.
    pub(super) fn stays_here(&self) -> bool {
        let is_here = |host: &str| host.parse().is_ok_and(|address: IpAddr| address.is_loopback());
        match self {
            Self::Smtp(relay) => is_here(&relay.host),
            Self::Graph(office) => https::host_of(&office.base).is_some_and(|host| is_here(&host)),
            Self::Folder(_) => true,
        }
    }
}

/// The first address that lies outside a network of the board's own: where there is one, nothing may be sent in clear,
/// whichever of them would be connected to.
pub(super) fn outside(addresses: &[SocketAddr]) -> Option<IpAddr> {
    addresses.iter().map(SocketAddr::ip).find(|address| !is_private(*address))
}

fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
    }
}

pub(super) fn settle_relay(section: &mut Section<'_>) -> Option<Relay> {
    let host = section.text("host");
    let tls = match section.one_of("tls", &["starttls", "tls", "none"]) {
        Some("tls") => Some(Tls::Tls),
        Some("none") => Some(Tls::None),
        Some(_) => Some(Tls::StartTls),
        None => None,
    };
    let usual_port = match tls {
        Some(Tls::Tls) => 465,
        Some(Tls::None) => 25,
        _ => 587,
    };
    let port = u16::try_from(section.integer_or("port", usual_port)).ok().filter(|port| *port > 0);
    if port.is_none() {
        section.refuse("port", "a port from 1 to 65535", &format!("port = {usual_port}"));
    }
    let ca_file = section.text_opt("ca_file").map(PathBuf::from);
    let sign_in = settle_sign_in(section)?;
    let (host, tls) = (host?, tls?);
    if tls == Tls::None {
        // A name is looked up when it is connected to; only then is known whether it is private.
        if host.parse().is_ok_and(|address| !is_private(address)) {
            section.refuse("tls", "\"starttls\" or \"tls\" for a relay outside your own network", "tls = \"starttls\"");
            return None;
        }
        if sign_in.is_some() {
            section.refuse(
                "tls",
                "\"starttls\" or \"tls\": a password or a token is never sent in clear",
                "tls = \"starttls\"",
            );
            return None;
        }
    }
    Some(Relay { host, port: port?, tls, ca_file, sign_in })
}

/// How to sign in; the outer option is none if that cannot be read.
fn settle_sign_in(section: &mut Section<'_>) -> Option<Option<SignIn>> {
    let user = section.text_opt("user");
    let password = section.secret_opt("password");
    let named = section.has("password");
    if let Some(mut table) = section.section_opt("oauth2") {
        let oauth2 = settle_oauth2(&mut table, "outlook.office365.com");
        if named {
            section.refuse("password", "either a password or [mail.oauth2]", "one of the two");
            return None;
        }
        if user.is_none() {
            section.refuse("user", "the mailbox that sends", "user = \"quarterday@board.example\"");
        }
        return Some(Some(SignIn::OAuth2 { user: user?, oauth2: oauth2? }));
    }
    match (user, password) {
        (Some(user), Some(password)) => Some(Some(SignIn::Password { user, password })),
        (Some(_), None) => {
            if !named {
                let write = "password = { file = \"/etc/quarterday/mail-password\" }";
                section.refuse("password", "the password of user, or [mail.oauth2]", write);
            }
            None
        }
        (None, Some(_)) => {
            section.refuse("user", "the user whose password this is", "user = \"quarterday@board.example\"");
            None
        }
        (None, None) => Some(None),
    }
}

pub(super) fn settle_office(section: &mut Section<'_>) -> Option<Office> {
    const GRAPH: &str = "https://graph.microsoft.com/v1.0";
    for key in ["host", "port", "tls"] {
        section.has(key);
    }
    let base = section.text_or("base", GRAPH);
    if let Some(expected) = https::refusal(&base) {
        section.refuse("base", &expected, &format!("base = \"{GRAPH}\""));
        return None;
    }
    let user = section.text("user");
    let user = user.and_then(|user| checked(section, "user", user));
    let ca_file = section.text_opt("ca_file").map(PathBuf::from);
    let oauth2 = section.section("oauth2").and_then(|mut table| settle_oauth2(&mut table, "graph.microsoft.com"));
    Some(Office { base: base.trim_end_matches('/').to_owned(), user: user?, ca_file, oauth2: oauth2? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_outside_the_boards_own_network_is_one_too_many() {
        for (addresses, found) in [
            (vec!["127.0.0.1:25"], None),
            (vec!["10.1.2.3:25", "192.168.0.9:25", "172.16.0.1:25", "[::1]:25", "[fd00::1]:25"], None),
            (vec!["[::ffff:10.0.0.1]:25"], None),
            (vec!["10.1.2.3:25", "192.0.2.1:25"], Some("192.0.2.1")),
            (vec!["192.0.2.1:25"], Some("192.0.2.1")),
            (vec!["[::ffff:192.0.2.1]:25"], Some("::ffff:192.0.2.1")),
            (vec!["10.1.2.3:25", "[2001:db8::1]:25"], Some("2001:db8::1")),
            (vec!["169.254.1.1:25"], Some("169.254.1.1")),
        ] {
            let parsed: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            assert_eq!(outside(&parsed).map(|ip| ip.to_string()).as_deref(), found, "{addresses:?}");
        }
    }
}
