//! The flags of `bartizan key`, and those by which any command gets at a passphrase.

use bartizan_evidence::keys::KeyAlgorithm;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `bartizan key`.
#[derive(Debug, Args)]
pub(crate) struct KeyArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: KeyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a new key pair; never overwrites a file
    #[command(after_long_help = GENERATE_HELP)]
    Generate {
        /// Kind of key
        #[arg(long, short, value_name = "ALGORITHM", default_value = KeyAlgorithm::EcdsaP256.name(), value_parser = algorithms())]
        algorithm: KeyAlgorithm,
        /// File for the private key; the public one goes beside it and ends in `.pub`
        #[arg(long, short, value_name = "FILE", default_value = "bartizan.key")]
        output: PathBuf,
        /// Ask for a passphrase on the terminal and encrypt the private key with it
        #[arg(long, conflicts_with_all = ["passphrase_env", "passphrase_file"])]
        encrypt: bool,
        #[command(flatten)]
        passphrase: PassphraseArguments,
    },
    /// Show what kind of key a file holds, and the key's name
    Show {
        /// A private key, a public key or a certificate, in PEM; or a key file of securesystemslib
        file: PathBuf,
        /// Format of the output
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
        #[command(flatten)]
        passphrase: PassphraseArguments,
    },
    /// Write the public half of a key
    Export {
        /// A private or public key
        file: PathBuf,
        /// Form to write it in
        #[arg(long = "as", value_name = "FORM", default_value = "pem")]
        form: ExportForm,
        /// File to write to, instead of standard output; never overwritten
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        passphrase: PassphraseArguments,
    },
}

/// Where the passphrase of an encrypted key comes from. It never stands on the command line, where every user of the machine
/// can read it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PassphraseArguments {
    /// Take the passphrase from the environment variable NAME [default: BARTIZAN_PASSPHRASE, if set]
    #[arg(long, value_name = "NAME", conflicts_with = "passphrase_file", help_heading = "Passphrase")]
    pub(crate) passphrase_env: Option<String>,
    /// Take the passphrase from the first line of FILE
    #[arg(long, value_name = "FILE", help_heading = "Passphrase")]
    pub(crate) passphrase_file: Option<PathBuf>,
}

/// For people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum TextOrJson {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

/// How to write a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum ExportForm {
    /// `SubjectPublicKeyInfo` in PEM, what most tools read.
    Pem,
    /// A key file of securesystemslib, what in-toto and TUF tools read.
    Securesystemslib,
}

fn algorithms() -> impl TypedValueParser<Value = KeyAlgorithm> {
    PossibleValuesParser::new(KeyAlgorithm::SIGNING.map(KeyAlgorithm::name))
        .try_map(|name| name.parse::<KeyAlgorithm>())
}

const GENERATE_HELP: &str = "\
The private key is written readable by you alone. With a passphrase it is encrypted (PKCS#8, scrypt, AES-256).

Examples:
  bartizan key generate
  bartizan key generate --algorithm ed25519 --output release.key --encrypt
  BARTIZAN_PASSPHRASE=… bartizan key generate --output ci.key";
