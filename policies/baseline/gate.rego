# Baseline: scanned, signed, unchanged since, by keys that are trusted, in a log that is whole.
package bartizan.gate

import data.bartizan.lib.evidence

baseline_scan_days := evidence.number("scan_max_age_days", 90)

deny contains {
	"rule": "artifact/empty",
	"message": "there is no file to decide about",
	"waivable": false,
} if {
	count(input.artifact.files) == 0
}

deny contains {
	"rule": "artifact/unread",
	"message": sprintf("no digest can name %s: pipes, broken links, links to folders, and parts that an index names and that are not there", [evidence.shown(input.artifact.unread)]),
	"remedy": "leave them out of the artifact, or bring the part that is missing",
} if {
	count(input.artifact.unread) > 0
}

# The transparency log.

missing contains {
	"rule": "evidence/log",
	"kind": "log",
	"message": "there is no transparency log whose key is believed here, so nothing counts",
	"remedy": "confirm the log's key: bartizan lineage trust KEY.pub, or --trust-log log.vkey",
	"waivable": false,
} if {
	not input.log.believed
}

deny contains {
	"rule": "evidence/log-gap",
	"message": sprintf("%d entries of the log name envelopes that are gone: what they said is unknown", [count(input.log.gaps)]),
	"remedy": "restore them from a copy of the store",
} if {
	count(input.log.gaps) > 0
}

# The scan.

missing contains {
	"rule": "evidence/scan",
	"kind": "scan",
	"message": sprintf("%d of %d files have no scan that stands: %s", [count(files), count(input.artifact.files), evidence.shown(files)]),
	"remedy": sprintf("bartizan scan %s --attest", [evidence.place]),
} if {
	files := evidence.without("scan")
	count(files) > 0
}

missing contains {
	"rule": "evidence/stale-scan",
	"kind": "scan",
	"message": sprintf("the last scan of %s is older than %d days, or does not say when it was", [evidence.shown(files), baseline_scan_days]),
	"remedy": sprintf("bartizan scan %s --attest", [evidence.place]),
} if {
	files := {file.name |
		some file in input.artifact.files
		scan := evidence.latest(file, "scan")
		not evidence.fresh(scan, baseline_scan_days)
	}
	count(files) > 0
}

missing contains {
	"rule": "evidence/narrowed-scan",
	"kind": "scan",
	"message": sprintf("the last scan of %s left something out, or took severe findings lightly: what it says is not all there is", [evidence.shown(evidence.files_narrowed)]),
	"remedy": sprintf("bartizan scan %s --attest --no-config, without --exclude and with --fail-on high", [evidence.place]),
} if {
	count(evidence.files_narrowed) > 0
}

missing contains {
	"rule": "evidence/incomplete-scan",
	"kind": "scan",
	"subject": file,
	"message": "a scan could not read it, or a part that it names, to its end: nobody knows what the rest is",
	"remedy": sprintf("bartizan scan %s says where it stopped; raise that limit and scan it under the same name, replace the file, or have it waived", [evidence.place]),
} if {
	some file in evidence.files_with(evidence.unread_rules)
}

# What lies in the artifact is deployed, whoever reads it there. Pictures, sounds and documents are told by their first bytes, and warned of.
missing contains {
	"rule": "evidence/unknown-format",
	"kind": "scan",
	"subject": file,
	"message": "it is of a format that the scan cannot read: nobody knows what loading it does",
	"remedy": "leave it out of the artifact, replace it by a format that can be read, or have it waived by somebody who knows what it is",
} if {
	some file in evidence.files_with({"unsupported"})
}

# Known vulnerabilities, where the environment demands that they are looked up: `--set require_advisories=true`.

missing contains {
	"rule": "evidence/advisories",
	"kind": "scan",
	"message": sprintf("the last scan of %s did not look up known vulnerabilities in a recent database", [evidence.shown(evidence.files_unlooked)]),
	"remedy": sprintf("bartizan db import, then bartizan scan %s --attest", [evidence.place]),
} if {
	evidence.demanded("require_advisories")
	count(evidence.files_unlooked) > 0
}

