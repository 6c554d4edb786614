package bartizan.gate_test

import data.bartizan.gate
import data.bartizan.lib.fixtures

test_the_good_artifact_passes if {
	count(gate.deny) == 0 with input as fixtures.good
	count(gate.missing) == 0 with input as fixtures.good
	count(gate.warn) == 0 with input as fixtures.good
}

test_an_artifact_without_files_is_denied if {
	bad := fixtures.changed("artifact", object.union(fixtures.good.artifact, {"files": []}))
	"artifact/empty" in fixtures.rules(gate.deny) with input as bad
}

test_what_cannot_be_read_is_denied if {
	bad := fixtures.changed("artifact", object.union(fixtures.good.artifact, {"unread": ["pipe"]}))
	"artifact/unread" in fixtures.rules(gate.deny) with input as bad
}

test_a_log_that_is_not_believed_is_missing if {
	bad := fixtures.changed("log", object.union(fixtures.good.log, {"believed": false}))
	"evidence/log" in fixtures.rules(gate.missing) with input as bad
}

test_a_gap_in_the_log_is_denied if {
	bad := fixtures.changed("log", object.union(fixtures.good.log, {"gaps": [{"entry": 3, "reason": "gone"}]}))
	"evidence/log-gap" in fixtures.rules(gate.deny) with input as bad
}

test_without_a_scan_it_is_missing if {
	bare := object.union(fixtures.file, {"statements": [], "latest": {}})
	bad := object.union(
		fixtures.changed("statements", []),
		{"artifact": object.union(fixtures.good.artifact, {"files": [bare]})},
	)
	fixtures.rules(gate.missing) == {"evidence/scan"} with input as bad
}

test_a_stale_or_undated_scan_is_missing if {
	old := object.union(fixtures.scan, {"age_s": (90 * 86400) + 1})
	fixtures.rules(gate.missing) == {"evidence/stale-scan"} with input as fixtures.changed("statements", [old])
	undated := object.union(fixtures.scan, {"age_s": null})
	fixtures.rules(gate.missing) == {"evidence/stale-scan"} with input as fixtures.changed("statements", [undated])
}

test_a_scan_that_left_something_out_is_missing_evidence if {
	some selection in [{"exclude": {"patterns": ["old/**"], "entries": 1}}, {"failOn": "critical"}, {"anything": "new"}]
	predicate := object.union(fixtures.scan.predicate, {"selection": selection})
	narrowed := object.union(fixtures.scan, {"predicate": predicate})
	fixtures.rules(gate.missing) == {"evidence/narrowed-scan"} with input as fixtures.changed("statements", [narrowed])
}

test_what_was_not_read_to_its_end_is_missing_evidence_about_its_file if {
	unread := object.union(fixtures.scan, {
		"result": "WARNED",
		"tests": [
			{"outcome": "warned", "rule": "incomplete", "file": "m.bin", "text": "incomplete: m.bin"},
			{"outcome": "warned", "rule": "model/c", "file": "m.bin", "text": "model/c: m.bin"},
		],
	})
	missing := gate.missing with input as fixtures.changed("statements", [unread])
	{[entry.rule, entry.subject] | some entry in missing} == {["evidence/incomplete-scan", "m.bin"]}
	fixtures.rules(gate.warn) == {"model/c"} with input as fixtures.changed("statements", [unread])
	superseded := object.union(unread, {"tests": [object.union(test, {"current": false}) | some test in unread.tests]})
	count(gate.missing) == 0 with input as fixtures.changed("statements", [superseded])
}

scanned(rule) := object.union(fixtures.scan, {
	"result": "WARNED",
	"tests": [{"outcome": "warned", "rule": rule, "file": "m.bin", "text": sprintf("%s: m.bin", [rule])}],
})

test_a_file_of_a_format_that_nobody_reads_is_missing_evidence_and_a_picture_is_a_warning if {
	unknown := fixtures.changed("statements", [scanned("unsupported")])
	missing := gate.missing with input as unknown
	{[entry.rule, entry.subject] | some entry in missing} == {["evidence/unknown-format", "m.bin"]}
	count(gate.warn) == 0 with input as unknown
	picture := fixtures.changed("statements", [scanned("media")])
	count(gate.missing) == 0 with input as picture
	fixtures.rules(gate.warn) == {"media"} with input as picture
}

test_a_manifest_whose_parts_were_not_scanned_is_missing_evidence_where_it_stands_for_them if {
	tests := [{"outcome": "warned", "rule": "incomplete-parts", "file": "m.bin", "text": "incomplete-parts: m.bin", "current": true}]
	alone := fixtures.changed("statements", [object.union(fixtures.scan, {"result": "WARNED", "tests": tests})])
	count(gate.missing) == 0 with input as alone
	count(gate.warn) == 0 with input as alone
	by_digest := object.union(alone, {"artifact": object.union(fixtures.good.artifact, {"kind": "digest"})})
	fixtures.rules(gate.missing) == {"evidence/incomplete-scan"} with input as by_digest
}

