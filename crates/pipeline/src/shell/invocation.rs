//! What a command runs in the end, with wrappers (`sudo`, `env`, `python -m`, …) taken away: [`Invocation`].

use super::{Command, Word};
use std::ops::Range;

/// A program with its arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation<'c> {
    /// The program's name without its folder and without `.exe`, in lower case; `pip` for `python -m pip`, `uv pip`.
    pub program: String,
    /// What it is given.
    pub arguments: Vec<Argument<'c>>,
    /// From the program's name, wrappers left out, to the last argument.
    pub span: Range<usize>,
}

/// One argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argument<'c> {
    /// Its text without quotes.
    pub text: &'c str,
    /// The word it is.
    pub word: &'c Word,
}

impl Argument<'_> {
    /// Whether it is an option.
    pub fn is_option(&self) -> bool {
        self.text.starts_with('-') && self.text.len() > 1
    }
}

impl<'c> Invocation<'c> {
    /// What `command` runs; `None` for assignments alone and for names that are filled in at run time.
    pub fn of(command: &'c Command) -> Option<Self> {
        Self::of_words(&command.words)
    }

    /// The same of an argument list such as a container's `command`.
    pub fn of_words(words: &'c [Word]) -> Option<Self> {
        Self::written(words).map(Self::unwrapped)
    }

    /// The program that is named, wrappers taken away, also where it only fetches and runs another: `pipx`, `bunx`.
    pub(crate) fn written(words: &'c [Word]) -> Option<Self> {
        let mut rest = words;
        for _ in 0..WRAPPERS_DEEP {
            let (first, after) = rest.split_first()?;
            let program = program_name(&first.text);
            let Some((_, valued)) = WRAPPERS.iter().find(|(name, _)| *name == program) else {
                return Some(Self::direct(program, first, after));
            };
            rest = skip_options(after, valued);
            if rest.is_empty() {
                return Some(Self::direct(program, first, after));
            }
        }
        None
    }

    fn direct(program: String, first: &'c Word, after: &'c [Word]) -> Self {
        let arguments: Vec<Argument<'c>> =
            after.iter().map(|word| Argument { text: word.text.as_str(), word }).collect();
        let end = after.last().map_or(first.span.end, |word| word.span.end);
        Self { program, arguments, span: first.span.start..end.max(first.span.start) }
    }

    /// `python -m NAME`, `uv pip`, `uv run NAME`, `npx NAME` and the like as the program they run.
    fn unwrapped(mut self) -> Self {
        let text = |index: usize, of: &Self| of.arguments.get(index).map(|argument| argument.text.to_owned());
        for _ in 0..WRAPPERS_DEEP {
            let first = text(0, &self).unwrap_or_default();
            let is_python = self.program.starts_with("python") || self.program == "py";
            let is_module = is_python && first.len() > 2 && first.starts_with("-m");
            let is_uv = self.program == "uv" && matches!(first.as_str(), "pip" | "publish");
            let skip: usize = if (is_python && first == "-m") || (self.program == "pipx" && first == "run") {
                2
            } else if is_module || is_uv || self.program == "bunx" {
                1
            } else {
                break;
            };
            let Some(name) = text(skip.saturating_sub(1), &self) else { break };
            let name = name
                .strip_prefix("-m")
                .filter(|_| is_python && skip == 1)
                .map_or(name.clone(), str::to_owned);
            if self.program == "uv" && name == "publish" {
                break;
            }
            self.program = program_name(name.split("==").next().unwrap_or(&name));
            self.arguments.drain(..skip.min(self.arguments.len()));
        }
        if self
            .program
            .strip_prefix("pip")
            .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
        {
            "pip".clone_into(&mut self.program);
        }
        self
    }

    /// Whether the arguments that are no options begin with `verbs`.
    pub fn does(&self, verbs: &[&str]) -> bool {
        let mut plain = self.arguments.iter().filter(|argument| !argument.is_option());
        verbs.iter().all(|verb| plain.next().is_some_and(|argument| argument.text == *verb))
    }

