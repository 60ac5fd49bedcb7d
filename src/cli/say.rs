//! How commands speak: to a person at a terminal in colour and in lines that fit it, to a pipe plainly.

use std::{
    fmt::Display,
    io::{ErrorKind, IsTerminal, Write},
};

use crate::settings;

/// The columns of a page that is no terminal.
const COLUMNS: usize = 100;
/// Lines longer than this are hard to read even where there is room.
const MOST_COLUMNS: usize = 132;

/// Writes a line to standard output. A reader who went away, as `head` does, ends the program quietly; a full disk
/// behind it ends it with a word.
pub fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        if error.kind() == ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        eprintln!("quarterday: writing the answer: {error}");
        std::process::exit(1);
    }
}

/// The columns there are for a line.
pub fn columns() -> usize {
    let terminal = if std::io::stdout().is_terminal() { comfy_table::Table::new().width() } else { None };
    terminal.map_or(COLUMNS, |columns| usize::from(columns).clamp(60, MOST_COLUMNS))
}

/// How a text is set off at a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// What a line is about.
    Strong,
    /// What matters less.
    Quiet,
    /// What is late or wrong.
    Alarm,
}

/// The text in a tone; plain where nobody sees colours or `NO_COLOR` is set.
pub fn toned(tone: Tone, text: impl Display) -> String {
    let code = match tone {
        Tone::Strong => "1",
        Tone::Quiet => "2",
        Tone::Alarm => "33",
    };
    if in_colour() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_string() }
}

fn in_colour() -> bool {
    std::io::stdout().is_terminal() && !settings::environment().contains_key("NO_COLOR")
}

/// Rows in columns two spaces apart, each as wide as its longest text. What does not fit `width` is taken from the
/// widest columns and cut with `…`; the last column is never padded.
pub fn aligned(rows: &[Vec<String>], width: usize) -> Vec<Vec<String>> {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let long = |text: &str| text.chars().count();
    let mut widths: Vec<usize> = (0..count)
        .map(|at| rows.iter().filter_map(|row| row.get(at)).map(|text| long(text)).max().unwrap_or(0))
        .collect();
    while widths.iter().sum::<usize>() + 2 * count.saturating_sub(1) > width {
        let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > 8) else { break };
        *widest -= 1;
    }
    let fitted = |(at, text): (usize, &String)| {
        let room = widths[at];
        let cut: String = if long(text) > room {
            text.chars().take(room.saturating_sub(1)).collect::<String>() + "…"
        } else {
            text.clone()
        };
        if at + 1 == count { cut } else { format!("{cut:<room$}") }
    };
    rows.iter().map(|row| row.iter().enumerate().map(fitted).collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_share_the_width_and_the_widest_gives_way() {
        let rows = [vec!["Immunisations".to_owned(), "Health Trust of a long name".into(), "overdue".into()]];
        let line = |width| aligned(&rows, width)[0].join("  ");
        assert_eq!(line(80), "Immunisations  Health Trust of a long name  overdue");
        assert_eq!(line(40), "Immunisations  Health Trust of…  overdue");
    }
}
