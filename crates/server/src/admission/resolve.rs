//! From the name of an image or a model to its digest: [`Digests`].
//!
//! A name that holds a digest is that digest. Any other must be resolved by what an administrator wrote down (a file of names and
//! digests) or by the workload's annotation; no registry is asked, since what it answers now it may answer otherwise to whoever pulls.

use super::references::{Named, Reference, Subject};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// Annotation that says which digest the model of a workload has: `sha256:HEX`, or `URI=sha256:HEX` for each of several, separated by
/// commas or white space.
pub const MODEL_DIGEST: &str = "bartizan.dev/model-digest";
/// Hexadecimal digits of a SHA-256.
const DIGITS: usize = 64;

/// Why a name has no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// Nothing says which.
    #[error("{}", explained(.0))]
    NoDigest(Reference),
    /// Two things say different ones.
    #[error("{} `{}` at {} has the digest {one} by its name or the file of digests, and {other} by the annotation {MODEL_DIGEST}", .reference.subject.word(), .reference.text, .reference.place)]
    Contradiction {
        /// The name.
        reference: Reference,
        /// The one.
        one: String,
        /// The other.
        other: String,
    },
    /// The annotation cannot be read.
    #[error(
        "the annotation {MODEL_DIGEST} holds `{0}`; expected sha256: and 64 hexadecimal digits, or URI=sha256:…"
    )]
    Annotation(String),
}

fn explained(reference: &Reference) -> String {
    let Reference { subject, text, place, .. } = reference;
    let text = bartizan_core::printable(text, 200);
    match subject {
        Subject::Image => format!(
            "image `{text}` at {place} names no digest, and what its tag stands for can change: write it as NAME@sha256:…"
        ),
        Subject::Model => format!(
            "model `{text}` at {place} has no digest: write it as oci://…@sha256:…, or say it with the annotation {MODEL_DIGEST} \
             (URI=sha256:… for each of several)"
        ),
    }
}

/// Digests by name, as an administrator wrote them down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Digests(BTreeMap<String, String>);

impl Digests {
    /// Reads lines of `NAME DIGEST`; what follows `#` at the beginning of a line, and empty lines, are passed over.
    ///
    /// # Errors
    /// The number of the first line that is neither, and what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, (usize, &'static str)> {
        let mut digests = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, digest) = line
                .split_once(char::is_whitespace)
                .ok_or((number, "expected a name, white space and a digest"))?;
            let digest = whole(digest.trim()).ok_or((number, "the digest is not sha256: and 64 digits"))?;
            if digests.insert(name.to_owned(), digest.clone()).is_some_and(|known| known != digest) {
                return Err((number, "the name has another digest on a line before"));
            }
        }
        Ok(Self(digests))
    }

    /// The digests of everything a workload names, each with what names it; and those whose digest nobody knows.
    pub fn resolve(&self, named: &Named) -> (BTreeMap<String, Reference>, Vec<Unresolved>) {
        let (mut resolved, mut unresolved) = (BTreeMap::new(), Vec::new());
        let said = match Said::read(&named.annotations) {
            Ok(said) => said,
            Err(error) => return (resolved, vec![error]),
        };
        let known = |reference: &Reference| {
            let named = if reference.pulled { digest_in(&reference.text) } else { None };
            named.or_else(|| self.0.get(&reference.text).cloned())
        };
        let meant = said.meant(&named.references, |reference| known(reference).is_some());
        for reference in &named.references {
            let known = known(reference);
            let said = match reference.subject {
                Subject::Image => None,
                Subject::Model => said.of(&reference.text, meant),
            };
            match (known, said) {
                (Some(one), Some(other)) if one != other => {
                    unresolved.push(Unresolved::Contradiction { reference: reference.clone(), one, other });
                }
                (Some(digest), _) | (None, Some(digest)) => keep(&mut resolved, digest, reference.clone()),
                (None, None) => unresolved.push(Unresolved::NoDigest(reference.clone())),
            }
        }
        // What an annotation says is judged also where no URI asks for it: a Pod may fetch its model by itself.
        for digest in said.digests() {
            let place = format!("metadata.annotations[{MODEL_DIGEST}]");
            let reference = Reference { subject: Subject::Model, text: digest.clone(), place, pulled: false };
            keep(&mut resolved, digest, reference);
        }
        (resolved, unresolved)
    }
}

/// Keeps what first named `digest`; what names it as a model takes the place of an image, since images may be left unjudged.
fn keep(resolved: &mut BTreeMap<String, Reference>, digest: String, reference: Reference) {
    match resolved.entry(digest) {
        Entry::Vacant(free) => {
            free.insert(reference);
        }
        Entry::Occupied(mut held)
            if held.get().subject == Subject::Image && reference.subject == Subject::Model =>
        {
            held.insert(reference);
        }
        Entry::Occupied(_) => {}
    }
}

