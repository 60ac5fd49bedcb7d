//! Who an SSH server must be: its key's fingerprint, written down or in a file of known hosts.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use russh::keys::{Algorithm, EcdsaCurve, HashAlg, PublicKey, known_hosts::known_host_keys_path, ssh_key::Fingerprint};

use crate::{settings::Section, source::store::StoreError};

/// How a server's key is known.
#[derive(Debug, Clone)]
pub enum Trust {
    /// By fingerprints that were agreed; more than one while a key is being replaced.
    Pinned(Vec<Fingerprint>),
    /// By the host's lines in a file of known hosts, relative to the board's folder.
    KnownHosts(PathBuf),
}

/// The keys that a server may show.
#[derive(Debug, Clone)]
pub struct Trusted {
    fingerprints: Vec<Fingerprint>,
    /// The kinds of keys that are worth asking the server for.
    kinds: Vec<Vec<Algorithm>>,
}

/// The kinds of host keys, each of which a server may have one of. A server is asked for one kind after the other, because
/// it shows one key at a time and the agreed one may not be its favourite.
fn kinds() -> Vec<Vec<Algorithm>> {
    let curves = [EcdsaCurve::NistP256, EcdsaCurve::NistP384, EcdsaCurve::NistP521];
    let ecdsa = curves.into_iter().map(|curve| Algorithm::Ecdsa { curve }).collect();
    // Never with SHA-1, which the plain "ssh-rsa" is.
    let rsa = [HashAlg::Sha512, HashAlg::Sha256].into_iter().map(|hash| Algorithm::Rsa { hash: Some(hash) }).collect();
    vec![vec![Algorithm::Ed25519], ecdsa, rsa]
}

/// Whether a key can be one of a kind; an RSA key says nothing of the hash that is used with it.
fn is_of(key: &PublicKey, kind: &[Algorithm]) -> bool {
    let (algorithm, is_rsa) = (key.algorithm(), |one: &Algorithm| matches!(one, Algorithm::Rsa { .. }));
    kind.iter().any(|one| *one == algorithm || (is_rsa(one) && is_rsa(&algorithm)))
}

impl Trust {
    /// Reads `host_key` or `known_hosts`, and `host_key_until`.
    pub(super) fn settle(table: &mut Section<'_>) -> Option<(Self, Option<Date>)> {
        let until = table.date_opt("host_key_until");
        let pinned: Vec<Pinned> = table.parsed_list("host_key");
        let known_hosts = table.text_opt("known_hosts");
        match (pinned.is_empty(), known_hosts) {
            (false, None) => Some((Self::Pinned(pinned.into_iter().map(|one| one.0).collect()), until)),
            (true, Some(file)) => Some((Self::KnownHosts(file.into()), until)),
            (true, None) if table.has("host_key") => None,
            _ => {
                let expected = "the fingerprint that the partner told you, or a file of known hosts, and not both";
                table.refuse("host_key", expected, "host_key = [\"SHA256:…\"]");
                None
            }
        }
    }

    /// The keys that the host may show.
    ///
    /// # Errors
    /// When nobody wrote one down.
    pub(super) fn keys_of(&self, host: &str, port: u16, home: &Path) -> Result<Trusted, StoreError> {
        match self {
            Self::Pinned(fingerprints) => Ok(Trusted { fingerprints: fingerprints.clone(), kinds: kinds() }),
            Self::KnownHosts(file) => {
                let file = home.join(file);
                let unknown = |why: String| StoreError::HostKeyUnknown { host: format!("{host}:{port}"), port, why };
                if let Err(error) = std::fs::metadata(&file) {
                    return Err(unknown(format!("{} cannot be read ({error})", file.display())));
                }
                let keys = known_host_keys_path(host, port, &file)
                    .map_err(|error| unknown(format!("{} cannot be read ({error})", file.display())))?;
                if keys.is_empty() {
                    return Err(unknown(format!("{} has no line for it", file.display())));
                }
                let mut kinds = kinds();
                kinds.retain(|kind| keys.iter().any(|(_, key)| is_of(key, kind)));
                if kinds.is_empty() {
                    let why = format!("{} has only keys of kinds that are not used any more", file.display());
                    return Err(unknown(why));
                }
                let fingerprints = keys.iter().map(|(_, key)| key.fingerprint(HashAlg::Sha256)).collect();
                Ok(Trusted { fingerprints, kinds })
            }
        }
    }
}

impl Trusted {
    /// Whether the server may show this key.
    pub(super) fn is(&self, key: &PublicKey) -> bool {
        self.fingerprints.contains(&key.fingerprint(HashAlg::Sha256))
    }

    /// The kinds of keys to ask for, one after the other.
    pub(super) fn kinds(&self) -> &[Vec<Algorithm>] {
        &self.kinds
    }

    /// The fingerprints, for people.
    pub(super) fn words(&self) -> String {
        self.fingerprints.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
    }
}

/// A fingerprint as it is written down: by itself, or as the key it is of.
struct Pinned(Fingerprint);

impl std::str::FromStr for Pinned {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if let Ok(key) = PublicKey::from_openssh(text) {
            return Ok(Self(key.fingerprint(HashAlg::Sha256)));
        }
        match text.parse::<Fingerprint>() {
            Ok(print) if print.algorithm() == HashAlg::Sha256 => Ok(Self(print)),
            _ => Err(
                "a fingerprint as in \"SHA256:uNiVztksCsDhcc0u9e8BrrHeDbWCbHYhDSu4xSuSWXc\", or a line as in \"ssh-ed25519 AAAA…\"",
            ),
        }
    }
}
