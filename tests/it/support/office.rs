//! A data folder with a ledger and an outbox, and the settings to send from it.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use jiff::Timestamp;
use quarterday::{
    ledger::{Event, Ledger, ObligationKey, OutboxRow},
    mail::{
        Deadlines, Facts, Kind, Mailroom, Pace, Person, Pumped, Relay as RelaySettings, RelayHold, Settings, SignIn,
        Templates, Tls as TlsSetting, Way, example,
    },
    settings::Secret,
};

use super::smtp::{Act, Relay, Verb};

pub const OBLIGATION: &str = "missing-children/police/2025-26-Q1";
pub const PASSWORD: &str = "CANARY-hunter2-CANARY";
pub const QUICK: Deadlines = Deadlines {
    connect: Duration::from_millis(400),
    verb: Duration::from_millis(250),
    dot: Duration::from_millis(350),
};

/// A data folder with a ledger, and a clock that is moved by hand.
pub struct Office {
    pub home: tempfile::TempDir,
    pub ledger: Ledger,
    pub now: Timestamp,
}

impl Office {
    pub async fn new() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap()).await
    }

    pub async fn in_folder(home: tempfile::TempDir) -> Self {
        let ledger = Ledger::open(&home.path().join("ledger.sqlite")).unwrap();
        let now: Timestamp = "2025-07-14T09:00:00Z".parse().unwrap();
        let office = Self { home, ledger, now };
        let key: ObligationKey = OBLIGATION.parse().unwrap();
        let opened = Event::Opened {
            return_id: key.return_id,
            agency: key.agency,
            period: key.period,
            opens_at: now,
            duty: true,
            due_at: "2025-07-14T16:00:00Z".parse().unwrap(),
            rule: "10 working days after the period".into(),
        };
        office.append(opened).await;
        office
    }

    pub async fn append(&self, event: Event) {
        let now = self.now;
        self.ledger.write(move |txn| txn.append(now, OBLIGATION, "test", &event)).await.unwrap();
    }

    pub async fn enqueue(&self, key: &str, kind: Kind, recipient: &str) {
        let facts = Facts { to: Person { name: "Sam".into(), email: recipient.into() }, ..example(kind).remove(0) };
        let message = Templates::shipped().unwrap().render(&facts).unwrap();
        self.enqueue_message(key, kind, serde_json::to_value(message).unwrap(), recipient).await;
    }

    pub async fn enqueue_message(&self, key: &str, kind: Kind, message: serde_json::Value, recipient: &str) {
        let row = self.row(key, kind, message, recipient);
        self.ledger.write(move |txn| txn.enqueue(&row)).await.unwrap();
    }

    pub fn row(&self, key: &str, kind: Kind, message: serde_json::Value, recipient: &str) -> OutboxRow {
        let row = OutboxRow::new(key.into(), kind.as_str(), recipient, message, self.now);
        OutboxRow { obligation: Some(OBLIGATION.into()), ..row }
    }

    pub async fn message(&self, key: &str) -> OutboxRow {
        let key = key.to_owned();
        self.ledger.read(move |txn| txn.message(&key)).await.unwrap().unwrap()
    }

    pub async fn messages(&self) -> Vec<OutboxRow> {
        self.ledger.read(|txn| txn.messages()).await.unwrap()
    }

    pub async fn pump(&self, mailroom: &Mailroom) -> Pumped {
        mailroom.pump(&self.ledger, self.now, None).await.unwrap()
    }

    /// Moves the clock on until nothing waits; gives up after `most` pumps.
    pub async fn pump_until_settled(&mut self, mailroom: &Mailroom, most: usize) {
        for _ in 0..most {
            self.pump(mailroom).await;
            let Some(next) = self.ledger.read(|txn| txn.next_message_at()).await.unwrap() else { return };
            let hold = self.ledger.read(RelayHold::of).await.unwrap();
            self.now = self.now.max(next).max(hold.map_or(self.now, |hold| hold.until));
        }
        panic!("messages still wait: {:?}", self.messages().await);
    }

    pub fn mailroom(&self, relay: &Relay) -> Mailroom {
        self.mailroom_for(plain(relay))
    }

    pub fn mailroom_for(&self, relay: RelaySettings) -> Mailroom {
        let environment = BTreeMap::from([("RELAY_PASSWORD".to_owned(), PASSWORD.to_owned())]);
        Mailroom::open(settings(Way::Smtp(relay)), &environment, self.home.path(), QUICK).unwrap()
    }
}

pub fn settings(way: Way) -> Settings {
    Settings {
        from: Person { name: "Exampleshire Partnership".into(), email: "quarterday@board.example".into() },
        reply_to: None,
        return_path: None,
        allowed_domains: vec![],
        example: false,
        pace: Pace::default(),
        largest: None,
        way,
    }
}

pub fn plain(relay: &Relay) -> RelaySettings {
    RelaySettings {
        host: "127.0.0.1".into(),
        port: relay.address.port(),
        tls: TlsSetting::None,
        ca_file: None,
        sign_in: None,
    }
}

pub fn encrypted(relay: &Relay, tls: TlsSetting, ca_file: Option<PathBuf>) -> RelaySettings {
    RelaySettings {
        host: "localhost".into(),
        port: relay.address.port(),
        tls,
        ca_file,
        sign_in: Some(SignIn::Password {
            user: "quarterday@board.example".into(),
            password: Secret::Env("RELAY_PASSWORD".into()),
        }),
    }
}

/// A script that does `act` at `verb` the first `times` times.
pub fn once(verb: Verb, act: Act, times: usize) -> impl Fn(Verb, &str) -> Act + Send + Sync + 'static {
    let left = AtomicUsize::new(times);
    move |at, _| {
        if at == verb && left.load(Ordering::SeqCst) > 0 {
            left.fetch_sub(1, Ordering::SeqCst);
            return act;
        }
        Act::Go
    }
}
