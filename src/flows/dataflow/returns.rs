//! What a sheet says of each return: from whom, by which way, under what, and which of its columns are a person's.

use crate::{
    check::{Classification, Column, ColumnType, Contract, Shield},
    domain::words::{capital, listed},
    flows::Board,
    mail,
    source::{Source, fill, https::Auth, mailbox},
    timetable::Every,
};

/// One return.
pub(super) struct Return {
    pub id: String,
    pub title: String,
    pub agencies: Vec<String>,
    pub way_short: &'static str,
    pub way: String,
    pub protected: String,
    pub about: &'static str,
    pub classification: &'static str,
    pub purpose: String,
    pub lawful_basis: String,
    pub agreement: String,
    pub review: String,
    pub kept: String,
    pub every: String,
    pub guard: &'static str,
    pub used: String,
    pub tables: Vec<Table>,
}

/// One of its tables.
pub(super) struct Table {
    pub name: String,
    pub columns: Vec<Cells>,
}

/// One of its columns.
pub(super) struct Cells {
    pub name: String,
    pub holds: String,
    pub personal: &'static str,
}

pub(super) fn of(board: &Board, contract: &Contract) -> Return {
    let governance = &contract.governance;
    let (way_short, way, protected) = way(board, contract);
    let (about, classification, guard) = match governance.classification {
        Classification::Aggregate => (
            "groups of children",
            "aggregate: figures about groups of children",
            "yes, every cell, before anything else is done with it",
        ),
        Classification::ChildLevel => (
            "single children",
            "child-level: a row for each child or event, kept in the schema `confidential`",
            "no: it is expected to be about single children; particulars are replaced as the table below says",
        ),
        Classification::Published => ("what others publish", "published by others for everybody", "no"),
    };
    let years = governance.retention_years;
    let indicators = board.indicators.iter().filter(|one| one.from.as_ref().is_some_and(|(_, id)| *id == contract.id));
    let indicators: Vec<String> = indicators.map(|one| format!("the indicator \"{}\"", one.title)).collect();
    Return {
        id: contract.id.to_string(),
        title: cell(&contract.title),
        agencies: contract.agencies.iter().map(|agency| cell(&board.agency_name(agency))).collect(),
        way_short,
        way: cell(&way),
        protected: cell(&protected),
        about,
        classification,
        purpose: cell(&capital(&governance.purpose)),
        lawful_basis: cell(&governance.lawful_basis),
        agreement: cell(&governance.agreement),
        review: governance.agreement_review.strftime("%-d %B %Y").to_string(),
        kept: format!("{years} {}", if years == 1 { "year" } else { "years" }),
        every: every(contract.every).to_owned(),
        guard,
        used: match indicators.is_empty() {
            true => "no indicator; the pack's tables where its statements ask for it".to_owned(),
            false => cell(&listed(indicators)),
        },
        tables: contract
            .tables
            .iter()
            .map(|table| Table {
                name: contract.qualified(table),
                columns: table.columns.iter().map(|column| cells(column, governance.classification)).collect(),
            })
            .collect(),
    }
}

fn every(every: Every) -> &'static str {
    match every {
        Every::Quarter => "each quarter",
        Every::Half => "each half of the financial year",
        Every::Year => "each financial year",
        Every::AcademicYear => "each school year",
        Every::Month => "each month",
        Every::TwoMonths => "every two months",
        Every::Term => "each school term",
        Every::TwoYears | Every::TwoYearsEven => "every two years",
        Every::CalendarYear => "each calendar year",
        Every::Week => "each week",
        Every::Occurrence => "when something happened",
        Every::Release => "whenever it is published",
    }
}

fn cells(column: &Column, classification: Classification) -> Cells {
    let kind = match column.kind {
        ColumnType::Count => "a count",
        ColumnType::Decimal(_) => "a number",
        ColumnType::Text if !column.allowed.is_empty() || column.codes.is_some() => "a code from a list",
        ColumnType::Text => "free text",
        ColumnType::Date => "a date",
        ColumnType::Boolean => "yes or no",
        ColumnType::Period => "a period",
    };
    let heading = column.label.as_ref().or(column.headings.first()).unwrap_or(&column.name);
    let kept = match &column.shield {
        Some(Shield::Pseudonym { purpose }) => {
            format!("; replaced by a pseudonym (for \"{purpose}\") before it is stored")
        }
        Some(Shield::MonthOfBirth) => "; only year and month are stored".to_owned(),
        Some(Shield::District) => "; only the district of the postcode is stored".to_owned(),
        None => String::new(),
    };
    let personal = match (classification, &column.shield, column.kind) {
        (_, Some(_), _) => "yes, replaced as said",
        (Classification::ChildLevel, None, _) => "yes: it is said of one child",
        (Classification::Aggregate, None, ColumnType::Text) if kind == "free text" => {
            "should not be; people write it, and it is looked through"
        }
        (Classification::Aggregate, None, _) => "no; a small count can point to one",
        (Classification::Published, None, _) => "no",
    };
    Cells { name: column.name.clone(), holds: cell(&format!("{kind}: {heading}{kept}")), personal }
}