/// What the annotations say.
#[derive(Default)]
struct Said {
    by_uri: BTreeMap<String, BTreeSet<String>>,
    plain: BTreeSet<String>,
}

impl Said {
    fn read(annotations: &[String]) -> Result<Self, Unresolved> {
        let mut said = Self::default();
        let words =
            annotations.iter().flat_map(|text| text.split(|each: char| each == ',' || each.is_whitespace()));
        for word in words.filter(|word| !word.is_empty()) {
            let unreadable = || Unresolved::Annotation(bartizan_core::printable(word, 200));
            // A URI may hold `=` itself; a digest holds none.
            match word.rsplit_once('=') {
                Some((uri, digest)) => {
                    let digest = whole(digest).ok_or_else(unreadable)?;
                    said.by_uri.entry(uri.to_owned()).or_default().insert(digest);
                }
                None => {
                    said.plain.insert(whole(word).ok_or_else(unreadable)?);
                }
            }
        }
        Ok(said)
    }

    /// The one model that a digest without a URI is about: the only one there is, or the only one about which nothing else says a
    /// digest. Of several, it is about none.
    fn meant<'a>(
        &self,
        references: &'a [Reference],
        is_known: impl Fn(&Reference) -> bool,
    ) -> Option<&'a str> {
        let models = references.iter().filter(|each| each.subject == Subject::Model);
        let (mut all, mut open) = (BTreeSet::new(), BTreeSet::new());
        for model in models {
            all.insert(model.text.as_str());
            if !is_known(model) && !self.by_uri.contains_key(&model.text) {
                open.insert(model.text.as_str());
            }
        }
        [all, open].into_iter().find(|texts| texts.len() == 1).and_then(|texts| texts.first().copied())
    }

    /// The digest of one URI; none when several are possible. `meant` is what a digest without a URI is about.
    fn of(&self, uri: &str, meant: Option<&str>) -> Option<String> {
        let possible = self.by_uri.get(uri).or_else(|| (meant == Some(uri)).then_some(&self.plain))?;
        possible.first().filter(|_| possible.len() == 1).cloned()
    }

    fn digests(self) -> BTreeSet<String> {
        self.by_uri.into_values().flatten().chain(self.plain).collect()
    }
}

/// The digest that a reference ends with: `NAME@sha256:HEX`.
pub fn digest_in(reference: &str) -> Option<String> {
    whole(reference.rsplit_once('@')?.1)
}

