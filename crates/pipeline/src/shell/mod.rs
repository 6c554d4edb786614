//! Shell scripts as commands whose words keep their bytes: enough of a tree to see what feeds what.
//!
//! [`Script::read`] splits a script into [`Command`]s with pipelines, substitutions, subshells, quoting, redirections,
//! here-documents and the template expressions (`${{ … }}`, `{{ … }}`) that a CI system fills in before a shell sees them.
//! Nothing is executed. POSIX shell and Bash are read exactly enough for that; what PowerShell and cmd write as commands
//! and words comes out as commands and words. Linear in the text; nesting is bounded.
//! Source: POSIX.1-2024 XCU 2 (Shell Command Language), Bash 5.3 manual.

mod invocation;
mod links;
mod parse;
mod reader;
mod recipes;
mod tasks;

pub mod inspect;

pub(crate) use reader::ShellScript;
pub(crate) use tasks::TaskFile;

pub use invocation::{Argument, Invocation};

use std::ops::Range;

/// A script's commands, in the order in which they begin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Script {
    /// Every simple command, those of substitutions and subshells included.
    pub commands: Vec<Command>,
    /// Where nesting or length ended the reading, if they did.
    pub stopped: Option<usize>,
    /// Where a quote begins that does not end.
    pub unclosed: Option<usize>,
    /// Where a compound command begins that does not end, and the word that begins it: `if`, `do`, `case`.
    pub unended: Option<(usize, &'static str)>,
    /// What variables hold before the script begins, as a makefile gives them.
    pub given: Vec<Assignment>,
    /// What variables become where they are not set: name and text of each `${NAME:-text}`, as written.
    pub defaults: Vec<(String, String)>,
    /// Bytes of the bodies of functions in braces.
    pub functions: Vec<Range<usize>>,
    /// What its commands are to each other, once that was asked.
    links: links::Links,
}

impl Script {
    /// Deepest nesting of substitutions and subshells read as commands.
    pub const DEPTH: usize = 16;
    /// Most commands read of one script.
    pub const COMMANDS: usize = 100_000;
    /// Most defaults of variables kept of one script.
    pub const DEFAULTS: usize = 1_000;

    /// Reads `text`. Never panics on any text.
    pub fn read(text: &str) -> Self {
        parse::read(text)
    }

    /// The value that `name` was given last before the command at `index`, or before the script began, when it is one word known as
    /// written.
    pub fn assigned(&self, name: &str, index: usize) -> Option<&Word> {
        let links = self.links();
        if let Some((command, place)) = links.assigned(name, index) {
            return self.commands.get(command)?.assignments.get(place).map(|one| &one.value);
        }
        self.given.get(links.given(name)?).map(|one| &one.value)
    }

    /// The last command up to the one at `index` that gives `name` a value.
    pub(crate) fn assigned_by(&self, name: &str, index: usize) -> Option<usize> {
        self.links().assigned(name, index).map(|(command, _)| command)
    }

    /// The first command that takes the output of the one at `index` through a pipe.
    pub(crate) fn reader(&self, index: usize) -> Option<usize> {
        self.links().reader(index)
    }

    /// The commands in the substitutions of the one at `index`.
    pub(crate) fn within(&self, index: usize) -> impl Iterator<Item = &Command> + Clone {
        self.links().within(index).iter().filter_map(|&inner| self.commands.get(inner))
    }

    fn links(&self) -> &links::Tables {
        self.links.of(&self.commands, &self.given, &self.defaults, &self.functions)
    }

    /// Whether byte `at` is in the body of a function, whose arguments the script itself gives.
    pub fn in_function(&self, at: usize) -> bool {
        self.links().in_function(at)
    }

    /// What `name` is known to hold before the command at `index`: what it was given last, or what it becomes where nobody set it.
    pub fn known(&self, name: &str, index: usize) -> Option<&str> {
        let default =
            |name: &str| self.defaults.get(self.links().fallback(name)?).map(|(_, default)| default.as_str());
        match self.assigned(name, index) {
            Some(value) if value.is_literal() => Some(&value.text),
            // `NAME=${OTHER:-text}`, where the other is not known.
            Some(value) => value.text.strip_prefix('$').and_then(default),
            None => default(name),
        }
    }
}

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// `NAME=value` in front of the command, alone, or as a word of `export` and its like.
    pub assignments: Vec<Assignment>,
    /// The words, the command's name first.
    pub words: Vec<Word>,
    /// Where input comes from and output goes.
    pub redirects: Vec<Redirect>,
    /// The command whose output is this one's input through a pipe.
    pub pipe_from: Option<usize>,
    /// The command in whose words, by substitution, this one stands.
    pub inside: Option<usize>,
    /// Its bytes.
    pub span: Range<usize>,
}

/// `name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// What it becomes.
    pub value: Word,
}

/// A redirection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// The operator, for example `>`, `>>`, `<<`, `<<<`, `2>`.
    pub operator: String,
    /// File, here-string, or the delimiter of a here-document.
    pub target: Word,
    /// The lines of a here-document.
    pub body: Option<Range<usize>>,
}

/// A word: what the shell would make one argument, before splitting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Word {
    /// Quotes taken away; variables as `$name`, substitutions as `$(…)`, templates as written.
    pub text: String,
    /// Its bytes, quotes included.
    pub span: Range<usize>,
    /// The parts that are filled in when it runs.
    pub expansions: Vec<Expansion>,
    /// Whether any of it is quoted.
    pub quoted: bool,
}

