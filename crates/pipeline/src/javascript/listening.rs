//! Servers of tools and agents that listen to everyone and ask nobody who they are: [`issues`].

use super::lexer::Kind;
use super::program::{Call, Program};
use crate::Issue;
use crate::rules::NO_AUTHENTICATION;
use bartizan_core::{Confidence, Severity};

/// The call with which a program that runs commands, or the tools of a model, for whoever asks begins to listen. `issues` holds what
/// was found in the program before.
pub(super) fn issues(program: &Program<'_>, calls: &[Call], issues: &mut Vec<Issue>) {
    let acts = issues.iter().any(|issue| issue.severity >= Severity::High && RUNS.contains(&issue.rule.id))
        || calls.iter().any(|call| serves_tools(program, call));
    if !acts || asks_who(program) {
        return;
    }
    for call in calls.iter().filter(|call| listens(program, call)) {
        let message = "whoever reaches the port runs what this server runs: nothing asks who they are";
        // `createServer(…).listen(…)` may begin many lines before.
        let open = program.tokens.get(call.close).and_then(|close| close.pair).unwrap_or(call.begin);
        let span = program.span(&(open.saturating_sub(1)..call.close.saturating_add(1)));
        let issue = Issue::new(&NO_AUTHENTICATION, span, message);
        issues.push(
            issue
                .severity(Severity::Medium)
                .confidence(Confidence::Medium)
                .remedy("Listen on 127.0.0.1, or ask for a token before anything runs."),
        );
    }
}

/// Rules whose findings say that a program runs what others send or a model says.
const RUNS: &[&str] =
    &["pipeline/model-output-executed", "pipeline/shell-command-from-data", "pipeline/code-from-data"];

/// Whether the call makes tools, or the transport of tools, reachable by HTTP.
fn serves_tools(program: &Program<'_>, call: &Call) -> bool {
    let by_address = matches!(call.name(), "StreamableHTTPServerTransport" | "SSEServerTransport");
    by_address && program.imports_of(|path| path.starts_with("@modelcontextprotocol/"))
}

/// Whether the call listens on more than the machine itself.
///
/// Source: Node.js documentation, `server.listen()`: without a host, on every address; Hono, `serve`; Bun, `Bun.serve`; Fastify,
/// `listen`, which without a host listens on the machine itself.
fn listens(program: &Program<'_>, call: &Call) -> bool {
    let server = matches!(call.receiver(), "app" | "server" | "httpServer" | "http" | "api" | "fastify")
        || call.receiver().ends_with(".createServer");
    let listen = call.name() == "listen" && server && !call.arguments.is_empty();
    let by_name = matches!(call.path.as_str(), "@hono/node-server.serve" | "Bun.serve" | "Deno.serve");
    if !listen && !by_name {
        return false;
    }
    let words = || {
        call.arguments
            .iter()
            .flat_map(Clone::clone)
            .take(64)
            .map(|at| program.content(at).unwrap_or_else(|| program.word(at)))
    };
    let local =
        words().any(|word| matches!(word, "127.0.0.1" | "localhost" | "::1") || word.contains(".sock"));
    let everywhere = words().any(|word| matches!(word, "0.0.0.0" | "::"));
    let of_fastify = program.imports_of(|path| path == "fastify" || path.starts_with("fastify."));
    !local && (everywhere || !of_fastify)
}

/// Whether anything in the program asks who sent a request.
fn asks_who(program: &Program<'_>) -> bool {
    (0..program.tokens.len()).any(|at| {
        let written = program.content(at);
        let word = written.unwrap_or_else(|| program.word(at));
        // `headers: { Authorization: … }` is shown to others.
        let shown = program.word(at.saturating_add(1)) == ":";
        let named = written.is_some() || program.is(at, Kind::Word);
        named && !shown && word.len() < 64 && {
            let lower = word.to_ascii_lowercase();
            ASKS.iter().any(|part| lower.contains(part)) && !lower.starts_with("no auth")
        }
    })
}

/// Parts of names by which a program asks who sent a request.
const ASKS: &[&str] = &[
    "auth",
    "jwt",
    "passport",
    "session_secret",
    "verifytoken",
    "bearer",
    "x-api-key",
    "clerk",
    "apikeymiddleware",
    "checktoken",
    "requireuser",
    "getserversession",
    "timingsafeequal",
    "csrf",
    "mtls",
    "requestcert",
    "verifysignature",
    "access_token",
    "accesstoken",
    "requirelogin",
];

#[cfg(test)]
mod tests {
    use crate::testing::found;
    use bartizan_core::Severity::Medium;

    /// Lines at which a server of commands with `rest` listens without asking anybody.
    fn open(rest: &str) -> Vec<u32> {
        let head = "import express from 'express'; import { exec } from 'child_process';\nconst app = express();\napp.post('/run', (req, res) => exec(req.body.command, (e, out) => res.json({ out })));\n";
        let found = found("a.ts", &format!("{head}{rest}")).into_iter();
        found
            .filter(|(rule, _, severity)| *rule == "pipeline/no-authentication" && *severity == Medium)
            .map(|(_, line, _)| line)
            .collect()
    }

    #[test]
    fn servers_that_run_what_anyone_sends_ask_who_it_is() {
        for rest in [
            "app.listen(3000);",
            "app.listen(PORT, '0.0.0.0', () => log('up'));",
            "app.listen(process.env.PORT || 80)",
        ] {
            assert_eq!(open(rest), [4], "{rest}");
        }
        for rest in [
            "app.listen(3000, '127.0.0.1');",
            "app.listen({ port: 3000, host: 'localhost' });",
            "app.use(requireAuth); app.listen(3000);",
            "app.use((q, s, n) => q.headers.authorization === KEY ? n() : s.sendStatus(401)); app.listen(3000);",
            "queue.listen('jobs');",
        ] {
            assert_eq!(open(rest), [] as [u32; 0], "{rest}");
        }
        assert_eq!(
            found(
                "a.ts",
                "import express from 'express';\nconst app = express();\napp.get('/', (req, res) => res.json({}));\napp.listen(3000);"
            ),
            []
        );
    }

    #[test]
    fn servers_of_tools_by_address_ask_who_it_is() {
        let code = "import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js';\napp.post('/mcp', async (req, res) => { const t = new StreamableHTTPServerTransport({}); await server.connect(t); });\napp.listen(8080);";
        assert_eq!(found("a.ts", code), [("pipeline/no-authentication", 3, Medium)]);
        let local = code.replace("8080", "8080, '127.0.0.1'");
        assert_eq!(found("a.ts", &local), []);
    }
}
