//! The ready-made file of a return: headings, rules while typing, and the period filled in.
//!
//! The same order makes the same bytes. A file made from it and filled in keeps the contract.

use jiff::Timestamp;
use rust_xlsxwriter::{
    Color, DataValidation, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, Note, Workbook, Worksheet,
    XlsxError,
};

use super::{
    OWN_SHEETS,
    choices::{choices, cut, expected, need_a_sheet, validation},
};
use crate::{
    check::{Column, ColumnType, Contract, TableContract},
    decode::{AGENCY_MARK, Format as FileFormat, PERIOD_MARK, RETURN_MARK, letter},
    domain::{AgencyId, Period},
};

/// Where the headings stand, 0-based; above them the return is named.
const HEADINGS: u32 = 3;
/// Rows with rules while typing, where the contract does not say how many there may be.
const ROWS: u32 = 1000;
/// Rows whose cells have their looks.
const FORMATTED: u32 = 200;
/// Rows that are written out in advance, at most.
const PREFILLED: usize = 60;

/// What a template is made for.
#[derive(Debug, Clone)]
pub struct Template<'a> {
    /// The return.
    pub contract: &'a Contract,
    /// The agency and its name.
    pub agency: Option<(&'a AgencyId, &'a str)>,
    /// The period.
    pub period: Option<Period>,
    /// When it is due, in words.
    pub due: Option<String>,
    /// The board's name.
    pub board: &'a str,
    /// Who answers questions: name, telephone, address.
    pub contact: [&'a str; 3],
    /// When it is made.
    pub now: Timestamp,
}

/// Why there is no template.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// The return is sent as something that nobody fills in by hand.
    #[error(
        "{id} is sent as {kind}, which a program writes and nobody fills in by hand, so there is no template for it. Whoever \
         sets that program up needs this list:\n{columns}"
    )]
    NotByHand {
        /// The return.
        id: String,
        /// What it is sent as.
        kind: &'static str,
        /// What its records hold, a line each.
        columns: String,
    },
    /// The return's workbook is the agency's own.
    #[error(
        "{0} has a shape of its own (range, header_rows, period_cell, agency_cell, unpivot or two tables on one sheet), so there is no template \
         for it; keep an empty copy of the agency's own file instead"
    )]
    OwnShape(String),
    /// The workbook could not be written.
    #[error("the workbook could not be written: {0}")]
    Write(#[from] XlsxError),
}

