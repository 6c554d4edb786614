# What the shipped policies ask of the input, in words.
package bartizan.lib.evidence

day_s := 86400

# The number that `--set KEY=N` gives, else the one that a policy names.
number(key, otherwise) := otherwise if not input.environment.set[key]

number(key, _) := to_number(input.environment.set[key])

by_id := {statement.id: statement | some statement in input.statements}

file_named := {file.name: file | some file in input.artifact.files}

# The last statement of a kind about a file.
latest(file, kind) := by_id[file.latest[kind]]

# A statement that says when it was made, and is not older than that.
fresh(statement, days) if {
	is_number(statement.age_s)
	statement.age_s <= days * day_s
}

# Names of files whose last statement of a kind is missing.
without(kind) := {file.name | some file in input.artifact.files; not latest(file, kind)}

# Names of files whose last statement of a kind is missing, older, or says that it failed.
without_passed(kind, days) := {file.name |
	some file in input.artifact.files
	not passed(file, kind, days)
}

passed(file, kind, days) if {
	statement := latest(file, kind)
	statement.result in {"PASSED", "WARNED"}
	fresh(statement, days)
}

# The last review of a file that is for this environment or for any. One for another environment says nothing here.
last_review(file) := reviews[count(reviews) - 1] if {
	reviews := [review |
		some id in file.statements
		review := by_id[id]
		review.kind == "review"
		object.get(review.predicate, "environment", input.environment.name) == input.environment.name
	]
	count(reviews) > 0
}

# The last review of a file approves of it.
approved(file) if last_review(file).predicate.decision == "approved"

# A scan that met dependencies and did not look them up among known vulnerabilities, or in an old database.
unlooked(scan) if scan.predicate.advisories.state in {"absent", "stale", "unusable"}

# Names of files whose last scan is one of those.
files_unlooked := {file.name |
	some file in input.artifact.files
	unlooked(latest(file, "scan"))
}

# Names of files whose last scan left something out, whatever that is: paths, or what is severe.
files_narrowed := {file.name |
	some file in input.artifact.files
	count(object.get(latest(file, "scan").predicate, "selection", {})) > 0
}

# What a scan says of what it did not read: the end of a file, or parts that a manifest names. A manifest among the files of a folder
# is decided about as a file.
unread_rules := {"incomplete", "incomplete-parts"} if input.artifact.kind == "digest"

unread_rules := {"incomplete"} if input.artifact.kind != "digest"

# Names of files of which a scan that still counts says one of these words.
files_with(rules) := {test.file |
	some scan in input.statements
	scan.kind == "scan"
	some test in scan.tests
	test.rule in rules
	test.file != null
	object.get(test, "current", true)
}

# Whether `--set KEY=true` demands something.
demanded(key) if input.environment.set[key] in {"true", "yes", "1"}

# What commands are given: of the index of a sharded model the folder in which its parts lie.
place := input.artifact.path if input.artifact.kind != "index"

place := concat("/", array.slice(parts, 0, count(parts) - 1)) if {
	input.artifact.kind == "index"
	parts := split(input.artifact.path, "/")
	count(parts) > 1
}

place := "." if {
	input.artifact.kind == "index"
	not contains(input.artifact.path, "/")
}

# A few of many names.
shown(names) := concat(", ", sort(names)) if count(names) <= 5

shown(names) := sprintf("%s and %d more", [concat(", ", array.slice(sort(names), 0, 5)), count(names) - 5]) if {
	count(names) > 5
}

# Nodes upstream of a kind.
upstream(kind) := [node | some node in input.lineage.nodes; node.kind == kind]

# A node upstream has a statement of a kind that passed and is not older than that.
checked(node, kind, days) if {
	some id in node.statements
	statement := by_id[id]
	statement.kind == kind
	statement.result in {"PASSED", "WARNED"}
	fresh(statement, days)
}
