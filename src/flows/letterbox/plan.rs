//! What is to be done with a message, and what is said about it: decided once, before anything is done.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Record,
    answers::wrapped,
    bounce,
    sort::{self, Around, Sender},
};
use crate::{
    check::fits,
    decode::{decode, marks_of},
    domain::{AgencyId, Period, civil_day},
    flows::{App, chase, intake, reason::identity_in},
    ledger::{IncomingState, NewIncoming, ObligationKey, Plan, State},
    mail::{Unused, key_of},
    source::mailbox::{DataKind, File, Incoming, Kind, Mailbox, Nature, is_proven, nature},
};

/// So many messages of one sender an hour are answered; more is two programs writing to each other.
const MOST_ANSWERS: i64 = 20;

/// What is known of a message besides itself, and what is said of it so far.
pub(super) struct Desk<'a> {
    pub(super) app: &'a App,
    pub(super) mailbox: &'a Mailbox,
    pub(super) incoming: &'a Incoming,
    pub(super) id: i64,
    pub(super) now: Timestamp,
    /// When it came into the mailbox.
    pub(super) arrived_at: Timestamp,
    /// Whom it is from.
    pub(super) sender: Sender,
    /// The obligation whose message it answers.
    pub(super) about: Option<ObligationKey>,
    pub(super) answerable: bool,
    /// Whether only its beginning was read.
    pub(super) too_large: bool,
}

/// What is to be done with a message.
pub(super) async fn plan(
    app: &App,
    mailbox: &Mailbox,
    incoming: &Incoming,
    arrived_at: Timestamp,
    too_large: bool,
) -> anyhow::Result<Record> {
    let from = incoming.from.clone().unwrap_or_default();
    let now = app.clock.now();
    let hour = now.checked_sub(SignedDuration::from_hours(1))?;
    let (id, keys, remembered, recent) = {
        let from = from.clone();
        app.ledger
            .read(move |txn| {
                let recent = txn.incoming_since(&from, hour)?;
                Ok((txn.next_incoming()?, txn.message_keys()?, txn.remembered_sender(&from)?, recent))
            })
            .await?
    };
    let names = || keys.iter().map(|(key, _)| key.as_str());
    let about_key = incoming.references.iter().find_map(|reference| key_of(reference, names()));
    let about = keys.iter().find(|(key, _)| Some(key.as_str()) == about_key);
    let about: Option<ObligationKey> = about.and_then(|(_, obligation)| obligation.as_ref()?.parse().ok());
    let ours = [app.board.mail.from.email.as_str(), mailbox.settings().user.as_str()];
    let nature = nature(incoming, &ours, |id| key_of(id, names()).is_some());
    let sender = sort::sender(&from, &app.board.agencies, &app.board.contacts.all(civil_day(now)), remembered);
    let proven = mailbox.settings().proof.as_ref().is_none_or(|proof| is_proven(incoming, proof));
    // Who is known is told also of a letter in their name; a stranger whose name was forged is left in peace.
    let answerable = nature == Nature::Person
        && app.board.mail.writes_to(&from)
        && (proven || sender.is_lead)
        && recent < MOST_ANSWERS;
    let desk = Desk { app, mailbox, incoming, id, now, arrived_at, sender, about, answerable, too_large };
    match nature {
        Nature::Report => return bounce::record(&desk, names().collect()).await,
        Nature::Ours | Nature::Reply => return Ok(desk.left(IncomingState::Ignored)),
        Nature::Automatic if incoming.files.iter().all(|file| file.data().is_none()) => {
            return Ok(desk.left(IncomingState::Ignored));
        }
        Nature::Automatic | Nature::Person => {}
    }
    if from.is_empty() {
        return desk.held("It does not say in one plain address whom it is from.", Vec::new());
    }
    if !proven {
        return desk.held(
            &format!(
                "Our mail server could not confirm that it comes from {from}; somebody may have used the address."
            ),
            Vec::new(),
        );
    }
    if desk.sender.agencies.is_empty() {
        return desk.held("We do not know this address yet.", Vec::new());
    }
    if too_large {
        let why = "It is larger than the 40 MB that we take by mail. Please send the files in several messages, or ring us \
                   for another way";
        let things = vec![Unused { name: "Your message".into(), why: why.into() }];
        return match nature {
            Nature::Person => desk.not_taken_but_read(things, false).await,
            _ => desk.not_taken(things, false),
        };
    }
    if let Some(wrapping) = incoming.wrapping {
        return desk.not_taken(vec![wrapped("Your message", wrapping)], false);
    }
    if incoming.files.is_empty() { desk.text().await } else { desk.files(nature == Nature::Person).await }
}

