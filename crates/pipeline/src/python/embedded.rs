//! Python that stands in another text: `python -c CODE`, a here-document, the script of a container's step.

use super::source::{self, Code, Language};
use crate::Issue;

/// What the Python in `code` does that it should not; spans are those of `code`. Linear in its length.
///
/// Placeholders of the text around (`{{…}}`, `$(…)`) need not parse: what stands around them is read.
pub(crate) fn issues(code: &str) -> Vec<Issue> {
    let examined = read(code);
    let gaps = examined.gaps.into_iter().map(|(at, reason)| Issue::unread(at..at.saturating_add(1), reason));
    let reports = examined.module.reports.into_iter();
    let found = reports.map(|report| {
        let finding = report.finding;
        Issue::new(finding.rule, report.span, finding.message)
            .severity(finding.severity)
            .confidence(finding.confidence)
            .remedy(finding.remedy)
    });
    found.chain(gaps).collect()
}

/// Examines `code` as it stands and, where that does not parse, with names in the place of what is filled in before it runs.
fn read(code: &str) -> source::Examined {
    let examine = |text: &str| source::examine(&[Code { text, base: 0, kind: Language::Python }], None);
    let plain = examine(code);
    if plain.gaps.is_empty() {
        return plain;
    }
    let filled = examine(&filled_in(code));
    if filled.gaps.len() <= plain.gaps.len() { filled } else { plain }
}

/// `code` with every placeholder (`{{…}}`, `{%…%}`, `${…}`, `$(…)`, `$NAME`) as a name of the same length. Linear.
fn filled_in(code: &str) -> String {
    const PAIRS: &[(&str, &str)] = &[("{{", "}}"), ("{%", "%}"), ("${", "}"), ("$(", ")")];
    let mut out = String::with_capacity(code.len());
    for line in code.split_inclusive('\n') {
        let mut rest = line;
        while let Some(at) = rest.find(['{', '$']) {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let ended = PAIRS.iter().find(|(begin, _)| from.starts_with(begin)).and_then(|(begin, end)| {
                let close = from.get(begin.len()..)?.find(end)?;
                Some(begin.len().saturating_add(close).saturating_add(end.len()))
            });
            let name = from.strip_prefix('$').map_or(0, |name| {
                name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len())
            });
            let length = ended.or_else(|| (name > 0).then(|| name.saturating_add(1)));
            match length {
                Some(length) => out.push_str(&"_".repeat(length)),
                None => out.push_str(from.get(..1).unwrap_or_default()),
            }
            rest = from.get(length.unwrap_or(1)..).unwrap_or_default();
        }
        out.push_str(rest);
    }
    out
}

/// Whether the first line of `script` says that Python reads it.
pub(crate) fn is_script(script: &str) -> bool {
    let first = script.trim_start_matches(['\r', '\n', ' ']).lines().next().unwrap_or_default();
    first.starts_with("#!") && first.contains("python")
}

/// Whether `text`, an argument of a container, is the source of a function that a compiler of pipelines took along.
pub(crate) fn is_module(text: &str) -> bool {
    let has = |begin: &str| text.lines().any(|line| line.starts_with(begin));
    text.contains('\n') && (has("import ") || has("from ")) && has("def ")
}

#[cfg(test)]
mod tests {
    use crate::testing::lines;

    fn found(text: &str) -> Vec<(u32, &'static str)> {
        lines("run.sh", text)
    }

    #[test]
    fn python_given_to_an_interpreter_in_a_script_is_read_at_its_lines() {
        assert_eq!(
            found("set -e\npython -c 'import pickle; pickle.load(open(\"m\", \"rb\"))'\n"),
            [(2, "unsafe-deserialization")]
        );
        assert_eq!(
            found("python3 - <<'EOF'\nimport torch\ntorch.load(\"m.pt\", weights_only=False)\nEOF\n"),
            [(3, "unsafe-deserialization")]
        );
        assert_eq!(
            found("python3 <<EOF\nimport torch\ntorch.load(\"$M\", weights_only=False)\nEOF\n"),
            [(3, "unsafe-deserialization")]
        );
        assert_eq!(
            found("sh -c 'python -c \"import pickle; pickle.load(f)\"'\n"),
            [(1, "unsafe-deserialization")]
        );
        assert_eq!(
            found("python -c \"import torch; torch.load(\\\"m.pt\\\", weights_only=False)\"\n"),
            [(1, "unsafe-deserialization")]
        );
    }

