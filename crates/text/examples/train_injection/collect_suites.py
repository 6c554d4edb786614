"""Test suites of programs that guard models or attack them, and harmless documents for and about agents: the second half of what
`collect_attacks.py` gathers.

Between two families none of these texts is nearly the same; a family is what one author wrote. Suites that detectors are usually
tested with are not taken, and what nearly equals one of their texts is left out.
"""

import ast
import csv
import io
import json
import re

from collect import pieces
from likeness import Known
from literals import lines, script_strings

COMMITS = {
    "0xsl1m/shadowshield": "dd7105c15da3f182784207829e1ea9e5f79d6327",
    "adibhatt1997/agent-cordon": "fa27e856f2911716aeb97de4f1e69131d5efb483",
    "akoita/mcp-tripwire": "b1063ce36422bbca46d25cf2d68ea9282459fe8b",
    "alexmelges/agentprobe": "c54c607c9299d698ec0917769b8b3283b31aa82d",
    "AndroidPoet/krait": "08725ec49adffcd7ed334944f19a61a5e3af15ae",
    "aymandakir-gh/ai-redteam-kit": "7aeb5e87ec087a41096cf94e5092076d097c7f73",
    "confident-ai/deepteam": "e05c8e5cdb3467f188fa43147991becd328e5228",
    "craigamcw/raucle-bench": "719aa52c31064cc9a9791abb45e33a6e98624bd0",
    "fir3storm/ANI": "87d665df4a414cd87c196febc5e2b42dbcc699bd",
    "github/awesome-copilot": "ab7544d03d4c49fdd07f5958e1888ad39c4118e2",
    "ianreboot/safeprompt": "e6d7177d6727965b657576e50e54c636fd3d3459",
    "invincible-jha/agentshield": "f4ac7cb2b7182e56140927ce6b3b207f24cc8311",
    "Jeneidi/promptarmor": "d29e4637ded4932b6fc273a90914ccb2d3baf080",
    "kanekoyuichi/promptgate": "324cfb603646e6a5dfa2559bf580bb162b7704ea",
    "kyahikaru/hinglish-prompt-injection-detector": "fa3330987c943a37cade0151c38f0f12619ff527",
    "LeightonSec/llm-attack-runner": "9d0bc25bfc6c34a77b701e343f63f41f000121bb",
    "llm-guardrails/llm-guardrails": "5861cdb1bfe8e4509dbb45d53ed1c3239c8d1741",
    "M-Abrisham/Na0S": "2e708bce0a59b9bfae14895bf51ef14702c91556",
    "MichaelHixon/Iago": "37ac7a3b3da5cf766bf8579733d90f96b90d8d50",
    "mitre-atlas/atlas-data": "8ee2c689a7d3c65ddf2bfe4950a4f3ecffa6f48b",
    "ModelContextProtocol-Security/modelcontextprotocol-security.io": "95bdc3247cd4f6a2586096347edf64bcb4afe0f3",
    "modelcontextprotocol/servers": "76d64c822f5125032f89eb71dbdb94e42b434821",
    "msaleme/red-team-blue-team-agent-fabric": "555da1fd095c2cc650524fd41c8547e0f6f3c4ec",
    "mughalhere/prompt-protection": "397bba435c2e757d884e797ec2ea91b05e7e480f",
    "oliveskin/tinman-openclaw-eval": "7e5e9bd853b2338db55007216c96800c40c96dc4",
    "PatrickJS/awesome-cursorrules": "b044f956f021b6e8877f16781bcfc466a6a120e9",
    "PIsberg/llm-fw": "2f1f1b5f679cd1479f9e278fd7954f9f8325ab1d",
    "Rebere2/prompt-injection-detector": "ab9596e8b976d835adb3827f3f16fc841c5f8e2b",
    "Ridwannurudeen/warden": "938234249c23f966d3b8da578204af7725c678ae",
    "rosscyking1115/redteam-foundry": "b7c02c060e9aaa5145779326e6b35324faced9c7",
    "sharma-open-source/opensentry": "7fe9b0f118ea23cbba84bd1c73b73b3f199147f4",
    "tahasiddiquii/llm-guardrails-redteam": "3e41c1a4797a6b994d68a857298f514b276b7f75",
    "TENET-DEV-AI/TENET-AI": "8af699263cd72c2ff2be99821761c389e3062521",
    "timfewi/igris-guardian": "86a7266e54725911ece959ee9641a864f57a02f7",
    "votal-ai-hq/wb-red-team": "64cd5757012f0cb6fc452f0d46d60353c7ddafc4",
    "zacharias1219/ROPE": "b1a11c2a3c43408463008f1f8219e30c8aee72d8",
}
# Copies of suites that detectors are usually tested with; they are only asked what is known.
TESTS = "PIsberg/llm-fw"
ATTACK, DOCUMENT, TOOL = "direct-injection", "indirect-injection", "tool-poisoning"
QUERY, HARMLESS = "benign-query", "benign-document"
# Runs of words of a text that is no part of a longer one.
SHORT = 3
# What an order to an agent speaks of; follow-ups of a conversation do not.
ORDER = re.compile(r"(?i)system|ignore|bypass|override|instruct|send|secret|credential|token|admin|password|without|do not|disable|\.env")
# Modules of a suite against agents whose messages by themselves steer or misuse one.
STEERING = """agentic-workflow-bypass audit-log-evasion auth-bypass capability-elicitation chunk-boundary-injection
    computer-use-injection content-filter-bypass context-window-attack conversation-manipulation cross-lingual-attack
    cross-session-injection cross-tenant-access cross-tool-data-exfiltration data-exfiltration data-poisoning database-exfiltration
    email-slack-exfiltration file-system-exfiltration format-confusion-attack goal-hijack guardrail-mode-confusion identity-privilege
    inbox-prompt-injection instruction-hierarchy-violation inter-agent-protocol-abuse llm-judge-manipulation logic-bomb-conditional
    markdown-link-injection mcp-server-compromise memory-poisoning multi-agent-delegation multi-turn-privilege-escalation
    multimodal-ghost-injection out-of-band-exfiltration plugin-manifest-spoofing prompt-injection prompt-template-injection
    rag-poisoning rbac-bypass reasoning-trace-leakage repo-prompt-injection rogue-agent sandbox-escape session-hijacking
    shell-injection slow-burn-exfiltration special-token-injection state-persistence-attack steganographic-exfiltration
    streaming-voice-injection structured-output-injection supply-chain tool-chain-hijack tool-misuse tool-permission-escalation
    tool-result-injection unexpected-code-exec vector-store-manipulation""".split()

