//! What all findings about credentials share, whatever language they stand in: what of their place is the credential ([`values`], for
//! reports to mask), and how bad they are where they stand ([`graded`]).

use crate::Text;
use crate::settings_passwords::{is_of_words, words};
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
    let sure = finding.confidence >= Confidence::High;
    if is_of_a_page(text, span, seen) || is_public(text, span, seen, sure) {
        let remedy = "Restrict the key to the sites and interfaces that use it; give what must stay secret to a server.";
        return severity_at_most(finding, Severity::Low).remedy(remedy);
    }
    if !sure && is_for_people(text, span) {
        most = Severity::Low;
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

/// Whether the credential `seen` at `span` is one that its issuer means for everybody to see: by the name it is given to, unless it is
/// `sure` to be another's, or by its form.
///
/// Sources: the documentation of reCAPTCHA, Turnstile and hCaptcha ("site key"), of Stripe, Clerk and Supabase ("publishable key", "anon
/// key"), of Algolia ("search-only API key"), PostHog ("project API key"), Mapbox ("public tokens"), Sentry ("DSN"), of Web Push (VAPID,
/// RFC 8292) and of OAuth (RFC 6749, 2.2: "The client identifier is not a secret").
fn is_public(text: &Text<'_>, span: &Range<usize>, seen: &str, sure: bool) -> bool {
    let value = value(seen.trim_matches(|c: char| matches!(c, '"' | '\'' | '`') || c.is_whitespace()));
    let formed = PUBLIC_FORMS.iter().any(|form| value.starts_with(form))
        || value.ends_with(".apps.googleusercontent.com")
        || is_address_of_sentry(value);
    if formed {
        return true;
    }
    let words = words(&given_to(text, span, seen));
    let has = |word: &str| words.iter().any(|one| one == word);
    let is_key = words.last().is_some_and(|last| last.ends_with("key") || last == "token");
    if !is_key || ["secret", "private", "admin", "write", "server"].iter().any(|word| has(word)) {
        return false;
    }
    if has("anon") && value.starts_with("eyJ") {
        return true;
    }
    // Keys of pages and of servers have one form.
    let of_site = has("sitekey") || has("site");
    let named = of_site || ["publishable", "public", "anon"].iter().any(|word| has(word));
    of_site || named && !sure || is_of_search(text, span, &words)
}

/// Beginnings of what is public whatever it is called: keys of Stripe and Clerk, PostHog, and Mapbox.
const PUBLIC_FORMS: &[&str] = &["pk_live_", "pk_test_", "phc_", "pk.eyJ"];

/// Whether `value` is the address at which Sentry takes reports: a key and no password before the host.
fn is_address_of_sentry(value: &str) -> bool {
    let Some((login, host)) = value.strip_prefix("https://").and_then(|rest| rest.split_once('@')) else {
        return false;
    };
    login.len() == 32 && login.bytes().all(|byte| byte.is_ascii_hexdigit()) && host.contains("sentry")
}

/// Whether a key of these `words` is one that a page searches with: of a search service that gives keys of its own for that.
fn is_of_search(text: &Text<'_>, span: &Range<usize>, words: &[String]) -> bool {
    let has = |word: &str| words.iter().any(|one| one == word);
    let from = text.content.floor_char_boundary(span.start.saturating_sub(NEAR));
    let to = text.content.ceil_char_boundary(span.end.saturating_add(NEAR).min(text.content.len()));
    let near = || text.content.get(from..to).unwrap_or_default();
    let engines = ["algolia", "docsearch", "meilisearch", "typesense"];
    let of_engine = || {
        engines.iter().any(|engine| has(engine)) || {
            let near = near().to_ascii_lowercase();
            engines.iter().any(|engine| near.contains(engine))
        }
    };
    // What `docsearch` is given has no other name for it.
    let of_page = || near().contains("indexName") && near().contains("appId");
    has("search") && of_engine() || words.last().is_some_and(|last| last.contains("key")) && of_page()
}

/// The name that the value `seen` at `span` is given to, in it or before it on its line.
fn given_to(text: &Text<'_>, span: &Range<usize>, seen: &str) -> String {
    let within = seen.get(..seen.floor_char_boundary(LINE)).unwrap_or_default();
    let within = within.split_once(['=', ':']).map(|(name, _)| name);
    let from = text.content.floor_char_boundary(span.start.saturating_sub(LINE));
    let before = text.content.get(from..span.start).unwrap_or_default();
    let before = before.rsplit('\n').next().unwrap_or_default();
    let name = |written: &str| -> String {
        let sign = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ':' | '=' | '>' | '(' | '{');
        let end = written.trim_end_matches(sign);
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        end.get(end.trim_end_matches(part).len()..).unwrap_or_default().to_owned()
    };
    within.map(name).filter(|name| !name.is_empty()).unwrap_or_else(|| name(before))
}

