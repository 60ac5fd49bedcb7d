//! The ready-made workbook: what it holds, that a filled one is accepted, and that reminders bring it.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read, Write},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use calamine::{Data, Reader, Xlsx};
use jiff::Timestamp;
use mail_parser::{MessageParser, MimeHeaders};
use quarterday::{
    check::{Claim, Contract, Judgement, Past, check},
    decode::{Format, decode, letter, marks_of},
    domain::Period,
    form::Template,
    ledger::ObligationKey,
};
use zip::{ZipArchive, ZipWriter, write::SimpleFileOptions};

use crate::support::{Nowhere, TestBoard, contract, launcher};

fn pipelines() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.retain(|path| path.is_dir());
    folders.sort();
    folders
}

fn workbooks() -> Vec<(PathBuf, Contract)> {
    let all = pipelines().into_iter().map(|folder| (folder.clone(), contract(&folder)));
    all.filter(|(_, contract)| matches!(contract.format, Format::Workbook(_))).collect()
}

fn template(contract: &Contract, period: Period) -> Vec<u8> {
    let now: Timestamp = "2025-07-01T08:00:00Z".parse().unwrap();
    let template = Template {
        contract,
        agency: Some((&contract.agencies[0], "Exampleshire Police")),
        period: Some(period),
        due: Some("Monday 14 July 2025, 17:00".into()),
        board: "Exampleshire Safeguarding Children Partnership",
        contact: ["Business Unit", "01234 567 890", "unit@exampleshire.example"],
        now,
    };
    template.write().unwrap()
}

