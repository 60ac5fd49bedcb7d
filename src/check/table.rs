//! One table of a return, as its contract describes it.

use std::{collections::BTreeSet, sync::Arc};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use super::{
    Areas, Column, ColumnType, Outlier, Severity, SumRule, Unpivot, Whereabouts,
    columns::{is_sql_name, settle_severity},
    findings::rule,
    headings::plain,
    rules,
};
use crate::{decode::Pattern, domain::Status, settings::Section};

/// One table of a return.
#[derive(Debug, Clone)]
pub struct TableContract {
    /// Its name in the warehouse, without the schema.
    pub name: String,
    /// The workbook's sheet.
    pub sheet: Option<String>,
    /// The names of the file in an archive that it is, where several files are a table each.
    pub file: Option<Pattern>,
    /// The path of the elements of an XML file that are its rows.
    pub rows: Option<String>,
    /// Where it stands in the workbook.
    pub whereabouts: Whereabouts,
    /// The heading of the column that names the period; it may be one of the columns below, and need not.
    pub period_column: Option<String>,
    /// The heading of the column that names the agency; it may be one of the columns below, and need not.
    pub agency_column: Option<String>,
    /// The heading of the column that names the member of a group; likewise.
    pub member_column: Option<String>,
    /// The areas whose rows are taken, where the file holds those of others.
    pub areas: Option<Areas>,
    /// Columns that together are unique.
    pub unique: Vec<String>,
    /// The most rows it may have.
    pub most_rows: Option<u32>,
    /// Texts that mean "not available", besides the usual symbols.
    pub missing: Vec<String>,
    /// Texts in place of a number that say why there is none, besides the usual symbols.
    pub symbols: Vec<(String, Status)>,
    /// Whether the sheet may be absent or without rows.
    pub optional: bool,
    /// What a heading that the contract does not know means.
    pub extra_columns: Extra,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rules across the columns of a row.
    pub rules: Vec<Rule>,
    /// Its comparisons with the period before.
    pub compares: Vec<Compare>,
    /// Its totals that must add up.
    pub totals: Vec<SumRule>,
    /// Its figures that are held against their own history.
    pub outliers: Vec<Outlier>,
    /// Which of its columns are wide in the file and become rows.
    pub unpivot: Option<Unpivot>,
}

/// What an unknown heading means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extra {
    /// The file is not accepted.
    Error,
    /// To be explained.
    Query,
    /// Nothing.
    Ignore,
}

/// A rule across the columns of a row.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its short name.
    pub id: String,
    /// The condition, in SQL over the table's columns; NULL passes.
    pub sql: String,
    /// How much it matters.
    pub severity: Severity,
    /// What to tell the sender; `{column}` stands for the address of that column's cell.
    pub says: String,
    /// Where the finding points, the first one above all.
    pub columns: Vec<String>,
}

/// A cumulative figure that must not fall from one period to the next.
#[derive(Debug, Clone)]
pub struct Compare {
    /// Its short name.
    pub id: String,
    /// The columns that say which rows are the same thing. A year among them keeps years apart.
    pub key: Vec<String>,
    /// The figure.
    pub column: String,
    /// How much it matters.
    pub severity: Severity,
    /// What to tell the sender; `{column}` stands for the address of that column's cell.
    pub says: String,
}

/// The columns the warehouse puts before a table's own.
const KEYS: [&str; 5] = ["return_id", "agency", "period", "submission", "row"];

impl TableContract {
    /// Whether each of its rows says which period it is of: in a column, or by the heading of its wide column.
    pub(super) fn tells_periods_apart(&self) -> bool {
        let into = self.unpivot.as_ref().and_then(|unpivot| self.column(&unpivot.into));
        self.period_column.is_some() || into.is_some_and(|column| column.kind == ColumnType::Period)
    }

