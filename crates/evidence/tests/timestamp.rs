//! Timestamps by a real authority, `openssl ts`: its tokens are believed here, our requests are answered there, and neither a
//! changed byte nor a wrong root, content, purpose or time gets through.
#![cfg(test)]

use bartizan_evidence::keys::{CertificateError, pem_text};
use bartizan_evidence::timestamp::{Content, TimestampError, check_content, request, verify};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, ExtendedKeyUsagePurpose,
    IsCa, KeyPair, KeyUsagePurpose,
};
use std::path::Path;
use std::process::Command;

const MESSAGE: &[u8] = b"log.example/test\n3\nroot\n";
const CONTENT: Content<'_> = Content::Message(MESSAGE);
/// Extended key usage with time stamping alone, in DER.
const TIME_STAMPING: [u8; 12] = [0x30, 0x0a, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 8];

/// How an authority is made.
struct Kind {
    algorithm: &'static rcgen::SignatureAlgorithm,
    digest: &'static str,
    certificate_digest: &'static str,
}

/// An authority in a folder of its own, and the root that vouches for it.
struct Authority {
    folder: tempfile::TempDir,
    root: Vec<u8>,
}

fn root() -> CertifiedIssuer<'static, KeyPair> {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "timestamp root");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
}

impl Authority {
    fn new(kind: &Kind, years: (i32, i32)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = root();
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "timestamp authority");
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], TIME_STAMPING.to_vec());
        usage.set_criticality(true);
        parameters.custom_extensions = vec![usage];
        parameters.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate_for(kind.algorithm).unwrap();
        let certificate = parameters.signed_by(&key, &root).unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("tsa.pem", &pem_text("CERTIFICATE", certificate.der()));
        write("tsa.key", &pem_text("PRIVATE KEY", &key.serialize_der()));
        write("root.pem", &pem_text("CERTIFICATE", root.der()));
        write("serial", "01\n");
        write("message", std::str::from_utf8(MESSAGE).unwrap());
        write(
            "tsa.cnf",
            &format!(
                "[tsa]\nserial = serial\nsigner_digest = {}\ndefault_policy = 1.2.3.4.1\ndigests = sha1, sha256, sha384, sha512\n\
                 ess_cert_id_alg = {}\naccuracy = secs:1, millisecs:500, microsecs:100\nclock_precision_digits = 3\n",
                kind.digest, kind.certificate_digest
            ),
        );
        Self { root: root.der().to_vec(), folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn openssl(&self, arguments: &[&str]) -> (bool, String) {
        let ran = Command::new("openssl").args(arguments).current_dir(self.path()).output().unwrap();
        let text =
            format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        (ran.status.success(), text)
    }

    /// What the authority answers.
    fn reply(&self, query: &str, more: &[&str]) -> Vec<u8> {
        let mut arguments =
            vec!["ts", "-reply", "-config", "tsa.cnf", "-section", "tsa", "-queryfile", query];
        arguments.extend(["-inkey", "tsa.key", "-signer", "tsa.pem", "-out", "reply.tsr"]);
        arguments.extend(more);
        let (done, said) = self.openssl(&arguments);
        assert!(done, "{said}");
        std::fs::read(self.path().join("reply.tsr")).unwrap()
    }

    fn ours(&self) -> Vec<u8> {
        std::fs::write(self.path().join("ours.tsq"), request(MESSAGE)).unwrap();
        self.reply("ours.tsq", &[])
    }
}

fn kind(algorithm: &'static rcgen::SignatureAlgorithm) -> Kind {
    Kind { algorithm, digest: "sha256", certificate_digest: "sha256" }
}

fn has_openssl() -> bool {
    let there = Command::new("openssl").arg("version").output().is_ok_and(|ran| ran.status.success());
    if !there {
        eprintln!("skipped: openssl is not installed");
    }
    there
}

