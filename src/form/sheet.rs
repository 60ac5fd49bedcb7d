//! One worksheet with cells marked: their look changed, cells that are not there yet added, the rest as it was.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::events::{BytesStart, Event};

use super::{
    notes::{At, address, cell},
    parts::{Edits, RELATIONS, Refused, attribute, steps, with},
    styles::Styles,
};
use crate::check::Severity;

/// What stands behind the drawing of notes in a worksheet, if it is there.
const BEHIND: [&str; 9] = [
    "legacyDrawingHF",
    "drawingHF",
    "picture",
    "oleObjects",
    "controls",
    "webPublishItems",
    "tableParts",
    "extLst",
    "mc:AlternateContent",
];

/// A worksheet being marked.
struct Marking<'a> {
    marks: &'a BTreeMap<At, Severity>,
    styles: &'a mut Styles,
    edits: Edits,
    /// Marked cells that have not been met or added.
    left: BTreeSet<At>,
    row: u32,
    column: u32,
}

/// The sheet's drawing of notes, as far as the sheet names one.
pub(super) fn drawing_of(text: &str) -> Result<Option<String>, Refused> {
    for step in steps(text) {
        if let Event::Start(element) | Event::Empty(element) = step?.event
            && element.name().into_inner() == "legacyDrawing"
        {
            return Ok(attribute(&element, "id"));
        }
    }
    Ok(None)
}

/// The worksheet with its cells marked; `drawing` is the identifier of a new drawing of notes.
pub(super) fn mark(
    text: &str,
    marks: &BTreeMap<At, Severity>,
    styles: &mut Styles,
    drawing: Option<&str>,
) -> Result<String, Refused> {
    let left = marks.keys().copied().collect();
    let mut marking = Marking { marks, styles, edits: Edits::default(), left, row: 0, column: 0 };
    let mut legacy = drawing.map(|id| format!("<legacyDrawing xmlns:r=\"{RELATIONS}\" r:id=\"{id}\"/>"));
    let mut cells_are_over = false;
    let mut any = false;
    for step in steps(text) {
        let step = step?;
        match &step.event {
            Event::Start(element) | Event::Empty(element) => {
                let empty = matches!(step.event, Event::Empty(_));
                let name = element.name().into_inner();
                if step.depth == 0 && name != "worksheet" {
                    return Err("a sheet is written in another way".to_owned());
                }
                match (step.depth, name) {
                    (1, "sheetData") => {
                        any = true;
                        if empty {
                            let rows = marking.rows_before(u32::MAX);
                            marking.edits.replace(step.at.clone(), format!("<sheetData>{rows}</sheetData>"));
                            cells_are_over = true;
                        }
                    }
                    (1, name) if cells_are_over && BEHIND.contains(&name) => {
                        if let Some(legacy) = legacy.take() {
                            marking.edits.insert(step.at.start, legacy);
                        }
                    }
                    (2, "row") => marking.row(element, empty, &step.at),
                    (3, "c") => marking.cell(element, empty, &step.at),
                    _ => {}
                }
            }
            Event::End(element) => match (step.depth, element.name().into_inner()) {
                (2, "row") => {
                    let cells = marking.cells_before(u32::MAX);
                    marking.edits.insert(step.at.start, cells);
                }
                (1, "sheetData") => {
                    cells_are_over = true;
                    let rows = marking.rows_before(u32::MAX);
                    marking.edits.insert(step.at.start, rows);
                }
                (0, "worksheet") => {
                    if let Some(legacy) = legacy.take() {
                        marking.edits.insert(step.at.start, legacy);
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    if !any {
        return Err("a sheet has no cells".to_owned());
    }
    Ok(marking.edits.apply(text))
}

impl Marking<'_> {
    fn row(&mut self, element: &BytesStart<'_>, empty: bool, at: &std::ops::Range<usize>) {
        // A row without a number follows the one before; rows are counted from 1 here.
        let number = attribute(element, "r").and_then(|number| number.parse().ok()).unwrap_or(self.row + 1);
        let rows = self.rows_before(number - u32::from(number > 0));
        self.edits.insert(at.start, rows);
        (self.row, self.column) = (number, 0);
        let marked = self.left.range((number.saturating_sub(1), 0)..(number, 0)).next().is_some();
        if !marked {
            return;
        }
        // What a row says of how far its cells reach may no longer be so.
        let tag = with(element, &[("spans", None)], false);
        if empty {
            let cells = self.cells_before(u32::MAX);
            self.edits.replace(at.clone(), format!("{tag}{cells}</row>"));
        } else {
            self.edits.replace(at.clone(), tag);
        }
    }

    fn cell(&mut self, element: &BytesStart<'_>, empty: bool, at: &std::ops::Range<usize>) {
        let here = attribute(element, "r").and_then(|address| cell(&address)).map(|(_, column)| column);
        let here = here.unwrap_or(self.column);
        let cells = self.cells_before(here);
        if !cells.is_empty() {
            self.edits.insert(at.start, cells);
        }
        self.column = here + 1;
        let place = (self.row.saturating_sub(1), here);
        if let Some(severity) = self.marks.get(&place).filter(|_| self.left.remove(&place)) {
            let look = attribute(element, "s").and_then(|look| look.parse().ok()).unwrap_or(0);
            let look = self.styles.filled(look, *severity).to_string();
            self.edits.replace(at.clone(), with(element, &[("s", Some(&look))], empty));
        }
    }

    /// The marked cells of this row before a column that are not there yet.
    fn cells_before(&mut self, column: u32) -> String {
        let row = self.row.saturating_sub(1);
        let missing: Vec<At> = self.left.range((row, 0)..(row, column)).copied().collect();
        missing.into_iter().map(|at| self.added(at)).collect()
    }

    /// The rows with marked cells before a row, 0-based, that are not there yet.
    fn rows_before(&mut self, row: u32) -> String {
        let mut missing: BTreeMap<u32, Vec<At>> = BTreeMap::new();
        for at in self.left.range(..(row, 0)) {
            missing.entry(at.0).or_default().push(*at);
        }
        let mut rows = String::new();
        for (row, cells) in missing {
            let cells: String = cells.into_iter().map(|at| self.added(at)).collect();
            rows.push_str(&format!("<row r=\"{}\">{cells}</row>", row + 1));
        }
        rows
    }

    fn added(&mut self, at: At) -> String {
        self.left.remove(&at);
        let look = self.styles.filled(0, self.marks[&at]);
        format!("<c r=\"{}\" s=\"{look}\"/>", address(at))
    }
}