impl Word {
    /// Whether the word is exactly what is written.
    pub fn is_literal(&self) -> bool {
        self.expansions.is_empty()
    }
}

/// A part of a word that is filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// What fills it in.
    pub kind: ExpansionKind,
    /// Its bytes.
    pub span: Range<usize>,
}

/// What fills a part of a word in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpansionKind {
    /// A variable, by name.
    Variable(String),
    /// The output of commands: `$(…)` or backticks.
    Commands,
    /// A file that commands feed or read: `<(…)`.
    Process,
    /// A template that the CI system fills in before the shell reads the line; the text between its braces.
    Template(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(script: &str) -> Vec<Vec<String>> {
        let read = Script::read(script);
        read.commands
            .iter()
            .map(|command| command.words.iter().map(|word| word.text.clone()).collect())
            .collect()
    }

    #[test]
    fn quoting_continuation_and_comments_are_understood() {
        assert_eq!(
            words("echo 'a b'\"c $X\" d\\ e # no\\\npip \\\n  install x;y&&z || w & v"),
            [
                vec!["echo", "a bc $X", "d e"],
                vec!["pip", "install", "x"],
                vec!["y"],
                vec!["z"],
                vec!["w"],
                vec!["v"]
            ]
        );
        assert_eq!(words("echo a#b '#c'"), [["echo", "a#b", "#c"]]);
    }

    #[test]
    fn pipes_substitutions_and_subshells_are_linked() {
        let script = Script::read("curl $(get-url | head) | (tee x | bash -s)\nsh <(wget -qO- u)");
        let name = |index: usize| script.commands[index].words[0].text.as_str();
        let find = |wanted: &str| (0..script.commands.len()).find(|&index| name(index) == wanted).unwrap();
        let (curl, head, tee, bash) = (find("curl"), find("head"), find("tee"), find("bash"));
        assert_eq!(script.commands[head].pipe_from, Some(find("get-url")));
        assert_eq!(script.commands[head].inside, Some(curl));
        assert_eq!(script.commands[tee].pipe_from, Some(curl));
        assert_eq!(script.commands[bash].pipe_from, Some(tee));
        assert_eq!(script.commands[find("wget")].inside, Some(find("sh")));
    }

    #[test]
    fn here_documents_belong_to_their_command_and_hide_nothing_after_them() {
        let text = "cat <<-'EOF' > f\n\tcurl x | sh\n\tEOF\nnext <<A <<B\n1\nA\n2\nB\nlast\n";
        let script = Script::read(text);
        assert_eq!(words(text), [["cat"], ["next"], ["last"]]);
        let body = script.commands[0].redirects[0].body.clone().unwrap();
        assert_eq!(&text[body], "\tcurl x | sh\n");
        let second = script.commands[1].redirects[1].body.clone().unwrap();
        assert_eq!(&text[second], "2\n");
    }

    #[test]
    fn reserved_words_functions_and_cases_do_not_hide_commands() {
        let text = "if [ -f x ]; then run1; else run2; fi\nfor a in 1 2; do run3 $a; done\nf() { run4; }\ncase $1 in a|b) run5;; *) run6;; esac\nwhile read l; do run7; done";
        let names: Vec<String> =
            words(text).into_iter().filter_map(|words| words.into_iter().next()).collect();
        for wanted in ["run1", "run2", "run3", "run4", "run5", "run6", "run7"] {
            assert!(names.iter().any(|name| name == wanted), "{wanted} in {names:?}");
        }
    }

    #[test]
    fn templates_are_one_part_of_their_word() {
        let text = "echo \"${{ github.event.issue.title || 'a b' }}\" {{inputs.parameters.x}} ${Y:-z} `id`";
        let script = Script::read(text);
        let echo = script.commands.iter().find(|command| command.words[0].text == "echo").unwrap();
        let kinds: Vec<ExpansionKind> =
            echo.words.iter().flat_map(|word| &word.expansions).map(|one| one.kind.clone()).collect();
        assert_eq!(
            kinds,
            [
                ExpansionKind::Template(" github.event.issue.title || 'a b' ".to_owned()),
                ExpansionKind::Template("inputs.parameters.x".to_owned()),
                ExpansionKind::Variable("Y".to_owned()),
                ExpansionKind::Commands,
            ]
        );
        assert_eq!(&text[echo.words[2].span.clone()], "{{inputs.parameters.x}}");
    }

    #[test]
    fn nesting_without_end_is_bounded_and_said() {
        for opened in ["$(", "(", "`", "\"$(", "<(", "${", "$(("] {
            let script = Script::read(&opened.repeat(50_000));
            assert!(script.commands.len() < 100_000, "{opened}");
        }
        assert!(Script::read(&"$(a ".repeat(100)).stopped.is_some());
    }

    proptest! {
        #[test]
        fn any_script_gives_spans_inside_it(text in r#"([a-z$(){}|&;<>'"`\\ =#é\n]|\$\{\{|\}\}|<<E|\nE\n|if |case | in |esac){0,80}"#) {
            let script = Script::read(&text);
            for command in &script.commands {
                prop_assert!(text.get(command.span.clone()).is_some());
                for word in &command.words {
                    prop_assert!(text.get(word.span.clone()).is_some());
                    for expansion in &word.expansions {
                        prop_assert!(text.get(expansion.span.clone()).is_some());
                    }
                }
                let _ = Invocation::of(command);
            }
        }
    }
}
