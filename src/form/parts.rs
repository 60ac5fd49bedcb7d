//! A workbook as the archive of parts that it is: what is not edited stays byte for byte as it was.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read, Write},
    ops::Range,
};

use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Parts of more bytes are not edited.
const MOST_BYTES: u64 = 64 << 20;

/// Why a workbook cannot be marked in place; never told to people, for another way is taken then.
pub(super) type Refused = String;

/// An archive with some of its parts replaced or added.
pub(super) struct Parts<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    names: Vec<String>,
    changed: BTreeMap<String, String>,
}

impl<'a> Parts<'a> {
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, Refused> {
        let archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| error.to_string())?;
        let names: Result<Vec<String>, _> =
            archive.file_names().map(|name| name.map(|name| name.into_owned())).collect();
        Ok(Self { archive, names: names.map_err(|error| error.to_string())?, changed: BTreeMap::new() })
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.changed.contains_key(name) || self.names.iter().any(|known| known == name)
    }

    /// A part's text as it is by now.
    pub(super) fn text(&mut self, name: &str) -> Result<String, Refused> {
        if let Some(text) = self.changed.get(name) {
            return Ok(text.clone());
        }
        let told = |error: &dyn std::fmt::Display| format!("{name}: {error}");
        let mut text = String::new();
        let part = self.archive.by_name(name).map_err(|error| told(&error))?;
        part.take(MOST_BYTES).read_to_string(&mut text).map_err(|error| told(&error))?;
        if text.len() as u64 >= MOST_BYTES {
            return Err(told(&"too large"));
        }
        Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
    }

    /// Puts a text in the place of a part, or adds it.
    pub(super) fn put(&mut self, name: &str, text: String) {
        self.changed.insert(name.to_owned(), text);
    }

    /// A name for a new part.
    pub(super) fn free_name(&self, start: &str, end: &str) -> String {
        let mut number = 1;
        loop {
            let name = format!("{start}{number}{end}");
            if !self.has(&name) {
                return name;
            }
            number += 1;
        }
    }

    /// The archive: untouched parts as they were, compressed bytes and all.
    pub(super) fn write(mut self) -> Result<Vec<u8>, Refused> {
        let told = |error: &dyn std::fmt::Display| error.to_string();
        let options = SimpleFileOptions::DEFAULT.compression_method(CompressionMethod::Deflated);
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let put = |writer: &mut ZipWriter<Cursor<Vec<u8>>>, name: &str, text: &str| {
            writer.start_file(name, options).map_err(|error| told(&error))?;
            writer.write_all(text.as_bytes()).map_err(|error| told(&error))
        };
        for index in 0..self.archive.len() {
            let name = self.names.get(index).cloned().unwrap_or_default();
            match self.changed.remove(&name) {
                Some(text) => put(&mut writer, &name, &text)?,
                None => {
                    let part = self.archive.by_index_raw(index).map_err(|error| told(&error))?;
                    writer.raw_copy_file(part).map_err(|error| told(&error))?;
                }
            }
        }
        for (name, text) in &self.changed {
            put(&mut writer, name, text)?;
        }
        Ok(writer.finish().map_err(|error| told(&error))?.into_inner())
    }
}

/// One step through an XML text.
pub(super) struct Step<'a> {
    pub event: Event<'a>,
    /// Where it stands in the text.
    pub at: Range<usize>,
    /// Elements open around it; of a start or end tag, without its own.
    pub depth: usize,
}

/// Every step through an XML text. A document type is refused: nothing a spreadsheet writes has one.
pub(super) fn steps<'a>(text: &'a str) -> impl Iterator<Item = Result<Step<'a>, Refused>> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0_usize;
    let mut ended = false;
    std::iter::from_fn(move || {
        if ended {
            return None;
        }
        let start = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let event = match reader.read_event() {
            Ok(Event::Eof) => return None,
            Ok(Event::DocType(_)) => Err("it has a document type".to_owned()),
            Ok(event) => Ok(event),
            Err(error) => Err(error.to_string()),
        };
        ended = event.is_err();
        Some(event.map(|event| {
            let at = start..usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
            let here = match &event {
                Event::Start(_) => {
                    depth += 1;
                    depth - 1
                }
                Event::End(_) => {
                    depth = depth.saturating_sub(1);
                    depth
                }
                _ => depth,
            };
            Step { event, at, depth: here }
        }))
    })
}

/// The value of an attribute, by its local name.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().with_checks(false).flatten().find(|a| a.key.local_name().as_ref() == name)?;
    quick_xml::escape::unescape(&found.value).ok().map(|value| value.into_owned())
}

/// A tag with attributes set (`Some`) or taken away (`None`); the others stay as they are written.
pub(super) fn with(element: &BytesStart<'_>, set: &[(&str, Option<&str>)], empty: bool) -> String {
    let name = element.name().into_inner();
    let mut tag = format!("<{name}");
    for attribute in element.attributes().with_checks(false).flatten() {
        let key = attribute.key.into_inner();
        if set.iter().all(|(name, _)| *name != key) {
            tag.push_str(&format!(" {key}=\"{}\"", attribute.value));
        }
    }
    for (name, value) in set {
        if let Some(value) = value {
            tag.push_str(&format!(" {name}=\"{}\"", escaped(value)));
        }
    }
    tag + if empty { "/>" } else { ">" }
}