    /// The argument that is `option`, or begins with `option=`, or, for `-x`, a cluster of letters that holds it.
    pub fn option(&self, options: &[&str]) -> Option<Argument<'c>> {
        self.arguments
            .iter()
            .copied()
            .find(|argument| options.iter().any(|option| is_option(argument.text, option)))
    }

    /// The value of an option: after `=`, or the next argument.
    pub fn value(&self, options: &[&str]) -> Option<(&'c str, Argument<'c>)> {
        self.values(options).into_iter().next()
    }

    /// The values of an option that may be given more than once.
    pub fn values(&self, options: &[&str]) -> Vec<(&'c str, Argument<'c>)> {
        let mut values = Vec::new();
        for (index, argument) in self.arguments.iter().enumerate() {
            for option in options {
                if argument.text == *option {
                    if let Some(next) = self.arguments.get(index.saturating_add(1)) {
                        values.push((next.text, *next));
                    }
                } else if let Some(value) =
                    argument.text.strip_prefix(option).and_then(|rest| rest.strip_prefix('='))
                {
                    values.push((value, *argument));
                }
            }
        }
        values
    }

    /// The arguments that are neither options nor the values of the options in `valued`.
    pub fn operands(&self, valued: &[&str]) -> Vec<Argument<'c>> {
        let mut operands = Vec::new();
        let mut skip = false;
        for argument in &self.arguments {
            if std::mem::take(&mut skip) {
                continue;
            }
            if argument.is_option() {
                skip = valued.contains(&argument.text);
                continue;
            }
            operands.push(*argument);
        }
        operands
    }

    /// The bytes from the program's name to the end of its arguments, wrappers left out.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }
}

fn is_option(text: &str, option: &str) -> bool {
    if text == option || text.strip_prefix(option).is_some_and(|rest| rest.starts_with('=')) {
        return true;
    }
    let letter = option.strip_prefix('-').filter(|rest| rest.len() == 1 && !rest.starts_with('-'));
    letter.is_some_and(|letter| {
        text.strip_prefix('-').is_some_and(|cluster| {
            !cluster.starts_with('-')
                && cluster.len() <= 6
                && cluster.chars().all(|c| c.is_ascii_alphabetic())
                && cluster.contains(letter)
        })
    })
}

/// The last part of a path, lower case, without the extension of Windows programs.
fn program_name(text: &str) -> String {
    let name = text.trim_start_matches(['!', '%', '@']).rsplit(['/', '\\']).next().unwrap_or(text);
    let name = name.to_ascii_lowercase();
    [".exe", ".cmd", ".bat"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name).to_owned()
}

fn skip_options<'c>(words: &'c [Word], valued: &[&str]) -> &'c [Word] {
    let mut rest = words;
    while let Some((word, after)) = rest.split_first() {
        let is_number = word.text.bytes().next().is_some_and(|byte| byte.is_ascii_digit());
        if word.text.starts_with('-') {
            let skip = usize::from(valued.contains(&word.text.as_str()));
            rest = after.get(skip..).unwrap_or_default();
        } else if word.text.contains('=') || is_number {
            rest = after;
        } else {
            break;
        }
    }
    rest
}

/// Programs that run another, with those of their options that take a value.
const WRAPPERS: &[(&str, &[&str])] = &[
    ("sudo", &["-u", "-g", "--user", "-C", "-p", "-D", "-R", "-T"]),
    ("doas", &["-u", "-C"]),
    ("env", &["-u", "-C", "-S"]),
    ("nice", &["-n"]),
    ("nohup", &[]),
    ("exec", &["-a"]),
    ("command", &[]),
    ("builtin", &[]),
    ("time", &[]),
    ("timeout", &["-s", "-k"]),
    ("stdbuf", &["-i", "-o", "-e"]),
    ("xargs", &["-n", "-P", "-I", "-L", "-d", "-a"]),
    ("retry", &[]),
    ("catchsegv", &[]),
];

/// Most wrappers around one program.
const WRAPPERS_DEEP: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::Script;

    fn run(text: &str) -> (String, Vec<String>) {
        let script = Script::read(text);
        let invocation = Invocation::of(&script.commands[0]).unwrap();
        let arguments = invocation.arguments.iter().map(|argument| argument.text.to_owned()).collect();
        (invocation.program, arguments)
    }

    #[test]
    fn wrappers_are_taken_away() {
        for text in [
            "sudo -E -u bob env A=b pip3 install x",
            "/usr/bin/python3.11 -m pip install x",
            "uv pip install x",
            "timeout 30 nice -n 5 pip install x",
            "A=1 pip install x",
        ] {
            assert_eq!(run(text), ("pip".to_owned(), vec!["install".to_owned(), "x".to_owned()]), "{text}");
        }
        assert_eq!(run("pipx run twine==6.1.0 upload d").0, "twine");
        assert_eq!(run("bunx npm publish"), ("npm".to_owned(), vec!["publish".to_owned()]));
        assert_eq!(run("sudo").0, "sudo");
    }

    #[test]
    fn options_have_their_values_and_operands_are_what_is_left() {
        let script = Script::read("curl -fsSLk --proto=https -o out https://x/y");
        let curl = Invocation::of(&script.commands[0]).unwrap();
        assert!(curl.option(&["-k", "--insecure"]).is_some());
        assert!(curl.option(&["-z"]).is_none());
        assert_eq!(curl.value(&["--proto"]).map(|(value, _)| value), Some("https"));
        let operands: Vec<&str> = curl.operands(&["-o"]).iter().map(|argument| argument.text).collect();
        assert_eq!(operands, ["https://x/y"]);
    }
}
