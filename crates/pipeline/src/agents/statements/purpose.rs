//! What a text says it is for, and what follows from it for what it has done: [`Purpose`].

use super::super::{endpoints, hosts};

/// What a text is about.
pub(super) struct Purpose<'t> {
    /// Name, description and title, in lower case.
    pub(super) subject: &'t str,
    /// Whether the description says that it brings things to others.
    pub(super) network: bool,
    /// Whether it teaches or practises defence, so that attacks in it are examples.
    pub(super) teaches_defence: bool,
}

impl<'t> Purpose<'t> {
    /// Of what a text says about itself.
    pub(super) fn of(subject: &'t str, description: &str) -> Self {
        Self {
            subject,
            network: description.is_empty() || {
                let folded = description.to_lowercase();
                folded
                    .split(|c: char| !c.is_alphanumeric())
                    .any(|word| OUTWARD.iter().any(|begins| word.starts_with(begins)))
            },
            teaches_defence: DEFENCE.iter().any(|word| subject.contains(word)),
        }
    }

    /// Whether it says that it judges, compares or advises.
    pub(super) fn judges(&self) -> bool {
        self.speaks_of(&[
            "compar",
            "review",
            "rank",
            "rate",
            "recommend",
            "advi",
            "choos",
            "choice",
            "evaluat",
            "assess",
            "grade",
            "shortlist",
            "triag",
            "digest",
            "summar",
        ])
    }

    /// Whether it says one of `words`.
    pub(super) fn speaks_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.subject.contains(word))
    }

    /// Whether `address` is that of whom the text is about, of this machine, or one where texts lead as a matter of course.
    pub(super) fn expects(&self, address: &str) -> bool {
        let host = address.split_once("://").map_or(address, |(_, rest)| rest);
        let host = host.rsplit('@').next().unwrap_or(host);
        let host = host.split(['/', ':', '?', '#']).next().unwrap_or(host);
        let whole = format!("https://{host}/");
        let own = hosts::addresses(&whole).iter().any(|found| {
            found.sort() == hosts::Host::Local && !is_reserved(found.host) || found.belongs_to(self.subject)
        });
        own || endpoints::is_known(address)
    }
}

/// Whether `host` is one that stands for somebody's in an example: whose it would be is not known.
fn is_reserved(host: &str) -> bool {
    [".example", ".test", ".invalid"].iter().any(|end| host.ends_with(end))
}

/// Beginnings of words by which a description says that it brings things to others.
static OUTWARD: &[&str] = &[
    "send",
    "upload",
    "post",
    "publish",
    "shar",
    "mail",
    "email",
    "sync",
    "notif",
    "submit",
    "deploy",
    "export",
    "backup",
    "mirror",
    "telemetr",
    "analytic",
    "import",
    "api",
    "webhook",
    "backs",
    "deliver",
    "transfer",
    "integrat",
    "connect",
    "messag",
    "cloud",
    "statistic",
];

/// Beginnings of words for those who look for attacks.
static DEFENCE: &[&str] = &[
    "injection",
    "malware",
    "phishing",
    "pentest",
    "penetration",
    "red team",
    "red-team",
    "redteam",
    "forensic",
    "threat",
    "jailbreak",
    "adversar",
    "poison",
    "exploit",
    "vulnerab",
    "security train",
    "incident response",
    "fraud",
    "guardrail",
    "exfiltrat",
];
