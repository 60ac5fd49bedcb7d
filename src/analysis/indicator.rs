//! One indicator: a file of SQL that gives its figures, and a definition that says what they mean.
//!
//! `<name>.toml` stands beside `<name>.sql` and, where others publish the same measure, `<name>.benchmark.sql`.

use std::collections::BTreeMap;

use super::{
    cumulative::Year,
    disclosed::{Good, Kind, Meta, Unit},
    in_words::InWords,
    small_count::SmallCount,
    trend,
};
use crate::{
    domain::{AgencyId, Period, ReturnId},
    settings::{Document, Section},
};

/// One indicator, settled.
#[derive(Debug, Clone)]
pub struct Indicator {
    /// Its identifier, the name of its files.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Why the Board looks at it.
    pub why: String,
    /// What is counted, and over what.
    pub definition: String,
    /// The Board's priority it belongs to.
    pub priority: String,
    /// "how much", "how well" or "better off".
    pub question: &'static str,
    /// The return it comes from, and the agency whose return it is, or none where several send it; none if it is made of
    /// the ledger.
    pub from: Option<(Option<AgencyId>, ReturnId)>,
    /// What its value is.
    pub unit: Unit,
    /// Places shown behind the point.
    pub decimals: u8,
    /// Flow or snapshot.
    pub kind: Kind,
    /// Whether the denominator adds up over time or is a population counted on a day.
    pub denominator: Kind,
    /// The year in which its counts run on, so that each period's own is what it adds.
    pub cumulative: Option<Year>,
    /// Which way is good.
    pub good: Good,
    /// The value aimed at.
    pub target: Option<f64>,
    /// What others publish.
    pub benchmark: Option<Benchmark>,
    /// The limits of chance are made from the first so many points; of all of them when left out.
    pub baseline: Option<usize>,
    /// Periods from which the limits start anew, oldest first.
    pub rebases: Vec<Rebase>,
    /// Whether its figures rise and fall with the seasons.
    pub seasonal: bool,
    /// Which small counts are hidden.
    pub small_count: SmallCount,
    /// Its share in everyday words.
    pub in_words: Option<InWords>,
    /// The question that gives its figures.
    pub sql: String,
    /// Its definition as it was written.
    pub definition_text: String,
}

/// What others publish, and how our figures meet it.
#[derive(Debug, Clone)]
pub struct Benchmark {
    /// The publication, in words.
    pub source: String,
    /// How our figures become the year that is published.
    pub bridge: Bridge,
    /// The question that gives the published figures.
    pub sql: String,
}

/// How our figures become the year that is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bridge {
    /// As the sum of the last four quarters.
    LastFourQuarters,
    /// They are years already, or snapshots.
    None,
}

/// A recorded decision to make the limits anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebase {
    /// The first period of the new limits.
    pub from: Period,
    /// Why.
    pub reason: String,
    /// Who decided it.
    pub decided_by: String,
    /// When.
    pub decided_on: jiff::civil::Date,
}

/// How people know the agencies, the returns and the board's own area.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Agencies by identifier.
    pub agencies: BTreeMap<AgencyId, String>,
    /// Returns by identifier.
    pub returns: BTreeMap<ReturnId, String>,
    /// The board's area, as "Exampleshire".
    pub area: String,
}

impl Indicator {
    /// Reads a definition; every problem is told to the document.
    pub fn settle(id: &str, document: &Document, sql: String, benchmark_sql: Option<String>) -> Option<Self> {
        let mut root = document.root();
        let title = root.text("title");
        let why = root.text("why");
        let definition = root.text("definition");
        let priority = root.text("priority");
        let question = root.one_of("question", &["how much", "how well", "better off"]);
        // What is made of the ledger alone is nobody's return.
        let of_ledger = sql.contains("ledger.") && !root.has("agency") && !root.has("return");
        let from = if of_ledger {
            Some(None)
        } else {
            let agency = root.parsed_opt("agency");
            root.parsed("return").map(|return_id| Some((agency, return_id)))
        };
        let unit = settle_unit(&mut root);
        let decimals = settle_decimals(&mut root, unit);
        let kind = root.one_of("kind", &["flow", "snapshot"]).map(kind_of);
        let denominator = settle_denominator(&mut root, unit);
        let cumulative = Year::settle(&mut root, kind);
        let good = settle_good(&mut root);
        let target = root.float_opt("target");
        if target.is_some() && good == Some(Good::Neutral) {
            root.refuse("target", "no target where neither way is good", "good = \"high\" or \"low\", or no target");
        }
        let benchmark = settle_benchmark(&mut root, id, unit, kind, benchmark_sql);
        let baseline = settle_baseline(&mut root);
        let rebases = settle_rebases(&mut root);
        let seasonal = root.boolean_or("seasonal", false);
        let small_count = SmallCount::settle(&mut root);
        let in_words = InWords::settle(&mut root, unit);
        Some(Self {
            id: id.to_owned(),
            title: title?,
            why: why?,
            definition: definition?,
            priority: priority?,
            question: question?,
            from: from?,
            unit: unit?,
            decimals: decimals?,
            kind: kind?,
            denominator,
            cumulative,
            good: good?,
            target,
            benchmark: benchmark?,
            baseline,
            rebases,
            seasonal,
            small_count,
            in_words,
            sql,
            definition_text: document.text().to_owned(),
        })
    }

