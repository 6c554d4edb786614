//! Statements of databases, and calls of Python and JavaScript.

use super::command::ARGUMENTS;
use super::line::{Danger, any, grave, serious};
use super::places::{is_root, is_store};

/// Statements that take more than a row.
pub(super) fn sql(line: &str) -> Option<Danger> {
    let words: Vec<&str> = line
        .split(|one: char| !(one.is_alphanumeric() || "_.=*'-".contains(one)))
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

/// Calls of Python and JavaScript that commands and tables do not show.
pub(super) fn code(line: &str) -> Option<Danger> {
    let squeezed: String = line.chars().filter(|one| !one.is_whitespace()).collect();
    let runs = any(&squeezed, &["exec(", "eval(", "new function("]);
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
    let removes = |call: &str, is_lost: fn(&str) -> bool| {
        squeezed.split(call).skip(1).any(|rest| {
            let path = rest.trim_start_matches(['r', 'f', '"', '\'', '`']);
            let path = path.split(['"', '\'', '`', ',', ')']).next().unwrap_or_default();
            rest.starts_with(['"', '\'', '`', 'r']) && !path.is_empty() && is_lost(path)
        })
    };
    let all = |is_lost| ["rmtree(", "rmsync(", "rimraf("].iter().any(|call| removes(call, is_lost));
    if all(is_root)
        || squeezed.contains("rmtree(path.home()")
        || squeezed.contains("rmtree(os.path.expanduser(\"~\")")
    {
        return grave("destroys-files");
    }
    if all(is_store) {
        return serious("destroys-files");
    }
    if any(&squeezed, &[".dropdatabase(", "flushall("]) {
        return serious("destroys-data");
    }
    if squeezed.contains("'dd'") | squeezed.contains("\"dd\"") && squeezed.contains("of=/dev/") {
        return grave("destroys-disk");
    }
    None
}
