//! Where the records of a JSON text lie: an array, the same under a key, or one a line.
//!
//! They are found one after the other and kept nowhere, so that a list of any number costs the same memory. That the text
//! is well-formed is known before the first of them.

use std::ops::Range;

use bytes::Bytes;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Deserializer, value::RawValue};

use super::{super::DecodeError, member};

/// The records of a text, in their order. A copy begins where it was copied.
#[derive(Debug, Clone)]
pub(super) struct Records {
    text: Bytes,
    at: usize,
    /// Whether commas part them and a bracket ends them.
    in_list: bool,
}

impl Records {
    /// The records of any of the shapes; `at` are the keys that lead to their list, joined by points.
    ///
    /// # Errors
    /// When the text is not well-formed, or there is no list where it should be.
    pub(super) fn of(text: Bytes, at: Option<&str>) -> Result<Self, DecodeError> {
        if let Some(at) = at {
            let mut value: &RawValue = serde_json::from_slice(&text).map_err(malformed)?;
            for key in at.split('.') {
                value = member(value, key)?.ok_or_else(|| DecodeError::NoRecords(at.to_owned()))?;
            }
            let list = value.get();
            return Self::list(&text, list).ok_or_else(|| DecodeError::NoRecords(at.to_owned()));
        }
        if text.trim_ascii_start().first() == Some(&b'[') {
            // Values that are passed over take no room.
            let _: Vec<IgnoredAny> = serde_json::from_slice(&text).map_err(malformed)?;
            let start = text.len() - text.trim_ascii_start().len() + 1;
            return Ok(Self { text, at: start, in_list: true });
        }
        let mut number = 0_usize;
        for value in Deserializer::from_slice(&text).into_iter::<IgnoredAny>() {
            value.map_err(malformed)?;
            number += 1;
        }
        if number == 1 {
            let only: &RawValue = serde_json::from_slice(&text).map_err(malformed)?;
            if let Ok(Some(data)) = member(only, "data")
                && let Some(list) = Self::list(&text, data.get())
            {
                return Ok(list);
            }
        }
        Ok(Self { text, at: 0, in_list: false })
    }

    /// The records of a list that is a part of `text`; none if it is no list.
    fn list(text: &Bytes, list: &str) -> Option<Self> {
        let start = (list.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
        let end = start + list.len();
        list.starts_with('[').then(|| Self { text: text.slice(..end), at: start + 1, in_list: true })
    }

    /// Where the next record lies.
    pub(super) fn step(&mut self) -> Result<Option<Range<usize>>, DecodeError> {
        let rest = &self.text[self.at..];
        let between = |byte: &&u8| byte.is_ascii_whitespace() || (self.in_list && **byte == b',');
        let start = self.at + rest.iter().take_while(between).count();
        let ended = matches!(self.text.get(start), None | Some(b']')) && (self.in_list || start == self.text.len());
        if ended {
            return Ok(None);
        }
        let mut reader = Deserializer::from_slice(&self.text[start..]);
        let record = <&RawValue>::deserialize(&mut reader).map_err(malformed)?;
        self.at = start + record.get().len();
        Ok(Some(start..self.at))
    }

    /// No record follows any more.
    pub(super) fn end(&mut self) {
        self.at = self.text.len();
    }

    /// The text of a record.
    pub(super) fn get(&self, record: Range<usize>) -> Result<&str, DecodeError> {
        let record = self.text.get(record).unwrap_or_default();
        std::str::from_utf8(record).map_err(|error| DecodeError::Json(error.to_string()))
    }
}

pub(super) fn malformed(error: serde_json::Error) -> DecodeError {
    DecodeError::Json(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(text: &str, at: Option<&str>) -> Vec<String> {
        let mut records = Records::of(Bytes::copy_from_slice(text.as_bytes()), at).unwrap();
        let mut found = Vec::new();
        while let Some(record) = records.step().unwrap() {
            found.push(records.get(record).unwrap().to_owned());
        }
        found
    }

    #[test]
    fn records_are_found_whatever_stands_between_them() {
        assert_eq!(records(" [ {\"a\":\"],\"} ,\n2 , [3] ] ", None), ["{\"a\":\"],\"}", "2", "[3]"]);
        assert_eq!(records("{\"a\":1}{\"a\":2}\n\n 3 \n", None), ["{\"a\":1}", "{\"a\":2}", "3"]);
        assert_eq!(records("{\"data\": [1,2], \"next\": [3]}", None), ["1", "2"]);
        assert_eq!(records("{\"data\": {\"x\": [1] }, \"next\": [3]}", Some("data.x")), ["1"]);
        assert_eq!(records("[]", None), [""; 0]);
    }
}
