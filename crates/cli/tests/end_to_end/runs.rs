//! `bartizan run` and `bartizan reproduce`: a contract with whatever runs them in place of the command itself.

use crate::support::{Ran, Workplace};
use serde_json::Value;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};

/// A workplace with a key.
fn project() -> Workplace {
    let at = Workplace::new();
    let made = at.run(&["key", "generate", "--algorithm", "ed25519"]);
    assert_eq!(made.code, 0, "{made:?}");
    at
}

/// What the envelope in a file says.
fn statement(at: &Workplace, name: &str) -> Value {
    let envelope: Value = serde_json::from_slice(&fs::read(at.path().join(name)).unwrap()).unwrap();
    let payload = data_encoding(envelope["payload"].as_str().unwrap());
    serde_json::from_slice(&payload).unwrap()
}

/// Decodes base64.
fn data_encoding(text: &str) -> Vec<u8> {
    let value = |byte: u8| {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        alphabet.iter().position(|each| *each == byte).map(|place| place as u32)
    };
    let digits: Vec<u32> = text.bytes().filter_map(value).collect();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let number = group.iter().fold(0, |number, digit| number << 6 | digit) << (6 * (4 - group.len()));
        bytes.extend(&number.to_be_bytes()[1..group.len()]);
    }
    bytes
}

fn marks(resources: &Value, role: &str) -> Vec<(String, String)> {
    let of_role = resources.as_array().unwrap().iter().filter(|each| each["annotations"]["role"] == role);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    of_role.map(|each| (text(&each["name"]), text(&each["annotations"]["mark"]))).collect()
}

fn pair(name: &str, mark: &str) -> (String, String) {
    (name.to_owned(), mark.to_owned())
}

/// Starts a command under `run` and waits until it says that it is ready.
fn ready(at: &Workplace, arguments: &[&str]) -> Child {
    let mut child = at.program(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    #[cfg(target_os = "linux")]
    while !holds_signals_back(child.id()) {
        std::thread::yield_now();
    }
    child
}

/// Bits of signals in a mask of `/proc`.
#[cfg(target_os = "linux")]
const SIGTERM: u64 = 1 << 14;
#[cfg(target_os = "linux")]
const SIGALRM: u64 = 1 << 13;

/// Whether every thread of a process holds SIGTERM back: once it records, none ever lets one through.
#[cfg(target_os = "linux")]
fn holds_signals_back(process: u32) -> bool {
    masks(process).iter().all(|mask| mask & SIGTERM != 0)
}

/// As [`holds_signals_back`], and no thread is in the instant in which the C library holds every signal back to start another.
#[cfg(target_os = "linux")]
fn holds_only_some_back(process: u32) -> bool {
    let masks = masks(process);
    !masks.is_empty() && masks.iter().all(|mask| mask & SIGTERM != 0 && mask & SIGALRM == 0)
}

/// The signals that each thread of a process holds back.
#[cfg(target_os = "linux")]
fn masks(process: u32) -> Vec<u64> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let mask = |status: String| {
        let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap().trim().to_owned();
        u64::from_str_radix(&mask, 16).unwrap()
    };
    // A thread that has ended in the meantime takes no signal.
    threads
        .filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("status")).ok())
        // Of a thread that is just ending the kernel tells neither masks nor how many there are.
        .filter(|status| !status.lines().any(|line| line == "Threads:\t0"))
        .map(mask)
        .collect()
}

fn send(child: &Child, signal: &str) {
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
}

