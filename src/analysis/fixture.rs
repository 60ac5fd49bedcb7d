//! An indicator's own test, `<name>.test.toml`: small tables that are given, and what its SQL must make of them.
//!
//! Tables are CSV, their headings the names of columns. Knows nothing of SQL: who runs it is `flows::trial`.

use crate::settings::{Document, Section};

/// One case of a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// What it shows.
    pub says: String,
    /// The tables that are given: name in SQL, and rows as CSV.
    pub given: Vec<(String, String)>,
    /// What `<name>.sql` must answer, as CSV.
    pub figures: Option<String>,
    /// What `<name>.benchmark.sql` must answer.
    pub benchmark: Option<String>,
    /// The values that follow, in the indicator's unit, rounded half up to its decimals.
    pub values: Option<String>,
}

/// Reads the cases of a test; every problem is told to the document.
pub fn cases(document: &Document) -> Vec<Case> {
    let mut root = document.root();
    let sections = root.sections("case");
    if sections.is_empty() {
        root.refuse("case", "at least one case", "[[case]]");
    }
    sections.into_iter().filter_map(case).collect()
}

fn case(mut section: Section<'_>) -> Option<Case> {
    let says = section.text("says");
    let given = section.section("given").map(|mut tables| {
        let names = tables.keys();
        names.into_iter().filter_map(|name| tables.text(&name).map(|rows| (name, rows))).collect()
    });
    let expected = section.section("expect").map(|mut expect| {
        let found = (expect.text_opt("figures"), expect.text_opt("benchmark"), expect.text_opt("values"));
        if found == (None, None, None) {
            expect.refuse("figures", "what the SQL must answer", "figures = \"\"\"…\"\"\"");
        }
        found
    });
    let (figures, benchmark, values) = expected?;
    Some(Case { says: says?, given: given?, figures, benchmark, values })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Problems, read_text};

    fn read(text: &str) -> (Vec<Case>, String) {
        let mut problems = Problems::default();
        let document = read_text("plans.test.toml", text, &mut problems).unwrap();
        let found = cases(&document);
        problems.merge(document.finish());
        (found, problems.to_string())
    }

    #[test]
    fn a_case_gives_tables_by_their_names_and_expects_an_answer() {
        let text = "[[case]]\nsays = \"it counts\"\n[case.given]\n\"returns.plans\" = \"\"\"\nperiod,open\n2025-26-Q1,3\n\"\"\"\n\
                    [case.expect]\nfigures = \"\"\"\nperiod,numerator\n2025-26-Q1,3\n\"\"\"\n";
        let (cases, problems) = read(text);
        assert_eq!(problems, "0 problems");
        assert_eq!(cases[0].given, [("returns.plans".to_owned(), "period,open\n2025-26-Q1,3\n".to_owned())]);
        assert_eq!((cases[0].says.as_str(), cases[0].values.as_deref()), ("it counts", None));
    }

    #[test]
    fn a_case_that_expects_nothing_and_a_word_that_nobody_knows_are_told() {
        assert!(read("").1.contains("at least one case"));
        let (cases, problems) = read("[[case]]\nsays = \"x\"\n[case.given]\n[case.expect]\nfigure = \"\"\n");
        assert_eq!(cases.len(), 1);
        assert!(
            problems.contains("case[1].expect.figure") && problems.contains("what the SQL must answer"),
            "{problems}"
        );
    }
}
