//! Statements of databases, and calls of programming languages.

use super::command::{ARGUMENTS, commands};
use super::line::{Danger, any, grave, serious};
use super::places::{is_root, is_store};

/// Statements that take more than a row.
pub(super) fn sql(line: &str) -> Option<Danger> {
    let words: Vec<&str> = line
        .split(|one: char| !(one.is_alphanumeric() || "_.=*'-".contains(one)))
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .collect();
    let follows =
        |at: usize, offset: usize| words.get(at.saturating_add(offset)).copied().unwrap_or_default();
    let everything = |at: usize| {
        let rest = words.get(at..).unwrap_or_default();
        let rest = rest.get(..ARGUMENTS).unwrap_or(rest);
        let place = rest.iter().position(|word| *word == "where");
        place.is_none_or(|place| {
            matches!(rest.get(place.saturating_add(1)).copied().unwrap_or_default(), "1=1" | "true" | "1")
        })
    };
    let judged = words.iter().enumerate().filter_map(|(at, word)| match *word {
        "drop" if matches!(follows(at, 1), "database" | "schema") => grave("destroys-data"),
        "drop" | "truncate" if follows(at, 1) == "table" => serious("destroys-data"),
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

/// Calls of programming languages that commands and tables do not show, in a line in small letters.
pub(super) fn code(line: &str) -> Option<Danger> {
    let squeezed: String = line.chars().filter(|one| !one.is_whitespace()).collect();
    let runs = any(&squeezed, &["exec(", "eval(", "new function("]);
    // What a decoder gives is run at once.
    let decodes = [
        "base64_decode(",
        "base64.decode64(",
        "decode_base64(",
        "buffer.from(",
        "atob(",
        "gzinflate(",
        "str_rot13(",
    ];
    if ["eval", "newfunction", "assert"].iter().any(|call| {
        squeezed.split(call).skip(1).any(|rest| {
            let rest = rest.strip_prefix('(').unwrap_or(rest);
            decodes.iter().any(|decoder| rest.starts_with(decoder))
        })
    }) {
        return grave("hidden-code");
    }
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
    if removes(&squeezed, is_root)
        || squeezed.contains("rmtree(path.home()")
        || squeezed.contains("rmtree(os.path.expanduser(\"~\")")
    {
        return grave("destroys-files");
    }
    if removes(&squeezed, is_store) {
        return serious("destroys-files");
    }
    if any(&squeezed, &[".dropdatabase(", "flushall("]) {
        return serious("destroys-data");
    }
    if squeezed.contains("'dd'") | squeezed.contains("\"dd\"") && squeezed.contains("of=/dev/") {
        return grave("destroys-disk");
    }
    argv(line).and_then(|command| commands(&command))
}

/// Whether a line, without its blanks, calls what removes a folder with all that is in it, with such a path.
///
/// Sources: the libraries of Python (`shutil`), JavaScript (Node's `fs`, Deno), Go (`os`), Rust (`std::fs`), C++ (`std::filesystem`), Ruby
/// (`FileUtils`), Perl (`File::Path`), Elixir (`File`), Java (Commons IO), .NET (`System.IO`), Julia and R.
fn removes(line: &str, is_lost: fn(&str) -> bool) -> bool {
    /// Those that remove what is inside too.
    const DEEP: [&str; 13] = [
        "rmtree",
        "rmsync",
        "rimraf",
        "removeall",
        "remove_dir_all",
        "remove_all",
        "remove_tree",
        "remove_entry_secure",
        "rm_rf",
        "rm_r",
        "deletedirectory",
        "directory.delete",
        "rmdirsync",
    ];
    /// Those that do where it is asked for.
    const ASKED: [&str; 4] = ["rm", "remove", "unlink", "rmdir"];
    /// What a path may be made into.
    const MADE: [&str; 6] = ["newfile(", "file(", "path(", "paths.get(", "path.of(", "newdirectoryinfo("];
    let calls = |name: &str, is_asked: bool| {
        line.match_indices(name).any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let rest = line.get(at.saturating_add(name.len())..).unwrap_or_default();
            let rest = rest.strip_prefix('!').unwrap_or(rest);
            let inner = rest.strip_prefix('(').unwrap_or(rest);
            let inner = MADE.iter().find_map(|made| inner.strip_prefix(made)).unwrap_or(inner);
            let inner = inner.trim_start_matches(['r', 'f', 'b', '@']);
            let Some(quote) = inner.chars().next().filter(|one| matches!(one, '"' | '\'' | '`')) else {
                return false;
            };
            let Some((path, rest)) = inner.get(1..).and_then(|inner| inner.split_once(quote)) else {
                return false;
            };
            let deep = !is_asked
                || rest
                    .split(')')
                    .next()
                    .is_some_and(|rest| any(rest, &["recursive:true", "recursive=true"]));
            before.is_none_or(|one| !one.is_alphanumeric() && one != '_')
                && deep
                && !path.is_empty()
                && is_lost(path)
        })
    };
    DEEP.iter().any(|name| calls(name, false)) || ASKED.iter().any(|name| calls(name, true))
}

/// The command that quoted words of a line make which follow each other as a program and what it is given: `["rm", "-rf", "/"]`,
/// `Command::new("rm").args(["-rf", "/"])`.
fn argv(line: &str) -> Option<String> {
    let mut command = String::new();
    let (mut rest, mut count) = (line, 0_usize);
    while let Some(at) = rest.find(['"', '\'']) {
        let (between, quoted) = rest.split_at(at);
        let quote = quoted.chars().next()?;
        let (word, behind) = quoted.get(1..)?.split_once(quote)?;
        // Arguments that stand one to a line may have comments.
        let signs: String = between
            .split('\n')
            .map(|line| line.split("//").next().unwrap_or_default())
            .map(|line| line.split('#').next().unwrap_or_default().trim())
            .collect();
        let joins = signs.chars().all(|one| ",[](){}&".contains(one) || one.is_whitespace())
            || matches!(signs.as_str(), ").arg(" | ").args([" | ").args(&[" | ").args(vec![");
        if !joins && !command.is_empty() {
            if count > 1 {
                command.push(';');
            } else {
                command.clear();
            }
            count = 0;
        }
        if count > 0 {
            command.push(' ');
        }
        // What parts commands is none of a word.
        command.extend(word.chars().map(|one| if ";|&`\n".contains(one) { '_' } else { one }));
        count = count.saturating_add(1);
        rest = behind;
    }
    (command.contains(' ')).then_some(command)
}

#[cfg(test)]
mod tests {
    use super::super::line::{Danger, Grade, danger};
    use super::super::variables::Variables;

    fn judged(line: &str) -> Option<Danger> {
        danger(line, &mut Variables::default())
    }

    #[test]
    fn a_program_that_removes_a_root_is_grave_in_whatever_language() {
        for line in [
            "shutil.rmtree(\"/\")",
            "shutil.rmtree(r'C:\\', ignore_errors=True)",
            "fs.rmSync('/', { recursive: true, force: true });",
            "await fs.promises.rm(\"/\", { recursive: true });",
            "await Deno.remove('/', { recursive: true });",
            "os.RemoveAll(\"/\")",
            "std::fs::remove_dir_all(\"/\")?;",
            "std::filesystem::remove_all(\"/\");",
            "FileUtils.rm_rf('/')",
            "FileUtils.rm_rf \"/home\"",
            "File.rm_rf!(\"/\")",
            "remove_tree('/etc');",
            "FileUtils.deleteDirectory(new File(\"/\"));",
            "Directory.Delete(@\"C:\\\", true);",
            "rm(\"/\", recursive=true)",
            "unlink(\"/\", recursive = TRUE)",
            "subprocess.run([\"rm\", \"-rf\", \"/\"], check=True)",
            "exec.Command(\"rm\", \"-rf\", \"/\").Run()",
            "spawn('rm', ['-rf', '/'])",
            "new ProcessBuilder(\"rm\", \"-rf\", \"/\").start();",
            "Command::new(\"rm\").args([\"-rf\", \"/\"]).status()?;",
            "Command::new(\"rm\").arg(\"-rf\").arg(\"/\").status()?;",
            "Process.Start(\"rm\", \"-rf /\");",
            "os.execvp(\"rm\", [\"rm\", \"-rf\", \"/\"])",
        ] {
            let found = judged(line).map(|one| (one.label, one.grade));
            assert_eq!(found, Some(("destroys-files", Grade::Grave)), "{line}");
        }
    }

    #[test]
    fn what_a_decoder_gives_is_not_run_and_no_quote_hides_a_statement() {
        for (line, label) in [
            ("perl -MMIME::Base64 -e 'eval decode_base64(\"cHJpbnQ=\")'", "hidden-code"),
            ("ruby -rbase64 -e 'eval(Base64.decode64(\"cHV0cw==\"))'", "hidden-code"),
            ("php -r 'eval(base64_decode(\"ZWNobyAx\"));'", "hidden-code"),
            ("node -e \"eval(Buffer.from('MQ==','base64').toString())\"", "hidden-code"),
            ("psql -c 'DROP DATABASE prod'", "destroys-data"),
        ] {
            assert_eq!(judged(line).map(|one| (one.label, one.grade)), Some((label, Grade::Grave)), "{line}");
        }
        for line in
            ["data = base64_decode(text); eval(plan)", "const x = Buffer.from(a, 'base64'); assert(x)"]
        {
            assert!(judged(line).is_none_or(|one| one.label != "hidden-code"), "{line}");
        }
    }

    #[test]
    fn programs_that_remove_what_they_made_are_harmless() {
        for line in [
            "shutil.rmtree(tmp_path / \"build\")",
            "os.RemoveAll(filepath.Join(dir, \"cache\"))",
            "std::fs::remove_dir_all(\"target/debug\")?;",
            "fs.rm('dist', { recursive: true });",
            "fs.rm('/', { recursive: false });",
            "items.remove(\"/\")",
            "app.confirm(\"/\", { recursive: true })",
            "FileUtils.rm_rf('tmp/cache')",
            "subprocess.run([\"rm\", \"-rf\", \"build\"])",
            "subprocess.run([\"ls\", \"-la\", \"/\"])",
            "exec.Command(\"git\", \"rm\", \"-r\", \"docs\")",
            "spawn('chmod', ['644', '/etc/hosts'])",
            "parser.add_argument(\"-r\", \"--recursive\", help=\"rm all below /\")",
            "COMMANDS = ['rm', 'mv', 'cp']; ROOTS = ['/', '/home']",
        ] {
            assert_eq!(judged(line), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_line_is_read(line in "(rm|rm_rf|remove|\\(|\\)|\"|'|, |/|\\[|recursive: true|\\PC){0,30}") {
            let _ = judged(&format!("exec {line}"));
        }
    }
}