    #[test]
    fn harmless_python_in_scripts_and_other_interpreters_are_silent() {
        for text in [
            "python -c 'import torch; print(torch.__version__)'\n",
            "python -c \"import torch; torch.load('m.pt', weights_only=True)\"\n",
            "node -e 'pickle.load(f)'\n",
            "cat <<EOF\nimport pickle\npickle.load(f)\nEOF\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn a_script_of_python_in_a_step_is_read() {
        let argo = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n  - name: a\n    script:\n      image: python@sha256:aa\n      command: [python3]\n      source: |\n        import pickle\n        m = pickle.load(open('/m', 'rb'))\n        print('{{inputs.artifacts.x.path}}')\n";
        assert_eq!(lines("a.yaml", argo), [(11, "unsafe-deserialization")]);
        let tekton = "apiVersion: tekton.dev/v1\nkind: Task\nspec:\n  steps:\n  - name: a\n    image: python@sha256:aa\n    script: |\n      #!/usr/bin/env python3\n      import pickle\n      m = pickle.load(open('/m', 'rb'))\n";
        assert_eq!(lines("a.yaml", tekton), [(10, "unsafe-deserialization")]);
    }

    #[test]
    fn python_that_does_not_parse_leaves_a_gap_at_its_line_and_placeholders_do_not() {
        use crate::{Text, examine};
        use bartizan_core::{Limits, MonotonicClock};
        let gaps = |name: &str, text: &str| -> Vec<String> {
            let outcome = examine(&Text::new(name, text), &Limits::default(), &MonotonicClock::start());
            outcome.gaps.into_iter().map(|gap| gap.reason).collect()
        };
        let argo = |line: &str| {
            format!(
                "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n  templates:\n  - name: a\n    script:\n      image: python@sha256:aa\n      command: [python3]\n      source: |\n        import os\n        {line}\n"
            )
        };
        let broken = gaps("a.yaml", &argo("def (:"));
        assert!(
            broken.len() == 1 && broken[0].starts_with("line 11: Python source does not parse"),
            "{broken:?}"
        );
        for line in [
            "n = {{inputs.parameters.n}} + 1",
            "print($(params.count))",
            "{{=sprig.title(x)}}",
            "x = {% if a %}",
        ] {
            assert_eq!(gaps("a.yaml", &argo(line)), [""; 0], "{line}");
        }
        let shell = gaps("run.sh", "#!/bin/sh\npython3 - <<EOF\nimport os\nn = $COUNT\ndef (:\nEOF\n");
        assert!(shell.len() == 1 && shell[0].starts_with("line 5:"), "{shell:?}");
        assert_eq!(gaps("run.sh", "#!/bin/sh\npython3 -c \"print($COUNT)\"\n"), [""; 0]);
        let workflow =
            "on: push\njobs:\n  a:\n    steps:\n    - shell: python\n      run: |\n        def (:\n";
        let found = gaps(".github/workflows/a.yml", workflow);
        assert!(found.len() == 1 && found[0].starts_with("line 7:"), "{found:?}");
    }

    #[test]
    fn a_step_that_python_runs_is_read_as_python() {
        let text = "on: push\npermissions: {}\ndefaults:\n  run:\n    shell: python3 {0}\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n    - run: |\n        import pickle\n        pickle.load(open('m', 'rb'))\n    - shell: bash\n      run: echo pickle.load\n";
        assert_eq!(lines(".github/workflows/a.yml", text), [(12, "unsafe-deserialization")]);
    }

    #[test]
    fn the_function_of_a_compiled_pipeline_is_read() {
        let text = "deploymentSpec:\n  executors:\n    e:\n      container:\n        command:\n        - sh\n        - -ec\n        - 'exec \"$0\"'\n        - \"\\nimport kfp\\nfrom kfp import dsl\\n\\ndef f():\\n    import pickle\\n    return pickle.load(open('m', 'rb'))\\n\"\n        image: python@sha256:aa\npipelineInfo: {name: p}\n";
        assert_eq!(lines("p.yaml", text), [(9, "unsafe-deserialization")]);
    }
}
