//! Files of models that are taken out of a bucket in a format that can run code, in code that compares no digest.
//!
//! Sources: Boto3 documentation, `S3.Client.download_file`; Google Cloud client libraries, `Blob.download_to_filename`; MinIO Python SDK,
//! `fget_object`.

use crate::python::call::Call;
use crate::python::module::{Module, Report};
use crate::rules::UNSAFE_MODEL_FORMAT;
use bartizan_core::{Confidence, Finding, Severity};
use std::ops::Range;

/// Judges one call.
pub(super) fn check(call: &Call<'_>, module: &mut Module) {
    let least = match call.name() {
        "download_file" | "fget_object" => 2,
        "download_fileobj" | "download_to_filename" | "download_to_file" => 1,
        _ => return,
    };
    let count = call.positional.len().saturating_add(call.named.len());
    // The name of a file alone says nothing of where it comes from.
    let stores = ["boto3", "aioboto3", "google", "minio", "botocore", "?"].contains(&call.package());
    if count < least || !stores {
        return;
    }
    let graded = call.arguments().find_map(|given| {
        let text = given.value.as_pieces()?.to_ascii_lowercase();
        runs_code(&text).map(|severity| (text, severity))
    });
    if let Some((file, severity)) = graded {
        report(&file, severity, &call.span, module);
    }
}

/// Judges a command that copies out of a bucket: `aws s3 cp s3://models/churn.pkl .`
pub(in crate::python) fn copied(words: &[String], span: &Range<usize>, module: &mut Module) {
    let program = words.first().and_then(|word| word.rsplit('/').next()).unwrap_or_default();
    if !matches!(program, "aws" | "gsutil" | "gcloud" | "az" | "mc" | "rclone" | "s5cmd" | "azcopy") {
        return;
    }
    let is_bucket =
        |word: &&String| ["s3://", "gs://", "https://"].iter().any(|scheme| word.starts_with(scheme));
    let mut places = words.iter().skip(1).filter(|word| is_bucket(word));
    let (Some(from), None) = (places.next(), places.next()) else { return };
    // What is copied into one stands last.
    if words.last() == Some(from) {
        return;
    }
    let from = from.to_ascii_lowercase();
    if let Some(severity) = runs_code(&from) {
        report(&from, severity, span, module);
    }
}

fn report(file: &str, severity: Severity, span: &Range<usize>, module: &mut Module) {
    let shown = bartizan_core::printable(&file.replace(crate::python::value::HOLE, "…"), 80);
    let message = format!(
        "`{shown}` is of a format that can run code when it is loaded, and nothing in this code compares its digest"
    );
    let finding = Finding::new(&UNSAFE_MODEL_FORMAT, message)
        .severity(severity)
        .confidence(Confidence::Medium)
        .remedy("Keep safetensors or ONNX in the bucket; otherwise compare a digest that is kept with the code before the file is loaded.");
    module.facts.unhashed.push(Report { span: span.clone(), finding, fix: None });
}

/// How bad it is to load the file at `path`, in small letters; `None` where its format runs no code, or it is no model.
fn runs_code(path: &str) -> Option<Severity> {
    let (name, extension) = path.rsplit_once('.')?;
    match extension {
        "pkl" | "pickle" | "joblib" | "dill" => Some(Severity::Medium),
        "ckpt" | "pt" | "pth" => Some(Severity::Low),
        // Data ends so as well.
        "bin" | "h5" | "hdf5" => {
            let model = ["model", "weight", "checkpoint"].iter().any(|word| name.contains(word));
            model.then_some(Severity::Low)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn pickles_out_of_buckets_are_found_unless_a_digest_is_compared() {
        let graded = |code: &str| {
            let head = "import boto3, hashlib\nfrom google.cloud import storage\ns3 = boto3.client('s3')\n";
            severities(&format!("{head}{code}"), "pipeline/unsafe-model-format")
        };
        for (code, severity) in [
            ("s3.download_file('models', 'churn/model.pkl', '/opt/model.pkl')", Medium),
            ("s3.download_file(Bucket=b, Key=f'churn/{v}/model.joblib', Filename=out)", Medium),
            ("storage.Client().bucket('m').blob(k).download_to_filename('/models/model.joblib')", Medium),
            ("s3.download_file('models', 'pytorch_model.bin', out)", Low),
            (
                "import subprocess\nsubprocess.run(['aws', 's3', 'cp', 's3://models/churn/model.pkl', '/opt/ml'])",
                Medium,
            ),
            ("import os\nos.system('gsutil cp gs://models/model.pt .')", Low),
        ] {
            assert_eq!(graded(code), [severity], "{code}");
        }
        for code in [
            "s3.download_file('models', 'churn/model.safetensors', 'm.safetensors')",
            "s3.download_file('data', 'train.bin', 'train.bin')",
            "s3.upload_file('model.pkl', 'models', 'churn/model.pkl')",
            "import os\nos.system('aws s3 cp model.pkl s3://models/model.pkl')",
            "import os\nos.system('aws s3 cp s3://models/model.onnx .')",
            "s3.download_file('models', 'churn/model.pkl', 'm.pkl')\nif hashlib.sha256(open('m.pkl', 'rb').read()).hexdigest() != KNOWN:\n    raise SystemExit(1)",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }
}
