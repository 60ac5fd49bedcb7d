//! Bytes become text, or an error that names the byte.
//!
//! No byte is ever replaced: a file whose encoding cannot be settled is refused.

use std::borrow::Cow;

use bytes::Bytes;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::WINDOWS_1252;
use serde::{Deserialize, Serialize};

use super::{DecodeError, Format};

/// How a text file's bytes stand for characters. A byte order mark always wins over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    /// Little-endian unless a byte order mark says otherwise, as Windows programs write it.
    #[serde(rename = "utf-16")]
    Utf16,
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// Refuses what is plainly something else: nothing at all, a web page, a workbook where text is expected. `bytes` are
/// the first ones of the file, at least [`HEAD`](super::HEAD) of them if there are as many.
///
/// # Errors
/// What it is instead.
pub fn refuse_what_is_no_data(format: &Format, bytes: &[u8]) -> Result<(), DecodeError> {
    let expected = match format {
        Format::Csv(_) => "a CSV file",
        Format::Workbook(_) => "a workbook",
        Format::Json(_) => "a JSON file",
        Format::Xml(_) => "an XML file",
        Format::Parquet => "a Parquet file",
        Format::Arrow => "an Arrow file",
        Format::Document => return Ok(()),
    };
    let body = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if body.is_empty() {
        return Err(DecodeError::Empty);
    }
    let opening: String = body.iter().take(64).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    if ["<!doctype html", "<html", "<head", "<body", "<!--"].iter().any(|tag| opening.starts_with(tag))
        && !(opening.starts_with("<!--") && matches!(format, Format::Xml(_)))
    {
        return Err(DecodeError::WebPage(expected));
    }
    let found = match bytes {
        [b'P', b'K', 3, 4, ..] => "a workbook or a zip archive",
        [0xD0, 0xCF, 0x11, 0xE0, ..] => "an old or password-protected Office file",
        [b'P', b'A', b'R', b'1', ..] => "a Parquet file",
        [b'A', b'R', b'R', b'O', b'W', b'1', ..] => "an Arrow file",
        [b'%', b'P', b'D', b'F', ..] => "a PDF",
        [0x1F, 0x8B, ..] => "a gzip archive",
        _ => return Ok(()),
    };
    let own = match format {
        // The worker says more about these two: protected, old, damaged.
        Format::Workbook(_) => bytes.starts_with(b"PK") || bytes.starts_with(&[0xD0, 0xCF]),
        Format::Parquet => bytes.starts_with(b"PAR1"),
        Format::Arrow => bytes.starts_with(b"ARROW1"),
        Format::Csv(_) | Format::Json(_) | Format::Xml(_) | Format::Document => false,
    };
    if own { Ok(()) } else { Err(DecodeError::OtherFormat { found, expected }) }
}

/// The text of a file without its byte order mark, as UTF-8 bytes that were checked; no copy if they are UTF-8 already.
pub(super) fn settle(bytes: Bytes, stated: Option<Encoding>, allowed: u64) -> Result<Bytes, DecodeError> {
    if bytes.len() as u64 > allowed {
        return Err(DecodeError::TooLarge(allowed));
    }
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return utf8(bytes.slice(3..));
    }
    if bytes.starts_with(b"\xFF\xFE") {
        return utf16(&bytes[2..], u16::from_le_bytes, allowed);
    }
    if bytes.starts_with(b"\xFE\xFF") {
        return utf16(&bytes[2..], u16::from_be_bytes, allowed);
    }
    match stated {
        Some(Encoding::Utf8) => utf8(bytes),
        Some(Encoding::Utf16) => utf16(&bytes, u16::from_le_bytes, allowed),
        Some(Encoding::Windows1252) => windows_1252(&bytes, allowed),
        None => match bytes.as_ref() {
            [low, 0, next, 0, ..] if *low != 0 && *next != 0 => utf16(&bytes, u16::from_le_bytes, allowed),
            [0, high, 0, next, ..] if *high != 0 && *next != 0 => utf16(&bytes, u16::from_be_bytes, allowed),
            _ if looks_like_windows_1252(&bytes) => windows_1252(&bytes, allowed),
            _ => utf8(bytes),
        },
    }
}

