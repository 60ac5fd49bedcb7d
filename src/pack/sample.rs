//! A made-up pack for tests: York's published share of second plans, and inventions around it.

use std::collections::BTreeMap;

use jiff::civil::date;

use super::tests::settled;
use super::{Action, Approval, Delivery, Imprint, PackDefinition, Progress, Record, Restatement, Story};
use crate::analysis::{
    Cause, Change, Comparator, Comparison, DisclosedIndicator, Exception, Good, Kind, Limits, Meta, Point, Shown, Tone,
    Unit, Variation,
};
use crate::domain::{Period, Standing, Status};

pub fn meta(id: &str, unit: Unit) -> Meta {
    Meta {
        id: id.to_owned(),
        title: "Children who need a second protection plan".to_owned(),
        why: "A second plan usually means that harm continued or came back after professionals judged a child safe. It is \
              the nearest measure we have of whether protection lasts."
            .to_owned(),
        definition: "Share of child protection plans that are a second or later plan.".to_owned(),
        priority: "Child protection".to_owned(),
        question: "how well".to_owned(),
        agency: "Children’s services".to_owned(),
        source: "Child protection return".to_owned(),
        unit,
        decimals: if unit == Unit::Count { 0 } else { 1 },
        kind: Kind::Flow,
        good: Good::Low,
        target: None,
        in_words: None,
    }
}

pub fn shown(unit: Unit, value: f64) -> Shown {
    let text = match unit {
        Unit::Count => format!("{value:.0}"),
        Unit::Percent => format!("{value:.1}%"),
        Unit::Rate { .. } => format!("{value:.1}"),
    };
    Shown { value: Some(value), status: None, text }
}

pub fn absent(status: Status) -> Shown {
    let text = if status == Status::C { "1 to 5, hidden" } else { status.words() };
    Shown { value: None, status: Some(status), text: text.to_owned() }
}

fn points(unit: Unit, first: &str, values: &[Option<f64>]) -> Vec<Point> {
    let mut period: Period = first.parse().unwrap();
    let mut points = Vec::new();
    for value in values {
        let value = value.map_or_else(|| absent(Status::C), |value| shown(unit, value));
        points.push(Point {
            period,
            numerator: shown(Unit::Count, 41.0),
            denominator: (unit == Unit::Percent).then(|| shown(Unit::Count, 124.0)),
            value,
            cause: Cause::Common,
            tone: Tone::Chance,
        });
        period = period.next().unwrap();
    }
    points
}

fn limits(points: &[Point]) -> Limits {
    let values: Vec<f64> = points.iter().filter_map(|point| point.value.value).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let range = values.windows(2).map(|pair| (pair[1] - pair[0]).abs()).sum::<f64>() / (values.len() - 1) as f64;
    let (lower, upper) = (mean - 2.66 * range, mean + 2.66 * range);
    Limits { mean, lower, upper, since: points[0].period, points: values.len(), trial: values.len() < 12 }
}

fn variation(tone: Tone, says: &str, brief: &str) -> Variation {
    Variation { tone, says: says.to_owned(), brief: brief.to_owned() }
}

fn plain(meta: Meta, points: Vec<Point>) -> DisclosedIndicator {
    let last = points.last().unwrap();
    let on_year = points.len().checked_sub(5).and_then(|at| points.get(at)).and_then(|before| {
        let difference = last.value.value? - before.value.value?;
        let text = if difference < 0.0 { format!("−{:.1}", -difference) } else { format!("+{difference:.1}") };
        let difference = Shown { value: Some(difference), status: None, text };
        Some(Change { from: before.period, before: before.value.clone(), difference })
    });
    DisclosedIndicator {
        limits: Some(limits(&points)),
        hidden: points.iter().filter(|point| point.value.status == Some(Status::C)).count(),
        meta,
        points,
        categories: Vec::new(),
        limits_note: None,
        on_period: None,
        on_year,
        variation: variation(Tone::Chance, "No more than chance would give.", "within chance"),
        assurance: None,
        comparison: None,
        exception: None,
        notes: Vec::new(),
        failed: None,
    }
}

