//! Identities in a return that must hold none.

use std::{
    fs,
    path::{Path, PathBuf},
};

use quarterday::{
    check::{
        Contract,
        guard::{Found, Identity, look},
    },
    daemon::Command,
    ledger::{Event, MASTER},
    settings::{Problems, read_text},
};
use rust_xlsxwriter::{Note, Workbook};

use crate::support::{TestBoard, TestDaemon, launcher, said, shared_data};

const OPEN: &str = "2025-07-08T09:00:00Z";

/// What is planted, in a CSV of a return of figures.
const PLANTED: &str = "quarter,month,applications,children_in_applications,Forename,Surname,DOB,NHS number,UPN,Postcode\n\
    2025-26-Q1,2025-M04,5,8,Zebedee,Canarybird,12/03/2012,943 476 5919,P123456789123,YO1 7HG\n\
    2025-26-Q1,2025-M05,4,9,Zenobia,Canarybird,13/03/2012,401 023 2137,Y816200012345,YO24 2QR\n";
const CANARIES: &[&str] = &[
    "Zebedee",
    "Canarybird",
    "12/03/2012",
    "943 476 5919",
    "9434765919",
    "P123456789123",
    "YO1 7HG",
    "Zenobia",
    "401 023 2137",
    "YO24 2QR",
];

/// A contract for figures, or for what `classification` says.
fn contract(format: &str, classification: &str, more: &str) -> Result<Contract, String> {
    let text = format!(
        "title = \"T\"\nagencies = [\"police\"]\nevery = \"release\"\nsource = {{ kind = \"by-hand\" }}\n\
         format = {{ kind = \"{format}\" }}\n[governance]\npurpose = \"p\"\nlawful_basis = \"l\"\nagreement = \"a\"\n\
         agreement_review = 2026-01-01\nretention_years = 1\nclassification = \"{classification}\"\n\
         [[table]]\nname = \"a\"\nsheet = \"Return\"\n[[table.column]]\nname = \"n\"\ntype = \"count\"\n{more}"
    );
    let text = if format == "xlsx" { text } else { text.replace("sheet = \"Return\"\n", "") };
    let mut problems = Problems::default();
    let document = read_text("return.toml", &text, &mut problems).unwrap();
    let contract = Contract::settle("t".parse().unwrap(), &document);
    problems.merge(document.finish());
    if problems.is_empty() { Ok(contract.unwrap()) } else { Err(problems.to_string()) }
}

async fn found(format: &str, bytes: Vec<u8>) -> Vec<Found> {
    look(&contract(format, "aggregate", "").unwrap(), bytes, &launcher()).await.unwrap()
}

fn kinds(found: &[Found]) -> Vec<Identity> {
    let mut kinds: Vec<Identity> = found.iter().map(|found| found.kind).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

#[tokio::test]
async fn no_file_of_real_figures_raises_an_alarm() {
    let Some(data) = shared_data("") else { return };
    let (mut files, mut cells) = (0, 0_u64);
    let mut folders = vec!["attendance", "csc", "spc", "expected", "lait"]
        .into_iter()
        .map(|f| data.join(f))
        .collect::<Vec<PathBuf>>();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let format = path.extension().unwrap().to_str().unwrap().to_owned();
            let bytes = fs::read(&path).unwrap();
            cells += bytes.len() as u64;
            let found = found(&format, bytes).await;
            assert!(found.is_empty(), "{}: {found:?}", path.display());
            files += 1;
        }
    }
    println!("{files} files, {} MB: no alarm", cells >> 20);
    assert!(files > 60, "{files}");
}

#[tokio::test]
async fn every_planted_identity_is_found_in_each_format() {
    let all = Identity::ALL.to_vec();
    assert_eq!(kinds(&found("csv", PLANTED.into()).await), all);
    // A row too short: no table, and looked through as text all the same.
    assert_eq!(kinds(&found("csv", format!("{PLANTED}1,2\n").into_bytes()).await), all);
    let json = r#"[{"area": "York", "childFirstName": "Zebedee", "date_of_birth": "2012-03-12", "note": "NHS 943 476 5919, YO1 7HG, UPN P123456789123"}]"#;
    assert_eq!(kinds(&found("json", json.into()).await), all);
    assert_eq!(kinds(&found("json", format!("{json},").into_bytes()).await), all, "as far as it is JSON");
}

/// A workbook whose wanted sheet is clean, with something else beside it.
fn workbook(beside: impl FnOnce(&mut Workbook)) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("Return").unwrap();
    sheet.write_row(0, 0, ["Area", "n"]).unwrap();
    sheet.write_row(1, 0, ["York", "41"]).unwrap();
    beside(&mut book);
    book.save_to_buffer().unwrap()
}

