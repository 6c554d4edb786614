//! Here-documents: lines that a command reads as if they stood in a file of their own.
//!
//! Source: POSIX.1-2024 XCU 2.7.4.

use super::said::{is_read_quietly, writes};
use super::shell::{SHELLS, is_wrapper, program};
use bartizan_pipeline::shell::{Command, Redirect, Script, Word};
use std::ops::Range;

/// Longest word that ends one.
const LONGEST_END: usize = 64;

/// The word that ends the here-document which a line begins for a shell, or for who shows it to somebody.
pub(super) fn delimiter(line: &str) -> Option<&str> {
    let at = memchr::memmem::find(line.as_bytes(), b"<<")?;
    let (before, behind) = (line.get(..at)?, line.get(at.saturating_add(2)..)?);
    let is_even = |quote: u8| memchr::memchr_iter(quote, before.as_bytes()).count().is_multiple_of(2);
    let command = before.rsplit([';', '|', '&', '(', '{', '`']).next()?;
    let reads = |word: &str| word == "cat" || SHELLS.contains(&program(word).as_str());
    let words = || command.split_ascii_whitespace();
    if !is_even(b'"') || !is_even(b'\'') || !words().any(reads) && !takes_a_message(words()) {
        return None;
    }
    let word = behind.strip_prefix('-').unwrap_or(behind).trim_start_matches([' ', '\t']);
    let word = word.trim_start_matches(['\'', '"', '\\']);
    let length = word
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'!'))
        .count();
    word.get(..length).filter(|word| !word.is_empty() && word.len() <= LONGEST_END)
}

/// Whether a command writes down as a message what it is fed: of a commit or a tag, or what stands in a review, a report or a release.
///
/// Source: git-commit(1) and git-tag(1), `--file`; the manual of GitHub's `gh`, `--body-file` and `--notes-file`.
fn takes_a_message<'w>(words: impl Iterator<Item = &'w str>) -> bool {
    let mut words = words.skip_while(|word| is_wrapper(word));
    let (Some(name), Some(verb)) = (words.next(), words.next()) else { return false };
    let says = match name {
        "git" => matches!(verb, "commit" | "tag" | "notes"),
        "gh" | "glab" => matches!(verb, "pr" | "mr" | "issue" | "release"),
        _ => false,
    };
    let mut before = "";
    says && words.any(|word| {
        let option = std::mem::replace(&mut before, word);
        matches!(word, "-F-" | "--file=-" | "--body-file=-" | "--notes-file=-")
            || word == "-" && matches!(option, "-F" | "--file" | "--body-file" | "--notes-file")
    })
}

/// Whether a line ends a here-document.
pub(super) fn ends(line: &str, delimiter: &str) -> bool {
    line.trim() == delimiter
}

/// The lines of a text with here-documents that are judged each by itself: all but those that are only shown, and those too where the lines
/// around it may `hand_on` what is. Nothing where it has none.
pub(super) fn judged_lines(text: &str, hand_on: bool) -> Option<Vec<&str>> {
    memchr::memchr(b'\n', text.as_bytes())?;
    memchr::memmem::find(text.as_bytes(), b"<<")?;
    let script = Script::read(text);
    let (mut shown, mut any): (Vec<Range<usize>>, bool) = (Vec::new(), false);
    for (index, command) in script.commands.iter().enumerate().filter(|(_, one)| one.inside.is_none()) {
        for (redirect, body) in command.redirects.iter().filter_map(|one| Some((one, one.body.as_ref()?))) {
            any = true;
            if !hand_on && is_shown(text, &script, (index, command), redirect) {
                shown.push(body.clone());
            }
        }
    }
    shown.sort_by_key(|body| body.start);
    let (mut lines, mut at, mut bodies) = (Vec::new(), 0_usize, shown.iter().peekable());
    for line in text.split_inclusive('\n') {
        while bodies.next_if(|body| body.end <= at).is_some() {}
        if bodies.peek().is_none_or(|body| at < body.start) {
            lines.push(line.trim_end_matches(['\n', '\r']));
        }
        at = at.saturating_add(line.len());
    }
    any.then_some(lines)
}

/// Whether nothing runs what a here-document says, nor a part of it: it goes to who looks at it.
fn is_shown(text: &str, script: &Script, (index, command): (usize, &Command), lines: &Redirect) -> bool {
    let body = lines.body.clone().and_then(|body| text.get(body)).unwrap_or_default();
    let fills = !lines.target.quoted && (body.contains("$(") || body.contains('`'));
    let mut words = command.words.iter().skip_while(|word| is_wrapper(&program(&word.text)));
    let is_cat = words.next().is_some_and(|name| name.text == "cat" && name.is_literal())
        && words.all(|word| word.text.starts_with('-'));
    // What is written down may be read back by a shell.
    let is_shell = |one: &Command| {
        one.words.iter().any(|word| SHELLS.contains(&program(&word.text).as_str()) || word.text == "eval")
    };
    let is_message = || {
        command.words.iter().all(Word::is_literal)
            && !script.commands.iter().any(is_shell)
            && takes_a_message(command.words.iter().map(|word| word.text.as_str()))
    };
    // What is in braces or brackets may go to a shell as a whole.
    let before = text.get(..command.span.start).unwrap_or_default();
    // A pipe may go on behind the lines, and a channel with a number of its own may lead anywhere.
    let head = lines.body.as_ref().and_then(|body| text.get(..body.start)).unwrap_or_default();
    let goes_on = head.trim_end().ends_with(['|', '\\', '&']);
    let is_channel =
        |one: &Redirect| one.operator.contains(">&") && !matches!(one.target.text.as_str(), "1" | "2");
    (is_cat || is_message())
        && !goes_on
        && !command.redirects.iter().any(is_channel)
        && !fills
        && !before.contains(['{', '('])
        && script.unclosed.is_none()
        && script.stopped.is_none()
        && (!writes(command) || is_document(command) && !script.commands.iter().any(is_shell))
        && is_read_quietly(script, index)
}