/// York's own figures, as published by the Local Authority Interactive Tool on 14 July 2025.
fn second_plans() -> DisclosedIndicator {
    let unit = Unit::Percent;
    let york = [25.7, 27.6, 24.6, 34.4, 29.9, 26.7, 30.5, 38.1, 33.1].map(Some);
    let england = [17.9, 18.7, 20.2, 20.8, 21.9, 22.1, 23.3, 23.6, 24.7];
    let neighbours = [21.9, 21.8, 22.8, 23.1, 22.9, 25.4, 24.5, 25.1, 27.5];
    let mut one = plain(meta("second-plans", unit), points(unit, "2015-16-FY", &york));
    let years = one.points.iter().map(|point| point.period);
    let mut history: Vec<(Period, Shown, Shown)> = years
        .zip(england.iter().zip(neighbours))
        .map(|(year, (england, neighbours))| (year, shown(unit, *england), shown(unit, neighbours)))
        .collect();
    let (period, england, neighbours_mean) = history.pop().unwrap();
    let bars = [
        ("Trafford", 39.8),
        ("Gloucestershire", 34.9),
        ("York", 33.1),
        ("Bath and North East Somerset", 32.9),
        ("Oxfordshire", 27.6),
        ("Hertfordshire", 26.0),
        ("West Sussex", 25.8),
        ("North Somerset", 21.6),
        ("Warwickshire", 20.1),
        ("Stockport", 19.0),
    ];
    let mut bars: Vec<Comparator> = bars
        .iter()
        .map(|(area, value)| Comparator { area: (*area).to_owned(), ours: *area == "York", value: shown(unit, *value) })
        .collect();
    bars.push(Comparator { area: "Leicestershire".to_owned(), ours: false, value: absent(Status::X) });
    one.comparison = Some(Comparison {
        source: "the Local Authority Interactive Tool".to_owned(),
        release: date(2025, 7, 14),
        period,
        bridge: None,
        ours: shown(unit, 33.1),
        england,
        neighbours_mean,
        neighbours_median: shown(unit, 26.0),
        neighbours: (9, 10),
        band: Some('D'),
        rank: Some((144, 150)),
        bars,
        history,
        says: "Higher than England for nine years running; among the worst quarter of councils (144th of 150)."
            .to_owned(),
    });
    one.variation.says =
        "Year to year the movement is within what chance would give: the level is the problem, not the \
                          last change."
            .to_owned();
    let before = shown(unit, 38.1);
    let difference = Shown { value: Some(-5.0), status: None, text: "−5.0".to_owned() };
    one.on_year = Some(Change { from: "2022-23-FY".parse().unwrap(), before, difference });
    one.exception = Some(Exception {
        tone: Tone::Concern,
        rule: "movement",
        headline:
            "One child in three who starts a plan has had one before. The gap to England has stayed between 5 and 15 \
                   points for five years."
                .to_owned(),
        reasons: vec![one.comparison.as_ref().unwrap().says.clone()],
        weight: 90,
    });
    one
}

fn missing_from_home() -> DisclosedIndicator {
    let unit = Unit::Count;
    let values = [38., 35., 41., 37., 33., 36., 40., 36., 34., 39., 37., 35., 61.].map(Some);
    let mut one = plain(meta("missing-from-home", unit), points(unit, "2022-23-Q1", &values));
    one.meta.title = "Children missing from home".to_owned();
    one.meta.why =
        "A child who goes missing may be running from something or towards somebody. Each one should be found, \
                    heard, and safer afterwards."
            .to_owned();
    one.meta.definition =
        "Children reported missing to the police from their home in the quarter, each counted once.".to_owned();
    one.meta.priority = "Missing from home, care and education".to_owned();
    one.meta.question = "how much".to_owned();
    one.meta.agency = "Exampleshire Police".to_owned();
    one.meta.source = "Missing children".to_owned();
    one.meta.good = Good::Neutral;
    let newest = one.points.last_mut().unwrap();
    (newest.cause, newest.tone) = (Cause::Outside, Tone::Higher);
    one.limits =
        Some(Limits { mean: 36.8, lower: 26.9, upper: 46.6, since: one.points[0].period, points: 12, trial: false });
    one.variation = variation(Tone::Higher, "Higher than chance would give.", "above the upper limit");
    one.exception = Some(Exception {
        tone: Tone::Higher,
        rule: "movement",
        headline: "61 children went missing from home, more than in any quarter of the last three years.".to_owned(),
        reasons: vec!["Above the upper limit of chance (46.6).".to_owned()],
        weight: 50,
    });
    one
}

