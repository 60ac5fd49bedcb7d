//! Definitions of made-up returns, for boards that need no particular one.

/// The text of a `return.toml` of the police, brought by hand; `every` is when it is owed, `rest` its format and tables.
pub fn definition(title: &str, every: &str, classification: &str, rest: &str) -> String {
    let due = if every == "release" { "" } else { "due = { working_days = 10 }\n" };
    format!(
        r#"title = "{title}"
agencies = ["police"]
every = "{every}"
{due}source = {{ kind = "by-hand" }}

[governance]
purpose = "to see what becomes of such a file"
lawful_basis = "Children Act 2004, section 16H"
agreement = "the agreement"
agreement_review = 2027-03-31
retention_years = 6
classification = "{classification}"

{rest}"#
    )
}

/// A table with these columns, each of one type, that a file may lack.
pub fn table(name: &str, more: &str, kind: &str, columns: &[&str]) -> String {
    let column = |column: &&str| {
        let name = column.to_lowercase();
        format!(
            "[[table.column]]\nname = \"{name}\"\nheadings = [\"{column}\"]\ntype = \"{kind}\"\npresent = \"sometimes\"\n"
        )
    };
    let columns: String = columns.iter().map(column).collect();
    format!("[[table]]\nname = \"{name}\"\n{more}\n{columns}")
}
