//! Every value of a JSON text with the keys that lead to it, wanted or not: for whoever looks through what no record holds.
//!
//! Nothing is kept, so that a text of any shape costs no more memory than its longest value.

use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{JsonOptions, member, records::malformed};
use crate::decode::{DecodeError, Encoding, text::settle};

/// Shows every value that is neither list nor object with its key and the key of the object it stands in; a key of a list
/// or an object is shown with an empty value. With `options` the records are left out, of which a table is made.
///
/// # Errors
/// When the text is not well-formed, or longer than `allowed`; what stands before the fault was shown.
pub fn each_value(
    options: Option<&JsonOptions>,
    extract: Bytes,
    allowed: u64,
    see: &mut dyn FnMut(&str, &str, &str),
) -> Result<(), DecodeError> {
    let text = settle(extract, Some(Encoding::Utf8), allowed)?;
    let path: Vec<&str> = match options {
        None => Vec::new(),
        Some(JsonOptions { records: Some(path) }) => path.split('.').collect(),
        Some(_) if is_list_under_data(&text) => vec!["data"],
        // All of it is records.
        Some(_) => return Ok(()),
    };
    let mut see = |above: &str, key: &str, value: &str| see(above, key, value);
    let mut reader = serde_json::Deserializer::from_slice(&text);
    while reader.end().is_err() {
        Walk { above: "", key: "", without: &path, see: &mut see }.deserialize(&mut reader).map_err(malformed)?;
    }
    Ok(())
}

/// Whether the text is one object that has a list under `data`.
fn is_list_under_data(text: &[u8]) -> bool {
    if text.trim_ascii_start().first() != Some(&b'{') {
        return false;
    }
    let Ok(only) = serde_json::from_slice::<&RawValue>(text) else { return false };
    member(only, "data").is_ok_and(|data| data.is_some_and(|data| data.get().starts_with('[')))
}

/// The value of a key, or one of the list that is.
struct Walk<'a, S> {
    above: &'a str,
    key: &'a str,
    /// The keys that lead from here to what is left out; empty where nothing is.
    without: &'a [&'a str],
    see: &'a mut S,
}

impl<'de, S: FnMut(&str, &str, &str)> DeserializeSeed<'de> for Walk<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: FnMut(&str, &str, &str)> Visitor<'de> for Walk<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        (self.see)(self.above, self.key, "");
        while let Some(key) = map.next_key::<String>()? {
            match self.without {
                [last] if *last == key => drop(map.next_value::<IgnoredAny>()?),
                [first, without @ ..] if *first == key => {
                    map.next_value_seed(Walk { above: self.key, key: &key, without, see: &mut *self.see })?;
                }
                _ => map.next_value_seed(Walk { above: self.key, key: &key, without: &[], see: &mut *self.see })?,
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        (self.see)(self.above, self.key, "");
        loop {
            let each = Walk { above: self.above, key: self.key, without: &[], see: &mut *self.see };
            if list.next_element_seed(each)?.is_none() {
                return Ok(());
            }
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        (self.see)(self.above, self.key, value);
        Ok(())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.visit_str(&value.to_string())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(options: Option<&JsonOptions>, text: &str) -> (Vec<String>, bool) {
        let mut seen = Vec::new();
        let walked = each_value(options, Bytes::copy_from_slice(text.as_bytes()), 1 << 20, &mut |above, key, value| {
            if !value.is_empty() {
                seen.push(format!("{above}/{key}={value}"));
            }
        });
        (seen, walked.is_ok())
    }

    #[test]
    fn what_stands_beside_the_records_is_shown_and_they_are_not() {
        let text = r#"{"meta":{"child":{"nhs":9434765919}},"data":[{"a":1}],"tags":["x",["y"]]}"#;
        let beside = vec!["child/nhs=9434765919".to_owned(), "/tags=x".to_owned(), "/tags=y".to_owned()];
        assert_eq!(seen(Some(&JsonOptions::default()), text), (beside, true));
        let at = JsonOptions { records: Some("data.rows".into()) };
        let text = r#"{"data":{"rows":[{"a":1}],"by":"me"}}"#;
        assert_eq!(seen(Some(&at), text), (vec!["data/by=me".to_owned()], true));
        assert_eq!(seen(Some(&JsonOptions::default()), r#"[{"a":1}]"#), (vec![], true));
        assert_eq!(seen(Some(&JsonOptions::default()), r#"{"a":1} {"a":2}"#), (vec![], true));
        assert_eq!(seen(None, "{\"a\":1}\n{\"a\":[{\"b\":2}]}\n").0, ["/a=1", "a/b=2"]);
        assert_eq!(seen(None, r#"[{"a":1}],"#), (vec!["/a=1".to_owned()], false));
    }
}
