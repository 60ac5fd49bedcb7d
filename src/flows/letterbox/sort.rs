//! Whose a message is and what its files are for.
//!
//! Pure: the board's definitions and what the ledger knows in, one obligation out, or all that it could be. Nothing is
//! guessed: what is not said by the message or left over as the only thing possible is for a person.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::{
    check::Contract,
    decode::Format,
    domain::{AgencyId, Period, ReturnId, is_address},
    flows::board::Agency,
    ledger::{ContactRole, ObligationKey, State},
    mail::Person,
    source::{Source, mailbox::DataKind, pattern, period_in_name, periods_in_name},
    timetable::Every,
};

/// Whose a message is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sender {
    /// The agencies it could be from.
    pub agencies: Vec<AgencyId>,
    /// Whether it is lead or deputy of one of them.
    pub is_lead: bool,
}

/// Whose an address is: lead, deputy and board member first, then what a person said, then the agencies' domains.
///
/// `contacts` are those whom a person recorded beside the definitions.
pub(super) fn sender(
    address: &str,
    agencies: &BTreeMap<AgencyId, Agency>,
    contacts: &[(AgencyId, ContactRole, Person)],
    remembered: Option<AgencyId>,
) -> Sender {
    let is_it = |person: &Person| person.email.eq_ignore_ascii_case(address);
    let recorded = |above: bool| {
        let theirs = contacts.iter().filter(move |(_, role, _)| (*role == ContactRole::BoardMember) == above);
        theirs.filter(|(_, _, person)| is_it(person)).map(|(agency, _, _)| agency.clone())
    };
    let is_lead = |agency: &&Agency| is_it(&agency.lead) || agency.deputy.as_ref().is_some_and(is_it);
    let mut leads: Vec<AgencyId> = agencies.values().filter(is_lead).map(|agency| agency.id.clone()).collect();
    leads.extend(recorded(false));
    leads.sort();
    leads.dedup();
    if !leads.is_empty() {
        return Sender { agencies: leads, is_lead: true };
    }
    let is_above = |agency: &&Agency| agency.board_member.as_ref().is_some_and(is_it);
    let mut found: Vec<AgencyId> = agencies.values().filter(is_above).map(|agency| agency.id.clone()).collect();
    found.extend(recorded(true));
    if found.is_empty() {
        found.extend(remembered.filter(|agency| agencies.contains_key(agency)));
    }
    if found.is_empty() {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        let has = |agency: &&Agency| agency.domains.iter().any(|known| known.eq_ignore_ascii_case(domain));
        found.extend(agencies.values().filter(has).map(|agency| agency.id.clone()));
    }
    Sender { agencies: found, is_lead: false }
}

/// What a message says beside its files, and what is known.
pub(super) struct Around<'a> {
    /// The agencies it could be from.
    pub agencies: &'a [AgencyId],
    /// The obligation whose message it answers.
    pub about: Option<&'a ObligationKey>,
    /// Its subject.
    pub subject: &'a str,
    /// The obligations of these agencies, and how far each has come.
    pub states: &'a BTreeMap<ObligationKey, State>,
    /// The day it came.
    pub arrived: Date,
}

/// A return of an agency.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate<'a> {
    pub agency: &'a AgencyId,
    pub contract: &'a Contract,
}

/// The returns a file could be for: by the message it answers, by its name, by the subject, by the kind of file; in this
/// order, until one is left. Two that contradict each other both remain.
pub(super) fn returns<'a>(
    returns: &'a BTreeMap<ReturnId, Contract>,
    around: &Around<'a>,
    name: &str,
    kind: Option<DataKind>,
) -> Vec<Candidate<'a>> {
    let owed = |agency: &'a AgencyId| {
        let theirs = returns.values().filter(|contract| contract.agencies.contains(agency));
        theirs.map(move |contract| Candidate { agency, contract })
    };
    let mut left: Vec<Candidate<'_>> = around.agencies.iter().flat_map(owed).collect();
    let named: Vec<Candidate<'_>> = left.iter().filter(|one| is_named(one, name)).copied().collect();
    if let Some(about) = around.about {
        let answered = |one: &&Candidate<'_>| one.contract.id == about.return_id && *one.agency == about.agency;
        if let Some(answered) = left.iter().find(answered).copied() {
            let agrees = named.is_empty() || named.iter().any(|one| one.contract.id == answered.contract.id);
            return if agrees { vec![answered] } else { named.into_iter().chain([answered]).collect() };
        }
    }
    if !named.is_empty() {
        left = named;
    } else {
        // Nobody owes a release: one that comes another way is meant only where it is named.
        let comes_by_mail = |contract: &Contract| matches!(contract.source, Source::Mailbox { .. });
        left.retain(|Candidate { contract, .. }| {
            contract.every != Every::Release || comes_by_mail(contract) || is_said(contract, around.subject)
        });
        narrow(&mut left, |one| is_said(one.contract, around.subject));
    }
    if let Some(kind) = kind {
        narrow(&mut left, |one| is_read_as(&one.contract.format, kind));
    }
    left
}

