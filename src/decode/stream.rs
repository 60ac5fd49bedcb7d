//! The text of a file of any length, a chunk at a time.
//!
//! The whole file is looked at once before its first character is handed out, so that bytes that are no text are an
//! error of the file and never of a row. No byte is ever replaced.

use std::io::{ErrorKind, Read};

use bytes::BytesMut;
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::WINDOWS_1252;

use super::{DecodeError, Encoding, text::is_undefined_in_windows_1252};
use crate::content::Content;

/// How much is read at a time.
const CHUNK: usize = 1 << 19;

/// A file whose encoding is settled.
pub(super) struct Text {
    content: Content,
    /// Bytes of its byte order mark.
    mark: usize,
    coding: Coding,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Utf8,
    Utf16 { big: bool },
    Windows1252,
}

impl Text {
    /// Settles the encoding, by its mark, as `stated`, or by looking at all of it.
    ///
    /// # Errors
    /// When it is text in no encoding that is read here.
    pub(super) fn of(content: Content, stated: Option<Encoding>) -> Result<Self, DecodeError> {
        let head = content.head(4)?;
        let (mark, coding) = match (head.as_ref(), stated) {
            ([0xEF, 0xBB, 0xBF, ..], _) => (3, Some(Coding::Utf8)),
            ([0xFF, 0xFE, ..], _) => (2, Some(Coding::Utf16 { big: false })),
            ([0xFE, 0xFF, ..], _) => (2, Some(Coding::Utf16 { big: true })),
            (_, Some(Encoding::Utf8)) => (0, Some(Coding::Utf8)),
            (_, Some(Encoding::Utf16)) => (0, Some(Coding::Utf16 { big: false })),
            (_, Some(Encoding::Windows1252)) => (0, Some(Coding::Windows1252)),
            ([low, 0, next, 0, ..], None) if *low != 0 && *next != 0 => (0, Some(Coding::Utf16 { big: false })),
            ([0, high, 0, next, ..], None) if *high != 0 && *next != 0 => (0, Some(Coding::Utf16 { big: true })),
            (_, None) => (0, None),
        };
        let mut text = Self { content, mark, coding: coding.unwrap_or(Coding::Utf8) };
        match text.coding {
            Coding::Utf8 => {
                let looked = text.look()?;
                match looked.wrong {
                    // One well-formed character beyond ASCII makes it damaged UTF-8 rather than another encoding.
                    Some(_) if coding.is_none() && !looked.beyond_ascii && text.reads_as_western()? => {
                        text.coding = Coding::Windows1252;
                        text.check_windows_1252()?;
                    }
                    Some(wrong) => return Err(wrong.error("UTF-8")),
                    None => {}
                }
            }
            Coding::Windows1252 => text.check_windows_1252()?,
            Coding::Utf16 { .. } => {
                let (mut reader, mut sink) = (text.reader()?, BytesMut::new());
                while reader.more(&mut sink)? {
                    sink.clear();
                }
            }
        }
        Ok(text)
    }

    /// Reads it from the start.
    pub(super) fn reader(&self) -> Result<TextReader, DecodeError> {
        let place = Place { at: 0, line: 1 };
        Ok(TextReader { raw: self.raw()?, chunk: CHUNK, coding: self.coding, rest: Vec::new(), place, ended: false })
    }

    fn raw(&self) -> Result<Box<dyn Read + Send>, DecodeError> {
        let mut raw = self.content.reader()?;
        let mut mark = [0; 3];
        raw.read_exact(&mut mark[..self.mark])?;
        Ok(raw)
    }

    /// Looks at every byte as if it were UTF-8.
    fn look(&self) -> Result<Looked, DecodeError> {
        let (mut raw, mut looked, mut place) = (self.raw()?, Looked::default(), Place { at: 0, line: 1 });
        let (mut chunk, mut kept) = (vec![0; CHUNK], 0);
        loop {
            let read = fill(&mut raw, &mut chunk[kept..])?;
            let ended = kept + read < chunk.len();
            let whole = if ended { kept + read } else { without_part(&chunk) };
            looked.at(&chunk[..whole], place);
            place.pass(&chunk[..whole]);
            if ended {
                return Ok(looked);
            }
            chunk.copy_within(whole.., 0);
            kept = chunk.len() - whole;
        }
    }

    /// Whether bytes that are no UTF-8 read as Western European.
    fn reads_as_western(&self) -> Result<bool, DecodeError> {
        let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
        self.each(|chunk, _| {
            detector.feed(chunk, false);
            Ok(())
        })?;
        detector.feed(&[], true);
        Ok(detector.guess(Some(b"uk"), Utf8Detection::Deny) == WINDOWS_1252)
    }

