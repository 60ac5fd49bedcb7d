//! How punctual each agency was over the last four quarters, as one small table.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Matter;
use crate::{domain::Period, pack::record::Punctual};

/// So many quarters are shown, the pack's own among them.
const QUARTERS: i16 = 4;

/// What one agency did.
#[derive(Default)]
struct Row {
    /// In time, and all, by quarter.
    in_time: BTreeMap<Period, (usize, usize)>,
    first_time: (usize, usize),
    days_late: i64,
    restated: i64,
}

/// The table; nothing where nothing was due.
pub(super) fn table(matter: &Matter<'_>) -> Value {
    let newest = Period::quarter_ended_by(matter.imprint.period.end());
    let quarters: Vec<Period> = (1 - QUARTERS..=0).filter_map(|by| newest.shift(by)).collect();
    let mut rows: BTreeMap<&str, Row> = BTreeMap::new();
    for one in &matter.record.punctuality {
        let Some(quarter) = quarters.iter().find(|quarter| quarter.start() <= one.end() && one.end() <= quarter.end())
        else {
            continue;
        };
        rows.entry(&one.agency).or_default().add(*quarter, one);
    }
    if rows.is_empty() {
        return Value::Null;
    }
    json!({
        "quarters": quarters.iter().map(|quarter| quarter.short()).collect::<Vec<_>>(),
        "rows": rows.into_iter().map(|(agency, row)| row.told(agency, &quarters)).collect::<Vec<_>>(),
    })
}

impl Row {
    fn add(&mut self, quarter: Period, one: &Punctual) {
        let (in_time, all) = self.in_time.entry(quarter).or_default();
        *in_time += usize::from(one.on_time);
        *all += 1;
        if let Some(accepted) = one.accepted_first_time {
            self.first_time.0 += usize::from(accepted);
            self.first_time.1 += 1;
        }
        self.days_late += one.days_late;
        self.restated += one.restatements;
    }

    fn told(&self, agency: &str, quarters: &[Period]) -> Value {
        let of = |(some, all): (usize, usize)| if all == 0 { "–".to_owned() } else { format!("{some} of {all}") };
        let in_time = quarters.iter().map(|quarter| {
            let (in_time, all) = self.in_time.get(quarter).copied().unwrap_or_default();
            json!({ "says": of((in_time, all)), "late": in_time < all })
        });
        json!({
            "agency": agency,
            "quarters": in_time.collect::<Vec<_>>(),
            "first_time": of(self.first_time),
            "days_late": self.days_late.to_string(),
            "restated": self.restated.to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::{record::Record, sample};

    fn punctual(agency: &str, period: &str, on_time: bool, accepted_first_time: Option<bool>) -> Punctual {
        let days_late = if on_time { 0 } else { 4 };
        let (agency, period) = (agency.to_owned(), period.parse().unwrap());
        Punctual { agency, period, on_time, accepted_first_time, days_late, restatements: i64::from(on_time) }
    }

    #[test]
    fn each_agency_has_its_quarter_and_the_three_before_and_a_year_counts_in_the_quarter_it_ends_in() {
        let (definition, imprint) = (sample::definition(), sample::imprint());
        let told = |punctuality| {
            let record = Record { punctuality, ..Record::default() };
            let indicators = Vec::new();
            let class = crate::analysis::Class::Public;
            table(&Matter { definition: &definition, class, indicators, record: &record, imprint: &imprint })
        };
        assert_eq!(told(Vec::new()), Value::Null);
        assert_eq!(told(vec![punctual("Police", "2025-26-Q2", true, None)]), Value::Null, "it is later than the pack");
        let told = told(vec![
            punctual("Police", "2024-25-Q1", false, None),
            punctual("Police", "2024-25-Q2", true, Some(true)),
            punctual("Police", "2025-26-Q1", false, Some(false)),
            punctual("Police", "2025-26-Q1", true, None),
            punctual("Schools", "2024-25-FY", false, Some(true)),
        ]);
        assert_eq!(told["quarters"], json!(["Q2 24", "Q3 24", "Q4 25", "Q1 25"]));
        let says = |row: &Value| -> Vec<String> {
            row["quarters"].as_array().unwrap().iter().map(|one| one["says"].as_str().unwrap().to_owned()).collect()
        };
        let [police, schools] = told["rows"].as_array().unwrap().as_slice() else { panic!("{told}") };
        assert_eq!(says(police), ["1 of 1", "–", "–", "1 of 2"]);
        assert_eq!(
            (&police["first_time"], &police["days_late"], &police["restated"]),
            (&json!("1 of 2"), &json!("4"), &json!("2"))
        );
        assert_eq!(says(schools), ["–", "–", "0 of 1", "–"]);
    }
}
