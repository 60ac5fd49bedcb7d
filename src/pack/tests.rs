//! Whole packs, set in this process; tests/it/pack.rs sets them in workers.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use insta::assert_snapshot;
use serde_json::Value;

use super::typeset::set;
use super::{Manuscript, PackDefinition, Record, Typeset, manuscript, sample};
use crate::analysis::{Class, DisclosedIndicator};
use crate::domain::Status;
use crate::settings::{Problems, read_text};

fn written(definition: &PackDefinition, indicators: &[DisclosedIndicator], record: &Record) -> Manuscript {
    manuscript(definition, (Class::Public, indicators), record, &sample::imprint()).unwrap()
}

fn board() -> Manuscript {
    written(&sample::definition(), &sample::indicators(), &sample::record())
}

/// Settles a definition, or tells its problems.
pub(super) fn settled(text: &str, files: BTreeMap<String, Vec<u8>>) -> Result<PackDefinition, Problems> {
    let mut problems = Problems::default();
    let document = read_text("pack.toml", text, &mut problems).ok_or_else(|| problems.clone())?;
    let definition = PackDefinition::settle("board", &document, files);
    problems.merge(document.finish());
    definition.filter(|_| problems.is_empty()).ok_or(problems)
}

fn data(manuscript: &Manuscript) -> Value {
    serde_json::from_slice(&manuscript.files["data.json"]).unwrap()
}

fn text_of(manuscript: &Manuscript, name: &str) -> String {
    String::from_utf8(manuscript.files[name].clone()).unwrap()
}

fn count(pdf: &[u8], what: &str) -> usize {
    pdf.windows(what.len()).filter(|window| *window == what.as_bytes()).count()
}

/// The document's text as a reader of PDF gives it; none on a machine without one.
fn read(typeset: &Typeset) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &typeset.pdf).unwrap();
    let reader = Command::new("pdftotext").arg("-layout").arg(file.path()).arg("-").output();
    reader.ok().map(|output| String::from_utf8(output.stdout).unwrap())
}

#[test]
fn the_board_pack_is_a_tagged_document_whose_every_picture_has_a_text() {
    let manuscript = board();
    let told = data(&manuscript);
    let typeset = set(manuscript.clone()).unwrap();
    assert_eq!((typeset.pages, typeset.warnings.as_slice()), (6, &[][..]));
    for mark in ["/StructTreeRoot", "/MarkInfo", "pdfuaid:part>1<", "/Lang", "/H1", "/H2", "/TH"] {
        assert!(count(&typeset.pdf, mark) > 0, "{mark} is missing");
    }
    let pictures = count(&typeset.pdf, "/S/Figure") + count(&typeset.pdf, "/S /Figure");
    assert!(pictures > 10, "{pictures} pictures");
    assert_eq!(count(&typeset.pdf, "/Alt"), pictures);
    if let Some(text) = read(&typeset) {
        let headline = told["exceptions"][0]["title"].as_str().unwrap();
        assert!(text.contains(headline) && text.contains("1 to 5, hidden"), "{text}");
        assert!(text.contains("edition 7 · data as at 22 July 2025 · public"), "{text}");
        assert_eq!(text.matches("EXAMPLE").count(), 6);
    }
}

#[test]
fn the_same_manuscript_gives_the_same_bytes() {
    assert_eq!(set(board()).unwrap(), set(board()).unwrap());
    let mut another = sample::imprint();
    another.edition += 1;
    let figures = sample::indicators();
    let another = manuscript(&sample::definition(), (Class::Public, &figures), &sample::record(), &another).unwrap();
    assert_ne!(another.identity, board().identity);
}