    /// Reads one `[[table]]`.
    pub(super) fn settle(section: &mut Section<'_>) -> Option<Self> {
        let name = section.text("name");
        let whereabouts = Whereabouts::settle(section);
        let mut table = Self {
            name: name.clone().unwrap_or_default(),
            sheet: whereabouts.own_sheet(),
            file: section.parsed_opt("file"),
            rows: section.text_opt("rows"),
            whereabouts,
            period_column: section.text_opt("period_column"),
            agency_column: section.text_opt("agency_column"),
            member_column: section.text_opt("member_column"),
            areas: Areas::settle(section),
            unique: section.list_or_empty("unique"),
            most_rows: settle_most_rows(section),
            missing: section.list_or_empty("missing"),
            symbols: settle_symbols(section),
            optional: section.boolean_or("optional", false),
            extra_columns: match section.one_of_opt("extra_columns", &["query", "error", "ignore"]) {
                Some("error") => Extra::Error,
                Some("ignore") => Extra::Ignore,
                _ => Extra::Query,
            },
            columns: settle_columns(section),
            rules: Vec::new(),
            compares: Vec::new(),
            totals: Vec::new(),
            outliers: Vec::new(),
            unpivot: None,
        };
        table.unpivot = section.section_opt("unpivot").and_then(|mut wide| Unpivot::settle(&mut wide, &table.columns));
        if name.as_deref().is_some_and(|name| !is_sql_name(name)) {
            section.refuse("name", "lower-case letters, digits and underscores", "name = \"missing_children\"");
        }
        if !section.has("column") {
            section.refuse("column", "at least one column", "[[table.column]]");
        }
        table.refuse_strangers(section, "unique", &table.unique.clone());
        let (mut rules, mut compares) = (section.sections("rule"), section.sections("compare"));
        let (mut totals, mut outliers) = (section.sections("total"), section.sections("outlier"));
        let mut ids: BTreeSet<String> = rule::ALL.map(str::to_owned).into();
        let mut refuse_known = |section: &mut Section<'_>, id: &str| {
            if !ids.insert(id.to_owned()) {
                section.refuse("id", "a name that no other rule has", "");
            }
        };
        for section in &mut rules {
            let Some(rule) = table.settle_rule(section) else { continue };
            refuse_known(section, &rule.id);
            table.rules.push(rule);
        }
        for section in &mut compares {
            let Some(compare) = table.settle_compare(section) else { continue };
            refuse_known(section, &compare.id);
            table.compares.push(compare);
        }
        for section in &mut totals {
            let Some(total) = SumRule::settle(section, &table) else { continue };
            refuse_known(section, &total.id);
            table.totals.push(total);
        }
        for section in &mut outliers {
            let Some(outlier) = Outlier::settle(section, &table) else { continue };
            refuse_known(section, &outlier.id);
            table.outliers.push(outlier);
        }
        name.map(|_| table)
    }

    fn settle_rule(&self, section: &mut Section<'_>) -> Option<Rule> {
        let (id, sql, says) = (section.text("id"), section.text("sql"), section.text("says"));
        let severity = settle_severity(section, Severity::Error);
        let columns = section.list_or_empty("columns");
        self.refuse_strangers(section, "columns", &columns);
        self.refuse_strange_addresses(section, says.as_deref());
        let rule = Rule { id: id?, sql: sql?, severity, says: says?, columns };
        if let Err(error) = rules::plan(&rule.sql, &self.read_schema()) {
            section.refuse("sql", &format!("a condition over this table's columns ({error})"), "");
        }
        Some(rule)
    }

    fn settle_compare(&self, section: &mut Section<'_>) -> Option<Compare> {
        let (id, key, column) = (section.text("id"), section.list("key"), section.text("column"));
        section.one_of("expect", &["not-falling"]);
        let severity = settle_severity(section, Severity::Query);
        let says = section.text("says");
        self.refuse_strange_addresses(section, says.as_deref());
        let compare = Compare { id: id?, key: key?, column: column?, severity, says: says? };
        self.refuse_strangers(section, "key", &compare.key);
        if !self.column(&compare.column).is_some_and(|column| column.kind.is_measure()) {
            section.refuse("column", "a count or decimal of this table", "");
        }
        Some(compare)
    }

    pub(super) fn refuse_strangers(&self, section: &mut Section<'_>, key: &str, names: &[String]) {
        for name in names.iter().filter(|name| self.column(name).is_none()) {
            section.refuse(key, &format!("columns of this table; it has no {name:?}"), "");
        }
    }

    pub(super) fn refuse_strange_addresses(&self, section: &mut Section<'_>, says: Option<&str>) {
        let Some(says) = says else { return };
        if self
            .columns
            .iter()
            .fold(says.to_owned(), |text, column| with_address(&text, column, ""))
            .contains(['{', '}'])
        {
            section.refuse("says", "no other name in curly brackets than a column's", "");
        }
    }

    /// What is told of a row whose key stood in the row `before`.
    pub(super) fn says_twice(&self, before: u32) -> String {
        let headings = self.unique.iter().filter_map(|name| self.column(name));
        let headings: Vec<String> = headings.map(|column| format!("{:?}", column.heading())).collect();
        format!("this row has the same {} as row {before}. Please correct or delete one.", headings.join(" and "))
    }

    /// The headings it speaks of beside those of its columns: of the period, the member and the area.
    pub(super) fn other_headings(&self) -> impl Iterator<Item = &String> {
        let area = self.areas.as_ref().map(|areas| &areas.column);
        self.period_column.iter().chain(&self.agency_column).chain(&self.member_column).chain(area)
    }

    /// One of its columns.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The table as it stands in the warehouse: return, agency, period, submission and row, then each column; a measure
    /// is followed by its status.
    pub fn schema(&self) -> SchemaRef {
        self.schema_of(Column::stored_type)
    }

    /// The table as it is read, before identifiers, dates of birth and postcodes are shielded.
    pub(super) fn read_schema(&self) -> SchemaRef {
        self.schema_of(|column| column.kind.data_type())
    }

    fn schema_of(&self, kind: impl Fn(&Column) -> DataType) -> SchemaRef {
        let text = |name: &str| Field::new(name, DataType::Utf8, true);
        let mut fields = vec![
            text("return_id"),
            text("agency"),
            text("period"),
            Field::new("submission", DataType::Int64, true),
            Field::new("row", DataType::Int32, true),
        ];
        for column in &self.columns {
            fields.push(Field::new(&column.name, kind(column), true));
            if column.kind.is_measure() {
                fields.push(text(&status_of(&column.name)));
            }
        }
        Arc::new(Schema::new(fields))
    }

    /// The columns that a [`Past`](super::Past) must bring of earlier periods; none for most tables.
    pub fn watched_columns(&self) -> BTreeSet<&str> {
        self.outliers.iter().flat_map(Outlier::columns).collect()
    }

    /// The short names of its own rules, of every kind.
    pub(super) fn rule_ids(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().map(|rule| &rule.id).chain(self.compares.iter().map(|rule| &rule.id));
        let more = self.totals.iter().map(|rule| &rule.id).chain(self.outliers.iter().map(|rule| &rule.id));
        rules.chain(more).map(String::as_str)
    }

    /// The columns that a [`Past`](super::Past) must bring of the rows of the period before; none for most tables.
    pub fn compared_columns(&self) -> BTreeSet<&str> {
        let names = self.compares.iter().flat_map(|compare| compare.key.iter().chain([&compare.column]));
        names.map(String::as_str).collect()
    }
}

