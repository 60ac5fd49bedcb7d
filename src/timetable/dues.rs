//! The due rules of a return: the usual one, and what was agreed with an agency or for a period. Settles `[due]`.

use std::collections::BTreeMap;

use jiff::civil;

use super::{Due, DueRule, Every, due::YearDay};
use crate::{
    domain::{AgencyId, Period},
    settings::Section,
};

/// The keys of which one says the rule.
const RULES: [&str; 4] = ["working_days", "last_working_day_of_month_after", "clear_working_days_before_meeting", "on"];

/// The due rules of a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dues {
    usual: Due,
    agencies: BTreeMap<AgencyId, Due>,
    periods: BTreeMap<Period, Due>,
    both: BTreeMap<(AgencyId, Period), Due>,
}

impl Dues {
    /// One rule for everybody.
    pub fn of(usual: Due) -> Self {
        Self { usual, agencies: BTreeMap::new(), periods: BTreeMap::new(), both: BTreeMap::new() }
    }

    /// The rule for an agency and a period: what was agreed for both, else for the period, else with the agency, else the
    /// usual one.
    pub fn rule(&self, agency: &AgencyId, period: Period) -> &Due {
        let both = self.both.get(&(agency.clone(), period));
        both.or_else(|| self.periods.get(&period)).or_else(|| self.agencies.get(agency)).unwrap_or(&self.usual)
    }

    /// The rule for a period where nothing was agreed with an agency.
    pub fn usual(&self, period: Period) -> &Due {
        self.periods.get(&period).unwrap_or(&self.usual)
    }

    /// Every rule.
    pub fn all(&self) -> impl Iterator<Item = &Due> {
        [&self.usual].into_iter().chain(self.agencies.values()).chain(self.periods.values()).chain(self.both.values())
    }

    /// The most working days after the period's end that any rule counts; rules of other kinds say nothing here.
    pub fn most_working_days(&self) -> Option<i32> {
        let days = self.all().filter_map(|due| match due.rule {
            DueRule::WorkingDays(days) => Some(days),
            _ => None,
        });
        days.max()
    }

    /// Reads `[due]`; what is wrong is told to the section.
    pub fn settle(table: &mut Section<'_>, every: Every, agencies: &[AgencyId]) -> Option<Self> {
        let usual = settle(table, None, None);
        // Told of in any case, so that every problem comes in one pass.
        let base = usual.clone().unwrap_or(Due { rule: DueRule::WorkingDays(0), time: USUAL_TIME });
        let mut dues = Self::of(base.clone());
        if let Some(mut named) = table.section_opt("agency") {
            for name in named.keys() {
                let Some(mut theirs) = named.section_opt(&name) else { continue };
                let agency = agencies.iter().find(|agency| agency.as_str() == name);
                let Some(agency) = agency else {
                    let known: Vec<&str> = agencies.iter().map(AgencyId::as_str).collect();
                    named.refuse(&name, &format!("one of the agencies that owe it: {}", known.join(", ")), "");
                    continue;
                };
                // The table may be there only for the periods below it.
                let has_its_own = RULES.iter().any(|key| theirs.has(key)) || theirs.has("time");
                let due = match has_its_own || !theirs.has("period") {
                    true => settle(&mut theirs, Some(&base), None),
                    false => None,
                };
                let under = due.clone().unwrap_or_else(|| base.clone());
                let periods = settle_periods(&mut theirs, &under, every);
                dues.both.extend(periods.into_iter().map(|(period, due)| ((agency.clone(), period), due)));
                dues.agencies.extend(due.map(|due| (agency.clone(), due)));
            }
        }
        dues.periods = settle_periods(table, &base, every);
        usual.map(|_| dues)
    }
}

const USUAL_TIME: civil::Time = civil::time(17, 0, 0, 0);

