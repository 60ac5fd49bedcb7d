//! Invented facts of several messages that leave as one.

use super::{Due, Letter, Owed, Part, examples::due};

/// Two that will be due, and two of which the first is late.
pub(super) fn together() -> Vec<Letter> {
    let part = |due: Due, files: &[&str]| Part {
        owed: Owed { due, words: "It is not here yet.\nReply with it attached.".into() },
        files: files.iter().map(|&file| file.into()).collect(),
    };
    let visits = Due { name: "Return home interviews return".into(), title: "Return home interviews".into(), ..due() };
    let parts = || vec![part(due(), &["missing-children 2025-26-Q1.xlsx"]), part(visits.clone(), &[])];
    vec![Letter::Together { parts: parts(), late: false }, Letter::Together { parts: parts(), late: true }]
}
