//! Rules in SQL across sheets, periods and returns; code lists of other returns; and that a rebuild replays all of it.

use quarterday::daemon::Command as Order;
use rust_xlsxwriter::Workbook;

use crate::support::{TestBoard, TestDaemon, said};

const CODES: &str = r#"
title = "Codes of local authorities"
agencies = ["dfe"]
every = "release"
source = { kind = "by-hand" }
format = { kind = "csv" }
[governance]
purpose = "to know which area is meant"
lawful_basis = "published"
agreement = "Open Government Licence v3.0"
agreement_review = 2030-01-01
retention_years = 10
classification = "published"
[[table]]
name = "la_codes"
unique = ["code"]
[[table.column]]
name = "code"
type = "text"
[[table.column]]
name = "name"
type = "text"
"#;

const BEDS: &str = r#"
title = "Places in homes"
agencies = ["children-services"]
every = "quarter"
due = { working_days = 10 }
source = { kind = "by-hand" }
format = { kind = "workbook" }
refuse_rows = "up to 20 %"
[governance]
purpose = "to see whether there are places"
lawful_basis = "none is needed for made-up figures"
agreement = "none"
agreement_review = 2030-01-01
retention_years = 1
classification = "aggregate"

[[table]]
name = "homes"
sheet = "Homes"
unique = ["home"]
[[table.column]]
name = "home"
headings = ["Home"]
type = "text"
required = true
[[table.column]]
name = "la"
headings = ["Area"]
type = "text"
codes = { table = "reference.la_codes", column = "code", label = "name" }
[[table.column]]
name = "places"
headings = ["Places"]
type = "count"

[[table]]
name = "stays"
sheet = "Stays"
optional = true
[[table.column]]
name = "home"
headings = ["Home"]
type = "text"
[[table.column]]
name = "children"
headings = ["Children"]
type = "count"

[[rule]]
id = "stays-in-known-homes"
sql = """
SELECT 'stays' AS "table", s."row", 'home' AS "column"
FROM stays s LEFT JOIN homes h USING (home) WHERE h.home IS NULL
"""
says = "{home} is not on the sheet of homes. Please add it there, or correct it."

[[rule]]
id = "homes-do-not-vanish"
severity = "query"
sql = """
SELECT 'homes' AS "table", CAST(NULL AS INT) AS "row"
FROM previous.homes p LEFT JOIN homes h USING (home) WHERE h.home IS NULL
"""
says = "a home of the period before is missing. Has it closed?"

[[rule]]
id = "codes-in-use"
severity = "note"
sql = """
SELECT 'homes' AS "table", h."row", 'la' AS "column"
FROM homes h JOIN reference.la_codes c ON c.code = h.la WHERE c.name LIKE 'Old%'
"""
says = "the area of {la} is an old one."
"#;

fn board() -> TestBoard {
    let board = TestBoard::with_returns(&[]);
    board.write("pipelines/la-codes/return.toml", CODES);
    board.write("pipelines/beds/return.toml", BEDS);
    let agencies = board.read("config/agencies.toml");
    if !agencies.contains("id = \"dfe\"") {
        let dfe = "\n[[agency]]\nid = \"dfe\"\nname = \"Department for Education\"\n[agency.lead]\nname = \"Statistics\"\nemail = \"statistics@education.example\"\n";
        board.write("config/agencies.toml", agencies + dfe);
    }
    board
}

fn workbook(homes: &[(&str, &str, f64)], stays: &[(&str, f64)]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Homes").unwrap();
    for (column, heading) in ["Home", "Area", "Places"].into_iter().enumerate() {
        sheet.write_string(0, u16::try_from(column).unwrap(), heading).unwrap();
    }
    for (row, (home, area, places)) in (1..).zip(homes) {
        sheet.write_string(row, 0, *home).unwrap();
        sheet.write_string(row, 1, *area).unwrap();
        sheet.write_number(row, 2, *places).unwrap();
    }
    let sheet = book.add_worksheet().set_name("Stays").unwrap();
    sheet.write_string(0, 0, "Home").unwrap();
    sheet.write_string(0, 1, "Children").unwrap();
    for (row, (home, children)) in (1..).zip(stays) {
        sheet.write_string(row, 0, *home).unwrap();
        sheet.write_number(row, 1, *children).unwrap();
    }
    book.save_to_buffer().unwrap()
}

async fn offered(daemon: &TestDaemon, period: &str, bytes: Vec<u8>) -> String {
    let name = format!("beds-{period}.xlsx");
    daemon.board.write(&name, bytes);
    let answer = daemon.submit(&name, "beds", "children-services", period).await;
    answer.unwrap_or_else(|refused| refused)
}

