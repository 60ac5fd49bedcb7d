//! The warehouse through its front door: what is committed is read back in SQL, whole, once, and undamaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use quarterday::check::Sink;
use quarterday::ledger::Vector;
use quarterday::warehouse::{Staged, Warehouse};

use crate::support::board_data::{CHILDREN, EPISODES, Home, at, batch, key, rows, schema};

const TOTALS: &str = "SELECT agency, sum(from_home), count(*), count(from_home_status) FROM returns.missing_episodes \
                      GROUP BY agency ORDER BY agency";

#[tokio::test]
async fn rows_come_back_exactly_as_they_went_in() {
    let home = Home::new();
    let vector = home.store("police", 1, &[41, -1, 999_999_999_999_999_999]).await;
    assert_eq!(
        home.rows(&vector, "SELECT * FROM returns.missing_episodes ORDER BY area, from_home").await,
        [
            "missing|police|2025-26-Q1|1|Year 1 – né|41||2025-06-30",
            "missing|police|2025-26-Q1|1|Year 1 – né|999999999999999999||2025-06-30",
            "missing|police|2025-26-Q1|1|Year 2 – né||x|2025-06-30",
        ]
    );
    let pruned = "SELECT count(*) FROM returns.missing_episodes WHERE agency = 'police' AND period > '2025'";
    assert_eq!(home.rows(&vector, pruned).await, ["3"]);
    let functions = "SELECT period_name(period), working_days(period_end(period), DATE '2025-07-14'), sum(submission) \
                     FROM returns.missing_episodes GROUP BY period";
    assert_eq!(home.rows(&vector, functions).await, ["April to June 2025 (Q1)|10|3"]);
    let joined = "SELECT count(*) FROM returns.missing_episodes e JOIN returns.missing_children c \
                  ON e.agency = c.agency AND e.period = c.period WHERE e.agency || 'x' = 'policex'";
    assert_eq!(home.rows(&vector, joined).await, ["3"]);
}

#[tokio::test]
async fn a_submission_replaces_its_own_rows_and_no_others() {
    let home = Home::new();
    home.store("police", 1, &[41, 2]).await;
    let before = home.store("health", 2, &[7]).await;
    let after = home.store("police", 3, &[42]).await;
    assert_eq!(home.rows(&after, TOTALS).await, ["health|7|1|0", "police|42|1|0"]);
    assert_eq!(home.rows(&before, TOTALS).await, ["health|7|1|0", "police|43|2|0"], "an older version reads as it was");
    let both = "SELECT (SELECT count(*) FROM returns.missing_episodes) AS a, (SELECT count(*) FROM returns.missing_children) AS b";
    assert_eq!(home.rows(&after, both).await, ["2|2"], "both tables of the return moved");
}

#[tokio::test]
async fn a_nil_return_leaves_the_place_empty() {
    let home = Home::new();
    home.store("police", 1, &[41]).await;
    home.store("health", 2, &[7]).await;
    let vector = home.store("police", 3, &[]).await;
    assert_eq!(home.rows(&vector, TOTALS).await, ["health|7|1|0"]);
    let first = Home::new();
    let vector = first.store("police", 1, &[]).await;
    assert_eq!(vector[EPISODES], 0);
    assert_eq!(first.rows(&vector, "SELECT count(*) FROM returns.missing_episodes").await, ["0"]);
}

#[tokio::test]
async fn a_commit_that_is_tried_again_changes_nothing() {
    let home = Home::new();
    let staged = home.stage("police", 5, &[41]).await;
    let turn = home.warehouse.turn().await;
    let first = turn.commit(&staged, at()).await.unwrap();
    // As it comes back out of the ledger.
    let staged: Staged = serde_json::from_value(serde_json::to_value(&staged).unwrap()).unwrap();
    assert_eq!(turn.commit(&staged, at()).await.unwrap(), first);
    let health = home.stage("health", 6, &[7]).await;
    let second = turn.commit(&health, at()).await.unwrap();
    assert_eq!(turn.commit(&staged, at()).await.unwrap(), first, "the version that carried it, not the newest");
    let earlier = home.stage("police", 4, &[1]).await;
    assert_eq!(turn.commit(&earlier, at()).await.unwrap(), first, "a later submission is in its place");
    drop(turn);
    assert_eq!(second[EPISODES], 1);
    assert_eq!(home.rows(&second, TOTALS).await, ["health|7|1|0", "police|41|1|0"]);
}

