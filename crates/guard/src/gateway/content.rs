//! What passed, kept for an auditor: bodies within bounds ([`Kept`]), sealed to one key beside the receipts, opened again with it.
//!
//! A receipt names the SHA-256 of the sealed message, a JSON Web Encryption (`bartizan_evidence::jwe`); the message holds a [`Content`]
//! as JSON. The gateway has the public half of the key alone and cannot open what it sealed.

use super::error::GatewayError;
use super::receipts::{Receipt, ReceiptError};
use crate::settings::{ReceiptContent, ReceiptOptions};
use bartizan_evidence::digest::{Digest, SHA256};
use bartizan_evidence::jwe::{JweError, Recipient, open};
use bartizan_evidence::keys::{LONGEST_PEM, PublicKey, SigningKey};
use bartizan_evidence::store::Store;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Most bytes kept of a body. What is longer is cut, and says so.
pub const MOST_OF_A_BODY: usize = 1 << 20;
/// Most bytes kept of all exchanges that are in progress or wait to be sealed. From half of it on a gateway that serves nothing without
/// receipts refuses; beyond it bodies are cut.
const MOST_HELD: u64 = 256 << 20;
/// What a message says that it holds.
const CONTENT_TYPE: &str = "json";

/// What a receipt says of content that was sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedContent {
    /// SHA-256 of the message: its name among the blobs of the store.
    pub jwe_sha256: String,
    /// Its bytes.
    pub bytes: u64,
    /// The key that opens it: SHA-256 over its public half as PEM.
    pub auditor: String,
    /// Whether less than all of a body is in it.
    pub cut: bool,
}

/// What is sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Content {
    /// The decision that it belongs to.
    pub decision: String,
    /// Body of the request as it was judged, its content coding undone; none when there was none, or it was not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<KeptBody>,
    /// Body of the answer as it left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<KeptBody>,
}

/// A body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptBody {
    /// Bytes that it had.
    pub bytes: u64,
    /// Whether only its beginning is kept.
    pub cut: bool,
    /// It, where it is UTF-8 and has no control characters but tabs and the ends of lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// It in base64 (RFC 4648, section 4), where it is anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl KeptBody {
    fn of(kept: &[u8], bytes: u64) -> Self {
        let cut = (kept.len() as u64) < bytes;
        let text = match std::str::from_utf8(kept) {
            // A cut may go through a character.
            Err(error) if cut && error.error_len().is_none() => {
                kept.get(..error.valid_up_to()).and_then(|whole| std::str::from_utf8(whole).ok())
            }
            other => other.ok(),
        };
        let plain = |text: &&str| !text.contains(|each: char| each.is_control() && !"\t\r\n".contains(each));
        match text.filter(plain) {
            Some(text) => Self { bytes, cut, text: Some(text.to_owned()), base64: None },
            None => Self { bytes, cut, text: None, base64: Some(STANDARD.encode(kept)) },
        }
    }

    /// The bytes that are kept.
    ///
    /// # Errors
    /// [`ReceiptError::Content`] when they are not there, or in no base64.
    pub fn kept(&self) -> Result<Vec<u8>, ReceiptError> {
        match (&self.text, &self.base64) {
            (Some(text), None) => Ok(text.clone().into_bytes()),
            (None, Some(base64)) => {
                STANDARD.decode(base64).map_err(|error| ReceiptError::Content(format!("a body: {error}")))
            }
            _ => Err(ReceiptError::Content("a body is to be text or base64, one of both".to_owned())),
        }
    }
}

/// The room for what is kept, in the whole process.
#[derive(Debug, Default)]
pub(super) struct Room {
    held: AtomicU64,
}

impl Room {
    /// Whether no more should be begun.
    pub(super) fn is_scarce(&self) -> bool {
        self.held.load(Ordering::Relaxed) >= MOST_HELD / 2
    }

    /// Takes room for so many bytes, or for as many as there is room for.
    fn take(&self, wanted: usize) -> usize {
        let mut taken = 0;
        let change = |held: u64| {
            taken = wanted.min(usize::try_from(MOST_HELD.saturating_sub(held)).unwrap_or(usize::MAX));
            held.checked_add(taken as u64)
        };
        match self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change) {
            Ok(_) => taken,
            Err(_) => 0,
        }
    }

    fn give(&self, bytes: usize) {
        self.held.fetch_sub(bytes as u64, Ordering::Relaxed);
    }
}

