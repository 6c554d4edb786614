//! The engine in process: its settings, and the runtime that plans run on.

use crate::error::EngineError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use std::path::PathBuf;
use std::sync::Arc;

/// Parts that a file is read in. It does not depend on the machine, so that sketches come out the same everywhere.
pub const PARTITIONS: usize = 8;
/// Rows of a batch.
pub const BATCH: usize = 8_192;
/// Columns from which a file is read in one part, because every part holds a state per column.
pub(crate) const WIDE: usize = 512;

/// What a user may set.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Most memory of sorting and grouping, in bytes; beyond it, they go through temporary files.
    pub memory: Option<usize>,
    /// Where those lie; in the system's folder for such if left out.
    pub scratch: Option<PathBuf>,
}

/// A place where plans run.
#[derive(Clone)]
pub struct Engine {
    /// Reads files in [`PARTITIONS`] parts.
    pub(crate) parallel: SessionContext,
    /// Reads files from their first row to their last.
    pub(crate) ordered: SessionContext,
    /// As `ordered`, and plans are not rewritten: rewriting takes longer than reading when there are thousands of columns.
    pub(crate) wide: SessionContext,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine.
    ///
    /// # Errors
    /// [`EngineError::Engine`] when no temporary folder can be had.
    pub fn new(settings: Settings) -> Result<Self, EngineError> {
        let mut builder = RuntimeEnvBuilder::new();
        if let Some(memory) = settings.memory {
            // Shared evenly, so that whatever may go through files does so before another part runs short.
            builder = builder.with_memory_pool(Arc::new(FairSpillPool::new(memory)));
        }
        if let Some(scratch) = settings.scratch {
            builder = builder.with_temp_file_path(scratch);
        }
        let runtime = builder.build_arc()?;
        let config = |partitions: usize| {
            let mut config = SessionConfig::new()
                .with_target_partitions(partitions)
                .with_batch_size(BATCH)
                .with_collect_statistics(false)
                .with_information_schema(false);
            // Which part reads what must not depend on which is quicker.
            config.options_mut().execution.enable_file_stream_work_stealing = false;
            config.options_mut().sql_parser.enable_ident_normalization = false;
            config
        };
        let ordered = config(1).with_repartition_file_scans(false).with_round_robin_repartition(false);
        let wide = SessionStateBuilder::new()
            .with_config(ordered.clone())
            .with_runtime_env(runtime.clone())
            .with_default_features()
            .with_optimizer_rules(Vec::new())
            .build();
        Ok(Self {
            parallel: SessionContext::new_with_config_rt(config(PARTITIONS), runtime.clone()),
            ordered: SessionContext::new_with_config_rt(ordered, runtime),
            wide: SessionContext::new_with_state(wide),
        })
    }
}
