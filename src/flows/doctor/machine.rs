//! The machine: data folder, clock, zones, ledger, workers, secrets and certificates.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    time::UNIX_EPOCH,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Check;
use crate::{
    clock::Clock,
    domain::{civil_day, london},
    durable,
    flows::{
        Board, hold,
        watch::{self, Trouble},
    },
    ledger::Ledger,
    worker::{Frame, Input, Job, Kind, Launcher, Limits},
};

/// A clock that is further off than this is told.
const OFF: SignedDuration = SignedDuration::from_secs(60);
/// Further off than this, times of arrival and sign-ins are wrong.
const FAR_OFF: SignedDuration = SignedDuration::from_mins(5);
/// Fewer free inodes than this part of all are too few.
const FEW_INODES: u64 = 20;

/// The data folder: where it lies, who may enter it, and how much room there is.
pub fn data_folder(board: &Board) -> Vec<Check> {
    let (what, folder) = ("data folder", &board.data);
    let Ok(about) = fs::metadata(folder) else {
        let next = "`quarterday run` makes it; see that the daemon's user may";
        return vec![Check::warning(what, format!("{} is not there yet", folder.display()), next)];
    };
    let mut checks = Vec::new();
    match durable::network_kind(folder) {
        Some(kind) => {
            let says = format!(
                "{} lies on a {kind} file system, where locks and flushes are not to be trusted",
                folder.display()
            );
            checks.push(Check::wrong(
                what,
                says,
                "move it to a local disk, and write its place as data in config/quarterday.toml",
            ));
        }
        None => checks.push(Check::ok(what, format!("{} lies on a local disk", folder.display()))),
    }
    let (mode, me) = (about.permissions().mode() & 0o777, rustix::process::geteuid().as_raw());
    let whose = "data folder, rights";
    if about.uid() != me && me != 0 {
        let says = format!("it belongs to user {}, and you are {me}", about.uid());
        checks.push(Check::warning(whose, says, "run this as the daemon's user: sudo -u quarterday quarterday doctor"));
    } else if mode & 0o022 != 0 {
        let next = format!("chmod 700 {}", folder.display());
        checks.push(Check::wrong(whose, format!("others may write into it (mode {mode:o})"), next));
    } else if mode & 0o055 != 0 {
        let next = format!("chmod 700 {}", folder.display());
        checks.push(Check::warning(whose, format!("others may look into it (mode {mode:o})"), next));
    } else {
        checks.push(Check::ok(whose, "nobody else may enter it"));
    }
    for key in ["master.key", "pseudonym.key"] {
        if let Ok(about) = fs::metadata(folder.join(key)) {
            let mode = about.permissions().mode() & 0o777;
            if mode & 0o077 != 0 {
                let next = format!("chmod 600 {}", folder.join(key).display());
                checks.push(Check::wrong(key, format!("others may read it (mode {mode:o})"), next));
            } else {
                checks.push(Check::ok(key, "its owner alone may read it"));
            }
        }
    }
    checks.push(room(board, folder));
    checks
}

fn room(board: &Board, folder: &Path) -> Check {
    let what = "disk";
    let Ok(found) = rustix::fs::statvfs(folder) else {
        return Check::wrong(what, "its room cannot be told", "look at the disk");
    };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let wanted = board.watching.free_bytes;
    let says = format!("{} MB and {} inodes are free", free >> 20, found.f_favail);
    let few = found.f_files > 0 && found.f_favail < found.f_files / FEW_INODES;
    if free < wanted / 4 {
        Check::wrong(what, says, format!("make room: {} MB are wanted", wanted >> 20))
    } else if free < wanted || few {
        Check::warning(what, says, format!("make room: {} MB are wanted", wanted >> 20))
    } else {
        Check::ok(what, says)
    }
}

/// The clock, against what was last recorded, the file system and what hosts said; and the zones.
pub async fn clock(board: &Board, ledger: Option<&Ledger>, said: &[(String, SignedDuration)]) -> Vec<Check> {
    let now = Clock::System.now();
    let what = "clock";
    let next = "set the clock, best by a time server (timedatectl status)";
    let mut checks = Vec::new();
    let last = match ledger {
        Some(ledger) => ledger.read(|txn| txn.last_event_at()).await.ok().flatten(),
        None => None,
    };
    match last {
        Some(last) if now.duration_since(last) < -FAR_OFF => {
            let says = format!("it says {now}, and the ledger holds something of {last}");
            checks.push(Check::wrong(what, says, next));
        }
        Some(last) => checks.push(Check::ok(what, format!("{now}; the last thing recorded was on {last}"))),
        None => checks.push(Check::ok(what, now.to_string())),
    }
    checks.extend(of_file_system(&board.data, next));
    for (host, off) in said {
        let what = format!("clock, by {host}");
        let says = format!("{} s from what it says", off.abs().as_secs());
        checks.push(match off.abs() {
            off if off > FAR_OFF => Check::wrong(what, says, next),
            off if off > OFF => Check::warning(what, says, next),
            _ => Check::ok(what, says),
        });
    }
    // The zones come with the program; without them no due day is right.
    let summer: Option<Timestamp> = "2025-07-14T12:00:00Z".parse().ok();
    let hours = summer.map(|at| london().to_offset(at).seconds() / 3600);
    checks.push(match hours {
        Some(1) => Check::ok("time zones", "London's summer time is known to the program"),
        _ => Check::wrong("time zones", "London's summer time is not known", "install the program anew"),
    });
    checks
}

