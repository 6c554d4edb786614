//! The checks of one policy, made once and used for any number of exchanges from any number of threads.

use super::conversation::Conversation;
use super::corpus::CorpusError;
use super::findings::Findings;
use super::judgement::Judgement;
use super::policy::Policy;
use super::registry::REGISTRY;
use super::schema::SchemaError;
use super::session::Session;
use super::stream::Reader;
use super::topics::TopicError;
use crate::exchange::{Exchange, ToolCall};
use bartizan_text::TextError;
use bartizan_text::injection::judge::JudgeError;
use bartizan_text::injection::rates::RateError;
use std::cell::OnceCell;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// Why a policy gives no checks.
#[derive(Debug, Error)]
pub enum ChecksError {
    /// A file that the policy names cannot be read.
    #[error("{} cannot be read: {error}; the policy names it", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A setting that could have no effect, or another than it seems to.
    #[error("{key}: {problem}")]
    Setting {
        /// Its key.
        key: String,
        /// What is wrong, and what to write.
        problem: String,
    },
    /// A schema cannot be used.
    #[error("{subject}: {error}")]
    Schema {
        /// Where the schema stands.
        subject: String,
        /// Why.
        error: SchemaError,
    },
    /// A topic that cannot be told.
    #[error("topic {topic}: {error}")]
    Topic {
        /// The topic.
        topic: String,
        /// Why.
        error: TopicError,
    },
    /// A canary that cannot be looked for.
    #[error(
        "canary {number} of the policy is too short or one too many; at least ten letters and digits, at most 20,000"
    )]
    Canary {
        /// Its number, from nought.
        number: usize,
    },
    /// A filter of protected texts that cannot be used.
    #[error("{}: {error}", path.display())]
    Corpus {
        /// The file.
        path: PathBuf,
        /// Why.
        error: CorpusError,
    },
    /// The lists of the policy are too large.
    #[error("the automaton over the words of the policy could not be built; use fewer words")]
    Automaton(#[from] aho_corasick::BuildError),
    /// A rate of false positives for which there is no score.
    #[error("injection: {0}")]
    Rate(#[from] RateError),
    /// More is to be blocked than flagged.
    #[error(
        "injection: more would be blocked (block-false-positives = {block}) than flagged (false-positives = {flag}); give the smaller rate for blocking"
    )]
    Rates {
        /// Share of harmless texts flagged, from 0 to 1.
        flag: f64,
        /// Share of harmless texts blocked, from 0 to 1.
        block: f64,
    },
    /// The classifier of injections cannot be built.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The detector of credentials and personal data cannot be built.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Reads a file that the policy names.
pub(crate) type Files<'f> = &'f dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// A check, unless the policy does without it.
pub(crate) type Made = Option<Box<dyn Check>>;

/// A request as the checks see it.
#[derive(Debug)]
pub(crate) struct Request<'r> {
    pub(crate) exchange: &'r Exchange<'r>,
    pub(crate) session: &'r Session,
    conversation: OnceCell<Arc<Conversation>>,
}

impl<'r> Request<'r> {
    /// A request in its session.
    pub(crate) fn new(exchange: &'r Exchange<'r>, session: &'r Session) -> Self {
        Self { exchange, session, conversation: OnceCell::new() }
    }

    /// What was said so far, to keep.
    pub(crate) fn conversation(&self) -> Arc<Conversation> {
        Arc::clone(self.conversation.get_or_init(|| Arc::new(Conversation::of(self.exchange))))
    }
}

