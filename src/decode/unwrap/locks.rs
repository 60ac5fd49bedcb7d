//! What is locked is opened with an agency's passwords and keys.

use std::io::{BufReader, Cursor, Read};

use age::secrecy::SecretString;
use office_crypto::DecryptError;
use pgp::composed::{DecryptionOptions, Deserializable, Message, SignedSecretKey, TheRing};
use pgp::types::Password;

use super::keys::Told;
use super::layers::damaged;
use super::refusal::{Lock, Refusal};
use super::sniff::Wrapping;

/// The most work age may ask for to turn a password into a key, as a power of two: 2^20 is four times its tool's usual.
const WORK: u8 = 20;

/// Opens an age file.
pub(super) fn age<'a>(keys: &Told, bytes: &'a [u8]) -> Result<Box<dyn Read + 'a>, Refusal> {
    let what = Wrapping::Age.name();
    let open = || age::Decryptor::new_buffered(BufReader::new(age::armor::ArmoredReader::new(bytes)));
    let decryptor = open().map_err(|error| damaged(what, error))?;
    let by_password = decryptor.is_scrypt();
    let lock = if by_password { Lock::AgePassword } else { Lock::AgeKey };
    let identities = if by_password { of_passwords(keys) } else { of_file(keys)? };
    if identities.is_empty() {
        return Err(Refusal::Protected(lock));
    }
    // One after the other: a file for a password has one way in.
    for identity in &identities {
        let decryptor = open().map_err(|error| damaged(what, error))?;
        match decryptor.decrypt(std::iter::once(identity.as_ref())) {
            Ok(plain) => return Ok(Box::new(plain)),
            Err(
                age::DecryptError::NoMatchingKeys
                | age::DecryptError::DecryptionFailed
                | age::DecryptError::KeyDecryptionFailed,
            ) => {}
            Err(age::DecryptError::ExcessiveWork { .. }) => {
                return Err(Refusal::UnknownLock("age with an excessive work factor".to_owned()));
            }
            Err(error) => return Err(damaged(what, error)),
        }
    }
    Err(Refusal::WrongKey(lock))
}

fn of_passwords(keys: &Told) -> Vec<Box<dyn age::Identity>> {
    let identity = |password: &str| -> Box<dyn age::Identity> {
        let mut identity = age::scrypt::Identity::new(SecretString::from(password.to_owned()));
        identity.set_max_work_factor(WORK);
        Box::new(identity)
    };
    keys.passwords().into_iter().map(identity).collect()
}

fn of_file(keys: &Told) -> Result<Vec<Box<dyn age::Identity>>, Refusal> {
    let Some(text) = &keys.age else { return Ok(Vec::new()) };
    let unusable = || Refusal::UnusableKey("age identity".to_owned());
    let file = age::IdentityFile::from_buffer(text.as_bytes()).map_err(|_| unusable())?;
    file.into_identities()
        .map_err(|_| unusable())
        .and_then(|all| if all.is_empty() { Err(unusable()) } else { Ok(all) })
}

/// Opens an OpenPGP message. Whether it is signed makes no difference: who sent it is known by the way it came.
pub(super) fn openpgp(keys: &Told, bytes: Vec<u8>, wrapping: Wrapping) -> Result<Box<dyn Read>, Refusal> {
    let what = wrapping.name();
    let message = match wrapping {
        Wrapping::OpenPgpArmor => Message::from_armor(Cursor::new(bytes)).map(|(message, _)| message),
        _ => Message::from_bytes(Cursor::new(bytes)),
    };
    let message = message.map_err(|error| damaged(what, error))?;
    let Message::Encrypted { esk, .. } = &message else { return plain(message, what) };
    let by_key = esk.iter().any(|esk| matches!(esk, pgp::composed::Esk::PublicKeyEncryptedSessionKey(_)));
    let by_password = esk.iter().any(|esk| matches!(esk, pgp::composed::Esk::SymKeyEncryptedSessionKey(_)));
    let lock = if by_key { Lock::OpenPgpKey } else { Lock::OpenPgpPassword };
    let secret_keys = if by_key { secret_keys(keys)? } else { Vec::new() };
    let passwords: Vec<Password> = keys.passwords().into_iter().filter(|_| by_password).map(Password::from).collect();
    if secret_keys.is_empty() && passwords.is_empty() {
        return Err(Refusal::Protected(lock));
    }
    let passphrase = Password::from(keys.openpgp_passphrase.as_deref().unwrap_or_default());
    let ring = TheRing {
        secret_keys: secret_keys.iter().collect(),
        key_passwords: vec![&passphrase],
        message_password: passwords.iter().collect(),
        session_keys: Vec::new(),
        decrypt_options: DecryptionOptions::new().enable_gnupg_aead(),
    };
    match message.decrypt_the_ring(ring, true) {
        Ok((message, _)) => plain(message, what),
        Err(_) => Err(Refusal::WrongKey(lock)),
    }
}

fn secret_keys(keys: &Told) -> Result<Vec<SignedSecretKey>, Refusal> {
    let Some(text) = &keys.openpgp else { return Ok(Vec::new()) };
    let unusable = || Refusal::UnusableKey("OpenPGP key".to_owned());
    let (found, _) = SignedSecretKey::from_armor_many(text.as_bytes()).map_err(|_| unusable())?;
    let found = found.collect::<Result<Vec<_>, _>>().map_err(|_| unusable())?;
    if found.is_empty() { Err(unusable()) } else { Ok(found) }
}

/// What an open message holds; it may be packed once more.
fn plain(mut message: Message<'static>, what: &str) -> Result<Box<dyn Read>, Refusal> {
    for _ in 0..2 {
        if message.is_compressed() {
            message = message.decompress().map_err(|error| damaged(what, error))?;
        }
    }
    Ok(Box::new(Unread(message)))
}

/// A message as a reader of its data.
struct Unread(Message<'static>);

impl Read for Unread {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

/// Opens a workbook with a password.
pub(super) fn workbook(keys: &Told, bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let what = Wrapping::Container.name();
    let passwords = keys.passwords();
    if passwords.is_empty() {
        return Err(Refusal::Protected(Lock::Workbook));
    }
    for password in passwords {
        match office_crypto::decrypt_from_bytes(bytes.to_vec(), password) {
            // The reader tests no password: only a zip came out of the right one.
            Ok(plain) if plain.starts_with(b"PK\x03\x04") => return Ok(plain),
            Ok(_) => {}
            Err(DecryptError::Unimplemented(how)) => return Err(Refusal::UnknownLock(how)),
            Err(error) => return Err(damaged(what, error)),
        }
    }
    Err(Refusal::WrongKey(Lock::Workbook))
}
