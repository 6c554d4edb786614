package bartizan.lib.evidence_test

import data.bartizan.lib.evidence
import data.bartizan.lib.fixtures

test_a_setting_goes_before_the_default if {
	evidence.number("days", 90) == 90 with input as fixtures.good
	evidence.number("days", 90) == 7 with input as fixtures.changed("environment", {"name": "x", "set": {"days": "7"}})
}

test_a_statement_without_a_time_is_never_fresh if {
	not evidence.fresh(object.union(fixtures.scan, {"age_s": null}), 90)
	evidence.fresh(fixtures.scan, 1)
	not evidence.fresh(fixtures.scan, 0)
}

test_only_passed_and_warned_pass if {
	file := fixtures.file
	evidence.passed(file, "scan", 90) with input as fixtures.good
	failed := object.union(fixtures.scan, {"result": "FAILED"})
	not evidence.passed(file, "scan", 90) with input as fixtures.changed("statements", [failed])
}

test_an_approval_for_another_environment_does_not_count_and_takes_nothing_back if {
	file := object.union(fixtures.file, {"statements": ["review-1"]})
	evidence.approved(file) with input as fixtures.changed("statements", [fixtures.review])
	predicate := object.union(fixtures.review.predicate, {"environment": "staging"})
	elsewhere := object.union(fixtures.review, {"predicate": predicate})
	not evidence.approved(file) with input as fixtures.changed("statements", [elsewhere])
	both := object.union(fixtures.file, {"statements": ["review-1", "review-2"]})
	rejected := object.union(elsewhere, {"id": "review-2", "predicate": object.union(predicate, {"decision": "rejected"})})
	evidence.approved(both) with input as fixtures.changed("statements", [fixtures.review, rejected])
}

test_many_names_are_shortened if {
	evidence.shown({"b", "a"}) == "a, b"
	evidence.shown({"a", "b", "c", "d", "e", "f", "g"}) == "a, b, c, d, e and 2 more"
}

index_at(path) := fixtures.changed("artifact", object.union(fixtures.good.artifact, {"kind": "index", "path": path}))

test_commands_about_an_index_name_its_folder if {
	evidence.place == "m.bin" with input as fixtures.good
	below := index_at("models/a/model.safetensors.index.json")
	evidence.place == "models/a" with input as below
	here := index_at("model.safetensors.index.json")
	evidence.place == "." with input as here
}
