//! Signing in with a token: `AUTH XOAUTH2`, and what it means for all mail when there is no token.

use std::{fmt, time::Duration};

use base64::{Engine, prelude::BASE64_STANDARD};
use lettre::transport::smtp::{Error, client::AsyncSmtpConnection, response::Response};
use secrecy::{ExposeSecret, SecretString};

use super::MailError;
use crate::source::mailbox::MailboxError;

/// The file of the data folder that keeps the newest refresh token.
pub(super) const KEPT_TOKEN: &str = "mail.token";

/// Why there is no token.
pub(super) enum NoToken {
    /// A person has to do something.
    Refused(String),
    /// It is tried again, not before the time that was asked for.
    Later(String, Option<Duration>),
}

impl From<MailboxError> for NoToken {
    fn from(error: MailboxError) -> Self {
        match error {
            MailboxError::SignIn { host, says, .. } => Self::Refused(format!(
                "{host} grants no token ({says}); renew the secret that [mail.oauth2] names, or the permission"
            )),
            MailboxError::Secret { key, source } => Self::Refused(format!("the {key} of [mail.oauth2]: {source}")),
            MailboxError::Token { path, why } => Self::Refused(format!(
                "the token in {} {why}; remove that file and give [mail.oauth2] a new refresh_token",
                path.display()
            )),
            MailboxError::NotKept(why) => {
                Self::Later(format!("the new token could not be kept: {why}; nothing leaves before it is"), None)
            }
            MailboxError::Busy { host, retry_after } => {
                Self::Later(format!("{host} asks to be left alone for a while"), retry_after)
            }
            other => Self::Later(other.to_string(), None),
        }
    }
}

/// What of the settings cannot be used.
pub(super) fn error(error: MailboxError) -> MailError {
    match error {
        MailboxError::Secret { source, .. } => MailError::Password(source),
        MailboxError::Authority { path, why } => MailError::Authority { path, why },
        other => MailError::Tls(other.to_string()),
    }
}

/// Signs in with a token (https://developers.google.com/workspace/gmail/imap/xoauth2-protocol, as Microsoft speaks it too).
/// A server that refuses one sends a challenge first; answered emptily, it says so itself.
pub(super) async fn xoauth2(smtp: &mut AsyncSmtpConnection, user: &str, token: &str) -> Result<Response, Error> {
    let proof = BASE64_STANDARD.encode(format!("user={user}\x01auth=Bearer {token}\x01\x01"));
    let answer = smtp.command(Line(format!("AUTH XOAUTH2 {proof}"))).await?;
    if answer.has_code(334) { smtp.command(Line(String::new())).await } else { Ok(answer) }
}

struct Line(String);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\r\n", self.0)
    }
}

/// A relay's words, should it repeat what it was told in confidence.
pub(super) fn without_secret(says: &str, user: &str, password: &SecretString) -> String {
    let password = password.expose_secret();
    let plain = format!("\0{user}\0{password}");
    let bearer = format!("user={user}\x01auth=Bearer {password}\x01\x01");
    [
        BASE64_STANDARD.encode(plain),
        BASE64_STANDARD.encode(bearer),
        BASE64_STANDARD.encode(password),
        password.to_owned(),
    ]
    .iter()
    .fold(says.to_owned(), |says, secret| says.replace(secret.as_str(), "…"))
}
