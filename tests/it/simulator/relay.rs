//! The relay of a story: it can be down, refuse people, lose its receipts, and the power can go while it speaks.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

use quarterday::{
    clock::Clock,
    mail::{Answer, Memory, Posted},
};

use super::{
    chance::Chance,
    engine,
    history::{Fate, Try},
};

#[derive(Clone)]
pub struct Relay(Arc<Mutex<State>>);

pub struct State {
    chance: Chance,
    clock: Clock,
    /// Whether it takes anything.
    pub is_down: bool,
    /// Whom it refuses for now.
    pub refuses: BTreeSet<String>,
    /// Whether it makes mistakes.
    pub is_calm: bool,
    /// How often, in a hundred, the power goes just after it took a message.
    pub cuts: i64,
    /// What it was asked since anybody looked.
    pub tries: Vec<Try>,
}

impl Relay {
    pub fn new(seed: u64, clock: Clock) -> Self {
        Self(Arc::new(Mutex::new(State {
            chance: Chance::of(seed ^ 0x0072_656c_6179),
            clock,
            is_down: false,
            refuses: BTreeSet::new(),
            is_calm: false,
            cuts: 0,
            tries: Vec::new(),
        })))
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    /// The mailer that speaks to it.
    pub fn mailer(&self) -> Memory {
        let relay = self.clone();
        Memory::scripted(move |posted| {
            let (answer, fate) = relay.with(|state| state.answer(posted));
            // Outside the lock, which the unwinding would poison.
            if fate == Fate::PowerCut { engine::cut() } else { answer }
        })
    }
}

impl State {
    fn answer(&mut self, posted: &Posted) -> (Answer, Fate) {
        let roll = if self.is_calm { 99 } else { self.chance.between(0, 99) };
        let (answer, fate) = match roll {
            _ if self.is_down => (Answer::Down("421 closed for the night".into()), Fate::NotTaken),
            _ if self.refuses.contains(&posted.recipient) => {
                (Answer::Refused("550 5.1.1 nobody of that name".into()), Fate::NotTaken)
            }
            0..=2 => (Answer::Later("451 greylisted".into()), Fate::NotTaken),
            3..=4 => (Answer::ReceiptLost, Fate::ReceiptLost),
            5 => (Answer::NotKnown("535 who are you".into()), Fate::NotTaken),
            roll if roll - 6 < self.cuts => (Answer::Taken, Fate::PowerCut),
            _ => (Answer::Taken, Fate::Taken),
        };
        self.tries.push(Try {
            at: self.clock.now(),
            key: posted.key.clone(),
            recipient: posted.recipient.clone(),
            fate,
            id: message_id(&posted.bytes),
            about: Try::about(&posted.key),
            delivered: false,
            held: false,
        });
        (answer, fate)
    }
}

fn message_id(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let line = text.lines().find(|line| line.starts_with("Message-ID:"));
    line.unwrap_or_else(|| panic!("a message without a Message-ID:\n{text}")).to_owned()
}
