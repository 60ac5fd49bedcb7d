//! One story: agencies that deliver or do not, a manager, a relay, outages, wrong clocks and power cuts, from one seed.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan, civil::Date};
use quarterday::{
    flows::{
        concession::{self, Concession},
        escalation, hold,
        intake::supposed::{Supposed, arrives, judged},
    },
    ledger::{Event, ObligationKey, OutboxRow, OutboxState, State},
};

use super::{
    chance::Chance,
    days::{Days, at, day, hour, later},
    engine::{Engine, RETURNS},
    history::{Expected, Fate, History, Lapse, Outage, Recorded, Try, base},
    promises::PROMISES,
    relay::Relay,
};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Without faults at the end, so that what is under way comes to its outcome.
const CALM: i64 = 75 * DAY;

/// What happens in the world.
#[derive(Debug, Clone)]
enum Turn {
    /// A file, or a word that there is none, is there to be taken.
    Deliver(ObligationKey, Supposed),
    /// A person decides on what is held.
    Decide(ObligationKey, bool),
    /// The manager keeps it from going above the lead.
    HoldEscalation(ObligationKey),
    /// The manager gives more time, or lets them off.
    Concede(ObligationKey, Concession),
    /// A message comes back.
    Bounce(String),
    RelayDown(bool),
    Refuse(String, bool),
    DaemonDown,
    DaemonUp,
    /// The clock goes wrong by so many seconds.
    Clock(i64),
    /// A person sees that it is held and says that all is right.
    Adopt,
    /// The agreement of a return lapses, until it is renewed.
    Lapse(&'static str),
    Renew(&'static str),
    /// Nothing; the daemon rings.
    Ring,
}

pub struct World<'a> {
    engine: &'a mut Engine,
    relay: Relay,
    chance: Chance,
    /// The true time; the daemon's clock may be wrong.
    now: Timestamp,
    clock_error: i64,
    is_up: bool,
    down_since: Timestamp,
    calm_from: Timestamp,
    end: Timestamp,
    turns: BTreeMap<(Timestamp, u64), Turn>,
    numbered: u64,
    /// What was delivered while nobody took it.
    waiting: Vec<(ObligationKey, Supposed)>,
    /// What each submission without a verdict comes to.
    plans: BTreeMap<i64, Supposed>,
    /// When which rung must have an outcome, if the obligation is in that state then.
    planned: BTreeSet<(Timestamp, String, &'static str, &'static str)>,
    /// Obligations of which the ledger knows that a file is there.
    delivered: BTreeSet<String>,
    adoption_planned: bool,
    is_held: bool,
    /// Whether the power went while something was judged.
    was_cut: bool,
    history: History,
}

/// Lives through `years` from a seed and answers with what happened.
pub fn live(engine: &mut Engine, seed: u64, years: i16) -> History {
    let mut world = World::new(engine, seed, years);
    world.run();
    world.finish()
}

impl<'a> World<'a> {
    fn new(engine: &'a mut Engine, seed: u64, years: i16) -> Self {
        let mut chance = Chance::of(seed);
        let from = jiff::civil::date(2025, 4, 1);
        let days = Days::of(2024..=2025 + years + 2, chance.percent(50));
        let begin = at(from, 9, 0);
        let end = at(from + i64::from(years).years(), 12, 0);
        let relay = Relay::new(seed, engine.app.clock.clone());
        engine.begin(begin, &days, relay.mailer());
        let history = History {
            seed,
            days,
            expected: Vec::new(),
            tries: Vec::new(),
            outages: Vec::new(),
            lapses: Vec::new(),
            left: Vec::new(),
            ledger: Recorded::default(),
            story: Vec::new(),
        };
        let mut world = Self {
            engine,
            relay,
            chance,
            now: begin,
            clock_error: 0,
            is_up: true,
            down_since: begin,
            calm_from: later(end, -CALM),
            end,
            turns: BTreeMap::new(),
            numbered: 0,
            waiting: Vec::new(),
            plans: BTreeMap::new(),
            planned: BTreeSet::new(),
            delivered: BTreeSet::new(),
            adoption_planned: false,
            is_held: false,
            was_cut: false,
            history,
        };
        world.plan_agencies(from);
        world.plan_faults(begin);
        world.plan_lapses(begin);
        world
    }

