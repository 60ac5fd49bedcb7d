//! The files that the example's partners send, byte for byte.
//!
//! Knows no clock: which file comes when is for the [story](super::story()) to say.

use jiff::civil::Date;

use super::{
    Dataset, FormatError, benchmarks, figures,
    figures::{NOW, QUARTERS},
    formats::{self, Cell, Sheet, Table},
    invented, words,
};
use crate::domain::Period;

/// A file as a partner would send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// What it holds.
    pub dataset: Dataset,
    /// Who sends it.
    pub agency: &'static str,
    /// The period it speaks of.
    pub period: Period,
    /// Its name, which names the period.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// How a file differs from the one the partner meant to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// It does not.
    Right,
    /// Youth justice: a number written as a word, and more known to early help than entered.
    Wrong,
    /// Children's services: two plans that were recorded late.
    Restated,
}

/// Exampleshire, its partners and the rest of the country, as one seed makes them.
#[derive(Debug, Clone, Copy)]
pub struct World {
    seed: u64,
}

impl World {
    /// The world of a seed; the example of the README is [`SEED`](super::SEED).
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The quarters: twelve of history, oldest first, and the present one.
    pub fn quarters() -> [Period; QUARTERS] {
        let mut number = 0;
        [(); QUARTERS].map(|()| {
            let (year, quarter) = (2022 + number / 4, number % 4 + 1);
            number += 1;
            Period::Quarter { year, quarter: i8::try_from(quarter).unwrap_or(1) }
        })
    }

    /// The quarter that the demo lives through: `2025-26-Q1`.
    pub fn present() -> Period {
        Self::quarters()[NOW]
    }

