//! Our figure beside those that others publish.
//!
//! A single quarter of a flow is never set beside a year: four quarters are, and say so.

use super::{
    answer::AnalysisError,
    benchmark::{Quartiles, neighbours, rank},
    disclosed::{Comparator, Comparison, Good, Kind, Shown},
    figures::{Cell, Figures, Row, sum},
    indicator::{Benchmark, Bridge, Indicator},
    publication::{Publication, Year},
    wording,
};
use crate::domain::{
    Period, Status,
    rounding::half_up,
    words::{capital, number, ordinal},
};

/// A side is worth saying for so many years.
const YEARS_RUNNING: usize = 3;

/// Our figure for the year compared, and how it came about.
struct Ours {
    value: Cell,
    /// The counts it is made of, when it is our own and not the published one.
    row: Option<Row>,
    bridge: Option<String>,
}

/// Refuses periods that cannot be set beside the published ones.
pub(super) fn check_periods(
    indicator: &Indicator,
    benchmark: &Benchmark,
    figures: &Figures,
    published: &Publication,
) -> Result<(), AnalysisError> {
    let (Some(ours), Some((year, _))) = (figures.last(), published.latest()) else { return Ok(()) };
    let refuse = |advice| {
        let (indicator, ours) = (indicator.id.clone(), ours.period);
        Err(AnalysisError::Unbridged { indicator, ours, published: year, advice })
    };
    match (indicator.kind, benchmark.bridge) {
        (Kind::Snapshot, _) => Ok(()),
        (Kind::Flow, Bridge::LastFourQuarters) if !matches!(ours.period, Period::Quarter { .. }) => {
            refuse("only quarters become a year by bridge = \"last-four-quarters\"")
        }
        (Kind::Flow, Bridge::LastFourQuarters) if !is_year(year) => {
            refuse("the sum of four quarters meets a year; let the benchmark's SQL answer years, as 2023-24-FY")
        }
        (Kind::Flow, Bridge::None) if std::mem::discriminant(&ours.period) != std::mem::discriminant(&year) => {
            refuse("with bridge = \"none\" both must be periods of one kind")
        }
        _ => Ok(()),
    }
}

fn is_year(period: Period) -> bool {
    matches!(period, Period::FinancialYear { .. } | Period::AcademicYear { .. } | Period::CalendarYear { .. })
}

/// The comparison with the newest published year; none when nothing is published.
pub(super) fn compare(
    indicator: &Indicator,
    benchmark: &Benchmark,
    figures: &Figures,
    published: &Publication,
    area: &str,
) -> Option<Comparison> {
    let (period, year) = published.latest()?;
    let say = |cell: Cell| wording::shown(cell, |value| wording::value(value, indicator.unit, indicator.decimals));
    let ours = ours(indicator, benchmark, figures, period, year);
    let england = year.england().map_or(Cell::Missing(Status::X), |entry| entry.value);
    let others = year.other_councils();
    let councils: Vec<f64> = others.iter().copied().chain(year.ours().and_then(|entry| entry.value.number())).collect();
    let value = ours.value.number();
    let cuts = Quartiles::of(&councils).filter(|_| year.covers_all_councils());
    let band = value.zip(cuts).and_then(|(value, cuts)| cuts.band(value, indicator.good));
    let rank = value.and_then(|value| rank(value, &others, indicator.good)).filter(|_| band.is_some());
    let rank = rank.map(|rank| (rank, others.len() + 1));
    let (mean, median, present) = neighbour_figures(year);
    let side = Side::of(&ours, england, indicator);
    Some(Comparison {
        source: benchmark.source.clone(),
        release: published.release,
        period,
        says: says(&say(ours.value), side, years_running(published, side), band, rank),
        ours: say(ours.value),
        england: say(england),
        neighbours_mean: say(mean),
        neighbours_median: say(median),
        neighbours: (present, published.neighbours()),
        band,
        rank,
        bars: bars(year, ours.value, area, &say),
        history: published
            .years()
            .take_while(|(earlier, _)| *earlier < period)
            .map(|(earlier, year)| {
                let england = year.england().map_or(Cell::Missing(Status::X), |entry| entry.value);
                (earlier, say(england), say(neighbour_figures(year).0))
            })
            .collect(),
        bridge: ours.bridge,
    })
}

/// Mean and median of the neighbours that published, and how many did.
fn neighbour_figures(year: &Year) -> (Cell, Cell, usize) {
    let present: Vec<f64> = year.neighbours().filter_map(|entry| entry.value.number()).collect();
    neighbours(&present).map_or((Cell::Missing(Status::X), Cell::Missing(Status::X), 0), |found| {
        (Cell::Number(found.mean), Cell::Number(found.median), found.published)
    })
}

/// Our own figure where there is one, else the published one, else why there is none.
fn ours(indicator: &Indicator, benchmark: &Benchmark, figures: &Figures, period: Period, year: &Year) -> Ours {
    let own = match (indicator.kind, benchmark.bridge) {
        (Kind::Flow, Bridge::LastFourQuarters) => last_four_quarters(indicator, figures),
        _ => same_or_latest(indicator, figures, period),
    };
    let value = own.as_ref().map_or(Cell::Missing(Status::X), |(row, _)| row.value(indicator.unit));
    match (value, own, year.ours()) {
        (Cell::Number(_), Some((row, bridge)), _) => Ours { value, row: Some(row), bridge },
        (_, _, Some(entry)) if entry.value.number().is_some() => Ours { value: entry.value, row: None, bridge: None },
        _ => Ours { value, row: None, bridge: None },
    }
}