async fn with_codes(daemon: &TestDaemon, release: &str, csv: &str) {
    daemon.board.write("codes.csv", csv);
    let said = daemon.submit("codes.csv", "la-codes", "dfe", release).await.unwrap();
    assert!(said.contains("accepted"), "{said}");
}

#[tokio::test]
async fn rules_reach_across_sheets_periods_and_returns() {
    let daemon = board().start("2026-01-12T09:00:00Z");
    with_codes(&daemon, "2025-04-01", "code,name\n815,North Yorkshire\n816,York\n999,Oldtown\n").await;
    let homes = [("Ash", "815", 4.0), ("Birch", "816", 6.0)];

    let said = offered(&daemon, "2025-26-Q1", workbook(&homes, &[("Ash", 3.0), ("Cedar", 1.0)])).await;
    assert!(said.contains("not accepted"), "{said}");
    assert!(said.contains("error sheet Stays, cell A3: A3 is not on the sheet of homes."), "{said}");
    assert!(!said.contains("Cedar"), "no finding carries a value: {said}");
    assert!(daemon.sql("SELECT home FROM returns.homes").await.is_empty(), "nothing of it was stored");

    let said = offered(&daemon, "2025-26-Q1", workbook(&homes, &[("Ash", 3.0)])).await;
    assert!(said.contains("submission 3: accepted; 3 rows read, 3 accepted, 0 refused"), "{said}");

    let said = offered(&daemon, "2025-26-Q2", workbook(&[("Birch", "999", 6.0)], &[])).await;
    assert!(said.contains("query sheet Homes: a home of the period before is missing. Has it closed?"), "{said}");
    assert!(said.contains("note sheet Homes, cell B2: the area of B2 is an old one."), "{said}");
    assert_eq!(
        daemon.sql("SELECT period, home FROM returns.homes ORDER BY 1, 2").await,
        ["2025-26-Q1,Ash", "2025-26-Q1,Birch", "2025-26-Q2,Birch"]
    );
}

#[tokio::test]
async fn a_rule_that_ends_its_worker_or_fails_is_a_query_and_harms_nothing() {
    let board = board();
    let deep = format!("SELECT 'homes' AS \"table\", \"row\" FROM homes WHERE places > {}1", "- ".repeat(15_000));
    let rule = |id: &str, sql: &str| format!("\n[[rule]]\nid = \"{id}\"\nsql = '''{sql}'''\nsays = \"no\"\n");
    let divided = "SELECT 'homes' AS \"table\", \"row\" FROM homes WHERE 1 / (places - places) > 1";
    let text = board.read("pipelines/beds/return.toml") + &rule("deep", &deep) + &rule("divided", divided);
    board.write("pipelines/beds/return.toml", text);
    let daemon = board.start("2026-01-12T09:00:00Z");
    let pid = daemon.pid();
    let said = offered(&daemon, "2025-26-Q1", workbook(&[("Ash", "", 4.0)], &[("Ash", 1.0)])).await;
    assert!(said.contains("accepted, with questions"), "{said}");
    assert!(said.contains("this rule cannot be worked out here; the business unit looks at it. (divided)"), "{said}");
    assert_eq!(daemon.pid(), pid);
    let told = daemon.board.done(&["status"]);
    assert!(told.contains("working out rule divided of beds"), "the business unit sees why: {told}");
}

#[tokio::test]
async fn a_rebuild_replays_codes_and_refused_rows_as_they_were() {
    let daemon = board().start("2026-01-12T09:00:00Z");
    with_codes(&daemon, "2025-04-01", "code,name\nN815,North Yorkshire\nN816,York\n").await;
    let homes = [
        ("Ash", "n815", 4.0),
        ("Birch", "N816", 6.0),
        ("Cedar", "gone", 1.0),
        ("Elm", "N816", 1.0),
        ("Fir", "N816", 1.0),
        ("Hazel", "N816", 1.0),
    ];
    let said = offered(&daemon, "2025-26-Q1", workbook(&homes, &[("Ash", 3.0)])).await;
    assert!(said.contains("accepted, with questions; 7 rows read, 6 accepted, 1 refused"), "{said}");
    let rows = daemon.sql("SELECT home, la, places FROM returns.homes ORDER BY home").await;
    assert_eq!(rows[0], "Ash,N815,4", "written as the list has it");
    assert_eq!(rows.len(), 5, "{rows:?}");
    assert_eq!(daemon.sql("SELECT rows_refused FROM ledger.submissions ORDER BY submission").await, ["0", "1"]);

    // The list says otherwise today.
    with_codes(&daemon, "2025-04-01", "code,name\nN900,Elsewhere\ngone,There again\n").await;
    let said = daemon.order(Order::Rebuild { replace: false }).await.unwrap();
    assert!(said.contains("3 submissions replayed into 3 tables; 0 tables differ"), "{said}");
}

