//! Every indicator's SQL on the rows of the example's partners, in memory.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use arrow::{
    array::RecordBatch,
    util::display::{ArrayFormatter, FormatOptions},
};
use datafusion::{catalog::MemorySchemaProvider, datasource::MemTable, prelude::SessionContext};
use quarterday::{
    cli::demo::{self, World},
    source::period_in_name,
    sqlfn,
};

use crate::{
    demo_world::{checked, contracts, file_of},
    support::Kept,
};

const INDICATORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/indicators");

/// A session that holds all that the example's partners sent, and probation's nil return.
async fn warehouse() -> SessionContext {
    let (world, contracts) = (World::new(demo::SEED), contracts());
    // A later file of the same return and period stands in the place of the earlier one.
    let mut standing = BTreeMap::new();
    for file in world.history().unwrap() {
        standing.insert((file.dataset, file.agency, file.period), file.bytes);
    }
    for scene in demo::story(&world).unwrap() {
        if let Some((dataset, name, bytes)) = file_of(scene.act) {
            standing.insert((dataset, dataset.agency_name(), period_in_name(&name).unwrap()), bytes);
        }
    }
    let mut kept = Kept::default();
    for ((dataset, _, period), bytes) in standing {
        assert!(checked(&contracts[&dataset], period, bytes, &mut kept).await.verdict().is_accepted());
    }
    let mut tables: BTreeMap<String, Vec<RecordBatch>> = BTreeMap::new();
    for (table, batch) in kept.0 {
        tables.entry(table).or_default().push(batch);
    }
    let session = SessionContext::new();
    sqlfn::register(&session);
    let catalog = session.catalog("datafusion").unwrap();
    for schema in ["returns", "reference", "ledger", "models"] {
        catalog.register_schema(schema, Arc::new(MemorySchemaProvider::new())).unwrap();
    }
    for (table, batches) in tables {
        let rows = MemTable::try_new(batches[0].schema(), vec![batches]).unwrap();
        session.register_table(table.as_str(), Arc::new(rows)).unwrap();
    }
    for entry in fs::read_dir(Path::new(INDICATORS).with_file_name("models")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().replace('-', "_");
        let sql = fs::read_to_string(&path).unwrap();
        session.sql(&format!("CREATE VIEW models.{name} AS {sql}")).await.unwrap();
    }
    let nil = "CREATE TABLE ledger.obligations AS
               SELECT 'prevent-referrals' AS return_id, '2025-26-Q1' AS period, 'nil' AS state";
    session.sql(nil).await.unwrap();
    session
}

/// The rows as texts, each cell with its column's name.
async fn answer(session: &SessionContext, path: &Path) -> Vec<Vec<(String, String)>> {
    let sql = fs::read_to_string(path).unwrap();
    assert!(sql.starts_with("-- "), "{} opens with its question", path.display());
    let batches =
        session.sql(&sql).await.unwrap_or_else(|e| panic!("{}: {e}", path.display())).collect().await.unwrap();
    batches.iter().flat_map(texts).collect()
}

fn texts(batch: &RecordBatch) -> Vec<Vec<(String, String)>> {
    let options = FormatOptions::default();
    let schema = batch.schema();
    let columns: Vec<_> = schema
        .fields()
        .iter()
        .zip(batch.columns())
        .map(|(field, column)| (field.name(), ArrayFormatter::try_new(column, &options).unwrap()))
        .collect();
    (0..batch.num_rows())
        .map(|row| columns.iter().map(|(name, cells)| ((*name).clone(), cells.value(row).to_string())).collect())
        .collect()
}

#[tokio::test]
async fn every_indicator_answers_thirteen_quarters() {
    let session = warehouse().await;
    let mut paths: Vec<_> = fs::read_dir(INDICATORS).unwrap().map(|entry| entry.unwrap().path()).collect();
    // What needs the ledger is asked of a daemon, in punctuality.rs and pack.rs.
    let is_of_returns = |path: &Path| !fs::read_to_string(path).unwrap().contains("ledger.punctuality");
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.ends_with(".sql") && !name.ends_with(".benchmark.sql") && is_of_returns(path)
    });
    paths.sort();
    let mut present = String::new();
    for path in paths {
        let mut rows = answer(&session, &path).await;
        rows.retain(|row| row.iter().all(|(column, text)| column != "category" || text.is_empty()));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert_eq!(rows.len(), 13, "{name}");
        let cells: Vec<String> =
            rows[12].iter().map(|(_, text)| text.clone()).filter(|text| !text.is_empty()).collect();
        present += &format!("{name}: {}\n", cells.join(" "));
    }
    insta::assert_snapshot!(present);
}

#[tokio::test]
async fn each_release_places_every_area() {
    let session = warehouse().await;
    for name in ["second-plans", "immunised-by-two"] {
        let rows = answer(&session, &Path::new(INDICATORS).join(format!("{name}.benchmark.sql"))).await;
        let role = |role: &str| rows.iter().filter(|row| row[3] == ("role".to_owned(), role.to_owned())).count();
        let periods = role("england");
        assert!(periods >= 15, "{periods}");
        assert_eq!((role("ours"), role("region")), (periods, periods));
        assert_eq!((role("neighbour"), role("other")), (10 * periods, 13 * periods));
        let mut releases: Vec<&str> = rows.iter().map(|row| row[0].1.as_str()).collect();
        releases.dedup();
        assert_eq!(releases, ["2024-12-18", "2025-07-14"]);
    }
}
