//! What a return must look like: its `return.toml`, settled.

use std::collections::BTreeSet;

use jiff::civil;

use super::{
    CodeTable, Codes, Covers, CrossRule, RefuseRows, Shield, TableContract, findings::rule, format, guard::Exempt,
    headings::plain,
};
use crate::{
    decode::{Format, Members},
    domain::{AgencyId, Period, ReturnId, sha256},
    settings::{Document, Section},
    source::Source,
    timetable::{Due, Dues, Every, FOR_WORDS, Final, Since, WindowRule},
};

/// A return's definition.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The return.
    pub id: ReturnId,
    /// Its name for people.
    pub title: String,
    /// Who owes it.
    pub agencies: Vec<AgencyId>,
    /// The board's priority it serves.
    pub priority: String,
    /// How often it is owed.
    pub every: Every,
    /// How many periods a file holds, where that is more than the one it is sent for.
    pub covers: Option<Covers>,
    /// The question whether anything happened, where it is about what happens now and then.
    pub since: Option<Since>,
    /// When it is due; a release is not.
    pub due: Option<Dues>,
    /// From when on and until when its files are taken.
    pub window: WindowRule,
    /// When its final figures follow, if provisional ones come first.
    pub finals: Option<Final>,
    /// From when on it is owed, where that is later than the board's own beginning.
    pub starts_on: Option<civil::Date>,
    /// The ladder on which it is chased, where that is not the usual one.
    pub ladder: Option<String>,
    /// On what ground it is held.
    pub governance: Governance,
    /// Where it comes from.
    pub source: Source,
    /// How it is read.
    pub format: Format,
    /// What stands in it and is no child's identity.
    pub exempt: Vec<Exempt>,
    /// Which files are read where an archive comes.
    pub members: Members,
    /// Its tables.
    pub tables: Vec<TableContract>,
    /// Its rules across tables, periods and returns.
    pub rules: Vec<CrossRule>,
    /// How many rows may be refused while the others are taken; none without it.
    pub refuse_rows: Option<RefuseRows>,
    /// SHA-256 of the definition's text.
    pub hash: String,
    /// The definition's text, with the code lists beside it.
    pub text: String,
}

/// On what ground the data are held.
#[derive(Debug, Clone)]
pub struct Governance {
    /// What the data are for.
    pub purpose: String,
    /// The lawful basis.
    pub lawful_basis: String,
    /// The information sharing agreement.
    pub agreement: String,
    /// When the agreement is to be reviewed.
    pub agreement_review: civil::Date,
    /// How long the data are kept.
    pub retention_years: i64,
    /// How closely they are kept.
    pub classification: Classification,
}

/// How closely a return's rows are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Classification {
    /// Figures about groups of children.
    Aggregate,
    /// Records of single children.
    ChildLevel,
    /// What others have published.
    Published,
}

impl Contract {
    /// Whether it is owed for such a period, or asked about it.
    pub fn has(&self, period: Period) -> bool {
        self.every.has(period) || self.asks(period)
    }

    /// Whether for this period it is not the return that is owed, but the answer whether anything happened.
    pub fn asks(&self, period: Period) -> bool {
        self.since.as_ref().is_some_and(|since| since.every.has(period))
    }

    /// The due rules of what is owed for a period.
    pub fn dues(&self, period: Period) -> Option<Dues> {
        self.since.as_ref().filter(|_| self.asks(period)).map(Since::dues).or_else(|| self.due.clone())
    }

    /// The name of the ladder on which what is owed for a period is chased, where that is not the usual one.
    pub fn ladder(&self, period: Period) -> Option<&str> {
        if self.asks(period) { Some(FOR_WORDS) } else { self.ladder.as_deref() }
    }

    /// Whether its files are words for people, kept as they came.
    pub fn is_document(&self) -> bool {
        matches!(self.format, Format::Document)
    }

