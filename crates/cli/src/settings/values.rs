//! Values that people write with units: sizes and times, and how each setting reads in TOML.

use crate::terminal::Color;
use bartizan_core::render::Format;
use bartizan_core::{Confidence, Severity};
use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// A number of bytes; written as `64MiB`, `1.5GB` or a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(u64);

/// A length of time; written as `500ms`, `90s`, `5m`, `1h` or a plain number of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age(Duration);

/// Why a value with a unit cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnitError {
    #[error("a size is a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, for example 64MiB")]
    Size,
    #[error("a time is a number with ms, s, m or h, for example 90s")]
    Time,
}

impl Size {
    pub(crate) fn bytes(self) -> u64 {
        self.0
    }
}

impl From<u64> for Size {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

impl Age {
    pub(crate) fn duration(self) -> Duration {
        self.0
    }
}

impl From<Duration> for Age {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl FromStr for Size {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        scaled(text, &SIZES).map(Self).ok_or(UnitError::Size)
    }
}

impl FromStr for Age {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        scaled(text, &TIMES).map(|ms| Self(Duration::from_millis(ms))).ok_or(UnitError::Time)
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = EXACT.iter().find(|(_, scale)| self.0 >= *scale && self.0.is_multiple_of(*scale));
        match exact {
            Some((unit, scale)) => write!(f, "{}{unit}", self.0 / scale),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.0.as_millis();
        if ms.is_multiple_of(1000) { write!(f, "{}s", ms / 1000) } else { write!(f, "{ms}ms") }
    }
}

/// The number at the head of `text` times the scale of the unit behind it.
fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_')).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end)?;
    let number = number.replace('_', "");
    let unit = unit.trim().to_ascii_lowercase();
    let (_, scale) = units.iter().find(|(name, _)| *name == unit)?;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(*scale);
    }
    let value = number.parse::<f64>().ok()? * *scale as f64;
    // 2^53: every whole number below it is exact.
    #[expect(clippy::cast_sign_loss, reason = "the number has no sign")]
    (value.is_finite() && value < 9_007_199_254_740_992.0).then_some(value as u64)
}

/// Units that a size is shown in when it is a whole number of them, largest first.
const EXACT: [(&str, u64); 4] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];

/// Units of size with their bytes, in lower case.
const SIZES: [(&str, u64); 14] = [
    ("", 1),
    ("b", 1),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("t", 1 << 40),
];

/// Units of time with their milliseconds; a bare number is seconds.
const TIMES: [(&str, u64); 8] = [
    ("", 1000),
    ("ms", 1),
    ("s", 1000),
    ("sec", 1000),
    ("m", 60_000),
    ("min", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];

macro_rules! read_from_toml {
    ($($name:ident $described:literal;)+) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(untagged)]
                enum Spelled {
                    Number(u64),
                    Text(String),
                }
                let text = match serde::Deserialize::deserialize(deserializer)? {
                    Spelled::Number(number) => number.to_string(),
                    Spelled::Text(text) => text,
                };
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": ["string", "integer"], "minimum": 0, "description": $described })
            }
        }
    )+};
}

read_from_toml! {
    Size "Bytes, as a number or with a unit: \"64MiB\", \"1.5GB\".";
    Age "A time, as a number of seconds or with a unit: \"90s\", \"5m\".";
}

/// How a value reads in `bartizan.toml`.
pub(crate) trait InToml {
    /// The value as TOML.
    fn in_toml(&self) -> String;
}

macro_rules! in_toml {
    ($($type:ty => |$value:ident| $text:expr;)+) => {
        $(impl InToml for $type {
            fn in_toml(&self) -> String {
                let $value = self;
                $text.to_string()
            }
        })+
    };
}

in_toml! {
    bool => |value| value;
    u32 => |value| value;
    u64 => |value| value;
    usize => |value| value;
    NonZeroUsize => |value| value;
    Size => |value| quoted(&value.to_string());
    Age => |value| quoted(&value.to_string());
    Format => |value| quoted(value.as_str());
    Severity => |value| quoted(value.as_str());
    Confidence => |value| quoted(value.as_str());
    Color => |value| quoted(value.as_str());
    PathBuf => |value| quoted(&value.to_string_lossy());
    Vec<String> => |value| toml::Value::from(value.clone());
}

fn quoted(text: &str) -> toml::Value {
    toml::Value::String(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_binary_and_decimal_units() {
        let bytes = |text: &str| text.parse::<Size>().map(Size::bytes);
        assert_eq!(bytes("64MiB"), Ok(64 << 20));
        assert_eq!(bytes("1.5 GB"), Ok(1_500_000_000));
        assert_eq!(bytes("1_000"), Ok(1000));
        assert_eq!(bytes("2k"), Ok(2048));
        for wrong in ["", "MiB", "1 XB", "-1", "99999999999TiB", "1e3"] {
            assert_eq!(bytes(wrong), Err(UnitError::Size), "{wrong}");
        }
    }

    #[test]
    fn times_take_units_and_bare_seconds() {
        let ms = |text: &str| text.parse::<Age>().map(|age| age.duration().as_millis());
        assert_eq!((ms("90s"), ms("5m"), ms("2"), ms("250ms")), (Ok(90_000), Ok(300_000), Ok(2000), Ok(250)));
        assert_eq!(ms("soon"), Err(UnitError::Time));
    }

    #[test]
    fn values_read_back_as_they_are_shown() {
        for bytes in [0, 1, 1000, 1 << 30, (1 << 30) + 1, 1 << 44] {
            assert_eq!(Size(bytes).to_string().parse(), Ok(Size(bytes)));
        }
        assert_eq!(Size(1 << 30).to_string(), "1GiB");
        assert_eq!(Age(Duration::from_mins(10)).to_string(), "600s");
    }
}
