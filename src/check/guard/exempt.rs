//! What a return declares to be no child's identity: `[[guard.exempt]]`.

use serde::{Deserialize, Serialize};

use super::Identity;
use crate::{check::headings::plain, decode::letter, settings::Section};

/// Cells in which one kind of identity is none, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exempt {
    /// The sheet; any where left out.
    pub sheet: Option<String>,
    /// The column, by its heading or its letter; any where left out.
    pub column: Option<String>,
    /// One cell, as `B3`.
    pub cell: Option<String>,
    /// What may stand there.
    pub kind: Identity,
    /// Why.
    pub why: String,
}

impl Exempt {
    /// Reads `[guard]`.
    pub(in crate::check) fn settle(guard: &mut Section<'_>) -> Vec<Self> {
        guard.sections("exempt").iter_mut().filter_map(Self::settle_one).collect()
    }

    fn settle_one(section: &mut Section<'_>) -> Option<Self> {
        let (sheet, column, cell) = (section.text_opt("sheet"), section.text_opt("column"), section.text_opt("cell"));
        let words = Identity::ALL.map(Identity::as_str);
        let kind = section.one_of("kind", &words);
        let why = section.text("why");
        if sheet.is_none() && column.is_none() && cell.is_none() {
            section.refuse(
                "column",
                "a column, a cell or a sheet: an exemption names its place",
                "column = \"Station\"",
            );
        }
        if cell.as_deref().is_some_and(|cell| !is_address(cell)) {
            section.refuse("cell", "a cell's address", "cell = \"B3\"");
        }
        let kind = kind?;
        let kind = Identity::ALL.into_iter().find(|known| known.as_str() == kind)?;
        Some(Self { sheet, column, cell, kind, why: why? })
    }

    /// Whether a text is the heading of the column it speaks of.
    pub(super) fn is_headed(&self, text: &str) -> bool {
        self.column.as_deref().is_some_and(|column| plain(column) == plain(text))
    }

    /// Whether it speaks of this kind in this cell.
    pub(super) fn covers(
        &self,
        kind: Identity,
        sheet: Option<&str>,
        heading: Option<&str>,
        column: u32,
        row: u32,
    ) -> bool {
        let here = letter(column as usize);
        let is = |wanted: &Option<String>, there: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| there.is_some_and(|there| plain(there) == plain(wanted)))
        };
        self.kind == kind
            && is(&self.sheet, sheet)
            && (is(&self.column, heading) || is(&self.column, Some(&here)))
            && is(&self.cell, Some(&format!("{here}{row}")))
    }
}

/// Letters, then digits.
fn is_address(text: &str) -> bool {
    let digits = text.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    !digits.is_empty() && digits.len() < text.len() && digits.bytes().all(|byte| byte.is_ascii_digit())
}