#[tokio::test]
async fn a_workbook_is_looked_through_where_its_contract_does_not_look() {
    assert_eq!(found("xlsx", workbook(|_| {})).await, []);
    let hidden = workbook(|book| {
        let sheet = book.add_worksheet();
        sheet.set_name("Data").unwrap().set_hidden(true);
        sheet.write_row(0, 0, ["Forename", "DOB"]).unwrap();
        sheet.write_row(1, 0, ["Zebedee", "12/03/2012"]).unwrap();
    });
    let seen = found("xlsx", hidden).await;
    assert_eq!(kinds(&seen), [Identity::DateOfBirth, Identity::Name]);
    assert!(seen.iter().all(|found| found.hidden && found.row == 2), "{seen:?}");
    let row = workbook(|book| {
        let sheet = book.worksheet_from_name("Return").unwrap();
        sheet.write(5, 0, "943 476 5919").unwrap();
        sheet.set_row_hidden(5).unwrap();
    });
    assert_eq!(kinds(&found("xlsx", row).await), [Identity::NhsNumber]);
    let outside = workbook(|book| {
        book.worksheet_from_name("Return").unwrap().write(400, 90, "seen at YO1 7HG").unwrap();
    });
    assert_eq!(kinds(&found("xlsx", outside).await), [Identity::Postcode]);
    let noted = workbook(|book| {
        let note = Note::new("Zebedee, born 12/03/2012");
        book.worksheet_from_name("Return").unwrap().insert_note(1, 1, &note).unwrap();
    });
    assert_eq!(kinds(&found("xlsx", noted).await), [Identity::DateOfBirth]);
    let named = workbook(|book| {
        book.add_worksheet().set_name("P123456789123").unwrap();
    });
    assert_eq!(kinds(&found("xlsx", named).await), [Identity::Upn]);
}

