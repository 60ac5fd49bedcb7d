//! The marks that a workbook made by `quarterday template` carries, so that it is known again when it comes back filled in.
//!
//! They are custom document properties, which Excel and LibreOffice keep when they save. Only their own small part of the
//! archive is read, so that a mail with a workbook can be asked about before anything foreign is decoded.

use std::io::{Cursor, Read};

use quick_xml::{Reader, events::Event};
use zip::ZipArchive;

use crate::domain::{AgencyId, Period, ReturnId};

/// The names under which the marks stand among a workbook's properties.
pub const RETURN_MARK: &str = "Quarterday return";
pub const AGENCY_MARK: &str = "Quarterday agency";
pub const PERIOD_MARK: &str = "Quarterday period";

/// Where custom properties stand in a workbook.
const PART: &str = "docProps/custom.xml";

/// Properties of more bytes are nobody's marks.
const MOST_BYTES: u64 = 64 << 10;

/// What a template was made for. It is what the file says of itself: a claim, to be held against who sent it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The return.
    pub return_id: ReturnId,
    /// The agency, where the template was made for one.
    pub agency: Option<AgencyId>,
    /// The period, where the template was made for one.
    pub period: Option<Period>,
}

/// The marks of a template that was filled in; none of any other file, and of one whose marks cannot be read.
pub fn marks_of(bytes: &[u8]) -> Option<Marks> {
    if !bytes.starts_with(b"PK") {
        return None;
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut text = String::new();
    archive.by_name(PART).ok()?.take(MOST_BYTES).read_to_string(&mut text).ok()?;
    let properties = properties(&text)?;
    let named = |name: &str| properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    Some(Marks {
        return_id: named(RETURN_MARK)?.parse().ok()?,
        agency: named(AGENCY_MARK).and_then(|agency| agency.parse().ok()),
        period: named(PERIOD_MARK).and_then(|period| period.parse().ok()),
    })
}

/// Names and texts of `<property name="…"><vt:lpwstr>…</vt:lpwstr></property>`.
fn properties(text: &str) -> Option<Vec<(String, String)>> {
    let mut reader = Reader::from_str(text);
    let mut found: Vec<(String, String)> = Vec::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(element) if element.local_name().as_ref() == "property" => {
                let name = element.try_get_attribute("name").ok()??;
                found.push((name.value.into_owned(), String::new()));
            }
            Event::Text(words) => {
                if let Some((_, value)) = found.last_mut() {
                    value.push_str(words.trim());
                }
            }
            Event::DocType(_) => return None,
            Event::Eof => return Some(found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::*;

    fn workbook(properties: &str) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        writer.start_file(PART, SimpleFileOptions::default()).unwrap();
        write!(writer, "<?xml version=\"1.0\"?><Properties xmlns:vt=\"urn:vt\">{properties}</Properties>").unwrap();
        writer.finish().unwrap().into_inner()
    }

    fn property(name: &str, value: &str) -> String {
        format!("<property fmtid=\"{{D5}}\" pid=\"2\" name=\"{name}\"><vt:lpwstr>{value}</vt:lpwstr></property>")
    }

    #[test]
    fn a_template_is_known_again() {
        let marks = [(RETURN_MARK, "missing-children"), (AGENCY_MARK, "police"), (PERIOD_MARK, "2025-26-Q1")];
        let whole: String = marks.iter().map(|(name, value)| property(name, value)).collect();
        let found = marks_of(&workbook(&(property("Company", "Police &amp; Co") + &whole))).unwrap();
        assert_eq!(found.return_id.as_str(), "missing-children");
        assert_eq!(found.agency.unwrap().as_str(), "police");
        assert_eq!(found.period.unwrap().to_string(), "2025-26-Q1");
    }

    #[test]
    fn other_files_have_no_marks() {
        assert_eq!(marks_of(b"a,b\n1,2\n"), None);
        assert_eq!(marks_of(b"PK\x03\x04 no archive"), None);
        assert_eq!(marks_of(&workbook(&property("Company", "Police"))), None);
        assert_eq!(marks_of(&workbook(&property(RETURN_MARK, "../../etc"))), None);
        assert_eq!(marks_of(&workbook(&format!("<!-- {} -->", "x".repeat(200_000)))), None);
    }
}
