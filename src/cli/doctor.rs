//! `quarterday doctor`.

use std::path::Path;

use anyhow::bail;
use serde_json::json;

use super::{
    board,
    say::{Tone, aligned, say, toned},
};
use crate::{
    clock::Clock,
    daemon::{self, Command, ControlError, Reply},
    domain::words::count,
    flows::doctor::{Check, FirewallRule, Stand, examine, rules},
    settings,
    worker::Launcher,
};

/// How it is told.
#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// Print JSON instead of lines.
    #[arg(long)]
    json: bool,
    /// Send one test message to this address.
    #[arg(long, value_name = "ADDRESS")]
    send_to: Option<String>,
}

/// Tries everything the daemon needs and prints how it stands; an error if anything is wrong.
pub async fn doctor(home: &Path, options: Doctor) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    let environment = settings::environment();
    let daemon = daemon::ask(&daemon::socket(&board.data), &Command::Now).await;
    let is_running = !matches!(daemon, Err(ControlError::NotRunning(_)));
    let mut checks = vec![of_daemon(&daemon)];
    let by = board::actor();
    let send_to = options.send_to.as_deref().map(|address| (address, by.as_str()));
    let launcher = Launcher::current()?;
    checks.extend(examine(&board, &environment, &launcher, is_running, send_to, Clock::System.now()).await);
    let firewall = rules(&board, &environment);
    let wrong = checks.iter().filter(|check| check.stand == Stand::Wrong).count();
    if options.json {
        say(serde_json::to_string_pretty(&json!({ "checks": checks, "firewall": firewall }))?);
    } else {
        tell(&checks, &firewall);
    }
    if wrong > 0 {
        bail!("{} wrong", count(wrong, "thing is", "things are"));
    }
    Ok(())
}

fn of_daemon(daemon: &Result<Reply, ControlError>) -> Check {
    let what = "daemon";
    match daemon {
        Ok(Reply::Now { held: None, .. }) => Check::ok(what, "it runs and answers"),
        Ok(Reply::Now { held: Some(why), .. }) => Check::wrong(
            what,
            format!("it is on hold: {why}"),
            "see \"Restore, or move to another machine\" in docs/operations.md",
        ),
        Err(ControlError::NotRunning(_)) => {
            Check::warning(what, "none runs", "`systemctl start quarterday`; everything else was tried without it")
        }
        Ok(_) | Err(ControlError::BrokeOff(_)) => Check::wrong(
            what,
            "it is there and does not answer",
            "see its log (journalctl -u quarterday), then `systemctl restart quarterday`",
        ),
    }
}

fn tell(checks: &[Check], firewall: &[FirewallRule]) {
    for Check { what, stand, says, next_step } in checks {
        let (word, tone) = match stand {
            Stand::Ok => ("ok     ", Tone::Quiet),
            Stand::Warning => ("warning", Tone::Alarm),
            Stand::Wrong => ("WRONG  ", Tone::Alarm),
        };
        let next = next_step.as_ref().map(|next| format!(" → {next}")).unwrap_or_default();
        say(format_args!("{}  {what}: {says}{next}", toned(tone, word)));
    }
    say("\nWhat the firewall has to let through:");
    let heading = ["", "protocol", "host", "port", "for"].map(str::to_owned).to_vec();
    let rows = firewall.iter().map(|rule| {
        vec![rule.direction.into(), rule.protocol.into(), rule.host.clone(), rule.port.to_string(), rule.why.clone()]
    });
    let rows: Vec<Vec<String>> = std::iter::once(heading).chain(rows).collect();
    // Nothing of it is cut: it is handed to whoever keeps the firewall.
    for row in aligned(&rows, usize::MAX) {
        say(format_args!("  {}", row.join("  ")));
    }
}
