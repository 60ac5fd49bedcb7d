//! Whether a pack is ready to go out: required returns, coverage, freshness.
//!
//! [`decide`] is pure: what is owed and what the pack asks for in, what is to be done out.

use super::{App, Board, facts, punctuality};
use crate::{
    domain::{Period, Standing},
    ledger::{CoverageRow, Obligation},
    pack::{Freshest, Gate, PackDefinition, WhenNotReady},
};

/// Why a pack of an empty warehouse waits.
pub(super) const NOTHING: &str = "nothing has been accepted yet, so there is nothing to print";

/// One return that somebody owes for a period that ended with the pack's or before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The return's identifier.
    pub return_id: String,
    /// Its title.
    pub title: String,
    /// The agency's name.
    pub agency: String,
    /// For which period.
    pub period: Period,
    /// How it stands.
    pub standing: Standing,
    /// Civil days by which it is or was late.
    pub days_late: i64,
    /// Of how many of a group's members its file speaks, and how many there are.
    pub members: Option<(usize, usize)>,
}

/// What is to be done with a pack whose circulation has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It goes out as it is.
    Ready,
    /// It goes out, and says that this is missing.
    Gaps(Vec<String>),
    /// It waits for this.
    Hold(Vec<String>),
}

impl Readiness {
    /// What is missing.
    pub fn missing(&self) -> &[String] {
        match self {
            Self::Ready => &[],
            Self::Gaps(missing) | Self::Hold(missing) => missing,
        }
    }
}

/// Holds what is there against what the pack asks for.
pub fn decide(gate: &Gate, period: Period, facts: &[Fact]) -> Readiness {
    let mut missing = Vec::new();
    let in_pack: Vec<&Fact> = facts.iter().filter(|fact| belongs(fact.period, period)).collect();
    let absent = in_pack.iter().filter(|fact| gate.requires(&fact.return_id) && !is_in(fact));
    missing.extend(absent.map(|fact| told(fact)));
    let arrived = in_pack.iter().filter(|fact| is_in(fact)).count();
    if let Some(least) = gate.minimum_coverage.filter(|least| least.exceeds(arrived, in_pack.len())) {
        missing.push(format!("{arrived} of {} returns are in, and at least {least} are asked for", in_pack.len()));
    }
    if let Some(least) = gate.minimum_members {
        for fact in in_pack.iter().filter(|fact| gate.requires(&fact.return_id) && is_in(fact)) {
            if let Some((present, members)) =
                fact.members.filter(|(present, members)| least.exceeds(*present, *members))
            {
                let of = format!("{} from {}", fact.title, fact.agency);
                missing.push(format!("{of}: {present} of {members} members, and at least {least} are asked for"));
            }
        }
    }
    missing.extend(stale(gate, period, facts));
    match gate.when_not_ready {
        _ if missing.is_empty() => Readiness::Ready,
        WhenNotReady::Send => Readiness::Ready,
        WhenNotReady::SendWithGaps => Readiness::Gaps(missing),
        WhenNotReady::Hold => Readiness::Hold(missing),
    }
}

/// Required returns that are owed more seldom than the pack, and whose newest figures are too old.
fn stale(gate: &Gate, period: Period, facts: &[Fact]) -> Vec<String> {
    let back = match gate.freshest {
        Freshest::AnyPeriod => return Vec::new(),
        Freshest::OnePeriodOld => 1,
        Freshest::ThisPeriod => 0,
    };
    let mut of_one: Vec<&Fact> = facts.iter().filter(|fact| gate.requires(&fact.return_id)).collect();
    of_one.sort_by(|a, b| (&a.title, &a.agency, a.period.end()).cmp(&(&b.title, &b.agency, b.period.end())));
    let series = of_one.chunk_by(|a, b| (&a.return_id, &a.agency) == (&b.return_id, &b.agency));
    let too_old = |series: &[&Fact]| {
        let newest = series.last()?;
        let enough = series.iter().rev().take(back + 1).any(|fact| is_in(fact));
        // What is owed for the pack's own period was told already.
        if enough || belongs(newest.period, period) {
            return None;
        }
        let of = format!("{} from {}", newest.title, newest.agency);
        Some(match series.iter().rev().find(|fact| is_in(fact)) {
            Some(last) => format!("{of}: the newest figures are of {}", last.period.human()),
            None => format!("{of}: there are no figures yet"),
        })
    };
    series.filter_map(too_old).collect()
}

