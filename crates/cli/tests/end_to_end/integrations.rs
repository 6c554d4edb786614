//! The scripts under `integrations/`, run as their hosts run them, with this program on the search path.

use crate::gate::project;
use crate::support::{Ran, Workplace};
use std::path::{Path, PathBuf};
use std::process::Command;

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../integrations").join(name)
}

/// A shell that runs a script in the project, with the built program found first.
fn shell(place: &Workplace, shell: &str, name: &str) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_bartizan"));
    let mut path = program.parent().unwrap().as_os_str().to_owned();
    path.push(":");
    path.push(std::env::var_os("PATH").unwrap_or_default());
    // The place and settings of the user are those of any other command there.
    let like = place.program(&[]);
    let mut command = Command::new(shell);
    command.arg(script(name)).current_dir(place.path()).env("PATH", path);
    for (name, value) in like.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

#[test]
fn the_github_action_sets_its_outputs_and_fails_on_a_deny() {
    let place = project();
    let run = |policy: &str| {
        let mut command = shell(&place, "bash", "github/gate/gate.sh");
        let output = place.path().join("output");
        std::fs::write(&output, "").unwrap();
        command
            .envs([("ARTIFACT", "model"), ("POLICY", policy), ("ENVIRONMENT", "default"), ("TRUST", "")])
            .envs([("TRUST_LOG", ""), ("SARIF", "gate.sarif")])
            .env("GITHUB_OUTPUT", &output)
            .env("GITHUB_STEP_SUMMARY", place.path().join("summary.md"));
        let ran = Ran::of(&command.output().unwrap());
        (ran.code, std::fs::read_to_string(output).unwrap())
    };
    let (code, outputs) = run("baseline");
    assert!(code == 0 && outputs.starts_with("verdict=allow\npolicy-digest=sha256:"), "{outputs}");
    let (code, outputs) = run("baseline\nstrict");
    assert!(code == 1 && outputs.starts_with("verdict=deny\n"), "{outputs}");
    assert!(std::fs::read_to_string(place.path().join("summary.md")).unwrap().contains("strict/provenance"));
    assert!(place.path().join("gate.sarif").is_file());
    let (code, outputs) = run("no-such-policy");
    assert!(code == 2 && outputs.starts_with("verdict=error\npolicy-digest=\n"), "{outputs}");
}

#[test]
fn the_storage_container_leaves_nothing_of_a_model_that_is_denied() {
    let place = project();
    place.write(
        "fetch.sh",
        "#!/bin/sh\nset -eu\nwhile [ $# -gt 0 ]; do mkdir -p \"$2\"; cp -r \"$1\"/. \"$2\"; shift 2; done\n",
    );
    let evidence = place.path().join("evidence");
    std::fs::create_dir(&evidence).unwrap();
    for (from, to) in
        [("bartizan.pub", "trusted.pub"), (".bartizan/log.vkey", "log.vkey"), ("model.sig", "model.sig")]
    {
        std::fs::copy(place.path().join(from), evidence.join(to)).unwrap();
    }
    std::fs::rename(place.path().join(".bartizan"), evidence.join("store")).unwrap();
    place.write("fetch", "#!/bin/sh\nexec sh fetch.sh \"$@\"\n");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(place.path().join("fetch"), mode).unwrap();
    }
    let fetched = |pairs: &[&str]| {
        let mut command = shell(&place, "sh", "kserve/entrypoint.sh");
        command.args(pairs).env("BARTIZAN_FETCH", "./fetch").env("BARTIZAN_EVIDENCE", &evidence);
        // Nobody confirmed anything in a container.
        Ran::of(&command.env("XDG_CONFIG_HOME", place.path().join("nobody")).output().unwrap())
    };
    let good = fetched(&["model", "mnt/good"]);
    assert!(good.code == 0 && place.path().join("mnt/good/list.pkl").is_file(), "{good:?}");
    place.write("model/list.pkl", b"\x80\x02]q\x00(K\x01K\x03e.");
    let bad = fetched(&["model", "mnt/bad"]);
    assert_eq!(bad.code, 1, "{bad:?}");
    assert_eq!(std::fs::read_dir(place.path().join("mnt/bad")).unwrap().count(), 0);
    assert_eq!(fetched(&["model"]).code, 2);
}