impl Template<'_> {
    /// Writes the template: a workbook, or for a return that is sent as CSV the file with its headings.
    ///
    /// # Errors
    /// When the return is sent as neither or has a shape of its own, or a name of its contract is none a spreadsheet takes.
    pub fn write(&self) -> Result<Vec<u8>, FormError> {
        let kind = match &self.contract.format {
            FileFormat::Workbook(_) => return self.workbook(),
            FileFormat::Csv(options) => return self.csv(options),
            FileFormat::Json(_) => "JSON",
            FileFormat::Xml(_) => "XML",
            FileFormat::Parquet => "Parquet",
            FileFormat::Arrow => "Arrow",
            FileFormat::Document => "a document",
        };
        Err(FormError::NotByHand { id: self.contract.id.to_string(), kind, columns: self.columns() })
    }

    fn workbook(&self) -> Result<Vec<u8>, FormError> {
        if self.contract.has_workbook_of_its_own() {
            return Err(FormError::OwnShape(self.contract.id.to_string()));
        }
        let mut book = Workbook::new();
        book.set_properties(&self.properties()?);
        let mut lists = Lists::default();
        let tables: Vec<&TableContract> = self.contract.tables.iter().collect();
        for (at, table) in tables.iter().enumerate() {
            let sheet = book.add_worksheet();
            sheet.set_name(table.sheet_name())?;
            self.table(sheet, table, &mut lists)?;
            if at == 0 {
                sheet.set_active(true);
            }
        }
        if self.has_narrative() {
            self.narrative(book.add_worksheet())?;
        }
        self.read_me(book.add_worksheet(), &tables)?;
        if !lists.columns.is_empty() {
            let sheet = book.add_worksheet();
            sheet.set_name(OWN_SHEETS[1])?.set_hidden(true);
            for (column, choices) in (0..).zip(&lists.columns) {
                for (row, choice) in (0..).zip(choices) {
                    sheet.write_string(row, column, choice)?;
                }
            }
        }
        Ok(book.save_to_buffer()?)
    }

    fn properties(&self) -> Result<DocProperties, XlsxError> {
        let properties = DocProperties::new()
            .set_title(&self.contract.title)
            .set_author(self.board)
            .set_creation_datetime(&ExcelDateTime::from_timestamp(self.now.as_second())?)
            .set_custom_property(RETURN_MARK, self.contract.id.as_str());
        let properties = match self.agency {
            Some((agency, _)) => properties.set_custom_property(AGENCY_MARK, agency.as_str()),
            None => properties,
        };
        Ok(match self.period {
            Some(period) => properties.set_custom_property(PERIOD_MARK, period.to_string()),
            None => properties,
        })
    }

    /// Who it is for and when, as far as that is known.
    pub(super) fn whose(&self) -> String {
        let agency = self.agency.map(|(_, name)| name.to_owned());
        agency.into_iter().chain(self.period.map(Period::human)).collect::<Vec<_>>().join(", ")
    }

    fn table(&self, sheet: &mut Worksheet, table: &TableContract, lists: &mut Lists) -> Result<(), FormError> {
        let name = table.sheet_name();
        sheet.write_string_with_format(0, 0, format!("{}: {name}", self.contract.title), &title())?;
        sheet.write_string_with_format(1, 0, self.whose(), &remark())?;
        let must = if table.optional { "This sheet may stay empty. " } else { "" };
        let how =
            "Write below the headings; dark headings must be filled in, and each has a note that says what it holds.";
        sheet.write_string_with_format(2, 0, format!("{must}{how}"), &remark())?;
        let columns = placed(table);
        let last = u16::try_from(columns.len()).unwrap_or(u16::MAX).saturating_sub(1);
        let rows = table.most_rows.unwrap_or(ROWS);
        let mut lines = 1;
        for (at, placed) in (0_u16..).zip(&columns) {
            let heading = placed.heading();
            let wide = width(placed);
            sheet.set_column_width(at, wide)?;
            lines = lines.max(heading.chars().count().div_ceil(wide as usize - 1).max(1));
            sheet.write_string_with_format(HEADINGS, at, heading, &heading_format(placed.is_required()))?;
            let note = Note::new(placed.note(self)).set_author(self.board).add_author_prefix(false);
            sheet.insert_note(HEADINGS, at, &note.set_width(260).set_height(120))?;
            let (bottom, looks) = (HEADINGS + rows, cell_format(placed));
            for row in HEADINGS + 1..=bottom.min(HEADINGS + FORMATTED) {
                sheet.write_blank(row, at, &looks)?;
            }
            if let Some(rule) = self.rule(placed, table, at, lists)? {
                sheet.add_data_validation(HEADINGS + 1, at, bottom, at, &rule)?;
            }
        }
        sheet.set_row_height(HEADINGS, 15.0 * lines as f64 + 4.0)?;
        self.prefill(sheet, table, &columns)?;
        sheet.set_freeze_panes(HEADINGS + 1, 0)?;
        sheet.set_selection(HEADINGS + 1, 0, HEADINGS + 1, 0)?;
        sheet.set_repeat_rows(0, HEADINGS)?;
        sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
        sheet.set_footer("&L&F, &A&RPage &P of &N");
        if rows < 200 {
            sheet.set_print_area(0, 0, HEADINGS + rows, last)?;
        }
        Ok(())
    }

    fn rule(
        &self,
        placed: &Placed<'_>,
        table: &TableContract,
        at: u16,
        lists: &mut Lists,
    ) -> Result<Option<DataValidation>, FormError> {
        let Placed::Column(column) = placed else {
            let Some(period) = self.period else { return Ok(None) };
            let rule = DataValidation::new().allow_list_strings(&[period.to_string()])?;
            return Ok(Some(
                rule.set_error_title("Please check")?
                    .set_error_message(format!("This workbook is for {} only: {period}.", period.human()))?,
            ));
        };
        let listed = choices(column);
        let range = match column.kind == ColumnType::Text && table.missing.is_empty() && need_a_sheet(&listed) {
            true => Some(lists.range(&listed)),
            false => None,
        };
        let first = format!("{}{}", letter(usize::from(at)), HEADINGS + 2);
        Ok(validation(column, &first, range.as_deref(), &table.missing)?)
    }

    /// The rows that are known in advance: the period, and the combinations of the key's choices.
    fn prefill(&self, sheet: &mut Worksheet, table: &TableContract, columns: &[Placed<'_>]) -> Result<(), XlsxError> {
        let keys = if table.optional { Vec::new() } else { known_keys(table) };
        for (row, key) in (HEADINGS + 1..).zip(&keys) {
            for (name, choice) in key {
                let at = columns.iter().position(|placed| matches!(placed, Placed::Column(c) if c.name == *name));
                if let Some(at) = at.and_then(|at| u16::try_from(at).ok()) {
                    sheet.write_string_with_format(row, at, *choice, &cell_format(&columns[usize::from(at)]))?;
                }
            }
        }
        let Some(period) = self.period.filter(|_| !table.optional) else { return Ok(()) };
        let is_period = |placed: &Placed<'_>| placed.is_period_of(table);
        let Some(at) = columns.iter().position(is_period).and_then(|at| u16::try_from(at).ok()) else { return Ok(()) };
        let rows = u32::try_from(keys.len()).unwrap_or(0).max(table.most_rows.unwrap_or(1).min(PREFILLED as u32));
        for row in 0..rows {
            let format = cell_format(&columns[usize::from(at)]);
            sheet.write_string_with_format(HEADINGS + 1 + row, at, period.to_string(), &format)?;
        }
        Ok(())
    }
}