/// Keeps what passes, unless nothing does.
fn narrow<'a>(left: &mut Vec<Candidate<'a>>, passes: impl Fn(&Candidate<'a>) -> bool) {
    if left.len() > 1 && left.iter().any(&passes) {
        left.retain(passes);
    }
}

/// Whether a file's name says which return it is: by the pattern of its source, its identifier or its title.
/// Whether a document is asked for by the message that is answered, or named by the file or the subject. Nothing is taken
/// for one because it happens to be a PDF.
pub(super) fn is_document(returns: &BTreeMap<ReturnId, Contract>, around: &Around<'_>, name: &str) -> bool {
    let asked = returns.values().filter(|contract| contract.is_document());
    let theirs = asked.flat_map(|contract| {
        let owers = around.agencies.iter().filter(|agency| contract.agencies.contains(agency));
        owers.map(move |agency| Candidate { agency, contract })
    });
    theirs.into_iter().any(|one| {
        let answers = |about: &ObligationKey| about.return_id == one.contract.id && about.agency == *one.agency;
        around.about.is_some_and(answers) || is_named(&one, name) || is_said(one.contract, around.subject)
    })
}

fn is_named(Candidate { agency, contract }: &Candidate<'_>, name: &str) -> bool {
    let pattern = match &contract.source {
        Source::Mailbox { pattern } => Some(pattern.clone()),
        source => source.folder_of(agency).map(|(_, pattern)| pattern),
    };
    let by_pattern = pattern.is_some_and(|pattern| {
        // A pattern without three letters in a row says nothing of the return.
        let plain = pattern.rsplit_once('.').map_or(pattern.as_str(), |(start, _)| start);
        let telling = plain.split(|c: char| !c.is_ascii_alphabetic()).any(|word| word.len() > 2);
        telling && pattern::matches(&pattern, name)
    });
    by_pattern || is_said(contract, name)
}

/// Whether a text names the return.
fn is_said(contract: &Contract, text: &str) -> bool {
    let text = plain(text);
    [contract.id.as_str(), &contract.title].iter().any(|name| text.contains(&plain(name)))
}

/// Letters and digits, one space between words, a space at both ends.
fn plain(text: &str) -> String {
    let words: Vec<String> = text.split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).filter(|word| !word.is_empty()).collect();
    format!(" {} ", words.join(" "))
}

/// Whether files of a format come as this kind; what is in a container shows only when it is opened.
pub(super) fn is_read_as(format: &Format, kind: DataKind) -> bool {
    match kind {
        DataKind::Container => true,
        DataKind::Csv => matches!(format, Format::Csv(_)),
        DataKind::Workbook => matches!(format, Format::Workbook(_)),
        DataKind::Json => matches!(format, Format::Json(_)),
        DataKind::Columns => matches!(format, Format::Parquet | Format::Arrow),
        DataKind::Xml => matches!(format, Format::Xml(_)),
        DataKind::Document => matches!(format, Format::Document),
    }
}

/// The period a file is for: the one its name or the subject says, that of the message it answers, or the only one that is
/// owed. Otherwise all that it could be. A release is of the day that is said, or else of the day it came.
pub(super) fn period(candidate: Candidate<'_>, around: &Around<'_>, name: &str) -> Result<Period, Vec<Period>> {
    let contract = candidate.contract;
    if contract.every == Every::Release {
        let said = [name, around.subject].into_iter().flat_map(periods_in_name);
        let mut days = said.filter(|period| matches!(period, Period::Release { .. }));
        return Ok(days.next().unwrap_or(Period::Release { date: around.arrived }));
    }
    let theirs = around
        .states
        .iter()
        .filter(|(key, _)| key.return_id == contract.id && key.agency == *candidate.agency)
        .map(|(key, state)| (key.period, *state));
    let theirs: Vec<(Period, State)> = theirs.collect();
    // What happened is owed only where a notice opened it.
    let is_opened = |period: &Period| theirs.iter().any(|(opened, _)| opened == period);
    let fits = |period: &Period| match contract.every {
        Every::Occurrence => is_opened(period),
        every => every.has(*period),
    };
    let answered = around.about.filter(|about| about.return_id == contract.id && about.agency == *candidate.agency);
    let answered = answered.map(|about| about.period);
    if let Some(named) = period_in_name(name).filter(fits) {
        return match answered {
            Some(answered) if answered != named => Err(vec![named, answered]),
            _ => Ok(named),
        };
    }
    if let Some(answered) = answered {
        return Ok(answered);
    }
    if let Some(said) = period_in_name(around.subject).filter(fits) {
        return Ok(said);
    }
    let subject = plain(around.subject);
    let in_words = |period: &Period| {
        let human = period.human();
        subject.contains(&plain(human.split(" (").next().unwrap_or(&human)))
    };
    let said: Vec<Period> = theirs.iter().map(|(period, _)| *period).filter(in_words).collect();
    if let [said] = said.as_slice() {
        return Ok(*said);
    }
    let open: Vec<Period> = theirs.iter().filter(|(_, state)| !state.is_settled()).map(|(period, _)| *period).collect();
    match open.as_slice() {
        [open] => Ok(*open),
        [] => Err(theirs.iter().map(|(period, _)| *period).max().into_iter().collect()),
        _ => Err(open),
    }
}

