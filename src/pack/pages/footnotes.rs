//! Queried figures as footnotes: the reason somebody recorded or, where there is none, that there is none.

use serde_json::{Value, json};

use crate::pack::{days::day_month, record::Query};

/// The footnotes of these queries, the explained ones first. The same reason for several figures is told once.
pub(super) fn footnotes<'a>(queries: impl Iterator<Item = &'a Query>) -> Vec<Value> {
    let (explained, open): (Vec<&Query>, Vec<&Query>) = queries.partition(|query| query.explanation.is_some());
    let mut notes: Vec<(String, String, Value)> = Vec::new();
    for query in explained.into_iter().chain(open) {
        let says = match (&query.explanation, query.explained) {
            (Some(reason), Some(on)) => format!("{reason} (recorded on {})", day_month(on)),
            (Some(reason), None) => reason.clone(),
            (None, _) => format!("Asked and not answered yet: {}", query.says),
        };
        if notes.iter().any(|(agency, known, _)| *agency == query.agency && *known == says) {
            continue;
        }
        let note = json!({
            "agency": query.agency,
            "title": query.title,
            "period": query.period.human(),
            "says": says,
            "answered": query.explanation.is_some(),
        });
        notes.push((query.agency.clone(), says, note));
    }
    notes.into_iter().map(|(_, _, note)| note).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(says: &str, explanation: Option<&str>) -> Query {
        Query {
            agency: "Police".into(),
            title: "Missing children".into(),
            period: "2025-26-Q1".parse().unwrap(),
            says: says.into(),
            explanation: explanation.map(str::to_owned),
            explained: explanation.map(|_| jiff::civil::date(2025, 7, 15)),
        }
    }

    #[test]
    fn an_open_question_is_printed_as_one_and_one_reason_once() {
        let queries = [query("it fell. Why?", None), query("a", Some("One family.")), query("b", Some("One family."))];
        let told = footnotes(queries.iter());
        let says: Vec<&str> = told.iter().map(|note| note["says"].as_str().unwrap()).collect();
        assert_eq!(says, ["One family. (recorded on 15 July)", "Asked and not answered yet: it fell. Why?"]);
    }
}
