//! Lists of revoked certificates: [`RevocationLists`].
//!
//! Source: RFC 5280, sections 5 (the list) and 6.3.3 (what it says of a certificate). A list speaks for every certificate of its
//! issuer when it is complete, signed by that issuer's own key, and current. Lists of changes, of other issuers' certificates
//! (indirect) and of some kinds or reasons only (issuing distribution point) do not. rustls-webpki reads the structure, refuses
//! critical extensions that it does not know, and checks signatures; names, times and entries come from `x509-cert`.

use super::certificate::signature_fits;
use super::certificate_error::CertificateError;
use super::{KeyError, pem_blocks};
use pkcs8::der::{Decode as _, Encode as _};
use std::time::Duration;
use webpki::OwnedCertRevocationList;
use x509_cert::Certificate;
use x509_cert::crl::{CertificateList, RevokedCert};
use x509_cert::ext::pkix::{CrlReason, KeyUsage};
use x509_cert::spki::ObjectIdentifier;

/// Largest file of lists read, in bytes. The largest public ones hold some megabytes.
pub const LONGEST_REVOCATION_LIST: usize = 32 << 20;
/// Extension "issuing distribution point": the list covers a part only.
const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
/// Extension "delta CRL indicator": the list holds changes only.
const DELTA: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.27");
/// Extension "reason code" of an entry.
const REASON: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");

/// Lists of revoked certificates, against which a chain is held.
#[derive(Debug, Clone, Default)]
pub struct RevocationLists(Vec<List>);

#[derive(Debug, Clone)]
struct List {
    content: CertificateList,
    /// What the issuer signed.
    signed: Vec<u8>,
}

impl RevocationLists {
    /// Adds the lists of a file: PEM with one or more (at most [`super::LONGEST_PEM`] bytes), or DER with one.
    ///
    /// # Errors
    /// [`CertificateError::DamagedList`] when it holds none, or one that is no whole list of revoked certificates.
    pub fn add(&mut self, file: &[u8]) -> Result<(), CertificateError> {
        let damaged = |reason: &str| CertificateError::DamagedList(reason.to_owned());
        if file.len() > LONGEST_REVOCATION_LIST {
            return Err(damaged("it is larger than 32 MiB"));
        }
        // A DER sequence begins so, and no text does that has a PEM block.
        if file.first() == Some(&0x30) {
            self.0.push(List::of(file)?);
            return Ok(());
        }
        let text = std::str::from_utf8(file).map_err(|_| damaged("it is neither DER nor PEM"))?;
        let blocks = pem_blocks(text).map_err(|error| CertificateError::Key(KeyError::from(error)))?;
        let before = self.0.len();
        for block in blocks.iter().filter(|block| block.label == "X509 CRL") {
            self.0.push(List::of(&block.der)?);
        }
        if self.0.len() == before { Err(damaged("it holds no PEM block `X509 CRL`")) } else { Ok(()) }
    }

    /// Whether `subject`, issued by `issuer`, stands at `now` since 1970. Nothing is asked when there is no list at all.
    ///
    /// # Errors
    /// [`CertificateError::Revoked`] when any list of the issuer says so, also an old one: what was revoked stays so. Else, when
    /// no list is current, [`CertificateError::ListExpired`], [`CertificateError::ListFromLater`] or
    /// [`CertificateError::UnknownRevocation`].
    pub(super) fn check(
        &self,
        subject: &Certificate,
        issuer: &Certificate,
        now: Duration,
    ) -> Result<(), CertificateError> {
        let tbs = &subject.tbs_certificate;
        let (name, authority) = (|| tbs.subject.to_string(), || issuer.tbs_certificate.subject.to_string());
        let mut current = self.0.is_empty();
        let mut why = CertificateError::UnknownRevocation { subject: name(), issuer: authority() };
        for list in self.0.iter().filter(|list| list.is_by(issuer)) {
            let held = &list.content.tbs_cert_list;
            let mut entries = held.revoked_certificates.iter().flatten();
            if let Some(entry) = entries.find(|entry| entry.serial_number == tbs.serial_number) {
                return Err(CertificateError::Revoked {
                    subject: name(),
                    issuer: authority(),
                    since: entry.revocation_date.to_string(),
                    reason: reason(entry),
                });
            }
            match held.next_update {
                _ if now < held.this_update.to_unix_duration() => {
                    let from = held.this_update.to_string();
                    why = CertificateError::ListFromLater { issuer: authority(), from };
                }
                Some(next) if now > next.to_unix_duration() => {
                    why = CertificateError::ListExpired { issuer: authority(), expired: next.to_string() };
                }
                // Without an end nobody can say that it is the last one (RFC 5280 demands one).
                None => {}
                Some(_) => current = true,
            }
        }
        if current { Ok(()) } else { Err(why) }
    }
}

