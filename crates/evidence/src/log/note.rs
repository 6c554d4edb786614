//! Signed notes: a text, and under it one line for each signature.
//!
//! Source: C2SP signed-note v1.0.0. Signatures by unknown keys are ignored; a signature by a known key that does not verify
//! refuses the whole note.

use super::note_key::{NoteKey, NoteKeyError, NoteSigner, Signed};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// Longest note read, in bytes: a short text and [`MOST_SIGNATURES`] post-quantum signatures of up to 5 kB in base64.
pub const LONGEST_NOTE: usize = 1 << 20;
/// Most signatures read; the specification asks for at least 16.
pub const MOST_SIGNATURES: usize = 100;
/// What a signature line begins with: an em dash and a space.
const SIGNATURE_LINE: &str = "— ";
/// Bytes of the key's id before a signature.
const KEY_ID_BYTES: usize = 4;

/// Why bytes are no note, or a note is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Larger than [`LONGEST_NOTE`].
    #[error("the note has {0} bytes; notes up to {LONGEST_NOTE} bytes are read")]
    TooLong(usize),
    /// Not the shape of a note.
    #[error("not a signed note: {0}; expected a text, an empty line, and lines of the form `— NAME BASE64`")]
    Malformed(&'static str),
    /// More than [`MOST_SIGNATURES`].
    #[error("the note has more than {MOST_SIGNATURES} signatures")]
    TooManySignatures,
    /// No signature by any key that is trusted.
    #[error(
        "the note is not signed by {trusted}; it is signed by {found}: ask the log's operator which key is right"
    )]
    NotSigned {
        /// The keys that are trusted.
        trusted: String,
        /// Who signed it.
        found: String,
    },
    /// A signature that should be by a trusted key and is not.
    #[error(
        "the signature of {key} is wrong: the note has been changed, or signed with another key; get it anew from its operator"
    )]
    WrongSignature {
        /// The key as `name+id`.
        key: String,
    },
    /// A key that cannot be read or used.
    #[error(transparent)]
    Key(#[from] NoteKeyError),
}

/// A signature on a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub key_id: u32,
    /// What the key made.
    pub value: Vec<u8>,
}

impl NoteSignature {
    /// Reads signature lines, each ending in a newline, as a witness answers them.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] and [`NoteError::TooManySignatures`].
    pub fn parse_lines(text: &str) -> Result<Vec<Self>, NoteError> {
        let body = text.strip_suffix('\n').ok_or(NoteError::Malformed("the last line does not end"))?;
        let mut signatures = Vec::new();
        for line in body.split('\n') {
            if signatures.len() >= MOST_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            signatures.push(Self::parse_line(line)?);
        }
        Ok(signatures)
    }

    fn parse_line(line: &str) -> Result<Self, NoteError> {
        let rest = line
            .strip_prefix(SIGNATURE_LINE)
            .ok_or(NoteError::Malformed("a line under the text is no signature"))?;
        let (name, value) =
            rest.split_once(' ').ok_or(NoteError::Malformed("a signature line has no signature"))?;
        if !is_name(name) {
            return Err(NoteError::Malformed("the name of a key is empty or has a space or plus in it"));
        }
        let bytes = STANDARD.decode(value).map_err(|_| NoteError::Malformed("a signature is not base64"))?;
        let (key_id, value) = bytes
            .split_first_chunk::<KEY_ID_BYTES>()
            .filter(|(_, value)| !value.is_empty())
            .ok_or(NoteError::Malformed("a signature is too short"))?;
        Ok(Self { name: name.to_owned(), key_id: u32::from_be_bytes(*key_id), value: value.to_vec() })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.key_id.to_be_bytes().to_vec();
        bytes.extend_from_slice(&self.value);
        writeln!(formatter, "{SIGNATURE_LINE}{} {}", self.name, STANDARD.encode(bytes))
    }
}

/// A signature that was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Believed {
    /// Which of the trusted keys made it, as its place in the list given.
    pub key: usize,
    /// When, in seconds since 1970, if that kind of signature says so.
    pub time: Option<u64>,
}

