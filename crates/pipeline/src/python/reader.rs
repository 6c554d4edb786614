//! Python files.

use super::neighbours::Origin;
use super::source::{self, Code, Language};
use crate::{Notes, Reader, Text};
use bartizan_core::{Kind, Rule};

/// Python scripts and modules.
#[derive(Debug)]
pub(crate) struct Python;

impl Reader for Python {
    fn id(&self) -> &'static str {
        "python"
    }

    fn kind(&self) -> Kind {
        Kind::Code
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &super::RULES
    }

    fn recognises(&self, text: &Text<'_>) -> bool {
        // `torch.jit.save` writes a dialect of its own below `code/`.
        if text.name.contains("code/__torch__") {
            return false;
        }
        let shebang =
            text.content.lines().next().is_some_and(|line| line.starts_with("#!") && line.contains("python"));
        shebang || matches!(text.extension(), "py" | "pyw")
    }

    fn read(&self, text: &Text<'_>, notes: &mut Notes<'_>) {
        // Written by editors of Windows; Python skips it.
        let base = if text.content.starts_with('\u{FEFF}') { '\u{FEFF}'.len_utf8() } else { 0 };
        let code = Code { text: text.content.get(base..).unwrap_or_default(), base, kind: Language::Python };
        let examined = source::examine(&[code], Origin::of(text.place));
        for (at, reason) in examined.gaps {
            let (line, _) = text.line_column(at);
            notes.gap(at, format!("line {line}: {reason}"));
        }
        for at in examined.module.judged {
            let (line, column) = text.line_column(at);
            notes.judged((None, line, column));
        }
        for report in examined.module.reports {
            if let Some(fix) = report.fix {
                notes.propose(report.finding.rule.id, report.span.start, fix);
            }
            notes.report(text, report.span, report.finding);
        }
    }
}