#[test]
fn tokens_of_every_kind_of_authority_are_believed_and_its_own_verifier_agrees() {
    if !has_openssl() {
        return;
    }
    let kinds = [
        kind(&rcgen::PKCS_ECDSA_P256_SHA256),
        Kind { digest: "sha384", ..kind(&rcgen::PKCS_ECDSA_P384_SHA384) },
        Kind { digest: "sha512", certificate_digest: "sha1", ..kind(&rcgen::PKCS_RSA_SHA256) },
        Kind { certificate_digest: "sha512", ..kind(&rcgen::PKCS_RSA_SHA256) },
    ];
    for kind in kinds {
        let authority = Authority::new(&kind, (2020, 2120));
        let reply = authority.ours();
        let before = jiff::Timestamp::now();
        let found = verify(&reply, CONTENT, std::slice::from_ref(&authority.root)).unwrap();
        assert_eq!(
            (found.authority.as_str(), found.root.as_str()),
            ("CN=timestamp authority", "CN=timestamp root")
        );
        assert_eq!(
            (found.policy.as_str(), found.accuracy),
            ("1.2.3.4.1", Some(std::time::Duration::from_micros(1_500_100)))
        );
        assert!(found.time <= before && before.as_second() - found.time.as_second() < 600, "{}", found.time);
        let (done, said) = authority.openssl(&[
            "ts",
            "-verify",
            "-queryfile",
            "ours.tsq",
            "-in",
            "reply.tsr",
            "-CAfile",
            "root.pem",
        ]);
        assert!(done, "{said}");
    }
}

#[test]
fn other_requests_and_bare_tokens_are_believed_too() {
    if !has_openssl() {
        return;
    }
    let authority = Authority::new(&kind(&rcgen::PKCS_ECDSA_P256_SHA256), (2020, 2120));
    let trusted = [authority.root.clone()];
    for digest in ["-sha256", "-sha384", "-sha512"] {
        let query = ["ts", "-query", "-data", "message", digest, "-cert", "-out", "theirs.tsq"];
        assert!(authority.openssl(&query).0);
        verify(&authority.reply("theirs.tsq", &[]), CONTENT, &trusted).unwrap();
    }
    let token = authority.reply("theirs.tsq", &["-token_out"]);
    verify(&token, CONTENT, &trusted).unwrap();
    // Without the certificate in the token, the verifier may have it.
    assert!(authority.openssl(&["ts", "-query", "-data", "message", "-sha256", "-out", "bare.tsq"]).0);
    let bare = authority.reply("bare.tsq", &[]);
    assert_eq!(verify(&bare, CONTENT, &trusted), Err(TimestampError::NoCertificate));
    let pem = std::fs::read_to_string(authority.path().join("tsa.pem")).unwrap();
    let mut given = bartizan_evidence::keys::certificates_from_pem(&pem).unwrap();
    given.push(authority.root.clone());
    verify(&bare, CONTENT, &given).unwrap();
    assert!(authority.openssl(&["ts", "-query", "-data", "message", "-sha1", "-cert", "-out", "old.tsq"]).0);
    let old = authority.reply("old.tsq", &[]);
    assert!(matches!(verify(&old, CONTENT, &trusted), Err(TimestampError::Algorithm(_))));
}

