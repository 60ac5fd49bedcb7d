//! JSON: an array of objects, the same under a key, or one object a line.
//!
//! Numbers keep the digits they were written with. Keys are headings in the order of first sight; those of an object
//! inside a record are joined by points, so that `{"child": {"id": 1}}` has the heading `child.id`.

mod records;
mod values;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use arrow::array::RecordBatch;
use bytes::Bytes;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use self::records::{Records, malformed};
use super::cells::{Batch, COLUMNS, headings, schema};
use super::text::settle;
use super::{DecodeError, Encoding, Remarks, Rows, Sheet};

pub use values::each_value;

/// What a return may state about its JSON files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct JsonOptions {
    /// The keys that lead to the list of records, joined by points; without it the file is the list, has it under
    /// `data`, or has one record a line.
    pub records: Option<String>,
}

/// How deep the objects of a record may nest.
const DEPTH: usize = 16;

/// The most cells, empty ones too: with many columns and many records, nearly all of them are.
const CELLS: usize = 1 << 30;

/// The most bytes that all headings may have together; those of nested objects repeat what they stand in.
const HEADINGS: usize = 4 << 20;

/// Checks every record and gathers the headings; the rows follow as they are asked for.
pub(super) fn read(options: &JsonOptions, extract: Bytes, allowed: u64) -> Result<Sheet, DecodeError> {
    let text = settle(extract, Some(Encoding::Utf8), allowed)?;
    if text.trim_ascii().is_empty() {
        return Err(DecodeError::Empty);
    }
    let mut columns = Vec::new();
    let mut known = HashMap::new();
    let mut length = 0;
    let records = Records::of(text, options.records.as_deref())?;
    let (mut ahead, mut number) = (records.clone(), 0_u32);
    while let Some(record) = ahead.step()? {
        number = number.checked_add(1).ok_or(DecodeError::TooManyRows)?;
        for (key, _) in cells(ahead.get(record)?, number)? {
            if !known.contains_key(&key) {
                length += key.len();
                refuse_too_many(columns.len() + 1, length, number)?;
                known.insert(key.clone(), columns.len());
                columns.push(key);
            }
        }
    }
    if columns.is_empty() {
        return Err(DecodeError::Empty);
    }
    let count = number as usize;
    if columns.len().saturating_mul(count) > CELLS {
        return Err(DecodeError::TooSparse { columns: columns.len(), records: count });
    }
    let columns = headings(columns, 0)?;
    let batch = Batch::new(schema(&columns));
    let rows = JsonRows { records, number: 0, known, batch };
    Ok(Sheet {
        name: None,
        header_row: 0,
        first_column: 0,
        columns,
        counts: Vec::new(),
        remarks: Remarks::default(),
        below: Default::default(),
        rows: Rows::of(rows),
    })
}

/// The value of a key, if `value` is an object that has it.
pub(super) fn member<'a>(value: &'a RawValue, key: &str) -> Result<Option<&'a RawValue>, DecodeError> {
    if !value.get().starts_with('{') {
        return Ok(None);
    }
    let Members(members) = serde_json::from_str(value.get()).map_err(malformed)?;
    let mut found = members.into_iter().filter(|(name, _)| name == key).map(|(_, value)| value);
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(DecodeError::DuplicateKey { record: 0, key: key.to_owned() }),
        (found, None) => Ok(found),
    }
}

fn refuse_too_many(columns: usize, length: usize, record: u32) -> Result<(), DecodeError> {
    if columns > COLUMNS || length > HEADINGS { Err(DecodeError::TooManyColumns { record }) } else { Ok(()) }
}

/// A heading and the cell below it; none for null.
type Cell<'a> = (String, Option<Cow<'a, str>>);

/// A record's cells in their order.
fn cells(record: &str, number: u32) -> Result<Vec<Cell<'_>>, DecodeError> {
    if !record.starts_with('{') {
        return Err(DecodeError::NotAnObject { record: number });
    }
    let (mut cells, mut length) = (Vec::new(), 0);
    add_members(record, number, "", DEPTH, &mut cells, &mut length)?;
    let mut seen = HashSet::with_capacity(cells.len());
    match cells.iter().find(|(key, _)| !seen.insert(key.as_str())) {
        Some((key, _)) => Err(DecodeError::DuplicateKey { record: number, key: key.clone() }),
        None => Ok(cells),
    }
}

fn add_members<'a>(
    object: &'a str,
    number: u32,
    before: &str,
    deeper: usize,
    cells: &mut Vec<Cell<'a>>,
    length: &mut usize,
) -> Result<(), DecodeError> {
    let Members(members) = serde_json::from_str(object).map_err(malformed)?;
    refuse_too_many(members.len(), 0, number)?;
    for (key, value) in members {
        let key = format!("{before}{key}");
        *length += key.len();
        refuse_too_many(cells.len() + 1, *length, number)?;
        let written = value.get();
        let cell = match written.as_bytes().first() {
            Some(b'{') if deeper > 0 => {
                add_members(written, number, &format!("{key}."), deeper - 1, cells, length)?;
                continue;
            }
            Some(b'{' | b'[') => return Err(DecodeError::Nested { record: number, key }),
            Some(b'"') => Some(Cow::Owned(serde_json::from_str::<String>(written).map_err(malformed)?)),
            Some(b'n') => None,
            _ => Some(Cow::Borrowed(written)),
        };
        cells.push((key, cell));
    }
    Ok(())
}

