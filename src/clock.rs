//! What time it is: the only place that may ask the machine.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

/// The time of the machine, or one that a test, a rehearsal or the demo moves by hand.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's own time.
    System,
    /// A time that stands still until [`Clock::advance_to`] moves it.
    Simulated(Arc<Mutex<Timestamp>>),
    /// The time of a machine whose clock a simulation sets, also wrong and backwards: it is trusted no more than a
    /// machine's own.
    Machine(Arc<Mutex<Timestamp>>),
}

impl Clock {
    /// A clock that stands at `at`.
    pub fn simulated(at: Timestamp) -> Self {
        Self::Simulated(Arc::new(Mutex::new(at)))
    }

    /// A machine's clock that shows `at` until [`Clock::set`] sets it.
    pub fn machine(at: Timestamp) -> Self {
        Self::Machine(Arc::new(Mutex::new(at)))
    }

    /// Sets the clock of a simulated machine, as somebody at its keyboard would; says whether it could.
    pub fn set(&self, to: Timestamp) -> bool {
        let Self::Machine(at) = self else { return false };
        *at.lock().unwrap_or_else(PoisonError::into_inner) = to;
        true
    }

    /// The present instant in whole seconds, so that stored instants sort as text.
    pub fn now(&self) -> Timestamp {
        match self {
            #[expect(clippy::disallowed_methods, reason = "the one home of the machine's time")]
            Self::System => Timestamp::from_second(Timestamp::now().as_second()).unwrap_or(Timestamp::UNIX_EPOCH),
            Self::Simulated(at) | Self::Machine(at) => *at.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a simulated clock forward; says whether it could. Time never runs backwards.
    pub fn advance_to(&self, to: Timestamp) -> bool {
        match self {
            Self::System | Self::Machine(_) => false,
            Self::Simulated(at) => {
                let mut at = at.lock().unwrap_or_else(PoisonError::into_inner);
                *at = (*at).max(to);
                true
            }
        }
    }

    /// Whether the time is moved by hand.
    pub fn is_simulated(&self) -> bool {
        matches!(self, Self::Simulated(_))
    }

    /// Waits until the clock shows `at`; a simulated clock is looked at every few milliseconds.
    pub async fn sleep_until(&self, at: Timestamp) {
        loop {
            let left = at.duration_since(self.now());
            let Ok(left) = Duration::try_from(left) else { return };
            if left.is_zero() {
                return;
            }
            let nap = if matches!(self, Self::System) { left } else { Duration::from_millis(5) };
            tokio::time::sleep(nap).await;
        }
    }
}
