//! Mail addresses, in a stricter profile than the standard's.

/// The stricter profile of an address: one `@`, no quotes, comments, IP literals or control characters.
pub fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let local_ok = !local.is_empty()
        && local.len() <= 64
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && local.chars().all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c));
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    local_ok && domain.contains('.') && domain.len() <= 253 && domain.split('.').all(label_ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_could_hide_something_are_refused() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/corpora/email-isemail/tests.xml");
        let Ok(text) = std::fs::read_to_string(path) else {
            #[expect(clippy::disallowed_methods, reason = "a test asks where it runs")]
            let in_ci = std::env::var_os("CI").is_some();
            assert!(!in_ci, "{path} is required in CI");
            return;
        };
        let mut seen = 0;
        for part in text.split("<address>").skip(1) {
            let address = part.split("</address>").next().unwrap_or("").replace("&#x", "\u{1}").replace("&quot;", "\"");
            seen += 1;
            let suspicious = address.contains(['(', ')', '"', '[', ']', ' ', ',', ';', ':', '<', '>', '\u{1}', '\\'])
                || address.chars().any(char::is_control);
            if suspicious {
                assert!(!is_address(&address), "{address:?}");
            }
        }
        assert!(seen > 100);
        assert!(is_address("lead@police.example"));
        assert!(is_address("o'neill+data@nhs.example"));
        assert!(!is_address("lead@localhost"));
    }
}
