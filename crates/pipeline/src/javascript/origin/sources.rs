//! Whose word a name, a member or the result of a call is by itself.

use super::Origin;

/// Who had a hand in `member` of what `before` names.
pub(super) fn of_members(before: &[&str], member: &str) -> Option<Origin> {
    let last = before.last().copied().unwrap_or_default();
    let request = matches!(last, "req" | "request" | "ctx" | "c") || before.ends_with(&["ctx", "request"]);
    if request
        && matches!(last, "req" | "request")
        && matches!(member, "body" | "query" | "params" | "headers" | "cookies" | "file" | "files")
    {
        return Some(Origin::Request);
    }
    // Source: URL standard, "URL class": what stands behind the `?` of an address.
    if member == "searchParams"
        && before.iter().any(|name| matches!(*name, "req" | "request" | "nextUrl" | "url"))
    {
        return Some(Origin::Request);
    }
    // Source: Koa documentation, "Context": what its requests' queries and paths hold.
    if before.ends_with(&["ctx", "request"]) && matches!(member, "body" | "query")
        || last == "ctx" && matches!(member, "query" | "params")
    {
        return Some(Origin::Request);
    }
    let answer = before.contains(&"choices") && matches!(member, "content" | "text" | "arguments")
        || matches!(
            member,
            // Of OpenAI, Hugging Face, the Agents SDK, and the calls of tools that a message asks for.
            "output_text" | "outputText" | "generated_text" | "finalOutput" | "tool_calls"
        );
    answer.then_some(Origin::Answer)
}

/// Whether the chain that is called reads what a request sent: `req.json()`, `c.req.query("q")`.
///
/// Source: Fetch standard, "Body mixin"; Hono documentation, "HonoRequest".
pub(super) fn is_read(members: &[&str]) -> bool {
    let [.., request, read] = members else { return false };
    matches!(*request, "req" | "request")
        && matches!(
            *read,
            "json"
                | "text"
                | "formData"
                | "query"
                | "queries"
                | "param"
                | "parseBody"
                | "valid"
                | "arrayBuffer"
        )
}

/// Whether the result of what is called is a model's answer.
pub(in crate::javascript) fn answers(path: &str) -> bool {
    [
        ".chat.completions.create",
        ".completions.create",
        ".messages.create",
        ".messages.stream",
        ".chat.completions.stream",
        ".chat.completions.parse",
        ".responses.stream",
        ".responses.parse",
        ".responses.create",
        ".generateContent",
        ".chat.complete",
        ".sendMessage().response.text",
    ]
    .iter()
    .any(|end| path.ends_with(end))
        || matches!(
            path,
            "ai.generateText"
                | "ai.generateObject"
                | "ai.streamText"
                | "ai.streamObject"
                | "ollama.chat"
                | "ollama.generate"
                | "@openai/agents.run"
                | "cohere.chat"
                | "cohere.generate"
                | "replicate.run"
                | "hf.textGeneration"
                | "hf.chatCompletion"
        )
        || is_conversation(path)
}

/// Whether a hook of a page holds a conversation with a model: its messages, its completion, its object.
///
/// Source: AI SDK UI documentation, `useChat`, `useCompletion`, `useObject`, `useAssistant`.
fn is_conversation(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(module, hook)| {
        let hook = hook.strip_prefix("experimental_").unwrap_or(hook);
        (module.starts_with("@ai-sdk/") || module.starts_with("ai/"))
            && matches!(hook, "useChat" | "useCompletion" | "useObject" | "useAssistant")
    })
}

/// Whether what is called fetches what stands at an address.
pub(super) fn is_page(path: &str) -> bool {
    path != "http.request"
        && path != "https.request"
        && crate::javascript::sinks::asks(path)
        && !path
            .rsplit('.')
            .next()
            .is_some_and(|name| matches!(name, "post" | "put" | "patch" | "delete" | "head"))
}

/// Parts of the addresses at which models are asked.
pub(super) const SERVICES: &[&str] = &[
    "/chat/completions",
    "/v1/completions",
    "/v1/messages",
    "/v1/responses",
    "/api/generate",
    "/api/chat",
    ":generateContent",
    "api.openai.com",
    "api.anthropic.com",
    "generativelanguage.googleapis.com",
    "api.mistral.ai",
    "api.cohere.",
    "api.groq.com",
    "openrouter.ai/api",
];
