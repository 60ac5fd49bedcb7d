//! The command line: one file per command, and the hidden entry of the workers.
//!
//! Exit codes: 0 done, 1 failed or refused, 2 the command line was not understood, 3 there is no configuration.

#![expect(clippy::print_stderr, reason = "commands speak to people")]

mod approve;
mod backfill;
mod board;
mod contact;
pub mod demo;
mod describe;
mod diff;
mod doctor;
mod evidence;
mod exceptions;
mod findings;
mod held;
mod incidents;
mod init;
mod init_return;
mod owed;
mod pack;
mod plan;
mod rehearse;
mod run;
mod say;
mod shipped;
mod sql;
mod status;
mod submit;
mod template;
mod test;
mod timetable;
mod validate;
mod verify;
mod worker;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, Subcommand};

use crate::{
    daemon::Command,
    domain::{AgencyId, Period, ReturnId},
    flows::concession::Concession,
    ledger::ObligationKey,
};

pub use worker::worker;

/// Quarterday collects, checks, analyses and reports a safeguarding children partnership's returns, on an enforced
/// timetable.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
struct Arguments {
    /// The board's folder.
    #[arg(long, short = 'C', global = true, default_value = ".", value_name = "FOLDER")]
    board: PathBuf,
    #[command(subcommand)]
    command: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Live through one whole quarter of a made-up partnership, without a network, in about a minute.
    Demo {
        /// An empty or new folder for the example board.
        #[arg(default_value = "quarterday-demo")]
        folder: PathBuf,
    },
    /// Write a commented configuration for a board of your own.
    Init {
        /// An empty or new folder.
        folder: PathBuf,
    },
    /// Begin a return from one real file of it: a guessed definition to be completed, and a made-up sample.
    InitReturn(init_return::InitReturn),
    /// Check every definition and plan all SQL, offline.
    Validate,
    /// Put the SQL of indicators to the small tables of their own tests, and tell where an answer differs.
    Test {
        /// Indicators; all of them when left out.
        #[arg(value_name = "INDICATOR")]
        indicators: Vec<String>,
    },
    /// Serve the board until told to stop.
    Run(run::Run),
    /// What runs, what is owed, and what will be sent next to whom and why.
    Status,
    /// What is owed on a day.
    Owed {
        /// The day, as 2025-07-14; today when left out.
        #[arg(long, value_name = "DATE")]
        on: Option<jiff::civil::Date>,
    },
    /// What would be sent in a stretch of time, to whom and why: the engine on a simulated clock; nothing is sent.
    Rehearse(rehearse::Rehearse),
    /// Every date to come: what is due, the steps towards each meeting, the reminders. For the eye, as CSV, as calendars.
    Timetable(timetable::Timetable),
    /// What moves if the edited definitions take effect; asks before they do.
    Plan {
        /// Have them take effect without asking.
        #[arg(long)]
        yes: bool,
    },
    /// Write the ready-made file of a return: a workbook with drop-down lists and the period filled in, or a CSV's headings.
    Template(template::Template),
    /// Bring a file for an obligation, or say that there is nothing to report.
    Submit(submit::Submit),
    /// Load files of past periods: nobody owes them, nobody is chased for them.
    Backfill(backfill::Backfill),
    /// Write down, as a PDF and a CSV, what an agency owed for a period, what it was told and what came of it.
    Evidence(evidence::Evidence),
    /// What one file changed of another: rows added, removed and changed, totals moved.
    Diff(diff::Diff),
    /// Take or refuse a submission that is held for a person.
    Release {
        /// The submission's number.
        submission: i64,
        /// Refuse it instead of taking it.
        #[arg(long)]
        refuse: bool,
        /// Why.
        #[arg(long)]
        reason: String,
    },
    /// List what was found in a submission, under the numbers that `explain` takes.
    Findings {
        /// The submission's number.
        submission: i64,
    },
    /// Record why a figure that was queried is as it is; the pack prints it as a footnote.
    Explain {
        /// The submission's number.
        submission: i64,
        /// The finding's number, as `quarterday findings` lists it.
        finding: i64,
        /// Why.
        #[arg(long, value_name = "SENTENCE")]
        because: String,
    },
    /// List the files that were sealed because identities were found in them.
    Incidents,
    /// Destroy a sealed file before its day, or open it as its custodian.
    Incident {
        /// The incident's number.
        number: i64,
        #[command(subcommand)]
        act: incidents::Incident,
    },
    /// List the messages of the mailbox that wait for a person.
    Held,
    /// Take or refuse a message that is held.
    Accept(held::Accept),
    /// Keep an overdue return from going above the agency's lead, until the file is here.
    Hold {
        /// What is owed, as missing-children/police/2025-26-Q1.
        #[arg(value_name = "RETURN/AGENCY/PERIOD")]
        obligation: ObligationKey,
        /// Let it go above the lead again.
        #[arg(long)]
        lift: bool,
        /// Why; the pack prints it.
        #[arg(long)]
        reason: String,
    },
    /// Give an agency more time for what it owes; the reminders begin anew before the new day.
    Extend {
        /// What is owed, as missing-children/police/2025-26-Q1; it need not be open yet.
        #[arg(value_name = "RETURN/AGENCY/PERIOD")]
        obligation: ObligationKey,
        /// The working day on which it is due now, as 2025-07-28, at the same time of day.
        #[arg(long, value_name = "DATE")]
        to: jiff::civil::Date,
        /// Why; the agency is told.
        #[arg(long)]
        reason: String,
    },
    /// Let an agency off what it owes: nothing is missing, nobody is reminded, and the pack prints that it was waived.
    Waive {
        /// What is owed, as missing-children/police/2025-26-Q1; it need not be open yet.
        #[arg(value_name = "RETURN/AGENCY/PERIOD")]
        obligation: ObligationKey,
        /// Why; the agency is told.
        #[arg(long)]
        reason: String,
    },
    /// Ask again for what was accepted, nil or waived; what stands goes on standing until a file replaces it.
    Reopen {
        /// What was owed, as missing-children/police/2025-26-Q1.
        #[arg(value_name = "RETURN/AGENCY/PERIOD")]
        obligation: ObligationKey,
        /// The working day by which it is wanted, as 2025-07-28.
        #[arg(long, value_name = "DATE")]
        by: jiff::civil::Date,
        /// Why; the agency is told.
        #[arg(long)]
        reason: String,
    },
    /// Record what an agency says of a figure that stands out; the pack prints it.
    Comment {
        /// What was asked for, as commentary-second-plans/children-services/2025-26-Q1.
        #[arg(value_name = "COMMENTARY/AGENCY/PERIOD")]
        obligation: ObligationKey,
        /// The words: what is behind it, and what is being done.
        #[arg(long, value_name = "SENTENCES")]
        says: String,
        /// Whose words they are, by name and role.
        #[arg(long)]
        by: String,
    },
    Contact(contact::Contact),
    /// Open what an agency owes about something that happened, as an inspection.
    Open {
        /// The return; one with every = "occurrence".
        return_id: ReturnId,
        /// The agency.
        agency: AgencyId,
        /// The day on which it happened, as 2025-07-14.
        #[arg(value_name = "DATE")]
        on: jiff::civil::Date,
        /// Why; it stands with the due rule.
        #[arg(long, value_name = "SENTENCE")]
        because: String,
    },
    /// Ask the warehouse a question in SQL.
    Sql(sql::Sql),
    #[command(flatten)]
    Figures(exceptions::Figures),
    /// Record that the chair, or somebody in the chair's stead, has signed a pack off.
    Approve(approve::Approve),
    /// Issue, draft, list or rebuild packs.
    #[command(subcommand)]
    Pack(pack::Pack),
    /// Work out the models and indicators anew that rest on something that has changed.
    Refresh {
        /// All of them, whatever they were made from.
        #[arg(long)]
        full: bool,
    },
    /// Where an indicator's figures come from: the SQL, the models and tables it reads, the returns, the extracts.
    Lineage {
        /// The indicator.
        indicator: String,
    },
    /// Make the warehouse anew from the landing archive and the ledger, and compare.
    Rebuild {
        /// Put the new warehouse in the place of the present one.
        #[arg(long)]
        replace: bool,
    },
    /// Check the ledger, and every file of the warehouse, of the editions and of the archive.
    Verify,
    /// Try everything the daemon needs, a line each: disk, clock, mail, mailbox, hosts, proxy, certificates, secrets; and
    /// what the firewall has to let through.
    Doctor(doctor::Doctor),
    /// Print the data-flow sheet for a data protection impact assessment.
    Describe(describe::Describe),
    /// Ask the daemon to look at once for what is owed.
    Ring,
    /// Have the timetable's messages leave: until then the first cycle is a rehearsal, written to data/rehearsal.
    Confirm,
    /// Confirm that this machine is the board's, after a restore or a move.
    Adopt,
    /// Move a simulated clock forward.
    #[command(hide = true)]
    Advance {
        /// Until when.
        to: jiff::Timestamp,
    },
}

