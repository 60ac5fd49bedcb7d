//! What `[due]` may say, and that what it cannot mean is refused with what to write.

use jiff::civil::time;

use super::*;
use crate::settings::{Problems, read_text};

fn settle_text(text: &str) -> (Option<Dues>, String) {
    let agencies: Vec<AgencyId> = ["police", "health"].map(|id| id.parse().unwrap()).into();
    let mut problems = Problems::default();
    let document = read_text("return.toml", text, &mut problems).unwrap();
    let mut root = document.root();
    let dues = root.section("due").and_then(|mut due| Dues::settle(&mut due, Every::Quarter, &agencies));
    problems.merge(document.finish());
    (dues, problems.to_string())
}

#[test]
fn a_rule_may_be_another_for_an_agency_a_period_or_both() {
    let (dues, problems) = settle_text(
        r#"
[due]
working_days = 10
time = "12:00"
[due.agency.police]
last_working_day_of_month_after = 1
[due.agency.health]
time = "09:30"
[due.period."2025-26-Q3"]
on = ["2026-01-20"]
[due.agency.police.period."2025-26-Q3"]
clear_working_days_before_meeting = 5
time = "17:00"
"#,
    );
    assert_eq!(problems, "0 problems");
    let dues = dues.unwrap();
    let rule = |agency: &str, period: &str| dues.rule(&agency.parse().unwrap(), period.parse().unwrap()).to_string();
    assert_eq!(rule("probation", "2025-26-Q1"), "10 working days after the period ends, at 12:00");
    assert_eq!(rule("police", "2025-26-Q1"), "the last working day of the month after the period ends, at 12:00");
    assert_eq!(rule("health", "2025-26-Q1"), "10 working days after the period ends, at 09:30");
    assert_eq!(rule("health", "2025-26-Q3"), "on 20 January 2026, at 12:00");
    assert_eq!(rule("police", "2025-26-Q3"), "5 clear working days before the meeting, at 17:00");
    assert_eq!(dues.most_working_days(), Some(10));
}

#[test]
fn an_agency_may_have_rules_for_its_periods_alone() {
    let text = "[due]\nworking_days = 10\n[due.agency.police.period.\"2025-26-Q3\"]\nworking_days = 20\n";
    let (dues, problems) = settle_text(text);
    assert_eq!(problems, "0 problems");
    let dues = dues.unwrap();
    let (police, quarter) = ("police".parse().unwrap(), "2025-26-Q3".parse().unwrap());
    assert_eq!(dues.rule(&police, quarter).rule, DueRule::WorkingDays(20));
    assert_eq!(dues.rule(&police, "2025-26-Q2".parse().unwrap()).rule, DueRule::WorkingDays(10));
    assert_eq!(dues.rule(&"health".parse().unwrap(), quarter).rule, DueRule::WorkingDays(10));
}

#[test]
fn it_is_due_at_five_where_no_time_is_said() {
    let (dues, problems) = settle_text("[due]\non = [\"07-20\", \"01-20\", \"01-20\"]\n");
    assert_eq!(problems, "0 problems");
    let dues = dues.unwrap();
    assert_eq!(dues.usual.time, time(17, 0, 0, 0));
    assert_eq!(dues.usual.to_string(), "on the first after the period ends of 20 January, 20 July, at 17:00");
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_to_write() {
    let usual = "[due]\nworking_days = 10\n";
    for (text, expected) in [
        ("[due]\n".to_owned(), "one of working_days, last_working_day_of_month_after"),
        ("[due]\nworking_days = -1\n".to_owned(), "a whole number from 0 to 260"),
        ("[due]\nworking_days = 10\non = [\"01-20\"]\n".to_owned(), "one rule, and working_days stands here too"),
        ("[due]\nlast_working_day_of_month_after = 0\n".to_owned(), "a whole number from 1 to 24"),
        ("[due]\nclear_working_days_before_meeting = 0\n".to_owned(), "a whole number from 1 to 60"),
        ("[due]\non = []\n".to_owned(), "at least one day"),
        ("[due]\non = [\"02-29\"]\n".to_owned(), "on = [\"02-28\"]"),
        ("[due]\non = [\"04-31\"]\n".to_owned(), "days that every year has"),
        ("[due]\non = [\"2026-01-20\"]\n".to_owned(), "belongs under"),
        ("[due]\nworking_days = 10\ntime = \"25:00\"\n".to_owned(), "time"),
        ("[due]\nworking_day = 10\n".to_owned(), "working_day"),
        (format!("{usual}[due.agency.polcie]\nworking_days = 5\n"), "one of the agencies that owe it: police, health"),
        (format!("{usual}[due.agency.police]\n"), "one of working_days"),
        (format!("{usual}[due.period.\"2025-CY\"]\nworking_days = 5\n"), "a period of the kind"),
        (format!("{usual}[due.period.\"2025-26\"]\nworking_days = 5\n"), "a period in quotes"),
        (format!("{usual}[due.period.\"2025-26-Q3\"]\non = [\"01-20\"]\n"), "one date that exists"),
        (format!("{usual}[due.period.\"2025-26-Q3\"]\non = [\"2025-12-31\"]\n"), "lies after 2025-12-31"),
        (format!("{usual}[due.period.\"2025-26-Q3\"]\non = [\"2027-02-29\"]\n"), "one date that exists"),
    ] {
        let (_, problems) = settle_text(&text);
        assert!(problems.contains(expected), "{text}: {problems}");
    }
}
