//! Chains of X.509 certificates from a signer to a root that the verifier trusts: [`verify_chain`].
//!
//! Source: RFC 5280, section 6, for what signing needs: names, signatures, validity, basic constraints, key usage, extended key
//! usage, path length, and revocation where lists are given: see [`RevocationLists`]. A critical extension beyond these is refused, as section
//! 4.2 demands. Signatures are checked by rustls-webpki's algorithms; its path building is made for servers and refuses signers
//! that are marked as authorities, which model signing allows.

use super::certificate_error::CertificateError;
use super::{KeyError, PublicKey, RevocationLists, pem_blocks};
use pkcs8::der::asn1::BitString;
use pkcs8::der::{Decode as _, Encode as _};
use rustls_pki_types::SignatureVerificationAlgorithm;
use std::time::Duration;
use x509_cert::Certificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage};
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned};

/// Longest chain followed, root included. Real ones have three.
pub(super) const LONGEST_CHAIN: usize = 10;
/// Most signatures checked while a chain is looked for.
const MOST_CHECKS: usize = 200;

/// What a certificate is to be for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Signing artifacts and statements.
    Signing,
    /// Signing timestamp tokens, and nothing else (RFC 3161, 2.3).
    TimeStamping,
}

/// Extended key usage "time stamping" (RFC 5280, 4.2.1.12).
const TIME_STAMPING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.8");
/// Extended key usage "code signing" and "any" (RFC 5280, 4.2.1.12).
const CODE_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.3");
const ANY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37.0");
/// Extensions that are looked at here, and so may be critical: basic constraints, key usage, extended key usage, subject
/// alternative name (which binds a name, and no name is asked for).
const UNDERSTOOD: [ObjectIdentifier; 4] = [
    ObjectIdentifier::new_unwrap("2.5.29.19"),
    ObjectIdentifier::new_unwrap("2.5.29.15"),
    ObjectIdentifier::new_unwrap("2.5.29.37"),
    ObjectIdentifier::new_unwrap("2.5.29.17"),
];
/// Name constraints, which limit whom an authority may vouch for. They are not evaluated, so whoever has them is refused.
const NAME_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.30");

/// A signer whose certificate leads to a trusted root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertifiedKey {
    /// The signer's key.
    pub key: PublicKey,
    /// The signer's name.
    pub subject: String,
    /// The name of the root that vouches for it.
    pub root: String,
}

