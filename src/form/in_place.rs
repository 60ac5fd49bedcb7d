//! A workbook marked where it stands.

use std::collections::BTreeMap;

use quick_xml::events::Event;

use super::{
    OWN_SHEETS,
    list::{self, Head},
    marked::{Mark, of_sheet},
    notes::{self, At},
    parts::{Edits, MAIN, Parts, RELATIONS, Refused, Relations, attribute, escaped, steps, with},
    sheet,
    styles::Styles,
};
use crate::check::Severity;

/// The part that says what a workbook holds.
const BOOK: &str = "xl/workbook.xml";
const TYPES: &str = "[Content_Types].xml";

/// The workbook with marks, notes and the list as its first sheet.
pub(super) fn mark(bytes: &[u8], head: &Head, marks: &[Mark]) -> Result<Vec<u8>, Refused> {
    let mut parts = Parts::open(bytes)?;
    if parts.names().any(|name| name.starts_with("_xmlsignatures/") || name.ends_with("vbaProject.bin")) {
        return Err("it holds macros or a signature".to_owned());
    }
    let book = Book::read(&mut parts)?;
    let styles_part = book.relations.target("styles").ok_or("it has no styles")?.to_owned();
    let mut styles = Styles::read(parts.text(&styles_part)?)?;
    let mut types = Types::read(&mut parts)?;
    unselect(&mut parts)?;
    for (number, (name, part)) in book.sheets.iter().enumerate() {
        let of_this = |mark: &&Mark| mark.sheet.as_deref().is_some_and(|sheet| same(sheet, name));
        let (cells, notes) = of_sheet(marks.iter().filter(of_this));
        if !cells.is_empty() {
            mark_sheet(&mut parts, part, number, &cells, &notes, &mut styles, &mut types)?;
        }
    }
    let list = list::sheet(head, marks, &styles);
    parts.put(&styles_part, styles.write()?);
    book.put_first(&mut parts, list, &mut types)?;
    parts.put(TYPES, types.write()?);
    parts.write()
}

fn same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// One sheet's cells and notes.
fn mark_sheet(
    parts: &mut Parts<'_>,
    part: &str,
    number: usize,
    cells: &BTreeMap<At, Severity>,
    said: &BTreeMap<At, String>,
    styles: &mut Styles,
    types: &mut Types,
) -> Result<(), Refused> {
    let text = parts.text(part)?;
    let mut relations = Relations::of(parts, part)?;
    let mut missing: Vec<At> = said.keys().copied().collect();
    match relations.target("comments").map(str::to_owned) {
        Some(comments) => {
            let (comments_text, new) = notes::add_comments(&parts.text(&comments)?, said)?;
            parts.put(&comments, comments_text);
            missing = new;
        }
        None => {
            let name = parts.free_name("xl/quarterday/comments", ".xml");
            parts.put(&name, notes::comments(said));
            types.add(&name, "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml");
            relations.add(parts, "comments", &name)?;
        }
    }
    // A block of numbers for shapes that no drawing of the sender's will have.
    let block = 700 + number;
    let drawing = match sheet::drawing_of(&text)?.and_then(|id| relations.by_id(&id).map(str::to_owned)) {
        Some(drawing) => {
            if !missing.is_empty() {
                let with_notes = notes::add_to_drawing(&parts.text(&drawing)?, &missing, block)?;
                parts.put(&drawing, with_notes);
            }
            None
        }
        None => {
            let name = parts.free_name("xl/quarterday/notes", ".vml");
            parts.put(&name, notes::drawing(&missing, block));
            types.vml = true;
            Some(relations.add(parts, "vmlDrawing", &name)?)
        }
    };
    let text = sheet::mark(&text, cells, styles, drawing.as_deref())?;
    parts.put(part, text);
    Ok(())
}

/// Lets no sheet be selected: the list is, and what is typed would go into every selected sheet.
fn unselect(parts: &mut Parts<'_>) -> Result<(), Refused> {
    let is_sheet = |name: &&str| {
        (name.starts_with("xl/worksheets/") || name.starts_with("xl/chartsheets/")) && name.ends_with(".xml")
    };
    let sheets: Vec<String> = parts.names().filter(is_sheet).map(str::to_owned).collect();
    for name in sheets {
        let text = parts.text(&name)?;
        let without = text.replace(" tabSelected=\"1\"", "").replace(" tabSelected=\"true\"", "");
        if without != text {
            parts.put(&name, without);
        }
    }
    Ok(())
}

/// The workbook's own part.
struct Book {
    text: String,
    relations: Relations,
    /// Worksheets by name, with their parts.
    sheets: Vec<(String, String)>,
}