    /// The file of a return for a period; none for a period of which the partner has nothing.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn file(&self, dataset: Dataset, period: Period) -> Result<Option<File>, FormatError> {
        self.version(dataset, period, Version::Right)
    }

    /// Every file that was there before the present quarter, oldest first.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn history(&self) -> Result<Vec<File>, FormatError> {
        let releases = benchmarks::releases().map(|date| Period::Release { date });
        let periods = Self::quarters().into_iter().take(NOW).chain(releases.into_iter().take(1));
        let mut files = Vec::new();
        for period in periods {
            for dataset in Dataset::ALL {
                files.extend(self.file(dataset, period)?);
            }
            files.extend(self.training(period));
        }
        Ok(files)
    }

    /// What every agency says of its staff's training, where a half-year ends with the quarter.
    fn training(&self, quarter: Period) -> Vec<File> {
        let Some(at) = Self::quarters().iter().position(|one| *one == quarter).filter(|at| at % 2 == 1) else {
            return Vec::new();
        };
        let Period::Quarter { year, quarter } = quarter else { return Vec::new() };
        let period = Period::Half { year, half: quarter / 2 };
        let file = |(agency, table)| File {
            dataset: Dataset::Training,
            agency,
            period,
            name: format!("training {period} {agency}.csv"),
            bytes: formats::csv(&table),
        };
        invented::training(self.seed, period, at / 2).into_iter().map(file).collect()
    }

    pub(super) fn version(
        &self,
        dataset: Dataset,
        period: Period,
        version: Version,
    ) -> Result<Option<File>, FormatError> {
        let bytes = match (dataset, period) {
            (Dataset::Benchmarks, Period::Release { date }) if benchmarks::releases().contains(&date) => {
                Some(formats::parquet(&benchmarks::release(self.seed, date, &Self::quarters()))?)
            }
            (Dataset::Benchmarks, _) => None,
            _ => match Self::quarters().iter().position(|quarter| *quarter == period) {
                Some(at) => self.quarterly(dataset, period, at, version)?,
                None => None,
            },
        };
        let agency = dataset.agency_name();
        Ok(bytes.map(|bytes| File { dataset, agency, period, name: dataset.file_name(period), bytes }))
    }

    fn quarterly(
        &self,
        dataset: Dataset,
        period: Period,
        at: usize,
        version: Version,
    ) -> Result<Option<Vec<u8>>, FormatError> {
        let workbook = |title: &str, name, table| {
            let preamble = vec![title.to_owned(), period.human()];
            let sheets: Vec<Sheet> =
                std::iter::once(Sheet { name, preamble, table }).chain(words::narrative(dataset, at)).collect();
            formats::xlsx(&sheets, made_on(period))
        };
        Ok(Some(match dataset {
            Dataset::MissingChildren => workbook("Missing children", "Return", self.missing(at, period))?,
            Dataset::ReturnInterviews => workbook("Return interviews", "Return", self.interviews(at, period))?,
            Dataset::FirstTimeEntrants => {
                workbook("First-time entrants to youth justice", "Return", self.entrants(at, period, version))?
            }
            Dataset::ChildProtection => formats::csv(&self.plans(at, period, version)),
            Dataset::CareApplications => formats::csv(&self.applications(at, period)),
            Dataset::PreventReferrals => formats::csv(&self.prevent(at, period)),
            Dataset::PersistentAbsence => formats::json(&self.schools(at, period))?,
            Dataset::Immunisations => formats::json(&self.immunisations(at, period))?,
            Dataset::Actions => match words::actions(at) {
                Some(table) => workbook("The Board's actions", "Actions", table)?,
                None => return Ok(None),
            },
            Dataset::EarlyHelp
            | Dataset::SocialCare
            | Dataset::PoliceSafeguarding
            | Dataset::MissingEducation
            | Dataset::ChildHealth => {
                let sheets = invented::sheets(self.seed, dataset, period, at);
                formats::xlsx(&sheets, made_on(period))?
            }
            Dataset::Training | Dataset::Benchmarks => return Ok(None),
        }))
    }

    fn missing(&self, at: usize, period: Period) -> Table {
        let missing = figures::missing(self.seed, at);
        Table {
            headings: vec![
                "Period",
                "Children missing from home",
                "Children missing from care",
                "Episodes, home",
                "Episodes, care",
                "Children missing three times or more",
            ],
            rows: vec![row(
                period.to_string(),
                [missing.home, missing.care, missing.episodes_home, missing.episodes_care, missing.three_or_more],
            )],
        }
    }

    fn interviews(&self, at: usize, period: Period) -> Table {
        let rows = figures::interviews(self.seed, at).into_iter().map(|place| {
            let mut cells = row(period.to_string(), [place.episodes, place.held, place.in_time, place.declined]);
            cells.insert(1, Cell::text(place.missing_from));
            cells
        });
        Table {
            headings: vec![
                "Period",
                "Missing from",
                "Episodes",
                "Interviews held",
                "Held within 72 hours",
                "Declined by the child",
            ],
            rows: rows.collect(),
        }
    }

    fn plans(&self, at: usize, period: Period, version: Version) -> Table {
        let plans = figures::plans(self.seed, at);
        // Two plans that began in the last days of the quarter were recorded late; one of them is a second plan.
        let (late, late_second) = if version == Version::Restated { (2, 1) } else { (0, 0) };
        let mut cells = row(
            period.to_string(),
            [
                plans.open + late,
                plans.started + late,
                plans.second + late_second,
                plans.ended,
                plans.long,
                plans.children,
            ],
        );
        cells.insert(1, Cell::text("Exampleshire"));
        Table {
            headings: vec![
                "period",
                "area",
                "plans_open_at_end",
                "plans_started",
                "second_or_subsequent_plans",
                "plans_ended",
                "ended_after_two_years_or_more",
                "children_0_17_previous_mid_year",
            ],
            rows: vec![cells],
        }
    }

    fn applications(&self, at: usize, period: Period) -> Table {
        let months =
            std::iter::successors(Some(period.start()), |day| day.checked_add(jiff::Span::new().months(1)).ok());
        let rows =
            figures::applications(self.seed, at).into_iter().zip(months).map(|((applications, children), day)| {
                let month = Period::Month { year: day.year(), month: day.month() };
                let mut cells = row(period.to_string(), [applications, children]);
                cells.insert(1, Cell::text(month.to_string()));
                cells
            });
        Table { headings: vec!["quarter", "month", "applications", "children_in_applications"], rows: rows.collect() }
    }

    fn schools(&self, at: usize, period: Period) -> Table {
        let rows = figures::schools(self.seed, at).into_iter().map(|school| {
            vec![
                Cell::text(period.to_string()),
                Cell::Text(school.urn),
                Cell::text(school.name),
                Cell::text(school.phase),
                Cell::Number(school.pupils),
                Cell::Number(school.absent),
            ]
        });
        Table {
            headings: vec!["period", "urn", "school", "phase", "pupils", "persistently_absent"],
            rows: rows.collect(),
        }
    }

    fn immunisations(&self, at: usize, period: Period) -> Table {
        let rows = figures::immunisations(self.seed, at).into_iter().map(|(network, children, immunised)| {
            let mut cells = row(period.to_string(), [children, immunised]);
            cells.insert(1, Cell::text(network));
            cells
        });
        Table { headings: vec!["period", "network", "children_aged_two", "immunised"], rows: rows.collect() }
    }

    fn entrants(&self, at: usize, period: Period, version: Version) -> Table {
        let wrong = version == Version::Wrong;
        let rows = figures::entrants(self.seed, at).into_iter().enumerate().map(|(index, band)| {
            let (mut entrants, mut known) = (Cell::Number(band.entrants), band.known);
            if wrong && index == 0 {
                known = band.entrants + 2;
            }
            if wrong && index == 1 {
                entrants = Cell::text("about a dozen");
            }
            vec![
                Cell::text(period.to_string()),
                Cell::text(band.age_band),
                entrants,
                Cell::Number(known),
                Cell::Number(band.young_people),
            ]
        });
        Table {
            headings: vec![
                "Period",
                "Age band",
                "First-time entrants",
                "Of these, known to early help",
                "Young people in the area, previous mid-year",
            ],
            rows: rows.collect(),
        }
    }

    fn prevent(&self, at: usize, period: Period) -> Table {
        let (referrals, adopted) = figures::prevent(self.seed, at);
        Table {
            headings: vec!["Period", "Referrals under 18", "Of these, adopted by Channel"],
            rows: vec![row(period.to_string(), [referrals, adopted])],
        }
    }
}