/// The last four quarters as one row. A denominator that is a population does not add up: its mean is taken.
fn last_four_quarters(indicator: &Indicator, figures: &Figures) -> Option<(Row, Option<String>)> {
    let four = figures.rows.last_chunk::<4>()?;
    let numerator = sum(four.iter().map(|row| row.numerator));
    let below = sum(four.iter().map(|row| row.denominator.unwrap_or(Cell::Missing(Status::X))));
    let denominator = match (indicator.denominator, below) {
        (Kind::Snapshot, Cell::Number(total)) => Cell::Number(total / 4.0),
        _ => below,
    };
    let [first, .., last] = four;
    let month = |date: jiff::civil::Date| date.strftime("%B %Y").to_string();
    let bridge =
        format!("sum of the last four quarters, {} to {}", month(first.period.start()), month(last.period.end()));
    Some((Row { period: last.period, numerator, denominator: Some(denominator) }, Some(bridge)))
}

/// The row that ends with the published year, else the latest, which says so.
fn same_or_latest(indicator: &Indicator, figures: &Figures, year: Period) -> Option<(Row, Option<String>)> {
    let known = |row: &&Row| row.value(indicator.unit).number().is_some();
    if let Some(row) = figures.rows.iter().find(|row| row.period.end() == year.end()).filter(known) {
        return Some((row.clone(), None));
    }
    let last = figures.last()?;
    let bridge = format!("the latest, {}", wording::when(last.period, indicator.kind));
    Some((last.clone(), Some(bridge)))
}

/// Us and the neighbours, highest first; who did not publish comes last.
fn bars(year: &Year, ours: Cell, area: &str, say: &impl Fn(Cell) -> Shown) -> Vec<Comparator> {
    let us = year.ours().map_or(area, |entry| entry.area.as_str());
    let us = Comparator { area: us.to_owned(), ours: true, value: say(ours) };
    let others = year.neighbours();
    let others = others.map(|entry| Comparator { area: entry.area.clone(), ours: false, value: say(entry.value) });
    let mut bars: Vec<Comparator> = std::iter::once(us).chain(others).collect();
    let height = |bar: &Comparator| bar.value.value.unwrap_or(f64::NEG_INFINITY);
    bars.sort_by(|a, b| height(b).total_cmp(&height(a)));
    bars
}

/// Where we stand beside England.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Higher,
    Lower,
    /// England lies within what chance may have made of our figure.
    Similar,
}

impl Side {
    fn of(ours: &Ours, england: Cell, indicator: &Indicator) -> Option<Self> {
        let (us, them) = (ours.value.number()?, england.number()?);
        let chance = ours.row.as_ref().and_then(|row| row.around(indicator.unit));
        if chance.is_some_and(|interval| interval.holds(them)) {
            return Some(Self::Similar);
        }
        Some(Self::between(half_up(us, indicator.decimals), half_up(them, indicator.decimals)))
    }

    fn between(us: f64, them: f64) -> Self {
        match us.total_cmp(&them) {
            std::cmp::Ordering::Greater => Self::Higher,
            std::cmp::Ordering::Less => Self::Lower,
            std::cmp::Ordering::Equal => Self::Similar,
        }
    }
}

/// For how many published years up to the newest we have stood on this side of England.
fn years_running(published: &Publication, side: Option<Side>) -> usize {
    let sides = published
        .years()
        .rev()
        .map(|(_, year)| Some(Side::between(year.ours()?.value.number()?, year.england()?.value.number()?)));
    sides.take_while(|there| there.is_some() && *there == side).count()
}

fn says(ours: &Shown, side: Option<Side>, running: usize, band: Option<char>, rank: Option<(usize, usize)>) -> String {
    if ours.value.is_none() {
        return format!("Our figure for a year is {}, so it is not compared.", ours.text);
    }
    let england = match side {
        Some(Side::Similar) => Some("no different from England beyond chance".to_owned()),
        Some(Side::Higher) => Some("higher than England".to_owned()),
        Some(Side::Lower) => Some("lower than England".to_owned()),
        None => None,
    };
    let england = england.map(|text| match side {
        Some(Side::Higher | Side::Lower) if running >= YEARS_RUNNING => {
            format!("{text} for {} years running", number(running))
        }
        _ => text,
    });
    let place = rank.map(|(rank, of)| format!(" ({} of {of})", ordinal(rank))).unwrap_or_default();
    let quarter = band.map(|band| match band {
        'A' => format!("among the best quarter of councils{place}"),
        'B' => format!("in the better half of councils{place}"),
        'C' => format!("in the worse half of councils{place}"),
        _ => format!("among the worst quarter of councils{place}"),
    });
    let parts: Vec<String> = england.into_iter().chain(quarter).collect();
    if parts.is_empty() {
        return "England's figure is not published.".to_owned();
    }
    capital(&parts.join("; ")) + "."
}

/// Whether the comparison puts us among the worst quarter of councils.
pub(super) fn is_worst_quarter(comparison: Option<&Comparison>, good: Good) -> bool {
    good != Good::Neutral && comparison.is_some_and(|comparison| comparison.band == Some('D'))
}
