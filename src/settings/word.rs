//! Which known word a typing mistake was probably meant to be.

/// The nearest of the known words, if it is near enough to be a typing mistake.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_lowercase();
    known
        .into_iter()
        .map(|word| (distance(&typed, &word.to_lowercase()), word))
        .min()
        .filter(|(distance, word)| *distance <= 1 + word.chars().count() / 4)
        .map(|(_, word)| word)
}

/// Levenshtein distance in characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_another_word_is_not() {
        assert_eq!(nearest("agencys", ["agencies", "title"]), Some("agencies"));
        assert_eq!(nearest("startls", ["starttls", "tls", "none"]), Some("starttls"));
        assert_eq!(nearest("colour", ["title", "every"]), None);
    }
}