fn utf8(bytes: Bytes) -> Result<Bytes, DecodeError> {
    match std::str::from_utf8(&bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(wrong(&bytes, error.valid_up_to(), "UTF-8")),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16, allowed: u64) -> Result<Bytes, DecodeError> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    let mut read = 0;
    let broken = |read: usize, text: &str| DecodeError::Encoding {
        byte: 2 * read as u64 + 1,
        line: text.matches('\n').count() as u64 + 1,
        encoding: "UTF-16",
    };
    for unit in char::decode_utf16(pairs.iter().map(|pair| unit(*pair))) {
        let Ok(character) = unit else { return Err(broken(read, &text)) };
        text.push(character);
        read += character.len_utf16();
    }
    if !odd.is_empty() {
        return Err(broken(read, &text));
    }
    within(text, allowed)
}

/// True for text that is not UTF-8, holds no sign of ever having been UTF-8, and reads as Western European.
fn looks_like_windows_1252(bytes: &[u8]) -> bool {
    if std::str::from_utf8(bytes).is_ok() {
        return false;
    }
    // One well-formed character beyond ASCII makes it damaged UTF-8 rather than another encoding.
    if bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii()) {
        return false;
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    detector.guess(Some(b"uk"), Utf8Detection::Deny) == WINDOWS_1252
}

fn windows_1252(bytes: &[u8], allowed: u64) -> Result<Bytes, DecodeError> {
    // Five bytes stand for nothing in Windows-1252; the decoder would make control characters of them.
    if let Some(byte) = bytes.iter().position(|byte| is_undefined_in_windows_1252(*byte)) {
        return Err(wrong(bytes, byte, "UTF-8 or Windows-1252"));
    }
    match WINDOWS_1252.decode_without_bom_handling(bytes).0 {
        Cow::Borrowed(text) => within(text.to_owned(), allowed),
        Cow::Owned(text) => within(text, allowed),
    }
}

pub(super) fn is_undefined_in_windows_1252(byte: u8) -> bool {
    matches!(byte, 0x81 | 0x8D | 0x8F | 0x90 | 0x9D)
}

fn within(text: String, allowed: u64) -> Result<Bytes, DecodeError> {
    if text.len() as u64 > allowed { Err(DecodeError::TooLarge(allowed)) } else { Ok(Bytes::from(text)) }
}

fn wrong(bytes: &[u8], at: usize, encoding: &'static str) -> DecodeError {
    let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    DecodeError::Encoding { byte: at as u64 + 1, line: line as u64, encoding }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(bytes: &[u8], stated: Option<Encoding>) -> Result<String, String> {
        settle(Bytes::copy_from_slice(bytes), stated, 1 << 20)
            .map(|text| String::from_utf8(text.to_vec()).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn byte_order_marks_settle_the_encoding_and_are_dropped() {
        assert_eq!(settled(b"\xEF\xBB\xBFa,b", None).unwrap(), "a,b");
        assert_eq!(settled(b"\xFF\xFEa\0\xA3\0", None).unwrap(), "a£");
        assert_eq!(settled(b"\xFE\xFF\0a\0\xA3", None).unwrap(), "a£");
    }

    #[test]
    fn utf_16_without_a_mark_is_known_by_its_zeros() {
        assert_eq!(settled(b"a\0,\0b\0", None).unwrap(), "a,b");
        assert_eq!(settled(b"\0a\0,\0b", None).unwrap(), "a,b");
    }

    #[test]
    fn a_pound_sign_from_windows_is_read() {
        assert_eq!(settled(b"Area,Cost\nYork,\xA3200\n", None).unwrap(), "Area,Cost\nYork,£200\n");
        assert_eq!(settled(b"Caf\xE9 \x96 open", Some(Encoding::Windows1252)).unwrap(), "Café – open");
    }

    #[test]
    fn damaged_utf_8_is_an_error_that_names_the_byte_and_the_line() {
        let error = settled("é\nb\n".as_bytes().iter().chain(b"\xC3(").copied().collect::<Vec<_>>().as_slice(), None);
        assert!(error.unwrap_err().starts_with("byte 6 (line 3) is not UTF-8"));
        let error = settled(b"a\n\xFF", Some(Encoding::Utf8)).unwrap_err();
        assert!(error.starts_with("byte 3 (line 2) is not UTF-8"), "{error}");
    }

    #[test]
    fn half_a_utf_16_character_is_an_error() {
        assert!(settled(b"\xFF\xFEa\0\x00\xD8", None).unwrap_err().contains("byte 3"));
        assert!(settled(b"\xFF\xFEa\0b", None).unwrap_err().contains("UTF-16"));
    }
}
