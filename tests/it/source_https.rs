//! HTTPS sources against a real server and one that misbehaves.
