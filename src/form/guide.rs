//! The sheets of a template beside its tables: what is asked and why, and room for words behind the figures.

use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

use super::{
    OWN_SHEETS,
    template::{Template, heading_format, remark, title},
};
use crate::{
    check::{Classification, TableContract},
    domain::words,
};

/// Characters of a line of the sheet "Read me".
const READ_ME_WIDTH: usize = 84;

/// The sheet for words, where the return has no table of that name.
pub const NARRATIVE: &str = "Narrative";

/// The headings of the sheet for words: what about, and the words.
pub const NARRATIVE_COLUMNS: [&str; 2] = ["About", "In your words"];

/// What is asked on the sheet for words.
const PROMPTS: [&str; 5] = [
    "What changed most since last time, and why",
    "Figures to read with care: late, estimated, or counted in another way",
    "What was done, and what came of it",
    "What children and families say",
    "Anything else the board should know",
];

/// Whether a sheet is called as the one for words.
pub fn is_narrative(sheet: &str) -> bool {
    sheet.trim().eq_ignore_ascii_case(NARRATIVE)
}

impl Template<'_> {
    /// Whether there is room for words: in returns about groups, where no table of the return is called so.
    pub(super) fn has_narrative(&self) -> bool {
        self.contract.governance.classification == Classification::Aggregate
            && !self.contract.tables.iter().any(|table| is_narrative(table.sheet_name()))
    }

    pub(super) fn narrative(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        sheet.set_name(NARRATIVE)?.set_screen_gridlines(false);
        sheet.set_column_width(0, 38)?.set_column_width(1, 90)?;
        sheet.write_string_with_format(0, 0, "What stands behind these figures", &title())?;
        sheet.write_string_with_format(1, 0, self.whose(), &remark())?;
        let how = "Words for the people who read the figures; what you have nothing to say about may stay empty. Write about \
                   groups, never so that one child or adult could be recognised.";
        sheet.write_string_with_format(2, 0, how, &remark())?;
        for (at, heading) in (0_u16..).zip(NARRATIVE_COLUMNS) {
            sheet.write_string_with_format(3, at, heading, &heading_format(false))?;
        }
        let about = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_border(FormatBorder::Hair);
        let says = about.clone().set_num_format("@");
        for (row, prompt) in (4_u32..).zip(PROMPTS) {
            sheet.write_string_with_format(row, 0, prompt, &about)?.write_blank(row, 1, &says)?;
            sheet.set_row_height(row, 60)?;
        }
        sheet.set_freeze_panes(4, 0)?.set_selection(4, 1, 4, 1)?;
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        Ok(())
    }

    pub(super) fn read_me(&self, sheet: &mut Worksheet, tables: &[&TableContract]) -> Result<(), XlsxError> {
        sheet.set_name(OWN_SHEETS[0])?.set_screen_gridlines(false);
        sheet.set_column_width(0, 22)?.set_column_width(1, 90)?;
        sheet.write_string_with_format(0, 0, &self.contract.title, &title())?;
        let governance = &self.contract.governance;
        let [name, phone, email] = self.contact;
        let mut lines: Vec<(&str, String)> = vec![("For", self.board.to_owned())];
        if !self.whose().is_empty() {
            lines.push(("From", self.whose()));
        }
        lines.extend(self.due.iter().map(|due| ("Due", due.clone())));
        lines.push(("Why we ask", words::capital(&governance.purpose)));
        let review = governance.agreement_review.strftime("%-d %B %Y");
        lines.push(("Under", format!("{}, to be reviewed by {review}", words::capital(&governance.agreement))));
        lines.push(("Questions", format!("{name}, {phone}, {email}")));
        for table in tables {
            let optional = if table.optional { " It may stay empty." } else { "" };
            let rows = match table.most_rows {
                Some(1) => "One row.".to_owned(),
                Some(most) => format!("At most {} rows.", words::whole(u64::from(most))),
                None => "As many rows as there are.".to_owned(),
            };
            let sheet_name = table.sheet.as_deref().unwrap_or(&table.name);
            lines.push(("Sheet", format!("{sheet_name}: {rows}{optional}")));
        }
        for how in [
            "Dark headings must be filled in; light ones if you have the figure.",
            "Rest the pointer on a heading to see what its column holds. Leave headings and the names of sheets as they are.",
            "No figure? Write x (not available), z (not applicable) or c (hidden to protect a person); never 0 for a figure you do not have.",
            "Write no names, dates of birth, addresses or numbers of single children unless a heading asks for them.",
        ] {
            lines.push(("How", how.to_owned()));
        }
        let (label, text) = (Format::new().set_bold().set_align(FormatAlign::Top), Format::new().set_text_wrap());
        let mut before = "";
        for (row, (what, line)) in (2..).zip(&lines) {
            if *what != before {
                sheet.write_string_with_format(row, 0, *what, &label)?;
            }
            sheet.write_string_with_format(row, 1, line, &text)?;
            sheet.set_row_height(row, 15.0 * line.chars().count().div_ceil(READ_ME_WIDTH).max(1) as f64)?;
            before = what;
        }
        sheet.set_portrait().set_paper_size(9).set_print_fit_to_pages(1, 0);
        Ok(())
    }
}