    /// Reads a definition. Every problem is told to the document: a contract is good only if that has none at the end.
    pub fn settle(id: ReturnId, document: &Document) -> Option<Self> {
        let mut root = document.root();
        let title = root.text("title");
        let agencies: Vec<AgencyId> = root.parsed_list("agencies");
        let priority = root.text_or("priority", "all");
        let every: Option<Every> = root.parsed("every");
        let due = settle_due(&mut root, every, &agencies);
        let (window, finals) = settle_phases(&mut root, every, due.as_ref());
        let since = settle_since(&mut root, every);
        let covers: Option<Covers> = root.parsed_opt("covers");
        let starts_on = root.date_opt("starts_on");
        let ladder = root.text_opt("ladder");
        let governance = root.section("governance").and_then(|mut table| Governance::settle(&mut table));
        let source = root.section("source").and_then(|mut table| Source::settle(&mut table));
        let mut sections = root.sections("table");
        let tables: Vec<TableContract> = sections.iter_mut().filter_map(TableContract::settle).collect();
        let format = root.section("format").and_then(|mut table| format::settle(&mut table, &tables));
        let (format, members) = format.unzip();
        if let Some(format) = &format {
            format::refuse_what_cannot_be_told_apart(format, &mut root, &tables);
        }
        let rules = settle_rules(&mut root, &tables);
        let refuse_rows = root.parsed_opt("refuse_rows");
        if refuse_rows.is_some() && tables.iter().any(|table| table.unpivot.is_some()) {
            // A row of the file is several of the table then, and cannot be refused by its number.
            root.refuse("refuse_rows", "no rows refused where wide columns become rows", "nothing; leave the line out");
        }
        if let Some(governance) = &governance {
            refuse_open_shields(&mut root, governance.classification, &tables);
        }
        if covers.zip(every).is_some_and(|(covers, every)| !covers.fits(every)) {
            root.refuse(
                "covers",
                "as many of the periods that the return is owed for",
                "covers = \"rolling(4 quarters)\"",
            );
        }
        if covers.is_some() && !tables.iter().all(TableContract::tells_periods_apart) {
            let expected = "a period_column in each [[table]], or an unpivot into a column of type period, which tells the \
                            periods of the file apart";
            root.refuse("covers", expected, "period_column = \"Period\" in each [[table]]");
        }
        let exempt = match root.section_opt("guard") {
            Some(mut guard) => Exempt::settle(&mut guard),
            None => Vec::new(),
        };
        if let Some(governance) = governance.as_ref().filter(|governance| !governance.is_guarded())
            && root.has("guard")
        {
            let found =
                if governance.classification == Classification::ChildLevel { "child-level" } else { "published" };
            let expected =
                format!("[guard] only where classification = \"aggregate\"; {found} returns are not guarded");
            root.refuse("guard", &expected, "nothing; leave the table out");
        }
        if agencies.is_empty() {
            root.refuse("agencies", "at least one agency", "agencies = [\"police\"]");
        }
        Some(Self {
            id,
            title: title?,
            agencies,
            priority,
            every: every?,
            covers,
            due,
            window,
            finals,
            since,
            starts_on,
            ladder,
            governance: governance?,
            source: source?,
            format: format?,
            exempt,
            members: members?,
            tables,
            rules,
            refuse_rows,
            hash: sha256(document.to_keep()),
            text: document.to_keep(),
        })
    }

    /// The schema its tables live in: `returns`, `confidential` for records of single children, or `reference` for what
    /// others publish.
    pub fn schema(&self) -> &'static str {
        match self.governance.classification {
            Classification::Aggregate => "returns",
            Classification::ChildLevel => "confidential",
            Classification::Published => "reference",
        }
    }

    /// Whether a heading is one of its own, and not the sender's.
    pub fn knows_heading(&self, heading: &str) -> bool {
        let columns = self.tables.iter().flat_map(|table| &table.columns);
        let others = self.tables.iter().flat_map(TableContract::other_headings);
        columns.flat_map(|column| &column.headings).chain(others).any(|known| plain(known) == plain(heading))
    }

    /// The lists of other returns that its codes come from.
    pub fn code_tables(&self) -> impl Iterator<Item = &CodeTable> {
        let columns = self.tables.iter().flat_map(|table| &table.columns);
        columns.filter_map(|column| match &column.codes {
            Some(Codes::Table(table)) => Some(table),
            _ => None,
        })
    }

    /// Whether it can be checked only with the board's key for pseudonyms.
    pub fn needs_key(&self) -> bool {
        let mut columns = self.tables.iter().flat_map(|table| &table.columns);
        columns.any(|column| matches!(column.shield, Some(Shield::Pseudonym { .. })))
    }

    /// The name of one of its tables in SQL.
    pub fn qualified(&self, table: &TableContract) -> String {
        format!("{}.{}", self.schema(), table.name)
    }
}

