//! What destroys: programs with the arguments that make them do it.
//!
//! The classes are what is lost: files, disks, data in stores, what runs, history, backups. *Grave* is the loss of a whole that nobody means (the
//! system's files, a disk, all of a cluster); *serious* the loss of something that is named and that nobody is asked about once more. What a
//! program would ask about, and what is one of many (a pod, a branch of one's own, an object), is neither.

use super::glob::{is_pattern, matches};
use super::line::{Danger, grave, serious};
use super::places::{is_account, is_device, is_here, is_root, is_store, is_top};
use super::shell::{SHELLS, program};

/// What a search tells apart besides the kind of a file and how deep it lies.
const FILTERS: [&str; 36] = [
    "-name",
    "-iname",
    "-path",
    "-ipath",
    "-wholename",
    "-iwholename",
    "-regex",
    "-iregex",
    "-lname",
    "-ilname",
    "-mtime",
    "-atime",
    "-ctime",
    "-mmin",
    "-amin",
    "-cmin",
    "-size",
    "-empty",
    "-newer",
    "-newermt",
    "-neweram",
    "-newerat",
    "-newerct",
    "-newermm",
    "-newercm",
    "-user",
    "-group",
    "-perm",
    "-uid",
    "-gid",
    "-links",
    "-inum",
    "-samefile",
    "-nouser",
    "-nogroup",
    "-used",
];

/// Whether what these arguments of `find` lead to is only part of what lies there: a filter in the same alternative, that is not turned round and does not take
/// everything.
pub(super) fn is_narrowed(arguments: &[&str]) -> bool {
    let mut narrowed = false;
    for (at, one) in arguments.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| arguments.get(at)).copied().unwrap_or_default();
        let value = arguments.get(at.saturating_add(1)).copied().unwrap_or_default();
        let value = value.trim_matches(['"', '\'', '\\']);
        let takes_all = value.contains('*') && value.bytes().all(|byte| matches!(byte, b'*' | b'.' | b'/'));
        if matches!(*one, "-o" | "-or" | ",") {
            narrowed = false;
        } else if FILTERS.contains(one) && !matches!(before, "!" | "\\!" | "-not") && !takes_all {
            narrowed = true;
        }
    }
    narrowed
}

/// Whether a name stands where it may be that of a program: `format d:` is a phrase of prose as well.
pub(super) fn may_run(name: &str, before: &[&str]) -> bool {
    const BEFORE: [&str; 9] = ["sudo", "cmd", "cmd.exe", "/c", "/k", "/q", "call", "start", "$"];
    !matches!(name, "format" | "format.exe")
        || before.iter().all(|word| BEFORE.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

/// Branches that others build on.
fn is_shared_branch(name: &str) -> bool {
    let name = name.trim_start_matches('+').rsplit([':', '/']).next().unwrap_or_default();
    matches!(name, "main" | "master" | "trunk" | "production" | "prod" | "release" | "develop")
}

/// Arguments of a program.
#[derive(Clone, Copy)]
struct Arguments<'a> {
    all: &'a [&'a str],
}

impl<'a> Arguments<'a> {
    fn options(self) -> impl Iterator<Item = &'a str> {
        self.all.iter().copied().filter(|one| one.starts_with('-') && one.len() > 1)
    }

    /// What is no option.
    fn operands(self) -> impl Iterator<Item = &'a str> {
        self.all.iter().copied().filter(|one| !one.starts_with('-'))
    }

    /// Whether one of these letters is in a cluster of short options.
    fn short(self, letters: &[char]) -> bool {
        self.options().any(|option| !option.starts_with("--") && option.contains(letters))
    }

    /// Whether one of these options is given, a value behind it aside, whatever its case.
    fn any(self, names: &[&str]) -> bool {
        self.options().any(|option| {
            let name = option.split(['=', ':']).next().unwrap_or_default();
            names.iter().any(|known| known.eq_ignore_ascii_case(name))
        })
    }

    /// Whether the first operands are these words.
    fn does(self, verbs: &[&str]) -> bool {
        let mut operands = self.operands();
        verbs.iter().all(|verb| operands.next().is_some_and(|one| one.eq_ignore_ascii_case(verb)))
    }

    /// Whether one of these words is an operand.
    fn names(self, words: &[&str]) -> bool {
        self.operands().any(|one| words.iter().any(|word| word.eq_ignore_ascii_case(one)))
    }

    fn first(self) -> &'a str {
        self.all.first().copied().unwrap_or_default()
    }
}