impl List {
    fn of(der: &[u8]) -> Result<Self, CertificateError> {
        let damaged = |reason: String| CertificateError::DamagedList(reason);
        OwnedCertRevocationList::from_der(der).map_err(|error| damaged(error.to_string()))?;
        let content = CertificateList::from_der(der).map_err(|error| damaged(error.to_string()))?;
        let signed = content.tbs_cert_list.to_der().map_err(|error| damaged(error.to_string()))?;
        let partial = content
            .tbs_cert_list
            .crl_extensions
            .iter()
            .flatten()
            .any(|extension| [ISSUING_DISTRIBUTION_POINT, DELTA].contains(&extension.extn_id));
        if partial {
            return Err(damaged(
                "it covers a part only (issuing distribution point, or changes); give the whole list"
                    .to_owned(),
            ));
        }
        Ok(Self { content, signed })
    }

    /// Whether the list is `issuer`'s own: by name, by right, and by signature.
    fn is_by(&self, issuer: &Certificate) -> bool {
        let list = &self.content.tbs_cert_list;
        let allowed = match issuer.tbs_certificate.get::<KeyUsage>() {
            Ok(usage) => usage.is_none_or(|(_, usage)| usage.crl_sign()),
            Err(_) => false,
        };
        list.issuer == issuer.tbs_certificate.subject
            && allowed
            && list.signature == self.content.signature_algorithm
            && signature_fits(
                &issuer.tbs_certificate.subject_public_key_info,
                &self.content.signature_algorithm,
                &self.signed,
                &self.content.signature,
            )
    }
}