/// Whether something about `other` is told in a pack on `period`: it ends in it.
fn belongs(other: Period, period: Period) -> bool {
    (period.start()..=period.end()).contains(&other.end())
}

fn is_in(fact: &Fact) -> bool {
    matches!(fact.standing, Standing::Accepted | Standing::AcceptedLate | Standing::Nil)
}

/// The same words as the pack's own gaps have.
fn told(fact: &Fact) -> String {
    format!("{} from {}: {}", fact.title, fact.agency, fact.standing.words(fact.days_late))
}

/// How ready a pack is now.
pub(super) async fn readiness(app: &App, definition: &PackDefinition, period: Period) -> anyhow::Result<Readiness> {
    if is_nothing_accepted(app).await? {
        return Ok(Readiness::Hold(vec![NOTHING.to_owned()]));
    }
    let (obligations, coverage) = app
        .ledger
        .read(|txn| {
            let obligations = txn.obligations()?;
            let coverage = txn.coverage(&obligations)?;
            Ok((obligations, coverage))
        })
        .await?;
    let now = app.clock.now();
    // Words, and what the definitions no longer ask for or a person let somebody off, are no pack's gap.
    let owed = obligations.iter().filter(|one| one.key.period.end() <= period.end());
    let owed = owed.filter(|one| punctuality::counts(&app.board, one));
    let facts: Vec<Fact> = owed.map(|one| fact(&app.board, one, &coverage, now)).collect();
    Ok(decide(definition.gate(), period, &facts))
}

/// Whether no figure was ever taken: whatever its gate, a pack has nothing to print then.
pub(super) async fn is_nothing_accepted(app: &App) -> anyhow::Result<bool> {
    if app.is_rehearsal {
        let obligations = app.ledger.read(|txn| txn.obligations()).await?;
        return Ok(obligations.iter().all(|one| one.effective.is_none()));
    }
    Ok(app.ledger.read(|txn| txn.vector()).await?.is_empty())
}

