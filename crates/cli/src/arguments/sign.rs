//! The flags of `bartizan sign` and `bartizan verify`.

use super::{PassphraseArguments, TextOrJson};
use bartizan_core::Severity;
use bartizan_evidence::manifest::HashAlgorithm;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Arguments of `bartizan sign`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Debug, Args)]
pub(crate) struct SignArguments {
    /// The model: a folder or a file
    pub(crate) path: PathBuf,
    /// Private key to sign with, in PEM
    #[arg(
        long,
        value_name = "FILE",
        env = "BARTIZAN_KEY",
        hide_env_values = true,
        visible_alias = "private-key",
        alias = "private_key"
    )]
    pub(crate) key: PathBuf,
    /// File for the signature [default: PATH.sig, beside the model]
    #[arg(long, value_name = "FILE", aliases = ["bundle", "output-signature"])]
    pub(crate) signature: Option<PathBuf>,
    /// Replace what lies where the signature goes, be it somebody else's signature or another file; never a key in use
    #[arg(long)]
    pub(crate) force: bool,
    /// Certificate of the key, and the chain above it, in PEM; repeat for more files
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Certificate",
        aliases = ["signing-certificate", "signing_certificate", "certificate-chain", "certificate_chain"]
    )]
    pub(crate) certificate: Vec<PathBuf>,
    /// Sign although a certificate is expired or not valid yet, for verifiers that judge it by a timestamp
    #[arg(long, help_heading = "Certificate", requires = "certificate")]
    pub(crate) allow_expired: bool,
    /// Algorithm that digests the files
    #[arg(long, value_name = "ALGORITHM", default_value = "sha256", value_parser = algorithms(), help_heading = "Files")]
    pub(crate) hash: HashAlgorithm,
    /// Sign files in shards of N bytes, digested side by side
    #[arg(long, value_name = "N", help_heading = "Files")]
    pub(crate) shard_size: Option<u64>,
    /// Leave out a file or folder of the model; repeat for more
    #[arg(long, value_name = "PATH", help_heading = "Files", aliases = ["ignore-paths", "ignore_paths"])]
    pub(crate) ignore_path: Vec<String>,
    /// Sign what symbolic links lead to
    #[arg(long, help_heading = "Files", alias = "allow_symlinks")]
    pub(crate) allow_symlinks: bool,
    /// Follow the specification where the reference implementation reads another form only (single files, shards)
    #[arg(long, help_heading = "Files")]
    pub(crate) strict_spec: bool,
    #[command(flatten)]
    pub(crate) scan: ScanBeside,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArguments,
}

/// A scan in the same reading as the digests.
#[derive(Debug, Args)]
pub(crate) struct ScanBeside {
    /// Scan what is read: each file is read once, for its digest and for what is dangerous in it
    #[arg(long, help_heading = "Scan")]
    pub(crate) scan: bool,
    /// Refuse when a finding is at least this bad [default: high]
    #[arg(long, value_name = "SEVERITY", value_parser = super::severities(), requires = "scan", help_heading = "Scan")]
    pub(crate) fail_on: Option<Severity>,
    /// Go on whatever the scan finds; findings are told all the same
    #[arg(long, requires = "scan", help_heading = "Scan")]
    pub(crate) allow_findings: bool,
    /// Go on when a file could not be scanned to its end
    #[arg(long, requires = "scan", help_heading = "Scan")]
    pub(crate) allow_incomplete: bool,
}

/// How the files of a model are read.
#[derive(Debug, Args)]
pub(crate) struct ReadingArguments {
    /// Read every file, also those whose digest is remembered from an earlier run
    #[arg(long, help_heading = "Files")]
    pub(crate) no_cache: bool,
    /// Files read at a time [default: one for each processor]
    #[arg(
        long,
        short,
        value_name = "N",
        env = "BARTIZAN_JOBS",
        hide_env_values = true,
        help_heading = "Files"
    )]
    pub(crate) jobs: Option<NonZeroUsize>,
}

