//! `bench lineage`: walks over a million made-up statements.
//!
//! The graph is that of a large team: data shards, runs that each read a few of them and write a model, models made from
//! models, deployments of some. Statements go straight into the index; what is measured is the walk, from artifacts with
//! little and with much below them.

use bartizan_evidence::digest::Digest;
use bartizan_evidence::lineage::{
    EdgeFact, Facts, Kind, MOST_NODES, NodeFact, NodeId, Relation, TraceRequest, trace,
};
use bartizan_evidence::predicate::PROVENANCE_V1;
use bartizan_evidence::store::{Direction, Index as _, Indexed, SqliteIndex};
use std::time::Instant;

/// Statements in the graph.
const STATEMENTS: u64 = 1_000_000;
/// Statements written at a time.
const BATCH: u64 = 10_000;
/// Shards that runs draw from.
const SHARDS: u64 = 200_000;
/// Walks measured from each kind of beginning.
const WALKS: u64 = 50;

/// Runs and prints what was measured.
///
/// # Errors
/// When the index cannot be written or read.
pub(crate) fn run() -> Result<(), String> {
    let folder = super::workplace()?;
    let path = folder.join("lineage.sqlite");
    for part in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(folder.join(format!("lineage.sqlite{part}")));
    }
    let say = |error: bartizan_evidence::store::IndexError| error.to_string();
    let mut index = SqliteIndex::open(&path).map_err(say)?;
    let clock = Instant::now();
    for from in (0..STATEMENTS).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let batch: Vec<Indexed> = (from..from + BATCH).map(statement).collect();
        index.apply(from, from + BATCH, &batch).map_err(say)?;
    }
    let seconds = clock.elapsed().as_secs_f64();
    let size = index.size().map_err(say)?;
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    println!(
        "{} statements, {} nodes, {} edges indexed in {seconds:.1} s ({} MB)\n",
        size.statements,
        size.nodes,
        size.edges,
        bytes >> 20
    );
    drop(index);
    println!("| from | way | nodes reached, median (most) | first walk ms | median ms | slowest ms |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
    for (what, name, direction) in [
        ("a late model", "late model", Direction::Down),
        ("a shard", "shard", Direction::Down),
        ("an early model", "early model", Direction::Down),
        ("a deployment", "deployment", Direction::Up),
    ] {
        // A new connection, as every command has one.
        let mut index = SqliteIndex::open(&path).map_err(say)?;
        let mut times = Vec::new();
        let mut reached = Vec::new();
        for walk in 0..WALKS {
            let start = match name {
                "late model" => node("model", STATEMENTS - 1 - walk * 100),
                "shard" => node("shard", walk * 997),
                "early model" => node("model", walk),
                _ => node("deployment", (STATEMENTS - 1 - walk * 1_000) / DEPLOYED * DEPLOYED),
            };
            let request = TraceRequest { start: vec![start], direction, depth: None, most_nodes: MOST_NODES };
            let clock = Instant::now();
            let lineage = trace(&mut index, &request).map_err(|error| error.to_string())?;
            times.push(clock.elapsed().as_secs_f64() * 1_000.0);
            reached.push(lineage.nodes.len());
        }
        let first = times.first().copied().unwrap_or_default();
        times.sort_by(f64::total_cmp);
        reached.sort_unstable();
        println!(
            "| {what} | {} | {} ({}) | {first:.2} | {:.2} | {:.2} |",
            if direction == Direction::Down { "down" } else { "up" },
            reached.get(reached.len() / 2).copied().unwrap_or_default(),
            reached.last().copied().unwrap_or_default(),
            times.get(times.len() / 2).copied().unwrap_or_default(),
            times.last().copied().unwrap_or_default()
        );
    }
    Ok(())
}

/// Every how many models one is deployed.
const DEPLOYED: u64 = 10;

fn node(what: &str, number: u64) -> NodeId {
    NodeId::of_digest(&Digest::sha256(format!("{what} {number}").as_bytes()))
}

/// A number that looks random and is the same each time (SplitMix64).
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn statement(number: u64) -> Indexed {
    let (run, model) = (node("run", number), node("model", number));
    let edge = |from: NodeId, to: &NodeId, relation| EdgeFact { from, to: to.clone(), relation };
    let mut edges: Vec<EdgeFact> = (0..3)
        .map(|shard| edge(node("shard", mixed(number * 3 + shard) % SHARDS), &run, Relation::Input))
        .collect();
    if number > 0 && mixed(number).is_multiple_of(3) {
        // A third are made from one of the models before them.
        edges.push(edge(node("model", mixed(number + 1) % number), &run, Relation::Input));
    }
    edges.push(edge(run.clone(), &model, Relation::Output));
    if number.is_multiple_of(DEPLOYED) {
        edges.push(edge(model.clone(), &node("deployment", number), Relation::Deployed));
    }
    Indexed {
        envelope: Digest::sha256(format!("envelope {number}").as_bytes()),
        payload: Digest::sha256(format!("run {number}").as_bytes()),
        predicate_type: PROVENANCE_V1.to_owned(),
        entry: Some(number),
        signers: vec!["f".repeat(64)],
        subjects: vec![model],
        facts: Facts {
            nodes: vec![NodeFact { id: run, kind: Some(Kind::Run), name: Some(format!("run {number}")) }],
            edges,
        },
    }
}
