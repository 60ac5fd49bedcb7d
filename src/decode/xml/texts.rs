//! Every text of an XML file with the element it stands in, wanted or not: for whoever looks through what no row holds.

use bytes::Bytes;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use super::{XmlOptions, encoding, malformed};
use crate::decode::{DecodeError, text::settle};

/// Shows the texts of elements and attributes with their names and the name of the element around them, and comments
/// without. With `options` what stands in the rows of a table is left out, but for comments.
///
/// # Errors
/// When it is no XML, or longer than `allowed`; what stands before the fault was shown.
pub fn each_text(
    options: Option<&XmlOptions>,
    extract: &Bytes,
    allowed: u64,
    see: &mut dyn FnMut(&str, &str, &str),
) -> Result<(), DecodeError> {
    let text = settle(extract.clone(), encoding(extract)?, allowed)?;
    let text = std::str::from_utf8(&text).map_err(|_| malformed(1, "it is not UTF-8"))?;
    let rows: Vec<&str> = options.map_or(&[][..], |options| &options.tables).iter().map(|t| t.rows.as_str()).collect();
    let mut walk = Walk { rows, path: String::new(), ends: Vec::new(), row: None, text: String::new(), see };
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|error| malformed(0, &error.to_string()))? {
            Event::Eof => return Ok(()),
            Event::Start(element) => {
                walk.opens(element.local_name().as_ref());
                walk.attributes(&element);
            }
            Event::Empty(element) => {
                walk.opens(element.local_name().as_ref());
                walk.attributes(&element);
                walk.closes();
            }
            Event::End(_) => walk.closes(),
            Event::Text(text) => walk.text.push_str(&text.xml10_content()),
            Event::CData(text) => walk.text.push_str(&text.xml10_content()),
            Event::GeneralRef(entity) => match entity.resolve_char_ref() {
                Ok(Some(c)) => walk.text.push(c),
                _ => walk.text.push_str(resolve_xml_entity(&entity).unwrap_or(" ")),
            },
            Event::Comment(text) => (walk.see)("", "", &text.xml10_content()),
            Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
    }
}

struct Walk<'a> {
    /// The paths of rows.
    rows: Vec<&'a str>,
    /// The names of what is open, each behind a stroke.
    path: String,
    /// How long the path was before each of them.
    ends: Vec<usize>,
    /// How many elements were open where the row began that it is in.
    row: Option<usize>,
    /// What was read of the innermost element since the last one opened or closed.
    text: String,
    see: &'a mut dyn FnMut(&str, &str, &str),
}

impl Walk<'_> {
    fn opens(&mut self, name: &str) {
        self.shows();
        self.ends.push(self.path.len());
        self.path.push('/');
        self.path.push_str(name);
        if self.row.is_none() && self.rows.contains(&self.path.as_str()) {
            self.row = Some(self.ends.len());
        }
    }

    fn closes(&mut self) {
        self.shows();
        if self.row == Some(self.ends.len()) {
            self.row = None;
        }
        self.path.truncate(self.ends.pop().unwrap_or(0));
    }

    fn attributes(&mut self, element: &quick_xml::events::BytesStart<'_>) {
        if self.row.is_some() {
            return;
        }
        for attribute in element.attributes().flatten() {
            let key = attribute.key.as_ref();
            // Names of schemas, not data.
            if key == "xmlns" || key.starts_with("xmlns:") || key.starts_with("xsi:") {
                continue;
            }
            if let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) {
                (self.see)(element.local_name().as_ref(), attribute.key.local_name().as_ref(), &value);
            }
        }
    }

    fn shows(&mut self) {
        let text = std::mem::take(&mut self.text);
        if self.row.is_none() && !text.trim().is_empty() {
            let mut names = self.path.rsplit('/');
            let name = names.next().unwrap_or_default();
            (self.see)(names.next().unwrap_or_default(), name, text.trim());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::XmlTable;

    #[test]
    fn what_stands_beside_the_rows_is_shown_and_they_are_not() {
        let text = "<Message><Header by=\"me\">x &amp; y</Header><Area><n>1</n><!-- why --></Area>\
            <Child><Forename>Amy</Forename></Child></Message>";
        let options = XmlOptions { tables: vec![XmlTable { rows: "/Message/Area".into(), columns: Vec::new() }] };
        for (options, expected) in [
            (Some(&options), vec!["Header/by=me", "Message/Header=x & y", "/= why ", "Child/Forename=Amy"]),
            (None, vec!["Header/by=me", "Message/Header=x & y", "Area/n=1", "/= why ", "Child/Forename=Amy"]),
        ] {
            let mut seen = Vec::new();
            each_text(options, &Bytes::from_static(text.as_bytes()), 1 << 20, &mut |above, name, text| {
                seen.push(format!("{above}/{name}={text}"));
            })
            .unwrap();
            assert_eq!(seen, expected);
        }
    }
}