/// A file written now carries the file system's time.
fn of_file_system(folder: &Path, next: &str) -> Option<Check> {
    let what = "clock, by the disk";
    if !folder.is_dir() {
        return None;
    }
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|file| file.as_file().metadata()?.modified());
    let modified = match written {
        Ok(modified) => modified.duration_since(UNIX_EPOCH).ok()?,
        Err(error) => {
            let next = "see that the daemon's user may write there, and that the disk is not full or read-only";
            return Some(Check::wrong("data folder, writing", format!("nothing can be written ({error})"), next));
        }
    };
    let modified = Timestamp::from_second(i64::try_from(modified.as_secs()).ok()?).ok()?;
    let off = Clock::System.now().duration_since(modified).abs();
    let says = format!("{} s from what it says", off.as_secs());
    Some(if off > OFF { Check::warning(what, says, next) } else { Check::ok(what, says) })
}

/// The ledger: whether it opens, is whole, and is this machine's.
pub async fn ledger(board: &Board) -> (Vec<Check>, Option<Ledger>) {
    let (what, path) = ("ledger", board.data.join("ledger.sqlite"));
    if !path.exists() {
        return (vec![Check::ok(what, "nothing was recorded yet")], None);
    }
    let ledger = match Ledger::look(&path) {
        Ok(ledger) => ledger,
        Err(error) => {
            return (vec![Check::wrong(what, error.to_string(), "restore it from a backup: docs/operations.md")], None);
        }
    };
    let looked = ledger.read(|txn| Ok((txn.damage()?, txn.verify()?, txn.chain_head()?.0))).await;
    let whole = match looked {
        Ok((None, wrong, events)) if wrong.is_empty() => Check::ok(what, format!("{events} events, their chain holds")),
        Ok((Some(found), _, _)) => {
            Check::wrong(what, format!("it is damaged: {found}"), "restore it from a backup: docs/operations.md")
        }
        Ok((None, wrong, _)) => {
            let first = wrong.first().cloned().unwrap_or_default();
            let says = format!("{} things do not agree, the first: {first}", wrong.len());
            Check::wrong(what, says, "`quarterday verify` lists them; keep the file and ask the developers")
        }
        Err(error) => Check::wrong(what, error.to_string(), "restore it from a backup: docs/operations.md"),
    };
    let mark = match hold::reason(&board.data, &ledger, &Clock::System).await {
        Ok(None) => Check::ok("ledger, whose", "it is this machine's, and no older copy"),
        Ok(Some(why)) => {
            Check::wrong("ledger, whose", why, "see \"Restore, or move to another machine\" in docs/operations.md")
        }
        Err(error) => Check::wrong("ledger, whose", format!("{error:#}"), "see that the data folder can be read"),
    };
    (vec![whole, mark], Some(ledger))
}

/// Whether workers start, and what they are kept from.
pub async fn workers(launcher: &Launcher) -> Check {
    let what = "workers";
    let request = json!({ "try": "read", "at": "/etc/passwd" });
    let job =
        Job { kind: Kind::Probe, request: &request, input: Input::Nothing, limits: Limits::default(), readable: &[] };
    match launcher.run(job).await {
        Ok(frames) => {
            let refused =
                frames.iter().any(|frame| matches!(frame, Frame::Json(answer) if answer.get("refused").is_some()));
            if refused {
                Check::ok(what, "they start, and Landlock and seccomp shut them in")
            } else {
                let next = "use a kernel with Landlock (Linux 5.13 or later, lsm=landlock); until then only seccomp and limits shut them in";
                Check::warning(what, "they start, but can read files of the machine: Landlock is not in force", next)
            }
        }
        Err(error) => {
            Check::wrong(what, error.to_string(), "no workbook, archive or pack can be worked on until they start")
        }
    }
}

/// Secrets and certificates: whether they can be read, by whom, and until when they hold.
pub async fn files(board: &Board, environment: &BTreeMap<String, String>) -> Vec<Check> {
    let next = "put the file in its place, readable by the daemon's user alone (chmod 600)";
    let mut wrong: Vec<Check> = Vec::new();
    let mut add = |what: &str, says: String| wrong.push(Check::wrong(what, says, next));
    board.unusable_secrets(environment).into_iter().for_each(|says| add("secrets of sources", says));
    board.mail.check_files(environment).iter().for_each(|error| add("secrets of the relay", error.to_string()));
    if let Some(error) = board.mailbox.as_ref().and_then(|mailbox| mailbox.check_files(environment)) {
        add("secrets of the mailbox", error.to_string());
    }
    for (agency, error) in board.unusable_keys(environment) {
        add("keys of agencies", format!("{agency}: {error}"));
    }
    if wrong.is_empty() {
        wrong.push(Check::ok("secrets", "all that are named can be read, and by nobody else"));
    }
    let today = civil_day(Clock::System.now());
    let facts = watch::of_ledger(board, None, None, Clock::System.now()).await;
    let ends = facts.map(|facts| watch::conditions(&facts)).unwrap_or_default();
    let ends =
        ends.into_iter().filter(|one| matches!(one.trouble, Trouble::Ending | Trouble::Agreement | Trouble::Holidays));
    let before = wrong.len();
    for one in ends {
        wrong.push(Check::warning("what ends", one.what, one.next_step));
    }
    if wrong.len() == before {
        wrong.push(Check::ok(
            "what ends",
            format!("nothing soon after {today}: certificates, host keys, agreements, holidays"),
        ));
    }
    wrong
}
