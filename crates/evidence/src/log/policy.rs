//! Whose signatures make a checkpoint valid: [`Policy`], read from a policy file.
//!
//! Source: C2SP tlog-policy. Names are bytes and compared as such.

use super::checkpoint::{Checkpoint, CheckpointError};
use super::note::{Note, NoteError};
use super::note_key::{NoteKey, NoteKeyError, SignatureType};
use std::collections::{BTreeMap, BTreeSet};

/// Longest policy read, in bytes.
pub const LONGEST_POLICY: usize = 1 << 20;
/// Most logs, witnesses and groups, each; the specification asks for at least 32.
const MOST: usize = 1024;
/// The name for a quorum of nobody.
const NONE: &[u8] = b"none";

/// Which logs are known, which witnesses, and which of them are enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<NoteKey>,
    witnesses: Vec<Witness>,
    /// In the order of definition: a group has only members from before it.
    groups: Vec<Group>,
    quorum: Quorum,
}

/// A witness that a policy knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its name within the policy.
    pub name: String,
    /// Its key.
    pub key: NoteKey,
    /// Where it can be asked.
    pub url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    threshold: usize,
    members: Vec<Member>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quorum {
    Nobody,
    Of(Member),
}

/// Why a text is no policy, or a checkpoint does not satisfy one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Larger than [`LONGEST_POLICY`].
    #[error("the policy has {0} bytes; policies up to {LONGEST_POLICY} bytes are read")]
    TooLong(usize),
    /// A line that is not as it should be.
    #[error("line {line} of the policy: {problem}")]
    Line {
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// No line says whose cosignatures are enough.
    #[error("the policy has no quorum line; `quorum none` asks for no witness")]
    NoQuorum,
    /// The checkpoint is not one.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Too few of the witnesses cosigned.
    #[error("the checkpoint does not have the quorum of the policy: it is cosigned by {witnesses}")]
    Quorum {
        /// Witnesses that did.
        witnesses: String,
    },
}

/// A checkpoint that satisfies a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Satisfied {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// Names of the witnesses that cosigned it, and when.
    pub witnesses: Vec<(String, u64)>,
}

impl Policy {
    /// Reads a policy file.
    ///
    /// # Errors
    /// [`PolicyError::TooLong`], [`PolicyError::Line`], [`PolicyError::NoQuorum`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > LONGEST_POLICY {
            return Err(PolicyError::TooLong(bytes.len()));
        }
        let mut reader = Reader::default();
        for (place, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            reader.line(line).map_err(|problem| PolicyError::Line { line: place + 1, problem })?;
        }
        let Reader { logs, witnesses, groups, quorum, .. } = reader;
        Ok(Self { logs, witnesses, groups, quorum: quorum.ok_or(PolicyError::NoQuorum)? })
    }

    /// The logs it knows.
    pub fn logs(&self) -> &[NoteKey] {
        &self.logs
    }

    /// The witnesses it knows.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Checks a checkpoint: signed by one of the policy's logs (or of `logs`, when the policy has none), and cosigned by a
    /// quorum.
    ///
    /// # Errors
    /// [`PolicyError::Checkpoint`] and [`PolicyError::Quorum`].
    pub fn check(&self, note: &Note, logs: &[&NoteKey]) -> Result<Satisfied, PolicyError> {
        let own: Vec<&NoteKey> = self.logs.iter().collect();
        let logs = if own.is_empty() { logs } else { &own };
        let signed = super::checkpoint::SignedCheckpoint::open(note.to_string().as_bytes(), logs)?;
        let keys: Vec<&NoteKey> = self.witnesses.iter().map(|witness| &witness.key).collect();
        let believed = match note.verify(&keys) {
            Ok(believed) => believed,
            Err(NoteError::NotSigned { .. }) => Vec::new(),
            Err(error) => return Err(CheckpointError::from(error).into()),
        };
        let cosigned: BTreeSet<usize> = believed.iter().map(|each| each.key).collect();
        let mut reached: Vec<bool> = Vec::new();
        let holds = |member: Member, reached: &[bool]| match member {
            Member::Witness(place) => cosigned.contains(&place),
            Member::Group(place) => reached.get(place).copied().unwrap_or(false),
        };
        for group in &self.groups {
            let present = group.members.iter().filter(|member| holds(**member, &reached)).count();
            reached.push(present >= group.threshold);
        }
        let witnesses: Vec<(String, u64)> = believed
            .iter()
            .filter_map(|each| {
                Some((self.witnesses.get(each.key)?.name.clone(), each.time.unwrap_or_default()))
            })
            .collect();
        let enough = match self.quorum {
            Quorum::Nobody => true,
            Quorum::Of(member) => holds(member, &reached),
        };
        if enough {
            return Ok(Satisfied { checkpoint: signed.checkpoint, witnesses });
        }
        let mut names: Vec<&str> = witnesses.iter().map(|(name, _)| name.as_str()).collect();
        if names.is_empty() {
            names.push("none of its witnesses");
        }
        Err(PolicyError::Quorum { witnesses: names.join(", ") })
    }
}

