//! The control socket: commands that write go to the running daemon as one line of JSON and come back as one.
//!
//! Only the daemon's own user and root are answered (peer credentials).

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
};

use super::deliberate::Deliberate;

/// What can be asked of a running daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// What time it is for the daemon, and whether it holds its hand.
    Now,
    /// Ring now and answer when the ring is over.
    Ring,
    /// Move a simulated clock forward, ringing at every instant on the way at which something is owed.
    Advance {
        /// Until when.
        to: jiff::Timestamp,
    },
    /// Offer a file for an obligation.
    Submit {
        /// The file.
        file: PathBuf,
        /// The return.
        return_id: crate::domain::ReturnId,
        /// The agency.
        agency: crate::domain::AgencyId,
        /// The period.
        period: crate::domain::Period,
        /// Who asks.
        actor: String,
    },
    /// Load files of past periods.
    Backfill {
        /// The return.
        return_id: crate::domain::ReturnId,
        /// Files, and folders of files.
        paths: Vec<PathBuf>,
        /// The agency, where the files do not say.
        agency: Option<crate::domain::AgencyId>,
        /// Who asks.
        actor: String,
    },
    /// Compare two submissions.
    Diff {
        /// Which.
        of: Compared,
        /// Whether the answer is JSON.
        json: bool,
    },
    /// Report that there is nothing to report.
    Nil {
        /// The return.
        return_id: crate::domain::ReturnId,
        /// The agency.
        agency: crate::domain::AgencyId,
        /// The period.
        period: crate::domain::Period,
        /// One line of reason.
        reason: String,
        /// Who asks.
        actor: String,
    },
    /// Take or refuse a submission that is held for a person.
    Release {
        /// The submission.
        submission: i64,
        /// Whether it is taken.
        accept: bool,
        /// Why.
        reason: String,
        /// Who asks.
        actor: String,
    },
    /// Record why a figure that was queried is as it is.
    Explain {
        /// The submission.
        submission: i64,
        /// The number of the finding in it.
        finding: i64,
        /// Why; the pack prints it.
        because: String,
        /// Who asks.
        actor: String,
    },
    /// Destroy the extract of an incident before its day.
    Destroy {
        /// The incident.
        incident: i64,
        /// Who asks.
        actor: String,
    },
    /// Record that the custodian opens the extract of an incident.
    ReadSealed {
        /// The incident.
        incident: i64,
        /// Who asks.
        actor: String,
    },
    /// Take a message that is held as an agency's.
    AcceptMessage {
        /// The message.
        message: i64,
        /// Whose it is.
        agency: crate::domain::AgencyId,
        /// What its files are for, where it does not say so.
        return_id: Option<crate::domain::ReturnId>,
        /// For which period.
        period: Option<crate::domain::Period>,
        /// Whether what its sender writes later is theirs too.
        always: bool,
        /// Who asks.
        actor: String,
    },
    /// Do not take a message that is held.
    RefuseMessage {
        /// The message.
        message: i64,
        /// Why; its sender is told.
        reason: String,
        /// Who asks.
        actor: String,
    },
    /// Keep what is owed from going above the lead.
    Hold {
        /// What is owed.
        obligation: crate::ledger::ObligationKey,
        /// Why; the pack prints it.
        reason: String,
        /// Who asks.
        actor: String,
    },
    /// Let what is owed go above the lead again.
    Free {
        /// What is owed.
        obligation: crate::ledger::ObligationKey,
        /// Why.
        reason: String,
        /// Who asks.
        actor: String,
    },
    /// Give more time, let somebody off, or ask again.
    Concede {
        /// What is owed.
        obligation: crate::ledger::ObligationKey,
        /// What is decided.
        concession: crate::flows::concession::Concession,
        /// Why; the agency is told.
        reason: String,
        /// Who asks.
        actor: String,
    },
    /// Record what somebody wrote about a figure that stands out.
    Comment {
        /// What was asked for.
        obligation: crate::ledger::ObligationKey,
        /// The words.
        says: String,
        /// Whose they are.
        by: String,
        /// Who asks.
        actor: String,
    },
    /// Have somebody else written to.
    Contact {
        /// Who and in whose place.
        change: crate::flows::contacts::Change,
        /// Why.
        reason: String,
        /// Who asks.
        actor: String,
    },
    /// Open what is owed about something that happened.
    Open {
        /// The return.
        return_id: crate::domain::ReturnId,
        /// The agency.
        agency: crate::domain::AgencyId,
        /// The day on which it happened.
        on: jiff::civil::Date,
        /// Why.
        because: String,
        /// Who asks.
        actor: String,
    },
    /// Issue a pack now.
    Issue {
        /// The pack.
        pack: String,
        /// The period.
        period: crate::domain::Period,
        /// Why, where it is not ready; the pack prints it.
        because: Option<String>,
        /// Who asks.
        actor: String,
    },
    /// Make a new draft of a pack, and send it to the chair.
    Draft {
        /// The pack.
        pack: String,
        /// The period.
        period: crate::domain::Period,
    },
    /// Record that somebody signed a pack off.
    Approve {
        /// The pack.
        pack: String,
        /// The period.
        period: crate::domain::Period,
        /// As what they signed.
        role: crate::ledger::Signatory,
        /// How it is known.
        because: String,
        /// Who asks.
        actor: String,
    },
    /// Work the figures out anew if anything has changed.
    Refresh {
        /// Everything, whatever it was made from.
        full: bool,
    },
    /// What people say of figures, and what stands out of them.
    Deliberate {
        /// What is asked.
        asked: Deliberate,
        /// Who asks.
        actor: String,
    },
    /// Where an indicator's figures come from.
    Lineage {
        /// The indicator.
        indicator: String,
    },
    /// Answer a question in SQL.
    Sql {
        /// The question.
        text: String,
        /// As readers saw the warehouse at the end of this day.
        as_of: Option<jiff::civil::Date>,
        /// How the answer is written.
        format: crate::flows::written::Written,
    },
    /// Have the timetable's messages leave, after a rehearsal of the first cycle.
    ConfirmFirstCycle {
        /// Who asks.
        actor: String,
    },
    /// Confirm that this machine is the board's, after a restore or a move.
    Adopt {
        /// Who asks.
        actor: String,
    },
    /// Have edited definitions take effect.
    Confirm {
        /// The digest of the definitions that were seen.
        definitions: String,
        /// Who asks.
        actor: String,
    },
    /// Read the warehouse into being again from the landing archive.
    Rebuild {
        /// Whether the rebuilt warehouse takes the place of the present one.
        replace: bool,
    },
}

