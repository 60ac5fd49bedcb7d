//! Templates: facts in, a message out; the text part and the HTML part are made from the same rendered words.
//!
//! `<kind>.txt` begins with `Subject: …`; files that begin with `_` are parts of others; `layout.mjml` frames the HTML.
//! A fact never becomes markup: it is guarded where it is written out.

use std::collections::{BTreeMap, BTreeSet};

use include_dir::{Dir, File, include_dir};
use jiff::{Timestamp, civil::Date};
use minijinja::{
    AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value, context, syntax::SyntaxConfig, value::Serde,
};

use super::{Facts, Kind, Letter, MailError, Message, Owed, Part, dates, example, prose, required};
use crate::domain::{Period, words};

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/reports/mail");

const LAYOUT: &str = "layout.mjml";

/// The templates of every kind of message.
#[derive(Debug, Clone)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The templates that come with the program.
    pub fn shipped() -> Result<Self, MailError> {
        Self::load(Self::shipped_files().collect())
    }

    /// Their files by name.
    pub fn shipped_files() -> impl Iterator<Item = (String, String)> {
        let file =
            |file: &File<'_>| Some((file.path().file_name()?.to_str()?.to_owned(), file.contents_utf8()?.to_owned()));
        SHIPPED.files().filter_map(file)
    }

    /// Reads templates by file name; each kind needs one.
    pub fn load(files: BTreeMap<String, String>) -> Result<Self, MailError> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| broken(LAYOUT, &e))?);
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Only the layout is HTML; what goes into it has been through `prose` and `escape`.
        environment.set_auto_escape_callback(|_| AutoEscape::None);
        environment.set_formatter(|out, _, value| {
            if value.is_undefined() {
                return Err(Error::new(ErrorKind::UndefinedError, "a fact that this kind of message does not have"));
            }
            let text = value.to_string();
            let written = if value.is_safe() { out.write_str(&text) } else { out.write_str(&prose::plain(&text)) };
            written.map_err(Error::from)
        });
        add_words(&mut environment);
        for (name, source) in files {
            environment.add_template_owned(name.clone(), source).map_err(|e| broken(&name, &e))?;
        }
        let templates = Self { environment };
        for name in Kind::ALL.iter().map(|kind| file_of(*kind)).chain([LAYOUT.to_owned()]) {
            templates.environment.get_template(&name).map_err(|e| broken(&name, &e))?;
        }
        Ok(templates)
    }

    /// Renders every kind once with invented facts, and sees that each says what it has to, so that a slip shows before a
    /// message is owed; answers with every slip.
    pub fn rehearse(&self) -> Result<(), Vec<MailError>> {
        let mut slips = Vec::new();
        for kind in Kind::ALL {
            let rendered = example(*kind).iter().try_for_each(|facts| self.render(facts).map(drop));
            slips.extend(rendered.err().or_else(|| self.left_out(*kind).err()));
        }
        if slips.is_empty() { Ok(()) } else { Err(slips) }
    }

    /// An error where a kind's wording leaves out what it has to say.
    fn left_out(&self, kind: Kind) -> Result<(), MailError> {
        let name = file_of(kind);
        let (mut named, mut seen, mut to_see) = (BTreeSet::new(), BTreeSet::new(), vec![name.clone()]);
        while let Some(part) = to_see.pop() {
            let template = self.environment.get_template(&part).map_err(|e| broken(&part, &e))?;
            named.extend(template.undeclared_variables(false));
            to_see.extend(
                required::parts(template.source()).filter(|part| seen.insert((*part).to_owned())).map(Into::into),
            );
        }
        let missing: Vec<String> = required::facts_of(kind)
            .into_iter()
            .filter(|fact| !named.contains(*fact))
            .map(|fact| format!("`{fact}`"))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let why = format!(
            "it does not say {}, which this message has to; `quarterday init` in an empty folder writes the wording that does",
            words::listed(missing)
        );
        Err(MailError::Template { name, why })
    }

    /// Makes the message these facts ask for; attachments are the caller's to add.
    pub fn render(&self, facts: &Facts) -> Result<Message, MailError> {
        let (subject, body) = self.prose(facts)?;
        let mut subject = prose::to_line(&subject);
        let mut text = prose::to_text(&body);
        if facts.board.example {
            subject.insert_str(0, "[Example] ");
            text.insert_str(0, &format!("{EXAMPLE}\n\n"));
        }
        text.push_str(&format!("\n-- \n{}\n", facts.board.name));
        let html = self.html(facts, &subject, &prose::to_html(&body))?;
        Ok(Message {
            to: facts.to.clone(),
            contact: facts.contact.clone(),
            subject,
            text,
            html,
            attachments: Vec::new(),
            answers: None,
            owed: facts.letter.due_of_chase().map(|due| Owed { due: due.clone(), words: body.trim().to_owned() }),
        })
    }

    /// Subject and body in the templates' own markup, facts guarded.
    fn prose(&self, facts: &Facts) -> Result<(String, String), MailError> {
        let name = file_of(facts.letter.kind());
        let quoted = match &facts.letter {
            Letter::Preview { escalation, .. } => {
                let inner = Facts { letter: Letter::Escalation(escalation.clone()), ..facts.clone() };
                let (subject, body) = self.prose(&inner)?;
                let lines = format!("Subject: {subject}\n\n{}", body.trim());
                lines.lines().map(|line| format!("> {line}\n")).collect()
            }
            _ => String::new(),
        };
        let template = self.environment.get_template(&name).map_err(|e| broken(&name, &e))?;
        let letter = Value::from(Serde(&facts.letter));
        // Words that were rendered once are markup already.
        let parts = match &facts.letter {
            Letter::Together { parts, .. } => parts.iter().map(part).collect::<Vec<Value>>(),
            _ => Vec::new(),
        };
        let all = context! {
            board => Value::from(Serde(&facts.board)),
            to => Value::from(Serde(&facts.to)),
            contact => Value::from(Serde(&facts.contact)),
            quoted => Value::from_safe_string(quoted),
            parts,
            ..letter
        };
        let rendered = template.render(all).map_err(|e| broken(&name, &e))?;
        let (first, body) = rendered.split_once('\n').unwrap_or((&rendered, ""));
        let subject = first.strip_prefix("Subject: ").ok_or_else(|| MailError::Template {
            name: name.clone(),
            why: "its first line must begin with \"Subject: \"".into(),
        })?;
        Ok((subject.trim().to_owned(), body.to_owned()))
    }

    fn html(&self, facts: &Facts, subject: &str, body: &str) -> Result<String, MailError> {
        let layout = self.environment.get_template(LAYOUT).map_err(|e| broken(LAYOUT, &e))?;
        let safe = |text: &str| Value::from_safe_string(text.to_owned());
        let example = if facts.board.example { EXAMPLE } else { "" };
        let mjml = layout.render(context! {
            subject => safe(&prose::escape(subject)),
            board => safe(&prose::escape(&facts.board.name)),
            example => safe(&prose::escape(example)),
            body => safe(body),
        });
        let mjml = mjml.map_err(|e| broken(LAYOUT, &e))?;
        let wrong = |why: String| MailError::Template { name: LAYOUT.into(), why };
        let parsed = mrml::parse(&mjml).map_err(|e| wrong(e.to_string()))?;
        // No fonts from elsewhere: a message that is opened tells nobody.
        let options = mrml::prelude::render::RenderOptions { fonts: Default::default(), ..Default::default() };
        parsed.element.render(&options).map_err(|e| wrong(e.to_string()))
    }
}

