//! What a board asked for: `pack.toml` and the templates and statements beside it.

use std::collections::{BTreeMap, BTreeSet};

use super::gate::Gate;
use super::record::{FURTHER, STATEMENTS};
use super::typeset::{self, MAIN};
use crate::analysis::Class;
use crate::domain::is_address;
use crate::settings::{Document, Section, nearest};

/// A pack, settled.
#[derive(Debug, Clone)]
pub struct PackDefinition {
    id: String,
    title: String,
    question: String,
    sections: Vec<String>,
    indicators: Wanted,
    audience: String,
    class: Class,
    gate: Gate,
    roles: Vec<String>,
    addresses: Vec<String>,
    most_exception_pages: usize,
    texts: BTreeMap<&'static str, String>,
    files: BTreeMap<String, Vec<u8>>,
}

/// Which indicators a pack shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Every one there is.
    All,
    /// These, by identifier.
    These(Vec<String>),
}

/// Texts of the pages that a board may put in its own words, with the usual ones.
const TEXTS: [(&str, &str); 4] = [
    ("example", "Example: board, agencies, children and figures are invented"),
    ("summary", "How we know"),
    ("timetable", "Who sent what, and when"),
    ("method", "How to read this pack, and what it rests on"),
];

/// Whom a pack may be sent to by what they are.
const ROLES: [&str; 4] = ["chair", "manager", "board-members", "leads"];

impl PackDefinition {
    /// Reads a pack's definition; every problem is told to the document. `files` are the `.typ` and `.sql` files beside
    /// it, by name.
    pub fn settle(id: &str, document: &Document, files: BTreeMap<String, Vec<u8>>) -> Option<Self> {
        let mut root = document.root();
        let title = root.text("title");
        let question = root.text_or("question", "Are children here safe, and how do we know?");
        let sections = root.list("sections");
        let indicators = root.list("indicators").map(|ids| match ids.as_slice() {
            [all] if all == "all" => Wanted::All,
            _ => Wanted::These(ids),
        });
        let audience = root.text("audience");
        let class = root.one_of("class", &["public"]).map(|_| Class::Public);
        let gate = Gate::settle(&mut root);
        let most = root.integer_or("most_exception_pages", 4);
        let most_exception_pages = usize::try_from(most).ok().filter(|most| *most <= 40);
        if most_exception_pages.is_none() {
            root.refuse("most_exception_pages", "a number from 0 to 40", "most_exception_pages = 4");
        }
        let (roles, addresses) = settle_recipients(&mut root);
        let texts = settle_texts(&mut root);
        check_files(&mut root, sections.as_deref().unwrap_or_default(), &files);
        Some(Self {
            id: id.to_owned(),
            title: title?,
            question,
            sections: sections?,
            indicators: indicators?,
            audience: audience?,
            class: class?,
            gate,
            roles,
            addresses,
            most_exception_pages: most_exception_pages?,
            texts,
            files,
        })
    }

    /// Its identifier, the name of its folder.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The question its first page answers.
    pub fn question(&self) -> &str {
        &self.question
    }

    /// Its sections, in order; each is the template of that name.
    pub fn sections(&self) -> &[String] {
        &self.sections
    }

    /// The indicators it shows.
    pub fn indicators(&self) -> &Wanted {
        &self.indicators
    }

    /// Who reads it, in words.
    pub fn audience(&self) -> &str {
        &self.audience
    }

    /// The disclosure class of its figures.
    pub fn class(&self) -> Class {
        self.class
    }

    /// What must be there before it goes out.
    pub fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Roles whose holders receive it: `chair`, `manager`, `board-members`, `leads`.
    pub fn roles(&self) -> &[String] {
        &self.roles
    }

    /// Further addresses that receive it.
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// At most so many exceptions get a page; the summary names the others.
    pub fn most_exception_pages(&self) -> usize {
        self.most_exception_pages
    }

    /// Its statements, by name, in the order of their names.
    pub fn statements(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .filter_map(|(name, bytes)| Some((name.strip_suffix(".sql")?, std::str::from_utf8(bytes).ok()?)))
    }