    fn plan(&mut self, at: Timestamp, turn: Turn) {
        self.numbered += 1;
        self.turns.insert((at, self.numbered), turn);
    }

    /// What each agency will do about what it will owe.
    fn plan_agencies(&mut self, from: Date) {
        for (return_id, agency, every) in RETURNS {
            let mut first = from;
            loop {
                let (months, name) = match *every {
                    "quarter" => (3, format!("Q{}", (first.month() + 8) % 12 / 3 + 1)),
                    "half" => (6, format!("H{}", (first.month() + 8) % 12 / 6 + 1)),
                    _ => (12, "FY".to_owned()),
                };
                let next = first + i64::from(months).months();
                let opens_at = at(next, 0, 0);
                if opens_at > self.end {
                    break;
                }
                let year = if first.month() >= 4 { first.year() } else { first.year() - 1 };
                let period = format!("{year}-{:02}-{name}", (year + 1) % 100);
                self.plan_agency(format!("{return_id}/{agency}/{period}"), next.yesterday().unwrap());
                first = next;
            }
        }
    }

    fn plan_agency(&mut self, obligation: String, end: Date) {
        let days = self.history.days.clone();
        let due_day = days.after(end, 10);
        let (opens_at, due_at) = (at(end.tomorrow().unwrap(), 0, 0), at(due_day, 17, 0));
        for (rung, planned) in [
            ("notice", days.first(end.tomorrow().unwrap())),
            ("nudge", days.after(due_day, -5)),
            ("due-today", due_day),
            ("overdue", days.after(due_day, 2)),
        ] {
            self.planned.insert((at(planned, 10, 0), obligation.clone(), rung, "open"));
        }
        self.history.expected.push(Expected { obligation: obligation.clone(), end, due_at });
        let key: ObligationKey = obligation.parse().unwrap();
        let span = due_at.duration_since(opens_at).as_secs();
        let in_time = later(opens_at, self.chance.between(8 * HOUR, span));
        let late = later(due_at, self.chance.between(HOUR, 14 * DAY));
        let when = if self.chance.percent(70) { in_time } else { late };
        match self.chance.between(0, 99) {
            0..=44 => self.plan(in_time, Turn::Deliver(key.clone(), Supposed::Accepted)),
            45..=64 => self.plan(late, Turn::Deliver(key.clone(), Supposed::Accepted)),
            65..=69 => {
                let very_late = later(due_at, self.chance.between(14 * DAY, 80 * DAY));
                self.plan(very_late, Turn::Deliver(key.clone(), Supposed::Accepted));
            }
            70..=77 => self.plan(when, Turn::Deliver(key.clone(), Supposed::Nil)),
            78..=86 => {
                self.plan(when, Turn::Deliver(key.clone(), Supposed::NotAccepted));
                if self.chance.percent(80) {
                    let corrected = later(when, self.chance.between(HOUR, 12 * DAY));
                    self.plan(corrected, Turn::Deliver(key.clone(), Supposed::Accepted));
                }
            }
            87..=93 => {
                self.plan(when, Turn::Deliver(key.clone(), Supposed::Held));
                let (decided, takes) = (later(when, self.chance.between(HOUR, 9 * DAY)), self.chance.percent(60));
                self.plan(decided, Turn::Decide(key.clone(), takes));
            }
            _ => {}
        }
        if self.chance.percent(8) {
            let asked = later(opens_at, self.chance.between(HOUR, span + 10 * DAY));
            let more = days.first(day(later(asked, self.chance.between(2 * DAY, 30 * DAY))));
            let concession = if self.chance.percent(70) { Concession::More(more) } else { Concession::LetOff };
            self.plan(asked, Turn::Concede(key.clone(), concession));
        }
        if self.chance.percent(8) {
            let held = later(due_at, self.chance.between(HOUR, 9 * DAY));
            self.plan(held, Turn::HoldEscalation(key));
        }
    }

