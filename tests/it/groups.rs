//! One file for several areas; agencies that are groups with members.
