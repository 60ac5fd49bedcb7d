//! One column of one batch: text cells in, typed arrays out, and what is amiss with the cells.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Builder, StringArray, StringBuilder, UInt32Array,
};
use jiff::civil;

use super::{
    Column, ColumnType, Severity,
    cell::{self, Number},
    findings::{Findings, Spot, rule},
    headings::plain,
};
use crate::domain::{Period, Status};

/// The cells of one column in one batch.
pub(super) struct Cells<'a> {
    pub column: &'a Column,
    /// The cells; none if the file has no such column.
    pub cells: Option<&'a StringArray>,
    /// The row in the file of each cell.
    pub rows: &'a UInt32Array,
    /// Texts that mean "not available".
    pub missing: &'a [String],
    pub spot: &'a Spot,
    pub findings: &'a mut Findings,
}

/// The sum of a count column so far.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Sum {
    pub value: Option<i128>,
    pub status: Option<Status>,
}

impl<'a> Cells<'a> {
    /// The typed arrays of the column: one, or a measure and its status.
    pub(super) fn read(mut self, sum: &mut Sum) -> Vec<ArrayRef> {
        match self.column.kind {
            ColumnType::Count | ColumnType::Decimal(_) => self.measure(sum),
            ColumnType::Text => vec![Arc::new(StringArray::from_iter(self.each(Self::text)))],
            ColumnType::Period => vec![Arc::new(StringArray::from_iter(self.each(Self::period)))],
            ColumnType::Boolean => vec![Arc::new(BooleanArray::from_iter(self.each(Self::boolean)))],
            ColumnType::Date => vec![Arc::new(Date32Array::from_iter(self.each(Self::date)))],
        }
    }

    /// The text of a cell that holds something.
    fn cell(&self, at: usize) -> Option<&'a str> {
        let cells = self.cells?;
        cells.is_valid(at).then(|| cells.value(at).trim()).filter(|text| !text.is_empty())
    }

    /// Reads every cell that holds something with `read`; of the others, tells those that must not be empty.
    fn each<T>(&mut self, read: fn(&mut Self, &str, u32) -> Option<T>) -> Vec<Option<T>> {
        let mut values = Vec::with_capacity(self.rows.len());
        for at in 0..self.rows.len() {
            let row = self.rows.value(at);
            let cell = self.cell(at).filter(|text| !self.missing.iter().any(|missing| missing.trim() == *text));
            let Some(text) = cell else {
                self.tell_if_required(row, "Please fill it in.");
                values.push(None);
                continue;
            };
            values.push(read(self, text, row));
        }
        values
    }

    fn measure(&mut self, sum: &mut Sum) -> Vec<ArrayRef> {
        let kind = self.column.kind;
        let mut values = Decimal128Builder::with_capacity(self.rows.len()).with_data_type(kind.data_type());
        let mut reasons = StringBuilder::new();
        for at in 0..self.rows.len() {
            match self.number(at, self.rows.value(at)) {
                Ok(units) => {
                    values.append_value(units);
                    reasons.append_null();
                    sum.value = Some(sum.value.unwrap_or(0).saturating_add(units));
                }
                Err(status) => {
                    values.append_null();
                    reasons.append_value(status.symbol());
                    sum.status = sum.status.or(Some(status));
                }
            }
        }
        vec![Arc::new(values.finish()), Arc::new(reasons.finish())]
    }

    /// The number in a cell, in its smallest unit, or the reason why there is none.
    fn number(&mut self, at: usize, row: u32) -> Result<i128, Status> {
        let Some(text) = self.cell(at) else {
            self.tell_if_required(row, "Please fill it in, or write x (not available) or z (not applicable).");
            return Err(Status::X);
        };
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
            Number::Unreadable => {
                self.tell(rule::TYPE, row, |name| {
                    format!("{name} is not a number. Please write one, or x (not available) or z (not applicable).")
                });
                Err(Status::X)
            }
        }
    }

    fn text(&mut self, text: &str, row: u32) -> Option<String> {
        let allowed = &self.column.allowed;
        if allowed.is_empty() || allowed.iter().any(|word| word == text) {
            return Some(text.to_owned());
        }
        if let Some(word) = allowed.iter().find(|word| plain(word) == plain(text)) {
            let spot = self.spot;
            self.findings.add(Severity::Note, spot, Some(row), rule::SPELLING, || {
                format!(
                    "{} has other capitals or spaces than this return's list; it is read as {word:?}.",
                    spot.quoted()
                )
            });
            return Some(word.clone());
        }
        self.tell(rule::ALLOWED, row, |name| match allowed.len() {
            ..=8 => format!("{name} must be one of {}. Please choose one.", allowed.join(", ")),
            many => format!("{name} is none of the {many} texts this return's list allows. Please choose one of them."),
        });
        Some(text.to_owned())
    }

    fn period(&mut self, text: &str, row: u32) -> Option<String> {
        let period: Option<Period> = text.parse().ok();
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
        let date = cell::date(text);
        if date.is_none() {
            self.tell(rule::TYPE, row, |name| format!("{name} is not a date. Please write it as 30/06/2025."));
        }
        date.map(|date| (date - civil::date(1970, 1, 1)).get_days())
    }

    fn tell_if_required(&mut self, row: u32, then: &str) {
        if self.column.required && self.cells.is_some() {
            self.tell(rule::REQUIRED, row, |name| format!("{name} is empty. {then}"));
        }
    }

    fn tell_if_out_of_range(&mut self, units: i128, row: u32) {
        let number = units as f64 / 10_f64.powi(i32::from(self.column.kind.scale()));
        let (min, max) = (self.column.min, self.column.max);
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