fn part(workbook: &[u8], name: &str) -> String {
    let mut text = String::new();
    ZipArchive::new(Cursor::new(workbook)).unwrap().by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

/// Fills cells in as a spreadsheet would: into the cells that are there, with the looks they have.
fn filled(workbook: &[u8], sheets: &BTreeMap<usize, Vec<(String, Data)>>) -> Vec<u8> {
    let mut archive = ZipArchive::new(Cursor::new(workbook)).unwrap();
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..archive.len() {
        let name = archive.by_index(index).unwrap().name().unwrap().into_owned();
        let number = name.strip_prefix("xl/worksheets/sheet").and_then(|rest| rest.strip_suffix(".xml")?.parse().ok());
        let Some(cells) = number.and_then(|number: usize| sheets.get(&number)) else {
            writer.raw_copy_file(archive.by_index_raw(index).unwrap()).unwrap();
            continue;
        };
        let mut text = String::new();
        archive.by_index(index).unwrap().read_to_string(&mut text).unwrap();
        for (address, value) in cells {
            let at =
                text.find(&format!("<c r=\"{address}\"")).unwrap_or_else(|| panic!("{name} has no cell {address}"));
            let end = at + text[at..].find('>').unwrap() + 1;
            let tag = text[at..end].trim_end_matches("/>").trim_end_matches('>').replace(" t=\"s\"", "");
            let rest = if text[at..end].ends_with("/>") { end } else { at + text[at..].find("</c>").unwrap() + 4 };
            let cell = match value {
                Data::Float(number) => format!("{tag}><v>{number}</v></c>"),
                Data::Int(number) => format!("{tag}><v>{number}</v></c>"),
                Data::DateTime(date) => format!("{tag}><v>{}</v></c>", date.as_f64()),
                other => {
                    let text = other.to_string().replace('&', "&amp;").replace('<', "&lt;");
                    format!("{tag} t=\"inlineStr\"><is><t>{text}</t></is></c>")
                }
            };
            text.replace_range(at..rest, &cell);
        }
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The rows of a sheet below its headings, by heading.
fn rows(workbook: &[u8], sheet: &str, headings: &[String]) -> Vec<BTreeMap<String, Data>> {
    let mut book = Xlsx::new(Cursor::new(workbook.to_vec())).unwrap();
    let Ok(range) = book.worksheet_range(sheet) else { return Vec::new() };
    let all: Vec<Vec<Data>> = range.rows().map(<[Data]>::to_vec).collect();
    let at = all.iter().position(|row| headings.iter().all(|h| row.iter().any(|cell| cell.to_string().trim() == h)));
    let Some(at) = at else { return Vec::new() };
    let names: Vec<String> = all[at].iter().map(|cell| cell.to_string().trim().to_owned()).collect();
    let row = |cells: &Vec<Data>| {
        names.iter().cloned().zip(cells.iter().cloned()).filter(|(_, cell)| *cell != Data::Empty).collect()
    };
    all[at + 1..].iter().map(row).filter(|row: &BTreeMap<_, _>| !row.is_empty()).collect()
}

#[tokio::test]
async fn a_template_filled_in_with_sample_data_is_accepted_for_every_shipped_workbook() {
    let launcher = launcher();
    let all = workbooks();
    assert!(all.len() >= 20, "{}", all.len());
    for (folder, contract) in all {
        let entries = std::fs::read_dir(folder.join("samples")).unwrap().map(|entry| entry.unwrap().path());
        let is_accepted = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with("accepted") && name.ends_with(".xlsx")
        };
        let path = entries.into_iter().find(is_accepted).unwrap_or_else(|| panic!("{}", folder.display()));
        let period = quarterday::source::period_in_name(path.file_name().unwrap().to_str().unwrap()).unwrap();
        let empty = template(&contract, period);
        let sample = std::fs::read(path).unwrap();
        let mut fill = BTreeMap::new();
        for (number, table) in (1..).zip(&contract.tables) {
            let sheet = table.sheet.as_deref().unwrap();
            let own: Vec<String> = table.columns.iter().map(|column| column.heading().to_owned()).collect();
            let period_first = table.period_column.iter().filter(|name| !own.contains(name)).cloned();
            let placed: Vec<String> = period_first.chain(own.iter().cloned()).collect();
            let mut cells = Vec::new();
            for (row, values) in (5..).zip(rows(&sample, sheet, &own)) {
                for (at, heading) in placed.iter().enumerate() {
                    if let Some(value) = values.get(heading) {
                        cells.push((format!("{}{row}", letter(at)), value.clone()));
                    }
                }
            }
            assert!(table.optional || !cells.is_empty(), "{}: the sample has no rows of {sheet}", contract.id);
            fill.insert(number, cells);
        }
        let book = filled(&empty, &fill);
        let marks = marks_of(&book).unwrap();
        assert_eq!((marks.return_id, marks.period), (contract.id.clone(), Some(period)));
        assert_eq!(marks.agency.as_ref(), contract.agencies.first());
        let decoded = decode(&contract.format, Bytes::from(book), &launcher).await.unwrap();
        let obligation = ObligationKey { return_id: contract.id.clone(), agency: contract.agencies[0].clone(), period };
        let claim = Claim { obligation, submission: 1 };
        let checked = check(&contract, claim, decoded, &Past::default(), &mut Nowhere).await.unwrap();
        assert_eq!(*checked.judgement(), Judgement::Accepted, "{}: {:?}", contract.id, checked.findings());
        // Where no table is the narrative's, the sheet of that name is for the analyst.
        let has_narrative = contract.tables.iter().any(|table| table.sheet.as_deref() == Some("Narrative"));
        let is_ours =
            |name: &String| ["Read me", "Lists"].contains(&name.as_str()) || (name == "Narrative" && !has_narrative);
        assert!(checked.ignored_sheets().iter().all(is_ours), "{}", contract.id);
    }
}

#[test]
fn a_template_is_the_same_bytes_each_time_and_says_what_it_is_for() {
    let period: Period = "2025-26-Q1".parse().unwrap();
    for (_, contract) in workbooks() {
        let book = template(&contract, period);
        assert_eq!(book, template(&contract, period), "{}", contract.id);
        let mut opened = Xlsx::new(Cursor::new(book.clone())).unwrap();
        let names = opened.sheet_names();
        let sheets: Vec<&str> = contract.tables.iter().filter_map(|table| table.sheet.as_deref()).collect();
        assert!(sheets.iter().all(|sheet| names.contains(&(*sheet).to_owned())), "{names:?}");
        let read_me = opened.worksheet_range("Read me").unwrap();
        let words: String = read_me.used_cells().map(|(_, _, cell)| cell.to_string() + "\n").collect();
        for word in ["Monday 14 July 2025, 17:00", "01234 567 890", "April to June 2025 (Q1)"] {
            assert!(words.contains(word), "{}: {words}", contract.id);
        }
    }
}

#[test]
fn cells_are_guarded_while_typing_and_long_lists_stand_on_a_hidden_sheet() {
    let all = workbooks();
    let contract = |id: &str| all.iter().find(|(_, contract)| contract.id.as_str() == id).map(|(_, c)| c).unwrap();
    let period: Period = "2025-26-Q1".parse().unwrap();
    let missing = template(contract("missing-children"), period);
    let sheet = part(&missing, "xl/worksheets/sheet1.xml");
    insta::assert_snapshot!("validations_of_missing_children", validations(&sheet));
    assert!(sheet.contains("<pane ySplit=\"4\""), "{sheet}");
    let actions = template(contract("actions"), period);
    let sheet = part(&actions, "xl/worksheets/sheet1.xml");
    insta::assert_snapshot!("validations_of_actions", validations(&sheet));
    assert!(part(&actions, "xl/workbook.xml").contains("name=\"Lists\""), "forty-four indicators are a long list");
    assert!(!part(&missing, "xl/workbook.xml").contains("name=\"Lists\""), "short lists need no sheet");
}

#[test]
fn a_long_list_of_codes_from_a_file_is_a_drop_down_from_a_hidden_sheet_and_a_cell_has_the_contracts_note() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let codes: Vec<String> = (1..=60).map(|number| format!("E0500{number:04}")).collect();
    board.write("pipelines/missing-children/wards.csv", format!("code\n{}\n", codes.join("\n")));
    let ward = "[[table.column]]\nname = \"ward\"\nheadings = [\"Ward\"]\ntype = \"text\"\n\
        note = \"The ward in which most of them live.\"\ncodes = { file = \"wards.csv\", column = \"code\" }\n\n";
    let first = "[[table.column]]\nname = \"missing_from_home\"";
    board.edit("pipelines/missing-children/return.toml", first, &format!("{ward}{first}"));
    let contract = contract(&board.path("pipelines/missing-children"));
    let made = template(&contract, "2025-26-Q1".parse().unwrap());
    let mut book = Xlsx::new(Cursor::new(made.clone())).unwrap();
    let lists = book.worksheet_range("Lists").unwrap();
    let listed: Vec<String> = lists.rows().map(|row| row[0].to_string()).collect();
    assert_eq!(listed, codes);
    let workbook = part(&made, "xl/workbook.xml");
    let sheet = workbook.split("<sheet ").find(|sheet| sheet.contains("name=\"Lists\"")).unwrap();
    assert!(sheet.contains("state=\"hidden\""), "{workbook}");
    let rules = validations(&part(&made, "xl/worksheets/sheet1.xml"));
    let rule = rules.lines().find(|rule| rule.contains("sqref=\"B5:B5\"") || rule.contains("sqref=\"B5\"")).unwrap();
    assert!(rule.contains("type=\"list\"") && rule.contains("<formula1>Lists!$A$1:$A$60</formula1>"), "{rule}");
    let notes = part(&made, "xl/comments1.xml");
    assert!(notes.contains("The ward in which most of them live."), "{notes}");
    let of_heading = notes.split("<comment ").find(|note| note.contains("most of them live")).unwrap();
    assert!(of_heading.contains("ref=\"B4\""), "it hangs at the heading: {of_heading}");
}

#[test]
fn the_period_is_filled_in_where_rows_are_known() {
    let period: Period = "2025-26-Q1".parse().unwrap();
    let mut filled = 0;
    for (_, contract) in workbooks() {
        let mut book = Xlsx::new(Cursor::new(template(&contract, period))).unwrap();
        for table in contract.tables.iter().filter(|table| !table.optional) {
            let Some(named) = &table.period_column else { continue };
            let range = book.worksheet_range(table.sheet_name()).unwrap();
            let rows: Vec<Vec<String>> =
                range.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
            let at = rows.iter().position(|row| row.contains(named)).unwrap();
            let column = rows[at].iter().position(|heading| heading == named).unwrap();
            assert_eq!(rows[at + 1][column], "2025-26-Q1", "{}: {rows:?}", contract.id);
            filled += 1;
            if contract.id.as_str() == "first-time-entrants" {
                let ages = [&rows[at + 1], &rows[at + 2]].map(|row| (row[0].as_str(), row[1].as_str()));
                assert_eq!(ages, [("2025-26-Q1", "10 to 14"), ("2025-26-Q1", "15 to 17")]);
            }
        }
    }
    assert!(filled >= 2, "{filled}");
}

fn validations(sheet: &str) -> String {
    let from = sheet.find("<dataValidations").unwrap();
    let to = sheet.find("</dataValidations>").unwrap();
    sheet[from..to].replace("<dataValidation ", "\n<dataValidation ").replace("&quot;", "'")
}

#[test]
fn the_command_writes_a_file_and_tells_why_it_does_not() {
    let board = TestBoard::with_returns(&["missing-children", "prevent-referrals"]);
    let out = board.path("out.xlsx");
    let said = board.done(&["template", "missing-children", "--period", "2025-26-Q1", "--out", out.to_str().unwrap()]);
    assert!(said.contains("out.xlsx"), "{said}");
    let marks = marks_of(&std::fs::read(out).unwrap()).unwrap();
    assert_eq!(marks.agency.unwrap().as_str(), "police");
    let wide = board.read("pipelines/missing-children/return.toml");
    let at = wide.find("[[table]]").unwrap();
    let (above, tables) = wide.split_at(at);
    let above = above.replace("pattern = \"missing", "pattern = \"wide");
    board.write(
        "pipelines/wide/return.toml",
        format!("{above}{}", tables.replacen("[[table]]", "[[table]]\nrange = \"B4:H\"", 1)),
    );
    let json = board.read("pipelines/prevent-referrals/return.toml").replacen("kind = \"csv\"", "kind = \"json\"", 1);
    board.write("pipelines/by-program/return.toml", json.replace("prevent-referrals*.csv", "by-program*.json"));
    for (arguments, why) in [
        (["template", "by-program"].as_slice(), "is sent as JSON, which a program writes"),
        (&["template", "by-program"], "  Referrals under 18: A whole number from 0 to 500"),
        (&["template", "wide"], "has a shape of its own"),
        (&["template", "gone"], "there is no return gone"),
        (&["template", "missing-children", "--agency", "schools"], "is owed by police, not by schools"),
        (&["template", "missing-children", "--period", "2025-26-H1"], "has no period 2025-26-H1"),
    ] {
        let output = board.run(arguments);
        assert!(!output.status.success());
        let said = crate::support::said(&output);
        assert!(said.contains(why), "{arguments:?}: {said}");
    }
}

#[tokio::test]
async fn a_notice_and_its_reminders_bring_the_workbook_and_what_comes_back_in_it_is_known() {
    let board = TestBoard::with_returns(&["missing-children", "prevent-referrals"]);
    let daemon = board.start("2025-07-01T06:00:00Z");
    daemon.advance("2025-07-17T12:00:00Z").await;
    let mut kinds = BTreeMap::new();
    for entry in std::fs::read_dir(daemon.board.path("data/mail")).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        let parsed = MessageParser::default().parse(&bytes).unwrap();
        let (subject, text) = (parsed.subject().unwrap().to_owned(), parsed.body_text(0).unwrap().into_owned());
        let book = parsed.attachment(0);
        if subject.contains("Prevent") {
            let csv = book.unwrap_or_else(|| panic!("{subject} brings nothing"));
            assert!(
                text.contains("The file attached has the headings we read") && !text.contains("workbook"),
                "{text}"
            );
            assert_eq!(csv.attachment_name(), Some("prevent-referrals probation 2025-26-Q1.csv"));
            continue;
        }
        let book = book.unwrap_or_else(|| panic!("{subject} brings nothing"));
        assert!(text.contains("The workbook attached has the period filled in."), "{text}");
        assert_eq!(book.attachment_name(), Some("missing-children police 2025-26-Q1.xlsx"));
        assert_eq!(marks_of(book.contents()).unwrap().period.unwrap().to_string(), "2025-26-Q1");
        let words = subject.trim_start_matches("[Example] ");
        let kind = ["Reminder", "Due today", "Overdue since"].into_iter().find(|kind| words.starts_with(kind));
        *kinds.entry(kind.unwrap_or("notice")).or_insert(0) += 1;
    }
    let kinds: Vec<&str> = kinds.into_keys().collect();
    assert_eq!(kinds, ["Due today", "Overdue since", "Reminder", "notice"], "an overdue message brings it too");
}

