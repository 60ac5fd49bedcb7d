//! The published answers: limits of NHSRplotthedots, quartiles of the Local Authority Interactive Tool, DfE's rates.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Cursor,
    path::{Path, PathBuf},
    sync::Arc,
};

use arrow::{
    array::{Array, AsArray, RecordBatch},
    csv::ReaderBuilder,
    datatypes::{DataType, Field, Schema},
};
use calamine::Reader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use quarterday::analysis::{
    Cause, Good, Tone,
    benchmark::{Quartiles, neighbours, rank},
    trend::{Method, NoBounds, Way, xmr},
};
use quarterday::domain::rounding::half_up;

/// A row by its headings.
pub type Row = BTreeMap<String, String>;

/// The shared data, which may be absent on a desk but never in CI.
fn shared(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(path);
    if found.exists() {
        return Some(found);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is required in CI", found.display());
    None
}

pub fn csv(path: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.trim_start_matches('\u{feff}').to_owned();
    let heading = text.lines().next().unwrap();
    let names = heading.split(',').map(|name| name.trim_matches('"'));
    let fields: Vec<Field> = names.map(|name| Field::new(name, DataType::Utf8, true)).collect();
    let reader = ReaderBuilder::new(Arc::new(Schema::new(fields))).with_header(true).build(Cursor::new(text)).unwrap();
    reader.flat_map(|batch| rows(&batch.unwrap())).collect()
}

fn rows(batch: &RecordBatch) -> Vec<Row> {
    let mut rows = vec![Row::new(); batch.num_rows()];
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let text = arrow::compute::cast(column, &DataType::Utf8).unwrap();
        for (row, cell) in rows.iter_mut().zip(text.as_string::<i32>()) {
            row.insert(field.name().clone(), cell.unwrap_or_default().to_owned());
        }
    }
    rows
}

fn close(row: &Row, column: &str, found: Option<f64>, within: f64) {
    match (row[column].as_str(), found) {
        ("" | "NA" | "-", None) => {}
        (expected, Some(found)) => {
            let off = (expected.parse::<f64>().unwrap_or_else(|_| panic!("{column} {found} in {row:?}")) - found).abs();
            assert!(off <= within * found.abs().max(1.0), "{column} is {found} in {row:?}");
        }
        (_, None) => panic!("{column} is missing in {row:?}"),
    }
}

#[test]
fn every_point_of_the_nhs_sample_has_its_limits_and_its_cause() {
    let Some(path) = shared("expected/spc_ae_attendances_sample.csv") else { return };
    let mut series: BTreeMap<[String; 4], Vec<Row>> = BTreeMap::new();
    for row in csv(&path) {
        let key = ["org", "type", "measure", "screen"].map(|column| row[column].clone());
        series.entry(key).or_default().push(row);
    }
    assert_eq!(series.len(), 42);
    for (key, mut rows) in series {
        rows.sort_by(|a, b| a["x"].cmp(&b["x"]));
        let values: Vec<f64> = rows.iter().map(|row| row["y"].parse().unwrap()).collect();
        let judged = xmr(&values, Method { screen: key[3] == "true", baseline: None }).unwrap();
        for (row, mark) in rows.iter().zip(&judged.marks) {
            let bounds = judged.bounds.inspect_err(|why| assert_eq!(*why, NoBounds::AllScreened)).ok();
            close(row, "lpl", bounds.map(|b| b.lower), 5.1e-4);
            close(row, "upl", bounds.map(|b| b.upper), 5.1e-4);
            let label = match (mark.cause, mark.way) {
                (Cause::Common, _) | (_, None) => "Common Cause",
                (Cause::Outside, Some(Way::Up)) => "Above UCL",
                (Cause::Outside, Some(Way::Down)) => "Below LCL",
                (Cause::Trend, Some(Way::Up)) => "7 Point Trend (Increasing)",
                (Cause::Trend, Some(Way::Down)) => "7 Point Trend (Decreasing)",
                (Cause::TwoOfThree, Some(Way::Up)) => "2 in 3 Above CL",
                (Cause::TwoOfThree, Some(Way::Down)) => "2 in 3 Below CL",
                (Cause::Shift, Some(Way::Up)) => "7 Points Above CL",
                (Cause::Shift, Some(Way::Down)) => "7 Points Below CL",
            };
            assert_eq!(label, row["special_cause_type"], "{row:?}");
            let kind = match mark.tone(Good::Low) {
                Tone::Concern => "special_cause_concern",
                Tone::Improvement => "special_cause_improvement",
                _ => "common_cause",
            };
            assert_eq!(kind, row["point_type"], "{row:?}");
        }
    }
}

/// Values of one measure and year by number of local authority.
type Areas = BTreeMap<u32, f64>;

