//! The answer to a review: [`Webhook`].
//!
//! What was decided about a digest is remembered for a while, under the state it was decided in: the policy's digest and the
//! evidence's (the log's checkpoint and the trusted keys). Another state, and it is decided anew.

use super::metrics::Metrics;
use super::references::{Reference, Subject, named_in};
use super::resolve::Digests;
use super::review::{Answer, Operation, Review};
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// The time in milliseconds since some beginning, never going back.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Most decisions remembered; a cluster runs some hundreds of images and models.
const MOST_REMEMBERED: usize = 10_000;
/// Most reasons that a denial shows of one image or model.
const MOST_REASONS: usize = 4;

/// What was decided about a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may run.
    Allow,
    /// It may run, and somebody should look.
    Warn,
    /// It may not.
    Deny,
}

/// A decision, and what to tell of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// What was decided.
    pub verdict: Verdict,
    /// Why, in sentences; the heaviest first.
    pub reasons: Vec<String>,
    /// How long it may be remembered whatever the options say, in milliseconds: until something that it rests on ends by itself.
    pub holds_ms: Option<u64>,
}

/// Who decides about digests.
pub trait Judge: Send + Sync {
    /// A name for everything a decision rests on; another name means that decisions made under this one no longer hold.
    fn state(&self) -> String;

    /// Decides about the artifact with a digest, `sha256:…`.
    ///
    /// # Errors
    /// Why no decision could be made. Nothing is let in then.
    fn judge(&self, digest: &str) -> Result<Ruling, String>;
}

/// What is asked of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Images {
    /// As of models: a digest, and a verdict about it.
    #[default]
    Judged,
    /// A digest.
    Pinned,
    /// Nothing.
    Ignored,
}

/// How a webhook answers.
#[derive(Debug, Clone)]
pub struct Options {
    /// What is asked of images.
    pub images: Images,
    /// Whether what would be denied is let in with a warning.
    pub audit: bool,
    /// How long a decision is remembered, in milliseconds.
    pub remembered_ms: u64,
}

/// A webhook.
pub struct Webhook {
    judge: Box<dyn Judge>,
    options: Options,
    digests: RwLock<Digests>,
    remembered: Mutex<HashMap<String, Remembered>>,
    metrics: Metrics,
    clock: Clock,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Webhook({:?})", self.options)
    }
}

struct Remembered {
    state: String,
    at_ms: u64,
    ruling: Arc<Ruling>,
}

/// What a review comes to before anything is decided.
enum Asked {
    Answered(Answer),
    /// Digests to be judged, and what is wrong already.
    Digests(BTreeMap<String, Reference>, Vec<String>),
}

