//! Issued packs.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{Event, Result, Txn, Vector, instant};

/// One issued edition.
#[derive(Debug, Clone)]
pub struct EditionRow {
    /// The pack's name.
    pub pack: String,
    /// The period it speaks of.
    pub period: String,
    /// Its number, counted per pack from 1.
    pub number: i64,
    /// Its folder, relative to the data folder.
    pub folder: String,
    /// The digest of its PDF.
    pub pdf_sha256: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// What it was made from.
    pub vector: Vector,
}

impl Txn<'_> {
    /// The number the pack's next edition gets.
    pub fn next_edition(&self, pack: &str) -> Result<i64> {
        Ok(self
            .0
            .query_row("SELECT coalesce(max(number), 0) + 1 FROM editions WHERE pack = ?1", [pack], |row| row.get(0))?)
    }

    /// Records an edition that the timetable issued.
    pub fn issue(&self, edition: &EditionRow) -> Result<()> {
        self.issue_by(edition, "daemon", None)
    }

    /// Records an issued edition: by whom and, where it was not ready, why in spite of that.
    pub fn issue_by(&self, edition: &EditionRow, actor: &str, because: Option<&str>) -> Result<()> {
        self.0.execute(
            "INSERT INTO editions (pack, period, number, folder, pdf_sha256, issued_at, vector) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                edition.pack,
                edition.period,
                edition.number,
                edition.folder,
                edition.pdf_sha256,
                edition.issued_at.to_string(),
                serde_json::to_string(&edition.vector)?
            ],
        )?;
        let issued = Event::Issued {
            pack: edition.pack.clone(),
            number: edition.number,
            pdf_sha256: edition.pdf_sha256.clone(),
            because: because.map(str::to_owned),
        };
        self.append(edition.issued_at, &format!("pack/{}", edition.pack), actor, &issued)?;
        Ok(())
    }

    /// All editions, oldest first.
    pub fn editions(&self) -> Result<Vec<EditionRow>> {
        let mut statement = self.0.prepare_cached(
            "SELECT pack, period, number, folder, pdf_sha256, issued_at, vector FROM editions ORDER BY id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok((
                EditionRow {
                    pack: row.get(0)?,
                    period: row.get(1)?,
                    number: row.get(2)?,
                    folder: row.get(3)?,
                    pdf_sha256: row.get(4)?,
                    issued_at: Timestamp::UNIX_EPOCH,
                    vector: Vector::new(),
                },
                row.get::<_, String>(5)?,
                row.get::<_, String>(6)?,
            ))
        })?;
        rows.map(|row| {
            let (edition, issued_at, vector) = row?;
            Ok(EditionRow { issued_at: instant(&issued_at)?, vector: serde_json::from_str(&vector)?, ..edition })
        })
        .collect()
    }

    /// One edition.
    pub fn edition(&self, pack: &str, number: i64) -> Result<Option<EditionRow>> {
        let exists: Option<i64> = self
            .0
            .query_row("SELECT id FROM editions WHERE pack = ?1 AND number = ?2", params![pack, number], |row| {
                row.get(0)
            })
            .optional()?;
        if exists.is_none() {
            return Ok(None);
        }
        Ok(self.editions()?.into_iter().find(|e| e.pack == pack && e.number == number))
    }
}
