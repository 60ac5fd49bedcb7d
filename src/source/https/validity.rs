//! Until when a certificate is valid (RFC 5280, 4.1.2.5), and nothing else of it.

use jiff::civil::Date;
use rustls::pki_types::{CertificateDer, pem::PemObject};

const VERSION: u8 = 0xA0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The last day of the first certificate in a PEM file; none where that cannot be read.
pub fn valid_until(pem: &[u8]) -> Option<Date> {
    der_valid_until(&CertificateDer::from_pem_slice(pem).ok()?)
}

/// The last day of a certificate in DER.
pub fn der_valid_until(certificate: &[u8]) -> Option<Date> {
    let (_, certificate, _) = value(certificate)?;
    let (_, signed, _) = value(certificate)?;
    let (tag, _, after) = value(signed)?;
    let mut rest = if tag == VERSION { after } else { signed };
    // The serial number, the algorithm, who issued it.
    for _ in 0..3 {
        (_, _, rest) = value(rest)?;
    }
    let (_, validity, _) = value(rest)?;
    let (_, _, after) = value(validity)?;
    let (tag, until, _) = value(after)?;
    let until = str::from_utf8(until).ok()?;
    match tag {
        UTC_TIME => Date::strptime("%y%m%d", until.get(..6)?).ok(),
        GENERALIZED_TIME => Date::strptime("%Y%m%d", until.get(..8)?).ok(),
        _ => None,
    }
}

/// The first value in DER: its tag, what is in it, and what comes after it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            (bytes.iter().try_fold(0_usize, |sum, byte| Some(sum.checked_mul(256)? + usize::from(*byte)))?, rest)
        }
    };
    let (inside, after) = rest.split_at_checked(length)?;
    Some((tag, inside, after))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_certificate_says_until_when_it_is_valid_in_either_form_of_time() {
        for (year, month, day) in [(2026, 12, 3), (2049, 12, 31), (2050, 1, 1)] {
            let mut params = rcgen::CertificateParams::new(vec!["data.example".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(i32::from(year), month, day);
            let pem = params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem();
            let (month, day) = (i8::try_from(month).unwrap(), i8::try_from(day).unwrap());
            assert_eq!(valid_until(pem.as_bytes()), Some(date(year, month, day)));
        }
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        for pem in ["", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "CANARY"] {
            assert_eq!(valid_until(pem.as_bytes()), None);
        }
    }
}
