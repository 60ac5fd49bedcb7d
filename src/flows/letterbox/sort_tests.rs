use super::*;
use crate::settings::{Problems, read_text};

const ARRIVED: Date = jiff::civil::date(2025, 7, 15);

fn contract(id: &str, title: &str, agencies: &[&str], source: &str, format: &str) -> Contract {
    let text = format!(
        "title = {title:?}\nagencies = {agencies:?}\nevery = \"quarter\"\n[due]\nworking_days = 10\n[governance]\n\
         purpose = \"p\"\nlawful_basis = \"l\"\nagreement = \"a\"\nagreement_review = 2030-01-01\nretention_years = 6\n\
         classification = \"aggregate\"\n[source]\n{source}\n[format]\nkind = {format:?}\n[[table]]\nname = \"t\"\n{}\
         [[table.column]]\nname = \"n\"\nheadings = [\"N\"]\ntype = \"count\"\n",
        if format == "xlsx" { "sheet = \"Return\"\n" } else { "" }
    );
    let mut problems = Problems::default();
    let document = read_text("return.toml", &text, &mut problems).unwrap();
    let contract = Contract::settle(id.parse().unwrap(), &document);
    problems.merge(document.finish());
    assert!(problems.is_empty(), "{problems}");
    contract.unwrap()
}

fn board() -> BTreeMap<ReturnId, Contract> {
    let by_hand = "kind = \"by-hand\"";
    [
        contract(
            "missing",
            "Missing children",
            &["police", "council"],
            "kind = \"mailbox\"\npattern = \"misper*.csv\"",
            "csv",
        ),
        contract("prevent", "Prevent referrals", &["police"], by_hand, "xlsx"),
        contract("custody", "Children in custody", &["police"], by_hand, "csv"),
    ]
    .into_iter()
    .map(|contract| (contract.id.clone(), contract))
    .collect()
}

fn found(subject: &str, about: Option<&str>, name: &str, kind: DataKind) -> Vec<String> {
    let (board, agencies): (_, [AgencyId; 1]) = (board(), ["police".parse().unwrap()]);
    let (about, states): (Option<ObligationKey>, _) = (about.map(|about| about.parse().unwrap()), BTreeMap::new());
    let around = Around { agencies: &agencies, about: about.as_ref(), subject, states: &states, arrived: ARRIVED };
    returns(&board, &around, name, Some(kind)).iter().map(|one| one.contract.id.to_string()).collect()
}

#[test]
fn a_return_is_found_by_what_the_message_says_and_never_by_chance() {
    let csv = DataKind::Csv;
    assert_eq!(found("Re: due", Some("custody/police/2025-26-Q1"), "data.csv", csv), ["custody"]);
    assert_eq!(found("", None, "MISPER final.csv", csv), ["missing"], "by the pattern of its source");
    assert_eq!(found("", None, "children in custody Q1.csv", csv), ["custody"], "by its title");
    assert_eq!(found("Fwd: Missing children, our return", None, "data.csv", csv), ["missing"], "by the subject");
    assert_eq!(found("", None, "data.xlsx", DataKind::Workbook), ["prevent"], "the only one of that kind");
    assert_eq!(found("", None, "data.csv", csv), ["custody", "missing"], "two it could be");
    assert_eq!(found("", None, "data.zip", DataKind::Container).len(), 3);
    let contradiction = found("Re: due", Some("custody/police/2025-26-Q1"), "prevent Q1.csv", csv);
    assert_eq!(contradiction, ["prevent", "custody"], "the reply says one, the name another");
    assert_eq!(
        found("", Some("custody/probation/2025-26-Q1"), "data.csv", csv).len(),
        2,
        "another's notice says nothing"
    );
}

fn when(subject: &str, about: Option<&str>, name: &str, states: &[(&str, State)]) -> Result<String, Vec<String>> {
    let (board, agencies): (_, [AgencyId; 1]) = (board(), ["police".parse().unwrap()]);
    let about: Option<ObligationKey> = about.map(|about| about.parse().unwrap());
    let states = states.iter().map(|(period, state)| (format!("missing/police/{period}").parse().unwrap(), *state));
    let states = states.collect();
    let around = Around { agencies: &agencies, about: about.as_ref(), subject, states: &states, arrived: ARRIVED };
    let candidate = Candidate { agency: &agencies[0], contract: &board[&"missing".parse().unwrap()] };
    let text = |period: Period| period.to_string();
    period(candidate, &around, name).map(text).map_err(|could| could.into_iter().map(text).collect())
}

