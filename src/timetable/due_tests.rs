//! Every due rule against dates that people agreed on, and its words.

use jiff::civil::{date, time};

use super::*;
use crate::domain::civil_day;

fn meeting(on: civil::Date, period: &str) -> Meeting {
    let milestones = crate::timetable::Milestones::default();
    let (period, pack) = (period.parse().unwrap(), "board".into());
    Meeting { on, time: time(14, 0, 0, 0), period, pack, milestones, rule: String::new() }
}

fn due(rule: DueRule) -> Due {
    Due { rule, time: time(17, 0, 0, 0) }
}

/// The day and the words of a rule for a period; the board meets on 12 August and 11 November 2025.
fn told(rule: DueRule, period: &str) -> Result<(civil::Date, String), DueError> {
    let calendar = Calendar::england_and_wales([date(2026, 12, 29)]);
    let meetings = [meeting(date(2025, 11, 11), "2025-26-Q2"), meeting(date(2025, 8, 12), "2025-26-Q1")];
    let told = due(rule).of(period.parse().unwrap(), &calendar, &meetings)?;
    Ok((civil_day(told.at), told.rule))
}

fn yearly(days: &[(i8, i8)]) -> DueRule {
    DueRule::Yearly(days.iter().map(|(month, day)| YearDay::new(*month, *day).unwrap()).collect())
}

#[test]
fn the_tenth_working_day_is_the_one_the_field_accepts() {
    for (period, day) in [
        ("2025-26-Q1", date(2025, 7, 14)),
        ("2025-26-Q2", date(2025, 10, 14)),
        ("2025-26-Q3", date(2026, 1, 15)),
        ("2025-26-Q4", date(2026, 4, 16)),
        ("2022-23-FY", date(2023, 4, 18)),
    ] {
        let (found, words) = told(DueRule::WorkingDays(10), period).unwrap();
        assert_eq!((found, words.as_str()), (day, "10 working days after the period ends, at 17:00"), "{period}");
    }
}

#[test]
fn the_last_working_day_of_a_month_after_is_found_around_weekends_holidays_and_leap_days() {
    let last = |months_after| DueRule::LastWorkingDay { months_after };
    for (months, period, day) in [
        (1, "2025-26-Q1", date(2025, 7, 31)),
        (1, "2025-26-Q2", date(2025, 10, 31)),
        (1, "2026-M04", date(2026, 5, 29)), // 31 May is a Sunday
        (1, "2024-M01", date(2024, 2, 29)), // a leap day
        (1, "2027-M01", date(2027, 2, 26)), // no leap day, and the 28th is a Sunday
        (1, "2025-M11", date(2025, 12, 31)),
        (2, "2025-M12", date(2026, 2, 27)),
        (3, "2025-26-Q3", date(2026, 3, 31)),
        (1, "2026-W53", date(2027, 2, 26)), // the week ends on 3 January
        (2, "2023-M12", date(2024, 2, 29)),
        (1, "2024-M02", date(2024, 3, 28)), // Good Friday and Easter come last
    ] {
        let (found, words) = told(last(months), period).unwrap();
        assert_eq!(found, day, "{period}");
        let expected = match months {
            1 => "the last working day of the month after the period ends, at 17:00".to_owned(),
            months => format!("the last working day of the month {months} months after the period ends, at 17:00"),
        };
        assert_eq!(words, expected);
    }
}

#[test]
fn five_clear_days_before_the_meeting_leave_five_whole_working_days_between() {
    let rule = |clear_days| DueRule::BeforeMeeting { clear_days };
    let (day, words) = told(rule(5), "2025-26-Q1").unwrap();
    assert_eq!(day, date(2025, 8, 4));
    assert_eq!(words, "5 clear working days before the meeting on 12 August 2025, at 17:00");
    let calendar = Calendar::england_and_wales([]);
    let meeting = date(2025, 8, 12);
    let between = calendar.working_days_between(day, meeting.yesterday().unwrap());
    assert_eq!(between, Ok(5));
    // A month of the quarter that the meeting is about is due before it too.
    assert_eq!(told(rule(5), "2025-M05").unwrap().0, date(2025, 8, 4));
    assert_eq!(told(rule(1), "2025-26-Q2").unwrap().0, date(2025, 11, 7));
}