#[tokio::test]
async fn what_a_pivot_table_keeps_behind_itself_is_looked_at() {
    let cache = r#"<pivotCacheDefinition xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cacheFields count="2">
        <cacheField name="Surname"><sharedItems count="1"><s v="Canarybird"/></sharedItems></cacheField>
        <cacheField name="Ward"><sharedItems count="1"><s v="Heworth"/></sharedItems></cacheField></cacheFields></pivotCacheDefinition>"#;
    let records = r#"<pivotCacheRecords xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><r><x v="0"/><s v="9434765919"/></r></pivotCacheRecords>"#;
    let mut zip = zip::ZipWriter::new_append(std::io::Cursor::new(workbook(|_| {}))).unwrap();
    let options = zip::write::SimpleFileOptions::default();
    for (name, text) in [("Definition1", cache), ("Records1", records)] {
        use std::io::Write;
        zip.start_file(format!("xl/pivotCache/pivotCache{name}.xml"), options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    let seen = found("xlsx", zip.finish().unwrap().into_inner()).await;
    assert_eq!(kinds(&seen), [Identity::NhsNumber, Identity::Name], "{seen:?}");
}

#[test]
fn only_returns_about_groups_declare_exemptions_and_each_has_a_place_and_a_reason() {
    let exempt = "[[guard.exempt]]\ncolumn = \"Station\"\nkind = \"postcode\"\nwhy = \"the police station's\"\n";
    assert_eq!(contract("csv", "aggregate", exempt).unwrap().exempt.len(), 1);
    let problems = contract("csv", "child-level", exempt).err().unwrap();
    assert!(problems.contains("child-level returns are not guarded"), "{problems}");
    let problems = contract("csv", "aggregate", "[[guard.exempt]]\nkind = \"address\"\ncell = \"3B\"\n").err().unwrap();
    for part in ["one of nhs-number, upn, postcode, date-of-birth, name", "cell = \"B3\"", "why = "] {
        assert!(problems.contains(part), "{part}: {problems}");
    }
    let problems = contract("csv", "aggregate", "[[guard.exempt]]\nkind = \"name\"\nwhy = \"w\"\n").err().unwrap();
    assert!(problems.contains("an exemption names its place"), "{problems}");
}

fn board() -> TestBoard {
    TestBoard::with_returns(&["care-applications", "missing-children"])
}

/// The board with a custodian, and the file of the custodian's secret key.
fn with_custodian(board: TestBoard) -> (TestBoard, PathBuf) {
    use age::secrecy::ExposeSecret;
    let key = age::x25519::Identity::generate();
    let custodian = format!(
        "[custodian]\nname = \"Ruth Caldwell\"\nemail = \"custodian@exampleshire.example\"\nrecipient = \"{}\"\n",
        key.to_public()
    );
    let config = board.read("config/quarterday.toml");
    board.write("config/quarterday.toml", format!("{config}\n{custodian}"));
    board.write("custodian.key", key.to_string().expose_secret());
    let path = board.path("custodian.key");
    (board, path)
}

async fn submit(daemon: &TestDaemon, file: &str) -> String {
    daemon.submit(file, "care-applications", "cafcass", "2025-26-Q1").await.unwrap()
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// The canaries in any file of the data folder, in the log, and in what is said elsewhere.
fn leaks(board: &TestBoard, elsewhere: &[String]) -> Vec<String> {
    let mut places: Vec<(String, Vec<u8>)> = files(&board.path("data"))
        .into_iter()
        .filter_map(|path| Some((path.display().to_string(), fs::read(&path).ok()?)))
        .collect();
    places.push(("the log".into(), fs::read(board.path("daemon.log")).unwrap()));
    places.extend(elsewhere.iter().map(|text| ("what was said".into(), text.clone().into_bytes())));
    let mut leaks = Vec::new();
    for (place, bytes) in places {
        for canary in CANARIES {
            if memchr::memmem::find(&bytes, canary.as_bytes()).is_some() {
                leaks.push(format!("{canary} in {place}"));
            }
        }
    }
    leaks
}

#[tokio::test]
async fn a_file_with_identities_is_sealed_and_nothing_of_it_is_anywhere() {
    let (board, key) = with_custodian(board());
    let daemon = board.start(OPEN);
    daemon.board.write("planted.csv", PLANTED);
    let mut heard = vec![submit(&daemon, "planted.csv").await];
    assert!(heard[0].contains("not accepted") && heard[0].contains("incident 1"), "{}", heard[0]);
    // The same again, and once more in a drop folder under a name that tells of a child.
    heard.push(submit(&daemon, "planted.csv").await);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("Return").unwrap();
    sheet.write_row(0, 0, ["Period", "Child's name"]).unwrap();
    sheet.write_row(1, 0, ["2025-26-Q1", "Zebedee Canarybird"]).unwrap();
    let name = "missing-children P123456789123 2025-26-Q1.xlsx";
    daemon.board.drop_file("police", name, book.save_to_buffer().unwrap());
    daemon.ring().await;
    daemon.ring().await;
    daemon.ring().await;

    let verdicts = daemon.sql("SELECT verdict FROM ledger.submissions ORDER BY submission").await;
    assert_eq!(verdicts, ["not_accepted", "not_accepted", "not_accepted"]);
    let (incidents, keys, wrong) =
        daemon.ledger().read(|txn| Ok((txn.incidents()?, txn.data_keys()?, txn.verify()?))).await.unwrap();
    assert_eq!(incidents.len(), 2, "the same file opens no second incident");
    assert_eq!(incidents[0].kinds, ["nhs-number", "upn", "postcode", "date-of-birth", "name"]);
    assert_eq!(incidents[1].kinds, ["upn", "name"]);
    assert!(keys.is_empty(), "no readable key is left");
    assert!(wrong.is_empty(), "{wrong:?}");
    let sealed = files(&daemon.board.path("data/landing"));
    assert!(sealed.iter().all(|path| path.starts_with(daemon.board.path("data/landing/sealed"))), "{sealed:?}");

    let messages = daemon.messages().await;
    let to = |kind: &str| {
        let of_kind = messages.iter().filter(|message| message.starts_with(kind));
        of_kind.map(|message| message.split(' ').nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert!(to("incident-sender").contains(&"area.data@cafcass.example".to_owned()), "{messages:?}");
    assert!(to("incident-manager").contains(&"manager@exampleshire.example".to_owned()), "{messages:?}");
    assert!(to("incident-manager").contains(&"custodian@exampleshire.example".to_owned()), "{messages:?}");
    let letters = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let letters: Vec<String> = letters.iter().map(|row| row.message.to_string()).collect();
    assert!(letters.iter().any(|text| text.contains("drop/police")), "it says where it also lies");
    assert!(letters.iter().any(|text| text.contains("7 August")), "it says when it is destroyed: {letters:?}");

    heard.extend(letters);
    heard.push(daemon.board.done(&["status"]));
    heard.push(daemon.board.done(&["incidents"]));
    heard.push(said(&daemon.board.run(&["verify"])));
    heard.push(said(&daemon.board.run(&["rebuild"])));
    heard.push(said(&daemon.board.run(&["release", "1", "--reason", "r"])));
    for page in ["/", "/metrics"] {
        heard.push(reqwest::get(daemon.page(page)).await.unwrap().text().await.unwrap());
    }
    for table in ["obligations", "submissions", "messages"] {
        heard.push(daemon.sql(&format!("SELECT * FROM ledger.{table}")).await.join("\n"));
    }
    assert!(heard.iter().any(|text| text.contains("submission 1 is not held")));
    assert_eq!(daemon.sql("SELECT count(*) FROM returns.care_applications").await, ["0"]);
    assert_eq!(leaks(&daemon.board, &heard), Vec::<String>::new());

    // The custodian opens it, nobody else does, and that is recorded.
    let key = key.display().to_string();
    let out = daemon.board.path("opened.csv").display().to_string();
    daemon.board.done(&["incident", "1", "open", "--identity", &key, "--to", &out]);
    assert_eq!(daemon.board.read("opened.csv"), PLANTED);
    let master = daemon.board.path("data/master.key").display().to_string();
    let other = daemon.board.path("other.csv").display().to_string();
    let refused = said(&daemon.board.run(&["incident", "1", "open", "--identity", &master, "--to", &other]));
    assert!(refused.contains("sealed for another key"), "{refused}");
    let events = daemon.ledger().read(|txn| txn.events_of("care-applications/cafcass/2025-26-Q1")).await.unwrap();
    assert!(events.iter().any(|recorded| matches!(recorded.event, Event::IncidentRead { incident: 1 })));
}

#[tokio::test]
async fn where_nobody_is_there_to_be_told_the_manager_hears_that_too() {
    let daemon = board().start(OPEN);
    daemon.board.write("planted.csv", PLANTED);
    // A period before the board began: nobody owes it.
    let said = daemon.submit("planted.csv", "care-applications", "cafcass", "2023-24-Q1").await.unwrap();
    assert!(said.contains("incident 1"), "{said}");
    let messages = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let of = |kind: &str| messages.iter().filter(|row| row.kind == kind).collect::<Vec<_>>();
    assert!(of("incident-sender").is_empty());
    let manager = of("incident-manager")[0].message["text"].as_str().unwrap();
    assert!(manager.contains("No letter about it goes to anybody but you"), "{manager}");
    assert!(!manager.contains("is on its way to"), "{manager}");
    submit(&daemon, "planted.csv").await;
    let messages = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let manager = messages.iter().rfind(|row| row.kind == "incident-manager").unwrap().message["text"].to_string();
    assert!(manager.contains("without the content, is on its way to area.data@cafcass.example"), "{manager}");
}

#[tokio::test]
async fn identities_are_found_inside_wrappings_and_in_the_names_of_what_is_in_them_and_no_copy_goes_back() {
    let (board, _) = with_custodian(board());
    let daemon = board.start(OPEN);
    let sample = "pipelines/care-applications/samples/accepted-2025-26-Q1.csv";
    let clean = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(sample)).unwrap();
    let named = "P123456789123 2025-26-Q1.csv";
    daemon.board.write("planted.zip", zipped("figures.csv", PLANTED.as_bytes()));
    daemon.board.write("nested.zip", zipped("figures.zip", &zipped("figures.csv", PLANTED.as_bytes())));
    daemon.board.write("named.zip", zipped(named, &clean));
    daemon.board.write("clean.zip", zipped("figures.csv", &clean));
    for (file, incident) in [("planted.zip", "incident 1"), ("nested.zip", "incident 2"), ("named.zip", "incident 3")] {
        let said = submit(&daemon, file).await;
        assert!(said.contains("not accepted") && said.contains(incident), "{file}: {said}");
    }
    let incidents = daemon.ledger().read(|txn| txn.incidents()).await.unwrap();
    let all = Identity::ALL.map(Identity::as_str);
    let kinds: Vec<_> = incidents.iter().map(|incident| incident.kinds.clone()).collect();
    assert_eq!(kinds, [all.to_vec(), all.to_vec(), vec!["upn"]]);

    // A workbook in an archive: its sender gets no marked copy of what is sealed.
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("Return").unwrap();
    sheet.write_row(0, 0, ["Period", "Child's name"]).unwrap();
    sheet.write_row(1, 0, ["2025-26-Q1", "Zebedee Canarybird"]).unwrap();
    let packed = zipped("missing.xlsx", &book.save_to_buffer().unwrap());
    daemon.board.write("missing.zip", packed);
    let said = daemon.submit("missing.zip", "missing-children", "police", "2025-26-Q1").await.unwrap();
    assert!(said.contains("incident 4"), "{said}");
    let letters = daemon.ledger().read(|txn| txn.messages()).await.unwrap();
    let told: Vec<_> = letters.iter().filter(|row| row.kind.starts_with("incident")).collect();
    assert!(told.len() >= 4, "{}", told.len());
    assert!(told.iter().all(|row| row.message["attachments"].as_array().is_none_or(Vec::is_empty)));
    let heard: Vec<String> = letters.iter().map(|row| row.message.to_string()).collect();
    assert_eq!(leaks(&daemon.board, &heard), Vec::<String>::new());

    let said = submit(&daemon, "clean.zip").await;
    assert!(said.contains("accepted") && !said.contains("not accepted"), "{said}");
}

/// One file in an archive.
fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(bytes).unwrap();
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn a_sealed_file_is_destroyed_at_a_word_or_on_its_day() {
    let (board, key) = with_custodian(board());
    let daemon = board.start(OPEN);
    daemon.board.write("planted.csv", PLANTED);
    daemon.board.write("other.csv", PLANTED.replace("Zebedee", "Zuleika"));
    submit(&daemon, "planted.csv").await;
    submit(&daemon, "other.csv").await;
    assert!(daemon.board.done(&["incident", "1", "destroy"]).contains("is destroyed"));
    assert!(daemon.board.done(&["incident", "1", "destroy"]).contains("was destroyed before"));
    let unknown = said(&daemon.board.run(&["incident", "9", "destroy"]));
    assert!(unknown.contains("there is no incident 9"), "{unknown}");
    let (key, out) = (key.display().to_string(), daemon.board.path("o.csv").display().to_string());
    let gone = said(&daemon.board.run(&["incident", "1", "open", "--identity", &key, "--to", &out]));
    assert!(gone.contains("destroyed"), "{gone}");
    assert_eq!(files(&daemon.board.path("data/landing/sealed")).len(), 1);
    daemon.advance("2025-08-06T12:00:00Z").await;
    assert_eq!(files(&daemon.board.path("data/landing/sealed")).len(), 1);
    daemon.advance("2025-08-07T12:00:00Z").await;
    assert!(files(&daemon.board.path("data/landing/sealed")).is_empty());
    let listed = daemon.board.done(&["incidents"]);
    assert!(
        listed.contains("destroyed on 8 July 2025 by tester")
            && listed.contains("destroyed on 7 August 2025 by daemon"),
        "{listed}"
    );
    // Its bytes are still known, and not kept anew.
    assert!(submit(&daemon, "planted.csv").await.contains("incident 1"));
    assert!(files(&daemon.board.path("data/landing")).is_empty());
    assert!(daemon.ledger().read(|txn| txn.verify()).await.unwrap().is_empty());
}

#[tokio::test]
async fn without_a_custodian_it_is_sealed_all_the_same_status_warns_and_one_who_is_named_later_gets_it() {
    let daemon = board().start(OPEN);
    daemon.board.write("planted.csv", PLANTED);
    submit(&daemon, "planted.csv").await;
    let incident = daemon.ledger().read(|txn| txn.incident(1)).await.unwrap().unwrap();
    assert_eq!(incident.sealed_for, MASTER);
    assert!(daemon.ledger().read(|txn| txn.data_keys()).await.unwrap().is_empty());
    assert!(daemon.board.done(&["status"]).contains("no custodian is named"));
    let order = Command::ReadSealed { incident: 1, actor: "tester".into() };
    assert!(daemon.order(order).await.unwrap_err().contains("no custodian is named"));
    let (ended, board) = daemon.terminate();
    assert!(ended.success());
    let (board, key) = with_custodian(board);
    let daemon = board.start(OPEN);
    daemon.ring().await;
    let (key, out) = (key.display().to_string(), daemon.board.path("opened.csv").display().to_string());
    daemon.board.done(&["incident", "1", "open", "--identity", &key, "--to", &out]);
    assert_eq!(daemon.board.read("opened.csv"), PLANTED);
}

#[tokio::test]
async fn a_kill_at_any_step_leaves_no_readable_key_beside_a_record_that_says_sealed() {
    for place in ["intake-after-landing", "intake-after-received", "incident-after-copy", "incident-after-record"] {
        let mut board = board();
        board.write("planted.csv", PLANTED);
        board.set("FAILPOINTS", Some(&format!("{place}=return")));
        let daemon = board.start(OPEN);
        let killed = daemon.submit("planted.csv", "care-applications", "cafcass", "2025-26-Q1").await;
        assert!(killed.is_err(), "{place}: {killed:?}");
        let mut board = daemon.wait_for_death();
        let (incidents, keys) = board.ledger().read(|txn| Ok((txn.incidents()?, txn.data_keys()?))).await.unwrap();
        assert!(incidents.is_empty() || keys.is_empty(), "{place}");
        board.set("FAILPOINTS", None);
        let daemon = board.start(OPEN);
        daemon.ring().await;
        if place == "intake-after-landing" {
            submit(&daemon, "planted.csv").await;
        }
        let (incidents, keys, wrong) =
            daemon.ledger().read(|txn| Ok((txn.incidents()?, txn.data_keys()?, txn.verify()?))).await.unwrap();
        assert_eq!((incidents.len(), keys.len()), (1, 0), "{place}");
        assert!(wrong.is_empty(), "{place}: {wrong:?}");
        let letters = daemon.messages().await.iter().filter(|m| m.starts_with("incident-sender")).count();
        assert_eq!(letters, 1, "{place}: told once");
        let left = files(&daemon.board.path("data/landing"));
        assert_eq!(left, [daemon.board.path("data/landing/sealed/1.age")], "{place}");
        assert_eq!(leaks(&daemon.board, &[]), Vec::<String>::new(), "{place}");
    }
}

#[tokio::test]
async fn what_is_declared_lets_the_same_file_in_and_a_return_about_children_is_not_guarded() {
    let csv = "quarter,month,applications,children_in_applications,Court\n2025-26-Q1,2025-M04,5,8,YO1 7HG\n\
        2025-26-Q1,2025-M05,4,9,YO1 7HG\n2025-26-Q1,2025-M06,6,10,YO1 7HG\n";
    let daemon = board().start(OPEN);
    daemon.board.write("courts.csv", csv);
    assert!(submit(&daemon, "courts.csv").await.contains("incident 1"));
    let (_, board) = daemon.terminate();
    let contract = board.read("pipelines/care-applications/return.toml");
    let exempt = "\n[[guard.exempt]]\ncolumn = \"Court\"\nkind = \"postcode\"\nwhy = \"the postcode of a court\"\n";
    board.write("pipelines/care-applications/return.toml", format!("{contract}{exempt}"));
    let daemon = board.start(OPEN);
    let said = submit(&daemon, "courts.csv").await;
    assert!(said.contains(": accepted"), "{said}");
    let (_, board) = daemon.terminate();
    let contract = contract.replace("classification = \"aggregate\"", "classification = \"child-level\"");
    board.write("pipelines/care-applications/return.toml", contract);
    let daemon = board.start(OPEN);
    daemon.board.write("planted.csv", PLANTED);
    assert!(submit(&daemon, "planted.csv").await.contains(": accepted, with questions"));
}

/// A name of whoever filled the form in, crime numbers that pass for NHS numbers and a station's postcode: each is declared
/// where it stands, and nowhere else.
#[tokio::test]
async fn a_workbook_may_say_who_prepared_it_and_hold_crime_numbers_where_that_is_declared() {
    let board = board();
    let path = "pipelines/care-applications/return.toml";
    let contract = board.read(path);
    let table = |exempt: &str| {
        let head = &contract[..contract.find("[format]").unwrap()];
        format!(
            "{head}[format]\nkind = \"workbook\"\n{exempt}\n[[table]]\nname = \"care_applications\"\nsheet = \"Return\"\n\
             extra_columns = \"ignore\"\n[[table.column]]\nname = \"applications\"\nheadings = [\"Applications\"]\n\
             type = \"count\"\nrequired = true\n"
        )
    };
    let book = |moved: bool| {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet().set_name("Return").unwrap();
        sheet.write_string(0, 0, "Applications to the court").unwrap();
        sheet.write_string(1, 0, "Full name").unwrap().write_string(1, 1, "Amy Canarybird").unwrap();
        for (column, heading) in ["Applications", "Crime number", "Station"].into_iter().enumerate() {
            sheet.write_string(3, column as u16, heading).unwrap();
        }
        for row in 4..7 {
            sheet.write_number(row, 0, row).unwrap().write_string(row, 1, "9434765919").unwrap();
            sheet.write_string(row, 2, "YO1 7HG").unwrap();
        }
        if moved {
            sheet.write_string(8, 0, "9434765919").unwrap();
        }
        book.save_to_buffer().unwrap()
    };
    let exempt =
        |place: &str, kind: &str| format!("[[guard.exempt]]\n{place}\nkind = \"{kind}\"\nwhy = \"as agreed\"\n");
    let (name, crime) = (exempt("cell = \"B2\"", "name"), exempt("sheet = \"Return\"\ncolumn = \"B\"", "nhs-number"));
    let station = exempt("column = \"Station\"", "postcode");
    board.write(path, table(""));
    let mut daemon = board.start(OPEN);
    for (number, (moved, exempt, incident)) in [
        (false, String::new(), true),
        (false, format!("{name}{station}"), true),
        (false, format!("{crime}{station}"), true),
        (true, format!("{name}{crime}{station}"), true),
        (false, format!("{name}{crime}{station}"), false),
    ]
    .into_iter()
    .enumerate()
    {
        let (_, board) = daemon.terminate();
        board.write(path, table(&exempt));
        // The same bytes that were sealed before are no longer looked at: each file is another.
        let mut bytes = book(moved);
        bytes.extend(std::iter::repeat_n(0, number));
        board.write("return.xlsx", bytes);
        daemon = board.start(OPEN);
        let said = submit(&daemon, "return.xlsx").await;
        assert_eq!(said.contains("incident"), incident, "{number}: {said}");
        assert!(incident || said.contains(": accepted"), "{said}");
    }
}

/// The board with care applications in another format: `format` is what `[format]` says, `table` what else the table does.
fn in_format(format: &str, table: &str) -> TestBoard {
    let board = board();
    let path = "pipelines/care-applications/return.toml";
    let contract = board.read(path);
    let head = &contract[..contract.find("[source]").unwrap()];
    let column =
        "[[table.column]]\nname = \"applications\"\nheadings = [\"applications\"]\ntype = \"count\"\nrequired = true\n";
    board.write(
        path,
        format!(
            "{head}[source]\nkind = \"by-hand\"\n\n[format]\n{format}\n\n[[table]]\nname = \"care_applications\"\n\
             extra_columns = \"ignore\"\n{table}\n{column}"
        ),
    );
    board
}

/// What is said of each file, offered in turn; `None` for one that is accepted, else the findings.
async fn judged(board: TestBoard, ending: &str, files: &[&[u8]]) -> Vec<Option<String>> {
    let daemon = board.start(OPEN);
    let mut judged = Vec::new();
    for (file, number) in files.iter().zip(1..) {
        let name = format!("offered-{number}.{ending}");
        daemon.board.write(&name, file);
        let said = submit(&daemon, &name).await;
        let is_sealed = said.contains("not accepted") && said.contains("incident");
        assert!(is_sealed || said.contains(": accepted"), "{name}: {said}");
        judged.push(is_sealed.then_some(said));
    }
    let left = daemon.ledger().read(|txn| txn.data_keys()).await.unwrap().len();
    assert_eq!(left, judged.iter().flatten().count().abs_diff(files.len()), "what is sealed has no readable key");
    judged
}

/// All but the first are sealed; answers with what was said of them.
async fn all_but_the_first_are_sealed(board: TestBoard, ending: &str, files: &[&[u8]]) -> Vec<String> {
    let judged = judged(board, ending, files).await;
    assert_eq!(judged[0], None);
    for (judged, number) in judged.iter().zip(1..).skip(1) {
        assert!(judged.is_some(), "file {number} was accepted");
    }
    judged.into_iter().flatten().collect()
}

#[tokio::test]
async fn what_stands_above_the_headings_and_below_the_table_of_a_csv_is_looked_at() {
    let board = in_format("kind = \"csv\"\nfooter = [\"Total*\"]", "");
    let said = all_but_the_first_are_sealed(
        board,
        "csv",
        &[
            b"Care applications,,\nApril to June,,\napplications,area,\n5,York,\nTotal,,\nas at 30/06/2025,,\n",
            b"NHS no 943 476 5919,,\napplications,area,\n5,York,\nTotal,,\n",
            b"Child: DOB 12/03/2012,,\n\napplications,area,\n6,York,\nTotal,,\n",
            b"applications,area,\n5,\"York\nand around\",\nTotal,,\nseen at YO1 7HG,,\n",
            b"applications,area,\n5,York,\nTotal 943 476 5919,,\n",
        ],
    )
    .await;
    assert!(said[0].contains("column A, row 1"), "{}", said[0]);
    assert!(said[2].contains("column A, row 4"), "{}", said[2]);
}

#[tokio::test]
async fn what_stands_beside_the_records_of_json_is_looked_at() {
    let data = |beside: &str| format!("{{{beside}\"data\":[{{\"applications\":5,\"area\":\"York\"}}]}}").into_bytes();
    let files = [
        data("\"meta\":{\"by\":{\"name\":\"Priya Nair\",\"on\":\"2025-07-04\"}},"),
        data("\"meta\":{\"child\":{\"nhs\":\"943 476 5919\"}},"),
        data("\"meta\":{\"child\":{\"nhs\":9434765919}},"),
        data("\"children\":[{\"name\":\"Amy Smith\"}],"),
        data("\"children\":[{\"birthDate\":\"2012-03-12\"}],"),
        br#"{"data":[{"applications":5,"children":[{"firstName":"Amy"}]}]}"#.to_vec(),
    ];
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let said = all_but_the_first_are_sealed(in_format("kind = \"json\"", ""), "json", &files).await;
    assert!(said[0].contains("the values beside the records hold what looks like an NHS number"), "{}", said[0]);
}

#[tokio::test]
async fn what_stands_beside_the_rows_of_xml_is_looked_at_and_the_place_is_no_sheet() {
    let file = |beside: &str, inside: &str| {
        format!("<Message>{beside}<Area><applications>5</applications>{inside}</Area></Message>").into_bytes()
    };
    let files = [
        file("<Header><Contact><Forename>Priya</Forename></Contact><Date>2025-07-04</Date></Header>", ""),
        file("<Children><Child><Forename>Amy</Forename><Surname>Smith</Surname></Child></Children>", ""),
        file("<Children><Child><PersonBirthDate>2012-03-12</PersonBirthDate></Child></Children>", ""),
        file("<Children><Child nhs=\"943 476 5919\"/></Children>", ""),
        file("<!-- UPN P123456789123 -->", ""),
        file("", "<ChildFirstName>Amy</ChildFirstName>"),
    ];
    let files: Vec<&[u8]> = files.iter().map(Vec::as_slice).collect();
    let board = in_format("kind = \"xml\"", "rows = \"/Message/Area\"");
    let said = all_but_the_first_are_sealed(board, "xml", &files).await;
    assert!(said[0].contains("the elements beside the rows hold what looks like a person's name"), "{}", said[0]);
    assert!(said[4].contains("It is in an element /Message/Area."), "{}", said[4]);
    assert!(said.iter().all(|said| !said.contains("sheet")), "{said:?}");
}

/// Several files in an archive.
fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    use std::io::Write;
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn files_of_an_archive_that_are_not_asked_for_are_looked_through() {
    let figures: (&str, &[u8]) = ("figures.csv", b"applications,area\n5,York\n");
    let book = workbook(|book| {
        book.worksheet_from_name("Return").unwrap().write(5, 0, "943 476 5919").unwrap();
    });
    let inner = archive(&[("children.txt", b"Child's name: Amy Smith\n")]);
    let beside: [(&str, &[u8]); 7] = [
        ("letter.pdf", b"%PDF-1.7 943 476 5919"),
        ("children.csv", b"Forename,DOB\nAmy,12/03/2012\n"),
        ("children.xlsx", &book),
        ("children.xml", b"<Child><Forename>Amy</Forename></Child>"),
        ("children.json", b"{\"child\":{\"forename\":\"Amy\"}}"),
        ("children.zip", &inner),
        ("readme", b"she lives at YO1 7HG"),
    ];
    let archives = beside.map(|other| archive(&[figures, other]));
    let files: Vec<&[u8]> = archives.iter().map(Vec::as_slice).collect();
    let board = in_format("kind = \"csv\"\nmember = \"figures.csv\"", "");
    let said = all_but_the_first_are_sealed(board, "zip", &files).await;
    assert!(said[0].contains("files of the archive that are not asked for hold what looks like"), "{}", said[0]);

    // An archive of which nobody knows which file is meant is not taken, and not kept open either.
    let daemon = in_format("kind = \"csv\"", "").start(OPEN);
    daemon.board.write("two.zip", archive(&[figures, ("more.csv", figures.1)]));
    daemon.board.write("planted.zip", archive(&[figures, ("children.csv", b"Forename\nAmy\n")]));
    daemon.board.write("named.zip", archive(&[figures, ("P123456789123.csv", figures.1)]));
    let said = submit(&daemon, "two.zip").await;
    assert!(said.contains("not accepted") && said.contains("more.csv") && !said.contains("incident"), "{said}");
    for (file, incident) in [("planted.zip", "incident 1"), ("named.zip", "incident 2")] {
        let said = submit(&daemon, file).await;
        assert!(said.contains("not accepted") && said.contains(incident) && !said.contains(".csv"), "{said}");
    }
}

#[tokio::test]
async fn what_a_workbook_keeps_beside_its_cells_is_looked_at() {
    use rust_xlsxwriter::{DataValidation, DocProperties, Shape, Url};
    fn sheet(book: &mut Workbook) -> &mut rust_xlsxwriter::Worksheet {
        book.worksheet_from_name("Return").unwrap()
    }
    let books = [
        workbook(|book| {
            sheet(book).write_row(0, 0, ["applications", "area"]).unwrap();
            sheet(book).write_row(1, 0, ["5", "York"]).unwrap();
        }),
        workbook(|book| {
            book.set_properties(&DocProperties::new().set_title("Review of P123456789123"));
        }),
        workbook(|book| {
            book.set_properties(&DocProperties::new().set_comment("NHS 943 476 5919"));
        }),
        workbook(|book| {
            sheet(book).set_header("&C&\"Arial,Bold\"&12DOB 12/03/2012");
        }),
        workbook(|book| {
            sheet(book).set_footer("&C943 476 5919");
        }),
        workbook(|book| {
            book.define_name("Child", "=\"943 476 5919\"").unwrap();
        }),
        workbook(|book| {
            let list = DataValidation::new().allow_list_strings(&["P123456789123", "other"]).unwrap();
            sheet(book).add_data_validation(1, 1, 5, 1, &list).unwrap();
        }),
        workbook(|book| {
            let link = Url::new("file:///C:/cases/9434765919.docx").set_text("notes");
            sheet(book).write_url(8, 0, link).unwrap();
        }),
        workbook(|book| {
            let shape = Shape::textbox().set_text("Child's surname: Canarybird");
            sheet(book).insert_shape(3, 3, &shape).unwrap();
        }),
    ];
    let counted: Vec<Vec<Identity>> = {
        let mut all = Vec::new();
        for book in &books {
            all.push(kinds(&found("xlsx", book.clone()).await));
        }
        all
    };
    let expected = [
        vec![],
        vec![Identity::Upn],
        vec![Identity::NhsNumber],
        vec![Identity::DateOfBirth],
        vec![Identity::NhsNumber],
        vec![Identity::NhsNumber],
        vec![Identity::Upn],
        vec![Identity::NhsNumber],
        vec![Identity::Name],
    ];
    assert_eq!(counted, expected);
    // Who made a workbook is the adult who prepared it.
    let made = workbook(|book| {
        book.set_properties(&DocProperties::new().set_author("Priya Nair, YO1 7HG"));
    });
    assert_eq!(found("xlsx", made).await, []);

    let files: Vec<&[u8]> = books.iter().map(Vec::as_slice).collect();
    let board = in_format("kind = \"workbook\"", "sheet = \"Return\"");
    all_but_the_first_are_sealed(board, "xlsx", &files).await;
}

#[tokio::test]
async fn a_note_a_text_box_and_a_page_header_of_an_open_document_are_looked_at() {
    let content = |cell: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><office:document-content \
             xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\" \
             xmlns:table=\"urn:oasis:names:tc:opendocument:xmlns:table:1.0\" \
             xmlns:text=\"urn:oasis:names:tc:opendocument:xmlns:text:1.0\" \
             xmlns:draw=\"urn:oasis:names:tc:opendocument:xmlns:drawing:1.0\" \
             xmlns:dc=\"http://purl.org/dc/elements/1.1/\" office:version=\"1.2\"><office:body><office:spreadsheet>\
             <table:table table:name=\"Return\"><table:table-row>\
             <table:table-cell office:value-type=\"string\"><text:p>applications</text:p></table:table-cell></table:table-row>\
             <table:table-row><table:table-cell office:value-type=\"float\" office:value=\"5\">{cell}<text:p>5</text:p>\
             </table:table-cell></table:table-row></table:table></office:spreadsheet></office:body>\
             </office:document-content>"
        )
    };
    let manifest = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><manifest:manifest \
         xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\"/>";
    let book = |content: &str, styles: &str| {
        archive(&[
            ("mimetype", b"application/vnd.oasis.opendocument.spreadsheet"),
            ("META-INF/manifest.xml", manifest.as_bytes()),
            ("content.xml", content.as_bytes()),
            ("styles.xml", styles.as_bytes()),
        ])
    };
    let (plain, styles) = (content(""), "<office:styles/>");
    let note =
        "<office:annotation><dc:creator>Priya Nair</dc:creator><text:p>NHS 943 476 5919</text:p></office:annotation>";
    let text_box = "<draw:frame><draw:text-box><text:p>seen at YO1 7HG</text:p></draw:text-box></draw:frame>";
    let header = "<office:styles><style:header><text:p>DOB 12/03/2012</text:p></style:header></office:styles>";
    let books =
        [book(&plain, styles), book(&content(note), styles), book(&content(text_box), styles), book(&plain, header)];
    let files: Vec<&[u8]> = books.iter().map(Vec::as_slice).collect();
    let board = in_format("kind = \"workbook\"", "sheet = \"Return\"");
    all_but_the_first_are_sealed(board, "ods", &files).await;
}

#[tokio::test]
async fn names_below_a_child_and_identifiers_however_they_are_written_are_found() {
    let nhs = |written: [&str; 3]| format!("applications,ref\n5,{}\n5,{}\n5,{}\n", written[0], written[1], written[2]);
    let files = [
        "applications,Name,Child\n5,North Yorkshire,Looked After\n6,Hob Moor Primary,Child A\n".to_owned(),
        "applications,Child\n5,Amy Smith\n".to_owned(),
        "applications,Young person\n5,Amy Smith\n".to_owned(),
        "applications,Name,Date of birth\n5,Amy,\n".to_owned(),
        "applications,Birthday\n5,12/03/2012\n".to_owned(),
        "applications,Date born\n5,12/03/2012\n".to_owned(),
        "applications,DoB\n5,12/03/2012\n".to_owned(),
        "applications,PersonBirthDate\n5,2012-03-12\n".to_owned(),
        nhs(["943 4765919", "401 0232137", "943 4765919"]),
        nhs(["943/476/5919", "401/023/2137", "943/476/5919"]),
        nhs(["9 4 3 4 7 6 5 9 1 9", "4 0 1 0 2 3 2 1 3 7", "9 4 3 4 7 6 5 9 1 9"]),
        "applications,ref\n5,９４３　４７６　５９１９\n5,９４３４７６５９１９\n".to_owned(),
        "applications,NHS no\n5,943  476  5919\n".to_owned(),
        "applications,where\n5,YO1-7HG\n".to_owned(),
        "applications,where\n5,YO1.7HG\n".to_owned(),
        "applications,ref\n5,P 1234567 89123\n".to_owned(),
    ];
    let files: Vec<&[u8]> = files.iter().map(String::as_bytes).collect();
    all_but_the_first_are_sealed(in_format("kind = \"csv\"", ""), "csv", &files).await;
}

#[tokio::test]
async fn words_that_are_kept_with_a_decision_tell_of_no_child() {
    let daemon = board().start(OPEN);
    let nil = |reason: &str| Command::Nil {
        return_id: "care-applications".parse().unwrap(),
        agency: "cafcass".parse().unwrap(),
        period: "2025-26-Q1".parse().unwrap(),
        reason: reason.to_owned(),
        actor: "tester".into(),
    };
    let refused = daemon.order(nil("Amy Smith 943 476 5919 moved")).await.unwrap_err();
    assert!(refused.contains("an NHS number") && refused.contains("say it without"), "{refused}");
    assert!(!refused.contains("943"), "{refused}");
    assert_eq!(daemon.sql("SELECT count(*) FROM ledger.submissions").await, ["0"]);
    let order = Command::Release { submission: 1, accept: true, reason: "seen at YO1 7HG".into(), actor: "t".into() };
    let refused = daemon.order(order).await.unwrap_err();
    assert!(refused.contains("a full postcode"), "{refused}");
    assert_eq!(leaks(&daemon.board, &[]), Vec::<String>::new());
    daemon.order(nil("no application was made")).await.unwrap();
}