#[tokio::test]
async fn staged_rows_that_were_not_accepted_are_gone() {
    let home = Home::new();
    let kept = home.stage("health", 1, &[7]).await;
    let staged = home.stage("police", 2, &[41]).await;
    assert_eq!(parquet_files(&home.path()).len(), 4);
    home.warehouse.discard(&staged).unwrap();
    home.warehouse.discard(&staged).unwrap();
    assert_eq!(parquet_files(&home.path()).len(), 2);

    home.stage("police", 3, &[41]).await;
    fs::write(home.path().join("returns/missing_episodes/_drafts/.tmpX"), "half").unwrap();
    assert_eq!(home.warehouse.sweep(std::slice::from_ref(&kept)).unwrap(), 3);
    let vector = home.warehouse.turn().await.commit(&kept, at()).await.unwrap();
    assert_eq!(home.warehouse.sweep(&[]).unwrap(), 0);
    assert_eq!(home.rows(&vector, TOTALS).await, ["health|7|1|0"]);
}

#[tokio::test]
async fn rows_of_another_obligation_or_shape_are_refused() {
    let home = Home::new();
    let tables = [(EPISODES.to_owned(), schema())];
    let mut staging = home.warehouse.stage(&key("police"), 1, &tables).unwrap();
    let error = staging.write(EPISODES, batch("health", 1, &[4])).await.unwrap_err().to_string();
    assert!(error.contains("a row has another agency than police"), "{error}");
    let narrow = batch("police", 1, &[4]).project(&[0, 1, 2]).unwrap();
    let error = staging.write(EPISODES, narrow).await.unwrap_err().to_string();
    assert!(error.contains("other columns than announced"), "{error}");
    assert!(staging.write(CHILDREN, batch("police", 1, &[4])).await.is_err());
    drop(staging);
    assert_eq!(parquet_files(&home.path()), Vec::<PathBuf>::new());
    for name in ["returns", "returns.../x", "Returns.x", "returns.x.y", "returns.x y", ".x"] {
        let error = home.warehouse.stage(&key("police"), 1, &[(name.to_owned(), schema())]).err().unwrap().to_string();
        assert!(error.contains("names no table"), "{error}");
    }
}

#[tokio::test]
async fn a_contract_may_gain_a_column_and_lose_one() {
    let home = Home::new();
    home.store("police", 1, &[41]).await;
    let old = schema();
    let fields: Vec<Field> = old.fields().iter().map(|field| field.as_ref().clone()).collect();
    let mut without: Vec<Field> = fields.iter().filter(|field| field.name() != "on_day").cloned().collect();
    without.push(Field::new("seen", DataType::Utf8, true));
    let grown = Arc::new(Schema::new(without));
    let narrow = batch("health", 2, &[7]).project(&(0..7).collect::<Vec<_>>()).unwrap();
    let mut columns = narrow.columns().to_vec();
    columns.push(Arc::new(StringArray::from(vec!["yes"])));
    let health = RecordBatch::try_new(grown.clone(), columns).unwrap();
    let mut staging = home.warehouse.stage(&key("health"), 2, &[(EPISODES.to_owned(), grown)]).unwrap();
    staging.write(EPISODES, health).await.unwrap();
    let staged = staging.finish().await.unwrap();
    let vector = home.warehouse.turn().await.commit(&staged, at()).await.unwrap();
    let sql = "SELECT agency, from_home, on_day, seen FROM returns.missing_episodes ORDER BY agency";
    assert_eq!(home.rows(&vector, sql).await, ["health|7||yes", "police|41|2025-06-30|"]);

    let mut wrong = fields;
    wrong[5] = Field::new("from_home", DataType::Utf8, true);
    let tables = [(CHILDREN.to_owned(), schema()), (EPISODES.to_owned(), Arc::new(Schema::new(wrong)))];
    let staged = home.warehouse.stage(&key("police"), 3, &tables).unwrap().finish().await.unwrap();
    let before = files(&home.path()).len();
    let error = home.warehouse.turn().await.commit(&staged, at()).await.unwrap_err().to_string();
    assert!(error.contains("column from_home is decimal(18,0) and cannot become string"), "{error}");
    assert_eq!(files(&home.path()).len(), before, "the other table is as it was");
}

