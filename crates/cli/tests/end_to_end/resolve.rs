//! `scan --fix --resolve`: names that move are looked up and pinned. Git answers through its own `git http-backend`, images come from
//! the registry of the distribution project where it is installed and otherwise from a server of this test that speaks the two answers
//! of the distribution protocol that are asked for; the hub is such a server always.

use crate::registry::{Serving, lying, manifest, sha256};
use crate::support::{Ran, Workplace};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const COMMIT: &str = "0f3c9b2d1b7f4b1d7b0f4e8e9b8e3a3bb4f9c012";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let out = Command::new("git")
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    assert!(out.status.success(), "{arguments:?} {out:?}");
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// A repository at `name` below `root` with the annotated tags v4 and v4.2.2 on its first commit and a second on `main`; both commits.
fn repository(root: &Path, name: &str) -> (String, String) {
    let folder = root.join(format!("{name}.git"));
    fs::create_dir_all(&folder).unwrap();
    git(&folder, &["init", "--quiet"]);
    for (file, tags) in [("a", &["v4", "v4.2.2"][..]), ("b", &[])] {
        fs::write(folder.join(file), file).unwrap();
        git(&folder, &["add", "."]);
        git(&folder, &["commit", "--quiet", "-m", file]);
        for tag in tags {
            git(&folder, &["tag", "-a", tag, "-m", tag]);
        }
    }
    (git(&folder, &["rev-parse", "HEAD~1"]), git(&folder, &["rev-parse", "HEAD"]))
}

/// Serves the repositories below `root` as git's documentation says, through the CGI program that comes with git.
fn serving(root: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut head = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).is_ok_and(|read| read > 0) {}
            let asked = head.split(' ').nth(1).unwrap_or_default();
            let (path, query) = asked.split_once('?').unwrap_or((asked, ""));
            let answer = Command::new("git")
                .arg("http-backend")
                .env("GIT_PROJECT_ROOT", &root)
                .envs([
                    ("GIT_HTTP_EXPORT_ALL", "1"),
                    ("REQUEST_METHOD", "GET"),
                    ("GIT_CONFIG_GLOBAL", "/dev/null"),
                ])
                .envs([("PATH_INFO", path), ("QUERY_STRING", query)])
                .stdin(Stdio::null())
                .output()
                .unwrap();
            let said = String::from_utf8_lossy(&answer.stdout);
            let status =
                said.strip_prefix("Status: ").and_then(|rest| rest.lines().next()).unwrap_or("200 OK");
            let _ = write!(stream, "HTTP/1.1 {status}\r\nconnection: close\r\n");
            let _ = stream.write_all(&answer.stdout);
        }
    });
    format!("http://{host}")
}

/// Scans, mends and looks up with servers of this test alone.
fn mend(at: &Workplace, where_: &str, variables: &[(&str, &str)]) -> Ran {
    let mut program = at.program(&["scan", ".", "--fix=safe", where_, "--no-config"]);
    for name in ["GITHUB_TOKEN", "HF_TOKEN", "HF_HUB_CACHE", "CI_SERVER_URL"] {
        program.env_remove(name);
    }
    program.env("HF_HOME", at.path().join("hf")).env("GITHUB_SERVER_URL", "http://127.0.0.1:9");
    program.env("HF_ENDPOINT", "http://127.0.0.1:9").envs(variables.iter().copied());
    Ran::of(&program.output().unwrap())
}

fn content(at: &Workplace, name: &str) -> String {
    fs::read_to_string(at.path().join(name)).unwrap()
}