/// What is kept of one exchange until it is sealed.
#[derive(Debug)]
pub(super) struct Kept {
    room: Arc<Room>,
    request: Option<Part>,
    answer: Option<Part>,
    /// Whether there was no room for all that would have been kept.
    pub(super) short: bool,
}

#[derive(Debug, Default)]
struct Part {
    bytes: Vec<u8>,
    /// Bytes of the whole.
    total: u64,
}

impl Kept {
    pub(super) fn new(room: &Arc<Room>) -> Self {
        Self { room: Arc::clone(room), request: None, answer: None, short: false }
    }

    /// Bytes kept.
    pub(super) fn held(&self) -> usize {
        [&self.request, &self.answer].into_iter().flatten().map(|part| part.bytes.len()).sum()
    }

    /// Keeps a request, in place of one that was kept.
    pub(super) fn request(&mut self, body: &[u8]) {
        let before = self.request.take();
        self.room.give(before.map_or(0, |part| part.bytes.len()));
        let part = self.request.insert(Part::default());
        self.short |= part.add(body, &self.room);
    }

    /// Keeps a piece of an answer.
    pub(super) fn answer(&mut self, piece: &[u8]) {
        let part = self.answer.get_or_insert_default();
        self.short |= part.add(piece, &self.room);
    }

    /// Seals it to the auditor: what a receipt says of it, and the message, which is to be put among the blobs; nothing when no body came.
    ///
    /// # Errors
    /// [`ReceiptError`]: it cannot be sealed.
    pub(super) fn sealed(
        &self,
        decision: &str,
        auditor: &Recipient,
    ) -> Result<Option<(SealedContent, String)>, ReceiptError> {
        let body = |part: &Option<Part>| part.as_ref().map(|part| KeptBody::of(&part.bytes, part.total));
        let (request, answer) = (body(&self.request), body(&self.answer));
        if request.is_none() && answer.is_none() {
            return Ok(None);
        }
        let cut = [&request, &answer].into_iter().flatten().any(|body| body.cut);
        let content = Content { decision: decision.to_owned(), request, answer };
        let plain = serde_json::to_vec(&content).map_err(|error| ReceiptError::Content(error.to_string()))?;
        let message = auditor.seal(CONTENT_TYPE, &plain)?;
        let told = SealedContent {
            jwe_sha256: Digest::sha256(message.as_bytes()).value().to_owned(),
            bytes: message.len() as u64,
            auditor: auditor.key_id().to_owned(),
            cut,
        };
        Ok(Some((told, message)))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.room.give(self.held());
    }
}

impl Part {
    /// Adds a piece as far as bounds let it, and says whether there was too little room for that.
    fn add(&mut self, piece: &[u8], room: &Room) -> bool {
        // What comes after a gap is no beginning.
        let whole = self.bytes.len() as u64 == self.total;
        self.total = self.total.saturating_add(piece.len() as u64);
        let most = if whole { MOST_OF_A_BODY.saturating_sub(self.bytes.len()).min(piece.len()) } else { 0 };
        let taken = room.take(most);
        self.bytes.extend_from_slice(piece.get(..taken).unwrap_or_default());
        taken < most
    }
}

