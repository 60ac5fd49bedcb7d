//! The sheet "What to fix": each thing in a line, with a link to its cell.

use super::{
    marked::Mark,
    notes::address,
    parts::{DECLARATION, MAIN, escaped},
    styles::{Look, Styles},
};

/// What stands above the list.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Head {
    /// The return and the period.
    pub title: String,
    /// What to do, a line each.
    pub lines: Vec<String>,
}

/// The headings of the list.
pub(super) const COLUMNS: [(&str, u32); 4] =
    [("Where", 26), ("What to fix", 90), ("How much it matters", 22), ("Rule", 26)];

/// The sheet as a part of a workbook.
pub(super) fn sheet(head: &Head, marks: &[Mark], styles: &Styles) -> String {
    let mut rows = String::new();
    let mut row = 0;
    let mut line = |cells: &[(Look, &str)]| {
        row += 1;
        let cells: String = (0..)
            .zip(cells)
            .map(|(column, (look, text))| {
                format!(
                    "<c r=\"{}\" s=\"{}\" t=\"inlineStr\"><is><t xml:space=\"preserve\">{}</t></is></c>",
                    address((row - 1, column)),
                    styles.look(*look),
                    escaped(text)
                )
            })
            .collect();
        rows.push_str(&format!("<row r=\"{row}\">{cells}</row>"));
        row
    };
    line(&[(Look::Title, &head.title)]);
    for text in &head.lines {
        line(&[(Look::Plain, text)]);
    }
    let headings: Vec<(Look, &str)> = COLUMNS.iter().map(|(heading, _)| (Look::Heading, *heading)).collect();
    line(&headings);
    let mut links = String::new();
    for mark in marks {
        let place = mark.place();
        let look = if mark.location().is_some() { Look::Link } else { Look::Text };
        let row =
            line(&[(look, &place), (Look::Text, &mark.says), (Look::Text, mark.matters()), (Look::Text, &mark.rule)]);
        if let Some(location) = mark.location() {
            links.push_str(&format!("<hyperlink ref=\"A{row}\" location=\"{}\"/>", escaped(&location)));
        }
    }
    let widths: String = (1..)
        .zip(COLUMNS)
        .map(|(at, (_, width))| format!("<col min=\"{at}\" max=\"{at}\" width=\"{width}\" customWidth=\"1\"/>"))
        .collect();
    let links = if links.is_empty() { links } else { format!("<hyperlinks>{links}</hyperlinks>") };
    format!(
        "{DECLARATION}<worksheet xmlns=\"{MAIN}\"><sheetPr><pageSetUpPr fitToPage=\"1\"/></sheetPr><sheetViews><sheetView showGridLines=\"0\" tabSelected=\"1\" workbookViewId=\"0\"/></sheetViews><cols>{widths}</cols><sheetData>{rows}</sheetData>{links}<pageMargins left=\"0.5\" right=\"0.5\" top=\"0.5\" bottom=\"0.5\" header=\"0.3\" footer=\"0.3\"/><pageSetup paperSize=\"9\" orientation=\"landscape\" fitToHeight=\"0\"/></worksheet>"
    )
}
