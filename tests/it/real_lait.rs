//! The Local Authority Interactive Tool's four releases: each of their known defects is a finding at its own cells, and
//! York is read from them by SQL. What is to be found was counted by DuckDB in the same files.

use std::{collections::BTreeMap, fs, path::PathBuf};

use quarterday::ledger::{FindingRow, Severity};
use serde::Deserialize;

use crate::{
    real_contracts::{cells, of},
    real_data::{asked, board, judged},
    support::{TestBoard, peer::installed, python, shared_data},
};

const RELEASES: [&str; 4] = ["2024-12-18", "2025-02-14", "2025-05-28", "2025-07-14"];

/// What DuckDB finds in one release. Rows are the numbers of records, from 1.
const DEFECTS: &str = r#"
import duckdb, json, sys
found = []
for file in sys.argv[1:]:
    db = duckdb.connect()
    db.sql(f"""CREATE TABLE t AS SELECT row_number() OVER () AS row, "Short Desc" AS measure, "Data item" AS item,
        Years AS year, "LA and Regions" AS area, "Values" AS said, try_cast("Values" AS DOUBLE) AS value,
        CAST("LA Number" AS INT) AS la FROM read_parquet('{file}')""")
    rows = lambda where: [row for row, in db.sql(f"SELECT row FROM t WHERE {where} ORDER BY row").fetchall()]
    count = lambda where: db.sql(f"SELECT count(*) FROM t WHERE {where}").fetchone()[0]
    regions = "la IN (980, 981, 982, 983, 984, 985, 986, 989, 990)"
    found.append({
        "rows": count("true"),
        "dashes": count("said = '-'"),
        "numbers": count("value IS NOT NULL"),
        "no_number": rows("value IS NULL AND said NOT IN ('-', 'c')"),
        "shapes": dict(db.sql("SELECT regexp_replace(year, '[0-9]', '9', 'g'), count(*) FROM t GROUP BY 1").fetchall()),
        "no_year": rows("NOT regexp_matches(year, '^20[0-9]{2}([-/][0-9]{2}(-[0-9]{2}/[0-9]{2})?)?( [(][A-Za-z]+[)])?$')"),
        "year_0": rows("year = '0'"),
        "marked": count("contains(year, '(')"),
        "spans": count("contains(year, '-') OR contains(year, '/')"),
        "abolished": rows("la IN (909, 928)"),
        "other_spelling": rows("area = 'Yorkshire and the Humber'"),
        "above_100": rows("measure = 'PreChildDea' AND value > 100"),
        "england_882": rows("measure = 'PreChildDea' AND la = 970 AND said = '882'"),
        "first_entrants": db.sql(f"""SELECT year, max(value) FILTER (la = 970), sum(value) FILTER ({regions}) FROM t
            WHERE measure = 'FirstYJS' GROUP BY year ORDER BY year""").fetchall(),
        "summed": rows(f"""la = 970 AND measure = 'Low_Birth_Weight_Babies' AND value > 1.2 *
            (SELECT max(value) FROM t r WHERE r.measure = t.measure AND r.year = t.year AND {regions})"""),
    })
print(json.dumps(found))
"#;

/// What another program found in a release.
#[derive(Deserialize)]
struct Defects {
    rows: i64,
    dashes: u64,
    numbers: u64,
    no_number: Vec<u32>,
    /// Each digit of a year's label as a 9, with the number of its records.
    shapes: BTreeMap<String, u64>,
    no_year: Vec<u32>,
    year_0: Vec<u32>,
    marked: u64,
    spans: u64,
    abolished: Vec<u32>,
    other_spelling: Vec<u32>,
    above_100: Vec<u32>,
    england_882: Vec<u32>,
    /// By year: England's rate of first entrants to the youth justice system, and the sum of the regions'.
    first_entrants: Vec<(String, f64, f64)>,
    summed: Vec<u32>,
}

fn releases() -> Option<Vec<PathBuf>> {
    let folder = shared_data("lait")?;
    Some(RELEASES.iter().map(|release| folder.join(release).join("bds_long_0.parquet")).collect())
}

/// How many cells or rows a rule found, those included that are only counted.
pub fn found(findings: &[FindingRow], rule: &str) -> u64 {
    let of_rule = of(findings, rule);
    let more = |finding: &&FindingRow| {
        let counted = finding.says.rsplit_once(" more like it.").and_then(|(before, _)| before.rsplit_once(' '));
        counted.map_or(0, |(_, number)| number.replace(',', "").parse::<u64>().unwrap())
    };
    of_rule.len() as u64 + of_rule.iter().map(more).sum::<u64>()
}

fn rows(findings: &[FindingRow], rule: &str) -> Vec<u32> {
    let mut rows: Vec<u32> = of(findings, rule).iter().map(|finding| finding.row.unwrap()).collect();
    rows.sort_unstable();
    rows
}

