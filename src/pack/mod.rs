//! An issued pack: pages made from disclosed figures and recorded facts, frozen so that they can be made again.
//!
//! Takes a [`Disclosed`] and a [`Record`]: what was not disclosed cannot reach a page. Sentences and charts are made
//! here from the figures; the templates beside `pack.toml` set them; Typst runs in a worker. Knows nothing of the
//! warehouse, the ledger, mail, or when a pack is due.

mod chart;
mod days;
mod definition;
mod edition;
mod error;
mod evidence;
mod fonts;
mod gate;
mod imprint;
mod pages;
mod record;
mod rows;
mod typeset;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::analysis::{Class, Disclosed, DisclosedIndicator};
use crate::worker::Launcher;
use pages::{Book, Matter};

pub use definition::{PackDefinition, Wanted};
pub use edition::{Frozen, Manifest, PDF, Rebuilt, freeze, read_manifest, rebuild};
pub use error::PackError;
pub use evidence::{TEMPLATE as EVIDENCE, evidence};
pub use gate::{Freshest, Gate, Share, WhenNotReady};
pub use imprint::{Approval, Imprint};
pub use record::{Action, Delivery, FURTHER, Progress, Punctual, Query, Record, Restatement, STATEMENTS, Story};
pub use rows::RowsError;
pub use typeset::{MAIN, Manuscript, Typeset, engine, serve_typst, typeset};

/// A pack as it would be issued, with all it was made from.
#[derive(Debug, Clone)]
pub struct Rendered {
    pack: String,
    title: String,
    period: String,
    edition: i64,
    data_as_at: Date,
    class: String,
    statements: BTreeMap<String, String>,
    manuscript: Manuscript,
    typeset: Typeset,
}

impl Rendered {
    /// The document: PDF 1.7, tagged, PDF/UA-1.
    pub fn pdf(&self) -> &[u8] {
        &self.typeset.pdf
    }

    /// Its pages.
    pub fn pages(&self) -> usize {
        self.typeset.pages
    }

    /// What the typesetter would have the templates' author look at.
    pub fn warnings(&self) -> &[String] {
        &self.typeset.warnings
    }

    /// What its pages were set from.
    pub fn manuscript(&self) -> &Manuscript {
        &self.manuscript
    }
}

/// Makes a pack's pages from disclosed figures and recorded facts.
///
/// # Errors
/// When the figures are of another class or period, or lack an indicator; when a template is wrong; when the worker
/// gives no answer.
pub async fn render(
    launcher: &Launcher,
    definition: &PackDefinition,
    disclosed: &Disclosed,
    record: &Record,
    imprint: &Imprint,
) -> Result<Rendered, PackError> {
    if disclosed.class() != definition.class() {
        return Err(PackError::OtherClass { pack: definition.id().to_owned() });
    }
    if disclosed.period() != imprint.period {
        return Err(PackError::OtherPeriod { figures: disclosed.period(), imprint: imprint.period });
    }
    let figures = (disclosed.class(), disclosed.indicators());
    let manuscript = manuscript(definition, figures, record, imprint)?;
    let typeset = typeset(launcher, &manuscript).await?;
    Ok(Rendered {
        pack: definition.id().to_owned(),
        title: imprint.pack.clone(),
        period: imprint.period.to_string(),
        edition: imprint.edition,
        data_as_at: imprint.data_as_at,
        class: pages::class_word(disclosed.class()).to_owned(),
        statements: definition.statements().map(|(name, sql)| (name.to_owned(), sql.to_owned())).collect(),
        manuscript,
        typeset,
    })
}

/// Everything that the pages are set from.
fn manuscript(
    definition: &PackDefinition,
    (class, indicators): (Class, &[DisclosedIndicator]),
    record: &Record,
    imprint: &Imprint,
) -> Result<Manuscript, PackError> {
    let indicators = Matter::wanted(definition, indicators)?;
    let Book { data, charts } = Matter { definition, class, indicators, record, imprint }.book()?;
    let mut files: BTreeMap<String, Vec<u8>> = definition
        .files()
        .iter()
        .filter(|(name, _)| name.ends_with(".typ"))
        .map(|(n, b)| (n.clone(), b.clone()))
        .collect();
    files.extend(charts.into_iter().map(|(name, svg)| (name, svg.into_bytes())));
    files.extend(fonts::FILES.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())));
    files.insert("data.json".to_owned(), serde_json::to_vec_pretty(&data).map_err(PackError::Data)?);
    let identity = format!("{}/{}/{}/{}", imprint.board, definition.id(), imprint.period, imprint.edition);
    Ok(Manuscript { today: imprint.issued_on, identity, files })
}
