//! `pipeline/bot-condition`: a check of the actor that others can pass.

use bartizan_core::{Severity, cwe, rule};

rule! {
    /// ## What it finds
    /// A condition such as `github.actor == 'dependabot[bot]'` under a trigger where the actor is whoever caused
    /// the last event; and before a merge or an approval under any trigger (low).
    /// ## Why it matters
    /// A pull request by anyone passes it once the bot has touched it.
    /// ## Example
    /// `if: github.actor == 'dependabot[bot]'` on `pull_request_target`
    /// ## How to fix
    /// `if: github.event.pull_request.user.login == 'dependabot[bot]'`
    /// ## References
    /// - <https://www.synacktiv.com/publications/github-actions-exploitation-dependabot>
    /// - CWE-290
    pub const BOT_CONDITION: Rule = Rule {
        id: "pipeline/bot-condition",
        title: "a check of the actor that others can pass",
        severity: Severity::High,
        remedy: "Compare `github.event.pull_request.user.login` or check the event's author.",
        taxonomies: &[cwe(290), cwe(284)],
    };
}