#[test]
fn without_a_meeting_about_the_period_nobody_guesses() {
    let error = told(DueRule::BeforeMeeting { clear_days: 5 }, "2025-26-Q3").unwrap_err();
    assert_eq!(error, DueError::NoMeeting { period: "2025-26-Q3".parse().unwrap(), days: 5 });
    assert!(error.to_string().contains("add the [[meeting]]"), "{error}");
    let error = told(DueRule::BeforeMeeting { clear_days: 40 }, "2025-26-Q1").unwrap_err().to_string();
    assert!(error.contains("the meeting on 2025-08-12 comes too soon"), "{error}");
}

#[test]
fn a_fixed_day_on_which_nobody_works_is_moved_and_the_rule_says_so() {
    let (day, words) = told(yearly(&[(1, 20), (7, 20)]), "2025-26-Q1").unwrap();
    assert_eq!(day, date(2025, 7, 18)); // the 20th is a Sunday
    assert_eq!(
        words,
        "on the first after the period ends of 20 January, 20 July (20 July 2025 is no working day, so the one before: \
         18 July 2025), at 17:00"
    );
    let (day, words) = told(yearly(&[(1, 20), (7, 20)]), "2025-26-Q2").unwrap();
    assert_eq!((day, words.contains("is no working day")), (date(2026, 1, 20), false));
    // The board's own closure, with a weekend and Christmas before it.
    let (day, _) = told(yearly(&[(12, 29)]), "2026-27-Q2").unwrap();
    assert_eq!(day, date(2026, 12, 24));
    // The day before would lie in the period.
    let (day, words) = told(yearly(&[(1, 1)]), "2025-CY").unwrap();
    assert_eq!(day, date(2026, 1, 2));
    assert!(
        words.contains("on 1 January after the period ends (1 January 2026 is no working day, so the next: "),
        "{words}"
    );
}

#[test]
fn a_date_of_one_period_may_be_a_leap_day_and_no_fixed_day_is() {
    assert_eq!(YearDay::new(2, 29), None);
    assert_eq!(
        told(DueRule::On(date(2028, 2, 29)), "2027-28-Q3").unwrap(),
        (date(2028, 2, 29), "on 29 February 2028, at 17:00".to_owned())
    );
    let (day, words) = told(DueRule::On(date(2020, 2, 29)), "2019-20-Q3").unwrap();
    assert_eq!(day, date(2020, 2, 28));
    assert!(words.contains("(29 February 2020 is no working day, so the one before: 28 February 2020)"), "{words}");
    assert_eq!(told(yearly(&[(2, 28)]), "2023-24-Q3").unwrap().0, date(2024, 2, 28));
}

#[test]
fn what_happened_on_a_day_is_due_so_many_days_after_it() {
    let (day, words) = told(DueRule::WorkingDays(1), "2025-07-14").unwrap();
    assert_eq!((day, words.as_str()), (date(2025, 7, 15), "1 working day after 14 July 2025, at 17:00"));
}

#[test]
fn weeks_of_a_long_year_are_due_one_after_the_other() {
    for (period, day) in [
        ("2020-W52", date(2021, 1, 5)),
        ("2020-W53", date(2021, 1, 8)),
        ("2021-W01", date(2021, 1, 15)),
        ("2026-W53", date(2027, 1, 8)),
        ("2027-W01", date(2027, 1, 15)),
    ] {
        assert_eq!(told(DueRule::WorkingDays(5), period).unwrap().0, day, "{period}");
    }
}

#[test]
fn past_the_end_of_the_list_it_is_an_error() {
    let error = told(DueRule::WorkingDays(10), "2039-40-Q1").unwrap_err();
    assert!(matches!(error, DueError::Calendar(CalendarError::OffTheList { year: 2039, .. })), "{error}");
}
