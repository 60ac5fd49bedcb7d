//! Identifiers of agencies and returns: short slugs that are safe in paths, SQL and mail.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A text that cannot name an agency or a return.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not an identifier; write lower-case letters, digits and hyphens, as in \"police\" or \"missing-children\""
)]
pub struct NotAnId(String);

fn slug(text: &str) -> Result<String, NotAnId> {
    let mut chars = text.chars();
    let starts = chars.next().is_some_and(|c| c.is_ascii_lowercase());
    let rest = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if starts && rest && text.len() <= 64 { Ok(text.to_owned()) } else { Err(NotAnId(text.to_owned())) }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// The identifier as the name of an SQL table: hyphens become underscores.
            pub fn sql_name(&self) -> String {
                self.0.replace('-', "_")
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                slug(text).map(Self)
            }
        }

        impl TryFrom<String> for $name {
            type Error = NotAnId;
            fn try_from(text: String) -> Result<Self, NotAnId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// A partner organisation that owes data to the board, such as `police`.
    AgencyId
);
id!(
    /// A dataset an agency owes, such as `missing-children`; the name of its folder in `pipelines/`.
    ReturnId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_safe_in_a_path() {
        assert!("missing-children".parse::<ReturnId>().is_ok());
        for bad in ["", "Police", "../x", "a b", "é", "9lives", "-x"] {
            assert!(bad.parse::<AgencyId>().is_err(), "{bad:?}");
        }
    }
}
