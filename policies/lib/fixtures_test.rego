# An artifact of one file with all that the baseline asks for, to change in tests.
package bartizan.lib.fixtures

now := 1780272000

digest := "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

file := {"name": "m.bin", "digest": digest, "size": 3, "statements": ["scan-1"], "latest": {"scan": "scan-1"}}

statement(kind, result, predicate) := {
	"id": sprintf("%s-1", [kind]),
	"payload": "sha256:00",
	"predicate_type": kind,
	"kind": kind,
	"about": "artifact",
	"subjects": [{"name": "m.bin", "digest": digest, "file": "m.bin"}],
	"complete": true,
	"signers": ["key-1"],
	"log": {"origin": "log", "index": 0, "size": 1, "root": "00"},
	"stated_on": "2026-05-31T00:00:00Z",
	"age_s": 86400,
	"result": result,
	"tests": [],
	"predicate": predicate,
}

scan := statement("scan", "PASSED", {"result": "PASSED", "failedTests": []})

# The scan of something with dependencies, and how they were looked up.
unlooked(state) := statement("scan", "PASSED", {
	"result": "PASSED",
	"failedTests": [],
	"advisories": {"state": state, "files": 1},
})

good := {
	"schema": "bartizan.gate-input/1",
	"time": "2026-06-01T00:00:00Z",
	"now": now,
	"environment": {"name": "production", "set": {}},
	"artifact": {
		"path": "m.bin",
		"kind": "file",
		"digest": digest,
		"bytes": 3,
		"files": [file],
		"unread": [],
	},
	"statements": [scan],
	"rejected": [],
	"signature": {"state": "valid", "path": "m.bin.sig", "signers": ["key-1"], "reasons": [], "unsigned": [], "logged": false},
	"lineage": {"nodes": [], "complete": true, "contradictions": []},
	"log": {"believed": true, "origin": "log", "size": 1, "root": "00", "gaps": []},
	"trusted_keys": ["key-1"],
	"waivers": [],
	"rejected_waivers": [],
}

# Ids of the last of each kind.
last_of(statements) := {kind: ids[count(ids) - 1] |
	some kind in {added.kind | some added in statements}
	ids := [added.id | some added in statements; added.kind == kind]
}

# The good input with more statements, in the order of the log.
and_also(statements) := object.union(good, {
	"statements": array.concat(good.statements, statements),
	"artifact": object.union(good.artifact, {"files": [object.union(file, {
		"statements": array.concat(file.statements, [added.id | some added in statements]),
		"latest": object.union(file.latest, last_of(statements)),
	})]}),
})

changed(part, value) := object.union(good, {part: value})

review := object.union(
	statement("review", null, {"reviewer": "r", "decision": "approved", "reviewedOn": "2026-05-31T00:00:00Z"}),
	{"signers": ["key-2"]},
)

# A dataset upstream, with the statements about it.
dataset(proven, ids) := {
	"id": "sha256:dd",
	"kind": "dataset",
	"name": "train.csv",
	"depth": 2,
	"proven": proven,
	"statements": ids,
}

data_checks := object.union(
	statement("data", "PASSED", {"result": "PASSED"}),
	{"about": "upstream", "subjects": [{"name": "train.csv", "digest": "sha256:dd", "file": null}]},
)

# Rules of the entries.
rules(entries) := {entry.rule | some entry in entries}
