//! A witness over HTTP on the loopback: it cosigns what extends, and says no to another history.

use crate::support::{Key, make, open};
use bartizan_evidence::keys::{KeyAlgorithm, SigningKey, pem_text};
use bartizan_evidence::log::storage::Disk;
use bartizan_evidence::log::witness::{
    TlsError, TlsIdentity, TlsRoots, Witness, WitnessClient, WitnessError, attach, serve,
};
use bartizan_evidence::log::{LogReader, NoteKey, NoteSigner, read_checkpoint};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

/// Starts a witness; it ends with the test's process.
fn start(memory: &Path, log: NoteKey, tls: Option<TlsIdentity>) -> (String, NoteKey) {
    let key = SigningKey::generate(KeyAlgorithm::Ed25519).unwrap();
    let signer = NoteSigner::for_witness("witness.example/w1", Box::new(key)).unwrap();
    let key = signer.key().clone();
    let witness = Witness::new(signer, vec![log], Arc::new(Disk::new(memory)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let scheme = if tls.is_some() { "https" } else { "http" };
    let url = format!("{scheme}://localhost:{}", listener.local_addr().unwrap().port());
    std::thread::spawn(move || serve(witness, listener, Arc::new(|| 1_795_417_200), tls.as_ref()));
    (url, key)
}

#[test]
fn a_growing_log_is_cosigned_and_a_rewritten_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let (path, memory) = (folder.path().join("log"), folder.path().join("memory"));
    let key = Key::new();
    make(&path, &key, 300);
    let (url, witness) = start(&memory, key.note_key(), None);
    let client = WitnessClient::new(&url, witness.clone(), None).unwrap();
    let disk = Disk::new(&path);
    for more in 0..2 {
        let reader = LogReader::open(&disk, &[&key.note_key()]).unwrap();
        let signatures = client.cosign(&reader).unwrap();
        assert!(attach(&disk, &key.note_key(), &reader.checkpoint().note, signatures).unwrap());
        let note = read_checkpoint(&disk, &[&key.note_key()]).unwrap().note;
        assert_eq!(note.verify(&[&witness]).unwrap()[0].time, Some(1_795_417_200));
        let log = open(&path, &key);
        log.append(format!("more {more}").into_bytes()).unwrap();
        log.close().unwrap();
    }
    let other = folder.path().join("other");
    make(&other, &key, 305);
    let log = open(&other, &key);
    log.append(b"another history".to_vec()).unwrap();
    log.close().unwrap();
    let forked = Disk::new(&other);
    let reader = LogReader::open(&forked, &[&key.note_key()]).unwrap();
    assert!(matches!(client.cosign(&reader), Err(WitnessError::Refused { status: 422, .. })));
    let shorter = folder.path().join("shorter");
    make(&shorter, &key, 7);
    let behind = Disk::new(&shorter);
    let reader = LogReader::open(&behind, &[&key.note_key()]).unwrap();
    assert!(matches!(client.cosign(&reader), Err(WitnessError::Ahead { seen: 301, size: 7, .. })));
}

#[test]
fn addresses_that_are_none_are_refused() {
    let key = Key::new().note_key();
    for url in ["", "witness.example", "ftp://witness.example", "http://"] {
        assert!(matches!(WitnessClient::new(url, key.clone(), None), Err(WitnessError::Url(_))), "{url}");
    }
    let over_tls = WitnessClient::new("https://witness.example", key.clone(), None);
    assert!(matches!(over_tls, Err(WitnessError::NoRoots(_))));
    assert!(WitnessClient::new("http://[::1]:7801/prefix/", key, None).is_ok());
}

/// A root, and a certificate and key for `name` that it vouches for, in PEM.
fn certificate(name: &str) -> (Vec<u8>, String, String) {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, "root of tests");
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &root).unwrap();
    let (leaf, key) = (pem_text("CERTIFICATE", leaf.der()), pem_text("PRIVATE KEY", &key.serialize_der()));
    (root.der().to_vec(), leaf.to_string(), key.to_string())
}

#[test]
fn over_tls_only_the_server_that_the_roots_vouch_for_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let key = Key::new();
    make(&folder.path().join("log"), &key, 7);
    let disk = Disk::new(folder.path().join("log"));
    let note_key = key.note_key();
    let log = LogReader::open(&disk, &[&note_key]).unwrap();
    let ask = |name: &str, memory: &str, believed: Option<Vec<u8>>| {
        let (root, chain, secret) = certificate(name);
        let identity = TlsIdentity::from_pem(&chain, &secret).unwrap();
        let (url, witness) = start(&folder.path().join(memory), key.note_key(), Some(identity));
        let roots = TlsRoots::new(vec![believed.unwrap_or(root)]).unwrap();
        let asked = WitnessClient::new(&url, witness.clone(), Some(&roots)).unwrap().cosign(&log);
        (asked, url, witness)
    };
    let (cosigned, url, witness) = ask("localhost", "first", None);
    assert_eq!(cosigned.unwrap().len(), 1);
    let (stranger, ..) = certificate("localhost");
    let problem = |asked| match asked {
        Err(WitnessError::Unreachable { problem, .. }) => problem,
        other => panic!("{other:?}"),
    };
    let unknown = problem(ask("localhost", "second", Some(stranger)).0);
    assert!(unknown.starts_with("TLS: invalid peer certificate"), "{unknown}");
    let other_name = problem(ask("witness.example", "third", None).0);
    assert!(other_name.starts_with("TLS: invalid peer certificate"), "{other_name}");
    // Plain HTTP to a server that speaks TLS gets nowhere, and the server goes on.
    let plain = WitnessClient::new(&url.replace("https", "http"), witness, None).unwrap();
    assert!(plain.cosign(&log).is_err());
}

#[test]
fn a_certificate_with_another_key_and_roots_that_are_none_are_refused() {
    let (_, chain, _) = certificate("localhost");
    let (_, _, other) = certificate("localhost");
    assert!(matches!(TlsIdentity::from_pem(&chain, &other), Err(TlsError::Rustls(_))));
    assert!(matches!(TlsIdentity::from_pem(&chain, "no key"), Err(TlsError::Key(_))));
    assert!(matches!(TlsIdentity::from_pem("", &other), Err(TlsError::Certificate(_))));
    assert!(matches!(TlsRoots::new(vec![b"none".to_vec()]), Err(TlsError::NoRoot(1))));
}
