//! One column of one batch: text cells in, typed arrays out, and what is amiss with the cells.

use std::{cell::RefCell, collections::HashSet, sync::Arc};

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, StringArray, StringBuilder, UInt32Array,
};
use jiff::civil;

use super::{
    Column, ColumnType, Severity,
    cell::{self, Number},
    findings::{Findings, Spot, rule},
    headings::plain,
    plain_cell,
};
use crate::{
    decode::{NOT_CALCULATED, is_formula_error},
    domain::{Period, Status, period_of_heading},
};

/// The cells of one column in one batch.
pub(super) struct Cells<'a> {
    pub column: &'a Column,
    /// The cells; none if the file has no such column.
    pub cells: Option<&'a StringArray>,
    /// The row in the file of each cell.
    pub rows: &'a UInt32Array,
    /// Texts that mean "not available".
    pub missing: &'a [String],
    /// Texts in place of a number that say why there is none.
    pub symbols: &'a [(String, Status)],
    pub spot: &'a Spot,
    pub findings: &'a mut Findings,
}

/// No date of a return is older; its first day is counted from 1970.
const EARLIEST: i16 = 1900;
const EARLIEST_DAY: i32 = -25_567;

/// The texts that a column allows.
struct Allowed<'a> {
    few: &'a [String],
    many: HashSet<&'a str>,
}

impl<'a> Allowed<'a> {
    fn of(texts: &'a [String]) -> Self {
        match texts.len() {
            ..=8 => Self { few: texts, many: HashSet::new() },
            _ => Self { few: &[], many: texts.iter().map(String::as_str).collect() },
        }
    }

    /// Whether it is among them; anything is where they are none.
    fn has(&self, text: &str) -> bool {
        if self.many.is_empty() {
            self.few.is_empty() || self.few.iter().any(|word| word == text)
        } else {
            self.many.contains(text)
        }
    }
}

/// The sum of a count column so far.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sum {
    pub value: Option<i128>,
    pub status: Option<Status>,
    /// How many cells are not empty.
    pub filled: i64,
}

impl<'a> Cells<'a> {
    /// The typed arrays of the column: one, or a measure and its status.
    pub(super) fn read(mut self, sum: &mut Sum) -> Vec<ArrayRef> {
        match self.column.kind {
            ColumnType::Count | ColumnType::Decimal(_) => self.measure(sum),
            ColumnType::Text => vec![self.as_they_are().unwrap_or_else(|| self.texts())],
            ColumnType::Period => vec![self.periods()],
            ColumnType::Boolean => vec![Arc::new(BooleanArray::from_iter(self.each(Self::boolean)))],
            ColumnType::Date => vec![Arc::new(Date32Array::from_iter(self.each(Self::date)))],
        }
    }