    /// What the indicator means, with its agency and return as people know them.
    pub(super) fn meta(&self, names: &Names) -> Meta {
        let known = |name: Option<&String>, id: &str| name.cloned().unwrap_or_else(|| id.to_owned());
        let (agency, source) = match &self.from {
            Some((agency, return_id)) => (
                agency.as_ref().map_or_else(
                    || "All agencies".to_owned(),
                    |agency| known(names.agencies.get(agency), agency.as_str()),
                ),
                known(names.returns.get(return_id), return_id.as_str()),
            ),
            None => ("All agencies".to_owned(), "The Board’s record of its returns".to_owned()),
        };
        Meta {
            id: self.id.clone(),
            title: self.title.clone(),
            why: self.why.clone(),
            definition: self.definition.clone(),
            priority: self.priority.clone(),
            question: self.question.to_owned(),
            agency,
            source,
            unit: self.unit,
            decimals: self.decimals,
            kind: self.kind,
            good: self.good,
            target: self.target,
            in_words: self.in_words.clone(),
        }
    }

    /// How the limits of chance are made.
    pub(super) fn method(&self) -> trend::Method {
        trend::Method { screen: true, baseline: self.baseline }
    }
}

fn settle_unit(root: &mut Section<'_>) -> Option<Unit> {
    let unit = root.one_of("unit", &["count", "percent", "rate"])?;
    if unit != "rate" {
        if root.has("per") {
            root.refuse("per", "per only beside unit = \"rate\"", "nothing; leave the line out");
        }
        return Some(if unit == "count" { Unit::Count } else { Unit::Percent });
    }
    let per = root.integer("per")?;
    match u32::try_from(per) {
        Ok(per) if per > 0 => Some(Unit::Rate { per }),
        _ => {
            root.refuse("per", "a whole number above zero", "per = 10000");
            None
        }
    }
}

fn settle_decimals(root: &mut Section<'_>, unit: Option<Unit>) -> Option<u8> {
    let usual = if unit == Some(Unit::Count) { 0 } else { 1 };
    match u8::try_from(root.integer_or("decimals", usual)) {
        Ok(decimals) if decimals <= 6 => Some(decimals),
        _ => {
            root.refuse("decimals", "a whole number from 0 to 6", "decimals = 1");
            None
        }
    }
}

/// A share's denominator usually adds up as its numerator does; a rate's is usually a population.
fn settle_denominator(root: &mut Section<'_>, unit: Option<Unit>) -> Kind {
    match root.one_of_opt("denominator", &["flow", "snapshot"]) {
        Some(word) => kind_of(word),
        None if matches!(unit, Some(Unit::Rate { .. })) => Kind::Snapshot,
        None => Kind::Flow,
    }
}

fn kind_of(word: &str) -> Kind {
    if word == "flow" { Kind::Flow } else { Kind::Snapshot }
}

fn settle_good(root: &mut Section<'_>) -> Option<Good> {
    Some(match root.one_of("good", &["high", "low", "neutral"])? {
        "high" => Good::High,
        "low" => Good::Low,
        _ => Good::Neutral,
    })
}

/// `Some(None)` when others publish nothing; `None` when the definition is wrong.
fn settle_benchmark(
    root: &mut Section<'_>,
    id: &str,
    unit: Option<Unit>,
    kind: Option<Kind>,
    sql: Option<String>,
) -> Option<Option<Benchmark>> {
    let Some(mut table) = root.section_opt("benchmark") else {
        if sql.is_some() {
            let expected = format!("a table that says whose figures {id}.benchmark.sql gives");
            root.refuse("benchmark", &expected, "[benchmark]\nsource = \"…\"");
            return None;
        }
        return Some(None);
    };
    let source = table.text("source");
    let bridge = table.one_of_opt("bridge", &["last-four-quarters", "none"]);
    let mut right = true;
    let mut refuse = |key: &str, expected: &str, write: &str| {
        table.refuse(key, expected, write);
        right = false;
    };
    match (kind, bridge) {
        (Some(Kind::Flow), None) => {
            let expected = "how quarters become the year that is published; a single quarter is never compared";
            refuse("bridge", expected, "bridge = \"last-four-quarters\", or \"none\" where each period is a year");
        }
        (Some(Kind::Snapshot), Some("last-four-quarters")) => {
            refuse("bridge", "no bridge for a snapshot: quarters of it never add up", "nothing; leave the line out");
        }
        _ => {}
    }
    if unit == Some(Unit::Count) {
        refuse("source", "a share or a rate: areas of different size cannot be compared by count", "unit = \"rate\"");
    }
    if sql.is_none() {
        let expected = format!("a file {id}.benchmark.sql beside this one");
        refuse("source", &expected, "the file, or no [benchmark]");
    }
    let bridge = if bridge == Some("last-four-quarters") { Bridge::LastFourQuarters } else { Bridge::None };
    let benchmark = Benchmark { source: source?, bridge, sql: sql? };
    right.then_some(Some(benchmark))
}

