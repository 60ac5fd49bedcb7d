//! What several integration tests need to start the real thing.

pub mod board_data;
