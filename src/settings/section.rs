//! One table of a document, asked key by key; what is wrong is told to the document.

use std::{fmt::Display, str::FromStr};

use config::{Value, ValueKind};
use jiff::civil::Date;

use super::{
    Secret,
    document::{Document, Step},
    word::nearest,
};

/// One table. Every question marks its key as known.
pub struct Section<'a> {
    document: &'a Document,
    path: Vec<Step>,
    value: &'a Value,
}

impl<'a> Section<'a> {
    pub(super) fn new(document: &'a Document, path: Vec<Step>, value: &'a Value) -> Self {
        Self { document, path, value }
    }

    /// A required text.
    pub fn text(&mut self, key: &str) -> Option<String> {
        let value = self.required(key, &format!("{key} = \"…\""))?;
        self.as_text(key, value)
    }

    /// A text that may be left out.
    pub fn text_opt(&mut self, key: &str) -> Option<String> {
        let value = self.get(key)?;
        self.as_text(key, value)
    }

    /// A text with a usual value.
    pub fn text_or(&mut self, key: &str, usual: &str) -> String {
        self.text_opt(key).unwrap_or_else(|| usual.to_owned())
    }

    /// A required whole number.
    pub fn integer(&mut self, key: &str) -> Option<i64> {
        let value = self.required(key, &format!("{key} = 1"))?;
        self.as_integer(key, value)
    }

    /// A whole number that may be left out.
    pub fn integer_opt(&mut self, key: &str) -> Option<i64> {
        let value = self.get(key)?;
        self.as_integer(key, value)
    }

    /// A whole number with a usual value.
    pub fn integer_or(&mut self, key: &str, usual: i64) -> i64 {
        self.integer_opt(key).unwrap_or(usual)
    }

    /// A number that may be left out.
    pub fn float_opt(&mut self, key: &str) -> Option<f64> {
        let value = self.get(key)?;
        match &value.kind {
            ValueKind::Float(_) | ValueKind::I64(_) => value.clone().into_float().ok(),
            ValueKind::String(text) if is_environment(value) && text.parse::<f64>().is_ok() => text.parse().ok(),
            _ => {
                self.wrong(key, value, "a number", &format!("{key} = 1.5"));
                None
            }
        }
    }

    /// True or false, with a usual value.
    pub fn boolean_or(&mut self, key: &str, usual: bool) -> bool {
        let Some(value) = self.get(key) else { return usual };
        match &value.kind {
            ValueKind::Boolean(is) => *is,
            ValueKind::String(text) if is_environment(value) && text.parse::<bool>().is_ok() => text == "true",
            _ => {
                self.wrong(key, value, "true or false", &format!("{key} = {usual}"));
                usual
            }
        }
    }

    /// A required date.
    pub fn date(&mut self, key: &str) -> Option<Date> {
        let value = self.required(key, &format!("{key} = 2025-04-01"))?;
        self.as_date(key, value)
    }

    /// A date that may be left out.
    pub fn date_opt(&mut self, key: &str) -> Option<Date> {
        let value = self.get(key)?;
        self.as_date(key, value)
    }

    /// A required list of texts.
    pub fn list(&mut self, key: &str) -> Option<Vec<String>> {
        let value = self.required(key, &format!("{key} = [\"…\"]"))?;
        Some(self.as_list(key, value))
    }

    /// A list of texts, empty when left out.
    pub fn list_or_empty(&mut self, key: &str) -> Vec<String> {
        self.get(key).map(|value| self.as_list(key, value)).unwrap_or_default()
    }

    /// A required text that is read as a `T`; its error says what was expected.
    pub fn parsed<T: FromStr<Err: Display>>(&mut self, key: &str) -> Option<T> {
        let value = self.required(key, &format!("{key} = \"…\""))?;
        self.as_parsed(key, value)
    }

    /// The same, for a key that may be left out.
    pub fn parsed_opt<T: FromStr<Err: Display>>(&mut self, key: &str) -> Option<T> {
        let value = self.get(key)?;
        self.as_parsed(key, value)
    }

