//! Texts without which no line is dangerous: most lines hold none and are read no further.

use super::super::any_of::AnyOf;
use std::borrow::Cow;
use std::sync::LazyLock;

/// Texts without which no line is dangerous, of three bytes and more: shorter ones make each word a long look.
pub(crate) const TRIGGERS: &[&str] = &[
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
    "urlopen",
    "requests.",
    "httpx.get",
    "axios.get",
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
    "socat",
    "fsockopen",
    "tcpsocket",
    "tcpclient",
    "io::socket",
    "net.dial",
    "mkfifo",
    "dup2",
    "$_get",
    "$_post",
    "$_request",
    "$_cookie",
    "request.get",
    "velero",
    "etcdctl",
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
    "removeall",
    "remove_dir_all",
    "remove_all",
    "remove_tree",
    "remove_entry",
    "rm_r",
    "deletedirectory",
    "directory.delete",
    "rmdirsync",
    "rm(\"",
    "rm('",
    "deno.remove",
    "spawn",
    "processbuilder",
    "command::new",
    "process.start",
    "popen",
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
    "xargs",
    "-exec",
    "ifs",
    "{rm,",
    "push ",
    "destroy",
    "delete-",
    "prune",
    "flush",
    "dropdb",
    "dropdatabase",
    "gsutil",
    "aws ",
    "bq ",
    "kill ",
    "blkdiscard",
    "sgdisk",
    "sfdisk",
    "zfs ",
    "rclone",
    "s3cmd",
    "parted",
    "hdparm",
    "cryptsetup",
    "diskutil",
    "clear-disk",
    "format-volume",
    "initialize-disk",
    "vgremove",
    "lvremove",
    "wbadmin",
    "shadowcopy",
    "pwsh",
    "frombase64",
    "uudecode",
    "gunzip",
    "rev ",
    "mv ",
    "ri ",
    "$(echo",
    "`echo",
    // Names of programs may be patterns, what they are given tells.
    "-rf ",
    "-fr ",
    "-r ",
    "rsync",
    "<<<",
    "mkswap",
    "etc/passwd",
    "etc/group",
    "etc/gshadow",
    "etc/sudoers",
];

static TRIGGER: LazyLock<Option<AnyOf>> = LazyLock::new(|| AnyOf::new(TRIGGERS).ok());

/// Whether a text could hold a danger at all.
pub(crate) fn is_triggered(text: &str) -> bool {
    let is_in = |text: &str| TRIGGER.as_ref().is_none_or(|trigger| trigger.is_in(text));
    // Letters by their numbers spell anything.
    is_in(text) || matches!(folded(text), Cow::Owned(folded) if is_in(&folded) || text.contains("\\x"))
}

/// A line as a shell takes its words: one blank for tabs and for several, no quotes around a word and no backslashes in one.
pub(super) fn folded(line: &str) -> Cow<'_, str> {
    let mut before = 0;
    let mut is_dressed = |byte: u8| {
        let is_second_blank = byte == b' ' && before == b' ';
        before = byte;
        is_second_blank || matches!(byte, b'\t' | b'"' | b'\'' | b'\\')
    };
    if !line.bytes().any(&mut is_dressed) {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            ' ' | '\t' => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            '"' | '\'' => {
                let inner = rest.get(1..).unwrap_or_default();
                let word = inner.bytes().take_while(|byte| is_of_word(*byte)).count();
                if inner.get(word..).is_some_and(|after| after.starts_with(first)) {
                    out.push_str(inner.get(..word).unwrap_or_default());
                    length = word.saturating_add(2);
                } else {
                    out.push(first);
                }
            }
            '\\' if rest.as_bytes().get(1).is_some_and(u8::is_ascii_alphabetic) => {}
            other => out.push(other),
        }
        rest = rest.get(length..).unwrap_or_default();
    }
    if out == line { Cow::Borrowed(line) } else { Cow::Owned(out) }
}

/// Whether a byte is of a word that means the same between quotes.
fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_trigger_is_too_short_to_be_told_by_three_bytes() {
        assert_eq!(TRIGGERS.iter().find(|one| one.len() < 3), None);
    }
}