# Kinds of another whose examples do.
MISUSE = """agent_identity_abuse authority_escalation autonomous_agent_drift bfla context_poisoning cross_context_retrieval debug_access
    emotional_manipulation excessive_agency exploit_tool_agent external_system_abuse goal_theft gray_box indirect_instruction
    insecure_inter_agent_communication permission_escalation prompt_probing rbac recursive_hijacking shell_injection
    system_override system_reconnaissance tool_metadata_poisoning tool_orchestration_abuse unexpected_code_execution""".split()


class Fresh:
    """Takes texts that are nearly none of another family's, of the corpus or of a suite for tests."""

    def __init__(self, all_):
        self.all_ = all_
        suites = (json.loads(text) for text in all_.shows(TESTS, r"^test/eval/data/.*\.json$"))
        rows = (row for suite in suites for row in (suite.get("rows", []) if isinstance(suite, dict) else suite))
        self.tests = Known(row["text"] for row in rows if isinstance(row.get("text"), str))
        # What was taken, and of which family it is.
        self.taken, self.families = Known(), []
        self.learn(all_.rows)

    def learn(self, rows):
        for row in rows:
            self.taken.add(row["text"])
            self.families.append(row["source"].partition("-")[0])

    def take(self, source, texts, most, kind, licence, label=1):
        own = source.partition("-")[0]
        known = (self.all_.known, self.tests)
        texts = dict.fromkeys(text.strip()[: self.all_.most] for text in texts if text)
        texts = [text for text in texts if all(part.nearest(text, short=SHORT) is None for part in known)]
        others = lambda text: self.taken.nearest(text, short=SHORT, skip=lambda at: self.families[at] == own)
        before = len(self.all_.rows)
        self.all_.add(source, [text for text in texts if others(text) is None], most, kind, licence, label)
        self.learn(self.all_.rows[before:])

    def rows(self, source, repository, pattern, text, attack, licence, kinds=(QUERY, ATTACK)):
        """Takes both sides of a suite whose rows say what they are; `attack` gives none where that cannot be said."""
        sides = {False: [], True: []}
        for name in self.all_.files(repository, pattern):
            document = self.all_.show(repository, name)
            for row in table(name, document):
                if (side := attack(row)) is not None:
                    sides[side].append(text(row))
        for side, texts in sides.items():
            self.take(source, texts, 600, kinds[side], licence, int(side))


