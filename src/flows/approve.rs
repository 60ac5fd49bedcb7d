//! A pack is signed off or sent back, by a command or by a signed link; each is recorded with who, when and how.

use anyhow::Context;
use jiff::Timestamp;

use super::{
    App, draft, letters,
    links::{Bound, LinkKey, SignOffLink},
    reason::identity_in,
};
use crate::{
    domain::{Period, to_london},
    ledger::{Event, LedgerError, Said, SignOff, SignOffEvent, SignOffKey, Signatory},
    mail::Person,
    timetable::Meeting,
};

/// The longest words to the manager, in characters.
const LONGEST: usize = 500;

/// What a page behind a link shows.
#[derive(Debug, Clone)]
pub struct Shown {
    /// Which sign-off.
    pub key: SignOffKey,
    /// The pack's title.
    pub title: String,
    /// Who holds the link, and as what.
    pub person: Person,
    /// As what they sign.
    pub role: Signatory,
    /// How far the sign-off has come.
    pub known: SignOff,
    /// When the link ends: the pack goes out then, signed or not.
    pub ends: Timestamp,
}

/// Why a link does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Useless {
    /// Nobody here made it, or it was cut or changed on its way.
    NotOurs,
    /// The pack has gone out.
    Ended,
    /// A newer draft was sent.
    Newer,
}

/// What the holder of a link does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Signs it off.
    Approve,
    /// Sends it back with these words to the manager.
    SendBack(String),
}

/// The path of the page on which `person` can sign, where the board's pages can be reached.
pub(super) fn path(
    app: &App,
    meeting: &Meeting,
    draft_sha256: &str,
    role: Signatory,
    person: &Person,
) -> anyhow::Result<Option<String>> {
    if app.board.public_url.is_none() || role == Signatory::Manager {
        return Ok(None);
    }
    let link = SignOffLink {
        key: super::publish::sign_off_key(meeting),
        role,
        draft: draft_sha256.get(..16).unwrap_or_default().to_owned(),
        ends: draft::link_ends(app, meeting)?,
    };
    let token = LinkKey::made(&app.board.data)?.token(&link, &Bound { email: &person.email, draft_sha256 });
    Ok(Some(format!("/sign-off/{token}")))
}

/// What a link shows. Changes nothing.
///
/// # Errors
/// When the ledger or the key cannot be read; a link that does nothing is no error.
pub async fn shown(app: &App, token: &str) -> anyhow::Result<Result<Shown, Useless>> {
    let (Some(link), Some(key)) = (SignOffLink::named_in(token), LinkKey::standing(&app.board.data)?) else {
        return Ok(Err(Useless::NotOurs));
    };
    let person = match link.role {
        Signatory::Chair => app.board.chair.as_ref(),
        Signatory::ViceChair => app.board.vice_chair.as_ref(),
        Signatory::Manager => None,
    };
    let known = draft::known(app, &link.key).await?;
    let digests = app.ledger.read({
        let key = link.key.clone();
        move |txn| txn.drafts(&key)
    });
    let digest = digests.await?.into_iter().find(|digest| digest.starts_with(&link.draft));
    let (Some(person), Some(digest)) = (person, digest) else { return Ok(Err(Useless::NotOurs)) };
    if !key.is_genuine(token, &link, &Bound { email: &person.email, draft_sha256: &digest }) {
        return Ok(Err(Useless::NotOurs));
    }
    if app.clock.now() >= link.ends || known.circulated.is_some() {
        return Ok(Err(Useless::Ended));
    }
    if known.draft.as_ref().is_none_or(|draft| draft.sha256 != digest) {
        return Ok(Err(Useless::Newer));
    }
    let title =
        app.board.packs.get(&link.key.pack).map_or_else(|| link.key.pack.clone(), |pack| pack.title().to_owned());
    Ok(Ok(Shown { key: link.key, title, person: person.clone(), role: link.role, known, ends: link.ends }))
}

/// Does what the holder of a link decided. What was decided before stands: the answer shows it.
///
/// # Errors
/// When the ledger refuses, or the words cannot be passed on.
pub async fn decide(app: &App, shown: &Shown, decision: Decision) -> anyhow::Result<()> {
    let said = |because| {
        let draft_sha256 = shown.known.draft.as_ref().map(|draft| draft.sha256.clone()).unwrap_or_default();
        Said {
            by: shown.person.name.clone(),
            role: shown.role,
            how: "by the signed link".to_owned(),
            draft_sha256,
            because,
        }
    };
    let actor = shown.person.email.as_str();
    match decision {
        Decision::Approve => record(app, &shown.key, said(None), actor).await?,
        Decision::SendBack(words) => {
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            if let Some(why) = refusal(&words) {
                return Err(LedgerError::Refused(why).into());
            }
            send_back(app, &shown.key, said(Some(words)), actor).await?;
        }
    }
    Ok(())
}

