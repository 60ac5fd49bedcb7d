//! Goes as far as a message would, without one.

use std::time::Duration;

use lettre::transport::smtp::commands::Noop;
use tokio::time::timeout;

use super::{Connection, Key, Smtp, within};
use crate::mail::mailer::Verb;

impl Smtp {
    /// Connects, protects the connection, signs in and leaves again, without a message.
    pub(in crate::mail) async fn knock(&self) -> Result<String, (Verb, String)> {
        let Connection { mut smtp, .. } = self.connect().await.map_err(|failure| (failure.verb, failure.says))?;
        let answer = within(self.deadlines.verb, Verb::Connect, smtp.command(Noop)).await;
        answer.map_err(|failure| (failure.verb, failure.says))?;
        let _ = timeout(Duration::from_secs(1), smtp.quit()).await;
        let protected = if smtp.is_encrypted() { "with TLS" } else { "without TLS" };
        let who = match &self.sign_in {
            Some(Key::Password(user, _) | Key::Token(user, _)) => format!(", signed in as {user}"),
            None => String::new(),
        };
        Ok(format!("it takes mail {protected}{who}; nothing was sent"))
    }
}
