//! `bartizan sign --certificate` and `verify --certificate-chain`: dates, and what counts for nothing.

use crate::support::Workplace;
use bartizan_evidence::keys::pem_text;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// A place with a model, a key in `signer.key` and `signer.pub`, its certificate in `signer.pem` with dates in these years, and the
/// root that issued it in `root.pem`.
pub(crate) fn certified(from: i32, until: i32) -> Workplace {
    let place = Workplace::new();
    place.write("model/weights.bin", [7; 100]);
    let named = |name: &str| {
        let mut parameters = CertificateParams::new(Vec::new()).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters
    };
    let root_key = KeyPair::generate().unwrap();
    let mut root = named("Root of the house");
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    (root.not_before, root.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2090, 1, 1));
    place.write("root.pem", pem_text("CERTIFICATE", root.self_signed(&root_key).unwrap().der()).as_bytes());
    let key = KeyPair::generate().unwrap();
    let mut signer = named("Signer of models");
    signer.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    (signer.not_before, signer.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(until, 1, 1));
    let issued = signer.signed_by(&key, &Issuer::new(root, root_key)).unwrap();
    place.write("signer.pem", pem_text("CERTIFICATE", issued.der()).as_bytes());
    place.write("signer.key", pem_text("PRIVATE KEY", &key.serialize_der()).as_bytes());
    assert_eq!(place.run(&["key", "export", "signer.key", "--output", "signer.pub"]).code, 0);
    place
}

const SIGN: [&str; 6] = ["sign", "model", "--key", "signer.key", "--certificate", "signer.pem"];

#[test]
fn a_valid_certificate_signs_and_verifies_from_its_root() {
    let place = certified(2021, 2089);
    let signed = place.run(&SIGN);
    assert_eq!(signed.code, 0, "{signed:?}");
    let ran = place.run(&["verify", "model", "--certificate-chain", "root.pem"]);
    assert!(ran.code == 0 && ran.out.contains("Signer of models"), "{ran:?}");
    // A key that is believed by itself needs no certificate, and the user is told.
    let ran = place.run(&["verify", "model", "--key", "signer.pub"]);
    assert!(ran.code == 0 && ran.err.contains("1 certificate in the bundle"), "{ran:?}");
    assert!(ran.err.contains("--certificate-chain"), "{ran:?}");
}

#[test]
fn a_certificate_out_of_its_dates_signs_only_when_told_to_and_verifies_never() {
    for (from, until, said) in [(2021, 2022, "valid until 2022"), (2088, 2089, "not valid before 2088")] {
        let place = certified(from, until);
        let refused = place.run(&SIGN);
        assert_eq!(refused.code, 2, "{refused:?}");
        for part in ["Signer of models", said, "--allow-expired"] {
            assert!(refused.err.contains(part), "{part}: {}", refused.err);
        }
        assert!(!place.path().join("model.sig").exists());
        let signed = place.run(&[&SIGN[..], &["--allow-expired"]].concat());
        assert_eq!(signed.code, 0, "{signed:?}");
        let ran = place.run(&["verify", "model", "--certificate-chain", "root.pem"]);
        assert!(ran.code == 1 && ran.out.contains("Signer of models"), "{ran:?}");
    }
}
