//! What the saved outputs of a notebook give away.

use super::json::Cell;
use crate::python::rules::secret;
use crate::{Notes, Text};
use bartizan_core::report::masked;
use bartizan_core::{Confidence, Finding, Severity, atlas, cwe, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A credential, numbers of the social security, or the path of somebody's home folder, in the saved output of a notebook. The
    /// report does not repeat the credential or number.
    /// ## Why it matters
    /// Outputs are committed and shared with the notebook; clearing the cell's source does not clear them.
    /// ## Example
    /// A cell that shows `os.environ`, and its saved output.
    /// ## How to fix
    /// Revoke the credential; clear the outputs before the notebook is committed (`nbstripout`).
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/532.html>
    pub const NOTEBOOK_OUTPUT_LEAK: Rule = Rule {
        id: "pipeline/notebook-output-leak",
        title: "a notebook output that gives something away",
        severity: Severity::High,
        remedy: "Revoke the credential, and clear the outputs before the notebook is committed.",
        taxonomies: &[atlas("AML.T0055"), cwe(532), cwe(312), owasp_llm("LLM02")],
    };
}

/// Reports what the outputs of `cell` give away.
pub(super) fn read(cell: &Cell, text: &Text<'_>, notes: &mut Notes<'_>) {
    let output = &cell.output;
    if output.text.is_empty() {
        return;
    }
    let pointer = format!("/cells/{}/outputs", cell.number);
    for (place, kind) in secret::by_format(&output.text, 0) {
        let shown = output.text.get(place.clone()).unwrap_or_default();
        let finding = Finding::new(&NOTEBOOK_OUTPUT_LEAK, format!("{kind} stands in a saved output"))
            .evidence(masked(shown))
            .credential(shown)
            .pointer(pointer.clone());
        notes.report(text, output.place(place.start)..output.place(place.end), finding);
    }
    for place in secret::named_in_dump(&output.text) {
        let shown = output.text.get(place.clone()).unwrap_or_default();
        let finding =
            Finding::new(&NOTEBOOK_OUTPUT_LEAK, "a credential of the environment stands in a saved output")
                .evidence(masked(shown))
                .credential(shown)
                .confidence(Confidence::Medium)
                .pointer(pointer.clone());
        notes.report(text, output.place(place.start)..output.place(place.end), finding);
    }
    if let Some((at, count)) = social_numbers(&output.text) {
        let message = format!("{count} social security number(s) stand in a saved output");
        let finding = Finding::new(&NOTEBOOK_OUTPUT_LEAK, message)
            .severity(Severity::Medium)
            .confidence(Confidence::Medium)
            .evidence("…")
            .remedy("Clear the outputs before the notebook is committed; show counts, not people.")
            .pointer(pointer.clone());
        notes.report(text, output.place(at)..output.place(at.saturating_add(SOCIAL.len())), finding);
    }
    let home = ["/home/", "/Users/", "C:\\Users\\"].iter().find_map(|start| {
        let at = output.text.find(start)?;
        let rest = output.text.get(at.saturating_add(start.len())..)?;
        let user = rest.split(['/', '\\', ' ', '"', '\'', '\n', ':']).next()?;
        let person = !user.is_empty() && !SHARED.contains(&user.to_ascii_lowercase().as_str());
        person.then_some((at, start.len().saturating_add(user.len())))
    });
    if let Some((at, length)) = home {
        let finding = Finding::new(&NOTEBOOK_OUTPUT_LEAK, "a saved output names somebody's home folder")
            .severity(Severity::Info)
            .confidence(Confidence::Medium)
            .remedy("Clear the outputs before the notebook is committed.")
            .pointer(pointer);
        let end = at.saturating_add(length);
        notes.report(text, output.place(at)..output.place(end), finding);
    }
}

/// The form of a number of the social security of the United States.
const SOCIAL: &str = "ddd-dd-dddd";

/// Where the first number of the social security stands in `text`, and how many there are. Numbers that are given to nobody, and those
/// that advertisements show, are none.
fn social_numbers(text: &str) -> Option<(usize, usize)> {
    let fits = |at: &usize| {
        let digits = text.as_bytes().get(*at..at.saturating_add(SOCIAL.len()))?;
        let fits = digits.iter().zip(SOCIAL.bytes()).all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            _ => *byte == form,
        });
        let part = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        let apart = !part(at.checked_sub(1).and_then(|before| text.as_bytes().get(before)))
            && !part(text.as_bytes().get(at.saturating_add(SOCIAL.len())));
        let written = std::str::from_utf8(digits).ok()?;
        let nobody = ["000", "666", "9"].iter().any(|area| written.starts_with(area))
            || matches!(written, "123-45-6789" | "078-05-1120" | "111-11-1111" | "219-09-9999")
            || written.contains("-00-")
            || written.ends_with("-0000");
        (fits && apart && !nobody).then_some(())
    };
    let mut places = memchr::memchr_iter(b'-', text.as_bytes())
        .filter_map(|dash| dash.checked_sub(3))
        .filter(|at| fits(at).is_some());
    let first = places.next()?;
    Some((first, places.count().saturating_add(1)))
}

/// Accounts of images and hosted notebooks, which name nobody.
const SHARED: &[&str] = &[
    "user",
    "ubuntu",
    "jovyan",
    "runner",
    "app",
    "ec2-user",
    "username",
    "root",
    "vscode",
    "sagemaker-user",
    "shared",
    "public",
    "docker",
    "you",
    "me",
];

#[cfg(test)]
mod tests {
    use super::social_numbers;

    #[test]
    fn numbers_of_people_are_told_by_their_form() {
        assert_eq!(social_numbers("0  A B  1961-03-09  528-41-7791\n1  C D  312-55-8801\n"), Some((20, 2)));
        for text in
            ["1961-03-09", "123-45-6789", "528-41-77912", "a528-41-7791", "000-12-3456", "2024-528-41-7791"]
        {
            assert_eq!(social_numbers(text), None, "{text}");
        }
    }
}