/// Whom content is sealed to, as the configuration says; nobody unless it asks for that.
///
/// # Errors
/// [`GatewayError`]: the key is missing or of another kind, or what is asked for contradicts itself.
pub fn auditor(
    options: &ReceiptOptions,
    files: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Option<Recipient>, GatewayError> {
    const SUBJECT: &str = "[guard.receipts] auditor";
    let wrong = |subject: &str, problem: String| GatewayError::Value { subject: subject.to_owned(), problem };
    let path = match (options.content, &options.auditor) {
        (ReceiptContent::Encrypted, Some(path)) => path,
        (ReceiptContent::Encrypted, None) => {
            let problem = "content = 'encrypted' needs the public key of whoever may read it; `bartizan key generate --output \
                           auditor.key`, on their machine and for nothing else, and auditor = 'auditor.pub'";
            return Err(wrong(SUBJECT, problem.to_owned()));
        }
        (_, Some(path)) => {
            let problem = "is named, but nothing is encrypted to it; content = 'encrypted' does that";
            return Err(wrong(&format!("{SUBJECT}: {}", path.display()), problem.to_owned()));
        }
        (_, None) => return Ok(None),
    };
    if !options.enabled {
        let problem =
            "'encrypted' keeps content with receipts, and there are none; enabled = true writes them";
        return Err(wrong("[guard.receipts] content", problem.to_owned()));
    }
    let bytes = files(path).map_err(|error| GatewayError::File {
        subject: SUBJECT.to_owned(),
        path: path.clone(),
        error,
    })?;
    let place = format!("{SUBJECT}: {}", path.display());
    let text = std::str::from_utf8(&bytes).ok().filter(|text| text.len() <= LONGEST_PEM);
    let text = text.ok_or_else(|| wrong(&place, "is no public key as PEM".to_owned()))?;
    let key = PublicKey::from_pem(text).map_err(|error| wrong(&place, error.to_string()))?;
    Recipient::new(key).map(Some).map_err(|error| wrong(&place, error.to_string()))
}

/// The sealed message of a receipt, and what the receipt says of it; nothing when it has none. What comes back has the digest that was
/// signed.
///
/// # Errors
/// [`ReceiptError::Store`]: it was erased, changed, or cannot be read.
pub fn sealed_content(
    store: &Store,
    receipt: &Receipt,
) -> Result<Option<(SealedContent, Vec<u8>)>, ReceiptError> {
    #[derive(Deserialize)]
    struct Signed {
        content: Option<SealedContent>,
    }
    let wrong = |what: String| ReceiptError::Content(what);
    let signed: Signed =
        serde_json::from_str(receipt.decision.get()).map_err(|error| wrong(error.to_string()))?;
    let Some(content) = signed.content else { return Ok(None) };
    let digest = Digest::new(SHA256, &content.jwe_sha256).map_err(|error| wrong(error.to_string()))?;
    let message = store.blobs().get(&digest)?;
    Ok(Some((content, message)))
}

/// Opens a sealed message that belongs to a decision.
///
/// # Errors
/// [`ReceiptError::Jwe`] and [`ReceiptError::Content`].
pub fn opened(message: &[u8], decision: &str, key: &SigningKey) -> Result<Content, ReceiptError> {
    let text = std::str::from_utf8(message).map_err(|error| {
        let (part, problem) = ("message", "is no text".to_owned());
        JweError::Part { part, offset: error.valid_up_to(), problem }
    })?;
    let plain = open(text, key)?.plain;
    let content: Content =
        serde_json::from_slice(&plain).map_err(|error| ReceiptError::Content(error.to_string()))?;
    if content.decision != decision {
        let other = bartizan_core::printable(&content.decision, 64);
        return Err(ReceiptError::Content(format!("it belongs to the decision {other}")));
    }
    Ok(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_evidence::keys::{KeyAlgorithm, Signer as _};
    use std::path::PathBuf;

    fn kept(pieces: &[&[u8]]) -> (Arc<Room>, Kept) {
        let room = Arc::new(Room::default());
        let mut kept = Kept::new(&room);
        for piece in pieces {
            kept.answer(piece);
        }
        (room, kept)
    }

    fn body(kept: &Kept) -> KeptBody {
        let part = kept.answer.as_ref().unwrap();
        KeptBody::of(&part.bytes, part.total)
    }

    #[test]
    fn bodies_are_text_where_they_can_be_and_cut_where_they_must() {
        let (_, whole) = kept(&["gr\u{fc}".as_bytes(), b"\xc3", b"\x9f\n"]);
        let expected =
            KeptBody { bytes: 7, cut: false, text: Some("gr\u{fc}\u{df}\n".to_owned()), base64: None };
        assert_eq!(body(&whole), expected);
        for bytes in [&b"\xff"[..], b"\x1b[31m", b"gr\xc3"] {
            let (_, kept) = kept(&[bytes]);
            assert_eq!((body(&kept).text, body(&kept).kept().unwrap()), (None, bytes.to_vec()));
        }
        let mut long = vec![b'a'; MOST_OF_A_BODY - 1];
        long.extend_from_slice("\u{fc}b".as_bytes());
        let (room, cut) = kept(&[&long, b"more"]);
        let found = body(&cut);
        assert_eq!(
            (found.bytes, found.cut, found.text.unwrap().len()),
            (long.len() as u64 + 4, true, MOST_OF_A_BODY - 1)
        );
        assert!(!cut.short);
        assert_eq!(room.held.load(Ordering::Relaxed), MOST_OF_A_BODY as u64);
        drop(cut);
        assert_eq!(room.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn without_room_bodies_are_cut_and_room_comes_back() {
        let (room, mut first) = kept(&[b"12345"]);
        first.request(b"decoded later");
        first.request(b"decoded");
        assert_eq!(room.held.load(Ordering::Relaxed), 12);
        room.held.fetch_add(MOST_HELD - 15, Ordering::Relaxed);
        assert!(room.is_scarce());
        first.answer(b"6789");
        first.answer(b"");
        assert!(first.short);
        // What is behind the gap is not taken for what stood there.
        room.held.fetch_sub(MOST_HELD - 15, Ordering::Relaxed);
        first.answer(b"behind");
        assert_eq!(
            body(&first),
            KeptBody { bytes: 15, cut: true, text: Some("12345678".to_owned()), base64: None }
        );
        drop(first);
        assert_eq!(room.held.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn a_key_that_cannot_be_used_is_refused_with_its_file_and_what_to_do() {
        let key = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let other = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
        let (good, ed25519) = (key.public_key().to_pem().to_owned(), other.public_key().to_pem().to_owned());
        let private = key.to_pem(None).unwrap().to_string();
        let files = move |path: &Path| match path.to_str() {
            Some("good") => Ok(good.clone().into_bytes()),
            Some("ed25519") => Ok(ed25519.clone().into_bytes()),
            Some("private") => Ok(private.clone().into_bytes()),
            Some("bytes") => Ok(vec![0xff; 10]),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        let options = |content, path: Option<&str>| ReceiptOptions {
            enabled: true,
            content,
            auditor: path.map(PathBuf::from),
            ..ReceiptOptions::default()
        };
        let of = |content, path| auditor(&options(content, path), &files).map_err(|error| error.to_string());
        let encrypted = ReceiptContent::Encrypted;
        assert_eq!(of(encrypted, Some("good")).unwrap().unwrap().key_id(), key.key_id());
        assert!(of(ReceiptContent::Hashed, None).unwrap().is_none());
        for (content, path, words) in [
            (encrypted, None, ["auditor", "bartizan key generate"]),
            (encrypted, Some("ed25519"), ["auditor: ed25519", "bartizan key generate"]),
            (encrypted, Some("private"), ["auditor: private", "bartizan key export"]),
            (encrypted, Some("bytes"), ["auditor: bytes", "PEM"]),
            (encrypted, Some("missing"), ["auditor", "missing cannot be read"]),
            (ReceiptContent::Off, Some("good"), ["auditor: good", "content = 'encrypted'"]),
        ] {
            let said = of(content, path).unwrap_err();
            assert!(words.iter().all(|word| said.contains(word)), "{path:?}: {said}");
        }
        let disabled = ReceiptOptions { enabled: false, ..options(encrypted, Some("good")) };
        assert!(auditor(&disabled, &files).unwrap_err().to_string().contains("enabled = true"));
    }

    #[test]
    fn a_message_of_another_decision_is_not_shown_as_this_ones() {
        let key = SigningKey::generate(KeyAlgorithm::EcdsaP256).unwrap();
        let recipient = Recipient::new(key.public_key()).unwrap();
        let (_, kept) = kept(&[b"answer"]);
        let (sealed, message) = kept.sealed("one", &recipient).unwrap().unwrap();
        let message = message.into_bytes();
        assert_eq!(sealed.bytes, message.len() as u64);
        assert_eq!(sealed.jwe_sha256, Digest::sha256(&message).value());
        let content = opened(&message, "one", &key).unwrap();
        assert_eq!(content.answer.unwrap().kept().unwrap(), b"answer");
        assert!(matches!(opened(&message, "two", &key), Err(ReceiptError::Content(_))));
        assert!(matches!(opened(b"\xff", "one", &key), Err(ReceiptError::Jwe(_))));
        assert!(Kept::new(&Arc::default()).sealed("none", &recipient).unwrap().is_none());
    }

    proptest::proptest! {
        #[test]
        fn what_is_kept_is_the_beginning_of_what_passed(pieces: Vec<Vec<u8>>) {
            let slices: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let (_, kept) = kept(&slices);
            if !pieces.is_empty() {
                proptest::prop_assert_eq!(body(&kept).kept().unwrap(), pieces.concat());
                let json = serde_json::to_string(&body(&kept)).unwrap();
                proptest::prop_assert_eq!(serde_json::from_str::<KeptBody>(&json).unwrap(), body(&kept));
            }
        }
    }
}