/// Whether the value at `span` stands among texts for people: in a file of translations, or below a key of them.
fn is_for_people(text: &Text<'_>, span: &Range<usize>) -> bool {
    if is_of_words(text.name) {
        return true;
    }
    if !matches!(text.extension(), "yaml" | "yml" | "json") {
        return false;
    }
    let (line, _) = text.line_column(span.start);
    let indent = |line: &str| line.len().saturating_sub(line.trim_start().len());
    let mut least = indent(text.line(line));
    for above in (line.saturating_sub(ABOVE).max(1)..line).rev() {
        let written = text.line(above);
        if written.trim().is_empty() || indent(written) >= least {
            continue;
        }
        least = indent(written);
        let key = written.trim().trim_start_matches("- ").split(':').next().unwrap_or_default();
        let key = key.trim_matches(['"', '\'', ' ']).to_ascii_lowercase();
        if FOR_PEOPLE.contains(&key.as_str()) {
            return true;
        }
        if least == 0 {
            break;
        }
    }
    false
}

/// Lines above a value among which the keys around it are looked for.
const ABOVE: u32 = 200;
/// Keys below which texts for people stand, and the languages they are in.
const FOR_PEOPLE: &[&str] = &[
    "i18n",
    "l10n",
    "intl",
    "locale",
    "locales",
    "translation",
    "translations",
    "messages",
    "strings",
    "captions",
    "en",
    "de",
    "fr",
    "es",
    "it",
    "nl",
    "pt",
    "pl",
    "cs",
    "sv",
    "ja",
    "ko",
    "zh",
    "ru",
    "tr",
    "uk",
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
    fn what_an_issuer_shows_to_everyone_is_low_and_what_it_keeps_is_not() {
        let drawn = "Lc8Jq2xUAAPz77LmQ9rTtVwYb3NdKfHgSx5";
        for (name, content) in [
            ("values.yaml", format!("auth:\n  recaptchaSiteKey: 6{drawn}zA1\n")),
            ("app.yaml", format!("turnstile:\n  site_key: \"0x4{drawn}\"\n")),
            (".env", format!("NEXT_PUBLIC_HCAPTCHA_SITE_KEY={drawn}\n")),
            (".env", format!("VAPID_PUBLIC_KEY=B{drawn}{drawn}\n")),
            (".env", format!("STRIPE_PUBLISHABLE_KEY={drawn}\n")),
            (".env", format!("POSTHOG_API_KEY={}\n", token("phc_", drawn))),
            (".env", format!("ALGOLIA_SEARCH_API_KEY={}\n", "0a1b2c3d4e5f60718293a4b5c6d7e8f9")),
            (
                "docusaurus.config.js",
                "module.exports = { algolia: { appId: 'A1B2C3', apiKey: '0a1b2c3d4e5f60718293a4b5c6d7e8f9', indexName: 'a' } };\n"
                    .to_owned(),
            ),
        ] {
            assert!(severities(name, &content).iter().all(|one| *one == Low), "{content}");
        }
        for (name, content) in [
            ("values.yaml", format!("auth:\n  recaptchaSecretKey: 6{drawn}zA1\n")),
            (".env", format!("TURNSTILE_SECRET_KEY=0x4{drawn}\n")),
            (".env", format!("VAPID_PRIVATE_KEY={drawn}{drawn}\n")),
            (".env", "ALGOLIA_ADMIN_API_KEY=0a1b2c3d4e5f60718293a4b5c6d7e8f9\n".to_owned()),
            (".env", "AZURE_SEARCH_API_KEY=0a1b2c3d4e5f60718293a4b5c6d7e8f9\n".to_owned()),
            (".env", format!("PUBLIC_KEY={}\n", token("ghp_", "a8F3kd92LsQ0pZx7Vb6Nm1Wc4Ey5Ru2Ti9Oq"))),
        ] {
            assert!(severities(name, &content).contains(&High), "{content}");
        }
    }

    #[test]
    fn words_of_translations_are_low_wherever_they_stand() {
        for (name, content) in [
            ("values.yaml", "auth: x\ni18n:\n  de:\n    login:\n      password: Sommer-2024!\n"),
            ("app.yaml", "messages:\n  login:\n    host: Rechner\n    password: Sommer-2024!\n"),
        ] {
            assert!(severities(name, content).iter().all(|one| *one == Low), "{content}");
        }
        assert_eq!(severities("app.yaml", "login:\n  host: a.corp.net\n  password: Sommer-2024!\n"), [High]);
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
