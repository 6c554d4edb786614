//! What the terminal can show, and the messages on standard error.

use crate::failure::Failure;
use anstyle::{AnsiColor, Style};
use std::io::{IsTerminal as _, Write as _};

/// When to write colours.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Color {
    /// On a terminal that has not asked for none (`NO_COLOR`, `TERM=dumb`).
    #[default]
    Auto,
    /// Always, also into a file or pipe.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour output that goes to a terminal or not.
    ///
    /// Source: <https://no-color.org>: any value but the empty one means no colour.
    pub(crate) fn is_on(self, terminal: bool) -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                terminal && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }

    /// The word on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

/// Columns of the terminal on standard output, or a fitting width for files and pipes.
pub(crate) fn width() -> usize {
    terminal_size::terminal_size().map_or(100, |(width, _)| width.0.into())
}

/// Writes `failure` to standard error: what, where, why, and what to do next.
pub(crate) fn complain(failure: &Failure) {
    if let Failure::Arguments(error) = failure {
        let _ = error.print();
        return;
    }
    let error = std::io::stderr();
    let color = Color::Auto.is_on(error.is_terminal());
    let paint =
        |style: Style, text: &str| if color { format!("{style}{text}{style:#}") } else { text.to_owned() };
    let red = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    let cyan = Style::new().fg_color(Some(AnsiColor::Cyan.into())).bold();
    let mut error = error.lock();
    // Nobody is left to tell when standard error is gone.
    let shown = bartizan_core::printable(&failure.to_string(), 2_000).replace("\\n", "\n       ");
    let _ = writeln!(error, "{} {shown}", paint(red, "error:"));
    if let Some(help) = failure.help() {
        let _ = writeln!(error, "{} {help}", paint(cyan, " help:"));
    }
}

/// Writes a remark to standard error.
pub(crate) fn remark(text: &str) {
    let text = bartizan_core::printable(text, 2_000);
    let _ = writeln!(std::io::stderr().lock(), "note: {text}");
}

/// Writes a text of several lines, such as a difference, to standard error.
pub(crate) fn passage(text: &str) {
    let mut error = std::io::stderr().lock();
    for line in text.lines() {
        let _ = writeln!(error, "{}", bartizan_core::printable(line, 2_000));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_gets_no_colour_unless_always() {
        assert!(!Color::Auto.is_on(false));
        assert!(Color::Always.is_on(false));
        assert!(!Color::Never.is_on(true));
    }
}
