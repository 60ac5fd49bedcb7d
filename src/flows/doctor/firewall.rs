//! What the firewall has to let through, from the definitions alone.

use std::collections::BTreeMap;

use serde::Serialize;

use super::hosts::{asked, spoken};
use crate::{
    flows::Board,
    source::reach::{self, Origin},
};

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct FirewallRule {
    /// `out` or `in`.
    pub direction: &'static str,
    /// What is spoken.
    pub protocol: &'static str,
    /// The other side; for what comes in, who may.
    pub host: String,
    /// The port.
    pub port: u16,
    /// What for.
    pub why: String,
}

/// Every rule that is needed; what goes through a proxy needs the proxy alone.
pub fn rules(board: &Board, environment: &BTreeMap<String, String>) -> Vec<FirewallRule> {
    let mut rules: Vec<FirewallRule> = Vec::new();
    let mut out = |protocol: &'static str, host: String, port: u16, why: String| {
        let known = rules.iter_mut().find(|rule| rule.protocol == protocol && rule.host == host && rule.port == port);
        match known {
            Some(rule) if rule.why.contains(&why) => {}
            Some(rule) => rule.why = format!("{}; {why}", rule.why),
            None => rules.push(FirewallRule { direction: "out", protocol, host, port, why }),
        }
    };
    for one in asked(board) {
        match reach::proxy_for(&one.origin, environment) {
            Some(proxy) => out("HTTP proxy", proxy.host, proxy.port, format!("{} ({})", one.origin.text, one.why)),
            None => {
                let Origin { host, port, is_tls, .. } = one.origin;
                out(if is_tls { "HTTPS" } else { "HTTP" }, host, port, one.why);
            }
        }
    }
    for one in spoken(board) {
        out(one.protocol, one.host, one.port, one.why);
    }
    rules.sort();
    let (host, why) = match board.listen.ip().is_loopback() {
        true => ("this machine", "the pages, for the council's proxy on this machine"),
        false => ("the council's proxy", "the pages; they have no password of their own"),
    };
    rules.push(FirewallRule {
        direction: "in",
        protocol: "HTTP",
        host: host.into(),
        port: board.listen.port(),
        why: why.into(),
    });
    rules
}
