//! What the integration tests share: peers that can stall, cut and lie.

pub mod office;
pub mod smtp;
