//! Queries cleared by an explanation that becomes a footnote.
