//! The page behind a signed link, on which a pack is signed off or sent back.
//!
//! Looking at it, as scanners of mail do, changes nothing and uses up nothing; only its button acts. It asks for no account:
//! the link is for one person, one draft and one purpose, and ends when the pack goes out.

use askama::Template;
use axum::{
    Form, Router,
    extract::{DefaultBodyLimit, Path, State, rejection::FormRejection},
    http::{HeaderName, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde::Deserialize;

use super::Pages;
use crate::{
    domain::{to_london, words::capital},
    flows::{
        App,
        approve::{self, Decision, Shown, Useless, moment},
    },
    ledger::LedgerError,
};

/// The longest form that is read, in bytes.
const LONGEST_FORM: usize = 8 << 10;

/// The routes of the page.
pub(super) fn routes() -> Router<Pages> {
    Router::new().route("/sign-off/{token}", get(look).post(act)).layer(DefaultBodyLimit::max(LONGEST_FORM))
}

/// What the page's buttons send.
#[derive(Debug, Deserialize)]
struct Sent {
    decision: String,
    #[serde(default)]
    says: String,
}

async fn look(State(pages): State<Pages>, Path(token): Path<String>) -> Response {
    match approve::shown(&pages.app, &token).await {
        Ok(Ok(shown)) => page(&pages.app, &shown, None, StatusCode::OK),
        Ok(Err(useless)) => of_no_use(&pages.app, useless),
        Err(error) => broken(&pages.app, &error),
    }
}

async fn act(
    State(pages): State<Pages>,
    Path(token): Path<String>,
    sent: Result<Form<Sent>, FormRejection>,
) -> Response {
    let app = &pages.app;
    let shown = match approve::shown(app, &token).await {
        Ok(Ok(shown)) => shown,
        Ok(Err(useless)) => return of_no_use(app, useless),
        Err(error) => return broken(app, &error),
    };
    let again = |why: String, status| page(app, &shown, Some(why), status);
    let decision = match sent {
        Ok(Form(Sent { decision, .. })) if decision == "approve" => Decision::Approve,
        Ok(Form(Sent { decision, says })) if decision == "send-back" => Decision::SendBack(says),
        Ok(_) => return again("Please press one of the buttons.".to_owned(), StatusCode::BAD_REQUEST),
        Err(_) => {
            return again("What was sent could not be read; please be brief.".to_owned(), StatusCode::BAD_REQUEST);
        }
    };
    let refused = match approve::decide(app, &shown, decision).await {
        Ok(()) => None,
        Err(error) => match error.downcast_ref::<LedgerError>() {
            Some(LedgerError::Refused(why)) => Some(format!("{}.", capital(why))),
            _ => return broken(app, &error),
        },
    };
    let status = if refused.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    match approve::shown(app, &token).await {
        Ok(Ok(shown)) => page(app, &shown, refused, status),
        Ok(Err(useless)) => of_no_use(app, useless),
        Err(error) => broken(app, &error),
    }
}

#[derive(Template)]
#[template(path = "sign_off.html")]
struct SignOffPage<'a> {
    frame: Frame<'a>,
    title: &'a str,
    period: String,
    meeting: String,
    person: &'a str,
    instead: bool,
    asks: &'a str,
    drafted: String,
    ends: String,
    gaps: &'a [String],
    signed: Option<Answer<'a>>,
    sent_back: Option<Answer<'a>>,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "plain.html")]
struct PlainPage<'a> {
    frame: Frame<'a>,
    title: &'a str,
    says: &'a str,
}

/// What stands around every page.
struct Frame<'a> {
    board: &'a str,
    example: bool,
    contact: &'a str,
    phone: &'a str,
    email: &'a str,
}

struct Answer<'a> {
    by: &'a str,
    on: String,
    how: &'a str,
}

fn frame(app: &App) -> Frame<'_> {
    let contact = &app.board.contact;
    Frame {
        board: &app.board.name,
        example: app.board.example,
        contact: &contact.name,
        phone: &contact.phone,
        email: &contact.email,
    }
}

fn page(app: &App, shown: &Shown, problem: Option<String>, status: StatusCode) -> Response {
    let Some(draft) = &shown.known.draft else { return of_no_use(app, Useless::NotOurs) };
    let answer = |said: &'_ Option<(crate::ledger::Said, jiff::Timestamp)>| {
        said.as_ref().map(|(said, at)| (said.by.clone(), moment(*at), said.how.clone()))
    };
    let (signed, sent_back) = (answer(&shown.known.approved), answer(&shown.known.sent_back));
    fn borrowed(answer: &Option<(String, String, String)>) -> Option<Answer<'_>> {
        answer.as_ref().map(|(by, on, how)| Answer { by, on: on.clone(), how })
    }
    let page = SignOffPage {
        frame: frame(app),
        title: &shown.title,
        period: shown.key.period.human(),
        meeting: shown.key.meeting.strftime("%A %-d %B %Y").to_string(),
        person: &shown.person.name,
        instead: shown.role == crate::ledger::Signatory::ViceChair,
        asks: &app.board.manager.name,
        drafted: moment(draft.made_at),
        ends: to_london(shown.ends).strftime("%A %-d %B at %H:%M").to_string(),
        gaps: &draft.gaps,
        signed: borrowed(&signed),
        sent_back: borrowed(&sent_back),
        problem,
    };
    rendered(status, page.render())
}

fn of_no_use(app: &App, useless: Useless) -> Response {
    let (status, title, says) = match useless {
        Useless::NotOurs => (
            StatusCode::FORBIDDEN,
            "This link does not work",
            "It may have been cut in two on its way. Please open the message again and copy the whole of it into the \
             address line, or call us: we record a sign-off for you.",
        ),
        Useless::Ended => (
            StatusCode::GONE,
            "This link has ended",
            "The pack has gone out, or was about to. Please call us if something in it needs to be put right.",
        ),
        Useless::Newer => (
            StatusCode::GONE,
            "A newer draft was sent to you",
            "Please use the link in the newest message. If you cannot find it, call us.",
        ),
    };
    rendered(status, PlainPage { frame: frame(app), title, says }.render())
}

/// Something of ours is wrong, and the person is told what stands in the meantime.
fn broken(app: &App, error: &anyhow::Error) -> Response {
    tracing::error!(error = format!("{error:#}"), "the page of a sign-off failed");
    let says = "Nothing was recorded. Please try again in a few minutes, or call us: we record a sign-off for you.";
    let page = PlainPage { frame: frame(app), title: "This cannot be done just now", says };
    rendered(StatusCode::SERVICE_UNAVAILABLE, page.render())
}

fn rendered(status: StatusCode, page: Result<String, askama::Error>) -> Response {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
    ];
    match page {
        Ok(html) => (status, headers, Html(html)).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be put together");
            (StatusCode::SERVICE_UNAVAILABLE, headers, "This cannot be shown just now; please call us.\n")
                .into_response()
        }
    }
}
