//! The daemon's pages: health, metrics, one page of status, and the page of a sign-off. GET changes nothing.
//!
//! Shows agencies and returns, never a person's address and never a figure.

mod sign_off;

use std::sync::Arc;

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use crate::{
    domain::{Standing, to_london},
    flows::{
        App, hold, plan,
        standing::{Owed, newest, owed_at},
        watch,
    },
};

#[derive(Clone)]
struct Pages {
    app: Arc<App>,
    metrics: Metrics,
}

/// What `/metrics` shows; counted since the program started.
#[derive(Clone)]
pub struct Metrics(Option<PrometheusHandle>);

impl Metrics {
    /// Begins to count; once in a program.
    pub fn install() -> Self {
        let installed = PrometheusBuilder::new().install_recorder();
        if let Err(error) = &installed {
            tracing::warn!(%error, "no metrics: another recorder is installed");
        }
        Self(installed.ok())
    }
}

/// Serves the pages until `stop` resolves.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    metrics: Metrics,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let router = Router::new()
        .route("/", get(status))
        .route("/health", get(health))
        .route("/metrics", get(gauges))
        .merge(sign_off::routes())
        .with_state(Pages { app, metrics })
        .layer(tower_http::timeout::TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            std::time::Duration::from_secs(30),
        ));
    axum::serve(listener, router).with_graceful_shutdown(stop).await
}

/// `ok` while the ledger answers; otherwise 503 and why.
async fn health(State(pages): State<Pages>) -> Response {
    match pages.app.ledger.read(|txn| txn.chain_head()).await {
        Ok((events, _)) => (StatusCode::OK, format!("ok, {events} events\n")).into_response(),
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}

async fn gauges(State(pages): State<Pages>) -> Response {
    if let Ok(counts) = pages.app.ledger.read(|txn| txn.counts()).await {
        metrics::gauge!("quarterday_ledger_events").set(counts.events as f64);
        metrics::gauge!("quarterday_messages_waiting").set(counts.waiting as f64);
        metrics::gauge!("quarterday_submissions_undecided").set(counts.undecided as f64);
        metrics::gauge!("quarterday_sources_failing").set(counts.failing as f64);
    }
    let text = pages.metrics.0.as_ref().map(PrometheusHandle::render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

/// About so many obligations are shown; of the others, all of them older, the number is.
const MOST_ROWS: usize = 30;

#[derive(Template)]
#[template(path = "status.html")]
struct StatusPage {
    board: String,
    example: bool,
    now: String,
    held: Option<String>,
    verdict: Verdict,
    groups: Vec<Group>,
    left_out: Vec<String>,
    warnings: Vec<String>,
    dropped: Vec<String>,
    editions: Vec<Edition>,
    failures: Vec<Failure>,
    contact: String,
    phone: String,
}

/// What the page comes to, at its head.
struct Verdict {
    says: String,
    alarming: bool,
}

/// What falls due together.
struct Group {
    period: String,
    due: String,
    rows: Vec<Row>,
}

struct Row {
    agency: String,
    title: String,
    alarming: bool,
    words: String,
    next: String,
}

struct Edition {
    title: String,
    issued: String,
}

struct Failure {
    on: String,
    what: String,
}

async fn status(State(pages): State<Pages>) -> Response {
    match status_page(&pages.app).await.and_then(|page| Ok(page.render()?)) {
        Ok(html) => {
            let policy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";
            ([(header::CONTENT_SECURITY_POLICY, policy)], Html(html)).into_response()
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the status page failed");
            (StatusCode::SERVICE_UNAVAILABLE, "The status cannot be told just now; see the daemon's log.\n")
                .into_response()
        }
    }
}

async fn status_page(app: &App) -> anyhow::Result<StatusPage> {
    let now = app.clock.now();
    let outlook = owed_at(&app.board, Some(&app.ledger), now).await?;
    let (editions, failures) = app.ledger.read(|txn| Ok((txn.editions()?, txn.recent_failures(5)?))).await?;
    let day = |at| to_london(at).strftime("%-d %B %Y").to_string();
    // What is held has a line of its own above.
    let wrong = watch::present(app).await?.into_iter().filter(|one| one.trouble != watch::Trouble::Hold);
    let wrong: Vec<String> = wrong.map(|one| one.what).collect();
    let (groups, left_out) = newest(&outlook.owed, MOST_ROWS);
    let title = |pack: &str| app.board.packs.get(pack).map_or_else(|| pack.to_owned(), |p| p.title().to_owned());
    Ok(StatusPage {
        board: app.board.name.clone(),
        example: app.board.example,
        now: to_london(now).strftime("%A %-d %B %Y, %H:%M").to_string(),
        held: hold::reason(&app.board.data, &app.ledger, &app.clock).await?.or(plan::pending(&app.ledger).await?),
        verdict: verdict(&outlook.owed),
        groups: groups
            .iter()
            .map(|group| Group {
                period: group.period.human(),
                due: to_london(group.due_at).strftime("%A %-d %B %Y, %H:%M").to_string(),
                rows: group.owed.iter().map(|one| row(one, now)).collect(),
            })
            .collect(),
        left_out: left_out.iter().map(|(period, count)| format!("{count} of {}", period.human())).collect(),
        warnings: wrong.into_iter().chain(outlook.untold).collect(),
        dropped: outlook.dropped,
        editions: editions
            .iter()
            .rev()
            .take(5)
            .map(|e| Edition {
                title: format!("{}, {}, edition {}", title(&e.pack), e.period, e.number),
                issued: day(e.issued_at),
            })
            .collect(),
        failures: failures
            .iter()
            .filter_map(|recorded| match &recorded.event {
                crate::ledger::Event::Failed { what, .. } => Some(Failure { on: day(recorded.at), what: what.clone() }),
                _ => None,
            })
            .collect(),
        contact: app.board.contact.name.clone(),
        phone: app.board.contact.phone.clone(),
    })
}

fn verdict(owed: &[Owed]) -> Verdict {
    let of = |standing: Standing| owed.iter().filter(|one| one.standing == standing).count();
    let returns = |count: usize, are: &str| match count {
        1 => format!("1 return is {are}"),
        _ => format!("{count} returns are {are}"),
    };
    let alarming = Standing::ALL.into_iter().filter(|standing| standing.is_alarming());
    let counted = alarming.map(|standing| (of(standing), standing)).filter(|(count, _)| *count > 0);
    let parts: Vec<String> = counted.map(|(count, standing)| returns(count, standing.brief())).collect();
    match (owed.len(), parts.is_empty()) {
        (0, _) => Verdict { says: "Nothing is owed.".to_owned(), alarming: false },
        (open, true) => Verdict { says: format!("{}, none of them late.", returns(open, "awaited")), alarming: false },
        (_, false) => Verdict { says: format!("{}.", parts.join("; ")), alarming: true },
    }
}

fn row(one: &Owed, now: jiff::Timestamp) -> Row {
    let next = one.next.as_ref().map_or_else(
        || "none".to_owned(),
        |next| match next.at.filter(|at| *at > now) {
            Some(at) => to_london(at).strftime("%a %-d %b, %H:%M").to_string(),
            None => "at the next look".to_owned(),
        },
    );
    Row {
        agency: one.agency.clone(),
        title: one.title.clone(),
        alarming: one.standing.is_alarming(),
        words: one.standing.words(one.days_late.into()),
        next,
    }
}
