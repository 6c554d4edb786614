//! What only a line as a whole tells: where what one command gives goes in another.

use super::decoded::{is_input, takes_up_input};
use super::line::{DOWNLOADS, Danger, any, grave, serious};

/// What only the line as a whole tells.
pub(super) fn whole(line: &str) -> Option<Danger> {
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
        let text = text.trim_start();
        // A comment behind a pipe ends with its line, the pipe does not.
        let word =
            if text.starts_with('#') { text.split_once('\n').map_or("", |(_, next)| next) } else { text };
        let word = word
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
        || any(
            line,
            &["fsockopen", "tcpsocket", "tcpclient", "io::socket", "net.dial", "net.connect", "inet_aton"],
        ) && any(
            line,
            &["exec", "spawn", "system(", "popen", "iex ", "invoke-expression", "process.start"],
        ) && any(line, &["/bin/sh", "/bin/bash", "sh -i", "sh <&", "cmd.exe", "powershell"])
    {
        return grave("reverse-shell");
    }
    // What is read from a socket is run at once.
    if line.contains("tcpclient")
        && line.contains("getstream")
        && any(line, &["iex ", "iex(", "invoke-expression"])
    {
        return grave("reverse-shell");
    }
    if runs_requests(&squeezed) {
        return grave("web-shell");
    }
    // What a program is given as a file that is fetched is its code.
    let interprets = ["<(curl", "<(wget"].iter().any(|fetch| {
        line.match_indices(fetch).any(|(at, _)| {
            shell(
                line.get(..at)
                    .unwrap_or_default()
                    .trim_end()
                    .rsplit([' ', ';', '&', '|'])
                    .next()
                    .unwrap_or_default(),
            )
        })
    });
    if piped(&FETCH) && any(line, &FETCH)
        || interprets
        || any(line, &["$(curl", "$(wget", "`curl", "`wget", "<(curl", "<(wget"])
            && any(line, &["sh -c", "bash", "eval", "source ", "sh <"])
        || any(line, &["iex(", "iex (", "iex $", "invoke-expression", "| iex", "|iex"]) && any(line, &FETCH)
        || line.contains("mshta http")
        || line.contains("regsvr32") && line.contains("/i:http")
        || line.contains("certutil") && line.contains("-urlcache")
    {
        return grave(DOWNLOADS);
    }
    let runs = any(line, &["iex", "invoke-expression", "[scriptblock]::create"]);
    let decoders = ["base64 -d", "base64 --decode", "base64 -D", "xxd -r", "openssl enc"];
    let mut decoded = false;
    let runs_decoded = line.split('|').any(|segment| {
        let runs = decoded && shell(segment) && reads_code(segment);
        decoded |= any(segment, &decoders);
        runs
    });
    if runs_decoded
        || any(line, &["powershell", "pwsh"]) && any(line, &[" -enc ", " -encodedcommand", " -e ", " -ec "])
        || runs && line.contains("frombase64string")
    {
        return grave("hidden-code");
    }
    let secret = any(
        line,
        &["/etc/shadow", ".aws/credentials", ".ssh/id_", ".netrc", ".kube/config", ".docker/config.json"],
    ) || line
        .split(|one: char| one.is_whitespace() || "\"'@=<".contains(one))
        .any(|word| word == ".env" || word.ends_with("/.env"));
    // All that a process is told by who began it, what was typed, and what holds keys.
    let is_environment = |one: &str| {
        let holds =
            ["/proc/self/environ", "--export-secret-key", "kubectl get secret", "configure get aws_secret"];
        if any(one, &holds) {
            return true;
        }
        let mut words = one.rsplit([';', '&', '(', '`']).next().unwrap_or_default().split_ascii_whitespace();
        matches!(words.next(), Some("env" | "printenv" | "history")) && words.next().is_none()
    };
    let mut segments = line.split('|');
    let environment = any(line, &["$(env)", "$(printenv)", "`env`", "`printenv`"])
        || segments.any(is_environment)
            && segments.any(|one| any(one, &FETCH) || any(one, &["nc ", "ncat "]));
    let packed = any(line, &["~/.ssh ", "/.ssh/ "]) && any(line, &["tar ", "zip "]);
    if (secret || environment || packed) && network {
        return grave("sends-credentials");
    }
    if network && line.contains("@/etc/passwd") {
        return serious("sends-credentials");
    }
    if line.contains("delete") && any(line, &["/_all", ":9200/*"]) && line.contains("curl") {
        return serious("destroys-data");
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
    let deletes = |rest: &str| {
        let rest = rest.strip_prefix(".exe").unwrap_or(rest).trim_start_matches(['"', '\'', ',', ' ']);
        rest.starts_with("delete") || rest.starts_with("resize")
    };
    if line.split("vssadmin").skip(1).any(deletes) {
        return grave("destroys-backups");
    }
    None
}

/// Whether a page runs what a request gives it. `line` is without blanks.
///
/// Sources: PHP, "Program execution Functions" and `eval`; Java, `Runtime.exec`; ASP, `Eval` and `Execute`.
fn runs_requests(line: &str) -> bool {
    const RUNS: [&str; 10] = [
        "system(",
        "exec(",
        "passthru(",
        "popen(",
        "proc_open(",
        "eval(",
        "assert(",
        "execute(",
        "create_function(",
        "`",
    ];
    const ASKED: [&str; 8] = [
        "$_get[",
        "$_post[",
        "$_request[",
        "$_cookie[",
        "request.getparameter(",
        "request.item[",
        "request[\"",
        "request(\"",
    ];
    ASKED.iter().any(|asked| {
        line.match_indices(asked).any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default().trim_end_matches('@');
            let before = ["base64_decode(", "stripslashes(", "trim("]
                .iter()
                .find_map(|call| before.strip_suffix(call))
                .unwrap_or(before);
            RUNS.iter().any(|run| before.ends_with(run))
        })
    })
}

/// Whether a shell, named in this part of a line, runs what it is fed: it does unless it has code or a file of its own.
pub(super) fn reads_code(segment: &str) -> bool {
    let mut words =
        segment.split_whitespace().skip_while(|word| matches!(*word, "sudo" | "env" | "-e")).skip(1);
    match words.next() {
        Some(option) if option.starts_with('-') && !option.starts_with("--") && option.ends_with('c') => {
            takes_up_input(&words.collect::<Vec<_>>().join(" "))
        }
        Some(file) => {
            let is_file = file.trim_end_matches(['.', '`', ')', '"', '\'']).contains(['.', '/']);
            let is_name = file.starts_with(|one: char| one.is_ascii_alphanumeric() || "./~".contains(one));
            !is_file || !is_name || is_input(file) || file.contains(['>', '&', ';', '`'])
        }
        None => true,
    }
}
