//! Policies that err, loop, eat memory or say nothing: none gives a verdict, and none lets anything through.

use crate::gate::project;
use crate::support::Workplace;

/// Ends with 2 and no decision, and says why.
fn gives_nothing(place: &Workplace, policy: &str, more: &[&str], why: &str) {
    place.write("p.rego", policy);
    let ran = place.run(&[&["gate", "model", "--format", "json", "--policy", "p.rego"], more].concat());
    let shown: String = policy.chars().take(200).collect();
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{shown}: {ran:?}");
    assert!(ran.err.contains(why), "{shown}: {}", ran.err);
}

#[test]
fn a_policy_that_errs_or_says_nothing_lets_nothing_through() {
    let place = project();
    let gate = "package bartizan.gate\n";
    for (rules, why) in [
        ("deny contains", "p.rego"),
        ("", "decides nothing"),
        ("ok := true", "decides nothing"),
        ("deny contains \"x\" if to_number(\"abc\") > 3", "failed while it was evaluated"),
        ("deny contains \"x\" if regex.match(\"[\", \"a\")", "failed while it was evaluated"),
        ("deny contains \"x\" if no_such_function(3)", "no_such_function"),
        (
            "deny contains \"x\" if http.send({\"method\": \"get\", \"url\": \"http://localhost\"})",
            "http.send",
        ),
        ("deny contains \"x\" if rand.intn(\"a\", 3) == 1", "rand.intn"),
        ("deny := 3", "deny"),
        ("allow := \"yes\"", "allow"),
        ("deny contains \"x\" if a\na if b\nb if a", "recursi"),
        ("deny := {\"x\": 3}", "deny"),
    ] {
        gives_nothing(&place, &format!("{gate}{rules}\n"), &[], why);
    }
    gives_nothing(&place, "package a.b\n\nx := 1\n", &[], "decides nothing");
    gives_nothing(&place, "\u{0}\u{1}", &[], "p.rego");
    gives_nothing(&place, "package bartizan.gate\n\nallow := true\n", &["--package", "other"], "other");
    let ran = place.run(&["gate", "model", "--policy", "no-such-policy"]);
    assert!(ran.code == 2 && ran.err.contains("baseline"), "{ran:?}");
}

#[test]
fn a_policy_that_loops_is_stopped() {
    let place = project();
    let long = ["--max-time-ms", "400"];
    let gate = "package bartizan.gate\n";
    let ranges = "some a in numbers.range(1, 9000)\n  some b in numbers.range(1, 9000)\n  some c in numbers.range(1, 9000)\n  a + b + c == 0";
    for rules in [
        format!("deny contains \"x\" if {{\n  {ranges}\n}}"),
        format!("deny contains \"x\" if count([1 | {ranges}]) > 0"),
    ] {
        gives_nothing(&place, &format!("{gate}{rules}\n"), &long, "stopped after");
    }
    gives_nothing(
        &place,
        &format!("{gate}deny contains \"x\" if count(numbers.range(1, 1000000000000)) > 0\n"),
        &long,
        "more than 1000000 elements",
    );
}

#[test]
fn a_policy_that_eats_memory_is_stopped() {
    let place = project();
    let mut rules = String::from("package bartizan.gate\na0 := \"0123456789abcdef\"\n");
    for step in 1..=40 {
        let before = step - 1;
        rules.push_str(&format!("a{step} := concat(\"\", [a{before}, a{before}])\n"));
    }
    rules.push_str("deny contains \"x\" if a40 == \"\"\n");
    gives_nothing(&place, &rules, &["--max-memory-mib", "64", "--max-time-ms", "20000"], "bytes of memory");
}

#[test]
fn a_policy_that_is_huge_or_nests_deeply_is_refused() {
    let place = project();
    let gate = "package bartizan.gate\n";
    gives_nothing(
        &place,
        &format!("{gate}deny := {}{}\n", "[".repeat(900), "]".repeat(900)),
        &[],
        "nest deeper",
    );
    gives_nothing(
        &place,
        &format!("{gate}deny := {}1{}\n", "(".repeat(900), ")".repeat(900)),
        &[],
        "nest deeper",
    );
    let large = format!(
        "{gate}{}",
        "x := 1 # ................................................................\n".repeat(20_000)
    );
    gives_nothing(&place, &large, &[], "1048576 bytes");
}