#[test]
fn references_of_git_are_pinned_to_the_commits_that_a_real_git_names() {
    let (at, root) = (Workplace::new(), tempfile::tempdir().unwrap());
    let (tagged, newest) = repository(root.path(), "acme/tool");
    let server = serving(root.path().to_owned());
    let workflow = "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - uses: acme/tool@v4\n    \
        - uses: acme/tool/sub@main # ours\n    - uses: acme/gone@v1\n  b:\n    uses: acme/tool/.github/workflows/w.yml@v4.2.2\n";
    at.write(".github/workflows/ci.yml", workflow);
    at.write(
        ".gitlab-ci.yml",
        "include:\n- project: acme/tool\n  ref: v4\n  file: /a.yml\njob:\n  script: [make]\n",
    );
    at.write(
        ".pre-commit-config.yaml",
        format!("repos:\n- repo: {server}/acme/tool\n  rev: v4\n  hooks: [{{id: a}}]\n"),
    );
    at.write(
        "requirements.txt",
        format!("x @ git+{server}/acme/tool.git@v4#egg=x\ny @ git+{server}/acme/tool.git\n"),
    );
    at.write(
        "main.tf",
        format!("module \"m\" {{\n  source = \"git::{server}/acme/tool.git//sub?ref=v4\"\n}}\n"),
    );
    let ran = mend(&at, "--resolve", &[("GITHUB_SERVER_URL", &server), ("CI_SERVER_URL", &server)]);
    let workflow = content(&at, ".github/workflows/ci.yml");
    for line in [
        format!("- uses: acme/tool@{tagged} # v4.2.2\n"),
        format!("- uses: acme/tool/sub@{newest} # main # ours\n"),
        "- uses: acme/gone@v1\n".to_owned(),
        format!("uses: acme/tool/.github/workflows/w.yml@{tagged} # v4.2.2\n"),
    ] {
        assert!(workflow.contains(&line), "{line} {workflow} {ran:?}");
    }
    assert!(ran.err.contains("`acme/gone` at `v1` is not pinned") && ran.err.contains("404"), "{ran:?}");
    assert!(content(&at, ".gitlab-ci.yml").contains(&format!("  ref: {tagged} # v4.2.2\n")), "{ran:?}");
    assert!(
        content(&at, ".pre-commit-config.yaml").contains(&format!("  rev: {tagged} # v4.2.2\n")),
        "{ran:?}"
    );
    let requirements = content(&at, "requirements.txt");
    assert!(requirements.contains(&format!("tool.git@{tagged}#egg=x\n")), "{requirements} {ran:?}");
    assert!(requirements.ends_with(&format!("tool.git@{newest}\n")), "{requirements} {ran:?}");
    assert!(content(&at, "main.tf").contains(&format!("//sub?ref={tagged}\"")), "{ran:?}");
    // What is pinned is found no more.
    let report = at.json(&["."]);
    let left: Vec<_> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| {
            let rule = one["rule"].as_str().unwrap();
            rule.starts_with("pipeline/unpinned-") && one["location"]["path"] != "requirements.txt"
        })
        .collect();
    assert_eq!(left.len(), 1, "{left:?}");
}

#[test]
fn images_are_pinned_to_the_digest_of_what_the_registry_gives() {
    let at = Workplace::new();
    let bytes = manifest(&[crate::registry::layer("w", b"{}")]);
    let digest = sha256(&bytes);
    let registry = Serving::start(&at);
    let host = if let Some(registry) = &registry {
        registry.blob(b"{}");
        registry.manifest("1.2", &bytes);
        registry.host.clone()
    } else {
        lying(vec![("/v2/team/model/manifests/1.2".to_owned(), "200 OK".to_owned(), bytes)]).0
    };
    let image = format!("{host}/team/model:1.2");
    at.write("Dockerfile", format!("FROM {image} AS base\nUSER nobody\n"));
    at.write(
        "pod.yaml",
        format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: \"{image}\"\n"),
    );
    at.write("run.sh", format!("#!/bin/sh\ndocker run --rm {image} serve\n"));
    at.write("values.yaml", format!("image:\n  repository: {host}/team/model\n  tag: \"1.2\"\n"));
    let ran = mend(&at, "--resolve", &[]);
    assert!(content(&at, "Dockerfile").starts_with(&format!("FROM {image}@{digest} AS base\n")), "{ran:?}");
    assert!(content(&at, "pod.yaml").contains(&format!("image: \"{image}@{digest}\"\n")), "{ran:?}");
    assert!(content(&at, "run.sh").contains(&format!("--rm {image}@{digest} serve\n")), "{ran:?}");
    assert!(content(&at, "values.yaml").contains(&format!("tag: \"1.2@{digest}\"\n")), "{ran:?}");
}

