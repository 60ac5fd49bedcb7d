//! `quarterday findings`.

use std::path::Path;

use anyhow::Context;

use super::{board, say::say};
use crate::ledger::Severity;

/// Lists what was found in a submission, under the numbers that `explain` takes.
pub async fn list(home: &Path, submission: i64) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let ledger = board::ledger(&board)?.context(board::NOTHING_YET)?;
    let known = ledger.read(move |txn| txn.submission(submission)).await?;
    let known = known.with_context(|| format!("there is no submission {submission}"))?;
    let key = &known.obligation;
    say(format_args!(
        "Submission {submission}: {} of {}, {}",
        board.return_title(&key.return_id),
        board.agency_name(&key.agency),
        key.period.human()
    ));
    let findings = ledger.read(move |txn| txn.numbered_findings(submission, None)).await?;
    if findings.is_empty() {
        say("  Nothing was found.");
    }
    for one in findings {
        let finding = &one.finding;
        say(format_args!(
            "  {:>3}  {:<5}  {}{} ({})",
            one.number,
            finding.severity.as_str(),
            finding.place(),
            finding.says,
            finding.rule
        ));
        match &one.explanation {
            Some(explanation) => {
                say(format_args!("              explained by {}: {}", explanation.actor, explanation.says))
            }
            None if finding.severity == Severity::Query => {
                let number = one.number;
                say(format_args!("              `quarterday explain {submission} {number} --because \"…\"`"));
            }
            None => {}
        }
    }
    Ok(())
}
