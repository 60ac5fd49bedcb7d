//! The typeface of every page and chart, and which letters it has.
//!
//! Inter, under the SIL Open Font License (reports/fonts/OFL.txt), compiled in, so that a page looks the same on every
//! machine.

use std::sync::LazyLock;

use typst::foundations::Bytes;
use typst::text::{Coverage, Font};

use super::PackError;

/// The family's name in templates and charts.
pub(super) const FAMILY: &str = "Inter";

/// The files, by the name they have in a manuscript.
pub(super) const FILES: [(&str, &[u8]); 4] = [
    ("fonts/Inter-Bold.otf", include_bytes!("../../reports/fonts/Inter-Bold.otf")),
    ("fonts/Inter-Italic.otf", include_bytes!("../../reports/fonts/Inter-Italic.otf")),
    ("fonts/Inter-Regular.otf", include_bytes!("../../reports/fonts/Inter-Regular.otf")),
    ("fonts/Inter-SemiBold.otf", include_bytes!("../../reports/fonts/Inter-SemiBold.otf")),
];

/// What stands for a character that the typeface lacks.
const UNKNOWN: char = '□';

static COVERAGES: LazyLock<Vec<Coverage>> = LazyLock::new(|| {
    let fonts = FILES.iter().filter_map(|(_, bytes)| Font::new(Bytes::new(*bytes), 0));
    fonts.map(|font| font.info().coverage.clone()).collect()
});

/// The text as it can be printed: what the typeface lacks becomes `□`, control characters become spaces, and invisible
/// ones, which can turn the reading order around, go. A tagged PDF may hold none of the three.
pub(super) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => printable.push('\n'),
            _ if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => printable.push(' '),
            _ if is_invisible(c) => {}
            _ if COVERAGES.iter().all(|coverage| coverage.contains(c.into())) => printable.push(c),
            _ => printable.push(UNKNOWN),
        }
    }
    printable
}

/// Zero-width and directional marks, variation selectors, tags (Unicode `Default_Ignorable_Code_Point`).
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// The width of a chart's text in its own units.
pub(super) fn width(text: &str, size: f32) -> Result<f32, PackError> {
    static KNOWN: LazyLock<Result<(), String>> = LazyLock::new(|| {
        let [.., (_, regular), _] = FILES;
        charts_rs::add_fonts(&[regular]).map_err(|error| error.to_string())
    });
    let failed = |message: String| PackError::Chart { chart: text.to_owned(), message };
    KNOWN.clone().map_err(failed)?;
    let measured = charts_rs::measure_text_width_family(FAMILY, size, text);
    measured.map(|measured| measured.width()).map_err(|error| failed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_of_europe_stay_and_what_cannot_be_drawn_is_marked() {
        assert_eq!(printable("Zoë O’Neill, Łódź, Αθήνα, Київ – ½ £5 ▲"), "Zoë O’Neill, Łódź, Αθήνα, Київ – ½ £5 ▲");
        assert_eq!(printable("岁😀"), "□□");
        assert_eq!(printable("a\u{202e}b\u{0}c\td\r\ne\u{feff}"), "ab c d \ne");
    }

    #[test]
    fn the_typeface_measures_text() {
        let (narrow, wide) = (width("ill", 10.0).unwrap(), width("mmm", 10.0).unwrap());
        assert!(narrow > 5.0 && narrow < 12.0 && wide > 20.0 && wide < 40.0, "{narrow} {wide}");
    }
}
