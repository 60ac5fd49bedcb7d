//! Which elements a file of XML has and which of them repeat, for a mapping to be guessed from. Nothing of what stands in
//! them is kept.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use quick_xml::{
    events::{BytesStart, Event},
    reader::Reader,
};

use super::{encoding, malformed, settle};
use crate::decode::DecodeError;

/// How deep elements may nest, and how many different ones there may be.
const DEPTH: usize = 64;
const MOST: usize = 10_000;

/// One kind of element: all that have the same path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// The names from the outermost element to it.
    pub path: Vec<String>,
    /// The place of the element around it in the list.
    pub around: Option<usize>,
    /// The places of those directly in it.
    pub inside: Vec<usize>,
    /// Its attributes.
    pub attributes: BTreeSet<String>,
    /// Whether any of them holds text itself.
    pub has_text: bool,
    /// Whether one element around it holds several.
    pub repeats: bool,
}

/// Every kind of element of a file, the outermost first, each behind the one around it.
///
/// # Errors
/// When it is no XML that is read here.
pub fn outline(extract: &Bytes, allowed: u64) -> Result<Vec<Element>, DecodeError> {
    let text = settle(extract.clone(), encoding(extract)?, allowed)?;
    let text = std::str::from_utf8(&text).map_err(|_| malformed(1, "it is not UTF-8"))?;
    let mut reader = Reader::from_str(text);
    let mut found = Found::default();
    loop {
        let event = reader.read_event().map_err(|error| malformed(0, &error.to_string()))?;
        match event {
            Event::Start(element) => found.opens(&element)?,
            Event::Empty(element) => {
                found.opens(&element)?;
                found.open.pop();
            }
            Event::End(_) => drop(found.open.pop()),
            Event::Text(text) => found.holds(!text.xml10_content().trim().is_empty()),
            Event::CData(_) | Event::GeneralRef(_) => found.holds(true),
            Event::DocType(_) => {
                let what = "it has a document type (<!DOCTYPE …>), which is not read; write it without one";
                return Err(malformed(1, what));
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if found.elements.is_empty() { Err(DecodeError::Empty) } else { Ok(found.elements) }
}

#[derive(Default)]
struct Found {
    elements: Vec<Element>,
    /// The elements that are open, each with how often it has held which others so far.
    open: Vec<(usize, BTreeMap<usize, u64>)>,
}

impl Found {
    fn opens(&mut self, element: &BytesStart<'_>) -> Result<(), DecodeError> {
        let name = element.local_name().as_ref().to_owned();
        let around = self.open.last().map(|(at, _)| *at);
        let known = match around {
            Some(around) => self.elements.get(around).map_or(&[][..], |element| element.inside.as_slice()),
            None => &[0][..],
        };
        let is_it = |at: &&usize| self.elements.get(**at).is_some_and(|element| element.path.last() == Some(&name));
        let at = match known.iter().find(is_it).copied() {
            Some(at) => at,
            None => self.add(around, name)?,
        };
        if let Some((_, held)) = self.open.last_mut() {
            let count = held.entry(at).or_insert(0);
            *count += 1;
            let repeats = *count > 1;
            if let Some(element) = self.elements.get_mut(at) {
                element.repeats |= repeats;
            }
        }
        if self.open.len() >= DEPTH {
            return Err(malformed(0, &format!("its elements nest deeper than {DEPTH}")));
        }
        for attribute in element.attributes().flatten() {
            let key = attribute.key.as_ref();
            let is_data = key != "xmlns" && !["xmlns:", "xsi:", "xml:"].iter().any(|start| key.starts_with(start));
            if is_data && let Some(element) = self.elements.get_mut(at) {
                element.attributes.insert(attribute.key.local_name().as_ref().to_owned());
            }
        }
        self.open.push((at, BTreeMap::new()));
        Ok(())
    }

    fn add(&mut self, around: Option<usize>, name: String) -> Result<usize, DecodeError> {
        if self.elements.len() >= MOST {
            return Err(malformed(0, &format!("it has more than {MOST} different elements")));
        }
        let at = self.elements.len();
        let mut path = Vec::new();
        if let Some(around) = around.and_then(|around| self.elements.get_mut(around)) {
            around.inside.push(at);
            path.clone_from(&around.path);
        }
        path.push(name);
        self.elements.push(Element { path, around, ..Element::default() });
        Ok(at)
    }

    fn holds(&mut self, text: bool) {
        let Some((at, _)) = self.open.last().filter(|_| text) else { return };
        if let Some(element) = self.elements.get_mut(*at) {
            element.has_text = true;
        }
    }
}