#[test]
fn a_chart_says_what_it_shows() {
    let told = data(&board());
    let alt = |page: usize, chart: &str| told["exceptions"][page][chart]["alt"].as_str().unwrap().to_owned();
    assert_snapshot!(alt(0, "trend"), @"Line chart of Children who need a second protection plan, year to March 2016 to year to March 2024. York begins at 25.7%, is lowest at 24.6% in year to March 2018 and highest at 38.1% in year to March 2023, and ends at 33.1%. England ends at 24.7%. The mean of the statistical neighbours ends at 27.5%. Trial limits of chance run from 17.2% to 43.0% around a mean of 30.1%. No point stands out from chance.");
    assert_snapshot!(alt(0, "bars"), @"Bar chart of Children who need a second protection plan in York and its statistical neighbours, year to March 2024, highest first: Trafford 39.8%, Gloucestershire 34.9%, York 33.1%, Bath and North East Somerset 32.9%, Oxfordshire 27.6%, Hertfordshire 26.0%, West Sussex 25.8%, North Somerset 21.6%, Warwickshire 20.1% and Stockport 19.0%. Leicestershire: not available. England: 24.7%.");
    assert_snapshot!(alt(1, "trend"), @"Line chart of Children missing from home, April to June 2022 (Q1) to April to June 2025 (Q1). York begins at 38, is lowest at 33 in April to June 2023 (Q1) and highest at 61 in April to June 2025 (Q1), and ends at 61. Limits of chance run from 26.9 to 46.6 around a mean of 36.8. Standing out from chance: April to June 2025 (Q1): above the upper limit.");
    assert_snapshot!(alt(2, "trend"), @"Line chart of Return interviews within 72 hours, April to June 2022 (Q1) to April to June 2025 (Q1). York begins at 61.0%, is lowest at 57.0% in April to June 2023 (Q1) and highest at 81.0% in April to June 2025 (Q1), and ends at 81.0%. The target is 80%. Limits of chance run from 57.2% to 79.4% around a mean of 68.3%. Standing out from chance: April to June 2025 (Q1): 7 points in a row above the mean.");
    let spark = told["summary"]["card"][2]["lines"][0]["spark"]["alt"].as_str().unwrap();
    assert_snapshot!(spark, @"Prevent referrals of children: from 7 in April to June 2022 (Q1) to 1 to 5, hidden in April to June 2025 (Q1)");
}

#[test]
fn a_target_reads_alike_on_chart_page_and_in_sentences() {
    let mut figures = sample::indicators();
    figures[2].meta.target = Some(12.25);
    let manuscript = written(&sample::definition(), &figures, &sample::record());
    let page = &data(&manuscript)["exceptions"][2];
    let svg = text_of(&manuscript, &format!("charts/{}-trend.svg", figures[2].meta.id));
    assert!(svg.lines().any(|line| line == "Target 12.3%"), "{svg}");
    assert!(page["trend"]["alt"].as_str().unwrap().contains("The target is 12.3%."), "{page}");
    assert!(page["facts"].as_array().unwrap().iter().any(|fact| fact["value"] == "12.3%"), "{page}");
}

#[test]
fn figures_that_could_not_be_worked_out_are_told_on_the_first_page_and_the_last() {
    let mut figures = sample::indicators();
    let says = "Its figures could not be worked out; the business unit knows of it.";
    figures[3].failed = Some(says.to_owned());
    let told = data(&written(&sample::definition(), &figures, &sample::record()));
    let sentence = told["summary"]["sentence"].as_str().unwrap();
    assert!(sentence.ends_with("; one could not be worked out."), "{sentence}");
    let known = "The figures of this measure could not be worked out, and the business unit knows: Prevent referrals of \
                 children.";
    assert!(
        told["summary"]["known"].as_array().unwrap().iter().any(|one| one == known),
        "{}",
        told["summary"]["known"]
    );
    let methods = told["method"]["indicators"].as_array().unwrap();
    assert_eq!(methods.iter().filter(|one| one["definition"].as_str().unwrap().ends_with(says)).count(), 1);
}

#[test]
fn a_neutral_indicator_is_never_coloured() {
    let manuscript = board();
    let concern = "#B8501B";
    assert!(!text_of(&manuscript, "charts/missing-from-home-trend.svg").contains(concern));
    assert!(!text_of(&manuscript, "charts/symbol-higher.svg").contains(concern));
    assert!(text_of(&manuscript, "charts/symbol-concern.svg").contains(concern));
    assert_eq!(data(&manuscript)["exceptions"][1]["tone"], "higher");
}

