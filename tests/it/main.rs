//! The integration tests: each starts the real thing through its front door.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a test panics, prints and asks where it runs"
)]

mod agency_report;
mod answers;
mod archives;
mod backfill;
mod chase;
mod commentary;
mod concessions;
mod confidential;
mod contract_checks;
mod contract_rules;
mod corpora;
mod corpora_daemon;
mod corpora_text;
mod corpora_values;
mod corpora_workbooks;
mod csv_dialects;
mod daemon;
mod definitions;
mod demo;
mod demo_world;
mod disclosure;
mod disk;
mod doctor;
mod documents;
mod due_rules;
mod editions;
mod evidence;
mod example_figures;
mod exceptions;
mod explanations;
mod figures;
mod finals;
mod first_cycle;
mod foreign_readers;
mod governance;
mod groups;
mod guard;
mod holiday_list;
mod indicator_cases;
mod init_return;
mod intake;
mod mail;
mod mail_at_least_once;
mod mail_bounces;
mod mail_graph;
mod mail_peers;
mod mail_ten_thousand;
mod mail_together;
mod mailbox;
mod mailbox_graph;
mod mailbox_smtp;
mod models;
mod naughty;
mod pack;
mod pipelines;
mod plan;
mod punctuality;
mod readiness;
mod real_contracts;
mod real_data;
mod real_files;
mod real_lait;
mod real_reference;
mod refresh;
mod rehearse;
mod restatements;
mod rolling;
mod sign_off;
mod simulator;
mod source_folder;
mod source_https;
mod source_sftp;
mod source_store;
mod sql_desk;
mod sql_shell;
mod sql_statistics;
mod statistics;
mod store_protocol;
mod support;
mod template;
mod tidy;
mod timetable;
mod unpivot;
mod volume;
mod warehouse;
mod warehouse_kill;
mod watch;
mod windows;
mod workbooks;
mod worker;
mod xml;
