//! Structure of many vectors: eigenvectors, clusters, and the traces that a backdoor leaves in activations.

mod backdoor;
mod clusters;
mod eigen;

pub use backdoor::{ActivationClusters, activation_clusters, quantum_entropy_score, spectral_signature};
pub use clusters::{Clusters, k_means, silhouette};
pub use eigen::{covariance, leading_direction, symmetric_eigen};