/// Of a message that is none, or was made to do harm.
pub(super) async fn unreadable(app: &App, mailbox: &Mailbox, identity: String) -> anyhow::Result<Record> {
    let id = app.ledger.read(|txn| txn.next_incoming()).await?;
    let incoming = Incoming::default();
    let now = app.clock.now();
    let desk = Desk {
        app,
        mailbox,
        incoming: &incoming,
        id,
        now,
        arrived_at: now,
        sender: Sender::default(),
        about: None,
        answerable: false,
        too_large: false,
    };
    let mut record = desk.held("It is no message that can be read; it may have been made to do harm.", Vec::new())?;
    record.new.identity = identity;
    Ok(record)
}

impl Desk<'_> {
    /// A message that needs nothing.
    pub(super) fn left(&self, then: IncomingState) -> Record {
        let new = NewIncoming {
            identity: self.incoming.identity(),
            sender: self.incoming.from.clone().unwrap_or_default(),
            name: self.incoming.name.clone(),
            subject: self.incoming.subject.clone(),
            sha256: None,
            answerable: self.answerable,
            why: None,
            plan: Plan { offers: Vec::new(), nil: None, then, message_id: self.incoming.message_id.clone() },
        };
        Record { id: self.id, new, letters: Vec::new(), events: Vec::new(), keep: false }
    }

    /// A message with files: each is for one obligation, or it is named.
    async fn files(&self, is_person: bool) -> anyhow::Result<Record> {
        let (mut offers, mut unclear, mut things): (Vec<(usize, ObligationKey)>, Vec<String>, Vec<Unused>) =
            Default::default();
        let mut kinds = false;
        let states = self.states().await?;
        let around = self.around(&states);
        for (part, file) in self.incoming.files.iter().enumerate() {
            match file.kind {
                Kind::Wrapped(wrapping) => things.push(wrapped(&file.name, wrapping)),
                Kind::Data(DataKind::Document) if !sort::is_document(&self.app.board.returns, &around, &file.name) => {
                    kinds = true;
                    things.push(Unused { name: file.name.clone(), why: "It is no kind of file that we take.".into() });
                }
                Kind::Other => {
                    kinds = true;
                    things.push(Unused { name: file.name.clone(), why: "It is no kind of file that we take.".into() });
                }
                Kind::Data(_) => match place(self.app, &around, file).await {
                    Ok(key) => offers.push((part, key)),
                    Err(why) => unclear.push(why),
                },
            }
        }
        self.keep_apart(&mut offers, &mut unclear);
        if self.incoming.cut {
            unclear.push("It holds more files than we read of one message.".into());
        }
        if !is_person {
            // A program's export: there is nobody to be told of its other parts.
            things.clear();
        }
        let mut record = if !unclear.is_empty() {
            let mut held = self.held(&unclear.join(" "), things)?;
            self.let_wait(&mut held, &states).await?;
            held
        } else if things.is_empty() {
            self.left(IncomingState::Done)
        } else if offers.is_empty() {
            self.not_taken_but_read(things, kinds).await?
        } else {
            self.not_taken(things, kinds)?
        };
        record.new.plan.offers = offers;
        Ok(record)
    }

    /// Two files for one obligation: the second would replace the first, so a person says which is meant.
    fn keep_apart(&self, offers: &mut Vec<(usize, ObligationKey)>, unclear: &mut Vec<String>) {
        let (mut alone, mut doubled) = (Vec::new(), Vec::new());
        for (part, key) in offers.iter() {
            let shared = offers.iter().filter(|(_, other)| other == key).count() > 1;
            if shared { doubled.push((*part, key.clone())) } else { alone.push((*part, key.clone())) }
        }
        while let Some((_, key)) = doubled.first().cloned() {
            let same: Vec<usize> = doubled.iter().filter(|(_, other)| *other == key).map(|(part, _)| *part).collect();
            doubled.retain(|(_, other)| *other != key);
            let format = self.app.board.returns.get(&key.return_id).map(|contract| &contract.format);
            let is_right = |part: &&usize| {
                let data = self.incoming.files.get(**part).and_then(File::data);
                format.zip(data).is_some_and(|(format, data)| sort::is_read_as(format, data))
            };
            let right: Vec<&usize> = same.iter().filter(is_right).collect();
            let title = self.app.board.return_title(&key.return_id);
            match right.as_slice() {
                [one] => {
                    alone.push((**one, key));
                    unclear.push(format!("It holds another file beside that for {title}."));
                }
                _ => unclear.push(format!("It holds {} files that could be {title}.", same.len())),
            }
        }
        alone.sort_by_key(|(part, _)| *part);
        *offers = alone;
    }

    /// A reply "nil": taken from lead and deputy for what is not accepted yet.
    pub(super) fn nil(
        &self,
        about: Option<ObligationKey>,
        reason: Option<String>,
        states: &BTreeMap<ObligationKey, State>,
    ) -> anyhow::Result<Record> {
        let Some(reason) = reason else {
            let why = "A nil return needs one line of reason. Please reply again with \"nil\" and the reason after it";
            return self.not_taken(vec![Unused { name: "Your \"nil\"".into(), why: why.into() }], false);
        };
        if let Some(holds) = identity_in(&reason) {
            let why = format!(
                "Its reason is not kept, because {holds}. Please reply again with \"nil\" and a reason that tells of no child"
            );
            return self.not_taken(vec![Unused { name: "Your \"nil\"".into(), why }], false);
        }
        let Some(key) = about else {
            return self.held("It says \"nil\", and not for which return.", Vec::new());
        };
        if !self.sender.is_lead {
            return self.held("It says \"nil\", and its sender is neither lead nor deputy.", Vec::new());
        }
        if states.get(&key).is_some_and(|state| state.is_settled()) {
            return self.held("It says \"nil\" for a return that was accepted already.", Vec::new());
        }
        if let Some(why) = intake::refusal_of_nil(self.app, &key) {
            return self.held(&format!("It says \"nil\", and that cannot be taken: {why}."), Vec::new());
        }
        let mut record = self.left(IncomingState::Done);
        record.new.plan.nil = Some((key, reason));
        Ok(record)
    }

    /// What it says beside its files, and what is known.
    pub(super) fn around<'a>(&'a self, states: &'a BTreeMap<ObligationKey, State>) -> Around<'a> {
        Around {
            agencies: &self.sender.agencies,
            about: self.about.as_ref(),
            subject: &self.incoming.subject,
            states,
            arrived: civil_day(self.arrived_at),
        }
    }

    /// How far the obligations have come that it could be about.
    pub(super) async fn states(&self) -> anyhow::Result<BTreeMap<ObligationKey, State>> {
        states(self.app, &self.sender.agencies).await
    }
}