#[tokio::test]
async fn the_template_of_a_csv_has_its_headings_and_is_accepted_when_filled_in() {
    let board = TestBoard::with_returns(&["prevent-referrals", "first-time-entrants"]);
    let out = board.path("empty.csv");
    let which = ["template", "prevent-referrals", "--period", "2025-26-Q1", "--out", out.to_str().unwrap()];
    let said = board.done(&which);
    assert!(said.contains("It has the headings that are read"), "{said}");
    let empty = board.read("empty.csv");
    assert_eq!(empty, "Period,Referrals under 18,\"Of these, adopted by Channel\"\r\n2025-26-Q1,,\r\n");
    board.write("filled.csv", empty.replace(",,", ",3,1"));
    // With the marks that a return may state, and the rows that its key makes sure of.
    let wide = board.read("pipelines/first-time-entrants/return.toml");
    let csv = wide.replacen("kind = \"workbook\"", "kind = \"csv\"\ndelimiter = \";\"\nheader_row = 3", 1);
    let (csv, _) = csv.rsplit_once("[[table]]").unwrap();
    let csv = csv.replace("sheet = \"Return\"\n", "").replace(".xlsx", ".csv");
    board.write("pipelines/first-time-entrants/return.toml", csv);
    let out = board.path("ages.csv");
    board.done(&["template", "first-time-entrants", "--period", "2025-26-Q1", "--out", out.to_str().unwrap()]);
    let ages = board.read("ages.csv");
    let lines: Vec<&str> = ages.lines().collect();
    assert!(lines[1].contains("April to June 2025"), "{ages}");
    assert!(lines[2].starts_with("Period;Age band;") || lines[2].contains(';'), "{ages}");
    assert!(lines[3].starts_with("2025-26-Q1;10 to 14;") && lines[4].starts_with("2025-26-Q1;15 to 17;"), "{ages}");
    let daemon = board.start("2025-07-14T08:00:00Z");
    let said = daemon.submit("filled.csv", "prevent-referrals", "probation", "2025-26-Q1").await.unwrap();
    assert!(said.contains(": accepted; 1 rows read"), "{said}");
}

