//! What a workbook keeps beside its sheets: notes of cells, text boxes, page headers, links, names, lists of allowed values,
//! its properties, the rows behind a pivot table and what was copied from another workbook.
//!
//! Runs in a worker. Reads XLSX and ODS, and of XLSB what lies in it as XML and its notes. It does not know pictures, macros
//! or what an XLS keeps beside its cells. Who made the file is left out: that is the adult who prepared it.

use std::io::{BufRead, BufReader, Cursor, Read};

use quick_xml::{
    XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesStart, Event},
};
use zip::ZipArchive;

use super::Part;

/// The most of one inner file that is read.
const MOST: u64 = 256 << 20;

/// How much is read at a time while the rows of a sheet are passed over.
const CHUNK: usize = 1 << 16;

/// What is taken of an inner file: texts in elements and attributes of elements.
struct Wanted {
    what: &'static str,
    elements: &'static [&'static str],
    attributes: &'static [(&'static str, &'static str)],
}

const NOTES: &str = "the notes of cells";

const PROPERTIES: Wanted = Wanted {
    what: "the properties of the workbook",
    elements: &[
        "title",
        "subject",
        "description",
        "keywords",
        "keyword",
        "category",
        "lpwstr",
        "lpstr",
        "user-defined",
    ],
    attributes: &[],
};

const NAMES: Wanted = Wanted {
    what: "the names defined in the workbook",
    elements: &["definedName"],
    attributes: &[("definedName", "name"), ("definedName", "comment")],
};

/// What follows the rows in a sheet of an XLSX.
const BELOW_ROWS: Wanted = Wanted {
    what: "page headers, lists of allowed values or links",
    elements: &[
        "oddHeader",
        "oddFooter",
        "evenHeader",
        "evenFooter",
        "firstHeader",
        "firstFooter",
        "formula1",
        "formula2",
    ],
    attributes: &[
        ("dataValidation", "prompt"),
        ("dataValidation", "promptTitle"),
        ("dataValidation", "error"),
        ("dataValidation", "errorTitle"),
        ("hyperlink", "display"),
        ("hyperlink", "tooltip"),
        ("hyperlink", "location"),
    ],
};

const LINKS: Wanted = Wanted { what: "links", elements: &[], attributes: &[("Relationship", "Target")] };

const BOXES: Wanted = Wanted {
    what: "text boxes",
    elements: &["p"],
    attributes: &[("cNvPr", "name"), ("cNvPr", "descr"), ("cNvPr", "title")],
};

/// What an ODS has among its cells and is none.
const AMONG_CELLS: Wanted = Wanted {
    what: "notes, text boxes, lists of allowed values or links",
    elements: &["annotation", "text-box", "custom-shape", "help-message", "error-message"],
    attributes: &[
        ("content-validation", "condition"),
        ("help-message", "title"),
        ("error-message", "title"),
        ("named-range", "name"),
        ("named-expression", "name"),
        ("a", "href"),
    ],
};

const PAGES: Wanted = Wanted {
    what: "page headers and footers",
    elements: &["header", "footer", "header-left", "footer-left", "header-first", "footer-first"],
    attributes: &[],
};

