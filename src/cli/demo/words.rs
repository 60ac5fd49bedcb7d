//! What the example's people write: comments on figures, and the action log.

use jiff::civil::Date;

use super::{
    Dataset,
    figures::NOW,
    formats::{Cell, Sheet, Table},
};

/// The comments a workbook carries: the indicator and the text. None for a return without them.
fn comments(dataset: Dataset, at: usize) -> &'static [(&'static str, &'static str)] {
    match (dataset, NOW - at.min(NOW)) {
        (Dataset::MissingChildren, 0) => &[(
            "children-missing-from-home",
            "The lower level dates from October 2023, when we began to grade reports by risk: some children who used to \
             be recorded as missing are now recorded as absent. In June we re-read 20 absence reports with children's \
             services and found two that should have been recorded as missing. We will re-read 20 every quarter. Three \
             families account for most of the children who went missing three times or more; each has a named officer.",
        )],
        (Dataset::MissingChildren, 1) => &[(
            "children-missing-from-home",
            "No change in practice this quarter; the re-reading of absence reports is being set up.",
        )],
        (Dataset::ReturnInterviews, 0) => &[(
            "return-interviews-in-time",
            "Two of our five interviewers left in January and one post is still vacant. Interviews with children placed \
             outside Exampleshire now take four to five days to arrange. Children tell us that a late interview feels \
             like a form to fill in. We now tell children's services on the same day when an interview will be late, \
             and a new interviewer starts on 1 September.",
        )],
        (Dataset::ReturnInterviews, 1) => {
            &[("return-interviews-in-time", "Two interviewers left in January; recruitment has begun.")]
        }
        (Dataset::FirstTimeEntrants, 0) => &[(
            "first-time-entrants",
            "The diversion panel now meets every week, and the police refer to it before a first caution.",
        )],
        (Dataset::Actions, 0) => &[
            (
                "second-plans",
                "Six of nine plans that we audited in May had ended within four months of neglect being named in the \
                 plan. Young people in the participation group said: \"It stopped when the worker stopped coming.\" The \
                 multi-agency audit on neglect reports in October.",
            ),
            (
                "immunised-by-two",
                "The rise follows the Saturday clinics, which began in autumn 2023 in the two networks with the lowest \
                 coverage. Parents named opening hours, not doubt, as what had kept them away.",
            ),
        ],
        _ => &[],
    }
}

/// The sheet of comments, when there are any.
pub(super) fn narrative(dataset: Dataset, at: usize) -> Option<Sheet> {
    let comments = comments(dataset, at);
    if comments.is_empty() {
        return None;
    }
    let rows = comments.iter().map(|(indicator, text)| vec![Cell::text(*indicator), Cell::text(*text)]).collect();
    let table = Table { headings: vec!["Indicator", "What lies behind the figure"], rows };
    Some(Sheet { name: "Narrative", preamble: vec![], table })
}

struct Action {
    indicator: &'static str,
    action: &'static str,
    owner: &'static str,
    due: Date,
    /// What will show that it made a difference.
    measure: &'static str,
    /// What it showed when the action was closed.
    effect: &'static str,
    /// Status and progress, a quarter ago and now.
    then: (&'static str, &'static str),
    now: (&'static str, &'static str),
}

const ACTIONS: [Action; 7] = [
    Action {
        indicator: "return-interviews-in-time",
        action: "Fill the vacant interviewer post, and agree cover by youth workers",
        owner: "Exampleshire Children's Voices",
        due: Date::constant(2025, 9, 1),
        measure: "Nine in ten interviews within 72 hours",
        effect: "",
        then: ("on time", "Post advertised"),
        now: (
            "at risk",
            "Advertised twice; appointed on 4 July, starts on 1 September. The measure fell for a seventh quarter",
        ),
    },
    Action {
        indicator: "return-interviews-in-time",
        action: "Tell children's services on the same day when an interview will be late",
        owner: "Exampleshire Children's Voices",
        due: Date::constant(2025, 6, 30),
        measure: "Late interviews told on the day: all",
        effect: "All 18 late interviews since were told on the day; interviews themselves are no sooner",
        then: ("on time", "Agreed in principle"),
        now: ("done", "In place since 2 June"),
    },
    Action {
        indicator: "second-plans",
        action: "Step-down plan with a named worker for every plan that ends, reviewed at three months",
        owner: "Children's services",
        due: Date::constant(2025, 9, 30),
        measure: "Second plans among plans started, over four quarters",
        effect: "",
        then: ("on time", "In place for 12 of 30 plans ended"),
        now: ("on time", "In place for 41 of 52 plans ended since January; too early to see in the measure"),
    },
    Action {
        indicator: "second-plans",
        action: "Re-audit plans that ended for neglect in 2024",
        owner: "Scrutiny group",
        due: Date::constant(2025, 6, 27),
        measure: "Plans that ended too early, of fifteen read",
        effect: "",
        then: ("on time", "Auditors named"),
        now: ("overdue", "Nine of fifteen cases read; the rest by 29 July"),
    },
    Action {
        indicator: "children-missing-from-home",
        action: "Re-read 20 absence reports each quarter with children's services",
        owner: "Exampleshire Police",
        due: Date::constant(2025, 12, 31),
        measure: "Absences that should have been recorded as missing, of 20",
        effect: "",
        then: ("on time", "Method agreed"),
        now: ("on time", "First 20 read in June; two should have been recorded as missing"),
    },
    Action {
        indicator: "immunised-by-two",
        action: "Keep the Saturday clinics in East and West beyond their trial",
        owner: "Exampleshire Children's Health Trust",
        due: Date::constant(2025, 6, 30),
        measure: "Coverage at two years in East and West",
        effect: "Coverage rose in both for five quarters",
        then: ("at risk", "Funding ends in June; paper goes to the trust's board in May"),
        now: ("done", "Funded until March 2027; coverage is at its highest"),
    },
    Action {
        indicator: "persistent-absence",
        action: "Home visit within five days for every pupil absent without a reason for two days",
        owner: "Exampleshire Schools Forum",
        due: Date::constant(2025, 10, 31),
        measure: "Pupils persistently absent, by school",
        effect: "",
        then: ("on time", "Tried in three schools"),
        now: ("on time", "Eleven of eighteen schools; the measure has not moved yet"),
    },
];

/// The action log as it stood at the end of quarter `at`: none before the one that came before the present.
pub(super) fn actions(at: usize) -> Option<Table> {
    let rows = ACTIONS.iter().zip(1..).map(|(action, number): (&Action, i64)| {
        let (status, progress) = if at >= NOW { action.now } else { action.then };
        vec![
            Cell::text(format!("A{number}")),
            Cell::text(action.indicator),
            Cell::text(action.action),
            Cell::text(action.owner),
            Cell::Day(action.due),
            Cell::text(status),
            Cell::text(progress),
            Cell::text(action.measure),
            Cell::text(if status == "done" { action.effect } else { "" }),
        ]
    });
    let headings = [
        "No.",
        "Indicator",
        "Action",
        "Owner",
        "Due",
        "Status",
        "Progress, and the measure since",
        "Measure",
        "Effect at closure",
    ];
    (at + 1 >= NOW).then(|| Table { headings: headings.to_vec(), rows: rows.collect() })
}
