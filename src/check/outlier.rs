//! Figures that are out of the ordinary for the agency that sent them: outside the limits of its own history.
//!
//! The limits are those of an XmR chart. Knows no figure of anybody else, and tells none.

use std::collections::{BTreeSet, HashMap};

use arrow::array::{AsArray, RecordBatch, UInt32Array};
use arrow::compute::cast;
use arrow::datatypes::Decimal128Type;
use arrow::error::ArrowError;
use jiff::civil::Date;

use super::{
    Past, Severity, TableContract, columns::settle_severity, findings::Findings, headings::Layout, keys::Keys,
};
use crate::{
    domain::{
        Period,
        limits::{FEWEST, average, bounds},
        words::several,
    },
    settings::Section,
};

/// The most periods that a history goes back.
pub const HISTORY: usize = 24;

/// A figure that is held against its own history.
#[derive(Debug, Clone)]
pub struct Outlier {
    /// Its short name.
    pub id: String,
    /// The columns that say which rows are the same thing; none where a period has one row.
    pub key: Vec<String>,
    /// The figure; none where rows are counted.
    pub column: Option<String>,
    /// How much it matters.
    pub severity: Severity,
}

impl Outlier {
    /// Reads one `[[table.outlier]]`.
    pub(super) fn settle(section: &mut Section<'_>, table: &TableContract) -> Option<Self> {
        let id = section.text("id");
        let (key, column) = (section.list_or_empty("key"), section.text_opt("column"));
        section.one_of_opt("method", &["xmr"]);
        let severity = settle_severity(section, Severity::Query);
        table.refuse_strangers(section, "key", &key);
        if let Some(name) = &column
            && !table.column(name).is_some_and(|column| column.kind.is_measure())
        {
            section.refuse("column", "a count or decimal of this table; without it, rows are counted", "");
        }
        Some(Self { id: id?, key, column, severity })
    }

    /// The columns that a history must have, besides `period`.
    pub fn columns(&self) -> BTreeSet<&str> {
        self.key.iter().chain(&self.column).map(String::as_str).collect()
    }
}

/// One figure being held against its history.
pub(super) struct Watch<'a> {
    outlier: &'a Outlier,
    table: &'a TableContract,
    keys: Keys,
    /// What there was of each key in each period before, oldest first. Fewer than five say nothing.
    history: HashMap<u128, Vec<f64>>,
    /// What there is now.
    now: HashMap<u128, Now>,
}

struct Now {
    value: Option<f64>,
    row: u32,
}

impl<'a> Watch<'a> {
    pub(super) fn of(
        outlier: &'a Outlier,
        table: &'a TableContract,
        past: &Past,
        asked: Period,
    ) -> Result<Self, ArrowError> {
        let keys = Keys::of(table, &outlier.key)?;
        let mut watch = Self { outlier, table, keys, history: HashMap::new(), now: HashMap::new() };
        let mut sums: HashMap<u128, Vec<(Date, Option<f64>)>> = HashMap::new();
        for batch in past.history.get(&table.name).into_iter().flatten() {
            let periods = batch.column_by_name("period").and_then(|periods| periods.as_string_opt::<i32>());
            let periods = periods.ok_or_else(|| ArrowError::SchemaError("no column period".into()))?;
            for ((key, value), period) in watch.digests(batch)?.into_iter().zip(watch.values(batch)?).zip(periods) {
                let Some(end) = period.and_then(|period| Some(period.parse::<Period>().ok()?.end())) else { continue };
                if end >= asked.end() {
                    continue;
                }
                let known = sums.entry(key).or_default();
                match known.iter_mut().find(|(day, _)| *day == end) {
                    Some((_, sum)) => *sum = sum.zip(value).map(|(sum, value)| sum + value),
                    None => known.push((end, value)),
                }
            }
        }
        for (key, mut series) in sums {
            series.sort_by_key(|(end, _)| *end);
            let values: Vec<f64> = series.into_iter().filter_map(|(_, value)| value).collect();
            if values.len() >= FEWEST {
                watch.history.insert(key, values);
            }
        }
        Ok(watch)
    }

    fn digests(&self, batch: &RecordBatch) -> Result<Vec<u128>, ArrowError> {
        if self.outlier.key.is_empty() { Ok(vec![0; batch.num_rows()]) } else { self.keys.digests(batch) }
    }

    fn values(&self, batch: &RecordBatch) -> Result<Vec<Option<f64>>, ArrowError> {
        let Some(name) = &self.outlier.column else { return Ok(vec![Some(1.0); batch.num_rows()]) };
        let found = batch.column_by_name(name).zip(self.table.column(name));
        let (array, column) = found.ok_or_else(|| ArrowError::SchemaError(format!("no column {name}")))?;
        let array = cast(array, &column.kind.data_type())?;
        let scale = 10_f64.powi(column.kind.scale().into());
        Ok(array.as_primitive::<Decimal128Type>().iter().map(|units| units.map(|units| units as f64 / scale)).collect())
    }

    /// Adds a batch of this file.
    pub(super) fn add(&mut self, batch: &RecordBatch, rows: &UInt32Array) -> Result<(), ArrowError> {
        if self.history.is_empty() {
            return Ok(());
        }
        let values = self.values(batch)?;
        for ((key, value), row) in self.digests(batch)?.into_iter().zip(values).zip(rows.values()) {
            if self.history.contains_key(&key) {
                self.now
                    .entry(key)
                    .and_modify(|now| now.value = now.value.zip(value).map(|(sum, value)| sum + value))
                    .or_insert(Now { value, row: *row });
            }
        }
        Ok(())
    }

    /// Tells what is out of the ordinary.
    pub(super) fn tell(self, layout: &Layout, findings: &mut Findings) {
        let outlier = self.outlier;
        let mut now: Vec<_> = self.now.into_iter().collect();
        now.sort_by_key(|(_, now)| now.row);
        for (key, Now { value, row }) in now {
            let Some((value, history)) = value.zip(self.history.get(&key)) else { continue };
            let Some(way) = beyond(value, history) else { continue };
            let spot = layout.spot_of(self.table, outlier.column.as_ref());
            let periods = several(history.len(), "period", "periods");
            findings.add(outlier.severity, spot, Some(row), outlier.id.clone(), || match &outlier.column {
                Some(_) => format!(
                    "{} in {} is much {way} than in the last {periods}. Is that right?",
                    spot.quoted(),
                    spot.cell(row)
                ),
                None => {
                    let many = if way == "higher" { "many more" } else { "far fewer" };
                    format!("there are {many} rows like row {row} than in the last {periods}. Is that right?")
                }
            });
        }
    }
}

/// Which way a value lies outside of the limits of its history, if it does. A history without limits says nothing.
fn beyond(value: f64, history: &[f64]) -> Option<&'static str> {
    let limits = bounds(history, average(history.iter().copied())?, true).ok()?;
    if value > limits.upper {
        Some("higher")
    } else if value < limits.lower {
        Some("lower")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::beyond;

    #[test]
    fn what_chance_alone_would_keep_is_not_told() {
        let history = [40.0, 44.0, 39.0, 42.0, 41.0, 43.0];
        assert_eq!(beyond(45.0, &history), None);
        assert_eq!(beyond(120.0, &history), Some("higher"));
        assert_eq!(beyond(2.0, &history), Some("lower"));
        assert_eq!(beyond(120.0, &history[..4]), None, "four periods have no limits");
        assert_eq!(beyond(120.0, &[7.0; 9]), None, "equal figures have none either");
    }
}