/// A text and who signed it. Nothing in it is to be believed before [`Note::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A note without signatures.
    ///
    /// # Errors
    /// [`NoteError::Malformed`] when the text does not end in a newline or has control characters.
    pub fn new(text: String) -> Result<Self, NoteError> {
        if !text.ends_with('\n') {
            return Err(NoteError::Malformed("the text does not end in a newline"));
        }
        no_control_characters(&text)?;
        Ok(Self { text, signatures: Vec::new() })
    }

    /// Reads a note.
    ///
    /// # Errors
    /// [`NoteError::TooLong`], [`NoteError::Malformed`], [`NoteError::TooManySignatures`].
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > LONGEST_NOTE {
            return Err(NoteError::TooLong(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| NoteError::Malformed("it is not UTF-8"))?;
        no_control_characters(text)?;
        let (before, signatures) =
            text.rsplit_once("\n\n").ok_or(NoteError::Malformed("there is no empty line"))?;
        let signatures = NoteSignature::parse_lines(signatures)?;
        Ok(Self { text: format!("{before}\n"), signatures })
    }

    /// The text with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in the order they were added.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Adds a signature made elsewhere, once.
    pub fn add(&mut self, signature: NoteSignature) {
        if !self.signatures.contains(&signature) {
            self.signatures.push(signature);
        }
    }

    /// Replaces whatever the same key signed before.
    pub fn replace(&mut self, signature: NoteSignature) {
        self.signatures.retain(|other| (&other.name, other.key_id) != (&signature.name, signature.key_id));
        self.signatures.push(signature);
    }

    /// Signs the text at a time in seconds since 1970, which only timestamped kinds of signatures carry.
    ///
    /// # Errors
    /// [`NoteError::Key`] when the key cannot sign or signs checkpoints only.
    pub fn sign(&mut self, signer: &NoteSigner, time: u64) -> Result<(), NoteError> {
        let value = signer.sign(&self.text, time)?;
        self.add(NoteSignature { name: signer.key().name().to_owned(), key_id: signer.key().id(), value });
        Ok(())
    }

    /// The signatures by `trusted` keys, all of which verify.
    ///
    /// # Errors
    /// [`NoteError::WrongSignature`] when one does not; [`NoteError::NotSigned`] when there is none.
    pub fn verify(&self, trusted: &[&NoteKey]) -> Result<Vec<Believed>, NoteError> {
        let mut believed: Vec<Believed> = Vec::new();
        for signature in &self.signatures {
            let known = trusted
                .iter()
                .enumerate()
                .find(|(_, key)| key.name() == signature.name && key.id() == signature.key_id);
            let Some((place, key)) = known else { continue };
            let Signed { time } = key.verify(&self.text, &signature.value).ok_or_else(|| {
                NoteError::WrongSignature { key: format!("{}+{:08x}", key.name(), key.id()) }
            })?;
            if believed.iter().all(|other| other.key != place) {
                believed.push(Believed { key: place, time });
            }
        }
        if believed.is_empty() {
            return Err(NoteError::NotSigned {
                trusted: listed(trusted.iter().map(|key| (key.name(), key.id()))),
                found: listed(self.signatures.iter().map(|each| (each.name.as_str(), each.key_id))),
            });
        }
        Ok(believed)
    }

    /// The signatures by none of these keys, which nobody here can check.
    pub fn unknown(&self, trusted: &[&NoteKey]) -> Vec<&NoteSignature> {
        let known = |signature: &&NoteSignature| {
            trusted.iter().any(|key| key.name() == signature.name && key.id() == signature.key_id)
        };
        self.signatures.iter().filter(|signature| !known(signature)).collect()
    }
}

impl fmt::Display for Note {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| write!(formatter, "{signature}"))
    }
}

/// Whether a text may name a key.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|each: char| each.is_whitespace() || each == '+' || each.is_control())
}

fn no_control_characters(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
        return Err(NoteError::Malformed("it has control characters"));
    }
    Ok(())
}

