//! How a CSV file is written: told by its first records, where the return does not state it.

use super::{
    CsvOptions, DecodeError,
    cells::{COLUMNS, headings, plain},
    csv::Quote,
    record::{Marks, Record, Records},
};

/// Delimiters that are detected. The last of equals wins, so the comma stands last.
const DELIMITERS: [u8; 4] = *b"|\t;,";

/// Records looked at to settle the delimiter.
const SAMPLE: usize = 20;

/// Records among which the headings are looked for.
const SEARCHED: usize = 50;

/// What stands at the head of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    pub marks: Marks,
    /// 1-based row of the last row of headings.
    pub header_row: u32,
    pub columns: Vec<String>,
    /// Where the first row after the headings begins.
    pub body: usize,
}

/// Reads the head of a file, which may be all of it.
pub(super) fn settle(options: &CsvOptions, head: &str, is_whole: bool) -> Result<Dialect, DecodeError> {
    let quote = match options.quote {
        Some(Quote::Double) => Some(b'"'),
        Some(Quote::Single) => Some(b'\''),
        Some(Quote::None) => None,
        None if is_in_single_quotes(head) => Some(b'\''),
        None => Some(b'"'),
    };
    let file = Head { text: head, is_whole, options };
    let stated = match options.delimiter {
        None => None,
        Some(stated) => match u8::try_from(stated) {
            Ok(byte) if byte.is_ascii() && !b"\"'\r\n\0".contains(&byte) => Some(byte),
            _ => return Err(DecodeError::Delimiter(stated)),
        },
    };
    let said = said_delimiter(head);
    if let Some(delimiter) = stated.or(said) {
        let marks = Marks { delimiter, quote };
        return file.dialect(marks, usize::from(said.is_some()));
    }
    let detected = file.detect(quote);
    let likely = Marks { delimiter: detected, quote };
    if options.header_row.is_none() && !options.headings.is_empty() && !file.begins_with_headings(likely) {
        // A title above the headings may have fewer or other delimiters: the headings tell.
        let best = DELIMITERS
            .into_iter()
            .map(|delimiter| Marks { delimiter, quote })
            .filter_map(|marks| Some((file.search(marks)?.1, marks == likely, marks)))
            .max_by_key(|(known, is_likely, _)| (*known, *is_likely));
        if let Some((_, _, marks)) = best {
            return file.dialect(marks, 0);
        }
    }
    file.dialect(likely, 0)
}

struct Head<'a> {
    text: &'a str,
    is_whole: bool,
    options: &'a CsvOptions,
}

/// A record of the head.
struct Line {
    row: u32,
    /// Where the record after it begins.
    end: usize,
    cells: Vec<String>,
}

impl Line {
    fn is_blank(&self) -> bool {
        self.cells.iter().all(String::is_empty)
    }
}

