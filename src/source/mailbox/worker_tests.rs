use proptest::prelude::*;

use super::*;
use crate::source::mailbox::{DataKind, Kind as FileKind};

const LETTER: &str = "Return-Path: <lead@police.example>\r\nAuthentication-Results: mx.board.example;\r\n dmarc=pass header.from=police.example\r\n\
From: \"Nair, Priya\" <Lead@police.example>\r\nTo: returns@board.example\r\nSubject: =?utf-8?Q?Missing_children_=E2=80=93_Q1?=\r\n\
Message-ID: <abc@police.example>\r\nIn-Reply-To: <one@board.example>\r\nReferences: <zero@board.example> <one@board.example>\r\n\
MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=outer\r\n\r\n\
--outer\r\nContent-Type: multipart/related; boundary=inner\r\n\r\n\
--inner\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Please find <b>attached</b>.</p><img src=\"cid:logo\">\r\n\
--inner\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--inner--\r\n\
--outer\r\nContent-Type: text/csv; name=\"q1.csv\"\r\nContent-Disposition: attachment; filename*=UTF-8''caf%C3%A9%20q1.csv\r\n\
Content-Transfer-Encoding: base64\r\n\r\nYSxiDQoxLOkNCg==\r\n\
--outer\r\nContent-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n\
--outer--\r\n";

fn taken(raw: &str) -> Incoming {
    take_apart(raw.as_bytes(), false).unwrap()
}

#[test]
fn a_letter_says_who_about_what_and_its_files_come_byte_by_byte() {
    let letter = taken(LETTER);
    assert_eq!(letter.from.as_deref(), Some("lead@police.example"));
    assert_eq!((letter.name.as_str(), letter.subject.as_str()), ("Nair, Priya", "Missing children \u{2013} Q1"));
    assert_eq!(letter.message_id.as_deref(), Some("abc@police.example"));
    assert_eq!(letter.references, ["one@board.example", "one@board.example", "zero@board.example"]);
    assert_eq!(letter.header("return-path"), Some("<lead@police.example>"));
    assert!(letter.header("authentication-results").unwrap().contains("dmarc=pass"), "folded lines are one");
    assert!(letter.text.contains("attached"), "{}", letter.text);
    let [file] = letter.files.as_slice() else { panic!("the picture and the calendar are dressing") };
    assert_eq!(file.name, "caf\u{e9} q1.csv");
    assert_eq!(file.kind, FileKind::Data(DataKind::Csv));
    // A byte that is no UTF-8 is the sender's, and what it means is for the decoder.
    assert_eq!(&file.bytes[..], b"a,b\r\n1,\xe9\r\n");
}

#[test]
fn a_letter_within_a_letter_gives_its_files_and_the_third_is_not_opened() {
    let inner = "From: x@y.example\r\nSubject: inner\r\nContent-Type: text/csv; name=in.csv\r\nContent-Disposition: attachment\r\n\r\na,b\r\n";
    let wrap = |inner: &str, mark: &str| {
        format!(
            "From: lead@police.example\r\nSubject: s\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary={mark}\r\n\r\n\
             --{mark}\r\nContent-Type: text/plain\r\n\r\nsee attached\r\n--{mark}\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--{mark}--\r\n"
        )
    };
    let once = wrap(inner, "b1");
    let letter = taken(&once);
    assert_eq!(letter.files.len(), 1);
    assert_eq!((letter.files[0].name.as_str(), letter.cut), ("in.csv", false));
    let thrice = wrap(&wrap(&once, "b2"), "b3");
    let letter = taken(&thrice);
    assert!(letter.files.is_empty() && letter.cut);
}

#[test]
fn two_senders_or_an_address_that_hides_something_are_no_sender() {
    for from in [
        "a@x.example, b@y.example",
        "\"lead@police.example\" <evil@[192.0.2.1]>",
        "lead@police.example(comment)@evil.example",
        "",
        "=?utf-8?Q?lead=40police.example?=",
    ] {
        let letter = taken(&format!("From: {from}\r\nSubject: s\r\n\r\nhello\r\n"));
        let said = letter.from.as_deref();
        assert!(said.is_none_or(|said| said != "lead@police.example"), "{from}: {said:?}");
    }
    let letter = taken("From: lead@police.example\r\nFrom: other@evil.example\r\nSubject: a\r\n b\r\n\r\nhello\r\n");
    assert!(letter.subject == "a b" || letter.subject == "a  b", "{:?}", letter.subject);
}

#[test]
fn a_report_names_the_message_that_did_not_arrive() {
    let report = "From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\nTo: bounces+0123@board.example\r\nSubject: failed\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=delivery-status; boundary=r\r\n\r\n\
        --r\r\nContent-Type: text/plain\r\n\r\nIt failed.\r\n\
        --r\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; lead@police.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\
        --r\r\nContent-Type: message/rfc822\r\n\r\nFrom: unit@board.example\r\nMessage-ID: <ours@board.example>\r\nSubject: due\r\n\r\nx\r\n--r--\r\n";
    let found = taken(report).report.unwrap();
    assert_eq!(found, Report { failed: true, about: Some("ours@board.example".into()), status: Some("5.1.1".into()) });
    let headers = report.replace("message/rfc822", "text/rfc822-headers").replace("Action: failed", "Action: delayed");
    let found = taken(&headers).report.unwrap();
    assert!(!found.failed && found.about.as_deref() == Some("ours@board.example"), "{found:?}");
}

#[test]
fn what_is_wrapped_whole_says_so() {
    let of = |kind: &str| taken(&format!("From: lead@police.example\r\nContent-Type: {kind}\r\n\r\nMIIB\r\n")).wrapping;
    assert_eq!(of("application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m"), Some(Wrapping::Smime));
    assert_eq!(of("multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=x"), Some(Wrapping::OpenPgp));
    assert_eq!(of("text/plain"), None);
}

#[test]
fn of_a_cut_message_only_the_headers_are_known() {
    let letter = take_apart(LETTER.as_bytes().get(..700).unwrap(), true).unwrap();
    assert_eq!(letter.from.as_deref(), Some("lead@police.example"));
    assert!(letter.files.is_empty() && letter.cut);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Whatever is done to a letter, reading it ends, and what comes out is within its limits.
    #[test]
    fn a_mutated_letter_is_read_or_refused(
        changes in proptest::collection::vec((0_usize..LETTER.len(), 0_u8..6, any::<u8>(), 0_usize..200), 0..12),
    ) {
        let mut raw = LETTER.as_bytes().to_vec();
        for (at, act, byte, length) in changes {
            if raw.is_empty() {
                break;
            }
            let at = at.min(raw.len() - 1);
            let end = (at + length).min(raw.len());
            match act {
                0 => raw[at] = byte,
                1 => drop(raw.drain(at..end)),
                2 => raw.truncate(at + 1),
                3 => { let piece = raw[at..end].to_vec(); raw.splice(at..at, piece); }
                4 => { raw.splice(at..at, std::iter::repeat_n(byte, length * 50)); }
                _ => { raw.splice(at..at, b"\r\n--outer\r\n".iter().copied()); }
            }
        }
        if let Some(letter) = take_apart(&raw, false) {
            prop_assert!(letter.files.len() <= MOST_FILES);
            prop_assert!(letter.text.chars().count() <= MOST_TEXT);
            prop_assert!(!letter.subject.contains(|c: char| c.is_control()));
            prop_assert!(letter.from.as_deref().is_none_or(is_address));
            prop_assert!(letter.files.iter().all(|file| !file.name.contains(['/', '\r', '\n'])));
            let _ = letter.identity();
        }
    }
}