#[test]
fn rules_are_planned_by_validate() {
    let board = board();
    board.edit(
        "pipelines/beds/return.toml",
        "USING (home) WHERE h.home IS NULL\n\"\"\"\nsays = \"{home}",
        "USING (hom) WHERE h.home IS NULL\n\"\"\"\nsays = \"{home}",
    );
    board.edit(
        "pipelines/beds/return.toml",
        "'homes' AS \"table\", CAST(NULL AS INT) AS \"row\"\nFROM previous",
        "CAST(NULL AS INT) AS \"row\"\nFROM previous",
    );
    board.edit("pipelines/beds/return.toml", "column = \"code\"", "column = \"kode\"");
    board.edit("pipelines/beds/return.toml", "h.\"row\", 'la' AS", "'one' AS \"row\", 'la' AS");
    let output = board.run(&["validate"]);
    let told = said(&output);
    assert!(!output.status.success(), "{told}");
    for expected in [
        "the rule \"stays-in-known-homes\": there is no column hom",
        "the rule \"homes-do-not-vanish\"",
        "a column that says which table the row is of, as in 'homes' AS \"table\"",
        "the rule \"codes-in-use\"",
        "a column row with the number of the row that breaks the rule",
        "the codes of reference.la_codes: there is no column kode; did you mean code?",
    ] {
        assert!(told.contains(expected), "{expected:?} is not told:\n{told}");
    }
}

const USUAL: &str = r#"
title = "Episodes by area"
agencies = ["police"]
every = "quarter"
due = { working_days = 10 }
source = { kind = "by-hand" }
format = { kind = "csv" }
[governance]
purpose = "to see what is usual"
lawful_basis = "none is needed for made-up figures"
agreement = "none"
agreement_review = 2030-01-01
retention_years = 1
classification = "aggregate"
[[table]]
name = "episodes"
agency_column = "Force"
unique = ["area"]
extra_columns = "ignore"
[[table.column]]
name = "area"
type = "text"
[[table.column]]
name = "n"
type = "count"
[[table.outlier]]
id = "as-usual"
key = ["area"]
column = "n"
"#;

#[tokio::test]
async fn a_file_is_held_against_the_agencys_name_and_its_own_earlier_files() {
    let board = TestBoard::with_returns(&[]);
    board.write("pipelines/episodes/return.toml", USUAL);
    board.edit(
        "config/agencies.toml",
        "name = \"Exampleshire Police\"",
        "name = \"Exampleshire Police\"\naliases = [\"EXP\"]",
    );
    let daemon = board.start("2026-01-12T09:00:00Z");
    let offer = async |period: &str, text: String| {
        daemon.board.write("episodes.csv", text);
        daemon.submit("episodes.csv", "episodes", "police", period).await.unwrap_or_else(|refused| refused)
    };
    let quarters = ["2024-25-Q1", "2024-25-Q2", "2024-25-Q3", "2024-25-Q4", "2025-26-Q1"];
    for (quarter, n) in quarters.into_iter().zip([40, 44, 39, 42, 41]) {
        let said =
            offer(quarter, format!("Force,area,n,remark\nEXP,York,{n},1\nexampleshire police,Leeds,7,2\n")).await;
        assert!(said.contains(": accepted; 2 rows read, 2 accepted"), "{said}");
        assert!(!said.contains("column"), "nothing drifts: {said}");
    }
    let said = offer("2025-26-Q2", "Force,area,n,remark\nOtherton Police,York,40,1\n".to_owned()).await;
    assert!(said.contains("error column A, row 2: \"Force\" names another agency"), "{said}");
    let said =
        offer("2025-26-Q2", "area,Force,n,remark\nYork,Police,912,xq-remark\nLeeds,police,7,2\n".to_owned()).await;
    assert!(
        said.contains("query column C, row 2: \"n\" in C2 is much higher than in the last five periods."),
        "{said}"
    );
    assert!(
        said.contains("query \"remark\"") || said.contains("the cells of \"remark\" were all numbers in the last file"),
        "{said}"
    );
    assert!(said.contains("the columns stand in another order"), "{said}");
    assert!(!said.contains("912") && !said.contains("xq-remark"), "{said}");
}
