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

/// The command as it may be shown: values of options that name a secret, and values that look like one, are replaced.
pub fn redacted_command(command: &[OsString]) -> Vec<String> {
    let mut secret_follows = false;
    command
        .iter()
        .map(|argument| {
            let argument = argument.to_string_lossy();
            let secret = std::mem::take(&mut secret_follows);
            if secret && !argument.starts_with('-') || looks_secret(&argument) {
                return REDACTED.to_owned();
            }
            if let Some((name, value)) = argument.split_once('=') {
                let plain = !name.contains(char::is_whitespace);
                if plain && is_secret_name(name.trim_start_matches('-')) || looks_secret(value) {
                    return format!("{name}={REDACTED}");
                }
            } else if argument.starts_with("--") && is_secret_name(&argument) {
                secret_follows = true;
            }
            argument.into_owned()
        })
        .collect()
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