/// The certificates of a PEM text, as DER.
///
/// # Errors
/// [`CertificateError::Key`] when the text is no PEM, [`CertificateError::NoRoot`] when it holds no certificate.
pub fn certificates_from_pem(text: &str) -> Result<Vec<Vec<u8>>, CertificateError> {
    let blocks = pem_blocks(text).map_err(KeyError::from)?;
    let found: Vec<Vec<u8>> = blocks
        .into_iter()
        .filter(|block| matches!(block.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE"))
        .map(|block| block.der.to_vec())
        .collect();
    if found.is_empty() { Err(CertificateError::NoRoot) } else { Ok(found) }
}

/// Follows `chain` (leaf first, DER) to one of `trusted` (DER), at `now` since 1970.
///
/// Of the trusted certificates those that signed themselves are roots and the others help to build the chain; when none signed
/// itself, all are roots, because they were named as such.
///
/// # Errors
/// Each variant of [`CertificateError`].
pub fn verify_chain(
    chain: &[Vec<u8>],
    trusted: &[Vec<u8>],
    now: Duration,
) -> Result<CertifiedKey, CertificateError> {
    verify_chain_against(chain, trusted, &RevocationLists::default(), now)
}

/// As [`verify_chain`], with every certificate below the root held against `revoked`, unless that is empty.
///
/// # Errors
/// Each variant of [`CertificateError`].
pub fn verify_chain_against(
    chain: &[Vec<u8>],
    trusted: &[Vec<u8>],
    revoked: &RevocationLists,
    now: Duration,
) -> Result<CertifiedKey, CertificateError> {
    let leaf = Parsed::of(chain.first().ok_or(CertificateError::NoLeaf)?)?;
    let (subject, root) = follow(Purpose::Signing, chain, trusted, revoked, now)?;
    Ok(CertifiedKey { key: PublicKey::from_spki(&leaf.spki)?, subject, root })
}

/// Follows `chain` as [`verify_chain`] does, for any purpose and any kind of key. Gives the names of the leaf and of the root.
///
/// # Errors
/// Each variant of [`CertificateError`] but [`CertificateError::Key`].
pub fn verify_chain_for(
    purpose: Purpose,
    chain: &[Vec<u8>],
    trusted: &[Vec<u8>],
    now: Duration,
) -> Result<(String, String), CertificateError> {
    follow(purpose, chain, trusted, &RevocationLists::default(), now)
}

fn follow(
    purpose: Purpose,
    chain: &[Vec<u8>],
    trusted: &[Vec<u8>],
    revoked: &RevocationLists,
    now: Duration,
) -> Result<(String, String), CertificateError> {
    let parse = |der: &Vec<u8>| Parsed::of(der);
    let trusted = trusted.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let chain = chain.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
    let leaf = chain.first().ok_or(CertificateError::NoLeaf)?;
    let self_signed: Vec<&Parsed> = trusted.iter().filter(|each| each.is_signed_by(each)).collect();
    let roots: Vec<&Parsed> = if self_signed.is_empty() { trusted.iter().collect() } else { self_signed };
    if roots.is_empty() {
        return Err(CertificateError::NoRoot);
    }
    leaf.check_time(now)?;
    leaf.check_extensions()?;
    match purpose {
        Purpose::Signing => leaf.check_for_signing()?,
        Purpose::TimeStamping => leaf.check_for_time_stamping()?,
    }
    let between: Vec<&Parsed> = chain.iter().skip(1).chain(&trusted).collect();
    let mut search = Search { roots, between, revoked, now, checks: 0, told: None };
    match search.climb(leaf)? {
        Some(root) => Ok((leaf.subject(), root)),
        None => Err(search.told.take().unwrap_or(CertificateError::TooLong)),
    }
}

/// Whether every certificate of `chain` (DER) is valid at `now` since 1970, by its dates alone.
///
/// # Errors
/// [`CertificateError::Expired`], [`CertificateError::NotYetValid`] and [`CertificateError::Damaged`].
pub fn check_dates(chain: &[Vec<u8>], now: Duration) -> Result<(), CertificateError> {
    chain.iter().try_for_each(|der| Parsed::of(der)?.check_time(now))
}

/// The public key of the first certificate in DER, and the certificate's subject.
///
/// # Errors
/// [`CertificateError::Damaged`] and [`CertificateError::Key`].
pub fn certificate_key(der: &[u8]) -> Result<(PublicKey, String), CertificateError> {
    let parsed = Parsed::of(der)?;
    Ok((PublicKey::from_spki(&parsed.spki)?, parsed.subject()))
}

struct Parsed {
    certificate: Certificate,
    /// What the issuer signed.
    signed: Vec<u8>,
    spki: Vec<u8>,
}

struct Search<'a> {
    roots: Vec<&'a Parsed>,
    between: Vec<&'a Parsed>,
    revoked: &'a RevocationLists,
    now: Duration,
    checks: usize,
    /// The reason nearest to the leaf for which no chain was found.
    told: Option<CertificateError>,
}

impl<'a> Search<'a> {
    /// Looks for a path from `leaf` to a root, nearest first; gives the root's name.
    fn climb(&mut self, leaf: &'a Parsed) -> Result<Option<String>, CertificateError> {
        let mut open: Vec<Vec<&'a Parsed>> = vec![vec![leaf]];
        while let Some(path) = open.pop() {
            let Some(last) = path.last() else { continue };
            if self.roots.iter().any(|root| root.signed == last.signed) {
                match self.check_revocation(&path) {
                    Ok(()) => return Ok(Some(last.subject())),
                    // Revocation outweighs whatever else was wrong with another path.
                    Err(error) => self.told = Some(error),
                }
                continue;
            }
            let mut named = false;
            let candidates: Vec<&'a Parsed> = self.between.iter().chain(&self.roots).copied().collect();
            // Those found first are tried last, so roots, which stand at the end, are tried first.
            for issuer in candidates {
                let same_name =
                    issuer.certificate.tbs_certificate.subject == last.certificate.tbs_certificate.issuer;
                if !same_name || path.iter().any(|each| each.signed == issuer.signed) {
                    continue;
                }
                named = true;
                self.checks += 1;
                if self.checks > MOST_CHECKS || path.len() >= LONGEST_CHAIN {
                    return Err(CertificateError::TooLong);
                }
                match self.check_issuer(issuer, last, authorities_below(&path)) {
                    Ok(()) => {
                        let mut longer = path.clone();
                        longer.push(issuer);
                        open.push(longer);
                    }
                    Err(error) => {
                        self.told.get_or_insert(error);
                    }
                }
            }
            if !named {
                let roots: Vec<String> =
                    self.roots.iter().map(|root| format!("`{}`", root.subject())).collect();
                self.told.get_or_insert(CertificateError::UntrustedRoot {
                    issuer: last.certificate.tbs_certificate.issuer.to_string(),
                    roots: roots.join(", "),
                });
            }
        }
        Ok(None)
    }

    /// Whether each certificate of a path still stands, nearest to the root first: who was revoked vouches for nobody.
    fn check_revocation(&self, path: &[&Parsed]) -> Result<(), CertificateError> {
        let pairs = path.iter().zip(path.iter().skip(1));
        let pairs: Vec<_> = pairs.collect();
        pairs.into_iter().rev().try_for_each(|(subject, issuer)| {
            self.revoked.check(&subject.certificate, &issuer.certificate, self.now)
        })
    }

    /// Whether `issuer` may have issued `subject`, which has `below` authorities below itself.
    fn check_issuer(&self, issuer: &Parsed, subject: &Parsed, below: usize) -> Result<(), CertificateError> {
        if !subject.is_signed_by(issuer) {
            return Err(CertificateError::NotSigned { subject: subject.subject(), issuer: issuer.subject() });
        }
        issuer.check_time(self.now)?;
        issuer.check_extensions()?;
        let constraints = issuer.extension::<BasicConstraints>()?;
        let usage = issuer.extension::<KeyUsage>()?;
        let authority = constraints.as_ref().is_some_and(|constraints| constraints.ca)
            && usage.is_none_or(|usage| usage.key_cert_sign());
        if !authority {
            return Err(CertificateError::NotAnAuthority {
                issuer: issuer.subject(),
                subject: subject.subject(),
            });
        }
        if issuer.has(NAME_CONSTRAINTS) {
            return Err(CertificateError::NameConstraints(issuer.subject()));
        }
        if issuer.code_signing()? == Some(false) {
            return Err(CertificateError::NotForCodeSigning(issuer.subject()));
        }
        match constraints.and_then(|constraints| constraints.path_len_constraint) {
            Some(most) if below > usize::from(most) => Err(CertificateError::PathLength(issuer.subject())),
            _ => Ok(()),
        }
    }
}

/// Authorities in a path that count towards a path length: all but the leaf and the self-issued (RFC 5280, 4.2.1.9).
fn authorities_below(path: &[&Parsed]) -> usize {
    path.iter().skip(1).filter(|each| !each.is_self_issued()).count()
}

impl Parsed {
    fn is_self_issued(&self) -> bool {
        self.certificate.tbs_certificate.subject == self.certificate.tbs_certificate.issuer
    }

    fn has(&self, extension: ObjectIdentifier) -> bool {
        self.certificate.tbs_certificate.extensions.iter().flatten().any(|each| each.extn_id == extension)
    }

    /// Whether extended key usage names code signing or any use; none when there is no such extension.
    fn code_signing(&self) -> Result<Option<bool>, CertificateError> {
        let extended = self.extension::<ExtendedKeyUsage>()?;
        Ok(extended.map(|extended| extended.0.iter().any(|each| [CODE_SIGNING, ANY_USAGE].contains(each))))
    }

    fn of(der: &[u8]) -> Result<Self, CertificateError> {
        let damaged = |error: pkcs8::der::Error| CertificateError::Damaged(error.to_string());
        let certificate = Certificate::from_der(der).map_err(damaged)?;
        let signed = certificate.tbs_certificate.to_der().map_err(damaged)?;
        let spki = certificate.tbs_certificate.subject_public_key_info.to_der().map_err(damaged)?;
        Ok(Self { certificate, signed, spki })
    }

    fn subject(&self) -> String {
        self.certificate.tbs_certificate.subject.to_string()
    }

    fn extension<'s, T>(&'s self) -> Result<Option<T>, CertificateError>
    where
        T: pkcs8::der::Decode<'s> + pkcs8::der::oid::AssociatedOid,
    {
        self.certificate
            .tbs_certificate
            .get::<T>()
            .map(|found| found.map(|(_, extension)| extension))
            .map_err(|error| CertificateError::Damaged(error.to_string()))
    }

    fn check_time(&self, now: Duration) -> Result<(), CertificateError> {
        let validity = self.certificate.tbs_certificate.validity;
        if now > validity.not_after.to_unix_duration() {
            return Err(CertificateError::Expired {
                subject: self.subject(),
                expired: validity.not_after.to_string(),
            });
        }
        if now < validity.not_before.to_unix_duration() {
            return Err(CertificateError::NotYetValid {
                subject: self.subject(),
                from: validity.not_before.to_string(),
            });
        }
        Ok(())
    }

    fn check_extensions(&self) -> Result<(), CertificateError> {
        let extensions = self.certificate.tbs_certificate.extensions.iter().flatten();
        for extension in extensions {
            if extension.critical && !UNDERSTOOD.contains(&extension.extn_id) {
                return Err(CertificateError::CriticalExtension {
                    subject: self.subject(),
                    extension: extension.extn_id.to_string(),
                });
            }
        }
        Ok(())
    }

    /// Key usage must allow signatures when it is there; without it, extended key usage must name code signing.
    fn check_for_signing(&self) -> Result<(), CertificateError> {
        let usage = self.extension::<KeyUsage>()?;
        let named = self.code_signing()?;
        let allowed = match (usage, named) {
            (Some(usage), named) => usage.digital_signature() && named != Some(false),
            (None, named) => named == Some(true),
        };
        if allowed { Ok(()) } else { Err(CertificateError::NotForSigning(self.subject())) }
    }

    /// Extended key usage must be critical and name time stamping alone; key usage, when it is there, must allow signatures.
    fn check_for_time_stamping(&self) -> Result<(), CertificateError> {
        let damaged = |error: pkcs8::der::Error| CertificateError::Damaged(error.to_string());
        let extended = self.certificate.tbs_certificate.get::<ExtendedKeyUsage>().map_err(damaged)?;
        let alone = extended.is_some_and(|(critical, usage)| critical && usage.0 == [TIME_STAMPING]);
        let usage = self.extension::<KeyUsage>()?;
        let signs = usage.is_none_or(|usage| usage.digital_signature() || usage.non_repudiation());
        if alone && signs { Ok(()) } else { Err(CertificateError::NotForTimeStamping(self.subject())) }
    }

    fn is_signed_by(&self, issuer: &Self) -> bool {
        // What the certificate says inside and outside must agree (RFC 5280, 4.1.1.2).
        self.certificate.tbs_certificate.signature == self.certificate.signature_algorithm
            && signature_fits(
                &issuer.certificate.tbs_certificate.subject_public_key_info,
                &self.certificate.signature_algorithm,
                &self.signed,
                &self.certificate.signature,
            )
    }
}

