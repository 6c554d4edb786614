//! Sizes, counts and times as people read them.

/// `bytes` with a binary unit and three significant digits at most, for example `1.5 MiB`.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = UNITS.iter();
    let mut name = unit.next().copied().unwrap_or_default();
    for larger in unit {
        if value < 1000.0 {
            break;
        }
        value /= 1024.0;
        name = larger;
    }
    if name == "B" || value >= 100.0 { format!("{value:.0} {name}") } else { format!("{value:.1} {name}") }
}

/// `seconds` with a fitting unit, for example `12 ms`.
pub(crate) fn duration(seconds: f64) -> String {
    if seconds < 0.0995 {
        format!("{:.0} ms", (seconds * 1000.0).max(1.0))
    } else if seconds < 100.0 {
        format!("{seconds:.1} s")
    } else {
        format!("{:.0} min {:02.0} s", (seconds / 60.0).floor(), seconds % 60.0)
    }
}

/// `count` with its noun, for example `2 files`.
pub(crate) fn count(count: u64, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_people_say_them() {
        let shown: Vec<_> = [0, 999, 1024, 1536 << 10, 700 << 30].map(size).into();
        assert_eq!(shown, ["0 B", "999 B", "1.0 KiB", "1.5 MiB", "700 GiB"]);
    }

    #[test]
    fn durations_read_as_people_say_them() {
        let shown: Vec<_> = [0.0001, 0.25, 12.34, 130.0].map(duration).into();
        assert_eq!(shown, ["1 ms", "0.2 s", "12.3 s", "2 min 10 s"]);
    }
}
