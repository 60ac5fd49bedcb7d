//! Notes in cells: the texts, and the drawing of them that spreadsheets want beside the texts.

use std::collections::BTreeMap;

use quick_xml::events::Event;

use super::parts::{DECLARATION, Edits, MAIN, Refused, attribute, escaped, steps};
use crate::decode::letter;

/// A cell, 0-based: row, then column.
pub(super) type At = (u32, u32);

/// Who the notes are from; a note of an earlier round is known by it.
pub(super) const AUTHOR: &str = "Quarterday";

/// What a note of an earlier round says once its cell is right.
const DONE: &str = "This was marked before; there is nothing more to fix here.";

/// The address of a cell: `D14`.
pub(super) fn address((row, column): At) -> String {
    format!("{}{}", letter(column as usize), row + 1)
}

/// A cell from its address.
pub(super) fn cell(address: &str) -> Option<At> {
    let digits = address.find(|c: char| c.is_ascii_digit())?;
    let row: u32 = address[digits..].parse().ok()?;
    Some((row.checked_sub(1)?, column(&address[..digits])?))
}

/// A column from its letters.
pub(super) fn column(letters: &str) -> Option<u32> {
    if letters.is_empty() || letters.len() > 3 || !letters.bytes().all(|b| b.is_ascii_uppercase()) {
        return None;
    }
    Some(letters.bytes().fold(0, |sum, b| sum * 26 + u32::from(b - b'A') + 1) - 1)
}

/// The notes of a sheet that has none.
pub(super) fn comments(notes: &BTreeMap<At, String>) -> String {
    let list: String = notes.iter().map(|(at, text)| comment(*at, text, 0)).collect();
    format!(
        "{DECLARATION}<comments xmlns=\"{MAIN}\"><authors><author>{AUTHOR}</author></authors><commentList>{list}</commentList></comments>"
    )
}

fn comment(at: At, text: &str, author: usize) -> String {
    format!("<comment ref=\"{}\" authorId=\"{author}\"><text>{}</text></comment>", address(at), run(text))
}

fn run(text: &str) -> String {
    format!("<r><rPr><sz val=\"9\"/><rFont val=\"Tahoma\"/></rPr><t xml:space=\"preserve\">{}</t></r>", escaped(text))
}

