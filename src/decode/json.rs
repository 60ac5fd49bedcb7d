//! JSON: an array of flat objects, the same under `data`, or one object a line.
//!
//! Numbers keep the digits they were written with. Keys are headings in the order of first sight.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use arrow::array::RecordBatch;
use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::cells::{Batch, headings, schema};
use super::text::settle;
use super::{DecodeError, Encoding, Sheet};

/// Checks every record and gathers the headings; the rows follow as they are asked for.
pub(super) fn read(extract: Bytes, allowed: u64) -> Result<Sheet, DecodeError> {
    let text = settle(extract, Some(Encoding::Utf8), allowed)?;
    if text.trim_ascii().is_empty() {
        return Err(DecodeError::Empty);
    }
    let mut columns = Vec::new();
    let mut known = HashMap::new();
    let mut records = Vec::new();
    for record in split(&text)? {
        let number = u32::try_from(records.len() + 1).map_err(|_| DecodeError::TooManyRows)?;
        for (key, _) in cells(record.get(), number)? {
            if !known.contains_key(&key) {
                known.insert(key.clone(), columns.len());
                columns.push(key);
            }
        }
        records.push(place(&text, record.get()));
    }
    if columns.is_empty() {
        return Err(DecodeError::Empty);
    }
    let columns = headings(columns, 0)?;
    let batch = Batch::new(schema(&columns));
    let rows = JsonRows { text, records, at: 0, known, batch };
    Ok(Sheet { name: None, header_row: 0, first_column: 0, columns, rows: Box::new(rows) })
}

/// The records of any of the three shapes.
fn split(text: &[u8]) -> Result<Vec<&RawValue>, DecodeError> {
    if text.trim_ascii_start().first() == Some(&b'[') {
        return serde_json::from_slice(text).map_err(malformed);
    }
    let mut records = Vec::new();
    for record in serde_json::Deserializer::from_slice(text).into_iter::<&RawValue>() {
        records.push(record.map_err(malformed)?);
    }
    if let [only] = records.as_slice()
        && let Ok(Members(members)) = serde_json::from_str::<Members<'_>>(only.get())
        && let Some((_, data)) = members.iter().find(|(key, value)| key == "data" && value.get().starts_with('['))
    {
        return serde_json::from_str(data.get()).map_err(malformed);
    }
    Ok(records)
}

fn malformed(error: serde_json::Error) -> DecodeError {
    DecodeError::Json(error.to_string())
}

/// Where `part` lies in the text it was cut from.
fn place(text: &Bytes, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + part.len()
}

/// A heading and the cell below it; none for null.
type Cell<'a> = (String, Option<Cow<'a, str>>);

/// A record's cells in their order.
fn cells(record: &str, number: u32) -> Result<Vec<Cell<'_>>, DecodeError> {
    if !record.starts_with('{') {
        return Err(DecodeError::NotAnObject { record: number });
    }
    let Members(members) = serde_json::from_str(record).map_err(malformed)?;
    let mut cells = Vec::with_capacity(members.len());
    let mut seen = std::collections::HashSet::new();
    for (key, value) in members {
        let written = value.get();
        let cell = match written.as_bytes().first() {
            Some(b'{' | b'[') => return Err(DecodeError::Nested { record: number, key }),
            Some(b'"') => Some(Cow::Owned(serde_json::from_str::<String>(written).map_err(malformed)?)),
            Some(b'n') => None,
            _ => Some(Cow::Borrowed(written)),
        };
        if !seen.insert(key.clone()) {
            return Err(DecodeError::DuplicateKey { record: number, key });
        }
        cells.push((key, cell));
    }
    Ok(cells)
}

/// An object's members as written: in order, repeats and all.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

struct JsonRows {
    text: Bytes,
    records: Vec<Range<usize>>,
    at: usize,
    /// Heading to column.
    known: HashMap<String, usize>,
    batch: Batch,
}

impl Iterator for JsonRows {
    type Item = Result<RecordBatch, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.fill();
        if batch.is_err() {
            self.at = self.records.len();
        }
        batch.transpose()
    }
}