/// A whole digest: `sha256:` and 64 hexadecimal digits, in lower case.
fn whole(text: &str) -> Option<String> {
    let digits = text.strip_prefix("sha256:")?;
    let is_digest = digits.len() == DIGITS
        && digits.bytes().all(|each| each.is_ascii_digit() || matches!(each, b'a'..=b'f'));
    is_digest.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: char) -> String {
        format!("sha256:{}", digit.to_string().repeat(64))
    }

    fn named(subject: Subject, texts: &[&str], annotations: &[&str]) -> Named {
        let reference = |text: &&str| {
            let pulled = subject == Subject::Image || text.starts_with("oci://");
            Reference { subject, text: (*text).to_owned(), place: "p".to_owned(), pulled }
        };
        Named {
            references: texts.iter().map(reference).collect(),
            annotations: annotations.iter().map(|each| (*each).to_owned()).collect(),
        }
    }

    fn resolved(digests: &Digests, named: &Named) -> (Vec<String>, usize) {
        let (resolved, unresolved) = digests.resolve(named);
        (resolved.into_keys().collect(), unresolved.len())
    }

    #[test]
    fn a_model_is_judged_as_one_also_where_an_image_of_the_same_digest_stands_before_it() {
        let text = format!("r.example/m@{}", digest('a'));
        for order in [[Subject::Image, Subject::Model], [Subject::Model, Subject::Image]] {
            let references = order.map(|subject| Reference {
                subject,
                text: text.clone(),
                place: "p".to_owned(),
                pulled: true,
            });
            let named = Named { references: references.to_vec(), annotations: Vec::new() };
            let (resolved, _) = Digests::default().resolve(&named);
            assert_eq!(resolved.values().map(|each| each.subject).collect::<Vec<_>>(), [Subject::Model]);
        }
        let both = named(Subject::Image, &[&text], &[&digest('a')]);
        let (resolved, _) = Digests::default().resolve(&both);
        assert_eq!(resolved.values().map(|each| each.subject).collect::<Vec<_>>(), [Subject::Model]);
    }

    #[test]
    fn a_name_with_a_digest_is_that_digest_and_a_tag_is_none() {
        let none = Digests::default();
        let image = format!("r.example/a/b:1@{}", digest('a'));
        assert_eq!(resolved(&none, &named(Subject::Image, &[&image], &[])), (vec![digest('a')], 0));
        for text in ["a", "a:1", "a@sha256:00", &format!("a@{}", digest('A')), "a@md5:00"] {
            assert_eq!(resolved(&none, &named(Subject::Image, &[text], &[])), (vec![], 1), "{text}");
        }
        // An annotation is about models, and never about an image; it is judged all the same.
        assert_eq!(
            resolved(&none, &named(Subject::Image, &["a:1"], &[&digest('b')])),
            (vec![digest('b')], 1)
        );
    }

    #[test]
    fn the_file_and_the_annotation_give_digests_and_may_not_contradict() {
        let file = Digests::parse(&format!("# models\n\ns3://b/m {}\n", digest('a'))).unwrap();
        let one = named(Subject::Model, &["s3://b/m"], &[]);
        assert_eq!(resolved(&file, &one), (vec![digest('a')], 0));
        let two = named(Subject::Model, &["s3://b/m"], &[&digest('b')]);
        assert!(matches!(file.resolve(&two).1[0], Unresolved::Contradiction { .. }));
        assert_eq!(resolved(&Digests::default(), &two), (vec![digest('b')], 0));
        let each = format!("s3://b/m={}, s3://b/n={}", digest('c'), digest('d'));
        let three = named(Subject::Model, &["s3://b/m", "s3://b/n"], &[&each]);
        assert_eq!(resolved(&Digests::default(), &three), (vec![digest('c'), digest('d')], 0));
    }

    #[test]
    fn a_digest_in_the_path_of_what_nobody_holds_against_it_is_none() {
        for scheme in ["s3", "gs", "hf", "https", "http", "pvc", "file"] {
            let uri = format!("{scheme}://attacker/evil@{}", digest('a'));
            assert_eq!(
                resolved(&Digests::default(), &named(Subject::Model, &[&uri], &[])),
                (vec![], 1),
                "{uri}"
            );
        }
        let pulled = format!("oci://r.example/m@{}", digest('a'));
        assert_eq!(
            resolved(&Digests::default(), &named(Subject::Model, &[&pulled], &[])),
            (vec![digest('a')], 0)
        );
    }

    #[test]
    fn a_digest_without_a_uri_is_about_one_model_and_never_about_two() {
        let (none, plain) = (Digests::default(), digest('b'));
        let of =
            |uris: &[&str], annotations: &[&str]| resolved(&none, &named(Subject::Model, uris, annotations));
        assert_eq!(of(&["s3://b/m", "s3://b/m"], &[&plain]), (vec![digest('b')], 0));
        // It is judged all the same, and neither model is known.
        assert_eq!(of(&["s3://b/m", "s3://evil/n"], &[&plain]), (vec![digest('b')], 2));
        let pulled = format!("oci://r.example/m@{}", digest('a'));
        assert_eq!(of(&[&pulled, "s3://b/m"], &[&plain]), (vec![digest('a'), digest('b')], 0));
        let one = format!("s3://b/n={} {plain}", digest('c'));
        assert_eq!(of(&["s3://b/m", "s3://b/n"], &[&one]), (vec![digest('b'), digest('c')], 0));
        assert_eq!(of(&["s3://b/m", "s3://b/n", "s3://b/o"], &[&one]).1, 2);
    }

    #[test]
    fn two_digests_for_one_model_are_none_and_what_cannot_be_read_is_said() {
        let both = format!("{} {}", digest('a'), digest('b'));
        let ambiguous = named(Subject::Model, &["s3://b/m"], &[&both]);
        assert!(matches!(Digests::default().resolve(&ambiguous).1[0], Unresolved::NoDigest(_)));
        let wrong = named(Subject::Model, &[], &["sha256:12"]);
        assert!(matches!(Digests::default().resolve(&wrong).1[0], Unresolved::Annotation(_)));
        assert_eq!(Digests::parse("a b\n"), Err((1, "the digest is not sha256: and 64 digits")));
        assert!(Digests::parse(&format!("a {}\na {}\n", digest('a'), digest('b'))).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_resolved_or_is_not(text: String, annotation: String) {
            let _ = Digests::parse(&text);
            let _ = Digests::default().resolve(&named(Subject::Model, &[&text], &[&annotation]));
        }
    }
}
