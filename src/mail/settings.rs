//! `[mail]` of quarterday.toml: who writes, to whom, and which way it leaves.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{
    MailError, Pace, Person, Relay, Tls, Way, eml, sign_in,
    smtp::{Deadlines, Smtp},
    way::{settle_office, settle_relay},
};
use crate::{
    domain::is_address,
    settings::{Secret, Section},
    source::mailbox::{client, settle_oauth2},
};

/// How the board sends mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who writes.
    pub from: Person,
    /// Where replies go; the contact named on the message when left out.
    pub reply_to: Option<String>,
    /// Where bounces go; `{key}` in it becomes a word of its own for each message. The sender when left out.
    pub return_path: Option<String>,
    /// The only domains that are written to; every domain when empty.
    pub allowed_domains: Vec<String>,
    /// Whether the board is made up, so that nobody real is written to.
    pub example: bool,
    /// When the chase leaves.
    pub pace: Pace,
    /// The largest message in bytes, where it is less than the relay takes.
    pub largest: Option<usize>,
    /// Which way it leaves.
    pub way: Way,
}

impl Settings {
    /// Reads `[mail]`; an `example` board writes into a folder, or to a relay on this machine that keeps what it gets.
    pub fn settle(section: &mut Section<'_>, example: bool) -> Option<Self> {
        let mailer = section.one_of("mailer", &["smtp", "graph", "folder"]);
        let from = section.section("from").and_then(|mut table| Person::settle(&mut table));
        let reply_to = settle_address(section, "reply_to");
        let return_path = settle_address(section, "return_path");
        let allowed_domains = section.list_or_empty("allowed_domains");
        if allowed_domains.iter().any(|domain| domain.contains(['@', '*', ' ']) || !domain.contains('.')) {
            section.refuse(
                "allowed_domains",
                "domains as they stand after the @",
                "allowed_domains = [\"police.example\"]",
            );
        }
        let pace = Pace::settle(section);
        let largest = section.integer_opt("largest").and_then(|megabytes| {
            let fits = usize::try_from(megabytes).ok().filter(|megabytes| (1..=150).contains(megabytes));
            if fits.is_none() {
                section.refuse("largest", "a number of megabytes from 1 to 150", "largest = 25");
            }
            Some(fits? * 1_000_000)
        });
        let folder = section.text_opt("folder");
        let way = match mailer? {
            "smtp" => settle_relay(section).map(Way::Smtp),
            "graph" => settle_office(section).map(Way::Graph),
            _ => {
                // Known keys of the other ways may stay in the file.
                for key in ["host", "port", "tls", "ca_file", "user", "password", "base"] {
                    section.has(key);
                }
                if let Some(mut table) = section.section_opt("oauth2") {
                    settle_oauth2(&mut table, "outlook.office365.com");
                }
                Some(Way::Folder(PathBuf::from(folder.unwrap_or_else(|| "mail".into()))))
            }
        }?;
        if example && !way.stays_here() {
            section.refuse("mailer", "\"folder\", since the board is an example", "mailer = \"folder\"");
            return None;
        }
        Some(Self { from: from?, reply_to, return_path, allowed_domains, example, pace, largest, way })
    }

    /// A warning where mail leaves in clear.
    pub fn unencrypted(&self) -> Option<String> {
        let Way::Smtp(relay) = &self.way else { return None };
        (relay.tls == Tls::None).then(|| {
            format!(
                "mail to {}:{} leaves unencrypted (tls = \"none\" in [mail]); anybody in that network can read it",
                relay.host, relay.port
            )
        })
    }

    /// The Message-ID of the message with this outbox key: the same for every copy of it.
    pub fn message_id(&self, key: &str) -> String {
        eml::message_id(key, self.from.email.rsplit('@').next().unwrap_or_default())
    }

    /// What status should warn of.
    pub fn warnings(&self) -> Vec<String> {
        match &self.way {
            Way::Smtp(_) | Way::Graph(_) => self.unencrypted().into_iter().collect(),
            Way::Folder(folder) => vec![format!(
                "mail is written to {} and not sent (mailer = \"folder\" in [mail]); nobody is told anything",
                folder.display()
            )],
        }
    }

    /// What of the relay's files cannot be used: the password's and the certificates'. What systemd shows to the service
    /// alone is looked at only by the service.
    pub fn check_files(&self, environment: &BTreeMap<String, String>) -> Vec<MailError> {
        let secrets = self.way.secrets();
        let is_looked_at = |secret: &&&Secret| match secret {
            Secret::File(path) => {
                !path.starts_with("/run/credentials") || environment.contains_key("CREDENTIALS_DIRECTORY")
            }
            Secret::Env(_) => false,
        };
        let unusable = secrets.iter().filter(is_looked_at).filter_map(|secret| secret.resolve(environment).err());
        let mut wrong: Vec<MailError> = unusable.map(MailError::from).collect();
        match &self.way {
            Way::Smtp(relay) => {
                let bare = Relay { sign_in: None, ..relay.clone() };
                wrong.extend(Smtp::open(&bare, environment, Path::new(""), Deadlines::default()).err());
            }
            Way::Graph(office) => wrong.extend(client(office.ca_file.as_deref()).err().map(sign_in::error)),
            Way::Folder(_) => {}
        }
        wrong
    }