#[test]
fn an_answer_that_is_none_pins_nothing() {
    let at = Workplace::new();
    let wrong = format!("200 OK\r\ndocker-content-digest: {}", sha256(b"other"));
    let good = manifest(&[crate::registry::layer("w", b"{}")]);
    let path = |tag: &str| format!("/v2/team/model/manifests/{tag}");
    let (host, _) = lying(vec![
        (path("page"), "200 OK".to_owned(), b"<html>Log in</html>".to_vec()),
        (path("empty"), "200 OK".to_owned(), b"{\"schemaVersion\": 2}".to_vec()),
        (path("other"), wrong, good),
        ("/api/models/acme/net/".to_owned(), "200 OK".to_owned(), b"{\"sha\": \"main\"}".to_vec()),
        ("/acme/tool.git/".to_owned(), "200 OK".to_owned(), b"<html>Log in</html>".to_vec()),
    ]);
    let images = ["page", "empty", "other"].map(|tag| format!("FROM {host}/team/model:{tag}\n")).concat();
    at.write("Dockerfile", &images);
    at.write("train.py", "from transformers import AutoModel\nAutoModel.from_pretrained('acme/net')\n");
    let workflow = "on: push\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - uses: acme/tool@v4\n";
    at.write(".github/workflows/ci.yml", workflow);
    let server = format!("http://{host}");
    let ran = mend(&at, "--resolve", &[("HF_ENDPOINT", &server), ("GITHUB_SERVER_URL", &server)]);
    assert_eq!(content(&at, "Dockerfile"), images);
    assert_eq!(content(&at, ".github/workflows/ci.yml"), workflow);
    assert!(!content(&at, "train.py").contains("revision"));
    for why in [
        "cannot be read",
        "lists no file",
        "is damaged, or lies",
        "gives no commit",
        "is it a git repository?",
    ] {
        assert!(ran.err.contains(why), "{why}: {ran:?}");
    }
}

#[test]
fn models_are_pinned_from_the_cache_first_and_then_from_the_hub() {
    let at = Workplace::new();
    let model = at.path().join("hf/hub/models--acme--net");
    fs::create_dir_all(model.join("snapshots").join(COMMIT)).unwrap();
    fs::create_dir_all(model.join("refs")).unwrap();
    fs::write(model.join("refs/main"), COMMIT).unwrap();
    let code = "from datasets import load_dataset\nfrom transformers import AutoModel\nm = AutoModel.from_pretrained('acme/net')\n\
        n = AutoModel.from_pretrained(\"acme/net\", revision='main')\nd = load_dataset('acme/corpus', split='train')\n\
        for name in names():\n    AutoModel.from_pretrained(name)\n";
    at.write("train.py", code);
    let offline = mend(&at, "--resolve=cache", &[]);
    let after = content(&at, "train.py");
    assert!(after.contains(&format!("from_pretrained('acme/net', revision=\"{COMMIT}\")\n")), "{offline:?}");
    assert!(
        after.contains(&format!("from_pretrained(\"acme/net\", revision=\"{COMMIT}\")\n")),
        "{offline:?}"
    );
    assert!(after.contains("load_dataset('acme/corpus', split='train')\n"), "{offline:?}");
    assert!(offline.err.contains("1 findings stay unpinned"), "{offline:?}");
    let newer = "1".repeat(40);
    let answer = format!("{{\"id\": \"acme/corpus\", \"sha\": \"{newer}\"}}");
    let path = "/api/datasets/acme/corpus/revision/main".to_owned();
    let (host, asked) = lying(vec![(path, "200 OK".to_owned(), answer.into_bytes())]);
    let server = format!("http://{host}");
    let variables = [("HF_ENDPOINT", server.as_str()), ("HF_TOKEN", "hf_sesame")];
    let online = mend(&at, "--resolve=network", &variables);
    let line = format!("load_dataset('acme/corpus', split='train', revision=\"{newer}\")\n");
    assert!(content(&at, "train.py").contains(&line), "{online:?}");
    // Only what the cache does not know is asked, and the token is the hub's.
    let asked: Vec<String> = asked.try_iter().collect();
    assert!(asked.len() == 1 && asked[0].contains("authorization: Bearer hf_sesame"), "{asked:?}");
    assert!(!online.err.contains("hf_sesame"));
}

#[test]
fn nothing_is_asked_unless_it_is_said_and_a_silent_host_is_asked_once() {
    let at = Workplace::new();
    let (host, asked) = lying(Vec::new());
    at.write("Dockerfile", format!("FROM {host}/a:1.2\nUSER nobody\n"));
    at.write("train.py", "from transformers import AutoModel\nAutoModel.from_pretrained('acme/a')\nAutoModel.from_pretrained('acme/b')\n");
    let mut plain = at.program(&["scan", ".", "--fix=all", "--no-config"]);
    let plain = Ran::of(&plain.env("HF_ENDPOINT", format!("http://{host}")).output().unwrap());
    assert!(plain.err.contains("3 findings can be pinned"), "{plain:?}");
    assert_eq!(asked.try_iter().count(), 0);
    // Port 9 of this machine: nobody listens.
    let ran = mend(&at, "--resolve", &[]);
    assert!(ran.err.contains("did not answer before and is not asked again"), "{ran:?}");
    let lone = at.run(&["scan", ".", "--resolve"]);
    assert!(lone.code == 2 && lone.err.contains("--fix"), "{lone:?}");
}
