//! What holds for every text: a result, ordered hits inside it, offsets that agree; and what holds over whole corpora.

use bartizan_text::{Class, Detector, Hit, Subjects, redact::Method, redact::redact};
use proptest::prelude::*;
use std::sync::LazyLock;

static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    #[expect(clippy::unwrap_used, reason = "the fixed tables always build")]
    Detector::new(Subjects::ALL).unwrap()
});

fn hits(text: impl AsRef<[u8]>) -> Vec<Hit> {
    let mut hits = Vec::new();
    DETECTOR.scan(text, &mut hits);
    hits
}

proptest! {
    #[test]
    fn any_bytes_give_ordered_hits_inside_them(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let hits = hits(&bytes);
        for hit in &hits {
            prop_assert!(hit.start < hit.end && hit.end <= bytes.len());
        }
        prop_assert!(hits.windows(2).all(|pair| pair[0].start <= pair[1].start));
    }

    #[test]
    fn any_mix_of_cues_gives_character_offsets_that_agree(parts in proptest::collection::vec(prop_oneof![
        Just("password = "), Just("api_key: \""), Just("\""), Just("https://u:p4ss@h/"), Just("-----BEGIN RSA PRIVATE KEY-----"),
        Just("eyJhbGciOiJIUzI1NiJ9."), Just("4111 1111 1111 1111"), Just("jo@mail.example.org"), Just("ż"), Just("\u{200b}"),
        Just(" "), Just("datadog "), Just("a8F3kd92LsQ0pZx7Vb6N"), Just("+49 30 1234567"), Just("::1"), Just("$2b$10$"),
    ], 0..30)) {
        let text = parts.concat();
        let hits = hits(&text);
        for hit in &hits {
            let head = text.get(..hit.start).map(|head| head.chars().count());
            prop_assert_eq!(head, Some(hit.char_start));
            let body = text.get(hit.start..hit.end).map(|body| body.chars().count());
            prop_assert_eq!(body, Some(hit.char_end - hit.char_start));
        }
        let masked = redact(&text, &hits, Method::Mask { keep: 0 });
        prop_assert_eq!(masked.chars().count(), text.chars().count());
    }
}

proptest! {
    #[test]
    fn any_mix_of_names_and_numbers_gives_character_offsets_that_agree(parts in proptest::collection::vec(prop_oneof![
        Just("Mr. "), Just("Anna "), Just("Szöllösy"), Just("'s "), Just("at "), Just("6750 "), Just("Koskikatu 25 "), Just("Apt. 8"),
        Just("\n"), Just(", "), Just("P.O. Box 9"), Just("May 1st, 1977"), Just("1992-11-12 07:04"), Just("ZIP: "), Just("8592"),
        Just("and "), Just("O'Brien"), Just("ΕΓΚΩΜΗ"), Just("psexec -u a -p "), Just("DE 136 695 976"), Just("AA-BB-CC-DD-EE-FF"),
    ], 0..40)) {
        let text = parts.concat();
        let hits = hits(&text);
        for hit in &hits {
            let head = text.get(..hit.start).map(|head| head.chars().count());
            prop_assert_eq!(head, Some(hit.char_start));
            prop_assert!(text.get(hit.start..hit.end).is_some());
        }
        prop_assert_eq!(redact(&text, &hits, Method::Mask { keep: 0 }).chars().count(), text.chars().count());
    }
}

#[test]
fn a_token_is_a_secret_and_its_stand_in_is_not() {
    // Joined, so that no scanner of this repository takes the fixtures for real keys.
    let token = ["ghp", "_", "a8F3kd92LsQ0pZx7Vb6Nm1Wc4Ey5Ru2Ti9Oq"].concat();
    let found = hits(format!("TOKEN={token}"));
    assert_eq!(
        found.iter().map(|hit| (hit.kind.id, hit.start, hit.end)).collect::<Vec<_>>(),
        [("github-token", 6, 46)]
    );
    assert!(hits(format!("TOKEN=ghp_{}", "x".repeat(36))).is_empty());
}

#[test]
fn ordinary_sentences_hold_no_secret() {
    for text in [
        "Please reset your password before Monday, the token ring is down.",
        "The key to success: patience, practice and a good night's sleep.",
        "See https://example.org/docs/authentication for the secret handshake.",
    ] {
        assert!(hits(text).iter().all(|hit| hit.kind.class != Class::Secret), "{text}");
    }
}

#[test]
fn numbers_need_their_check_digits() {
    let ids = |text: &str| hits(text).iter().map(|hit| hit.kind.id).collect::<Vec<_>>();
    assert_eq!(ids("paid to GB82 WEST 1234 5698 7654 32 today"), ["IBAN_CODE"]);
    assert_eq!(ids("paid to GB82WEST12345698765433 today"), Vec::<&str>::new());
}

/// Measured on the corpus of labelled examples where one is given: `BARTIZAN_CORPUS` names its folder.
#[test]
fn ordinary_prose_of_the_corpus_holds_no_secret() {
    let Ok(corpus) = std::env::var("BARTIZAN_CORPUS") else { return };
    let Ok(text) = std::fs::read_to_string(format!("{corpus}/data/text-clean/sms-spam.tsv")) else { return };
    let found: Vec<Hit> = hits(text).into_iter().filter(|hit| hit.kind.class == Class::Secret).collect();
    assert_eq!(found, []);
}