/// Keys by name and id, for a message.
fn listed<'a>(keys: impl Iterator<Item = (&'a str, u32)>) -> String {
    let mut names: Vec<String> = keys.map(|(name, id)| format!("{name}+{id:08x}")).take(8).collect();
    if names.is_empty() {
        names.push("nobody".to_owned());
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyAlgorithm, SigningKey};
    use crate::log::note_key::SignatureType;

    /// Signed note specification, "Verifier keys", "Example".
    const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const EXAMPLE_NOTE: &str = "This is an example message.\n\n\
        — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn signer(name: &str, kind: SignatureType) -> NoteSigner {
        NoteSigner::new(name, kind, Box::new(SigningKey::generate(kind.algorithm()).unwrap())).unwrap()
    }

    #[test]
    fn the_example_of_the_specification_verifies_and_reads_back() {
        let key: NoteKey = EXAMPLE_KEY.parse().unwrap();
        assert_eq!(key.to_string(), EXAMPLE_KEY);
        let note = Note::parse(EXAMPLE_NOTE.as_bytes()).unwrap();
        assert_eq!(note.text(), "This is an example message.\n");
        assert_eq!(note.verify(&[&key]), Ok(vec![Believed { key: 0, time: None }]));
        assert_eq!(note.to_string(), EXAMPLE_NOTE);
    }

    #[test]
    fn any_flipped_bit_of_a_signed_note_is_refused() {
        let key: NoteKey = EXAMPLE_KEY.parse().unwrap();
        for place in 0..EXAMPLE_NOTE.len() {
            for bit in 0..8 {
                let mut bytes = EXAMPLE_NOTE.as_bytes().to_vec();
                bytes[place] ^= 1 << bit;
                let believed = Note::parse(&bytes).and_then(|note| note.verify(&[&key]));
                assert!(believed.is_err(), "byte {place}, bit {bit}");
            }
        }
    }

    #[test]
    fn unknown_signatures_are_ignored_and_known_wrong_ones_refuse() {
        let (first, second) = (signer("a", SignatureType::Ed25519), signer("a", SignatureType::Ed25519));
        let mut note = Note::new("text\n\nmore\n".to_owned()).unwrap();
        note.sign(&first, 0).unwrap();
        note.sign(&second, 0).unwrap();
        let note = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(note.text(), "text\n\nmore\n");
        assert_eq!(note.verify(&[second.key()]), Ok(vec![Believed { key: 0, time: None }]));
        assert_eq!(note.unknown(&[second.key()]).len(), 1);
        let mut wrong = Note::new("another\n".to_owned()).unwrap();
        note.signatures().iter().for_each(|signature| wrong.add(signature.clone()));
        assert!(matches!(wrong.verify(&[first.key()]), Err(NoteError::WrongSignature { .. })));
        let stranger = signer("b", SignatureType::Ed25519);
        assert!(matches!(note.verify(&[stranger.key()]), Err(NoteError::NotSigned { .. })));
    }

    #[test]
    fn sixteen_signatures_are_read_and_a_hundred_and_one_refused() {
        let mut note = Note::new("text\n".to_owned()).unwrap();
        let signature = |key_id| NoteSignature { name: "n".to_owned(), key_id, value: vec![1; 2420] };
        (0..16).for_each(|each| note.add(signature(each)));
        assert_eq!(Note::parse(note.to_string().as_bytes()).unwrap().signatures().len(), 16);
        (16..101).for_each(|each| note.add(signature(each)));
        assert_eq!(Note::parse(note.to_string().as_bytes()), Err(NoteError::TooManySignatures));
    }

    #[test]
    fn shapes_that_are_almost_notes_are_refused() {
        for text in [
            "",
            "text\n",
            "text\n\n",
            "text\n\n— a AAAAAAA=",
            "text\n\n- a AAAAAAA=\n",
            "text\n\n— a+b AAAAAAA=\n",
            "text\n\n— a AAAAAA==\n",
            "text\n\n— a AAAAAAB=\n",
            "te\txt\n\n— a AAAAAAA=\n",
            "text\n\n— a\u{a0}b AAAAAAA=\n",
        ] {
            assert!(Note::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Note::parse("text\n\n— a AAAAAAA=\n".as_bytes()).is_ok());
        assert!(Note::new("no end".to_owned()).is_err());
        assert_eq!(KeyAlgorithm::Ed25519, SignatureType::Ed25519.algorithm());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_note_or_an_error(bytes: Vec<u8>) {
            let _ = Note::parse(&bytes);
        }

        #[test]
        fn what_reads_is_written_back_alike(text in "[a-z\n]{0,20}\n\n(— [a-z]{1,3} [A-Za-z0-9]{8}\n){1,3}") {
            if let Ok(note) = Note::parse(text.as_bytes()) {
                proptest::prop_assert_eq!(note.to_string(), text);
            }
        }
    }
}
