//! What the daemon is doing just now: when each step began, and since when one has failed.
//!
//! Kept in memory alone: after a start every step begins anew. How long a step goes on is measured by a clock that nobody
//! sets, and that stands still while the machine sleeps.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

/// The steps of rings, of the post and of the mailbox.
#[derive(Debug, Default)]
pub struct Steps(Mutex<BTreeMap<&'static str, Step>>);

#[derive(Debug, Default)]
struct Step {
    began: Option<(Timestamp, Instant)>,
    failing: Option<Failing>,
}

/// A step that went wrong when it was last taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Since when it has, every time.
    pub since: Timestamp,
    /// What went wrong last.
    pub says: String,
}

/// A step is under way as long as this lives.
pub struct UnderWay<'a> {
    steps: &'a Steps,
    name: &'static str,
}

impl Steps {
    /// Notes that a step begins.
    pub fn begin(&self, name: &'static str, now: Timestamp) -> UnderWay<'_> {
        self.all().entry(name).or_default().began = Some((now, Instant::now()));
        UnderWay { steps: self, name }
    }

    /// Notes what came of a step: nothing, or what went wrong.
    pub fn ended(&self, name: &'static str, now: Timestamp, wrong: Option<&str>) {
        let mut all = self.all();
        let step = all.entry(name).or_default();
        step.failing = wrong.map(|says| Failing {
            since: step.failing.as_ref().map_or(now, |failing| failing.since),
            says: says.to_owned(),
        });
    }

    /// The steps that have gone on for at least `limit`, and when each began.
    pub fn stuck(&self, limit: Duration) -> Vec<(&'static str, Timestamp)> {
        let of = |(name, step): (&&'static str, &Step)| {
            step.began.filter(|(_, began)| began.elapsed() >= limit).map(|(at, _)| (*name, at))
        };
        self.all().iter().filter_map(of).collect()
    }

    /// The steps that went wrong when they were last taken.
    pub fn failing(&self) -> Vec<(&'static str, Failing)> {
        self.all().iter().filter_map(|(name, step)| Some((*name, step.failing.clone()?))).collect()
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<&'static str, Step>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(step) = self.steps.all().get_mut(self.name) {
            step.began = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_fails_since_its_first_failure_and_is_under_way_until_it_ends() {
        let steps = Steps::default();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let first = at("2025-07-14T09:00:00Z");
        let under_way = steps.begin("chasing", first);
        assert_eq!(steps.stuck(Duration::ZERO), [("chasing", first)]);
        assert!(steps.stuck(Duration::from_secs(3600)).is_empty());
        drop(under_way);
        assert!(steps.stuck(Duration::ZERO).is_empty());
        steps.ended("chasing", first, Some("one thing"));
        steps.ended("chasing", at("2025-07-14T10:00:00Z"), Some("another"));
        assert_eq!(steps.failing(), [("chasing", Failing { since: first, says: "another".into() })]);
        steps.ended("chasing", at("2025-07-14T11:00:00Z"), None);
        assert!(steps.failing().is_empty());
    }
}
