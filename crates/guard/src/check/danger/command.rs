//! Commands of a shell, judged by their names and arguments.

use super::line::{Danger, Grade, grave, serious};

/// Words that are read behind a command or a statement.
pub(super) const ARGUMENTS: usize = 64;
/// Most commands of a line.
const MOST: usize = 64;

/// Judges each command of a line.
pub(super) fn commands(line: &str) -> Option<Danger> {
    let shell = line.split([';', '|', '\n', '`', '&']).take(MOST);
    // Commands in the strings of another language.
    let quoted = line.split([';', '|', '\n', '`', '"', '\'', '(', ')', '&']).take(MOST);
    shell.chain(quoted).filter_map(command).max_by_key(|one| one.grade)
}

/// Roots whose loss is the loss of the system or of all that somebody has.
pub(super) fn is_root(path: &str) -> bool {
    let path = path.trim_end_matches(['.', ',']);
    let path = path.strip_suffix("/*").or(path.strip_suffix('*')).unwrap_or(path);
    let path = if path.len() > 1 { path.trim_end_matches(['/', '\\']) } else { path };
    matches!(
        path,
        "" | "/"
            | "~"
            | "$HOME"
            | "${HOME}"
            | "/etc"
            | "/usr"
            | "/var"
            | "/home"
            | "/boot"
            | "/bin"
            | "/sbin"
            | "/lib"
            | "/opt"
            | "/root"
            | "/dev"
            | "/srv"
            | "/sys"
            | "/mnt"
            | "C:"
            | "c:"
            | "%SystemRoot%"
            | "C:\\Windows"
            | "%USERPROFILE%"
    )
}

fn is_device(path: &str) -> bool {
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
    .any(|device| path.to_ascii_lowercase().starts_with(device))
}

fn command(piece: &str) -> Option<Danger> {
    let mut words = piece.split_whitespace().peekable();
    while words
        .next_if(|word| {
            matches!(
                *word,
                "sudo"
                    | "doas"
                    | "env"
                    | "nohup"
                    | "time"
                    | "$"
                    | "#"
                    | ">"
                    | "PS>"
                    | "exec"
                    | "command"
                    | "-c"
                    | "then"
                    | "do"
            )
        })
        .is_some()
    {}
    // A sentence may lead up to a command; the command is judged where its name stands.
    let words: Vec<&str> = words.collect();
    let names = [
        "rm",
        "dd",
        "shred",
        "wipefs",
        "chmod",
        "chown",
        "find",
        "del",
        "rd",
        "rmdir",
        "format",
        "remove-item",
        "kubectl",
        "terraform",
    ];
    words
        .iter()
        .enumerate()
        .filter_map(|(at, word)| {
            let name = word.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            let arguments = words.get(at.saturating_add(1)..).unwrap_or_default();
            let arguments = arguments.get(..ARGUMENTS).unwrap_or(arguments);
            if name.starts_with("mkfs") {
                return arguments
                    .iter()
                    .any(|one| is_device(one))
                    .then_some(Danger { label: "destroys-disk", grade: Grade::Grave });
            }
            if let Some(target) = word.strip_prefix('>').filter(|target| is_device(target)) {
                return (!target.is_empty())
                    .then_some(Danger { label: "destroys-disk", grade: Grade::Grave });
            }
            names.contains(&name.as_str()).then(|| named(&name, arguments)).flatten()
        })
        .max_by_key(|one| one.grade)
}

/// Judges a command by its name and arguments.
fn named(name: &str, arguments: &[&str]) -> Option<Danger> {
    let flags: Vec<&str> =
        arguments.iter().copied().filter(|one| one.starts_with('-') && one.len() > 1).collect();
    let targets = || arguments.iter().copied().filter(|one| !one.starts_with('-'));
    let short = |letters: &[char]| flags.iter().any(|flag| !flag.starts_with("--") && flag.contains(letters));
    let long = |name: &str| flags.iter().any(|flag| flag.eq_ignore_ascii_case(name));
    let next = arguments.first().copied().unwrap_or_default();
    match name {
        "rm" => {
            let deep = short(&['r', 'R']) || long("--recursive");
            let forced = short(&['f']) || long("--force");
            if long("--no-preserve-root") || deep && targets().any(is_root) {
                return grave("destroys-files");
            }
            let absolute =
                targets().any(|path| path.starts_with(['/', '~', '$']) && !path.starts_with("/tmp/"));
            if deep && forced && absolute { serious("destroys-files") } else { None }
        }
        "dd" if arguments.iter().any(|one| one.strip_prefix("of=").is_some_and(is_device)) => {
            grave("destroys-disk")
        }
        "shred" | "wipefs" if targets().any(is_device) => grave("destroys-disk"),
        "chmod"
            if matches!(next, "777" | "666" | "a+rwx" | "0777")
                && targets().any(|path| path.starts_with("/etc")) =>
        {
            serious("opens-files")
        }
        "chmod" | "chown" if (short(&['R']) || long("--recursive")) && targets().skip(1).any(is_root) => {
            grave("opens-files")
        }
        "find" if is_root(next) && !next.is_empty() && arguments.contains(&"-delete") => {
            grave("destroys-files")
        }
        "del" | "rd" | "rmdir"
            if arguments.iter().any(|one| one.eq_ignore_ascii_case("/s")) && targets().any(is_root) =>
        {
            grave("destroys-files")
        }
        "format" if next.len() == 2 && next.ends_with(':') => grave("destroys-disk"),
        "remove-item" if long("-recurse") && targets().any(is_root) => grave("destroys-files"),
        "kubectl"
            if next == "delete"
                && (long("--all")
                    || arguments
                        .get(1)
                        .is_some_and(|one| matches!(*one, "ns" | "namespace" | "namespaces"))) =>
        {
            serious("destroys-cluster")
        }
        "terraform" if next == "destroy" && (long("-auto-approve") || long("--auto-approve")) => {
            serious("destroys-cluster")
        }
        _ => None,
    }
}
