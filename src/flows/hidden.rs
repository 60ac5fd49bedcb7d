//! What the disclosure stage hides in a period, so that a board sees the price of a class before it chooses one.

use anyhow::bail;

use super::{App, query, refresh};
use crate::{
    analysis::{Disclosed, DisclosedIndicator, Point},
    domain::{Period, Status, civil_day, words::several},
};

/// The figures that would print as hidden, indicator by indicator, in words.
///
/// # Errors
/// When the period has not ended, nothing was accepted, or the ledger or the worker fails.
pub async fn told(app: &App, period: Option<Period>) -> anyhow::Result<String> {
    let today = civil_day(app.clock.now());
    let period = period.unwrap_or_else(|| Period::quarter_ended_by(today));
    if period.end() >= today {
        bail!("{} has not ended yet", period.human());
    }
    let vector = query::readable(app).await?;
    if !vector.keys().any(|table| refresh::is_input(table)) {
        bail!("nothing has been accepted yet, so there is nothing to hide");
    }
    Ok(words(&refresh::disclosed(app, &vector, period).await?))
}

fn words(disclosed: &Disclosed) -> String {
    let series = |one: &DisclosedIndicator| {
        let parts = one.categories.iter().map(|part| (format!(", {}", part.name), part.points.clone()));
        std::iter::once((String::new(), one.points.clone())).chain(parts).collect::<Vec<_>>()
    };
    let (mut figures, mut hidden, mut lines) = (0, 0, Vec::new());
    for one in disclosed.indicators() {
        for (part, points) in series(one) {
            let gone: Vec<&Point> = points.iter().filter(|point| is_hidden(point)).collect();
            figures += points.len();
            hidden += gone.len();
            let Some(last) = points.last().filter(|_| !gone.is_empty()) else { continue };
            let latest = if is_hidden(last) { "the latest too" } else { "not the latest" };
            let periods: Vec<String> = gone.iter().map(|point| point.period.to_string()).collect();
            lines.push(format!(
                "  {}{part}: {} of {}, {latest}: {}",
                one.meta.title,
                gone.len(),
                several(points.len(), "period", "periods"),
                periods.join(", ")
            ));
        }
    }
    lines.sort();
    let title = disclosed.period().human();
    let are = if hidden == 1 { "is" } else { "are" };
    lines.insert(0, format!("{title}, class public: of {figures} figures, {hidden} {are} hidden."));
    if hidden > 0 {
        lines.push("Each is a count of 1 to 5 (of hospital episodes 1 to 7), one that would give such a count away, or one that its sender hid.".into());
    }
    lines.join("\n")
}

fn is_hidden(point: &Point) -> bool {
    let shown = [Some(&point.numerator), point.denominator.as_ref(), Some(&point.value)];
    shown.into_iter().flatten().any(|shown| shown.status == Some(Status::C))
}
