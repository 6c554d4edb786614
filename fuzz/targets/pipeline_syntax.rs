//! YAML, shell and HCL: any text gives a tree whose spans lie inside it.
#![no_main]

use bartizan_pipeline::shell::inspect::{Setting, script};
use bartizan_pipeline::yaml::Yaml;
use bartizan_pipeline::{hcl, shell};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let yaml = Yaml::read(&text);
    for node in yaml.nodes() {
        assert!(text.get(node.span()).is_some());
        let _ = node.entries();
        if let Some(value) = node.as_str() {
            let place = node.bytes_of(0..value.len());
            assert!(place.end <= text.len());
        }
    }
    for command in &shell::Script::read(&text).commands {
        assert!(text.get(command.span.clone()).is_some());
    }
    for issue in script(&text, Setting::Pipeline) {
        assert!(text.get(issue.span).is_some());
    }
    hcl::read(&text).each(&mut |body| {
        for attribute in &body.attributes {
            assert!(text.get(attribute.span.clone()).is_some());
        }
    });
});
