//! What a return must look like: its `return.toml`, settled.

use std::collections::BTreeSet;

use jiff::civil;

use super::{TableContract, headings::plain};
use crate::{
    decode::{CsvOptions, Format, XlsxOptions},
    domain::{AgencyId, ReturnId, sha256},
    settings::{Document, Section},
    source::Source,
    timetable::{Due, Every},
};

/// A return's definition.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The return.
    pub id: ReturnId,
    /// Its name for people.
    pub title: String,
    /// Who owes it.
    pub agencies: Vec<AgencyId>,
    /// The board's priority it serves.
    pub priority: String,
    /// How often it is owed.
    pub every: Every,
    /// When it is due; a release is not.
    pub due: Option<Due>,
    /// From when on it is owed, where that is later than the board's own beginning.
    pub starts_on: Option<civil::Date>,
    /// On what ground it is held.
    pub governance: Governance,
    /// Where it comes from.
    pub source: Source,
    /// How it is read.
    pub format: Format,
    /// Its tables.
    pub tables: Vec<TableContract>,
    /// SHA-256 of the definition's text.
    pub hash: String,
    /// The definition's text.
    pub text: String,
}

/// On what ground the data are held.
#[derive(Debug, Clone)]
pub struct Governance {
    /// What the data are for.
    pub purpose: String,
    /// The lawful basis.
    pub lawful_basis: String,
    /// The information sharing agreement.
    pub agreement: String,
    /// When the agreement is to be reviewed.
    pub agreement_review: civil::Date,
    /// How long the data are kept.
    pub retention_years: i64,
    /// How closely they are kept.
    pub classification: Classification,
}

/// How closely a return's rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classification {
    /// Figures about groups of children.
    Aggregate,
    /// Records of single children.
    ChildLevel,
    /// What others have published.
    Published,
}

impl Contract {
    /// Reads a definition. Every problem is told to the document: a contract is good only if that has none at the end.
    pub fn settle(id: ReturnId, document: &Document) -> Option<Self> {
        let mut root = document.root();
        let title = root.text("title");
        let agencies: Vec<AgencyId> = root.parsed_list("agencies");
        let priority = root.text_or("priority", "all");
        let every: Option<Every> = root.parsed("every");
        let due = settle_due(&mut root, every);
        let starts_on = root.date_opt("starts_on");
        let governance = root.section("governance").and_then(|mut table| Governance::settle(&mut table));
        let source = root.section("source").and_then(|mut table| Source::settle(&mut table));
        let mut sections = root.sections("table");
        let tables: Vec<TableContract> = sections.iter_mut().filter_map(TableContract::settle).collect();
        let format = root.section("format").and_then(|mut table| settle_format(&mut table, &tables));
        if let Some(format) = &format {
            refuse_what_cannot_be_told_apart(format, &mut root, &tables);
        }
        if agencies.is_empty() {
            root.refuse("agencies", "at least one agency", "agencies = [\"police\"]");
        }
        Some(Self {
            id,
            title: title?,
            agencies,
            priority,
            every: every?,
            due,
            starts_on,
            governance: governance?,
            source: source?,
            format: format?,
            tables,
            hash: sha256(document.text()),
            text: document.text().to_owned(),
        })
    }

    /// The schema its tables live in: `returns`, or `reference` for what others publish.
    pub fn schema(&self) -> &'static str {
        match self.governance.classification {
            Classification::Aggregate | Classification::ChildLevel => "returns",
            Classification::Published => "reference",
        }
    }

    /// Whether a heading is one of its own, and not the sender's.
    pub fn knows_heading(&self, heading: &str) -> bool {
        let columns = self.tables.iter().flat_map(|table| &table.columns);
        let periods = self.tables.iter().filter_map(|table| table.period_column.as_ref());
        columns.flat_map(|column| &column.headings).chain(periods).any(|known| plain(known) == plain(heading))
    }

    /// The name of one of its tables in SQL.
    pub fn qualified(&self, table: &TableContract) -> String {
        format!("{}.{}", self.schema(), table.name)
    }
}

fn settle_due(root: &mut Section<'_>, every: Option<Every>) -> Option<Due> {
    if matches!(every, None | Some(Every::Release)) {
        return None;
    }
    let mut table = root.section("due")?;
    let working_days = table.integer("working_days");
    let time = table.parsed_opt("time").unwrap_or(civil::time(17, 0, 0, 0));
    let working_days = working_days?;
    match i32::try_from(working_days).ok().filter(|days| (0..=260).contains(days)) {
        Some(working_days) => Some(Due { working_days, time }),
        None => {
            table.refuse("working_days", "a number of working days from 0 to 260", "working_days = 10");
            None
        }
    }
}

impl Governance {
    fn settle(table: &mut Section<'_>) -> Option<Self> {
        let purpose = table.text("purpose");
        let lawful_basis = table.text("lawful_basis");
        let agreement = table.text("agreement");
        let agreement_review = table.date("agreement_review");
        let retention_years = table.integer("retention_years");
        let classification = table.one_of("classification", &["aggregate", "child-level", "published"]);
        if retention_years.is_some_and(|years| years < 1) {
            table.refuse("retention_years", "a number of years above zero", "retention_years = 7");
        }
        Some(Self {
            purpose: purpose?,
            lawful_basis: lawful_basis?,
            agreement: agreement?,
            agreement_review: agreement_review?,
            retention_years: retention_years?,
            classification: match classification? {
                "aggregate" => Classification::Aggregate,
                "child-level" => Classification::ChildLevel,
                _ => Classification::Published,
            },
        })
    }
}

fn settle_format(section: &mut Section<'_>, tables: &[TableContract]) -> Option<Format> {
    Some(match section.one_of("kind", &["csv", "xlsx", "json", "parquet"])? {
        "csv" => Format::Csv(CsvOptions::default()),
        "xlsx" => Format::Xlsx(XlsxOptions { sheets: tables.iter().filter_map(|table| table.sheet.clone()).collect() }),
        "json" => Format::Json,
        _ => Format::Parquet,
    })
}

/// A workbook's tables need a sheet each; any other file holds one table.
fn refuse_what_cannot_be_told_apart(format: &Format, root: &mut Section<'_>, tables: &[TableContract]) {
    let names: BTreeSet<&str> = tables.iter().map(|table| table.name.as_str()).collect();
    let sheets: BTreeSet<String> = tables.iter().filter_map(|table| table.sheet.as_deref()).map(plain).collect();
    let workbook = matches!(format, Format::Xlsx(_));
    if tables.is_empty() {
        root.refuse("table", "at least one table", "[[table]]");
    } else if names.len() < tables.len() {
        root.refuse("table", "tables of different names", "");
    } else if workbook && sheets.len() < tables.len() {
        root.refuse("table", "a sheet for each table, and none twice", "sheet = \"Return\" in each [[table]]");
    } else if !workbook && tables.len() > 1 {
        root.refuse("table", "one table, for the file has no sheets", "kind = \"xlsx\" in [format], or one [[table]]");
    }
}