fn row(first: String, numbers: impl IntoIterator<Item = i64>) -> Vec<Cell> {
    std::iter::once(Cell::Text(first)).chain(numbers.into_iter().map(Cell::Number)).collect()
}

/// A workbook is made in the week after its period.
fn made_on(period: Period) -> Date {
    period.end().saturating_add(jiff::Span::new().days(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let (first, again, other) = (World::new(1).history(), World::new(1).history(), World::new(2).history());
        assert_eq!(first.as_ref().unwrap(), again.as_ref().unwrap());
        let differ = first.unwrap().iter().zip(other.unwrap().iter()).filter(|(a, b)| a.bytes != b.bytes).count();
        assert!(differ > 50, "{differ}");
    }

    #[test]
    fn twelve_quarters_lie_behind_the_present_one() {
        let quarters = World::quarters();
        assert_eq!((quarters[0].to_string(), World::present().to_string()), ("2022-23-Q1".into(), "2025-26-Q1".into()));
        assert!(quarters.windows(2).all(|pair| pair[0].next() == Some(pair[1])));
        // Thirteen returns for each quarter, eight agencies' training each half-year, the action log of the last, one release.
        assert_eq!(World::new(1).history().unwrap().len(), 12 * 13 + 6 * 8 + 1 + 1);
    }

    #[test]
    fn a_period_beyond_the_example_has_no_file() {
        let world = World::new(1);
        assert_eq!(world.file(Dataset::MissingChildren, "2025-26-Q2".parse().unwrap()).unwrap(), None);
        assert_eq!(world.file(Dataset::Benchmarks, World::present()).unwrap(), None);
        assert_eq!(world.file(Dataset::Actions, "2023-24-Q1".parse().unwrap()).unwrap(), None);
    }

    #[test]
    fn the_wrong_and_the_restated_file_differ_from_the_right_one() {
        let world = World::new(1);
        for (dataset, version) in
            [(Dataset::FirstTimeEntrants, Version::Wrong), (Dataset::ChildProtection, Version::Restated)]
        {
            let right = world.file(dataset, World::present()).unwrap().unwrap();
            let other = world.version(dataset, World::present(), version).unwrap().unwrap();
            assert_ne!(right.bytes, other.bytes);
        }
    }
}
