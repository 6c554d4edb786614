//! The JSON of `verify` and `log verify`, held against the schemas that are published for it.

use crate::certificates::certified;
use crate::support::Workplace;
use serde_json::Value;

fn schema(text: &str) -> jsonschema::Validator {
    jsonschema::validator_for(&serde_json::from_str(text).unwrap()).unwrap()
}

/// Runs it, and expects its JSON to fit and its verdict to be that of its exit code.
fn fits(place: &Workplace, schema: &jsonschema::Validator, verdict: &str, line: &str) -> Value {
    let ran = place.run(&line.split(' ').collect::<Vec<_>>());
    let said: Value = serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    let wrong: Vec<String> = schema.iter_errors(&said).map(|error| error.to_string()).collect();
    assert!(wrong.is_empty(), "{line}: {wrong:?}: {said}");
    let code = match verdict {
        "valid" => 0,
        "refused" => 1,
        _ => 3,
    };
    assert_eq!((said["verdict"].as_str(), ran.code), (Some(verdict), code), "{line}: {said}");
    said
}

#[test]
fn what_verify_says_fits_its_schema() {
    let schema = schema(include_str!("../../../../docs/schemas/verify-1.schema.json"));
    let place = certified(2021, 2089);
    let sign = "sign model --key signer.key --certificate signer.pem";
    assert_eq!(place.run(&sign.split(' ').collect::<Vec<_>>()).code, 0);
    let said = fits(&place, &schema, "valid", "verify model --certificate-chain root.pem --format json");
    assert_eq!(said["signer"]["method"], "certificate");
    let said = fits(&place, &schema, "valid", "verify model --key signer.pub --format json --scan");
    assert!(said["scan"].is_object() && said["signer"]["method"] == "key", "{said}");
    place.write("model/.git/config", "[core]\n\tfsmonitor = ./x\n");
    let said = fits(&place, &schema, "refused", "verify model --key signer.pub --format json");
    let told = said["refusals"][0]["message"].as_str().unwrap();
    assert!(said["refusals"][0]["kind"] == "hidden" && told.contains("`core.fsmonitor`"), "{said}");
    place.write("model.sig", "{}");
    fits(&place, &schema, "refused", "verify model --key signer.pub --format json");
    assert!(!schema.is_valid(&serde_json::json!({"schema": "bartizan.verify/1", "verdict": "fine"})));
}

#[test]
fn what_log_verify_says_fits_its_schema() {
    let schema = schema(include_str!("../../../../docs/schemas/log-verdict-1.schema.json"));
    let place = Workplace::new();
    place.write(
        "e.json",
        r#"{"payload":"e30=","payloadType":"application/json","signatures":[{"sig":"AAAA"}]}"#,
    );
    let does = |line: &str| {
        let ran = place.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{line}: {ran:?}");
        ran.out
    };
    does("key generate --algorithm ed25519 --output log.key");
    let vkey = does("log init s/log --origin example.com/log --key log.key");
    place.write("log.vkey", vkey);
    let checkpoint = does("log checkpoint s/log");
    does("log append s/log e.json --key log.key");
    does("log prove s/log 0 --key log.vkey --output p.tlog-proof");
    fits(&place, &schema, "valid", "log verify s/log --key log.vkey --format json");
    fits(&place, &schema, "valid", "log verify p.tlog-proof --entry e.json --key log.vkey --format json");
    place.write("other", "x");
    fits(&place, &schema, "refused", "log verify p.tlog-proof --entry other --key log.vkey --format json");
    place.write("s/log/checkpoint", checkpoint);
    fits(&place, &schema, "incomplete", "log verify s/log --key log.vkey --format json");
    place.write("s/log/checkpoint", "nothing");
    let said = fits(&place, &schema, "refused", "log verify s/log --key log.vkey --format json");
    assert!(said["size"].is_null() && said["reasons"][0]["path"] == "checkpoint", "{said}");
}
