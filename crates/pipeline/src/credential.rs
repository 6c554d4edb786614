//! What all findings about credentials share, whatever language they stand in: what of their place is the credential ([`values`], for
//! reports to mask), and how bad they are where they stand ([`graded`]).

use crate::Text;
use bartizan_core::{Confidence, Finding, Severity};
use std::ops::Range;

/// `finding`, about a credential at the bytes `span` of `text`, graded by where it stands.
///
/// What tests, examples and documents hold is made for them, unless an issuer's form tells it: that is real wherever it stands. Keys are
/// drawn for tests all the time. A key that a page gives to every reader is public by design.
pub(crate) fn graded(finding: Finding, text: &Text<'_>, span: &Range<usize>) -> Finding {
    let seen = text.content.get(span.clone()).unwrap_or_default();
    let mut most = Severity::Critical;
    if is_for_tests(text) && (finding.confidence < Confidence::High || seen.starts_with("-----BEGIN ")) {
        most = Severity::Low;
    }
    if is_of_a_page(text, span, seen) {
        let remedy = "Restrict the key to the sites and interfaces that use it; give what must stay secret to a server.";
        return severity_at_most(finding, Severity::Low).remedy(remedy);
    }
    severity_at_most(finding, most)
}

fn severity_at_most(finding: Finding, most: Severity) -> Finding {
    let severity = finding.severity.min(most);
    finding.severity(severity)
}

/// Whether a text lies where tests, examples and documents keep what they need, below the folder that is looked through.
pub(crate) fn is_for_tests(text: &Text<'_>) -> bool {
    let below = text
        .place
        .and_then(|(path, root)| path.strip_prefix(root).ok()?.to_str())
        .filter(|below| !below.is_empty());
    below
        .unwrap_or(text.name)
        .to_ascii_lowercase()
        .split(['/', '\\'])
        .any(|part| part.split(['_', '-', '.']).any(|word| FOR_TESTS.contains(&word)))
}

/// Words of the names of such folders and files.
const FOR_TESTS: &[&str] = &[
    "test", "tests", "testing", "testdata", "spec", "specs", "e2e", "fixture", "fixtures", "example",
    "examples", "sample", "samples", "docs", "mock", "mocks",
];

/// Whether the credential `seen` at `span` is a key of Google's that a page or an app gives to whoever opens it: Firebase and Maps know the
/// caller by it, and let it do nothing by itself. Source: <https://firebase.google.com/docs/projects/api-keys>.
fn is_of_a_page(text: &Text<'_>, span: &Range<usize>, seen: &str) -> bool {
    let Some(at) = seen.find("AIza") else { return false };
    if matches!(text.file_name(), "google-services.json" | "GoogleService-Info.plist") {
        return true;
    }
    let at = span.start.saturating_add(at);
    let line = text.line(text.line_column(at).0);
    let line = line.get(..line.floor_char_boundary(LINE)).unwrap_or_default().to_ascii_lowercase();
    if ["gemini", "genai", "generativelanguage", "palm", "vertex"].iter().any(|model| line.contains(model)) {
        // Whoever has a key to a model asks it at the owner's expense.
        return false;
    }
    let from = text.content.floor_char_boundary(at.saturating_sub(NEAR));
    let to = text.content.ceil_char_boundary(at.saturating_add(NEAR).min(text.content.len()));
    let near = text.content.get(from..to).unwrap_or_default();
    PUBLIC_NAMES.iter().any(|name| line.contains(name)) || OF_PAGES.iter().any(|mark| near.contains(mark))
}

/// Bytes of a line, and before and behind a key, in which what it is for is looked for.
const LINE: usize = 512;
const NEAR: usize = 600;
/// Parts of the names of variables that builds of pages give to every reader, in small letters.
const PUBLIC_NAMES: &[&str] = &[
    "next_public_",
    "vite_",
    "react_app_",
    "expo_public_",
    "gatsby_",
    "nuxt_public_",
    "vue_app_",
    "firebase",
];
/// What stands beside the key of a page or an app.
const OF_PAGES: &[&str] = &[
    "authDomain",
    "messagingSenderId",
    "firebaseapp.com",
    "firebaseConfig",
    "initializeApp",
    "maps.googleapis.com/maps/api/js",
];

/// The values in `seen`, the bytes that a finding about a credential points at: what is assigned, given to an option, or stands
/// alone; of an address its password. References to where the credential is kept are none, nor are the words of a command or call that
/// holds one.
pub(crate) fn values(seen: &str) -> Vec<&str> {
    if seen.starts_with("-----BEGIN ") {
        // A key: known by its lines, of which a report shows none.
        return vec![seen];
    }
    let seen = seen.get(..seen.floor_char_boundary(MOST)).unwrap_or(seen);
    let mark = |mark: char| mark.is_whitespace() || matches!(mark, '"' | '\'' | '`' | ',' | ';' | '(' | ')');
    let words = || seen.split(mark).filter(|word| !word.is_empty());
    let of_many = words().count() > FEW;
    words()
        .map(value)
        .filter(|value| !(value.starts_with(['$', '-']) || value.contains("${") || value.contains("{{")))
        .filter(|value| value.chars().any(char::is_alphanumeric) && (!of_many || is_drawn(value)))
        .collect()
}

