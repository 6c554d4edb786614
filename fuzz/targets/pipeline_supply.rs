//! What agents are given and what code is built on, under every name that decides which reader reads it: any text gives
//! findings inside it, a lock or an error, a database or an error.
#![no_main]

use bartizan_core::{Limits, MonotonicClock};
use bartizan_pipeline::agents::mcp::lock::{Lock, add_config, add_tools, diff};
use bartizan_pipeline::dependencies::advisories::{Database, vulnerabilities};
use bartizan_pipeline::{Text, examine};
use libfuzzer_sys::fuzz_target;
use std::path::Path;

const NAMES: [&str; 18] = [
    "SKILL.md", "notes.md", ".cursorrules", ".mcp.json", "tools.json", "server_mcp.py", "requirements.txt", "pyproject.toml", "Pipfile",
    "Cargo.toml", "Cargo.lock", "poetry.lock", "package.json", "package-lock.json", "pnpm-lock.yaml", "yarn.lock", "environment.yml", "setup.cfg",
];

fuzz_target!(|data: &[u8]| {
    let Some((form, content)) = data.split_first() else { return };
    let content = String::from_utf8_lossy(content);
    let name = NAMES[usize::from(*form) % NAMES.len()];
    let text = Text::new(name, &content);
    let outcome = examine(&text, &Limits::default(), &MonotonicClock::start());
    for finding in &outcome.findings {
        assert!(finding.location.offset.is_some_and(|offset| offset <= content.len() as u64));
    }
    let _ = vulnerabilities(&text, None, 0);
    let mut lock = Lock::new();
    let _ = add_config(&mut lock, &content, Path::new(name));
    let _ = add_tools(&mut lock, "s", &content, Path::new(name));
    assert!(diff(&lock, &lock).is_empty());
    let _ = Lock::read(&content, Path::new(name));
    let _ = Database::load(&content);
});