/// The obligations of some agencies, and how far each has come; those too that the next ring opens.
pub(super) async fn states(app: &App, agencies: &[AgencyId]) -> anyhow::Result<BTreeMap<ObligationKey, State>> {
    let theirs = agencies.to_vec();
    let states = app.ledger.read(move |txn| {
        let mut states = BTreeMap::new();
        for agency in &theirs {
            states.extend(txn.states_of(agency)?);
        }
        Ok(states)
    });
    let mut states = states.await?;
    states.retain(|key, _| app.board.is_owed(key));
    for duty in chase::duties(&app.board).filter(|duty| agencies.contains(&duty.agency)) {
        for opening in app.board.timetable.openings(&duty, app.clock.now()).into_iter().flatten() {
            states.entry(opening.key).or_insert(State::Open);
        }
    }
    Ok(states)
}

/// What a file is for; else why that is not clear, with what it could be.
pub(super) async fn place(app: &App, around: &Around<'_>, file: &File) -> Result<ObligationKey, String> {
    let returns = &app.board.returns;
    let mut found = sort::returns(returns, around, &file.name, file.data());
    // A template says for what it was made, where sender and words leave it open.
    let marks = marks_of(&file.bytes);
    if let Some(marks) = &marks {
        let is_meant = |one: &sort::Candidate<'_>| {
            one.contract.id == marks.return_id && marks.agency.as_ref().is_none_or(|agency| agency == one.agency)
        };
        if found.iter().any(is_meant) {
            found.retain(is_meant);
        }
    }
    if found.len() > 1 && around.about.is_none() {
        // The headings may tell what the words do not.
        let mut fitting = Vec::new();
        for candidate in &found {
            if let Ok(decoded) = decode(&candidate.contract.format, file.bytes.clone(), &app.launcher).await
                && fits(candidate.contract, &decoded)
            {
                fitting.push(*candidate);
            }
        }
        if !fitting.is_empty() {
            found = fitting;
        }
    }
    let [candidate] = found.as_slice() else {
        let mut could: Vec<String> = found.iter().map(|one| format!("{} of {}", one.contract.id, one.agency)).collect();
        could.sort();
        return Err(match could.as_slice() {
            [] => format!("Nothing is asked of this sender that {} could be.", file.name),
            could => format!("It does not say which return {} is; it could be {}.", file.name, could.join(", ")),
        });
    };
    let marked = |could: Vec<Period>| {
        let period = marks.and_then(|marks| marks.period).filter(|period| could.is_empty() || could.contains(period));
        period.ok_or(could)
    };
    let period = sort::period(*candidate, around, &file.name).or_else(marked).map_err(|could| {
        let could: Vec<String> = could.iter().map(ToString::to_string).collect();
        let could = if could.is_empty() { String::new() } else { format!("; it could be {}", could.join(", ")) };
        format!("It does not say for which period {} is{could}.", file.name)
    })?;
    let key = ObligationKey { return_id: candidate.contract.id.clone(), agency: candidate.agency.clone(), period };
    match intake::refusal(app, &key) {
        Some(why) => Err(format!("{} cannot be taken: {why}.", file.name)),
        None => Ok(key),
    }
}