fn interviews() -> DisclosedIndicator {
    let unit = Unit::Percent;
    let values = [61., 58., 64., 60., 57., 62., 71., 73., 75., 72., 76., 78., 81.].map(Some);
    let mut one = plain(meta("interviews-in-time", unit), points(unit, "2022-23-Q1", &values));
    one.meta.title = "Return interviews within 72 hours".to_owned();
    one.meta.why = "A child who is heard soon after coming back says more, and goes missing less.".to_owned();
    one.meta.definition = "Return interviews held within 72 hours, as a share of all interviews.".to_owned();
    one.meta.priority = "Missing from home, care and education".to_owned();
    one.meta.agency = "Safe Haven Exampleshire".to_owned();
    one.meta.source = "Return interviews".to_owned();
    one.meta.good = Good::High;
    one.meta.target = Some(80.0);
    for point in one.points.iter_mut().skip(6) {
        (point.cause, point.tone) = (Cause::Shift, Tone::Improvement);
    }
    one.limits =
        Some(Limits { mean: 68.3, lower: 57.2, upper: 79.4, since: one.points[0].period, points: 13, trial: false });
    one.variation =
        variation(Tone::Improvement, "Unlikely to be chance, and in the right direction.", "7 quarters above the mean");
    one.exception = Some(Exception {
        tone: Tone::Improvement,
        rule: "movement",
        headline: "Four interviews in five are now held within 72 hours; two years ago it was three in five."
            .to_owned(),
        reasons: vec!["Seven quarters in a row above the mean.".to_owned()],
        weight: 30,
    });
    one
}

fn prevent() -> DisclosedIndicator {
    let unit = Unit::Count;
    let values = [
        Some(7.),
        None,
        None,
        Some(9.),
        Some(8.),
        Some(6.),
        None,
        Some(10.),
        Some(11.),
        Some(7.),
        Some(8.),
        Some(6.),
        None,
    ];
    let mut one = plain(meta("prevent-referrals", unit), points(unit, "2022-23-Q1", &values));
    one.meta.title = "Prevent referrals of children".to_owned();
    one.meta.priority = "Across priorities".to_owned();
    one.meta.good = Good::Neutral;
    one.meta.agency = "Exampleshire Police".to_owned();
    one.meta.source = "Prevent referrals".to_owned();
    one.meta.definition = "Children under 18 referred to Prevent in the quarter.".to_owned();
    one
}

/// All kinds of indicator: a concern with comparators, a neutral change, an improvement, one with hidden counts.
pub fn indicators() -> Vec<DisclosedIndicator> {
    vec![second_plans(), missing_from_home(), interviews(), prevent()]
}

