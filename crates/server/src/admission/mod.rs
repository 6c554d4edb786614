//! A Kubernetes `ValidatingAdmissionWebhook`: a workload is let in when every image and model in it is.
//!
//! | file | subject |
//! | --- | --- |
//! | `review` | `AdmissionReview` of `admission.k8s.io/v1`, read and answered |
//! | `references` | which images and models a workload names |
//! | `resolve` | from a name to a digest, or why there is none |
//! | `webhook` | the answer to a review, with what was decided a moment ago remembered |
//! | `serve` | TLS, HTTP, bounds of size and time |
//! | `metrics` | what is counted |
//!
//! Source: Kubernetes, *Dynamic Admission Control*, and the types of `k8s.io/api/admission/v1`. Everything fails closed: what cannot be
//! read, resolved or decided is denied, with a reason that the person who deployed it can act on.

mod metrics;
mod references;
mod resolve;
mod review;
mod serve;
mod webhook;

pub use metrics::Metrics;
pub use references::{MOST_REFERENCES, Named, Reference, ReferenceError, Subject, named_in};
pub use resolve::{Digests, MODEL_DIGEST, Unresolved, digest_in};
pub use review::{API_VERSION, Answer, LARGEST_REVIEW, Operation, Review, ReviewError};
pub use serve::{Identity, Limits, ServeError, Serving, identity, serve};
pub use webhook::{Clock, Images, Judge, Options, Ruling, Verdict, Webhook};