#[tokio::test]
async fn four_releases_of_the_interactive_tool_load_with_their_defects_and_york_is_read_from_them_by_sql() {
    let (Some(files), Some(expected)) = (releases(), shared_data("expected")) else { return };
    let Some(told) = python::told(DEFECTS, &files) else { return };
    let defects: Vec<Defects> = serde_json::from_value(told).unwrap();
    let daemon = board(&["lait"]).start("2025-07-14T12:00:00Z");
    for (((file, release), Defects { rows, .. }), number) in files.iter().zip(RELEASES).zip(&defects).zip(1..) {
        let which = ["--return", "lait", "--agency", "dfe", "--period", release];
        let said = daemon.board.done(&[&["submit", file.to_str().unwrap()][..], &which].concat());
        let start =
            format!("submission {number}: accepted, with questions; {rows} rows read, {rows} accepted, 0 refused");
        assert!(said.starts_with(&start), "{said}");
    }
    for ((release, defects), (_, findings)) in RELEASES.iter().zip(&defects).zip(judged(&daemon).await) {
        assert!(findings.iter().all(|finding| finding.severity != Severity::Error), "{release}");
        what_stands_in_place_of_numbers_is_found(release, defects, &findings);
        each_shape_of_a_years_label_is_found(release, defects, &findings);
        areas_that_are_no_more_or_spelt_otherwise_are_found(release, defects, &findings);
        shares_above_100_and_sums_of_rates_are_found(release, defects, &findings);
        for (shape, count) in &defects.shapes {
            let pattern = format!(
                "SELECT count(*) FROM reference.lait WHERE period = '{release}' AND \
                                   regexp_replace(year, '[0-9]', '9', 'g') = '{shape}'"
            );
            assert_eq!(asked(&daemon.board, &pattern), [[count.to_string()]], "{release}: {shape}");
        }
    }
    york_is_as_published(&daemon.board, &fs::read_to_string(expected.join("lait_2025-07-14_york.csv")).unwrap());
}

fn what_stands_in_place_of_numbers_is_found(release: &str, defects: &Defects, findings: &[FindingRow]) {
    let expected = [83_946, 85_255, 87_985, 87_907];
    assert!(expected.contains(&defects.dashes), "{release}: {}", defects.dashes);
    assert_eq!(found(findings, "not-available"), defects.dashes, "{release}: a dash is no value");
    assert_eq!(rows(findings, "type"), defects.no_number, "{release}: two dots are no number here");
    // Every value is a number stored as text: 274.10000000000002.
    let stored = of(findings, "stored-otherwise");
    let values = stored.iter().find(|finding| finding.heading.as_deref() == Some("Values")).unwrap();
    let counted = format!("{} cells are stored as text", defects.numbers);
    assert!(values.says.contains(&counted), "{release}: {counted}: {}", values.says);
}

fn each_shape_of_a_years_label_is_found(release: &str, defects: &Defects, findings: &[FindingRow]) {
    let shapes: Vec<&str> = defects.shapes.keys().map(String::as_str).collect();
    let nine = [
        "9",
        "9999",
        "9999 (Final)",
        "9999 (Revised)",
        "9999 (prov)",
        "9999-99",
        "9999-99 (OT)",
        "9999/99",
        "9999/99-99/99",
    ];
    let earlier = [&nine[1..4], &["9999 (Prov)"], &nine[4..], &["9999(Prov)", "9999(prov)"]].concat();
    let mut expected = if release < "2025-05-28" { earlier } else { nine.to_vec() };
    expected.sort_unstable();
    assert_eq!(shapes, expected, "{release}");
    // The bare year is as it should be; each other shape is told by one of these.
    assert_eq!(found(findings, "year-marked"), defects.marked, "{release}");
    assert_eq!(found(findings, "year-spans"), defects.spans, "{release}");
    assert_eq!(found(findings, "year-label"), defects.no_year.len() as u64, "{release}");
    let listed = defects.no_year.len().min(1000);
    assert_eq!(rows(findings, "year-label"), defects.no_year[..listed], "{release}");
    assert_eq!(defects.year_0.len(), if release < "2025-05-28" { 0 } else { 170 }, "{release}: the label 0");
    assert!(defects.year_0.iter().all(|row| rows(findings, "year-label").contains(row)), "{release}");
}

fn areas_that_are_no_more_or_spelt_otherwise_are_found(release: &str, defects: &Defects, findings: &[FindingRow]) {
    assert_eq!(found(findings, "abolished-authority"), defects.abolished.len() as u64, "{release}: 909 and 928");
    assert_eq!(rows(findings, "abolished-authority"), defects.abolished[..1], "{release}");
    assert_eq!(
        found(findings, "spelling"),
        defects.other_spelling.len() as u64,
        "{release}: two spellings of a region"
    );
    assert_eq!(rows(findings, "spelling"), defects.other_spelling[..1], "{release}");
    assert!(of(findings, "spelling")[0].says.contains("Yorkshire and The Humber"), "{release}");
}

