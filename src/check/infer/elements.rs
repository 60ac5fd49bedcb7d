//! Which elements of a file of XML could be the rows of tables, and by which paths their columns go.
//!
//! What repeats is a table, with all that stands in it once. A table inside another has a column that leads back to it: its
//! key where it has one of one column, else the number of the element.

use super::Shape;
use crate::decode::{Element, XmlOptions, XmlTable};

/// A table of elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// The path of its rows.
    pub path: Vec<String>,
    /// The paths of its own columns, seen from there.
    pub columns: Vec<String>,
    /// The table in whose rows it stands, by its place among the tables, and how many elements outwards that is.
    pub within: Option<(usize, usize)>,
}

/// The tables that an outline suggests, outer ones first.
pub fn tables(outline: &[Element]) -> Vec<Rows> {
    let mut is_row: Vec<bool> = outline.iter().map(|element| element.repeats || is_listed(outline, element)).collect();
    let holds_more = |at: usize| outline.get(at).is_some_and(|e| !e.inside.is_empty() || !e.attributes.is_empty());
    if !(0..outline.len()).any(|at| is_row[at] && holds_more(at)) {
        // One record alone: what stands by itself in the element around it, or the whole file.
        let alone = |element: &Element| {
            let around = element.around.and_then(|around| outline.get(around));
            !element.inside.is_empty() && around.is_some_and(|around| around.inside.len() == 1)
        };
        let at = (0..outline.len()).filter(|at| outline.get(*at).is_some_and(alone));
        let at = at.min_by_key(|at| outline.get(*at).map_or(0, |element| element.path.len())).unwrap_or(0);
        if let Some(row) = is_row.get_mut(at) {
            *row = true;
        }
    }
    let rows: Vec<usize> = (0..outline.len()).filter(|at| is_row[*at]).collect();
    let table = |at: &usize| {
        let element = outline.get(*at)?;
        let mut columns = Vec::new();
        add_columns(outline, &is_row, *at, "", &mut columns);
        if columns.is_empty() {
            // It only holds other tables: its rows are told apart by their numbers.
            columns.push("#".to_owned());
        }
        let mut around = element.around;
        while let Some(outer) = around.filter(|outer| !is_row[*outer]) {
            around = outline.get(outer).and_then(|element| element.around);
        }
        let within = around.and_then(|outer| {
            let place = rows.iter().position(|row| *row == outer)?;
            Some((place, element.path.len() - outline.get(outer)?.path.len()))
        });
        Some(Rows { path: element.path.clone(), columns, within })
    };
    rows.iter().filter_map(table).collect()
}

/// Whether an element is one of a list that has only one in this file: `Children` around a single `Child`.
fn is_listed(outline: &[Element], element: &Element) -> bool {
    let Some(around) = element.around.and_then(|around| outline.get(around)) else { return false };
    let (Some(one), Some(many)) = (element.path.last(), around.path.last()) else { return false };
    let (one, many) = (one.to_lowercase(), many.to_lowercase());
    !element.inside.is_empty() && around.inside.len() == 1 && many.len() > one.len() && many.starts_with(&one)
}

/// The paths below an element that are not inside another table.
fn add_columns(outline: &[Element], is_row: &[bool], at: usize, path: &str, columns: &mut Vec<String>) {
    let Some(element) = outline.get(at) else { return };
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    columns.extend(element.attributes.iter().map(|attribute| below(&format!("@{attribute}"))));
    if element.inside.is_empty() && (element.has_text || element.attributes.is_empty()) {
        columns.push(if path.is_empty() { ".".to_owned() } else { path.to_owned() });
    }
    for inner in &element.inside {
        let name = outline.get(*inner).and_then(|element| element.path.last());
        if let Some(name) = name.filter(|_| !is_row.get(*inner).is_some_and(|row| *row)) {
            add_columns(outline, is_row, *inner, &below(name), columns);
        }
    }
}