/// The notes of a sheet that has some: ours are added, theirs are kept, and those of an earlier round say that they are
/// done. Answers with the cells that need a drawing.
pub(super) fn add_comments(text: &str, notes: &BTreeMap<At, String>) -> Result<(String, Vec<At>), Refused> {
    let mut edits = Edits::default();
    let mut authors: Vec<String> = Vec::new();
    let (mut known, mut here, mut words_from) = (Vec::new(), None, None);
    let mut end_of_list = None;
    let mut end_of_authors = None;
    for step in steps(text) {
        let step = step?;
        match &step.event {
            Event::Start(element) => match element.name().into_inner() {
                "author" => authors.push(String::new()),
                "comment" => {
                    let at = attribute(element, "ref").and_then(|address| cell(&address));
                    let author: Option<usize> = attribute(element, "authorId").and_then(|id| id.parse().ok());
                    known.extend(at);
                    here = at.map(|at| (at, author));
                }
                "text" => words_from = Some(step.at.end),
                _ => {}
            },
            Event::Empty(element) if element.name().into_inner() == "author" => authors.push(String::new()),
            Event::Text(words) if step.depth == 3 => {
                if let Some(author) = authors.last_mut().filter(|_| end_of_authors.is_none()) {
                    author.push_str(words);
                }
            }
            Event::End(element) => match element.name().into_inner() {
                "authors" => end_of_authors = Some(step.at.start),
                "commentList" => end_of_list = Some(step.at.start),
                "text" => {
                    if let Some(((at, author), from)) = here.zip(words_from.take()) {
                        let author = author.and_then(|at| authors.get(at)).map_or("", String::as_str);
                        // A threaded comment shows its own words; a note beside it would be lost.
                        match (notes.get(&at), author == AUTHOR) {
                            (Some(note), true) => edits.replace(from..step.at.start, run(note)),
                            (None, true) => edits.replace(from..step.at.start, run(DONE)),
                            (Some(note), false) if !author.starts_with("tc=") => {
                                edits.insert(step.at.start, run(&format!("\n{AUTHOR}: {note}")));
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            },
            _ => {}
        }
    }
    let (Some(authors_end), Some(list_end)) = (end_of_authors, end_of_list) else {
        return Err("the notes of a sheet have no list".to_owned());
    };
    let author = authors.iter().position(|author| author == AUTHOR).unwrap_or_else(|| {
        edits.insert(authors_end, format!("<author>{AUTHOR}</author>"));
        authors.len()
    });
    let new: Vec<At> = notes.keys().filter(|at| !known.contains(at)).copied().collect();
    for at in &new {
        edits.insert(list_end, comment(*at, &notes[at], author));
    }
    Ok((edits.apply(text), new))
}

/// The drawing of notes on a sheet that has no drawing of notes; `block` is a number no other sheet's drawing has.
pub(super) fn drawing(notes: &[At], block: usize) -> String {
    format!(
        "<xml xmlns:v=\"urn:schemas-microsoft-com:vml\" xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns:x=\"urn:schemas-microsoft-com:office:excel\"><o:shapelayout v:ext=\"edit\"><o:idmap v:ext=\"edit\" data=\"{block}\"/></o:shapelayout>{SHAPE_TYPE}{}</xml>",
        shapes(notes, block)
    )
}

/// A drawing with the notes added to it. It is not always well-formed XML, so that it is not read as such.
pub(super) fn add_to_drawing(text: &str, notes: &[At], block: usize) -> Result<String, Refused> {
    let end = text.rfind("</xml>").ok_or("the drawing of the notes has no end")?;
    let shape_type = if text.contains("_x0000_t202") { "" } else { SHAPE_TYPE };
    let text = format!("{}{shape_type}{}{}", &text[..end], shapes(notes, block), &text[end..]);
    // The block of numbers is ours from here on.
    let map = text.find("<o:idmap").and_then(|at| Some(at + text[at..].find("data=\"")? + "data=\"".len()));
    Ok(match map {
        Some(at) => format!("{}{block},{}", &text[..at], &text[at..]),
        None => text,
    })
}

const SHAPE_TYPE: &str = "<v:shapetype id=\"_x0000_t202\" coordsize=\"21600,21600\" o:spt=\"202\" path=\"m,l,21600r21600,l21600,xe\"><v:stroke joinstyle=\"miter\"/><v:path gradientshapeok=\"t\" o:connecttype=\"rect\"/></v:shapetype>";

fn shapes(notes: &[At], block: usize) -> String {
    let shape = |(number, (row, column)): (usize, &At)| {
        let id = block * 1024 + number + 1;
        let (top, left) = (row.saturating_sub(1), column + 1);
        format!(
            "<v:shape id=\"_x0000_s{id}\" type=\"#_x0000_t202\" style=\"position:absolute;margin-left:80pt;margin-top:5pt;width:190pt;height:80pt;z-index:{number};visibility:hidden\" fillcolor=\"#ffffe1\" o:insetmode=\"auto\"><v:fill color2=\"#ffffe1\"/><v:shadow on=\"t\" color=\"black\" obscured=\"t\"/><v:path o:connecttype=\"none\"/><v:textbox style=\"mso-direction-alt:auto\"><div style=\"text-align:left\"></div></v:textbox><x:ClientData ObjectType=\"Note\"><x:MoveWithCells/><x:SizeWithCells/><x:Anchor>{left}, 15, {top}, 2, {}, 31, {}, 9</x:Anchor><x:AutoFill>False</x:AutoFill><x:Row>{row}</x:Row><x:Column>{column}</x:Column></x:ClientData></v:shape>",
            left + 3,
            top + 5
        )
    };
    notes.iter().enumerate().map(shape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back() {
        for (at, text) in [((0, 0), "A1"), ((13, 3), "D14"), ((9, 27), "AB10")] {
            assert_eq!(address(at), text);
            assert_eq!(cell(text), Some(at));
        }
        for bad in ["", "A", "1", "A0", "AAAA1", "a1", "A1B"] {
            assert_eq!(cell(bad), None, "{bad}");
        }
    }

    #[test]
    fn notes_of_people_stay_and_those_of_an_earlier_round_are_renewed() {
        let text = format!(
            "<comments xmlns=\"{MAIN}\"><authors><author>Sam</author><author>{AUTHOR}</author></authors><commentList>\
             <comment ref=\"A1\" authorId=\"0\"><text><t>mine</t></text></comment>\
             <comment ref=\"B2\" authorId=\"1\"><text><t>old</t></text></comment>\
             <comment ref=\"C3\" authorId=\"1\"><text><t>older</t></text></comment></commentList></comments>"
        );
        let notes = BTreeMap::from([
            ((0, 0), "too <large>".to_owned()),
            ((1, 1), "still".to_owned()),
            ((4, 4), "new".to_owned()),
        ]);
        let (text, new) = add_comments(&text, &notes).unwrap();
        assert_eq!(new, [(4, 4)]);
        assert!(text.contains("<t>mine</t><r>") && text.contains("too &lt;large&gt;"), "{text}");
        assert!(!text.contains(">old<") && text.contains("still") && text.contains(DONE), "{text}");
        assert!(text.contains("ref=\"E5\" authorId=\"1\""), "{text}");
    }
}
