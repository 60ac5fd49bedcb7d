//! The small markup templates are written in, turned into the text part and the HTML part: the same words twice.
//!
//! One line is one paragraph. `1. `, `- ` and `> ` begin items and quotations, `**bold**` and `*title*` mark words, and
//! `<https://…>` is a link. Nothing else is markup, and nothing that came from outside is: see [`plain`].

/// Characters that mean something in a template, and what stands for them while they come from outside.
const GUARDED: [(char, char); 4] = [('*', '\u{E000}'), ('<', '\u{E001}'), ('>', '\u{E002}'), ('&', '\u{E003}')];

const PARAGRAPH: &str = "margin:0 0 12px 0";
const LIST: &str = "margin:0 0 12px 0;padding:0 0 0 24px";
const ITEM: &str = "margin:0 0 6px 0;padding:0 0 0 4px";
const QUOTE: &str = "margin:0 0 12px 0;padding:12px 16px 1px 16px;border-left:4px solid #b1b4b6;background:#f3f2f1";
const LINK: &str = "color:#1d70b8";

/// A value from outside as one line that no template can take for markup.
pub fn plain(value: &str) -> String {
    value
        .chars()
        .filter(|c| !GUARDED.iter().any(|(_, guard)| c == guard))
        .map(|c| match GUARDED.iter().find(|(meant, _)| *meant == c) {
            Some((_, guard)) => *guard,
            None if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => ' ',
            None => c,
        })
        .collect()
}