/// How the file is read by these tables; with the `shapes` that were seen before, tables inside others have their key.
pub fn options(tables: &[Rows], shapes: Option<&[Shape]>) -> XmlOptions {
    let table = |table: &Rows| {
        let back = table.within.map(|(outer, up)| {
            let key = shapes.and_then(|shapes| key_of(shapes.get(outer)?)).unwrap_or("#");
            format!("{}{key}", "../".repeat(up))
        });
        let paths = back.filter(|_| shapes.is_some()).into_iter().chain(table.columns.iter().cloned());
        XmlTable { rows: format!("/{}", table.path.join("/")), columns: paths.map(|path| vec![path]).collect() }
    };
    XmlOptions { tables: tables.iter().map(table).collect() }
}

/// The path of the one column that is a table's key.
fn key_of(shape: &Shape) -> Option<&str> {
    let [key] = shape.unique.as_slice() else { return None };
    let column = shape.columns.iter().find(|column| column.name == *key)?;
    // There is no path to the text of an outer row itself.
    Some(column.heading.as_str()).filter(|heading| *heading != "." && !heading.contains(".."))
}

/// What a path is called in SQL, before anything clashes: the last of its names, or the number of which element it is.
pub(super) fn name_of(rows: &str, path: &str) -> String {
    let names = |text: &str| -> Vec<String> {
        text.split('/').filter(|name| !matches!(*name, "" | "." | ".." | "#")).map(|n| n.replace('@', "")).collect()
    };
    let last = |of: &[String]| of.last().cloned().unwrap_or_else(|| "value".to_owned());
    let ups = path.split('/').filter(|step| *step == "..").count();
    let of_rows = names(rows);
    match (path.ends_with('#'), names(path)) {
        (true, _) => format!("{}_number", last(of_rows.get(..of_rows.len().saturating_sub(ups)).unwrap_or_default())),
        (false, own) if own.is_empty() => last(&of_rows),
        (false, own) => last(&own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::outline;

    /// A table's path, its columns, and the table and column it leads back to.
    type Guessed = (String, Vec<String>, Option<(usize, usize)>);

    fn guessed(text: &str) -> Vec<Guessed> {
        let outline = outline(&bytes::Bytes::copy_from_slice(text.as_bytes()), 1 << 20).unwrap();
        tables(&outline).into_iter().map(|table| (table.path.join("/"), table.columns, table.within)).collect()
    }

    #[test]
    fn what_repeats_is_a_table_and_leads_back_to_the_one_around_it() {
        let text = "<M><Head><Year>2024</Year></Head>
            <Child id='1'><Who><Ref>A</Ref></Who><Seen><On>1</On></Seen><Seen><On>2</On></Seen></Child>
            <Child id='2'><Who><Ref>B</Ref><Sort>x</Sort><Sort>y</Sort></Who></Child></M>";
        let table = |path: &str, columns: &[&str], within| {
            (path.to_owned(), columns.iter().map(|path| (*path).to_owned()).collect::<Vec<_>>(), within)
        };
        let expected = [
            table("M/Child", &["@id", "Who/Ref"], None),
            table("M/Child/Seen", &["On"], Some((0, 1))),
            table("M/Child/Who/Sort", &["."], Some((0, 2))),
        ];
        assert_eq!(guessed(text), expected);
    }

    #[test]
    fn one_record_alone_is_a_row() {
        let listed = "<M><Head><Year>1</Year></Head><Children><Child><Ref>A</Ref></Child></Children></M>";
        assert_eq!(guessed(listed), [("M/Children/Child".to_owned(), vec!["Ref".to_owned()], None)]);
        let whole = "<M><A>1</A><B>2</B></M>";
        assert_eq!(guessed(whole), [("M".to_owned(), vec!["A".to_owned(), "B".to_owned()], None)]);
    }

    #[test]
    fn a_path_gives_a_name() {
        let rows = "/M/Children/Child/Seen";
        for (path, name) in [("../Who/Ref", "Ref"), ("@kind", "kind"), (".", "Seen"), ("../#", "Child_number")] {
            assert_eq!(name_of(rows, path), name);
        }
    }
}