    /// Whether the domain may be written to. An example board's relay on this machine may be a real one, so nothing is
    /// handed to it for a domain that somebody could own (RFC 2606, RFC 6761).
    pub(super) fn may_write_to(&self, domain: &str) -> Result<(), MailError> {
        let last = domain.trim_end_matches('.').rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        if self.example && !["example", "test", "invalid"].contains(&last.as_str()) {
            return Err(MailError::RealDomain { domain: domain.to_owned() });
        }
        let allowed = self.allowed_domains.is_empty()
            || self.allowed_domains.iter().any(|allowed| allowed.eq_ignore_ascii_case(domain));
        if allowed { Ok(()) } else { Err(MailError::Domain { domain: domain.to_owned() }) }
    }

    /// Whether an address may be written to.
    pub fn writes_to(&self, address: &str) -> bool {
        let domain = address.rsplit_once('@').map_or("", |(_, domain)| domain);
        is_address(address) && self.may_write_to(domain).is_ok()
    }

    /// The envelope's sender of the message with this word of its own.
    pub(super) fn return_path_of(&self, word: &str) -> String {
        self.return_path.as_ref().map_or_else(|| self.from.email.clone(), |path| path.replace("{key}", word))
    }
}

fn settle_address(section: &mut Section<'_>, key: &str) -> Option<String> {
    let text = section.text_opt(key)?;
    checked(section, key, text)
}

