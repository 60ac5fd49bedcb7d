//! The looks that marking needs beside the sender's own: each cell's look again with a light fill, and those of the list.

use std::collections::BTreeMap;

use quick_xml::events::Event;

use super::parts::{Edits, Refused, steps, with};
use crate::check::Severity;

/// How a cell of the list looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Title,
    Heading,
    Text,
    Link,
    Plain,
}

/// A workbook's styles with what is added to them.
pub(super) struct Styles {
    text: String,
    /// The looks of cells, as they are written.
    looks: Vec<String>,
    fills: usize,
    fonts: usize,
    /// A look and a severity, and the number of the look with that fill.
    filled: BTreeMap<(usize, bool), usize>,
}

impl Styles {
    pub(super) fn read(text: String) -> Result<Self, Refused> {
        let (mut looks, mut fills, mut fonts) = (Vec::new(), 0, 0);
        let mut inside = String::new();
        let mut open = None;
        for step in steps(&text) {
            let step = step?;
            match &step.event {
                Event::Start(element) if step.depth == 1 => inside = element.name().into_inner().to_owned(),
                Event::Start(_) if step.depth == 2 => open = Some(step.at.start),
                Event::Empty(_) | Event::End(_) if step.depth == 2 => {
                    let from = open.take().unwrap_or(step.at.start);
                    match inside.as_str() {
                        "cellXfs" => looks.push(text[from..step.at.end].to_owned()),
                        "fills" => fills += 1,
                        "fonts" => fonts += 1,
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        if looks.is_empty() || fills == 0 || fonts == 0 {
            return Err("the styles have no looks of cells".to_owned());
        }
        Ok(Self { text, looks, fills, fonts, filled: BTreeMap::new() })
    }

    /// The number of the look of a cell that looks like `look`, with the fill of a severity.
    pub(super) fn filled(&mut self, look: usize, severity: Severity) -> usize {
        let look = if look < self.looks.len() { look } else { 0 };
        let next = self.looks.len() + self.filled.len();
        *self.filled.entry((look, severity == Severity::Error)).or_insert(next)
    }

    /// The number of a look of the list; good once every cell has been filled.
    pub(super) fn look(&self, look: Look) -> usize {
        self.looks.len() + self.filled.len() + look as usize
    }

    /// The styles with what was added.
    pub(super) fn write(self) -> Result<String, Refused> {
        let mut added: Vec<(usize, String)> = Vec::new();
        for ((look, error), number) in &self.filled {
            let fill = (self.fills + usize::from(*error)).to_string();
            let step = steps(&self.looks[*look]).next().ok_or("a look is empty")??;
            let (Event::Start(tag) | Event::Empty(tag)) = &step.event else {
                return Err("a look is no tag".to_owned());
            };
            let empty = matches!(step.event, Event::Empty(_));
            let set = [("fillId", Some(fill.as_str())), ("applyFill", Some("1"))];
            added.push((*number, with(tag, &set, empty) + &self.looks[*look][step.at.end..]));
        }
        added.sort();
        let xf = |font: usize, rest: &str| {
            format!(
                "<xf numFmtId=\"0\" fontId=\"{font}\" fillId=\"0\" borderId=\"0\" xfId=\"0\" applyFont=\"1\" applyAlignment=\"1\">{rest}</xf>"
            )
        };
        let top = "<alignment vertical=\"top\" wrapText=\"1\"/>";
        let list = [
            xf(self.fonts, ""),
            xf(self.fonts + 1, top),
            xf(0, top),
            xf(self.fonts + 2, "<alignment vertical=\"top\"/>"),
            xf(0, ""),
        ];
        let list_length = list.len();
        let looks: String = added.into_iter().map(|(_, look)| look).chain(list).collect();
        let font = |rest: &str| format!("<font>{rest}<name val=\"Calibri\"/><family val=\"2\"/></font>");
        let fonts = [
            font("<b/><sz val=\"14\"/>"),
            font("<b/><sz val=\"11\"/>"),
            font("<u/><sz val=\"11\"/><color rgb=\"FF1D4ED8\"/>"),
        ];
        let fill = |colour: &str| {
            format!(
                "<fill><patternFill patternType=\"solid\"><fgColor rgb=\"{colour}\"/><bgColor indexed=\"64\"/></patternFill></fill>"
            )
        };
        let fills = [fill(QUESTION), fill(MISTAKE)];
        let added = [
            ("fonts", self.fonts + fonts.len(), fonts.concat()),
            ("fills", self.fills + fills.len(), fills.concat()),
            ("cellXfs", self.looks.len() + self.filled.len() + list_length, looks),
        ];
        let mut edits = Edits::default();
        for step in steps(&self.text) {
            let step = step?;
            if step.depth != 1 {
                continue;
            }
            for (name, count, more) in &added {
                match &step.event {
                    Event::Start(element) if element.name().into_inner() == *name => {
                        edits.replace(step.at.clone(), with(element, &[("count", Some(&count.to_string()))], false));
                    }
                    Event::End(element) if element.name().into_inner() == *name => edits.insert(step.at.start, more),
                    _ => {}
                }
            }
        }
        Ok(edits.apply(&self.text))
    }
}

/// Light fills: of a question, and of what is to be fixed.
const QUESTION: &str = "FFFFF2CC";
const MISTAKE: &str = "FFFCD5C4";
