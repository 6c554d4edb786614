//! Seeds among arguments and variables, and secrets among arguments.

use super::variables::{is_secret_name, looks_secret};
use std::collections::BTreeMap;
use std::ffi::OsString;

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";
/// Options and settings that seed a generator, without dashes and with `_` for `-`.
const SEED_NAMES: [&str; 8] = [
    "seed",
    "random_seed",
    "random_state",
    "rng_seed",
    "global_seed",
    "manual_seed",
    "data_seed",
    "train_seed",
];

/// Seeds by the name they are given under: `--seed 1`, `--random-state=1`, `trainer.seed=1`, `PYTHONHASHSEED`.
pub fn seeds(command: &[OsString], variables: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mut seeds: BTreeMap<String, String> = variables
        .iter()
        .filter(|(name, _)| name.to_ascii_uppercase().contains("SEED"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let arguments: Vec<String> =
        command.iter().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    for (place, argument) in arguments.iter().enumerate() {
        if let Some((name, value)) = argument.split_once('=') {
            if is_seed(name) {
                seeds.insert(name.to_owned(), value.to_owned());
            }
        } else if argument.starts_with('-') && is_seed(argument) {
            let value = arguments.get(place.saturating_add(1)).filter(|value| value.parse::<i64>().is_ok());
            if let Some(value) = value {
                seeds.insert(argument.clone(), value.clone());
            }
        }
    }
    seeds
}

fn is_seed(name: &str) -> bool {
    let last = name.trim_start_matches(['-', '+']).rsplit('.').next().unwrap_or_default();
    let last = last.replace('-', "_").to_ascii_lowercase();
    SEED_NAMES.contains(&last.as_str())
}

/// The command as it may be shown: values of options that name a secret, and what looks like one within any value, are
/// replaced.
pub fn redacted_command(command: &[OsString]) -> Vec<String> {
    let mut before = Before::Nothing;
    command
        .iter()
        .map(|argument| {
            let argument = argument.to_string_lossy();
            let follows = std::mem::replace(&mut before, Before::of(&argument));
            let is_value = !argument.starts_with('-');
            match follows {
                Before::Secret if is_value => return REDACTED.to_owned(),
                // A port, a number of processes and the like are no passwords.
                Before::Password if is_value && argument.parse::<u64>().is_err() => {
                    return REDACTED.to_owned();
                }
                Before::User if is_value && !argument.contains("://") => {
                    if let Some((user, _)) = argument.split_once(':') {
                        return format!("{user}:{REDACTED}");
                    }
                }
                _ => {}
            }
            if looks_secret(&argument) {
                return REDACTED.to_owned();
            }
            if let Some((name, value)) = argument.split_once('=') {
                let plain = !name.contains(|letter: char| letter.is_whitespace() || letter == ';');
                if plain && is_secret_name(name.trim_start_matches('-')) || looks_secret(value) {
                    return format!("{name}={REDACTED}");
                }
            }
            redacted_within(&argument)
        })
        .collect()
}

/// What an argument says of the next one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    /// The next one is a secret: `--token`.
    Secret,
    /// The next one may be a password: `-p`, as database clients take it.
    Password,
    /// The next one may be `user:password`: `-u`, as curl takes it.
    User,
}

impl Before {
    fn of(argument: &str) -> Self {
        match argument {
            "-p" | "--pass" => Self::Password,
            "-u" | "--user" => Self::User,
            _ if argument.starts_with("--") && !argument.contains('=') && is_secret_name(argument) => {
                Self::Secret
            }
            _ => Self::Nothing,
        }
    }
}

/// Names within a value after which a secret stands: HTTP headers (RFC 9110), connection strings (ODBC, ADO.NET, libpq).
const SECRET_FIELDS: [&str; 10] = [
    "bearer ",
    "basic ",
    "authorization:",
    "cookie:",
    "x-api-key:",
    "pwd=",
    "password=",
    "accountkey=",
    "sharedaccesskey=",
    "api_key=",
];

/// `text` with what stands after a secret's name replaced, up to the next `;`, `&`, `,`, quote or end.
fn redacted_within(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut at = 0;
    while let Some((start, name)) = SECRET_FIELDS
        .iter()
        .filter_map(|name| Some((lower.get(at..)?.find(name)?.saturating_add(at), *name)))
        .min()
    {
        let value = start.saturating_add(name.len());
        let rest = text.get(value..).unwrap_or_default();
        let length = rest.find([';', '&', ',', '"', '\'']).unwrap_or(rest.len());
        shown.push_str(text.get(at..value).unwrap_or_default());
        if length > 0 {
            let space = if name.ends_with(':') && rest.starts_with(' ') { " " } else { "" };
            shown.push_str(space);
            shown.push_str(REDACTED);
        }
        at = value.saturating_add(length);
    }
    shown.push_str(text.get(at..).unwrap_or_default());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn seeds_are_found_in_each_form() {
        let variables = BTreeMap::from([("PYTHONHASHSEED".to_owned(), "0".to_owned())]);
        let found =
            seeds(&words("train --seed 1 --random-state=2 trainer.seed=3 --seeds-file x"), &variables);
        let found: Vec<_> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found, ["--random-state=2", "--seed=1", "PYTHONHASHSEED=0", "trainer.seed=3"]);
    }

    #[test]
    fn secrets_within_arguments_are_replaced_whoever_takes_them() {
        let line: Vec<OsString> = [
            "curl",
            "-u",
            "me:s3cr3t",
            "-H",
            "Authorization: Bearer abc.def",
            "-p",
            "s3cr3t",
            "--connection",
            "Server=x;Pwd=s3cr3t;Port=1",
            "-p",
            "8080",
            "-u",
            "me",
            "https://example.org/a?api_key=s3cr3t&b=1",
        ]
        .map(OsString::from)
        .to_vec();
        let shown = redacted_command(&line);
        assert!(!shown.join(" ").contains("s3cr3t") && !shown.join(" ").contains("abc.def"), "{shown:?}");
        assert_eq!(shown[2], "me:[redacted]");
        assert_eq!(shown[4], "Authorization: [redacted]");
        assert_eq!(shown[8], "Server=x;Pwd=[redacted];Port=1");
        assert_eq!((shown[10].as_str(), shown[12].as_str()), ("8080", "me"));
        assert_eq!(shown[13], "https://example.org/a?api_key=[redacted]");
    }

    proptest::proptest! {
        #[test]
        fn any_argument_is_shown(text in "\\PC{0,40}") {
            let shown = redacted_command(&[OsString::from(&text)]);
            proptest::prop_assert_eq!(shown.len(), 1);
        }
    }

    #[test]
    fn secrets_in_arguments_are_replaced_and_the_rest_stays() {
        let shown = redacted_command(&words(
            "train --token abc --api-key=def --lr=0.1 hf_0123456789abcdef --tokenizer x",
        ));
        assert_eq!(
            shown,
            ["train", "--token", REDACTED, "--api-key=[redacted]", "--lr=0.1", REDACTED, "--tokenizer", "x"]
        );
    }
}