fn shares_above_100_and_sums_of_rates_are_found(release: &str, defects: &Defects, findings: &[FindingRow]) {
    assert_eq!(rows(findings, "share-above-100"), defects.above_100, "{release}");
    let [england] = defects.england_882[..] else { panic!("{release}: {:?}", defects.england_882) };
    let shares = of(findings, "share-above-100");
    let at = shares.iter().find(|finding| finding.row == Some(england)).unwrap();
    assert_eq!(at.heading.as_deref(), Some("Values"), "{release}: England's 882 per cent");
    assert_eq!(rows(findings, "england-above-every-region"), defects.summed, "{release}");
    // What is said of FirstYJS elsewhere is not so in these releases: England's rate lies among its regions'.
    assert!(defects.first_entrants.len() >= 8, "{release}");
    for (year, england, sum) in &defects.first_entrants {
        assert!(england * 8.0 < *sum, "{release}: {year}: {england}, {sum}");
    }
}

fn york_is_as_published(board: &TestBoard, expected: &str) {
    let york = "SELECT measure, year, la_number, value FROM reference.lait
                WHERE period = '2025-07-14' AND la_number IN ('816', '970')";
    let figures: BTreeMap<[String; 3], String> = asked(board, york)
        .into_iter()
        .map(|row| <[String; 4]>::try_from(row).unwrap())
        .map(|[measure, year, area, value]| ([measure, year, area], value))
        .collect();
    let mut compared = 0;
    for line in expected.lines().skip(1) {
        let cells = cells(line);
        for (area, expected) in [("816", &cells[3]), ("970", &cells[8])] {
            let key = [&cells[1], &cells[2], area].map(str::to_owned);
            let (found, expected) = (figures[&key].parse::<f64>(), expected.parse::<f64>());
            let same = match (&found, &expected) {
                (Ok(found), Ok(expected)) => (found - expected).abs() < 1e-6,
                (found, expected) => found.is_err() && expected.is_err(),
            };
            assert!(same, "{key:?}: {found:?}, {expected:?}");
            compared += usize::from(expected.is_ok());
        }
    }
    assert_eq!(compared, 816, "all that is published of the newest year for York and for England");
}

/// The records of one measure; and again with England's rate as the sum of its regions'.
const FIRST_ENTRANTS: &str = r#"
import duckdb, json, sys
release, folder = sys.argv[1:]
db = duckdb.connect()
db.sql(f"""CREATE TABLE t AS SELECT * FROM read_parquet('{release}') WHERE "Short Desc" = 'FirstYJS'""")
db.sql(f"COPY t TO '{folder}/plain.parquet' (FORMAT parquet)")
db.sql("""UPDATE t SET "Values" = CAST(sums.sum AS VARCHAR) FROM (SELECT Years AS year, sum(try_cast("Values" AS DOUBLE)) AS sum
    FROM t WHERE "LA Number" IN (980, 981, 982, 983, 984, 985, 986, 989, 990) GROUP BY Years) sums
    WHERE Years = sums.year AND "LA Number" = 970""")
db.sql(f"""COPY (SELECT * FROM t ORDER BY Years, "LA Number") TO '{folder}/summed.parquet' (FORMAT parquet)""")
rows = db.sql("""SELECT row FROM (SELECT row_number() OVER (ORDER BY Years, "LA Number") AS row, "LA Number" AS la FROM t)
    WHERE la = 970 ORDER BY row""").fetchall()
print(json.dumps([row for row, in rows]))
"#;

#[tokio::test]
async fn a_rate_of_england_that_is_the_sum_of_its_regions_is_found_where_it_stands() {
    let (Some(files), Some(_)) = (releases(), installed("bin/python")) else { return };
    let board = board(&["lait"]);
    let told = python::told(FIRST_ENTRANTS, &[files[3].clone(), board.path("")]).unwrap();
    let england: Vec<u32> = serde_json::from_value(told).unwrap();
    assert_eq!(england.len(), 8, "2016 to 2023");
    let daemon = board.start("2025-07-14T12:00:00Z");
    daemon.submit("plain.parquet", "lait", "dfe", "2025-07-13").await.unwrap();
    daemon.submit("summed.parquet", "lait", "dfe", "2025-07-14").await.unwrap();
    let judged = judged(&daemon).await;
    assert_eq!(judged.len(), 2);
    assert_eq!(rows(&judged[0].1, "england-above-every-region"), [0; 0], "as published, it is none");
    assert_eq!(rows(&judged[1].1, "england-above-every-region"), england);
}
