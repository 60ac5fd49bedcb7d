//! Tries everything the daemon needs, a line each, and changes nothing: with the daemon running or not.
//!
//! Says how each thing stands and what to do next, and never a secret.

mod check;
mod firewall;
mod hosts;
mod machine;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Board;
use crate::{
    ledger::OutboxRow,
    mail::{self, Facts, Letter, Mailroom, Person, Tried},
    worker::Launcher,
};

pub use check::{Check, Stand};
pub use firewall::{FirewallRule, rules};
pub use hosts::{asked, spoken};

/// Tries everything. `is_running` says whether a daemon serves the board; `send_to` is who gets a test message, and who
/// asks for it.
pub async fn examine(
    board: &Board,
    environment: &BTreeMap<String, String>,
    launcher: &Launcher,
    is_running: bool,
    send_to: Option<(&str, &str)>,
    now: Timestamp,
) -> Vec<Check> {
    let mut checks = machine::data_folder(board);
    let (of_ledger, ledger) = machine::ledger(board).await;
    checks.extend(of_ledger);
    let (of_hosts, clocks) = hosts::try_asked(board, environment).await;
    checks.extend(machine::clock(board, ledger.as_ref(), &clocks).await);
    checks.push(machine::workers(launcher).await);
    checks.extend(machine::files(board, environment).await);
    checks.push(hosts::proxy(board, environment));
    let (relay, mailroom) = hosts::relay(board, environment).await;
    checks.push(relay);
    if let Some((address, by)) = send_to {
        checks.push(test_message(board, mailroom.as_ref(), address, by, now).await);
    }
    checks.extend(hosts::mailbox(board, environment, ledger.as_ref(), is_running).await);
    checks.extend(of_hosts);
    checks.push(hosts::public_url(board, environment).await);
    if board.watching.heartbeat.is_none() {
        let next = "name the address of an outer watcher under [heartbeat]: a machine that is off mails nobody";
        checks.push(Check::warning("sign of life", "nobody outside hears of it when this machine is off", next));
    }
    checks
}

/// Sends one message beside the outbox.
async fn test_message(board: &Board, mailroom: Option<&Mailroom>, address: &str, by: &str, now: Timestamp) -> Check {
    let what = format!("test message to {address}");
    let next = "see the line of the relay above, and allowed_domains of [mail]";
    let Some(mailroom) = mailroom else {
        return Check::wrong(what, "it was not sent, since mail cannot be used", next);
    };
    let letter = Letter::Test(Tried { at: now, by: by.to_owned() });
    let facts = Facts {
        board: mail::Board { name: board.name.clone(), example: board.example, public_url: board.public_url.clone() },
        to: Person { name: address.to_owned(), email: address.to_owned() },
        contact: board.contact.clone(),
        letter: letter.clone(),
    };
    let rendered = board.templates.render(&facts).map_err(|error| error.to_string());
    let message = rendered.and_then(|message| serde_json::to_value(message).map_err(|error| error.to_string()));
    let message = match message {
        Ok(message) => message,
        Err(why) => return Check::wrong(what, why, next),
    };
    let row = OutboxRow::new(format!("test/{now}/{address}"), letter.kind().as_str(), address, message, now);
    match mailroom.send_now(&row, now).await {
        Ok(says) => Check::ok(what, says),
        Err(why) => Check::wrong(what, why, next),
    }
}