/// One check.
pub(crate) trait Check: Debug + Send + Sync {
    /// Judges a request.
    fn request(&self, _request: &Request<'_>, _findings: &mut Findings) {}

    /// What of a request cannot be judged and is not to pass, and what to do about it, for people.
    fn unread(&self, _request: &Exchange<'_>) -> Option<&'static str> {
        None
    }

    /// Whether judging a request takes milliseconds.
    fn takes_long(&self) -> bool {
        false
    }

    /// A reader for the answer to a request, if the check reads answers.
    fn reader(&self, _request: &Request<'_>) -> Option<Box<dyn Reader>> {
        None
    }

    /// A judge of the calls in the answer to a request, if the check judges calls.
    fn caller(&self, _request: &Request<'_>) -> Option<Box<dyn Caller>> {
        None
    }
}

/// Judges calls of tools.
pub(crate) trait Caller: Debug + Send + Sync {
    /// Judges a call; changes go to [`Place::Call`](super::findings::Place::Call) 0.
    fn call(&self, call: &ToolCall<'_>, findings: &mut Findings);
}

/// The checks of one policy.
#[derive(Debug)]
pub struct Checks {
    checks: Vec<Box<dyn Check>>,
}

impl Checks {
    /// The checks that a policy asks for; `files` reads the files it names.
    ///
    /// # Errors
    /// [`ChecksError`] names what of the policy cannot be used.
    pub fn new(policy: &Policy, files: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Self, ChecksError> {
        let mut checks = Vec::new();
        for make in REGISTRY {
            checks.extend(make(policy, files)?);
        }
        Ok(Self { checks })
    }

    /// Each check, in order.
    pub(crate) fn each(&self) -> impl Iterator<Item = &dyn Check> {
        self.checks.iter().map(AsRef::as_ref)
    }

    /// Whether judging a request takes milliseconds, also when it is short.
    pub fn takes_long(&self) -> bool {
        self.checks.iter().any(|check| check.takes_long())
    }

    /// What of a request cannot be judged and is not to pass, and what to do about it, for people.
    pub fn unread(&self, request: &Exchange<'_>) -> Option<&'static str> {
        self.checks.iter().find_map(|check| check.unread(request))
    }

    /// Judges a request. Values that are replaced by tokens are remembered in the session.
    pub fn request(&self, exchange: &Exchange<'_>, session: &Session) -> Judgement {
        let mut findings = Findings::default();
        let request = Request::new(exchange, session);
        for check in &self.checks {
            check.request(&request, &mut findings);
        }
        findings.judgement(exchange)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::check::findings::quoted;
    use crate::exchange::{Part, Role, ToolCall};
    use std::borrow::Cow;

    /// The checks of a policy in TOML that names no files.
    pub(crate) fn checks(toml: &str) -> Checks {
        let policy = toml::from_str(toml).unwrap_or_else(|error| panic!("{error}"));
        Checks::new(&policy, &|_| Err(io::Error::from(io::ErrorKind::NotFound))).unwrap()
    }

    /// A body that is a list of texts.
    pub(crate) fn exchange(texts: &[(Role, &str)]) -> Exchange<'static> {
        let mut body = "[".to_owned();
        let mut parts = Vec::new();
        for (number, (role, text)) in texts.iter().enumerate() {
            let start = body.len();
            body.push_str(&quoted(text));
            let (span, pointer) = (start..body.len(), format!("/{number}"));
            parts.push(Part { role: *role, pointer, span, text: Cow::Owned((*text).to_owned()) });
            body.push(',');
        }
        body.push_str("0]");
        Exchange { body: body.leak().as_bytes(), parts, ..Exchange::default() }
    }

    /// A body that is the arguments of one call.
    pub(crate) fn call(name: &str, arguments: &str) -> Exchange<'static> {
        let body: &'static str = arguments.to_owned().leak();
        let call = ToolCall {
            name: Cow::Owned(name.to_owned()),
            arguments: Cow::Borrowed(body),
            pointer: String::new(),
            span: 0..body.len(),
            encoded: false,
            after: 0,
        };
        Exchange { body: body.as_bytes(), calls: vec![call], ..Exchange::default() }
    }

    /// The body after the edits.
    pub(crate) fn with_edits(exchange: &Exchange<'_>, judgement: &Judgement) -> String {
        let mut body = String::from_utf8(exchange.body.to_vec()).unwrap();
        for edit in judgement.edits.iter().rev() {
            body.replace_range(edit.span.clone(), &edit.replacement);
        }
        body
    }

    #[test]
    fn unknown_settings_are_refused() {
        assert!(toml::from_str::<Policy>("[injections]").is_err());
        assert!(toml::from_str::<Policy>("[injection]\nthreshold = 1").is_err());
    }

    #[test]
    fn edits_of_a_body_are_apart_and_in_order() {
        let exchange = exchange(&[
            (Role::User, "a@b.example.org"),
            (Role::Assistant, "no"),
            (Role::User, "c@d.example.org and e@f.example.org"),
        ]);
        let judgement =
            checks("[personal-data]\ninput = 'redact'").request(&exchange, &Session::new([0; 32]));
        let after = with_edits(&exchange, &judgement);
        assert_eq!(after, r#"["[EMAIL_ADDRESS]","no","[EMAIL_ADDRESS] and [EMAIL_ADDRESS]",0]"#);
    }

    #[test]
    fn a_stopped_request_is_not_edited() {
        let toml = "[personal-data]\ninput = 'redact'\n[budget]\nmessage-bytes = 3";
        let judgement =
            checks(toml).request(&exchange(&[(Role::User, "a@b.example.org")]), &Session::new([0; 32]));
        assert_eq!(judgement.edits, []);
    }

    static TOKENS: std::sync::LazyLock<Checks> =
        std::sync::LazyLock::new(|| checks("[personal-data]\ninput = 'tokens'\nscore = 0.1"));

    proptest::proptest! {
        #[test]
        fn any_text_is_judged_and_every_edit_leaves_json(texts in proptest::collection::vec("\\PC{0,60}", 0..4)) {
            let texts: Vec<(Role, &str)> = texts.iter().map(|text| (Role::User, text.as_str())).collect();
            let exchange = exchange(&texts);
            let judgement = TOKENS.request(&exchange, &Session::new([0; 32]));
            let after = with_edits(&exchange, &judgement);
            proptest::prop_assert!(serde_json::from_str::<serde_json::Value>(&after).is_ok(), "{}", after);
        }
    }
}