#[tokio::test]
async fn a_derived_table_is_replaced_whole_and_only_when_it_changed() {
    let home = Home::new();
    let figures = |values: &[i64]| {
        let column = Arc::new(Int64Array::from(values.to_vec()));
        RecordBatch::try_from_iter([("value", column as arrow::array::ArrayRef)]).unwrap()
    };
    let schema = figures(&[]).schema();
    let turn = home.warehouse.turn().await;
    let mut versions = Vec::new();
    for values in [&[][..], &[], &[1, 2], &[1, 2], &[3]] {
        versions.push(turn.write_derived("analysis.figures", &schema, &[figures(values)], at()).await.unwrap());
    }
    assert_eq!(versions, [0, 0, 1, 1, 2]);
    let read = |version: i64| {
        let vector = Vector::from([("analysis.figures".to_owned(), version)]);
        let home = &home;
        async move { home.rows(&vector, "SELECT value FROM analysis.figures ORDER BY value").await }
    };
    assert_eq!(read(0).await, Vec::<String>::new());
    assert_eq!(read(1).await, ["1", "2"]);
    assert_eq!(read(2).await, ["3"]);
    assert_eq!(parquet_files(&home.path()).len(), 2, "an unchanged table leaves no file behind");
}

#[tokio::test]
async fn another_writer_is_noticed() {
    let home = Home::new();
    let vector = home.store("police", 1, &[41]).await;
    let log = home.path().join("returns/missing_episodes/_delta_log");
    let other = Warehouse::open(&home.path()).unwrap();
    let (one, two) = (home.stage("health", 2, &[7]).await, home.stage("school", 3, &[8]).await);
    let (mine, theirs) = (home.warehouse.turn().await, other.turn().await);
    let (a, b) = tokio::join!(mine.commit(&one, at()), theirs.commit(&two, at()));
    // Either one of them came first and the other saw it, or it is told.
    for outcome in [a, b] {
        if let Err(error) = outcome {
            assert!(error.to_string().contains("another program wrote version"), "{error}");
        }
    }
    assert!(log.join("00000000000000000001.json").exists());
    assert_eq!(home.rows(&vector, TOTALS).await, ["police|41|1|0"]);
}

#[tokio::test]
async fn no_cell_value_stands_in_the_log() {
    let home = Home::new();
    home.store("police", 1, &[123_454_321]).await;
    for name in ["returns/missing_episodes", "returns/missing_children"] {
        for entry in fs::read_dir(home.path().join(name).join("_delta_log")).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            assert!(!text.contains("123454321") && !text.contains("Year 1"), "{text}");
            assert!(
                text.contains("enableExpiredLogCleanup\":\"false") && text.contains("NumIndexedCols\":\"0"),
                "{text}"
            );
        }
    }
}