    /// The files beside its definition, by name.
    pub fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// The text of its pages that stands in `place`.
    pub(super) fn text(&self, place: &str) -> &str {
        self.texts.get(place).map_or("", String::as_str)
    }
}

fn settle_recipients(root: &mut Section<'_>) -> (Vec<String>, Vec<String>) {
    let Some(mut recipients) = root.section_opt("recipients") else { return (Vec::new(), Vec::new()) };
    let addresses = recipients.list_or_empty("addresses");
    if addresses.iter().any(|address| !is_address(address)) {
        recipients.refuse("addresses", "mail addresses", "addresses = [\"chair@example.org\"]");
    }
    let roles = recipients.list_or_empty("roles");
    if let Some(unknown) = roles.iter().find(|role| !ROLES.contains(&role.as_str())) {
        let write = nearest(unknown, ROLES).map(|role| format!("roles = [\"{role}\"]")).unwrap_or_default();
        recipients.refuse("roles", &format!("some of {}", ROLES.join(", ")), &write);
    }
    (roles, addresses)
}

fn settle_texts(root: &mut Section<'_>) -> BTreeMap<&'static str, String> {
    let mut texts: BTreeMap<&'static str, String> =
        TEXTS.iter().map(|(key, usual)| (*key, (*usual).to_owned())).collect();
    if let Some(mut table) = root.section_opt("texts") {
        for (key, text) in &mut texts {
            *text = table.text_or(key, text);
        }
    }
    texts
}

/// Tells of templates and statements that are missing, superfluous or cannot be read.
fn check_files(root: &mut Section<'_>, sections: &[String], files: &BTreeMap<String, Vec<u8>>) {
    let mut seen = BTreeSet::new();
    for section in sections {
        let template = format!("{section}.typ");
        if !seen.insert(section) {
            root.refuse("sections", &format!("each section once, and {section} is there twice"), "");
        } else if !files.contains_key(&template) {
            let known = files.keys().filter_map(|name| name.strip_suffix(".typ"));
            let write = nearest(section, known).map(|name| format!("\"{name}\"")).unwrap_or_default();
            root.refuse(
                "sections",
                &format!("sections with a template; there is no {template} beside pack.toml"),
                &write,
            );
        }
    }
    let statements = STATEMENTS.iter().map(|name| format!("{name}.sql"));
    for name in statements.chain([MAIN.to_owned()]) {
        if !files.contains_key(&name) {
            root.refuse("title", &format!("a pack whose folder has {name}"), "the file, as in reports/packs/board");
        }
    }
    let is_printed = |what: &str| {
        let mut templates = files.iter().filter(|(name, _)| name.ends_with(".typ"));
        templates.any(|(_, bytes)| std::str::from_utf8(bytes).is_ok_and(|text| text.contains(what)))
    };
    if let Some(left_out) =
        ["imprint.draft", "imprint.sign_off", "imprint.missing"].into_iter().find(|it| !is_printed(it))
    {
        let expected =
            format!("templates that print {left_out}, so that nobody takes a draft or a gap for something else");
        root.refuse("title", &expected, "what style.typ and summary.typ of reports/packs/board print of it");
    }
    for (name, bytes) in files {
        let Ok(text) = std::str::from_utf8(bytes) else {
            root.refuse("title", &format!("text files beside it; {name} is not UTF-8"), "");
            continue;
        };
        if name.ends_with(".typ") {
            for (line, wrong) in typeset::slips(text) {
                root.refuse("sections", &format!("templates without slips; {name}:{line}: {wrong}"), "");
            }
        } else if name.strip_suffix(".sql").is_some_and(|name| ![&STATEMENTS[..], &FURTHER].concat().contains(&name)) {
            let known = [&STATEMENTS[..], &FURTHER].concat().join(", ");
            let expected = format!("no statements but {known}; nothing reads {name}");
            root.refuse("title", &expected, "");
        }
    }
}