/// Records a sign-off that somebody gave otherwise: `quarterday approve`.
///
/// # Errors
/// When nothing waits to be signed, it is signed already, or the reason cannot be kept.
pub async fn approve(
    app: &App,
    pack: &str,
    period: Period,
    role: Signatory,
    because: &str,
    actor: &str,
) -> anyhow::Result<String> {
    let because = because.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some(why) = refusal(&because) {
        return Err(LedgerError::Refused(why).into());
    }
    let board = &app.board;
    let (person, section) = match role {
        Signatory::Chair => (board.chair.as_ref(), "chair"),
        Signatory::ViceChair => (board.vice_chair.as_ref(), "vice_chair"),
        Signatory::Manager => (Some(&board.manager), "manager"),
    };
    let person = person.with_context(|| format!("nobody is named under [{section}] in config/quarterday.toml"))?;
    let key = super::publish::sign_off_key(&draft::open(app, pack, period).await?);
    let Some(drafted) = draft::known(app, &key).await?.draft else {
        let why = format!("there is no draft yet to sign; `quarterday pack draft {pack} {period}` makes one");
        return Err(LedgerError::Refused(why).into());
    };
    let said = Said {
        by: person.name.clone(),
        role,
        how: format!("recorded by {actor} with `quarterday approve`"),
        draft_sha256: drafted.sha256,
        because: Some(because),
    };
    record(app, &key, said, actor).await?;
    Ok(format!("{} has signed off {pack} for {}", person.name, period.human()))
}

/// Records who signed, and calls off what still asks for it.
async fn record(app: &App, key: &SignOffKey, said: Said, actor: &str) -> Result<(), LedgerError> {
    let (key, actor, now) = (key.clone(), actor.to_owned(), app.clock.now());
    app.ledger
        .write(move |txn| {
            let known = txn.sign_off(&key)?;
            standing(&known, &said)?;
            txn.call_off(&known, now, "it was signed off before this left")?;
            txn.append(now, &key.to_string(), &actor, &Event::SignOff(SignOffEvent::Approved(said)))?;
            Ok(())
        })
        .await
}

/// Records who would not sign yet, and tells the manager.
async fn send_back(app: &App, key: &SignOffKey, said: Said, actor: &str) -> anyhow::Result<()> {
    let now = app.clock.now();
    let letters = letters::sent_back(app, key, &said, now)?;
    let (key, actor) = (key.clone(), actor.to_owned());
    let recorded = app.ledger.write(move |txn| {
        let known = txn.sign_off(&key)?;
        standing(&known, &said)?;
        if let Some((before, at)) = &known.sent_back {
            return Err(LedgerError::Refused(format!("{} sent it back on {}", before.by, moment(*at))));
        }
        txn.call_off(&known, now, "it was sent back before this left")?;
        txn.append(now, &key.to_string(), &actor, &Event::SignOff(SignOffEvent::SentBack(said)))?;
        for letter in &letters {
            txn.enqueue(letter)?;
        }
        Ok(())
    });
    Ok(recorded.await?)
}

/// Refuses what comes too late, or speaks of a draft that is not the newest.
fn standing(known: &SignOff, said: &Said) -> Result<(), LedgerError> {
    let why = match (&known.approved, &known.circulated) {
        (Some((before, at)), _) => format!("{} signed it off on {}", before.by, moment(*at)),
        (None, Some((edition, at))) => format!("it went out as edition {edition} on {}", moment(*at)),
        (None, None) if known.draft.as_ref().is_none_or(|draft| draft.sha256 != said.draft_sha256) => {
            "a newer draft was made meanwhile; look at that one".to_owned()
        }
        (None, None) => return Ok(()),
    };
    Err(LedgerError::Refused(why))
}

/// "30 July 2025, 09:15", in London.
pub fn moment(at: Timestamp) -> String {
    to_london(at).strftime("%-d %B %Y, %H:%M").to_string()
}

/// Why these words cannot be kept, if they cannot. The words themselves are not repeated.
fn refusal(words: &str) -> Option<String> {
    if words.is_empty() {
        return Some("it needs one line of reason".into());
    }
    if words.chars().count() > LONGEST {
        return Some(format!("the reason is longer than {LONGEST} characters; say it shorter"));
    }
    identity_in(words).map(|holds| format!("{holds}: say it without"))
}