/// What a message without a file is about: what it answers, or the only thing that is owed.
pub(super) fn subject_of(around: &Around<'_>) -> Option<ObligationKey> {
    let theirs = |key: &ObligationKey| around.agencies.contains(&key.agency);
    if let Some(about) = around.about {
        return theirs(about).then(|| about.clone());
    }
    let mut open = around.states.iter().filter(|(key, state)| theirs(key) && !state.is_settled());
    match (open.next(), open.next()) {
        (Some((key, _)), None) => Some(key.clone()),
        _ => None,
    }
}

/// All that a message without a file could be about: what it answers, or what is owed and its subject does not speak
/// against.
pub(super) fn could_be_about(returns: &BTreeMap<ReturnId, Contract>, around: &Around<'_>) -> Vec<ObligationKey> {
    let theirs = |key: &ObligationKey| around.agencies.contains(&key.agency);
    if let Some(about) = around.about {
        return if theirs(about) { vec![about.clone()] } else { Vec::new() };
    }
    let open = around.states.iter().filter(|(key, state)| theirs(key) && !state.is_settled()).map(|(key, _)| key);
    let mut open: Vec<ObligationKey> = open.cloned().collect();
    let said = |key: &ObligationKey| returns.get(&key.return_id).is_some_and(|known| is_said(known, around.subject));
    if open.iter().any(said) {
        open.retain(said);
    }
    open
}

/// Whether a line is none of the writer's own: what is quoted, or the heading of that.
fn is_quoted(line: &str) -> bool {
    line.starts_with('>') || line.starts_with("-----") || line.starts_with("From:")
}

/// The words of a text that its writer wrote: without what it quotes, who said that, and the signature below.
pub(super) fn own_words(text: &str) -> String {
    let lines = text.lines().map(str::trim);
    let own = lines.take_while(|line| *line != "--" && !line.starts_with("-----") && !line.starts_with("From:"));
    let own = own.filter(|line| !line.starts_with('>') && !line.ends_with("wrote:"));
    own.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Whether a text has words of its own beside what it quotes and the signature below.
pub(super) fn has_words(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let mut above = lines.take_while(|line| *line != "--" && (line.starts_with('>') || !is_quoted(line)));
    above.any(|line| !is_quoted(line) && !line.ends_with("wrote:") && line.chars().any(char::is_alphanumeric))
}

/// What the beginning of a text asks for, where it is one of the words that our own messages offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// There is nothing to report, with the reason if one is given.
    Nil(Option<String>),
    /// Somebody else is to be written to for a while.
    Cover(Option<String>),
}

/// The longest reason that is kept.
const LONGEST_REASON: usize = 300;

/// The word a text begins with; what it quotes below is not read.
pub(super) fn word(text: &str) -> Option<Word> {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).take_while(|line| !is_quoted(line));
    let first = lines.next()?;
    let first = first.trim_start_matches(['"', '\u{201c}', '\'']);
    let end = first.find(|c: char| !c.is_alphabetic()).unwrap_or(first.len());
    let (word, rest) = first.split_at(end);
    match word.to_lowercase().as_str() {
        "cover" => {
            let said = rest.split(|c: char| c.is_whitespace() || "<>(),;:\"'".contains(c));
            let mut named = said.map(|word| word.trim_end_matches('.')).filter(|word| is_address(word));
            Some(Word::Cover(named.next().map(str::to_owned)))
        }
        "nil" => {
            let plain = |text: &str| {
                let text = text.trim_matches(|c: char| !c.is_alphanumeric() && !"().".contains(c)).trim();
                let text = text.strip_prefix("return").map_or(text, |rest| rest.trim_start_matches([':', ' ', ',']));
                let text: String = text.chars().filter(|c| !c.is_control()).take(LONGEST_REASON).collect();
                (text.chars().filter(|c| c.is_alphanumeric()).count() > 2).then_some(text)
            };
            Some(Word::Nil(plain(rest).or_else(|| lines.next().and_then(plain))))
        }
        _ => None,
    }
}

#[cfg(test)]
#[path = "sort_tests.rs"]
mod tests;
