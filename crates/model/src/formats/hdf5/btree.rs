//! The two B-trees: version 1 for the members of old groups, version 2 for indices into fractal heaps.
//!
//! Both are walked from an explicit stack, each node at most once.
//!
//! Source: *HDF5 File Format Specification Version 3.0*, sections III.A and III.C; `H5B2hdr.c` for the widths of counts.

use super::fields::{Broken, File, width_of};
use std::collections::HashSet;

/// Most nodes of one tree read; a tree of that many holds tens of millions of entries.
const MAX_NODES: usize = 1 << 20;

/// Addresses of the symbol table nodes under the version 1 tree at `root`.
pub(super) fn symbol_nodes(file: &File<'_>, root: u64) -> (Vec<u64>, Option<Broken>) {
    let mut leaves = Vec::new();
    let mut error = None;
    let mut pending = vec![root];
    let mut seen = HashSet::new();
    // Nodes that do not overlap hold no more children than this.
    let limit = file.bytes.len().checked_div(file.address_size).unwrap_or(0);
    let mut read = 0usize;
    while let Some(address) = pending.pop() {
        if !seen.insert(address) || seen.len() > MAX_NODES || read > limit {
            error = Some(Broken { offset: address, what: "a B-tree that leads back to itself" });
            continue;
        }
        match children(file, address) {
            Ok((level, children)) => {
                read = read.saturating_add(children.len());
                if level == 0 {
                    leaves.extend(children);
                } else {
                    pending.extend(children.into_iter().rev());
                }
            }
            Err(broken) => error = Some(broken),
        }
    }
    (leaves, error)
}

/// Level and child addresses of one version 1 node.
fn children(file: &File<'_>, address: u64) -> Result<(u8, Vec<u64>), Broken> {
    let mut fields = file.at(address)?;
    fields.signature(b"TREE", "no B-tree node")?;
    if fields.u8()? != 0 {
        return Err(Broken { offset: address, what: "a B-tree of another kind than a group's" });
    }
    let level = fields.u8()?;
    let count = fields.u16()?;
    fields.address()?;
    fields.address()?;
    let mut children = Vec::new();
    for _ in 0..count {
        fields.length()?;
        children.push(fields.address()?);
    }
    Ok((level, children))
}

/// Hands every record of the version 2 tree at `address` to `each`.
pub(super) fn records<'a>(
    file: &File<'a>,
    address: u64,
    each: &mut dyn FnMut(&'a [u8]),
) -> Result<(), Broken> {
    let mut fields = file.at(address)?;
    fields.signature(b"BTHD", "no B-tree header")?;
    fields.skip(2)?;
    let node_size = u64::from(fields.u32()?);
    let record_size = u64::from(fields.u16()?);
    let depth = fields.u16()?;
    fields.skip(2)?;
    let root = fields.address()?;
    let root_records = u64::from(fields.u16()?);
    if file.is_undefined(root) {
        return Ok(());
    }
    let broken = Broken { offset: address, what: "a B-tree with impossible sizes" };
    // Signature, version, type and checksum of a node.
    let payload = node_size.checked_sub(10).ok_or(broken)?;
    let leaf_records = payload.checked_div(record_size).filter(|&count| count > 0).ok_or(broken)?;
    if depth > 16 {
        return Err(broken);
    }
    let count_width = width_of(leaf_records);
    // For each depth: how many records a subtree of it can hold, which gives the width of its total.
    let mut totals = vec![(leaf_records, 0usize)];
    for _ in 0..depth {
        let &(below, total_width) = totals.last().ok_or(broken)?;
        let pointer = (file.address_size.saturating_add(count_width).saturating_add(total_width)) as u64;
        let records =
            payload.saturating_sub(pointer).checked_div(record_size.saturating_add(pointer)).unwrap_or(0);
        let total = records.saturating_add(1).saturating_mul(below).saturating_add(records);
        totals.push((total, width_of(total)));
    }
    let mut pending = vec![(root, root_records, depth)];
    let mut seen = HashSet::new();
    let mut read = 0u64;
    while let Some((address, count, level)) = pending.pop() {
        read = read.saturating_add(count.saturating_add(1).saturating_mul(record_size));
        if !seen.insert(address)
            || seen.len() > MAX_NODES
            || read > (file.bytes.len() as u64).saturating_mul(2)
        {
            return Err(Broken { offset: address, what: "a B-tree that leads back to itself" });
        }
        let mut fields = file.at(address)?;
        fields.signature(if level == 0 { b"BTLF" } else { b"BTIN" }, "no B-tree node")?;
        fields.skip(2)?;
        if count > leaf_records {
            return Err(Broken {
                offset: address,
                what: "a B-tree node with more records than it has room for",
            });
        }
        for _ in 0..count {
            each(fields.take(record_size as usize)?);
        }
        if level > 0 {
            let total_width = totals.get(usize::from(level).saturating_sub(1)).map_or(0, |&(_, width)| width);
            for _ in 0..=count {
                let child = fields.address()?;
                let child_records = fields.number(count_width.min(8))?;
                fields.skip(total_width)?;
                pending.push((child, child_records, level.saturating_sub(1)));
            }
        }
    }
    Ok(())
}
