//! What a workbook says of itself in single cells beside its tables: for which period it is, and whose.

use super::{
    Claim, Past, Severity, TableContract, cell,
    findings::{Findings, rule},
    headings::plain,
};
use crate::{
    decode::Sheet,
    domain::{StraddlingYear, period_of_heading},
};

/// Holds the cells that name period and agency against what the file was sent for.
pub(super) fn check_cover(table: &TableContract, claim: &Claim, past: &Past, sheet: &Sheet, findings: &mut Findings) {
    // In the order in which they were asked for.
    let mut cells =
        sheet.remarks.cells.iter().map(|text| text.as_deref().map(str::trim).filter(|text| !text.is_empty()));
    if let Some(address) = &table.whereabouts.period_cell {
        let (asked, text) = (claim.obligation.period, cells.next().flatten());
        let years = Some(StraddlingYear::Financial);
        let read = text.and_then(|text| cell::period(text, asked).or_else(|| period_of_heading(text, years)));
        if read != Some(asked) {
            tell(
                table,
                sheet,
                address,
                rule::PERIOD,
                findings,
                match read {
                    Some(other) => format!(
                        "the period reads {}; we asked for {}. Please correct it, or tell us which period it is for.",
                        other.human(),
                        asked.human()
                    ),
                    None => format!("the period cannot be read. Please write {asked} for {}.", asked.human()),
                },
            );
        }
    }
    if let Some(address) = &table.whereabouts.agency_cell {
        let text = cells.next().flatten();
        let own = claim.obligation.agency.as_str();
        let is_own =
            |text: &str| past.agency_names.iter().any(|name| plain(name) == plain(text)) || plain(own) == plain(text);
        if !text.is_some_and(is_own) {
            tell(table, sheet, address, rule::AGENCY, findings, match text {
                Some(_) => "this cell names another agency than the one this file is from. Please correct it, or send that \
                            agency's figures in a file of its own."
                    .into(),
                None => "this cell names no agency. Please fill it in.".into(),
            });
        }
    }
}

fn tell(
    table: &TableContract,
    sheet: &Sheet,
    address: &str,
    rule: &'static str,
    findings: &mut Findings,
    says: String,
) {
    let letters = address.trim_end_matches(|c: char| c.is_ascii_digit());
    let mut spot = findings.spot(&table.name, sheet.name.as_deref(), Some(("", Some(letters.to_owned()))));
    spot.heading = None;
    findings.add(Severity::Error, &spot, address[letters.len()..].parse().ok(), rule, || says);
}
