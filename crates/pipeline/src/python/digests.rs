//! Digests that are compared, and whose difference is only told.

use super::walk::Walk;
use crate::rules::UNVERIFIED_DOWNLOAD;
use bartizan_core::{Confidence, Finding, Severity};
use ruff_python_ast::{CmpOp, Expr, Stmt, StmtIf};
use ruff_text_size::Ranged as _;

impl<'a> Walk<'a, '_> {
    /// Reports `if digest != EXPECTED: log.warning(…)` where nothing else is done about it.
    pub(super) fn digest_only_told(&mut self, choice: &'a StmtIf) {
        if self.quiet || !choice.elif_else_clauses.is_empty() || !choice.body.iter().all(only_tells) {
            return;
        }
        let differs = match choice.test.as_ref() {
            Expr::Compare(compare) => matches!(&*compare.ops, [CmpOp::NotEq]),
            Expr::UnaryOp(not) => {
                not.op == ruff_python_ast::UnaryOp::Not
                    && self.written(not.operand.range()).contains("compare_digest")
            }
            _ => false,
        };
        let tells = choice.body.iter().any(|statement| matches!(statement, Stmt::Expr(_)));
        let condition = self.written(choice.test.range());
        if !differs || !tells || condition.len() > LONGEST {
            return;
        }
        let words = condition.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        if crate::digest::is_compared(words) {
            let span = self.span(choice.test.range());
            let message = "the digest is compared, and what differs is used all the same";
            let finding = Finding::new(&UNVERIFIED_DOWNLOAD, message)
                .severity(Severity::Medium)
                .confidence(Confidence::Medium)
                .remedy("Raise, or remove the file, where the digest differs.");
            self.state.module.report(&span, finding);
        }
    }
}

/// Whether a statement does nothing but write a message.
fn only_tells(statement: &Stmt) -> bool {
    match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(expression) => match expression.value.as_ref() {
            Expr::Call(call) => match call.func.as_ref() {
                Expr::Name(name) => name.id.as_str() == "print",
                Expr::Attribute(member) => {
                    matches!(
                        member.attr.as_str(),
                        "warning"
                            | "warn"
                            | "error"
                            | "info"
                            | "debug"
                            | "echo"
                            | "secho"
                            | "print"
                            | "critical"
                    )
                }
                _ => false,
            },
            _ => true,
        },
        _ => false,
    }
}

/// The longest condition that is looked at, in bytes.
const LONGEST: usize = 400;

#[cfg(test)]
mod tests {
    use crate::testing::graded;
    use bartizan_core::Severity::Medium;

    #[test]
    fn digests_whose_difference_is_only_told_are_found() {
        let found = |code: &str| graded("a.py", code, "pipeline/unverified-download");
        for code in [
            "if digest != EXPECTED:\n    logging.warning('differs: %s', digest)\nload(path)\n",
            "def f(path, expected_sha256):\n    if sha256(path) != expected_sha256:\n        print('differs')\n    load(path)\n",
            "if not hmac.compare_digest(checksum, EXPECTED):\n    log.error('differs')\n",
        ] {
            assert_eq!(found(code), [Medium], "{code}");
        }
        for code in [
            "if digest != EXPECTED:\n    logging.warning('x')\n    raise SystemExit(1)\n",
            "if digest != EXPECTED:\n    logging.warning('x')\n    path.unlink()\n",
            "if digest != EXPECTED:\n    print('x')\n    return None\n",
            "if digest == EXPECTED:\n    print('same')\n",
            "if file_hash != last_hash:\n    print('changed')\n",
            "if name != EXPECTED:\n    print('x')\n",
        ] {
            assert_eq!(found(code), [], "{code}");
        }
    }
}
