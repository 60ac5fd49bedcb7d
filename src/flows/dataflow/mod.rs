//! The data-flow sheet for a data protection impact assessment, from the definitions alone.
//!
//! Reads no ledger and no clock: the same definitions make the same sheet. What is not built is said.

mod returns;

use askama::Template;

use super::{Board, doctor};
use crate::{
    analysis::Class,
    check::Classification,
    domain::words::{capital, listed},
};
use returns::{Return, cell, mail_way};

#[derive(Template)]
#[template(path = "sheet.md", escape = "none")]
struct Sheet {
    board: String,
    area: String,
    example: bool,
    data: String,
    listen: String,
    returns: Vec<Return>,
    aggregate: usize,
    published: usize,
    child_level: Vec<String>,
    agencies: Vec<String>,
    sealed: String,
    exempt: Vec<String>,
    analyst: &'static str,
    custodian: &'static str,
    board_members_read: bool,
    packs: Vec<Pack>,
    mail_to: String,
    mail_way: String,
    asked: Vec<Asked>,
    heartbeat: Option<String>,
    mailbox: Option<String>,
    indicators: Vec<Measured>,
}

struct Pack {
    title: String,
    readers: String,
    class: &'static str,
    rule: &'static str,
}

struct Asked {
    what: String,
    host: String,
    how: &'static str,
}

struct Measured {
    title: String,
    from: String,
    hidden: String,
}

/// The sheet as Markdown.
///
/// # Errors
/// When it cannot be written, which is the program's fault.
pub fn describe(board: &Board) -> anyhow::Result<String> {
    let of = |classification: Classification| {
        board.returns.values().filter(move |one| one.governance.classification == classification)
    };
    let sealed = match &board.custodian {
        Some(_) => "encrypted for the custodian alone, whose key never comes to this machine",
        None => "encrypted with the board's own key, and opened by no command (no custodian is named)",
    };
    let exempt = board.returns.values().filter(|one| !one.exempt.is_empty());
    let sheet = Sheet {
        board: cell(&board.name),
        area: cell(&board.area),
        example: board.example,
        data: board.data.strip_prefix(&board.home).unwrap_or(&board.data).display().to_string(),
        listen: board.listen.to_string(),
        returns: board.returns.values().map(|contract| returns::of(board, contract)).collect(),
        aggregate: of(Classification::Aggregate).count(),
        published: of(Classification::Published).count(),
        child_level: of(Classification::ChildLevel).map(|one| cell(&one.title)).collect(),
        agencies: board.agencies.values().map(|agency| cell(&agency.name)).collect(),
        sealed: sealed.to_owned(),
        exempt: exempt.map(|one| format!("{} ({})", cell(&one.title), one.exempt.len())).collect(),
        analyst: if board.analyst.is_some() { "analyst" } else { "manager, since no analyst is named" },
        custodian: match &board.custodian {
            Some(_) => {
                "files that were sealed because of identities, alone, with a key of their own; each opening is recorded first"
            }
            None => "nobody is named: sealed files are opened by no command",
        },
        board_members_read: board.packs.values().any(|pack| pack.roles().iter().any(|role| role == "board-members")),
        packs: board.packs.values().map(pack).collect(),
        mail_to: mail_to(board),
        mail_way: cell(&mail_way(&board.mail)),
        asked: asked(board),
        mailbox: board.mailbox.as_ref().map(|mailbox| cell(&mailbox.user)),
        heartbeat: board.watching.heartbeat.as_ref().map(|heartbeat| heartbeat.host()),
        indicators: board.indicators.iter().map(|one| measured(board, one)).collect(),
    };
    Ok(sheet.render()?)
}

fn pack(definition: &crate::pack::PackDefinition) -> Pack {
    let roles = definition.roles().iter().map(|role| match role.as_str() {
        "board-members" => "the agencies' members of the board".to_owned(),
        "leads" => "the agencies' leads".to_owned(),
        other => format!("the {other}"),
    });
    let addresses = definition.addresses().len();
    let more = (addresses > 0).then(|| format!("{addresses} further addresses"));
    let readers: Vec<String> = roles.chain(more).collect();
    let (class, rule) = match definition.class() {
        Class::Public => ("public", "counts of 1 to 5 and whatever would give them away are hidden"),
    };
    Pack {
        title: cell(definition.title()),
        readers: if readers.is_empty() { "nobody by mail".into() } else { listed(readers) },
        class,
        rule,
    }
}

fn mail_to(board: &Board) -> String {
    let people = "the leads, deputies, members of the board, chair, manager, analyst, custodian and operator named in the settings";
    match board.mail.allowed_domains.as_slice() {
        [] => format!("{people}; no list of allowed domains is set"),
        domains => format!("{people}; only to the domains {}", domains.join(", ")),
    }
}

/// Whoever is asked over the network, and what they are told: that we ask.
fn asked(board: &Board) -> Vec<Asked> {
    let of_http = doctor::asked(board).into_iter().filter(|one| one.why != "the sign of life").map(|one| Asked {
        what: cell(&format!("a question for files, with our credentials where they are asked for ({})", one.why)),
        host: one.origin.host,
        how: if one.origin.is_tls { "HTTPS" } else { "HTTP on this machine" },
    });
    let others = doctor::spoken(board).into_iter().filter(|one| one.protocol != "SMTP").map(|one| Asked {
        what: cell(&format!("a sign-in and a question for files ({})", one.why)),
        host: one.host,
        how: one.protocol,
    });
    of_http.chain(others).collect()
}

fn measured(board: &Board, indicator: &crate::analysis::Indicator) -> Measured {
    Measured {
        title: cell(&indicator.title),
        from: cell(&match &indicator.from {
            Some((Some(agency), id)) => format!("{} of {}", board.return_title(id), board.agency_name(agency)),
            Some((None, id)) => format!("{} of each agency", board.return_title(id)),
            None => "the ledger: who was asked, told and late".to_owned(),
        }),
        hidden: capital(indicator.small_count.in_words()),
    }
}