impl Head<'_> {
    /// The first records, at most `most` that hold something; what is wrong further down is told when the rows are
    /// read. An error in the very first is told here.
    fn lines(&self, marks: Marks, most: usize) -> (Vec<Line>, Option<DecodeError>) {
        let (mut records, mut record, mut lines) = (Records::of(self.text, marks), Record::default(), Vec::new());
        let mut held = 0;
        while held < most {
            match records.next(&mut record) {
                Ok(false) => break,
                // The rest of this record may be beyond the head.
                Ok(true) if !self.is_whole && records.at >= self.text.len() => break,
                Ok(true) => {
                    held += usize::from(!record.is_blank());
                    let cells = record.cells().map(str::to_owned).collect();
                    lines.push(Line { row: records.row, end: records.at, cells });
                }
                Err(error) if self.is_whole => return (lines, Some(error)),
                Err(_) => break,
            }
        }
        (lines, None)
    }

    /// The delimiter that gives the first records the same number of cells, the more the better; else the one the
    /// headings hold most of.
    fn detect(&self, quote: Option<u8>) -> u8 {
        let score = |delimiter: u8| {
            let (lines, _) = self.lines(Marks { delimiter, quote }, SAMPLE);
            let widths: Vec<usize> = lines
                .iter()
                .filter(|line| !(line.is_blank() && line.cells.len() == 1))
                .map(|l| l.cells.len())
                .collect();
            let first = widths.first().copied().unwrap_or(0);
            (first > 1 && widths.iter().take(SAMPLE).all(|width| *width == first), first)
        };
        DELIMITERS.into_iter().max_by_key(|delimiter| score(*delimiter)).unwrap_or(b',')
    }

    fn begins_with_headings(&self, marks: Marks) -> bool {
        let (lines, _) = self.lines(marks, 1 + self.below());
        let first = lines.iter().position(|line| !line.is_blank());
        first.and_then(|first| self.merged(&lines, first)).is_some_and(|cells| self.known(&cells) > 0)
    }

    /// The rows of headings after the first.
    fn below(&self) -> usize {
        self.options.header_rows.map_or(0, |rows| rows.saturating_sub(1) as usize)
    }

    /// How many of the cells are headings of the return.
    fn known(&self, cells: &[String]) -> usize {
        cells.iter().filter(|cell| self.options.headings.contains(&plain(cell))).count()
    }

    /// Which of the first records holds most of the return's headings, and how many.
    fn search(&self, marks: Marks) -> Option<(usize, usize)> {
        let (lines, _) = self.lines(marks, SEARCHED);
        // One word may stand in a title by chance.
        let enough = self.options.headings.len().clamp(1, 2);
        let known = |at| self.merged(&lines, at).map_or(0, |cells| self.known(&cells));
        let best = (0..lines.len()).rev().map(|at| (at, known(at))).max_by_key(|(_, known)| *known)?;
        (best.1 >= enough).then_some(best)
    }

    /// The headings where they begin at the record at `at`; of several rows of them, those of one column as one.
    fn merged(&self, lines: &[Line], at: usize) -> Option<Vec<String>> {
        let rows = lines.get(at..=at + self.below())?;
        let width = rows.iter().map(|line| line.cells.len()).max()?;
        let cell = |row: usize, column: usize| rows[row].cells.get(column).map_or("", |cell| cell.trim());
        let last = rows.len() - 1;
        let heading = |column: usize| {
            let mut parts: Vec<&str> = Vec::new();
            for row in 0..=last {
                let mut part = cell(row, column);
                let is_above = |column: usize| (row + 1..=last).any(|below| !cell(below, column).is_empty());
                if part.is_empty() && row < last && is_above(column) {
                    // A heading over several columns stands over the first of them.
                    let over = (0..column).rev().find(|left| !cell(row, *left).is_empty());
                    part = over.filter(|left| is_above(*left)).map_or("", |left| cell(row, left));
                }
                if !part.is_empty() {
                    parts.push(part);
                }
            }
            parts.join(" / ")
        };
        Some((0..width).map(heading).collect())
    }

    /// The headings and where they end, `skipped` records of the head left out.
    fn dialect(&self, marks: Marks, skipped: usize) -> Result<Dialect, DecodeError> {
        let wanted = self.options.header_row.map_or(SEARCHED, |row| row as usize + self.below() + 1);
        let (lines, error) = self.lines(marks, wanted.max(SEARCHED));
        let first = lines.iter().skip(skipped).position(|line| !line.is_blank()).map(|at| at + skipped);
        let at = match self.options.header_row {
            Some(row) => lines.iter().position(|line| line.row == row).ok_or(DecodeError::HeaderRow { row }),
            None => {
                let begins = first.and_then(|at| self.merged(&lines, at)).is_some_and(|cells| self.known(&cells) > 0);
                let found = if begins || skipped > 0 { None } else { self.search(marks).map(|(at, _)| at) };
                found.or(first).ok_or(DecodeError::Empty)
            }
        };
        let at = match (at, error) {
            (Ok(at), _) => at,
            (Err(_), Some(error)) => return Err(error),
            (Err(_), None) if !self.is_whole && lines.is_empty() => return Err(DecodeError::LongRecord { row: 1 }),
            (Err(error), None) => return Err(error),
        };
        let last = lines.get(at + self.below());
        let (cells, last) = self.merged(&lines, at).zip(last).ok_or(DecodeError::HeaderRow {
            row: lines[at].row.saturating_add(u32::try_from(self.below()).unwrap_or(u32::MAX)),
        })?;
        if cells.len() > COLUMNS {
            return Err(DecodeError::TooWide { columns: cells.len() });
        }
        Ok(Dialect { marks, header_row: last.row, columns: headings(cells, 0)?, body: last.end })
    }
}

