//! Models that a project forbids or is limited to: the `[models]` table of `bartizan.toml`.
//!
//! An entry is a SHA-256 digest, or a name with `*` and `?`. Names are compared with the path of the file, with each
//! `folder/file` in it, with `owner/model` of a hub's cache, and with the names that the model declares.

use bartizan_core::{Finding, Kind, Severity, atlas, cwe, owasp_llm, owasp_ml, printable, rule};

rule! {
    /// ## What it finds
    /// A model that the `deny` list under `[models]` in `bartizan.toml` forbids, by digest, by path or by name.
    /// ## Why it matters
    /// The project has decided that it must not be used: it was found malicious, withdrawn, or its terms do not fit.
    /// ## Example
    /// `deny = ["sha256:9f86d0…", "somebody/*"]`
    /// ## How to fix
    /// Remove the model, or the entry if the decision has changed.
    /// ## References
    /// - MITRE ATLAS AML.M0023, AI Bill of Materials
    pub const MODEL_DENIED: Rule = Rule {
        id: "model/denied",
        title: "a model that this project forbids",
        severity: Severity::High,
        remedy: "Remove the model, or the entry under `[models]` if the decision has changed.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(1357), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A model that the `allow` list under `[models]` in `bartizan.toml` does not name.
    /// ## Why it matters
    /// A project that lists what it may use wants to know of whatever else turns up.
    /// ## Example
    /// `allow = ["mistralai/*"]` and a checkpoint in another folder.
    /// ## How to fix
    /// Remove the model, or add it once it was reviewed; a digest is the safest entry.
    /// ## References
    /// - MITRE ATLAS AML.M0023, AI Bill of Materials
    pub const MODEL_NOT_ALLOWED: Rule = Rule {
        id: "model/not-allowed",
        title: "a model that this project does not list",
        severity: Severity::High,
        remedy: "Remove the model, or add its digest under `[models]` once it was reviewed.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(1357), owasp_llm("LLM03"), owasp_ml("ML06")],
    };
}

/// Rules of this room.
pub(crate) const RULES: &[&bartizan_core::Rule] = &[&MODEL_DENIED, &MODEL_NOT_ALLOWED];

/// Both lists, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelLists {
    deny: Vec<Entry>,
    allow: Vec<Entry>,
}

/// Why an entry could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// `sha256:` without the digits of a digest behind it.
    #[error("`{entry}` is no SHA-256 digest: write `sha256:` and 64 hexadecimal digits")]
    Digest {
        /// The entry.
        entry: String,
    },
    /// An entry of nothing, which would match everything or nothing.
    #[error("an entry under `[models]` is empty: write a name, a pattern with `*`, or a digest")]
    Empty,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// Sixty-four digits in lower case.
    Digest(String),
    Name(String),
}

/// One file, as the lists see it.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// Its path as reports spell it.
    pub uri: &'a str,
    /// Its SHA-256 in hexadecimal, when it could be read.
    pub sha256: Option<&'a str>,
    /// What sort of artifact it is.
    pub kind: Kind,
    /// Names that it declares for itself.
    pub names: &'a [String],
}

impl ModelLists {
    /// Reads the entries of both lists.
    ///
    /// # Errors
    /// [`EntryError`] about the first entry that is neither a digest nor a name.
    pub fn new(deny: &[String], allow: &[String]) -> Result<Self, EntryError> {
        let read =
            |entries: &[String]| entries.iter().map(|entry| Entry::read(entry)).collect::<Result<_, _>>();
        Ok(Self { deny: read(deny)?, allow: read(allow)? })
    }

    /// Whether there is anything to judge by.
    pub fn is_empty(&self) -> bool {
        self.deny.is_empty() && self.allow.is_empty()
    }

    /// What the lists say against `subject`. What is on both is forbidden; only models have to be allowed.
    pub fn judge(&self, subject: &Subject<'_>) -> Option<Finding> {
        let names = subject.spellings();
        if let Some((entry, what)) =
            self.deny.iter().find_map(|entry| Some((entry, entry.matches(subject, &names)?)))
        {
            let message = format!("{what} is forbidden by `{}` under `[models] deny`", entry.shown());
            return Some(Finding::new(&MODEL_DENIED, message).evidence(what));
        }
        if subject.kind != Kind::Model
            || self.allow.is_empty()
            || self.allow.iter().any(|entry| entry.matches(subject, &names).is_some())
        {
            return None;
        }
        let message = "the model is not listed under `[models] allow`";
        Some(Finding::new(&MODEL_NOT_ALLOWED, message).evidence(subject.sha256.unwrap_or_default()))
    }
}

impl Entry {
    fn read(entry: &str) -> Result<Self, EntryError> {
        let text = entry.trim();
        let is_digest =
            |digits: &str| digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match text.strip_prefix("sha256:") {
            Some(digits) if is_digest(digits) => Ok(Self::Digest(digits.to_ascii_lowercase())),
            Some(_) => Err(EntryError::Digest { entry: printable(text, 100) }),
            None if is_digest(text) => Ok(Self::Digest(text.to_ascii_lowercase())),
            None if text.is_empty() => Err(EntryError::Empty),
            None => Ok(Self::Name(text.to_owned())),
        }
    }

