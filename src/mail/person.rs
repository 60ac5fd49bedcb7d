//! People and their addresses: who gets messages, and who is to be called.

use serde::{Deserialize, Serialize};

use crate::{domain::is_address, settings::Section};

/// Somebody who gets messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name.
    pub name: String,
    /// The address.
    pub email: String,
}

impl Person {
    /// Reads a name and an address.
    pub fn settle(table: &mut Section<'_>) -> Option<Self> {
        let name = table.text("name");
        let email = table.text("email");
        let (name, email) = (name?, email?);
        if name.contains(char::is_control) {
            table.refuse("name", "a name on one line", "name = \"Priya Nair\"");
            return None;
        }
        if !is_address(&email) {
            table.refuse("email", "a plain address such as lead@police.example", "the person's work address");
            return None;
        }
        Some(Self { name, email })
    }
}

/// The person to call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// The name.
    pub name: String,
    /// The telephone number.
    pub phone: String,
    /// The address that replies go to.
    pub email: String,
}

impl Contact {
    /// Reads a name, a telephone number and an address.
    pub fn settle(table: &mut Section<'_>) -> Option<Self> {
        let phone = table.text("phone");
        let Person { name, email } = Person::settle(table)?;
        Some(Self { name, phone: phone?, email })
    }
}