test_findings_deny_under_their_own_rule_and_warnings_warn if {
	failed := object.union(fixtures.scan, {
		"result": "FAILED",
		"tests": [
			{"outcome": "failed", "rule": "model/a", "file": "m.bin", "text": "model/a: m.bin"},
			{"outcome": "failed", "rule": "model/b", "file": null, "text": "model/b: gone"},
			{"outcome": "warned", "rule": "model/c", "file": "m.bin", "text": "model/c: m.bin"},
		],
		"predicate": {"failedTests": ["model/a: m.bin"]},
	})
	fixtures.rules(gate.deny) == {"model/a", "model/b"} with input as fixtures.changed("statements", [failed])
	warned := gate.warn with input as fixtures.changed("statements", [failed])
	fixtures.rules(warned) == {"model/c"}
	every entry in warned { not contains(entry.remedy, "waiver") }
}

test_findings_are_named_by_the_artifacts_file_whatever_the_scan_called_it if {
	tests := [{"outcome": "failed", "rule": "model/a", "file": "m.bin", "text": text} | some text in ["model/a: m.bin", "model/a: x/m.txt"]]
	failed := object.union(fixtures.scan, {"result": "FAILED", "tests": tests, "predicate": {"failedTests": ["model/a: m.bin"]}})
	denied := gate.deny with input as fixtures.changed("statements", [failed])
	{entry.message | some entry in denied} == {"the scan found model/a in m.bin"}
	every entry in denied { contains(entry.remedy, "only a waiver") }
}

test_findings_of_an_older_scan_do_not_count if {
	older := object.union(fixtures.scan, {
		"id": "scan-0",
		"result": "FAILED",
		"tests": [{"outcome": "failed", "rule": "model/a", "file": "m.bin", "text": "model/a: m.bin", "current": false}],
	})
	count(gate.deny) == 0 with input as fixtures.changed("statements", [older, fixtures.scan])
}

test_findings_under_another_name_count if {
	tests := [{"outcome": "failed", "rule": "model/a", "file": "m.bin", "text": "model/a: x/m.txt", "current": true}]
	elsewhere := object.union(fixtures.scan, {"id": "scan-0", "result": "FAILED", "tests": tests})
	fixtures.rules(gate.deny) == {"model/a"} with input as fixtures.changed("statements", [elsewhere, fixtures.scan])
}

test_a_failure_without_a_place_denies if {
	failed := object.union(fixtures.scan, {"result": "FAILED", "predicate": {"result": "FAILED"}})
	"evidence/scan-failed" in fixtures.rules(gate.deny) with input as fixtures.changed("statements", [failed])
	unsaid := object.union(fixtures.scan, {"result": null, "predicate": {}})
	"evidence/scan-failed" in fixtures.rules(gate.deny) with input as fixtures.changed("statements", [unsaid])
}

test_a_signature_must_be_there_and_hold if {
	absent := object.union(fixtures.good.signature, {"state": "absent"})
	"evidence/signature" in fixtures.rules(gate.missing) with input as fixtures.changed("signature", absent)
	refused := object.union(fixtures.good.signature, {"state": "refused", "reasons": ["changed: m.bin"]})
	"signature/refused" in fixtures.rules(gate.deny) with input as fixtures.changed("signature", refused)
	silent := object.union(fixtures.good.signature, {"state": "refused"})
	"signature/refused" in fixtures.rules(gate.deny) with input as fixtures.changed("signature", silent)
}

test_a_digest_needs_no_signature_over_files if {
	alone := object.union(
		fixtures.changed("signature", object.union(fixtures.good.signature, {"state": "absent"})),
		{"artifact": object.union(fixtures.good.artifact, {"kind": "digest"})},
	)
	count(gate.missing) == 0 with input as alone
}

test_unsigned_files_warn if {
	some_unsigned := object.union(fixtures.good.signature, {"unsigned": [".gitattributes"]})
	fixtures.rules(gate.warn) == {"signature/unsigned-file"} with input as fixtures.changed("signature", some_unsigned)
}

test_a_rejecting_review_denies if {
	rejecting := object.union(fixtures.review, {"predicate": {"reviewer": "r", "decision": "rejected"}})
	"review/rejected" in fixtures.rules(gate.deny) with input as fixtures.and_also([rejecting])
	count(gate.deny) == 0 with input as fixtures.and_also([fixtures.review])
}

review_for(id, decision, environment) := object.union(fixtures.review, {
	"id": id,
	"predicate": {"reviewer": "r", "decision": decision, "environment": environment},
})

test_a_review_for_another_environment_takes_nothing_back if {
	here := review_for("review-1", "rejected", "production")
	elsewhere := review_for("review-2", "approved", "staging")
	later := review_for("review-3", "approved", "production")
	"review/rejected" in fixtures.rules(gate.deny) with input as fixtures.and_also([here, elsewhere])
	count(gate.deny) == 0 with input as fixtures.and_also([here, elsewhere, later])
	not_here := review_for("review-4", "rejected", "staging")
	count(gate.deny) == 0 with input as fixtures.and_also([later, not_here])
}

test_a_contradiction_in_the_lineage_denies if {
	torn := {"nodes": [], "complete": true, "contradictions": ["two runs made it"]}
	"lineage/contradiction" in fixtures.rules(gate.deny) with input as fixtures.changed("lineage", torn)
}

test_vulnerabilities_are_asked_for_where_the_environment_demands_it if {
	unlooked := fixtures.changed("statements", [fixtures.unlooked("absent")])
	count(gate.missing) == 0 with input as unlooked
	demanding := object.union(unlooked, {"environment": {"name": "production", "set": {"require_advisories": "true"}}})
	fixtures.rules(gate.missing) == {"evidence/advisories"} with input as demanding
}
