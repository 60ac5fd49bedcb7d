//! Ten thousand messages to a relay that fails at every verb, from a process that is killed again and again: none is lost,
//! and a second copy leaves only where the receipt of the first did not arrive, under the same Message-ID.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Stdio,
    sync::Mutex,
    time::{Duration, Instant},
};

use jiff::{Timestamp, ToSpan};
use quarterday::{
    ledger::{Ledger, OutboxRow, OutboxState},
    mail::{Kind, Mailroom, Relay as RelaySettings, SignIn, Templates, Tls as TlsSetting, Way, example, message_id},
    settings::Secret,
};

use crate::support::{
    office::{Office, PASSWORD, QUICK, settings},
    smtp::{Act, Relay, Tls, Verb, certificate},
};

const MESSAGES: usize = 10_000;
/// Every so manieth recipient is not known to the relay.
const NOT_KNOWN: usize = 50;

/// Fails at each verb in turn: every so many visits to a verb, with its next fault.
struct Faults {
    visits: BTreeMap<Verb, usize>,
    done: BTreeMap<(Verb, &'static str), usize>,
}

impl Faults {
    fn at(&mut self, verb: Verb) -> Act {
        const CUT: (&str, Act) = ("cut", Act::Drop);
        const LEAVING: (&str, Act) = ("421", Act::Say("421 4.3.2 going down"));
        const LATER: (&str, Act) = ("451", Act::Say("451 4.3.0 try later"));
        const KEPT: (&str, Act) = ("kept, then cut", Act::KeepAndDrop);
        // A half-open connection costs a deadline, so it comes more seldom.
        const OFTEN: [(&str, Act); 7] = [CUT, LEAVING, LATER, CUT, LEAVING, LATER, ("half-open", Act::Stall)];
        const AT_THE_DOT: [(&str, Act); 7] =
            [KEPT, LATER, CUT, KEPT, LEAVING, KEPT, ("kept, then half-open", Act::KeepAndStall)];
        let visit = self.visits.entry(verb).or_default();
        *visit += 1;
        // Few connections are made, and many messages go over them.
        let every = if verb < Verb::Mail { 23 } else { 331 };
        if !visit.is_multiple_of(every) {
            return Act::Go;
        }
        let faults = if verb == Verb::Dot { AT_THE_DOT } else { OFTEN };
        let (name, act) = faults[(*visit / every) % faults.len()];
        // A message cannot be refused in its middle.
        let (name, act) = if verb == Verb::Body && name.starts_with('4') { ("cut", Act::Drop) } else { (name, act) };
        *self.done.entry((verb, name)).or_default() += 1;
        act
    }
}

/// Not a test of its own: the process that sends, and that the test kills.
#[tokio::test]
async fn a_process_that_pumps_to_the_end() {
    let environment = quarterday::settings::environment();
    let (Some(home), Some(port)) = (environment.get("TEN_THOUSAND_HOME"), environment.get("TEN_THOUSAND_PORT")) else {
        return;
    };
    let home = Path::new(home);
    let ledger = Ledger::open(&home.join("ledger.sqlite")).unwrap();
    let relay = RelaySettings {
        host: "localhost".into(),
        port: port.parse().unwrap(),
        tls: TlsSetting::StartTls,
        ca_file: Some(home.join("ca.pem")),
        sign_in: Some(SignIn::Password {
            user: "quarterday@board.example".into(),
            password: Secret::Env("RELAY_PASSWORD".into()),
        }),
    };
    let mailroom = Mailroom::open(settings(Way::Smtp(relay)), &environment, home, QUICK).unwrap();
    let mut now: Timestamp = "2025-07-14T09:00:00Z".parse().unwrap();
    while let Some(next) = ledger.read(|txn| txn.next_message_at()).await.unwrap() {
        let pumped = mailroom.pump(&ledger, now, None).await.unwrap();
        if !pumped.more {
            now = next.max(now + 1.minute());
        }
    }
}

#[tokio::test]
async fn of_ten_thousand_messages_none_is_lost_whatever_fails_and_whoever_is_killed() {
    let faults = std::sync::Arc::new(Mutex::new(Faults { visits: BTreeMap::new(), done: BTreeMap::new() }));
    let (acceptor, authority) = certificate();
    let script = faults.clone();
    let relay = Relay::start(Tls::Upgraded(acceptor), move |verb, line| {
        let number = line.split(['<', '@']).nth(1).and_then(|word| word.strip_prefix('p')?.parse::<usize>().ok());
        if verb == Verb::Rcpt && number.is_some_and(|number| number.is_multiple_of(NOT_KNOWN)) {
            return Act::Say("550 5.1.1 no such user");
        }
        script.lock().unwrap().at(verb)
    })
    .await;

    // In memory, for it is about what is recorded and not about how quick a disk is; each transaction is as durable.
    let office = Office::in_folder(tempfile::Builder::new().prefix("quarterday").tempdir_in("/dev/shm").unwrap()).await;
    std::fs::write(office.home.path().join("ca.pem"), authority).unwrap();
    let message = Templates::shipped().unwrap().render(&example(Kind::AnswerNil)[0]).unwrap();
    let message = serde_json::to_value(message).unwrap();
    let rows: Vec<OutboxRow> = (0..MESSAGES)
        .map(|n| {
            let (key, to) = (format!("answer/{n}"), format!("p{n}@police.example"));
            OutboxRow { obligation: None, ..office.row(&key, Kind::AnswerNil, message.clone(), &to) }
        })
        .collect();
    office.ledger.write(move |txn| rows.iter().try_for_each(|row| txn.enqueue(row).map(drop))).await.unwrap();

    let begun = Instant::now();
    let mut kills = 0;
    loop {
        let mut child = tokio::process::Command::new(std::env::current_exe().unwrap())
            .args(["mail_ten_thousand::a_process_that_pumps_to_the_end", "--exact"])
            .env("TEN_THOUSAND_HOME", office.home.path())
            .env("TEN_THOUSAND_PORT", relay.address.port().to_string())
            .env("RELAY_PASSWORD", PASSWORD)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        // The first ones die after some hundreds of messages each, in the middle of whatever they are doing.
        let before = relay.count();
        let ended = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break Some(status);
            }
            if kills < 8 && relay.count() > before + 200 + 37 * kills {
                child.kill().await.unwrap();
                break None;
            }
            assert!(begun.elapsed() < Duration::from_secs(600), "{} kept", relay.count());
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        match ended {
            Some(status) => {
                assert!(status.success());
                break;
            }
            None => kills += 1,
        }
    }