fn settle_baseline(root: &mut Section<'_>) -> Option<usize> {
    let points = root.integer_opt("baseline")?;
    let enough = usize::try_from(points).ok().filter(|points| *points >= trend::FIRM);
    if enough.is_none() {
        root.refuse("baseline", "12 points or more", "baseline = 12");
    }
    enough
}

fn settle_rebases(root: &mut Section<'_>) -> Vec<Rebase> {
    let mut rebases = Vec::new();
    for mut table in root.sections("rebase") {
        let from = table.parsed("from");
        let reason = table.text("reason");
        let decided_by = table.text("decided_by");
        let decided_on = table.date("decided_on");
        if let (Some(from), Some(reason), Some(decided_by), Some(decided_on)) = (from, reason, decided_by, decided_on) {
            rebases.push(Rebase { from, reason, decided_by, decided_on });
        }
    }
    rebases.sort_by_key(|rebase| rebase.from);
    rebases
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Problems, read_text};

    const GOOD: &str = r#"
title = "Re-referrals within twelve months"
why = "A referral that comes back was perhaps closed too early."
definition = "Referrals within 12 months of an earlier one, as a share of all referrals."
priority = "Early help"
question = "better off"
agency = "childrens-services"
return = "front-door"
unit = "percent"
kind = "flow"
good = "low"
target = 20

[benchmark]
source = "Local Authority Interactive Tool"
bridge = "last-four-quarters"
"#;

    fn settle(text: &str, benchmark_sql: Option<&str>) -> (Option<Indicator>, String) {
        let mut problems = Problems::default();
        let document = read_text("re-referrals.toml", text, &mut problems).unwrap();
        let sql = benchmark_sql.map(str::to_owned);
        let indicator = Indicator::settle("re-referrals", &document, "SELECT 1".into(), sql);
        problems.merge(document.finish());
        (indicator, problems.to_string())
    }

    #[test]
    fn a_definition_says_what_the_figures_mean() {
        let (indicator, problems) = settle(GOOD, Some("SELECT 2"));
        assert_eq!(problems, "0 problems");
        let indicator = indicator.unwrap();
        assert_eq!((indicator.unit, indicator.decimals), (Unit::Percent, 1));
        assert_eq!(indicator.target, Some(20.0));
        assert_eq!(indicator.benchmark.unwrap().bridge, Bridge::LastFourQuarters);
        assert_eq!(indicator.small_count, SmallCount::Children);
    }

    #[test]
    fn everything_that_is_wrong_is_told_in_one_pass() {
        let text = GOOD
            .replace("good = \"low\"", "good = \"neutral\"\nbaseline = 5\nper = 7")
            .replace("question = \"better off\"", "question = \"why\"")
            .replace("bridge = \"last-four-quarters\"", "");
        let (indicator, problems) = settle(&text, None);
        assert!(indicator.is_none());
        for key in ["question", "per", "target", "benchmark.bridge", "benchmark.source", "baseline"] {
            assert!(problems.contains(&format!("  {key}\n")), "{key} in {problems}");
        }
        assert!(problems.ends_with("6 problems"), "{problems}");
    }

    #[test]
    fn a_benchmark_needs_its_table_and_a_share_or_a_rate() {
        let (_, problems) = settle(&GOOD.replace("[benchmark]", "[benchmarks]"), Some("SELECT 2"));
        assert!(problems.contains("re-referrals.benchmark.sql"), "{problems}");
        let (indicator, problems) = settle(&GOOD.replace("\"percent\"", "\"count\""), Some("SELECT 2"));
        assert!(indicator.is_none() && problems.contains("cannot be compared by count"), "{problems}");
    }

    #[test]
    fn a_flow_of_years_says_so_and_a_snapshot_has_no_bridge() {
        let yearly = GOOD.replace("\"last-four-quarters\"", "\"none\"");
        assert_eq!(settle(&yearly, Some("SELECT 2")).1, "0 problems");
        let snapshot = GOOD.replace("\"flow\"", "\"snapshot\"");
        assert!(settle(&snapshot, Some("SELECT 2")).1.contains("quarters of it never add up"));
    }
}
