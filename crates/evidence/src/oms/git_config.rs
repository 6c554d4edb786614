//! What a configuration of git would run or lead to: [`command_in`], for the `config` that lies unsigned in a model.
//!
//! A setting in `.git/config` is followed by the next `git status` of whoever has the model, and several name commands.
//! Source: git-config(1) ("Syntax", "Variables"), gitattributes(5), git-lfs-config(5), git-annex(1).

/// Longest configuration read, in bytes: git writes some hundred, people a few thousand.
const LONGEST_CONFIG: usize = 1 << 20;

/// The first setting that runs a command or leads to other settings, as `section.name`; also a text with sections that git would not
/// read, since nobody knows what it says. Without a section nothing can be set: git ends at its first line.
pub fn command_in(config: &[u8]) -> Option<String> {
    if config.len() > LONGEST_CONFIG {
        return Some("it is longer than a configuration of git".to_owned());
    }
    let Some(settings) = settings(&String::from_utf8_lossy(config)) else {
        return config.contains(&b'[').then(|| "git would not read it".to_owned());
    };
    settings.into_iter().find(Setting::runs).map(|setting| {
        let between = setting.subsection.map_or_else(String::new, |name| format!("{name}."));
        let name = bartizan_core::printable(&format!("{}.{between}{}", setting.section, setting.name), 100);
        format!("`{name}` runs a command or leads git elsewhere")
    })
}

/// One line of a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Setting {
    /// In lower case, as git compares it.
    section: String,
    subsection: Option<String>,
    /// In lower case.
    name: String,
    /// None stands for true.
    value: Option<String>,
}

impl Setting {
    fn runs(&self) -> bool {
        /// Settings whose value is a command, a folder of hooks, or a file with further settings.
        const NAMES: [(&str, &str); 31] = [
            ("core", "sshcommand"),
            ("core", "editor"),
            ("core", "pager"),
            ("core", "askpass"),
            ("core", "gitproxy"),
            ("core", "alternaterefscommand"),
            ("core", "hookspath"),
            ("core", "attributesfile"),
            ("sequence", "editor"),
            ("interactive", "difffilter"),
            ("diff", "external"),
            ("diff", "command"),
            ("diff", "textconv"),
            ("merge", "driver"),
            ("difftool", "cmd"),
            ("difftool", "path"),
            ("mergetool", "cmd"),
            ("mergetool", "path"),
            ("guitool", "cmd"),
            ("man", "cmd"),
            ("man", "path"),
            ("browser", "cmd"),
            ("browser", "path"),
            ("include", "path"),
            ("includeif", "path"),
            ("gpg", "program"),
            ("trailer", "command"),
            ("trailer", "cmd"),
            ("tar", "command"),
            ("imap", "tunnel"),
            ("init", "templatedir"),
        ];
        /// Names that mean a command in whatever section.
        const ANYWHERE: [&str; 9] = [
            "uploadpack",
            "receivepack",
            "vcs",
            "packobjectshook",
            "defaultkeycommand",
            "tocmd",
            "cccmd",
            "headercmd",
            "standalonetransferagent",
        ];
        let value = self.value.as_deref().unwrap_or("true");
        let is_switch = matches!(
            value.to_ascii_lowercase().as_str(),
            "" | "true" | "false" | "yes" | "no" | "on" | "off" | "0" | "1"
        );
        let section = self.section.as_str();
        match (section, self.name.as_str()) {
            ("core", "fsmonitor") | ("pager", _) => !is_switch,
            ("alias", _) | ("submodule", "update") => value.trim_start().starts_with('!'),
            ("credential", "helper") => !is_plain_helper(value),
            ("filter", "clean" | "smudge" | "process") => !is_usual_filter(value),
            ("lfs", "path" | "clean" | "smudge") => true,
            ("sendemail", "smtpserver") => value.contains('/'),
            ("protocol", "allow") => self.subsection.as_deref() == Some("ext") && value != "never",
            // `ext::` is the transport that runs what follows (git-remote-ext(1)), also after a rewrite of addresses.
            (_, "url" | "pushurl") if value.starts_with("ext::") => true,
            ("url", _) => self.subsection.as_deref().is_some_and(|name| name.starts_with("ext::")),
            (_, name) => {
                NAMES.contains(&(section, name))
                    || ANYWHERE.contains(&name)
                    // git-annex: `annex.post-update-command`, `remote.NAME.annex-rsync-transport-command` …
                    || name.ends_with("-command") && !is_switch
            }
        }
    }
}

