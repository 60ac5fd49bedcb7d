//! One column of a return's table, as its contract describes it.

use arrow::datatypes::DataType;

use super::{Codes, Form, Severity, Shield};
use crate::settings::Section;

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name in SQL.
    pub name: String,
    /// The headings it goes by, the present one first; for XML the paths from the row's element.
    pub headings: Vec<String>,
    /// What people call it, where its heading is made for machines.
    pub label: Option<String>,
    /// What to know when filling it in.
    pub note: Option<String>,
    /// What its cells hold.
    pub kind: ColumnType,
    /// Whether every row must have it.
    pub required: bool,
    /// The least number allowed.
    pub min: Option<f64>,
    /// The greatest number allowed.
    pub max: Option<f64>,
    /// The only texts allowed; empty for any.
    pub allowed: Vec<String>,
    /// Whether the column itself may be absent from the file.
    pub sometimes: bool,
    /// How much a cell matters that breaks the column's rules. A cell that cannot be read and is no error is stored as
    /// not available.
    pub severity: Severity,
    /// What its numbers count or measure, as in "children", "%" or "£".
    pub unit: Option<String>,
    /// How its texts are written.
    pub form: Form,
    /// The list its texts come from.
    pub codes: Option<Codes>,
    /// What is kept in place of its cells.
    pub shield: Option<Shield>,
}

/// What a column's cells hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Whole numbers, with a status where there is none.
    Count,
    /// Decimals with so many places, with a status where there is none.
    Decimal(i8),
    /// Text.
    Text,
    /// Civil dates.
    Date,
    /// Yes or no.
    Boolean,
    /// A period's identifier.
    Period,
}

impl Column {
    /// Reads one `[[table.column]]`.
    pub(super) fn settle(section: &mut Section<'_>) -> Option<Self> {
        let name = section.text("name");
        let kind = section.one_of("type", &["count", "decimal", "text", "date", "boolean", "period"]);
        let decimals = section.integer_opt("decimals");
        let mut headings = section.list_or_empty("headings");
        if let Some(path) = section.text_opt("path") {
            headings.insert(0, path);
        }
        let (label, note) = (section.text_opt("label"), section.text_opt("note"));
        let required = section.boolean_or("required", false);
        let (min, max) = (section.float_opt("min"), section.float_opt("max"));
        let allowed = section.list_or_empty("allowed");
        let sometimes = section.one_of_opt("present", &["always", "sometimes"]) == Some("sometimes");
        let severity = settle_severity(section, Severity::Error);
        let (name, kind) = (name?, kind?);
        if !is_sql_name(&name) {
            section.refuse("name", "lower-case letters, digits and underscores", "name = \"missing_home\"");
        }
        if headings.is_empty() {
            headings.push(name.clone());
        }
        let places = i8::try_from(decimals.unwrap_or(2)).ok().filter(|places| (0..=12).contains(places));
        if places.is_none() {
            section.refuse("decimals", "a number of decimal places from 0 to 12", "decimals = 2");
        }
        let kind = match kind {
            "count" => ColumnType::Count,
            "decimal" => ColumnType::Decimal(places.unwrap_or(2)),
            "text" => ColumnType::Text,
            "date" => ColumnType::Date,
            "boolean" => ColumnType::Boolean,
            _ => ColumnType::Period,
        };
        if decimals.is_some() && !matches!(kind, ColumnType::Decimal(_)) {
            section.refuse("decimals", "decimal places only where type = \"decimal\"", "nothing; leave the line out");
        }
        if min.zip(max).is_some_and(|(min, max)| min > max) {
            section.refuse("min", "a number no greater than max", "");
        }
        if (min.is_some() || max.is_some()) && !kind.is_measure() {
            let key = if min.is_some() { "min" } else { "max" };
            section.refuse(key, "a bound only for numbers", "type = \"count\", or no bound");
        }
        if !allowed.is_empty() && kind != ColumnType::Text {
            section.refuse("allowed", "a list of texts only where type = \"text\"", "nothing; leave the line out");
        }
        let unit = section.text_opt("unit");
        if unit.is_some() && !kind.is_measure() {
            section.refuse("unit", "a unit only for numbers", "type = \"count\", or no unit");
        }
        let (form, codes) = (Form::settle(section, kind), Codes::settle(section, kind));
        let shield = Shield::settle(section, kind);
        if codes.is_some() && !allowed.is_empty() {
            section.refuse("allowed", "either allowed or codes", "nothing; leave the line out");
        }
        Some(Self {
            name,
            headings,
            label,
            note,
            kind,
            required,
            min,
            max,
            allowed,
            sometimes,
            severity,
            unit,
            form,
            codes,
            shield,
        })
    }

    /// The column's type in the warehouse.
    pub fn stored_type(&self) -> DataType {
        self.shield.as_ref().map_or_else(|| self.kind.data_type(), Shield::data_type)
    }

    /// What people call it.
    pub fn label(&self) -> &str {
        self.label.as_deref().unwrap_or_else(|| self.heading())
    }

    /// The heading it should have.
    pub fn heading(&self) -> &str {
        self.headings.first().map_or(self.name.as_str(), String::as_str)
    }
}

impl ColumnType {
    /// Whether the column is a number that may be missing for a reason.
    pub fn is_measure(self) -> bool {
        matches!(self, Self::Count | Self::Decimal(_))
    }

    /// The type of its cells once they are read.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Count | Self::Decimal(_) => DataType::Decimal128(self.precision(), self.scale()),
            Self::Text | Self::Period => DataType::Utf8,
            Self::Date => DataType::Date32,
            Self::Boolean => DataType::Boolean,
        }
    }

    /// Decimal digits of a measure, all together.
    pub(super) fn precision(self) -> u8 {
        if self == Self::Count { 18 } else { 28 }
    }

    /// Decimal digits of a measure behind the point.
    pub(super) fn scale(self) -> i8 {
        match self {
            Self::Decimal(places) => places,
            _ => 0,
        }
    }
}

/// Reads `severity`.
pub(super) fn settle_severity(section: &mut Section<'_>, usual: Severity) -> Severity {
    match section.one_of_opt("severity", &["error", "query", "note"]) {
        Some("error") => Severity::Error,
        Some("query") => Severity::Query,
        Some("note") => Severity::Note,
        _ => usual,
    }
}

/// Whether a name needs no quotes in SQL.
pub(super) fn is_sql_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
