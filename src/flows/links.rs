//! Links that somebody may act with who has no account: signed, for one purpose and one person, and ended on a date.
//!
//! A link names what it is for in plain words and carries an HMAC-SHA-256 over that and over what is not in it: the
//! person's address and the whole digest of the draft. Whoever asks a page with one changes nothing by it.

use std::{fs, io::Read, path::Path};

use anyhow::Context;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::{
    domain::hex,
    durable::{Existing, Readers, write_for},
    ledger::{SignOffKey, Signatory},
};

/// The key's file in the data folder. Without it no link that was sent works any more, and nothing else is lost.
pub const FILE: &str = "link.key";

/// What a link to a sign-off names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignOffLink {
    /// Which sign-off.
    pub key: SignOffKey,
    /// As what its holder signs.
    pub role: Signatory,
    /// The first sixteen digits of the draft's digest.
    pub draft: String,
    /// When it ends.
    pub ends: Timestamp,
}

/// What the link is bound to beside what it names.
pub struct Bound<'a> {
    /// The address of the person it was sent to.
    pub email: &'a str,
    /// The whole digest of the draft.
    pub draft_sha256: &'a str,
}

/// The board's key for links.
pub struct LinkKey([u8; 32]);

impl LinkKey {
    /// The board's key; made, durable and readable by its owner alone, if there is none yet.
    ///
    /// # Errors
    /// When the disk refuses, or the file holds no key.
    pub fn made(data: &Path) -> anyhow::Result<Self> {
        if let Some(key) = Self::standing(data)? {
            return Ok(key);
        }
        let mut bytes = [0; 32];
        fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)).context("/dev/urandom")?;
        let text = format!("{}\n", hex(&bytes));
        write_for(Readers::Owner, data, &data.join(FILE), text.as_bytes(), Existing::Kept)?;
        Self::standing(data)?.context("the key that was written")
    }

    /// The board's key, if one was made.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn standing(data: &Path) -> anyhow::Result<Option<Self>> {
        let path = data.join(FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| path.display().to_string()),
        };
        let text = text.trim();
        let byte = |at: usize| text.get(2 * at..2 * at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
        let key = bytes.filter(|_| text.len() == 64).and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let remedy = "remove it, and a new one is made with the next link; those that were sent stop working";
        Ok(Some(Self(key.with_context(|| format!("{} holds no key; {remedy}", path.display()))?)))
    }

    /// The token of a link.
    pub fn token(&self, link: &SignOffLink, bound: &Bound<'_>) -> String {
        let says = link.says();
        format!("{}.{}", BASE64.encode(&says), BASE64.encode(self.mac(&says, bound).finalize().into_bytes()))
    }

    /// Whether the token was made with this key for this link and person.
    pub fn is_genuine(&self, token: &str, link: &SignOffLink, bound: &Bound<'_>) -> bool {
        let Some((_, mac)) = token.split_once('.') else { return false };
        let Ok(mac) = BASE64.decode(mac) else { return false };
        self.mac(&link.says(), bound).verify_slice(&mac).is_ok()
    }

    fn mac(&self, says: &str, bound: &Bound<'_>) -> Hmac<Sha256> {
        // A key shorter than a block of SHA-256 is filled up with zeros (RFC 2104).
        let mut block = [0; 64];
        block[..self.0.len()].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        for part in ["quarterday link", says, bound.email, bound.draft_sha256] {
            mac.update(&(part.len() as u64).to_le_bytes());
            mac.update(part.as_bytes());
        }
        mac
    }
}

impl SignOffLink {
    /// What a token names; nothing of it is to be believed before [`LinkKey::is_genuine`] says so.
    pub fn named_in(token: &str) -> Option<Self> {
        let says = String::from_utf8(BASE64.decode(token.split_once('.')?.0).ok()?).ok()?;
        let mut parts = says.rsplitn(4, '\n');
        let (ends, draft, role) = (parts.next()?, parts.next()?, parts.next()?);
        let key = parts.next()?.parse().ok()?;
        let link = Self {
            key,
            role: role.parse().ok()?,
            draft: draft.to_owned(),
            ends: Timestamp::from_second(ends.parse().ok()?).ok()?,
        };
        (link.says() == says).then_some(link)
    }

    /// Its purpose and what it names, a line each.
    fn says(&self) -> String {
        format!("{}\n{}\n{}\n{}", self.key, self.role.as_str(), self.draft, self.ends.as_second())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(role: Signatory, ends: i64) -> SignOffLink {
        let key = "sign-off/board/2025-26-Q1/2025-08-12".parse().unwrap();
        SignOffLink { key, role, draft: "0123456789abcdef".into(), ends: Timestamp::from_second(ends).unwrap() }
    }

    const BOUND: Bound<'_> = Bound { email: "chair@example.org", draft_sha256: "0123456789abcdef00" };

    #[test]
    fn a_link_reads_back_and_is_genuine_for_its_person_draft_and_key_alone() {
        let key = LinkKey([7; 32]);
        let chair = link(Signatory::Chair, 1_754_300_000);
        let token = key.token(&chair, &BOUND);
        assert!(token.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)), "{token}");
        assert_eq!(SignOffLink::named_in(&token).as_ref(), Some(&chair));
        assert!(key.is_genuine(&token, &chair, &BOUND));
        assert!(!LinkKey([8; 32]).is_genuine(&token, &chair, &BOUND));
        assert!(!key.is_genuine(&token, &chair, &Bound { email: "other@example.org", ..BOUND }));
        assert!(!key.is_genuine(&token, &chair, &Bound { draft_sha256: "0123456789abcdef01", ..BOUND }));
        for other in [link(Signatory::ViceChair, 1_754_300_000), link(Signatory::Chair, 1_754_300_001)] {
            let forged = format!("{}.{}", BASE64.encode(other.says()), token.split_once('.').unwrap().1);
            assert_eq!(SignOffLink::named_in(&forged).as_ref(), Some(&other));
            assert!(!key.is_genuine(&forged, &other, &BOUND));
        }
    }

    #[test]
    fn a_token_that_is_none_names_nothing_and_harms_nothing() {
        let key = LinkKey([7; 32]);
        let good = key.token(&link(Signatory::Chair, 5), &BOUND);
        let short = format!("{}.{}", good.split_once('.').unwrap().0, BASE64.encode([1, 2, 3]));
        assert!(!key.is_genuine(&short, &link(Signatory::Chair, 5), &BOUND));
        assert!(!key.is_genuine(&format!("{}.", good.split_once('.').unwrap().0), &link(Signatory::Chair, 5), &BOUND));
        for wrong in ["", ".", "..", "a.b", "!!.!!", &good.replace('.', ""), &BASE64.encode("x\ny\nz\n1")] {
            assert_eq!(SignOffLink::named_in(wrong), None, "{wrong}");
        }
    }
}