impl Webhook {
    /// A webhook that asks `judge`, and knows `digests` by name.
    pub fn new(judge: Box<dyn Judge>, options: Options, digests: Digests, clock: Clock) -> Self {
        Self {
            judge,
            options,
            digests: RwLock::new(digests),
            remembered: Mutex::new(HashMap::new()),
            metrics: Metrics::default(),
            clock,
        }
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Takes up another file of digests.
    pub fn know(&self, digests: Digests) {
        *self.digests.write().unwrap_or_else(PoisonError::into_inner) = digests;
    }

    /// The answer, when nothing has to be decided for it that was not decided before.
    pub fn answer_at_once(&self, review: &Review) -> Option<Answer> {
        match self.asked(review) {
            Asked::Answered(answer) => Some(answer),
            Asked::Digests(digests, problems) => {
                let state = self.judge.state();
                let now = (self.clock)();
                let mut rulings = Vec::with_capacity(digests.len());
                for (digest, reference) in digests {
                    let ruling = self.recalled(&digest, &state, now)?;
                    rulings.push((digest, reference, Ok(ruling)));
                }
                Metrics::add(&self.metrics.recalled, rulings.len());
                Some(self.concluded(review, rulings, problems))
            }
        }
    }

    /// The answer, however long it takes.
    pub fn answer(&self, review: &Review) -> Answer {
        match self.asked(review) {
            Asked::Answered(answer) => answer,
            Asked::Digests(digests, problems) => {
                let ruled = digests.into_iter().map(|(digest, reference)| {
                    let ruling = self.ruling(&digest);
                    (digest, reference, ruling)
                });
                let rulings = ruled.collect();
                self.concluded(review, rulings, problems)
            }
        }
    }

    /// The answer to a review that took too long.
    pub fn too_late(&self, review: &Review) -> Answer {
        self.denied(
            review,
            &["no decision was made in time; try again, and look at the webhook's log".to_owned()],
        )
    }

    fn recalled(&self, digest: &str, state: &str, now: u64) -> Option<Arc<Ruling>> {
        let remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        let found = remembered.get(digest)?;
        let kept_ms = found.ruling.holds_ms.unwrap_or(u64::MAX).min(self.options.remembered_ms);
        let holds = found.state == state && now.saturating_sub(found.at_ms) < kept_ms;
        holds.then(|| Arc::clone(&found.ruling))
    }

    fn ruling(&self, digest: &str) -> Result<Arc<Ruling>, String> {
        let state = self.judge.state();
        let now = (self.clock)();
        if let Some(ruling) = self.recalled(digest, &state, now) {
            Metrics::add(&self.metrics.recalled, 1);
            return Ok(ruling);
        }
        Metrics::add(&self.metrics.decided, 1);
        let ruling = Arc::new(self.judge.judge(digest)?);
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= MOST_REMEMBERED {
            let kept_ms = self.options.remembered_ms;
            remembered.retain(|_, each| each.state == state && now.saturating_sub(each.at_ms) < kept_ms);
        }
        if remembered.len() >= MOST_REMEMBERED {
            remembered.clear();
        }
        let entry = Remembered { state, at_ms: now, ruling: Arc::clone(&ruling) };
        remembered.insert(digest.to_owned(), entry);
        Ok(ruling)
    }

    fn asked(&self, review: &Review) -> Asked {
        if review.operation == Operation::Delete {
            return Asked::Answered(self.allowed(review, Vec::new(), BTreeMap::new()));
        }
        let named = match named_in(&review.object) {
            Ok(named) => named,
            Err(error) => {
                return Asked::Answered(
                    self.denied(review, &[format!("the object cannot be read: {error}")]),
                );
            }
        };
        if review.operation == Operation::Update
            && named_in(&review.old_object)
                .is_ok_and(|old| names(&old) == names(&named) && old.annotations == named.annotations)
        {
            // Nothing else will run than did: status, scale, finalizers. What runs anew comes as a Pod that is created.
            return Asked::Answered(self.allowed(review, Vec::new(), BTreeMap::new()));
        }
        if named.references.is_empty() && named.annotations.is_empty() {
            let kind = if review.kind.is_empty() { "object" } else { review.kind.as_str() };
            let message = format!(
                "this {kind} names no image and no model that the webhook knows how to find, so nothing can be said about it; leave \
                 its kind out of the webhook's rules, or name its model with the annotation {}",
                super::MODEL_DIGEST
            );
            return Asked::Answered(self.denied(review, &[message]));
        }
        let (mut digests, unresolved) =
            self.digests.read().unwrap_or_else(PoisonError::into_inner).resolve(&named);
        let asks = |subject: Subject, of: Images| subject == Subject::Model || self.options.images == of;
        digests.retain(|_, reference| asks(reference.subject, Images::Judged));
        let problems = unresolved
            .iter()
            .filter(|each| match each {
                super::Unresolved::NoDigest(reference) => {
                    reference.subject == Subject::Model || self.options.images != Images::Ignored
                }
                _ => true,
            })
            .map(ToString::to_string);
        Asked::Digests(digests, problems.collect())
    }

    fn concluded(
        &self,
        review: &Review,
        rulings: Vec<(String, Reference, Result<Arc<Ruling>, String>)>,
        mut problems: Vec<String>,
    ) -> Answer {
        let mut warnings = Vec::new();
        let mut annotations = BTreeMap::new();
        for (digest, reference, ruling) in rulings {
            let word = reference.subject.word();
            let text = bartizan_core::printable(&reference.text, 200);
            let verdict = match ruling {
                Err(error) => {
                    problems.push(format!(
                        "{word} `{text}` at {}: no decision could be made: {error}",
                        reference.place
                    ));
                    "error"
                }
                Ok(ruling) => {
                    let reasons = shortened(&ruling.reasons);
                    match ruling.verdict {
                        Verdict::Allow => "allow",
                        Verdict::Warn => {
                            warnings.push(format!("{word} `{text}`: {reasons}"));
                            "warn"
                        }
                        Verdict::Deny => {
                            problems
                                .push(format!("{word} `{text}` at {} is denied: {reasons}", reference.place));
                            "deny"
                        }
                    }
                }
            };
            // Keys of audit annotations are names; a digest's colon is none.
            annotations.insert(digest.replace(':', "-"), verdict.to_owned());
        }
        if problems.is_empty() {
            return self.allowed(review, warnings, annotations);
        }
        let mut answer = self.denied(review, &problems);
        answer.warnings.extend(warnings);
        answer.annotations.extend(annotations);
        answer
    }

    fn allowed(
        &self,
        review: &Review,
        warnings: Vec<String>,
        annotations: BTreeMap<String, String>,
    ) -> Answer {
        Metrics::add(&self.metrics.allowed, 1);
        Answer { uid: review.uid.clone(), allowed: true, message: String::new(), warnings, annotations }
    }

    fn denied(&self, review: &Review, problems: &[String]) -> Answer {
        let mut annotations = BTreeMap::new();
        if self.options.audit {
            Metrics::add(&self.metrics.audited, 1);
            annotations.insert("would".to_owned(), "deny".to_owned());
            let warnings = problems.iter().map(|problem| format!("would be denied: {problem}")).collect();
            return Answer {
                uid: review.uid.clone(),
                allowed: true,
                message: String::new(),
                warnings,
                annotations,
            };
        }
        Metrics::add(&self.metrics.denied, 1);
        let message = format!("bartizan: {}", problems.join("; "));
        Answer { uid: review.uid.clone(), allowed: false, message, warnings: Vec::new(), annotations }
    }
}

fn names(named: &super::Named) -> Vec<(Subject, &str)> {
    named.references.iter().map(|each| (each.subject, each.text.as_str())).collect()
}

/// The first of many reasons, as one text.
fn shortened(reasons: &[String]) -> String {
    let mut text = reasons.iter().take(MOST_REASONS).cloned().collect::<Vec<_>>().join(", ");
    let more = reasons.len().saturating_sub(MOST_REASONS);
    if more > 0 {
        text.push_str(&format!(", and {more} more"));
    }
    if text.is_empty() {
        text.push_str("the policy gives no reason");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

    /// Knows what is good, what is doubtful and what is bad by the first digit.
    struct ByDigit {
        asked: Arc<AtomicUsize>,
        state: Arc<AtomicU64>,
    }

    impl Judge for ByDigit {
        fn state(&self) -> String {
            self.state.load(Ordering::Relaxed).to_string()
        }

        fn judge(&self, digest: &str) -> Result<Ruling, String> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            let verdict = match digest.as_bytes().get(7) {
                Some(b'a') => Verdict::Allow,
                Some(b'b') => Verdict::Warn,
                Some(b'd') => Verdict::Deny,
                _ => return Err("the store is gone".to_owned()),
            };
            let holds_ms = (digest.as_bytes().get(8) == Some(&b'b')).then_some(100);
            Ok(Ruling { verdict, reasons: vec!["no scan".to_owned()], holds_ms })
        }
    }

    struct Bench {
        webhook: Webhook,
        asked: Arc<AtomicUsize>,
        state: Arc<AtomicU64>,
        now: Arc<AtomicU64>,
    }

    fn bench(images: Images, audit: bool) -> Bench {
        let (asked, state, now) = (Arc::default(), Arc::default(), Arc::new(AtomicU64::new(0)));
        let judge = ByDigit { asked: Arc::clone(&asked), state: Arc::clone(&state) };
        let time = Arc::clone(&now);
        let webhook = Webhook::new(
            Box::new(judge),
            Options { images, audit, remembered_ms: 1_000 },
            Digests::default(),
            Arc::new(move || time.load(Ordering::Relaxed)),
        );
        Bench { webhook, asked, state, now }
    }

    fn image(digit: char) -> String {
        format!("r/i@sha256:{}", digit.to_string().repeat(64))
    }

    fn pod(images: &[&str]) -> Review {
        let containers: Vec<Value> =
            images.iter().map(|image| json!({"name": "c", "image": image})).collect();
        Review {
            uid: "u".to_owned(),
            operation: Operation::Create,
            kind: "Pod".to_owned(),
            namespace: "n".to_owned(),
            name: "p".to_owned(),
            object: json!({"spec": {"containers": containers}}),
            old_object: Value::Null,
        }
    }

    #[test]
    fn what_the_judge_allows_is_let_in_and_one_bad_image_keeps_all_out() {
        let bench = bench(Images::Judged, false);
        assert!(bench.webhook.answer(&pod(&[&image('a')])).allowed);
        let warned = bench.webhook.answer(&pod(&[&image('b')]));
        assert!(warned.allowed && warned.warnings[0].contains("no scan"), "{warned:?}");
        let denied = bench.webhook.answer(&pod(&[&image('a'), &image('d')]));
        assert!(!denied.allowed && denied.message.contains("spec.containers[1].image is denied: no scan"));
        let failed = bench.webhook.answer(&pod(&[&image('e')]));
        assert!(!failed.allowed && failed.message.contains("the store is gone"));
        let tag = bench.webhook.answer(&pod(&["nginx:1"]));
        assert!(!tag.allowed && tag.message.contains("`nginx:1`") && tag.message.contains("@sha256"));
    }

    #[test]
    fn an_audit_lets_in_and_says_what_it_would_not() {
        let answer = bench(Images::Judged, true).webhook.answer(&pod(&["nginx:1"]));
        assert!(answer.allowed && answer.warnings[0].starts_with("would be denied: image `nginx:1`"));
        assert_eq!(answer.annotations["would"], "deny");
    }

    #[test]
    fn images_may_be_pinned_only_or_left_alone() {
        let pinned = bench(Images::Pinned, false).webhook;
        assert!(pinned.answer(&pod(&[&image('d')])).allowed && !pinned.answer(&pod(&["nginx:1"])).allowed);
        let ignored = bench(Images::Ignored, false).webhook;
        assert!(ignored.answer(&pod(&["nginx:1"])).allowed);
        let mut with_model = pod(&["nginx:1"]);
        with_model.object["spec"]["volumes"] = json!([{"image": {"reference": image('d')}}]);
        assert!(!ignored.answer(&with_model).allowed);
    }

    #[test]
    fn a_decision_is_remembered_until_it_is_old_or_the_evidence_is_another() {
        let Bench { webhook, asked, state, now } = bench(Images::Judged, false);
        let review = pod(&[&image('a')]);
        assert!(webhook.answer_at_once(&review).is_none());
        webhook.answer(&review);
        assert!(webhook.answer_at_once(&review).is_some_and(|answer| answer.allowed));
        webhook.answer(&review);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        state.store(1, Ordering::Relaxed);
        assert!(webhook.answer_at_once(&review).is_none());
        webhook.answer(&review);
        now.store(1_000, Ordering::Relaxed);
        webhook.answer(&review);
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        // What failed is asked again.
        webhook.answer(&pod(&[&image('e')]));
        webhook.answer(&pod(&[&image('e')]));
        assert_eq!(asked.load(Ordering::Relaxed), 5);
    }

    #[test]
    fn a_decision_that_rests_on_what_ends_is_not_remembered_beyond_that() {
        let Bench { webhook, asked, now, .. } = bench(Images::Judged, false);
        let review = pod(&[&image('b')]);
        webhook.answer(&review);
        now.store(99, Ordering::Relaxed);
        webhook.answer(&review);
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        now.store(100, Ordering::Relaxed);
        assert!(webhook.answer_at_once(&review).is_none());
        webhook.answer(&review);
        assert_eq!(asked.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_goes_and_what_changes_nothing_that_runs_is_let_in_and_what_names_nothing_is_not() {
        let webhook = bench(Images::Judged, false).webhook;
        let mut gone = pod(&["nginx:1"]);
        (gone.operation, gone.object) = (Operation::Delete, Value::Null);
        assert!(webhook.answer(&gone).allowed);
        let mut scaled = pod(&["nginx:1"]);
        (scaled.operation, scaled.old_object) = (Operation::Update, scaled.object.clone());
        assert!(webhook.answer(&scaled).allowed);
        scaled.old_object = pod(&["nginx:2"]).object;
        assert!(!webhook.answer(&scaled).allowed);
        let mut other = pod(&[]);
        other.kind = "Service".to_owned();
        let answer = webhook.answer(&other);
        assert!(!answer.allowed && answer.message.contains("this Service names no image"), "{answer:?}");
    }
}