pub(super) fn checked(section: &mut Section<'_>, key: &str, text: String) -> Option<String> {
    if !is_address(&text.replace("{key}", "key")) {
        section.refuse(key, "a plain address such as quarterday@board.example", "an address of the board's own");
        return None;
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        mail::SignIn,
        settings::{Problems, read_text},
    };

    fn settle(text: &str, example: bool) -> (Option<Settings>, String) {
        let mut problems = Problems::default();
        let document = read_text("quarterday.toml", text, &mut problems).unwrap();
        let settings = document.root().section("mail").and_then(|mut mail| Settings::settle(&mut mail, example));
        problems.merge(document.finish());
        (settings, if problems.is_empty() { String::new() } else { problems.to_string() })
    }

    const FROM: &str = "from = { name = \"Board\", email = \"quarterday@board.example\" }\n";

    #[test]
    fn a_relay_is_read_whole() {
        let text = format!(
            "[mail]\nmailer = \"smtp\"\nhost = \"smtp.office365.com\"\ntls = \"starttls\"\nuser = \"q@board.example\"\n\
             password = {{ file = \"/etc/quarterday/mail\" }}\nreturn_path = \"bounces+{{key}}@board.example\"\n\
             allowed_domains = [\"police.example\"]\n{FROM}"
        );
        let (settings, told) = settle(&text, false);
        assert_eq!(told, "");
        let settings = settings.unwrap();
        let Way::Smtp(relay) = &settings.way else { panic!("{settings:?}") };
        assert_eq!((relay.port, relay.tls), (587, Tls::StartTls));
        assert!(settings.warnings().is_empty());
        assert_eq!(settings.return_path_of("ab"), "bounces+ab@board.example");
    }

    #[test]
    fn what_would_leave_in_clear_is_refused_and_the_rest_is_warned_of() {
        let none = |rest: &str| settle(&format!("[mail]\nmailer = \"smtp\"\ntls = \"none\"\n{rest}{FROM}"), false);
        let (settings, told) = none("host = \"10.1.2.3\"\n");
        assert_eq!(told, "");
        assert!(settings.unwrap().warnings()[0].contains("unencrypted"));
        let (settings, told) = none("host = \"192.0.2.1\"\n");
        assert!(settings.is_none() && told.contains("outside your own network"), "{told}");
        let (settings, told) = none("host = \"10.1.2.3\"\nuser = \"q\"\npassword = { env = \"P\" }\n");
        assert!(settings.is_none() && told.contains("never sent in clear"), "{told}");
    }

    #[test]
    fn graph_and_tokens_are_read_whole_and_told_of_what_they_lack() {
        let oauth2 = "[mail.oauth2]\ntoken_url = \"https://login.example/token\"\nclient_id = \"q\"\n";
        let secret = "client_secret = { env = \"S\" }\n";
        let graph = format!("[mail]\nmailer = \"graph\"\nuser = \"q@board.example\"\n{FROM}{oauth2}{secret}");
        let (settings, told) = settle(&graph, false);
        assert_eq!(told, "");
        let Way::Graph(office) = settings.unwrap().way else { panic!() };
        assert_eq!(office.oauth2.scope, "https://graph.microsoft.com/.default");
        let (settings, told) = settle(&graph, true);
        assert!(settings.is_none() && told.contains("the board is an example"), "{told}");
        let smtp = |rest: &str, oauth2: &str| {
            let text =
                format!("[mail]\nmailer = \"smtp\"\nhost = \"smtp.example\"\ntls = \"tls\"\n{rest}{FROM}{oauth2}");
            settle(&text, false)
        };
        let tokens = format!("{oauth2}{secret}");
        let (settings, told) = smtp("user = \"q@board.example\"\n", &tokens);
        assert_eq!(told, "");
        assert!(matches!(settings.unwrap().way, Way::Smtp(Relay { sign_in: Some(SignIn::OAuth2 { .. }), .. })));
        for (rest, oauth2, lacks) in [
            ("", tokens.as_str(), "mail.user"),
            ("user = \"q\"\npassword = { env = \"P\" }\n", &tokens, "one of the two"),
            ("user = \"q\"\n", oauth2, "client_secret"),
        ] {
            let (_, told) = smtp(rest, oauth2);
            assert!(told.contains(lacks), "{lacks}: {told}");
        }
        let plain = "[mail]\nmailer = \"graph\"\nbase = \"http://graph.example\"\nuser = \"q@board.example\"\n";
        let (settings, told) = settle(&format!("{plain}{FROM}{tokens}"), false);
        assert!(settings.is_none() && told.contains("https"), "{told}");
    }

    #[test]
    fn an_example_board_can_only_write_into_a_folder() {
        let (settings, told) =
            settle(&format!("[mail]\nmailer = \"smtp\"\nhost = \"localhost\"\ntls = \"none\"\n{FROM}"), true);
        assert!(settings.is_none() && told.contains("the board is an example"), "{told}");
        let (settings, told) = settle(&format!("[mail]\nmailer = \"folder\"\nhost = \"x.example\"\n{FROM}"), true);
        assert_eq!(told, "");
        assert_eq!(settings.unwrap().way, Way::Folder("mail".into()));
    }

    #[test]
    fn a_password_or_certificate_that_could_not_be_used_is_told_before_a_message_is_owed() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let (password, ca) = (home.path().join("password"), home.path().join("ca.pem"));
        let text = format!(
            "[mail]\nmailer = \"smtp\"\nhost = \"relay.board.example\"\ntls = \"starttls\"\nuser = \"q\"\n\
             password = {{ file = {password:?} }}\nca_file = {ca:?}\n{FROM}"
        );
        let settings = settle(&text, false).0.unwrap();
        let told = || {
            let wrong = settings.check_files(&BTreeMap::new());
            wrong.iter().map(|error| format!("{error}\n")).collect::<String>()
        };
        assert!(told().contains("password cannot be read") && told().contains("ca.pem"), "{}", told());
        std::fs::write(&password, "s3cret-phrase").unwrap();
        std::fs::set_permissions(&password, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(told().contains("can be read by others"), "{}", told());
        assert!(!told().contains("s3cret"));
    }

    #[test]
    fn an_example_board_writes_to_nobody_who_could_be_real() {
        let text = format!("[mail]\nmailer = \"smtp\"\nhost = \"127.0.0.1\"\ntls = \"none\"\n{FROM}");
        let example = settle(&text, true).0.unwrap();
        for domain in ["police.example", "POLICE.EXAMPLE", "board.test", "nobody.invalid", "example"] {
            assert!(example.may_write_to(domain).is_ok(), "{domain}");
        }
        for domain in ["police.uk", "example.com", "example.police.uk", "localhost"] {
            let error = example.may_write_to(domain).unwrap_err().to_string();
            assert!(error.contains(domain) && error.contains("example"), "{error}");
            assert!(settle(&text, false).0.unwrap().may_write_to(domain).is_ok(), "{domain}");
        }
    }

    #[test]
    fn every_problem_of_the_table_comes_in_one_pass() {
        let (_, told) = settle(
            "[mail]\nmailer = \"smtp\"\ntls = \"startls\"\nport = 70000\nuser = \"q\"\npassword = \"hunter2\"\n\
             allowed_domains = [\"*\"]\nfrom = { name = \"Board\", email = \"a b@c\" }\nspool = 1\n",
            false,
        );
        for part in [
            "mail.host",
            "tls = \"starttls\"",
            "mail.port",
            "mail.password",
            "mail.allowed_domains",
            "mail.from.email",
            "spool",
        ] {
            assert!(told.contains(part), "{part} is missing in:\n{told}");
        }
        assert!(!told.contains("hunter2"));
    }
}
