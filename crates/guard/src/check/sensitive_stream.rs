//! Credentials and personal data in an answer that streams.
//!
//! A value without blanks waits for the end of its word, a number for what may be its next group ([`Numbers`]), a private
//! key for the end of its armour. Everything else is judged with what stands before it and leaves.

use super::any_of::AnyOf;
use super::calm::Stretch;
use super::disguised::Disguised;
use super::judgement::Reason;
use super::look::{Look, Way, reason};
use super::numbers::Numbers;
use super::policy::Handling;
use super::stream::{CONTEXT, Kinds, Reader, Seen, Step, Tail};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

/// Longest armour of a key that is waited for; of a longer one the rest is taken out line by line.
const LONGEST_ARMOUR: usize = 8 << 10;
/// Longest piece that waits for anything.
const LONGEST_HELD: usize = 20 << 10;
/// What names of people and places wait for, where they are looked for.
const NAMES_AHEAD: usize = 80;
/// How far behind a word for a credential a value of letters alone may stand.
const CUE_REACH: usize = 160;
/// What a word holds that is, or begins, more than letters; characters without blanks between them make one word of many steps.
const DOUBTFUL: Kinds = Kinds::DIGIT.or(Kinds::SIGN).or(Kinds::BEYOND);
/// Shortest word of letters alone that can be a value by itself.
pub(super) const LONG_WORD: usize = 14;

/// Bytes that may be looked at for each byte that is read, and how many may be saved up: a text of nothing but short numbers would be looked
/// at anew with each of them, all that stands before it included. Beyond that it waits until more of it is judged at once.
const LOOKS: usize = 12;
const MOST_LOOKS: usize = 32 << 10;
/// How many times as much a look at a row of numbers counts: any of them may begin one that is looked for.
const ROW_COST: usize = 8;

/// Words behind which a value of letters alone may be a credential.
pub(crate) const CUES: &[&str] = &[
    "pass", "pwd", "pword", "secret", "contrase", "key", "token", "auth", "cred", "user", "login", "bearer",
    "curl", "mysql", "psql", "ssh", "wget", "http",
];
static ANY_CUE: LazyLock<Option<AnyOf>> = LazyLock::new(|| AnyOf::new(CUES).ok());

/// Reads an answer for credentials and personal data.
#[derive(Debug, Clone)]
pub(crate) struct SensitiveReader {
    look: Arc<Look>,
    /// Judged up to here.
    settled: usize,
    /// Whether a word since then could be anything, or part of it.
    doubtful: bool,
    numbers: Numbers,
    armour: Armour,
    /// Values of letters alone are looked for up to here.
    cued: usize,
    /// Bytes that may be looked at.
    looks: usize,
    window: Vec<u8>,
    /// Made with the first word that is none of prose, since many streams are open at once.
    disguised: Option<Box<Disguised>>,
    /// Whether the next step begins a line.
    begins_line: bool,
}

/// The state of a private key under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Armour {
    None,
    /// Begun here; nothing says yet that it is of something else.
    Open(usize),
    /// The line that ends it began.
    Closing(usize),
    /// Longer than what is waited for: lines of it are taken out.
    Swallowed,
}

impl SensitiveReader {
    /// A reader at the start of an answer.
    pub(crate) fn new(look: Arc<Look>) -> Self {
        Self {
            disguised: None,
            begins_line: true,
            look,
            settled: 0,
            doubtful: false,
            numbers: Numbers::default(),
            armour: Armour::None,
            cued: 0,
            looks: MOST_LOOKS,
            window: Vec::new(),
        }
    }

    /// Where the armour of a key that is not complete begins.
    fn armour(&mut self, word: &str, step: &Step) -> Option<usize> {
        if self.armour == Armour::None && !step.kinds.any(Kinds::HYPHEN) {
            return None;
        }
        let core = word.trim_end();
        self.armour = match self.armour {
            same if !step.kinds.any(Kinds::HYPHEN) => same,
            Armour::Open(start) if core.contains("-----END") => Armour::Closing(start),
            // The first line is complete and names something that is no private key.
            Armour::Open(start)
                if core.ends_with("-----")
                    && !core.contains("KEY")
                    && core.len() < 64
                    && step.start.saturating_sub(start) < 64 =>
            {
                Armour::None
            }
            Armour::Closing(_) if core.ends_with("-----") => Armour::None,
            Armour::None | Armour::Swallowed if core.ends_with("-----BEGIN") => {
                Armour::Open(step.start.saturating_add(core.len()).saturating_sub(10))
            }
            other => other,
        };
        match self.armour {
            Armour::Open(start) | Armour::Closing(start) => Some(start),
            Armour::None | Armour::Swallowed => None,
        }
    }