/// Every file, every flipped byte: either found, or of no matter to any reader.
#[tokio::test]
async fn damage_to_any_file_is_found_before_it_is_used() {
    let home = Home::new();
    home.store("police", 1, &[41, 2]).await;
    let mut vector = home.store("police", 2, &[42]).await;
    for submission in 3..23 {
        // With a checkpoint among the files.
        vector = home.store("health", submission, &[]).await;
    }
    assert_eq!(home.warehouse.verify(&vector).await.unwrap(), []);
    for file in files(&home.path()) {
        let whole = fs::read(&file).unwrap();
        let replaced = file.to_string_lossy().contains("/1-");
        let places = [0, whole.len() / 3, whole.len() / 2, whole.len().saturating_sub(1)];
        // The checksums of the log are names of empty files.
        for place in places.into_iter().filter(|place| *place < whole.len()) {
            let mut bytes = whole.clone();
            bytes[place] ^= 1;
            fs::write(&file, &bytes).unwrap();
            let found = home.warehouse.verify(&vector).await.unwrap();
            assert_eq!(found.len(), usize::from(!replaced), "{} at {place}: {found:?}", file.display());
            for damage in found {
                let text = damage.to_string();
                assert!(text.contains("quarterday rebuild") && text.contains(&damage.table), "{text}");
                assert!(!text.contains(&*home.folder.path().to_string_lossy()), "{text}");
            }
        }
        if !whole.is_empty() {
            fs::write(&file, &whole[..whole.len() - 8]).unwrap();
            let found = home.warehouse.verify(&vector).await.unwrap();
            assert_eq!(found.len(), usize::from(!replaced), "{}", file.display());
        }
        fs::remove_file(&file).unwrap();
        // Without its checkpoint a table is read from the beginning of its log.
        let spare = replaced || file.to_string_lossy().ends_with(".checkpoint.parquet");
        assert_eq!(home.warehouse.verify(&vector).await.unwrap().len(), usize::from(!spare), "{}", file.display());
        fs::write(&file, &whole).unwrap();
    }
    assert_eq!(home.warehouse.verify(&vector).await.unwrap(), []);
}

#[tokio::test]
async fn a_statement_over_a_damaged_table_says_which_file_and_the_others_are_answered() {
    let home = Home::new();
    let vector = home.store("police", 1, &[41]).await;
    let file = parquet_files(&home.path().join("returns/missing_children")).remove(0);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() - 8]).unwrap();
    let error = home.refusal(&vector, "SELECT count(*) FROM returns.missing_children").await;
    assert!(error.starts_with("table returns.missing_children is damaged: return_id=missing/"), "{error}");
    assert!(error.contains("is not as long as it was; `quarterday rebuild --replace`"), "{error}");
    assert_eq!(home.rows(&vector, TOTALS).await, ["police|41|1|0"]);
}

#[tokio::test]
async fn an_older_version_stays_readable_after_many_commits() {
    let home = Home::new();
    let first = home.store("police", 1, &[41]).await;
    let mut last = first.clone();
    for submission in 2..40 {
        last = home.store("police", submission, &[i128::from(submission)]).await;
    }
    assert_eq!(home.rows(&first, TOTALS).await, ["police|41|1|0"]);
    assert_eq!(home.rows(&last, TOTALS).await, ["police|39|1|0"]);
    let checkpoints = files(&home.path()).iter().filter(|file| file.to_string_lossy().contains("checkpoint.p")).count();
    assert_eq!(checkpoints, 4, "one for 20 commits of a table, and its checksum");
    let log = home.path().join("returns/missing_episodes/_delta_log");
    let checkpoint = log.join("00000000000000000020.checkpoint.parquet");
    let mut bytes = fs::read(&checkpoint).unwrap();
    bytes[100] ^= 1;
    fs::write(&checkpoint, bytes).unwrap();
    let error = home.refusal(&last, TOTALS).await;
    assert!(error.contains("00000000000000000020.checkpoint.parquet is not what was written"), "{error}");
    assert_eq!(home.rows(&first, TOTALS).await, ["police|41|1|0"], "versions before it do not need it");
}

#[tokio::test]
async fn the_warehouse_of_the_first_release_still_opens() {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/warehouse-v1");
    let warehouse = Warehouse::open(&fixture).unwrap();
    for (version, expected) in [
        (0, &["police|42|2|0"][..]),
        (19, &["health|20|2|1", "police|42|2|0"]),
        (21, &["health|21|2|1", "police|41|1|0"]),
    ] {
        let vector = Vector::from([(EPISODES.to_owned(), version)]);
        assert_eq!(warehouse.verify(&vector).await.unwrap(), []);
        assert_eq!(rows(&fixture, &vector, TOTALS).await.unwrap().unwrap(), expected);
    }
}

fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    files(folder).into_iter().filter(|file| file.extension().is_some_and(|kind| kind == "parquet")).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}