/// The text part: the marks gone, titles in quotation marks.
pub fn to_text(prose: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in prose.trim().lines() {
        let line = line.trim_end();
        if line.is_empty() && lines.last().is_none_or(String::is_empty) {
            continue;
        }
        let (mark, words) = match line.strip_prefix("> ") {
            Some(words) => ("> ", words),
            None => ("", line),
        };
        let words = pieces(words).into_iter().map(|piece| match piece {
            Piece::Words(words) | Piece::Bold(words) | Piece::Link(words) => words.to_owned(),
            Piece::Title(words) => format!("\"{words}\""),
        });
        lines.push(unguarded(&format!("{mark}{}", words.collect::<String>())));
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

/// The HTML part: the same words in paragraphs, lists and quotations.
pub fn to_html(prose: &str) -> String {
    let mut html = String::new();
    let mut open = Block::Paragraph;
    let mut quoted: Vec<&str> = Vec::new();
    for line in prose.trim().lines().map(str::trim_end) {
        let (block, words) = Block::of(line);
        if block != Block::Quote && !quoted.is_empty() {
            html.push_str(&quotation(&quoted));
            quoted.clear();
        }
        if block != open {
            html.push_str(open.end());
            html.push_str(&block.start());
            open = block;
        }
        match block {
            Block::Quote => quoted.push(words),
            Block::Numbers | Block::Points => {
                html.push_str(&format!("<li style=\"{ITEM}\">{}</li>", inline(words)));
            }
            Block::Paragraph if words.is_empty() => {}
            Block::Paragraph => html.push_str(&format!("<p style=\"{PARAGRAPH}\">{}</p>", inline(words))),
        }
    }
    if !quoted.is_empty() {
        html.push_str(&quotation(&quoted));
    }
    html.push_str(open.end());
    unguarded_html(&html)
}

/// What a subject or another single line says.
pub fn to_line(prose: &str) -> String {
    unguarded(&prose.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Text as HTML shows it.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn quotation(lines: &[&str]) -> String {
    format!("<blockquote style=\"{QUOTE}\">{}</blockquote>", to_html(&lines.join("\n")))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    Paragraph,
    Numbers,
    Points,
    Quote,
}

impl Block {
    fn of(line: &str) -> (Self, &str) {
        if let Some(words) = line.strip_prefix('>') {
            return (Self::Quote, words.strip_prefix(' ').unwrap_or(words));
        }
        if let Some(words) = line.strip_prefix("- ") {
            return (Self::Points, words);
        }
        match line.split_once(". ") {
            Some((number, words)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => {
                (Self::Numbers, words)
            }
            _ => (Self::Paragraph, line),
        }
    }

    fn start(self) -> String {
        match self {
            Self::Numbers => format!("<ol style=\"{LIST}\">"),
            Self::Points => format!("<ul style=\"{LIST}\">"),
            Self::Paragraph | Self::Quote => String::new(),
        }
    }

    fn end(self) -> &'static str {
        match self {
            Self::Numbers => "</ol>",
            Self::Points => "</ul>",
            Self::Paragraph | Self::Quote => "",
        }
    }
}

enum Piece<'a> {
    Words(&'a str),
    Bold(&'a str),
    Title(&'a str),
    Link(&'a str),
}

/// Cuts a line at its marks; a mark without its partner is a plain character.
fn pieces(line: &str) -> Vec<Piece<'_>> {
    type Maker<'a> = fn(&'a str) -> Piece<'a>;
    let marks: [(&str, &str, Maker<'_>); 3] =
        [("**", "**", Piece::Bold), ("*", "*", Piece::Title), ("<https://", ">", Piece::Link)];
    let mut pieces = Vec::new();
    let (mut rest, mut from) = (line, 0);
    while let Some(at) = rest[from..].find(['*', '<']).map(|at| at + from) {
        let found = marks.iter().find_map(|(open, close, make)| {
            let inner = rest[at..].strip_prefix(open)?;
            let end = inner.find(close).filter(|end| *end > 0)?;
            let start = at + open.len();
            // The address of a link is all that stands between the brackets.
            let from = if *open == "<https://" { at + 1 } else { start };
            Some((make(&rest[from..start + end]), start + end + close.len()))
        });
        match found {
            Some((piece, next)) => {
                pieces.push(Piece::Words(&rest[..at]));
                pieces.push(piece);
                rest = &rest[next..];
                from = 0;
            }
            None => from = at + 1,
        }
    }
    pieces.push(Piece::Words(rest));
    pieces
}

fn inline(line: &str) -> String {
    pieces(line)
        .into_iter()
        .map(|piece| match piece {
            Piece::Words(words) => escape(words),
            Piece::Bold(words) => format!("<strong>{}</strong>", escape(words)),
            Piece::Title(words) => format!("<em>{}</em>", escape(words)),
            Piece::Link(address) => {
                let address = escape(address);
                format!("<a href=\"{address}\" style=\"{LINK}\">{address}</a>")
            }
        })
        .collect()
}

fn unguarded(text: &str) -> String {
    GUARDED.iter().fold(text.to_owned(), |text, (meant, guard)| text.replace(*guard, &meant.to_string()))
}

fn unguarded_html(html: &str) -> String {
    GUARDED.iter().fold(html.to_owned(), |html, (meant, guard)| html.replace(*guard, &escape(&meant.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words alone, without marks, tags and layout.
    fn words(text: &str) -> String {
        let mut tags = false;
        let bare: String = text
            .replace("</p>", " ")
            .replace("</li>", " ")
            .chars()
            .filter(|c| match c {
                '<' => {
                    tags = true;
                    false
                }
                '>' if tags => {
                    tags = false;
                    false
                }
                _ => !tags,
            })
            .collect();
        let bare = bare.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        bare.replace(['"', '>'], "")
            .split_whitespace()
            .filter(|w| *w != "1." && *w != "-")
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn text_and_html_say_the_same_words() {
        let prose = "Due on **Monday 14 July**.\n1. Sheet *Return*, cell **D14**: too large.\n\n- a point\n> Subject: x\n> **bold** words\nEnd.";
        assert_eq!(words(&to_text(prose)), words(&to_html(prose)));
        assert_eq!(
            to_text(prose),
            "Due on Monday 14 July.\n1. Sheet \"Return\", cell D14: too large.\n\n- a point\n> Subject: x\n> bold words\nEnd.\n"
        );
    }

    #[test]
    fn what_came_from_outside_is_never_markup() {
        let hostile = plain("**x** <https://evil.example> </p><script>&amp;\r\nSubject: y\u{2028}z \u{E001}b>");
        let prose = format!("Sheet *{hostile}*: fine.");
        assert_eq!(
            to_text(&prose),
            "Sheet \"**x** <https://evil.example> </p><script>&amp;  Subject: y z b>\": fine.\n"
        );
        let html = to_html(&prose);
        assert!(!html.contains("<script") && !html.contains("<a ") && !html.contains("<strong>"), "{html}");
        assert!(html.contains("&lt;/p&gt;&lt;script&gt;&amp;amp;"), "{html}");
    }

    #[test]
    fn a_mark_without_its_partner_is_a_character() {
        assert_eq!(to_text("2 * 3 < 7"), "2 * 3 < 7\n");
        assert_eq!(to_html("a *b"), "<p style=\"margin:0 0 12px 0\">a *b</p>");
    }

    #[test]
    fn a_link_is_the_address_itself() {
        let html = to_html("<https://quarterday.example/r/1>");
        assert!(html.contains("<a href=\"https://quarterday.example/r/1\""), "{html}");
        assert_eq!(to_text("<https://quarterday.example/r/1>"), "https://quarterday.example/r/1\n");
    }
}
