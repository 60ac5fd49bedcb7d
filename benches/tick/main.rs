//! One tick over a ledger of many obligations with nothing due, timed; see benches/README.md.
//!
//! `tick make COUNT FOLDER` makes a board of up to 150 agencies that owe 60 returns every month, with a ledger of about
//! COUNT obligations in the shape the engine writes them. `tick run FOLDER` opens it and prints what a tick takes.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a bench prints and stops at the first surprise")]

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{Timestamp, ToSpan};
use quarterday::{
    cli::demo::BOARD,
    clock::Clock,
    daemon,
    domain::{Period, Verdict, sha256},
    flows::{App, Board, chase, publish},
    ledger::{Event, Ledger, Obligation, ObligationKey, RecordedEvent},
    mail::Memory,
    timetable::instant_on,
};
use rusqlite::{Connection, params};

/// The returns of each agency, and so many months of history.
const RETURNS: usize = 60;
const MONTHS: usize = 111;

/// At this instant nothing opens and nothing is due.
const NOW: &str = "2026-10-20T11:00:00Z";
const NEWEST: &str = "2026-M09";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["make", count, folder] => make(count.parse().unwrap(), Path::new(folder)),
        ["run", folder] => tokio::runtime::Runtime::new().unwrap().block_on(run(Path::new(folder))),
        _ => println!("tick make COUNT FOLDER | tick run FOLDER; see benches/README.md"),
    }
}

fn settle(folder: &Path) -> Board {
    Board::settle(&folder.join("board"), &BTreeMap::new()).map_err(|problems| problems.to_string()).unwrap()
}

/// Makes the board and its ledger.
fn make(count: usize, folder: &Path) {
    let agencies = (count / (RETURNS * MONTHS)).max(1);
    let months = (count / (RETURNS * agencies)).max(1);
    definitions(&folder.join("board"), agencies, months);
    let data = folder.join("data");
    fs::create_dir_all(&data).unwrap();
    let path = data.join("ledger.sqlite");
    drop(Ledger::open(&path).unwrap());
    let mut connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    let transaction = connection.transaction().unwrap();
    let mut period: Period = NEWEST.parse().unwrap();
    let mut made = 0;
    for _ in 0..months {
        for number in 0..RETURNS {
            for agency in 0..agencies {
                let key: ObligationKey = format!("return-{number:02}/agency-{agency:03}/{period}").parse().unwrap();
                made += 1;
                obligation(&transaction, made, &key);
            }
        }
        period = period.previous().unwrap();
    }
    transaction.commit().unwrap();
    println!(
        "{made} obligations of {} duties, {} MB",
        RETURNS * agencies,
        fs::metadata(&path).unwrap().len() / 1_000_000
    );
}

