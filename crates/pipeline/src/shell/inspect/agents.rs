//! AI agents started on command lines.

use crate::Issue;
use crate::rules::RISKY_TOOL_GRANT;
use crate::shell::Invocation;

/// The agent or model that the command gives a prompt to.
pub(crate) fn agent(invocation: &Invocation<'_>) -> Option<&'static str> {
    let is = |text: &str| {
        invocation
            .arguments
            .iter()
            .any(|argument| argument.text == text || argument.text.starts_with(&format!("{text}@")))
    };
    match invocation.program.as_str() {
        "claude" | "claude-code" => Some("Claude Code"),
        "codex" => Some("Codex"),
        "gemini" | "gemini-cli" => Some("Gemini CLI"),
        "aider" => Some("aider"),
        "llm" => Some("llm"),
        "opencode" => Some("OpenCode"),
        "cursor-agent" => Some("Cursor"),
        "goose" => Some("Goose"),
        "amp" => Some("Amp"),
        "qwen" => Some("Qwen Code"),
        "sgpt" => Some("ShellGPT"),
        "aichat" => Some("aichat"),
        "mods" => Some("mods"),
        "chatgpt" | "chatblade" | "openai" => Some("a language model"),
        "ollama" if invocation.does(&["run"]) => Some("Ollama"),
        "copilot" => Some("Copilot"),
        "gh" if invocation.does(&["copilot"]) || invocation.does(&["models", "run"]) => Some("GitHub Models"),
        "npx" | "bunx" | "uvx" if is("@anthropic-ai/claude-code") => Some("Claude Code"),
        "npx" | "bunx" if is("@openai/codex") => Some("Codex"),
        "npx" | "bunx" if is("@google/gemini-cli") => Some("Gemini CLI"),
        "curl" | "wget" | "http" => {
            let calls = invocation
                .arguments
                .iter()
                .any(|argument| ENDPOINTS.iter().any(|endpoint| argument.text.contains(endpoint)));
            calls.then_some("a language model")
        }
        _ => None,
    }
}

/// The switch with which an agent may do anything unasked.
pub(crate) fn free_hand(invocation: &Invocation<'_>) -> Option<Issue> {
    let name = agent(invocation).filter(|_| invocation.program != "curl")?;
    // Tools that may be used unasked: a shell, whatever it is given.
    let granted = invocation.values(&["--allowedTools", "--allowed-tools", "--allow-tool", "--tools"]);
    let shell = granted.into_iter().find(|(tools, _)| {
        let whole =
            |tool: &str| matches!(tool.trim(), "Bash" | "Bash(*)" | "Bash(:*)" | "Bash(*:*)" | "shell" | "*");
        tools.trim_matches(['"', '\'']).split([',', ' ']).any(whole)
    });
    let free = invocation.arguments.iter().find(|argument| {
        FREE_HAND.contains(&argument.text)
            || argument.text == "danger-full-access"
            || argument.text.ends_with("=danger-full-access")
            || argument.text == "bypassPermissions"
    });
    let option = free.copied().or_else(|| shell.map(|(_, argument)| argument))?;
    let message = format!("{name} may run anything unasked (`{}`)", option.text);
    Some(Issue::new(&RISKY_TOOL_GRANT, option.word.span.clone(), message))
}

const FREE_HAND: &[&str] = &[
    "--dangerously-skip-permissions",
    "--allow-dangerously-skip-permissions",
    "--yolo",
    "-y",
    "--full-auto",
    "--dangerously-bypass-approvals-and-sandbox",
    "--yes-always",
    "--allow-all-tools",
    "--approval-mode=yolo",
    "--dangerously-allow-all",
    "--allow-all",
];

const ENDPOINTS: &[&str] = &[
    "api.openai.com",
    "api.anthropic.com",
    "generativelanguage.googleapis.com",
    "api.mistral.ai",
    "api.groq.com",
    "openrouter.ai/api",
    "api.cohere",
    "api.deepseek.com",
    "openai.azure.com",
    "models.github.ai",
    "models.inference.ai.azure.com",
    "api.together.xyz",
    "/v1/chat/completions",
    "/v1/messages",
];