/// A text as XML holds it, without the characters that XML cannot hold.
pub(super) fn escaped(text: &str) -> String {
    let holds = |c: &char| matches!(c, '\t' | '\n' | '\r') || !(c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}'));
    quick_xml::escape::escape(text.chars().filter(holds).collect::<String>()).into_owned()
}

/// Changes to a text, by their places; two never overlap.
#[derive(Default)]
pub(super) struct Edits(Vec<(Range<usize>, String)>);

impl Edits {
    pub(super) fn replace(&mut self, at: Range<usize>, text: impl Into<String>) {
        self.0.push((at, text.into()));
    }

    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(at..at, text);
    }

    /// The text with the changes; those at one place in the order they were made.
    pub(super) fn apply(mut self, text: &str) -> String {
        self.0.sort_by_key(|(at, _)| (at.start, at.end));
        let mut out = String::with_capacity(text.len() + 1024);
        let mut done = 0;
        for (at, new) in self.0 {
            out.push_str(text.get(done..at.start).unwrap_or_default());
            out.push_str(&new);
            done = done.max(at.end);
        }
        out.push_str(text.get(done..).unwrap_or_default());
        out
    }
}

/// The relations of a part: identifier, kind (the last word of its type) and the part it leads to.
pub(super) struct Relations {
    pub name: String,
    pub found: Vec<(String, String, String)>,
}

impl Relations {
    /// The relations of `part`; none if it has none.
    pub(super) fn of(parts: &mut Parts<'_>, part: &str) -> Result<Self, Refused> {
        let (folder, file) = part.rsplit_once('/').unwrap_or(("", part));
        let name = format!("{folder}/_rels/{file}.rels").trim_start_matches('/').to_owned();
        let mut found = Vec::new();
        if parts.has(&name) {
            let text = parts.text(&name)?;
            for step in steps(&text) {
                let event = step?.event;
                if let Event::Start(element) | Event::Empty(element) = &event
                    && element.local_name().as_ref() == "Relationship"
                    && let (Some(id), Some(kind), Some(target)) =
                        (attribute(element, "Id"), attribute(element, "Type"), attribute(element, "Target"))
                {
                    let kind = kind.rsplit('/').next().unwrap_or_default().to_owned();
                    found.push((id, kind, resolved(folder, &target)));
                }
            }
        }
        Ok(Self { name, found })
    }

    /// Where the first relation of a kind leads.
    pub(super) fn target(&self, kind: &str) -> Option<&str> {
        self.found.iter().find(|(_, known, _)| known == kind).map(|(_, _, target)| target.as_str())
    }

    /// Where an identifier leads.
    pub(super) fn by_id(&self, id: &str) -> Option<&str> {
        self.found.iter().find(|(known, _, _)| known == id).map(|(_, _, target)| target.as_str())
    }

    /// Adds a relation to a part; answers with its identifier.
    pub(super) fn add(&mut self, parts: &mut Parts<'_>, kind: &str, target: &str) -> Result<String, Refused> {
        let id = (1..).map(|number| format!("quarterday{number}")).find(|id| self.by_id(id).is_none());
        let id = id.ok_or("no identifier is free")?;
        let relation =
            format!("<Relationship Id=\"{id}\" Type=\"{RELATIONS}/{kind}\" Target=\"/{}\"/>", escaped(target));
        let text = if parts.has(&self.name) {
            let text = parts.text(&self.name)?;
            match text.rfind("</Relationships>") {
                Some(end) => format!("{}{relation}{}", &text[..end], &text[end..]),
                None => return Err("the relations of a part are empty".to_owned()),
            }
        } else {
            format!(
                "{DECLARATION}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{relation}</Relationships>"
            )
        };
        parts.put(&self.name, text);
        self.found.push((id.clone(), kind.to_owned(), target.to_owned()));
        Ok(id)
    }
}

/// The first line of every part.
pub(super) const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
/// The space of the kinds of relations, and of the attribute `r:id`.
pub(super) const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
/// The space of everything in a spreadsheet.
pub(super) const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";

/// A target as the name of a part.
fn resolved(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => {
                path.pop();
            }
            "." | "" => {}
            part => path.push(part),
        }
    }
    path.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_found_from_where_its_relation_stands() {
        assert_eq!(resolved("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolved("xl/worksheets", "../comments1.xml"), "xl/comments1.xml");
        assert_eq!(resolved("xl", "/xl/styles.xml"), "xl/styles.xml");
    }

    #[test]
    fn edits_leave_the_rest_as_it_was() {
        let mut edits = Edits::default();
        edits.insert(4, "<b/>");
        edits.replace(0..3, "<x>");
        edits.insert(4, "<c/>");
        assert_eq!(edits.apply("<a>1</a>"), "<x>1<b/><c/></a>");
    }

    #[test]
    fn a_tag_keeps_what_is_not_set() {
        let text = "<c r=\"A1\" s=\"3\" x=\"&amp;\"/>";
        let Some(Ok(Step { event: Event::Empty(tag), .. })) = steps(text).next() else { panic!("no tag") };
        assert_eq!(with(&tag, &[("s", Some("9"))], true), "<c r=\"A1\" x=\"&amp;\" s=\"9\"/>");
        assert_eq!(with(&tag, &[("s", None)], false), "<c r=\"A1\" x=\"&amp;\">");
    }
}
