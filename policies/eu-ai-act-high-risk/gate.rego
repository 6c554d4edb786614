# High-risk AI systems: evidence for what Regulation (EU) 2024/1689 asks of them before they are put into service, as far as a gate
# can see it. That the evidence is there is not yet that the system complies.
package bartizan.gate

import data.bartizan.lib.evidence

eu_days := evidence.number("eu_ai_act_max_age_days", 180)

# Article 10: data and data governance.

missing contains {
	"rule": "eu-ai-act/art-10-training-data",
	"kind": "provenance",
	"message": "no statement that stands names the data it was trained on",
	"remedy": "record the training with its data: bartizan run --data PATH --output PATH -- COMMAND",
} if {
	count(evidence.upstream("dataset")) == 0
}

missing contains {
	"rule": "eu-ai-act/art-10-data-checks",
	"kind": "data",
	"message": sprintf("data it came of has no checks that passed in the last %d days: %s", [eu_days, evidence.shown(unchecked)]),
	"remedy": "check the data, and attest the result with a configuration named data-checks",
} if {
	unchecked := {node.id | some node in evidence.upstream("dataset"); not evidence.checked(node, "data", eu_days)}
	count(unchecked) > 0
}

deny contains {
	"rule": "eu-ai-act/art-10-unproven-data",
	"message": sprintf("that it came of %s is claimed and not proven", [node.id]),
} if {
	some node in evidence.upstream("dataset")
	not node.proven
}

# Articles 11 and 13: technical documentation, and information to deployers.

missing contains {
	"rule": "eu-ai-act/art-11-documentation",
	"kind": "bom",
	"message": sprintf("no bill of materials with a model card is about %s", [evidence.shown(files)]),
	"remedy": "bartizan bom, and attest it with --type https://cyclonedx.org/bom/v1.6",
} if {
	files := evidence.without("bom")
	count(files) > 0
}

# Article 12: record-keeping. The log of the baseline holds the records of building; that it is whole denies there.

# Article 14: human oversight; article 9: the residual risk was judged acceptable by somebody.

missing contains {
	"rule": "eu-ai-act/art-14-oversight",
	"kind": "review",
	"message": sprintf("nobody has approved of %s for %s", [evidence.shown(files), input.environment.name]),
	"remedy": "bartizan attest --type urn:bartizan:predicate:review:v1",
} if {
	files := {file.name | some file in input.artifact.files; not evidence.approved(file)}
	count(files) > 0
}

# Article 15: accuracy, robustness and cybersecurity.

missing contains {
	"rule": "eu-ai-act/art-15-accuracy",
	"kind": "test",
	"message": sprintf("no tests of %s passed in the last %d days", [evidence.shown(files), eu_days]),
	"remedy": "attest the test results: --type https://in-toto.io/attestation/test-result/v0.1",
} if {
	files := evidence.without_passed("test", eu_days)
	count(files) > 0
}

missing contains {
	"rule": "eu-ai-act/art-15-robustness",
	"kind": "red-team",
	"message": sprintf("no adversarial tests of %s passed in the last %d days", [evidence.shown(files), eu_days]),
	"remedy": "attest the test results with a configuration named red-team",
} if {
	files := evidence.without_passed("red-team", eu_days)
	count(files) > 0
}