#[test]
fn hidden_values_break_the_line_and_are_named() {
    let mut figures = sample::indicators();
    let mut prevent = figures.remove(3);
    prevent.exception = figures[0].exception.clone();
    let manuscript = written(&sample::definition(), &[prevent], &sample::record());
    let svg = text_of(&manuscript, "charts/prevent-referrals-trend.svg");
    let names: Vec<&str> = svg.lines().collect();
    assert!(names.contains(&"2 hidden") && names.contains(&"hidden"), "{names:?}");
    assert!(names.contains(&"York 1 to 5, hidden"), "{names:?}");
    assert_eq!(svg.matches("<circle").count(), 9, "one symbol for each value that may be shown");
    let told = data(&manuscript);
    assert_eq!(told["summary"]["card"][0]["lines"][0]["value"], "1 to 5, hidden");
    assert!(told["exceptions"][0]["trend"]["alt"].as_str().unwrap().contains("4 figures are hidden."));
}

#[test]
fn what_weakens_the_limits_stands_below_them() {
    let mut figures = sample::indicators();
    figures[0].limits_note = Some("Trial limits: made from 9 points, fewer than 12.".to_owned());
    let caption =
        data(&written(&sample::definition(), &figures, &sample::record()))["exceptions"][0]["caption"].clone();
    let expected = "would keep the figure. Trial limits: made from 9 points, fewer than 12. ";
    assert!(caption.as_str().unwrap().contains(expected), "{caption}");
}

#[test]
fn releases_are_told_on_their_days() {
    let mut figures = sample::indicators();
    let (mut one, exception) = (figures.remove(3), figures[0].exception.clone());
    one.exception = exception;
    one.limits = None;
    let first = jiff::civil::date(2025, 1, 9);
    one.points = one.points[..4].iter().cycle().take(48).cloned().collect();
    for (at, point) in one.points.iter_mut().enumerate() {
        let date = first.saturating_add(jiff::Span::new().days(14 * i64::try_from(at).unwrap()));
        point.period = crate::domain::Period::Release { date };
        point.value.value = (at > 2).then_some(7.0);
        point.value.text = "7 (all told)".to_owned();
        point.value.status = [Status::X, Status::X, Status::Z].get(at).copied();
    }
    let manuscript = written(&sample::definition(), &[one], &sample::record());
    let svg = text_of(&manuscript, "charts/prevent-referrals-trend.svg");
    assert!(svg.contains("is lowest at 7 (all told) on 20 February 2025"), "{svg}");
    let names: Vec<&str> = svg.lines().collect();
    assert!(names.contains(&"2 missing"), "{names:?}");
}

#[test]
fn no_quarter_is_drawn_against_a_year() {
    let mut figures = sample::indicators();
    figures[1].comparison = figures[0].comparison.clone();
    let manuscript = written(&sample::definition(), &figures, &sample::record());
    assert!(text_of(&manuscript, "charts/second-plans-trend.svg").contains("\nEngland 24.7%\n"));
    assert!(!text_of(&manuscript, "charts/missing-from-home-trend.svg").contains("England"));
    assert!(text_of(&manuscript, "charts/missing-from-home-neighbours.svg").contains("\nEngland 24.7%\n"));
}

#[test]
fn a_story_that_did_not_come_is_printed_as_a_gap() {
    let gap = |record: &Record, page: usize| {
        let told = data(&written(&sample::definition(), &sample::indicators(), record));
        told["exceptions"][page]["gap"]["says"].as_str().map(str::to_owned)
    };
    let mut record = sample::record();
    assert_eq!(gap(&record, 0), None, "children's services wrote one");
    assert_snapshot!(gap(&record, 1).unwrap(), @"No story was received. Exampleshire Police was asked for Missing children by 14 July; it is 9 days late, after 2 reminders.");
    assert_snapshot!(gap(&record, 2).unwrap(), @"Safe Haven Exampleshire sent Return interviews on 17 July without a word on this figure.");
    record.stories.remove(0);
    assert_snapshot!(gap(&record, 0).unwrap(), @"Children’s services sent Child protection return on 10 July without a word on this figure.");
    record.deliveries.clear();
    assert_snapshot!(gap(&record, 0).unwrap(), @"No story was received, and nobody was asked for one in this period.");
}

