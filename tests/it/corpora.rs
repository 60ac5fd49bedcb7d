//! Hostile and standard inputs that nobody here wrote: each ends as expected, and the daemon lives.
