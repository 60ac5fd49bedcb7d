//! `quarterday init`.

use std::path::Path;

use super::{
    say::say,
    shipped::{CONFIG, PIPELINES, REPORTS, new_folder, write_out},
};

/// Writes a commented configuration that is valid as it stands.
pub fn init(folder: &Path) -> anyhow::Result<()> {
    new_folder(folder)?;
    for (tree, name) in [(&CONFIG, "config"), (&PIPELINES, "pipelines"), (&REPORTS, "reports")] {
        write_out(tree, &folder.join(name))?;
    }
    let at = folder.display();
    say(format_args!("A board's configuration is in {at}:"));
    say("  config/     who and when: put your own names into quarterday.toml, agencies.toml and timetable.toml");
    say("  pipelines/  what is owed: one folder a return");
    say("  reports/    what is made of it: indicators, packs and the words of messages");
    say(format_args!(
        "\nNext: `quarterday -C {at} validate` tells everything that is not right yet; `quarterday -C {at} run` serves it."
    ));
    say(format_args!("It writes messages to {at}/data/mail and sends none until [mail] says otherwise."));
    Ok(())
}