    /// What will go wrong.
    fn plan_faults(&mut self, begin: Timestamp) {
        let people: Vec<String> = self
            .engine
            .app
            .board
            .agencies
            .values()
            .flat_map(|agency| agency.people())
            .map(|p| p.email.clone())
            .collect();
        let mut from = begin;
        loop {
            from = later(from, self.chance.between(DAY, 55 * DAY));
            if from > self.calm_from {
                return;
            }
            let most = self.calm_from.duration_since(from).as_secs().max(MINUTE);
            let mut span = |least: i64, most_wanted: i64| self.chance.between(least, most_wanted.min(most).max(least));
            match span(0, 11) {
                0..=2 => {
                    let length = match span(0, 9) {
                        0..=3 => span(MINUTE, 3 * HOUR),
                        4..=7 => span(3 * HOUR, 5 * DAY),
                        8 => span(5 * DAY, 60 * DAY),
                        _ => span(58 * DAY, 65 * DAY),
                    };
                    self.plan(from, Turn::DaemonDown);
                    self.plan(later(from, length), Turn::DaemonUp);
                    from = later(from, length);
                }
                3..=6 => {
                    let length = match span(0, 3) {
                        0..=1 => span(MINUTE, 6 * HOUR),
                        2 => span(6 * HOUR, 2 * DAY),
                        _ => span(2 * DAY, 9 * DAY),
                    };
                    self.plan(from, Turn::RelayDown(true));
                    self.plan(later(from, length), Turn::RelayDown(false));
                }
                7..=8 => {
                    let length = span(DAY, 30 * DAY);
                    let whom = self.chance.pick(&people).clone();
                    self.plan(from, Turn::Refuse(whom.clone(), true));
                    self.plan(later(from, length), Turn::Refuse(whom, false));
                }
                _ => {
                    let wrong = match span(0, 4) {
                        0..=1 => -span(MINUTE, HOUR - 1),
                        2 => -span(2 * HOUR, 40 * DAY),
                        3 => -from.as_second(),
                        _ => span(61 * DAY, 500 * DAY),
                    };
                    let length = span(HOUR, 12 * HOUR);
                    self.plan(from, Turn::Clock(wrong));
                    self.plan(later(from, length), Turn::Clock(0));
                    from = later(from, length);
                }
            }
        }
    }

    /// Twice in a story an agreement lapses and is renewed.
    fn plan_lapses(&mut self, begin: Timestamp) {
        let mut from = begin;
        for _ in 0..2 {
            let left = self.calm_from.duration_since(from).as_secs() / DAY;
            let Ok(most) = u32::try_from(left / 2) else { return };
            let (wait, length) = (self.chance.between(1, i64::from(most)), self.chance.between(2, 300));
            let (return_id, ..) = self.chance.pick(RETURNS);
            from = at(day(later(from, wait * DAY)), 0, 0);
            self.plan(from, Turn::Lapse(return_id));
            from = at(day(later(from, length * DAY)), 0, 0);
            self.plan(from, Turn::Renew(return_id));
        }
    }

    fn say(&mut self, what: impl std::fmt::Display) {
        let shown = self.engine.app.clock.now();
        let wrong = if self.clock_error == 0 { String::new() } else { format!(" (its clock says {shown})") };
        self.history.story.push(format!("{}{wrong}: {what}", self.now));
    }

    fn run(&mut self) {
        let mut busy = false;
        let mut rings = 0;
        while self.now < self.end {
            let shown = self.engine.app.clock.now();
            // While the relay is down it is tried every day, and not at each of the engine's pauses, which nobody would see.
            let relay_is_down = self.relay.with(|relay| relay.is_down);
            let rest = match (self.clock_error, relay_is_down) {
                (0, false) => 12 * DAY,
                (0, true) => DAY,
                _ => HOUR,
            };
            let mut next = later(self.now, rest).min(self.end);
            if self.is_up {
                if busy {
                    next = next.min(later(self.now, 5));
                } else if let Some(due) = self.engine.next_at(shown, !relay_is_down) {
                    let wait = due.duration_since(shown).as_secs();
                    next = next.min(later(self.now, wait));
                }
            }
            let mut turn = Turn::Ring;
            if let Some((&(when, number), _)) = self.turns.first_key_value()
                && when <= next
            {
                next = when.max(self.now);
                turn = self.turns.remove(&(when, number)).unwrap();
            }
            self.now = next;
            let clock = self.engine.app.clock.clone();
            clock.set(later(self.now, self.clock_error));
            self.take_turn(turn);
            clock.set(later(self.now, self.clock_error));
            busy = self.is_up && self.ring();
            rings = if busy { rings + 1 } else { 0 };
            assert!(rings < 500, "the engine does not come to rest; {}", self.tail());
        }
    }

