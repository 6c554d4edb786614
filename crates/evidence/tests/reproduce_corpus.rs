//! Recorded pairs of trained weights and how far they are known to differ, from the corpus that `BARTIZAN_CORPUS` names.
//!
//! The folder's `manifest.tsv` was computed by NumPy. Without the corpus the test says that it was skipped.
#![cfg(test)]

use bartizan_evidence::reproduce::{Class, compare};
use std::fs;
use std::path::Path;

#[test]
fn pairs_differ_by_what_numpy_measured() {
    let Some(corpus) = std::env::var_os("BARTIZAN_CORPUS") else {
        return eprintln!("skipped: BARTIZAN_CORPUS names no corpus");
    };
    let folder = Path::new(&corpus).join("supply/repro");
    let Ok(manifest) = fs::read_to_string(folder.join("manifest.tsv")) else {
        return eprintln!("skipped: the corpus has no pairs");
    };
    let mut compared = 0;
    for line in manifest.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [a, b, bitwise, absolute, relative, ..] = fields[..] else { panic!("{line}") };
        let read = |name: &str| {
            let name = name.strip_suffix(".safetensors").unwrap_or(name);
            fs::read(folder.join(format!("{name}.safetensors"))).unwrap()
        };
        let found = compare(&read(a), &read(b));
        let near = |found: Option<f64>, text: &str| {
            let (found, wanted): (f64, f64) = (found.unwrap(), text.parse().unwrap());
            // The manifest gives three digits.
            assert!((found - wanted).abs() <= wanted * 0.01, "{line}: {found}");
        };
        near(found.max_absolute, absolute);
        near(found.max_relative_to_rms, relative);
        let relative: f64 = relative.parse().unwrap();
        if bitwise == "True" {
            // A file may hold the same weights under other metadata; the manifest compares weights.
            assert!(found.class <= Class::SameValues, "{line}: {found:?}");
        } else if relative <= 1e-3 {
            assert_eq!(found.class, Class::Rounding, "{line}");
        } else {
            assert_eq!(found.class, Class::Different, "{line}");
        }
        compared += 1;
    }
    assert!(compared > 0);
}