/// Shows what the file keeps beside its sheets.
///
/// # Errors
/// When it is damaged.
pub(super) fn beside(input: &[u8], see: &mut dyn FnMut(Part<'_>)) -> Result<(), String> {
    let mut zip = ZipArchive::new(Cursor::new(input)).map_err(|error| error.to_string())?;
    let names: Vec<String> = zip.file_names().flatten().map(|name| name.into_owned()).collect();
    let is_ods = names.iter().any(|name| name == "content.xml");
    for name in names {
        let is = |start: &str, end: &str| name.starts_with(start) && name.ends_with(end);
        let pivot = match name.as_str() {
            _ if is("xl/comments", ".xml") || is("xl/threadedComments/", ".xml") => Some(NOTES),
            _ if is("xl/pivotCache/", ".xml") => Some("the rows behind a pivot table"),
            _ if is("xl/externalLinks/", ".xml") => Some("the cells copied from another workbook"),
            _ => None,
        };
        let wanted = match name.as_str() {
            "content.xml" if is_ods => Some(&AMONG_CELLS),
            "styles.xml" if is_ods => Some(&PAGES),
            "meta.xml" if is_ods => Some(&PROPERTIES),
            "docProps/core.xml" | "docProps/custom.xml" => Some(&PROPERTIES),
            "xl/workbook.xml" => Some(&NAMES),
            _ if is("xl/worksheets/", ".xml") || is("xl/chartsheets/", ".xml") => Some(&BELOW_ROWS),
            _ if is("xl/worksheets/_rels/", ".rels") => Some(&LINKS),
            _ if is("xl/drawings/", ".xml") || is("xl/charts/chart", ".xml") => Some(&BOXES),
            _ => None,
        };
        let is_binary = is("xl/comments", ".bin");
        if pivot.is_none() && wanted.is_none() && !is_binary {
            continue;
        }
        let file = zip.by_name(&name).map_err(|error| error.to_string())?;
        let mut file = BufReader::new(file.take(MOST));
        if let Some(what) = pivot {
            see(Part::Behind(what));
            read_beside(file, see)?;
        } else if let Some(wanted) = wanted {
            if is("xl/worksheets/", ".xml") && !pass_rows(&mut file)? {
                drop(file);
                // Its rows end otherwise than programs write it: all of it is read.
                let again = zip.by_name(&name).map_err(|error| error.to_string())?;
                read_texts(BufReader::new(again.take(MOST)), wanted, see)?;
                continue;
            }
            read_texts(file, wanted, see)?;
        } else {
            see(Part::Behind(NOTES));
            read_binary_notes(file, see)?;
        }
    }
    Ok(())
}

/// Reads on to the end of a sheet's rows, which its cells have been read from already; false if that was not found.
fn pass_rows(from: &mut impl BufRead) -> Result<bool, String> {
    const ENDS: [&[u8]; 3] = [b"</sheetData>", b"<sheetData/>", b"</x:sheetData>"];
    let longest = ENDS.iter().map(|end| end.len()).max().unwrap_or(0);
    let mut kept: Vec<u8> = Vec::with_capacity(2 * CHUNK);
    loop {
        let chunk = from.fill_buf().map_err(|error| error.to_string())?;
        if chunk.is_empty() {
            return Ok(false);
        }
        let (before, read) = (kept.len(), chunk.len());
        kept.extend_from_slice(chunk);
        let end = ENDS.iter().filter_map(|end| Some(memchr::memmem::find(&kept, end)? + end.len())).min();
        if let Some(end) = end {
            from.consume(end.saturating_sub(before).min(read));
            return Ok(true);
        }
        from.consume(read);
        kept.drain(..kept.len().saturating_sub(longest));
    }
}

/// Shows the wanted texts and attributes of an inner file, each as a row of one cell.
fn read_texts(from: impl BufRead, wanted: &Wanted, see: &mut dyn FnMut(Part<'_>)) -> Result<(), String> {
    see(Part::Behind(wanted.what));
    let mut reader = quick_xml::Reader::from_reader(from);
    // A sheet is read from below its rows on.
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let (mut buffer, mut row) = (Vec::new(), 0_u32);
    let mut show = |text: &str| {
        let text = without_codes(text);
        if !text.trim().is_empty() {
            row += 1;
            see(Part::Row { row, cells: &[(0, text)] });
        }
    };
    // How deep the reader is in a wanted element, and in the name of whoever wrote a note.
    let (mut inside, mut author, mut text) = (0_usize, 0_usize, String::new());
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|error| error.to_string())?;
        match &event {
            Event::Eof => return Ok(()),
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.local_name();
                let name = name.as_ref();
                let is_inner = matches!(attribute(tag, "TargetMode").as_deref(), None | Some("Internal"));
                if name != "Relationship" || !is_inner {
                    let here = wanted.attributes.iter().filter(|(element, _)| *element == name);
                    here.filter_map(|(_, key)| attribute(tag, key)).for_each(|value| show(&value));
                }
                if matches!(event, Event::Start(_)) {
                    inside += usize::from(inside > 0 || wanted.elements.contains(&name));
                    author += usize::from(author > 0 || (inside > 0 && matches!(name, "creator" | "date")));
                }
                if inside > 0 && matches!(name, "p" | "s" | "tab" | "line-break" | "br") && !text.is_empty() {
                    text.push(' ');
                }
            }
            Event::Text(piece) if inside > 0 && author == 0 => text.push_str(&piece.xml10_content()),
            Event::CData(piece) if inside > 0 && author == 0 => text.push_str(&piece.xml10_content()),
            Event::GeneralRef(entity) if inside > 0 && author == 0 => match entity.resolve_char_ref() {
                Ok(Some(c)) => text.push(c),
                _ => text.push_str(resolve_xml_entity(entity).unwrap_or(" ")),
            },
            Event::End(_) => {
                let was_inside = inside > 0;
                (inside, author) = (inside.saturating_sub(1), author.saturating_sub(1));
                if was_inside && inside == 0 {
                    show(&std::mem::take(&mut text));
                }
            }
            _ => {}
        }
        buffer.clear();
    }
}

