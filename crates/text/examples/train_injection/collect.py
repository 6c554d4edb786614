"""Gathers harmless texts of many kinds from public repositories, each at one commit and under the licence named here.

    collect.py OUT FOLDER

writes OUT, one object a line: `text`, `label` (0), `source`, `kind`, `licence`. FOLDER keeps the repositories, `owner+name/repo`;
what lies there is not fetched again. A judge that has read nothing but chats takes every manual, every prompt of an operator and
every text in another language for an attack. Nothing of it becomes part of the program. Same commits, same bytes.
"""

import csv
import io
import json
import pathlib
import random
import re
import subprocess
import sys

COMMITS = {
    "PolyAI-LDN/task-specific-datasets": "57ec275d8078af65b7731c2a98be812d844a6d6b",
    "bigscience-workshop/promptsource": "7dab96a3eeb3717cea633705135ebc488885d709",
    "clinc/oos-eval": "828f8093932c8fe6ca7936c3d2e52903b1c523de",
    "dair-ai/Prompt-Engineering-Guide": "3d96678f28793e6f23ac6c0127799489f2c9022b",
    "danielmiessler/fabric": "272f04dd3278f99bee49e94a7747b54708745a5d",
    "expressjs/express": "a3714473feb3d2908add734d340e7755fd85e0a3",
    "f/awesome-chatgpt-prompts": "f14bb05f1f382166030420535a2fc0c84ff2bb05",
    "fastapi/fastapi": "c3f316b7e814667e8ee81e03a7330d00ee61e45c",
    "google-research-datasets/Taskmaster": "d92cb6af3005f1dc09c39e75e7daf4a04905e00b",
    "google-research/FLAN": "e9e4ec6e2701182c7a91af176f705310da541277",
    "home-assistant/intents": "aa550032a57b67c13995c032220bc4101521ead2",
    "openai/grade-school-math": "3101c7d5072418e28b9008a6636bde82a006892c",
    "pallets/flask": "2ac89889f4cc330eabd50f295dcef02828522c69",
    "prometheus/docs": "c105550aad07161f62d02e305ed09799ec6025fa",
    "python/peps": "ba4deeb7969588d937da609008d05bb83a47b1ab",
    "rust-lang/book": "917544888a55e4da7109bdba8c88c893c0da70f4",
    "tldr-pages/tldr": "08e345f42639f67d99282813247ac670dc6e87cb",
    "yizhongw/self-instruct": "0b26ccaa415992100fa32df62d41b994cf928e23",
}
# Bytes of a text.
LEAST, MOST = 10, 4000
# What a chapter is not taken from when it is about attacks.
ATTACKS = re.compile(r"(?i)jailbreak|injection|adversarial|ignore (all|the|previous|above)|leak")
# A string of Python, without its quotes in the group that matches.
STRING = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\''


class Collection:
    """Texts that are gathered, from repositories in a folder."""

    def __init__(self, folder, commits):
        self.folder, self.commits, self.chance, self.rows = folder, commits, random.Random(7), []

    def place(self, repository):
        return self.folder / repository.replace("/", "+") / "repo"

    def git(self, repository, *arguments):
        command = ["git", "-C", str(self.place(repository)), *arguments]
        return subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8", "replace")

    def fetch(self):
        """Brings the commits that are not there, whole: an attempt that broke off is made again."""
        for repository, commit in self.commits.items():
            place = self.place(repository)
            if not place.exists():
                place.mkdir(parents=True)
                self.git(repository, "init", "--quiet", "--bare")
            known = ["git", "-C", str(place), "cat-file", "-e", f"{commit}^{{tree}}"]
            if subprocess.run(known, capture_output=True).returncode != 0:
                self.git(repository, "fetch", "--quiet", "--depth", "1", f"https://github.com/{repository}", commit)

    def files(self, repository, pattern):
        names = self.git(repository, "ls-tree", "-r", "--name-only", self.commits[repository]).splitlines()
        return [name for name in names if re.search(pattern, name)]

    def show(self, repository, name):
        return self.git(repository, "show", f"{self.commits[repository]}:{name}")

    def drawn(self, repository, pattern, most):
        """Some of the files of a repository."""
        names = self.files(repository, pattern)
        self.chance.shuffle(names)
        return [(name, self.show(repository, name)) for name in names[:most]]

    def add(self, source, texts, most, kind, licence, label=0):
        """Takes some of the texts, each once."""
        texts = [text.strip() for text in texts if text]
        texts = list(dict.fromkeys(text for text in texts if LEAST <= len(text) <= MOST))
        self.chance.shuffle(texts)
        for text in texts[:most]:
            row = {"text": text, "label": label, "source": source, "kind": kind, "licence": licence}
            self.rows.append(row)

    def documents(self, source, repository, pattern, most, licence, without=None):
        """Takes pieces of some of the documents."""
        names = self.files(repository, pattern)
        names = [name for name in names if not (without and re.search(without, name))]
        texts = [piece for name in names for piece in pieces(self.show(repository, name))]
        if without:
            texts = [text for text in texts if not ATTACKS.search(text)]
        self.add(source, texts, most, "benign-document", licence)

    def code(self, source, repository, pattern, most, licence):
        """Takes runs of lines of some of the programs."""
        texts = []
        for name in self.files(repository, pattern):
            lines, at = self.show(repository, name).splitlines(), 0
            while at < len(lines):
                count = self.chance.choice([6, 12, 25, 50])
                texts.append("\n".join(lines[at : at + count])[:2500])
                at += count
        self.add(source, texts, most, "benign-code", licence)


