//! The form of a text, told from its lines: prose, a table, a mail, program text.

use memchr::memchr;
use memchr::memmem::{self, Finder};
use std::sync::LazyLock;

/// What a text is, by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Carrier {
    /// Sentences.
    Prose,
    /// A table.
    Table,
    /// A mail.
    Mail,
    /// Program text.
    Code,
    /// JSON.
    Json,
    /// HTML or XML.
    Markup,
}

/// Characters at the beginning in which the marks of a mail are looked for.
const HEAD: usize = 600;
/// Lines that are looked at.
const LINES: usize = 200;

/// What stands in mails, in lower case; two of them make one.
static MAIL: LazyLock<[Finder<'static>; 7]> = LazyLock::new(|| {
    ["subject:", "from:", "to:", "dear ", "regards", "sent from", "received date"].map(Finder::new)
});

impl Carrier {
    /// The form of a text. Linear in its length.
    pub fn of(text: &str) -> Self {
        let bytes = text.as_bytes();
        let (barred, tagged) = (memchr(b'|', bytes).is_some(), memchr(b'<', bytes).is_some());
        let (mut lines, mut rows, mut tags) = (0_usize, 0_usize, 0_usize);
        let mut code = usize::from(memmem::find(bytes, b"```").is_some()) * 3;
        for line in text.lines().take(LINES) {
            let line = line.trim();
            lines += 1;
            rows += usize::from(barred && line.matches('|').take(2).count() == 2);
            code += usize::from(is_code(line));
            tags += usize::from(tagged && line.starts_with('<') && line.contains('>'));
        }
        let head = text.trim_start();
        if rows >= 3 {
            Self::Table
        } else if is_mail(head) {
            Self::Mail
        } else if head.starts_with(['{', '[']) && head.contains("\":") {
            Self::Json
        } else if tags >= 2 || (tags == 1 && lines <= 3) {
            Self::Markup
        } else if code >= 3 {
            Self::Code
        } else {
            Self::Prose
        }
    }
}

/// Whether a line is one of a program.
fn is_code(line: &str) -> bool {
    match line.as_bytes() {
        [.., b';' | b'{' | b'}'] | [b'd', b'e', b'f', b' ', ..] => true,
        [.., b':'] if line.contains('(') => true,
        _ => line.starts_with("import ") || line.starts_with("#include"),
    }
}

fn is_mail(head: &str) -> bool {
    let most = match head.as_bytes().get(..HEAD) {
        None => head.len(),
        Some(first) if first.is_ascii() => HEAD,
        Some(_) => head.char_indices().nth(HEAD).map_or(head.len(), |(end, _)| end),
    };
    let lower = head.get(..most).unwrap_or_default().to_ascii_lowercase();
    MAIL.iter().filter(|mark| mark.find(lower.as_bytes()).is_some()).take(2).count() == 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_from_lines() {
        let cases = [
            ("The bread | is baked for an hour.", Carrier::Prose),
            ("| a | b |\n|---|---|\n| 1 | 2 |", Carrier::Table),
            ("From: a@b.org\nSubject: the roof\n\nIt leaks.", Carrier::Mail),
            ("Dear Ann,\nthe roof leaks.\nKind Regards", Carrier::Mail),
            (" {\"roof\": \"leaks\"}", Carrier::Json),
            ("<p>The roof leaks.</p>", Carrier::Markup),
            ("def leak(roof):\n  drip();\n  drip();", Carrier::Code),
            ("```\ndrip\n```", Carrier::Code),
            ("", Carrier::Prose),
        ];
        for (text, wanted) in cases {
            assert_eq!(Carrier::of(text), wanted, "{text}");
        }
    }

    #[test]
    fn marks_of_a_mail_count_among_the_first_characters_only() {
        let text = |filler: &str| format!("{}From: a Subject: b", filler.repeat(HEAD - 18));
        assert_eq!(Carrier::of(&text("x")), Carrier::Mail);
        assert_eq!(Carrier::of(&text("é")), Carrier::Mail);
        assert_eq!(Carrier::of(&format!("x{}", text("é"))), Carrier::Mail);
        assert_eq!(Carrier::of(&format!("xxxxxxxxxxxx{}", text("é"))), Carrier::Prose);
        assert_eq!(Carrier::of(&format!("xxxxxxxxxxxx{}", text("x"))), Carrier::Prose);
    }
}
