//! Where the guard saw what, and how that is told: a place and a kind, never the value.

use serde::{Deserialize, Serialize};

use super::Identity;
use crate::{
    check::{Contract, Finding, Severity, headings::plain},
    decode::{Format, letter},
    domain::words::whole,
};

/// What part of a file a sighting belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The file's name.
    FileName,
    /// A text that is no table: a file that could not be read as one.
    Text,
    /// The sheet with this number, counted from 1.
    Sheet(usize),
    /// The name of that sheet.
    SheetName(usize),
    /// What a workbook keeps beside its sheets: notes, and the rows behind a pivot table.
    Behind(String),
}

/// One kind of identity in one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Where.
    pub place: Place,
    /// The sheet's name; it may be the sender's words, and is told only where the contract has it too.
    pub sheet: Option<String>,
    /// Whether people do not see that sheet.
    pub hidden: bool,
    /// The 0-based column.
    pub column: u32,
    /// The column's heading; likewise.
    pub heading: Option<String>,
    /// Whether columns go by letters in this format.
    pub lettered: bool,
    /// The row of the first cell.
    pub row: u32,
    /// How many cells.
    pub cells: u64,
    /// What.
    pub kind: Identity,
}

impl Found {
    /// An identity in the file's name.
    pub fn in_name(kind: Identity) -> Self {
        let place = Place::FileName;
        Self { place, sheet: None, hidden: false, column: 0, heading: None, lettered: false, row: 0, cells: 1, kind }
    }

    /// The same as a finding.
    pub fn finding(&self, contract: &Contract) -> Finding {
        let in_cell = matches!(self.place, Place::Sheet(_));
        let known =
            |name: &&str| contract.tables.iter().filter_map(|t| t.sheet.as_deref()).any(|s| plain(s) == plain(name));
        let sheet = self.sheet.as_deref().filter(known).map(|name| name.trim().to_owned());
        Finding {
            severity: Severity::Error,
            table: String::new(),
            heading: self.heading.clone().filter(|heading| in_cell && contract.knows_heading(heading)),
            letter: (in_cell && self.lettered).then(|| letter(self.column as usize)),
            row: (in_cell || self.place == Place::Text).then_some(self.row),
            rule: self.kind.rule().to_owned(),
            says: self.says(contract, sheet.is_some()),
            sheet: sheet.filter(|_| in_cell),
        }
    }

    fn says(&self, contract: &Contract, is_named: bool) -> String {
        let (one, several) = (self.kind.one(), self.kind.several());
        let hidden = if self.hidden { " (it is hidden)" } else { "" };
        let place = match &self.place {
            Place::FileName => return format!("the file's name holds what looks like {one}."),
            Place::SheetName(at) => return format!("the name of sheet {at}{hidden} holds what looks like {one}."),
            Place::Behind(what) => return format!("{what} hold what looks like {one}, in {}.", cells(self.cells)),
            Place::Text => return format!("the text holds what looks like {one}, in {}.", lines(self.cells)),
            Place::Sheet(at) if matches!(contract.format, Format::Xml(_)) => {
                let rows = at.checked_sub(1).and_then(|at| contract.tables.get(at)?.rows.as_deref());
                rows.map(|rows| format!(" It is in an element {rows}.")).unwrap_or_default()
            }
            Place::Sheet(_) if is_named && !self.hidden => String::new(),
            Place::Sheet(_) if is_named => " The sheet is hidden.".to_owned(),
            Place::Sheet(at) if self.sheet.is_some() => format!(" It is sheet {at} of the workbook{hidden}."),
            Place::Sheet(_) => String::new(),
        };
        match self.cells {
            1 => format!("this cell holds what looks like {one}.{place}"),
            more => format!(
                "{} cells of this column hold what look like {several}, the first one here.{place}",
                whole(more)
            ),
        }
    }
}

fn cells(count: u64) -> String {
    if count == 1 { "one place".to_owned() } else { format!("{} places", whole(count)) }
}

fn lines(count: u64) -> String {
    if count == 1 { "one line".to_owned() } else { format!("{} lines, the first one here", whole(count)) }
}