#[derive(Default)]
struct Reader {
    logs: Vec<NoteKey>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    quorum: Option<Quorum>,
    names: BTreeMap<Vec<u8>, Member>,
    /// Names that are a member of some group.
    used: BTreeSet<Vec<u8>>,
}

impl Reader {
    fn line(&mut self, line: &[u8]) -> Result<(), String> {
        if line.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f) {
            return Err("it has control characters".to_owned());
        }
        let words: Vec<&[u8]> =
            line.split(|byte| *byte == b' ' || *byte == b'\t').filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with(b"#") => Ok(()),
            [b"log", key] | [b"log", key, _] => self.log(key),
            [b"witness", name, key] => self.witness(name, key, None),
            [b"witness", name, key, url] => self.witness(name, key, Some(url)),
            [b"group", name, threshold, members @ ..] => self.group(name, threshold, members),
            [b"quorum", name] => self.quorum(name),
            [first, ..] => Err(format!(
                "`{}` is not a line of a policy; expected log, witness, group or quorum and their words",
                String::from_utf8_lossy(first)
            )),
        }
    }

    fn log(&mut self, key: &[u8]) -> Result<(), String> {
        let key = note_key(key)?;
        if key.kind() == SignatureType::CosignatureEd25519 {
            return Err("a log does not sign with an Ed25519 cosignature (type 0x04)".to_owned());
        }
        if self.logs.iter().any(|other| other.same_key(&key)) {
            return Err(format!("the key of log `{}` is listed twice", key.name()));
        }
        bounded(self.logs.len())?;
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &[u8], key: &[u8], url: Option<&[u8]>) -> Result<(), String> {
        let key = note_key(key)?;
        if !key.kind().has_time() {
            return Err("a witness signs cosignatures (type 0x04 or 0x06)".to_owned());
        }
        if self.witnesses.iter().any(|other| other.key.same_key(&key)) {
            return Err(format!("the key of witness `{}` is listed twice", key.name()));
        }
        bounded(self.witnesses.len())?;
        self.define(name, Member::Witness(self.witnesses.len()))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        self.witnesses.push(Witness { name: text(name), key, url: url.map(text) });
        Ok(())
    }

    fn group(&mut self, name: &[u8], threshold: &[u8], members: &[&[u8]]) -> Result<(), String> {
        let count = members.len();
        let threshold = match threshold {
            b"all" => count,
            b"any" => 1,
            number => std::str::from_utf8(number)
                .ok()
                .and_then(super::tile::decimal)
                .and_then(|number| usize::try_from(number).ok())
                .ok_or("a group needs `all`, `any` or a number after its name")?,
        };
        if threshold < 1 || threshold > count {
            return Err(format!("a group of {count} member(s) cannot have the threshold {threshold}"));
        }
        let mut found = Vec::new();
        for member in members {
            let place = self.find(member)?;
            if !self.used.insert(member.to_vec()) {
                return Err(format!("`{}` is a member twice", String::from_utf8_lossy(member)));
            }
            found.push(place);
        }
        bounded(self.groups.len())?;
        self.define(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { threshold, members: found });
        Ok(())
    }

    fn quorum(&mut self, name: &[u8]) -> Result<(), String> {
        let quorum = if name == NONE { Quorum::Nobody } else { Quorum::Of(self.find(name)?) };
        match self.quorum.replace(quorum) {
            None => Ok(()),
            Some(_) => Err("there is a quorum already".to_owned()),
        }
    }

    fn define(&mut self, name: &[u8], member: Member) -> Result<(), String> {
        if name == NONE {
            return Err("`none` is not a name to give".to_owned());
        }
        match self.names.insert(name.to_vec(), member) {
            None => Ok(()),
            Some(_) => Err(format!("`{}` is defined twice", String::from_utf8_lossy(name))),
        }
    }

    fn find(&self, name: &[u8]) -> Result<Member, String> {
        self.names
            .get(name)
            .copied()
            .ok_or_else(|| format!("`{}` is not defined on a line before", String::from_utf8_lossy(name)))
    }
}