/// The reason that an entry gives, in the words of RFC 5280, 5.3.1.
fn reason(entry: &RevokedCert) -> String {
    let mut extensions = entry.crl_entry_extensions.iter().flatten();
    let found = extensions.find(|extension| extension.extn_id == REASON);
    let reason = found.and_then(|extension| CrlReason::from_der(extension.extn_value.as_bytes()).ok());
    let named = match reason {
        Some(CrlReason::KeyCompromise) => "its key was compromised",
        Some(CrlReason::CaCompromise) => "the authority was compromised",
        Some(CrlReason::AffiliationChanged) => "its owner's affiliation changed",
        Some(CrlReason::Superseded) => "it was superseded",
        Some(CrlReason::CessationOfOperation) => "its owner ceased to operate",
        Some(CrlReason::CertificateHold) => "it is on hold",
        Some(CrlReason::PrivilegeWithdrawn) => "its owner's privilege was withdrawn",
        _ => "no reason is given",
    };
    named.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{CertifiedKey, verify_chain_against};
    use rcgen::{
        BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType, IsCa,
        KeyIdMethod, KeyPair, KeyUsagePurpose as Usage, RevocationReason, RevokedCertParams, SerialNumber,
    };

    const IN_2030: Duration = Duration::from_hours(24 * 365 * 60);

    type Authority = CertifiedIssuer<'static, KeyPair>;

    fn parameters(name: &str, serial: u64, ca: IsCa, usages: &[Usage]) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.serial_number = Some(SerialNumber::from(serial));
        parameters.is_ca = ca;
        parameters.key_usages = usages.to_vec();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2040, 1, 1);
        parameters
    }

    /// A root, an authority below it (serial 200), and a signer (serial 300) below that.
    struct Chain {
        root: Authority,
        middle: Authority,
        leaf: Vec<u8>,
    }

    impl Chain {
        fn new() -> Self {
            let authority = || IsCa::Ca(BasicConstraints::Unconstrained);
            let usages = [Usage::KeyCertSign, Usage::CrlSign];
            let key = || KeyPair::generate().unwrap();
            let root = parameters("root", 100, authority(), &usages);
            let root = CertifiedIssuer::self_signed(root, key()).unwrap();
            let middle = parameters("middle", 200, authority(), &usages);
            let middle = CertifiedIssuer::signed_by(middle, key(), &root).unwrap();
            let leaf = parameters("signer", 300, IsCa::ExplicitNoCa, &[Usage::DigitalSignature]);
            let leaf = leaf.signed_by(&key(), &middle).unwrap().der().to_vec();
            Self { root, middle, leaf }
        }

        fn check(&self, lists: &[Vec<u8>]) -> Result<CertifiedKey, CertificateError> {
            let mut read = RevocationLists::default();
            lists.iter().try_for_each(|list| read.add(list))?;
            let chain = [self.leaf.clone(), self.middle.der().to_vec()];
            verify_chain_against(&chain, &[self.root.der().to_vec()], &read, IN_2030)
        }
    }

    fn list(issuer: &Authority, revoked: &[u64], (from, until): (i32, i32)) -> Vec<u8> {
        let revoked = revoked.iter().map(|serial| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: rcgen::date_time_ymd(2025, 6, 1),
            reason_code: Some(RevocationReason::KeyCompromise),
            invalidity_date: None,
        });
        let parameters = CertificateRevocationListParams {
            this_update: rcgen::date_time_ymd(from, 1, 1),
            next_update: rcgen::date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        parameters.signed_by(issuer).unwrap().der().to_vec()
    }

    const CURRENT: (i32, i32) = (2029, 2031);

    #[test]
    fn a_chain_stands_when_a_current_list_of_each_issuer_is_silent_on_it() {
        let chain = Chain::new();
        let lists = [list(&chain.root, &[7], CURRENT), list(&chain.middle, &[200], CURRENT)];
        assert_eq!(chain.check(&lists).unwrap().subject, "CN=signer");
        // Nobody asks when there is no list.
        assert!(chain.check(&[]).is_ok());
    }

    #[test]
    fn a_revoked_signer_or_authority_is_refused_with_date_and_reason() {
        let chain = Chain::new();
        let silent = |issuer| list(issuer, &[], CURRENT);
        for (lists, subject) in [
            ([silent(&chain.root), list(&chain.middle, &[1, 300], CURRENT)], "CN=signer"),
            ([list(&chain.root, &[200], CURRENT), silent(&chain.middle)], "CN=middle"),
            // What an old list has revoked stays so.
            ([silent(&chain.root), list(&chain.middle, &[300], (2026, 2027))], "CN=signer"),
        ] {
            let error = chain.check(&lists).unwrap_err();
            assert!(
                matches!(&error, CertificateError::Revoked { subject: found, .. } if found == subject),
                "{error}"
            );
            let text = error.to_string();
            assert!(text.contains("2025-06-01") && text.contains("key was compromised"), "{text}");
        }
    }

    #[test]
    fn an_expired_list_a_later_one_and_none_have_a_message_each() {
        let chain = Chain::new();
        let root = || list(&chain.root, &[], CURRENT);
        let with = |list| chain.check(&[root(), list]).unwrap_err();
        assert!(matches!(with(list(&chain.middle, &[], (2026, 2027))), CertificateError::ListExpired { .. }));
        assert!(matches!(
            with(list(&chain.middle, &[], (2031, 2033))),
            CertificateError::ListFromLater { .. }
        ));
        let unknown = chain.check(&[root()]).unwrap_err();
        let CertificateError::UnknownRevocation { subject, issuer } = unknown else { panic!("{unknown}") };
        assert_eq!((subject.as_str(), issuer.as_str()), ("CN=signer", "CN=middle"));
        // A current list beside an expired one is enough.
        let both = [root(), list(&chain.middle, &[], (2026, 2027)), list(&chain.middle, &[], CURRENT)];
        assert!(chain.check(&both).is_ok());
    }

    #[test]
    fn a_list_by_another_key_of_the_same_name_says_nothing() {
        let (chain, other) = (Chain::new(), Chain::new());
        let lists = [list(&chain.root, &[], CURRENT), list(&other.middle, &[300], CURRENT)];
        assert!(matches!(chain.check(&lists), Err(CertificateError::UnknownRevocation { .. })));
    }

    #[test]
    fn pem_is_read_and_what_is_no_list_is_refused() {
        let chain = Chain::new();
        let der = list(&chain.root, &[], CURRENT);
        let pem = pem_rfc7468(&der);
        let mut lists = RevocationLists::default();
        lists.add(pem.as_bytes()).unwrap();
        lists.add(&der).unwrap();
        assert_eq!(lists.0.len(), 2);
        for cut in 0..der.len() {
            assert!(lists.add(&der[..cut]).is_err(), "{cut}");
        }
        for wrong in [&b"no list"[..], b"", chain.leaf.as_slice(), pem.replace("CRL", "LRC").as_bytes()] {
            assert!(lists.add(wrong).is_err());
        }
    }

    fn pem_rfc7468(der: &[u8]) -> String {
        use base64::Engine as _;
        let text = base64::engine::general_purpose::STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN X509 CRL-----\n{}\n-----END X509 CRL-----\n", lines.join("\n"))
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_list_or_an_error(bytes: Vec<u8>) {
            let _ = RevocationLists::default().add(&bytes);
        }
    }
}
