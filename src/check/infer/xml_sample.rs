//! A made-up file of XML that keeps a guessed contract.

use super::{Shape, sample};
use crate::domain::Period;

/// The elements of a table and their made-up rows.
struct Made<'a> {
    path: Vec<&'a str>,
    /// The paths of the cells, seen from the row.
    headings: Vec<String>,
    rows: Vec<Vec<String>>,
}

/// The text of a made-up file: rows of inner tables stand one in each row of the one around them.
pub fn xml_sample(shapes: &[Shape], period: Period) -> String {
    let made: Vec<Made<'_>> = shapes
        .iter()
        .filter_map(|shape| {
            let path = shape.sheet.as_deref()?.split('/').filter(|name| !name.is_empty()).collect();
            let mut rows = sample(shape, period);
            let headings = if rows.is_empty() { Vec::new() } else { rows.remove(0) };
            Some(Made { path, headings, rows })
        })
        .collect();
    let mut text = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n".to_owned();
    if let Some(root) = made.iter().find_map(|table| table.path.first()) {
        element(&made, &[root], None, 0, &mut text);
    }
    text
}

/// Writes the element at `path`; `row` is which row of the innermost table around it, or its own, it is part of.
fn element(made: &[Made<'_>], path: &[&str], row: Option<usize>, depth: usize, text: &mut String) {
    let number = row.unwrap_or(0);
    let table = made.iter().filter(|table| path.starts_with(&table.path)).max_by_key(|table| table.path.len());
    let cell = |heading: &str| {
        let table = table?;
        let at = table.headings.iter().position(|known| known == heading)?;
        table.rows.get(number).or(table.rows.first())?.get(at).map(|text| escaped(text))
    };
    let below = |table: &Made<'_>| path.get(table.path.len()..).unwrap_or_default().join("/");
    let own = table.map(below).unwrap_or_default();
    let at = |rest: &str| match (own.is_empty(), rest.is_empty()) {
        (true, true) => ".".to_owned(),
        (true, false) => rest.to_owned(),
        (false, true) => own.clone(),
        (false, false) => format!("{own}/{rest}"),
    };
    let attributes = table.into_iter().flat_map(|table| &table.headings).filter_map(|heading| {
        let (before, name) = heading.rsplit_once('@')?;
        (before.trim_end_matches('/') == own).then(|| Some(format!(" {name}=\"{}\"", cell(heading)?)))?
    });
    let attributes: String = attributes.collect();
    let (indent, name) = ("  ".repeat(depth), path.last().copied().unwrap_or_default());
    let inner = inner_names(made, path);
    if inner.is_empty() {
        let value = cell(&at("")).unwrap_or_default();
        text.push_str(&format!("{indent}<{name}{attributes}>{value}</{name}>\n"));
        return;
    }
    text.push_str(&format!("{indent}<{name}{attributes}>\n"));
    for inner in inner {
        let path = [path, &[inner.as_str()]].concat();
        let rows = made.iter().find(|table| table.path == path).map(|table| table.rows.len());
        match (rows, row) {
            // Rows of the outermost tables are all there; of an inner one there is one in each.
            (Some(rows), None) => (0..rows).for_each(|number| element(made, &path, Some(number), depth + 1, text)),
            (Some(_) | None, row) => element(made, &path, row, depth + 1, text),
        }
    }
    text.push_str(&format!("{indent}</{name}>\n"));
}

/// The names of the elements directly in one, in the order in which tables and columns name them.
fn inner_names(made: &[Made<'_>], path: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for table in made {
        let columns = table.headings.iter().filter(|heading| !heading.starts_with("..") && *heading != ".");
        let columns = columns.map(|heading| {
            let steps = heading.split('/').filter(|step| !step.starts_with('@') && !step.contains('#'));
            table.path.iter().copied().chain(steps).collect::<Vec<&str>>()
        });
        for whole in std::iter::once(table.path.clone()).chain(columns) {
            if let Some(name) = whole.strip_prefix(path).and_then(|rest| rest.first())
                && !names.iter().any(|known| known == name)
            {
                names.push((*name).to_owned());
            }
        }
    }
    names
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