/// An object's members as written: in order, repeats and all, and of too many one more than may be.
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
                while members.len() <= COLUMNS
                    && let Some(member) = map.next_entry()?
                {
                    members.push(member);
                }
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

struct JsonRows {
    records: Records,
    /// The number of the record that was read last.
    number: u32,
    /// Heading to column.
    known: HashMap<String, usize>,
    batch: Batch,
}

impl Iterator for JsonRows {
    type Item = Result<RecordBatch, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = self.fill();
        if batch.is_err() {
            self.records.end();
        }
        batch.transpose()
    }
}

impl JsonRows {
    fn fill(&mut self) -> Result<Option<RecordBatch>, DecodeError> {
        while !self.batch.is_full()
            && let Some(record) = self.records.step()?
        {
            self.number = self.number.checked_add(1).ok_or(DecodeError::TooManyRows)?;
            let number = self.number;
            let mut row = vec![None; self.known.len()];
            for (key, cell) in cells(self.records.get(record)?, number)? {
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
        table_at(None, text)
    }

    fn table_at(records: Option<&str>, text: &str) -> Result<Table, String> {
        let options = JsonOptions { records: records.map(str::to_owned) };
        let sheet =
            read(&options, Bytes::copy_from_slice(text.as_bytes()), 1 << 20).map_err(|error| error.to_string())?;
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
    fn records_lie_where_the_contract_says() {
        let text = r#"{"page": 1, "data": {"items": [{"a": 1}, {"a": 2}], "total": 2}}"#;
        assert_eq!(table_at(Some("data.items"), text).unwrap().1.len(), 2);
        assert!(table_at(Some("data.rows"), text).unwrap_err().contains("data.rows"));
        assert!(table_at(Some("page"), text).unwrap_err().contains("no list of records"));
        assert!(table_at(Some("data"), r#"{"data": [], "data": [{"a": 1}]}"#).unwrap_err().contains("two values"));
    }

    #[test]
    fn an_object_inside_a_record_gives_headings_with_points() {
        let (columns, rows) = table(r#"[{"child": {"id": "7", "home": {"postcode": "X"}}, "n": 1}]"#).unwrap();
        assert_eq!(columns, ["child.id", "child.home.postcode", "n"]);
        assert_eq!(rows[0].1, ["7", "X", "1"]);
        let twice = table(r#"[{"a": {"b": 1}, "a.b": 2}]"#).unwrap_err();
        assert!(twice.starts_with("record 1 has two values of one name"), "{twice}");
        let deep = format!("[{}1{}]", r#"{"a":"#.repeat(40), "}".repeat(40));
        assert!(table(&deep).unwrap_err().starts_with("record 1 holds a list or an object"));
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
    fn more_columns_than_a_sheet_has_are_refused_before_they_are_gathered() {
        let refused = |text: &str, record: u32| {
            let said = table(text).unwrap_err();
            assert!(said.starts_with(&format!("record {record} brings the file to more than 16,384 ")), "{said}");
        };
        let lines = |count: usize| (0..count).map(|at| format!("{{\"k{at}\": {at}}}\n")).collect::<String>();
        let widest = read(&JsonOptions::default(), lines(COLUMNS).into(), 1 << 20).unwrap();
        assert_eq!(widest.columns.len(), COLUMNS);
        let sparse = lines(COLUMNS) + &"{\"k1\":1}\n".repeat(CELLS / COLUMNS);
        let said = read(&JsonOptions::default(), sparse.into(), 1 << 20).err().unwrap().to_string();
        assert!(said.starts_with("the file has 16384 different names of values in 81920 records"), "{said}");
        refused(&lines(COLUMNS + 7), 16_385);
        let members = |count: usize| (0..count).map(|at| format!("\"{at}\": 1")).collect::<Vec<_>>().join(",");
        refused(&format!("[{{{}}}]", members(COLUMNS + 1)), 1);
        refused(&format!("{{\"a\": 1}}\n{{{}}}", members(COLUMNS + 1)), 2);
        // A long name is repeated in the heading of each that it holds.
        refused(&format!("[{{\"{}\": {{{}}}}}]", "n".repeat(30_000), members(200)), 1);
        let empty = (0..=COLUMNS).map(|at| format!("\"{at}\": {{}}")).collect::<Vec<_>>().join(",");
        refused(&format!("[{{\"a\": 1}}, {{{empty}}}]"), 2);
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
            let found = read(&JsonOptions::default(), Bytes::from(bytes), 1 << 20).and_then(texts);
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