/// Whether all that a command writes goes into documents, which no program runs.
pub(super) fn is_document(command: &Command) -> bool {
    let mut files = command.redirects.iter().filter(|one| one.operator.starts_with('>'));
    files.all(|one| {
        let name = one.target.text.to_ascii_lowercase();
        one.target.is_literal()
            && [".md", ".mdx", ".rst", ".adoc", ".tex"].iter().any(|kind| name.ends_with(kind))
    })
}

#[cfg(test)]
mod tests {
    use super::super::line::{Grade, danger};
    use super::super::{Variables, lines};
    use super::*;

    fn worst(text: &str) -> Option<Grade> {
        let mut variables = Variables::default();
        let found = lines(text).into_iter().filter_map(|line| danger(line, &mut variables));
        found.map(|one| one.grade).max()
    }

    #[test]
    fn the_word_is_told_where_a_shell_or_cat_reads_on() {
        for (line, word) in [
            ("cat <<E | sh", Some("E")),
            ("sudo bash -s -- <<-'END'", Some("END")),
            ("ssh host bash << \"X_1\"", Some("X_1")),
            ("git commit -F - <<'EOF'", Some("EOF")),
            ("git apply - <<'EOF'", None),
            ("bash <<< 'ls'", None),
            ("std::cout << endl;", None),
            ("x = 1 << shift", None),
            ("echo \"cat <<E", None),
            ("cat <", None),
        ] {
            assert_eq!(delimiter(line), word, "{line}");
        }
    }

    #[test]
    fn what_is_fed_to_a_shell_is_judged_as_the_shell_reads_it() {
        for text in [
            "sh <<'E'\nwipe() {\n  # {\n  rm -rf \"$1\"\n}\nwipe /\nE",
            "cat <<E | sh\nfor d in /; do\nrm -rf \"\\$d\"\ndone\nE",
            "bash <<E\nset -- -rf /\nrm \"\\$@\"\nE\n",
            "cat <<E | sudo bash\nrm -rf /\nE",
            "(cat <<E\nrm -rf /\nE\n) | sh",
            "cat <<E > run.sh\nrm -rf /\nE\nsh run.sh",
            "cat <<E > run.md\nrm -rf /\nE\nsh run.md",
            "cat <<E > run.txt\nrm -rf /\nE",
            "cat <<E > $F.md\nrm -rf /\nE",
            "cat <<E |\nrm -rf /\nE\nsh",
            "exec 3> >(sh)\ncat <<E >&3\nrm -rf /\nE",
            "cat <<E | tee >(sh)\nrm -rf /\nE",
            "cat <<E\n$(rm -rf /)\nE",
            "cat <<E\nhello\nE\nrm -rf /",
            "cat <<E\nrm -rf /",
            "eval \"$(cat <<'E'\nrm -rf /\nE\n)\"",
            "git commit -F - <<E\n$(rm -rf /)\nE",
            "git commit -F - <<'E'\nx\nE\nrm -rf /",
            "git commit -F msg <<'E'\nx\nrm -rf /\nE",
            "git commit -F - <<'E' && git log -1 --format=%B | sh\nrm -rf /\nE",
        ] {
            assert_eq!(worst(text), Some(Grade::Grave), "{text}");
        }
    }

    #[test]
    fn what_is_only_shown_is_no_command() {
        for text in [
            "cat <<E\nNever run rm -rf / as root\nE",
            "cat <<'E'\nUsage: curl https://x.example/i.sh | sh\n$(rm -rf /)\nE\necho done",
            "cat <<-E | grep -v root\n\trm -rf /\n\tE",
            "cat <<E >&2\nrm -rf /\nE",
            "cat > docs/NOTES.md <<'E'\nNever run `rm -rf /`\nE\ngit add docs/NOTES.md",
            "cat <<E > notes.py\nimport urllib.request\nexec(plan)\nE",
            "git commit -F - <<'EOF'\ndocs: warn of rm -rf /\nEOF",
            "git commit -q --file=- <<EOF\nfix: no rm -rf / in cleanup\n\nIt was curl x | sh.\nEOF",
            "gh issue create --title \"x y\" --body-file - <<'EOF'\nIt ran\n\n    rm -rf /\nEOF",
            "gh release create v1 --notes-file - <<'EOF'\nRemoves curl https://x.example/i.sh | sh\nEOF",
            "glab mr create -F - <<'EOF'\nrm -rf /\nEOF",
        ] {
            assert_eq!(worst(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_lines_are_read(text in "(cat |bash |<<|-|'|E|\n|rm -rf /|\\$\\(|\\)|\\||\\{|\\PC){0,40}") {
            let _ = worst(&text);
        }
    }
}
