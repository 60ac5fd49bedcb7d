//! What a file is wrapped in, seen from its bytes.

/// A wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    Zip,
    Gzip,
    Zstd,
    Age,
    AgeArmor,
    OpenPgp,
    OpenPgpArmor,
    /// Microsoft's older container: a workbook with a password, or one of the older kind without; see
    /// [`is_protected_workbook`].
    Container,
}

impl Wrapping {
    /// What to call it when it is damaged.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zip => "zip archive",
            Self::Gzip => "gzip archive",
            Self::Zstd => "zstd archive",
            Self::Age | Self::AgeArmor => "age file",
            Self::OpenPgp | Self::OpenPgpArmor => "OpenPGP message",
            Self::Container => "protected workbook",
        }
    }
}

/// The outermost wrapping, of which the first bytes are enough; none for a file that is itself.
pub(super) fn wrapping(bytes: &[u8]) -> Option<Wrapping> {
    match bytes {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => {
            return (!is_zip_of_a_workbook(bytes)).then_some(Wrapping::Zip);
        }
        [0x1F, 0x8B, 8, ..] => return Some(Wrapping::Gzip),
        [0x28, 0xB5, 0x2F, 0xFD, ..] => return Some(Wrapping::Zstd),
        [0xD0, 0xCF, 0x11, 0xE0, ..] => return Some(Wrapping::Container),
        _ => {}
    }
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes).trim_ascii_start();
    if bytes.starts_with(b"age-encryption.org/") {
        Some(Wrapping::Age)
    } else if text.starts_with(b"-----BEGIN AGE ENCRYPTED FILE-----") {
        Some(Wrapping::AgeArmor)
    } else if text.starts_with(b"-----BEGIN PGP MESSAGE-----") {
        Some(Wrapping::OpenPgpArmor)
    } else if is_openpgp(bytes) {
        Some(Wrapping::OpenPgp)
    } else {
        None
    }
}

/// Whether a whole container of Microsoft's older kind holds the stream that a protected workbook lies in.
pub(super) fn is_protected_workbook(bytes: &[u8]) -> bool {
    let stream: Vec<u8> = "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
    memchr::memmem::find(bytes, &stream).is_some()
}

/// Whether the first packet is a session key, as every encrypted message begins: RFC 9580, 4.2 and 5.1, 5.3.
fn is_openpgp(bytes: &[u8]) -> bool {
    let (keys, passwords) = (&[2, 3, 6][..], &[4, 5, 6][..]);
    let (tag, body) = match bytes {
        [first, rest @ ..] if first & 0xC0 == 0xC0 => match rest {
            [length, body @ ..] if *length < 192 => (first & 0x3F, body),
            [length, _, body @ ..] if *length < 224 => (first & 0x3F, body),
            [255, _, _, _, _, body @ ..] => (first & 0x3F, body),
            _ => return false,
        },
        [first, rest @ ..] if first & 0xC0 == 0x80 => match (first & 3, rest) {
            (0, [_, body @ ..]) | (1, [_, _, body @ ..]) | (2, [_, _, _, _, body @ ..]) => (first >> 2 & 0x0F, body),
            _ => return false,
        },
        _ => return false,
    };
    let version = body.first();
    match tag {
        1 => version.is_some_and(|version| keys.contains(version)),
        3 => version.is_some_and(|version| passwords.contains(version)),
        _ => false,
    }
}

/// Whether a zip begins as workbooks do; one that does not may still be a workbook, which its list of files tells.
fn is_zip_of_a_workbook(bytes: &[u8]) -> bool {
    let length = bytes.get(26..28).map_or(0, |length| usize::from(u16::from_le_bytes([length[0], length[1]])));
    let name = bytes.get(30..30 + length).unwrap_or_default();
    let begins = |start: &[u8]| name.starts_with(start);
    name == b"[Content_Types].xml" || name == b"mimetype" || begins(b"_rels/") || begins(b"docProps/") || begins(b"xl/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_never_taken_for_a_message_and_a_message_never_for_text() {
        assert_eq!(wrapping(b"Area,Count\nYork,3\n"), None);
        assert_eq!(wrapping("\u{FEFF}Area,Count".as_bytes()), None);
        assert_eq!(wrapping(b"\x85 \x85 and so on"), None, "Windows-1252 has letters there");
        assert_eq!(wrapping(b""), None);
        assert_eq!(wrapping(&[0x85, 0x01, 0x0C, 0x03, 1, 2, 3]), Some(Wrapping::OpenPgp), "a key's session key");
        assert_eq!(wrapping(&[0x8C, 0x0D, 0x04, 9, 3]), Some(Wrapping::OpenPgp), "a password's");
        assert_eq!(wrapping(&[0xC1, 0xC0, 0x4C, 0x03]), Some(Wrapping::OpenPgp));
        assert_eq!(wrapping(b"\n-----BEGIN PGP MESSAGE-----"), Some(Wrapping::OpenPgpArmor));
    }

    #[test]
    fn of_a_container_only_the_whole_tells_whether_it_is_locked() {
        let mut file = vec![0; 200_000];
        file[..8].copy_from_slice(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]);
        assert!(!is_protected_workbook(&file));
        file.extend("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes));
        assert!(is_protected_workbook(&file));
        assert_eq!(wrapping(&file[..1000]), Some(Wrapping::Container));
    }

    #[test]
    fn a_workbook_is_a_zip_that_is_left_alone() {
        let zip = |name: &str| {
            let mut zip = b"PK\x03\x04".to_vec();
            zip.resize(26, 0);
            zip.extend([u8::try_from(name.len()).unwrap(), 0, 0, 0]);
            zip.extend(name.as_bytes());
            zip
        };
        assert_eq!(wrapping(&zip("[Content_Types].xml")), None);
        assert_eq!(wrapping(&zip("mimetype")), None);
        assert_eq!(wrapping(&zip("xl/workbook.xml")), None);
        assert_eq!(wrapping(&zip("data.csv")), Some(Wrapping::Zip));
        assert_eq!(wrapping(b"PK\x03\x04"), Some(Wrapping::Zip), "cut off");
    }
}