#[test]
fn a_period_is_the_one_that_is_said_or_the_only_one_owed() {
    use State::{Accepted, Open, ToCorrect};
    let both = [("2025-26-Q1", Open), ("2025-26-Q2", Open)];
    assert_eq!(when("", None, "m 2025-26-Q2.csv", &both), Ok("2025-26-Q2".into()));
    assert_eq!(when("for 2025-26-Q1", None, "m.csv", &both), Ok("2025-26-Q1".into()));
    assert_eq!(when("Missing children, April to June 2025", None, "m.csv", &both), Ok("2025-26-Q1".into()));
    assert_eq!(when("Re:", Some("missing/police/2025-26-Q1"), "m.csv", &both), Ok("2025-26-Q1".into()));
    assert_eq!(when("", None, "m.csv", &both), Err(vec!["2025-26-Q1".into(), "2025-26-Q2".into()]));
    assert_eq!(
        when("", None, "m.csv", &[("2025-26-Q1", Accepted), ("2025-26-Q2", ToCorrect)]),
        Ok("2025-26-Q2".into())
    );
    assert_eq!(when("", None, "m.csv", &[("2025-26-Q1", Accepted)]), Err(vec!["2025-26-Q1".into()]));
    let contradiction = when("", Some("missing/police/2025-26-Q1"), "m 2025-26-Q2.csv", &both);
    assert_eq!(contradiction, Err(vec!["2025-26-Q2".into(), "2025-26-Q1".into()]));
    assert_eq!(
        when("", None, "m 2025-07-14.csv", &[("2025-26-Q1", Open)]),
        Ok("2025-26-Q1".into()),
        "a day is no quarter"
    );
}

#[test]
fn a_release_is_of_the_day_that_is_said_or_of_the_day_it_came_and_meant_by_chance_only_where_it_comes_by_mail() {
    let agencies: [AgencyId; 1] = ["police".parse().unwrap()];
    let states = BTreeMap::new();
    let mut all = board();
    let mut add = |id: &str, source: &str| {
        let mut release = contract(id, id, &["police"], source, "parquet");
        release.every = Every::Release;
        all.insert(release.id.clone(), release);
    };
    add("posted", "kind = \"mailbox\"");
    add("fetched", "kind = \"by-hand\"");
    let around = |subject| Around { agencies: &agencies, about: None, subject, states: &states, arrived: ARRIVED };
    let of = |subject: &'static str, name: &'static str| {
        let found = returns(&all, &around(subject), name, Some(DataKind::Columns));
        let one =
            |one: &Candidate<'_>| format!("{} {}", one.contract.id, period(*one, &around(subject), name).unwrap());
        found.iter().map(one).collect::<Vec<_>>()
    };
    assert_eq!(of("", "data.parquet"), ["posted 2025-07-15"]);
    assert_eq!(of("as of 2025-07-10", "data.parquet"), ["posted 2025-07-10"]);
    assert_eq!(of("as of 2025-07-10", "2025-07-11 data.parquet"), ["posted 2025-07-11"], "the file's name first");
    assert_eq!(of("", "2025-26-Q1 data.parquet"), ["posted 2025-07-15"], "a quarter is no day");
    assert_eq!(of("", "fetched.parquet"), ["fetched 2025-07-15"], "where it is named");
}

#[test]
fn a_message_is_about_what_it_answers_or_the_only_thing_owed() {
    let agencies: [AgencyId; 1] = ["police".parse().unwrap()];
    let about = |about: Option<&str>, states: &[(&str, State)]| {
        let about: Option<ObligationKey> = about.map(|about| about.parse().unwrap());
        let states = states.iter().map(|(key, state)| (key.parse().unwrap(), *state)).collect();
        let around =
            Around { agencies: &agencies, about: about.as_ref(), subject: "", states: &states, arrived: ARRIVED };
        subject_of(&around).map(|key| key.to_string())
    };
    let (one, other) = ("missing/police/2025-26-Q1", "custody/police/2025-26-Q1");
    assert_eq!(about(Some(other), &[(one, State::Open)]).as_deref(), Some(other));
    assert_eq!(about(None, &[(one, State::Open), (other, State::Accepted)]).as_deref(), Some(one));
    assert_eq!(about(None, &[(one, State::Open), (other, State::Open)]), None);
    assert_eq!(about(Some("missing/probation/2025-26-Q1"), &[]), None, "another agency's");
}

