# OWASP Top 10 for LLM Applications 2025: those of its risks on which there can be evidence before deployment.
package bartizan.gate

import data.bartizan.lib.evidence

owasp_days := evidence.number("owasp_llm_max_age_days", 90)

# LLM01 prompt injection, LLM02 sensitive information disclosure, LLM07 system prompt leakage: the application was attacked on purpose.
missing contains {
	"rule": "owasp-llm/llm01-red-team",
	"kind": "red-team",
	"message": sprintf("no adversarial tests of %s passed in the last %d days", [evidence.shown(files), owasp_days]),
	"remedy": "attest the test results with a configuration named red-team",
} if {
	files := evidence.without_passed("red-team", owasp_days)
	count(files) > 0
}

# LLM03 supply chain: who made it, of which parts, with which known weaknesses.
missing contains {
	"rule": "owasp-llm/llm03-provenance",
	"kind": "provenance",
	"message": sprintf("nobody states which run made %s", [evidence.shown(files)]),
	"remedy": "record the training: bartizan run --output PATH -- COMMAND",
} if {
	files := evidence.without("provenance")
	count(files) > 0
}

missing contains {
	"rule": "owasp-llm/llm03-bom",
	"kind": "bom",
	"message": sprintf("no bill of materials is about %s", [evidence.shown(files)]),
	"remedy": "bartizan bom, and attest it with --type https://cyclonedx.org/bom/v1.6",
} if {
	files := evidence.without("bom")
	count(files) > 0
}

missing contains {
	"rule": "owasp-llm/llm03-vulnerabilities",
	"kind": "vulns",
	"message": sprintf("no vulnerability report about %s was made in the last %d days", [evidence.shown(files), owasp_days]),
	"remedy": "attest the report of a scanner: --type https://in-toto.io/attestation/vulns/v0.2",
} if {
	files := {file.name | some file in input.artifact.files; not owasp_reported(file)}
	count(files) > 0
}

owasp_reported(file) if evidence.fresh(evidence.latest(file, "vulns"), owasp_days)

deny contains {
	"rule": sprintf("owasp-llm/llm03-vulnerability/%s", [id]),
	"subject": file.name,
	"message": sprintf("a part of it has the known vulnerability %s", [id]),
	"evidence": [report.id],
} if {
	some file in input.artifact.files
	report := evidence.latest(file, "vulns")
	some result in object.get(report.predicate.scanner, "result", [])
	id := owasp_id(result)
}

owasp_id(result) := result.vulnerability.id

owasp_id(result) := result.id if not result.vulnerability

# LLM04 data and model poisoning: the data was looked at.
missing contains {
	"rule": "owasp-llm/llm04-data-checks",
	"kind": "data",
	"message": sprintf("data it came of has no checks that passed in the last %d days: %s", [owasp_days, evidence.shown(unchecked)]),
	"remedy": "check the data, and attest the result with a configuration named data-checks",
} if {
	unchecked := {node.id | some node in evidence.upstream("dataset"); not evidence.checked(node, "data", owasp_days)}
	count(unchecked) > 0
}

# LLM09 misinformation: what it says was held against what is true.
missing contains {
	"rule": "owasp-llm/llm09-evaluation",
	"kind": "test",
	"message": sprintf("no tests of %s passed in the last %d days", [evidence.shown(files), owasp_days]),
	"remedy": "attest the test results: --type https://in-toto.io/attestation/test-result/v0.1",
} if {
	files := evidence.without_passed("test", owasp_days)
	count(files) > 0
}
