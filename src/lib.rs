//! Quarterday: an unattended daemon for the business unit of a safeguarding children partnership.
//!
//! Partner agencies owe their board data every quarter. Quarterday pulls or receives each return, checks it, keeps it,
//! analyses it in SQL, chases what is late and issues the board's pack on the timetable. Data flow one way:
//!
//! ```text
//! source  →  decode  →  check  →  warehouse  →  analysis  →  disclosure  →  pack  →  mail
//! Extract    Decoded    Checked   Staged        Analysed     Disclosed      Rendered Message
//! ```
//!
//! Each stage takes the type the stage before it makes, and only that stage can make it: rows that were not checked
//! cannot be stored, figures that were not disclosed cannot be printed. The timetable stands beside the stream, pure:
//! dates and recorded facts in, what is owed now out.
//!
//! The [`ledger`] is the truth about what happened, the [landing archive](source::landing) about what was received; the
//! warehouse can be made anew from the two. The daemon rings every few seconds and asks what is owed now, so a restart,
//! an outage and a doubled ring need no code of their own.
//!
//! # Where to begin
//!
//! | to follow | begin at |
//! |---|---|
//! | a file from arrival to answer | [`flows::intake::receive`] |
//! | a deadline | [`flows::chase::chase`], and the decision in [`timetable::owed`] |
//! | a pack | [`flows::publish::publish`] |
//! | a figure | [`flows::refresh::refresh`], [`analysis::analyse`], [`analysis::disclose`] |
//! | a message leaving | [`mail::Mailroom::pump`] |
//! | a command | [`cli::run`], [`daemon::obey`] |
//! | the definitions of a board | [`flows::Board::settle`] |
//!
//! `docs/ARCHITECTURE.md` walks three of these ways with the files they pass; `docs/decisions/` says why.
//!
//! # What is absent
//!
//! No globals, no second clock, no ORM, no plug-in traits: closed sets are enums. No module reads the machine's time but
//! [`clock`], none reads the environment but [`settings`]. Nothing is scheduled but the ringing. Pages for people beyond
//! one status page, the Postgres protocol, sign-in, a members' class of disclosure, destruction at the end of retention,
//! and scale-out do not exist yet.
//!
//! # The house
//!
//! From the top to the foundations. Imports point down, and among the stages along the stream; `tests/it/tidy.rs` holds
//! them to it.
//!
//! - [`cli`]: one file per command, the demo, and the hidden entry of the workers
//! - [`daemon`]: the composition root; opens everything, rings, listens on the control socket, drains
//! - [`schedule`]: the doorbell, the only thing that is scheduled
//! - [`web`]: health, metrics and one page of status
//! - [`flows`]: the use cases, where the stages meet: intake, chase, refresh, publish, rebuild
//! - [`source`]: where files come from, and the archive that keeps their bytes
//! - [`decode`]: a file becomes tables of text cells that know their place
//! - [`check`]: whether it keeps its contract
//! - [`form`]: workbooks for those who send: the template, and their own file with what is to be fixed marked
//! - [`warehouse`]: checked rows as Delta tables, and the SQL desk
//! - [`analysis`]: what the figures say, and what of it may be shown
//! - [`pack`]: pages and charts, frozen as editions
//! - [`mail`]: messages, their templates, and how they leave
//! - [`timetable`]: what is owed now: duties, due days, the ladder, meetings
//! - [`ledger`]: what happened: events, and the tables that follow from them
//! - [`settings`]: definition files, read so that every problem is told at once
//! - [`sqlfn`]: what SQL knows beyond the standard
//! - [`worker`]: child processes for work on foreign bytes
//! - [`clock`]: what time it is
//! - [`content`]: bytes from outside, in memory or in a private file
//! - [`domain`]: the nouns everything else speaks of
//! - [`durable`]: files that survive a power cut
//! - [`fault`]: places where a test may kill the process

pub mod cli;
pub mod daemon;

pub mod schedule;
pub mod web;

pub mod flows;

pub mod analysis;
pub mod check;
pub mod decode;
pub mod form;
pub mod mail;
pub mod pack;
pub mod source;
pub mod timetable;
pub mod warehouse;

pub mod clock;
pub mod content;
pub mod domain;
pub mod durable;
pub mod fault;
pub mod ledger;
pub mod settings;
pub mod sqlfn;
pub mod worker;
