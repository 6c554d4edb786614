//! Files for tests.

use bartizan_data::profile::Profile;
use bartizan_engine::input::shards;
use bartizan_engine::{Engine, EngineError, Settings};
use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder that goes away with the test.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn parquet(&self, name: &str, batch: &RecordBatch, group: usize) -> PathBuf {
        let path = self.write(name, "");
        let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group)).build();
        let mut writer =
            ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
        writer.write(batch).unwrap();
        writer.close().unwrap();
        path
    }

    pub(crate) fn arrow(&self, name: &str, batch: &RecordBatch) -> PathBuf {
        let path = self.write(name, "");
        let mut writer = FileWriter::try_new(File::create(&path).unwrap(), &batch.schema()).unwrap();
        writer.write(batch).unwrap();
        writer.finish().unwrap();
        path
    }
}

/// Rows with an ascending `id`, an `amount` of id / 2 and a `kind` of three values, every tenth missing.
pub(crate) fn orders(rows: i64) -> RecordBatch {
    let ids: Vec<i64> = (0..rows).collect();
    let amounts: Vec<f64> = ids.iter().map(|id| *id as f64 / 2.0).collect();
    let kinds: Vec<Option<&str>> = ids
        .iter()
        .map(|id| {
            if id % 10 == 9 {
                None
            } else {
                ["red", "green", "blue"].get((id % 3).cast_unsigned() as usize).copied()
            }
        })
        .collect();
    let columns: [(&str, ArrayRef); 3] = [
        ("id", Arc::new(Int64Array::from(ids))),
        ("amount", Arc::new(Float64Array::from(amounts))),
        ("kind", Arc::new(StringArray::from(kinds))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, true))).unwrap()
}

/// Runs work of the engine on two threads.
pub(crate) fn wait<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap().block_on(work)
}

/// An engine.
pub(crate) fn engine() -> Engine {
    Engine::new(Settings::default()).unwrap()
}

/// The profile of a place.
pub(crate) fn profile(place: &Path) -> Result<Profile, EngineError> {
    let shards = shards(&[place.to_owned()])?;
    wait(engine().profile(&shards, &[]))
}
