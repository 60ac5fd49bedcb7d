use super::*;

const HOSTILE: &str = r#"
titel = "A slip"
count = "many"
when = 2025-02-30x
"#;

fn settle(text: &str, act: impl FnOnce(&mut Section<'_>)) -> String {
    let mut problems = Problems::default();
    match read_text("return.toml", text, &mut problems) {
        Some(document) => {
            act(&mut document.root());
            problems.merge(document.finish());
        }
        None => assert!(!problems.is_empty()),
    }
    problems.to_string()
}

#[test]
fn every_problem_comes_in_one_pass_with_line_key_found_expected_and_fix() {
    let text = "titel = \"A slip\"\ncount = \"many\"\n\n[source]\nkind = \"htps\"\nurl = \"\"\nsecret = \"hunter2\"\n\n[[table]]\nname = 3\n";
    let told = settle(text, |root| {
        root.text("title");
        root.integer("count");
        let mut source = root.section("source").unwrap();
        source.one_of("kind", &["https", "folder"]);
        source.text("url");
        source.secret_opt("secret");
        for mut table in root.sections("table") {
            table.text("name");
        }
        root.section("due");
    });
    assert!(!told.contains("hunter2"), "a secret is never repeated: {told}");
    insta::assert_snapshot!(told, @r#"
    return.toml  title
      found     nothing
      expected  this key
      write     title = "…"

    return.toml:2  count
      found     "many"
      expected  a whole number
      write     count = 1

    return.toml:5  source.kind
      found     "htps"
      expected  one of https, folder
      write     kind = "https"

    return.toml:6  source.url
      found     ""
      expected  a text that is not empty
      write     url = "…"

    return.toml:7  source.secret
      found     a value
      expected  where the secret stands, never the secret itself
      write     secret = { file = "/etc/quarterday/secret" }

    return.toml:10  table[1].name
      found     3
      expected  a text in quotes
      write     name = "…"

    return.toml  due
      found     nothing
      expected  this key
      write     [due]

    return.toml:1  titel
      found     the unknown key "titel"
      expected  one of count, due, source, table, title
      write     title = …

    8 problems
    "#);
}

#[test]
fn a_syntax_error_names_its_line() {
    let told = settle(HOSTILE, |_| ());
    assert!(told.contains("return.toml:4"), "{told}");
}

#[test]
fn a_later_layer_wins_and_is_named_when_it_is_wrong() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("quarterday.toml"), "[board]\nname = \"A\"\n[web]\nlisten = \"x\"\n").unwrap();
    std::fs::write(home.path().join("local.toml"), "[board]\nname = 7\n").unwrap();
    let environment = BTreeMap::from([("QUARTERDAY__WEB__LISTEN".to_owned(), "127.0.0.1:0".to_owned())]);
    let mut problems = Problems::default();
    let document = read_layers(home.path(), &environment, &mut problems).unwrap();
    let mut root = document.root();
    assert_eq!(root.section("web").unwrap().text("listen").as_deref(), Some("127.0.0.1:0"));
    assert_eq!(root.section("board").unwrap().text("name"), None);
    let told = document.finish().to_string();
    assert!(told.contains("local.toml:2  board.name"), "{told}");
}

#[test]
fn a_missing_file_is_named_with_what_to_do() {
    let mut problems = Problems::default();
    assert!(read_file(Path::new("nowhere/return.toml"), &mut problems).is_none());
    assert!(problems.to_string().contains("nowhere/return.toml"));
    assert!(problems.to_string().contains("quarterday init"));
}
