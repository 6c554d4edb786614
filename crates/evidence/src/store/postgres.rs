//! The index for a team, in PostgreSQL: [`PostgresIndex`].
//!
//! The same tables as in SQLite. Batches go in as arrays, one round trip for each table; a walk asks for a whole frontier at a
//! time. Text columns sort by bytes (collation "C"), so that both databases give equal contents.

use super::index::{
    CONTENTS, Direction, EdgeRow, GAP_KEYS, Gap, Index, IndexError, Indexed, LAYOUT, LabelRow, NodeKey,
    Position, RowHash, Size, StatementKey, StatementRow, TableDigest, gap_key, gap_of, label_columns,
    label_of, relation_column, statement_of,
};
use crate::digest::Digest;
use crate::lineage::{NodeFact, NodeId, Relation};
use postgres::fallible_iterator::FallibleIterator as _;
use postgres::{Client, NoTls, Row, Transaction};
use std::collections::{BTreeMap, HashSet};

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS node (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name TEXT COLLATE \"C\" NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS statement (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    envelope TEXT COLLATE \"C\" NOT NULL UNIQUE, payload TEXT COLLATE \"C\" NOT NULL, predicate TEXT COLLATE \"C\" NOT NULL,
    entry BIGINT, signers TEXT COLLATE \"C\" NOT NULL);
CREATE INDEX IF NOT EXISTS statement_payload ON statement (payload);
CREATE TABLE IF NOT EXISTS subject (node BIGINT NOT NULL, statement BIGINT NOT NULL, PRIMARY KEY (node, statement));
CREATE TABLE IF NOT EXISTS label (node BIGINT NOT NULL, statement BIGINT NOT NULL, kind TEXT COLLATE \"C\" NOT NULL,
    name TEXT COLLATE \"C\" NOT NULL, PRIMARY KEY (node, statement, kind, name));
CREATE TABLE IF NOT EXISTS edge (source BIGINT NOT NULL, target BIGINT NOT NULL, relation SMALLINT NOT NULL,
    statement BIGINT NOT NULL, PRIMARY KEY (source, target, relation, statement));
CREATE INDEX IF NOT EXISTS edge_up ON edge (target, source, relation, statement);
";

const DROP: &str = "DROP TABLE IF EXISTS meta, node, statement, subject, label, edge CASCADE";

/// Number of the lock under which tables are made and changed; any number will do that nobody else uses.
const LOCK: i64 = 0x6261_7274_697a_616e;

/// An index in a PostgreSQL database of its own.
pub struct PostgresIndex {
    client: Client,
}

impl std::fmt::Debug for PostgresIndex {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("PostgresIndex")
    }
}

impl PostgresIndex {
    /// Connects with parameters such as `host=… user=… dbname=…`, and makes the tables when they are missing.
    ///
    /// # Errors
    /// [`IndexError::Postgres`] and [`IndexError::Layout`].
    pub fn connect(parameters: &str) -> Result<Self, IndexError> {
        let mut client = Client::connect(parameters, NoTls)?;
        client.batch_execute("SET client_min_messages = warning")?;
        let mut transaction = client.transaction()?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
        let exists: bool = transaction.query_one("SELECT to_regclass('meta') IS NOT NULL", &[])?.get(0);
        if exists && meta(&mut transaction, "layout")?.as_deref() != Some(LAYOUT) {
            transaction.batch_execute(DROP)?;
        }
        transaction.batch_execute(TABLES)?;
        set_meta(&mut transaction, "layout", LAYOUT)?;
        transaction.commit()?;
        Ok(Self { client })
    }
}

impl Index for PostgresIndex {
    fn position(&mut self) -> Result<Position, IndexError> {
        let rows = self.client.query("SELECT key, value FROM meta", &[])?;
        let value = |key: &str| {
            rows.iter().find(|row| row.get::<_, &str>(0) == key).map(|row| row.get::<_, String>(1))
        };
        Ok(Position {
            next_entry: value("next").and_then(|next| next.parse().ok()).unwrap_or_default(),
            trust: value("trust").unwrap_or_default(),
        })
    }

    fn apply(&mut self, from: u64, to: u64, statements: &[Indexed]) -> Result<bool, IndexError> {
        let mut transaction = self.client.transaction()?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
        let next = meta(&mut transaction, "next")?.and_then(|next| next.parse().ok()).unwrap_or(0_u64);
        if next != from {
            return Ok(false);
        }
        add(&mut transaction, statements)?;
        set_meta(&mut transaction, "next", &to.to_string())?;
        transaction.commit()?;
        Ok(true)
    }

    fn add_gaps(&mut self, gaps: &[Gap]) -> Result<(), IndexError> {
        let mut transaction = self.client.transaction()?;
        for gap in gaps {
            set_meta(&mut transaction, &gap_key(gap.entry), &gap.reason)?;
        }
        transaction.commit()?;
        Ok(())
    }

    fn gaps(&mut self) -> Result<Vec<Gap>, IndexError> {
        let sql = "SELECT key, value FROM meta WHERE left(key, 4) = $1 ORDER BY key COLLATE \"C\"";
        let rows = self.client.query(sql, &[&GAP_KEYS])?;
        rows.iter().map(|row| gap_of(row.get(0), row.get(1))).collect()
    }

    fn clear(&mut self, trust: &str) -> Result<(), IndexError> {
        let mut transaction = self.client.transaction()?;
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK])?;
        transaction.batch_execute("TRUNCATE node, statement, subject, label, edge")?;
        transaction.execute("DELETE FROM meta WHERE left(key, 4) = $1", &[&GAP_KEYS])?;
        set_meta(&mut transaction, "next", "0")?;
        set_meta(&mut transaction, "trust", trust)?;
        transaction.commit()?;
        Ok(())
    }

    fn node(&mut self, id: &NodeId) -> Result<Option<NodeKey>, IndexError> {
        let row = self.client.query_opt("SELECT id FROM node WHERE name = $1", &[&id.as_str()])?;
        Ok(row.map(|row| row.get(0)))
    }

    fn nodes_like(&mut self, prefix: &str, most: usize) -> Result<Vec<NodeId>, IndexError> {
        let sql =
            "SELECT name FROM node WHERE name >= $1 AND left(name, length($1)) = $1 ORDER BY name LIMIT $2";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = self.client.query(sql, &[&prefix, &most])?;
        Ok(rows.iter().map(|row| NodeId::stored(row.get(0))).collect())
    }

    fn edges(
        &mut self,
        nodes: &[NodeKey],
        direction: Direction,
        into: &mut Vec<EdgeRow>,
    ) -> Result<(), IndexError> {
        let (begins, ends) = match direction {
            Direction::Down => ("source", "target"),
            Direction::Up => ("target", "source"),
        };
        let sql = format!(
            "SELECT source, target, relation, statement FROM edge WHERE {begins} = ANY($1)
             UNION ALL SELECT source, target, relation, statement FROM edge WHERE {ends} = ANY($1) AND relation = $2"
        );
        let rows = self.client.query(&sql, &[&nodes, &(Relation::SameAs as i16)])?;
        for row in &rows {
            into.push(edge_of(row)?);
        }
        Ok(())
    }

    fn names(&mut self, nodes: &[NodeKey]) -> Result<BTreeMap<NodeKey, NodeId>, IndexError> {
        let rows = self.client.query("SELECT id, name FROM node WHERE id = ANY($1)", &[&nodes])?;
        Ok(rows.iter().map(|row| (row.get(0), NodeId::stored(row.get(1)))).collect())
    }

    fn labels(&mut self, nodes: &[NodeKey]) -> Result<Vec<LabelRow>, IndexError> {
        let sql = "SELECT node, statement, kind, name FROM label WHERE node = ANY($1)";
        let rows = self.client.query(sql, &[&nodes])?;
        let label = |row: &Row| label_of(row.get(0), row.get(1), row.get(2), row.get(3));
        Ok(rows.iter().map(label).collect())
    }

    fn statements(
        &mut self,
        keys: &[StatementKey],
    ) -> Result<BTreeMap<StatementKey, StatementRow>, IndexError> {
        let sql = "SELECT envelope, payload, predicate, entry, signers, id FROM statement WHERE id = ANY($1)";
        let rows = self.client.query(sql, &[&keys])?;
        rows.iter().map(|row| Ok((row.get(5), statement_row(row)?))).collect()
    }

    fn about(&mut self, node: NodeKey) -> Result<Vec<StatementKey>, IndexError> {
        let rows = self
            .client
            .query("SELECT statement FROM subject WHERE node = $1 ORDER BY statement", &[&node])?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    fn statement_called(&mut self, digest: &Digest) -> Result<Option<StatementRow>, IndexError> {
        let sql = "SELECT envelope, payload, predicate, entry, signers FROM statement
                   WHERE envelope = $1 OR payload = $1 ORDER BY envelope LIMIT 1";
        self.client.query_opt(sql, &[&digest.to_string()])?.as_ref().map(statement_row).transpose()
    }

    fn size(&mut self) -> Result<Size, IndexError> {
        let mut count = |table: &str| {
            let row = self.client.query_one(&format!("SELECT COUNT(*) FROM {table}"), &[])?;
            Ok::<u64, IndexError>(row.get::<_, i64>(0).unsigned_abs())
        };
        Ok(Size { statements: count("statement")?, nodes: count("node")?, edges: count("edge")? })
    }

    fn all_edges(&mut self, most: usize) -> Result<Vec<EdgeRow>, IndexError> {
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows =
            self.client.query("SELECT source, target, relation, statement FROM edge LIMIT $1", &[&most])?;
        rows.iter().map(edge_of).collect()
    }

    fn contents(&mut self) -> Result<BTreeMap<&'static str, TableDigest>, IndexError> {
        let mut tables = BTreeMap::new();
        for (table, sql) in CONTENTS {
            let mut hash = RowHash::new();
            let mut rows = self.client.query_raw::<str, i64, [i64; 0]>(sql, [])?;
            while let Some(row) = rows.next()? {
                hash.add(row.get(0));
            }
            tables.insert(table, hash.finish());
        }
        Ok(tables)
    }
}

