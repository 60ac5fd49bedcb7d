//! The house in order: imports point down, the guide names what exists, no test file is forgotten.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// From the top of the house to its foundations. Modules of one layer may use each other only as `SIDEWAYS` says.
const LAYERS: &[&[&str]] = &[
    &["cli"],
    &["daemon"],
    &["schedule", "web"],
    &["flows"],
    &["analysis", "check", "decode", "form", "mail", "pack", "source", "sqlfn", "timetable", "warehouse"],
    &["ledger", "settings", "worker"],
    &["clock", "content", "domain", "durable", "fault"],
];

/// Who may use whom within a layer: the stream flows one way, and a later stage takes the type of an earlier one.
const SIDEWAYS: &[(&str, &str)] = &[
    ("check", "decode"),
    ("check", "source"),
    ("check", "timetable"),
    ("source", "timetable"),
    ("mail", "source"),
    ("form", "check"),
    ("form", "decode"),
    ("warehouse", "check"),
    ("warehouse", "sqlfn"),
    ("check", "sqlfn"),
    ("sqlfn", "analysis"),
    ("pack", "analysis"),
    ("content", "domain"),
    ("content", "durable"),
    ("durable", "domain"),
];

/// Which part of the house may use a crate that stands for one of its edges; everything else asks that part.
const CRATES: &[(&str, &[&str])] = &[
    ("async_imap", &["source/"]),
    ("axum", &["web/", "cli/demo/"]),
    ("clap", &["cli/"]),
    ("deltalake", &["warehouse/"]),
    ("lettre", &["mail/"]),
    ("mail_parser", &["mail/eml.rs", "source/"]),
    ("opendal", &["source/"]),
    ("reqwest", &["source/", "mail/graph.rs"]),
    ("rusqlite", &["ledger/"]),
    ("rusqlite_migration", &["ledger/"]),
    ("russh", &["source/"]),
    ("russh_sftp", &["source/"]),
    ("typst", &["pack/"]),
    ("typst_kit", &["pack/"]),
    ("typst_pdf", &["pack/"]),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&module))
}

/// The module of `src/` a file belongs to.
fn module(path: &Path) -> Option<String> {
    let below = path.strip_prefix(root().join("src")).unwrap();
    let first = below.components().next()?.as_os_str().to_str()?;
    Some(first.trim_end_matches(".rs").to_owned())
}

/// The modules that a text names after `crate::`, alone or in a list of imports.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        let Some(list) = part.strip_prefix('{') else {
            found.insert(word(part));
            continue;
        };
        let mut depth = 0;
        let mut start = true;
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => start = true,
                c if start && c.is_ascii_alphabetic() => {
                    found.insert(word(&list[at..]));
                    start = false;
                }
                _ => {}
            }
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

#[test]
fn imports_point_down_or_along_the_stream() {
    let mut wrong = Vec::new();
    for path in files(&root().join("src"), "rs") {
        let Some(from) = module(&path).filter(|m| m != "main" && m != "lib") else { continue };
        let here = layer(&from).unwrap_or_else(|| panic!("{from} has no layer; give it one in tests/it/tidy.rs"));
        for to in imports(&fs::read_to_string(&path).unwrap()) {
            let Some(there) = layer(&to) else { continue };
            let sideways = here == there && (from == to || SIDEWAYS.contains(&(&from, &to)));
            if !(there > here || sideways) {
                wrong.push(format!("{}: {from} reaches up or across to {to}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_edge_has_its_one_place() {
    let mut wrong = Vec::new();
    for path in files(&root().join("src"), "rs") {
        let below = path.strip_prefix(root().join("src")).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&path).unwrap();
        for (name, places) in CRATES {
            let used = text.match_indices(&format!("{name}::")).any(|(at, _)| {
                !text[..at].ends_with(|before: char| before.is_ascii_alphanumeric() || "_:".contains(before))
            });
            if used && !places.iter().any(|place| below.starts_with(place)) {
                wrong.push(format!("src/{below} uses {name}; only src/{} may", places.join(" and src/")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_leave_to_import_is_kept_that_nobody_uses() {
    let used: BTreeSet<(String, String)> = files(&root().join("src"), "rs")
        .into_iter()
        .filter_map(|path| Some((module(&path)?, imports(&fs::read_to_string(&path).unwrap()))))
        .flat_map(|(from, to)| to.into_iter().map(move |to| (from.clone(), to)))
        .collect();
    let stale: Vec<_> =
        SIDEWAYS.iter().filter(|(from, to)| !used.contains(&((*from).to_owned(), (*to).to_owned()))).collect();
    assert!(stale.is_empty(), "{stale:?}");
}

#[test]
fn every_module_has_a_layer_and_every_layer_a_module() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let declared: BTreeSet<String> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")).map(|m| m.trim_end_matches(';').into()).collect();
    let layered: BTreeSet<String> = LAYERS.concat().into_iter().map(str::to_owned).collect();
    assert_eq!(declared, layered);
}

#[test]
fn every_module_says_what_it_promises() {
    let missing: Vec<_> = files(&root().join("src"), "rs")
        .into_iter()
        .filter(|path| !path.ends_with("tests.rs") && !path.to_string_lossy().contains("_tests"))
        .filter(|path| !fs::read_to_string(path).unwrap().starts_with("//!"))
        .collect();
    assert!(missing.is_empty(), "{missing:?} open without a //! line");
}

#[test]
fn no_file_has_grown_past_its_noun() {
    let long: Vec<_> = files(&root().join("src"), "rs")
        .into_iter()
        .map(|path| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > 400)
        .collect();
    assert!(long.is_empty(), "{long:?}: which noun wants its own file?");
}

#[test]
fn no_test_file_is_forgotten() {
    let main = fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    for path in files(&root().join("tests/it"), "rs") {
        let below = path.strip_prefix(root().join("tests/it")).unwrap();
        let name = below.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        assert!(name == "main" || main.contains(&format!("mod {name};")), "tests/it/{} is never run", below.display());
    }
}

#[test]
fn the_guide_names_only_what_exists() {
    for guide in ["docs/ARCHITECTURE.md", "README.md", "docs/operations.md"] {
        let text = fs::read_to_string(root().join(guide)).unwrap_or_else(|e| panic!("{guide}: {e}"));
        for path in text.split('`').skip(1).step_by(2) {
            let looks_like_one = ["src/", "docs/", "tests/", "pipelines/", "reports/", "config/", "benches/", ".ci/"]
                .iter()
                .any(|start| path.starts_with(start));
            let plain = !path.contains(['<', '*', ' ', '{', '$']);
            if looks_like_one && plain {
                assert!(root().join(path).exists(), "{guide} names {path}, which does not exist");
            }
        }
    }
}
