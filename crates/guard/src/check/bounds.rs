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