fn meta(transaction: &mut Transaction<'_>, key: &str) -> Result<Option<String>, IndexError> {
    let row = transaction.query_opt("SELECT value FROM meta WHERE key = $1", &[&key])?;
    Ok(row.map(|row| row.get(0)))
}

fn set_meta(transaction: &mut Transaction<'_>, key: &str, value: &str) -> Result<(), IndexError> {
    let sql = "INSERT INTO meta VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    transaction.execute(sql, &[&key, &value])?;
    Ok(())
}

fn add(transaction: &mut Transaction<'_>, statements: &[Indexed]) -> Result<(), IndexError> {
    let mut seen = HashSet::new();
    let statements: Vec<&Indexed> = statements.iter().filter(|each| seen.insert(&each.envelope)).collect();
    let envelopes: Vec<String> = statements.iter().map(|each| each.envelope.to_string()).collect();
    let payloads: Vec<String> = statements.iter().map(|each| each.payload.to_string()).collect();
    let predicates: Vec<&str> = statements.iter().map(|each| each.predicate_type.as_str()).collect();
    let entries: Vec<Option<i64>> =
        statements.iter().map(|each| each.entry.and_then(|entry| i64::try_from(entry).ok())).collect();
    let signers: Vec<String> = statements.iter().map(|each| each.signers.join(" ")).collect();
    transaction.execute(
        "INSERT INTO statement (envelope, payload, predicate, entry, signers)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
         ON CONFLICT (envelope) DO UPDATE SET entry = COALESCE(statement.entry, excluded.entry)",
        &[&envelopes, &payloads, &predicates, &entries, &signers],
    )?;
    let named = || statements.iter().zip(&envelopes);
    let subjects: Vec<(&str, &str)> = named()
        .flat_map(|(each, envelope)| each.subjects.iter().map(move |id| (id.as_str(), envelope.as_str())))
        .collect();
    let labels: Vec<(&NodeFact, &str)> = named()
        .flat_map(|(each, envelope)| each.facts.nodes.iter().map(move |fact| (fact, envelope.as_str())))
        .collect();
    let edges: Vec<(&crate::lineage::EdgeFact, &str)> = named()
        .flat_map(|(each, envelope)| each.facts.edges.iter().map(move |edge| (edge, envelope.as_str())))
        .collect();
    let mut nodes: Vec<&str> = subjects.iter().map(|(id, _)| *id).collect();
    nodes.extend(labels.iter().map(|(fact, _)| fact.id.as_str()));
    nodes.extend(edges.iter().flat_map(|(edge, _)| [edge.from.as_str(), edge.to.as_str()]));
    nodes.sort_unstable();
    nodes.dedup();
    transaction.execute(
        "INSERT INTO node (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING",
        &[&nodes],
    )?;
    let (ids, of): (Vec<&str>, Vec<&str>) = subjects.into_iter().unzip();
    transaction.execute(
        "INSERT INTO subject SELECT n.id, s.id FROM unnest($1::text[], $2::text[]) AS t (node, envelope)
         JOIN node n ON n.name = t.node JOIN statement s ON s.envelope = t.envelope ON CONFLICT DO NOTHING",
        &[&ids, &of],
    )?;
    let ids: Vec<&str> = labels.iter().map(|(fact, _)| fact.id.as_str()).collect();
    let of: Vec<&str> = labels.iter().map(|(_, envelope)| *envelope).collect();
    let (kinds, called): (Vec<&str>, Vec<&str>) = labels.iter().map(|(fact, _)| label_columns(fact)).unzip();
    transaction.execute(
        "INSERT INTO label SELECT n.id, s.id, t.kind, t.name
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS t (node, envelope, kind, name)
         JOIN node n ON n.name = t.node JOIN statement s ON s.envelope = t.envelope ON CONFLICT DO NOTHING",
        &[&ids, &of, &kinds, &called],
    )?;
    let from: Vec<&str> = edges.iter().map(|(edge, _)| edge.from.as_str()).collect();
    let to: Vec<&str> = edges.iter().map(|(edge, _)| edge.to.as_str()).collect();
    let relations: Vec<i16> = edges.iter().map(|(edge, _)| relation_column(edge)).collect();
    let of: Vec<&str> = edges.iter().map(|(_, envelope)| *envelope).collect();
    transaction.execute(
        "INSERT INTO edge SELECT a.id, b.id, t.relation, s.id
         FROM unnest($1::text[], $2::text[], $3::smallint[], $4::text[]) AS t (source, target, relation, envelope)
         JOIN node a ON a.name = t.source JOIN node b ON b.name = t.target
         JOIN statement s ON s.envelope = t.envelope ON CONFLICT DO NOTHING",
        &[&from, &to, &relations, &of],
    )?;
    Ok(())
}