/// One obligation that was asked for, delivered and accepted; every two hundredth of the newest period is still open.
fn obligation(ledger: &Connection, number: i64, key: &ObligationKey) {
    let subject = key.to_string();
    let opens_at = instant_on(key.period.end().tomorrow().unwrap(), jiff::civil::Time::midnight());
    let due_at = opens_at.checked_add(336.hours()).unwrap();
    let message = format!("chase/{subject}/notice/lead@agency.example");
    let opened = Event::Opened {
        return_id: key.return_id.clone(),
        agency: key.agency.clone(),
        period: key.period,
        opens_at,
        duty: true,
        due_at,
        rule: "10 working days after the period ends, at 17:00".into(),
    };
    let told = Event::Told { rung: "notice".into(), keys: vec![message.clone()], to_lead: vec![message.clone()] };
    let received = Event::ExtractReceived { submission: number, sha256: sha256(subject.as_bytes()), arrived_at: None };
    let decided = Event::Decided { submission: number, verdict: Verdict::Accepted, readable: true, reason: None };
    let is_open = key.period == NEWEST.parse::<Period>().unwrap() && number % 200 == 0;
    let happened = [("opened", opened), ("told", told), ("extract_received", received), ("decided", decided)];
    let happened = if is_open { &happened[..2] } else { &happened[..] };
    let mut events = Vec::new();
    for (place, (kind, event)) in happened.iter().enumerate() {
        let at = opens_at.checked_add((place as i64).hours()).unwrap();
        let payload = serde_json::to_string(event).unwrap();
        let mut insert = ledger
            .prepare_cached(
                "INSERT INTO events (at, kind, subject, actor, payload, digest, chain) VALUES (?1, ?2, ?3, 'daemon', ?4, ?5, ?5)",
            )
            .unwrap();
        insert.execute(params![at.to_string(), kind, subject, payload, sha256(payload.as_bytes())]).unwrap();
        events.push(RecordedEvent { seq: 0, at, subject: subject.clone(), event: event.clone() });
    }
    let folded = Obligation::fold(&events).unwrap();
    let next_at = is_open.then(|| "2027-01-04T10:00:00Z");
    let mut insert = ledger
        .prepare_cached(
            "INSERT INTO obligations (key, return_id, agency, period, state, next_at, folded)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .unwrap();
    let (return_id, agency, period) = (key.return_id.as_str(), key.agency.as_str(), key.period.to_string());
    let json = serde_json::to_string(&folded).unwrap();
    insert.execute(params![subject, return_id, agency, period, folded.state.as_str(), next_at, json]).unwrap();
    let at = opens_at.to_string();
    let mut insert = ledger
        .prepare_cached(
            "INSERT INTO outbox (key, kind, obligation, recipient, message, enqueued_at, state, next_at, settled_at)
             VALUES (?1, 'notice', ?2, 'lead@agency.example', '{}', ?3, 'sent', ?3, ?3)",
        )
        .unwrap();
    insert.execute(params![message, subject, at]).unwrap();
    if !is_open {
        let mut insert = ledger
            .prepare_cached(
                "INSERT INTO submissions (id, obligation, return_id, agency, period, sha256, name, source, received_at, contract_hash, verdict, decided_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'figures.csv', 'bench', ?7, '', 'accepted', ?7)",
            )
            .unwrap();
        insert.execute(params![number, subject, return_id, agency, period, sha256(subject.as_bytes()), at]).unwrap();
    }
}

/// The example's own board file and words, with agencies and returns that are all alike.
fn definitions(board: &Path, agencies: usize, months: usize) {
    let example = |name: &str| BOARD.get_file(name).unwrap().contents_utf8().unwrap().to_owned();
    let write = |name: &str, text: String| {
        let path = board.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("config/quarterday.toml", example("quarterday.toml"));
    let newest: Period = NEWEST.parse().unwrap();
    let first = newest.shift(1 - i16::try_from(months).unwrap()).unwrap().start();
    let timetable = example("timetable.toml");
    let without_meetings = timetable.split("[[meeting]]").next().unwrap();
    write("config/timetable.toml", without_meetings.replace("starts_on = 2025-04-01", &format!("starts_on = {first}")));
    let agency = |n: usize| {
        format!(
            "[[agency]]\nid = \"agency-{n:03}\"\nname = \"Agency {n}\"\n\
             [agency.lead]\nname = \"Lead {n}\"\nemail = \"lead-{n}@agency.example\"\n"
        )
    };
    write("config/agencies.toml", (0..agencies).map(agency).collect());
    let ids: Vec<String> = (0..agencies).map(|n| format!("\"agency-{n:03}\"")).collect();
    for number in 0..RETURNS {
        let text =
            include_str!("return.toml").replace("AGENCIES", &ids.join(", ")).replace("NUMBER", &format!("{number:02}"));
        write(&format!("pipelines/return-{number:02}/return.toml"), text);
    }
    let words = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/mail");
    for entry in fs::read_dir(words).unwrap() {
        let entry = entry.unwrap();
        write(&format!("reports/mail/{}", entry.file_name().display()), fs::read_to_string(entry.path()).unwrap());
    }
    for folder in ["reports/indicators", "reports/packs"] {
        fs::create_dir_all(board.join(folder)).unwrap();
    }
}

/// Opens it as a daemon does and times ticks of the timetable and whole rings.
async fn run(folder: &Path) {
    let board = settle(folder);
    let now: Timestamp = NOW.parse().unwrap();
    let began = Instant::now();
    let app = daemon::rehearsal(board, &folder.join("data"), Clock::simulated(now), Memory::default()).unwrap();
    let app = Arc::new(app);
    let count = app.ledger.read(|txn| txn.counts()).await.unwrap();
    println!("  opened in {:.0?}: {} events", began.elapsed(), count.events);
    println!("  first tick after a start {:.1?}", tick(app.clone()).await);
    report("tick of the timetable", times(&app, tick).await);
    // A ring moves the mark of the clock and asks every other flow too. What a board of its age sends once leaves first.
    while daemon::ring(&app).await.unwrap().did_something() {
        app.mailroom.pump(&app.ledger, app.clock.now(), None).await.unwrap();
    }
    report("whole ring", times(&app, ring).await);
    println!("  memory {} MB, most {} MB", status("VmRSS:"), status("VmHWM:"));
}

/// The whole of what a ring does for the timetable: openings, obligations to look at, meetings, messages, and when next.
async fn tick(app: Arc<App>) -> Duration {
    let began = Instant::now();
    assert_eq!(chase::chase(&app).await.unwrap(), 0, "nothing is due");
    assert_eq!(publish::publish(&app).await.unwrap(), 0, "no pack is due");
    let pumped = app.mailroom.pump(&app.ledger, app.clock.now(), None).await.unwrap();
    assert!(!pumped.more && pumped.sent == 0, "no message is due");
    app.ledger.read(|txn| Ok((txn.next_look()?, txn.next_message_at()?))).await.unwrap();
    chase::next_opening(&app).unwrap().unwrap();
    began.elapsed()
}

async fn ring(app: Arc<App>) -> Duration {
    let began = Instant::now();
    assert!(!daemon::ring(&app).await.unwrap().did_something());
    began.elapsed()
}

async fn times<F: Future<Output = Duration>>(app: &Arc<App>, act: impl Fn(Arc<App>) -> F) -> Vec<Duration> {
    let mut times = Vec::new();
    for _ in 0..21 {
        times.push(act(app.clone()).await);
    }
    times.sort();
    times
}

fn report(what: &str, times: Vec<Duration>) {
    println!("  {what}: median {:.2?}, most {:.2?}", times[times.len() / 2], times[times.len() - 1]);
}

/// A number of `/proc/self/status` in megabytes.
fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(field)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024 / 1_000_000
}
