//! Digests that are compared, and whose difference is only told: [`issues`].

use super::lexer::Kind;
use super::program::Program;
use crate::Issue;
use crate::rules::UNVERIFIED_DOWNLOAD;
use bartizan_core::{Confidence, Severity};
use std::ops::Range;

/// Conditions that compare a digest and only write a message where it differs.
pub(super) fn issues(program: &Program<'_>, issues: &mut Vec<Issue>) {
    for at in 0..program.tokens.len() {
        let open = at.saturating_add(1);
        if program.word(at) != "if" || !program.is(at, Kind::Word) || program.word(open) != "(" {
            continue;
        }
        let behind = program.past(open);
        let condition = open.saturating_add(1)..behind.saturating_sub(1);
        if condition.len() > LONGEST || !differs(program, &condition) {
            continue;
        }
        let braced = program.word(behind) == "{";
        let body = if braced { behind..program.past(behind) } else { program.expression(behind) };
        let otherwise =
            program.word(body.end) == "else" || program.word(body.end.saturating_add(1)) == "else";
        if !otherwise && only_tells(program, &body) {
            let message = "the digest is compared, and what differs is used all the same";
            let issue = Issue::new(&UNVERIFIED_DOWNLOAD, program.span(&(at..behind)), message);
            issues.push(
                issue
                    .severity(Severity::Medium)
                    .confidence(Confidence::Medium)
                    .remedy("Throw, or remove the file, where the digest differs."),
            );
        }
    }
}

/// Most tokens of a condition and of what follows it that are looked at.
const LONGEST: usize = 64;

/// Whether a condition says that a digest is not the one expected.
fn differs(program: &Program<'_>, condition: &Range<usize>) -> bool {
    let compares = condition.clone().any(|at| matches!(program.word(at), "!==" | "!="))
        || program.word(condition.start) == "!"
            && condition.clone().any(|at| matches!(program.word(at), "timingSafeEqual" | "equals"));
    let words = condition.clone().map(|at| program.content(at).unwrap_or_else(|| program.word(at)));
    compares && crate::digest::is_compared(words)
}

/// Whether a block does nothing but write messages.
fn only_tells(program: &Program<'_>, body: &Range<usize>) -> bool {
    let words = || body.clone().map(|at| program.word(at));
    let tells = words().any(|word| matches!(word, "warn" | "log" | "error" | "info" | "showWarningMessage"));
    body.len() <= LONGEST
        && tells
        && !words().any(|word| {
            matches!(
                word,
                "throw"
                    | "return"
                    | "exit"
                    | "reject"
                    | "continue"
                    | "break"
                    | "="
                    | "abort"
                    | "fail"
                    | "exitCode"
                    | "process"
            )
        })
        && body.clone().all(|at| {
            // Calls of anything that tells, or that makes what is told.
            let called = program.word(at.saturating_add(1)) == "(" && program.is(at, Kind::Word);
            !called
                || matches!(
                    program.word(at),
                    "warn"
                        | "log"
                        | "error"
                        | "info"
                        | "slice"
                        | "substring"
                        | "toString"
                        | "showWarningMessage"
                )
        })
}

#[cfg(test)]
mod tests {
    use crate::testing::found;
    use bartizan_core::Severity::Medium;

    #[test]
    fn digests_whose_difference_is_only_told_are_found() {
        for code in [
            "if (hash !== expected) {\n  console.warn(`differs: ${hash}`);\n}\nload(file);",
            "if (sha256(file) != EXPECTED) logger.warn('differs');\nload(file);",
            "if (digest.toString('hex') !== expected.slice(7)) { console.error('differs'); }",
        ] {
            assert_eq!(found("a.ts", code), [("pipeline/unverified-download", 1, Medium)], "{code}");
        }
        for code in [
            "if (hash !== expected) { console.warn('differs'); throw new Error('x'); }",
            "if (hash !== expected) { console.error('differs'); process.exit(1); }",
            "if (hash !== expected) { console.warn('differs'); fs.unlinkSync(file); }",
            "if (hash !== expected) { console.warn('differs'); ok = false; }",
            "if (hash === expected) { console.log('same'); }",
            "if (hash !== lastHash) { console.log('changed'); }",
            "if (user.passwordHash !== EXPECTED) { console.warn('no'); }",
            "if (name !== expected) { console.warn('differs'); }",
            "if (hash !== expected) { console.warn('differs'); } else { load(file); }",
        ] {
            assert_eq!(found("a.ts", code), [], "{code}");
        }
    }
}
