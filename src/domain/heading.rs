//! The period that a column's heading names, in the many ways people write one.
//!
//! Knows only the heading: which periods a return is about is for others.

use jiff::civil::Date;

use super::Period;

/// Which year a straddling one such as 2025-26 is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StraddlingYear {
    /// April to March.
    Financial,
    /// September to August.
    Academic,
}

/// Reads a heading that names a period: an identifier, a month (`Apr 2025`, `Jan-25`, a date that a spreadsheet shows as
/// one), a quarter (`2025-26 Q1`, `Q1 2025/26`) or a year (`2016`, `2016/17`, which needs `years` to say what it is).
/// A remark behind it, such as `(OT)` or `(prov)`, is passed over.
pub fn period_of_heading(heading: &str, years: Option<StraddlingYear>) -> Option<Period> {
    let text = without_remark(heading);
    match text.parse() {
        Ok(Period::Release { date }) => return Some(Period::Month { year: date.year(), month: date.month() }),
        Ok(period) => return Some(period),
        Err(_) => {}
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split([' ', '-', '/', '\'', '.', '_']).filter(|word| !word.is_empty()).collect();
    month(&words).or_else(|| quarter(&words)).or_else(|| year(&words, years))
}

/// Whether a heading names a year, a quarter, a month or a run of years, whatever kind of year it is.
pub fn names_a_period(heading: &str) -> bool {
    period_of_heading(heading, Some(StraddlingYear::Financial)).is_some() || is_run_of_years(without_remark(heading))
}

fn without_remark(heading: &str) -> &str {
    let text = heading.trim();
    match text.rfind('(') {
        Some(at) if at > 0 && text.ends_with(')') => text[..at].trim_end(),
        _ => text,
    }
}

/// The months' names in lower case, from January on.
pub const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

fn month(words: &[&str]) -> Option<Period> {
    if let [day, month, year] = *words {
        // A date, written as people write one.
        let is_day = day.len() <= 2 && numbered(day, 31).is_some();
        let year = four(year).or_else(|| year_of(year).filter(|_| [day, month].iter().all(|part| part.len() == 2)))?;
        let month = named_month(month).or_else(|| numbered(month, 12).filter(|_| month.len() <= 2));
        return month.filter(|_| is_day).map(|month| Period::Month { year, month });
    }
    let [first, second] = *words else { return None };
    let (month, year) = if let Some(month) = named_month(first) {
        (month, year_of(second)?)
    } else if let Some(month) = named_month(second) {
        (month, four(first)?)
    } else if first.len() <= 2 && second.len() == 4 {
        (numbered(first, 12)?, four(second)?)
    } else if first.len() == 4 && second.len() == 2 {
        // 2011-12 is a year that straddles, and 2009-11 three of them, rather than a month.
        let year = four(first)?;
        let is_years = year_of(second).is_some_and(|last| last > year && last <= year + 10);
        (numbered(second, 12).filter(|_| !is_years)?, year)
    } else {
        return None;
    };
    Some(Period::Month { year, month })
}

fn named_month(word: &str) -> Option<i8> {
    let is_short = word.len() == 3 || word == "sept";
    let at = MONTHS.iter().position(|name| *name == word || (is_short && name.starts_with(word)))?;
    i8::try_from(at + 1).ok()
}

fn quarter(words: &[&str]) -> Option<Period> {
    let named = |word: &str| numbered(word.strip_prefix("quarter").or_else(|| word.strip_prefix('q'))?, 4);
    let joined: Vec<String> = match *words {
        ["quarter", number, ref rest @ ..] => {
            std::iter::once(format!("q{number}")).chain(rest.iter().map(|word| (*word).to_owned())).collect()
        }
        [ref rest @ .., "quarter", number] => {
            rest.iter().map(|word| (*word).to_owned()).chain([format!("q{number}")]).collect()
        }
        _ => words.iter().map(|word| (*word).to_owned()).collect(),
    };
    let words: Vec<&str> = joined.iter().map(String::as_str).collect();
    let (quarter, years) = match words.as_slice() {
        [first, years @ ..] if named(first).is_some() => (named(first)?, years),
        [years @ .., last] if named(last).is_some() => (named(last)?, years),
        _ => return None,
    };
    Some(Period::Quarter { year: straddling(years)?, quarter })
}

fn year(words: &[&str], years: Option<StraddlingYear>) -> Option<Period> {
    let (words, said) = match words {
        [rest @ .., "fy"] | ["fy", rest @ ..] => (rest, Some(StraddlingYear::Financial)),
        [rest @ .., "ay"] | ["ay", rest @ ..] => (rest, Some(StraddlingYear::Academic)),
        rest => (rest, years),
    };
    if let [only] = words {
        return four(only).map(|year| Period::CalendarYear { year });
    }
    let year = straddling(words)?;
    Some(match said? {
        StraddlingYear::Financial => Period::FinancialYear { year },
        StraddlingYear::Academic => Period::AcademicYear { year },
    })
}

/// The first of two years that follow each other: 2025-26, 25/26, 2025-2026.
fn straddling(words: &[&str]) -> Option<i16> {
    let [first, second] = words else { return None };
    let (first, second) = (year_of(first)?, year_of(second)?);
    (second == first + 1).then_some(first)
}

/// Years such as 2014-16 or 2013/14-15/16, of which a figure is the average.
fn is_run_of_years(text: &str) -> bool {
    let words: Vec<&str> = text.split(['-', '/']).collect();
    let years: Option<Vec<i16>> = words.iter().map(|word| year_of(word)).collect();
    let Some(years) = years.filter(|years| matches!(years.len(), 2 | 4) && words[0].len() == 4) else { return false };
    years.is_sorted() && years[years.len() - 1] - years[0] <= 10
}

fn year_of(word: &str) -> Option<i16> {
    four(word).or_else(|| {
        let is_two = word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_digit());
        // Nobody reports of 1970 in two digits, and of 2070 not yet.
        word.parse::<i16>().ok().filter(|_| is_two).map(|year| if year < 70 { 2000 + year } else { 1900 + year })
    })
}

