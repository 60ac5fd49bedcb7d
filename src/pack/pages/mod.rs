//! What the pages say: everything the templates print, made from figures, record and imprint.
//!
//! Sentences are made here, in one place and from the figures themselves; the templates only set them. What comes from
//! outside enters as text and is never read as markup.

mod exception;
mod footnotes;
mod method;
mod punctuality;
mod summary;
mod timetable;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::chart::{self, Chart};
use super::definition::{PackDefinition, Wanted};
use super::{Approval, Imprint, PackError, Record, days, fonts};
use crate::analysis::{Class, DisclosedIndicator, Tone};

/// Everything the pages are made from.
pub(super) struct Matter<'a> {
    pub definition: &'a PackDefinition,
    pub class: Class,
    /// The pack's indicators, exceptions first.
    pub indicators: Vec<&'a DisclosedIndicator>,
    pub record: &'a Record,
    pub imprint: &'a Imprint,
}

/// What the templates print, and the charts they name.
pub(super) struct Book {
    pub data: Value,
    /// SVG by file name.
    pub charts: BTreeMap<String, String>,
}

impl<'a> Matter<'a> {
    /// The indicators of `all` that the pack asks for.
    pub fn wanted(
        definition: &PackDefinition,
        all: &'a [DisclosedIndicator],
    ) -> Result<Vec<&'a DisclosedIndicator>, PackError> {
        if let Wanted::These(ids) = definition.indicators() {
            if let Some(indicator) = ids.iter().find(|id| all.iter().all(|one| one.meta.id != **id)) {
                let pack = definition.id().to_owned();
                return Err(PackError::NoSuchIndicator { pack, indicator: indicator.clone() });
            }
            return Ok(all.iter().filter(|one| ids.contains(&one.meta.id)).collect());
        }
        Ok(all.iter().collect())
    }

    /// The exceptions that get a page.
    pub fn exceptions(&self) -> Vec<&'a DisclosedIndicator> {
        let raised = self.indicators.iter().filter(|one| one.exception.is_some());
        raised.take(self.definition.most_exception_pages()).copied().collect()
    }

    /// Makes the book.
    pub fn book(&self) -> Result<Book, PackError> {
        let mut charts = BTreeMap::new();
        for (tone, name) in chart::SYMBOLS {
            charts.insert(format!("charts/symbol-{name}.svg"), chart::symbol(tone)?);
        }
        let mut data = json!({
            "imprint": self.imprint(),
            "sections": self.definition.sections(),
            "summary": summary::page(self, &mut charts)?,
            "timetable": timetable::page(self),
            "exceptions": exception::pages(self, &mut charts)?,
            "method": method::page(self),
            "figures": self.indicators,
        });
        make_printable(&mut data);
        Ok(Book { data, charts })
    }

    fn imprint(&self) -> Value {
        let imprint = self.imprint;
        json!({
            "board": imprint.board,
            "area": imprint.area,
            "pack": imprint.pack,
            "audience": self.definition.audience(),
            "period": imprint.period.to_string(),
            "period_words": imprint.period.human(),
            "edition": imprint.edition,
            "draft": (imprint.approval == Approval::Draft).then_some("Draft for the chair, not for circulation"),
            "sign_off": imprint.approval.says().map(|says| json!({
                "says": says,
                "given": matches!(&imprint.approval, Approval::Given { moved, .. } if moved.is_empty()),
            })),
            "missing": imprint.missing,
            "in_spite": imprint.in_spite,
            "issued_on": imprint.issued_on.to_string(),
            "issued_words": days::day(imprint.issued_on),
            "data_as_at": imprint.data_as_at.to_string(),
            "data_words": days::day(imprint.data_as_at),
            "class": class_word(self.class),
            "example": imprint.example.then(|| self.definition.text("example")),
            "meeting_words": imprint.meeting_on.map(days::day),
        })
    }
}

/// The word for a class in a footer.
pub(super) fn class_word(class: Class) -> &'static str {
    match class {
        Class::Public => "public",
    }
}

/// The name of a tone, as templates and the symbols' files know it.
fn tone_word(tone: Tone) -> &'static str {
    chart::SYMBOLS.into_iter().find(|(known, _)| *known == tone).map_or("chance", |(_, name)| name)
}

/// Keeps a chart's drawing and says where it is.
fn kept(charts: &mut BTreeMap<String, String>, name: String, chart: Chart) -> Value {
    let told = json!({ "file": name, "alt": chart.alt });
    charts.insert(name, chart.svg);
    told
}

/// Every text as the typeface can print it.
pub(super) fn make_printable(value: &mut Value) {
    match value {
        Value::String(text) => *text = fonts::printable(text),
        Value::Array(items) => items.iter_mut().for_each(make_printable),
        Value::Object(fields) => fields.values_mut().for_each(make_printable),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
