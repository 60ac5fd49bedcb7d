//! The one pass over a file: elements open and close, texts find their cells.

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::gather::Gather;
use super::plan::{Plan, Target};
use crate::decode::{DecodeError, Decoded};

/// How deep elements may nest.
const DEPTH: usize = 64;

/// How many attributes an element may have.
const ATTRIBUTES: usize = 64;

/// How long a name may be, in bytes.
const NAME: usize = 256;

/// How many different elements a file may have.
const NODES: usize = 10_000;

/// How long one text may be, in bytes; a narrative is far shorter.
const TEXT: usize = 1 << 20;

/// What a cell costs besides its text, in bytes.
const CELL: u64 = 16;

/// What XML takes for white space.
const WHITE: [char; 4] = [' ', '\t', '\r', '\n'];

/// Reads `text`, checked UTF-8 without its mark, by `plan`.
pub(super) fn walk(text: &str, plan: Plan, allowed: u64) -> Result<Decoded, DecodeError> {
    let gathers = plan.tables.iter().map(Gather::of).collect();
    let mut walk = Walk {
        text,
        plan,
        gathers,
        open: vec![Frame::default()],
        ignored: Vec::new(),
        extras: 0,
        allowed,
        left: allowed,
        at: 0,
    };
    if let Some(at) =
        text.find(|c: char| matches!(c, '\0'..='\x08' | '\x0B' | '\x0C' | '\x0E'..='\x1F' | '\u{FFFE}' | '\u{FFFF}'))
    {
        walk.at = at;
        return Err(
            walk.wrong("it holds a control character, which XML cannot; write the file again and send it again")
        );
    }
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_comments = true;
    loop {
        let event = reader.read_event();
        walk.at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match event.map_err(|error| walk.wrong(&format!("{error}; {AGAIN}")))? {
            Event::Start(element) => walk.opens(&element)?,
            Event::Empty(element) => {
                walk.opens(&element)?;
                walk.closes()?;
            }
            Event::End(_) => walk.closes()?,
            Event::Text(text) => walk.texts(&text.xml10_content())?,
            Event::CData(text) => walk.texts(&text.xml10_content())?,
            Event::GeneralRef(entity) => walk.refers(&entity)?,
            Event::DocType(_) => {
                return Err(
                    walk.wrong("it has a document type (<!DOCTYPE …>), which is not read; write it without one")
                );
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    walk.finish()
}

const AGAIN: &str = "the file was cut off or is damaged; write it again and send it again";

struct Walk<'a> {
    text: &'a str,
    plan: Plan,
    gathers: Vec<Gather>,
    /// From the file itself to the innermost element that is open.
    open: Vec<Frame>,
    /// What stands outside every row.
    ignored: Vec<String>,
    /// How many columns the contract does not have.
    extras: usize,
    /// Bytes that all cells together may take, and what is left of them.
    allowed: u64,
    left: u64,
    /// How far the file is read, in bytes.
    at: usize,
}

/// An element that is open.
#[derive(Default)]
struct Frame {
    node: usize,
    number: u32,
    text: String,
    has_elements: bool,
    /// For each fill of its node the cell, and the first row it belongs to.
    slots: Vec<(Option<String>, usize)>,
    /// The table whose row it is in, if it is in one, and how deep that row's element lies.
    inside: Option<(usize, usize)>,
}

impl Walk<'_> {
    fn wrong(&self, what: &str) -> DecodeError {
        let read = self.text.as_bytes().get(..self.at).unwrap_or(self.text.as_bytes());
        DecodeError::Xml { line: memchr::memchr_iter(b'\n', read).count() + 1, what: what.to_owned() }
    }

    fn opens(&mut self, element: &BytesStart<'_>) -> Result<(), DecodeError> {
        let name = element.local_name();
        let name = name.as_ref();
        let depth = self.open.len();
        if depth > DEPTH || name.len() > NAME {
            return Err(
                self.wrong(&format!("its elements nest deeper than {DEPTH}, or have names longer than {NAME} bytes"))
            );
        }
        let Some(above) = self.open.last_mut() else { return Err(self.wrong(AGAIN)) };
        above.has_elements = true;
        let (above_node, mut inside) = (above.node, above.inside);
        let node = match self.plan.child(above_node, name) {
            Some(node) => node,
            None if self.plan.nodes.len() >= NODES => {
                return Err(self.wrong(&format!("it has more than {NODES} different elements")));
            }
            None => self.plan.add(above_node, name),
        };
        if depth == 1 && !self.plan.nodes[node].known {
            let outermost = self.plan.outermost();
            return Err(self.wrong(&format!("its outermost element is not {outermost}; is it another return's file?")));
        }
        if depth == 1 && self.plan.nodes.iter().filter(|root| root.path.rfind('/') == Some(0)).any(|root| root.met > 0)
        {
            return Err(self.wrong(&format!("it has a second outermost element; {AGAIN}")));
        }
        let known = &mut self.plan.nodes[node];
        known.met = known.met.checked_add(1).ok_or(DecodeError::TooManyRows)?;
        let number = known.met;
        let mut cost = 0;
        for table in &known.rows_of {
            cost += self.gathers[*table].begin(number) as u64 * CELL;
            if inside.is_none_or(|(_, row)| row < depth) {
                inside = Some((*table, depth));
            }
        }
        let slots = known.fills.iter().map(|fill| {
            let begun = self.gathers[fill.table].pending.len();
            // A row that is filled from its own element has begun already.
            (None, begun - usize::from(known.rows_of.contains(&fill.table)))
        });
        let slots = slots.collect();
        let is_known = known.known;
        self.take(cost)?;
        if !is_known && inside.is_none() && self.plan.nodes[above_node].known && number == 1 {
            self.ignored.push(self.plan.nodes[node].path.clone());
        }
        self.open.push(Frame { node, number, slots, inside, ..Frame::default() });
        self.attributes(element, node)
    }

    fn attributes(&mut self, element: &BytesStart<'_>, node: usize) -> Result<(), DecodeError> {
        for (at, attribute) in element.attributes().enumerate() {
            let attribute = attribute.map_err(|error| self.wrong(&format!("an attribute cannot be read ({error})")))?;
            let name = attribute.key.as_ref();
            if at >= ATTRIBUTES || name.len() > NAME || attribute.value.len() > TEXT {
                return Err(self.wrong("an element has too many attributes, or too long ones"));
            }
            // Names of schemas and hints to programs, not data.
            if name == "xmlns" || name.starts_with("xmlns:") || name.starts_with("xsi:") || name.starts_with("xml:") {
                continue;
            }
            let value = attribute.normalized_value(XmlVersion::Implicit1_0);
            let value = value.map_err(|error| self.wrong(&format!("an attribute cannot be read ({error})")))?;
            let value = Some(value.trim_matches(WHITE).to_owned()).filter(|value| !value.is_empty());
            let name = attribute.key.local_name();
            let name = name.as_ref();
            let targets = self.plan.nodes[node].attributes.iter().filter(|(known, _)| known == name);
            let targets: Vec<Target> = targets.map(|(_, target)| *target).collect();
            if targets.is_empty() {
                self.unasked(node, &format!("@{name}"), value)?;
            } else {
                self.fill(&targets, value)?;
            }
        }
        Ok(())
    }

    fn texts(&mut self, text: &str) -> Result<(), DecodeError> {
        let (outside, Some(frame)) = (self.open.len() == 1, self.open.last_mut()) else { return Ok(()) };
        let text = if frame.text.is_empty() { text.trim_start_matches(WHITE) } else { text };
        if frame.text.len() + text.len() > TEXT {
            return Err(self.wrong(&format!("it holds a text longer than {} MiB", TEXT >> 20)));
        }
        if outside && !text.is_empty() {
            return Err(self.wrong(&format!("it has text outside its outermost element; {AGAIN}")));
        }
        frame.text.push_str(text);
        Ok(())
    }

    fn refers(&mut self, entity: &BytesRef<'_>) -> Result<(), DecodeError> {
        let of_number = entity.resolve_char_ref().map_err(|error| self.wrong(&format!("{error}")))?;
        match (of_number, resolve_xml_entity(entity)) {
            (Some(c), _) if c < ' ' && !matches!(c, '\t' | '\n' | '\r') => {
                Err(self.wrong("it holds a control character, which XML cannot"))
            }
            (Some(c), _) => self.texts(c.encode_utf8(&mut [0; 4])),
            (None, Some(text)) => self.texts(text),
            (None, None) => Err(self.wrong("it uses an entity that XML itself does not have; write the text out")),
        }
    }

    fn closes(&mut self) -> Result<(), DecodeError> {
        let Some(frame) = self.open.pop().filter(|_| !self.open.is_empty()) else { return Err(self.wrong(AGAIN)) };
        let node = frame.node;
        let text = Some(frame.text.trim_end_matches(WHITE).to_owned()).filter(|text| !text.is_empty());
        let here = &self.plan.nodes[node];
        if !here.text.is_empty() {
            // Its own element may be the one that is filled.
            self.open.push(Frame { text: String::new(), ..frame });
            self.fill(&self.plan.nodes[node].text.clone(), text)?;
            self.settle()
        } else {
            let told = text.is_some() || !(frame.has_elements || here.known);
            let suffix = if here.known { "text()" } else { "" };
            self.open.push(Frame { text: String::new(), ..frame });
            if told {
                self.unasked(node, suffix, text)?;
            }
            self.settle()
        }
    }

    /// Puts a text into the slots it belongs in.
    fn fill(&mut self, targets: &[Target], value: Option<String>) -> Result<(), DecodeError> {
        for Target { depth, fill } in targets {
            let Some(frame) = self.open.get_mut(*depth) else { continue };
            let fills = &self.plan.nodes[frame.node].fills[*fill];
            self.gathers[fills.table].meet(fills.column);
            let Some(value) = &value else { continue };
            if frame.slots[*fill].0.replace(value.clone()).is_some() {
                let path = self.plan.tables[fills.table].columns.iter().flatten().nth(fills.column);
                return Err(DecodeError::RepeatedElement {
                    heading: path.cloned().unwrap_or_default(),
                    sheet: self.plan.tables[fills.table].rows.clone(),
                    row: self.gathers[fills.table].last().map_or(0, |row| row.number),
                });
            }
        }
        Ok(())
    }

    /// Has what no table asks for come along in the row it stands in.
    fn unasked(&mut self, node: usize, suffix: &str, value: Option<String>) -> Result<(), DecodeError> {
        let Some((table, depth)) = self.open.last().and_then(|frame| frame.inside) else { return Ok(()) };
        let column = match self.plan.nodes[node].extra.get(suffix) {
            Some((_, column)) => *column,
            None => {
                self.extras += 1;
                self.take(self.gathers[table].kept() as u64 * CELL)?;
                if self.extras > NODES {
                    return Err(self.wrong("it has too many different attributes"));
                }
                let row_path = self.open.get(depth).map_or("", |frame| self.plan.nodes[frame.node].path.as_str());
                let below = self.plan.nodes[node].path.strip_prefix(row_path).unwrap_or_default();
                let heading = format!("{below}/{suffix}");
                let column = self.gathers[table].add(heading.trim_matches('/').to_owned());
                self.plan.nodes[node].extra.insert(suffix.to_owned(), (table, column));
                column
            }
        };
        let gather = &mut self.gathers[table];
        gather.meet(column);
        let (Some(value), Some(row)) = (value, gather.last()) else { return Ok(()) };
        if row.cells.len() <= column {
            row.cells.resize(column + 1, None);
        }
        let size = value.len() as u64 + 2;
        match &mut row.cells[column] {
            Some(before) => {
                before.push_str("; ");
                before.push_str(&value);
            }
            empty => *empty = Some(value),
        }
        self.take(size)
    }

    fn take(&mut self, bytes: u64) -> Result<(), DecodeError> {
        self.left = self.left.checked_sub(bytes).ok_or(DecodeError::TooLarge(self.allowed))?;
        Ok(())
    }

    /// The innermost element has ended: its slots go to their rows, and rows that are whole are kept.
    fn settle(&mut self) -> Result<(), DecodeError> {
        let Some(frame) = self.open.pop() else { return Ok(()) };
        for (at, (value, first)) in frame.slots.into_iter().enumerate() {
            let fill = &self.plan.nodes[frame.node].fills[at];
            let (table, column, number) = (fill.table, fill.column, fill.number);
            if number {
                self.gathers[table].meet(column);
            }
            let Some(value) = value.or_else(|| number.then(|| frame.number.to_string())) else { continue };
            let rows = self.gathers[table].pending.len().saturating_sub(first);
            self.take((value.len() * rows) as u64)?;
            for row in &mut self.gathers[table].pending[first..] {
                row.cells[column] = Some(value.clone());
            }
        }
        for (table, anchor) in self.plan.anchors.iter().enumerate() {
            if *anchor == frame.node {
                self.gathers[table].keep();
            }
        }
        Ok(())
    }

    fn finish(self) -> Result<Decoded, DecodeError> {
        if self.open.len() != 1 {
            return Err(self.wrong(AGAIN));
        }
        if self.plan.nodes.iter().all(|node| node.met == 0) {
            return Err(DecodeError::Empty);
        }
        let sheets = self.gathers.into_iter().map(Gather::sheet).collect::<Result<_, _>>()?;
        Ok(Decoded { sheets, ignored: self.ignored })
    }
}
