//! What the commands of a script are to each other, looked up by number and by name: [`Links`].
//!
//! Built at the first question about a script and in one pass over it, so that a question about each of its commands costs no more than
//! the script is long.

use super::{Assignment, Command};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::OnceLock;

/// The tables of one script, once they were asked for. They say nothing that the script itself does not.
#[derive(Debug, Clone, Default)]
pub(super) struct Links(OnceLock<Tables>);

impl PartialEq for Links {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Links {}

impl Links {
    /// The tables of the script whose parts are given.
    pub(super) fn of(
        &self,
        commands: &[Command],
        given: &[Assignment],
        defaults: &[(String, String)],
        functions: &[Range<usize>],
    ) -> &Tables {
        self.0.get_or_init(|| Tables::of(commands, given, defaults, functions))
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Tables {
    /// For each name, the command and the place in it of every assignment, in order.
    assigned: HashMap<Box<str>, Vec<(usize, usize)>>,
    /// The last of what each name was given before the script began.
    given: HashMap<Box<str>, usize>,
    /// The first default of each name.
    defaults: HashMap<Box<str>, usize>,
    /// For each command, the first that takes its output through a pipe.
    reader: HashMap<usize, usize>,
    /// For each command, those in its substitutions, in order.
    within: HashMap<usize, Vec<usize>>,
    /// Bodies of functions in order, those inside of others left out.
    bodies: Vec<Range<usize>>,
}

impl Tables {
    fn of(
        commands: &[Command],
        given: &[Assignment],
        defaults: &[(String, String)],
        functions: &[Range<usize>],
    ) -> Self {
        let mut tables = Self::default();
        for (index, command) in commands.iter().enumerate() {
            for (place, one) in command.assignments.iter().enumerate() {
                match tables.assigned.get_mut(one.name.as_str()) {
                    Some(known) => known.push((index, place)),
                    None => {
                        tables.assigned.insert(one.name.as_str().into(), vec![(index, place)]);
                    }
                }
            }
            if let Some(from) = command.pipe_from {
                tables.reader.entry(from).or_insert(index);
            }
            if let Some(outer) = command.inside {
                tables.within.entry(outer).or_default().push(index);
            }
        }
        for (place, one) in given.iter().enumerate() {
            tables.given.insert(one.name.as_str().into(), place);
        }
        for (place, (name, _)) in defaults.iter().enumerate() {
            tables.defaults.entry(name.as_str().into()).or_insert(place);
        }
        let mut sorted: Vec<Range<usize>> = functions.to_vec();
        sorted.sort_by_key(|body| (body.start, std::cmp::Reverse(body.end)));
        for body in sorted {
            match tables.bodies.last_mut() {
                Some(last) if body.start < last.end => last.end = last.end.max(body.end),
                _ => tables.bodies.push(body),
            }
        }
        tables
    }

    /// The command and the place in it of the last assignment to `name` in the commands up to `index`, that one included.
    pub(super) fn assigned(&self, name: &str, index: usize) -> Option<(usize, usize)> {
        let known = self.assigned.get(name)?;
        let before = known.partition_point(|(command, _)| *command <= index);
        known.get(before.checked_sub(1)?).copied()
    }

    /// The place of what `name` was given last before the script began.
    pub(super) fn given(&self, name: &str) -> Option<usize> {
        self.given.get(name).copied()
    }

    /// The place of what `name` becomes where it is not set.
    pub(super) fn fallback(&self, name: &str) -> Option<usize> {
        self.defaults.get(name).copied()
    }

    /// The first command that takes the output of the one at `index`.
    pub(super) fn reader(&self, index: usize) -> Option<usize> {
        self.reader.get(&index).copied()
    }

    /// The commands in the substitutions of the one at `index`.
    pub(super) fn within(&self, index: usize) -> &[usize] {
        self.within.get(&index).map(Vec::as_slice).unwrap_or_default()
    }

    /// Whether byte `at` is in the body of a function.
    pub(super) fn in_function(&self, at: usize) -> bool {
        let before = self.bodies.partition_point(|body| body.start <= at);
        before.checked_sub(1).and_then(|last| self.bodies.get(last)).is_some_and(|body| body.contains(&at))
    }
}

#[cfg(test)]
mod tests {
    use crate::shell::Script;

    #[test]
    fn questions_are_answered_from_what_stands_before() {
        let script = Script::read(
            "A=1\necho $A | tee x\nA=2 run\nB=$(get | cut -f1)\nf() { g() { eval; }; h; }\nlast ${C:-d} ${C:-e}",
        );
        let named = |name: &str| {
            let of = |command: &crate::shell::Command| command.words.first().map(|word| word.text.clone());
            script.commands.iter().position(|command| of(command).as_deref() == Some(name)).unwrap()
        };
        let value = |name: &str, at: usize| script.assigned(name, at).map(|word| word.text.clone());
        assert_eq!(value("A", named("echo")).as_deref(), Some("1"));
        assert_eq!(value("A", named("run")).as_deref(), Some("2"));
        assert_eq!(value("A", named("last")).as_deref(), Some("2"));
        assert_eq!(value("Z", named("last")), None);
        assert_eq!(script.known("C", named("last")), Some("d"));
        assert_eq!(script.reader(named("echo")), Some(named("tee")));
        assert_eq!(script.reader(named("get")), Some(named("cut")));
        assert_eq!(script.reader(named("last")), None);
        let outer = script.commands[named("get")].inside.unwrap();
        assert_eq!(script.within(outer).count(), 2);
        assert!(script.in_function(script.commands[named("h")].span.start));
        assert!(!script.in_function(script.commands[named("last")].span.start));
    }

    #[test]
    fn what_is_looked_up_for_each_command_costs_no_more_than_the_script_is_long() {
        use crate::shell::inspect::{Setting, script};
        // Each of these was looked for in all that stood before or behind it: at this length that took minutes.
        for line in [
            "set -x\n",
            "eval \"$A\"\n",
            "echo $TOKEN\n",
            "A=$B\n",
            "env\n",
            "vllm serve m --host 0.0.0.0\n",
            "f() { eval \"$1\"; }\n",
            "git clone https://huggingface.co/a/b\n",
            "sh -c \"$(a)\"\n",
        ] {
            let text = line.repeat(20_000);
            assert!(script(&text, Setting::Pipeline).len() <= 60_000, "{line}");
        }
    }
}