#[test]
fn a_wrong_content_a_wrong_root_and_a_refusal_are_told_apart() {
    if !has_openssl() {
        return;
    }
    let authority = Authority::new(&kind(&rcgen::PKCS_ECDSA_P256_SHA256), (2020, 2120));
    let reply = authority.ours();
    assert!(matches!(
        verify(&reply, Content::Message(b"another"), std::slice::from_ref(&authority.root)),
        Err(TimestampError::OtherContent { algorithm: "sha256", .. })
    ));
    assert_eq!(check_content(&reply, CONTENT), Ok(()));
    let digest = bartizan_evidence::digest::Digest::sha256(MESSAGE);
    verify(&reply, Content::Sha256(digest.value()), std::slice::from_ref(&authority.root)).unwrap();
    let stranger = root().der().to_vec();
    assert!(matches!(
        verify(&reply, CONTENT, &[stranger]),
        Err(TimestampError::Authority(
            CertificateError::NotSigned { .. } | CertificateError::UntrustedRoot { .. }
        ))
    ));
    assert!(matches!(verify(&reply, CONTENT, &[]), Err(TimestampError::Authority(CertificateError::NoRoot))));
    // The authority takes no other digest than those configured.
    assert!(authority.openssl(&["ts", "-query", "-data", "message", "-sha224", "-out", "refused.tsq"]).0);
    let refused = authority.reply("refused.tsq", &[]);
    assert!(matches!(
        verify(&refused, CONTENT, std::slice::from_ref(&authority.root)),
        Err(TimestampError::NotGranted { status: 2, .. })
    ));
}

#[test]
fn a_time_outside_the_years_of_the_certificate_is_refused() {
    if !has_openssl() {
        return;
    }
    let authority = Authority::new(&kind(&rcgen::PKCS_ECDSA_P256_SHA256), (2010, 2011));
    let reply = authority.ours();
    assert!(matches!(
        verify(&reply, CONTENT, std::slice::from_ref(&authority.root)),
        Err(TimestampError::Authority(CertificateError::Expired { .. }))
    ));
}

#[test]
fn a_certificate_for_anything_else_does_not_stamp() {
    use bartizan_evidence::keys::{Purpose, verify_chain_for};
    let root = root();
    let check = |usages: &[ExtendedKeyUsagePurpose], critical: Option<Vec<u8>>| {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, "somebody");
        parameters.extended_key_usages = usages.to_vec();
        if let Some(content) = critical {
            let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], content);
            usage.set_criticality(true);
            parameters.custom_extensions = vec![usage];
        }
        let leaf = parameters.signed_by(&KeyPair::generate().unwrap(), &root).unwrap().der().to_vec();
        let now = std::time::Duration::from_hours(24 * 365 * 60);
        verify_chain_for(Purpose::TimeStamping, &[leaf], &[root.der().to_vec()], now)
    };
    assert!(check(&[], Some(TIME_STAMPING.to_vec())).is_ok());
    let not_for_it = |outcome| matches!(outcome, Err(CertificateError::NotForTimeStamping(_)));
    // Right, and not critical; for something else; for both; for nothing in particular.
    assert!(not_for_it(check(&[ExtendedKeyUsagePurpose::TimeStamping], None)));
    assert!(not_for_it(check(&[ExtendedKeyUsagePurpose::CodeSigning], None)));
    let mut both = TIME_STAMPING.to_vec();
    both.extend([0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 3]);
    both[1] += 10;
    assert!(not_for_it(check(&[], Some(both))));
    assert!(not_for_it(check(&[], None)));
}

#[test]
fn no_flipped_bit_changes_what_is_believed() {
    if !has_openssl() {
        return;
    }
    let authority = Authority::new(&kind(&rcgen::PKCS_ECDSA_P256_SHA256), (2020, 2120));
    let reply = authority.ours();
    let trusted = [authority.root];
    let said = verify(&reply, CONTENT, &trusted).unwrap();
    let mut refused = 0;
    for place in 0..reply.len() {
        for bit in [0x01, 0x80] {
            let mut damaged = reply.clone();
            damaged[place] ^= bit;
            match verify(&damaged, CONTENT, &trusted) {
                // Some bytes around the token are signed by nobody, such as the status; they change nothing.
                Ok(found) => assert_eq!(found, said, "byte {place}"),
                Err(_) => refused += 1,
            }
        }
        assert!(verify(&reply[..place], CONTENT, &trusted).is_err(), "cut at {place}");
    }
    assert!(refused * 100 > reply.len() * 2 * 95, "{refused} of {} refused", reply.len() * 2);
}
