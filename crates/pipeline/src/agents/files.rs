//! The files that agents look for by name and follow: [`is_named`].
//!
//! Each row of the table names where the maker documents the name, or who lists it for that agent.

use crate::Text;

/// Whether the name of `text`, or the folder it lies in, is one under which an agent looks for what to follow.
pub(super) fn is_named(text: &Text<'_>) -> bool {
    let path = format!("/{}", text.name.to_ascii_lowercase().replace('\\', "/").trim_start_matches("./"));
    let name = path.rsplit('/').next().unwrap_or_default();
    // The ending is told at once, and most files are neither.
    let (is_markdown, is_prose) = (is_markdown(text), is_prose(text));
    let for_people = FOR_PEOPLE.iter().any(|folder| path.contains(folder));
    let places = PLACES.iter().flat_map(|(places, _)| places.iter());
    places.filter(|place| !(for_people && GENERIC.contains(&place.written()))).any(|place| match *place {
        Place::Name(known) => name == known,
        Place::Ending(ending) => name.ends_with(ending),
        Place::Holding(part) => is_prose && name.contains(part),
        Place::Folder(folder) => is_markdown && path.contains(folder),
        Place::Inner(folder) => is_markdown && path.get(1..).is_some_and(|path| path.contains(folder)),
        Place::Texts(folder) => is_prose && path.contains(folder),
    })
}

/// Whether `text` is Markdown by its ending.
fn is_markdown(text: &Text<'_>) -> bool {
    matches!(text.extension(), "md" | "mdc" | "markdown")
}

/// Whether `text` is prose by its ending.
fn is_prose(text: &Text<'_>) -> bool {
    is_markdown(text) || matches!(text.extension(), "txt" | "prompt")
}

