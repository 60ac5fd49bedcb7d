//! The board: every definition in its folder, settled in one pass.
//!
//! `config/` says who and when, `pipelines/` what is owed, `reports/` what is made of it. Whatever is wrong with any of
//! them is told at once; a board exists only when nothing is.

pub mod agencies;
mod custodian;
mod keys;
mod outside;
mod people;
mod reports;
mod returns;
mod roles;
mod watching;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

pub use agencies::Agency;
pub use custodian::Custodian;
use jiff::civil;
pub use keys::AgencyKeys;
pub use roles::NamedRole;
pub use watching::Watching;

use super::contacts::Contacts;
use crate::{
    analysis::{Indicator, Model},
    check::Contract,
    domain::{AgencyId, Calendar, ReturnId, words::lower_first},
    ledger::ObligationKey,
    mail::{self, Contact, Person},
    pack::PackDefinition,
    settings::{self, Document, Problems, Section},
    source::{Https, fill, host_of, https, mailbox},
    timetable::{Every, Meeting, Timetable},
};

/// What a commentary on an indicator is owed as: this, and the indicator's identifier.
pub const COMMENTARY: &str = "commentary-";

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
    /// Who is told what restatements changed; the manager where there is none.
    pub analyst: Option<Person>,
    /// Who chairs.
    pub chair: Option<Person>,
    /// Who else the ladder can name.
    pub roles: BTreeMap<String, NamedRole>,
    /// Who is asked to sign a pack off when the chair is silent.
    pub vice_chair: Option<Person>,
    /// Who alone may open an extract in which identities were found.
    pub custodian: Option<Custodian>,
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
    /// The mailbox that agencies write to.
    pub mailbox: Option<mailbox::Settings>,
    /// Who watches the daemon, and what is watched.
    pub watching: Watching,
    /// The words of messages.
    pub templates: mail::Templates,
    /// The partner agencies.
    pub agencies: BTreeMap<AgencyId, Agency>,
    /// What is owed, and what others publish.
    pub returns: BTreeMap<ReturnId, Contract>,
    /// When.
    pub timetable: Timetable,
    /// Where newer lists of bank holidays come from, if they are fetched.
    pub holiday_list: Option<Https>,
    /// Tables that other SQL reads.
    pub models: Vec<Model>,
    /// What is measured.
    pub indicators: Vec<Indicator>,
    /// What the board reads.
    pub packs: BTreeMap<String, PackDefinition>,
    /// Who is written to instead, as a person recorded since.
    pub contacts: Contacts,
}

impl Board {
    /// Where large files lie, without a name, while they are taken in.
    pub fn incoming(&self) -> PathBuf {
        self.data.join("incoming")
    }

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
        let models = reports::models(&home.join("reports/models"), &mut problems);
        let indicators = reports::indicators(&home.join("reports/indicators"), &mut problems);
        let packs = reports::packs(&home.join("reports/packs"), &mut problems);
        let templates = reports::templates(&home.join("reports/mail"), &mut problems);
        let main = main.and_then(|document| finished(document, &mut problems, |root| Main::settle(root, home)));
        let (timetable, holiday_list) =
            settle_timetable(home, (&returns, &packs), main.as_ref(), &mut problems).unzip();
        if let Some(agencies) = &agencies {
            returns::check_agencies(&returns, agencies, home, &mut problems);
            returns::check_members(&returns, agencies, home, &mut problems);
        }
        if let Some(main) = &main {
            returns::check_addresses(&returns, main.base.as_deref(), home, &mut problems);
            if main.mailbox.is_none() {
                returns::check_mailbox(&returns, home, &mut problems);
            }
        }
        if let Some(timetable) = &timetable {
            returns::check_meetings(&returns, timetable, home, &mut problems);
            returns::check_circulation(&returns, &packs, timetable, home, &mut problems);
        }
        returns::check_folders(&returns, home, &mut problems);
        returns::check_stores(&returns, home, &mut problems);
        returns::check_tables(&returns, home, &mut problems);
        if let Some(timetable) = &timetable {
            returns::check_ladders(&returns, timetable, home, &mut problems);
        }
        if let (Some(main), Some(timetable)) = (&main, &timetable) {
            people::check_roles(home, timetable, main, &mut problems);
        }
        reports::check_names(home, timetable.as_ref(), &packs, &indicators, &returns, &mut problems);
        if let (Some(main), Some(agencies)) = (&main, &agencies) {
            let people = agencies
                .values()
                .flat_map(Agency::people)
                .chain([&main.manager])
                .chain(&main.analyst)
                .chain(&main.chair)
                .chain(main.roles.values().map(|role| &role.person))
                .chain(&main.vice_chair)
                .chain(&main.watching.operator)
                .chain(main.custodian.as_ref().map(|custodian| &custodian.person));
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
                analyst: main.analyst,
                chair: main.chair,
                roles: main.roles,
                vice_chair: main.vice_chair,
                custodian: main.custodian,
                data: main.data,
                listen: main.listen,
                public_url: main.public_url,
                base: main.base,
                mail: main.mail,
                mailbox: main.mailbox,
                watching: main.watching,
                templates,
                agencies,
                returns,
                timetable,
                holiday_list: holiday_list.flatten(),
                models,
                indicators,
                packs,
                contacts: Contacts::default(),
            }),
            _ => Err(problems),
        }
    }

    /// From when on a return is owed: the first period is the one this day falls in.
    pub fn owed_from(&self, contract: &Contract) -> civil::Date {
        contract.starts_on.map_or(self.timetable.starts_on, |on| on.max(self.timetable.starts_on))
    }

    /// The board as its messages name it.
    pub fn of_mail(&self) -> mail::Board {
        mail::Board { name: self.name.clone(), example: self.example, public_url: self.public_url.clone() }
    }

    /// Whether somebody still owes this, as the definitions stand now.
    pub fn is_owed(&self, key: &ObligationKey) -> bool {
        if self.commentary(key).is_some() {
            return self.timetable.meetings().iter().any(|meeting| meeting.period == key.period);
        }
        let Some(contract) = self.returns.get(&key.return_id).filter(|contract| contract.due.is_some()) else {
            return false;
        };
        // A question that is asked no more is no return for such a period.
        let is_asked = contract.every != Every::Occurrence || contract.has(key.period);
        is_asked && contract.agencies.contains(&key.agency) && key.period.end() >= self.owed_from(contract)
    }

    /// Who looks after the machine.
    pub fn operator(&self) -> &Person {
        self.watching.operator.as_ref().unwrap_or(&self.manager)
    }

    /// A return's title, or its identifier when it is no longer defined.
    pub fn return_title(&self, id: &ReturnId) -> String {
        if let Some(indicator) = self.commented(id) {
            return format!("Commentary on {}", lower_first(&indicator.title));
        }
        self.returns.get(id).map_or_else(|| id.to_string(), |contract| contract.title.clone())
    }

    /// The indicator that a commentary speaks of.
    fn commented(&self, id: &ReturnId) -> Option<&Indicator> {
        let indicator = id.as_str().strip_prefix(COMMENTARY)?;
        self.indicators.iter().find(|known| known.id == indicator)
    }

    /// The indicator that something owed is a commentary on, if it is one.
    pub fn commentary(&self, key: &ObligationKey) -> Option<&Indicator> {
        let is_its = |indicator: &&Indicator| {
            indicator.from.as_ref().is_some_and(|(agency, _)| agency.as_ref() == Some(&key.agency))
        };
        self.commented(&key.return_id).filter(is_its)
    }

    /// Whether an obligation is the answer whether anything happened, and not the return about it.
    pub fn is_question(&self, key: &ObligationKey) -> bool {
        self.returns.get(&key.return_id).is_some_and(|contract| contract.asks(key.period))
    }

    /// An agency's name, or its identifier when it is no longer defined.
    pub fn agency_name(&self, id: &AgencyId) -> String {
        self.agencies.get(id).map_or_else(|| id.to_string(), |agency| agency.name.clone())
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
    analyst: Option<Person>,
    chair: Option<Person>,
    roles: BTreeMap<String, NamedRole>,
    vice_chair: Option<Person>,
    custodian: Option<Custodian>,
    data: PathBuf,
    listen: SocketAddr,
    public_url: Option<String>,
    base: Option<String>,
    mail: mail::Settings,
    mailbox: Option<mailbox::Settings>,
    watching: Watching,
}