    fn check_windows_1252(&self) -> Result<(), DecodeError> {
        self.each(|chunk, place| match chunk.iter().position(|byte| is_undefined_in_windows_1252(*byte)) {
            None => Ok(()),
            Some(at) => Err(place.further(&chunk[..at]).error("UTF-8 or Windows-1252")),
        })
    }

    fn each(&self, mut look: impl FnMut(&[u8], Place) -> Result<(), DecodeError>) -> Result<(), DecodeError> {
        let (mut raw, mut chunk, mut place) = (self.raw()?, vec![0; CHUNK], Place { at: 0, line: 1 });
        loop {
            let read = fill(&mut raw, &mut chunk)?;
            look(&chunk[..read], place)?;
            place.pass(&chunk[..read]);
            if read < chunk.len() {
                return Ok(());
            }
        }
    }
}

/// What a look at a file's bytes told.
#[derive(Default)]
struct Looked {
    /// Where the first byte stands that is no UTF-8.
    wrong: Option<Place>,
    /// Whether some well-formed character is not ASCII.
    beyond_ascii: bool,
}

impl Looked {
    fn at(&mut self, bytes: &[u8], place: Place) {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.beyond_ascii |= !text.is_ascii(),
            Err(error) => {
                self.wrong.get_or_insert_with(|| place.further(&bytes[..error.valid_up_to()]));
                self.beyond_ascii |= bytes.utf8_chunks().any(|chunk| !chunk.valid().is_ascii());
            }
        }
    }
}

/// A place in a file, without its mark.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: u64,
    line: u64,
}

impl Place {
    fn pass(&mut self, bytes: &[u8]) {
        self.at += bytes.len() as u64;
        self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
    }

    fn further(mut self, bytes: &[u8]) -> Self {
        self.pass(bytes);
        self
    }

    fn error(self, encoding: &'static str) -> DecodeError {
        DecodeError::Encoding { byte: self.at + 1, line: self.line, encoding }
    }
}

/// Hands out a file's text as UTF-8; a chunk may end inside a character.
pub(super) struct TextReader {
    raw: Box<dyn Read + Send>,
    /// How much is read at a time.
    chunk: usize,
    coding: Coding,
    /// Bytes read that are no whole character yet, of UTF-16 alone.
    rest: Vec<u8>,
    place: Place,
    ended: bool,
}

impl TextReader {
    /// Appends more of the text; false if there is none.
    pub(super) fn more(&mut self, into: &mut BytesMut) -> Result<bool, DecodeError> {
        if self.ended {
            return Ok(false);
        }
        if self.coding == Coding::Utf8 {
            let from = into.len();
            into.resize(from + self.chunk, 0);
            let read = fill(&mut self.raw, &mut into[from..])?;
            into.truncate(from + read);
            self.ended = read < self.chunk;
            return Ok(read > 0);
        }
        let kept = self.rest.len();
        let mut chunk = std::mem::take(&mut self.rest);
        chunk.resize(kept + self.chunk, 0);
        let read = fill(&mut self.raw, &mut chunk[kept..])?;
        chunk.truncate(kept + read);
        self.ended = read < self.chunk;
        match self.coding {
            Coding::Utf16 { big } => self.utf16(chunk, big, into)?,
            Coding::Utf8 | Coding::Windows1252 => {
                into.extend_from_slice(WINDOWS_1252.decode_without_bom_handling(&chunk).0.as_bytes());
            }
        }
        Ok(true)
    }