/// Whether a credential helper is named by one word, for a program `git-credential-WORD` that is installed, or is none.
fn is_plain_helper(value: &str) -> bool {
    let mut words = value.split(' ');
    let plain = |word: &str| word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    words.next().is_some_and(plain)
        && words.all(|word| word.starts_with("--") && !word.contains(['`', '$', ';', '|', '&']))
}

/// Whether a filter is one that `git lfs install` or `git annex init` writes.
fn is_usual_filter(value: &str) -> bool {
    const USUAL: [&str; 8] = [
        "git-lfs clean -- %f",
        "git-lfs smudge -- %f",
        "git-lfs smudge --skip -- %f",
        "git-lfs filter-process",
        "git-lfs filter-process --skip",
        "git-annex smudge %f",
        "git-annex smudge --clean -- %f",
        "git-annex filter-process",
    ];
    USUAL.contains(&value)
}

/// The settings of a configuration, in order; none when git would refuse it.
fn settings(text: &str) -> Option<Vec<Setting>> {
    let mut settings = Vec::new();
    let mut section: Option<(String, Option<String>)> = None;
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    loop {
        rest = rest.trim_start_matches(|letter: char| letter.is_ascii_whitespace());
        let Some(first) = rest.chars().next() else { return Some(settings) };
        match first {
            '#' | ';' => rest = rest.split_once('\n').map_or("", |(_, after)| after),
            '[' => {
                let (header, after) = header(rest.get(1..)?)?;
                section = Some(header);
                rest = after;
            }
            letter if letter.is_ascii_alphabetic() => {
                let end = rest
                    .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-')
                    .unwrap_or(rest.len());
                let (name, after) = rest.split_at_checked(end)?;
                let after = after.trim_start_matches([' ', '\t', '\r']);
                let (value, after) = match after.strip_prefix('=') {
                    Some(after) => value(after).map(|(value, after)| (Some(value), after))?,
                    None => match after.chars().next() {
                        None | Some('\n' | '#' | ';') => (None, after),
                        Some(_) => return None,
                    },
                };
                let (section, subsection) = section.clone()?;
                settings.push(Setting { section, subsection, name: name.to_ascii_lowercase(), value });
                rest = after;
            }
            _ => return None,
        }
    }
}

/// Section and subsection of a header whose bracket was read, and what follows it.
fn header(text: &str) -> Option<((String, Option<String>), &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_alphanumeric() && !matches!(letter, '-' | '.'))?;
    let (name, rest) = text.split_at_checked(end)?;
    if let Some(after) = rest.strip_prefix(']') {
        // `[section.subsection]` is an older form of `[section "subsection"]`.
        let name = name.to_ascii_lowercase();
        let header = match name.split_once('.') {
            Some((section, subsection)) => (section.to_owned(), Some(subsection.to_owned())),
            None => (name, None),
        };
        return Some((header, after));
    }
    let quoted = rest.trim_start_matches([' ', '\t']).strip_prefix('"')?;
    let mut subsection = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' => subsection.push(letters.next()?.1),
            '"' => {
                let after = quoted.get(at..)?.strip_prefix("\"]")?;
                return Some(((name.to_ascii_lowercase(), Some(subsection)), after));
            }
            '\n' => return None,
            other => subsection.push(other),
        }
    }
    None
}