# What the last scan of a file found in it. What it could not place is about the artifact, and what it could not read is missing.
baseline_findings(outcome) := [found |
	some scan in input.statements
	scan.kind == "scan"
	some test in scan.tests
	test.outcome == outcome
	not test.rule in {"incomplete", "incomplete-parts", "unsupported"}
	baseline_last(scan, test)
	found := {
		"rule": test.rule,
		"subject": test.file,
		"message": sprintf("the scan found %s", [baseline_said(test)]),
		"remedy": baseline_remedy(test, outcome),
		"evidence": [scan.id],
	}
]

# Where the artifact has the file, whatever the scan called it: what several scans say of it is one reason.
baseline_said(test) := test.text if test.file == null

baseline_said(test) := sprintf("%s in %s", [test.rule, test.file]) if test.file != null

baseline_remedy(test, _) := baseline_takes_out(test.rule) if test.rule == "media"

baseline_remedy(test, "failed") := baseline_takes_out(test.rule) if test.rule != "media"

# A warning lets the artifact through, and waivers are for what does not.
baseline_remedy(test, "warned") := sprintf("bartizan rules %s says what to do; it stays until a later scan under the same name finds nothing", [test.rule]) if {
	test.rule != "media"
}

# What takes out a finding that denies.
baseline_takes_out(rule) := "a picture, a sound or a document is no part of a model: leave it out of the artifact" if rule == "media"

baseline_takes_out(rule) := sprintf("bartizan rules %s says what to do; while its bytes stay as they are, only a waiver takes it out, or a later scan under the same name that finds nothing", [rule]) if {
	rule != "media"
}

# A scan of the same bytes under another name was made by other readers: it takes nothing back, and its own findings count.
baseline_last(_, test) if {
	test.file != null
	object.get(test, "current", true)
}

baseline_last(scan, test) if {
	test.file == null
	some file in input.artifact.files
	file.latest.scan == scan.id
}

deny contains found if some found in baseline_findings("failed")

warn contains found if some found in baseline_findings("warned")

deny contains {
	"rule": "evidence/scan-failed",
	"message": "a scan failed and does not say where",
	"evidence": [scan.id],
} if {
	some file in input.artifact.files
	scan := evidence.latest(file, "scan")
	not scan.result in {"PASSED", "WARNED"}
	count(object.get(scan.predicate, "failedTests", [])) == 0
}

# The signature over the files. A digest alone has no files to hold it against; its statements are signed one by one.

missing contains {
	"rule": "evidence/signature",
	"kind": "signature",
	"message": "no signature lies beside the artifact",
	"remedy": sprintf("bartizan sign %s, or name the signature with --signature", [evidence.place]),
} if {
	input.artifact.kind != "digest"
	input.signature.state == "absent"
}

deny contains {
	"rule": "signature/refused",
	"message": sprintf("the signature does not hold: %s", [reason]),
	"remedy": "find out who changed what; sign again only what you have read",
} if {
	input.signature.state == "refused"
	some reason in input.signature.reasons
}

deny contains {
	"rule": "signature/refused",
	"message": "the signature does not hold",
} if {
	input.artifact.kind != "digest"
	not input.signature.state in {"absent", "valid"}
	count(input.signature.reasons) == 0
}

warn contains {
	"rule": "signature/unsigned-file",
	"message": sprintf("the signature does not mention %s", [evidence.shown(input.signature.unsigned)]),
} if {
	input.signature.state == "valid"
	count(input.signature.unsigned) > 0
}

# What people and other statements say.

deny contains {
	"rule": "review/rejected",
	"subject": file.name,
	"message": sprintf("the last review rejects it: %s", [object.get(review.predicate, "comment", "no comment")]),
	"evidence": [review.id],
} if {
	some file in input.artifact.files
	review := evidence.last_review(file)
	review.predicate.decision != "approved"
}

deny contains {
	"rule": "lineage/contradiction",
	"message": sprintf("statements contradict each other about where it came from: %s", [contradiction]),
} if {
	some contradiction in input.lineage.contradictions
}