#[test]
fn exceptions_beyond_the_most_are_named_without_a_page() {
    let definition = with_line("most_exception_pages = 4", "most_exception_pages = 1");
    let told = data(&written(&definition, &sample::indicators(), &sample::record()));
    assert_eq!(told["exceptions"].as_array().unwrap().len(), 1);
    let paged: Vec<_> = told["summary"]["exceptions"].as_array().unwrap().iter().map(|one| &one["paged"]).collect();
    assert_eq!(paged, [true, false, false]);
}

#[test]
fn a_quiet_quarter_says_so() {
    let mut figures = sample::indicators();
    figures.iter_mut().for_each(|one| one.exception = None);
    let manuscript = written(&sample::definition(), &figures, &Record::default());
    let sentence = data(&manuscript)["summary"]["sentence"].clone();
    assert_eq!(sentence, "None of the four measures gives cause for concern.");
    assert_eq!(set(manuscript).unwrap().pages, 3);
}

#[test]
fn what_people_write_travels_as_text_and_never_as_markup() {
    let naughty = naughty_strings();
    let mut record = sample::record();
    record.stories[0].text = naughty.join("\n");
    record.stories[0].agency = "#panic(\"agency\")".to_owned();
    record.deliveries[0].note = Some("#import \"@preview/x:1.0.0\" $ */ ]] <label> @ref \\u{0}".to_owned());
    record.deliveries[0].agency = "</text><script>&amp;".to_owned();
    record.actions[0].progress = Some("= Heading\n#read(\"/etc/passwd\")".to_owned());
    let mut figures = sample::indicators();
    figures[0].meta.title = "Plans & <b>\"plans\"</b> #[x]".to_owned();
    figures[0].comparison.as_mut().unwrap().bars[0].area = "]]><svg onload=x> 岁 & Co".to_owned();
    let typeset = set(written(&sample::definition(), &figures, &record)).unwrap();
    assert_eq!(typeset.warnings, [""; 0]);
    if let Some(text) = read(&typeset) {
        for inert in [
            "#panic(\"agency\")",
            "#import \"@preview",
            "#read(\"/etc/passwd\")",
            "<script>",
            "Plans & <b>\"plans\"</b>",
        ] {
            let shown = text.split_whitespace().collect::<String>();
            let inert = inert.split_whitespace().collect::<String>();
            assert!(shown.contains(&inert), "{inert} is not there as written");
        }
    }
}

/// The Big List of Naughty Strings where it is at hand, and what Typst itself would trip over.
fn naughty_strings() -> Vec<String> {
    let own = [
        "#panic()",
        "$",
        "*",
        "_",
        "`",
        "```",
        "<x>",
        "@x",
        "\\",
        "//",
        "/*",
        "= x",
        "- x",
        "#{",
        "#let x = 1",
        "\u{0}",
    ];
    let mut strings: Vec<String> = own.map(str::to_owned).into();
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora/blns/blns.json");
    match std::fs::read_to_string(&corpus) {
        Ok(text) => strings.extend(serde_json::from_str::<Vec<String>>(&text).unwrap()),
        Err(_) => assert!(std::option_env!("CI").is_none(), "{} is required when CI=true", corpus.display()),
    }
    strings
}