/// A column of the sheet.
pub(super) enum Placed<'a> {
    /// The one that names the period and is no column of the table.
    Period(&'a str),
    /// One of the table's own.
    Column(&'a Column),
}

impl Placed<'_> {
    pub(super) fn heading(&self) -> &str {
        match self {
            Self::Period(name) => name,
            Self::Column(column) => column.heading(),
        }
    }

    /// Whether it is the column that names the period of a table.
    pub(super) fn is_period_of(&self, table: &TableContract) -> bool {
        match (self, &table.period_column) {
            (Self::Period(_), _) => true,
            (Self::Column(column), Some(name)) => column.headings.iter().any(|heading| same(heading, name)),
            (Self::Column(_), None) => false,
        }
    }

    fn is_required(&self) -> bool {
        match self {
            Self::Period(_) => true,
            Self::Column(column) => column.required,
        }
    }

    pub(super) fn note(&self, template: &Template<'_>) -> String {
        let Self::Column(column) = self else {
            return match template.period {
                Some(period) => format!("{period} in every row: {}.", period.human()),
                None => "The period in every row, a quarter as 2025-26-Q1.".to_owned(),
            };
        };
        let must = if column.required { "Must be filled in." } else { "If you have it." };
        let about = column.note.iter().map(|note| format!("{note}\n")).collect::<String>();
        cut(&format!("{about}{} {must}", expected(column)), 2000)
    }
}

/// The columns in the order of the sheet: the period first, unless it is one of the table's own.
pub(super) fn placed(table: &TableContract) -> Vec<Placed<'_>> {
    let own = |name: &&String| !table.columns.iter().any(|c| c.headings.iter().any(|heading| same(heading, name)));
    let period = table.period_column.as_ref().filter(own).map(|name| Placed::Period(name));
    period.into_iter().chain(table.columns.iter().map(Placed::Column)).collect()
}

fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// The rows a table is sure to have: each combination of the choices of its key, unless that is too many.
pub(super) fn known_keys(table: &TableContract) -> Vec<Vec<(&str, &str)>> {
    let mut rows: Vec<Vec<(&str, &str)>> = vec![Vec::new()];
    for name in &table.unique {
        let Some(column) = table.column(name).filter(|c| !c.allowed.is_empty()) else { return Vec::new() };
        let mut longer = Vec::new();
        for row in &rows {
            for choice in &column.allowed {
                longer.push([row.as_slice(), &[(column.name.as_str(), choice.as_str())]].concat());
            }
        }
        rows = longer;
        if rows.len() > PREFILLED {
            return Vec::new();
        }
    }
    if table.unique.is_empty() { Vec::new() } else { rows }
}

/// The sheet of choices that are too many for a cell's own rule.
#[derive(Default)]
struct Lists {
    columns: Vec<Vec<String>>,
}

impl Lists {
    /// The range in which these choices stand.
    fn range(&mut self, choices: &[String]) -> String {
        let at = self.columns.iter().position(|known| known == choices).unwrap_or_else(|| {
            self.columns.push(choices.to_vec());
            self.columns.len() - 1
        });
        let column = letter(at);
        format!("={}!${column}$1:${column}${}", OWN_SHEETS[1], choices.len())
    }
}

fn width(placed: &Placed<'_>) -> f64 {
    let heading = placed.heading().chars().count();
    match placed {
        Placed::Column(column) if column.kind == ColumnType::Text && column.allowed.is_empty() => {
            36.0_f64.max(heading as f64)
        }
        Placed::Column(column) if column.kind == ColumnType::Text => {
            let widest = column.allowed.iter().map(|choice| choice.chars().count()).max().unwrap_or(12);
            (widest as f64 + 4.0).clamp(14.0, 40.0)
        }
        _ => (heading as f64 * 0.6 + 2.0).clamp(14.0, 26.0),
    }
}

pub(super) fn title() -> Format {
    Format::new().set_bold().set_font_size(14)
}

pub(super) fn remark() -> Format {
    Format::new().set_font_color(Color::RGB(0x50_5A_5F))
}

pub(super) fn heading_format(required: bool) -> Format {
    let format = Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top).set_border(FormatBorder::Thin);
    if required {
        format.set_background_color(Color::RGB(0x1D_3F_58)).set_font_color(Color::White)
    } else {
        format.set_background_color(Color::RGB(0xDC_E6_EC))
    }
}

fn cell_format(placed: &Placed<'_>) -> Format {
    let format = Format::new().set_border(FormatBorder::Hair);
    match placed {
        Placed::Period(_) => format.set_num_format("@"),
        Placed::Column(column) => match column.kind {
            ColumnType::Count => format.set_num_format("#,##0"),
            ColumnType::Decimal(0) => format.set_num_format("0"),
            ColumnType::Decimal(places) => {
                format.set_num_format(format!("0.{}", "0".repeat(usize::from(places.unsigned_abs()))))
            }
            ColumnType::Date => format.set_num_format("dd/mm/yyyy"),
            ColumnType::Text | ColumnType::Period => {
                format.set_num_format("@").set_text_wrap().set_align(FormatAlign::Top)
            }
            ColumnType::Boolean => format,
        },
    }
}