fn note_key(bytes: &[u8]) -> Result<NoteKey, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "the key is not text".to_owned())?;
    text.parse().map_err(|error: NoteKeyError| error.to_string())
}

fn bounded(count: usize) -> Result<(), String> {
    if count < MOST { Ok(()) } else { Err(format!("more than {MOST} of a kind")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};
    use crate::log::hash::Hash;
    use crate::log::note_key::NoteSigner;

    fn signers() -> (NoteSigner, Vec<NoteSigner>) {
        let key = || Box::new(SigningKey::generate(KeyAlgorithm::Ed25519).unwrap());
        let witnesses = (0..5).map(|each| NoteSigner::for_witness(&format!("w{each}"), key()).unwrap());
        (NoteSigner::for_log("log", key()).unwrap(), witnesses.collect())
    }

    fn text(log: &NoteSigner, witnesses: &[NoteSigner]) -> String {
        let mut text = format!("# a policy\n\n log\t{} https://log.example\n", log.key());
        for (place, witness) in witnesses.iter().enumerate() {
            text += &format!("witness W{place} {}\n", witness.key());
        }
        text + "group X 2 W0 W1 W2\ngroup Y any W3 W4\ngroup both all X Y\nquorum both\n"
    }

    #[test]
    fn two_levels_of_groups_need_what_they_say() {
        let (log, witnesses) = signers();
        let policy = Policy::parse(text(&log, &witnesses).as_bytes()).unwrap();
        for (cosigned, enough) in [
            (&[][..], false),
            (&[0, 1], false),
            (&[0, 3], false),
            (&[0, 2, 4], true),
            (&[0, 1, 2, 3, 4], true),
        ] {
            let checkpoint = Checkpoint::new("log".to_owned(), 0, Hash::empty_tree());
            let mut note = Note::new(checkpoint.to_string()).unwrap();
            note.sign(&log, 1).unwrap();
            for place in cosigned {
                note.sign(&witnesses[*place], 7).unwrap();
            }
            assert_eq!(policy.check(&note, &[]).is_ok(), enough, "{cosigned:?}");
        }
    }

    #[test]
    fn a_log_that_is_not_listed_is_refused() {
        let (log, witnesses) = signers();
        let (other, _) = signers();
        let policy = Policy::parse(format!("log {}\nquorum none\n", log.key()).as_bytes()).unwrap();
        let mut note =
            Note::new(Checkpoint::new("log".to_owned(), 0, Hash::empty_tree()).to_string()).unwrap();
        note.sign(&other, 1).unwrap();
        note.sign(&witnesses[0], 1).unwrap();
        assert!(matches!(policy.check(&note, &[other.key()]), Err(PolicyError::Checkpoint(_))));
    }

    #[test]
    fn policies_that_are_almost_right_are_refused() {
        let (log, witnesses) = signers();
        let (log, first) = (log.key(), witnesses[0].key());
        for (text, good) in [
            (format!("witness a {first}\nquorum a\n"), true),
            (format!("witness a {first}\nquorum a"), true),
            (format!("witness a {first}\ngroup g 2 a\nquorum g\n"), false),
            (format!("witness a {first}\ngroup g 0 a\nquorum g\n"), false),
            (format!("witness a {first}\ngroup g any\nquorum g\n"), false),
            (format!("witness a {first}\ngroup g any a a\nquorum g\n"), false),
            (format!("quorum a\nwitness a {first}\n"), false),
            (format!("witness a {first}\nwitness b {first}\nquorum a\n"), false),
            (format!("witness none {first}\nquorum none\n"), false),
            (format!("witness a {log}\nquorum none\n"), false),
            (format!("log {first}\nquorum none\n"), false),
            (format!("log {log}\nlog {log}\nquorum none\n"), false),
            ("quorum none\nquorum none\n".to_owned(), false),
            ("quorum none\r\n".to_owned(), false),
            ("quorum\n".to_owned(), false),
            ("log x\nquorum none\n".to_owned(), false),
            (String::new(), false),
        ] {
            assert_eq!(Policy::parse(text.as_bytes()).is_ok(), good, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_policy_or_an_error(
            bytes: Vec<u8>,
            text in "((log|witness|group|quorum|#) [a-z0-9 ]{0,20}\n){0,6}",
        ) {
            let _ = Policy::parse(&bytes);
            let _ = Policy::parse(text.as_bytes());
        }
    }
}
