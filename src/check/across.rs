//! Rules in SQL across the tables of a file, the period before and other returns: each a question whose answer is the
//! rows that break it.
//!
//! Only says what is to be asked and what the answers mean; where they are asked is for flows.

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, Schema};

use super::{
    Checked, Contract, Judgement, Severity, TableContract, columns::settle_severity, findings::Findings,
    table::with_address,
};
use crate::settings::Section;

/// A rule across tables.
#[derive(Debug, Clone)]
pub struct CrossRule {
    /// Its short name.
    pub id: String,
    /// A SELECT that answers with the rows that break it: `row`, and `table` and `column` where they are needed to
    /// point to a cell.
    pub sql: String,
    /// How much it matters.
    pub severity: Severity,
    /// What to tell the sender; `{column}` stands for the address of that column's cell.
    pub says: String,
}

/// What a rule was answered: its rows, or nothing where it cannot be worked out.
pub type CrossAnswer<'a> = (&'a CrossRule, Option<Vec<RecordBatch>>);

impl CrossRule {
    /// Reads one `[[rule]]`.
    pub(super) fn settle(section: &mut Section<'_>, tables: &[TableContract]) -> Option<Self> {
        let (id, sql, says) = (section.text("id"), section.text("sql"), section.text("says"));
        let severity = settle_severity(section, Severity::Error);
        if let Some(says) = &says {
            let columns = tables.iter().flat_map(|table| &table.columns);
            if columns.fold(says.clone(), |text, column| with_address(&text, column, "")).contains(['{', '}']) {
                section.refuse("says", "no other name in curly brackets than a column's", "");
            }
        }
        Some(Self { id: id?, sql: sql?, severity, says: says? })
    }

    /// What is wrong with the columns of its answer, if anything is.
    pub fn refusal(&self, answer: &Schema, contract: &Contract) -> Option<String> {
        let column = |name: &str| answer.field_with_name(name).ok().map(|field| field.data_type());
        let is_text = |kind: &DataType| matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
        match column("row") {
            Some(kind) if kind.is_integer() => {}
            _ => return Some("a column row with the number of the row that breaks the rule".into()),
        }
        match column("table") {
            Some(kind) if !is_text(kind) => return Some("a column table with the name of the row's table".into()),
            None if contract.tables.len() > 1 => {
                let first = &contract.tables[0].name;
                return Some(format!("a column that says which table the row is of, as in '{first}' AS \"table\""));
            }
            _ => {}
        }
        match column("column") {
            Some(kind) if !is_text(kind) => Some("a column column with the name of the cell's column".into()),
            _ => None,
        }
    }
}

impl Checked {
    /// The same file after its rules across tables were answered. A rule that cannot be worked out is no fault of the
    /// file, and a query.
    pub fn across(mut self, contract: &Contract, answers: &[CrossAnswer<'_>]) -> Self {
        let mut findings = Findings::default();
        for (rule, answer) in answers {
            match answer {
                None => {
                    let severity = rule.severity.max(Severity::Query);
                    let spot = findings.spot("", None, None);
                    findings.add(severity, &spot, None, rule.id.clone(), || {
                        "this rule cannot be worked out here; the business unit looks at it.".into()
                    });
                }
                Some(batches) => batches.iter().for_each(|batch| self.tell(contract, rule, batch, &mut findings)),
            }
        }
        let (errors, queries) = (findings.has_errors(), findings.has_queries());
        // What a rule across tables rests on is not known here, so an explanation of it stands for this file alone.
        let more = findings.finish().0.into_iter().map(|finding| (finding, None));
        let known = self.findings.into_iter().zip(self.marks);
        let mut all: Vec<_> = known.chain(more).collect();
        all.sort_by_key(|(finding, _)| finding.severity);
        (self.findings, self.marks) = all.into_iter().unzip();
        self.has_queries |= queries;
        if errors {
            self.judgement = Judgement::NotAccepted;
        } else if queries && self.judgement == Judgement::Accepted {
            self.judgement = Judgement::AcceptedWithQueries;
        }
        self
    }

    fn tell(&self, contract: &Contract, rule: &CrossRule, batch: &RecordBatch, findings: &mut Findings) {
        let texts = |name: &str| -> Option<StringArray> {
            Some(cast(batch.column_by_name(name)?, &DataType::Utf8).ok()?.as_string::<i32>().clone())
        };
        let rows = batch.column_by_name("row").and_then(|rows| cast(rows, &DataType::Int64).ok());
        let rows: Option<Int64Array> = rows.map(|rows| rows.as_primitive::<Int64Type>().clone());
        let (tables, columns) = (texts("table"), texts("column"));
        let text = |of: &Option<StringArray>, at: usize| {
            of.as_ref().filter(|of| of.is_valid(at)).map(|of| of.value(at).to_owned())
        };
        for at in 0..batch.num_rows() {
            let row =
                rows.as_ref().filter(|rows| rows.is_valid(at)).and_then(|rows| u32::try_from(rows.value(at)).ok());
            let name = text(&tables, at);
            let table = match &name {
                Some(name) => contract.tables.iter().find(|table| table.name == *name),
                None => contract.tables.first(),
            };
            let layout = table.and_then(|table| self.layouts.iter().find(|(name, _)| *name == table.name));
            let Some((table, (_, layout))) = table.zip(layout) else {
                let spot = findings.spot("", None, None);
                findings.add(rule.severity, &spot, row, rule.id.clone(), || with_words(&rule.says, contract));
                continue;
            };
            let spot = layout.spot_of(table, text(&columns, at).as_ref());
            findings.add(rule.severity, spot, row, rule.id.clone(), || match row {
                Some(row) => with_words(&layout.addressed(table, &rule.says, row), contract),
                None => with_words(&rule.says, contract),
            });
        }
    }
}

/// The sentence with the headings of columns that have no address in it.
fn with_words(says: &str, contract: &Contract) -> String {
    let columns = contract.tables.iter().flat_map(|table| &table.columns);
    columns.fold(says.to_owned(), |text, column| with_address(&text, column, &format!("{:?}", column.heading())))
}