impl Book {
    fn read(parts: &mut Parts<'_>) -> Result<Self, Refused> {
        let text = parts.text(BOOK)?;
        let relations = Relations::of(parts, BOOK)?;
        let mut sheets = Vec::new();
        for step in steps(&text) {
            let step = step?;
            let (Event::Start(element) | Event::Empty(element)) = &step.event else { continue };
            match (step.depth, element.name().into_inner()) {
                (0, "workbook") if attribute(element, "xmlns").as_deref() == Some(MAIN) => {}
                (0, _) => return Err("it is written in another way".to_owned()),
                (2, "sheet") => {
                    let (Some(name), Some(id)) = (attribute(element, "name"), attribute(element, "id")) else {
                        continue;
                    };
                    sheets.extend(relations.by_id(&id).map(|part| (name, part.to_owned())));
                }
                _ => {}
            }
        }
        Ok(Self { text, relations, sheets })
    }

    /// Puts the list before the other sheets, or in the place of that of an earlier round.
    fn put_first(mut self, parts: &mut Parts<'_>, list: String, types: &mut Types) -> Result<(), Refused> {
        let name = OWN_SHEETS[2];
        let mut edits = Edits::default();
        if let Some((_, part)) = self.sheets.iter().find(|(known, _)| same(known, name)) {
            parts.put(part, list);
        } else {
            let part = parts.free_name("xl/worksheets/quarterday", ".xml");
            parts.put(&part, list);
            types.add(&part, "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml");
            let relation = self.relations.add(parts, "worksheet", &part)?;
            self.insert(&mut edits, name, &relation)?;
        }
        for step in steps(&self.text) {
            let step = step?;
            let (Event::Start(element) | Event::Empty(element)) = &step.event else { continue };
            if element.name().into_inner() == "workbookView" {
                let empty = matches!(step.event, Event::Empty(_));
                let set = [("activeTab", None), ("firstSheet", None)];
                edits.replace(step.at, with(element, &set, empty));
            }
        }
        parts.put(BOOK, edits.apply(&self.text));
        Ok(())
    }

    /// A new first sheet; names that belong to a sheet by its number follow it.
    fn insert(&self, edits: &mut Edits, name: &str, relation: &str) -> Result<(), Refused> {
        let (mut most, mut first) = (0, None);
        for step in steps(&self.text) {
            let step = step?;
            let (Event::Start(element) | Event::Empty(element)) = &step.event else { continue };
            match element.name().into_inner() {
                "sheets" => first = Some(step.at.end),
                "sheet" => {
                    let id = attribute(element, "sheetId").and_then(|id| id.parse().ok()).unwrap_or(0_u32);
                    most = most.max(id);
                }
                "definedName" => {
                    let local = attribute(element, "localSheetId").and_then(|at| at.parse::<u32>().ok());
                    if let Some(local) = local {
                        let next = (local + 1).to_string();
                        let empty = matches!(step.event, Event::Empty(_));
                        edits.replace(step.at.clone(), with(element, &[("localSheetId", Some(&next))], empty));
                    }
                }
                _ => {}
            }
        }
        let first = first.ok_or("it has no sheets")?;
        // With a prefix of its own: another sheet's may be declared at that sheet alone.
        let sheet = format!(
            "<sheet xmlns:r=\"{RELATIONS}\" name=\"{}\" sheetId=\"{}\" r:id=\"{relation}\"/>",
            escaped(name),
            most + 1
        );
        edits.insert(first, sheet);
        Ok(())
    }
}

/// What kinds of parts the archive holds.
struct Types {
    text: String,
    added: String,
    vml: bool,
}

impl Types {
    fn read(parts: &mut Parts<'_>) -> Result<Self, Refused> {
        Ok(Self { text: parts.text(TYPES)?, added: String::new(), vml: false })
    }

    fn add(&mut self, part: &str, kind: &str) {
        self.added.push_str(&format!("<Override PartName=\"/{part}\" ContentType=\"{kind}\"/>"));
    }

    fn write(self) -> Result<String, Refused> {
        let end = self.text.rfind("</Types>").ok_or("its list of kinds is empty")?;
        let known = self.text.contains("Extension=\"vml\"") || self.text.contains("Extension=\"VML\"");
        let vml = match self.vml && !known {
            true => {
                "<Default Extension=\"vml\" ContentType=\"application/vnd.openxmlformats-officedocument.vmlDrawing\"/>"
            }
            false => "",
        };
        // Excel takes defaults and overrides in any order.
        Ok(format!("{}{vml}{}{}", &self.text[..end], self.added, &self.text[end..]))
    }
}
