package bartizan.gate_strict_test

import data.bartizan.gate
import data.bartizan.lib.fixtures

provenance := fixtures.statement("provenance", null, {})

bom := fixtures.statement("bom", null, {})

test_with_all_evidence_it_passes if {
	whole := fixtures.and_also([provenance, bom, fixtures.review])
	count(gate.deny) == 0 with input as whole
	count(gate.missing) == 0 with input as whole
}

test_each_piece_is_asked_for if {
	fixtures.rules(gate.missing) == {"strict/provenance", "strict/bom", "strict/review"} with input as fixtures.good
	fixtures.rules(gate.missing) == {"strict/review"} with input as fixtures.and_also([provenance, bom])
}

test_a_scan_of_last_month_is_too_old if {
	old := object.union(fixtures.scan, {"age_s": 31 * 86400})
	"strict/fresh-scan" in fixtures.rules(gate.missing) with input as fixtures.changed("statements", [old])
}

test_vulnerabilities_that_were_not_looked_up_are_missing if {
	some state in {"absent", "stale", "unusable"}
	unlooked := fixtures.unlooked(state)
	"strict/advisories" in fixtures.rules(gate.missing) with input as fixtures.changed("statements", [unlooked])
}

test_vulnerabilities_that_were_looked_up_are_not_missing if {
	looked := fixtures.unlooked("fresh")
	not "strict/advisories" in fixtures.rules(gate.missing) with input as fixtures.changed("statements", [looked])
	not "strict/advisories" in fixtures.rules(gate.missing) with input as fixtures.good
}

test_a_warning_denies if {
	warned := object.union(fixtures.scan, {
		"result": "WARNED",
		"tests": [{"outcome": "warned", "rule": "model/c", "file": "m.bin", "text": "model/c: m.bin"}],
	})
	"model/c" in fixtures.rules(gate.deny) with input as fixtures.changed("statements", [warned])
}

test_nobody_approves_of_their_own_model if {
	own := object.union(fixtures.review, {"signers": ["key-1"]})
	"strict/own-review" in fixtures.rules(gate.deny) with input as fixtures.and_also([own])
	not "strict/own-review" in fixtures.rules(gate.deny) with input as fixtures.and_also([fixtures.review])
}

test_a_lineage_that_was_not_followed_to_its_end_denies if {
	open := {"nodes": [], "complete": false, "contradictions": []}
	"strict/lineage-incomplete" in fixtures.rules(gate.deny) with input as fixtures.changed("lineage", open)
}

test_evidence_that_does_not_stand_warns if {
	rejected := [{"id": "x", "kind": "scan", "reason": "unknown-key", "message": "by nobody"}]
	"strict/rejected-evidence" in fixtures.rules(gate.warn) with input as fixtures.changed("rejected", rejected)
}
