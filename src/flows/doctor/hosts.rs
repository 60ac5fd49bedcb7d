//! The hosts that are spoken to: sources, token endpoints, relay, mailbox, the outer watcher, and the board's own address.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::Check;
use crate::{
    clock::Clock,
    domain::civil_day,
    flows::Board,
    ledger::Ledger,
    mail::{Deadlines, Mailroom, Way},
    source::{
        Source,
        https::Tls,
        mailbox::{self, Mailbox},
        reach::{self, Origin, origin_of},
    },
};

/// A certificate that ends within so many days is told.
const SOON: i32 = 30;

/// A host that is asked over HTTP, and why.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Where.
    pub origin: Origin,
    /// For what.
    pub why: String,
    /// Certificates beside the machine's own.
    pub tls: Tls,
}

/// A host that is spoken to otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// How.
    pub protocol: &'static str,
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
    /// For what.
    pub why: String,
}

/// Every host that is asked over HTTP.
pub fn asked(board: &Board) -> Vec<Asked> {
    let mut found: Vec<Asked> = Vec::new();
    let mut add = |address: &str, why: String, tls: &Tls| {
        let Some(origin) = origin_of(address) else { return };
        match found.iter_mut().find(|one| one.origin == origin && one.tls == *tls) {
            Some(known) if known.why.contains(&why) => {}
            Some(known) => known.why = format!("{}; {why}", known.why),
            None => found.push(Asked { origin, why, tls: tls.clone() }),
        }
    };
    for contract in board.returns.values() {
        let why = contract.title.clone();
        match &contract.source {
            Source::Https(https) => {
                // What stands in curly brackets is in the path or the query: the host is the same for all.
                add(&board.address(&https.url).replace(['{', '}'], ""), why.clone(), &https.tls);
                if let Some(url) = https.auth.as_ref().and_then(|auth| auth.token_url()) {
                    add(url, format!("tokens for {why}"), &https.tls);
                }
            }
            Source::Store(store) => {
                let Some(tls) = store.tls() else { continue };
                if let Some(agency) = contract.agencies.first() {
                    add(&store.place_of(agency), why.clone(), tls);
                }
                if let Some(url) = store.token_url() {
                    add(url, format!("tokens for {why}"), tls);
                }
            }
            _ => {}
        }
    }
    if let Some(mailbox) = &board.mailbox {
        let tls = Tls { ca_file: mailbox.ca_file.clone(), client: None };
        if let mailbox::Way::Graph { base, .. } = &mailbox.way {
            add(base, "the mailbox".into(), &tls);
        }
        if let Some(url) = mailbox.token_url() {
            add(url, "tokens for the mailbox".into(), &tls);
        }
    }
    if let Some(heartbeat) = &board.watching.heartbeat {
        add(&heartbeat.origin(), "the sign of life".into(), &heartbeat.tls);
    }
    found
}

/// Every host that is spoken to otherwise.
pub fn spoken(board: &Board) -> Vec<Spoken> {
    let mut found: Vec<Spoken> = Vec::new();
    if let Way::Smtp(relay) = &board.mail.way {
        found.push(Spoken { protocol: "SMTP", host: relay.host.clone(), port: relay.port, why: "mail".into() });
    }
    if let Some(mailbox::Way::Imap { host, port, .. }) = board.mailbox.as_ref().map(|mailbox| &mailbox.way) {
        found.push(Spoken { protocol: "IMAPS", host: host.clone(), port: *port, why: "the mailbox".into() });
    }
    for contract in board.returns.values() {
        let Source::Store(store) = &contract.source else { continue };
        let Some(port) = store.sftp_port() else { continue };
        let host = store.host().to_owned();
        match found.iter_mut().find(|one| one.protocol == "SFTP" && one.host == host && one.port == port) {
            Some(known) => known.why = format!("{}; {}", known.why, contract.title),
            None => found.push(Spoken { protocol: "SFTP", host, port, why: contract.title.clone() }),
        }
    }
    found
}

