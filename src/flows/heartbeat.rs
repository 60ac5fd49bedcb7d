//! Tells an outer watcher that the daemon lives: after a ring and a delivery that went well, and no more often than asked.
//!
//! It never holds anything up. When the daemon stops, is stuck or holds, it simply ceases, which is what the watcher sees.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::{App, steps::Failing};
use crate::source::heartbeat::Heartbeat;

/// When the sign of life was given, and whether it was heard.
#[derive(Debug, Default)]
pub struct Pulse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next_at: Option<Timestamp>,
    under_way: bool,
    unheard: Option<Failing>,
}

impl Pulse {
    /// Since when nobody has heard it, and why.
    pub fn unheard(&self) -> Option<Failing> {
        self.state().unheard.clone()
    }

    /// Whether it is time; then nobody else gives it until `every` has passed.
    fn begin(&self, now: Timestamp, every: jiff::SignedDuration) -> bool {
        let mut state = self.state();
        if state.under_way || state.next_at.is_some_and(|next_at| now < next_at) {
            return false;
        }
        state.under_way = true;
        state.next_at = now.checked_add(every).ok();
        true
    }

    fn end(&self, now: Timestamp, heard: Result<(), String>) {
        let mut state = self.state();
        state.under_way = false;
        state.unheard = heard
            .err()
            .map(|says| Failing { since: state.unheard.as_ref().map_or(now, |unheard| unheard.since), says });
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives the sign of life if it is time to, without waiting for the answer.
pub fn beat(app: &Arc<App>) {
    let Some(settings) = &app.board.watching.heartbeat else { return };
    let now = app.clock.now();
    if !app.steps.stuck(app.board.watching.stuck_after).is_empty() || !app.pulse.begin(now, settings.every) {
        return;
    }
    let (app, settings) = (Arc::clone(app), settings.clone());
    tokio::spawn(async move {
        let heard = match Heartbeat::new(settings, &app.environment) {
            Ok(heartbeat) => heartbeat.give().await,
            Err(why) => Err(why),
        };
        if let Err(why) = &heard {
            tracing::warn!(why, "the outer watcher did not hear");
        }
        app.pulse.end(app.clock.now(), heard);
    });
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn the_sign_of_life_is_given_no_more_often_than_asked_and_its_failure_is_known_from_its_first() {
        let (pulse, every) = (Pulse::default(), SignedDuration::from_mins(5));
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        assert!(pulse.begin(at(0), every));
        assert!(!pulse.begin(at(9), every), "the first is under way");
        pulse.end(at(0), Err("status 500".into()));
        assert!(!pulse.begin(at(4), every));
        assert!(pulse.begin(at(5), every));
        pulse.end(at(5), Err("status 502".into()));
        assert_eq!(pulse.unheard(), Some(Failing { since: at(0), says: "status 502".into() }));
        assert!(pulse.begin(at(10), every));
        pulse.end(at(10), Ok(()));
        assert_eq!(pulse.unheard(), None);
    }
}
