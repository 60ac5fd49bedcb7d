//! What calamine does not tell of a sheet: which rows and columns are hidden, which cells are merged, shown as percentages
//! or were never worked out.
//!
//! Read in a quick walk over the sheet's own bytes. Whatever cannot be understood there is passed over: it costs a remark,
//! never a cell.

mod ods;
mod tags;
mod xls;
mod xlsb;
mod xlsx;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use bytes::Bytes;
use zip::ZipArchive;

pub(super) use ods::layouts as of_ods;
pub(super) use xls::layouts as of_xls;
pub(super) use xlsb::layout as of_xlsb;
pub(super) use xlsx::layout as of_xlsx;

/// A sheet's own layout. Rows and columns are counted from 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    pub hidden_rows: Spans,
    pub hidden_columns: Spans,
    /// By the row and column of the first of some merged cells, those of the last. What they hold stands in the first.
    merges: BTreeMap<(u32, u32), (u32, u32)>,
    /// By row, columns whose cells hold what the reader does not give: a text in its place.
    pub marks: BTreeMap<u32, Vec<(u32, &'static str)>>,
    /// By the first of some like rows: the last of them, and the columns shown as percentages.
    pub percents: BTreeMap<u32, (u32, Spans)>,
}

/// Rising stretches.
#[derive(Debug, Clone, Default)]
pub(super) struct Spans(Vec<(u32, u32)>);

impl Spans {
    /// Adds a stretch, which begins after those before; any other is passed over.
    pub(super) fn add(&mut self, from: u32, to: u32) {
        match self.0.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(from) => *last = to.max(*last),
            Some((_, last)) if *last >= from => {}
            _ if from <= to => self.0.push((from, to)),
            _ => {}
        }
    }

    pub(super) fn has(&self, number: u32) -> bool {
        let after = self.0.partition_point(|(from, _)| *from <= number);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, to)| number <= *to)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Layout {
    fn merge(&mut self, first: (u32, u32), last: (u32, u32)) {
        if self.merges.len() < MOST && first.0 <= last.0 && first.1 <= last.1 {
            self.merges.insert(first, last);
        }
    }

    /// The row and column of the last of the cells that are merged with this first one.
    pub(super) fn merged_to(&self, row: u32, column: u32) -> Option<(u32, u32)> {
        self.merges.get(&(row, column)).copied()
    }

    /// Whether cells of the rows from `first` to `last` are merged with some below them.
    pub(super) fn is_merged_beyond(&self, first: u32, last: u32) -> bool {
        self.merges.range((first, 0)..=(last, u32::MAX)).any(|(_, (to_row, _))| *to_row > last)
    }

    pub(super) fn is_percent(&self, row: u32, column: u32) -> bool {
        let found = self.percents.range(..=row).next_back();
        found.is_some_and(|(_, (last, columns))| row <= *last && columns.has(column))
    }
}

/// Merged cells beyond so many are nobody's layout.
const MOST: usize = 1 << 20;

type Archive = ZipArchive<Cursor<Bytes>>;

/// A small part of an archive, without regard to case or a leading slash.
fn part(archive: &mut Archive, path: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    open(archive, path)?.take(64 << 20).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn open<'a>(archive: &'a mut Archive, path: &str) -> Option<impl Read + use<'a>> {
    let path = path.trim_start_matches('/');
    let is_it = |name: &String| name.replace('\\', "/").eq_ignore_ascii_case(path);
    let known = archive.file_names().flatten().map(|name| name.into_owned()).find(is_it)?;
    archive.by_name(&known).ok()
}

/// The target of each relationship of a part, by its identifier.
fn relationships(archive: &mut Archive, part_path: &str) -> BTreeMap<String, String> {
    let (folder, name) = part_path.rsplit_once('/').unwrap_or(("", part_path));
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut found = BTreeMap::new();
    let bytes = part(archive, &format!("{prefix}_rels/{name}.rels")).unwrap_or_default();
    let _ = tags::walk(bytes.as_slice(), |tag| {
        if let (b"Relationship", Some(id), Some(target)) = (tag.name, tag.text("Id"), tag.text("Target")) {
            let path = match target.strip_prefix('/') {
                Some(whole) => whole.to_owned(),
                None => format!("{prefix}{target}"),
            };
            found.insert(id, path);
        }
    });
    found
}

/// The part that is the workbook itself.
fn workbook_part(archive: &mut Archive, usual: &str) -> String {
    let mut found = None;
    let bytes = part(archive, "_rels/.rels").unwrap_or_default();
    let _ = tags::walk(bytes.as_slice(), |tag| {
        let is_workbook =
            tag.name == b"Relationship" && tag.text("Type").is_some_and(|t| t.ends_with("/officeDocument"));
        if let Some(target) = tag.text("Target").filter(|_| is_workbook) {
            found = Some(target.trim_start_matches('/').to_owned());
        }
    });
    found.unwrap_or_else(|| usual.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_know_what_lies_in_them() {
        let mut spans = Spans::default();
        [(2, 3), (4, 4), (9, 12), (1, 1)].into_iter().for_each(|(from, to)| spans.add(from, to));
        let within: Vec<u32> = (0..15).filter(|number| spans.has(*number)).collect();
        assert_eq!(within, [2, 3, 4, 9, 10, 11, 12]);
    }

    #[test]
    fn percentages_are_known_by_row_and_column() {
        let mut layout = Layout::default();
        let mut columns = Spans::default();
        columns.add(2, 3);
        layout.percents.insert(5, (7, columns));
        assert!(layout.is_percent(5, 2) && layout.is_percent(7, 3));
        assert!(!layout.is_percent(8, 2) && !layout.is_percent(4, 2) && !layout.is_percent(6, 4));
    }
}
