//! `quarterday demo`: drives the real daemon's flows through the example's quarter on a simulated clock.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow, bail};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::Timestamp;

use super::{
    super::{
        say::{Tone, say, toned},
        shipped::{PIPELINES, REPORTS, new_folder, write_out},
    },
    Act, BOARD, Partner, SEED, Scene, World,
    relay::Relay,
    story,
    telling::Teller,
};
use crate::{
    clock::Clock,
    daemon::{self, Command},
    domain::to_london,
    flows::{
        App, Board,
        intake::{self, Acknowledge, Offer},
    },
    ledger::{ObligationKey, Signatory},
    pack::PDF,
    source::Extract,
    timetable::instant_on,
};

/// Lives through the example's quarter in `folder` and says where everything lies.
///
/// # Errors
/// When the folder is not empty, or anything the example relies on fails.
pub async fn demo(folder: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    new_folder(folder)?;
    write_out(&BOARD, &folder.join("config"))?;
    write_out(&PIPELINES, &folder.join("pipelines"))?;
    write_out(&REPORTS, &folder.join("reports"))?;

    let partner = Partner::start().await.context("starting the partners' server on this machine")?;
    let relay = Relay::start(&folder.join("mails")).await.context("starting the mail relay on this machine")?;
    // What the example needs of this machine for these few seconds; its files keep saying "folder".
    let overrides = BTreeMap::from(
        [
            ("QUARTERDAY__PULLS__BASE", partner.base()),
            ("QUARTERDAY__MAIL__MAILER", "smtp".into()),
            ("QUARTERDAY__MAIL__HOST", relay.address.ip().to_string()),
            ("QUARTERDAY__MAIL__PORT", relay.address.port().to_string()),
            ("QUARTERDAY__MAIL__TLS", "none".into()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let board = Board::settle(folder, &overrides)
        .map_err(|problems| anyhow::anyhow!("the example's own definitions are not right:\n{problems}"))?;
    let morning = instant_on(jiff::civil::date(2025, 6, 30), jiff::civil::time(9, 0, 0, 0));
    let opened = daemon::open(board, Clock::simulated(morning), &overrides).await?;
    let app = Arc::new(opened.app);
    say(format_args!("{} (made up; nothing leaves this machine)\n", app.board.name));

    let world = World::new(SEED);
    load_history(&app, &world).await?;
    let mut teller = Teller::after(app.ledger.read(|txn| txn.chain_head()).await?.0);
    for scene in story(&world)? {
        play(&app, &partner, folder, scene, &mut teller).await?;
    }
    summary(&app, folder, began.elapsed()).await
}

/// Twelve quarters of history, as a new board would bring them: nobody's duty, answered to nobody.
async fn load_history(app: &Arc<App>, world: &World) -> anyhow::Result<()> {
    let files = world.history()?;
    let bar = ProgressBar::new(files.len() as u64);
    bar.set_style(ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}")?);
    bar.set_message("Twelve quarters of history");
    let count = files.len();
    for file in files {
        let key =
            ObligationKey { return_id: file.dataset.return_id()?, agency: file.agency.parse()?, period: file.period };
        let extract = Extract::of_bytes(file.bytes, file.name, "history");
        let offer = Offer { key, extract, arrived_at: None, actor: "demo".into(), acknowledge: Acknowledge::Nothing };
        let received = intake::receive(app, offer).await?;
        if !received.verdict.is_accepted() {
            bail!("the example's own history is not accepted: {received:?}");
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    say(format_args!("{:<13}{count} files of history accepted: CSV, XLSX, JSON and Parquet", ""));
    Ok(())
}

/// Lets the time up to the scene pass and tells what the daemon did in it, then plays the scene and tells what came of
/// it at once.
async fn play(
    app: &Arc<App>,
    partner: &Partner,
    folder: &Path,
    scene: Scene,
    teller: &mut Teller,
) -> anyhow::Result<()> {
    advance(app, scene.at).await?;
    teller.tell(app).await?;
    let when = to_london(scene.at).strftime("%a %e %b %H:%M");
    say(format_args!("{when}  {}", toned(Tone::Strong, &scene.says)));
    match scene.act {
        None => return Ok(()),
        // The daemon asks on its own timetable.
        Some(Act::Publish { path, bytes }) => partner.publish(&path, bytes),
        Some(Act::Drop { agency, name, bytes }) => {
            fs::write(folder.join("drop").join(agency.as_str()).join(name), bytes)?;
            advance(app, scene.at).await?;
        }
        Some(Act::Nil { return_id, agency, period, reason }) => {
            let actor = "probation".to_owned();
            order(app, Command::Nil { return_id, agency, period, reason, actor }).await?;
        }
        Some(Act::Approve { pack, period, because }) => {
            let (role, actor) = (Signatory::Chair, "business unit".to_owned());
            order(app, Command::Approve { pack, period, role, because, actor }).await?;
        }
        Some(Act::Submit { return_id, agency, period, name, bytes }) => {
            let file = folder.join("brought").join(name);
            fs::create_dir_all(folder.join("brought"))?;
            fs::write(&file, bytes)?;
            let actor = "business unit".to_owned();
            order(app, Command::Submit { file, return_id, agency, period, actor }).await?;
        }
    }
    teller.tell(app).await
}

async fn advance(app: &Arc<App>, to: Timestamp) -> anyhow::Result<()> {
    order(app, Command::Advance { to }).await
}

async fn order(app: &Arc<App>, command: Command) -> anyhow::Result<()> {
    daemon::obey(app, command).await.said().map(|_| ()).map_err(|why| anyhow!("{why}"))
}

async fn summary(app: &Arc<App>, folder: &Path, took: Duration) -> anyhow::Result<()> {
    let (editions, messages, wrong) =
        app.ledger.read(|txn| Ok((txn.editions()?, txn.messages()?.len(), txn.verify()?))).await?;
    if let Some(wrong) = wrong.first() {
        bail!("the ledger does not agree with itself: {wrong}");
    }
    let edition = editions.first().context("no pack was issued")?;
    let at = folder.display();
    let program = std::env::args().next().unwrap_or_else(|| "quarterday".into());
    say(format_args!("\nOne quarter in {:.0} seconds.\n", took.as_secs_f32()));
    say(format_args!("  pack       {}", app.board.data.join(&edition.folder).join(PDF).display()));
    say(format_args!(
        "  mails      {} ({messages} messages, kept by a relay on this machine)",
        folder.join("mails").display()
    ));
    say(format_args!("  warehouse  {} (Delta tables)", app.warehouse_folder().display()));
    say("\nTry next:");
    say(format_args!(
        "  {program} -C {at} sql -c \"SELECT period, numerator, denominator, round(value, 1) AS percent FROM disclosed.figures WHERE indicator = 'second-plans' ORDER BY period\""
    ));
    say(format_args!("  {program} -C {at} owed --on 2025-10-20"));
    say(format_args!("  {program} -C {at} pack rebuild board {}", edition.number));
    Ok(())
}
