//! Whether the receiving server found that a message comes from whom it says.
//!
//! Pure. Only the topmost `Authentication-Results` of the server that is configured counts: anybody can write another
//! below it (RFC 8601, 5).

use super::Incoming;

pub use super::settings::Proof;

/// Whether the server's word stands for the sender's domain: DMARC passed, or DKIM or SPF passed for that domain.
pub fn is_proven(incoming: &Incoming, proof: &Proof) -> bool {
    let Some(domain) = incoming.from.as_deref().and_then(|from| from.split_once('@')).map(|(_, domain)| domain) else {
        return false;
    };
    // Exchange takes this header off everything that comes from elsewhere: it is a colleague in the same tenant.
    if *proof == Proof::ExchangeOnline
        && incoming
            .header("x-ms-exchange-organization-authas")
            .is_some_and(|who| who.trim().eq_ignore_ascii_case("internal"))
    {
        return true;
    }
    let mut results = incoming.headers.iter().filter(|(name, _)| name == "authentication-results");
    let words = match proof {
        Proof::ExchangeOnline => results.next().map(|(_, value)| value.as_str()),
        Proof::Server(server) => results.find_map(|(_, value)| {
            let (id, rest) = value.split_once(';')?;
            let id = id.split_whitespace().next()?;
            id.eq_ignore_ascii_case(server).then_some(rest)
        }),
    };
    words.is_some_and(|words| passes(&without_comments(words), domain))
}

fn passes(words: &str, domain: &str) -> bool {
    words.split(';').any(|result| {
        let mut parts = result.split_whitespace();
        let Some((method, verdict)) = parts.next().and_then(|first| first.split_once('=')) else { return false };
        if !verdict.eq_ignore_ascii_case("pass") {
            return false;
        }
        let property = |names: &[&str]| {
            result.split_whitespace().find_map(|part| {
                let (name, value) = part.split_once('=')?;
                let is_it = names.iter().any(|known| known.eq_ignore_ascii_case(name));
                is_it.then(|| value.trim_matches('"').rsplit('@').next().unwrap_or_default().to_ascii_lowercase())
            })
        };
        match method.to_ascii_lowercase().as_str() {
            "dmarc" => property(&["header.from"]).is_none_or(|from| from == domain),
            "dkim" => property(&["header.d", "header.i"]).is_some_and(|signed| is_aligned(&signed, domain)),
            "spf" => property(&["smtp.mailfrom"]).is_some_and(|from| is_aligned(&from, domain)),
            _ => false,
        }
    })
}

/// The same domain, or one below the other.
fn is_aligned(one: &str, other: &str) -> bool {
    let below = |low: &str, high: &str| {
        high.contains('.') && low.strip_suffix(high).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    below(one, other) || below(other, one)
}

fn without_comments(text: &str) -> String {
    let mut depth = 0_u32;
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proven(proof: &Proof, headers: &[(&str, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        is_proven(&Incoming { from: Some("lead@police.example".into()), headers, ..Incoming::default() }, proof)
    }

    fn said(results: &str) -> bool {
        proven(&Proof::Server("mx.board.example".into()), &[("authentication-results", results)])
    }

    #[test]
    fn a_pass_counts_for_the_senders_own_domain_alone() {
        assert!(said("mx.board.example; dmarc=pass header.from=police.example"));
        assert!(said("mx.board.example 1; spf=fail; dkim=pass (2048-bit) header.d=mail.police.example"));
        assert!(said("MX.board.example; spf=pass smtp.mailfrom=bounce@police.example"));
        assert!(!said("mx.board.example; dmarc=fail header.from=police.example"));
        assert!(!said("mx.board.example; dmarc=pass header.from=evil.example"));
        assert!(!said("mx.board.example; dkim=pass header.d=evil.example"));
        assert!(!said("mx.board.example; dkim=pass header.d=notpolice.example"));
        assert!(!said("mx.board.example; dkim=pass header.d=example"));
        assert!(!said("mx.board.example; spf=pass smtp.mailfrom=x@evil.example"));
        assert!(!said("mx.board.example; none (dmarc=pass; header.from=police.example)"));
        assert!(!said("mx.evil.example; dmarc=pass header.from=police.example"));
        assert!(!said(""));
    }

    #[test]
    fn what_the_sender_wrote_below_the_servers_word_counts_for_nothing() {
        let server = Proof::Server("mx.board.example".into());
        let forged = ("authentication-results", "mx.board.example; dmarc=pass header.from=police.example");
        let real = ("authentication-results", "mx.board.example; dmarc=fail header.from=police.example");
        assert!(!proven(&server, &[real, forged]));
        assert!(!proven(&server, &[("x-ms-exchange-organization-authas", "Internal")]));
    }

    #[test]
    fn exchange_online_writes_no_name_and_marks_colleagues() {
        let real = "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=police.example; dkim=none (message not signed) \
                    header.d=none;dmarc=bestguesspass action=none header.from=police.example;compauth=pass reason=109";
        assert!(proven(&Proof::ExchangeOnline, &[("authentication-results", real)]));
        assert!(proven(&Proof::ExchangeOnline, &[("x-ms-exchange-organization-authas", "Internal")]));
        assert!(!proven(&Proof::ExchangeOnline, &[("x-ms-exchange-organization-authas", "Anonymous")]));
        assert!(!proven(&Proof::ExchangeOnline, &[("authentication-results", "spf=none; dmarc=none")]));
    }
}
