//! `quarterday exceptions`, and what people say about them: `verdict`, `record`, `settle`.

use std::path::Path;

use jiff::civil::Date;

use super::board;
use crate::{
    daemon::{Command, Deliberate},
    domain::{AgencyId, Period},
    ledger::{Disposition, MatterKind, Saying},
};

/// What stands out, and what people make of it.
#[derive(Debug, clap::Subcommand)]
pub enum Figures {
    /// What stands out in a period: by which rule, since when, and what became of it since the last edition.
    Exceptions(Exceptions),
    /// List which figures would print as hidden: the price of a disclosure class, before a board chooses one.
    Disclosure(Disclosure),
    /// Record a sub-group's verdict on what stands out.
    Verdict(Verdict),
    /// Record what the board decided, challenged, or owes an agency to tell.
    Record(Record),
    /// Record what came of something that the board said.
    Settle(Settle),
}

/// Does it.
pub async fn figures(home: &Path, figures: Figures) -> anyhow::Result<()> {
    match figures {
        Figures::Exceptions(asked) => exceptions(home, asked).await,
        Figures::Disclosure(asked) => ask(home, Deliberate::Hidden { period: asked.period }).await,
        Figures::Verdict(asked) => verdict(home, asked).await,
        Figures::Record(asked) => record(home, asked).await,
        Figures::Settle(asked) => settle(home, asked).await,
    }
}

/// What stands out.
#[derive(Debug, clap::Args)]
pub struct Exceptions {
    /// The period; the quarter that ended last when left out.
    #[arg(long)]
    period: Option<Period>,
}

/// Lists what stands out.
async fn exceptions(home: &Path, Exceptions { period }: Exceptions) -> anyhow::Result<()> {
    ask(home, Deliberate::Exceptions { period }).await
}

/// What would be hidden.
#[derive(Debug, clap::Args)]
pub struct Disclosure {
    /// Say what would be hidden; nothing is changed.
    #[arg(long, required = true)]
    what_if: bool,
    /// The period; the quarter that ended last when left out.
    #[arg(long)]
    period: Option<Period>,
}

async fn ask(home: &Path, asked: Deliberate) -> anyhow::Result<()> {
    board::order(home, Command::Deliberate { asked, actor: board::actor() }).await
}

/// A sub-group's verdict.
#[derive(Debug, clap::Args)]
pub struct Verdict {
    /// The indicator.
    indicator: String,
    /// The period in which it stands out.
    period: Period,
    /// explained, watched, for-the-board or counting (it is how it was counted, not what happened).
    #[arg(long = "is", value_name = "VERDICT")]
    verdict: Disposition,
    /// Why.
    #[arg(long, value_name = "SENTENCE")]
    because: String,
    /// Whose verdict it is.
    #[arg(long, value_name = "WHO")]
    by: String,
}

/// Records a verdict.
async fn verdict(home: &Path, asked: Verdict) -> anyhow::Result<()> {
    let Verdict { indicator, period, verdict, because, by } = asked;
    ask(home, Deliberate::Judge { indicator, period, verdict, says: because, by }).await
}

/// What the board said.
#[derive(Debug, clap::Args)]
pub struct Record {
    /// decision, challenge or feedback.
    kind: MatterKind,
    /// The day of the meeting.
    #[arg(long, value_name = "DATE")]
    meeting: Date,
    /// What was said.
    #[arg(long, value_name = "SENTENCE")]
    says: String,
    /// Who said it, or minuted it.
    #[arg(long, value_name = "WHO")]
    by: String,
    /// The indicator it is about.
    #[arg(long)]
    indicator: Option<String>,
    /// Whom it is for; a challenge and feedback are for somebody.
    #[arg(long)]
    agency: Option<AgencyId>,
    /// By when something is to come of it.
    #[arg(long, value_name = "DATE")]
    due: Option<Date>,
}

/// Records what the board said.
async fn record(home: &Path, asked: Record) -> anyhow::Result<()> {
    let Record { kind, meeting, says, by, indicator, agency, due } = asked;
    ask(home, Deliberate::Say(Saying { kind, meeting, indicator, agency, says, due, by })).await
}

/// What came of it.
#[derive(Debug, clap::Args)]
pub struct Settle {
    /// Its number.
    number: i64,
    /// What came of it.
    #[arg(long, value_name = "SENTENCE")]
    says: String,
    /// Who says so.
    #[arg(long, value_name = "WHO")]
    by: String,
}

/// Records what came of something that the board said.
async fn settle(home: &Path, Settle { number, says, by }: Settle) -> anyhow::Result<()> {
    ask(home, Deliberate::Settle { number, says, by }).await
}
