//! Whom a rung of the ladder tells: a part somebody has, never a person.

use std::str::FromStr;

/// Who is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// The named lead of the agency.
    Lead,
    /// The lead's deputy.
    Deputy,
    /// The agency's member of the board.
    BoardMember,
    /// The board's manager.
    Manager,
    /// Who chairs the board.
    Chair,
    /// Whoever has the role of this name in `config/quarterday.toml`.
    Named(String),
}

impl FromStr for Role {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "lead" => Self::Lead,
            "deputy" => Self::Deputy,
            "board-member" => Self::BoardMember,
            "manager" => Self::Manager,
            "chair" => Self::Chair,
            named if is_name(named) => Self::Named(named.to_owned()),
            _ => return Err("one of lead, deputy, board-member, manager, chair, or the id of a [[role]]"),
        })
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}