    /// What of the subject the entry matches.
    fn matches(&self, subject: &Subject<'_>, names: &[String]) -> Option<String> {
        match self {
            Self::Digest(digest) => subject
                .sha256
                .filter(|known| known.eq_ignore_ascii_case(digest))
                .map(|known| format!("sha256:{known}")),
            Self::Name(pattern) => names.iter().find(|name| matches_glob(pattern, name)).cloned(),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Digest(digest) => format!("sha256:{digest}"),
            Self::Name(name) => printable(name, 200),
        }
    }
}

impl Subject<'_> {
    /// Every way in which the subject may be named.
    fn spellings(&self) -> Vec<String> {
        let uri = self.uri.replace('\\', "/");
        let parts: Vec<&str> = uri.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let mut names: Vec<String> = vec![uri.clone()];
        names.extend(parts.last().map(|last| (*last).to_owned()));
        names.extend(parts.windows(2).map(|pair| pair.join("/")));
        names.extend(parts.iter().filter_map(|part| hub_name(part)));
        names.extend(self.names.iter().cloned());
        names
    }
}

/// `owner/model` of a folder in a hub's cache, which is called `models--owner--model`.
pub(crate) fn hub_name(folder: &str) -> Option<String> {
    let (owner, model) = folder.strip_prefix("models--")?.split_once("--")?;
    Some(format!("{owner}/{model}"))
}

/// Whether `text` matches `pattern`, in which `*` is any run of characters and `?` any one. Upper and lower case of ASCII are
/// the same: hubs take them for the same. Time: the product of both lengths at worst, without recursion.
fn matches_glob(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0usize, 0usize);
    // The last star met, and where the text it stands for ends so far.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&c) = text.get(from) {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at = at.saturating_add(1);
            }
            Some(&p) if p == '?' || p.eq_ignore_ascii_case(&c) => {
                at = at.saturating_add(1);
                from = from.saturating_add(1);
            }
            _ => {
                let Some((back, taken)) = star else { return false };
                star = Some((back, taken.saturating_add(1)));
                (at, from) = (back.saturating_add(1), taken.saturating_add(1));
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn judge(deny: &[&str], allow: &[&str], uri: &str, names: &[&str]) -> Option<&'static str> {
        let strings = |list: &[&str]| list.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
        let lists = ModelLists::new(&strings(deny), &strings(allow)).unwrap();
        let digest = "ab".repeat(32);
        let names = strings(names);
        let subject = Subject { uri, sha256: Some(&digest), kind: Kind::Model, names: &names };
        lists.judge(&subject).map(|finding| finding.rule.id)
    }

    #[test]
    fn a_model_is_denied_by_digest_path_hub_name_or_declared_name() {
        let digest = format!("sha256:{}", "AB".repeat(32));
        for (entry, uri, names) in [
            (digest.as_str(), "m.pt", &[][..]),
            ("evil/*", "models/evil/m.pt", &[]),
            ("evil/*", "hub/models--evil--bert/snapshots/1/m.pt", &[]),
            ("Evil/Bert", "config.json", &["evil/bert"]),
            ("*.pkl", "a/b/m.pkl", &[]),
        ] {
            assert_eq!(judge(&[entry], &[], uri, names), Some(MODEL_DENIED.id), "{entry} {uri}");
        }
        assert_eq!(judge(&["evil/*"], &[], "good/m.pt", &["good/bert"]), None);
    }

    #[test]
    fn what_is_not_allowed_is_told_and_deny_comes_first() {
        assert_eq!(judge(&[], &["good/*"], "bad/m.pt", &[]), Some(MODEL_NOT_ALLOWED.id));
        assert_eq!(judge(&[], &["good/*"], "good/m.pt", &[]), None);
        assert_eq!(judge(&["*.pt"], &["good/*"], "good/m.pt", &[]), Some(MODEL_DENIED.id));
        assert_eq!(judge(&[], &[], "any/m.pt", &[]), None);
    }

    #[test]
    fn only_models_have_to_be_allowed() {
        let lists = ModelLists::new(&[], &["good/*".to_owned()]).unwrap();
        let subject = Subject { uri: "README.md", sha256: None, kind: Kind::Other, names: &[] };
        assert_eq!(lists.judge(&subject), None);
    }

    #[test]
    fn an_entry_that_is_nothing_is_refused() {
        let read = |entry: &str| ModelLists::new(&[entry.to_owned()], &[]).unwrap_err();
        assert_eq!(read("sha256:12"), EntryError::Digest { entry: "sha256:12".to_owned() });
        assert_eq!(read("  "), EntryError::Empty);
    }

    #[test]
    fn stars_stand_for_any_run() {
        for (pattern, text, fits) in [
            ("a*c", "abbc", true),
            ("a*c", "ab", false),
            ("*", "", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b", "xaxb", true),
        ] {
            assert_eq!(matches_glob(pattern, text), fits, "{pattern} {text}");
        }
    }

    proptest! {
        #[test]
        fn a_text_matches_itself_and_any_pattern_ends(text in "[a-c/]{0,12}", pattern in "[a-c*?/]{0,12}") {
            prop_assert!(matches_glob(&text, &text));
            let _ = matches_glob(&pattern, &text);
        }
    }
}