    /// The text of a cell that holds something.
    fn cell(&self, at: usize) -> Option<&'a str> {
        let cells = self.cells?;
        let text = cells.is_valid(at).then(|| cells.value(at))?;
        let text = if plain_cell::is_trimmed(text) { text } else { text.trim() };
        (!text.is_empty()).then_some(text)
    }

    fn is_missing(&self, text: &str) -> bool {
        self.missing.iter().any(|missing| missing.trim() == text)
    }

    /// Reads every cell that holds something with `read`; of the others, tells those that must not be empty.
    fn each<T>(&mut self, read: impl Fn(&mut Self, &'a str, u32) -> Option<T>) -> Vec<Option<T>> {
        let mut values = Vec::with_capacity(self.rows.len());
        for at in 0..self.rows.len() {
            let row = self.rows.value(at);
            let Some(text) = self.cell(at).filter(|text| !self.is_missing(text)) else {
                self.tell_if_required(row, "Please fill it in.");
                values.push(None);
                continue;
            };
            if self.tell_formula(text, row) {
                values.push(None);
                continue;
            }
            values.push(read(self, text, row));
        }
        values
    }

    /// The texts as they stand in the file, if nothing is to be said or changed of any of them.
    fn as_they_are(&self) -> Option<ArrayRef> {
        let cells = self.cells?;
        if self.column.required && cells.null_count() > 0 {
            return None;
        }
        let allowed = Allowed::of(&self.column.allowed);
        let is_fine = |text: &str| {
            plain_cell::is_trimmed(text) && !self.is_missing(text) && allowed.has(text) && !is_formula_error(text)
        };
        cells.iter().flatten().all(is_fine).then(|| Arc::new(cells.clone()) as ArrayRef)
    }

    fn texts(&mut self) -> ArrayRef {
        let allowed = Allowed::of(&self.column.allowed);
        Arc::new(StringArray::from_iter(self.each(|cells, text, row| cells.text(text, row, &allowed))))
    }

    fn periods(&mut self) -> ArrayRef {
        // Nearly all rows are of the period of the row before.
        let last = RefCell::new(("", String::new()));
        let periods = self.each(|cells, text, row| {
            if last.borrow().0 != text {
                *last.borrow_mut() = (text, cells.period(text, row)?);
            }
            Some(last.borrow().1.clone())
        });
        Arc::new(StringArray::from_iter(periods))
    }

    fn measure(&mut self, sum: &mut Sum) -> Vec<ArrayRef> {
        let (rows, kind) = (self.rows.len(), self.column.kind);
        let mut values = Vec::with_capacity(rows);
        // Why some are missing, from the first one missing on.
        let mut reasons: Option<StringBuilder> = None;
        let words =
            self.missing.iter().map(|word| word.trim()).chain(self.symbols.iter().map(|(text, _)| text.as_str()));
        let plain = !words.into_iter().any(|word| plain_cell::number(word, kind.scale()).is_some());
        for at in 0..rows {
            let row = self.rows.value(at);
            let quick = self.cells.filter(|cells| plain && cells.is_valid(at));
            let quick = quick.and_then(|cells| plain_cell::number(cells.value(at), kind.scale()));
            let number = match quick {
                Some(units) => {
                    self.tell_if_out_of_range(i128::from(units), row);
                    Ok(i128::from(units))
                }
                None => self.number(at, row),
            };
            match number {
                Ok(units) => {
                    values.push(units);
                    reasons.iter_mut().for_each(StringBuilder::append_null);
                    sum.value = Some(sum.value.unwrap_or(0).saturating_add(units));
                    sum.filled += 1;
                }
                Err(status) => {
                    sum.filled += i64::from(self.cell(at).is_some());
                    let reasons = reasons.get_or_insert_with(|| {
                        let mut before = StringBuilder::new();
                        (0..at).for_each(|_| before.append_null());
                        before
                    });
                    values.push(0);
                    reasons.append_value(status.symbol());
                    sum.status = sum.status.or(Some(status));
                }
            }
        }
        let reasons = reasons.map_or_else(|| StringArray::new_null(rows), |mut reasons| reasons.finish());
        let known = (reasons.null_count() < rows).then(|| (0..rows).map(|at| reasons.is_null(at)).collect());
        let values = Decimal128Array::new(values.into(), known).with_data_type(kind.data_type());
        vec![Arc::new(values), Arc::new(reasons)]
    }

    /// The number in a cell, in its smallest unit, or the reason why there is none.
    fn number(&mut self, at: usize, row: u32) -> Result<i128, Status> {
        let Some(text) = self.cell(at) else {
            self.tell_if_required(row, "Please fill it in, or write x (not available) or z (not applicable).");
            return Err(Status::X);
        };
        if let Some((_, status)) = self.symbols.iter().find(|(symbol, _)| symbol == text) {
            return Err(*status);
        }
        let kind = self.column.kind;
        match cell::number(text, kind.scale(), kind.precision(), self.missing) {
            Number::Value { units, rounded } => {
                if rounded && kind == ColumnType::Count {
                    self.tell(rule::TYPE, row, |name| format!("{name} is not a whole number. Please write one."));
                    return Err(Status::X);
                }
                if rounded {
                    let (scale, spot) = (kind.scale(), self.spot);
                    self.findings.add(Severity::Note, spot, Some(row), rule::ROUNDED, || {
                        format!("{} has more than {scale} decimal places; it is rounded to them.", spot.quoted())
                    });
                }
                self.tell_if_out_of_range(units, row);
                Ok(units)
            }
            Number::Symbol(status) => Err(status),
            Number::Missing => {
                let (spot, words) = (self.spot, self.missing);
                self.findings.add(Severity::Note, spot, Some(row), rule::NOT_AVAILABLE, || {
                    let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
                    format!(
                        "{} has {} in place of a number; it counts as not available.",
                        spot.quoted(),
                        words.join(" or ")
                    )
                });
                Err(Status::X)
            }
            Number::TooLarge => {
                self.tell(rule::TYPE, row, |name| {
                    format!("{name} is larger than any number here can be. Please check it.")
                });
                Err(Status::X)
            }
            Number::Unreadable if self.tell_formula(text, row) => Err(Status::X),
            Number::Unreadable if cell::date(text).is_some() || cell::is_time(text) => {
                self.tell(rule::TYPE, row, |name| {
                    format!(
                        "{name} is a date or a time, not a number; spreadsheets turn what looks like one into one. \
                         Please set the cell's format to Number and write the number again."
                    )
                });
                Err(Status::X)
            }
            Number::Unreadable => {
                self.tell(rule::TYPE, row, |name| {
                    format!("{name} is not a number. Please write one, or x (not available) or z (not applicable).")
                });
                Err(Status::X)
            }
        }
    }

    fn text(&mut self, text: &'a str, row: u32, among: &Allowed<'a>) -> Option<&'a str> {
        if among.has(text) {
            return Some(text);
        }
        let allowed = &self.column.allowed;
        if let Some(word) = allowed.iter().find(|word| plain(word) == plain(text)) {
            let spot = self.spot;
            self.findings.add(Severity::Note, spot, Some(row), rule::SPELLING, || {
                format!(
                    "{} has other capitals or spaces than this return's list; it is read as {word:?}.",
                    spot.quoted()
                )
            });
            return Some(word);
        }
        self.tell(rule::ALLOWED, row, |name| match allowed.len() {
            ..=8 => format!("{name} must be one of {}. Please choose one.", allowed.join(", ")),
            many => format!("{name} is none of the {many} texts this return's list allows. Please choose one of them."),
        });
        Some(text)
    }

    fn period(&mut self, text: &str, row: u32) -> Option<String> {
        let period: Option<Period> = text.parse().ok().or_else(|| period_of_heading(text, None));
        if period.is_none() {
            self.tell(rule::TYPE, row, |name| format!("{name} is not a period. Please write a quarter as 2025-26-Q1."));
        }
        period.map(|period| period.to_string())
    }

    fn boolean(&mut self, text: &str, row: u32) -> Option<bool> {
        let answer = cell::boolean(text);
        if answer.is_none() {
            self.tell(rule::TYPE, row, |name| format!("{name} is neither yes nor no. Please write one of them."));
        }
        answer
    }

    fn date(&mut self, text: &str, row: u32) -> Option<i32> {
        if let Some(days) = plain_cell::date(text).filter(|days| *days >= EARLIEST_DAY) {
            return Some(days);
        }
        let date = cell::date(text);
        if date.is_some_and(|date| date.year() < EARLIEST) {
            // Old forms and test systems hold such dates; whoever sent it knows.
            self.findings.add(Severity::Query, self.spot, Some(row), rule::RANGE, || {
                format!("{} lies before {EARLIEST}. Is the year right?", self.spot.quoted())
            });
        }
        if date.is_none() {
            let is_serial = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
            let has_time = text.rsplit_once([' ', 'T']).is_some_and(|(day, time)| {
                cell::date(day).is_some() && cell::is_time(time.split('.').next().unwrap_or(time))
            });
            self.tell(rule::TYPE, row, |name| match (is_serial, has_time) {
                (true, _) => format!("{name} is a number, not a date. Please set the cell's format to Date."),
                (_, true) => format!("{name} has a time of day behind its date. Please write the date alone."),
                _ => format!("{name} is not a date. Please write it as 30/06/2025."),
            });
        }
        date.map(|date| (date - civil::date(1970, 1, 1)).get_days())
    }

    /// Tells of a cell whose formula has no result; whether it is one.
    fn tell_formula(&mut self, text: &str, row: u32) -> bool {
        if !is_formula_error(text) {
            return false;
        }
        self.tell(rule::FORMULA, row, |name| match text {
            NOT_CALCULATED => format!(
                "{name} has a formula that was never worked out. Please open the workbook in Excel, save it and send it \
                 again."
            ),
            _ => format!("{name} shows the error of a formula. Please correct the formula, or write what it should give."),
        });
        true
    }

    fn tell_if_required(&mut self, row: u32, then: &str) {
        if self.column.required && self.cells.is_some() {
            self.tell(rule::REQUIRED, row, |name| format!("{name} is empty. {then}"));
        }
    }

    fn tell_if_out_of_range(&mut self, units: i128, row: u32) {
        let (min, max) = (self.column.min, self.column.max);
        if min.is_none() && max.is_none() {
            return;
        }
        // The same, and quicker where it fits.
        let units = i64::try_from(units).map_or(units as f64, |units| units as f64);
        let number = units / 10_f64.powi(i32::from(self.column.kind.scale()));
        if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
            let bounds = match (min, max) {
                (Some(min), Some(max)) => format!("between {min} and {max}"),
                (Some(min), None) => format!("{min} or more"),
                (None, Some(max)) => format!("{max} or less"),
                (None, None) => return,
            };
            self.tell(rule::RANGE, row, |name| format!("{name} must be {bounds}. Please check it."));
        }
    }

    fn tell(&mut self, rule: &'static str, row: u32, says: impl FnOnce(&str) -> String) {
        let spot = self.spot;
        self.findings.add(self.column.severity, spot, Some(row), rule, || says(&spot.quoted()));
    }
}
