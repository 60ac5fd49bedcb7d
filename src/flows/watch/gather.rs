//! Gathers what the daemon knows of itself.

use jiff::{SignedDuration, Timestamp};

use super::facts::{Disk, Ending, Facts, Unanswered};
use crate::{
    domain::civil_day,
    flows::{App, Board, agreements, first_cycle, hold, letterbox, steps::Failing},
    ledger::Ledger,
    mail::{RelayHold, Way},
    source::{Source, https::valid_until},
};

/// A place that failed and was not asked again for so long after its time is asked no more.
const UNASKED: SignedDuration = SignedDuration::from_hours(1);

/// What the running daemon knows: its ledger, its disk, and the steps it is taking.
pub(super) async fn of_daemon(app: &App, now: Timestamp) -> anyhow::Result<Facts> {
    let hold = hold::reason(&app.board.data, &app.ledger, &app.clock).await?;
    let facts = of_ledger(&app.board, Some(&app.ledger), hold, now).await?;
    let stuck = app.steps.stuck(app.board.watching.stuck_after);
    Ok(Facts { failing: app.steps.failing(), stuck, heartbeat: app.pulse.unheard(), ..facts })
}

/// What can be known from beside the daemon.
///
/// # Errors
/// When the ledger cannot be read.
pub async fn of_ledger(
    board: &Board,
    ledger: Option<&Ledger>,
    hold: Option<String>,
    now: Timestamp,
) -> anyhow::Result<Facts> {
    let today = civil_day(now);
    let (relay, failing, work) = match ledger {
        Some(ledger) => ledger.read(|txn| Ok((RelayHold::of(txn)?, txn.failing_pulls()?, txn.failing_work()?))).await?,
        None => Default::default(),
    };
    let rehearsal = match ledger {
        Some(ledger) => first_cycle::is_rehearsing(board, ledger).await?,
        None => false,
    };
    let mut mailbox = None;
    let mut pulls = Vec::new();
    for (key, pull) in failing {
        // What is past its time for long is asked no more: its period is settled, or nobody owes it.
        if pull.next_at.checked_add(UNASKED).is_ok_and(|until| until < now) {
            continue;
        }
        let says = pull.says.unwrap_or_default();
        if key == letterbox::KEY {
            mailbox = Some(says);
        } else if let Some(whose) = whose(board, &key, today) {
            pulls.push(Unanswered { key, whose, says });
        }
    }
    Ok(Facts {
        today,
        now,
        hold,
        relay,
        mailbox: mailbox.filter(|_| board.mailbox.is_some()),
        pulls,
        work: work.into_iter().map(|(key, retry)| (key, retry.says)).collect(),
        failing: Vec::<(&'static str, Failing)>::new(),
        stuck: Vec::new(),
        disk: disk(board),
        heartbeat: None,
        rehearsal,
        holidays_end: board.timetable.list_ends_soon(today),
        agreements: agreements::all(board).into_iter().filter(|one| one.can_lapse(board)).collect(),
        endings: endings(board),
    })
}

/// What is asked for at a place; none of one that is no longer asked.
fn whose(board: &Board, key: &str, today: jiff::civil::Date) -> Option<String> {
    let (return_id, rest) = key.split_once('/')?;
    let contract = board.returns.get(&return_id.parse().ok()?)?;
    let agency = rest.split('/').next().unwrap_or(rest).parse().ok()?;
    let is_asked = matches!(contract.source, Source::Https(_) | Source::Store(_))
        && contract.agencies.contains(&agency)
        && !agreements::has_lapsed(contract, today);
    is_asked.then(|| format!("{} of {}", contract.title, board.agency_name(&agency)))
}

fn disk(board: &Board) -> Option<Disk> {
    let found = rustix::fs::statvfs(&board.data).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    Some(Disk { free, wanted: board.watching.free_bytes, free_inodes: found.f_favail, inodes: found.f_files })
}

/// What ends on a day: certificates, host keys, and what the operator wrote down.
pub fn endings(board: &Board) -> Vec<Ending> {
    let mut found = Vec::new();
    let mut certificate = |key: String, path: &std::path::Path, whose: &str| {
        let until = std::fs::read(path).ok().as_deref().and_then(valid_until);
        found.extend(until.map(|on| Ending {
            key,
            what: format!("{whose}: the certificate {}", path.display()),
            on,
            next_step: "put a renewed one in its place; no restart is needed".into(),
        }));
    };
    for contract in board.returns.values() {
        let Some(tls) = contract.source.tls() else { continue };
        if let Some((path, _)) = &tls.client {
            certificate(format!("{}/client", contract.id), path, &contract.title);
        }
        if let Some(path) = &tls.ca_file {
            certificate(format!("{}/authority", contract.id), path, &contract.title);
        }
    }
    if let Way::Smtp(relay) = &board.mail.way
        && let Some(path) = &relay.ca_file
    {
        certificate("mail/authority".into(), path, "The mail relay");
    }
    if let Some(path) = board.mailbox.as_ref().and_then(|mailbox| mailbox.ca_file.as_ref()) {
        certificate("mailbox/authority".into(), path, "The mailbox");
    }
    for contract in board.returns.values() {
        let Source::Store(store) = &contract.source else { continue };
        found.extend(store.agreed_until().map(|on| Ending {
            key: format!("{}/host-key", contract.id),
            what: format!("{}: the host key of {} as it was agreed", contract.title, store.host()),
            on,
            next_step: "ask the partner for the next one, by telephone, and write it down".into(),
        }));
    }
    found.extend(board.watching.expires.iter().map(|one| Ending {
        key: format!("noted/{}", one.what),
        what: crate::domain::words::capital(&one.what),
        on: one.on,
        next_step: "renew it, and write its new day under [[expires]] in config/quarterday.toml".into(),
    }));
    found
}