    /// Whether anything could be in a piece of text.
    fn is_suspicious(&self, piece: &str, from: usize) -> bool {
        from < self.cued
            || self.look.names()
            || piece.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'@' | b'=' | b'$'))
            || piece.split_ascii_whitespace().any(|word| word.len() >= LONG_WORD)
    }

    /// Judges what is settled by now; gives how far that is.
    /// What is read ends with the step: what came in behind it must not matter.
    fn judge(&mut self, tail: &Tail, mut end: usize, read: usize, last: bool, seen: &mut Vec<Seen>) -> usize {
        let from = tail.held_from(self.settled.saturating_sub(CONTEXT));
        let text = tail.get(from..read);
        self.window.clear();
        self.window.extend_from_slice(text.as_bytes());
        if !last {
            // What the text ends with is not known yet; it is not its whole.
            self.window.push(0x01);
        }
        let mut hits = Vec::new();
        self.look.find(&self.window, Way::Out, |hit, handling| hits.push((hit, handling)));
        for (hit, _) in &hits {
            let (start, stop) = (from.saturating_add(hit.start), from.saturating_add(hit.end));
            if start < end && stop > end && start > self.settled && !last {
                end = start;
            }
        }
        for (mut hit, handling) in hits {
            let (start, stop) = (from.saturating_add(hit.start), from.saturating_add(hit.end).min(read));
            if stop <= self.settled || start >= end {
                continue;
            }
            (hit.start, hit.end) = (start.max(self.settled), stop);
            let replacement = (handling == Handling::Redact).then(|| format!("[{}]", hit.kind.id));
            end = end.max(stop);
            seen.push(Seen { reason: reason(&hit, handling, ""), replacement });
        }
        end
    }

    /// Reads a step for what it says in disguise; gives where something begins that is not known to its end.
    fn in_disguise(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> Option<usize> {
        if let Some(disguised) = &mut self.disguised {
            return disguised.read(tail, step, last, seen);
        }
        if !last && Disguised::passes(tail.word(step), step.kinds) {
            self.begins_line = step.kinds.any(Kinds::LINE_END);
            return None;
        }
        let fresh = Box::new(Disguised::new(Arc::clone(&self.look), self.begins_line));
        self.disguised.insert(fresh).read(tail, step, last, seen)
    }

    /// Whether no word before asks anything of a word of letters alone.
    fn is_idle(&self) -> bool {
        self.armour == Armour::None
            && !self.doubtful
            && self.cued <= self.settled
            && self.numbers.has_no_digit()
            && !self.look.names()
    }

    /// Saves up what may be looked at for so many bytes that are read.
    fn earn(&mut self, bytes: usize) {
        self.looks = self.looks.saturating_add(bytes.saturating_mul(LOOKS)).min(MOST_LOOKS);
    }

    /// Reads a step of small letters where nothing is under way, as the other ways would; nothing where something is.
    fn small(&mut self, tail: &Tail, step: &Step) -> Option<usize> {
        let length = step.end.saturating_sub(step.start);
        if !self.is_idle() || length >= LONG_WORD {
            return None;
        }
        let word = tail.word(step);
        let letters = word.strip_suffix(' ').map(str::len).filter(|_| Disguised::passes(word, step.kinds))?;
        if let Some(disguised) = &mut self.disguised {
            if !disguised.pass_small(word) {
                return None;
            }
        } else {
            self.begins_line = false;
        }
        self.earn(length);
        let end = self.numbers.small(letters, step.start).unwrap_or(step.end);
        self.settled = self.settled.max(end.min(step.end));
        Some(self.settled)
    }

    /// Reads a step as it is written.
    fn as_written(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        let word = tail.word(step);
        if self.armour == Armour::Swallowed {
            let settled = self.swallow(word, step.span(), seen);
            if self.armour == Armour::Swallowed {
                return settled;
            }
        }
        if step.kinds.any(Kinds::HINT) && ANY_CUE.as_ref().is_none_or(|cues| cues.is_in(word)) {
            self.cued = step.end.saturating_add(CUE_REACH);
        }
        let number = self.numbers.word(word, step.start, step.kinds);
        let armour = self.armour(word, step);
        let mut end = step.end.min(number.unwrap_or(usize::MAX)).min(armour.unwrap_or(usize::MAX));
        if self.look.names() {
            end = end.min(tail.floor(step.end.saturating_sub(NAMES_AHEAD)));
        }
        if let Some(start) = armour.filter(|start| step.end.saturating_sub(*start) > LONGEST_ARMOUR)
            && self.look.secrets_out() != Handling::Off
        {
            self.armour = Armour::Swallowed;
            let handling = self.look.secrets_out();
            let replacement = (handling == Handling::Redact).then(|| "[private-key]".to_owned());
            let settled = self.judge(tail, start, step.end, false, seen).min(start);
            seen.push(Seen { reason: key_reason(settled.max(start), step.end, handling), replacement });
            self.settled = step.end;
            return self.settled;
        }
        if last || step.end.saturating_sub(self.settled) > LONGEST_HELD {
            end = step.end;
        }
        self.earn(step.end.saturating_sub(step.start));
        self.doubtful |= step.kinds.any(DOUBTFUL) || step.end.saturating_sub(step.start) >= LONG_WORD;
        if end > self.settled {
            let maybe = self.doubtful || self.settled < self.cued || self.look.names();
            if maybe && self.is_suspicious(tail.get(self.settled..end), self.settled) {
                let cost = if self.numbers.is_row() { ROW_COST } else { 1 };
                let look = step.end.saturating_sub(self.settled).saturating_add(CONTEXT).saturating_mul(cost);
                let must = last || step.end.saturating_sub(self.settled) > LONGEST_HELD;
                if self.looks < look && !must {
                    return self.settled;
                }
                self.looks = self.looks.saturating_sub(look);
                end = self.judge(tail, end, step.end, last, seen);
            }
            self.settled = self.settled.max(end);
        }
        self.doubtful &= self.settled < step.end;
        self.settled
    }

    /// Takes a line of a key out that is longer than what is waited for.
    fn swallow(&mut self, word: &str, step: Range<usize>, seen: &mut Vec<Seen>) -> usize {
        let core = word.trim_end();
        if core.is_empty()
            || !core.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=\\".contains(&byte))
        {
            self.armour = Armour::None;
            return self.settled;
        }
        let handling = self.look.secrets_out();
        let reason = Reason { span: step.clone(), ..key_reason(step.start, step.end, handling) };
        let replacement = (handling == Handling::Redact).then(String::new);
        seen.push(Seen { reason, replacement });
        self.settled = step.end;
        step.end
    }
}