def pieces(document):
    """Runs of paragraphs."""
    gathered, chance = "", random.Random(len(document))
    wanted = chance.choice([200, 400, 700, 1200])
    for paragraph in re.split(r"\n\s*\n", document):
        gathered = (gathered + "\n\n" + paragraph).strip()
        if len(gathered) >= wanted:
            yield gathered[:3000]
            gathered, wanted = "", chance.choice([150, 300, 700, 1200])
    if len(gathered) > 60:
        yield gathered[:3000]


def instructions(lines):
    """Instructions with what they are about."""
    for line in lines.splitlines():
        row = json.loads(line)
        yield (row["instruction"] + "\n" + row["instances"][0]["input"]).strip()


def without_jinja(document):
    """Templates for a model, their fields replaced by the fields' names."""
    pattern = r"jinja: (?:'((?:[^']|'')*)'|\"((?:[^\"\\]|\\.)*)\"|([^\n]*(?:\n      [^\n]*)*))"
    for found in re.findall(pattern, document):
        text = next((part for part in found if part), "").split("|||")[0]
        text = re.sub(r"\\n|\n\n\s*", "\n", text)
        text = re.sub(r"\\\s*\n\s*\\?", "", text)
        text = re.sub(r"\{%.*?%\}", "", text, flags=re.S)
        name = lambda field: re.sub(r"[^A-Za-z ]", " ", field.group(1)).strip()
        yield re.sub(r"\{\{\s*\"?(.*?)\"?\s*\}\}", name, text, flags=re.S)


def tasks(all_):
    show = all_.show
    texts = [*instructions(show("yizhongw/self-instruct", "data/seed_tasks.jsonl"))]
    texts += instructions(show("yizhongw/self-instruct", "human_eval/user_oriented_instructions.jsonl"))
    all_.add("task-self-instruct", texts, 600, "benign-instruction", "Apache-2.0")
    intents = json.loads(show("clinc/oos-eval", "data/data_full.json"))
    texts = [query for part in intents.values() for query, _ in part]
    all_.add("dialogue-clinc", texts, 1500, "benign-query", "CC-BY-3.0")
    table = csv.reader(io.StringIO(show("PolyAI-LDN/task-specific-datasets", "banking_data/train.csv")))
    all_.add("dialogue-banking77", [row[0] for row in table][1:], 800, "benign-query", "CC-BY-4.0")
    talks, answers = [], []
    for number in ("00", "03", "06"):
        for talk in json.loads(show("google-research-datasets/Taskmaster", f"TM-4-2024/data/data_{number}.json")):
            said = [f"{part['speaker'].capitalize()}: {part['text']}" for part in talk["utterances"]]
            talks.append("\n".join(said)[:2500])
            for note in (note for part in talk["utterances"] for note in part.get("annotations", [])):
                if note["name"].startswith("response") or note["name"] == "request":
                    answers.append(note["value"])
    all_.add("dialogue-taskmaster", talks, 600, "conversation", "CC-BY-4.0")
    all_.add("dialogue-taskmaster-tools", answers, 400, "benign-tool-output", "CC-BY-4.0")
    lines = show("openai/grade-school-math", "grade_school_math/data/test.jsonl").splitlines()
    rows = [json.loads(line) for line in lines]
    texts = [row["question"] for row in rows[:800]] + [row["question"] + "\n" + row["answer"] for row in rows[800:]]
    all_.add("task-gsm8k", texts, 1000, "benign-instruction", "MIT")
    names = all_.files("bigscience-workshop/promptsource", r"templates/.*\.yaml$")
    texts = [text for name in names for text in without_jinja(show("bigscience-workshop/promptsource", name))]
    all_.add("task-promptsource", texts, 900, "benign-instruction", "Apache-2.0")