/// Which submissions are compared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compared {
    /// These two, the earlier first.
    Two(i64, i64),
    /// The last two that were accepted.
    Last(crate::ledger::ObligationKey),
}

/// What the daemon answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It was done; a sentence for people.
    Done(String),
    /// A file was judged.
    Judged {
        /// The submission's number, where it was one file.
        #[serde(default)]
        submission: Option<i64>,
        /// How.
        verdict: crate::domain::Verdict,
        /// The same for people, with what was found.
        says: String,
    },
    /// What time it is.
    Now {
        /// The instant.
        now: jiff::Timestamp,
        /// Why mail, pulls, the chase and packs hold, if they do.
        held: Option<String>,
    },
    /// It was not done; why, and what to do.
    Refused(String),
}

impl Reply {
    /// What it says to people; an error if it was not done.
    pub fn said(self) -> Result<String, String> {
        match self {
            Self::Done(says) | Self::Judged { says, .. } => Ok(says),
            Self::Now { now, .. } => Ok(now.to_string()),
            Self::Refused(why) => Err(why),
        }
    }
}

/// Why the daemon could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No daemon listens.
    #[error("no daemon listens at {}", .0.display())]
    NotRunning(PathBuf),
    /// The line broke.
    #[error("the daemon broke off: {0}; see its log")]
    BrokeOff(String),
}

/// Asks the daemon that serves `socket`.
pub async fn ask(socket: &Path, command: &Command) -> Result<Reply, ControlError> {
    let broke = |e: &dyn std::fmt::Display| ControlError::BrokeOff(e.to_string());
    let stream = UnixStream::connect(socket).await.map_err(|_| ControlError::NotRunning(socket.to_owned()))?;
    let (reader, mut writer) = stream.into_split();
    let mut line = serde_json::to_string(command).map_err(|e| broke(&e))?;
    line.push('\n');
    writer.write_all(line.as_bytes()).await.map_err(|e| broke(&e))?;
    let mut answer = String::new();
    BufReader::new(reader).read_line(&mut answer).await.map_err(|e| broke(&e))?;
    serde_json::from_str(&answer).map_err(|e| broke(&e))
}

/// Listens at `socket`, taking the place of one a killed daemon left behind; the caller holds the lock.
pub fn listen(socket: &Path) -> std::io::Result<UnixListener> {
    match std::fs::remove_file(socket) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Reads one command from a connection whose peer may ask.
pub async fn read(stream: UnixStream) -> Option<(Command, tokio::net::unix::OwnedWriteHalf)> {
    let me = rustix::process::geteuid().as_raw();
    match stream.peer_cred() {
        Ok(peer) if peer.uid() == me || peer.uid() == 0 => {}
        _ => {
            tracing::warn!("a stranger knocked at the control socket");
            return None;
        }
    }
    let (reader, mut writer) = stream.into_split();
    let mut line = String::new();
    let mut reader = BufReader::new(tokio::io::AsyncReadExt::take(reader, 64 << 10));
    reader.read_line(&mut line).await.ok()?;
    match serde_json::from_str(&line) {
        Ok(command) => Some((command, writer)),
        Err(error) => {
            answer(
                &mut writer,
                &Reply::Refused(format!(
                    "the daemon does not understand this command ({error}); are both of one version?"
                )),
            )
            .await;
            None
        }
    }
}

/// Answers a command; an asker that has gone away is no failure.
pub async fn answer(writer: &mut tokio::net::unix::OwnedWriteHalf, reply: &Reply) {
    if let Ok(mut line) = serde_json::to_string(reply) {
        line.push('\n');
        let _ = writer.write_all(line.as_bytes()).await;
    }
}