fn lait(path: &Path) -> BTreeMap<(String, String), Areas> {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let mut measures: BTreeMap<(String, String), Areas> = BTreeMap::new();
    for batch in reader {
        let batch = batch.unwrap();
        let text = |name: &str| arrow::compute::cast(batch.column_by_name(name).unwrap(), &DataType::Utf8).unwrap();
        let (measure, year, value, area) = (text("Short Desc"), text("Years"), text("Values"), text("LA Number"));
        let cell = |column: &Arc<dyn Array>, row| column.as_string::<i32>().value(row).to_owned();
        for row in 0..batch.num_rows() {
            let areas = measures.entry((cell(&measure, row), cell(&year, row))).or_default();
            if area.is_null(row) || value.is_null(row) {
                continue;
            }
            if let (Ok(area), Ok(value)) = (cell(&area, row).parse::<f64>(), cell(&value, row).parse()) {
                areas.insert(area as u32, value);
            }
        }
    }
    measures
}

fn neighbours_of(path: &Path, council: f64) -> Vec<u32> {
    let mut book = calamine::open_workbook_auto(path).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let number = |cell: &calamine::Data| match cell {
        calamine::Data::Float(number) => Some(*number),
        calamine::Data::Int(number) => Some(*number as f64),
        calamine::Data::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let rows: Vec<_> = sheet.rows().collect();
    let named =
        |name: &str| rows.iter().find_map(|row| row.iter().position(|cell| cell.to_string().trim() == name)).unwrap();
    let columns: Vec<usize> = (1..=10).map(|n| named(&format!("SN{n}"))).collect();
    let row = rows.iter().find(|row| number(&row[0]) == Some(council)).unwrap();
    columns.iter().map(|column| number(&row[*column]).unwrap() as u32).collect()
}

#[test]
fn york_stands_among_the_councils_where_the_interactive_tool_puts_it() {
    let (Some(expected), Some(release), Some(book), Some(dictionary)) = (
        shared("expected/lait_2025-07-14_york.csv"),
        shared("lait/2025-07-14/bds_long_0.parquet"),
        shared("lait/sn_may_2025.xlsx"),
        shared("lait/2025-07-14/lait_data_dictionary.csv"),
    ) else {
        return;
    };
    let measures = lait(&release);
    let ten = neighbours_of(&book, 816.0);
    let dictionary: BTreeMap<String, Row> =
        csv(&dictionary).into_iter().map(|row| (row["Measure_short"].clone(), row)).collect();
    let expected = csv(&expected);
    assert_eq!(expected.len(), 427);
    for row in &expected {
        let (measure, year) = (&row["measure_short"], &row["year_label"]);
        let newest = measures.keys().filter(|(name, _)| name == measure).map(|(_, year)| year).max();
        assert_eq!(newest, Some(year), "{measure}");
        let areas = &measures[&(measure.clone(), year.clone())];
        let meaning = &dictionary[measure];
        assert_eq!(meaning["Polarity"], row["polarity"]);
        let good = match (meaning["Polarity"].as_str(), meaning["No_Quartile"].as_str()) {
            (_, "N") => Good::Neutral,
            ("High", _) => Good::High,
            ("Low", _) => Good::Low,
            _ => Good::Neutral,
        };
        let york = areas.get(&816).copied();
        close(row, "la_value", york, 1e-6);
        close(row, "england", areas.get(&970).copied(), 1e-6);
        close(row, "yorks_humber", areas.get(&982).copied(), 1e-6);

        let present: Vec<f64> = ten.iter().filter_map(|area| areas.get(area).copied()).collect();
        let found = neighbours(&present);
        close(row, "sn_mean", found.map(|n| n.mean), 1e-6);
        close(row, "sn_median", found.map(|n| n.median), 1e-6);
        close(row, "sn_n", Some(present.len() as f64), 0.0);

        let councils: Vec<f64> = areas.range(..970).map(|(_, value)| *value).collect();
        let cuts = Quartiles::of(&councils);
        for (column, cut) in [
            ("q0", cuts.map(|c| c.lowest)),
            ("q25", cuts.map(|c| c.lower)),
            ("q50", cuts.map(|c| c.middle)),
            ("q75", cuts.map(|c| c.upper)),
            ("q100", cuts.map(|c| c.highest)),
            ("n_las", Some(councils.len() as f64)),
        ] {
            close(row, column, cut, 1e-6);
        }
        let band = york.zip(cuts).and_then(|(york, cuts)| cuts.band(york, good));
        assert_eq!(band.unwrap_or('-').to_string(), row["quartile_band"], "{row:?}");
        close(row, "rank", york.and_then(|york| rank(york, &councils, good)).map(|rank| rank as f64), 0.0);
    }
}

#[test]
fn every_published_rate_is_its_numerator_over_the_population_of_the_year_before() {
    let Some(path) = shared("expected/rates_per_10k_to_2024.csv") else { return };
    let rows = csv(&path);
    assert_eq!(rows.len(), 2692);
    for row in rows {
        let number = |column: &str| row[column].parse::<f64>().unwrap();
        let rate = number("numerator") * 10_000.0 / number("denominator_prev_mid_year_0_17");
        assert_eq!(half_up(rate, 1), number("published_rate_per_10k"), "{row:?}");
    }
}
