//! What bills of materials share: names that stay the same for the same content.

use crate::digest::{Digest, hex};
use crate::lineage::{Lineage, Node};

/// A UUID made from content (RFC 9562, version 8), so that the same lineage gives the same document.
pub(super) fn uuid_of(content: &str) -> String {
    let digest = Digest::sha256(content.as_bytes());
    let bytes = crate::digest::unhex(digest.value()).unwrap_or_default();
    let mut id = [0_u8; 16];
    for (place, byte) in id.iter_mut().zip(bytes) {
        *place = byte;
    }
    let [.., version, _, variant, _, _, _, _, _, _, _] = &mut id;
    *version = (*version & 0x0f) | 0x80;
    *variant = (*variant & 0x3f) | 0x80;
    let text = hex(&id);
    let mut parts = Vec::new();
    let mut rest = text.as_str();
    for length in [8, 4, 4, 4, 12] {
        let (head, tail) = rest.split_at_checked(length).unwrap_or((rest, ""));
        parts.push(head);
        rest = tail;
    }
    parts.join("-")
}

/// A text that every equal lineage gives.
pub(super) fn content_of(lineage: &Lineage) -> String {
    let mut content = String::new();
    for node in &lineage.nodes {
        content.push_str(node.id.as_str());
        content.push('\n');
    }
    for edge in &lineage.edges {
        content.push_str(&format!("{} {} {}\n", edge.from, edge.to, edge.relation));
    }
    content
}

/// What a document is about: the first start that is in it, else the first model, else the first node.
pub(super) fn root(lineage: &Lineage) -> Option<&Node> {
    let started = lineage.start.iter().find_map(|id| lineage.node(id));
    let model = || lineage.nodes.iter().find(|node| node.kind == crate::lineage::Kind::Model);
    started.or_else(model).or(lineage.nodes.first())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_content_has_the_same_well_formed_uuid() {
        let uuid = uuid_of("a");
        assert_eq!(uuid, uuid_of("a"));
        assert_ne!(uuid, uuid_of("b"));
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(uuid.as_bytes()[14], b'8');
        assert!(b"89ab".contains(&uuid.as_bytes()[19]));
    }
}
