//! daemon
mod control;
mod lock;