/// A page header's text without the marks for its place, its font and its size: `&C&"Arial,Bold"&12Return`.
fn without_codes(text: &str) -> String {
    let (mut plain, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        plain.push(' ');
        rest = match after.chars().next() {
            Some('"') => after.get(1..).and_then(|font| font.split_once('"')).map_or("", |(_, rest)| rest),
            Some(c) if c.is_ascii_digit() => {
                let size = after.bytes().take_while(u8::is_ascii_digit).count();
                if size <= 3 { after.get(size..).unwrap_or_default() } else { after }
            }
            Some(c) if c.is_ascii_uppercase() => after.get(1..).unwrap_or_default(),
            _ => after,
        };
    }
    plain.push_str(rest);
    plain
}

/// The notes of an XLSB: records of which one kind holds a note's text, in UTF-16 behind a flag and a length (MS-XLSB,
/// 2.1.4 and 2.5.121).
fn read_binary_notes(mut from: impl Read, see: &mut dyn FnMut(Part<'_>)) -> Result<(), String> {
    const TEXT: u32 = 637;
    let mut bytes = Vec::new();
    from.read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    let (mut rest, mut row) = (bytes.as_slice(), 0_u32);
    while !rest.is_empty() {
        let (Some(kind), Some(length)) = (seven_bits(&mut rest, 2), seven_bits(&mut rest, 4)) else { break };
        let Some((record, after)) = rest.split_at_checked(length as usize) else { break };
        rest = after;
        if let (TEXT, [_, a, b, c, d, text @ ..]) = (kind, record) {
            let characters = u32::from_le_bytes([*a, *b, *c, *d]) as usize;
            let units = text.as_chunks::<2>().0.iter().take(characters).map(|pair| u16::from_le_bytes(*pair));
            let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(' ')).collect();
            row += 1;
            see(Part::Row { row, cells: &[(0, text)] });
        }
    }
    Ok(())
}

