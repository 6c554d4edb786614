# Strict: the baseline, and how it was made, what is in it, and a second pair of eyes.
package bartizan.gate

import data.bartizan.lib.evidence

strict_scan_days := evidence.number("strict_scan_max_age_days", 30)

missing contains {
	"rule": "strict/fresh-scan",
	"kind": "scan",
	"message": sprintf("%s has no scan that passed in the last %d days", [evidence.shown(files), strict_scan_days]),
	"remedy": sprintf("bartizan scan %s --attest", [evidence.place]),
} if {
	files := evidence.without_passed("scan", strict_scan_days)
	count(files) > 0
}

missing contains {
	"rule": "strict/advisories",
	"kind": "scan",
	"message": sprintf("the last scan of %s did not look up known vulnerabilities in a recent database", [evidence.shown(evidence.files_unlooked)]),
	"remedy": sprintf("bartizan db import, then bartizan scan %s --attest", [evidence.place]),
} if {
	count(evidence.files_unlooked) > 0
}

# A warning of the scan denies.
deny contains entry if {
	some found in baseline_findings("warned")
	entry := object.union(found, {
		"message": sprintf("%s; strict takes no warnings", [found.message]),
		"remedy": baseline_takes_out(found.rule),
	})
}

missing contains {
	"rule": "strict/provenance",
	"kind": "provenance",
	"message": sprintf("nobody states which run made %s", [evidence.shown(files)]),
	"remedy": "record the training: bartizan run --output PATH -- COMMAND",
} if {
	files := evidence.without("provenance")
	count(files) > 0
}

missing contains {
	"rule": "strict/bom",
	"kind": "bom",
	"message": sprintf("no bill of materials is about %s", [evidence.shown(files)]),
	"remedy": "bartizan bom, and attest it with --type https://cyclonedx.org/bom/v1.6",
} if {
	files := evidence.without("bom")
	count(files) > 0
}

missing contains {
	"rule": "strict/review",
	"kind": "review",
	"message": sprintf("nobody has approved of %s for %s", [evidence.shown(files), input.environment.name]),
	"remedy": "bartizan attest --type urn:bartizan:predicate:review:v1",
} if {
	files := {file.name | some file in input.artifact.files; not evidence.approved(file)}
	count(files) > 0
}

# Two pairs of eyes: whoever signed the model does not approve of it alone.
deny contains {
	"rule": "strict/own-review",
	"message": sprintf("%s is approved by the key that signed it", [file.name]),
	"subject": file.name,
	"remedy": "let somebody else review it, with a key of their own",
	"evidence": [review.id],
} if {
	some file in input.artifact.files
	review := evidence.last_review(file)
	review.predicate.decision == "approved"
	every signer in review.signers { signer in input.signature.signers }
	count(input.signature.signers) > 0
}

deny contains {
	"rule": "strict/lineage-incomplete",
	"message": "what it came of could not be followed to its end",
} if {
	not input.lineage.complete
}

warn contains {
	"rule": "strict/rejected-evidence",
	"message": sprintf("a statement about it does not stand: %s", [rejected.message]),
	"evidence": [rejected.id],
} if {
	some rejected in input.rejected
}
