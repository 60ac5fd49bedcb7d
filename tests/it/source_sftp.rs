//! SFTP sources against a real server.
