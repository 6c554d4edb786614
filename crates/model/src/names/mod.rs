//! Names that a model goes by, whom they imitate, and the licence it declares.

mod card;
pub(crate) mod confusable;
mod known;
pub(crate) mod licence;
mod licence_list;
pub mod lists;
mod squat;

pub(crate) use card::inspect_card;
pub use lists::ModelLists;

use crate::{Format, Input, Scan};
use bartizan_core::{Kind, Location, Rule};

/// Rules of these rooms.
pub(crate) static RULES: &[&[&Rule]] = &[lists::RULES, licence::RULES, &[&squat::NAME_SQUATTING]];

/// Takes a name that the current input declares for a model: `owner/model`, or an address on a hub that ends in one.
pub(crate) fn declared(name: &str, place: &Location, scan: &mut Scan<'_>) {
    let Some(name) = repository(name) else { return };
    if let Some(finding) = squat::finding(name, place) {
        scan.report(finding);
    }
    scan.name(name);
}

/// Takes the name of the hub's folder that a model lies in, if its path shows one.
pub(crate) fn check_path(input: &Input<'_>, format: Option<&'static dyn Format>, scan: &mut Scan<'_>) {
    let is_model =
        format.is_some_and(|format| format.kind() == Kind::Model) || input.file_name() == "config.json";
    if scan.depth() > 0 || !is_model {
        return;
    }
    if let Some(name) = input.name.split(['/', '\\']).find_map(lists::hub_name) {
        declared(&name, &Location::default(), scan);
    }
}

/// The `owner/model` in a name or in the address of a repository on a hub.
fn repository(name: &str) -> Option<&str> {
    let name = name.trim();
    let path = match name.split_once("://") {
        Some((_, address)) => HUBS.iter().find_map(|hub| address.strip_prefix(hub))?,
        None => name,
    };
    let path = path.trim_matches('/');
    let mut parts = path.split('/');
    let (owner, model) = (parts.next()?, parts.next()?);
    let fits = |part: &str| !part.is_empty() && part.len() <= LONGEST && !matches!(part, "." | ".." | "~");
    let is_local = name.starts_with(['/', '.', '~']) || parts.next().is_some();
    (!is_local && fits(owner) && fits(model)).then_some(path)
}

/// Hosts of model hubs, with what stands before the owner.
const HUBS: &[&str] = &["huggingface.co/", "hf.co/", "www.huggingface.co/"];
/// Longest owner or model, in bytes.
const LONGEST: usize = 96;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_told_from_paths() {
        for (name, found) in [
            ("google/bert", Some("google/bert")),
            ("https://huggingface.co/google/bert", Some("google/bert")),
            ("https://example.org/google/bert", None),
            ("bert", None),
            ("/home/me/bert", None),
            ("./out/bert", None),
            ("a/b/c", None),
        ] {
            assert_eq!(repository(name), found, "{name}");
        }
    }
}
