//! flows
mod board;
mod facts;
