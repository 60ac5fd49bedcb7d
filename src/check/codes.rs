//! Lists of codes: from a file beside the definition, or from a reference table as readers see it.

use std::{collections::HashMap, sync::Arc};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray, UInt32Array};

use super::{
    Column, ColumnType, Severity,
    findings::{Findings, Spot, rule},
    headings::plain,
};
use crate::{decode, settings::Section};

/// Where a column's codes come from.
#[derive(Debug, Clone)]
pub enum Codes {
    /// A file beside the definition; it is part of the contract.
    File(Arc<CodeList>),
    /// A table that other returns fill; a [`Past`](super::Past) brings what it holds.
    Table(CodeTable),
}

/// A list in the warehouse.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CodeTable {
    /// The table's name in SQL.
    pub table: String,
    /// The column of the codes.
    pub column: String,
    /// The column of what they mean.
    pub label: Option<String>,
}

/// Codes with what they mean, in their order.
#[derive(Debug, Clone, Default)]
pub struct CodeList {
    codes: Vec<(String, Option<String>)>,
    /// The code's place by the code as it is written.
    exact: HashMap<String, usize>,
    /// The same by what people see of code or label; none where two codes look the same.
    seen: HashMap<String, Option<usize>>,
}

/// What a text is to a list.
enum Standing<'a> {
    Listed,
    /// Written with other capitals or spaces than this code.
    Spelt(&'a str),
    /// What the code means, in its place.
    Label,
    Unknown,
}

impl CodeList {
    /// A list of these codes; what is there twice counts once.
    pub fn of(codes: impl IntoIterator<Item = (String, Option<String>)>) -> Self {
        let mut list = Self::default();
        for (code, label) in codes {
            let (code, at) = (code.trim().to_owned(), list.codes.len());
            if code.is_empty() || list.exact.contains_key(&code) {
                continue;
            }
            list.seen.entry(plain(&code)).and_modify(|known| *known = None).or_insert(Some(at));
            list.exact.insert(code.clone(), at);
            list.codes.push((code, label.filter(|label| !label.trim().is_empty())));
        }
        list
    }

    /// Each code and what it means.
    pub fn codes(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.codes.iter().map(|(code, label)| (code.as_str(), label.as_deref()))
    }

    /// The list as text, to be kept.
    pub fn to_text(&self) -> String {
        serde_json::to_string(&self.codes).unwrap_or_default()
    }

    /// A list that was kept as text.
    ///
    /// # Errors
    /// When it is no such text.
    pub fn from_text(text: &str) -> serde_json::Result<Self> {
        Ok(Self::of(serde_json::from_str::<Vec<(String, Option<String>)>>(text)?))
    }

    fn standing(&self, text: &str) -> Standing<'_> {
        if self.exact.contains_key(text) {
            return Standing::Listed;
        }
        let seen = plain(text);
        match self.seen.get(&seen) {
            Some(Some(at)) => Standing::Spelt(&self.codes[*at].0),
            _ if self.codes.iter().any(|(_, label)| label.as_deref().is_some_and(|label| plain(label) == seen)) => {
                Standing::Label
            }
            _ => Standing::Unknown,
        }
    }
}

impl Codes {
    /// Reads `codes` of a `[[table.column]]`.
    pub(super) fn settle(section: &mut Section<'_>, kind: ColumnType) -> Option<Self> {
        let mut table = section.section_opt("codes")?;
        let (file, name) = (table.text_opt("file"), table.text_opt("table"));
        let (column, label) = (table.text("column"), table.text_opt("label"));
        if kind != ColumnType::Text {
            section.refuse("codes", "a list of codes only where type = \"text\"", "type = \"text\"");
        }
        match (file, name) {
            (Some(file), None) => {
                let text = table.beside("file", &file)?;
                match listed(&text, &column?, label.as_deref()) {
                    Ok(list) => return Some(Self::File(Arc::new(list))),
                    Err(expected) => table.refuse("file", &expected, ""),
                }
            }
            (None, Some(name)) => {
                let known = ["reference.", "returns."].iter().any(|schema| name.starts_with(schema));
                if !known {
                    table.refuse(
                        "table",
                        "a table of another return, with its schema",
                        "table = \"reference.la_codes\"",
                    );
                }
                return column.map(|column| Self::Table(CodeTable { table: name, column, label }));
            }
            _ => {
                let write = "codes = { file = \"codes/ethnicity.csv\", column = \"code\" }";
                section.refuse("codes", "either file or table", write);
            }
        }
        None
    }
}

