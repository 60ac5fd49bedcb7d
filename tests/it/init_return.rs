//! A contract inferred from one real file.