/// Programs that a pattern in the place of a name may stand for.
const PATTERNED: [&str; 14] = [
    "rm",
    "dd",
    "mv",
    "cp",
    "tee",
    "find",
    "chmod",
    "chown",
    "shred",
    "wipefs",
    "rsync",
    "truncate",
    "blkdiscard",
    "kill",
];

/// The programs that a pattern may stand for, if it says anything of the name: `/bin/r?`, `/b*n/rm`.
pub(super) fn patterned(word: &str) -> impl Iterator<Item = &'static str> {
    let name = word.rsplit('/').next().unwrap_or_default();
    let is_told = is_pattern(name) && name.bytes().any(|byte| byte.is_ascii_alphanumeric());
    PATTERNED.into_iter().filter(move |known| is_told && matches(name, known))
}

/// Judges a program by its name, in small letters, and its arguments.
pub(super) fn named(name: &str, arguments: &[&str]) -> Option<Danger> {
    let arguments = Arguments { all: arguments };
    let name = name.strip_suffix(".exe").unwrap_or(name);
    match name {
        "rm" | "ri" | "remove-item" | "del" | "erase" | "rd" | "rmdir" | "find" | "chmod" | "chown" => {
            files(name, arguments)
        }
        "mv" | "rsync" => files(name, arguments).or_else(|| written(name, arguments)),
        "tee" | "cp" | "install" | "truncate" => written(name, arguments),
        "shred" if arguments.operands().any(is_account) => grave("destroys-files"),
        "dd" | "shred" | "wipefs" | "blkdiscard" | "sgdisk" | "parted" | "hdparm" | "nvme" | "cryptsetup"
        | "format" | "diskutil" | "clear-disk" | "format-volume" | "initialize-disk" | "zpool"
        | "vgremove" | "lvremove" => disks(name, arguments),
        "mkswap" if arguments.operands().any(is_device) => grave("destroys-disk"),
        _ if name.starts_with("mkfs") => {
            arguments.operands().any(is_device).then(|| grave("destroys-disk"))?
        }
        "aws" | "gsutil" | "gcloud" | "az" | "bq" | "heroku" | "dropdb" | "mysqladmin" | "redis-cli" => {
            stores(name, arguments)
        }
        "kubectl" | "oc" | "terraform" | "tofu" | "terragrunt" | "pulumi" | "cdk" | "eksctl" | "docker"
        | "podman" | "kill" => running(name, arguments),
        "git" | "gh" => history(name, arguments),
        "wbadmin" if arguments.does(&["delete"]) => grave("destroys-backups"),
        "wmic" if arguments.does(&["shadowcopy"]) && arguments.names(&["delete"]) => {
            grave("destroys-backups")
        }
        "sfdisk" if arguments.any(&["--delete"]) && arguments.operands().any(is_device) => {
            grave("destroys-disk")
        }
        "zfs" if arguments.does(&["destroy"]) && arguments.short(&['r', 'R']) => serious("destroys-disk"),
        "rclone" if arguments.does(&["purge"]) => serious("destroys-data"),
        "velero" if arguments.names(&["delete"]) && arguments.any(&["--all"]) => grave("destroys-backups"),
        "etcdctl" if arguments.does(&["del"]) && arguments.any(&["--prefix", "--from-key"]) => {
            // The keys of everything begin with nothing, or with a slash.
            let all =
                arguments.operands().skip(1).all(|key| matches!(key.trim_matches(['"', '\'']), "" | "/"));
            if all { grave("destroys-cluster") } else { serious("destroys-cluster") }
        }
        "s3cmd" if arguments.names(&["del", "rm"]) && arguments.any(&["--recursive", "-r"]) => {
            serious("destroys-data")
        }
        "nc" | "ncat" | "netcat" | "socat" => sockets(name, arguments),
        "tmutil" if arguments.first().starts_with("delete") => serious("destroys-backups"),
        _ => None,
    }
}

