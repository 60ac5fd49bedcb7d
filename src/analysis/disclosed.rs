//! Figures as they may be shown. Only the disclosure stage makes a [`Disclosed`].

use jiff::civil::Date;
use serde::Serialize;

use super::in_words::InWords;
use crate::domain::{Period, Status};

/// Who may see small counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Everybody: counts of 1 to 5 are hidden, and whatever would give them away.
    Public,
}

/// Everything a pack may say in numbers.
#[derive(Debug, Clone, Serialize)]
pub struct Disclosed {
    pub(super) class: Class,
    pub(super) period: Period,
    pub(super) indicators: Vec<DisclosedIndicator>,
}

impl Disclosed {
    /// For whom the figures were prepared.
    pub fn class(&self) -> Class {
        self.class
    }

    /// The period they speak of.
    pub fn period(&self) -> Period {
        self.period
    }

    /// The indicators: exceptions first, the most pressing at the top, then the others in the order of their names.
    pub fn indicators(&self) -> &[DisclosedIndicator] {
        &self.indicators
    }
}

/// A number as it may be shown, or why it is not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Shown {
    /// The number, unrounded; none when it is hidden or missing.
    pub value: Option<f64>,
    /// Why there is none.
    pub status: Option<Status>,
    /// What a page prints: `33.1%`, `41`, `1 to 5, hidden`.
    pub text: String,
}

/// What an indicator's value is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "unit")]
pub enum Unit {
    /// A count.
    Count,
    /// A share of the denominator, in per cent.
    Percent,
    /// The numerator per so many of the denominator.
    Rate {
        /// 10,000 or 100,000.
        per: u32,
    },
}

/// Whether a value belongs to a stretch of time or to its last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Adds up over time.
    Flow,
    /// Is counted on the last day.
    Snapshot,
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Good {
    /// More is better.
    High,
    /// Less is better.
    Low,
    /// Neither: never coloured, never ranked.
    Neutral,
}

/// What an indicator means, in its author's words.
#[derive(Debug, Clone, Serialize)]
pub struct Meta {
    /// Its identifier, the name of its files.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Why the Board looks at it: one or two sentences.
    pub why: String,
    /// What is counted, and over what.
    pub definition: String,
    /// The Board's priority it belongs to.
    pub priority: String,
    /// How much are we doing, how well, is anyone better off.
    pub question: String,
    /// The agency whose return it comes from, as people know it.
    pub agency: String,
    /// The return it comes from, as people know it.
    pub source: String,
    /// What its value is.
    pub unit: Unit,
    /// Places shown behind the point.
    pub decimals: u8,
    /// Flow or snapshot.
    pub kind: Kind,
    /// Which way is good.
    pub good: Good,
    /// The value aimed at, if the Board set one.
    pub target: Option<f64>,
    /// Its share in everyday words.
    pub in_words: Option<InWords>,
}

/// Why a point stands out; the rules of NHS *Making Data Count*.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It does not.
    Common,
    /// Outside a limit.
    Outside,
    /// Seven points rising or falling.
    Trend,
    /// Two of three near a limit.
    TwoOfThree,
    /// Seven points on one side of the mean.
    Shift,
}

impl Cause {
    /// The word as SQL has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Common => "common",
            Self::Outside => "outside",
            Self::Trend => "trend",
            Self::TwoOfThree => "two_of_three",
            Self::Shift => "shift",
        }
    }
}

/// What that means for children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// No more than chance.
    Chance,
    /// Better than chance.
    Improvement,
    /// Worse than chance.
    Concern,
    /// Higher than chance, which is neither good nor bad.
    Higher,
    /// Lower than chance, which is neither good nor bad.
    Lower,
}

/// One period of an indicator.
#[derive(Debug, Clone, Serialize)]
pub struct Point {
    /// The period.
    pub period: Period,
    /// The count above the line.
    pub numerator: Shown,
    /// The count below it, for shares and rates.
    pub denominator: Option<Shown>,
    /// The value.
    pub value: Shown,
    /// Why it stands out.
    pub cause: Cause,
    /// What that means.
    pub tone: Tone,
}

/// One part of a breakdown, such as the referrals that came from schools.
#[derive(Debug, Clone, Serialize)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// Its periods, oldest first.
    pub points: Vec<Point>,
}