fn fact(board: &Board, one: &Obligation, coverage: &[CoverageRow], now: jiff::Timestamp) -> Fact {
    let count = |number: i64| usize::try_from(number).unwrap_or(0);
    let of_group = coverage.iter().find(|row| row.key == one.key);
    Fact {
        return_id: one.key.return_id.to_string(),
        title: board.return_title(&one.key.return_id),
        agency: board.agency_name(&one.key.agency),
        period: one.key.period,
        standing: facts::standing(one, now),
        days_late: facts::days_late(one, now).into(),
        members: of_group.map(|row| (count(row.present), count(row.present) + row.missing.len())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(more: impl FnOnce(&mut Gate)) -> Gate {
        let mut gate = Gate {
            required_returns: Vec::new(),
            minimum_coverage: None,
            minimum_members: None,
            freshest: Freshest::AnyPeriod,
            when_not_ready: WhenNotReady::SendWithGaps,
        };
        more(&mut gate);
        gate
    }

    fn fact(id: &str, period: &str, standing: Standing) -> Fact {
        Fact {
            return_id: id.to_lowercase(),
            title: id.to_owned(),
            agency: "Police".to_owned(),
            period: period.parse().unwrap(),
            standing,
            days_late: 3,
            members: None,
        }
    }

    fn told(gate: &Gate, facts: &[Fact]) -> Vec<String> {
        decide(gate, "2025-26-Q1".parse().unwrap(), facts).missing().to_vec()
    }

    const NOW: &str = "2025-26-Q1";
    const BEFORE: &str = "2024-25-Q4";

    #[test]
    fn a_required_return_that_is_not_in_is_missing_and_another_is_not() {
        use Standing::*;
        let late = "Missing from Police: not received, 3 days late";
        for (standing, missing) in [
            (Accepted, None),
            (AcceptedLate, None),
            (Nil, None),
            (Overdue, Some(late)),
            (Held, Some("Missing from Police: held until a person decides")),
            (Received, Some("Missing from Police: received, being checked")),
            (ToCorrect, Some("Missing from Police: sent back to be corrected")),
            (Open, Some("Missing from Police: not due yet")),
        ] {
            let facts = [fact("Missing", NOW, standing), fact("Plans", NOW, Overdue)];
            let asked = gate(|gate| gate.required_returns = vec!["missing".into()]);
            assert_eq!(told(&asked, &facts), missing.into_iter().collect::<Vec<_>>(), "{standing:?}");
        }
        let all = told(&gate(|_| {}), &[fact("Missing", NOW, Overdue), fact("Plans", NOW, Overdue)]);
        assert_eq!(all.len(), 2, "none named means all: {all:?}");
        assert_eq!(told(&gate(|_| {}), &[fact("Missing", BEFORE, Overdue)]), [""; 0], "another period's");
    }

    #[test]
    fn coverage_is_counted_over_all_that_is_owed_and_within_a_group() {
        use Standing::*;
        let asked = gate(|gate| {
            gate.required_returns = vec!["schools".into()];
            gate.minimum_coverage = Some("75 %".parse().unwrap());
            gate.minimum_members = Some("90 %".parse().unwrap());
        });
        let with = |members, standing| {
            let group = Fact { members, ..fact("Schools", NOW, Accepted) };
            told(&asked, &[group, fact("A", NOW, Nil), fact("B", NOW, AcceptedLate), fact("C", NOW, standing)])
        };
        assert_eq!(with(Some((9, 10)), Overdue), [""; 0]);
        assert_eq!(
            with(Some((8, 10)), Accepted),
            ["Schools from Police: 8 of 10 members, and at least 90 % are asked for"]
        );
        let two = told(&asked, &[fact("Schools", NOW, Accepted), fact("A", NOW, Overdue)]);
        assert_eq!(two, ["1 of 2 returns are in, and at least 75 % are asked for"]);
    }

    #[test]
    fn figures_may_be_as_old_as_the_pack_allows() {
        use Standing::*;
        let yearly = |newest, before| {
            [fact("Audit", "2023-24-FY", before), fact("Audit", "2024-25-FY", newest), fact("Other", NOW, Accepted)]
        };
        for (freshest, newest, before, missing) in [
            (Freshest::ThisPeriod, Accepted, Overdue, None),
            (Freshest::ThisPeriod, Overdue, Accepted, Some("the newest figures are of year to March 2024")),
            (Freshest::ThisPeriod, Overdue, Overdue, Some("there are no figures yet")),
            (Freshest::OnePeriodOld, Overdue, Accepted, None),
            (Freshest::OnePeriodOld, Overdue, Overdue, Some("there are no figures yet")),
            (Freshest::AnyPeriod, Overdue, Overdue, None),
        ] {
            let found = told(&gate(|gate| gate.freshest = freshest), &yearly(newest, before));
            assert_eq!(found.len(), usize::from(missing.is_some()), "{found:?}");
            assert!(found.iter().all(|says| says.contains(missing.unwrap())), "{found:?}");
        }
        let twice = told(&gate(|gate| gate.freshest = Freshest::ThisPeriod), &[fact("A", NOW, Overdue)]);
        assert_eq!(twice.len(), 1, "told once, as missing: {twice:?}");
    }

    #[test]
    fn what_is_missing_is_sent_told_or_waited_for() {
        let late = [fact("Missing", NOW, Standing::Overdue)];
        let done = |when| decide(&gate(|gate| gate.when_not_ready = when), NOW.parse().unwrap(), &late);
        assert_eq!(done(WhenNotReady::Send), Readiness::Ready);
        assert!(matches!(done(WhenNotReady::SendWithGaps), Readiness::Gaps(missing) if missing.len() == 1));
        assert!(matches!(done(WhenNotReady::Hold), Readiness::Hold(missing) if missing.len() == 1));
        assert_eq!(
            decide(&gate(|gate| gate.when_not_ready = WhenNotReady::Hold), NOW.parse().unwrap(), &[]),
            Readiness::Ready
        );
    }
}
