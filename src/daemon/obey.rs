//! What each command of the control socket does.

use std::sync::Arc;

use anyhow::Context;
use tokio::task::spawn_blocking;

use super::{Command, Compared, Reply, advance, deliberate, post, ring, told as in_words};
use crate::{
    content::Content,
    domain::Verdict,
    flows::{
        App, approve, backfill, commentary, concession, contacts, draft, edition, escalation, explain, first_cycle,
        hold, incidents,
        intake::{self, Acknowledge, Offer},
        letterbox, lineage, occurrences, plan, query, rebuild, refresh, restated, written,
    },
    ledger::ObligationKey,
    source::Extract,
};

/// Does what a command asks; what went wrong is in the answer.
pub async fn obey(app: &Arc<App>, command: Command) -> Reply {
    act(app, command).await.unwrap_or_else(|error| Reply::Refused(format!("{error:#}")))
}

async fn act(app: &Arc<App>, command: Command) -> anyhow::Result<Reply> {
    let said = match command {
        Command::Now => {
            let held = hold::reason(&app.board.data, &app.ledger, &app.clock).await?;
            let held = held.or(plan::pending(&app.ledger).await?);
            return Ok(Reply::Now { now: app.clock.now(), held });
        }
        Command::Ring => {
            let rang = ring(app).await?;
            match post::deliver_all(app).await {
                0 => rang.to_string(),
                left => format!("{rang}; {left} messages done with"),
            }
        }
        Command::Advance { to } => {
            let rings = advance(app, to).await?;
            format!("it is {to}, after {rings} rings that did something")
        }
        Command::Submit { file, return_id, agency, period, actor } => {
            let name = file.file_name().and_then(|n| n.to_str()).unwrap_or("unnamed").to_owned();
            let (path, incoming) = (file.clone(), app.board.incoming());
            let copied = spawn_blocking(move || Content::copied(std::fs::File::open(path)?, &incoming)).await?;
            let content = copied.with_context(|| file.display().to_string())?;
            let extract = Extract { content, name, source: format!("brought by {actor}") };
            let _turn = app.turn.lock().await;
            let key = ObligationKey { return_id, agency, period };
            let offer = Offer { key, extract, arrived_at: None, actor, acknowledge: Acknowledge::Nothing };
            return Ok(in_words::judged(&intake::receive(app, offer).await?));
        }
        Command::Backfill { return_id, paths, agency, actor } => {
            let loaded = backfill::backfill(app, &return_id, &paths, agency.as_ref(), &actor).await?;
            return Ok(in_words::loaded(&loaded));
        }
        Command::Diff { of, json } => {
            let (before, after) = match of {
                Compared::Two(before, after) => (before, after),
                Compared::Last(key) => restated::last_two(app, &key).await?,
            };
            let found = restated::difference(app, before, after).await?;
            if json { serde_json::to_string_pretty(&found)? } else { in_words::differs(&found) }
        }
        Command::Nil { return_id, agency, period, reason, actor } => {
            let _turn = app.turn.lock().await;
            let key = ObligationKey { return_id, agency, period };
            let received = intake::nil(app, key, reason, &actor, None).await?;
            if received.verdict == Verdict::Held {
                return Ok(in_words::judged(&received));
            }
            format!("submission {}: a nil return is recorded", received.submission)
        }
        Command::Release { submission, accept, reason, actor } => {
            let _turn = app.turn.lock().await;
            return Ok(in_words::judged(&intake::release(app, submission, accept, &reason, &actor).await?));
        }
        Command::Explain { submission, finding, because, actor } => {
            let _turn = app.turn.lock().await;
            explain::explain(app, submission, finding, &because, &actor).await?;
            format!("finding {finding} of submission {submission} is explained; the pack prints it as a footnote")
        }
        Command::Destroy { incident, actor } => {
            let _turn = app.turn.lock().await;
            match incidents::close(app, incident, &actor, &format!("destroyed by {actor}")).await? {
                true => format!(
                    "the extract of incident {incident} is destroyed; backups keep a sealed copy until they are overwritten"
                ),
                false => format!("the extract of incident {incident} was destroyed before"),
            }
        }
        Command::ReadSealed { incident, actor } => {
            incidents::note_reading(app, incident, &actor).await?;
            format!("it is recorded that {actor} opens the extract of incident {incident}")
        }
        Command::AcceptMessage { message, agency, return_id, period, always, actor } => {
            letterbox::accept(app, message, agency, return_id, period, always, &actor).await?
        }
        Command::RefuseMessage { message, reason, actor } => letterbox::refuse(app, message, &reason, &actor).await?,
        Command::Hold { obligation, reason, actor } => {
            let _turn = app.turn.lock().await;
            escalation::hold(app, &obligation, &reason, &actor).await?;
            format!("{obligation} does not go above the lead; the pack prints the reason")
        }
        Command::Open { return_id, agency, on, because, actor } => {
            let _turn = app.turn.lock().await;
            occurrences::open(app, &return_id, &agency, on, &because, &actor).await?
        }
        Command::Free { obligation, reason, actor } => {
            let _turn = app.turn.lock().await;
            escalation::free(app, &obligation, &reason, &actor).await?;
            format!("{obligation} may go above the lead again, each step a day after its preview")
        }
        Command::Concede { obligation, concession, reason, actor } => {
            let _turn = app.turn.lock().await;
            concession::concede(app, &obligation, concession, &reason, &actor).await?
        }
        Command::Comment { obligation, says, by, actor } => {
            let _turn = app.turn.lock().await;
            commentary::comment(app, &obligation, &says, &by, &actor).await?
        }
        Command::Contact { change, reason, actor } => {
            let _turn = app.turn.lock().await;
            contacts::change(app, change, &reason, &actor).await?
        }
        Command::Issue { pack, period, because, actor } => {
            let _turn = app.turn.lock().await;
            let edition = edition::issue_by_hand(app, &pack, period, because.as_deref(), &actor).await?;
            format!("edition {} of {pack} is issued: {}", edition.number, app.board.data.join(edition.folder).display())
        }
        Command::Draft { pack, period } => {
            let _turn = app.turn.lock().await;
            draft::renew(app, &pack, period).await?
        }
        Command::Approve { pack, period, role, because, actor } => {
            // Not while the pack is being set that would say nobody has signed.
            let _turn = app.turn.lock().await;
            approve::approve(app, &pack, period, role, &because, &actor).await?
        }
        Command::Deliberate { asked, actor } => deliberate::obey(app, asked, &actor).await?,
        Command::Lineage { indicator } => lineage::told(app, &indicator).await?,
        Command::Refresh { full } => {
            let _turn = app.turn.lock().await;
            let done = refresh::refresh_all(app, full).await?;
            let said = match (done, full) {
                (true, _) => "the figures were worked out anew",
                (false, true) => "everything was worked out anew, and comes out as it was",
                (false, false) => "the figures are up to date",
            };
            said.to_owned()
        }
        Command::Sql { text, as_of, format } => {
            let rows = query::sql(app, &text, as_of).await?;
            written::write(&rows, format)?
        }
        Command::Adopt { actor } => {
            hold::adopt(app, &actor).await?;
            "this machine is the board's; mail, pulls, the chase and packs go on".to_owned()
        }
        Command::ConfirmFirstCycle { actor } => first_cycle::confirm(app, &actor).await?,
        Command::Confirm { definitions, actor } => {
            let _turn = app.turn.lock().await;
            plan::confirm(app, &definitions, &actor).await?
        }
        Command::Rebuild { replace } => {
            let _turn = app.turn.lock().await;
            let rebuilt = rebuild::rebuild(app, replace).await?;
            let mut said = format!(
                "{} submissions replayed into {} tables; {} tables differ",
                rebuilt.submissions,
                rebuilt.tables,
                rebuilt.differences.len()
            );
            for difference in rebuilt.differences {
                said.push_str(&format!("\n  {difference}"));
            }
            said
        }
    };
    Ok(Reply::Done(said))
}