/// A shell that somebody elsewhere is given.
fn sockets(name: &str, arguments: Arguments<'_>) -> Option<Danger> {
    let is_shell = |word: &str| {
        let name = program(word);
        let name = name.strip_suffix(".exe").unwrap_or(&name);
        SHELLS.contains(&name) || name == "cmd"
    };
    let runs = if name == "socat" {
        arguments.all.iter().any(|one| {
            let one = one.to_ascii_lowercase();
            let inner = one.strip_prefix("exec:").or(one.strip_prefix("system:"));
            let inner = inner.map(|inner| inner.trim_matches(['"', '\'']));
            inner.is_some_and(|inner| inner.split([',', ' ']).next().is_some_and(is_shell))
        })
    } else {
        (arguments.short(&['e', 'c']) || arguments.any(&["--exec", "--sh-exec"]))
            && arguments.all.iter().any(|one| is_shell(one))
    };
    if runs { grave("reverse-shell") } else { None }
}

/// Files of the system, or of a person.
fn files(name: &str, arguments: Arguments<'_>) -> Option<Danger> {
    let absolute = |path: &str| {
        path.starts_with(['/', '~', '$']) && !path.starts_with("/tmp/") && !path.starts_with("/var/tmp/")
    };
    // `-Recurse` of PowerShell may be cut short, and the switch of cmd is no option.
    let is_recurse = |option: &str| {
        let option = option.to_ascii_lowercase();
        option.len() >= 2 && "-recurse".starts_with(option.as_str())
    };
    let deep = match name {
        "rm" => arguments.short(&['r', 'R']) || arguments.any(&["--recursive"]),
        _ => {
            arguments.options().any(is_recurse)
                || arguments.all.iter().any(|one| one.eq_ignore_ascii_case("/s"))
        }
    };
    match name {
        "rm" => {
            let forced = arguments.short(&['f']) || arguments.any(&["--force"]);
            let whole = deep && arguments.operands().any(is_root);
            if whole || arguments.any(&["--no-preserve-root"]) && deep {
                return grave("destroys-files");
            }
            let lost = |path: &str| absolute(path) || is_here(path);
            let stored = deep && arguments.operands().any(is_store);
            if stored || deep && forced && arguments.operands().any(lost) {
                serious("destroys-files")
            } else {
                None
            }
        }
        "find" => {
            // What stands behind the removal filters nothing.
            let executes = arguments.any(&["-exec", "-execdir", "-ok", "-okdir"])
                && arguments.names(&["rm", "/bin/rm", "shred", "unlink"]);
            let removal = arguments.all.iter().position(|one| {
                *one == "-delete" || executes && matches!(*one, "-exec" | "-execdir" | "-ok" | "-okdir")
            });
            let removal = removal?;
            let narrowed = is_narrowed(arguments.all.get(..removal).unwrap_or_default());
            let place = arguments.operands().next().unwrap_or_default();
            if is_root(place) {
                return if narrowed { serious("destroys-files") } else { grave("destroys-files") };
            }
            if absolute(place) && !narrowed { serious("destroys-files") } else { None }
        }
        "chmod"
            if matches!(arguments.first(), "777" | "666" | "a+rwx" | "0777")
                && arguments.operands().any(|path| path.starts_with("/etc")) =>
        {
            serious("opens-files")
        }
        "chmod" | "chown" => {
            let deep = arguments.short(&['R']) || arguments.any(&["--recursive"]);
            if deep && arguments.operands().skip(1).any(is_root) {
                grave("opens-files")
            } else if deep && arguments.operands().skip(1).any(is_store) {
                serious("opens-files")
            } else {
                None
            }
        }
        "mv" => {
            let lost = arguments.operands().last() == Some("/dev/null");
            if lost && arguments.operands().any(is_root) {
                grave("destroys-files")
            } else if lost && arguments.operands().any(is_store) {
                serious("destroys-files")
            } else {
                None
            }
        }
        // What is not in the source goes from the target.
        "rsync" => {
            let mirrors = arguments.options().any(|one| one == "--del" || one.starts_with("--delete"));
            let target =
                arguments.operands().last().filter(|_| mirrors && arguments.operands().count() > 1)?;
            let spares = arguments.any(&["--exclude", "--exclude-from", "--filter", "--dry-run"])
                || arguments.short(&['n', 'f']);
            if is_top(target) && !spares {
                grave("destroys-files")
            } else if is_root(target) || is_store(target) {
                serious("destroys-files")
            } else {
                None
            }
        }
        _ if deep && arguments.operands().any(is_root) => grave("destroys-files"),
        _ if deep && arguments.operands().any(is_store) => serious("destroys-files"),
        _ => None,
    }
}