/// Tries every host that is asked over HTTP; answers with what was found, and how far each host's clock is from ours.
pub async fn try_asked(
    board: &Board,
    environment: &BTreeMap<String, String>,
) -> (Vec<Check>, Vec<(String, SignedDuration)>) {
    let (mut checks, mut clocks) = (Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for one in asked(board) {
        let origin = &one.origin;
        let what = format!("{} ({})", origin.text, one.why);
        let proxy = reach::proxy_for(origin, environment);
        let door = proxy.as_ref().unwrap_or(origin);
        if let Err(why) = reach::connect(&door.host, door.port).await {
            let next = match &proxy {
                Some(proxy) => format!("see HTTPS_PROXY and NO_PROXY of the daemon; the proxy is {}", proxy.text),
                None => format!(
                    "allow TCP to {}:{} in the firewall, or set HTTPS_PROXY for the daemon",
                    door.host, door.port
                ),
            };
            checks.push(Check::wrong(what, why, next));
            continue;
        }
        let through = proxy.map(|proxy| format!(" through the proxy {}", proxy.text)).unwrap_or_default();
        match reach::ask(&origin.text, &one.tls, environment).await {
            Ok(reached) => {
                let now = Clock::System.now();
                if let Some(says) = reached.says_it_is
                    && seen.insert(origin.host.clone())
                {
                    clocks.push((origin.host.clone(), now.duration_since(says)));
                }
                checks.push(match reached.certificate_until {
                    Some(until) => {
                        let left = civil_day(now).until(until).map_or(0, |span| span.get_days());
                        let says =
                            format!("it answers{through}; its certificate ends on {}", until.strftime("%-d %B %Y"));
                        if left <= SOON {
                            Check::warning(what, says, "tell whoever runs it")
                        } else {
                            Check::ok(what, says)
                        }
                    }
                    None => Check::ok(what, format!("it answers{through}")),
                });
            }
            Err(why) => {
                let next = "if its certificate comes from an authority of its own, or a proxy opens TLS, name that authority as ca_file";
                checks.push(Check::wrong(what, format!("{why}{through}"), next));
            }
        }
    }
    for one in spoken(board).into_iter().filter(|one| one.protocol == "SFTP") {
        let what = format!("sftp://{}:{} ({})", one.host, one.port, one.why);
        checks.push(match reach::ssh(&one.host, one.port).await {
            Ok(says) => Check::ok(what, says),
            Err(why) => Check::wrong(
                what,
                why,
                format!("allow TCP to {}:{} in the firewall, or ask the partner", one.host, one.port),
            ),
        });
    }
    (checks, clocks)
}

/// Which proxy the usual variables name, and that what is no HTTP goes past it.
pub fn proxy(board: &Board, environment: &BTreeMap<String, String>) -> Check {
    let what = "proxy";
    let through: Vec<Asked> =
        asked(board).into_iter().filter(|one| reach::proxy_for(&one.origin, environment).is_some()).collect();
    let proxies: BTreeSet<String> =
        through.iter().filter_map(|one| Some(reach::proxy_for(&one.origin, environment)?.text)).collect();
    let set = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    let is_set = set.iter().any(|name| environment.get(*name).is_some_and(|text| !text.is_empty()));
    if !proxies.is_empty() {
        let names = proxies.into_iter().collect::<Vec<_>>().join(", ");
        return Check::ok(
            what,
            format!("{} of the hosts are asked through {names}; SMTP, IMAP and SFTP go past it", through.len()),
        );
    }
    match is_set {
        true => Check::ok(what, "one is set, and no host is asked through it (NO_PROXY, or there is none to ask)"),
        false => Check::ok(what, "none is set; hosts are asked directly"),
    }
}

/// The relay, without sending anything.
pub async fn relay(board: &Board, environment: &BTreeMap<String, String>) -> (Check, Option<Mailroom>) {
    let mailroom = Mailroom::open(board.mail.clone(), environment, &board.data, Deadlines::short());
    let what = match &board.mail.way {
        Way::Smtp(relay) => format!("mail relay {}:{}", relay.host, relay.port),
        Way::Graph(office) => format!("mail of {} through Microsoft Graph", office.user),
        Way::Folder(folder) => {
            let says = format!("it is written to {} and not sent", folder.display());
            let next = "mailer = \"smtp\" in [mail] sends; leave it so while you read what would go out";
            return (Check::warning("mail", says, next), mailroom.ok());
        }
    };
    let mailroom = match mailroom {
        Ok(mailroom) => mailroom,
        Err(error) => return (Check::wrong(what, error.to_string(), "see [mail] in config/quarterday.toml"), None),
    };
    let check = match mailroom.knock().await {
        Ok(says) => Check::ok(what, says),
        Err((step, why)) => {
            let next = match step.as_str() {
                "CONNECT" => "see host, port and ca_file of [mail], and the firewall's rules below".to_owned(),
                "STARTTLS" => {
                    "see tls and ca_file of [mail]; nothing is ever sent without what tls asks for".to_owned()
                }
                "AUTH" => "renew the password that [mail] names, and see that the relay lets this user send".to_owned(),
                _ => "see [mail] in config/quarterday.toml".to_owned(),
            };
            Check::wrong(what, format!("{step}: {why}"), next)
        }
    };
    (check, Some(mailroom))
}

/// The mailbox: signs in and opens the folder that is read. Where a refresh token is used up by each sign-in, the daemon
/// that holds it is not disturbed, and what it last found is told.
pub async fn mailbox(
    board: &Board,
    environment: &BTreeMap<String, String>,
    ledger: Option<&Ledger>,
    is_running: bool,
) -> Option<Check> {
    let settings = board.mailbox.clone()?;
    let what = format!("mailbox {}", settings.user);
    if is_running && settings.renews_its_token() {
        let known = match ledger {
            Some(ledger) => ledger.read(|txn| txn.pull(crate::flows::letterbox::KEY)).await.ok().flatten(),
            None => None,
        };
        return Some(match known {
            Some(pull) if pull.attempts > 0 => Check::wrong(
                what,
                pull.says.unwrap_or_default(),
                "renew the secret that [mailbox] names, or the permission",
            ),
            Some(pull) => {
                let at = pull.ok_at.map(|at| at.to_string()).unwrap_or_else(|| "not yet".into());
                Check::ok(what, format!("the daemon last read it: {at}"))
            }
            None => Check::ok(what, "the daemon has not looked into it yet"),
        });
    }
    let looked = async {
        let mailbox = Mailbox::open(settings, environment, &board.data)?;
        let mut session = mailbox.session().await?;
        let (listed, more) = session.list().await?;
        session.end().await;
        Ok::<_, mailbox::MailboxError>((listed.len(), more))
    };
    Some(match looked.await {
        Ok((count, more)) => {
            let more = if more { " or more" } else { "" };
            Check::ok(what, format!("it lets us in; {count}{more} messages lie in the folder that is read"))
        }
        Err(error) => Check::wrong(
            what,
            error.to_string(),
            "see [mailbox] in config/quarterday.toml, and \"The mailbox\" in docs/operations.md",
        ),
    })
}

/// The address that people are told.
pub async fn public_url(board: &Board, environment: &BTreeMap<String, String>) -> Check {
    let what = "public_url";
    let Some(url) = &board.public_url else {
        return Check::ok(what, "none is set, so messages hold no link");
    };
    let Some(origin) = origin_of(url) else {
        return Check::wrong(what, format!("{url} is no address"), "public_url = \"https://quarterday.board.example\"");
    };
    match reach::ask(&origin.text, &Tls::default(), environment).await {
        Ok(_) => Check::ok(what, format!("{} answers", origin.text)),
        Err(why) => {
            let next =
                "see the council's proxy in front of it; from inside its own network it may be closed on purpose";
            Check::warning(what, format!("{}: {why}", origin.text), next)
        }
    }
}