    fn take_turn(&mut self, turn: Turn) {
        match turn {
            Turn::Ring => {}
            Turn::Lapse(return_id) => {
                self.say(format_args!("the agreement of {return_id} lapses"));
                self.engine.agree(return_id, day(self.now).yesterday().unwrap());
                let lapse = Lapse { return_id: return_id.to_owned(), from: self.now, to: self.end };
                self.history.lapses.push(lapse);
            }
            Turn::Renew(return_id) => {
                self.say(format_args!("the agreement of {return_id} is renewed"));
                self.engine.agree(return_id, jiff::civil::date(2099, 12, 31));
                self.history.lapses.last_mut().unwrap().to = self.now;
            }
            Turn::Deliver(key, supposed) => self.waiting.push((key, supposed)),
            Turn::Decide(key, takes) => self.decide(&key, takes),
            Turn::HoldEscalation(key) => {
                if !self.is_up || self.clock_error != 0 {
                    return self.plan(later(self.now, DAY), Turn::HoldEscalation(key));
                }
                let done = self.engine.run(None, |app| async move {
                    escalation::hold(app, &key, "the Chief Constable has answered", "manager").await.map(|()| key)
                });
                if let Some(Ok(key)) = done {
                    self.say(format_args!("the manager holds {key}"));
                }
            }
            Turn::Concede(key, concession) => {
                if !self.is_up || self.clock_error != 0 {
                    return self.plan(later(self.now, DAY), Turn::Concede(key, concession));
                }
                let done = self.engine.run(None, |app| {
                    let key = key.clone();
                    async move { concession::concede(app, &key, concession, "they asked in time", "manager").await }
                });
                if matches!(done, Some(Ok(_))) {
                    self.say(format_args!("the manager concedes {key}: {concession:?}"));
                    // From here on its rungs lie elsewhere.
                    self.planned.retain(|(_, name, ..)| *name != key.to_string());
                    self.look_at(&key);
                }
            }
            Turn::Bounce(key) => {
                if !self.is_up || self.clock_error != 0 {
                    return self.plan(later(self.now, DAY), Turn::Bounce(key));
                }
                self.say(format_args!("{key} comes back"));
                let (at, subject) = (self.now, base(&Try::about(&key).unwrap().0).to_owned());
                let event = Event::Bounced { key, status: "5.1.1".into() };
                self.engine.run(None, |app| async move {
                    app.ledger.write(move |txn| txn.append(at, &subject, "mailbox", &event)).await.unwrap();
                });
            }
            Turn::RelayDown(is_down) => {
                self.say(if is_down { "the relay goes down" } else { "the relay is back" });
                self.relay.with(|relay| relay.is_down = is_down);
            }
            Turn::Refuse(whom, refuses) => self.relay.with(|relay| {
                if refuses {
                    relay.refuses.insert(whom)
                } else {
                    relay.refuses.remove(&whom)
                };
            }),
            Turn::DaemonDown => {
                self.say("the daemon goes down");
                (self.is_up, self.down_since) = (false, self.now);
            }
            Turn::DaemonUp => {
                self.is_up = true;
                self.engine.restart();
                self.say("the daemon is up again");
                self.history.outages.push(Outage { from: self.down_since, to: self.now });
            }
            Turn::Clock(wrong) => {
                self.clock_error = wrong;
                self.say(if wrong == 0 { "the clock is right" } else { "the clock is wrong" });
            }
            Turn::Adopt => {
                self.adoption_planned = false;
                if !self.is_up || self.clock_error != 0 {
                    return self.plan_adoption();
                }
                self.engine.run(None, |app| hold::adopt(app, "manager")).unwrap().unwrap();
                self.say("a person adopts it");
                // Held, it was as good as away.
                self.history.outages.push(Outage { from: self.down_since, to: self.now });
            }
        }
    }

    fn plan_adoption(&mut self) {
        if !self.adoption_planned {
            self.adoption_planned = true;
            let wait = self.chance.between(HOUR, 4 * DAY);
            self.plan(later(self.now, wait), Turn::Adopt);
        }
    }

