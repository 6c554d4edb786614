//! `bartizan scan --fix --resolve`: what names that move stand for now, so that they can be pinned.
//!
//! | file | subject |
//! | --- | --- |
//! | `cache` | commits of models and data sets that this machine has fetched already |
//! | `network` | registries, git servers and the Hugging Face hub |
//!
//! Nothing is asked unless the user says so, and each thing once. What is scanned decides whom to ask: so every answer is bounded in size
//! and time, only TLS is spoken to other machines, and a host that stays silent is not asked again.

mod cache;
#[cfg(feature = "gateway")]
mod network;

use crate::arguments::Resolve;
use crate::failure::Failure;
use crate::terminal;
use bartizan_pipeline::{Answer, Asked};
use std::collections::BTreeMap;

/// Most things that are looked up in one run.
const MOST_ASKED: usize = 1000;

/// Who looks up what names stand for.
pub(crate) struct Resolver {
    /// Where, when anywhere.
    allowed: Option<Resolve>,
    cache: Option<cache::HubCache>,
    #[cfg(feature = "gateway")]
    network: Option<network::Network>,
    /// What was asked, and what was answered.
    known: BTreeMap<Asked, Option<Answer>>,
    refused: bool,
}

impl Resolver {
    /// One that asks where `allowed` says.
    ///
    /// # Errors
    /// [`Failure::Lookup`] when the network is to be asked and cannot be.
    pub(crate) fn new(allowed: Option<Resolve>) -> Result<Self, Failure> {
        #[cfg(not(feature = "gateway"))]
        if allowed == Some(Resolve::Network) {
            return Err(Failure::Lookup(
                "--resolve asks registries and git servers, and this program was built without connections; build it \
                 with --features gateway, or say --resolve=cache"
                    .to_owned(),
            ));
        }
        Ok(Self {
            allowed,
            cache: allowed.and_then(|_| cache::HubCache::of_user()),
            #[cfg(feature = "gateway")]
            network: match allowed {
                Some(Resolve::Network) => Some(network::Network::open()?),
                Some(Resolve::Cache) | None => None,
            },
            known: BTreeMap::new(),
            refused: false,
        })
    }

    /// What `asked` stands for; none when that is not found out, which is said once.
    pub(crate) fn answer(&mut self, asked: &Asked) -> Option<Answer> {
        if let Some(known) = self.known.get(asked) {
            return known.clone();
        }
        self.allowed?;
        if self.known.len() >= MOST_ASKED {
            if !std::mem::replace(&mut self.refused, true) {
                terminal::remark(&format!(
                    "more than {MOST_ASKED} names to look up; the rest are left as they are"
                ));
            }
            return None;
        }
        let answer = self.found(asked);
        self.known.insert(asked.clone(), answer.clone());
        answer
    }

    fn found(&mut self, asked: &Asked) -> Option<Answer> {
        if let Some(commit) = self.cache.as_ref().and_then(|cache| cache.commit(asked)) {
            return Some(Answer { pinned: commit, version: None });
        }
        #[cfg(feature = "gateway")]
        if let Some(network) = &mut self.network {
            return match network.answer(asked) {
                Ok(answer) => Some(answer),
                Err(why) => {
                    terminal::remark(&format!("{asked} is not pinned: {why}"));
                    None
                }
            };
        }
        None
    }
}