#[test]
fn a_message_that_answers_nothing_could_be_about_all_that_is_open_and_its_subject_does_not_speak_against() {
    let (board, agencies): (_, [AgencyId; 1]) = (board(), ["police".parse().unwrap()]);
    let could = |about: Option<&str>, subject: &str| {
        let about: Option<ObligationKey> = about.map(|about| about.parse().unwrap());
        let states = [
            ("missing/police/2025-26-Q1", State::Open),
            ("missing/police/2024-25-Q4", State::Accepted),
            ("custody/police/2025-26-Q1", State::ToCorrect),
            ("missing/probation/2025-26-Q1", State::Open),
        ];
        let states = states.into_iter().map(|(key, state)| (key.parse().unwrap(), state)).collect();
        let around = Around { agencies: &agencies, about: about.as_ref(), subject, states: &states, arrived: ARRIVED };
        could_be_about(&board, &around).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let (custody, missing) = ("custody/police/2025-26-Q1", "missing/police/2025-26-Q1");
    assert_eq!(could(None, "our figures"), [custody, missing]);
    assert_eq!(could(None, "custody: not yet"), [custody], "its subject names one");
    assert_eq!(could(Some(missing), "custody"), [missing], "what it answers says so first");
    assert_eq!(could(Some("missing/probation/2025-26-Q1"), ""), Vec::<String>::new(), "another agency's");
}

#[test]
fn words_are_a_writers_own_where_they_are_neither_quoted_nor_a_signature() {
    for text in ["see attached", "> due Monday\n\nwe are late\n", "Tuesday\n-----Original Message-----"] {
        assert!(has_words(text), "{text:?}");
    }
    for text in [
        "",
        "\n \n",
        "> due Monday\n> please send",
        "On 7 July 2025 the board wrote:\n> due Monday",
        "--\nSam Patel, 01234 567 890",
        "-----Original Message-----\nplease send",
        "From: the board\nplease send",
    ] {
        assert!(!has_words(text), "{text:?}");
    }
}

#[test]
fn nil_and_cover_are_read_at_the_beginning_alone() {
    let nil = |reason: &str| Some(Word::Nil(Some(reason.to_owned())));
    assert_eq!(word("nil no child was missing"), nil("no child was missing"));
    assert_eq!(word("NIL: none this quarter.\r\n\r\n> Reply \"nil\" with"), nil("none this quarter."));
    assert_eq!(word("\n  \"Nil\" - none recorded\n"), nil("none recorded"));
    assert_eq!(word("Nil return: none recorded"), nil("none recorded"));
    assert_eq!(word("nil\n\nnothing was recorded\nPriya"), nil("nothing was recorded"));
    assert_eq!(word("nil"), Some(Word::Nil(None)));
    assert_eq!(word("nil\n> On Monday the board wrote"), Some(Word::Nil(None)));
    let cover = |address: &str| Some(Word::Cover(Some(address.to_owned())));
    assert_eq!(word("cover sam@police.example"), cover("sam@police.example"));
    assert_eq!(word("Cover: Sam Field <sam@police.example>, please."), cover("sam@police.example"));
    assert_eq!(word("cover by Sam, please"), Some(Word::Cover(None)));
    assert_eq!(word("Nilgiri tea, please"), None);
    assert_eq!(word("We have nil to report"), None);
    assert_eq!(word("> nil none"), None);
    assert_eq!(word(""), None);
}

#[test]
fn an_address_is_its_leads_before_it_is_its_domains() {
    let text = "[[agency]]\nid = \"police\"\nname = \"P\"\ndomains = [\"police.example\"]\n[agency.lead]\nname = \"A\"\nemail = \"lead@police.example\"\n\
                [[agency]]\nid = \"council\"\nname = \"C\"\ndomains = [\"council.example\"]\n[agency.lead]\nname = \"B\"\nemail = \"lead@council.example\"\n\
                [agency.deputy]\nname = \"A\"\nemail = \"lead@police.example\"\n[agency.board_member]\nname = \"D\"\nemail = \"head@elsewhere.example\"\n";
    let mut problems = Problems::default();
    let document = read_text("agencies.toml", text, &mut problems).unwrap();
    let agencies = crate::flows::board::agencies::settle(&mut document.root());
    assert!(document.finish().is_empty());
    let of = |address: &str, remembered: Option<&str>| {
        let found = sender(address, &agencies, &[], remembered.map(|id| id.parse().unwrap()));
        let names: Vec<String> = found.agencies.iter().map(ToString::to_string).collect();
        (names.join("+"), found.is_lead)
    };
    assert_eq!(of("LEAD@police.example", None), ("council+police".into(), true), "lead of one, deputy of the other");
    assert_eq!(of("clerk@Police.example", None), ("police".into(), false));
    assert_eq!(of("head@elsewhere.example", None), ("council".into(), false));
    assert_eq!(of("clerk@police.example", Some("council")), ("council".into(), false), "what a person said");
    assert_eq!(of("clerk@notpolice.example", None), (String::new(), false));
    assert_eq!(of("", Some("gone")), (String::new(), false));
}
