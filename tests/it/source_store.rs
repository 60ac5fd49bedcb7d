//! Object stores and WebDAV against real servers.
