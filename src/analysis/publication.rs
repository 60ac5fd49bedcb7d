//! One release of what others publish: the same measure for England, regions, neighbours and other councils, by year.

use std::{collections::BTreeMap, str::FromStr};

use jiff::civil::Date;

use super::figures::Cell;
use crate::domain::Period;

/// What an area is to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Ours,
    England,
    Region,
    Neighbour,
    Other,
}

impl FromStr for Role {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "ours" => Self::Ours,
            "england" => Self::England,
            "region" => Self::Region,
            "neighbour" => Self::Neighbour,
            "other" => Self::Other,
            _ => return Err(format!("{text:?} is no role; write ours, england, region, neighbour or other")),
        })
    }
}

/// One area's published value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub(super) area: String,
    pub(super) role: Role,
    pub(super) value: Cell,
}

/// A release.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Publication {
    pub(super) release: Date,
    years: BTreeMap<Period, Year>,
}

/// One period of a release, by area.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Year(BTreeMap<String, Entry>);

impl Publication {
    pub(super) fn new(release: Date) -> Self {
        Self { release, years: BTreeMap::new() }
    }

    /// Adds a value; answers the one it would have replaced.
    pub(super) fn add(&mut self, period: Period, entry: Entry) -> Option<Entry> {
        self.years.entry(period).or_default().0.insert(entry.area.clone(), entry)
    }

    /// Periods and their values, oldest first.
    pub(super) fn years(&self) -> impl DoubleEndedIterator<Item = (Period, &Year)> {
        self.years.iter().map(|(period, year)| (*period, year))
    }

    /// The newest period in which England or a council has a number.
    pub(super) fn latest(&self) -> Option<(Period, &Year)> {
        self.years().rev().find(|(_, year)| year.0.values().any(|entry| entry.value.number().is_some()))
    }

    /// Whether our own value for the period is published.
    pub(super) fn has_ours(&self, period: Period) -> bool {
        self.years.get(&period).is_some_and(|year| year.ours().is_some_and(|entry| entry.value.number().is_some()))
    }

    /// How many areas are neighbours.
    pub(super) fn neighbours(&self) -> usize {
        let areas = self.years.values().flat_map(Year::neighbours).map(|entry| entry.area.as_str());
        areas.collect::<std::collections::BTreeSet<_>>().len()
    }
}

impl Year {
    fn of(&self, role: Role) -> impl Iterator<Item = &Entry> {
        self.0.values().filter(move |entry| entry.role == role)
    }

    /// Ours.
    pub(super) fn ours(&self) -> Option<&Entry> {
        self.of(Role::Ours).next()
    }

    /// England.
    pub(super) fn england(&self) -> Option<&Entry> {
        self.of(Role::England).next()
    }

    /// The statistical neighbours.
    pub(super) fn neighbours(&self) -> impl Iterator<Item = &Entry> {
        self.of(Role::Neighbour)
    }

    /// Whether it holds more councils than ours and the neighbours.
    pub(super) fn covers_all_councils(&self) -> bool {
        self.of(Role::Other).any(|entry| entry.value.number().is_some())
    }

    /// The numbers of the councils other than ours.
    pub(super) fn other_councils(&self) -> Vec<f64> {
        self.of(Role::Neighbour).chain(self.of(Role::Other)).filter_map(|entry| entry.value.number()).collect()
    }
}
