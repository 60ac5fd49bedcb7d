//! The board: every definition in its folder, settled in one pass.
//!
//! `config/` says who and when, `pipelines/` what is owed, `reports/` what is made of it. Whatever is wrong with any of
//! them is told at once; a board exists only when nothing is.

pub mod agencies;
mod reports;
mod returns;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use agencies::Agency;
use jiff::civil;

use crate::{
    analysis::Indicator,
    check::Contract,
    domain::{AgencyId, ReturnId},
    ledger::ObligationKey,
    mail::{self, Contact, Person},
    pack::PackDefinition,
    settings::{self, Document, Problems, Section},
    source::{Source, fill, host_of},
    timetable::{Role, Timetable},
};

/// A board with all its definitions.
pub struct Board {
    /// The board's folder.
    pub home: PathBuf,
    /// Its name.
    pub name: String,
    /// What people call it.
    pub short_name: String,
    /// The name of its area, as in "Exampleshire".
    pub area: String,
    /// Whether it is made up, so that its pages say so and nothing it sends leaves this machine.
    pub example: bool,
    /// The person named on every message and page.
    pub contact: Contact,
    /// The board's manager.
    pub manager: Person,
    /// Who chairs.
    pub chair: Option<Person>,
    /// Where the daemon keeps what it must not lose.
    pub data: PathBuf,
    /// Where the pages listen.
    pub listen: SocketAddr,
    /// Where people reach them; without it no message holds a link.
    pub public_url: Option<String>,
    /// What `{base}` stands for in the addresses of returns.
    pub base: Option<String>,
    /// How messages leave.
    pub mail: mail::Settings,
    /// The words of messages.
    pub templates: mail::Templates,
    /// The partner agencies.
    pub agencies: BTreeMap<AgencyId, Agency>,
    /// What is owed, and what others publish.
    pub returns: BTreeMap<ReturnId, Contract>,
    /// When.
    pub timetable: Timetable,
    /// What is measured.
    pub indicators: Vec<Indicator>,
    /// What the board reads.
    pub packs: BTreeMap<String, PackDefinition>,
}

impl Board {
    /// Reads every definition below `home`.
    ///
    /// # Errors
    /// Everything that is wrong with any of them.
    pub fn settle(home: &Path, environment: &BTreeMap<String, String>) -> Result<Self, Problems> {
        let mut problems = Problems::default();
        let config = home.join("config");
        let main = settings::read_layers(&config, environment, &mut problems);
        let agencies = definition(&config.join("agencies.toml"), &mut problems, |root| Some(agencies::settle(root)));
        let returns = returns::settle(&home.join("pipelines"), &mut problems);
        let timetable = settle_timetable(home, &returns, &mut problems);
        let indicators = reports::indicators(&home.join("reports/indicators"), &mut problems);
        let packs = reports::packs(&home.join("reports/packs"), &mut problems);
        let templates = reports::templates(&home.join("reports/mail"), &mut problems);
        let main = main.and_then(|document| finished(document, &mut problems, |root| Main::settle(root, home)));
        if let Some(agencies) = &agencies {
            returns::check_agencies(&returns, agencies, home, &mut problems);
        }
        if let Some(main) = &main {
            returns::check_addresses(&returns, main.base.as_deref(), home, &mut problems);
        }
        returns::check_folders(&returns, home, &mut problems);
        reports::check_names(home, timetable.as_ref(), &packs, &indicators, &returns, &mut problems);
        if let (Some(main), Some(agencies)) = (&main, &agencies) {
            let people = agencies.values().flat_map(Agency::people).chain([&main.manager]).chain(&main.chair);
            reports::check_domains(home, &main.mail, people, &mut problems);
        }
        match (main, agencies, timetable, templates) {
            (Some(main), Some(agencies), Some(timetable), Some(templates)) if problems.is_empty() => Ok(Self {
                home: home.to_owned(),
                name: main.name,
                short_name: main.short_name,
                area: main.area,
                example: main.example,
                contact: main.contact,
                manager: main.manager,
                chair: main.chair,
                data: main.data,
                listen: main.listen,
                public_url: main.public_url,
                base: main.base,
                mail: main.mail,
                templates,
                agencies,
                returns,
                timetable,
                indicators,
                packs,
            }),
            _ => Err(problems),
        }
    }

    /// From when on a return is owed: the first period is the one this day falls in.
    pub fn owed_from(&self, contract: &Contract) -> civil::Date {
        contract.starts_on.map_or(self.timetable.starts_on, |on| on.max(self.timetable.starts_on))
    }