/// What every message of an invented board says first.
const EXAMPLE: &str = "Example: this board, its agencies and its figures are invented. Nobody is asked for anything.";

fn part(part: &Part) -> Value {
    context! {
        due => Value::from(Serde(&part.owed.due)),
        files => &part.files,
        words => Value::from_safe_string(part.owed.words.clone()),
    }
}

fn file_of(kind: Kind) -> String {
    format!("{}.txt", kind.as_str())
}

fn broken(name: &str, error: &Error) -> MailError {
    let place = error.line().map(|line| format!("line {line}: ")).unwrap_or_default();
    let cause = std::error::Error::source(error).map(|cause| format!(" ({cause})")).unwrap_or_default();
    MailError::Template { name: error.name().unwrap_or(name).to_owned(), why: format!("{place}{error}{cause}") }
}

/// The words templates can ask for beside minijinja's own.
fn add_words(environment: &mut Environment<'static>) {
    fn read<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Error> {
        text.parse().map_err(|e| Error::new(ErrorKind::InvalidOperation, format!("{text:?}: {e}")))
    }
    /// A date, or the day in London on which an instant falls.
    fn date(text: &str) -> Result<Date, Error> {
        if text.contains('T') { Ok(crate::domain::civil_day(read::<Timestamp>(text)?)) } else { read(text) }
    }
    environment.add_filter("moment", |at: &str| read(at).map(dates::moment));
    environment.add_filter("day_and_time", |at: &str| read(at).map(dates::day_and_time));
    environment.add_filter("day", |day: &str| date(day).map(dates::day));
    environment.add_filter("short_day", |day: &str| date(day).map(dates::short_day));
    environment.add_filter("month", |day: &str| date(day).map(dates::month));
    environment.add_filter("human", |period: &str| read(period).map(Period::human));
    environment.add_filter("span", |period: &str| read(period).map(dates::span));
    environment.add_filter("last_time", |period: &str| read(period).map(dates::last_time));
    environment.add_filter("number", |n: usize| words::capital(&words::number(n)));
    environment.add_filter("whole", words::whole);
    environment.add_filter("capital", |text: &str| words::capital(text));
    environment.add_filter("plural", |n: usize, word: &str| words::count(n, word, &format!("{word}s")));
    environment.add_function("on_time", |arrived: &str, due: &str| -> Result<bool, Error> {
        Ok(read::<Timestamp>(arrived)? <= read::<Timestamp>(due)?)
    });
    environment.add_function("link", |base: &str, path: &str| {
        let address = format!("{}{}", prose::plain(base.trim_end_matches('/')), prose::plain(path));
        Value::from_safe_string(format!("<{address}>"))
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_reads_as_the_board_would_write_it() {
        let templates = Templates::shipped().unwrap();
        for kind in Kind::ALL {
            let mut said = String::new();
            for facts in example(*kind) {
                let message = templates.render(&facts).unwrap();
                said.push_str(&format!("Subject: {}\n\n{}\n=====\n\n", message.subject, message.text));
            }
            insta::assert_snapshot!(kind.as_str(), said);
        }
    }

    #[test]
    fn every_message_names_a_person_to_call_and_holds_no_link_without_a_public_address() {
        let templates = Templates::shipped().unwrap();
        for mut facts in Kind::ALL.iter().flat_map(|kind| example(*kind)) {
            facts.board.public_url = None;
            let message = templates.render(&facts).unwrap();
            let kind = facts.letter.kind();
            for part in [&message.text, &message.html] {
                assert!(part.contains("01234 567 890") && part.contains("Business Unit"), "{kind:?}: {part}");
            }
            assert!(!message.text.contains("http"), "{kind:?}: {}", message.text);
            for asks in ["<a ", "src=", "url(", "<link", "@import"] {
                assert!(!message.html.contains(asks), "{kind:?} asks for {asks}: {}", message.html);
            }
        }
    }

    #[test]
    fn an_example_board_says_so_in_every_part() {
        let templates = Templates::shipped().unwrap();
        let mut facts = example(Kind::Notice).remove(0);
        facts.board.example = true;
        let message = templates.render(&facts).unwrap();
        assert!(message.subject.starts_with("[Example] "));
        assert!(message.text.starts_with(EXAMPLE) && message.html.contains(EXAMPLE));
    }

    #[test]
    fn a_value_that_looks_like_a_header_or_markup_stays_words() {
        let templates = Templates::shipped().unwrap();
        let mut facts = example(Kind::AnswerHeld).remove(0);
        if let Letter::AnswerHeld { reason, due, .. } = &mut facts.letter {
            *reason = "<img src=x onerror=alert(1)> **60 %** fewer".into();
            due.name = "Missing\r\nBcc: all@police.example\u{2028}children".into();
        }
        let message = templates.render(&facts).unwrap();
        assert!(!message.subject.contains(['\r', '\n', '\u{2028}']), "{:?}", message.subject);
        assert!(!message.html.contains("<img") && message.html.contains("&lt;img"), "{}", message.html);
        assert!(message.text.contains("**60 %** fewer"));
    }

    #[test]
    fn a_slip_in_a_template_names_its_file_and_line() {
        let mut files: BTreeMap<String, String> =
            SHIPPED.files().map(|f| (f.path().display().to_string(), f.contents_utf8().unwrap().to_owned())).collect();
        files.insert("pack.txt".into(), "Subject: x\n\n{{ titel }}".into());
        let told = |files: &BTreeMap<String, String>| {
            let slips = Templates::load(files.clone()).unwrap().rehearse().unwrap_err();
            slips.iter().map(|slip| format!("{slip}\n")).collect::<String>()
        };
        assert!(told(&files).contains("reports/mail/pack.txt: line 3"), "{}", told(&files));
        let older = "We read it.\n{% include \"_counts.txt\" %}\n";
        files.insert("_read.txt".into(), older.into());
        let left_out = told(&files);
        assert!(left_out.contains("answer-accepted.txt: it does not say `narrative`, `read`, `figures`"), "{left_out}");
        assert!(left_out.contains("answer-restated.txt") && left_out.contains("pack.txt: line 3"), "{left_out}");
        files.remove("alarm.txt");
        let told = Templates::load(files).err().unwrap().to_string();
        assert!(told.contains("alarm.txt"), "{told}");
    }
}
