//! Python that stands in another text: `python -c CODE`, a here-document, the script of a container's step.

use super::source::{self, Code, Language};
use crate::Issue;

/// What the Python in `code` does that it should not; spans are those of `code`. Linear in its length.
///
/// Placeholders of the text around (`{{…}}`, `$(…)`) need not parse: what stands around them is read.
pub(crate) fn issues(code: &str) -> Vec<Issue> {
    let code = Code { text: code, base: 0, kind: Language::Python };
    let examined = source::examine(&[code], None);
    let reports = examined.module.reports.into_iter();
    reports
        .map(|report| {
            let finding = report.finding;
            Issue::new(finding.rule, report.span, finding.message)
                .severity(finding.severity)
                .confidence(finding.confidence)
                .remedy(finding.remedy)
        })
        .collect()
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
    fn the_function_of_a_compiled_pipeline_is_read() {
        let text = "deploymentSpec:\n  executors:\n    e:\n      container:\n        command:\n        - sh\n        - -ec\n        - 'exec \"$0\"'\n        - \"\\nimport kfp\\nfrom kfp import dsl\\n\\ndef f():\\n    import pickle\\n    return pickle.load(open('m', 'rb'))\\n\"\n        image: python@sha256:aa\npipelineInfo: {name: p}\n";
        assert_eq!(lines("p.yaml", text), [(9, "unsafe-deserialization")]);
    }
}