/// How a file is known; in lower case.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// By its whole name.
    Name(&'static str),
    /// By how its name ends.
    Ending(&'static str),
    /// By a part of its name, of prose only.
    Holding(&'static str),
    /// By a folder above it, of Markdown only.
    Folder(&'static str),
    /// By a folder above it that is not the first of the path, of Markdown only.
    Inner(&'static str),
    /// By a folder above it, of prose only.
    Texts(&'static str),
}

use Place::{Ending, Folder, Holding, Inner, Name, Texts};

impl Place {
    /// The name or the part of it.
    fn written(self) -> &'static str {
        let (Name(written) | Ending(written) | Holding(written) | Folder(written) | Inner(written)
        | Texts(written)) = self;
        written
    }
}

/// Folders of what is written for people.
const FOR_PEOPLE: &[&str] = &["/docs/", "/doc/", "/book/", "/site/"];
/// Places whose names say something else there.
const GENERIC: &[&str] =
    &["user.md", "identity.md", "bootstrap.md", "tools.md", "conventions.md", "/memory/"];

/// Places, and where they are documented.
static PLACES: &[(&[Place], &str)] = &[
    (&[Name("skill.md"), Inner("/skills/")], "https://agentskills.io/specification"),
    (&[Name("agents.md"), Name("agent.md")], "https://agents.md"),
    (
        &[
            Name("claude.md"),
            Name("claude.local.md"),
            Folder("/.claude/agents/"),
            Folder("/.claude/commands/"),
            Folder("/.claude/rules/"),
            Folder("/.claude/memories/"),
            Folder("/.claude/output-styles/"),
        ],
        "https://code.claude.com/docs/en/memory, /sub-agents, /slash-commands, /output-styles",
    ),
    // What an agent keeps for itself: the folder of the memory tool, and that of Claude Code's own notes.
    (
        &[
            Name("memory.md"),
            Name("memory.json"),
            Name("memories.json"),
            Folder("/memory/"),
            Texts("/memories/"),
        ],
        "https://platform.claude.com/docs/en/agents-and-tools/tool-use/memory-tool",
    ),
    (
        &[
            Folder("/memory-bank/"),
            Name("projectbrief.md"),
            Name("productcontext.md"),
            Name("activecontext.md"),
            Name("systempatterns.md"),
            Name("techcontext.md"),
        ],
        "https://docs.cline.bot/best-practices/memory-bank, https://kilo.ai/docs/customize/context/memory-bank",
    ),
    (
        &[
            Name("soul.md"),
            Name("identity.md"),
            Name("heartbeat.md"),
            Name("bootstrap.md"),
            Name("tools.md"),
            Name("user.md"),
        ],
        "https://docs.openclaw.ai/concepts/agent-workspace",
    ),
    (
        &[
            Name(".cursorrules"),
            Ending(".mdc"),
            Folder("/.cursor/rules/"),
            Folder("/.cursor/commands/"),
            Folder("/.cursor/agents/"),
        ],
        "https://cursor.com/docs/context/rules, /commands",
    ),
    (
        &[
            Name("copilot-instructions.md"),
            Folder("/.github/instructions/"),
            Folder("/.github/prompts/"),
            Folder("/.github/chatmodes/"),
            Folder("/.github/agents/"),
            Ending(".instructions.md"),
            Ending(".prompt.md"),
            Ending(".chatmode.md"),
            Ending(".agent.md"),
        ],
        "https://code.visualstudio.com/docs/copilot/customization/overview",
    ),
    (
        &[Name("gemini.md"), Folder("/.gemini/memories/"), Folder("/.gemini/commands/")],
        "https://geminicli.com/docs/cli/gemini-md",
    ),
    (
        &[
            Name("agents.override.md"),
            Name("codex.md"),
            Folder("/.codex/prompts/"),
            Folder("/.codex/memories/"),
        ],
        "https://developers.openai.com/codex/guides/agents-md",
    ),
    (
        &[Name(".windsurfrules"), Folder("/.windsurf/rules/"), Folder("/.windsurf/workflows/")],
        "https://docs.windsurf.com/windsurf/cascade/memories",
    ),
    (
        &[Name(".clinerules"), Folder("/.clinerules/"), Folder("/.cline/")],
        "https://docs.cline.bot/customization/cline-rules",
    ),
    (&[Name(".roorules"), Folder("/.roo/")], "https://docs.roocode.com/features/custom-instructions"),
    (&[Folder("/.kilocode/"), Name(".kilocoderules")], "https://kilo.ai/docs/customize/custom-rules"),
    (
        &[Folder("/.junie/"), Folder("/.aiassistant/rules/")],
        "https://www.jetbrains.com/help/junie/customize-guidelines.html, /help/ai-assistant",
    ),
    (
        &[Folder("/.amazonq/rules/"), Folder("/.amazonq/prompts/")],
        "https://docs.aws.amazon.com/amazonq/latest/qdeveloper-ug/context-project-rules.html",
    ),
    (&[Folder("/.kiro/steering/"), Folder("/.kiro/prompts/")], "https://kiro.dev/docs/steering"),
    (
        &[Folder("/.continue/rules/"), Folder("/.continue/prompts/")],
        "https://docs.continue.dev/customize/deep-dives/rules",
    ),
    (
        &[Folder("/.augment/rules/"), Folder("/.augment/commands/"), Name(".augment-guidelines")],
        "https://docs.augmentcode.com/setup-augment/guidelines",
    ),
    (&[Folder("/.trae/rules/")], "https://docs.trae.ai/ide/rules"),
    (
        &[Folder("/.agent/rules/"), Folder("/.agent/workflows/"), Folder("/.agents/")],
        "https://antigravity.google/docs/rules-workflows",
    ),
    (&[Name(".rules")], "https://zed.dev/docs/ai/rules"),
    (
        &[
            Folder("/.opencode/agent/"),
            Folder("/.opencode/agents/"),
            Folder("/.opencode/command/"),
            Folder("/.opencode/commands/"),
        ],
        "https://opencode.ai/docs/agents, /commands",
    ),
    (
        &[Folder("/.openhands/microagents/"), Name(".openhands_instructions")],
        "https://docs.openhands.dev/usage/prompting/microagents-overview",
    ),
    (&[Name("warp.md")], "https://docs.warp.dev/knowledge-and-collaboration/rules"),
    (
        &[Name("qwen.md"), Folder("/.qwen/commands/"), Folder("/.qwen/agents/")],
        "https://qwenlm.github.io/qwen-code-docs",
    ),
    (&[Name("crush.md")], "https://github.com/charmbracelet/crush#configuration"),
    (
        &[Name(".goosehints")],
        "https://block.github.io/goose/docs/guides/context-engineering/using-goosehints",
    ),
    (&[Name("conventions.md")], "https://aider.chat/docs/usage/conventions.html"),
    (&[Name("replit.md")], "https://docs.replit.com/replitai/replit-dot-md"),
    (&[Folder("/.idx/"), Name("airules.md")], "https://firebase.google.com/docs/studio/set-up-gemini"),
    (
        &[Folder("/.factory/droids/"), Folder("/.factory/commands/")],
        "https://docs.factory.ai/cli/configuration/custom-droids",
    ),
    (&[Folder("/.vibe/prompts/")], "https://docs.mistral.ai/mistral-vibe"),
    (
        &[Folder("/.ruler/"), Folder("/.rulesync/")],
        "https://github.com/intellectronica/ruler, https://github.com/dyoshikawa/rulesync",
    ),
    // Prompts that a program gives to a model; no maker names the place. Folders of them are read by another reader.
    (
        &[
            Holding("system_prompt"),
            Holding("system-prompt"),
            Holding("systemprompt"),
            Name("prompt.txt"),
            Name("prompt.md"),
        ],
        "by custom",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_many_agents_are_told_from_documentation() {
        for name in [
            "a/.claude/rules/style.md",
            ".claude/output-styles/plain.md",
            ".cursor/commands/ship.md",
            ".roo/rules-code/a.md",
            ".junie/guidelines.md",
            ".amazonq/rules/java.md",
            "x/.kiro/steering/tech.md",
            ".continue/rules/a.md",
            ".rules",
            ".github/chatmodes/plan.chatmode.md",
            ".opencode/agent/review.md",
            ".openhands/microagents/repo.md",
            "AGENTS.override.md",
            "WARP.md",
            "memories/preferences.md",
            "memory-bank/progress.md",
            "my_system_prompt.txt",
            "workspace/tools.md",
            "agent/memory/notes.md",
            "docs/AGENTS.md",
        ] {
            assert!(is_named(&Text::new(name, "")), "{name}");
        }
        for name in [
            "README.md",
            "docs/memory.html",
            "src/prompts.rs",
            "prompts/run.py",
            "rules.md",
            "docs/agents/x.md",
            "docs/user.md",
            "a/book/src/tools.md",
            "docs/memory/overview.md",
            "skills/a/run.py.txt",
        ] {
            assert!(!is_named(&Text::new(name, "")), "{name}");
        }
    }

    #[test]
    fn every_place_is_in_lower_case_and_has_a_source() {
        for (places, source) in PLACES {
            assert!(source.contains("https://") || *source == "by custom", "{source}");
            for place in *places {
                let written = place.written();
                assert_eq!(written, written.to_ascii_lowercase());
            }
        }
    }
}
