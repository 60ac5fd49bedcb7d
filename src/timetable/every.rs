//! How often a return is owed.

use std::str::FromStr;

use jiff::civil::Date;

use crate::domain::Period;

/// How often a return is owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Every {
    /// Four times a financial year.
    Quarter,
    /// Twice a financial year.
    Half,
    /// Six times a financial year.
    TwoMonths,
    /// Once a financial year.
    Year,
    /// Every second financial year: those that begin in an odd year, as 2025-27.
    TwoYears,
    /// The same, beginning in an even year, as 2026-28.
    TwoYearsEven,
    /// Once a school year.
    AcademicYear,
    /// Three times a school year.
    Term,
    /// Once a calendar year.
    CalendarYear,
    /// Every month.
    Month,
    /// Every week, from Monday.
    Week,
    /// When something happened, as an inspection: owed once a notice opens it, its day being the period.
    Occurrence,
    /// Whenever its publisher releases it; nobody owes it.
    Release,
}

/// The words of definitions.
const WORDS: [(&str, Every); 13] = [
    ("quarter", Every::Quarter),
    ("half", Every::Half),
    ("two-months", Every::TwoMonths),
    ("year", Every::Year),
    ("two-years", Every::TwoYears),
    ("two-years-even", Every::TwoYearsEven),
    ("academic-year", Every::AcademicYear),
    ("term", Every::Term),
    ("calendar-year", Every::CalendarYear),
    ("month", Every::Month),
    ("week", Every::Week),
    ("occurrence", Every::Occurrence),
    ("release", Every::Release),
];

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = WORDS.iter().find(|(word, _)| *word == text).map(|(_, every)| *every);
        known.ok_or_else(|| format!("one of {}", WORDS.map(|(word, _)| word).join(", ")))
    }
}

impl Every {
    /// The period of this kind that `day` falls in; what has no calendar of its own has none.
    pub fn period_of(self, day: Date) -> Option<Period> {
        let (year, month) = (day.year(), day.month());
        let since = |first: i8| if month >= first { (year, month - first) } else { (year - 1, month + 12 - first) };
        let ((financial, after_april), (academic, after_september)) = (since(4), since(9));
        Some(match self {
            Self::Quarter => Period::Quarter { year: financial, quarter: after_april / 3 + 1 },
            Self::Half => Period::Half { year: financial, half: after_april / 6 + 1 },
            Self::TwoMonths => Period::TwoMonths { year: financial, number: after_april / 2 + 1 },
            Self::Year => Period::FinancialYear { year: financial },
            Self::TwoYears => Period::TwoYears { year: financial - i16::from(financial % 2 == 0) },
            Self::TwoYearsEven => Period::TwoYears { year: financial - i16::from(financial % 2 != 0) },
            Self::AcademicYear => Period::AcademicYear { year: academic },
            Self::Term => Period::Term { year: academic, term: after_september / 4 + 1 },
            Self::CalendarYear => Period::CalendarYear { year },
            Self::Month => Period::Month { year, month },
            Self::Week => {
                let week = day.iso_week_date();
                Period::Week { year: week.year(), week: week.week() }
            }
            Self::Occurrence | Self::Release => return None,
        })
    }

    /// Whether a return that is owed so often has this period.
    pub fn has(self, period: Period) -> bool {
        match self {
            Self::Occurrence | Self::Release => matches!(period, Period::Release { .. }),
            _ => self.period_of(period.start()) == Some(period),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_finds_the_period_of_a_day_and_its_days() {
        for (every, day, period, start, end) in [
            ("quarter", date(2026, 3, 31), "2025-26-Q4", date(2026, 1, 1), date(2026, 3, 31)),
            ("half", date(2025, 10, 1), "2025-26-H2", date(2025, 10, 1), date(2026, 3, 31)),
            ("two-months", date(2024, 2, 29), "2023-24-B6", date(2024, 2, 1), date(2024, 3, 31)),
            ("two-months", date(2025, 12, 31), "2025-26-B5", date(2025, 12, 1), date(2026, 1, 31)),
            ("year", date(2026, 3, 31), "2025-26-FY", date(2025, 4, 1), date(2026, 3, 31)),
            ("two-years", date(2026, 12, 1), "2025-27-2Y", date(2025, 4, 1), date(2027, 3, 31)),
            ("two-years", date(2025, 3, 31), "2023-25-2Y", date(2023, 4, 1), date(2025, 3, 31)),
            ("two-years-even", date(2026, 4, 1), "2026-28-2Y", date(2026, 4, 1), date(2028, 3, 31)),
            ("two-years-even", date(2026, 3, 31), "2024-26-2Y", date(2024, 4, 1), date(2026, 3, 31)),
            ("academic-year", date(2026, 8, 31), "2025-26-AY", date(2025, 9, 1), date(2026, 8, 31)),
            ("term", date(2025, 12, 31), "2025-26-AY-T1", date(2025, 9, 1), date(2025, 12, 31)),
            ("term", date(2024, 2, 29), "2023-24-AY-T2", date(2024, 1, 1), date(2024, 4, 30)),
            ("term", date(2026, 8, 31), "2025-26-AY-T3", date(2026, 5, 1), date(2026, 8, 31)),
            ("calendar-year", date(2024, 12, 31), "2024-CY", date(2024, 1, 1), date(2024, 12, 31)),
            ("month", date(2028, 2, 29), "2028-M02", date(2028, 2, 1), date(2028, 2, 29)),
            // Years of 53 weeks: 2020 and 2026. Their last week reaches into the next year.
            ("week", date(2021, 1, 3), "2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
            ("week", date(2021, 1, 4), "2021-W01", date(2021, 1, 4), date(2021, 1, 10)),
            ("week", date(2027, 1, 1), "2026-W53", date(2026, 12, 28), date(2027, 1, 3)),
            ("week", date(2024, 12, 30), "2025-W01", date(2024, 12, 30), date(2025, 1, 5)),
        ] {
            let found = every.parse::<Every>().unwrap().period_of(day).unwrap();
            assert_eq!((found.to_string().as_str(), found.start(), found.end()), (period, start, end), "{every} {day}");
        }
    }

    #[test]
    fn after_week_53_comes_the_first_week_of_the_next_year() {
        for (last, next) in [("2020-W53", "2021-W01"), ("2026-W53", "2027-W01"), ("2025-W52", "2026-W01")] {
            let (last, next): (Period, Period) = (last.parse().unwrap(), next.parse().unwrap());
            assert_eq!((last.next(), next.previous()), (Some(next), Some(last)));
        }
        assert!("2025-W53".parse::<Period>().is_err());
    }

    #[test]
    fn a_word_that_is_none_is_answered_with_all_of_them() {
        let error = "fortnight".parse::<Every>().unwrap_err();
        assert!(error.starts_with("one of quarter, half, two-months, year, two-years,"), "{error}");
    }

    proptest! {
        #[test]
        fn the_periods_of_a_kind_follow_each_other_without_a_gap(offset in 0i32..20_000, kind in 0usize..11) {
            let (word, every) = WORDS[kind];
            let day = date(1990, 1, 1).checked_add(offset.days()).unwrap();
            let period = every.period_of(day).unwrap();
            prop_assert!(period.start() <= day && day <= period.end(), "{} {}", word, period);
            prop_assert!(every.has(period));
            let next = period.next().unwrap();
            prop_assert_eq!(next.start(), period.end().tomorrow().unwrap());
            prop_assert_eq!(every.period_of(next.start()), Some(next));
            prop_assert_eq!(period.to_string().parse::<Period>().unwrap(), period);
        }
    }
}
