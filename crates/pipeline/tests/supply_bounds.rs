//! Any text under any name of this subject is read without panic, inside its bounds, in time that grows with its length.

use bartizan_core::{Limits, MonotonicClock};
use bartizan_pipeline::agents::mcp::lock::{Lock, add_config, add_tools};
use bartizan_pipeline::dependencies::advisories::Database;
use bartizan_pipeline::{Text, examine};
use proptest::prelude::*;
use std::fs;
use std::path::Path;

const NAMES: [&str; 18] = [
    "SKILL.md",
    "notes.md",
    ".cursorrules",
    ".mcp.json",
    "tools.json",
    "server_mcp.py",
    "requirements.txt",
    "pyproject.toml",
    "Pipfile",
    "Cargo.toml",
    "Cargo.lock",
    "poetry.lock",
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "yarn.lock",
    "environment.yml",
    "setup.cfg",
];

fn read(name: &str, content: &str) {
    let outcome = examine(&Text::new(name, content), &Limits::default(), &MonotonicClock::start());
    for finding in &outcome.findings {
        assert!(
            finding.location.offset.is_some_and(|offset| offset <= content.len() as u64),
            "{name}: {finding:?}"
        );
        assert!(finding.location.line.is_some() && finding.location.column.is_some());
    }
    let mut lock = Lock::new();
    let _ = add_config(&mut lock, content, Path::new(name));
    let _ = add_tools(&mut lock, "s", content, Path::new(name));
    let _ = Database::load(content);
}

#[test]
fn every_seed_cut_at_every_byte_is_read() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/pipeline-supply");
    let mut count = 0;
    for seed in fs::read_dir(seeds).unwrap() {
        let bytes = fs::read(seed.unwrap().path()).unwrap();
        let content = String::from_utf8_lossy(&bytes[1..]).into_owned();
        for end in (0..=content.len()).filter(|&end| content.is_char_boundary(end)) {
            read(NAMES[usize::from(bytes[0]) % NAMES.len()], &content[..end]);
        }
        count += 1;
    }
    assert_eq!(count, NAMES.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_text_is_read(form in 0..NAMES.len(), content in "(---\n|name: |```|<!--|-->|curl |\\| sh|[a-z]{1,6}|[ \n:\"{}\\[\\],#@=\\\\é\u{200b}]){0,60}") {
        read(NAMES[form], &content);
    }
}

#[test]
fn a_long_text_of_each_kind_is_read_within_the_time_of_a_limit() {
    let limits = Limits::default();
    let pieces = [
        "<!-- ",
        "``` ",
        "ignore ",
        "http://a.b/c ",
        "send the ",
        "\u{200b}",
        "\"description\": \"",
        "while True:\n",
        "a==1\n",
        "- ",
        "(",
        "\"\"\"",
    ];
    for name in NAMES {
        for piece in pieces {
            let content = piece.repeat(8_000 / piece.len());
            let outcome = examine(&Text::new(name, &content), &limits, &MonotonicClock::start());
            assert!(outcome.gaps.iter().all(|gap| !gap.reason.contains("not finished")), "{name} {piece:?}");
        }
    }
}
