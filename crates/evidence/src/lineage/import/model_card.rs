//! Model cards of the Hugging Face hub: what a model was made from, as its author says.
//!
//! Source: Hugging Face Hub documentation, *Model Cards* (`base_model`, `base_model_relation`, `datasets` in the YAML block at
//! the head of `README.md`). Models and data sets on the hub are named by package URL (type `huggingface`).

use super::{ImportError, Imported, listed, text, yaml};
use crate::lineage::node::{Kind, NodeId, Relation};

const FORMAT: &str = "model card";

/// Reads a card; `name` is what the model is called when the card does not say.
///
/// # Errors
/// [`ImportError::Yaml`] and [`ImportError::Shape`].
pub fn parse(card: &str, name: &str) -> Result<Imported, ImportError> {
    let Some(block) = front_matter(card) else {
        let reason = "no YAML block between lines of `---` at its head".to_owned();
        return Err(ImportError::Shape { format: FORMAT, reason });
    };
    let head = yaml::parse(block)?;
    let mut imported = Imported::new(FORMAT);
    let called = listed(&head, "model-index").first().and_then(|model| text(model, "name"));
    let name = text(&head, "model_name").or(called).unwrap_or(name);
    let root = NodeId::named(Kind::Model, "card", name);
    imported.facts.node(&root, Some(Kind::Model), Some(name));
    for base in listed(&head, "base_model").iter().filter_map(|value| value.as_str()) {
        let id = on_hub(base);
        imported.facts.node(&id, Some(Kind::Model), Some(base));
        imported.facts.edge(&id, &root, Relation::BaseOf);
    }
    for dataset in listed(&head, "datasets").iter().filter_map(|value| value.as_str()) {
        let id = NodeId::named(Kind::Dataset, "huggingface", dataset);
        imported.facts.node(&id, Some(Kind::Dataset), Some(dataset));
        imported.facts.edge(&id, &root, Relation::UsedBy);
    }
    imported.root = Some(root);
    Ok(imported.finish())
}

/// The text between the first two lines of three dashes, when the first is the first line.
pub fn front_matter(card: &str) -> Option<&str> {
    let card = card.strip_prefix('\u{feff}').unwrap_or(card);
    let rest = card.strip_prefix("---")?;
    let (_, rest) = rest.split_once('\n').filter(|(line, _)| line.trim().is_empty())?;
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if line.trim_end() == "---" {
            return rest.get(..at);
        }
        at += line.len();
    }
    None
}

fn on_hub(name: &str) -> NodeId {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    let is_repository =
        name.matches('/').count() == 1 && name.chars().all(safe) && !name.starts_with(['.', '/']);
    if is_repository {
        NodeId::of_uri(&format!("pkg:huggingface/{name}"))
    } else {
        NodeId::named(Kind::Model, "huggingface", name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::EdgeFact;

    #[test]
    fn one_base_or_several_and_data_sets() {
        let card = "---\nlicense: mit\nbase_model:\n- org/base\n- other\ndatasets: [squad]\n---\n# Model\n";
        let imported = parse(card, "mine").unwrap();
        let root = NodeId::named(Kind::Model, "card", "mine");
        let has = |from: NodeId, relation| {
            imported.facts.edges.contains(&EdgeFact { from, to: root.clone(), relation })
        };
        assert!(has(NodeId::of_uri("pkg:huggingface/org/base"), Relation::BaseOf));
        assert!(has(NodeId::named(Kind::Model, "huggingface", "other"), Relation::BaseOf));
        assert!(has(NodeId::named(Kind::Dataset, "huggingface", "squad"), Relation::UsedBy));
        assert_eq!(parse("---\nbase_model: a/b\n---\n", "x").unwrap().facts.edges.len(), 1);
    }

    #[test]
    fn a_page_without_a_head_is_no_card() {
        assert!(matches!(parse("# Title\n---\na: 1\n---\n", "x"), Err(ImportError::Shape { .. })));
        assert!(parse("---\na: 1\n", "x").is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_card_or_an_error(text: String) {
            let _ = parse(&text, "x");
            let _ = parse(&format!("---\n{text}\n---\n"), "x");
        }
    }
}
