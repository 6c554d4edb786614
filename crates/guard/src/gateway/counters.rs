//! How much of what is allowed is used: token buckets in memory, by name: [`Counters`].

use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Buckets from which on full ones are dropped, which changes nothing. Others stay: whoever names buckets bounds how many.
const MANY: usize = 65_536;

/// An allowance that fills again: `rate` a second, up to `most`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Allowance {
    pub(super) rate: f64,
    pub(super) most: f64,
}

/// Buckets by name.
#[derive(Debug, Default)]
pub(super) struct Counters {
    kept: Mutex<Kept>,
    /// Requests in progress by whose they are: whoever is configured, also while one configuration takes the place of another.
    progress: Mutex<HashMap<String, Arc<AtomicUsize>>>,
}

#[derive(Debug, Default)]
struct Kept {
    buckets: HashMap<String, Bucket>,
    /// How many are left when full ones were dropped last; looking for them again waits until there are twice as many, so that a
    /// request need not look at all.
    left: usize,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    level: f64,
    at: Instant,
    allowance: Allowance,
}

impl Bucket {
    /// Fills it up to a moment. One before the last, of a request that took longer to come, changes nothing: what came back once does
    /// not come back again.
    fn fill(&mut self, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + passed * self.allowance.rate).min(self.allowance.most);
        self.at = self.at.max(now);
    }
}

/// An amount of one bucket.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Take {
    pub(super) name: String,
    pub(super) amount: f64,
    pub(super) allowance: Allowance,
}

impl Counters {
    /// The requests of somebody in progress.
    pub(super) fn in_progress(&self, name: &str) -> Arc<AtomicUsize> {
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = progress.get(name) {
            return Arc::clone(count);
        }
        Arc::clone(progress.entry(name.to_owned()).or_default())
    }

    /// Takes from buckets that are full when they are first asked: from all of them, or from none. What a request turns out to cost later
    /// may be taken with `anyway`, also below nothing.
    ///
    /// # Errors
    /// How long to wait until there is enough; nothing is taken then.
    pub(super) fn take(&self, takes: &[Take], anyway: bool, now: Instant) -> Result<(), Duration> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { buckets, left } = &mut *kept;
        if buckets.len() >= MANY.max(left.saturating_mul(2)) {
            buckets.retain(|_, bucket| {
                bucket.fill(now);
                bucket.level < bucket.allowance.most
            });
            *left = buckets.len();
        }
        let mut longest = 0.0_f64;
        for Take { name, amount, allowance } in takes {
            let fresh = Bucket { level: allowance.most, at: now, allowance: *allowance };
            let bucket = buckets.entry(name.clone()).or_insert(fresh);
            bucket.allowance = *allowance;
            bucket.fill(now);
            // More than a bucket holds is let through when it is full, or nobody could ever ask for it.
            let needed = amount.min(allowance.most);
            if !anyway && bucket.level < needed {
                longest = longest.max((needed - bucket.level) / allowance.rate.max(1e-9));
            }
        }
        if longest > 0.0 {
            return Err(Duration::from_secs_f64(longest.clamp(0.001, 86_400.0)));
        }
        for take in takes {
            if let Some(bucket) = buckets.get_mut(&take.name) {
                bucket.level -= take.amount;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Allowance = Allowance { rate: 2.0, most: 3.0 };

    fn of(name: &str, amount: f64) -> Take {
        Take { name: name.to_owned(), amount, allowance: TWO }
    }

    #[test]
    fn when_one_bucket_has_too_little_nothing_is_taken_from_the_others() {
        let (counters, now) = (Counters::default(), Instant::now());
        counters.take(&[of("a", 3.0)], false, now).unwrap();
        assert!(counters.take(&[of("b", 3.0), of("a", 1.0)], false, now).is_err());
        assert!(counters.take(&[of("b", 3.0)], false, now).is_ok());
    }

    #[test]
    fn a_bucket_empties_fills_again_and_says_how_long_to_wait() {
        let (counters, now) = (Counters::default(), Instant::now());
        let take = |after_ms| counters.take(&[of("a", 1.0)], false, now + Duration::from_millis(after_ms));
        assert!(take(0).is_ok() && take(0).is_ok() && take(0).is_ok());
        assert_eq!(take(0), Err(Duration::from_millis(500)));
        assert!(take(500).is_ok() && take(500).is_err());
        assert!(counters.take(&[of("b", 1.0)], false, now).is_ok());
        // Never more than the most, however long nobody asked.
        assert!((0..3).all(|_| take(60_000).is_ok()) && take(60_000).is_err());
    }

    #[test]
    fn a_request_that_came_slowly_fills_no_bucket_twice() {
        let (counters, now) = (Counters::default(), Instant::now());
        let take = |amount, ms| counters.take(&[of("a", amount)], false, now + Duration::from_millis(ms));
        assert!(take(3.0, 0).is_ok() && take(2.0, 1_000).is_ok());
        // It began when nothing was used, and comes to be counted now.
        assert!(take(1.0, 0).is_err());
        assert_eq!(take(1.0, 1_000), Err(Duration::from_millis(500)));
    }

    #[test]
    fn what_was_used_anyway_is_owed() {
        let (counters, now) = (Counters::default(), Instant::now());
        counters.take(&[of("a", 7.0)], true, now).unwrap();
        assert_eq!(counters.take(&[of("a", 1.0)], false, now), Err(Duration::from_millis(2_500)));
    }

    #[test]
    fn more_than_a_bucket_holds_passes_when_it_is_full_and_is_owed() {
        let (counters, now) = (Counters::default(), Instant::now());
        assert!(counters.take(&[of("a", 9.0)], false, now).is_ok());
        assert!(counters.take(&[of("a", 1.0)], false, now + Duration::from_secs(3)).is_err());
    }

    #[test]
    fn of_many_buckets_those_that_are_full_again_are_dropped() {
        let (counters, now) = (Counters::default(), Instant::now());
        for number in 0..MANY {
            counters.take(&[of(&number.to_string(), 1.0)], false, now).unwrap();
        }
        let kept_after = |ms: u64, name: &str| {
            counters.take(&[of(name, 1.0)], false, now + Duration::from_millis(ms)).unwrap();
            counters.kept.lock().unwrap().buckets.len()
        };
        // None is full yet, so they are not looked at again before there are twice as many.
        assert_eq!(kept_after(0, "another"), MANY + 1);
        assert_eq!(kept_after(500, "a third"), MANY + 2);
        for number in MANY..2 * MANY {
            counters.take(&[of(&number.to_string(), 1.0)], false, now + Duration::from_millis(500)).unwrap();
        }
        assert_eq!(kept_after(500, "the last"), MANY + 2);
    }
}
