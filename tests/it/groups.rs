//! Agencies that are groups, and files that hold several areas.

use crate::support::{TestBoard, TestDaemon, said};

const OPEN: &str = "2025-07-08T09:00:00Z";

const CONTRACT: &str = r#"
title = "School figures"
agencies = ["schools"]
every = "quarter"
due = { working_days = 10 }
source = { kind = "by-hand" }
format = { kind = "csv" }

[governance]
purpose = "to see who is in school"
lawful_basis = "public task"
agreement = "the agreement"
agreement_review = 2027-03-31
retention_years = 6
classification = "aggregate"

[[table]]
name = "school_figures"
unique = ["school"]
member_column = "School"
area_column = "Area"
areas = ["Exampleshire", "Northtown"]
other_areas = "leave-out"

[[table.column]]
name = "school"
headings = ["School"]
type = "text"
required = true

[[table.column]]
name = "area"
headings = ["Area"]
type = "text"

[[table.column]]
name = "pupils"
headings = ["Pupils"]
type = "count"
"#;

const MEMBERS: &str = "members = [{ id = \"3001\", name = \"Hob Moor Primary\" }, { id = \"3002\", name = \"Clifton Green\" }, \
    { id = \"3003\", name = \"Fulford School\" }]\n";

fn board() -> TestBoard {
    let board = TestBoard::with_returns(&[]);
    board.write("pipelines/school-figures/return.toml", CONTRACT);
    let agencies = board.read("config/agencies.toml");
    let at = agencies.find("id = \"schools\"\n").unwrap() + "id = \"schools\"\n".len();
    board.write("config/agencies.toml", format!("{}{MEMBERS}{}", &agencies[..at], &agencies[at..]));
    board
}

async fn submit(daemon: &TestDaemon, rows: &[&str]) -> String {
    daemon.board.write("a.csv", format!("School,Area,Pupils\n{}\n", rows.join("\n")));
    daemon.submit("a.csv", "school-figures", "schools", "2025-26-Q1").await.unwrap()
}

#[tokio::test]
async fn the_members_of_a_group_are_counted_and_the_missing_ones_named_to_its_lead() {
    let daemon = board().start(OPEN);
    let said = submit(&daemon, &["3001,Exampleshire,210", "clifton  green,Exampleshire,180"]).await;
    assert!(said.contains("accepted, with questions"), "{said}");
    assert!(said.contains("2 of 3 members are in this file; missing: Fulford School."), "{said}");
    let coverage = "SELECT agency, period, members, present, missing FROM ledger.coverage";
    assert_eq!(daemon.sql(coverage).await, ["schools,2025-26-Q1,3,2,Fulford School"]);
    let letters = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let answer = letters.iter().find(|row| row.recipient == "attendance@schools.example").unwrap();
    assert!(answer.message["text"].as_str().unwrap().contains("missing: Fulford School"), "{}", answer.message);

    let said = submit(&daemon, &["3001,Exampleshire,210", "3002,Exampleshire,180", "3003,Northtown,900"]).await;
    assert!(said.contains(": accepted;"), "{said}");
    assert_eq!(daemon.sql(coverage).await, ["schools,2025-26-Q1,3,3,"]);
    let said =
        submit(&daemon, &["3001,Exampleshire,210", "3002,Exampleshire,180", "3003,Northtown,900", "3009,Northtown,9"])
            .await;
    assert!(said.contains("this is no member that we know") && !said.contains("3009"), "{said}");
    assert!(daemon.board.done(&["rebuild"]).contains("0 tables differ"));
}

#[tokio::test]
async fn a_member_is_one_however_it_is_written_and_counts_only_with_figures() {
    let daemon = board().start(OPEN);
    let said = submit(&daemon, &["3001,Exampleshire,210", "Hob Moor Primary,Northtown,5"]).await;
    assert!(said.contains("not accepted") && said.contains("this row has the same \"School\" as row 2"), "{said}");
    let said =
        submit(&daemon, &["3001,Exampleshire,210", "Clifton Green,Northtown,", "fulford school,Northtown,8"]).await;
    assert!(said.contains("2 of 3 members are in this file; missing: Clifton Green"), "{said}");
    assert!(said.contains("this member has no figures here; it counts as missing"), "{said}");
    let stored = daemon.sql("SELECT school, pupils FROM returns.school_figures ORDER BY school").await;
    assert_eq!(stored, ["3001,210", "3002,", "3003,8"]);
    let said = submit(&daemon, &["3001,Exampleshire,210", "3002,Exampleshire,180", "3003,Exampleshire,9"]).await;
    assert!(said.contains("there is no row of Northtown. Is that right, and why?"), "{said}");
}

/// The letters that ask for missing members, by the day they were written.
async fn asked(daemon: &TestDaemon) -> Vec<(String, String, String)> {
    let letters = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let asked = letters.into_iter().filter(|row| row.kind == "members").map(|row| {
        let day = row.enqueued_at.strftime("%F").to_string();
        (day, row.recipient, row.message["text"].as_str().unwrap().to_owned())
    });
    asked.collect()
}