/// Deliveries of most standings, a restatement, one story, actions.
pub fn record() -> Record {
    let period: Period = "2025-26-Q1".parse().unwrap();
    let delivery = |agency: &str, title: &str, standing, received: Option<i8>, days_late| Delivery {
        agency: agency.to_owned(),
        title: title.to_owned(),
        period,
        due: Some(date(2025, 7, 14)),
        received: received.map(|day| date(2025, 7, day)),
        standing,
        days_late,
        restated: false,
        corrected: false,
        reminders: if days_late > 0 { 2 } else { 0 },
        note: None,
        arranged: None,
        escalation_held: None,
        rows_refused: 0,
        provisional: false,
    };
    let mut deliveries = vec![
        delivery("Exampleshire Police", "Missing children", Standing::Overdue, None, 9),
        delivery("Exampleshire Police", "Prevent referrals", Standing::Accepted, Some(11), 0),
        delivery("Children’s services", "Child protection return", Standing::Accepted, Some(10), 0),
        delivery("Safe Haven Exampleshire", "Return interviews", Standing::AcceptedLate, Some(17), 3),
        delivery("Exampleshire Hospitals", "Immunisations", Standing::Accepted, Some(14), 0),
        delivery("CAFCASS", "Care applications", Standing::Nil, Some(9), 0),
        delivery("Youth Justice Service", "First-time entrants", Standing::Held, Some(14), 0),
        delivery("Exampleshire Schools", "Persistent absence", Standing::Accepted, Some(8), 0),
    ];
    (deliveries[4].corrected, deliveries[2].restated) = (true, true);
    deliveries[5].note = Some("no applications were made in the quarter".to_owned());
    let action = |what: &str, owner: &str, due, status, progress: &str, indicator: Option<&str>| Action {
        action: what.into(),
        owner: owner.into(),
        due: Some(due),
        period,
        status,
        progress: Some(progress.to_owned()),
        indicator: indicator.map(str::to_owned),
    };
    Record {
        deliveries,
        restatements: vec![Restatement {
            agency: "Children’s services".to_owned(),
            title: "Child protection return".to_owned(),
            period: "2024-25-Q4".parse().unwrap(),
            first: Some(date(2025, 4, 11)),
            replaced: date(2025, 7, 10),
        }],
        stories: vec![
            Story {
                indicator: "second-plans".to_owned(),
                agency: "Children’s services".to_owned(),
                period,
                received: Some(date(2025, 7, 10)),
                text: "We read the files of every child who came back onto a plan this year. In most of them the first plan \
                       ended when the family began to cooperate, and nobody was named to stay with them afterwards. From \
                       June each plan that ends has a named worker and a review after three months."
                    .to_owned(),
            },
            Story {
                indicator: "second-plans".to_owned(),
                agency: "Business unit".to_owned(),
                period,
                received: Some(date(2025, 7, 4)),
                text: "Six of nine audited cases closed within four months of neglect being named (case-file audit, May)."
                    .to_owned(),
            },
        ],
        actions: vec![
            action(
                "Step-down plan with a named worker for every plan that ends, reviewed at three months",
                "Children’s services",
                date(2025, 9, 30),
                Progress::OnTime,
                "In place for 41 of 52 endings; repeat plans since: too early to say",
                Some("second-plans"),
            ),
            action(
                "Re-audit plans ended for neglect in 2024",
                "Scrutiny group",
                date(2025, 7, 15),
                Progress::Overdue,
                "Chased on 10 and 15 July",
                Some("second-plans"),
            ),
            action(
                "Tell schools which lead to call when a child does not arrive",
                "Exampleshire Schools",
                date(2025, 10, 31),
                Progress::NotStarted,
                "Waits for the new attendance guidance",
                None,
            ),
        ],
        ..Record::default()
    }
}

pub fn imprint() -> Imprint {
    Imprint {
        board: "Exampleshire Safeguarding Children Partnership".to_owned(),
        area: "York".to_owned(),
        example: true,
        pack: "Quarterly pack".to_owned(),
        period: "2025-26-Q1".parse().unwrap(),
        edition: 7,
        approval: Approval::NotAsked,
        missing: Vec::new(),
        in_spite: None,
        issued_on: date(2025, 7, 23),
        data_as_at: date(2025, 7, 22),
        meeting_on: Some(date(2025, 7, 31)),
        contact: "Business Unit, 01234 567 890, business-unit@exampleshire.example".to_owned(),
        chain_head: (1204, "9f2c4be0d1a85e7743b0f6a2c95d18e4aa7b3c60f1de5928047cbb1e6f3a9d52".to_owned()),
        versions: [("returns.child_protection", 14), ("returns.missing_children", 12), ("returns.narrative", 31)]
            .map(|(table, version)| (table.to_owned(), version))
            .into(),
    }
}

/// The board pack as the repository ships it.
pub fn definition() -> PackDefinition {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/reports/packs/board");
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        files.insert(entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap());
    }
    let text = String::from_utf8(files.remove("pack.toml").unwrap()).unwrap();
    settled(&text, files).unwrap_or_else(|problems| panic!("{problems}"))
}