    /// Whether somebody still owes this, as the definitions stand now.
    pub fn is_owed(&self, key: &ObligationKey) -> bool {
        let Some(contract) = self.returns.get(&key.return_id).filter(|contract| contract.due.is_some()) else {
            return false;
        };
        contract.agencies.contains(&key.agency) && key.period.end() >= self.owed_from(contract)
    }

    /// A return's title, or its identifier when it is no longer defined.
    pub fn return_title(&self, id: &ReturnId) -> String {
        self.returns.get(id).map_or_else(|| id.to_string(), |contract| contract.title.clone())
    }

    /// An agency's name, or its identifier when it is no longer defined.
    pub fn agency_name(&self, id: &AgencyId) -> String {
        self.agencies.get(id).map_or_else(|| id.to_string(), |agency| agency.name.clone())
    }

    /// Who is told when `role` of `agency` is told.
    pub fn person(&self, agency: &AgencyId, role: Role) -> Option<&Person> {
        match role {
            Role::Manager => Some(&self.manager),
            _ => self.agencies.get(agency)?.person(role),
        }
    }

    /// The hosts that may be asked for files: those its returns name.
    pub fn hosts(&self) -> BTreeSet<String> {
        let base = self.base.as_deref().and_then(host_of);
        let sources = self.returns.values().map(|contract| &contract.source);
        sources
            .filter_map(|source| match source {
                Source::Https { host, .. } => host.clone().or_else(|| base.clone()),
                _ => None,
            })
            .collect()
    }

    /// A source's address with `{base}` filled in.
    pub fn address(&self, url: &str) -> String {
        based(url, self.base.as_deref())
    }
}

/// An address with `{base}` filled in.
fn based(url: &str, base: Option<&str>) -> String {
    fill(url, "base", base.unwrap_or_default().trim_end_matches('/'))
}

/// `config/quarterday.toml`, settled.
struct Main {
    name: String,
    short_name: String,
    area: String,
    example: bool,
    contact: Contact,
    manager: Person,
    chair: Option<Person>,
    data: PathBuf,
    listen: SocketAddr,
    public_url: Option<String>,
    base: Option<String>,
    mail: mail::Settings,
}

impl Main {
    fn settle(root: &mut Section<'_>, home: &Path) -> Option<Self> {
        let data = home.join(root.text_or("data", "data"));
        let board = root.section("board").map(|mut table| {
            (table.text("name"), table.text_opt("short_name"), table.text("area"), table.boolean_or("example", false))
        });
        let contact = root.section("contact").and_then(|mut table| Contact::settle(&mut table));
        let manager = root.section("manager").and_then(|mut table| Person::settle(&mut table));
        let chair = root.section_opt("chair").and_then(|mut table| Person::settle(&mut table));
        let (listen, public_url) = match root.section_opt("web") {
            Some(mut table) => (table.parsed_opt("listen"), table.text_opt("public_url")),
            None => (None, None),
        };
        let base = root.section_opt("pulls").and_then(|mut table| {
            let base = table.text_opt("base");
            if base.as_deref().is_some_and(|base| host_of(base).is_none()) {
                table.refuse("base", "an address that names its host", "base = \"https://data.example\"");
            }
            base
        });
        let example = board.as_ref().is_some_and(|(_, _, _, example)| *example);
        let mail = root.section("mail").and_then(|mut table| mail::Settings::settle(&mut table, example));
        let (name, short_name, area, _) = board?;
        let name = name?;
        Some(Self {
            short_name: short_name.unwrap_or_else(|| name.clone()),
            name,
            area: area?,
            example,
            contact: contact?,
            manager: manager?,
            chair,
            data,
            listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url,
            base,
            mail: mail?,
        })
    }
}

fn settle_timetable(home: &Path, returns: &BTreeMap<ReturnId, Contract>, problems: &mut Problems) -> Option<Timetable> {
    let latest = returns.values().filter_map(|contract| contract.due).map(|due| due.working_days).max();
    let path = home.join("config/timetable.toml");
    definition(&path, problems, |root| Timetable::settle(root, home, latest.unwrap_or(10)))
}

/// Reads one file and settles it; what is wrong goes to `problems`.
fn definition<T>(
    path: &Path,
    problems: &mut Problems,
    settle: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Option<T> {
    let document = settings::read_file(path, problems)?;
    finished(document, problems, settle)
}

fn finished<T>(
    document: Document,
    problems: &mut Problems,
    settle: impl FnOnce(&mut Section<'_>) -> Option<T>,
) -> Option<T> {
    let settled = settle(&mut document.root());
    problems.merge(document.finish());
    settled
}