/// What is said of a key whose armour does not end.
fn key_reason(start: usize, end: usize, handling: Handling) -> Reason {
    Reason {
        check: super::sensitive::SECRET.id,
        label: "private-key".to_owned(),
        score: 0.9,
        action: match handling {
            Handling::Block => super::Action::Block,
            Handling::Redact | Handling::Tokens => super::Action::Redact,
            Handling::Flag | Handling::Off => super::Action::Flag,
        },
        pointer: String::new(),
        span: start..end,
        message: "a private key (the armour of a key that does not end)".to_owned(),
    }
}

impl Reader for SensitiveReader {
    fn read(&mut self, tail: &Tail, step: &Step, last: bool, seen: &mut Vec<Seen>) -> usize {
        if step.kinds.is_small()
            && !last
            && let Some(settled) = self.small(tail, step)
        {
            return settled;
        }
        let waiting = self.in_disguise(tail, step, last, seen);
        let settled = self.as_written(tail, step, last, seen);
        let longest = step.end.saturating_sub(LONGEST_HELD);
        waiting.map_or(settled, |start| settled.min(start.max(longest)))
    }

    fn passes_until(&self, first: &Range<usize>) -> usize {
        let is_idle =
            self.is_idle() && self.disguised.as_ref().is_none_or(|disguised| disguised.may_pass(first.len()));
        if is_idle { usize::MAX } else { 0 }
    }

    fn pass(&mut self, tail: &Tail, stretch: &Stretch) -> usize {
        match &mut self.disguised {
            Some(disguised) => disguised.pass_on(),
            None => self.begins_line = false,
        }
        self.earn(stretch.span().len());
        let end = self.numbers.pass(tail, stretch).unwrap_or(stretch.end);
        self.settled = self.settled.max(end.min(stretch.end));
        self.settled
    }

    fn boxed(&self) -> Box<dyn Reader> {
        Box::new(self.clone())
    }

