//! What an attached file is, by its first bytes and its name: data, wrapped by a secure-mail product, or nothing we take.

use serde::{Deserialize, Serialize};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// It may hold data.
    Data(DataKind),
    /// It is wrapped, and only the people it was wrapped for can open it.
    Wrapped(Wrapping),
    /// It is nothing we take.
    Other,
}

/// A kind of file that may hold data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DataKind {
    /// Text with separators.
    Csv,
    /// A workbook.
    Workbook,
    /// JSON, or JSON lines.
    Json,
    /// XML.
    Xml,
    /// Parquet or Arrow.
    Columns,
    /// A PDF or a Word document, for a return that is one.
    Document,
    /// An archive, a compressed or an encrypted file: what is in it shows when it is opened.
    Container,
}

/// What wraps a message or a file so that a program in a mailbox cannot open it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrapping {
    /// Microsoft's rights management.
    Rpmsg,
    /// Egress.
    Egress,
    /// S/MIME.
    Smime,
    /// OpenPGP around the whole message.
    OpenPgp,
    /// Outlook's own format.
    Tnef,
}

/// The kinds of file that are taken, for people.
pub const TAKEN: &str = "CSV, Excel (xlsx, xls, xlsb), OpenDocument (ods), JSON, XML, Parquet and zip files";

impl Wrapping {
    /// What it is, and what to do.
    pub fn says(self) -> &'static str {
        match self {
            Self::Rpmsg => {
                "It is protected by Microsoft (an rpmsg file), and only a person it was protected for can open it. \
                 Please send it again without Encrypt or Do Not Forward; set a password on the file instead if it needs one"
            }
            Self::Egress => {
                "It is wrapped by Egress, which opens it for people and not for this mailbox. Please send the file itself, \
                 with a password on it if it needs one"
            }
            Self::Smime => {
                "It is encrypted or wrapped by S/MIME, and this mailbox has no key for it. Please send it without \
                 encryption; set a password on the file instead if it needs one"
            }
            Self::OpenPgp => {
                "The whole message is encrypted with OpenPGP. Please encrypt the file alone and attach it to an ordinary \
                 message"
            }
            Self::Tnef => {
                "It is a winmail.dat, which Outlook makes of rich text. Please send the message again as HTML or plain text"
            }
        }
    }
}

/// What a file is. First bytes tell before its name does, and its name before its media type.
pub(super) fn of(name: &str, media_type: &str, bytes: &[u8]) -> Kind {
    let lower = name.to_ascii_lowercase();
    let ending = lower.rsplit_once('.').map_or("", |(_, ending)| ending);
    if let Some(wrapping) = wrapping(ending, &lower, media_type, bytes) {
        return Kind::Wrapped(wrapping);
    }
    if bytes.starts_with(b"%PDF") {
        return Kind::Data(DataKind::Document);
    }
    let never: [&[u8]; 5] = [b"MZ", b"\x7fELF", b"#!", b"\xff\xd8\xff", b"\x89PNG"];
    if never.iter().any(|start| bytes.starts_with(start)) {
        return Kind::Other;
    }
    let by_ending = match ending {
        "csv" | "tsv" | "txt" | "tab" => DataKind::Csv,
        "xlsx" | "xlsm" | "xls" | "xlsb" | "ods" => DataKind::Workbook,
        "json" | "ndjson" | "jsonl" => DataKind::Json,
        "xml" => DataKind::Xml,
        "docx" | "doc" | "odt" => DataKind::Document,
        "parquet" | "arrow" | "feather" | "ipc" => DataKind::Columns,
        "zip" | "gz" | "zst" | "age" | "gpg" | "pgp" | "asc" => DataKind::Container,
        _ => return by_media_type(ending, media_type),
    };
    Kind::Data(by_ending)
}

/// Of a file whose name says nothing.
fn by_media_type(ending: &str, media_type: &str) -> Kind {
    let kind = match media_type {
        "text/csv" | "text/tab-separated-values" => DataKind::Csv,
        "application/json" | "application/x-ndjson" => DataKind::Json,
        "application/xml" | "text/xml" => DataKind::Xml,
        "application/zip" | "application/gzip" => DataKind::Container,
        "application/vnd.ms-excel"
        | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        | "application/vnd.oasis.opendocument.spreadsheet" => DataKind::Workbook,
        _ => return Kind::Other,
    };
    if ending.is_empty() || ending.contains(' ') { Kind::Data(kind) } else { Kind::Other }
}

fn wrapping(ending: &str, name: &str, media_type: &str, bytes: &[u8]) -> Option<Wrapping> {
    /// How Microsoft's compressed rpmsg begins (MS-OXORMMS).
    const RPMSG: [u8; 8] = [0x76, 0xe8, 0x04, 0x60, 0xc4, 0x11, 0xe3, 0x86];
    const TNEF: [u8; 4] = [0x78, 0x9f, 0x3e, 0x22];
    if ending == "rpmsg" || media_type == "application/x-microsoft-rpmsg-message" || bytes.starts_with(&RPMSG) {
        return Some(Wrapping::Rpmsg);
    }
    if ending == "switch" || ending == "egress" || media_type.starts_with("application/x-egress") {
        return Some(Wrapping::Egress);
    }
    if ending == "p7m" || matches!(media_type, "application/pkcs7-mime" | "application/x-pkcs7-mime") {
        return Some(Wrapping::Smime);
    }
    if name == "winmail.dat" || media_type == "application/ms-tnef" || bytes.starts_with(&TNEF) {
        return Some(Wrapping::Tnef);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_first_bytes_and_its_name_say() {
        let other = "application/octet-stream";
        for (name, media_type, bytes, kind) in [
            ("Q1.CSV", other, "a,b", Kind::Data(DataKind::Csv)),
            ("q1.xlsx", other, "PK", Kind::Data(DataKind::Workbook)),
            ("return", "text/csv", "a,b", Kind::Data(DataKind::Csv)),
            ("q1.csv.exe", "text/csv", "a,b", Kind::Other),
            ("q1.csv", "text/csv", "MZ\x01", Kind::Other),
            ("q1.csv", "text/csv", "%PDF-1.7", Kind::Data(DataKind::Document)),
            ("letter.docx", other, "PK", Kind::Data(DataKind::Document)),
            ("message_v2.rpmsg", other, "x", Kind::Wrapped(Wrapping::Rpmsg)),
            ("q1.xlsx.switch", other, "x", Kind::Wrapped(Wrapping::Egress)),
            ("smime.p7m", "application/pkcs7-mime", "x", Kind::Wrapped(Wrapping::Smime)),
            ("winmail.dat", "application/ms-tnef", "x", Kind::Wrapped(Wrapping::Tnef)),
            ("q1.zip", other, "PK", Kind::Data(DataKind::Container)),
        ] {
            assert_eq!(of(name, media_type, bytes.as_bytes()), kind, "{name}");
        }
        assert_eq!(of("q1.dat", other, &[0x76, 0xe8, 4, 0x60, 0xc4, 0x11, 0xe3, 0x86]), Kind::Wrapped(Wrapping::Rpmsg));
    }
}