    let kept = relay.kept();
    let mut copies: BTreeMap<&str, Vec<bool>> = BTreeMap::new();
    for kept in &kept {
        let marked = kept.header("X-Quarterday-Attempt").is_some();
        copies.entry(kept.header("Message-ID").unwrap()).or_default().push(marked);
    }
    let (mut sent, mut refused) = (0, 0);
    for row in office.messages().await {
        let id = message_id(&row.key, "board.example");
        let says = row.says.clone().unwrap_or_default();
        match row.state {
            OutboxState::Sent => {
                sent += 1;
                assert!(copies.contains_key(id.as_str()), "{} counts as sent and never arrived: lost", row.key);
            }
            OutboxState::Refused => {
                refused += 1;
                assert!(says.contains("550 5.1.1 no such user"), "{}: {says}", row.key);
                assert!(!copies.contains_key(id.as_str()), "{}", row.key);
            }
            state => panic!("{} is {state:?}: {says}", row.key),
        }
    }
    assert_eq!((sent, refused), (MESSAGES - MESSAGES / NOT_KNOWN, MESSAGES / NOT_KNOWN));
    assert_eq!(copies.len(), sent, "nothing arrived that was not sent");

    let mut unheard: BTreeMap<String, usize> = BTreeMap::new();
    for id in relay.unheard() {
        *unheard.entry(id).or_default() += 1;
    }
    let mut by_kill = 0;
    for (id, copies) in &copies {
        let doubled = copies.len() - 1;
        assert!(copies[1..].iter().all(|marked| *marked), "each second copy says that it may be one");
        by_kill += doubled.saturating_sub(unheard.get(*id).copied().unwrap_or(0));
    }
    assert!(by_kill <= kills, "{by_kill} second copies without a lost receipt, {kills} kills");
    let doubled = kept.len() - copies.len();
    assert!(doubled >= unheard.values().sum::<usize>().saturating_sub(kills), "the relay lost receipts");
    let done = faults.lock().unwrap().done.clone();
    for verb in [
        Verb::Greeting,
        Verb::Ehlo,
        Verb::StartTls,
        Verb::Auth,
        Verb::Mail,
        Verb::Rcpt,
        Verb::Data,
        Verb::Body,
        Verb::Dot,
    ] {
        assert!(done.keys().any(|(at, _)| *at == verb), "nothing failed at {verb:?}: {done:?}");
    }
    assert!(kills == 8 && unheard.len() > 5, "{kills} kills, {} receipts lost", unheard.len());
    assert_eq!(office.ledger.read(|txn| txn.verify()).await.unwrap(), Vec::<String>::new());
    println!("{:?}, {} kept, {doubled} twice, {by_kill} of them by a kill, {done:?}", begun.elapsed(), kept.len());
}
