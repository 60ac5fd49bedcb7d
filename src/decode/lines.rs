//! The lines of any file, whatever it is: as text where it is some, and in pieces, so that no length of it matters.
//!
//! For whoever looks through a file that could not be read as what it should be. Nothing is refused here: what is no text
//! reads as the character that stands for it.

use std::io::{self, Read};

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

use crate::content::Content;

/// How much is read at a time, in bytes.
const CHUNK: usize = 1 << 18;

/// The longest line that is handed out as one, in bytes of UTF-8.
const MOST: usize = 1 << 20;

/// How much of a piece of a longer line stands in the next piece again, in bytes: what spans their border is whole in one
/// of them.
const OVERLAP: usize = 1 << 10;

/// Hands out every line of `content` with its number, from 1 on; a very long one in pieces that share their ends.
///
/// # Errors
/// When it cannot be read.
pub fn each_line(content: &Content, see: &mut dyn FnMut(u32, &str)) -> io::Result<()> {
    in_pieces(content, MOST, see)
}

fn in_pieces(content: &Content, most: usize, see: &mut dyn FnMut(u32, &str)) -> io::Result<()> {
    let mut decoder = encoding(&content.head(4)?).new_decoder_with_bom_removal();
    let (mut from, mut chunk, mut text) = (content.reader()?, vec![0; CHUNK], String::new());
    let mut row = 1_u32;
    loop {
        let read = match from.read(&mut chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        // With so much room all of the chunk is taken.
        text.reserve(decoder.max_utf8_buffer_length(read).ok_or(io::ErrorKind::OutOfMemory)?);
        let _ = decoder.decode_to_string(&chunk[..read], &mut text, read == 0);
        let mut at = 0;
        loop {
            let feed = memchr::memchr(b'\n', &text.as_bytes()[at..]).map(|feed| at + feed);
            let end = feed.unwrap_or(text.len());
            while end - at > most {
                let border = text.floor_char_boundary(at + most);
                see(row, &text[at..border]);
                at = text.floor_char_boundary(border - OVERLAP.min(most / 2));
            }
            let Some(feed) = feed else { break };
            let line = &text[at..feed];
            see(row, line.strip_suffix('\r').unwrap_or(line));
            (at, row) = (feed + 1, row.saturating_add(1));
        }
        text.drain(..at);
        if read == 0 {
            if !text.is_empty() {
                see(row, &text);
            }
            return Ok(());
        }
    }
}

/// What the first bytes say of the others: a mark, or the zeros of UTF-16.
fn encoding(head: &[u8]) -> &'static Encoding {
    match head {
        [0xFE, 0xFF, ..] => UTF_16BE,
        [0xFF, 0xFE, ..] => UTF_16LE,
        [low, 0, next, 0, ..] if *low != 0 && *next != 0 => UTF_16LE,
        [0, high, 0, next, ..] if *high != 0 && *next != 0 => UTF_16BE,
        _ => UTF_8,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(bytes: &[u8], most: usize) -> Vec<(u32, String)> {
        let mut lines = Vec::new();
        in_pieces(&bytes.to_vec().into(), most, &mut |row, line| lines.push((row, line.to_owned()))).unwrap();
        lines
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_share_their_ends() {
        let text = format!("{}9434765919{}\nlast", "a".repeat(59), "é".repeat(500));
        let pieces = lines(text.as_bytes(), 64);
        assert!(pieces.iter().filter(|(_, piece)| piece.contains("9434765919")).count() == 1);
        assert!(pieces.len() > 10 && pieces.iter().all(|(_, piece)| piece.len() <= 64));
        assert_eq!(pieces.last(), Some(&(2, "last".to_owned())));
    }

    #[test]
    fn utf_16_is_read_with_a_mark_and_without() {
        let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
        let little: Vec<u8> = units("a;é\r\nb").into_iter().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = units("\u{FEFF}a;é\nb").into_iter().flat_map(u16::to_be_bytes).collect();
        for bytes in [little, big] {
            assert_eq!(lines(&bytes, MOST), [(1, "a;é".to_owned()), (2, "b".to_owned())]);
        }
    }

    proptest! {
        #[test]
        fn lines_that_are_not_long_are_those_of_the_text(text in "[a-c,é€𝄞\r\n]{0,200}", bytes in any::<Vec<u8>>()) {
            for bytes in [text.as_bytes(), bytes.as_slice()] {
                if encoding(bytes) == UTF_8 {
                    let whole = String::from_utf8_lossy(bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes));
                    let expected: Vec<(u32, String)> = (1..).zip(whole.lines().map(str::to_owned)).collect();
                    prop_assert_eq!(lines(bytes, MOST), expected);
                }
            }
        }
    }
}