#[test]
fn a_template_reads_the_packs_files_and_the_editions_day_and_nothing_else() {
    let tried = |template: &str| {
        let mut manuscript = board();
        manuscript.files.insert("pack.typ".to_owned(), template.as_bytes().to_vec());
        set(manuscript)
    };
    let page = "#set document(title: \"x\")\n#set text(font: \"Inter\", fallback: false)\n";
    assert!(
        tried(&format!("{page}#let d = datetime.today()\n#assert(d == datetime(year: 2025, month: 7, day: 23))"))
            .is_ok()
    );
    let refused = [
        ("#read(\"/etc/passwd\")", "pack.typ:3: file not found"),
        ("#read(\"../../../etc/passwd\")", "pack.typ:3: "),
        ("#import \"@preview/cetz:0.3.4\": *", "pack.typ:3: "),
        ("#include \"nothing.typ\"", "pack.typ:3: file not found"),
        ("\n#y", "pack.typ:4: unknown variable: y"),
        ("#image(\"charts/symbol-chance.svg\")", "pack.typ:3: PDF/UA-1 error: missing alt text"),
    ];
    for (wrong, told) in refused {
        let error = tried(&format!("{page}{wrong}")).unwrap_err();
        assert!(error.starts_with(told), "{wrong}: {error}");
    }
}

/// The shipped definition with one line changed.
fn with_line(line: &str, other: &str) -> PackDefinition {
    settle(|text| text.replace(line, other), |_| {}).unwrap_or_else(|problems| panic!("{problems}"))
}

fn settle(
    text: impl FnOnce(String) -> String,
    files: impl FnOnce(&mut BTreeMap<String, Vec<u8>>),
) -> Result<PackDefinition, String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/packs/board");
    let toml = text(std::fs::read_to_string(Path::new(folder).join("pack.toml")).unwrap());
    let mut beside = sample::definition().files().clone();
    files(&mut beside);
    settled(&toml, beside).map_err(|problems| problems.to_string())
}

#[test]
fn every_slip_in_a_definition_is_told_at_once() {
    let wrong = settle(
        |text| {
            text.replace("class = \"public\"", "class = \"secret\"")
                .replace("\"timetable\", ", "\"timtable\", ")
                .replace("\"board-members\"", "\"board-member\"")
                .replace("most_exception_pages = 4", "most_exception_pages = -1")
                .replace("[texts]", "[texts]\nfooter = \"x\"")
        },
        |files| {
            files.remove("actions.sql");
            files.insert("other.sql".to_owned(), b"SELECT 1".to_vec());
            files.insert("summary.typ".to_owned(), b"= Fine\n#let x = (".to_vec());
        },
    );
    assert_snapshot!(wrong.unwrap_err(), @r#"
    pack.toml:18  class
      found     "secret"
      expected  one of public

    pack.toml:21  most_exception_pages
      found     -1
      expected  a number from 0 to 40
      write     most_exception_pages = 4

    pack.toml:25  recipients.roles
      found     a list
      expected  some of chair, manager, board-members, leads
      write     roles = ["board-members"]

    pack.toml:11  sections
      found     a list
      expected  sections with a template; there is no timtable.typ beside pack.toml
      write     "timetable"

    pack.toml:5  title
      found     "Quarterly pack"
      expected  a pack whose folder has actions.sql
      write     the file, as in reports/packs/board

    pack.toml:5  title
      found     "Quarterly pack"
      expected  templates that print imprint.sign_off, so that nobody takes a draft or a gap for something else
      write     what style.typ and summary.typ of reports/packs/board print of it

    pack.toml:5  title
      found     "Quarterly pack"
      expected  no statements but actions, queries, restated, stories, timetable, punctuality; nothing reads other.sql

    pack.toml:11  sections
      found     a list
      expected  templates without slips; summary.typ:2: unclosed delimiter

    pack.toml:45  texts.footer
      found     the unknown key "footer"
      expected  one of example, method, summary, timetable
      write     nothing; leave the line out

    9 problems
    "#);
}

#[test]
fn a_pack_that_asks_for_an_indicator_nobody_made_is_not_printed_without_it() {
    let definition = with_line("indicators = [\"all\"]", "indicators = [\"second-plans\", \"third-plans\"]");
    let figures = sample::indicators();
    let made = manuscript(&definition, (Class::Public, &figures), &sample::record(), &sample::imprint());
    assert_snapshot!(made.unwrap_err(), @"the pack board asks for the indicator third-plans, and there are no figures of it; write reports/indicators/third-plans.sql or take it off the list in pack.toml");
}
