//! Credentials told in sentences: "The password of the database is …", in what an agent is given to follow.

use crate::placeholder::names_itself;
use crate::{Text, agents, variable};
use std::ops::Range;

/// Whether an agent or model is given `text` as its instructions: what agents follow, prompts, and the settings of a local model.
pub(crate) fn is_instruction(text: &Text<'_>) -> bool {
    let name = text.file_name().to_ascii_lowercase();
    let path = text.name.to_ascii_lowercase();
    let prompt = matches!(text.extension(), "txt" | "md" | "prompt" | "j2" | "jinja" | "jinja2")
        && path.contains("prompt");
    agents::is_followed(text) || agents::belongs_to_skill(text) || prompt || name.starts_with("modelfile")
}

/// Where `text` tells a credential in a sentence: its name, then `is`, `:` or `=`, then one word that nobody would write for any other
/// reason. Linear in the text.
pub(crate) fn passwords(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let folded = text.to_ascii_lowercase();
    let mut at = 0usize;
    for line in folded.split_inclusive('\n') {
        let start = at;
        at = at.saturating_add(line.len());
        let named = NAMES.iter().filter_map(|name| {
            let place = line.find(name)?;
            let alone = line
                .get(..place)
                .and_then(|before| before.chars().next_back())
                .is_none_or(|before| !before.is_alphanumeric() && before != '_');
            let ends = place.saturating_add(name.len());
            let whole =
                line.get(ends..).and_then(|after| after.chars().next()).is_none_or(|c| !c.is_alphanumeric());
            (alone && whole).then_some(ends)
        });
        let Some(after) = named.min() else { continue };
        let begins = start.saturating_add(after);
        let Some(rest) = text.get(begins..start.saturating_add(line.len())) else { continue };
        if let Some(value) = said(rest).map(|value| shifted(&value, begins)) {
            found.push(value);
        }
        if found.len() >= MOST {
            break;
        }
    }
    found
}

/// The value that `rest`, what follows the name of a credential on its line, gives.
fn said(rest: &str) -> Option<Range<usize>> {
    let window = rest.get(..rest.floor_char_boundary(BETWEEN)).unwrap_or(rest);
    let signs = [" is ", ": ", " = ", "=", ":"];
    let (sign, length) = signs
        .iter()
        .filter_map(|sign| window.find(sign).map(|place| (place, sign.len())))
        .min_by_key(|(place, length)| (*place, std::cmp::Reverse(*length)))?;
    let begins = sign.saturating_add(length);
    let after = rest.get(begins..)?;
    let word = after.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '*'));
    let quote = after.trim_start().chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
    let skipped = after.len().saturating_sub(word.len());
    let end = word
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | ')' | '*'))
        .unwrap_or(word.len());
    let word = word.get(..end)?.trim_end_matches(['.', '!', '?', ':']);
    let from = begins.saturating_add(skipped);
    // What stands in quotes by itself is meant to be typed.
    let typed = quote.is_some_and(|quote| {
        after.get(skipped.saturating_add(end)..).is_some_and(|rest| rest.starts_with(quote))
    });
    ((is_drawn(word) || typed && is_chosen(word)) && variable::credential("password", word).is_some())
        .then(|| from..from.saturating_add(word.len()))
}

/// Whether a word in quotes may be a password that somebody chose: letters and digits together, and no path, version or form.
fn is_chosen(word: &str) -> bool {
    let has = |class: fn(&u8) -> bool| word.as_bytes().iter().any(class);
    (8..=64).contains(&word.len())
        && has(u8::is_ascii_alphabetic)
        && has(u8::is_ascii_digit)
        && !word.contains(['/', '\\', '(', '[', '.', ':', '=', '_'])
        && word.is_ascii()
        && !names_itself(word)
}

/// Whether nobody would write `word` but as a password: letters of both cases, and digits in two places or a digit and a sign.
fn is_drawn(word: &str) -> bool {
    let has = |class: fn(&u8) -> bool| word.as_bytes().iter().any(class);
    let runs = word.split(|c: char| !c.is_ascii_digit()).filter(|run| !run.is_empty()).count();
    let signs = word.contains(['!', '#', '%', '^', '&', '*', '?', '+', '~', '@']);
    let path = word.contains(['/', '\\', '(', '[', '.']);
    (8..=64).contains(&word.len())
        && word.is_ascii()
        && !path
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && (runs >= 2 || runs == 1 && signs)
}

/// Whether `token` was counted or repeated and not drawn: nine characters that follow one another, or are the same.
pub(crate) fn is_counted(token: &str) -> bool {
    const LONGEST: usize = 9;
    let (mut rising, mut same) = (1usize, 1usize);
    token.as_bytes().windows(2).any(|pair| {
        let [before, after] = pair else { return false };
        rising = if before.checked_add(1) == Some(*after) { rising.saturating_add(1) } else { 1 };
        same = if before == after { same.saturating_add(1) } else { 1 };
        rising >= LONGEST || same >= LONGEST
    })
}

fn shifted(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start.saturating_add(by)..range.end.saturating_add(by)
}

/// What credentials are called in sentences.
const NAMES: &[&str] =
    &["password", "passcode", "passphrase", "pass phrase", "api key", "access key", "secret key", "token"];
/// Longest part of a sentence between the name and the sign, in bytes.
const BETWEEN: usize = 48;
/// Most credentials told of one text.
const MOST: usize = 50;

#[cfg(test)]
mod tests {
    use super::passwords;

    fn told(text: &str) -> Vec<&str> {
        passwords(text).into_iter().filter_map(|place| text.get(place)).collect()
    }

    #[test]
    fn what_a_sentence_calls_a_password_is_one() {
        assert_eq!(told("You are kind.\nThe database password is Wq7vT3nLz9.\n"), ["Wq7vT3nLz9"]);
        assert_eq!(told("- password for staging: `Wq7!vTnLzkp`"), ["Wq7!vTnLzkp"]);
        assert_eq!(told("API key = Wq7vT3nLz9Kk"), ["Wq7vT3nLz9Kk"]);
        assert_eq!(told("The staging password is `river-stone-4471`."), ["river-stone-4471"]);
    }

    #[test]
    fn sentences_about_passwords_are_none() {
        for text in [
            "The password is in the vault under team/db.",
            "The token is base64-encoded.",
            "Never tell the password: users ask for it.",
            "Password: <your password>",
            "password: ${DB_PASSWORD}",
            "The token is an OAuth2 access token.",
            "Passwords are hashed by PBKDF2WithHmacSHA256.",
            "tokenization: BytePair2Level3",
            "The token is ExamplePassword12345x6.",
            "The token is `sha256`.",
            "The password is river-stone-4471 letters long.",
            "The token is `X_TOKEN_V2` of the environment.",
            "The api key is `my-api-key-1`.",
            "The token is read from `vault2:db/main`.",
        ] {
            assert_eq!(told(text), [""; 0], "{text}");
        }
    }
}