    /// A person takes or refuses what is held, as `quarterday release` does.
    fn decide(&mut self, key: &ObligationKey, takes: bool) {
        if !self.is_up || self.clock_error != 0 {
            return self.plan(later(self.now, DAY), Turn::Decide(key.clone(), takes));
        }
        let wanted = key.clone();
        let Some(held) = self.engine.ask(move |txn| txn.obligation(&wanted)).and_then(|o| o.held.first().copied())
        else {
            return;
        };
        let supposed = if takes { Supposed::Accepted } else { Supposed::NotAccepted };
        self.say(format_args!("{key}: what is held is {}", if takes { "taken" } else { "refused" }));
        let (subject, now) = (key.to_string(), self.now);
        self.engine.run(None, |app| async move {
            if takes {
                let released = Event::Released { submission: held, reason: "it is right".into() };
                let released = app.ledger.write(move |txn| {
                    txn.append(now, &subject, "manager", &released)?;
                    txn.reopen_submission(held)
                });
                released.await.unwrap();
            }
            judged(app, held, supposed).await.unwrap();
        });
        self.look_at(key);
        if !takes && self.chance.percent(70) {
            let corrected = later(self.now, self.chance.between(HOUR, 9 * DAY));
            self.plan(corrected, Turn::Deliver(key.clone(), Supposed::Accepted));
        }
    }

    /// Whether the power goes during what comes next, and after how many writes.
    fn fuse(&mut self, percent: i64, most: i64) -> Option<u32> {
        let is_cut = self.now < self.calm_from && self.chance.percent(percent);
        is_cut.then(|| u32::try_from(self.chance.between(0, most)).unwrap())
    }

    /// One ring of the daemon: what has come is taken, then the engine ticks. Says whether anything happened.
    fn ring(&mut self) -> bool {
        let held = self.engine.held();
        match &held {
            Some(why) => {
                if !self.is_held {
                    self.say(format_args!("held: {why}"));
                }
                if self.clock_error == 0 {
                    self.plan_adoption();
                }
            }
            None => self.take_deliveries(),
        }
        self.is_held = held.is_some();
        let calm = self.now >= self.calm_from;
        self.relay.with(|relay| (relay.cuts, relay.is_calm) = (if calm { 0 } else { 2 }, calm));
        let fuse = self.fuse(10, 14);
        let ticked = self.engine.tick(self.is_held, fuse);
        if ticked.is_none() {
            // Its word may not have been recorded.
            self.relay.with(|relay| {
                let last = relay.tries.last_mut().filter(|last| last.fate == Fate::Taken);
                last.into_iter().for_each(|last| last.fate = Fate::PowerCut);
            });
        }
        self.note_tries();
        let Some(did_something) = ticked else {
            self.say("the power goes; the daemon starts again");
            self.engine.restart();
            return true;
        };
        if !self.is_held && self.clock_error == 0 && !did_something {
            self.nothing_due_is_left();
            self.down_since = self.now;
        }
        did_something
    }

    fn take_deliveries(&mut self) {
        if std::mem::take(&mut self.was_cut) {
            // What an interruption left without a verdict, as `resume` would.
            for submission in self.engine.ask(|txn| txn.undecided_submissions()) {
                let plan = self.plans.get(&submission.id).copied().unwrap_or(Supposed::Accepted);
                self.judge(&submission.obligation, submission.id, plan);
            }
        }
        for (key, supposed) in std::mem::take(&mut self.waiting) {
            let fuse = self.fuse(8, 1);
            let arrived = self.engine.run(fuse, |app| arrives(app, &key, supposed, "agency")).map(Result::unwrap);
            match arrived {
                Some(id) => {
                    self.plans.insert(id, supposed);
                    self.judge(&key, id, supposed);
                }
                None => {
                    self.say(format_args!("the power goes while {key} arrives"));
                    self.engine.restart();
                    // The source was not told that it was taken, and brings it again.
                    self.waiting.push((key, supposed));
                }
            }
        }
    }

    fn judge(&mut self, key: &ObligationKey, id: i64, supposed: Supposed) {
        let fuse = self.fuse(8, 1);
        match self.engine.run(fuse, |app| judged(app, id, supposed)) {
            Some(done) => {
                done.unwrap();
                self.say(format_args!("{key}: {supposed:?}"));
            }
            None => {
                self.say(format_args!("the power goes while {key} is judged"));
                self.engine.restart();
                self.was_cut = true;
            }
        }
        self.look_at(key);
    }