/// Arguments of `bartizan verify`.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Debug, Args)]
pub(crate) struct VerifyArguments {
    /// The model: a folder or a file
    pub(crate) path: PathBuf,
    /// The signature [default: PATH.sig, beside the model]
    #[arg(long, value_name = "FILE", alias = "bundle")]
    pub(crate) signature: Option<PathBuf>,
    /// Public key that is believed; repeat for more
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Who is believed",
        conflicts_with_all = ["certificate_chain", "identity"],
        visible_alias = "public-key",
        alias = "public_key"
    )]
    pub(crate) key: Vec<PathBuf>,
    /// Root certificates that are believed, in PEM; repeat for more files
    #[arg(
        long,
        value_name = "FILE",
        help_heading = "Who is believed",
        conflicts_with = "identity",
        alias = "certificate_chain"
    )]
    pub(crate) certificate_chain: Vec<PathBuf>,
    /// List of revoked certificates, in PEM or DER, which every certificate below the root is held against; repeat for more
    #[arg(long, value_name = "FILE", help_heading = "Who is believed", requires = "certificate_chain")]
    pub(crate) crl: Vec<PathBuf>,
    /// Email address or URI that is believed, for keyless signatures; needs --issuer
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Who is believed",
        requires = "issuer",
        alias = "certificate-identity"
    )]
    pub(crate) identity: Option<String>,
    /// Provider that vouched for the identity, for example `https://accounts.google.com`
    #[arg(
        long,
        value_name = "URL",
        help_heading = "Who is believed",
        requires = "identity",
        aliases = ["certificate-oidc-issuer", "identity-provider", "identity_provider"]
    )]
    pub(crate) issuer: Option<String>,
    /// Trust root of another Sigstore than the public one, in its JSON form
    #[arg(long, value_name = "FILE", help_heading = "Who is believed", requires = "identity")]
    pub(crate) trust_root: Option<PathBuf>,
    /// Timestamp of the signature file (RFC 3161, DER): the signer's certificate is judged as of that time
    #[arg(long, value_name = "FILE", help_heading = "Time", requires = "timestamp_root")]
    pub(crate) timestamp: Option<PathBuf>,
    /// Root certificates of the timestamping authorities that are believed, in PEM; repeat for more files
    #[arg(long, value_name = "FILE", help_heading = "Time", requires = "timestamp")]
    pub(crate) timestamp_root: Vec<PathBuf>,
    /// Leave out a file or folder of the model; repeat for more
    #[arg(long, value_name = "PATH", help_heading = "Files", aliases = ["ignore-paths", "ignore_paths"])]
    pub(crate) ignore_path: Vec<String>,
    /// Follow symbolic links to files, as in a cache of downloads, even if the signer did not
    #[arg(long, help_heading = "Files", alias = "allow_symlinks")]
    pub(crate) allow_symlinks: bool,
    /// Take files that the signature does not mention
    #[arg(long, help_heading = "Files", alias = "ignore_unsigned_files")]
    pub(crate) ignore_unsigned_files: bool,
    /// Take code and weights in paths that the signature ignores
    #[arg(long, help_heading = "Files", conflicts_with = "strict")]
    pub(crate) allow_unsigned: bool,
    /// Refuse whatever lies in the model and is not signed, also what is harmless
    #[arg(long, help_heading = "Files")]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) scan: ScanBeside,
    #[command(flatten)]
    pub(crate) reading: ReadingArguments,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TextOrJson,
}

fn algorithms() -> impl TypedValueParser<Value = HashAlgorithm> {
    PossibleValuesParser::new(HashAlgorithm::ALL.map(HashAlgorithm::name))
        .map(|name| HashAlgorithm::of_name(&name).unwrap_or_default())
}

pub(crate) const SIGN_HELP: &str = "\
Writes one file, a Sigstore bundle after OpenSSF Model Signing 1.0, that names every file of the model with its digest.
Left out are `.git`, `.gitattributes`, `.github` and `.gitignore` at the top, and the signature itself. A signature by the same key is
replaced; anything else that lies there is kept unless --force is given.

With --scan, exit codes are those of a scan: 1 when something at or above --fail-on was found, 3 when something could not be
scanned to its end; then nothing is signed.

Examples:
  bartizan sign my-model --key bartizan.key
  bartizan sign my-model --key bartizan.key --scan
  bartizan sign my-model --key bartizan.key --signature my-model/model.sig --hash blake3";

pub(crate) const VERIFY_HELP: &str = "\
Exit codes:
  0  valid: signed by whom you believe, and every file is as it was signed
  1  refused
  2  usage error, or model, signature or key cannot be read
  3  with --scan: not everything could be scanned, and nothing else refuses

Code and weights in a path that the signature ignores (`.git`, say) are refused, because a loader does not know what a
signature ignores; other unsigned files are listed. No network connection is made.

Examples:
  bartizan verify my-model --key bartizan.pub
  bartizan verify my-model --key bartizan.pub --scan
  bartizan verify my-model --signature model.sig --certificate-chain ca.pem --format json
  bartizan verify my-model --signature model.sig --identity me@example.org --issuer https://accounts.google.com";
