//! The flags of `bartizan server`.

use super::gate::BasisArguments;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Arguments of `bartizan server`.
#[derive(Debug, Args)]
pub(crate) struct ServerArguments {
    /// Serve as a Kubernetes ValidatingAdmissionWebhook: AdmissionReview v1 over TLS at /validate
    #[arg(long, required = true)]
    pub(crate) admission: bool,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "0.0.0.0:8443")]
    pub(crate) listen: String,
    /// Chain of certificates in PEM; read again when it changes
    #[arg(long, value_name = "FILE", default_value = "/tls/tls.crt")]
    pub(crate) tls_cert: PathBuf,
    /// Private key of the certificate in PEM
    #[arg(long, value_name = "FILE", default_value = "/tls/tls.key")]
    pub(crate) tls_key: PathBuf,
    /// Lines of `NAME DIGEST` for images and models that are named without a digest; read again when it changes
    #[arg(long, value_name = "FILE")]
    pub(crate) digests: Option<PathBuf>,
    /// What is asked of container images
    #[arg(long, value_name = "WHAT", default_value = "judged")]
    pub(crate) images: AskedOfImages,
    /// Let everything in, and say in warnings what would have been denied
    #[arg(long)]
    pub(crate) audit: bool,
    /// How long a decision is remembered while policy, keys and log stay as they are, in seconds
    #[arg(long, value_name = "N", default_value = "60", value_parser = clap::value_parser!(u64).range(0..=86_400))]
    pub(crate) remember_s: u64,
    /// Largest review that is read, in bytes
    #[arg(long, value_name = "N", default_value = "4194304", value_parser = clap::value_parser!(u64).range(1_024..=67_108_864))]
    pub(crate) max_review_bytes: u64,
    #[command(flatten)]
    pub(crate) basis: BasisArguments,
}

/// What is asked of container images.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AskedOfImages {
    /// A digest, and a verdict of the gate about it, as of models.
    Judged,
    /// A digest.
    Pinned,
    /// Nothing: only models are judged.
    Ignored,
}

pub(crate) const SERVER_HELP: &str = "\
A workload is let in when every image and every model in it is: each is resolved to a digest, and the gate decides about the digest by
policy and evidence, as `bartizan gate sha256:…` does. What names no digest, or has no evidence, is denied.

A model's digest stands in its name (oci://…@sha256:…), in the file of --digests, or in the annotation bartizan.dev/model-digest.
Manifests for a cluster lie in integrations/kubernetes.

Examples:
  bartizan server --admission --tls-cert tls.crt --tls-key tls.key --policy baseline --env production
  bartizan server --admission --audit --images pinned --digests models.txt";
