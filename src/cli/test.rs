//! `quarterday test`.

use std::path::Path;

use anyhow::bail;

use super::{
    board,
    say::{Tone, say, toned},
};
use crate::{
    analysis::Indicator,
    flows::{reads, trial},
    settings::nearest,
    worker::Launcher,
};

/// Tries the tests that stand beside the indicators; all of them, or those that are named.
pub async fn test(home: &Path, wanted: &[String]) -> anyhow::Result<()> {
    let board = board::settle(home)?;
    if let Some(unknown) = wanted.iter().find(|id| !board.indicators.iter().any(|one| one.id == **id)) {
        let meant = nearest(unknown, board.indicators.iter().map(|one| one.id.as_str()));
        let meant = meant.map(|id| format!("; did you mean {id}?")).unwrap_or_default();
        bail!("there is no indicator {unknown} in reports/indicators{meant}");
    }
    let launcher = Launcher::current()?;
    let reads = reads::of(&board, &launcher).await?;
    let chosen: Vec<&Indicator> =
        board.indicators.iter().filter(|one| wanted.is_empty() || wanted.contains(&one.id)).collect();
    let (mut cases, mut failed, mut untested) = (0, 0, Vec::new());
    for indicator in chosen {
        let file = trial::file(&board, &indicator.id);
        let found = match trial::cases(&file) {
            Ok(found) => found,
            Err(problems) => bail!("{} is not right:\n\n{problems}", file.display()),
        };
        if found.is_empty() {
            untested.push(indicator.id.as_str());
        }
        for case in found {
            let tried = trial::attempt(&board, &reads, &launcher, indicator, &case).await?;
            cases += 1;
            failed += usize::from(!tried.wrong.is_empty());
            let word = if tried.wrong.is_empty() { "ok".to_owned() } else { toned(Tone::Alarm, "wrong") };
            say(format_args!("{word}  {}: {}", tried.indicator, tried.says));
            for line in &tried.wrong {
                say(format_args!("    {line}"));
            }
        }
    }
    if !untested.is_empty() {
        say(format_args!("No test of their own: {}", untested.join(", ")));
    }
    if failed > 0 {
        bail!("{failed} of {cases} cases came out otherwise than expected");
    }
    say(match cases {
        1 => "1 case, as expected".to_owned(),
        many => format!("{many} cases, all as expected"),
    });
    Ok(())
}