#[tokio::test]
async fn a_group_whose_file_lacks_members_is_asked_for_them_in_one_letter_until_they_are_in() {
    let daemon = board().start(OPEN);
    submit(&daemon, &["3001,Exampleshire,210"]).await;
    daemon.advance("2025-07-14T12:00:00Z").await;
    let letters = asked(&daemon).await;
    let to: Vec<_> = letters.iter().map(|(day, to, _)| (day.as_str(), to.as_str())).collect();
    assert_eq!(to, [("2025-07-14", "attendance@schools.example"), ("2025-07-14", "mark.tranter@schools.example")]);
    let text = &letters[0].2;
    for part in ["has 1 of 3 in it", "- Clifton Green", "- Fulford School", "It takes the place of the one we have"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The chase of a return that came is not the members' matter, and nobody above the lead hears of it.
    daemon.advance("2025-08-14T12:00:00Z").await;
    let days: Vec<String> = asked(&daemon).await.into_iter().map(|(day, ..)| day).collect();
    assert_eq!(days, ["2025-07-14", "2025-07-14", "2025-07-16", "2025-07-16"]);
    let chased =
        daemon.messages().await.into_iter().filter(|m| m.starts_with("overdue") || m.starts_with("escalation"));
    assert_eq!(chased.count(), 0);
}

#[tokio::test]
async fn a_group_is_asked_no_more_once_all_are_in_or_somebody_said_why_they_are_not() {
    let daemon = board().start(OPEN);
    submit(&daemon, &["3001,Exampleshire,210"]).await;
    submit(&daemon, &["3001,Exampleshire,210", "3002,Exampleshire,180", "3003,Northtown,900"]).await;
    daemon.advance("2025-07-31T12:00:00Z").await;
    assert_eq!(asked(&daemon).await, []);

    let daemon = board().start(OPEN);
    submit(&daemon, &["3001,Exampleshire,210", "3002,Northtown,180"]).await;
    daemon.advance("2025-07-14T12:00:00Z").await;
    assert_eq!(asked(&daemon).await.len(), 2);
    daemon.board.done(&["explain", "1", "1", "--because", "Fulford School closed in May"]);
    daemon.advance("2025-07-31T12:00:00Z").await;
    assert_eq!(asked(&daemon).await.len(), 2);
}

#[tokio::test]
async fn a_group_is_chased_once_and_not_each_of_its_members() {
    let daemon = board().start("2025-07-01T06:00:00Z");
    daemon.advance("2025-07-17T12:00:00Z").await;
    let chased: Vec<String> = daemon.messages().await.into_iter().filter(|m| m.starts_with("overdue")).collect();
    let to: Vec<&str> = chased.iter().map(|message| message.split(' ').nth(1).unwrap()).collect();
    assert_eq!(to, ["attendance@schools.example", "mark.tranter@schools.example"]);
}

#[tokio::test]
async fn rows_of_other_areas_are_left_out_and_counted_or_refused_as_declared() {
    let daemon = board().start(OPEN);
    let rows = [
        "3001,Exampleshire,210",
        "3002,northtown,180",
        "3003,Exampleshire,900",
        "7001,Elsewhere,5",
        "7002,Elsewhere,6",
    ];
    let said = submit(&daemon, &rows).await;
    assert!(said.contains("5 rows read, 3 accepted, 2 refused"), "{said}");
    assert!(said.contains("two rows are of other areas and left out"), "{said}");
    let stored = daemon.sql("SELECT area, pupils FROM returns.school_figures ORDER BY school").await;
    assert_eq!(stored, ["Exampleshire,210", "Northtown,180", "Exampleshire,900"], "one area is written one way");
    let said = submit(&daemon, &["3001,,210", "3002,Exampleshire,180", "3003,Exampleshire,900"]).await;
    assert!(said.contains("not accepted") && said.contains("the row has no area"), "{said}");
    assert!(daemon.board.done(&["rebuild"]).contains("0 tables differ"));

    let (_, board) = daemon.terminate();
    board.edit("pipelines/school-figures/return.toml", "other_areas = \"leave-out\"\n", "");
    let daemon = board.start(OPEN);
    let said = submit(&daemon, &rows).await;
    assert!(
        said.contains("not accepted") && said.contains("of another area than Exampleshire and Northtown"),
        "{said}"
    );
    assert!(!said.contains("Elsewhere"), "{said}");
}

#[tokio::test]
async fn what_is_said_of_members_and_areas_must_fit() {
    let board = board();
    let path = "pipelines/school-figures/return.toml";
    board.edit(path, "area_column = \"Area\"\n", "");
    board.edit("config/agencies.toml", "\"3003\", name = \"Fulford School\"", "\"3003\", name = \"Hob Moor Primary\"");
    let problems = said(&board.run(&["validate"]));
    for part in ["an area_column, whose cells it speaks of", "a member that is listed once"] {
        assert!(problems.contains(part), "{part}: {problems}");
    }
    board.write("pipelines/school-figures/return.toml", CONTRACT);
    let agencies = board.read("config/agencies.toml");
    let start = agencies.find("\nmembers = ").unwrap() + 1;
    let end = start + agencies[start..].find('\n').unwrap();
    board.write("config/agencies.toml", format!("{}{}", &agencies[..start], &agencies[end..]));
    let problems = said(&board.run(&["validate"]));
    assert!(problems.contains("a member_column, and schools has no members"), "{problems}");
}