/// The limits within which chance alone would keep the value (XmR), in force at the last point.
#[derive(Debug, Clone, Serialize)]
pub struct Limits {
    /// The mean.
    pub mean: f64,
    /// The lower limit.
    pub lower: f64,
    /// The upper limit.
    pub upper: f64,
    /// The first period they are for: that of the last rebase, else the first of all.
    pub since: Period,
    /// Points they were made from.
    pub points: usize,
    /// Whether these are fewer than twelve.
    pub trial: bool,
}

/// The value against an earlier one.
#[derive(Debug, Clone, Serialize)]
pub struct Change {
    /// The earlier period.
    pub from: Period,
    /// The earlier value.
    pub before: Shown,
    /// The difference, in the indicator's own unit (points for a share), with a sign: `−5.0`.
    pub difference: Shown,
}

/// Variation of the last point in words and tone.
#[derive(Debug, Clone, Serialize)]
pub struct Variation {
    /// What it means.
    pub tone: Tone,
    /// A plain sentence: "It has fallen for seven quarters running: chance alone would hardly do that."
    pub says: String,
    /// The same in a few words, for a table: "falling for 7 quarters".
    pub brief: String,
}

/// The target against the limits.
#[derive(Debug, Clone, Serialize)]
pub struct Assurance {
    /// `passing`, `failing` or `hit_and_miss`.
    pub verdict: &'static str,
    /// A plain sentence.
    pub says: String,
}

/// One area beside ours.
#[derive(Debug, Clone, Serialize)]
pub struct Comparator {
    /// The area's name.
    pub area: String,
    /// Whether it is us.
    pub ours: bool,
    /// Its value.
    pub value: Shown,
}

/// The indicator beside what others publish.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The publication, in words.
    pub source: String,
    /// When it was released.
    pub release: Date,
    /// The year compared.
    pub period: Period,
    /// How our quarters became a year, where they did: "sum of the last four quarters".
    pub bridge: Option<String>,
    /// Our value for that year.
    pub ours: Shown,
    /// England.
    pub england: Shown,
    /// The mean of the statistical neighbours that published.
    pub neighbours_mean: Shown,
    /// Their median.
    pub neighbours_median: Shown,
    /// How many published, and how many there are.
    pub neighbours: (usize, usize),
    /// A to D, A the best quarter of councils; none for a neutral indicator.
    pub band: Option<char>,
    /// Our rank among so many, 1 the best; none for a neutral indicator.
    pub rank: Option<(usize, usize)>,
    /// Us and the statistical neighbours, highest first.
    pub bars: Vec<Comparator>,
    /// Earlier years, oldest first: period, England, neighbours' mean.
    pub history: Vec<(Period, Shown, Shown)>,
    /// A plain sentence: "Higher than England; among the worst quarter of councils (144th of 150)."
    pub says: String,
}

/// Why an indicator deserves the Board's time.
#[derive(Debug, Clone, Serialize)]
pub struct Exception {
    /// Concern, improvement, higher or lower.
    pub tone: Tone,
    /// The rule that weighs most: movement, target, neighbours or year.
    pub rule: &'static str,
    /// What it comes to, in one plain sentence: "One plan in three is for a child who had one before: 33.3% …"
    pub headline: String,
    /// Why it is here and what else is to be weighed, each as a sentence; the most pressing first.
    pub reasons: Vec<String>,
    /// Greater is more pressing.
    pub weight: i32,
}

/// One indicator with everything that may be said of it.
#[derive(Debug, Clone, Serialize)]
pub struct DisclosedIndicator {
    /// What it means.
    pub meta: Meta,
    /// Its periods, oldest first; the last is the one the pack speaks of.
    pub points: Vec<Point>,
    /// Its parts, where it is broken down; each has the same periods.
    pub categories: Vec<Category>,
    /// The limits of chance; none for fewer than five points.
    pub limits: Option<Limits>,
    /// Why there are no limits, or what weakens them.
    pub limits_note: Option<String>,
    /// Against the period before.
    pub on_period: Option<Change>,
    /// Against the same period a year before.
    pub on_year: Option<Change>,
    /// Variation of the last point.
    pub variation: Variation,
    /// The target against the limits.
    pub assurance: Option<Assurance>,
    /// What others publish.
    pub comparison: Option<Comparison>,
    /// Why it deserves the Board's time, if it does.
    pub exception: Option<Exception>,
    /// How many figures of it are hidden.
    pub hidden: usize,
    /// What a reader must know: restated, provisional, missing.
    pub notes: Vec<String>,
    /// Said instead of figures that could not be worked out, in one plain sentence.
    pub failed: Option<String>,
}