impl JsonRows {
    fn fill(&mut self) -> Result<Option<RecordBatch>, DecodeError> {
        while !self.batch.is_full() && self.at < self.records.len() {
            let record = &self.text[self.records[self.at].clone()];
            let record = std::str::from_utf8(record).map_err(|error| DecodeError::Json(error.to_string()))?;
            self.at += 1;
            let number = u32::try_from(self.at).map_err(|_| DecodeError::TooManyRows)?;
            let mut row = vec![None; self.known.len()];
            for (key, cell) in cells(record, number)? {
                if let Some(column) = self.known.get(&key) {
                    row[*column] = cell;
                }
            }
            if row.iter().any(Option::is_some) {
                self.batch.push(number, row.iter().map(Option::as_deref));
            }
        }
        self.batch.take()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::decode::wire::texts;

    /// Headings, then each record's number and cells; or the error.
    type Table = (Vec<String>, Vec<(u32, Vec<String>)>);

    fn table(text: &str) -> Result<Table, String> {
        let sheet = read(Bytes::copy_from_slice(text.as_bytes()), 1 << 20).map_err(|error| error.to_string())?;
        let columns = sheet.columns.clone();
        texts(sheet).map(|rows| (columns, rows)).map_err(|error| error.to_string())
    }

    #[test]
    fn three_shapes_give_the_same_table() {
        let array = table(r#"[{"a": 1, "b": "x"}, {"b": null, "c": true, "a": 1.50}]"#).unwrap();
        assert_eq!(array.0, ["a", "b", "c"]);
        assert_eq!(array.1[1], (2, vec!["1.50".to_owned(), String::new(), "true".to_owned()]));
        let wrapped = r#"{"meta": {"page": 1}, "data": [{"a": 1, "b": "x"}, {"b": null, "c": true, "a": 1.50}]}"#;
        assert_eq!(table(wrapped).unwrap(), array);
        assert_eq!(table("{\"a\": 1, \"b\": \"x\"}\n{\"b\": null, \"c\": true, \"a\": 1.50}\n").unwrap(), array);
    }

    #[test]
    fn numbers_keep_their_digits() {
        let (_, rows) = table(r#"[{"a": 12345678901234567890.10, "b": 1e400, "c": -0}]"#).unwrap();
        assert_eq!(rows[0].1, ["12345678901234567890.10", "1e400", "-0"]);
    }

    #[test]
    fn what_is_not_a_cell_is_named() {
        assert!(table(r#"[{"a": 1}, {"a": [1]}]"#).unwrap_err().starts_with("record 2 holds a list"));
        assert!(table(r#"[{"a": 1, "a": 2}]"#).unwrap_err().starts_with("record 1 has two values of one name"));
        assert!(table("[1]").unwrap_err().starts_with("record 1 is not an object"));
        assert!(table(r#"[{"a": 1}"#).unwrap_err().starts_with("the file is not well-formed JSON"));
        assert!(table("[]").unwrap_err().starts_with("the file is empty"));
    }

    #[test]
    fn the_json_suite_is_read_or_refused_and_never_a_crash() {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/json-suite/test_parsing"));
        let Ok(files) = std::fs::read_dir(folder) else { return };
        let (mut accepted, mut refused) = (0, 0);
        for file in files {
            let file = file.unwrap().path();
            let name = file.file_name().unwrap().to_string_lossy().into_owned();
            let bytes = std::fs::read(&file).unwrap();
            // A cell is read by a stricter reader than a document: only what opens as an object can be a table.
            let objects = bytes.trim_ascii_start().starts_with(b"{");
            let found = read(Bytes::from(bytes), 1 << 20).and_then(texts);
            match name.as_bytes()[0] {
                b'n' => {
                    assert!(found.is_err(), "{name} was accepted");
                    refused += 1;
                }
                b'y' if objects => accepted += usize::from(found.is_ok()),
                _ => {}
            }
        }
        assert!(refused > 150 && accepted > 4, "{refused} refused, {accepted} accepted");
    }
}