def table(name, document):
    """The rows of a document: those of a list, or of the lists in a table."""
    if name.endswith("csv"):
        return list(csv.DictReader(io.StringIO(document)))
    value = lines(document) if name.endswith(".jsonl") else json.loads(document)
    rows = value if isinstance(value, list) else sum((part for part in value.values() if isinstance(part, list)), [])
    return [row for row in rows if isinstance(row, dict)]


def suites(fresh):
    """Suites of prompts with what a guard should make of them."""
    always = lambda row: True
    prompt, text = lambda row: row["prompt"], lambda row: row["text"]
    place = r"eval/data/(?!.*adversarial).*\.jsonl$"
    fresh.rows("shadowshield-rows", "0xsl1m/shadowshield", place, text, lambda row: row["label"] == 1, "MIT")
    listed = fresh.all_.show("0xsl1m/shadowshield", "src/shadowshield/detectors/data/attack_corpus.txt")
    listed = [line for line in listed.splitlines() if not line.startswith("#")]
    fresh.take("shadowshield-list", listed, 200, ATTACK, "MIT")
    cases = json.loads(fresh.all_.show("ianreboot/safeprompt", "benchmarks/prompts.json"))
    for label, side, kind in ((1, "attack", ATTACK), (0, "safe", QUERY)):
        texts = [row["prompt"] for row in cases[side] if len(row["prompt"].split()) > 3]
        fresh.take("safeprompt-cases", texts, 200, kind, "MIT", label)
    payload = lambda row: row.get("payload", "")
    fresh.rows("opensentry-cases", "sharma-open-source/opensentry", r"^corpus/attacks\.json$", text, always, "MIT")
    fresh.rows("leighton-payloads", "LeightonSec/llm-attack-runner", r"^payloads/(?!recon).*\.json$", payload, always, "MIT")
    fresh.rows("ani-payloads", "fir3storm/ANI", r"^payloads/.*\.json$", payload, always, "Apache-2.0")
    malicious = lambda row: row["label"] == "malicious"
    fresh.rows("tenet-prompts", "TENET-DEV-AI/TENET-AI", r"^data/adversarial_prompts\.json$", prompt, malicious, "MIT")
    fresh.rows("promptarmor-attacks", "Jeneidi/promptarmor", r"^data/attacks\.json$", prompt, always, "MIT")
    fresh.rows("rope-attacks", "zacharias1219/ROPE", r"^data/attacks\.json$", text, always, "MIT", (HARMLESS, DOCUMENT))
    warden, kinds = "Ridwannurudeen/warden", (HARMLESS, DOCUMENT)
    for label, place in enumerate((r"^(corpus|benchmark)/.*benign.*\.jsonl$", r"^(corpus|benchmark)/.*attacks\.jsonl$")):
        side = lambda row: bool(label)
        fresh.rows("warden-messages", warden, place, payload, side, "Apache-2.0", kinds)
    igris = "timfewi/igris-guardian"
    fresh.rows("igris-cases", igris, r"^tests/corpus/injections\.jsonl$", text, always, "MIT")
    fresh.rows("igris-quotes", igris, r"^tests/corpus/benign.*\.jsonl$", text, lambda row: False, "MIT", (HARMLESS, ATTACK))
    blocked = lambda row: row["expected_action"] == "BLOCK"
    fresh.rows("raucle-rows", "craigamcw/raucle-bench", r"^datasets/.*\.jsonl$", prompt, blocked, "MIT")
    labelled = lambda row: row["label"] == 1
    fresh.rows("rebere-rows", "Rebere2/prompt-injection-detector", r"^data/(inj|leg).*\.jsonl$", text, labelled, "MIT")
    fresh.rows("guardrails-attacks", "tahasiddiquii/llm-guardrails-redteam", r"^data/attacks\.jsonl$", prompt, always, "MIT")
    fresh.rows(
        "guardrails-attacks", "tahasiddiquii/llm-guardrails-redteam", r"^data/benign\.jsonl$", prompt, lambda row: False, "MIT"
    )
    for name in (r"^data/raw/existing/.*csv$", r"^data/(hard|holdout)/.*csv$"):
        fresh.rows("promptgate-rows", "kanekoyuichi/promptgate", name, text, lambda row: row["label"] == "1", "MIT")
    attack = lambda row: row["label"] == "attack"
    fresh.rows("promptgate-rows", "kanekoyuichi/promptgate", r"^eval/corpus\.jsonl$", text, attack, "MIT")
    fresh.rows("cordon-rows", "adibhatt1997/agent-cordon", r"^benchmarks/corpus\.jsonl$", text, attack, "MIT")
    for label, name, kind in ((1, "malicious", ATTACK), (0, "benign", QUERY)):
        listed = fresh.all_.show("mughalhere/prompt-protection", f"tests/__fixtures__/{name}.txt").splitlines()
        fresh.take("protection-lines", listed, 200, kind, "MIT", label)
    place = r"^challenge_packs/.*benign.*\.jsonl$"
    fresh.rows("foundry-questions", "rosscyking1115/redteam-foundry", place, prompt, lambda row: False, "MIT")
    hinglish = "kyahikaru/hinglish-prompt-injection-detector"
    rows = table("csv", fresh.all_.show(hinglish, "data/hinglish-clean-500.csv"))
    fresh.take("hinglish-rows", [row["hinglish"] for row in rows], 300, QUERY, "MIT", 0)


