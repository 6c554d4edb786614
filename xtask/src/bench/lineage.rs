//! `bench lineage`: walks over a million made-up statements.
//!
//! The graph is that of a large team: data shards, runs that each read a few of them and write a model, models made from
//! models, deployments of some, and two shards that a thousand and ten thousand runs have read. Statements go straight into
//! the index, their names into a real log; what is measured is the walk, in the library and as a command from start to end.

use super::measure::{quickest, succeeding};
use super::{release_program, workplace};
use bartizan_evidence::digest::Digest;
use bartizan_evidence::keys::{KeyAlgorithm, SigningKey};
use bartizan_evidence::lineage::{
    EdgeFact, Facts, Kind, MOST_NODES, NodeFact, NodeId, Relation, TraceRequest, trace,
};
use bartizan_evidence::log::storage::Disk;
use bartizan_evidence::log::{Log, NoteSigner};
use bartizan_evidence::predicate::PROVENANCE_V1;
use bartizan_evidence::store::{Direction, FOLDER, Index as _, Indexed, SqliteIndex, Trust, entry_of};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_mins(1);
/// What one walk may take, in milliseconds.
const BAR: f64 = 50.0;
/// Statements in the graph.
const STATEMENTS: u64 = 1_000_000;
/// Statements written at a time.
const BATCH: u64 = 10_000;
/// Shards that runs draw from.
const SHARDS: u64 = 200_000;
/// Walks measured from each kind of beginning.
const WALKS: u64 = 50;
/// Commands measured from each kind of beginning.
const COMMANDS: usize = 5;
/// Every how many runs read the one shard that many have read, and the one that very many have.
const READ_BY_MANY: [u64; 2] = [1_000, 100];

/// Where walks begin.
#[derive(Clone, Copy)]
enum From {
    LateModel,
    Shard,
    EarlyModel,
    SharedShard(u64),
    Deployment,
}

const WALKED: [(From, Direction); 6] = [
    (From::LateModel, Direction::Down),
    (From::Shard, Direction::Down),
    (From::EarlyModel, Direction::Down),
    (From::SharedShard(READ_BY_MANY[0]), Direction::Down),
    (From::SharedShard(READ_BY_MANY[1]), Direction::Down),
    (From::Deployment, Direction::Up),
];

impl From {
    fn what(self) -> String {
        match self {
            Self::LateModel => "a late model".to_owned(),
            Self::Shard => "a shard".to_owned(),
            Self::EarlyModel => "an early model".to_owned(),
            Self::SharedShard(every) => format!("a shard that {} runs read", STATEMENTS / every),
            Self::Deployment => "a deployment".to_owned(),
        }
    }

    fn node(self, walk: u64) -> NodeId {
        match self {
            Self::LateModel => node("model", STATEMENTS - 1 - walk * 100),
            Self::Shard => node("shard", walk * 997),
            Self::EarlyModel => node("model", walk),
            Self::SharedShard(every) => node("shared shard", every),
            Self::Deployment => node("deployment", (STATEMENTS - 1 - walk * 1_000) / DEPLOYED * DEPLOYED),
        }
    }

    fn walks(self) -> u64 {
        if matches!(self, Self::SharedShard(_)) { 5 } else { WALKS }
    }
}

/// Runs and prints what was measured.
///
/// # Errors
/// When the store cannot be written or read, or the program does not build.
pub(crate) fn run() -> Result<(), String> {
    let program = release_program()?;
    let project = workplace()?.join("lineage");
    let store = project.join(FOLDER);
    if !project.join("done").exists() {
        make(&store)?;
        std::fs::write(project.join("done"), "").map_err(said)?;
    }
    let index = store.join("index.sqlite");
    println!(
        "| from | way | bar ms | nodes reached, median (most) | first walk ms | median ms | slowest ms | command ms | reached |"
    );
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    for (from, direction) in WALKED {
        row(&program, &project, &index, from, direction)?;
    }
    println!();
    println!(
        "The command is the whole process with `--format json`, the quickest of {COMMANDS}; a walk is the library's."
    );
    Ok(())
}

