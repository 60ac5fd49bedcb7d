//! Ten thousand messages out of a real outbox through a relay, timed; see benches/README.md.
//!
//! `post COUNT PORT FOLDER` puts COUNT answers into a ledger in FOLDER and sends them to 127.0.0.1:PORT, as the
//! daemon does: a handful a call, each marked before it is handed over and recorded after.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and stops at the first surprise")]

use std::{collections::BTreeMap, path::Path, time::Instant};

use jiff::Timestamp;
use quarterday::{
    ledger::{Ledger, OutboxRow, OutboxState},
    mail::{Deadlines, Kind, Mailroom, Pace, Person, Relay, Settings, Templates, Tls, Way, example},
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [count, port, folder] = arguments.as_slice() else {
        println!("post COUNT PORT FOLDER; see benches/README.md");
        return;
    };
    let run = run(count.parse().unwrap(), port.parse().unwrap(), Path::new(folder));
    tokio::runtime::Runtime::new().unwrap().block_on(run);
}

async fn run(count: usize, port: u16, folder: &Path) {
    let now: Timestamp = "2025-07-14T09:00:00Z".parse().unwrap();
    let ledger = Ledger::open(&folder.join("ledger.sqlite")).unwrap();
    let message = Templates::shipped().unwrap().render(&example(Kind::AnswerAccepted)[0]).unwrap();
    let message = serde_json::to_value(message).unwrap();
    let row = move |n: usize| {
        let (key, recipient) = (format!("answer/{n}"), format!("p{n}@police.example"));
        OutboxRow::new(key, Kind::AnswerAccepted.as_str(), &recipient, message.clone(), now)
    };
    ledger.write(move |txn| (0..count).try_for_each(|n| txn.enqueue(&row(n)).map(drop))).await.unwrap();
    let settings = Settings {
        from: Person { name: "Exampleshire Partnership".into(), email: "quarterday@board.example".into() },
        reply_to: None,
        return_path: Some("bounces+{key}@board.example".into()),
        allowed_domains: vec![],
        example: true,
        pace: Pace::default(),
        largest: None,
        way: Way::Smtp(Relay { host: "127.0.0.1".into(), port, tls: Tls::None, ca_file: None, sign_in: None }),
    };
    let mailroom = Mailroom::open(settings, &BTreeMap::new(), folder, Deadlines::default()).unwrap();
    let begun = Instant::now();
    let mut sent = 0;
    loop {
        let pumped = mailroom.pump(&ledger, now, None).await.unwrap();
        sent += pumped.sent;
        assert!(pumped.held.is_none(), "{pumped:?}");
        if !pumped.more {
            break;
        }
    }
    assert_eq!(sent, count);
    println!("{:.2}", begun.elapsed().as_secs_f64());
}
