//! Places whose loss is the loss of a system, a disk or its accounts: told by what a path leads to, however it is written.

use super::glob::{is_pattern, matches, takes_all};

/// Roots whose loss is the loss of the system or of all that somebody has.
const ROOTS: [&str; 33] = [
    "/",
    "~",
    "$HOME",
    "${HOME}",
    "$USERPROFILE",
    "$SystemRoot",
    "$SystemDrive",
    "$env:USERPROFILE",
    "$env:SystemRoot",
    "$env:SystemDrive",
    "/etc",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/sbin",
    "/var",
    "/home",
    "/boot",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/root",
    "/dev",
    "/sys",
    "C:",
    "c:",
    "%SystemRoot%",
    "C:\\Windows",
    "C:\\Users",
    "c:\\users",
    "/Users",
    "%USERPROFILE%",
];

/// Files without which nobody can log in.
const ACCOUNTS: [&str; 5] = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow", "/etc/sudoers"];

/// Whether a path leads to a root, or to all that lies in one.
pub(super) fn is_root(path: &str) -> bool {
    is_one_of(path, &ROOTS)
}

/// Whether a path leads to the root of all.
pub(super) fn is_top(path: &str) -> bool {
    is_one_of(path, &["/"])
}

/// Folders of what somebody put there: their loss is no loss of the system.
pub(super) fn is_store(path: &str) -> bool {
    is_one_of(path, &["/srv", "/mnt", "/opt"])
}

/// Whether a path leads to a file of accounts.
pub(super) fn is_account(path: &str) -> bool {
    path.contains("/etc/") && is_one_of(path, &ACCOUNTS)
}

pub(super) fn is_device(path: &str) -> bool {
    [
        "/dev/sd",
        "/dev/nvme",
        "/dev/hd",
        "/dev/vd",
        "/dev/xvd",
        "/dev/disk",
        "/dev/mmcblk",
        "/dev/mapper",
        "\\\\.\\physicaldrive",
    ]
    .iter()
    .any(|device| path.get(..device.len()).is_some_and(|start| start.eq_ignore_ascii_case(device)))
}

/// Everything that stands in the folder one is in.
pub(super) fn is_here(path: &str) -> bool {
    matches!(path, "*" | "." | "./" | "./*" | ".*" | "..")
}

fn is_one_of(path: &str, known: &[&str]) -> bool {
    // What ends a sentence is none of the path.
    let ends = |path: &str| path.trim_end_matches(['.', ',']).len();
    let path = if path.ends_with("/.") || path.ends_with("/..") {
        path
    } else {
        path.get(..ends(path)).unwrap_or_default()
    };
    let path = normal(path);
    if is_pattern(&path) {
        known.iter().any(|one| matches(&path, one))
    } else {
        known.contains(&path.as_str())
    }
}

/// A path without what leads nowhere: parts that name the folder itself or the one above, slashes on end, and `*` at the end, which takes
/// all that lies there.
fn normal(path: &str) -> String {
    let path = path.trim_end_matches('\\');
    if !path.contains('/') {
        let path = path.strip_suffix(".*").unwrap_or(path);
        return path.strip_suffix('*').unwrap_or(path).trim_end_matches('\\').to_owned();
    }
    let mut parts = path.split('/');
    let mut first = parts.next().unwrap_or_default();
    let mut stack: Vec<&str> = Vec::new();
    for part in parts {
        match part {
            "" | "." => {}
            ".." => {
                if stack.pop().is_none() && !first.is_empty() {
                    // Above the folder of a person lie those of all.
                    let is_home = matches!(first, "~" | "$HOME" | "${HOME}");
                    (first, stack) = if is_home { ("", vec!["home"]) } else { ("..", Vec::new()) };
                }
            }
            other => stack.push(other),
        }
    }
    while stack.last().is_some_and(|last| takes_all(last)) {
        stack.pop();
    }
    if stack.is_empty() && first.is_empty() {
        return "/".to_owned();
    }
    stack.iter().fold(first.to_owned(), |all, part| all + "/" + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_one_however_it_is_written() {
        for path in [
            "/",
            "/.",
            "/./",
            "/..",
            "/../",
            "//",
            "/*",
            "/.*",
            "/*/",
            "/etc/..",
            "/home/../",
            "/tmp/../etc",
            "/e?c",
            "/???",
            "/u*",
            "/[b]in",
            "~",
            "~/",
            "~/*",
            "~/.",
            "~/..",
            "$HOME/",
            "/var/log/../*",
            "/etc,",
            "C:\\*",
            "C:\\*.*",
            "C:\\Windows\\",
        ] {
            assert!(is_root(path), "{path}");
        }
        for path in [
            "",
            ".",
            "..",
            "./",
            "./*",
            "*",
            "/tmp",
            "/tmp/*",
            "/opt",
            "/x*",
            "~/old",
            "/etc/nginx",
            "/home/jo",
            "/var/lib",
            "a/..",
        ] {
            assert!(!is_root(path), "{path}");
        }
        assert!(is_store("/srv/") && is_store("/mnt/*") && is_store("/opt/.") && !is_store("/srv/app"));
        assert!(is_account("/etc/./passwd") && is_account("/etc/passw?") && !is_account("/etc/passwd.bak"));
    }

    proptest::proptest! {
        #[test]
        fn what_leads_nowhere_changes_nothing(
            root in proptest::sample::select(vec!["/", "/etc", "/usr", "/home"]),
            steps in proptest::collection::vec(proptest::sample::select(vec!["/.", "/", "/x/..", "/./y/../."]), 0..6),
        ) {
            let path = format!("{root}{}", steps.concat());
            proptest::prop_assert!(is_root(&path), "{}", path);
            proptest::prop_assert!(!is_root(&format!("{path}/data")), "{}", path);
        }

        #[test]
        fn any_path_is_read(path in "[/.*~$a?\\\\C:\\[\\]]{0,24}") {
            let _ = (is_root(&path), is_store(&path), is_account(&path));
        }
    }
}
