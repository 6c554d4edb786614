//! Loops that can neither end nor wait: found by indentation in Python, which is all that this needs.

use std::ops::Range;

/// The head of each `while True:` whose body holds no way out and nothing that waits.
pub(crate) fn endless(code: &str) -> impl Iterator<Item = Range<usize>> {
    let lines: Vec<(usize, &str)> = {
        let mut at = 0_usize;
        code.split_inclusive('\n')
            .map(|line| {
                let start = at;
                at = at.saturating_add(line.len());
                (start, line)
            })
            .collect()
    };
    let mut found = Vec::new();
    for (index, (start, line)) in lines.iter().enumerate() {
        let head = line.trim();
        if !matches!(head, "while True:" | "while 1:" | "while (True):" | "while(True):") {
            continue;
        }
        let depth = indentation(line);
        let body = lines
            .iter()
            .skip(index.saturating_add(1))
            .map(|(_, line)| *line)
            .take_while(|line| line.trim().is_empty() || indentation(line) > depth);
        let ends = body
            .filter(|line| !line.trim_start().starts_with('#'))
            .any(|line| WAYS_OUT.iter().any(|way| line.contains(way)));
        // What is raised inside leaves the loop for the handler around it.
        let handled = lines
            .iter()
            .take(index)
            .rev()
            .map(|(_, line)| *line)
            .find(|line| !line.trim().is_empty() && indentation(line) < depth);
        if !ends && handled.is_none_or(|line| line.trim() != "try:") {
            let begin = start.saturating_add(depth);
            found.push(begin..begin.saturating_add(head.len()));
        }
    }
    found.into_iter()
}

fn indentation(line: &str) -> usize {
    line.len().saturating_sub(line.trim_start_matches([' ', '\t']).len())
}

/// What leaves a loop or gives the machine time.
static WAYS_OUT: [&str; 16] = [
    "break", "return", "raise", "yield", "sleep", "await", "input(", "exit(", ".get(", ".recv", ".accept(",
    ".read", ".wait(", ".poll(", ".join(", "next(",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_without_way_out_is_found_and_one_with_a_way_out_is_not() {
        let code = "def f():\n    while True:\n        x.append(1)\n    return x\n";
        assert_eq!(endless(code).map(|span| (span.start, span.end)).collect::<Vec<_>>(), [(13, 24)]);
        assert_eq!(endless("while True:\n    if a:\n        break\n").count(), 0);
        assert_eq!(endless("while True:\n    time.sleep(1)\n").count(), 0);
    }
}