#[tokio::test]
async fn words_on_the_sheet_for_them_reach_whoever_reads_the_figures() {
    let board = TestBoard::with_returns(&["missing-children"]);
    let definition = board.read("pipelines/missing-children/return.toml");
    let (figures, _) = definition.split_once("# The story behind the figures").unwrap();
    board.write("pipelines/missing-children/return.toml", figures);
    let out = board.path("empty.xlsx");
    board.done(&["template", "missing-children", "--period", "2025-26-Q1", "--out", out.to_str().unwrap()]);
    let empty = std::fs::read(&out).unwrap();
    let names = Xlsx::new(Cursor::new(empty.clone())).unwrap().sheet_names();
    assert_eq!(names, ["Return", "Narrative", "Read me"]);
    let figures: Vec<(String, Data)> =
        (1..).zip([40.0, 20.0, 60.0, 30.0, 5.0]).map(|(at, n)| (format!("{}5", letter(at)), Data::Float(n))).collect();
    let words = "More interviews were held since the new provider began in May.";
    let narrative = vec![("B5".to_owned(), Data::String(words.to_owned()))];
    board.write("figures.xlsx", filled(&empty, &BTreeMap::from([(1, figures.clone())])));
    board.write("words.xlsx", filled(&empty, &BTreeMap::from([(1, figures), (2, narrative)])));
    let daemon = board.start("2025-07-14T08:00:00Z");
    let mails = |part: &str| -> Vec<String> {
        let entries = std::fs::read_dir(daemon.board.path("data/mail")).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<_> = entries.filter(|path| path.to_str().unwrap().contains(part)).collect();
        files.sort();
        let text = |path: &PathBuf| {
            let bytes = std::fs::read(path).unwrap();
            let parsed = MessageParser::default().parse(&bytes).unwrap();
            let to = parsed.to().unwrap().first().unwrap().address().unwrap().to_owned();
            let text = parsed.body_text(0).unwrap().replace("\r\n", "\n");
            format!("To: {to}\nSubject: {}\n\n{text}", parsed.subject().unwrap())
        };
        files.iter().map(text).collect()
    };
    daemon.submit("figures.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    daemon.ring().await;
    let first = mails("answer_1_").pop().unwrap();
    assert!(!first.contains("Narrative") && first.contains("Accepted"), "an empty sheet is nobody's business: {first}");
    assert!(mails("narrative_").is_empty());
    daemon.submit("words.xlsx", "missing-children", "police", "2025-26-Q1").await.unwrap();
    daemon.ring().await;
    let second = mails("answer_2_").pop().unwrap();
    let kept = "What you wrote on the sheet \"Narrative\" goes to the people who read the figures.";
    assert!(second.contains(kept) && !second.contains("was ignored"), "{second}");
    let letters = mails("narrative_");
    let [letter] = letters.as_slice() else { panic!("{letters:?}") };
    insta::assert_snapshot!("words_behind_the_figures", letter);
}
