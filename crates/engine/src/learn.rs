//! Learning a suite: a profile of the reference, and the proof of what the profile only makes probable.

use crate::error::EngineError;
use crate::input::Shard;
use crate::session::Engine;
use bartizan_data::expect::{Confidence, Suite, learn};
use bartizan_data::profile::Profile;
use std::collections::HashSet;

/// Most columns whose uniqueness is looked into.
const MOST_CANDIDATES: usize = 64;

/// What was learned.
#[derive(Debug, Clone)]
pub struct Learned {
    /// The suite.
    pub suite: Suite,
    /// Why each expectation is there.
    pub comments: Vec<String>,
    /// The profile that drift will be judged against.
    pub profile: Profile,
}

impl Engine {
    /// Expectations of batches like this dataset.
    ///
    /// # Errors
    /// [`EngineError`] when a file cannot be read to its end.
    pub async fn learn(&self, shards: &[Shard], confidence: Confidence) -> Result<Learned, EngineError> {
        let profile = self.profile(shards, &[]).await?;
        let of_folders = shards.iter().flat_map(|shard| &shard.partitions).map(|(key, _)| key);
        let of_tables = shards.iter().flat_map(|shard| &shard.constants).map(|(name, _)| name);
        let folders: HashSet<&String> = of_folders.chain(of_tables).collect();
        let mut unique = Vec::new();
        let candidates = profile.candidate_keys().into_iter().filter(|name| !folders.contains(name));
        for name in candidates.take(MOST_CANDIDATES) {
            if self.repeated(shards, std::slice::from_ref(&name), 0).await?.values == 0 {
                unique.push(name);
            }
        }
        let (suite, comments) = learn(&profile, &unique, confidence)?;
        Ok(Learned { suite, comments, profile })
    }
}
