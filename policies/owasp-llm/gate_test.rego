package bartizan.gate_owasp_llm_test

import data.bartizan.gate
import data.bartizan.lib.fixtures

vulns(results) := fixtures.statement("vulns", null, {"scanner": {"uri": "s", "result": results}})

evidence(results) := [
	fixtures.statement("red-team", "PASSED", {}),
	fixtures.statement("provenance", null, {}),
	fixtures.statement("bom", null, {}),
	fixtures.statement("test", "PASSED", {}),
	vulns(results),
]

test_with_all_evidence_it_passes if {
	count(gate.missing) == 0 with input as fixtures.and_also(evidence([]))
	count(gate.deny) == 0 with input as fixtures.and_also(evidence([]))
}

test_each_risk_asks_for_its_own if {
	asked := fixtures.rules(gate.missing) with input as fixtures.good
	asked == {
		"owasp-llm/llm01-red-team",
		"owasp-llm/llm03-provenance",
		"owasp-llm/llm03-bom",
		"owasp-llm/llm03-vulnerabilities",
		"owasp-llm/llm09-evaluation",
	}
}

test_a_known_vulnerability_denies_under_its_own_rule if {
	old := fixtures.and_also(evidence([{"id": "CVE-2026-1"}]))
	fixtures.rules(gate.deny) == {"owasp-llm/llm03-vulnerability/CVE-2026-1"} with input as old
	nested := fixtures.and_also(evidence([{"vulnerability": {"id": "CVE-2026-2"}}]))
	fixtures.rules(gate.deny) == {"owasp-llm/llm03-vulnerability/CVE-2026-2"} with input as nested
}

test_data_upstream_must_be_checked if {
	lineage := {"nodes": [fixtures.dataset(true, [])], "complete": true, "contradictions": []}
	bad := object.union(fixtures.and_also(evidence([])), {"lineage": lineage})
	fixtures.rules(gate.missing) == {"owasp-llm/llm04-data-checks"} with input as bad
}
