//! Past periods loaded without obligations, reminders or punctuality.