/// Reads the tables of `[….period."2025-26-Q3"]`.
fn settle_periods(table: &mut Section<'_>, base: &Due, every: Every) -> BTreeMap<Period, Due> {
    let mut found = BTreeMap::new();
    let Some(mut named) = table.section_opt("period") else { return found };
    for name in named.keys() {
        let Some(mut its) = named.section_opt(&name) else { continue };
        match name.to_uppercase().parse::<Period>() {
            Ok(period) if every.has(period) => {
                found.extend(settle(&mut its, Some(base), Some(period)).map(|due| (period, due)));
            }
            Ok(_) => named.refuse(&name, "a period of the kind the return is owed for", ""),
            Err(error) => named.refuse(&name, &format!("a period in quotes ({error})"), "[due.period.\"2025-26-Q3\"]"),
        }
    }
    found
}

/// Reads one rule. Where there is a `base`, what is not said is as it says, and something must be said; `period` is the only
/// one the rule is for, if it is for one.
pub(super) fn settle(table: &mut Section<'_>, base: Option<&Due>, period: Option<Period>) -> Option<Due> {
    let time = table.parsed_opt("time");
    let said: Vec<&str> = RULES.into_iter().filter(|key| table.has(key)).collect();
    let rule = match (said.as_slice(), base) {
        ([], Some(base)) if time.is_some() => Some(base.rule.clone()),
        ([], _) => {
            let expected = format!("one of {}", RULES.join(", "));
            table.refuse("working_days", &expected, "working_days = 10");
            None
        }
        ([key], _) => settle_rule(table, key, period),
        ([_, more @ ..], _) => {
            for key in more {
                table.refuse(key, &format!("one rule, and {} stands here too", said[0]), "only one of the two");
            }
            None
        }
    };
    Some(Due { rule: rule?, time: time.or(base.map(|base| base.time)).unwrap_or(USUAL_TIME) })
}

fn settle_rule(table: &mut Section<'_>, key: &str, period: Option<Period>) -> Option<DueRule> {
    match key {
        "working_days" => number(table, key, 0, 260, 10).map(DueRule::WorkingDays),
        "last_working_day_of_month_after" => {
            let months = number(table, key, 1, 24, 1)?;
            Some(DueRule::LastWorkingDay { months_after: i8::try_from(months).ok()? })
        }
        "clear_working_days_before_meeting" => {
            number(table, key, 1, 60, 5).map(|clear_days| DueRule::BeforeMeeting { clear_days })
        }
        _ => settle_days(table, period),
    }
}

/// Reads `on`: days of every year, or the one date of a period.
fn settle_days(table: &mut Section<'_>, period: Option<Period>) -> Option<DueRule> {
    let texts = table.list_or_empty("on");
    if let Some(period) = period {
        let date = match texts.as_slice() {
            [one] => one.parse::<civil::Date>().ok().filter(|date| *date > period.end()),
            _ => None,
        };
        if date.is_none() {
            let expected = format!("one date that exists and lies after {}", period.end());
            table.refuse("on", &expected, "on = [\"2026-01-20\"]");
        }
        return date.map(DueRule::On);
    }
    let mut days = Vec::new();
    for text in &texts {
        let parts = text.split_once('-').and_then(|(month, day)| Some((month.parse().ok()?, day.parse().ok()?)));
        match parts.and_then(|(month, day)| YearDay::new(month, day)) {
            Some(day) => days.push(day),
            None => {
                let expected = format!(
                    "days that every year has, as \"01-20\", and {text:?} is none; a date of one year belongs under \
                     [due.period.\"2025-26-Q3\"]"
                );
                let write = if text == "02-29" { "on = [\"02-28\"]" } else { "on = [\"01-20\", \"04-20\"]" };
                table.refuse("on", &expected, write);
                return None;
            }
        }
    }
    days.sort_unstable();
    days.dedup();
    if days.is_empty() {
        table.refuse("on", "at least one day", "on = [\"01-20\"]");
        return None;
    }
    Some(DueRule::Yearly(days))
}

/// A number of days or months within bounds.
pub(super) fn number(table: &mut Section<'_>, key: &str, least: i32, most: i32, usual: i32) -> Option<i32> {
    let number = i32::try_from(table.integer(key)?).ok().filter(|number| (least..=most).contains(number));
    if number.is_none() {
        table.refuse(key, &format!("a whole number from {least} to {most}"), &format!("{key} = {usual}"));
    }
    number
}

#[cfg(test)]
#[path = "dues_tests.rs"]
mod tests;
