//! Settings of a policy that could have no effect, or another than they seem to: refused with the name of the key.

use super::checks::ChecksError;

/// A setting that is refused, because of that.
pub(crate) fn refused(key: impl Into<String>, problem: impl Into<String>) -> ChecksError {
    ChecksError::Setting { key: key.into(), problem: problem.into() }
}

/// A score is from 0 to 1.
///
/// # Errors
/// [`ChecksError::Setting`] if it is not.
pub(crate) fn score(key: &str, score: f32) -> Result<(), ChecksError> {
    if (0.0..=1.0).contains(&score) {
        return Ok(());
    }
    Err(refused(key, format!("{score} is no score; give one from 0 to 1")))
}

/// What is flagged begins no later than what is blocked.
///
/// # Errors
/// [`ChecksError::Setting`] if it does.
pub(crate) fn ordered<T: PartialOrd + std::fmt::Display>(
    table: &str,
    (flag_key, flag): (&str, T),
    (block_key, block): (&str, T),
) -> Result<(), ChecksError> {
    if flag <= block {
        return Ok(());
    }
    let problem =
        format!("{flag} lies above {block_key} = {block}, so that nothing is flagged; give no more");
    Err(refused(format!("{table}.{flag_key}"), problem))
}

/// A price or a cost is no less than nothing.
///
/// # Errors
/// [`ChecksError::Setting`] if it is not.
pub(crate) fn amount(key: &str, amount: f64) -> Result<(), ChecksError> {
    if amount.is_finite() && amount >= 0.0 {
        return Ok(());
    }
    Err(refused(key, format!("{amount} is no amount; give nought or more")))
}

/// Kinds that are left alone, as findings name them.
///
/// # Errors
/// [`ChecksError::Setting`] names one that no finding has.
pub(crate) fn kinds(key: &str, kinds: &[String], is_capital: bool) -> Result<(), ChecksError> {
    let is_letter = |byte: u8| match byte {
        b'0'..=b'9' => true,
        b'A'..=b'Z' | b'_' => is_capital,
        b'a'..=b'z' | b'-' => !is_capital,
        _ => false,
    };
    let strange = |kind: &&String| kind.is_empty() || !kind.bytes().all(is_letter);
    let Some(kind) = kinds.iter().find(strange) else { return Ok(()) };
    let written = if is_capital { "capitals: EMAIL_ADDRESS" } else { "small letters: github-token" };
    Err(refused(key, format!("{kind:?} is no kind of these; they are written in {written}")))
}

#[cfg(test)]
mod tests {
    use crate::check::Checks;

    #[test]
    fn what_could_have_no_effect_is_refused_with_its_key() {
        for (toml, key) in [
            ("[injection.user]\nflag = 5\nblock = 5", "injection.user.flag"),
            ("[injection.document]\nblock = -0.1", "injection.document.block"),
            ("[injection]\nuser = { flag = 0.9, block = 0.5 }", "injection.user.flag"),
            ("[secrets]\nscore = 5", "secrets.score"),
            ("[secrets]\nexcept = ['NO_SUCH_KIND']", "secrets.except"),
            ("[personal-data]\nexcept = ['email']", "personal-data.except"),
            ("[personal-data]\nscore = nan", "personal-data.score"),
            ("[budget]\ncost = 0.0001", "budget.cost"),
            ("[budget]\nprice-read = -1.0", "budget.price-read"),
            ("[[topics]]\nname = 'a'\nwords = ['x']\nthreshold = 0.5", "topic a"),
            ("[[topics]]\nname = 'a'\nwords = ['x']\nsha256 = '00'", "topic a"),
            ("[[topics]]\nname = 'a'\nwords = ['x']\n[[topics]]\nname = 'a'\nwords = ['y']", "topic a"),
            ("[links]\nallow = ['https://good.example/x']", "links.allow"),
            ("[links]\nallow = ['*']", "links.allow"),
            ("[links]\nallow = ['']", "links.allow"),
            ("[links]\nallow = ['good.example:8080']", "links.allow"),
            ("[answer-schema]\nhold = true", "answer-schema.hold"),
            ("[prompt-leak]\nflag-words = 50\nblock-words = 2", "prompt-leak.flag-words"),
            ("[corpus]\nfilters = ['x']\nflag-words = 50\nblock-words = 12", "corpus.flag-words"),
        ] {
            let policy = toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}: {error}"));
            let error = Checks::new(&policy, &|_| Ok(Vec::new())).unwrap_err().to_string();
            assert!(error.starts_with(key), "{toml}: {error}");
        }
    }

    #[test]
    fn what_has_an_effect_is_taken() {
        for toml in [
            "[injection.user]\nflag = 0.0\nblock = 1.0",
            "[secrets]\nexcept = ['github-token']\nscore = 0.0",
            "[budget]\ncost = 0.0001\nprice-written = 1.0",
            "[links]\nallow = ['*.good.example', 'other.example.']",
            "[answer-schema]\nhold = true\nrequested = true",
            "[prompt-leak]\nflag-words = 50\nmode = 'off'\nblock-words = 2",
        ] {
            let policy = toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}: {error}"));
            assert!(Checks::new(&policy, &|_| Ok(Vec::new())).is_ok(), "{toml}");
        }
    }
}
