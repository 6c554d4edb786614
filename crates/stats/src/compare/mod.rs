//! Do two samples come from one law, and how far apart are they?

mod categorical;
mod distance;
mod kernel;
mod kolmogorov_smirnov;
mod ranks;

pub use categorical::{Contingency, Test, chi_squared, fisher_exact, g_test};
pub use distance::{
    SMOOTHING, energy_distance, hellinger, jensen_shannon, kullback_leibler, population_stability_index,
    total_variation, wasserstein,
};
pub use kernel::{KernelTest, kernel_test, maximum_mean_discrepancy, median_heuristic};
pub use kolmogorov_smirnov::{Alternative, EXACT_CELLS, KolmogorovSmirnov, Method, kolmogorov_smirnov};
pub use ranks::{MannWhitney, cliffs_delta, cohens_d, mann_whitney, welch_t};

fn ascending(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}