fn row(program: &Path, project: &Path, index: &Path, from: From, direction: Direction) -> Result<(), String> {
    // A new connection, as every command has one.
    let mut index = SqliteIndex::open(index).map_err(said)?;
    let (mut times, mut reached) = (Vec::new(), Vec::new());
    for walk in 0..from.walks() {
        let request =
            TraceRequest { start: vec![from.node(walk)], direction, depth: None, most_nodes: MOST_NODES };
        let clock = Instant::now();
        let lineage = trace(&mut index, &request).map_err(said)?;
        times.push(clock.elapsed().as_secs_f64() * 1_000.0);
        reached.push(lineage.nodes.len());
    }
    drop(index);
    let first = times.first().copied().unwrap_or_default();
    times.sort_by(f64::total_cmp);
    reached.sort_unstable();
    let way = if direction == Direction::Down { "--down" } else { "--up" };
    let store = project.join(FOLDER).to_string_lossy().into_owned();
    let mut costs = Vec::new();
    for turn in 0..COMMANDS {
        let node = from.node(turn as u64).to_string();
        let arguments = ["lineage", "--store", &store, "trace", &node, way, "--format", "json"];
        costs.push(succeeding(program, &arguments, LIMIT)?);
    }
    let command = quickest(&costs).wall.as_secs_f64() * 1_000.0;
    let slowest = times.last().copied().unwrap_or_default();
    println!(
        "| {} | {} | {BAR} | {} ({}) | {first:.2} | {:.2} | {slowest:.2} | {command:.1} | {} |",
        from.what(),
        way.trim_start_matches('-'),
        reached.get(reached.len() / 2).copied().unwrap_or_default(),
        reached.last().copied().unwrap_or_default(),
        times.get(times.len() / 2).copied().unwrap_or_default(),
        if slowest.max(command) <= BAR { "yes" } else { "no" }
    );
    Ok(())
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// Makes the store: a log that names every statement, and the index over them.
fn make(store: &Path) -> Result<(), String> {
    // What an earlier run that did not end left; there is none the first time.
    let _ = std::fs::remove_dir_all(store);
    std::fs::create_dir_all(store).map_err(said)?;
    let clock = Instant::now();
    let key = SigningKey::generate(KeyAlgorithm::Ed25519).map_err(said)?;
    let signer = NoteSigner::for_log("bench.example/lineage", Box::new(key)).map_err(said)?;
    std::fs::write(store.join("log.vkey"), format!("{}\n", signer.key())).map_err(said)?;
    let log = Log::create(Arc::new(Disk::new(store.join("log"))), signer, Box::new(|| 1)).map_err(said)?;
    let mut pending = VecDeque::new();
    for number in 0..STATEMENTS {
        pending.push_back(log.submit(entry_of(&envelope(number))).map_err(said)?);
        if pending.len() > 16_384
            && let Some(oldest) = pending.pop_front()
        {
            oldest.wait().map_err(said)?;
        }
    }
    log.close().map_err(said)?;
    println!("{STATEMENTS} entries logged in {:.1} s", clock.elapsed().as_secs_f64());
    let clock = Instant::now();
    let path = store.join("index.sqlite");
    let mut index = SqliteIndex::open(&path).map_err(said)?;
    index.begin_filling(&Trust::default().name(), true).map_err(said)?;
    for from in (0..STATEMENTS).step_by(usize::try_from(BATCH).unwrap_or(1)) {
        let batch: Vec<Indexed> = (from..from + BATCH).map(statement).collect();
        index.apply(from, from + BATCH, &batch).map_err(said)?;
    }
    index.end_filling().map_err(said)?;
    let seconds = clock.elapsed().as_secs_f64();
    let size = index.size().map_err(said)?;
    let bytes = std::fs::metadata(&path).map_or(0, |file| file.len());
    println!(
        "{} statements, {} nodes, {} edges indexed in {seconds:.1} s ({} MB)\n",
        size.statements,
        size.nodes,
        size.edges,
        bytes >> 20
    );
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

fn envelope(number: u64) -> Digest {
    Digest::sha256(format!("envelope {number}").as_bytes())
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
    for every in READ_BY_MANY {
        if number.is_multiple_of(every) {
            edges.push(edge(node("shared shard", every), &run, Relation::Input));
        }
    }
    edges.push(edge(run.clone(), &model, Relation::Output));
    if number.is_multiple_of(DEPLOYED) {
        edges.push(edge(model.clone(), &node("deployment", number), Relation::Deployed));
    }
    Indexed {
        envelope: envelope(number),
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