/// How its files come, in short and at length, and what protects them on the way.
fn way(board: &Board, contract: &Contract) -> (&'static str, String, String) {
    let tls = |mutual: bool| match mutual {
        true => "TLS; both sides prove who they are by certificate".to_owned(),
        false => "TLS; the host's certificate is verified".to_owned(),
    };
    match &contract.source {
        Source::Https(https) => {
            let host = https.host.clone().or_else(|| board.base.as_deref().and_then(crate::source::host_of));
            let who = match &https.auth {
                None => "without credentials of ours",
                Some(Auth::Basic { .. }) => "with a name and a password",
                Some(Auth::Bearer { .. }) => "with a token",
                Some(Auth::ApiKey { .. }) => "with a key",
                Some(Auth::OAuth2(_)) => "with a token of limited life (OAuth 2)",
            };
            let host = host.unwrap_or_else(|| "a host named in the board's settings".to_owned());
            ("HTTPS, fetched", format!("fetched by us from {host}, {who}"), tls(https.tls.client.is_some()))
        }
        Source::Store(store) => {
            let places: Vec<String> = contract.agencies.iter().map(|agency| store.place_of(agency)).collect();
            let (short, protected) = match store.tls() {
                None => ("SFTP, fetched", "SSH; the host's key is the one that was agreed".to_owned()),
                Some(own) => ("cloud storage, fetched", tls(own.client.is_some())),
            };
            (short, format!("fetched by us from {}", listed(places)), protected)
        }
        Source::Folder(folder) => {
            let places = contract.agencies.iter().map(|agency| fill(&folder.path, "agency", agency.as_str()));
            let reply = board.mailbox.as_ref().map(|mailbox| format!(", or sent by mail to {}", mailbox.user));
            let way = format!("put by the agency into the folder {}{}", listed(places), reply.unwrap_or_default());
            ("drop folder", way, "whatever protects that folder and the way to it; the program does not know it".into())
        }
        Source::Mailbox { .. } => match &board.mailbox {
            Some(settings) => {
                let believed = match &settings.proof {
                    Some(_) => {
                        "a message is believed only if the board's mail server found that its sender is who it says"
                    }
                    None => "every sender is believed (require_authentication = false)",
                };
                let way =
                    format!("sent by mail to {}, and fetched from there by us over {}", settings.user, over(settings));
                (
                    "mail",
                    way,
                    format!("between mail servers as they agree; {believed}; files may be locked with a password"),
                )
            }
            None => ("mail", "sent by mail".into(), "as mail is".into()),
        },
        Source::ByHand => (
            "by hand",
            "brought by a person of the business unit (`quarterday submit`)".into(),
            "whatever that person uses; the program does not know it".into(),
        ),
    }
}

pub(super) fn over(settings: &mailbox::Settings) -> &'static str {
    match settings.way {
        mailbox::Way::Imap { .. } => "IMAP with TLS",
        mailbox::Way::Graph { .. } => "Microsoft Graph with TLS",
    }
}

/// A text as it can stand in a cell of a table.
pub(super) fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How mail leaves.
pub(super) fn mail_way(settings: &mail::Settings) -> String {
    match &settings.way {
        mail::Way::Smtp(relay) => match relay.tls {
            mail::Tls::StartTls | mail::Tls::Tls => {
                format!("through the relay {}, with TLS up to it; from there as mail servers agree", relay.host)
            }
            mail::Tls::None => {
                format!("through the relay {}, **unencrypted** within the board's own network", relay.host)
            }
        },
        mail::Way::Graph(office) => format!("through Microsoft Graph as {}, with TLS", office.user),
        mail::Way::Folder(_) => "written to a folder and not sent, as it is configured now".to_owned(),
    }
}