def manuals(all_):
    both = "MIT OR Apache-2.0"
    all_.documents("manual-rust-book", "rust-lang/book", r"^src/.*\.md$", 500, both)
    all_.documents("manual-peps", "python/peps", r"^peps/pep-\d+\.rst$", 700, "public domain")
    all_.documents("manual-prometheus", "prometheus/docs", r"docs/.*\.md$|blog.*\.md$", 500, "Apache-2.0")
    all_.documents("manual-fastapi", "fastapi/fastapi", r"^docs/en/docs/.*\.md$", 500, "MIT")
    all_.documents("foreign-fastapi", "fastapi/fastapi", r"^docs/(?!en)[a-z-]+/docs/.*\.md$", 900, "MIT")
    guide, book = "dair-ai/Prompt-Engineering-Guide", "f/awesome-chatgpt-prompts"
    all_.documents("prompting-guide", guide, r"(guides|pages)/.*\.(md|mdx)$", 700, "MIT", r"risk|advers|jailb|inject")
    all_.documents("prompting-book", book, r"book/.*\.mdx$", 400, "CC0-1.0", r"pitfalls|ethic|security")
    texts = []
    for name in all_.files("google-research/FLAN", r"templates\.py$"):
        for found in re.findall(rf"\(\s*((?:\n?\s*(?:{STRING}))+)\s*,", all_.show("google-research/FLAN", name)):
            joined = "".join(part[1:-1] for part in re.findall(STRING, found)).replace("\\n", "\n")
            texts.append(joined.replace("{", " ").replace("}", " "))
    all_.add("task-flan", texts, 400, "benign-instruction", "Apache-2.0")
    texts = [text for _, text in all_.drawn("tldr-pages/tldr", r"^pages/.*\.md$", 500)]
    all_.add("manual-tldr", texts, 500, "benign-document", "CC-BY-4.0")
    texts = [text for _, text in all_.drawn("tldr-pages/tldr", r"^pages\.[a-zA-Z_]+/.*\.md$", 800)]
    all_.add("foreign-tldr", texts, 800, "benign-document", "CC-BY-4.0")
    texts = []
    for name, text in all_.drawn("home-assistant/intents", r"^tests/[^/]+/.*\.yaml$", 900):
        if not name.startswith("tests/en/"):
            sentences = re.findall(r'^\s+- "?([^":{}\n]{8,120})"?\s*$', text, re.M)
            all_.chance.shuffle(sentences)
            texts += sentences[:2]
    all_.add("foreign-intents", texts, 900, "benign-query", "CC-BY-4.0")
    names = all_.files("danielmiessler/fabric", r"data/patterns/.*/system\.md$")
    texts = [all_.show("danielmiessler/fabric", name)[:3500] for name in names]
    all_.add("prompting-fabric", texts, 250, "benign-system-prompt", "MIT")


def programs(all_):
    all_.code("code-flask", "pallets/flask", r"\.py$", 300, "BSD-3-Clause")
    all_.code("code-express", "expressjs/express", r"\.js$", 300, "MIT")
    all_.code("code-rust", "rust-lang/book", r"listings/.*\.rs$", 200, "MIT OR Apache-2.0")
    all_.code("code-fastapi", "fastapi/fastapi", r"^(fastapi|tests|scripts)/.*\.py$", 200, "MIT")
    all_.code("code-fabric", "danielmiessler/fabric", r"\.(go|ts)$", 300, "MIT")
    all_.code("code-prometheus", "prometheus/docs", r"\.(tsx?|ya?ml|json)$", 150, "Apache-2.0")


def main():
    out, folder = map(pathlib.Path, sys.argv[1:])
    all_ = Collection(folder, COMMITS)
    all_.fetch()
    tasks(all_)
    manuals(all_)
    programs(all_)
    out.write_text("".join(json.dumps(row) + "\n" for row in all_.rows), encoding="utf-8")
    print(f"{len(all_.rows)} harmless texts")


if __name__ == "__main__":
    main()
