//! Identities in a return that must hold none.
