//! What an accepted file changed against the one before.