/// Whether `signature` over `signed` is by `key`, under an algorithm that rustls-webpki knows.
pub(super) fn signature_fits(
    key: &SubjectPublicKeyInfoOwned,
    signed_with: &AlgorithmIdentifierOwned,
    signed: &[u8],
    signature: &BitString,
) -> bool {
    let (Some(algorithm), Some(signed_with)) =
        (content(key.algorithm.to_der()), content(signed_with.to_der()))
    else {
        return false;
    };
    let fits = |scheme: &&&dyn SignatureVerificationAlgorithm| {
        scheme.public_key_alg_id().as_ref() == algorithm && scheme.signature_alg_id().as_ref() == signed_with
    };
    let (key, signature) = (key.subject_public_key.raw_bytes(), signature.raw_bytes());
    webpki::ALL_VERIFICATION_ALGS
        .iter()
        .filter(fits)
        .any(|scheme| scheme.verify_signature(key, signed, signature).is_ok())
}

/// The content of a short DER sequence, without tag and length, as algorithms are compared.
fn content(der: pkcs8::der::Result<Vec<u8>>) -> Option<Vec<u8>> {
    let der = der.ok()?;
    let (header, _) = der.split_at_checked(2)?;
    // Algorithm identifiers are far below 128 bytes; a longer form is no known one.
    (header.last()? < &0x80).then(|| der.get(2..).map(<[u8]>::to_vec)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        BasicConstraints as Constraints, CertificateParams, CertifiedIssuer, DnType,
        ExtendedKeyUsagePurpose as Purpose, IsCa, KeyPair, KeyUsagePurpose as Usage,
    };

    /// Within the years for which every certificate here is valid, 2020 to 2040, and after.
    const IN_2030: Duration = Duration::from_hours(24 * 365 * 60);
    const IN_2050: Duration = Duration::from_hours(24 * 365 * 80);

    type Authority = CertifiedIssuer<'static, KeyPair>;

    fn parameters(name: &str, ca: IsCa, usages: &[Usage]) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = ca;
        parameters.key_usages = usages.to_vec();
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2040, 1, 1);
        parameters
    }

    fn root(name: &str) -> Authority {
        let parameters = parameters(name, IsCa::Ca(Constraints::Unconstrained), &[Usage::KeyCertSign]);
        CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap()
    }

    fn between(name: &str, ca: IsCa, issuer: &Authority) -> Authority {
        let parameters = parameters(name, ca, &[Usage::KeyCertSign]);
        CertifiedIssuer::signed_by(parameters, KeyPair::generate().unwrap(), issuer).unwrap()
    }

    fn leaf(change: impl FnOnce(&mut CertificateParams), issuer: &Authority) -> Vec<u8> {
        let mut parameters = parameters("signer", IsCa::ExplicitNoCa, &[Usage::DigitalSignature]);
        change(&mut parameters);
        parameters.signed_by(&KeyPair::generate().unwrap(), issuer).unwrap().der().to_vec()
    }

    fn der(authority: &Authority) -> Vec<u8> {
        authority.der().to_vec()
    }

    #[test]
    fn a_chain_leads_through_the_middle_to_the_root() {
        let root = root("root");
        let middle = between("middle", IsCa::Ca(Constraints::Constrained(0)), &root);
        let leaf = leaf(|_| {}, &middle);
        let found = verify_chain(&[leaf.clone(), der(&middle)], &[der(&root)], IN_2030).unwrap();
        assert_eq!((found.subject.as_str(), found.root.as_str()), ("CN=signer", "CN=root"));
        // The middle may come from the verifier, with or without the root.
        assert!(verify_chain(std::slice::from_ref(&leaf), &[der(&root), der(&middle)], IN_2030).is_ok());
        assert!(verify_chain(std::slice::from_ref(&leaf), &[der(&middle)], IN_2030).is_ok());
        assert!(matches!(
            verify_chain(&[leaf], &[der(&root)], IN_2030),
            Err(CertificateError::UntrustedRoot { .. })
        ));
    }

    #[test]
    fn another_root_is_refused_whether_it_has_the_name_or_not() {
        let (mine, same_name, other) = (root("root"), root("root"), root("other"));
        let leaf = leaf(|_| {}, &mine);
        assert!(matches!(
            verify_chain(std::slice::from_ref(&leaf), &[der(&other)], IN_2030),
            Err(CertificateError::UntrustedRoot { .. })
        ));
        assert!(matches!(
            verify_chain(std::slice::from_ref(&leaf), &[der(&same_name)], IN_2030),
            Err(CertificateError::NotSigned { .. })
        ));
        // A root that only the signer sends along is not trusted.
        assert!(verify_chain(&[leaf, der(&mine)], &[der(&other)], IN_2030).is_err());
    }

    #[test]
    fn time_is_told() {
        let root = root("root");
        let leaf = leaf(|_| {}, &root);
        assert!(matches!(
            verify_chain(std::slice::from_ref(&leaf), &[der(&root)], IN_2050),
            Err(CertificateError::Expired { .. })
        ));
        assert!(matches!(
            verify_chain(&[leaf], &[der(&root)], Duration::ZERO),
            Err(CertificateError::NotYetValid { .. })
        ));
    }

    #[test]
    fn a_certificate_for_servers_or_for_nothing_does_not_sign() {
        let root = root("root");
        let check = |usages: &[Usage], extended: &[Purpose]| {
            let leaf = leaf(
                |parameters| {
                    parameters.key_usages = usages.to_vec();
                    parameters.extended_key_usages = extended.to_vec();
                },
                &root,
            );
            verify_chain(&[leaf], &[der(&root)], IN_2030)
        };
        assert!(check(&[Usage::DigitalSignature], &[Purpose::CodeSigning]).is_ok());
        assert!(check(&[], &[Purpose::CodeSigning]).is_ok());
        for (usages, extended) in [
            (vec![Usage::DigitalSignature], vec![Purpose::ServerAuth]),
            (vec![Usage::KeyEncipherment], vec![]),
            (vec![], vec![]),
        ] {
            assert!(matches!(check(&usages, &extended), Err(CertificateError::NotForSigning(_))));
        }
    }

    #[test]
    fn an_issuer_that_is_no_authority_or_has_too_many_below_is_refused() {
        let root = root("root");
        let plain = between("plain", IsCa::ExplicitNoCa, &root);
        let by_plain = leaf(|_| {}, &plain);
        assert!(matches!(
            verify_chain(&[by_plain, der(&plain)], &[der(&root)], IN_2030),
            Err(CertificateError::NotAnAuthority { .. })
        ));
        let upper = between("upper", IsCa::Ca(Constraints::Constrained(0)), &root);
        let lower = between("lower", IsCa::Ca(Constraints::Unconstrained), &upper);
        let by_lower = leaf(|_| {}, &lower);
        assert!(matches!(
            verify_chain(&[by_lower, der(&lower), der(&upper)], &[der(&root)], IN_2030),
            Err(CertificateError::PathLength(_))
        ));
    }

    fn through(change: impl FnOnce(&mut CertificateParams)) -> Result<CertifiedKey, CertificateError> {
        let root = root("root");
        let mut parameters =
            parameters("middle", IsCa::Ca(Constraints::Unconstrained), &[Usage::KeyCertSign]);
        change(&mut parameters);
        let middle = CertifiedIssuer::signed_by(parameters, KeyPair::generate().unwrap(), &root).unwrap();
        verify_chain(&[leaf(|_| {}, &middle), der(&middle)], &[der(&root)], IN_2030)
    }

    #[test]
    fn an_authority_for_servers_vouches_for_no_signer() {
        let with = |purpose| through(|parameters| parameters.extended_key_usages = vec![purpose]);
        assert_eq!(
            with(Purpose::ServerAuth),
            Err(CertificateError::NotForCodeSigning("CN=middle".to_owned()))
        );
        assert!(with(Purpose::CodeSigning).is_ok());
        assert!(with(Purpose::Any).is_ok());
    }

    #[test]
    fn an_authority_with_name_constraints_is_refused_even_when_they_are_not_critical() {
        // permittedSubtrees with the DNS name `a` (RFC 5280, 4.2.1.10).
        let content = vec![0x30, 7, 0xa0, 5, 0x30, 3, 0x82, 1, b'a'];
        let told = through(|parameters| {
            let constraints = rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 30], content);
            parameters.custom_extensions = vec![constraints];
        });
        assert_eq!(told, Err(CertificateError::NameConstraints("CN=middle".to_owned())));
    }

    #[test]
    fn a_changed_or_cut_certificate_is_refused() {
        let root = root("root");
        let leaf = leaf(|_| {}, &root);
        for cut in 0..leaf.len() {
            assert!(verify_chain(&[leaf[..cut].to_vec()], &[der(&root)], IN_2030).is_err());
        }
        for place in (0..leaf.len()).step_by(7) {
            let mut changed = leaf.clone();
            changed[place] ^= 1;
            assert!(verify_chain(&[changed], &[der(&root)], IN_2030).is_err(), "{place}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_certificate_or_an_error(bytes: Vec<u8>) {
            let _ = verify_chain(std::slice::from_ref(&bytes), std::slice::from_ref(&bytes), IN_2030);
        }
    }
}