    /// What the ledger knows of an obligation now, and what must therefore have an outcome when.
    fn look_at(&mut self, key: &ObligationKey) {
        let wanted = key.clone();
        let Some(obligation) = self.engine.ask(move |txn| txn.obligation(&wanted)) else { return };
        let name = key.to_string();
        if matches!(obligation.state, State::Open | State::ToCorrect) {
            self.delivered.remove(&name);
        } else {
            self.delivered.insert(name.clone());
        }
        if let (State::ToCorrect, Some(refused)) = (obligation.state, obligation.first_refused_at) {
            let days = &self.history.days;
            let from = day(obligation.due_at).max(days.after(day(refused), 3));
            self.planned.insert((at(days.after(from, 2), 10, 0), name, "overdue", "to_correct"));
        }
    }

    fn note_tries(&mut self) {
        let asked = self.relay.with(|relay| std::mem::take(&mut relay.tries));
        // Several that left as one are each a message to its person.
        let tries = self.engine.ask(move |txn| {
            let mut tries = Vec::new();
            for one in asked {
                let rows = txn.bundled(&one.key)?;
                let gone = |row: &OutboxRow| row.state == OutboxState::Superseded && row.settled_at <= Some(one.at);
                let of_bundle = rows.iter().filter(|row| !gone(row)).map(|row| Try {
                    about: Try::about(&row.key),
                    key: row.key.clone(),
                    ..one.clone()
                });
                tries.extend(of_bundle);
                if rows.is_empty() {
                    tries.push(one);
                }
            }
            Ok(tries)
        });
        for mut one in tries {
            one.held = self.is_held;
            one.delivered = one.about.as_ref().is_some_and(|(obligation, _)| self.delivered.contains(base(obligation)));
            self.say(format_args!("{} is {:?}", one.key, one.fate));
            let may_bounce = one.fate == Fate::Taken && one.about.is_some() && self.now < self.calm_from;
            if may_bounce && self.chance.percent(2) {
                let back = later(self.now, self.chance.between(MINUTE, 3 * DAY));
                self.plan(back, Turn::Bounce(one.key.clone()));
            }
            self.history.tries.push(one);
        }
    }

    /// After a ring that found nothing more to do, whatever was planned by now has an outcome.
    fn nothing_due_is_left(&mut self) {
        if !self.history.days.is_working(day(self.now)) || !(10..20).contains(&hour(self.now)) {
            // The chase is silent, and what an outage left waits for the morning.
            return;
        }
        while let Some(first) = self.planned.first()
            && first.0 <= self.now
        {
            let (planned, name, rung, state) = self.planned.pop_first().unwrap();
            let key: ObligationKey = name.parse().unwrap();
            let obligation = self.engine.ask(move |txn| txn.obligation(&key));
            match obligation {
                Some(o) if o.state.as_str() != state || o.is_past(rung) => {}
                _ => self
                    .history
                    .left
                    .push(format!("{rung} of {name} was due at {planned}, and at {} has no outcome", self.now)),
            }
        }
    }

    fn tail(&self) -> String {
        let story = &self.history.story;
        format!("SEED={}\n{}", self.history.seed, story[story.len().saturating_sub(40)..].join("\n"))
    }

    fn finish(mut self) -> History {
        self.history.ledger = self.engine.ask(Recorded::of);
        self.history
    }
}

/// What a story broke, with the story.
pub fn broken(history: &History) -> Vec<String> {
    let of = |obligation: &str| -> Vec<String> {
        let lines = history.story.iter().filter(|line| line.contains(obligation) || !line.contains('/'));
        lines.cloned().collect()
    };
    let mut broken = Vec::new();
    for (name, promise) in PROMISES {
        if let Err(why) = promise(history) {
            let about = history.expected.iter().map(|expected| expected.obligation.as_str()).find(|o| why.contains(o));
            let story = about.map(of).unwrap_or_default();
            let last = about.and_then(|about| story.iter().rposition(|line| line.contains(about))).unwrap_or(0);
            let shown = &story[last.saturating_sub(40)..(last + 1).min(story.len())];
            broken.push(format!("SEED={}: {name}: {why}\n  {}", history.seed, shown.join("\n  ")));
        }
    }
    broken
}