fn settle_most_rows(section: &mut Section<'_>) -> Option<u32> {
    let most = section.integer_opt("most_rows")?;
    let positive = u32::try_from(most).ok().filter(|most| *most > 0);
    if positive.is_none() {
        section.refuse("most_rows", "a whole number above zero", "most_rows = 1");
    }
    positive
}

/// Reads `symbols`: for each status the texts that stand for it.
fn settle_symbols(section: &mut Section<'_>) -> Vec<(String, Status)> {
    let Some(mut symbols) = section.section_opt("symbols") else { return Vec::new() };
    let mut texts: Vec<(String, Status)> = Vec::new();
    for status in [Status::C, Status::Z, Status::X, Status::K, Status::U] {
        for text in symbols.list_or_empty(status.symbol()) {
            let text = text.trim().to_owned();
            if text.is_empty() || texts.iter().any(|(known, _)| *known == text) {
                symbols.refuse(status.symbol(), "texts that are not empty, each under one letter", "c = [\"*\"]");
            }
            texts.push((text, status));
        }
    }
    texts
}

fn settle_columns(section: &mut Section<'_>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    let mut names: BTreeSet<String> = KEYS.map(str::to_owned).into();
    let mut headings = BTreeSet::new();
    for mut section in section.sections("column") {
        let Some(column) = Column::settle(&mut section) else { continue };
        let status = column.kind.is_measure().then(|| status_of(&column.name));
        if !names.insert(column.name.clone()) || status.is_some_and(|status| !names.insert(status)) {
            section.refuse("name", "a name used once, and none the warehouse keeps for itself", "");
            continue;
        }
        for heading in &column.headings {
            if !headings.insert(plain(heading)) {
                section.refuse("headings", &format!("headings of this column alone; {heading:?} is another's too"), "");
            }
        }
        columns.push(column);
    }
    columns
}

/// The column that says why a measure has no number.
pub(super) fn status_of(measure: &str) -> String {
    format!("{measure}_status")
}

/// `says` with the address of one column's cell filled in.
pub(super) fn with_address(says: &str, column: &Column, address: &str) -> String {
    says.replace(&format!("{{{}}}", column.name), address)
}
