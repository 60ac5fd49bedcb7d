//! Census XML through a declared mapping.
