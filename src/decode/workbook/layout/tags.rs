//! A walk over the tags of XML that looks at nothing between them.
//!
//! Several times as quick as reading every event, which is what makes a second look at a large sheet cheap. Knows nothing
//! of well-formedness: calamine reads the same bytes, and refuses what is none.

use std::io::{self, Read};

use memchr::{memchr, memchr3, memmem};

/// Bytes read at a time.
const CHUNK: usize = 256 << 10;

/// A tag, comment or the like that is longer ends the walk.
const LONGEST: usize = 16 << 20;

/// A tag without its brackets.
pub(super) struct Tag<'a> {
    /// Without the prefix of its namespace.
    pub name: &'a [u8],
    attributes: &'a [u8],
    /// `</name>`.
    pub closes: bool,
    /// `<name/>`.
    pub is_empty: bool,
    /// Whether something stands between the tag before and this one.
    pub follows_text: bool,
}

impl Tag<'_> {
    /// The value of an attribute as it is written, whatever the prefix of its name.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        let mut rest = self.attributes;
        loop {
            let equals = memchr(b'=', rest)?;
            let key = rest[..equals].trim_ascii();
            let key = key.rsplit(|byte| *byte == b':').next().unwrap_or(key);
            let value = rest[equals + 1..].trim_ascii_start();
            let quote = *value.first().filter(|byte| matches!(byte, b'"' | b'\''))?;
            let end = memchr(quote, &value[1..])? + 1;
            if key == name.as_bytes() {
                return Some(&value[1..end]);
            }
            rest = &value[end + 1..];
        }
    }

    /// The value of an attribute as text.
    pub fn text(&self, name: &str) -> Option<String> {
        let raw = std::str::from_utf8(self.raw(name)?).ok()?;
        quick_xml::escape::unescape(raw).ok().map(|text| text.into_owned())
    }

    /// The value of an attribute as a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        std::str::from_utf8(self.raw(name)?).ok()?.parse().ok()
    }

    /// Whether an attribute says yes.
    pub fn says(&self, name: &str) -> bool {
        matches!(self.raw(name), Some(b"1" | b"true"))
    }
}

/// Calls `each` with every tag.
///
/// # Errors
/// When the bytes cannot be read to their end, or a tag is absurdly long.
pub(super) fn walk(from: impl Read, each: impl FnMut(&Tag<'_>)) -> io::Result<()> {
    walk_by(CHUNK, from, each)
}

fn walk_by(chunk: usize, mut from: impl Read, mut each: impl FnMut(&Tag<'_>)) -> io::Result<()> {
    let mut buffer: Vec<u8> = Vec::new();
    // Where the text before the next tag begins.
    let mut text = 0;
    loop {
        let read = from.by_ref().take(chunk as u64).read_to_end(&mut buffer)?;
        let mut at = text;
        while let Some(open) = memchr(b'<', &buffer[at..]).map(|open| at + open) {
            let Some(close) = end_of(&buffer[open..]).map(|length| open + length) else { break };
            if !matches!(buffer[open + 1], b'!' | b'?') {
                each(&tag(&buffer[open + 1..close - 1], open > text));
                text = close;
            }
            at = close;
        }
        if read == 0 {
            return Ok(());
        }
        if at > 0 {
            // What is not a whole tag yet waits for more; of text only its presence matters.
            let keep = usize::from(at > text);
            let rest = at.saturating_sub(keep);
            buffer.drain(..rest);
            text = 0;
        }
        if buffer.len() > LONGEST {
            return Err(io::Error::other("a tag does not end"));
        }
    }
}

/// How long what opens here is; none if its end is not here yet.
fn end_of(bytes: &[u8]) -> Option<usize> {
    let until = |end: &[u8]| memmem::find(bytes, end).map(|at| at + end.len());
    if bytes.starts_with(b"<!--") {
        return until(b"-->");
    }
    if bytes.starts_with(b"<![CDATA[") {
        return until(b"]]>");
    }
    // Too short to be told from those two.
    if bytes.len() < 9 && bytes.starts_with(b"<!") {
        return None;
    }
    let mut at = 1;
    loop {
        let found = at + memchr3(b'>', b'"', b'\'', &bytes[at..])?;
        match bytes[found] {
            b'>' => return Some(found + 1),
            quote => at = found + 1 + memchr(quote, &bytes[found + 1..])? + 1,
        }
    }
}

fn tag(inside: &[u8], follows_text: bool) -> Tag<'_> {
    let (closes, inside) = inside.strip_prefix(b"/").map_or((false, inside), |rest| (true, rest));
    let (is_empty, inside) = inside.strip_suffix(b"/").map_or((false, inside), |rest| (true, rest));
    let end = inside.iter().position(u8::is_ascii_whitespace).unwrap_or(inside.len());
    let (name, attributes) = inside.split_at(end);
    let name = memchr(b':', name).map_or(name, |colon| &name[colon + 1..]);
    Tag { name, attributes, closes, is_empty, follows_text }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tags(text: &[u8], at_a_time: usize) -> Vec<String> {
        let mut found = Vec::new();
        walk_by(at_a_time, text, |tag| {
            let name = String::from_utf8_lossy(tag.name);
            let (open, close) = (if tag.closes { "/" } else { "" }, if tag.is_empty { "/" } else { "" });
            found.push(format!("{}{open}{name}{close}", if tag.follows_text { "·" } else { "" }));
        })
        .unwrap();
        found
    }

    #[test]
    fn tags_are_found_and_nothing_else() {
        let text =
            br#"<?xml version="1.0"?><x:a r="1>2"><!-- <no> --><c t='s'><v>7</v><v/></c><![CDATA[<no/>]]></x:a >"#;
        assert_eq!(tags(text, 1000), ["·a", "·c", "v", "·/v", "v/", "/c", "·/a"]);
        for at_a_time in 1..20 {
            assert_eq!(tags(text, at_a_time), tags(text, 1000));
        }
    }

    #[test]
    fn attributes_are_found_by_their_name() {
        let mut seen = Vec::new();
        walk(br#"<c r="B4" x:id = 'a &amp; b' hidden="1" n="12"/>"#.as_slice(), |tag| {
            seen = vec![tag.text("r"), tag.text("id"), tag.text("none")];
            assert!(tag.says("hidden") && !tag.says("r") && tag.number("n") == Some(12));
        })
        .unwrap();
        assert_eq!(seen, [Some("B4".to_owned()), Some("a & b".to_owned()), None]);
    }

    proptest! {
        #[test]
        fn hostile_bytes_end_the_walk_and_nothing_else(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = walk(bytes.as_slice(), |tag| { let _ = (tag.text("r"), tag.number("s")); });
        }

        #[test]
        fn broken_xml_ends_the_walk_and_nothing_else(text in "[<>!/'\"=a: \\-\\[\\]CDAT]{0,80}") {
            let _ = walk_by(3, text.as_bytes(), |tag| { let _ = tag.raw("a"); });
        }
    }
}
