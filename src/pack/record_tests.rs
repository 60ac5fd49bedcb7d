use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Date32Array, Int32Array, StringArray, StringViewArray};
use jiff::civil::date;

use super::*;

fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(values))
}

fn answers(name: &str, columns: Vec<(&str, ArrayRef)>) -> Vec<(String, Vec<RecordBatch>)> {
    vec![(name.to_owned(), vec![RecordBatch::try_from_iter(columns).unwrap()])]
}

fn timetable(states: &[&str; 2]) -> Vec<(String, Vec<RecordBatch>)> {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("agency_name", Arc::new(StringViewArray::from_iter_values(["Police", "Health"]))),
        ("title", texts(&["Missing children", "Health checks"])),
        ("period", texts(&["2025-26-Q1", "2024-25-Q4"])),
        ("due_day", Arc::new(Date32Array::from(vec![20283, 20283]))),
        ("received_day", Arc::new(Date32Array::from(vec![None, Some(20280)]))),
        ("state", texts(states)),
        ("days_late", Arc::new(Int32Array::from(vec![9, 0]))),
        ("restated", Arc::new(BooleanArray::from(vec![false, true]))),
        ("corrected", Arc::new(BooleanArray::from(vec![false, false]))),
        ("reminders", Arc::new(Int32Array::from(vec![2, 0]))),
        ("arranged", texts(&["", "more time was given, until 21 July 2025"])),
        ("note", texts(&["", "said so"])),
        ("escalation_held", texts(&["the Chief Constable has answered", ""])),
        ("rows_refused", Arc::new(Int32Array::from(vec![None, Some(3)]))),
    ];
    answers("timetable", columns)
}

#[test]
fn a_pack_tells_the_deliveries_of_its_own_period() {
    let record = Record::from_answers("2025-26-Q1".parse().unwrap(), &timetable(&["overdue", "accepted"])).unwrap();
    let [police] = record.deliveries.as_slice() else { panic!("{:?}", record.deliveries) };
    assert_eq!((police.agency.as_str(), police.standing, police.days_late), ("Police", Standing::Overdue, 9));
    assert_eq!(record.gaps(), ["Missing children from Police: not received, 9 days late"]);
    assert_eq!(police.escalation_held.as_deref(), Some("the Chief Constable has answered"));
    assert_eq!((police.due, police.received, &police.note), (Some(date(2025, 7, 14)), None, &None));
}

#[test]
fn rows_that_are_not_as_promised_name_statement_and_column() {
    let period = "2025-26-Q1".parse().unwrap();
    let error = Record::from_answers(period, &timetable(&["overdue", "lost"])).unwrap_err().to_string();
    assert!(error.starts_with("timetable.sql: the column state is not one of overdue"), "{error}");
    let error =
        Record::from_answers(period, &answers("stories", vec![("text", texts(&["x"]))])).unwrap_err().to_string();
    assert_eq!(error, "stories.sql gave no column indicator; its opening comment lists the columns it owes");
}

#[test]
fn actions_are_told_as_they_last_stood() {
    let columns = vec![
        ("action", texts(&["Old words", "New words", "Words to come"])),
        ("owner", texts(&["Health", "Health", "Health"])),
        ("period", texts(&["2024-25-Q4", "2025-26-Q1", "2025-26-Q2"])),
        ("due", texts(&["2025-09-30", "2025-09-30", "2025-09-30"])),
        ("status", texts(&["on_time", "done", "done"])),
        ("progress", texts(&["", "", ""])),
        ("indicator", texts(&["", "second-plans", ""])),
    ];
    let record = Record::from_answers("2025-26-Q1".parse().unwrap(), &answers("actions", columns)).unwrap();
    let [action] = record.actions.as_slice() else { panic!("{:?}", record.actions) };
    assert_eq!(
        (action.action.as_str(), action.status, action.due),
        ("New words", Progress::Done, Some(date(2025, 9, 30)))
    );
    assert_eq!(action.indicator.as_deref(), Some("second-plans"));
}

#[test]
fn a_restatement_is_told_when_it_came_after_the_period() {
    let columns = |last: &str| {
        vec![
            ("agency_name", texts(&["Health"])),
            ("title", texts(&["Health checks"])),
            ("period", texts(&["2024-25-Q3"])),
            ("first_day", texts(&["2025-01-14"])),
            ("last_day", texts(&[last])),
        ]
    };
    let told = |last: &str| {
        Record::from_answers("2025-26-Q1".parse().unwrap(), &answers("restated", columns(last)))
            .unwrap()
            .restatements
            .len()
    };
    assert_eq!((told("2025-07-02"), told("2025-06-30")), (1, 0));
}
