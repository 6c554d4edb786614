//! Recipes of makefiles and justfiles as scripts of the same length, so that each line and place stays where it is.

/// The recipes of a makefile. What make fills in, `$(NAME)`, becomes a variable of the shell, and `$$` its own dollar.
pub(super) fn of_makefile(content: &str) -> String {
    let mut script = String::with_capacity(content.len());
    let mut goes_on = false;
    for line in content.split_inclusive('\n') {
        let continued = line.trim_end().ends_with('\\');
        let recipe = line.strip_prefix('\t').map(|rest| (1_usize, rest));
        if let Some((tab, rest)) = recipe.or_else(|| goes_on.then_some((0, line))) {
            let command = rest.trim_start_matches(['@', '-', '+', ' ']);
            let skipped = tab.saturating_add(rest.len().saturating_sub(command.len()));
            script.extend(std::iter::repeat_n(' ', skipped));
            script.push_str(&filled_in(command));
            goes_on = continued;
        } else {
            blank(line, &mut script);
            goes_on = false;
        }
    }
    script
}

/// The commands of a Procfile: what stands behind the name of each kind of process.
pub(super) fn of_procfile(content: &str) -> String {
    let mut script = String::with_capacity(content.len());
    for line in content.split_inclusive('\n') {
        let named = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        };
        match line.split_once(':').filter(|(name, _)| named(name)) {
            Some((name, command)) => {
                script.extend(std::iter::repeat_n(' ', name.len().saturating_add(1)));
                script.push_str(command);
            }
            None => blank(line, &mut script),
        }
    }
    script
}

/// What the variables of a makefile hold where they are plain texts, by name, those that others name filled in.
///
/// Source: GNU make manual, "The Two Flavors of Variables". What a function of make gives is not known.
pub(super) fn variables_of_makefile(content: &str) -> Vec<(String, String)> {
    let mut given: Vec<(String, String)> = Vec::new();
    for line in content.lines().filter(|line| !line.starts_with(['\t', '#'])).take(LINES) {
        let line = line.trim().strip_prefix("export ").unwrap_or(line.trim());
        let Some((name, value)) = line.split_once('=').filter(|_| given.len() < VARIABLES) else { continue };
        let name = name.trim_end_matches([':', '?', ' ']);
        let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let value = value.split(" #").next().unwrap_or(value).trim();
        if plain && !value.is_empty() && value.len() <= VALUE {
            given.push((name.to_owned(), value.to_owned()));
        }
    }
    for _ in 0..DEPTH {
        let known = given.clone();
        for (_, value) in given.iter_mut().filter(|(_, value)| value.contains("$(") || value.contains("${")) {
            for (name, text) in known.iter().filter(|(_, text)| !text.contains('$')) {
                let filled =
                    value.replace(&format!("$({name})"), text).replace(&format!("${{{name}}}"), text);
                if filled.len() <= VALUE {
                    *value = filled;
                }
            }
        }
    }
    given.retain(|(_, value)| !value.contains('$'));
    given
}

/// Most lines in which variables are looked for, most variables, and the longest value in bytes.
const LINES: usize = 20_000;
const VARIABLES: usize = 200;
const VALUE: usize = 1_000;
/// How far variables are followed through others.
const DEPTH: usize = 3;

/// The recipes of a justfile: the indented lines below a header that ends with `:` or names what comes before. A recipe with a
/// first line of another interpreter is left out.
/// Source: "The Just Programmer's Manual".
pub(super) fn of_justfile(content: &str) -> String {
    let mut script = String::with_capacity(content.len());
    let (mut recipe, mut first, mut foreign, mut goes_on) = (false, false, false, false);
    for line in content.split_inclusive('\n') {
        let indented = line.starts_with([' ', '\t']);
        let empty = line.trim().is_empty();
        if !indented && !empty {
            let header = line.split('#').next().unwrap_or(line);
            // `name := value` and `set x := y` are no recipes.
            recipe = header.contains(':') && !header.contains(":=") && !line.starts_with('#');
            (first, foreign) = (true, false);
        }
        if !indented || !recipe || empty {
            blank(line, &mut script);
            continue;
        }
        let body = line.trim_start();
        if first && body.starts_with("#!") {
            foreign = !body.trim_end().ends_with("sh");
        }
        first = false;
        if foreign {
            blank(line, &mut script);
            continue;
        }
        let command = if goes_on { body } else { body.trim_start_matches(['@', '-']) };
        goes_on = body.trim_end().ends_with('\\');
        script.extend(std::iter::repeat_n(' ', line.len().saturating_sub(command.len())));
        script.push_str(command);
    }
    script
}

/// Adds blanks in the place of `line`.
fn blank(line: &str, script: &mut String) {
    script.extend(line.chars().flat_map(|character| {
        let (blank, times) = if character == '\n' { ('\n', 1) } else { (' ', character.len_utf8()) };
        std::iter::repeat_n(blank, times)
    }));
}

/// A line of a recipe with the variables of make as those of a shell, in the same number of bytes.
fn filled_in(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('$') {
        out.push_str(rest.get(..at).unwrap_or_default());
        let from = rest.get(at..).unwrap_or_default();
        let name = from.strip_prefix("$(").and_then(|inner| inner.split_once(')')).map(|(name, _)| name);
        let plain = name.filter(|name| {
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        });
        if let Some(name) = plain {
            out.push_str("${");
            out.push_str(name);
            out.push('}');
            rest = from.get(name.len().saturating_add("$()".len())..).unwrap_or_default();
        } else if let Some(after) = from.strip_prefix("$$") {
            out.push_str(" $");
            rest = after;
        } else {
            out.push('$');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn recipes_of_a_justfile_stand_where_they_stood() {
        let text = "model := \"a\"\n# a: b\nserve host='x': build # why\n    @vllm serve {{model}} \\\n      --port 80\n\nbuild:\n\t-make\npy:\n    #!/usr/bin/env python3\n    import os\n";
        let script = of_justfile(text);
        assert_eq!(script.len(), text.len());
        let lines: Vec<&str> = script.lines().map(str::trim).collect();
        assert_eq!(lines, ["", "", "", "vllm serve {{model}} \\", "--port 80", "", "", "make", "", "", ""]);
    }

    #[test]
    fn variables_of_a_makefile_hold_what_is_written() {
        let text = "PY ?= python3\nPIP := $(PY) -m pip  # why\nexport A=b\nB = $(shell date)\nall: a\n\tC = d\nE =\n";
        let held = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(
            variables_of_makefile(text),
            [held("PY", "python3"), held("PIP", "python3 -m pip"), held("A", "b")]
        );
    }

    #[test]
    fn what_make_fills_in_becomes_a_variable_of_the_shell() {
        assert_eq!(filled_in("a $(B) $$C $(shell ls) $@"), "a ${B}  $C $(shell ls) $@");
    }

    proptest! {
        #[test]
        fn any_text_keeps_its_length_and_lines(text in "([a-zé:#@=$()\\t \\\\\n-]|\\$\\$|\\$\\(A\\)|#!){0,60}") {
            for script in [of_makefile(&text), of_justfile(&text)] {
                prop_assert_eq!(script.len(), text.len());
                prop_assert_eq!(script.matches('\n').count(), text.matches('\n').count());
            }
        }
    }
}