/// What a word gives: behind `=`, or between `user:` and `@host`, else the whole of it.
fn value(word: &str) -> &str {
    if let Some((_, rest)) = word.split_once("://")
        && let Some((login, _)) = rest.rsplit_once('@')
    {
        return login.split_once(':').map_or(login, |(_, password)| password);
    }
    let name = |name: &str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    match word.split_once('=') {
        // The end of Base64 is no value.
        Some((before, after)) if name(before) && !after.trim_matches('=').is_empty() => after,
        _ => word,
    }
}

/// Words of a value at most; more are a command or a call.
const FEW: usize = 3;

/// Whether a word of many may be the credential among them: long enough, of letters and digits, and no address.
fn is_drawn(word: &str) -> bool {
    word.len() >= 6
        && word.bytes().any(|byte| byte.is_ascii_digit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
        && !word.contains("://")
}

/// Bytes looked at: a place is a value or a line, and keys are found by their form.
const MOST: usize = 8 << 10;

#[cfg(test)]
mod tests {
    use super::values;
    use crate::testing::graded;
    use bartizan_core::Severity::{self, High, Low};

    /// Joined, so that no scanner of this repository takes the fixtures for real ones.
    fn token(mark: &str, rest: &str) -> String {
        format!("{mark}{rest}")
    }

    fn severities(name: &str, content: &str) -> Vec<Severity> {
        graded(name, content, "pipeline/secret")
    }

    #[test]
    fn credentials_for_tests_are_graded_alike_in_every_language() {
        let drawn = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d";
        let issued = token("hf_", "AbCdEfGhIjKlMnOpQrStUvWxYz01234567");
        for (name, named, formed) in [
            ("a.py", format!("api_key = '{drawn}'\n"), format!("a = '{issued}'\n")),
            ("a.ts", format!("const apiKey = '{drawn}';\n"), format!("const a = '{issued}';\n")),
            ("a.sh", format!("export API_KEY={drawn}\n"), format!("export A={issued}\n")),
            ("a.yaml", format!("api_key: {drawn}\n"), format!("a: {issued}\n")),
            ("a.env", format!("API_KEY={drawn}\n"), format!("A={issued}\n")),
            ("Dockerfile", format!("FROM a\nENV API_KEY={drawn}\n"), format!("FROM a\nENV A={issued}\n")),
            (
                "a.tf",
                format!("provider \"a\" {{\n  token = \"{drawn}\"\n}}\n"),
                format!("provider \"a\" {{\n  token = \"{issued}\"\n}}\n"),
            ),
        ] {
            for folder in ["tests", "docs", "examples", "src/__tests__"] {
                let path = format!("{folder}/{name}");
                assert_eq!(severities(&path, &named), [Low], "{path}");
                assert_eq!(severities(&path, &formed), [High], "{path}");
            }
            assert_eq!(severities(&format!("src/{name}"), &named), [High], "{name}");
        }
        assert_eq!(severities("docs/a.md", &format!("use {issued}\n")), [High]);
    }

    #[test]
    fn a_key_that_a_page_gives_to_everyone_is_low_and_one_of_a_model_is_not() {
        let key = token("AIza", "SyB7kQ9xLm2Pz4RtVw8YcNd1Ef5Gh3Jk6Mn");
        for (name, content) in [
            (
                "src/firebase.ts",
                format!(
                    "export const app = initializeApp({{\n  apiKey: \"{key}\",\n  authDomain: \"a.firebaseapp.com\",\n}});\n"
                ),
            ),
            (".env", format!("NEXT_PUBLIC_FIREBASE_API_KEY={key}\n")),
            (
                "index.html",
                format!("<script src=\"https://maps.googleapis.com/maps/api/js?key={key}\"></script>\n"),
            ),
            ("android/app/google-services.json", format!("{{\"current_key\": \"{key}\"}}\n")),
        ] {
            assert_eq!(severities(name, &content), [Low], "{name}");
        }
        for (name, content) in [
            (".env", format!("GEMINI_API_KEY={key}\n")),
            (".env", format!("VITE_GEMINI_API_KEY={key}\n")),
            ("a.py", format!("genai.configure(api_key='{key}')\n")),
        ] {
            assert_eq!(severities(name, &content), [High], "{name}");
        }
    }

    #[test]
    fn values_are_what_is_given_and_not_the_name_it_is_given_to() {
        assert_eq!(values("HF_TOKEN=hf_abc"), ["hf_abc"]);
        assert_eq!(values("--password='S3cr3t x'"), ["S3cr3t", "x"]);
        assert_eq!(values("postgresql://ml:S3cr3t@db/m"), ["S3cr3t"]);
        assert_eq!(values("c2VjcmV0cw=="), ["c2VjcmV0cw=="]);
        assert_eq!(values("-----BEGIN A KEY-----\nMHcC"), ["-----BEGIN A KEY-----\nMHcC"]);
        assert_eq!(values("TOKEN=$TOKEN"), [] as [&str; 0]);
        assert_eq!(values("${{ secrets.TOKEN }}"), ["secrets.TOKEN"]);
        let call =
            "subprocess.run(\"curl -H 'X: sk-proj-Ab1' https://x.example/train2.sh | sh\", shell=True)";
        assert_eq!(values(call), ["sk-proj-Ab1"]);
    }
}
