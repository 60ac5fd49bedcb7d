//! One document: its merged layers, the text each came from, and which of its keys anybody asked for.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use config::{Config, Environment, File, FileFormat, Value, ValueKind};
use toml::de::{DeTable, DeValue};

use super::{PREFIX, Problem, Problems, Section, beside, word::nearest};

/// One step of the way to a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// A definition, ready to be settled.
pub struct Document {
    root: Value,
    texts: BTreeMap<String, String>,
    main: String,
    /// The files that were kept with a definition that is kept as text.
    kept: Option<BTreeMap<String, String>>,
    /// The files beside the definition that anybody asked for.
    beside: RefCell<BTreeMap<String, String>>,
    asked: RefCell<BTreeSet<Vec<Step>>>,
    problems: RefCell<Problems>,
}

impl Document {
    pub(super) fn read(
        files: &[PathBuf],
        environment: &BTreeMap<String, String>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let before = problems.len();
        let mut texts = BTreeMap::new();
        for file in files {
            let label = file.display().to_string();
            match std::fs::read_to_string(file) {
                Ok(text) if beside::is_marked(&text) => {
                    let found = "a line that begins with \"#: beside\"";
                    problems.about(
                        &label,
                        found,
                        "no such line, for it marks files that are kept with a definition",
                        "",
                    );
                }
                Ok(text) => {
                    if check_syntax(&label, &text, problems) {
                        texts.insert(label, text);
                    }
                }
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                    problems.about(
                        &label,
                        "no such file",
                        "a definition file",
                        "run `quarterday init` for a commented example",
                    );
                }
                Err(e) => problems.about(&label, e, "a file the daemon may read", "check its owner and mode"),
            }
        }
        if problems.len() > before {
            return None;
        }
        let main = files.first().map(|f| f.display().to_string()).unwrap_or_default();
        let ordered = files.iter().map(|f| f.display().to_string()).collect::<Vec<_>>();
        Self::layered(main, &ordered, texts, environment, problems)
    }

    pub(super) fn parse(label: &str, text: &str, problems: &mut Problems) -> Option<Self> {
        let (text, kept) = beside::split(text);
        if !check_syntax(label, text, problems) {
            return None;
        }
        let texts = BTreeMap::from([(label.to_owned(), text.to_owned())]);
        let read = Self::layered(label.to_owned(), &[label.to_owned()], texts, &BTreeMap::new(), problems);
        read.map(|document| Self { kept: Some(kept), ..document })
    }

    fn layered(
        main: String,
        ordered: &[String],
        texts: BTreeMap<String, String>,
        environment: &BTreeMap<String, String>,
        problems: &mut Problems,
    ) -> Option<Self> {
        let mut builder = Config::builder();
        for label in ordered {
            let text = texts.get(label)?;
            // A string source has no name of its own, so each layer is built alone and its origin set here.
            match Config::builder().add_source(File::from_str(text, FileFormat::Toml)).build() {
                Ok(layer) => builder = builder.add_source(Layer(stamped(&layer.cache, label))),
                Err(e) => problems.about(label, e, "a TOML document", ""),
            }
        }
        let variables: config::Map<String, String> = environment
            .iter()
            .filter(|(name, _)| name.starts_with(PREFIX) && name[PREFIX.len()..].starts_with("__"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let from_environment = Environment::with_prefix(PREFIX).prefix_separator("__").separator("__");
        builder = builder.add_source(from_environment.source(Some(variables)));
        match builder.build() {
            Ok(config) => Some(Self {
                root: config.cache,
                texts,
                main,
                kept: None,
                beside: RefCell::default(),
                asked: RefCell::default(),
                problems: RefCell::default(),
            }),
            Err(e) => {
                problems.about(&main, e, "layers that fit together", "");
                None
            }
        }
    }

    /// The document's own table.
    pub fn root(&self) -> Section<'_> {
        Section::new(self, Vec::new(), &self.root)
    }

    /// The text of the document's main file.
    pub fn text(&self) -> &str {
        self.texts.get(&self.main).map_or("", String::as_str)
    }

    /// A file that stands beside the definition, or was kept with it.
    pub(super) fn beside(&self, name: &str) -> Result<String, String> {
        let text = match &self.kept {
            Some(kept) => kept.get(name).cloned().ok_or_else(|| format!("{name:?}, which was not kept with it"))?,
            None => beside::read(Path::new(&self.main).parent().unwrap_or(Path::new(".")), name)?,
        };
        self.beside.borrow_mut().insert(name.to_owned(), text.clone());
        Ok(text)
    }

    /// The text of the main file with the files beside it that were asked for: what [`read_text`](super::read_text)
    /// reads again as the same definition.
    pub fn to_keep(&self) -> String {
        beside::join(self.text(), &self.beside.borrow())
    }

    /// The document's main file.
    pub fn label(&self) -> &str {
        &self.main
    }

    /// Everything that was wrong, the keys nobody asked for included. Call it when everything has been settled.
    pub fn finish(self) -> Problems {
        self.report_unknown(&mut Vec::new(), &self.root);
        self.problems.into_inner()
    }

    pub(super) fn ask(&self, path: Vec<Step>) {
        self.asked.borrow_mut().insert(path);
    }

    pub(super) fn problem(&self, path: &[Step], value: Option<&Value>, found: String, expected: &str, write: &str) {
        let origin = value.and_then(Value::origin).unwrap_or(&self.main).to_owned();
        let line = self.texts.get(&origin).and_then(|text| line_of(text, path));
        self.problems.borrow_mut().push(Problem {
            file: origin,
            line,
            key: dotted(path),
            found,
            expected: expected.to_owned(),
            write: write.to_owned(),
        });
    }

    fn report_unknown(&self, path: &mut Vec<Step>, value: &Value) {
        match &value.kind {
            ValueKind::Table(table) => {
                let mut keys: Vec<_> = table.iter().collect();
                keys.sort_by_key(|(key, _)| key.as_str());
                for (key, value) in keys {
                    path.push(Step::Key(key.clone()));
                    if self.asked.borrow().contains(path.as_slice()) {
                        self.report_unknown(path, value);
                    } else {
                        self.unknown(path, key, value);
                    }
                    path.pop();
                }
            }
            ValueKind::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    path.push(Step::Item(at));
                    self.report_unknown(path, item);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn unknown(&self, path: &[Step], key: &str, value: &Value) {
        let parent = &path[..path.len() - 1];
        let asked = self.asked.borrow();
        let known: Vec<&str> = asked
            .iter()
            .filter(|known| known.len() == path.len() && known.starts_with(parent))
            .filter_map(|known| match known.last() {
                Some(Step::Key(key)) => Some(key.as_str()),
                _ => None,
            })
            .collect();
        let write = match nearest(key, known.iter().copied()) {
            Some(meant) => format!("{meant} = …"),
            None => "nothing; leave the line out".to_owned(),
        };
        let expected =
            if known.is_empty() { "no such table".to_owned() } else { format!("one of {}", known.join(", ")) };
        self.problem(path, Some(value), format!("the unknown key {key:?}"), &expected, &write);
    }
}

/// A layer whose values all carry the name of the file they came from.
#[derive(Debug, Clone)]
struct Layer(config::Map<String, Value>);

impl config::Source for Layer {
    fn clone_into_box(&self) -> Box<dyn config::Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<config::Map<String, Value>, config::ConfigError> {
        Ok(self.0.clone())
    }
}

fn stamped(value: &Value, origin: &str) -> config::Map<String, Value> {
    fn stamp(value: &Value, origin: &String) -> Value {
        let kind = match &value.kind {
            ValueKind::Table(table) => {
                ValueKind::Table(table.iter().map(|(k, v)| (k.clone(), stamp(v, origin))).collect())
            }
            ValueKind::Array(items) => ValueKind::Array(items.iter().map(|v| stamp(v, origin)).collect()),
            other => other.clone(),
        };
        Value::new(Some(origin), kind)
    }
    match stamp(value, &origin.to_owned()).kind {
        ValueKind::Table(table) => table,
        _ => config::Map::new(),
    }
}

/// Tells every syntax error with its line; says whether there was none.
fn check_syntax(label: &str, text: &str, problems: &mut Problems) -> bool {
    let (_, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        problems.push(Problem {
            file: label.to_owned(),
            line: error.span().map(|span| line_at(text, span.start)),
            key: String::new(),
            found: error.message().to_owned(),
            expected: "TOML".to_owned(),
            write: String::new(),
        });
    }
    errors.is_empty()
}

/// The line on which the key at the end of the path stands, or the table that lacks it.
fn line_of(text: &str, path: &[Step]) -> Option<usize> {
    let (root, _) = DeTable::parse_recoverable(text);
    let mut at: Option<usize> = None;
    let mut value = DeValue::Table(root.into_inner());
    for step in path {
        let next = match (step, value) {
            (Step::Key(key), DeValue::Table(table)) => table
                .into_iter()
                .find(|(k, _)| k.get_ref().eq_ignore_ascii_case(key))
                .map(|(k, v)| (k.span().start, v.into_inner())),
            (Step::Item(index), DeValue::Array(items)) => {
                items.into_iter().nth(*index).map(|v| (v.span().start, v.into_inner()))
            }
            _ => None,
        };
        match next {
            Some((start, inner)) => {
                at = Some(start);
                value = inner;
            }
            None => break,
        }
    }
    at.map(|start| line_at(text, start))
}

fn line_at(text: &str, offset: usize) -> usize {
    1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|b| **b == b'\n').count()
}

fn dotted(path: &[Step]) -> String {
    path.iter().fold(String::new(), |mut text, step| {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::Item(at) => text.push_str(&format!("[{}]", at + 1)),
        }
        text
    })
}