/// A value, which may be quoted in parts and go on over lines, and what follows its line.
fn value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut quoted = false;
    // How much of it stays when blanks at the end are taken off.
    let mut kept = 0;
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\n' if quoted => return None,
            '\n' => {
                value.truncate(kept);
                return Some((value, text.get(at..)?));
            }
            '"' => {
                quoted = !quoted;
                kept = value.len();
            }
            '\\' => {
                let (_, escaped) = letters.next()?;
                let escaped = if escaped == '\r' { letters.next()?.1 } else { escaped };
                match escaped {
                    '\n' => {}
                    'n' => value.push('\n'),
                    't' => value.push('\t'),
                    'b' => value.push('\u{8}'),
                    '"' | '\\' => value.push(escaped),
                    _ => return None,
                }
                kept = value.len();
            }
            '#' | ';' if !quoted => {
                let after = text.get(at..)?.find('\n').and_then(|end| text.get(at..)?.get(end..));
                value.truncate(kept);
                return Some((value, after.unwrap_or("")));
            }
            blank if blank.is_ascii_whitespace() && !quoted => {
                if !value.is_empty() {
                    value.push(blank);
                }
            }
            other => {
                value.push(other);
                kept = value.len();
            }
        }
    }
    if quoted {
        return None;
    }
    value.truncate(kept);
    Some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(config: &str) -> Option<String> {
        let said = command_in(config.as_bytes())?;
        said.split('`').nth(1).map(str::to_owned).or(Some(said))
    }

    #[test]
    fn every_setting_that_runs_a_command_is_named() {
        for (config, name) in [
            ("[core]\n\tfsmonitor = ./x.sh\n", "core.fsmonitor"),
            ("[core]\nsshCommand=evil", "core.sshcommand"),
            ("[core] editor = x", "core.editor"),
            ("[CORE]\nPager = \"x -R\"", "core.pager"),
            ("[core]\nhooksPath = ../hooks", "core.hookspath"),
            ("[filter \"lfs\"]\nclean = evil\n", "filter.lfs.clean"),
            ("[filter \"x\"]\n smudge = \\\nevil", "filter.x.smudge"),
            ("[filter \"x\"]\n process = sh # usual", "filter.x.process"),
            ("[diff \"x\"]\ncommand = x", "diff.x.command"),
            ("[diff.X]\ntextconv = x", "diff.x.textconv"),
            ("[merge \"a b\"]\ndriver = x %O", "merge.a b.driver"),
            ("[credential]\nhelper = !f() { :; }", "credential.helper"),
            ("[credential \"https://h\"]\nhelper = /tmp/x", "credential.https://h.helper"),
            ("[alias]\nst = !sh", "alias.st"),
            ("[alias]\nst = \"!sh\"", "alias.st"),
            ("[include]\npath = ../evil", "include.path"),
            ("[includeIf \"gitdir:/\"]\npath = x", "includeif.gitdir:/.path"),
            ("[remote \"o\"]\nurl = ext::sh -c x", "remote.o.url"),
            ("[url \"ext::sh\"]\ninsteadOf = https:", "url.ext::sh.insteadof"),
            ("[remote \"o\"]\nuploadpack = x", "remote.o.uploadpack"),
            ("[submodule \"s\"]\nupdate = !x", "submodule.s.update"),
            ("[pager]\nlog = x", "pager.log"),
            ("[gpg \"ssh\"]\nprogram = x", "gpg.ssh.program"),
            ("[lfs \"customtransfer.x\"]\npath = x", "lfs.customtransfer.x.path"),
            ("[remote \"o\"]\nannex-rsync-transport-command = x", "remote.o.annex-rsync-transport-command"),
            ("[protocol \"ext\"]\nallow = always", "protocol.ext.allow"),
        ] {
            assert_eq!(named(config).as_deref(), Some(name), "{config}");
        }
    }

    #[test]
    fn what_git_and_its_companions_write_themselves_is_left_alone() {
        let clone = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = false\n\tlogallrefupdates = true\n\
            [remote \"origin\"]\n\turl = https://huggingface.co/a/b\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n\
            [branch \"main\"]\n\tremote = origin\n\tmerge = refs/heads/main\n; said\n[lfs]\n\trepositoryformatversion = 0\n\
            [lfs \"https://huggingface.co/a/b\"]\n\taccess = basic\n[pager]\n\tlog = false\n[alias]\n\tst = status -sb\n\
            [filter \"lfs\"]\n\tclean = git-lfs clean -- %f\n\tsmudge = git-lfs smudge -- %f\n\tprocess = git-lfs filter-process\n\
            \trequired = true\n[credential]\n\thelper = cache --timeout=300\n\thelper =\n[core]\n\tfsmonitor\n";
        assert_eq!(command_in(clone.as_bytes()), None);
        assert_eq!(command_in(b""), None);
    }

    #[test]
    fn what_git_would_not_read_is_not_taken_for_harmless() {
        for config in ["[core", "[core]\n= 1", "[core]\na = \"b", "[core]\na = \\x", "[a \"b]\nc = d"] {
            assert_eq!(named(config).as_deref(), Some("git would not read it"), "{config}");
        }
        assert!(command_in(&vec![b'#'; LONGEST_CONFIG + 1]).is_some());
        // Nothing is set outside a section.
        assert!(["x", "x = 1", "PK\u{3}"].iter().all(|config| named(config).is_none()));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_settings_or_none(bytes: Vec<u8>, text in "[\\[\\]a-z\"\\\\=#;! \n.-]{0,60}") {
            let _ = (command_in(&bytes), command_in(text.as_bytes()));
        }

        #[test]
        fn a_value_reads_back_as_it_was_quoted(value in "[ -~\\t\\n]{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\t', "\\t");
            let read = settings(&format!("[a \"b\"]\nc = \"{quoted}\"\n")).unwrap();
            proptest::prop_assert_eq!(read[0].value.as_deref(), Some(value.as_str()));
        }
    }
}