/// Which return of whom for when.
#[derive(Debug, Clone, clap::Args)]
struct Which {
    /// The return.
    #[arg(long = "return", value_name = "RETURN")]
    return_id: ReturnId,
    /// The agency.
    #[arg(long)]
    agency: AgencyId,
    /// The period, as 2025-26-Q1.
    #[arg(long)]
    period: Period,
}

async fn concede(home: &Path, obligation: ObligationKey, concession: Concession, reason: String) -> anyhow::Result<()> {
    board::order(home, Command::Concede { obligation, concession, reason, actor: board::actor() }).await
}

/// Stack of each thread, in bytes: a message's file passes many waiting functions on its way into the warehouse. What is not
/// used takes no memory.
const STACK: usize = 8 << 20;

/// Runs the command line.
pub fn run() -> ExitCode {
    // The commands wait on a thread of this size too: the first thread's own is the machine's to choose.
    match std::thread::Builder::new().name("command".into()).stack_size(4 * STACK).spawn(obey) {
        Ok(command) => command.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        Err(error) => {
            eprintln!("the program could not start: {error}");
            ExitCode::FAILURE
        }
    }
}

fn obey() -> ExitCode {
    let arguments = Arguments::parse();
    let home = arguments.board;
    let runtime = match tokio::runtime::Builder::new_multi_thread().thread_stack_size(STACK).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("the program could not start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(async {
        match arguments.command {
            Act::Demo { folder } => demo::demo(&folder).await,
            Act::Init { folder } => init::init(&folder),
            Act::InitReturn(options) => init_return::init_return(&home, options).await,
            Act::Validate => validate::validate(&home).await,
            Act::Test { indicators } => test::test(&home, &indicators).await,
            Act::Run(options) => run::run(&home, options).await,
            Act::Status => status::status(&home).await,
            Act::Owed { on } => owed::owed(&home, on).await,
            Act::Rehearse(options) => rehearse::rehearse(&home, options).await,
            Act::Timetable(timetable) => timetable::timetable(&home, timetable),
            Act::Plan { yes } => plan::plan(&home, yes).await,
            Act::Template(template) => template::template(&home, template),
            Act::Submit(submit) => submit::submit(&home, submit).await,
            Act::Backfill(backfill) => backfill::backfill(&home, backfill).await,
            Act::Evidence(evidence) => evidence::evidence(&home, evidence).await,
            Act::Diff(diff) => diff::diff(&home, diff).await,
            Act::Release { submission, refuse, reason } => {
                let actor = board::actor();
                board::order(&home, Command::Release { submission, accept: !refuse, reason, actor }).await
            }
            Act::Findings { submission } => findings::list(&home, submission).await,
            Act::Explain { submission, finding, because } => {
                let actor = board::actor();
                board::order(&home, Command::Explain { submission, finding, because, actor }).await
            }
            Act::Incidents => incidents::list(&home).await,
            Act::Incident { number, act } => incidents::act(&home, number, act).await,
            Act::Held => held::held(&home).await,
            Act::Accept(accept) => held::accept(&home, accept).await,
            Act::Hold { obligation, lift, reason } => {
                let actor = board::actor();
                let command = match lift {
                    true => Command::Free { obligation, reason, actor },
                    false => Command::Hold { obligation, reason, actor },
                };
                board::order(&home, command).await
            }
            Act::Extend { obligation, to, reason } => concede(&home, obligation, Concession::More(to), reason).await,
            Act::Waive { obligation, reason } => concede(&home, obligation, Concession::LetOff, reason).await,
            Act::Reopen { obligation, by, reason } => concede(&home, obligation, Concession::Again(by), reason).await,
            Act::Comment { obligation, says, by } => {
                board::order(&home, Command::Comment { obligation, says, by, actor: board::actor() }).await
            }
            Act::Contact(asked) => contact::contact(&home, asked).await,
            Act::Open { return_id, agency, on, because } => {
                let actor = board::actor();
                board::order(&home, Command::Open { return_id, agency, on, because, actor }).await
            }
            Act::Sql(asked) => sql::sql(&home, asked).await,
            Act::Figures(figures) => exceptions::figures(&home, figures).await,
            Act::Approve(approve) => approve::approve(&home, approve).await,
            Act::Pack(pack) => pack::pack(&home, pack).await,
            Act::Refresh { full } => board::order(&home, Command::Refresh { full }).await,
            Act::Lineage { indicator } => board::order(&home, Command::Lineage { indicator }).await,
            Act::Rebuild { replace } => board::order(&home, Command::Rebuild { replace }).await,
            Act::Verify => verify::verify(&home).await,
            Act::Doctor(options) => doctor::doctor(&home, options).await,
            Act::Describe(options) => describe::describe(&home, &options),
            Act::Ring => board::order(&home, Command::Ring).await,
            Act::Confirm => board::order(&home, Command::ConfirmFirstCycle { actor: board::actor() }).await,
            Act::Adopt => board::order(&home, Command::Adopt { actor: board::actor() }).await,
            Act::Advance { to } => board::order(&home, Command::Advance { to }).await,
        }
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("quarterday: {error:#}");
            if error.is::<board::NoConfiguration>() { ExitCode::from(3) } else { ExitCode::FAILURE }
        }
    }
}