/// A disk or a file of accounts that something is written over.
fn written(name: &str, arguments: Arguments<'_>) -> Option<Danger> {
    let appends = name == "tee" && (arguments.short(&['a']) || arguments.any(&["--append"]));
    let all = matches!(name, "tee" | "truncate");
    let target =
        |one: &&str| all || arguments.operands().count() > 1 && arguments.operands().last() == Some(one);
    let targets: Vec<&str> = arguments.operands().filter(target).collect();
    if targets.iter().any(|one| is_device(one)) {
        grave("destroys-disk")
    } else if !targets.iter().any(|one| is_account(one)) {
        None
    } else if appends {
        serious("persistence")
    } else if all {
        grave("destroys-files")
    } else {
        // Somebody may bring back a copy.
        serious("destroys-files")
    }
}

/// Disks as a whole.
fn disks(name: &str, arguments: Arguments<'_>) -> Option<Danger> {
    let device = arguments.operands().any(is_device);
    // These two ask nobody before they do it, but tell about themselves first.
    let told =
        arguments.all.iter().take_while(|one| !matches!(**one, "#" | "--")).any(|one| *one == "--help");
    if told && matches!(name, "nvme" | "cryptsetup") {
        return None;
    }
    // A file, or what shows one as a disk.
    let is_image = |path: &str| {
        path.starts_with("/dev/loop")
            || path.starts_with("/dev/ram")
            || !path.starts_with(['$', '/'])
            || path.starts_with('/') && !path.starts_with("/dev/")
    };
    let is_lost = match name {
        "dd" => {
            let to = |one: &&str| one.strip_prefix("of=").is_some_and(|to| is_device(to) || is_account(to));
            arguments.all.iter().any(to)
        }
        "shred" | "wipefs" | "blkdiscard" => device,
        "sgdisk" => {
            device && (arguments.any(&["--zap-all", "--zap", "--clear"]) || arguments.short(&['Z', 'z', 'o']))
        }
        "parted" => device && arguments.names(&["mklabel", "mktable", "rm"]),
        "hdparm" => device && arguments.options().any(|one| one.starts_with("--security-erase")),
        "nvme" => arguments.does(&["format"]) || arguments.does(&["sanitize"]),
        "cryptsetup" => {
            let loses = arguments.names(&["erase", "luksErase", "luksFormat"]);
            if loses && arguments.operands().all(is_image) {
                return serious("destroys-disk");
            }
            loses
        }
        "format" => {
            matches!(arguments.first().as_bytes(), [letter, b':'] if letter.is_ascii_alphabetic())
                && arguments.all.get(1).is_none_or(|option| option.starts_with('/'))
        }
        "diskutil" => ["erase", "zero", "secureerase", "partitiondisk"]
            .iter()
            .any(|verb| arguments.first().to_ascii_lowercase().starts_with(verb)),
        "clear-disk" | "format-volume" | "initialize-disk" => arguments.options().next().is_some(),
        _ => false,
    };
    if is_lost {
        return grave("destroys-disk");
    }
    let is_pool = name == "zpool" && arguments.does(&["destroy"]);
    let is_forced = matches!(name, "vgremove" | "lvremove")
        && (arguments.short(&['f', 'y']) || arguments.any(&["--force", "--yes"]));
    if is_pool || is_forced { serious("destroys-disk") } else { None }
}