    /// One that hands out so many bytes at a time.
    #[cfg(test)]
    pub(super) fn trickling(bytes: &[u8], at_a_time: usize) -> Self {
        struct Trickle(Vec<u8>, usize);
        impl Read for Trickle {
            fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
                let read = self.1.min(self.0.len()).min(into.len());
                into[..read].copy_from_slice(&self.0[..read]);
                self.0.drain(..read);
                Ok(read)
            }
        }
        let raw = Box::new(Trickle(bytes.to_vec(), at_a_time));
        Self {
            raw,
            chunk: at_a_time,
            coding: Coding::Utf8,
            rest: Vec::new(),
            place: Place { at: 0, line: 1 },
            ended: false,
        }
    }

    fn utf16(&mut self, mut chunk: Vec<u8>, big: bool, into: &mut BytesMut) -> Result<(), DecodeError> {
        let unit = if big { u16::from_be_bytes } else { u16::from_le_bytes };
        let (pairs, odd) = chunk.as_chunks::<2>();
        let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
        let mut kept = odd.len();
        // The first half of a character waits for its second.
        if !self.ended && units.last().is_some_and(|unit| (0xD800..0xDC00).contains(unit)) {
            units.pop();
            kept += 2;
        }
        let mut buffer = [0; 4];
        for character in char::decode_utf16(units) {
            let Ok(character) = character else { return Err(self.place.error("UTF-16")) };
            let text = character.encode_utf8(&mut buffer).as_bytes();
            into.extend_from_slice(text);
            self.place.at += 2 * character.len_utf16() as u64;
            self.place.line += u64::from(character == '\n');
        }
        self.rest = chunk.split_off(chunk.len() - kept);
        if self.ended && !self.rest.is_empty() {
            return Err(self.place.error("UTF-16"));
        }
        Ok(())
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(from: &mut impl Read, into: &mut [u8]) -> Result<usize, DecodeError> {
    let mut filled = 0;
    while filled < into.len() {
        match from.read(&mut into[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}

/// The length of the bytes without a character at their end that may go on in the next chunk.
fn without_part(bytes: &[u8]) -> usize {
    let needs = |byte: u8| match byte {
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0.. => 4,
        _ => 1,
    };
    for back in 1..=3.min(bytes.len()) {
        let at = bytes.len() - back;
        if bytes[at] & 0xC0 != 0x80 {
            return if needs(bytes[at]) > back { at } else { bytes.len() };
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::decode::text::settle;

    fn read(bytes: &[u8], stated: Option<Encoding>) -> Result<String, String> {
        let words = |error: DecodeError| error.to_string();
        let mut reader = Text::of(bytes.to_vec().into(), stated).and_then(|text| text.reader()).map_err(words)?;
        let mut all = BytesMut::new();
        while reader.more(&mut all).map_err(words)? {}
        String::from_utf8(all.to_vec()).map_err(|error| error.to_string())
    }

    fn at_once(bytes: &[u8], stated: Option<Encoding>) -> Result<String, String> {
        let settled = settle(bytes.to_vec().into(), stated, u64::MAX).map_err(|error| error.to_string())?;
        String::from_utf8(settled.to_vec()).map_err(|error| error.to_string())
    }

    fn utf16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn characters_across_the_border_of_a_chunk_are_whole() {
        for (unit, at) in [("£", 1), ("€", 1), ("€", 2), ("𝄞", 1), ("𝄞", 2), ("𝄞", 3)] {
            let text = format!("{}{unit},b\n1,2\n", "a".repeat(CHUNK - at));
            assert!(read(text.as_bytes(), None).unwrap() == text, "{unit} {at}");
        }
        let text = format!("{}𝄞,b\n", "a".repeat(CHUNK / 2 - 1));
        assert!(read(&utf16(&text), Some(Encoding::Utf16)).unwrap() == text);
        let text = format!("caf\u{e9}{}", "a".repeat(2 * CHUNK));
        let western: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        assert!(read(&western, None).unwrap() == text);
    }

    #[test]
    fn what_is_wrong_far_down_is_named_by_byte_and_line() {
        let mut bytes = "é,b\n".repeat(200_000).into_bytes();
        bytes.extend(b"1\n2\xC3(");
        let error = read(&bytes, None).unwrap_err();
        assert!(error.starts_with("byte 1000004 (line 200002) is not UTF-8;"), "{error}");
        assert_eq!(error, at_once(&bytes, None).unwrap_err());
        bytes.truncate(bytes.len() - 1);
        assert_eq!(read(&bytes, None), at_once(&bytes, None));
        let mut bytes = utf16(&"a\n".repeat(300_000));
        bytes.extend([0, 0xDC, b'x', 0]);
        assert_eq!(read(&bytes, Some(Encoding::Utf16)), at_once(&bytes, Some(Encoding::Utf16)));
    }

    proptest! {
        #[test]
        fn any_bytes_read_a_chunk_at_a_time_as_they_do_at_once(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                proptest::collection::vec(prop_oneof![Just(b'a'), Just(0xE9), Just(0xC3), Just(0xA9), Just(b'\n')], 0..40),
                "\\PC{0,30}".prop_map(String::into_bytes),
                "\\PC{0,30}".prop_map(|text| utf16(&text)),
            ],
            stated in proptest::option::of(prop_oneof![
                Just(Encoding::Utf8), Just(Encoding::Utf16), Just(Encoding::Windows1252)
            ]),
        ) {
            prop_assert_eq!(read(&bytes, stated), at_once(&bytes, stated));
        }
    }
}