    /// A list whose items are read as `T`; empty when left out.
    pub fn parsed_list<T: FromStr<Err: Display>>(&mut self, key: &str) -> Vec<T> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let items = self.as_list(key, value);
        let mut parsed = Vec::new();
        for item in items {
            match item.parse() {
                Ok(item) => parsed.push(item),
                Err(error) => self.wrong(key, value, &expected(&error), ""),
            }
        }
        parsed
    }

    /// One word of a closed set.
    pub fn one_of(&mut self, key: &str, words: &[&'static str]) -> Option<&'static str> {
        let first = words.first().copied().unwrap_or("");
        let value = self.required(key, &format!("{key} = \"{first}\""))?;
        self.as_one_of(key, value, words)
    }

    /// One word of a closed set that may be left out.
    pub fn one_of_opt(&mut self, key: &str, words: &[&'static str]) -> Option<&'static str> {
        let value = self.get(key)?;
        self.as_one_of(key, value, words)
    }

    /// A required secret.
    pub fn secret(&mut self, key: &str) -> Option<Secret> {
        self.required(key, &format!("{key} = {{ file = \"/etc/quarterday/{key}\" }}"))?;
        self.secret_opt(key)
    }

    /// A secret by reference: `{ file = "…" }` or `{ env = "…" }`.
    pub fn secret_opt(&mut self, key: &str) -> Option<Secret> {
        let value = self.get(key)?;
        let write = format!("{key} = {{ file = \"/etc/quarterday/{key}\" }}");
        if !matches!(value.kind, ValueKind::Table(_)) {
            // What stands here may be the secret itself, so it is not repeated.
            let path = self.below(key);
            self.document.problem(
                &path,
                Some(value),
                "a value".into(),
                "where the secret stands, never the secret itself",
                &write,
            );
            return None;
        }
        let mut table = self.section(key)?;
        match (table.text_opt("file"), table.text_opt("env")) {
            (Some(file), None) => Some(Secret::File(file.into())),
            (None, Some(name)) => Some(Secret::Env(name)),
            _ => {
                self.wrong(key, value, "either file or env", &write);
                None
            }
        }
    }

    /// A required table.
    pub fn section(&mut self, key: &str) -> Option<Section<'a>> {
        let value = self.required(key, &format!("[{key}]"))?;
        self.as_section(key, value)
    }

    /// A table that may be left out.
    pub fn section_opt(&mut self, key: &str) -> Option<Section<'a>> {
        let value = self.get(key)?;
        self.as_section(key, value)
    }

    /// The tables of `[[key]]`, none when left out.
    pub fn sections(&mut self, key: &str) -> Vec<Section<'a>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let ValueKind::Array(items) = &value.kind else {
            self.wrong(key, value, "a list of tables", &format!("[[{key}]]"));
            return Vec::new();
        };
        let mut sections = Vec::new();
        for (at, item) in items.iter().enumerate() {
            let mut path = self.below(key);
            path.push(Step::Item(at));
            if matches!(item.kind, ValueKind::Table(_)) {
                sections.push(Self::new(self.document, path, item));
            } else {
                self.document.problem(&path, Some(item), shown(item), "a table", &format!("[[{key}]]"));
            }
        }
        sections
    }

    /// The keys that stand here, in the order of their names.
    pub fn keys(&self) -> Vec<String> {
        let ValueKind::Table(table) = &self.value.kind else { return Vec::new() };
        let mut keys: Vec<String> = table.keys().cloned().collect();
        keys.sort();
        keys
    }

    /// A file that stands beside the definition. What is wrong with it is told under `key`.
    pub fn beside(&mut self, key: &str, name: &str) -> Option<String> {
        match self.document.beside(name) {
            Ok(text) => Some(text),
            Err(found) => {
                let value = self.get(key);
                let expected = "a file below the folder of this definition";
                self.document.problem(&self.below(key), value.or(Some(self.value)), found, expected, "");
                None
            }
        }
    }

    /// Whether the key is there.
    pub fn has(&mut self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Tells of a value that is well formed but cannot be meant.
    pub fn refuse(&mut self, key: &str, expected: &str, write: &str) {
        let value = self.get(key);
        let found = value.map_or_else(|| "nothing".to_owned(), shown);
        let path = self.below(key);
        self.document.problem(&path, value.or(Some(self.value)), found, expected, write);
    }

    /// The same of a value that may hold a secret: it is not repeated.
    pub fn refuse_unseen(&mut self, key: &str, expected: &str, write: &str) {
        let value = self.get(key);
        let path = self.below(key);
        self.document.problem(&path, value.or(Some(self.value)), "a value".into(), expected, write);
    }

    fn get(&mut self, key: &str) -> Option<&'a Value> {
        self.document.ask(self.below(key));
        match &self.value.kind {
            ValueKind::Table(table) => table.get(key).filter(|v| v.kind != ValueKind::Nil),
            _ => None,
        }
    }

    fn required(&mut self, key: &str, write: &str) -> Option<&'a Value> {
        let value = self.get(key);
        if value.is_none() {
            let path = self.below(key);
            self.document.problem(&path, Some(self.value), "nothing".into(), "this key", write);
        }
        value
    }

    fn below(&self, key: &str) -> Vec<Step> {
        let mut path = self.path.clone();
        path.push(Step::Key(key.to_owned()));
        path
    }

    fn wrong(&self, key: &str, value: &Value, expected: &str, write: &str) {
        self.document.problem(&self.below(key), Some(value), shown(value), expected, write);
    }

    fn as_text(&mut self, key: &str, value: &Value) -> Option<String> {
        match &value.kind {
            ValueKind::String(text) if !text.trim().is_empty() => Some(text.clone()),
            ValueKind::String(_) => {
                self.wrong(key, value, "a text that is not empty", &format!("{key} = \"…\""));
                None
            }
            ValueKind::I64(_) | ValueKind::Float(_) | ValueKind::Boolean(_) if is_environment(value) => {
                value.clone().into_string().ok()
            }
            _ => {
                self.wrong(key, value, "a text in quotes", &format!("{key} = \"…\""));
                None
            }
        }
    }

    fn as_integer(&mut self, key: &str, value: &Value) -> Option<i64> {
        match &value.kind {
            ValueKind::I64(number) => Some(*number),
            ValueKind::String(text) if is_environment(value) && text.parse::<i64>().is_ok() => text.parse().ok(),
            _ => {
                self.wrong(key, value, "a whole number", &format!("{key} = 1"));
                None
            }
        }
    }

    fn as_date(&mut self, key: &str, value: &Value) -> Option<Date> {
        let read = match &value.kind {
            ValueKind::String(text) => text.parse().ok(),
            _ => None,
        };
        if read.is_none() {
            self.wrong(key, value, "a date that exists", &format!("{key} = 2025-04-01"));
        }
        read
    }

    fn as_list(&mut self, key: &str, value: &Value) -> Vec<String> {
        let write = format!("{key} = [\"…\"]");
        let ValueKind::Array(items) = &value.kind else {
            self.wrong(key, value, "a list in square brackets", &write);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            match &item.kind {
                ValueKind::String(text) => texts.push(text.clone()),
                _ => self.wrong(key, item, "texts in quotes", &write),
            }
        }
        texts
    }

    fn as_parsed<T: FromStr<Err: Display>>(&mut self, key: &str, value: &Value) -> Option<T> {
        let text = self.as_text(key, value)?;
        match text.parse() {
            Ok(parsed) => Some(parsed),
            Err(error) => {
                self.wrong(key, value, &expected(&error), "");
                None
            }
        }
    }

    fn as_one_of(&mut self, key: &str, value: &Value, words: &[&'static str]) -> Option<&'static str> {
        let text = self.as_text(key, value)?;
        let found = words.iter().copied().find(|word| *word == text);
        if found.is_none() {
            let write =
                nearest(&text, words.iter().copied()).map(|word| format!("{key} = \"{word}\"")).unwrap_or_default();
            self.wrong(key, value, &format!("one of {}", words.join(", ")), &write);
        }
        found
    }

    fn as_section(&mut self, key: &str, value: &'a Value) -> Option<Section<'a>> {
        if matches!(value.kind, ValueKind::Table(_)) {
            return Some(Self::new(self.document, self.below(key), value));
        }
        self.wrong(key, value, "a table", &format!("[{key}]"));
        None
    }
}

fn expected(error: &impl Display) -> String {
    error.to_string()
}

fn is_environment(value: &Value) -> bool {
    value.origin().is_none_or(|origin| origin.contains("environment"))
}

/// A value as a problem repeats it: short, and never a whole table.
fn shown(value: &Value) -> String {
    let text = match &value.kind {
        ValueKind::String(text) => format!("{text:?}"),
        ValueKind::Table(_) => "a table".to_owned(),
        ValueKind::Array(_) => "a list".to_owned(),
        ValueKind::Nil => "nothing".to_owned(),
        _ => value.to_string(),
    };
    if text.chars().count() > 80 { text.chars().take(79).chain(['…']).collect() } else { text }
}
