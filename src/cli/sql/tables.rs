//! The tables that can be asked, from the definitions alone: for `\d` and for completion.

use anyhow::bail;
use arrow::datatypes::SchemaRef;
use comfy_table::{ColumnConstraint, Table, presets::ASCII_BORDERS_ONLY_CONDENSED};

use super::super::say::{columns, say};
use crate::{
    flows::{Board, planning, query},
    settings::nearest,
    worker::Launcher,
};

/// One table.
pub(super) struct Known {
    pub name: String,
    pub schema: SchemaRef,
    /// Where its rows come from, in words.
    pub says: String,
}

/// Every table there is.
pub(super) async fn tables(board: &Board) -> anyhow::Result<Vec<Known>> {
    let launcher = Launcher::current()?;
    let mut found = query::empty_tables(board)?;
    found.extend(planning::models(board, &launcher, &found).await?);
    let mut known: Vec<Known> =
        found.into_iter().map(|(name, rows)| Known { says: says(board, &name), schema: rows.schema(), name }).collect();
    known.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(known)
}

fn says(board: &Board, name: &str) -> String {
    if let Some(model) = board.models.iter().find(|model| model.table() == name) {
        return format!("reports/models/{}.sql", model.id);
    }
    let of_return =
        |contract: &&crate::check::Contract| contract.tables.iter().any(|one| contract.qualified(one) == name);
    let titles: Vec<&str> =
        board.returns.values().filter(|one| of_return(one)).map(|contract| contract.title.as_str()).collect();
    match (titles.as_slice(), name) {
        ([], "analysis.figures") => "every indicator, nothing hidden".to_owned(),
        ([], "disclosed.figures") => "every indicator, as it may be shown".to_owned(),
        ([], _) => "what the daemon recorded".to_owned(),
        ([title], _) => (*title).to_owned(),
        (titles, _) => format!("{} and {} more", titles[0], titles.len() - 1),
    }
}

/// `\d`: the tables, or the columns of one.
pub(super) fn describe(board: &Board, known: &[Known], wanted: Option<&str>) -> anyhow::Result<()> {
    let Some(wanted) = wanted else {
        let mut page = page(["table", "columns", "from"]);
        for one in known {
            page.add_row([one.name.clone(), one.schema.fields().len().to_string(), one.says.clone()]);
        }
        say(whole_names(page));
        return Ok(());
    };
    let Some(table) = known.iter().find(|one| one.name == wanted || one.name.ends_with(&format!(".{wanted}"))) else {
        let bare = |one: &Known| one.name.split_once('.').map_or(one.name.clone(), |(_, bare)| bare.to_owned());
        let as_typed: Vec<String> =
            known.iter().map(|one| if wanted.contains('.') { one.name.clone() } else { bare(one) }).collect();
        let meant = nearest(wanted, as_typed.iter().map(String::as_str));
        let meant = meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default();
        bail!("there is no table {wanted}{meant}");
    };
    let mut page = page(["column", "type", "is"]);
    for field in table.schema.fields() {
        page.add_row([field.name().clone(), field.data_type().to_string(), label(board, &table.name, field.name())]);
    }
    say(format_args!("{}: {}", table.name, table.says));
    say(whole_names(page));
    Ok(())
}

/// What a column's definition says of it.
fn label(board: &Board, table: &str, column: &str) -> String {
    let mut tables = board.returns.values().flat_map(|contract| contract.tables.iter().map(move |one| (contract, one)));
    let found = tables.find(|(contract, one)| contract.qualified(one) == table);
    let known = found.and_then(|(_, one)| one.columns.iter().find(|known| known.name == column));
    known.map(|column| column.label().to_owned()).unwrap_or_default()
}

fn page<const N: usize>(headings: [&str; N]) -> Table {
    let mut page = Table::new();
    page.load_style(ASCII_BORDERS_ONLY_CONDENSED).set_header(headings);
    page.set_content_arrangement(comfy_table::ContentArrangement::Dynamic);
    page.set_width(u16::try_from(columns()).unwrap_or(100));
    page
}

/// A name is typed as it is shown, so it is not broken.
fn whole_names(mut page: Table) -> Table {
    if let Some(names) = page.column_mut(0) {
        names.set_constraint(ColumnConstraint::ContentWidth);
    }
    page
}
