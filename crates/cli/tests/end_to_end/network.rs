//! `bartizan scan` makes no network connection, shown three times: no crate in its tree can open one beyond the standard
//! library, none is in the program as it is built by default, and the running program asks the kernel for no socket.

use crate::support::{Workplace, evil_pickle, good_safetensors};
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Crates that open sockets or speak network protocols. None may be in the tree of the program.
const NETWORK_CRATES: [&str; 24] = [
    "async-std",
    "attohttpc",
    "curl",
    "h2",
    "hickory-resolver",
    "http",
    "hyper",
    "isahc",
    "mio",
    "native-tls",
    "openssl",
    "quinn",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "surf",
    "tokio",
    "tonic",
    "tungstenite",
    "ureq",
    "webpki",
    "websocket",
    "wasi-http",
];

#[test]
fn no_crate_that_scans_can_open_a_connection() {
    // The lock file also names dependencies of tests and of other platforms: more than the program holds, never less.
    let lock = include_str!("../../../../Cargo.lock");
    let lock: toml::Table = toml::from_str(lock).unwrap();
    let mut dependencies: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for package in lock["package"].as_array().unwrap() {
        let listed = package.get("dependencies").and_then(toml::Value::as_array).into_iter().flatten();
        // Where several versions exist, an entry reads `name version`.
        let names = listed.filter_map(|name| name.as_str()?.split(' ').next());
        dependencies.entry(package["name"].as_str().unwrap()).or_default().extend(names);
    }
    let mut open = vec!["bartizan-core", "bartizan-model"];
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        if seen.insert(name) {
            open.extend(&dependencies[name]);
        }
    }
    assert!(seen.len() > 20, "the tree was not walked");
    let found: Vec<&&str> = seen.iter().filter(|name| NETWORK_CRATES.contains(name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_program_as_built_by_default_holds_no_crate_that_opens_connections() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "--package",
            "bartizan",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let tree = String::from_utf8(tree.stdout).unwrap();
    let names: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(names.len() > 20 && names.contains("bartizan-evidence"), "the tree was not walked");
    let found: Vec<&&str> = names.iter().filter(|name| NETWORK_CRATES.contains(name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn our_own_code_names_no_socket() {
    // The commands that serve or ask who serves, and only when the program is built with the feature for each.
    const SERVE: [&str; 4] = [
        "cli/src/commands/log/witness.rs",
        "cli/src/commands/guard/serve.rs",
        "cli/src/commands/guard/top.rs",
        "cli/src/commands/server/admission.rs",
    ];
    // Answers the processes it started, over a socket in a private folder: of this machine, and of no network.
    const ANSWERS: &str = "cli/src/commands/load_guard.rs";

    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let mut folders: Vec<_> = ["core", "model", "pipeline", "data", "policy", "cli"]
        .map(|name| std::path::Path::new(root).join(name).join("src"))
        .into();
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !SERVE.iter().any(|serves| path.ends_with(serves))
            {
                files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                for name in
                    ["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "UnixDatagram", "ToSocketAddrs"]
                {
                    let is_local = name == "UnixStream" && path.ends_with(ANSWERS);
                    assert!(is_local || !text.contains(name), "{}: {name}", path.display());
                }
            }
        }
    }
    assert!(files > 20, "the sources were not found");
}

#[test]
fn a_scan_asks_the_kernel_for_no_socket() {
    let at = Workplace::new();
    at.write("m/evil.pkl", evil_pickle());
    at.write("m/good.safetensors", good_safetensors());
    at.write("m/config.json", "{\"auto_map\":{\"AutoModel\":\"https://example.org/x--modeling.Model\"}}");
    let trace = at.path().join("trace");
    let traced = Command::new("strace")
        .args(["-f", "-qq", "-e", "trace=%network", "-e", "signal=none", "-o"])
        .arg(&trace)
        .arg(env!("CARGO_BIN_EXE_bartizan"))
        .args(["scan", "m", "--format", "sarif", "--output", "out.sarif"])
        .current_dir(at.path())
        .output();
    let Ok(output) = traced else {
        eprintln!("skipped: strace is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    if said.contains("ptrace") {
        eprintln!("skipped: tracing is not allowed here: {said}");
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(std::fs::read_to_string(trace).unwrap(), "");
    assert!(at.path().join("out.sarif").exists());
}