impl Main {
    fn settle(root: &mut Section<'_>, home: &Path) -> Option<Self> {
        let data = home.join(root.text_or("data", "data"));
        let board = root.section("board").map(|mut table| {
            (table.text("name"), table.text_opt("short_name"), table.text("area"), table.boolean_or("example", false))
        });
        let contact = root.section("contact").and_then(|mut table| Contact::settle(&mut table));
        let manager = root.section("manager").and_then(|mut table| Person::settle(&mut table));
        let analyst = root.section_opt("analyst").and_then(|mut table| Person::settle(&mut table));
        let chair = root.section_opt("chair").and_then(|mut table| Person::settle(&mut table));
        let roles = roles::settle(root);
        let vice_chair = root.section_opt("vice_chair").and_then(|mut table| Person::settle(&mut table));
        if vice_chair.is_some() && chair.is_none() {
            root.refuse("vice_chair", "a chair beside it, who is asked first", "[chair] with a name and an email");
        }
        let custodian = root.section_opt("custodian").and_then(|mut table| Custodian::settle(&mut table));
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
        let mailbox = root.section_opt("mailbox").and_then(|mut table| mailbox::Settings::settle(&mut table, example));
        let watching = Watching::settle(root, example);
        let (name, short_name, area, _) = board?;
        let name = name?;
        Some(Self {
            short_name: short_name.unwrap_or_else(|| name.clone()),
            name,
            area: area?,
            example,
            contact: contact?,
            manager: manager?,
            analyst,
            chair,
            roles,
            vice_chair,
            custodian,
            data,
            listen: listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url,
            base,
            mail: mail?,
            mailbox,
            watching: watching?,
        })
    }
}

/// `config/timetable.toml`, and where newer lists of bank holidays come from.
fn settle_timetable(
    home: &Path,
    (returns, packs): (&BTreeMap<ReturnId, Contract>, &BTreeMap<String, PackDefinition>),
    main: Option<&Main>,
    problems: &mut Problems,
) -> Option<(Timetable, Option<Https>)> {
    let due = |meeting: &Meeting, calendar: &Calendar| returns::last_due(returns, packs, meeting, calendar);
    let path = home.join("config/timetable.toml");
    definition(&path, problems, |root| {
        let list = root.section_opt("holiday_list").map(|mut table| settle_list(&mut table, main));
        let data = main.map(|main| main.data.as_path()).filter(|_| list.is_some());
        let timetable = Timetable::settle(root, home, data, &due)?;
        Some((timetable, list.flatten()))
    })
}

/// Reads `[holiday_list]`.
fn settle_list(table: &mut Section<'_>, main: Option<&Main>) -> Option<Https> {
    let list = Https::settle(table)?;
    if let Some(main) = main {
        let expected = match main.base {
            None if list.url.contains("{base}") => Some("an address whose {base} is known".to_owned()),
            _ => https::refusal(&based(&list.url, main.base.as_deref())),
        };
        if let Some(expected) = expected {
            table.refuse("url", &expected, "url = \"https://www.gov.uk/bank-holidays.json\"");
        }
    }
    Some(list)
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
