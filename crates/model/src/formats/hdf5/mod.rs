//! HDF5: Keras models and weights, PyTables and plain data. The structure is read in full, the numbers are not.
//!
//! Objects are walked from an explicit stack, each once; cost is linear in the number of objects, links and
//! attributes. Chunked values are skipped: they are compressed numbers.
//!
//! Source: *HDF5 File Format Specification Version 3.0* (The HDF Group).

mod btree;
mod chunks;
mod fields;
mod heap;
mod inspect;
mod message;
mod object;
mod superblock;
mod walk;

use super::keras;
use crate::{Format, Input, Recognition, Scan};
use bartizan_core::{Finding, Kind, Rule, Severity, atlas, cwe, owasp_llm, owasp_ml, rule};

rule! {
    /// ## What it finds
    /// An HDF5 file that takes part of its content from another file: an external link, external storage, or a virtual
    /// dataset. `high` when the path is absolute or leaves the folder.
    /// ## Why it matters
    /// The library opens that file with the user's rights while the model loads, and its bytes become weights, which can
    /// be read back (CVE-2026-1669).
    /// ## Example
    /// A dataset `kernel` whose external storage is `/etc/passwd`.
    /// ## How to fix
    /// Do not load the file. Ask for one that holds its own weights (`h5repack` copies them in).
    /// ## References
    /// - <https://nvd.nist.gov/vuln/detail/CVE-2026-1669>
    pub const EXTERNAL_FILE: Rule = Rule {
        id: "model/hdf5-external-file",
        title: "HDF5 content that is read from another file",
        severity: Severity::Medium,
        remedy: "Ask for a file that holds its own data; do not load this one where secrets can be read.",
        taxonomies: &[atlas("AML.T0025"), cwe(73), cwe(22), owasp_llm("LLM03"), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A dataset compressed with a filter that HDF5 does not bring.
    /// ## Why it matters
    /// The library looks for a shared object in its plugin folder and loads it as native code.
    /// ## Example
    /// A dataset with filter 256, which no registry knows.
    /// ## How to fix
    /// Repack the file with deflate (`h5repack -f GZIP=4`).
    /// ## References
    /// - <https://github.com/HDFGroup/hdf5_plugins/blob/master/docs/RegisteredFilterPlugins.md>
    pub const FILTER: Rule = Rule {
        id: "model/hdf5-filter-plugin",
        title: "HDF5 data that needs a filter plugin",
        severity: Severity::Low,
        remedy: "Repack the file with a built-in filter, and check what plugins the loading machine holds.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(829), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// A link of a type that HDF5 does not define.
    /// ## Why it matters
    /// Only a program that registers a handler for the type can follow it, and that handler decides what is opened.
    /// ## Example
    /// A link of type 187.
    /// ## How to fix
    /// Find out which program wrote the file and what the link stands for.
    /// ## References
    /// - <https://docs.hdfgroup.org/hdf5/develop/group___h5_l_a.html>
    pub const LINK: Rule = Rule {
        id: "model/hdf5-user-defined-link",
        title: "an HDF5 link of a type that HDF5 does not define",
        severity: Severity::Medium,
        remedy: "Find out which program wrote the file and what the link stands for.",
        taxonomies: &[atlas("AML.T0010.003"), cwe(829), owasp_ml("ML06")],
    };

    /// ## What it finds
    /// An HDF5 structure that contradicts the specification: an address past the end, a block without its signature, a
    /// loop; a file that ends before its own superblock says it does, or goes on after it.
    /// ## Why it matters
    /// The library is written in C and such files are how it is attacked; or the file is damaged, or hides something.
    /// ## Example
    /// A continuation block that refers to itself.
    /// ## How to fix
    /// Fetch the file again and compare its digest; do not load it otherwise.
    /// ## References
    /// - <https://docs.hdfgroup.org/hdf5/develop/_f_m_t3.html>
    pub const MALFORMED: Rule = Rule {
        id: "model/hdf5-malformed",
        title: "an HDF5 structure that contradicts the specification",
        severity: Severity::Medium,
        remedy: "Fetch the file again and compare its digest; do not load it otherwise.",
        taxonomies: &[cwe(20), cwe(125), owasp_ml("ML06")],
    };
}

/// HDF5.
pub struct Hdf5;

/// The format, for the registry.
pub static HDF5: Hdf5 = Hdf5;

const RULES: &[&Rule] = &[
    &EXTERNAL_FILE,
    &FILTER,
    &LINK,
    &MALFORMED,
    &keras::rules::KERAS_LAMBDA,
    &keras::rules::KERAS_MODULE,
    &keras::rules::KERAS_FUNCTION,
    &keras::rules::KERAS_TORCH,
    &keras::rules::KERAS_PATH,
    &keras::rules::KERAS_CUSTOM,
    &keras::rules::KERAS_MALFORMED,
];

impl Format for Hdf5 {
    fn id(&self) -> &'static str {
        "hdf5"
    }

    fn name(&self) -> &'static str {
        "HDF5 data"
    }

    fn kind(&self) -> Kind {
        Kind::Model
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["h5", "hdf5", "hdf", "he5", "h5ad", "keras", "weights", "mat", "nc"]
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn recognise(&self, input: &Input<'_>) -> Recognition {
        if superblock::find(input.bytes).is_some() {
            Recognition::Certain
        } else if matches!(input.extension().as_ref(), "h5" | "hdf5") {
            // Called HDF5 without being it: worth a word when nothing else knows it.
            Recognition::Weak
        } else {
            Recognition::No
        }
    }

    fn scan(&self, input: &Input<'_>, scan: &mut Scan<'_>) {
        let Some(at) = superblock::find(input.bytes) else {
            scan.report(
                Finding::new(&MALFORMED, "the file is called HDF5 but has no HDF5 signature")
                    .severity(Severity::Low)
                    .at(0),
            );
            return;
        };
        let block = match superblock::read(input.bytes, at) {
            Ok(block) => block,
            Err(error) => {
                scan.gap(Some(error.offset), format!("the superblock could not be read: {}", error.what));
                scan.report(
                    Finding::new(&MALFORMED, format!("the file begins with {}", error.what)).at(error.offset),
                );
                return;
            }
        };
        extent(input, &block, scan);
        let walk = walk::Walk::new(block.file, block.user_block as u64, scan);
        walk.run(block.root);
    }
}

/// What stands before and after the part of the input that HDF5 uses.
fn extent(input: &Input<'_>, block: &superblock::Superblock<'_>, scan: &mut Scan<'_>) {
    let present = block.file.bytes.len() as u64;
    if block.end > present {
        let missing = block.end.saturating_sub(present);
        scan.gap(
            Some(input.bytes.len() as u64),
            format!("the file is cut: {missing} bytes are missing; fetch it again"),
        );
        scan.report(
            Finding::new(&MALFORMED, format!("the file ends {missing} bytes before its superblock says"))
                .severity(Severity::Low)
                .at(input.bytes.len() as u64),
        );
    }
    let user = input.bytes.get(..block.user_block).unwrap_or_default();
    if user.iter().any(|&byte| byte != 0) {
        scan.member("user block", user);
    }
    let after =
        usize::try_from(block.end).ok().and_then(|end| block.file.bytes.get(end..)).unwrap_or_default();
    if after.iter().take(TAIL_BYTES).any(|&byte| byte != 0) {
        let offset = (input.bytes.len() as u64).saturating_sub(after.len() as u64);
        scan.report(
            Finding::new(&MALFORMED, format!("{} bytes follow the end of the HDF5 data", after.len()))
                .severity(Severity::Low)
                .at(offset),
        );
        scan.member("after the end", after);
    }
}

/// How much of what follows the end is looked at before it is taken for padding, in bytes.
const TAIL_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests;