fn edge_of(row: &Row) -> Result<EdgeRow, IndexError> {
    let relation: i16 = row.get(2);
    Ok(EdgeRow {
        from: row.get(0),
        to: row.get(1),
        relation: u8::try_from(relation).map_err(|_| IndexError::Damaged(format!("relation {relation}")))?,
        statement: row.get(3),
    })
}

fn statement_row(row: &Row) -> Result<StatementRow, IndexError> {
    statement_of(row.get(0), row.get(1), row.get(2), row.get(3), row.get(4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lineage::{MOST_NODES, TraceRequest, trace};
    use crate::store::MemoryIndex;
    use crate::store::testing::statements;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::{Path, PathBuf};
    use std::process::{Command, Stdio};

    /// A server in a folder of its own, on a socket only, stopped when dropped.
    struct Server {
        folder: tempfile::TempDir,
        as_other: bool,
    }

    impl Server {
        /// None, and a line that says so, when PostgreSQL is not installed or cannot run here.
        fn start() -> Option<Self> {
            let folder = tempfile::tempdir().unwrap();
            // PostgreSQL refuses to run as root; a user that every system has will do.
            let as_other = nix::unistd::geteuid().is_root();
            let server = Self { folder, as_other };
            std::fs::set_permissions(server.folder.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
            let data = server.data();
            let made = server.run(
                "initdb",
                &["-D", &data, "-U", "bartizan", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"],
            );
            let socket = format!("-k {} -c listen_addresses='' -c fsync=off", server.folder.path().display());
            let log = server.folder.path().join("log").display().to_string();
            let started = made
                && server.run("pg_ctl", &["-D", &data, "-o", &socket, "-l", &log, "-w", "-t", "60", "start"]);
            if !started {
                eprintln!("skipped: no PostgreSQL server (initdb, pg_ctl) can be started here");
                return None;
            }
            Some(server)
        }

        fn data(&self) -> String {
            self.folder.path().join("data").display().to_string()
        }

        fn run(&self, program: &str, arguments: &[&str]) -> bool {
            let Some(program) = find(program) else { return false };
            let mut command = if self.as_other {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
                command
            } else {
                Command::new(program)
            };
            let quiet =
                command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            quiet.current_dir(self.folder.path()).status().is_ok_and(|status| status.success())
        }

        fn parameters(&self) -> String {
            format!("host={} user=bartizan dbname=postgres", self.folder.path().display())
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "stop"]);
        }
    }

    fn find(program: &str) -> Option<PathBuf> {
        let path = std::env::var_os("PATH")?;
        let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let folders = std::env::split_paths(&path).chain(debian.map(|version| version.path().join("bin")));
        folders.map(|folder: PathBuf| folder.join(program)).find(|file: &PathBuf| Path::is_file(file))
    }

    #[test]
    fn it_holds_what_the_index_in_memory_holds_and_walks_alike() {
        let Some(server) = Server::start() else { return };
        let batch = statements(60);
        let mut memory = MemoryIndex::default();
        memory.clear("somebody").unwrap();
        memory.apply(0, 60, &batch).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let mut index = PostgresIndex::connect(&server.parameters()).unwrap();
                    loop {
                        let next = index.position().unwrap().next_entry;
                        let Some(statement) = batch.get(usize::try_from(next).unwrap()) else { break };
                        index.apply(next, next + 1, std::slice::from_ref(statement)).unwrap();
                    }
                });
            }
        });
        let mut index = PostgresIndex::connect(&server.parameters()).unwrap();
        assert_eq!(index.contents().unwrap(), memory.contents().unwrap());
        assert_eq!(index.size().unwrap(), memory.size().unwrap());
        let start = batch[10].facts.edges[0].from.clone();
        for direction in [Direction::Down, Direction::Up] {
            let request =
                TraceRequest { start: vec![start.clone()], direction, depth: None, most_nodes: MOST_NODES };
            assert_eq!(trace(&mut index, &request).unwrap(), trace(&mut memory, &request).unwrap());
        }
        let payload = &batch[3].payload;
        assert_eq!(index.statement_called(payload).unwrap(), memory.statement_called(payload).unwrap());
        assert_eq!(index.nodes_like("sha256:0", 50).unwrap(), memory.nodes_like("sha256:0", 50).unwrap());
        assert!(!index.apply(0, 60, &batch).unwrap());
        index.clear("somebody").unwrap();
        index.apply(0, 60, &batch).unwrap();
        index.apply(60, 61, &[batch[0].clone(), batch[0].clone()]).unwrap();
        assert_eq!(index.contents().unwrap(), memory.contents().unwrap());
        assert_eq!(index.position().unwrap(), Position { next_entry: 61, trust: "somebody".to_owned() });
    }
}
