package bartizan.gate_eu_ai_act_test

import data.bartizan.gate
import data.bartizan.lib.fixtures

evidence := [
	fixtures.statement("bom", null, {}),
	fixtures.statement("test", "PASSED", {}),
	fixtures.statement("red-team", "PASSED", {}),
	fixtures.review,
	fixtures.data_checks,
]

upstream(proven, ids) := {"nodes": [fixtures.dataset(proven, ids)], "complete": true, "contradictions": []}

whole := object.union(fixtures.and_also(evidence), {"lineage": upstream(true, ["data-1"])})

test_with_all_evidence_it_passes if {
	count(gate.missing) == 0 with input as whole
	count(gate.deny) == 0 with input as whole
}

test_each_article_asks_for_its_own if {
	asked := fixtures.rules(gate.missing) with input as fixtures.good
	asked == {
		"eu-ai-act/art-10-training-data",
		"eu-ai-act/art-11-documentation",
		"eu-ai-act/art-14-oversight",
		"eu-ai-act/art-15-accuracy",
		"eu-ai-act/art-15-robustness",
	}
}

test_data_without_checks_is_missing_them if {
	bad := object.union(whole, {"lineage": upstream(true, [])})
	fixtures.rules(gate.missing) == {"eu-ai-act/art-10-data-checks"} with input as bad
}

test_data_that_is_only_claimed_denies if {
	bad := object.union(whole, {"lineage": upstream(false, ["data-1"])})
	"eu-ai-act/art-10-unproven-data" in fixtures.rules(gate.deny) with input as bad
}

test_failed_tests_do_not_count if {
	failed := object.union(fixtures.statement("test", "FAILED", {}), {"result": "FAILED"})
	"eu-ai-act/art-15-accuracy" in fixtures.rules(gate.missing) with input as fixtures.and_also([failed])
}
