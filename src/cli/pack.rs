//! `quarterday pack`.

use std::path::Path;

use anyhow::Context;

use super::{board, say::say};
use crate::{
    daemon::Command,
    domain::{Period, to_london},
    flows::edition,
    worker::Launcher,
};

/// What to do with packs.
#[derive(Debug, clap::Subcommand)]
pub enum Pack {
    /// Issue a pack now, whatever the timetable says.
    Issue {
        /// The pack, a folder of reports/packs.
        pack: String,
        /// The period, as 2025-26-Q1.
        period: Period,
        /// Why, where it is not ready; the pack prints it.
        #[arg(long, value_name = "SENTENCE")]
        because: Option<String>,
    },
    /// Make a new draft of a pack and send it to the chair, in place of one that was sent back.
    Draft {
        /// The pack.
        pack: String,
        /// The period, as 2025-26-Q1.
        period: Period,
    },
    /// List the issued editions.
    List,
    /// Render an issued edition again from what it froze, and compare the bytes.
    Rebuild {
        /// The pack.
        pack: String,
        /// The edition's number.
        edition: i64,
    },
}

/// Does it.
pub async fn pack(home: &Path, pack: Pack) -> anyhow::Result<()> {
    match pack {
        Pack::Issue { pack, period, because } => {
            board::order(home, Command::Issue { pack, period, because, actor: board::actor() }).await
        }
        Pack::Draft { pack, period } => board::order(home, Command::Draft { pack, period }).await,
        Pack::List => {
            let board = board::settle(home)?;
            let Some(ledger) = board::ledger(&board)? else {
                say(board::NOTHING_YET);
                return Ok(());
            };
            for edition in ledger.read(|txn| txn.editions()).await? {
                let issued = to_london(edition.issued_at).strftime("%-d %B %Y");
                let folder = board.data.join(&edition.folder);
                say(format_args!(
                    "{} {}  {}  issued {issued}  {}",
                    edition.pack,
                    edition.number,
                    edition.period,
                    folder.display()
                ));
            }
            Ok(())
        }
        Pack::Rebuild { pack, edition: number } => {
            let board = board::settle(home)?;
            let ledger = board::ledger(&board)?.context(board::NOTHING_YET)?;
            say(format_args!(
                "{}",
                edition::rebuild(&Launcher::current()?, &ledger, &board.data, &pack, number).await?
            ));
            Ok(())
        }
    }
}