/// Data in stores: buckets, databases, tables.
fn stores(name: &str, arguments: Arguments<'_>) -> Option<Danger> {
    /// What holds more than one thing.
    const HOLDERS: [&str; 14] = [
        "bucket",
        "db-instance",
        "db-cluster",
        "table",
        "cluster",
        "stack",
        "snapshot",
        "db-snapshot",
        "volume",
        "file-system",
        "backup-vault",
        "recovery-point",
        "domain",
        "instances",
    ];
    let deep = arguments.any(&["--recursive"]) || arguments.short(&['r', 'R']);
    let unasked = arguments.any(&["--quiet", "--yes", "-q", "-y", "--force", "-f", "--confirm"]);
    let is_lost = match name {
        "aws" => {
            arguments.does(&["s3", "rb"]) && arguments.any(&["--force"])
                || arguments.does(&["s3", "rm"]) && arguments.any(&["--recursive"])
                || arguments.names(&["schedule-key-deletion"])
                || arguments.operands().nth(1).is_some_and(|verb| {
                    let what = verb.strip_prefix("delete-").or(verb.strip_prefix("terminate-"));
                    what.is_some_and(|what| HOLDERS.contains(&what))
                })
        }
        "gsutil" => arguments.names(&["rb"]) || arguments.names(&["rm"]) && deep,
        "bq" => arguments.names(&["rm"]) && deep,
        "gcloud" => {
            arguments.does(&["storage", "rm"]) && deep
                || arguments.operands().any(|one| one == "delete")
                    && unasked
                    && arguments.names(&[
                        "projects",
                        "instances",
                        "clusters",
                        "buckets",
                        "databases",
                        "disks",
                        "snapshots",
                    ])
        }
        "az" => {
            unasked
                && arguments.names(&["delete", "delete-batch"])
                && arguments.names(&[
                    "group",
                    "vm",
                    "aks",
                    "account",
                    "container",
                    "db",
                    "server",
                    "disk",
                    "keyvault",
                ])
        }
        "heroku" => {
            unasked && arguments.operands().any(|one| matches!(one, "apps:destroy" | "destroy" | "pg:reset"))
        }
        "dropdb" => arguments.operands().next().is_some(),
        "mysqladmin" => arguments.names(&["drop"]) && unasked,
        "redis-cli" => arguments.names(&["flushall", "flushdb"]),
        _ => false,
    };
    if is_lost { serious("destroys-data") } else { None }
}

/// What runs: clusters, machines, containers.
fn running(name: &str, arguments: Arguments<'_>) -> Option<Danger> {
    match name {
        "kubectl" | "oc" => {
            if !arguments.names(&["delete"]) {
                return None;
            }
            let all = arguments.any(&["--all"]);
            let everywhere = arguments.any(&["-A", "--all-namespaces"]);
            let spaces = arguments.names(&["ns", "namespace", "namespaces", "project", "projects"])
                || arguments.operands().any(|one| one.starts_with("ns/") || one.starts_with("namespace/"));
            if all && (everywhere || spaces) {
                grave("destroys-cluster")
            } else if all || spaces {
                serious("destroys-cluster")
            } else {
                None
            }
        }
        "terraform" | "tofu" | "terragrunt" => {
            let destroys =
                arguments.names(&["destroy", "run-all"]) || arguments.any(&["-destroy", "--destroy"]);
            let unasked =
                arguments.any(&["-auto-approve", "--auto-approve", "-force", "--terragrunt-non-interactive"]);
            if destroys && unasked { serious("destroys-cluster") } else { None }
        }
        "pulumi"
            if arguments.does(&["destroy"]) && arguments.any(&["-y", "--yes", "-f", "--skip-preview"]) =>
        {
            serious("destroys-cluster")
        }
        "cdk" if arguments.does(&["destroy"]) && arguments.any(&["-f", "--force"]) => {
            serious("destroys-cluster")
        }
        "eksctl" if arguments.does(&["delete", "cluster"]) => serious("destroys-cluster"),
        "docker" | "podman" => {
            let prunes = arguments.does(&["system", "prune"])
                && (arguments.short(&['a']) || arguments.any(&["--all", "--volumes"]))
                || arguments.does(&["volume", "prune"]);
            if prunes && (arguments.short(&['f']) || arguments.any(&["--force"])) {
                serious("destroys-data")
            } else {
                None
            }
        }
        // Every process there is.
        "kill" if arguments.all.iter().skip(1).any(|one| *one == "-1") => grave("stops-everything"),
        _ => None,
    }
}

/// History that others build on.
fn history(name: &str, arguments: Arguments<'_>) -> Option<Danger> {
    let is_lost = match name {
        "gh" => arguments.does(&["repo", "delete"]),
        _ if !arguments.names(&["push"]) => false,
        _ => {
            let forced = arguments.any(&["--force"])
                || arguments.short(&['f'])
                || arguments.operands().any(|one| one.starts_with('+'));
            let removes =
                arguments.any(&["--delete", "-d"]) || arguments.operands().any(|one| one.starts_with(':'));
            arguments.any(&["--mirror"])
                || forced && arguments.any(&["--all"])
                || (forced || removes) && arguments.operands().any(is_shared_branch)
        }
    };
    if is_lost { serious("destroys-history") } else { None }
}