def agents(fresh):
    """Suites against agents: what they are told, what tools say, what tools are said to do."""
    program = lambda repository, name: ast.parse(fresh.all_.show(repository, name))
    kinds = {True: [], False: []}
    for name in fresh.all_.files("M-Abrisham/Na0S", r"^scripts/taxonomy/[a-z].*\.py$"):
        # Code, queries for harm and endless tasks are no attempts to steer a model.
        if re.search(r"adversarial_ml|output_manip|resource|supply_chain|compliance", name):
            continue
        for called, value in listed(program("M-Abrisham/Na0S", name)):
            if not re.match(r"_|.*(filler|dismissal|generic_new|intent|verb|scope|base)", called):
                kinds["benign" in called] += [text for text in value if "{" not in text]
    fresh.take("naos-probes", kinds[False], 900, ATTACK, "MIT")
    fresh.take("naos-everyday", kinds[True], 300, QUERY, "MIT", 0)

    votal, texts = "votal-ai-hq/wb-red-team", []
    for name in STEERING:
        texts += script_strings(fresh.all_.show(votal, f"attacks/{name}.ts"), r"\b(?:message|content|text|prompt):")
    fresh.take("votal-messages", [text for text in texts if len(text) > 30 and ORDER.search(text)], 400, ATTACK, "MIT")
    rows = json.loads(fresh.all_.show(votal, "examples/benign-prompts.json"))
    fresh.take("votal-questions", [row["prompt"] for row in rows], 100, QUERY, "MIT", 0)

    fabric, texts, descriptions = "msaleme/red-team-blue-team-agent-fabric", [], []
    for name in fresh.all_.files(fabric, r"^protocol_tests/.*harness\.py$"):
        if re.search(r"over_refusal|benchmark|x402|l402|watermark|harmful|cbrn|crewai", name):
            continue
        for called, text in named(program(fabric, name)):
            if re.fullmatch(r"message|content|input|inputText|(\w+_)?payload|user_input|injection_suffix|task|question", called):
                texts.append(text)
            elif called == "description" and "poison" in name:
                descriptions.append(text)
    fresh.take("fabric-messages", filter(ORDER.search, texts), 300, ATTACK, "Apache-2.0")
    fresh.take("fabric-tools", filter(ORDER.search, descriptions), 80, TOOL, "Apache-2.0")

    texts = "\n".join(fresh.all_.shows("alexmelges/agentprobe", r"^src/attacks/.*\.ts$"))
    fresh.take("agentprobe-inputs", script_strings(texts, r"\binput:"), 300, ATTACK, "MIT")
    texts = "\n".join(fresh.all_.shows("AndroidPoet/krait", r"^src/probes/.*\.ts$"))
    texts = [re.sub(r"\$\{.*?\}", "the tool", text) for text in script_strings(texts, r"\bmessage:")]
    fresh.take("krait-messages", filter(ORDER.search, texts), 200, ATTACK, "MIT")
    tinman, texts = "oliveskin/tinman-openclaw-eval", []
    for name in fresh.all_.files(tinman, r"^src/.*/attacks/.*\.py$"):
        texts += [text for called, text in named(program(tinman, name), 20) if called == "payload"]
    fresh.take("tinman-payloads", texts, 400, ATTACK, "Apache-2.0")
    shield, texts = "invincible-jha/agentshield", []
    for name in fresh.all_.files(shield, r"^src/agentshield/redteam/attacks/.*\.py$"):
        texts += [text for called, text in named(program(shield, name), 20) if called == "payload"]
    fresh.take("jhashield-payloads", texts, 200, ATTACK, "Apache-2.0")
    team, texts = "confident-ai/deepteam", []
    for name in fresh.all_.files(team, rf"^deepteam/.*/({'|'.join(MISUSE)})/template\.py$"):
        texts += re.findall(r'"input": "((?:[^"\\]|\\.){25,})"', fresh.all_.show(team, name))
    texts = [re.sub(r"\\+n", "\n", text).replace('\\"', '"') for text in texts if "{" not in text]
    fresh.take("deepteam-inputs", texts, 300, ATTACK, "Apache-2.0")
    texts = "\n".join(fresh.all_.shows("aymandakir-gh/ai-redteam-kit", r"^src/probes/.*\.ts$"))
    fresh.take("redteamkit-prompts", script_strings(texts, r"\bprompt:"), 150, ATTACK, "MIT")
    texts = "\n".join(fresh.all_.shows("MichaelHixon/Iago", r"^attacks/[a-z_]+\.yaml$"))
    texts = re.findall(r"^  template: [>|]-?\n((?:(?:    .*)?\n)+)", texts, re.M)
    texts = [re.sub(r"\s*\n\s*", " ", text.replace("{objective}", "")) for text in texts]
    fresh.take("iago-templates", texts, 100, ATTACK, "MIT")

    tripwire = "akoita/mcp-tripwire"
    tool = lambda row: json.dumps(row.get("tool") or {key: row[key] for key in row if key in ("name", "description")})
    expected = lambda row: {"block": True, "allow": False}.get(row.get("expect"))
    fresh.rows("tripwire-tools", tripwire, r"^corpus/.*attacks\.jsonl$", tool, expected, "Apache-2.0", (HARMLESS, TOOL))

    attacks, harmless = [], []
    suite = fresh.all_.show("llm-guardrails/llm-guardrails", "packages/core/src/guards/__tests__/InjectionGuard.test.ts")
    for test in re.split(r"\n    it\(", suite)[1:]:
        sides = set(re.findall(r"blocked\)\.toBe\((true|false)\)", test))
        if len(sides) == 1:
            texts = list(script_strings(test, r"\.check\(")) + re.findall(r"^\s+'([^'\n]{12,})',$", test, re.M)
            (attacks if sides == {"true"} else harmless).extend(texts)
    fresh.take("coreguards-tests", attacks, 100, ATTACK, "MIT")
    fresh.take("coreguards-tests", harmless, 100, QUERY, "MIT", 0)