/// The codes of a CSV file; what is wrong with it as what was expected.
fn listed(text: &str, column: &str, label: Option<&str>) -> Result<CodeList, String> {
    let unreadable = |error: decode::DecodeError| format!("a CSV file of codes ({error})");
    let sheet = decode::csv(text.as_bytes().to_vec().into()).map_err(unreadable)?;
    let place = |name: &str| {
        let at = sheet.columns.iter().position(|heading| heading == name);
        at.ok_or_else(|| format!("a file with the column {name:?}; it has {}", sheet.columns.join(", ")))
    };
    let (code, label) = (place(column)?, label.map(place).transpose()?);
    let mut codes = Vec::new();
    for batch in sheet.rows {
        let batch = batch.map_err(unreadable)?;
        let cells = |at: usize| batch.column(at + 1).as_string::<i32>();
        let cell = |at: usize, row: usize| cells(at).is_valid(row).then(|| cells(at).value(row).trim().to_owned());
        for row in 0..batch.num_rows() {
            codes.extend(cell(code, row).map(|code| (code, label.and_then(|label| cell(label, row)))));
        }
    }
    if codes.is_empty() {
        return Err("a list with at least one code".into());
    }
    Ok(CodeList::of(codes))
}

/// The texts of `column` as `list` writes them; what it does not have is told.
pub(super) fn check_codes(
    column: &Column,
    list: &CodeList,
    batch: &RecordBatch,
    rows: &UInt32Array,
    spot: &Spot,
    findings: &mut Findings,
) -> Option<ArrayRef> {
    let texts = batch.column_by_name(&column.name)?.as_string_opt::<i32>()?;
    let mut spelt: Vec<(usize, &str)> = Vec::new();
    for (at, (text, row)) in texts.iter().zip(rows.values()).enumerate() {
        let Some(text) = text else { continue };
        match list.standing(text) {
            Standing::Listed => {}
            Standing::Spelt(code) => {
                findings.add(Severity::Note, spot, Some(*row), rule::SPELLING, || {
                    format!(
                        "{} has other capitals or spaces than this return's list; it is read as {code:?}.",
                        spot.quoted()
                    )
                });
                spelt.push((at, code));
            }
            Standing::Label => findings.add(column.severity, spot, Some(*row), rule::CODES, || {
                format!("{} has what a code means in its place. Please write the code.", spot.quoted())
            }),
            Standing::Unknown => findings.add(column.severity, spot, Some(*row), rule::CODES, || {
                let codes: Vec<&str> = list.codes().map(|(code, _)| code).collect();
                match codes.len() {
                    ..=8 => format!("{} must be one of {}. Please choose one.", spot.quoted(), codes.join(", ")),
                    many => format!("{} is none of this return's {many} codes. Please choose one.", spot.quoted()),
                }
            }),
        }
    }
    if spelt.is_empty() {
        return None;
    }
    let mut written: Vec<Option<&str>> = texts.iter().collect();
    spelt.into_iter().for_each(|(at, code)| written[at] = Some(code));
    Some(Arc::new(StringArray::from(written)))
}

/// Tells that a list is not here, so that nobody believes the codes were checked.
pub(super) fn tell_no_list(table: &CodeTable, spot: &Spot, findings: &mut Findings) {
    findings.add(Severity::Note, spot, None, rule::CODES, || {
        format!("{} was not held against {}, which is empty so far.", spot.quoted(), table.table)
    });
}
