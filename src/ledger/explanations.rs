//! What was asked about a figure, and what somebody recorded as its reason.
//!
//! An explanation belongs to a rule, a row's key and a figure. It stands for a later file of the same obligation as long
//! as none of them changes, without anybody repeating it; else the question is asked anew.

use jiff::Timestamp;
use rusqlite::params;

use super::{DaysEnd, Event, FindingRow, LedgerError, Obligation, ObligationKey, Result, Severity, Txn, instant};

/// The reason for a figure, in somebody's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The words.
    pub says: String,
    /// Who recorded them.
    pub actor: String,
    /// When.
    pub at: Timestamp,
}

/// A finding under its number, with its explanation.
#[derive(Debug, Clone)]
pub struct Numbered {
    /// Its number within the submission, from 1.
    pub number: i64,
    /// The finding.
    pub finding: FindingRow,
    /// Its explanation, if it is a query that was explained.
    pub explanation: Option<Explanation>,
}

/// A query about a file that stands.
#[derive(Debug, Clone)]
pub struct Query {
    /// What it was sent for.
    pub key: ObligationKey,
    /// The submission.
    pub submission: i64,
    /// The query, with its explanation.
    pub numbered: Numbered,
}

impl Txn<'_> {
    /// Keeps what each finding is about, in the order of the findings.
    pub fn keep_marks(&self, submission: i64, marks: &[Option<String>]) -> Result<()> {
        let mut statement =
            self.0.prepare_cached("UPDATE findings SET mark = ?3 WHERE submission = ?1 AND position = ?2")?;
        for (position, mark) in (1_i64..).zip(marks) {
            statement.execute(params![submission, position, mark])?;
        }
        Ok(())
    }

    /// The findings of a submission under their numbers, with what is explained by the end of `until`, or by now.
    pub fn numbered_findings(&self, submission: i64, until: Option<DaysEnd>) -> Result<Vec<Numbered>> {
        let mut statement = self.0.prepare_cached(
            "SELECT f.position, e.says, e.actor, e.at
             FROM findings f
             JOIN submissions s ON s.id = f.submission
             LEFT JOIN explanations e ON f.severity = 'query' AND e.id = (
                 SELECT max(id) FROM explanations
                 WHERE obligation = s.obligation AND (?2 IS NULL OR at < ?2)
                   AND (mark = f.mark OR (submission = f.submission AND position = f.position)))
             WHERE f.submission = ?1 ORDER BY f.position",
        )?;
        let until = until.map(|until| until.end.to_string());
        let rows = statement.query_map(params![submission, until], |row| {
            let says: Option<String> = row.get(1)?;
            Ok((row.get::<_, i64>(0)?, says, row.get::<_, Option<String>>(2)?, row.get::<_, Option<String>>(3)?))
        })?;
        let explained: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
        let numbered = explained.into_iter().zip(self.findings(submission)?);
        numbered
            .map(|((number, says, actor, at), finding)| {
                let explanation = match (says, actor, at) {
                    (Some(says), Some(actor), Some(at)) => Some(Explanation { says, actor, at: instant(&at)? }),
                    _ => None,
                };
                Ok(Numbered { number, finding, explanation })
            })
            .collect()
    }

    /// Records the reason for a figure that was queried.
    ///
    /// # Errors
    /// When the submission has no query of that number.
    pub fn explain(&self, at: Timestamp, submission: i64, number: i64, actor: &str, says: &str) -> Result<()> {
        let refused = |why: String| Err(LedgerError::Refused(why));
        let Some(sent) = self.submission(submission)? else {
            return refused(format!("there is no submission {submission}"));
        };
        let findings = self.findings(submission)?;
        let asked = usize::try_from(number - 1).ok().and_then(|at| findings.get(at));
        let listed = format!("`quarterday findings {submission}` lists them");
        match asked.map(|finding| finding.severity) {
            None => return refused(format!("submission {submission} has no finding {number}; {listed}")),
            Some(Severity::Error) => {
                return refused(format!("finding {number} is an error: it is corrected, not explained; {listed}"));
            }
            Some(Severity::Note) => return refused(format!("finding {number} asks for nothing; {listed}")),
            Some(Severity::Query) => {}
        }
        let subject = sent.obligation.to_string();
        self.0.execute(
            "INSERT INTO explanations (obligation, submission, position, mark, at, actor, says)
             VALUES (?1, ?2, ?3, (SELECT mark FROM findings WHERE submission = ?2 AND position = ?3), ?4, ?5, ?6)",
            params![subject, submission, number, at.to_string(), actor, says],
        )?;
        let explained = Event::Explained { submission, finding: number, says: says.to_owned() };
        self.append(at, &subject, actor, &explained)?;
        Ok(())
    }

    /// The queries about the files that stand in `obligations`.
    pub fn queries(&self, obligations: &[Obligation], until: Option<DaysEnd>) -> Result<Vec<Query>> {
        let mut queries = Vec::new();
        for obligation in obligations {
            let Some(submission) = obligation.effective else { continue };
            for numbered in self.numbered_findings(submission, until)? {
                if numbered.finding.severity == Severity::Query {
                    queries.push(Query { key: obligation.key.clone(), submission, numbered });
                }
            }
        }
        Ok(queries)
    }
}