/// The delimiter that a first line states, as spreadsheets write it: `sep=;`.
fn said_delimiter(head: &str) -> Option<u8> {
    let line = head.lines().next()?.trim().trim_matches('"');
    let (word, said) = line.split_at_checked(4)?;
    let [byte] = said.as_bytes() else { return None };
    let is_one = byte.is_ascii_punctuation() || *byte == b'\t';
    (word.eq_ignore_ascii_case("sep=") && is_one).then_some(*byte)
}

/// Whether the first line that holds something has each cell in single quotation marks.
fn is_in_single_quotes(head: &str) -> bool {
    let Some(line) = head.lines().map(str::trim).find(|line| !line.is_empty()) else { return false };
    let inner = line.strip_prefix('\'').and_then(|line| line.strip_suffix('\''));
    inner.is_some_and(|inner| DELIMITERS.iter().any(|mark| inner.contains(&format!("'{}'", char::from(*mark)))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dialect(options: &CsvOptions, text: &str) -> Dialect {
        settle(options, text, true).unwrap()
    }

    fn knowing(headings: &[&str]) -> CsvOptions {
        CsvOptions { headings: headings.iter().map(|heading| (*heading).to_owned()).collect(), ..Default::default() }
    }

    #[test]
    fn headings_are_found_below_a_title() {
        let options = knowing(&["area", "episodes"]);
        let text = "Missing children; 2025\nPrepared by,the police\n\nArea,Episodes\nYork,1\n";
        let found = dialect(&options, text);
        assert_eq!(
            (found.header_row, found.columns, found.marks.delimiter),
            (4, vec!["Area".into(), "Episodes".into()], b',')
        );
        assert_eq!(&text[found.body..], "York,1\n");
        // Without a heading of the return anywhere, the first row is taken for them.
        assert_eq!(dialect(&options, "a,b\n1,2\n").header_row, 1);
        // The first row is theirs as soon as it holds one.
        assert_eq!(dialect(&options, "Area,x\nArea,Episodes\n").header_row, 1);
    }

    #[test]
    fn a_stated_row_of_headings_is_kept_to() {
        let options = CsvOptions { header_row: Some(3), ..Default::default() };
        assert_eq!(dialect(&options, "t\n\na,b\n1,2\n").columns, ["a", "b"]);
        let error = settle(&options, "a,b\n", true).unwrap_err().to_string();
        assert!(error.starts_with("the file has no row 3"), "{error}");
    }

    #[test]
    fn several_rows_of_headings_are_one() {
        let options = CsvOptions { header_rows: Some(2), ..Default::default() };
        let found = dialect(&options, "Area,Code,2024,,2025,\n,,Boys,Girls,Boys,Girls\nYork,E06,1,2,3,4\n");
        assert_eq!(found.columns, ["Area", "Code", "2024 / Boys", "2024 / Girls", "2025 / Boys", "2025 / Girls"]);
        assert_eq!(found.header_row, 2);
        let found = dialect(&options, "Area,,Rate\n,Code,\n");
        assert_eq!(found.columns, ["Area", "Code", "Rate"]);
        assert!(settle(&options, "Area\n", true).is_err());
    }

    #[test]
    fn spreadsheets_and_quotation_marks_are_understood() {
        let found = dialect(&CsvOptions::default(), "sep=;\r\na,b;c\r\n1;2\r\n");
        assert_eq!((found.columns, found.header_row), (vec!["a,b".to_owned(), "c".to_owned()], 2));
        let found = dialect(&CsvOptions::default(), "'a','b, c'\n'1','2'\n");
        assert_eq!(found.columns, ["a", "b, c"]);
        let none = CsvOptions { quote: Some(Quote::None), ..Default::default() };
        assert_eq!(dialect(&none, "\"a,b\n").columns, ["\"a", "b"]);
    }

    #[test]
    fn a_head_that_is_not_all_is_not_taken_for_all() {
        let error = settle(&CsvOptions::default(), "a,b,\"c", false).unwrap_err();
        assert!(matches!(error, DecodeError::LongRecord { row: 1 }));
        let found = settle(&CsvOptions::default(), "a,b\n1,2\n3", false).unwrap();
        assert_eq!((found.columns.len(), found.body), (2, 4));
    }
}