/// Reads `[[rule]]`, whose names are their own.
fn settle_rules(root: &mut Section<'_>, tables: &[TableContract]) -> Vec<CrossRule> {
    let mut ids: BTreeSet<String> = rule::ALL.map(str::to_owned).into();
    ids.extend(tables.iter().flat_map(TableContract::rule_ids).map(str::to_owned));
    let mut rules = Vec::new();
    for mut section in root.sections("rule") {
        let Some(rule) = CrossRule::settle(&mut section, tables) else { continue };
        if !ids.insert(rule.id.clone()) {
            section.refuse("id", "a name that no other rule has", "");
        }
        rules.push(rule);
    }
    rules
}

/// Particulars of a child belong in a return whose rows are kept as such.
fn refuse_open_shields(root: &mut Section<'_>, classification: Classification, tables: &[TableContract]) {
    let shielded = tables.iter().flat_map(|table| &table.columns).find(|column| column.shield.is_some());
    if let Some(column) = shielded.filter(|_| classification != Classification::ChildLevel) {
        let expected =
            format!("no child's particulars, as {:?} declares, in a return that is not child-level", column.name);
        if let Some(mut governance) = root.section("governance") {
            governance.refuse("classification", &expected, "classification = \"child-level\"");
        }
    }
}

fn settle_due(root: &mut Section<'_>, every: Option<Every>, agencies: &[AgencyId]) -> Option<Dues> {
    let every = every.filter(|every| *every != Every::Release)?;
    Dues::settle(&mut root.section("due")?, every, agencies)
}

/// Reads `[anything_since]`, which only what happens now and then can have.
fn settle_since(root: &mut Section<'_>, every: Option<Every>) -> Option<Since> {
    let since = root.section_opt("anything_since").and_then(|mut table| Since::settle(&mut table));
    if since.is_some() && every.is_some_and(|every| every != Every::Occurrence) {
        let expected =
            "[anything_since] only where every = \"occurrence\"; what opens by itself needs no such question";
        root.refuse("anything_since", expected, "nothing; leave the table out");
    }
    since
}

/// Reads `[window]` and `[final]`, which a return has that is due.
fn settle_phases(root: &mut Section<'_>, every: Option<Every>, due: Option<&Dues>) -> (WindowRule, Option<Final>) {
    if every == Some(Every::Release) {
        return Default::default();
    }
    let finals = root.section_opt("final").and_then(|mut table| Final::settle(&mut table, due));
    let rules: Vec<&Due> = due.into_iter().flat_map(Dues::all).chain(finals.as_ref().map(|last| &last.due)).collect();
    let window = root.section_opt("window").map(|mut table| WindowRule::settle(&mut table, rules.into_iter()));
    (window.unwrap_or_default(), finals)
}

impl Governance {
    /// Whether a file is looked through for identities before anything else: figures about groups hold none.
    pub fn is_guarded(&self) -> bool {
        self.classification == Classification::Aggregate
    }

    fn settle(table: &mut Section<'_>) -> Option<Self> {
        let purpose = table.text("purpose");
        let lawful_basis = table.text("lawful_basis");
        let agreement = table.text("agreement");
        let agreement_review = table.date("agreement_review");
        let retention_years = table.integer("retention_years");
        let classification = table.one_of("classification", &["aggregate", "child-level", "published"]);
        if retention_years.is_some_and(|years| years < 1) {
            table.refuse("retention_years", "a number of years above zero", "retention_years = 7");
        }
        Some(Self {
            purpose: purpose?,
            lawful_basis: lawful_basis?,
            agreement: agreement?,
            agreement_review: agreement_review?,
            retention_years: retention_years?,
            classification: match classification? {
                "aggregate" => Classification::Aggregate,
                "child-level" => Classification::ChildLevel,
                _ => Classification::Published,
            },
        })
    }
}