    fn reads_arguments(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::answer::tests::{answer, streamed};
    use super::super::checks::tests::{checks, exchange};
    use crate::check::{Checks, Session};
    use std::sync::LazyLock;

    const ALL: &str = "[personal-data]\noutput = 'redact'";
    static CHECKS: LazyLock<Checks> = LazyLock::new(|| checks(ALL));

    fn body(lines: usize) -> String {
        // Drawn once; no key of anything.
        let line = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gt";
        vec![line; lines].join("\n")
    }

    #[test]
    fn values_are_redacted_and_the_words_around_them_stay() {
        for (text, left) in [
            ("IBAN DE89 3704 0044 0532 0130 00 is mine", "IBAN [IBAN_CODE] is mine"),
            ("card 4111 1111 1111 1111, thanks", "card [CREDIT_CARD], thanks"),
            ("call +49 30 901820 today", "call [PHONE_NUMBER] today"),
            ("it is jo@example.org.", "it is [EMAIL_ADDRESS]."),
            ("in 2024 we sold 12 of 100", "in 2024 we sold 12 of 100"),
        ] {
            assert_eq!(answer(ALL, text).0, left);
        }
    }

    #[test]
    fn a_text_of_nothing_but_numbers_is_judged_many_at_once() {
        for (text, most) in [("1 2 3 4 5 6 7 8 ".repeat(512), 100), ("1, 2, 3, 4, ".repeat(680), 600)] {
            let mut judge = CHECKS.answer(&exchange(&[]), &Session::new([0; 32]));
            let (mut out, mut releases) = (String::new(), 0);
            for word in text.split_inclusive(' ') {
                let release = judge.push(word);
                releases += usize::from(!release.text.is_empty());
                out.push_str(&release.text);
            }
            out.push_str(&judge.finish().text);
            assert_eq!(out, text);
            assert!(releases < most, "{releases}");
        }
        // Among words each leaves with its word, for as long as answers are, and soon after it then.
        let mut judge = CHECKS.answer(&exchange(&[]), &Session::new([0; 32]));
        let text = "in 2024 people ate 12 of a hundred apples ".repeat(200);
        let held: Vec<usize> = text
            .split_inclusive(' ')
            .map(|word| {
                judge.push(word);
                judge.held()
            })
            .collect();
        assert!(held.iter().take(200).all(|held| *held < 40) && held.iter().all(|held| *held < 120));
    }

    #[test]
    fn a_number_that_is_the_first_word_is_not_the_whole_text() {
        assert_eq!(
            answer("[personal-data]\noutput = 'redact'\nscore = 0.5", "10115 people came").0,
            "10115 people came"
        );
    }

    #[test]
    fn a_private_key_never_leaves_whatever_its_length() {
        for lines in [3, 30, 200] {
            let text = format!(
                "Here:\n-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\nDone.",
                body(lines)
            );
            let (out, reasons, _) = answer("", &text);
            assert!(!out.contains("b3Blb"), "{lines}: {out}");
            assert!(out.starts_with("Here:\n[private-key]") && out.ends_with("Done."), "{lines}: {out}");
            assert_eq!(reasons[0].label, "private-key");
        }
    }

    #[test]
    fn a_certificate_leaves() {
        let text = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", body(3));
        assert_eq!(answer("", &text).0, text);
    }

    #[test]
    fn blocking_ends_the_stream_before_the_value() {
        let (out, _, blocked) =
            answer("[personal-data]\noutput = 'block'", "Write to jo@example.org or call");
        assert_eq!(out, "Write to ");
        assert_eq!(blocked.unwrap().label, "EMAIL_ADDRESS");
    }

    /// Pieces with and without values, which no cut may bring out.
    const PIECES: &[(&str, &str)] = &[
        ("the ", ""),
        ("in 2024 we ", ""),
        ("go to B ", ""),
        ("\n\n", ""),
        ("名前は", ""),
        ("x@y ", ""),
        ("jo.doe@mail.example.org ", "jo.doe@mail"),
        ("DE89 3704 0044 0532 0130 00 ", "0044 0532"),
        ("4111 1111 1111 1111. ", "1111 1111"),
        ("+49 30 901820 ", "901820"),
        ("AKIAQ3EGRIQ7ZYBXW4NV ", "AKIAQ3EGRIQ7"),
        ("ghp_x7Kd2Qx9Lm4Zt8Rv3Bn6Wc5Yp1Hs0GfEujIo ", "Zt8Rv3Bn6"),
    ];

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(128))]
        #[test]
        fn no_cut_of_a_stream_changes_what_leaves_or_lets_a_value_out(
            picked in proptest::collection::vec(0..PIECES.len(), 1..12),
            cuts in proptest::collection::vec(0..200_usize, 0..12),
            apart: bool,
        ) {
            // Two numbers beside each other may read as others; a long word between them keeps them apart.
            let pieces: Vec<&str> = picked.iter().map(|at| PIECES[*at].0).collect();
            let text = pieces.join(if apart { "afterwards " } else { "" });
            let mut cuts = cuts;
            cuts.sort_unstable();
            let request = exchange(&[]);
            let session = Session::new([0; 32]);
            let whole = streamed(&mut CHECKS.answer(&request, &session), &text, &[]);
            let cut = streamed(&mut CHECKS.answer(&request, &session), &text, &cuts);
            let every: Vec<usize> = (0..text.len()).collect();
            let letters = streamed(&mut CHECKS.answer(&request, &session), &text, &every);
            proptest::prop_assert_eq!(&whole, &cut);
            proptest::prop_assert_eq!(&whole, &letters);
            for pick in picked.iter().filter(|_| apart) {
                let (_, value) = PIECES[*pick];
                proptest::prop_assert!(value.is_empty() || !whole.0.contains(value), "{} in {}", value, whole.0);
            }
        }
    }
}
