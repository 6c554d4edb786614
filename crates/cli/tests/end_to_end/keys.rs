//! `bartizan key`: pairs that are made, shown, exported, and never overwritten.

use crate::support::Workplace;

#[test]
fn a_key_pair_is_made_readable_by_its_owner_alone() {
    let place = Workplace::new();
    let ran = place.run(&["key", "generate", "--output", "release.key"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.path().join("release.key")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let private = place.run(&["key", "show", "release.key"]);
    let public = place.run(&["key", "show", "release.pub"]);
    assert_eq!(private.out.replace("private key", "public key"), public.out);
    let exported = place.run(&["key", "export", "release.key"]);
    assert_eq!(exported.out, std::fs::read_to_string(place.path().join("release.pub")).unwrap());
}

#[test]
fn neither_half_is_ever_overwritten() {
    let place = Workplace::new();
    place.write("a.key", "mine");
    place.write("b.pub", "mine");
    for name in ["a.key", "b.key"] {
        let ran = place.run(&["key", "generate", "--output", name]);
        assert_eq!(ran.code, 2, "{ran:?}");
        assert!(ran.err.contains("exists"), "{}", ran.err);
    }
    assert_eq!(std::fs::read_to_string(place.path().join("a.key")).unwrap(), "mine");
    assert_eq!(std::fs::read_to_string(place.path().join("b.pub")).unwrap(), "mine");
    assert!(!place.path().join("a.pub").exists());
    assert!(!place.path().join("b.key").exists());
}

#[test]
fn an_encrypted_key_opens_from_variable_and_file_and_not_without() {
    let place = Workplace::new();
    place.write("secret", "open sesame\n");
    let made = place.run(&["key", "generate", "--output", "a.key", "--passphrase-file", "secret"]);
    assert_eq!(made.code, 0, "{made:?}");
    let text = std::fs::read_to_string(place.path().join("a.key")).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    let from_variable =
        place.program(&["key", "show", "a.key"]).env("BARTIZAN_PASSPHRASE", "open sesame").output().unwrap();
    assert_eq!(from_variable.status.code(), Some(0));
    let wrong = place.program(&["key", "show", "a.key"]).env("BARTIZAN_PASSPHRASE", "no").output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("passphrase does not open"));
}

#[test]
fn a_private_key_that_git_would_take_in_is_warned_about() {
    let git = |place: &Workplace| {
        let made =
            std::process::Command::new("git").args(["init", "--quiet"]).current_dir(place.path()).output();
        made.is_ok_and(|output| output.status.success())
    };
    let place = Workplace::new();
    let outside = place.run(&["key", "generate", "--output", "out.key"]);
    assert!(!outside.err.contains("work tree"), "{outside:?}");
    if !git(&place) {
        return eprintln!("skipped: git is not there");
    }
    let warned = place.run(&["key", "generate", "--output", "in.key"]);
    assert!(warned.code == 0 && warned.err.contains("in.key lies in the git work tree"), "{warned:?}");
    place.write(".gitignore", "*.key\n");
    let ignored = place.run(&["key", "generate", "--output", "kept.key"]);
    assert!(ignored.code == 0 && !ignored.err.contains("work tree"), "{ignored:?}");
}
