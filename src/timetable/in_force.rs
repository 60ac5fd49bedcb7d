//! The calendar in force: a newer list of bank holidays takes the place of the present one while the daemon runs.
//!
//! Whoever asks gets the calendar as it is now, whole, and counts with that one to the end.

use std::sync::{Arc, PoisonError, RwLock};

use crate::domain::{BankHolidays, Calendar};

/// A calendar that may be replaced. Clones share it.
#[derive(Debug, Clone)]
pub struct InForce(Arc<RwLock<Arc<Calendar>>>);

impl InForce {
    /// This calendar, until another list comes.
    pub fn new(calendar: Calendar) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(calendar))))
    }

    /// The calendar as it is now.
    pub fn now(&self) -> Arc<Calendar> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another list of bank holidays in force; the closures stay.
    pub fn put(&self, list: BankHolidays) {
        let mut calendar = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *calendar = Arc::new(calendar.with_list(list));
    }
}