def listed(program):
    """The strings of lists of a program in Python, with the names that the lists have."""
    for node in ast.walk(program):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List) and isinstance(node.targets[0], ast.Name):
            texts = (part.value for part in node.value.elts if isinstance(part, ast.Constant))
            yield node.targets[0].id, [text for text in texts if isinstance(text, str) and len(text) >= 15]


def named(program, least=50):
    """The strings of a program in Python, longer than `least`, that have a name or stand under a key."""
    pairs = []
    for node in ast.walk(program):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            pairs.append((node.targets[0].id, node.value))
        elif isinstance(node, ast.keyword):
            pairs.append((str(node.arg), node.value))
        elif isinstance(node, ast.Dict):
            keys = (key.value if isinstance(key, ast.Constant) else None for key in node.keys)
            pairs += [(str(key), value) for key, value in zip(keys, node.values)]
    for called, value in pairs:
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and len(value.value) > least:
            yield called, value.value


def documents(fresh):
    """What agents are given to read by right, and what is written about attacks on them."""
    all_ = fresh.all_

    def some(source, repository, pattern, most, licence, clean=lambda text: text):
        names = all_.files(repository, pattern)
        texts = [piece for name in names for piece in pieces(clean(all_.show(repository, name)))]
        fresh.take(source, texts, most, HARMLESS, licence, 0)

    some("copilot-instructions", "github/awesome-copilot", r"^(instructions|prompts)/.*\.md$", 350, "MIT")
    some("copilot-agents", "github/awesome-copilot", r"^agents/.*\.md$", 250, "MIT")
    some("copilot-skills", "github/awesome-copilot", r"^skills/.*\.md$", 350, "MIT")
    some("cursor-rules", "PatrickJS/awesome-cursorrules", r"\.mdc$|/\.cursorrules$", 350, "CC0-1.0")
    servers = "modelcontextprotocol/servers"
    some("mcpservers-pages", servers, r"^src/.*\.md$|^README\.md$", 100, "Apache-2.0")
    code = "\n".join(all_.shows(servers, r"^src/(?!.*__tests__).*\.ts$"))
    fresh.take("mcpservers-tools", script_strings(code, r"\bdescription:"), 120, HARMLESS, "Apache-2.0", 0)
    # Examples are cut out: they are attacks.
    prose = lambda page: re.sub(r"^\s*(```.*?^\s*```|>.*?$)", "", re.sub(r"\A---.*?---", "", page, flags=re.S), flags=re.S | re.M)
    some("attackpages-protocol", "ModelContextProtocol-Security/modelcontextprotocol-security.io", r"\.md$", 350, "CC0-1.0", prose)
    told = "\n".join(all_.shows("mitre-atlas/atlas-data", r"^data/(techniques|mitigations|case-studies/.*)\.yaml$"))
    told = re.findall(r"^ *(?:- )?(?:description|summary): ?(?:[>|]-?\n\s+)?['\"]?(.*?)(?=^ *[\w-]+: |\n- |\Z)", told, re.M | re.S)
    told = [re.sub(r"\{\{.*?\}\}|\\u2019|\\[n ]?|\s+", " ", text).strip(" '\"") for text in told]
    fresh.take("attackpages-atlas", [text for text in told if len(text) > 80], 350, HARMLESS, "Apache-2.0", 0)


def gather(all_):
    fresh = Fresh(all_)
    for part in (suites, agents, documents):
        part(fresh)
