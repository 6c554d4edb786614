//! Envelopes, keys and model signatures of others, each with its expected verdict. They are not part of this repository; without
//! `BARTIZAN_CORPUS` (a folder with `supply/`) the tests say that they are skipped.

#![cfg(test)]

use bartizan_evidence::dsse::Envelope;
use bartizan_evidence::keys::{PublicKey, certificates_from_pem};
use bartizan_evidence::manifest::{Digesting, HashAlgorithm, Silent};
use bartizan_evidence::oms::{Identity, Trust, Verification, VerifyOptions, verify};
use bartizan_evidence::predicate::Predicate;
use bartizan_evidence::statement::Statement;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn corpus(part: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("BARTIZAN_CORPUS").map(|root| PathBuf::from(root).join("supply").join(part));
    let found = folder.filter(|folder| folder.exists());
    if found.is_none() {
        println!("skipped: BARTIZAN_CORPUS names no folder with supply/{part}");
    }
    found
}

/// The lines of a table without its head, split at tabs.
fn rows(path: &Path) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect()
}

fn check(model: &Path, signature: &Path, trust: &Trust) -> Verification {
    let options = VerifyOptions {
        revoked: &bartizan_evidence::keys::RevocationLists::default(),
        trust,
        digesting: Digesting {
            algorithm: HashAlgorithm::Sha256,
            jobs: NonZeroUsize::new(2).unwrap(),
            progress: &Silent,
            cache: None,
            gathered: None,
            live: None,
        },
        // 2026-06-01, within the years for which the certificates are valid.
        now: Duration::from_hours(494_520),
        signature_file: Some(signature),
        ignore_paths: &[],
        allow_symlinks: false,
        ignore_unsigned_files: false,
        allow_unsigned: false,
    };
    verify(model, &fs::read(signature).unwrap(), options).unwrap()
}

#[test]
fn envelopes_have_their_verdicts_and_typed_predicates() {
    let Some(folder) = corpus("dsse") else { return };
    let mut checked = 0;
    for row in rows(&folder.join("manifest.tsv")) {
        let [file, key, verdict, ..] = row.as_slice() else { panic!("{row:?}") };
        let (key, _) = PublicKey::from_securesystemslib(&fs::read(folder.join(key)).unwrap()).unwrap();
        let envelope = Envelope::from_json(&fs::read(folder.join(file)).unwrap()).unwrap();
        assert_eq!(envelope.verify(&[&key]).is_ok(), verdict == "valid", "{file}");
        let statement = Statement::from_payload(&envelope.payload).unwrap();
        assert!(!matches!(Predicate::of(&statement).unwrap(), Predicate::Other(_)), "{file}");
        checked += 1;
    }
    assert!(checked > 0);
}

#[test]
fn model_signatures_have_their_verdicts() {
    let Some(archive) = corpus("oms.tar.gz") else { return };
    let place = tempfile::tempdir().unwrap();
    let unpacked = Command::new("tar").arg("xzf").arg(&archive).arg("-C").arg(place.path()).status();
    if !unpacked.is_ok_and(|status| status.success()) {
        println!("skipped: no tar to unpack {}", archive.display());
        return;
    }
    let folder = place.path().join("oms");
    let mut wrong = Vec::new();
    for row in rows(&folder.join("manifest.tsv")) {
        let [case, key, target, kind, reference, ..] = row.as_slice() else { panic!("{row:?}") };
        let model = folder.join(case).join("model");
        // An archive may come without the files that its own table says were added.
        if let Some(names) =
            reference.split_once("Extra files found in model 'model': ").map(|(_, names)| names)
        {
            let names = names.trim_end_matches(['"', ']']).split("\", \"").next().unwrap_or_default();
            for name in names.split(", ").filter(|name| !model.join(name).exists()) {
                fs::write(model.join(name), "added").unwrap();
            }
        }
        let key = PublicKey::from_pem(&fs::read_to_string(folder.join("keys").join(key)).unwrap()).unwrap();
        let path = if target == "." { model.clone() } else { model.join(target) };
        let found = check(&path, &folder.join(case).join("model.sig"), &Trust::Keys(vec![key]));
        if found.refusals.is_empty() != (kind == "valid") {
            wrong.push(format!("{case}: {:?}", found.refusals));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn signatures_of_older_releases_are_valid_and_a_changed_file_is_not() {
    let Some(folder) = corpus("oms_historical/scripts/tests") else { return };
    let keys = folder.join("keys/certificate");
    let pem = |name: &str| fs::read_to_string(keys.join(name)).unwrap();
    let mut checked = 0;
    for release in fs::read_dir(&folder).unwrap() {
        let release = release.unwrap();
        let (name, signature) =
            (release.file_name().into_string().unwrap(), release.path().join("model.sig"));
        if !signature.exists() {
            continue;
        }
        let (trust, one) = if name.ends_with("certificate") {
            (Trust::Roots(certificates_from_pem(&pem("ca-cert.pem")).unwrap()), "v1.0.0-certificate")
        } else if name.ends_with("elliptic-key") {
            (
                Trust::Keys(vec![PublicKey::from_pem(&pem("signing-key-pub.pem")).unwrap()]),
                "v1.1.0-elliptic-key",
            )
        } else {
            let expected = Identity {
                identity: "stefanb@us.ibm.com".to_owned(),
                issuer: "https://sigstore.verify.ibm.com/oauth2".to_owned(),
            };
            (Trust::Identity { expected, trust_root: None }, "v1.0.0-certificate")
        };
        // The files were the same in every release; not every folder of the corpus has them all.
        let place = tempfile::tempdir().unwrap();
        for file in ["signme-1", "signme-2"] {
            let content = fs::read(folder.join(one).join(file)).unwrap();
            fs::write(place.path().join(file), content).unwrap();
        }
        let mut model = place.path().to_owned();
        let found = check(&model, &signature, &trust);
        if matches!(found.refusals.as_slice(), [bartizan_evidence::oms::Refusal::Shape { .. }]) {
            model = model.join("signme-1");
        }
        let found = check(&model, &signature, &trust);
        assert!(found.refusals.is_empty(), "{name}: {:?}", found.refusals);
        fs::write(place.path().join("signme-1"), "other").unwrap();
        assert_eq!(check(&model, &signature, &trust).refusals.len(), 1, "{name}");
        checked += 1;
    }
    assert!(checked > 0);
}
