//! What is fetched into a file and run by a later command.

use super::line::{DOWNLOADS, Danger, grave, serious};
use super::shell::{SHELLS, is_wrapper, program};
use bartizan_pipeline::shell::Command;

/// Most files that are kept in mind.
const KEPT: usize = 8;
/// Programs besides shells that run a file they are given.
const RUNNERS: [&str; 9] =
    ["python", "python3", "perl", "ruby", "node", "php", "source", "start-process", "msiexec"];

/// Files that commands fetched, by their names without folders.
#[derive(Debug, Clone, Default)]
pub(super) struct Fetched {
    /// Each with whether it came over a channel that nobody changes.
    files: Vec<(String, bool)>,
}

impl Fetched {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Whether a text names one of them.
    pub(super) fn are_in(&self, text: &str) -> bool {
        !self.files.is_empty() && text.split_ascii_whitespace().any(|word| self.known(word).is_some())
    }

    fn known(&self, path: &str) -> Option<bool> {
        let name = base(path.trim_matches([';', '&', '"', '\'', ')']))?;
        self.files.iter().find(|(known, _)| known == name).map(|(_, safe)| *safe)
    }

    /// Takes a command, by its words as it gets them. What runs a file that was fetched is as bad as what pipes it to a shell; over a channel that
    /// nobody changes somebody may have looked at it in between.
    pub(super) fn take(&mut self, words: &[String], command: &Command) -> Option<Danger> {
        let at = words.iter().position(|word| !is_wrapper(&program(word)))?;
        let (name, arguments) = words.get(at..)?.split_first()?;
        let called = program(name);
        if matches!(
            called.as_str(),
            "curl"
                | "wget"
                | "aria2c"
                | "iwr"
                | "invoke-webrequest"
                | "invoke-restmethod"
                | "irm"
                | "curl.exe"
        ) {
            self.fetch(&called, arguments, command);
            return None;
        }
        let runs = SHELLS.contains(&called.as_str()) || RUNNERS.contains(&called.as_str()) || called == ".";
        let file = if runs {
            arguments.iter().find(|one| !one.starts_with('-')).map(String::as_str)
        } else {
            Some(name.as_str()).filter(|name| name.contains(['/', '\\']))
        };
        if self.known(file?)? { serious(DOWNLOADS) } else { grave(DOWNLOADS) }
    }

    fn fetch(&mut self, program: &str, arguments: &[String], command: &Command) {
        let is_address = |one: &&String| one.contains("://") || one.contains('.') && one.contains('/');
        let Some(address) = arguments.iter().filter(|one| !one.starts_with('-')).find(is_address) else {
            return;
        };
        let mut file = None;
        for (at, one) in arguments.iter().enumerate() {
            let is_short = one.starts_with('-') && !one.starts_with("--");
            let next = arguments.get(at.saturating_add(1)).map(String::as_str);
            let names = match program {
                "wget" => is_short && one.ends_with('O') || one == "--output-document",
                "curl" | "curl.exe" => is_short && one.ends_with('o') || one == "--output",
                "aria2c" => one == "-o" || one == "--out",
                _ => one.eq_ignore_ascii_case("-outfile"),
            };
            let remote =
                program.starts_with("curl") && (is_short && one.contains('O') || one == "--remote-name");
            if names {
                file = next;
            } else if let Some((_, value)) = one.split_once('=').filter(|_| one.starts_with("--out")) {
                file = Some(value);
            } else if remote {
                file = Some(address);
            }
        }
        let written = command.redirects.iter().find(|one| one.operator.starts_with('>'));
        let file = file.or(written.map(|one| one.target.text.as_str()));
        let file = file.or(matches!(program, "wget" | "aria2c").then_some(address.as_str()));
        let name = file.map(|file| file.split(['?', '#']).next().unwrap_or_default()).and_then(base);
        let Some(name) = name.filter(|name| *name != "-" && *name != "null") else { return };
        if self.files.len() >= KEPT {
            self.files.remove(0);
        }
        let is_near = ["://localhost", "://127.0.0.1"].iter().any(|host| address.contains(host));
        self.files.push((name.to_owned(), is_near || address.starts_with("https://")));
    }
}

/// The name of a file without its folders.
fn base(path: &str) -> Option<&str> {
    path.rsplit(['/', '\\']).next().filter(|name| !name.is_empty() && name.len() <= 128)
}

#[cfg(test)]
mod tests {
    use super::super::line::{Grade, danger};
    use super::super::{Variables, lines};

    fn worst(text: &str) -> Option<Grade> {
        let mut variables = Variables::default();
        lines(text).into_iter().filter_map(|line| danger(line, &mut variables)).map(|one| one.grade).max()
    }

    #[test]
    fn what_is_fetched_and_run_in_steps_is_told() {
        for text in [
            "wget http://x.example/i.sh && sh i.sh",
            "curl http://x.example/i.sh -o /tmp/i.sh; bash /tmp/i.sh",
            "curl -fsSLo run http://x.example/run\nchmod +x run\n./run",
            "curl -O http://x.example/a.py\npython3 a.py",
            "curl http://x.example/a > a.pl; perl a.pl",
            "iwr http://x.example/a.exe -OutFile a.exe; Start-Process a.exe",
            "wget -q http://x.example/i.sh?v=2 -O i.sh\nsudo bash ./i.sh",
        ] {
            assert_eq!(worst(text), Some(Grade::Grave), "{text}");
        }
        for text in [
            "curl -fsSL https://get.example.com -o get.sh && sudo sh get.sh",
            "curl -O https://x.example/get-pip.py\npython get-pip.py",
        ] {
            assert_eq!(worst(text), Some(Grade::Serious), "{text}");
        }
    }

    #[test]
    fn what_is_fetched_and_read_is_none() {
        for text in [
            "curl http://x.example/data.csv -o data.csv && head data.csv",
            "wget http://x.example/data.csv\npython plot.py data.csv",
            "curl -s http://x.example/health -o /dev/null; sh run.sh",
            "wget https://x.example/a.tar.gz && tar xf a.tar.gz && cd a && ./configure",
        ] {
            assert_eq!(worst(text), None, "{text}");
        }
    }
}
