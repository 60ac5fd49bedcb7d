//! Quarterday: an unattended daemon for the business unit of a safeguarding children partnership.
//!
//! Data flows one way:
//!
//! ```text
//! source → decode → check → warehouse → analysis → disclosure → pack → mail
//! ```
//!
//! Each stage takes the type the stage before it makes, and only that stage can make it. The timetable stands beside
//! the stream, pure: dates and recorded facts in, what is owed now out. Modules below are listed from the top of the
//! house to its foundations; imports point down only, and a test holds them to it.

pub mod cli;
pub mod daemon;

pub mod schedule;
pub mod web;

pub mod flows;

pub mod analysis;
pub mod check;
pub mod decode;
pub mod mail;
pub mod pack;
pub mod source;
pub mod timetable;
pub mod warehouse;

pub mod clock;
pub mod domain;
pub mod fault;
pub mod ledger;
pub mod settings;
pub mod sqlfn;
pub mod worker;