/// A number in groups of seven bits, the lowest first, in at most so many bytes.
fn seven_bits(from: &mut &[u8], most: usize) -> Option<u32> {
    let mut number = 0;
    for at in 0..most {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u32::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Some(number)
}

/// Notes are texts; a pivot table's fields have a name and the values met in them, its records a value a field.
fn read_beside(from: impl BufRead, see: &mut dyn FnMut(Part<'_>)) -> Result<(), String> {
    let mut reader = quick_xml::Reader::from_reader(from);
    let mut buffer = Vec::new();
    let (mut row, mut text) = (0_u32, String::new());
    let mut fields: Vec<Vec<String>> = Vec::new();
    let mut record: Option<Vec<(u32, String)>> = None;
    let mut column = 0_u32;
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|error| error.to_string())?;
        match &event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => match tag.local_name().as_ref() {
                "cacheField" => fields.push(attribute(tag, "name").into_iter().collect()),
                "r" if attribute(tag, "r").is_none() => (record, column) = (Some(Vec::new()), 0),
                "s" | "n" | "d" | "b" | "x" => {
                    let value = attribute(tag, "v").filter(|_| tag.local_name().as_ref() != "x");
                    match (&mut record, fields.last_mut()) {
                        (Some(record), _) => {
                            record.extend(value.map(|value| (column, value)));
                            column += 1;
                        }
                        (None, Some(field)) => field.extend(value),
                        (None, None) => {}
                    }
                }
                "m" => column += 1,
                _ => {}
            },
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::End(tag) => match tag.local_name().as_ref() {
                "r" => {
                    if let Some(cells) = record.take().filter(|cells| !cells.is_empty()) {
                        row += 1;
                        see(Part::Row { row, cells: &cells });
                    }
                }
                "comment" | "threadedComment" | "cell" => {
                    row += 1;
                    let words = std::mem::take(&mut text);
                    see(Part::Row { row, cells: &[(0, words)] });
                }
                _ => {}
            },
            _ => {}
        }
        buffer.clear();
    }
    let most = fields.iter().map(Vec::len).max().unwrap_or(0);
    for at in 0..most {
        let cells: Vec<(u32, String)> =
            (0..).zip(&fields).filter_map(|(column, values)| Some((column, values.get(at)?.clone()))).collect();
        row += 1;
        see(Part::Row { row, cells: &cells });
    }
    Ok(())
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = tag.attributes().flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    found.normalized_value(XmlVersion::Implicit1_0).ok().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(read: impl FnOnce(&mut dyn FnMut(Part<'_>))) -> Vec<String> {
        let mut shown = Vec::new();
        read(&mut |part| {
            if let Part::Row { cells, .. } = part {
                shown.extend(cells.iter().map(|(_, text)| text.trim().to_owned()));
            }
        });
        shown
    }

    #[test]
    fn the_rows_of_a_sheet_are_passed_over_and_what_follows_them_is_read() {
        let rows = "<row><c><v>1</v></c></row>".repeat(20_000);
        let below = "<headerFooter><oddHeader>&amp;C&amp;\"Arial,Bold\"&amp;12Amy &amp;R943 476 5919</oddHeader></headerFooter>";
        for (open, close) in [("<sheetData>", "</sheetData>"), ("<y:sheetData>", "</y:sheetData>")] {
            let sheet = format!("<worksheet>{open}{rows}{close}{below}</worksheet>");
            let mut from = BufReader::with_capacity(1000, sheet.as_bytes());
            let passed = pass_rows(&mut from).unwrap();
            assert_eq!(passed, open.starts_with("<s"));
            let texts = shown(|see| match passed {
                true => read_texts(from, &BELOW_ROWS, see).unwrap(),
                false => read_texts(sheet.as_bytes(), &BELOW_ROWS, see).unwrap(),
            });
            assert_eq!(texts.len(), 1, "{texts:?}");
            assert_eq!(texts[0].split_whitespace().collect::<Vec<_>>(), ["Amy", "943", "476", "5919"]);
        }
    }

    #[test]
    fn a_note_of_a_binary_workbook_is_read_without_its_author() {
        let mut bytes = vec![0xF8, 0x04, 2, 9, 9];
        let text: Vec<u8> = "born 12/03/2012".encode_utf16().flat_map(u16::to_le_bytes).collect();
        bytes.extend([0xFD, 0x04, u8::try_from(text.len() + 5).unwrap(), 0, 15, 0, 0, 0]);
        bytes.extend(text);
        bytes.extend([0xFD, 0x04, 200]);
        assert_eq!(shown(|see| read_binary_notes(bytes.as_slice(), see).unwrap()), ["born 12/03/2012"]);
        let note = "<office:annotation><dc:creator>Priya</dc:creator><dc:date>2025</dc:date><text:p>born</text:p><text:p>12&#47;3</text:p></office:annotation>";
        assert_eq!(shown(|see| read_texts(note.as_bytes(), &AMONG_CELLS, see).unwrap()), ["born 12/3"]);
    }
}