fn four(word: &str) -> Option<i16> {
    let is_four = word.len() == 4 && word.bytes().all(|byte| byte.is_ascii_digit());
    word.parse().ok().filter(|year| is_four && Date::new(*year, 1, 1).is_ok() && (1900..2100).contains(year))
}

fn numbered(word: &str, most: i8) -> Option<i8> {
    word.parse().ok().filter(|number| (1..=most).contains(number) && word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(heading: &str) -> Option<String> {
        period_of_heading(heading, None).map(|period| period.to_string())
    }

    #[test]
    fn months_and_quarters_are_read_as_people_write_them() {
        for (heading, expected) in [
            ("Apr 2025", "2025-M04"),
            ("april 2025", "2025-M04"),
            ("Jan-25", "2025-M01"),
            ("Sept 25", "2025-M09"),
            ("2025 Apr", "2025-M04"),
            ("2025-04", "2025-M04"),
            ("04/2025", "2025-M04"),
            ("2025-04-01", "2025-M04"),
            ("01/04/2025", "2025-M04"),
            ("1/4/2025", "2025-M04"),
            ("01/04/25", "2025-M04"),
            ("1 Apr 2025", "2025-M04"),
            ("4/2025", "2025-M04"),
            ("2025-26 Q1", "2025-26-Q1"),
            ("2025-26-Q1", "2025-26-Q1"),
            ("Q1 2025/26", "2025-26-Q1"),
            ("Quarter 1 2025-26", "2025-26-Q1"),
            ("2025/26 Quarter 4", "2025-26-Q4"),
            ("q3 25/26", "2025-26-Q3"),
            ("Q1 1999-2000", "1999-00-Q1"),
            ("Q1 2025/26 (provisional)", "2025-26-Q1"),
            ("2016", "2016-CY"),
            ("2024 (prov)", "2024-CY"),
            ("2023(Prov)", "2023-CY"),
            ("FY 2025/26", "2025-26-FY"),
            ("2025-26 AY", "2025-26-AY"),
        ] {
            assert_eq!(read(heading).as_deref(), Some(expected), "{heading}");
        }
    }

    #[test]
    fn a_bare_straddling_year_needs_to_be_told() {
        for heading in ["2016-17", "2016/17", "2016-17 (OT)", "2011-12", "16/17"] {
            assert_eq!(read(heading), None, "{heading}");
        }
        let school = period_of_heading("2016-17 (OT)", Some(StraddlingYear::Academic));
        assert_eq!(school.map(|period| period.to_string()).as_deref(), Some("2016-17-AY"));
        let financial = period_of_heading("2011-12", Some(StraddlingYear::Financial));
        assert_eq!(financial.map(|period| period.to_string()).as_deref(), Some("2011-12-FY"));
    }

    #[test]
    fn every_shape_of_year_in_the_local_authority_tool_names_a_period() {
        for heading in
            ["2014-16", "2016-17 (OT)", "2022 (prov)", "2015/16", "2013/14-15/16", "2018 (Revised)", "2020 (Final)"]
        {
            assert!(names_a_period(heading), "{heading}");
        }
    }

    #[test]
    fn other_headings_are_no_periods() {
        for heading in [
            "",
            "0",
            "Area",
            "Total",
            "May",
            "2025-26 Q5",
            "Q1",
            "Ages 16-17",
            "16-25",
            "1-2",
            "13/2025",
            "2016-40",
            "1-2-3",
            "32/01/2025",
            "01/13/2025",
        ] {
            assert!(!names_a_period(heading), "{heading}");
        }
    }
}
