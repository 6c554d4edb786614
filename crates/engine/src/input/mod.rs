//! From places a user names to tables: files, folders, globs, Hive partitions, Delta and Iceberg; forms told by content.

mod arrow_place;
mod avro_place;
mod blocks;
mod diagnose;
mod form;
mod lake;
mod leaf;
mod open;
mod parquet;
mod shards;

pub use form::{Compression, Form};
pub use leaf::{Leaf, leaves};
pub use shards::{MOST_SHARDS, Shard, shards};