#[test]
fn output_and_exit_code_are_the_commands_own() {
    let at = project();
    let ran =
        at.run(&["run", "--output-statement", "s.json", "--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!((ran.code, ran.out.as_str()), (7, "out\n"), "{ran:?}");
    assert!(ran.err.lines().any(|line| line == "err"), "{ran:?}");
    let statement = statement(&at, "s.json");
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    assert_eq!(statement["predicate"]["runDetails"]["metadata"]["bartizan_ending"]["code"], 7);
}

#[test]
fn a_killed_command_gives_128_and_the_signal() {
    let at = project();
    assert_eq!(at.run(&["run", "--", "sh", "-c", "kill -TERM $$"]).code, 143);
}

#[test]
fn signals_sent_to_us_alone_are_handed_on() {
    let at = project();
    let script = "trap 'echo caught > caught; exit 5' TERM; echo ready; while :; do sleep 0.01; done";
    for extra in [&[][..], &["--trace"]] {
        let arguments =
            [&["run", "--output-statement", "s.json"], extra, &["--", "sh", "-c", script]].concat();
        let mut child = ready(&at, &arguments);
        send(&child, "-TERM");
        assert_eq!(child.wait().unwrap().code(), Some(5), "{extra:?}");
        assert_eq!(fs::read_to_string(at.path().join("caught")).unwrap(), "caught\n");
        assert_eq!(
            statement(&at, "s.json")["predicate"]["runDetails"]["metadata"]["bartizan_ending"]["code"],
            5
        );
        fs::remove_file(at.path().join("caught")).unwrap();
        fs::remove_file(at.path().join("s.json")).unwrap();
    }
}

/// Whether a process has the child that is about to become the command.
#[cfg(target_os = "linux")]
fn is_launching(process: u32) -> bool {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children")).unwrap_or_default();
    children.split_whitespace().any(|child| {
        let words = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
        words.split(|byte| *byte == 0).any(|word| word == b"__launched" || word == b"sleep")
            && !words.split(|byte| *byte == 0).any(|word| word == b"run")
    })
}

/// The recorder holds signals back before it starts the command, so there is no instant in which one ends it unrecorded.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_while_the_command_is_being_started_is_the_commands_and_is_recorded() {
    let at = project();
    for turn in 0..20 {
        let statement_file = format!("s{turn}.json");
        let arguments = ["run", "--no-watch", "--output-statement", &statement_file, "--", "sleep", "20"];
        let mut child = at.program(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // The recorder goes on from starting the command only after its child has become another program: as early as that the
        // signal comes. Children before are asked about the environment.
        while !holds_only_some_back(child.id()) {
            assert_eq!(child.try_wait().unwrap(), None);
        }
        while !is_launching(child.id()) {
            assert_eq!(child.try_wait().unwrap(), None);
            assert!(holds_signals_back(child.id()), "turn {turn}: a signal would end the recorder now");
        }
        send(&child, "-TERM");
        assert_eq!(child.wait().unwrap().code(), Some(143), "turn {turn}");
        let ending =
            &statement(&at, &statement_file)["predicate"]["runDetails"]["metadata"]["bartizan_ending"];
        assert_eq!(ending["signal"], 15, "turn {turn}");
    }
}

#[test]
fn nothing_half_written_is_left_when_we_are_killed() {
    let at = project();
    let mut child =
        ready(&at, &["run", "--output-statement", "s.json", "--", "sh", "-c", "echo ready; exec sleep 5"]);
    send(&child, "-KILL");
    child.wait().unwrap();
    let names: Vec<_> = fs::read_dir(at.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_string_lossy().contains("s.json")), "{names:?}");
}

#[test]
fn large_output_streams_through() {
    let at = project();
    let ran = at.run(&["run", "--", "sh", "-c", "head -c 3000000 /dev/zero | tr '\\0' x"]);
    assert_eq!((ran.code, ran.out.len()), (0, 3_000_000));
}

#[cfg(target_os = "linux")]
#[test]
fn watching_and_tracing_mark_files_alike() {
    for extra in [&[][..], &["--trace"]] {
        let at = project();
        at.write("data/a", "1");
        at.write("data/unused", "2");
        at.write("secret", "3");
        let script = "mkdir -p out/deep; cat data/a secret > out/deep/part; mv out/deep/part out/deep/model; echo x > stray";
        let head = ["run", "--data", "data", "--output", "out", "--output-statement", "s.json"];
        let ran = at.run(&[&head[..], extra, &["--", "sh", "-c", script]].concat());
        assert_eq!(ran.code, 0, "{ran:?}");
        let statement = statement(&at, "s.json");
        let dependencies = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
        let data: Vec<_> =
            marks(dependencies, "data").into_iter().filter(|(_, mark)| !mark.is_empty()).collect();
        assert_eq!(data, [pair("data/a", "observed"), pair("data/unused", "declared")], "{extra:?}");
        assert_eq!(marks(dependencies, "input"), [pair("secret", "undeclared")], "{extra:?}");
        assert_eq!(marks(&statement["subject"], "output"), [pair("out/deep/model", "observed")], "{extra:?}");
        let byproducts = &statement["predicate"]["runDetails"]["byproducts"];
        assert_eq!(marks(byproducts, "output"), [pair("stray", "undeclared")], "{extra:?}");
        let observation = &statement["predicate"]["runDetails"]["metadata"]["bartizan_observation"];
        assert_eq!(observation["complete"], true, "{observation}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_that_leaves_the_project_is_told_or_followed() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("a"), "1").unwrap();
    let at = project();
    std::os::unix::fs::symlink(outside.path(), at.path().join("data")).unwrap();
    let ran = at.run(&["run", "--", "cat", "data/a"]);
    assert!(ran.err.contains("incomplete") && ran.err.contains("behind this link"), "{ran:?}");
    let ran = at.run(&["run", "--data", "data", "--output-statement", "s.json", "--", "cat", "data/a"]);
    assert_eq!(ran.code, 0);
    let statement = statement(&at, "s.json");
    let dependencies = &statement["predicate"]["buildDefinition"]["resolvedDependencies"];
    assert!(marks(dependencies, "data").iter().any(|(name, _)| name == "data/a"), "{dependencies}");
}

#[test]
fn what_keeps_a_run_from_being_recorded_is_told_before_it_starts() {
    let without_key = Workplace::new();
    let ran = without_key.run(&["run", "--", "touch", "started"]);
    assert!(ran.code == 2 && ran.err.contains("bartizan key generate"), "{ran:?}");
    assert!(!without_key.path().join("started").exists());
    let at = project();
    let ran = at.run(&["run", "--data", "missing", "--", "touch", "started"]);
    assert!(ran.code == 2 && ran.err.contains("missing"), "{ran:?}");
    assert!(!at.path().join("started").exists());
    assert_eq!(at.run(&["run", "--", "no-such-program"]).code, 2);
}

fn recorded(at: &Workplace, script: &str) -> Ran {
    let ran = at.run(&[
        "run",
        "--data",
        "data",
        "--output",
        "out",
        "--output-statement",
        "s.json",
        "--",
        "sh",
        "-c",
        script,
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    ran
}

#[test]
fn a_run_is_reproduced_by_file_name_and_digest() {
    let at = project();
    at.write("data", "1");
    let ran = recorded(&at, "mkdir -p out && cat data > out/model");
    let digest = ran.err.split_whitespace().find(|word| word.starts_with("sha256:")).unwrap().to_owned();
    let name = ran.err.split("run ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    for run in ["s.json", &digest, &name] {
        let again = at.run(&["reproduce", run]);
        assert_eq!(again.code, 0, "{again:?}");
        assert!(again.out.starts_with("identical     out/model"), "{again:?}");
    }
    fs::write(at.path().join("data"), "2").unwrap();
    let again = at.run(&["reproduce", "s.json"]);
    assert!(
        again.code == 2 && again.err.contains("data") && again.err.contains("another content"),
        "{again:?}"
    );
}

#[test]
fn a_statement_changed_or_signed_by_another_is_not_run() {
    let at = project();
    at.write("data", "1");
    recorded(&at, "mkdir -p out && cat data > out/model");
    let text = fs::read_to_string(at.path().join("s.json")).unwrap();
    let flipped = text.replacen("\"payload\":\"eyJ", "\"payload\":\"eyK", 1);
    assert_ne!(text, flipped);
    at.write("flipped.json", flipped);
    assert_eq!(at.run(&["reproduce", "flipped.json"]).code, 2);
    at.run(&["key", "generate", "--output", "other.key"]);
    let ran = at.run(&["reproduce", "s.json", "--trust", "other.pub"]);
    assert!(ran.code == 2 && ran.err.contains("none of the envelope"), "{ran:?}");
    assert_eq!(at.run(&["reproduce", "no-such-run"]).code, 2);
}

#[test]
fn a_result_left_to_chance_is_not_the_same() {
    let at = project();
    at.write("data", "1");
    let script = "mkdir -p out && printf '\\223NUMPY\\001\\000\\100\\000%-64s' \"{'descr': '<f8', 'fortran_order': False, 'shape': (8,), }\" \
                  > out/model.npy && head -c 64 /dev/urandom >> out/model.npy";
    recorded(&at, script);
    let again = at.run(&["reproduce", "s.json", "--format", "json", "--output-statement", "r.json"]);
    assert_eq!(again.code, 1, "{again:?}");
    let result: Value = serde_json::from_str(&again.out).unwrap();
    assert_eq!(result["outputs"][0]["comparison"]["class"], "different", "{result}");
    assert!(
        result["causes"].as_array().unwrap().iter().any(|cause| cause.as_str().unwrap().starts_with("seed"))
    );
    let statement = statement(&at, "r.json");
    assert_eq!(statement["predicateType"], "https://in-toto.io/attestation/test-result/v0.1");
    assert_eq!(statement["predicate"]["result"], "FAILED");
}

/// A small program of Python, recorded and run again: the causes named, each as a line.
struct Training {
    at: Workplace,
    /// Where its packages lie, beside the project.
    site: tempfile::TempDir,
}

impl Training {
    /// None, and a line that says so, where there is no Python.
    fn new(program: &str) -> Option<Self> {
        if !std::process::Command::new("python3").arg("-V").output().is_ok_and(|asked| asked.status.success())
        {
            println!("skipped: no python3");
            return None;
        }
        let training = Self { at: project(), site: tempfile::tempdir().unwrap() };
        training.at.write("train.py", program);
        Some(training)
    }

    fn program(&self, before: &[&str], arguments: &[&str]) -> std::process::Output {
        let bartizan = self.at.program(arguments);
        let mut command = match before {
            [] => std::process::Command::new(bartizan.get_program()),
            [program, rest @ ..] => {
                let mut command = std::process::Command::new(program);
                command.args(rest).arg(bartizan.get_program());
                command
            }
        };
        command.args(bartizan.get_args()).current_dir(self.at.path());
        for (name, value) in bartizan.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("PYTHONPATH", self.site.path()).env_remove("PYTHONHASHSEED").output().unwrap()
    }

    fn record(&self, arguments: &[&str]) {
        let run =
            ["run", "--no-watch", "--code", "train.py", "--output", "model", "--output-statement", "s.json"];
        let ran = self.program(&[], &[&run[..], &["--", "python3", "train.py"], arguments].concat());
        assert!(ran.status.success(), "{ran:?}");
    }

    fn causes(&self, before: &[&str], command: &[&str]) -> Vec<String> {
        let ran = self.program(before, &[&["reproduce", "s.json", "--format", "json"], command].concat());
        assert!(matches!(ran.status.code(), Some(1 | 3)), "{ran:?}");
        let result: Value = serde_json::from_slice(&ran.stdout).unwrap();
        let causes = result["causes"].as_array().unwrap();
        causes.iter().map(|cause| cause.as_str().unwrap().to_owned()).collect()
    }
}

fn has_cause(causes: &[String], begins: &str) -> bool {
    causes.iter().any(|cause| cause.starts_with(begins))
}

#[test]
fn another_seed_is_named() {
    let program =
        "import random, sys\nrandom.seed(int(sys.argv[2]))\nopen('model', 'w').write(str(random.random()))\n";
    let Some(training) = Training::new(program) else { return };
    training.record(&["--seed", "1"]);
    let causes = training.causes(&[], &["--", "python3", "train.py", "--seed", "2"]);
    assert!(has_cause(&causes, "seed --seed: 1 recorded, 2 now"), "{causes:?}");
    let again = training.program(&[], &["reproduce", "s.json"]);
    assert_eq!(again.status.code(), Some(0), "{again:?}");
}

#[test]
fn an_order_left_to_chance_is_named() {
    let program = "open('model', 'w').write(','.join({str(number) for number in range(1000)}))\n";
    let Some(training) = Training::new(program) else { return };
    training.record(&[]);
    let causes = training.causes(&[], &[]);
    assert!(has_cause(&causes, "hash-order PYTHONHASHSEED"), "{causes:?}");
}

#[test]
fn another_version_of_a_package_is_named() {
    let Some(training) = Training::new("import toy\nopen('model', 'w').write(toy.version)\n") else { return };
    let install = |version: &str| {
        fs::write(training.site.path().join("toy.py"), format!("version = '{version}'\n")).unwrap();
        let info = training.site.path().join(format!("toy-{version}.dist-info"));
        fs::create_dir(&info).unwrap();
        fs::write(info.join("RECORD"), format!("toy.py,sha256={version},1\n")).unwrap();
        info
    };
    let old = install("1.0");
    training.record(&[]);
    fs::remove_dir_all(old).unwrap();
    install("2.0");
    let causes = training.causes(&[], &[]);
    assert!(has_cause(&causes, "package pkg:pypi/toy: 1.0 "), "{causes:?}");
    assert!(causes.iter().any(|cause| cause.contains("2.0 (files ")), "{causes:?}");
}

/// Libraries of linear algebra choose their kernel, and the order of their sums, by processor and threads.
#[cfg(target_os = "linux")]
#[test]
fn another_number_of_threads_that_decides_the_kernel_is_named() {
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let pinned = std::process::Command::new("taskset").args(["-c", "0", "true"]).status();
    if processors < 2 || !pinned.is_ok_and(|status| status.success()) {
        println!("skipped: one processor, or no taskset");
        return;
    }
    let program = "import os\nopen('model', 'w').write(str(len(os.sched_getaffinity(0))))\n";
    let Some(training) = Training::new(program) else { return };
    training.record(&[]);
    let causes = training.causes(&["taskset", "-c", "0"], &[]);
    let expected = format!("threads available: {processors} recorded, 1 now");
    assert!(has_cause(&causes, &expected), "{causes:?}");
}

#[test]
fn two_files_and_two_folders_are_compared() {
    let at = Workplace::new();
    at.write("one/a", "1");
    at.write("two/a", "1");
    assert_eq!(at.run(&["reproduce", "--compare", "one/a", "two/a"]).code, 0);
    assert_eq!(at.run(&["reproduce", "--compare", "one", "two"]).code, 0);
    at.write("two/b", "2");
    let ran = at.run(&["reproduce", "--compare", "one", "two"]);
    assert!(ran.code == 3 && ran.out.contains("missing in the first"), "{ran:?}");
    assert_eq!(at.run(&["reproduce", "--compare", "one/a", "missing"]).code, 2);
}

#[test]
#[cfg(target_os = "linux")]
fn a_process_left_running_makes_the_record_incomplete() {
    for method in ["--no-watch", "--trace"] {
        let at = project();
        // Holds its standard streams closed, moves to a session of its own, and lives until its file is removed.
        at.write("stay", "");
        let script = "setsid sh -c 'while [ -e stay ]; do sleep 0.05; done' <&- >&- 2>&- &";
        let ran = at.run(&["run", method, "--output-statement", "s.json", "--", "sh", "-c", script]);
        std::fs::remove_file(at.path().join("stay")).unwrap();
        assert_eq!(ran.code, 0, "{ran:?}");
        let observation =
            statement(&at, "s.json")["predicate"]["runDetails"]["metadata"]["bartizan_observation"].clone();
        assert_eq!(observation["complete"], false, "{method}: {observation}");
        assert!(ran.err.contains("went on after"), "{method}: {ran:?}");
    }
}

#[test]
fn kept_outputs_outlive_their_files() {
    let at = project();
    let ran = at.run(&[
        "run",
        "--keep-outputs",
        "--output",
        "out",
        "--output-statement",
        "s.json",
        "--",
        "sh",
        "-c",
        "echo result > out",
    ]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let digest = statement(&at, "s.json")["subject"][0]["digest"]["sha256"].as_str().unwrap().to_owned();
    std::fs::write(at.path().join("out"), "tampered").unwrap();
    let kept = std::fs::read_to_string(at.path().join(".bartizan/blobs/sha256").join(digest)).unwrap();
    assert_eq!(kept, "result\n");
}

#[test]
#[cfg(unix)]
fn a_rerun_says_what_it_runs_and_its_copy_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let at = project();
    at.write("data", "1");
    recorded(&at, "echo result > out");
    let again = at.run(&["reproduce", "s.json", "--keep", "copy"]);
    assert!(again.err.contains("running `sh -c echo result > out` in "), "{again:?}");
    let mode = std::fs::metadata(at.path().join("copy")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn nobody_runs_what_only_the_folder_itself_vouches_for() {
    let at = project();
    at.write("data", "1");
    recorded(&at, "echo result > out");
    // The same folder as somebody else finds it.
    let stranger = tempfile::tempdir().unwrap();
    let ran = Ran::of(
        &at.program(&["reproduce", "s.json"]).env("XDG_CONFIG_HOME", stranger.path()).output().unwrap(),
    );
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("never confirmed on this machine") && !ran.err.contains("running"), "{ran:?}");
}
