//! The flags of `bartizan log`.

use super::{PassphraseArguments, TextOrJson};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `bartizan log`.
#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: LogCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LogCommand {
    /// Begin a log, and print the key that verifies it
    #[command(after_long_help = INIT_HELP)]
    Init {
        /// Folder of the log, or its s3://, gs:// or az:// address (feature cloud)
        folder: PathBuf,
        /// What the log is called everywhere: a name without blanks, such as example.com/ml-log
        #[arg(long, value_name = "NAME")]
        origin: String,
        #[command(flatten)]
        signer: SignerArguments,
    },
    /// Append signed envelopes, and print their places once they are durable
    #[command(after_long_help = APPEND_HELP)]
    Append(AppendArguments),
    /// Show the latest checkpoint; with a key, put back what a crash left; with a witness, have it cosigned
    Checkpoint(CheckpointArguments),
    /// Write the proof that an entry is in the log, or that the log extends an older one
    Prove(ProveArguments),
    /// Verify a whole log from its files, or one proof file
    #[command(after_long_help = VERIFY_HELP)]
    Verify(VerifyLogArguments),
    /// Write the entries as lines of JSON, or copy the log to another folder
    Export(ExportArguments),
    /// Write a request for a timestamp of the latest checkpoint or of a file, for any authority (RFC 3161)
    #[command(after_long_help = TIMESTAMP_HELP)]
    TimestampRequest {
        /// Folder or address of a log, or a file such as an envelope or a signature
        path: PathBuf,
        /// File to write the request to, usually NAME.tsq
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
    },
    /// Build the index of the store anew from its log and blobs
    Reindex {
        /// Folder of the store, or the address of one whose log and blobs are shared [default: the nearest .bartizan]
        store: Option<PathBuf>,
        /// The key that verifies the log, or a file that holds it
        #[arg(long, value_name = "VKEY")]
        key: String,
    },
    /// Cosign other people's logs, over HTTP or HTTPS
    #[cfg(feature = "witness")]
    Witness(WitnessArguments),
}

/// The key that signs.
#[derive(Debug, Args)]
pub(crate) struct SignerArguments {
    /// The log's private key in PEM: Ed25519 or ML-DSA-44
    #[arg(long, short, value_name = "FILE")]
    pub(crate) key: PathBuf,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArguments,
}

/// Arguments of `bartizan log append`.
#[derive(Debug, Args)]
pub(crate) struct AppendArguments {
    /// Folder of the log, or its s3://, gs:// or az:// address (feature cloud)
    pub(crate) folder: PathBuf,
    /// Files with one DSSE envelope each; `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Log each file's own bytes, which must be digests or ciphertext, instead of an envelope's digest
    #[arg(long)]
    pub(crate) raw: bool,
    /// Timestamp token or response (RFC 3161, DER) over the envelope, kept in the entry
    #[arg(long, value_name = "FILE", conflicts_with = "raw")]
    pub(crate) timestamp: Option<PathBuf>,
    /// Folder or address whose blobs keep the envelopes [default: the one that holds the log]
    #[arg(long, value_name = "FOLDER", conflicts_with = "raw")]
    pub(crate) store: Option<PathBuf>,
    /// Go on although the last writer's clock was ahead: the times of entries then step back here, for everyone to see
    #[arg(long)]
    pub(crate) clock_was_wrong: bool,
    #[command(flatten)]
    pub(crate) signer: SignerArguments,
    /// Format of the output
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TextOrJson,
}

/// Arguments of `bartizan log checkpoint`.
#[derive(Debug, Args)]
pub(crate) struct CheckpointArguments {
    /// Folder of the log, or its s3://, gs:// or az:// address (feature cloud)
    pub(crate) folder: PathBuf,
    /// The log's private key in PEM, to put back what a crash left in its journal
    #[arg(long, short, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) passphrase: PassphraseArguments,
    /// Have the checkpoint cosigned by the witness at URL (https or http); repeat for more
    #[cfg(feature = "witness")]
    #[arg(long, value_name = "URL", requires = "witness_key")]
    pub(crate) witness: Vec<String>,
    /// The key of the witness, for each `--witness`
    #[cfg(feature = "witness")]
    #[arg(long, value_name = "VKEY", requires = "witness")]
    pub(crate) witness_key: Vec<String>,
    /// Root certificates in PEM that are believed when a witness is asked over https [default: those of this machine]
    #[cfg(feature = "witness")]
    #[arg(long, value_name = "FILE", requires = "witness")]
    pub(crate) witness_root: Vec<PathBuf>,
}

/// Arguments of `bartizan log prove`.
#[derive(Debug, Args)]
pub(crate) struct ProveArguments {
    /// Folder of the log, or its s3://, gs:// or az:// address (feature cloud)
    pub(crate) folder: PathBuf,
    /// Place of the entry, from 0
    #[arg(required_unless_present = "extends")]
    pub(crate) index: Option<u64>,
    /// Prove that the log extends its first N entries
    #[arg(long, value_name = "N", conflicts_with = "index")]
    pub(crate) extends: Option<u64>,
    /// The key that verifies the log, or a file that holds it
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: String,
    /// File to write the proof to, usually NAME.tlog-proof, instead of standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Replace FILE also when it is no proof
    #[arg(long, requires = "output")]
    pub(crate) force: bool,
}

/// Arguments of `bartizan log verify`.
#[derive(Debug, Args)]
pub(crate) struct VerifyLogArguments {
    /// Folder or address of a log, or a .tlog-proof file
    pub(crate) path: PathBuf,
    /// The key that verifies the log, or a file that holds it; repeat for a log that changed its key
    #[arg(long, value_name = "VKEY", required_unless_present = "policy")]
    pub(crate) key: Vec<String>,
    /// A policy (C2SP tlog-policy): which logs, which witnesses, and how many of them
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// An earlier checkpoint of the log, which it must extend; repeat for more
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// A timestamp of this checkpoint, or of one given with --checkpoint (RFC 3161, DER); repeat for more
    #[arg(long, value_name = "FILE", requires = "timestamp_root")]
    pub(crate) timestamp: Vec<PathBuf>,
    /// Root certificates of the timestamping authorities that are believed, in PEM; also for the tokens in entries
    #[arg(long, value_name = "FILE")]
    pub(crate) timestamp_root: Vec<PathBuf>,
    /// What a proof file is to be about: the envelope that was appended, or its entry [default: the entry that the proof carries]
    #[arg(long, value_name = "FILE", visible_alias = "envelope")]
    pub(crate) entry: Option<PathBuf>,
    /// Format of the verdict
    #[arg(long, short, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: TextOrJson,
}

/// Arguments of `bartizan log export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// Folder of the log, or its s3://, gs:// or az:// address (feature cloud)
    pub(crate) folder: PathBuf,
    /// The key that verifies the log, or a file that holds it
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: String,
    /// Copy tiles, entries and checkpoint to this folder or address, which anyone can serve
    #[arg(long, value_name = "FOLDER")]
    pub(crate) to: Option<PathBuf>,
    /// First entry to write
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "to")]
    pub(crate) start: u64,
}

/// Arguments of `bartizan log witness`.
#[cfg(feature = "witness")]
#[derive(Debug, Args)]
pub(crate) struct WitnessArguments {
    /// What the witness is called everywhere
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// A log to cosign: the key that verifies it, or a file that holds it; repeat for more
    #[arg(long, value_name = "VKEY", required = true)]
    pub(crate) log: Vec<String>,
    /// Folder in which it remembers what it cosigned
    #[arg(long, value_name = "FOLDER")]
    pub(crate) memory: PathBuf,
    /// Address to listen at
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7801")]
    pub(crate) listen: std::net::SocketAddr,
    /// Serve over https with this chain of certificates in PEM, the server's first
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// The private key of that certificate in PEM
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    pub(crate) tls_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) signer: SignerArguments,
}

const INIT_HELP: &str = "\
Example:
  bartizan key generate --algorithm ed25519 --output log.key
  bartizan log init .bartizan/log --origin example.com/ml-log --key log.key > log.vkey

The printed line (the vkey) is what others verify the log with. Give it to them; nothing inside the log is a
substitute for it.";

const APPEND_HELP: &str = "\
An entry holds the envelope's SHA-256, its payload type, and the digests of what it speaks about; the envelope itself
goes into blobs/ beside the log, where it can be erased when it must be. An entry has at most 65,535 bytes.

Example:
  bartizan log append .bartizan/log release.dsse.json --key log.key";

const TIMESTAMP_HELP: &str = "\
A timestamp shows that a checkpoint, and so every entry under it, was there at a time. It is over the checkpoint's text, which
is what the log signs: cosignatures may be added later.

Example:
  bartizan log timestamp-request .bartizan/log --output checkpoint.tsq
  curl -H 'Content-Type: application/timestamp-query' --data-binary @checkpoint.tsq \\
    https://tsa.example/ > checkpoint.tsr
  bartizan log checkpoint .bartizan/log > checkpoint.then
  bartizan log verify .bartizan/log --key log.vkey --checkpoint checkpoint.then \\
    --timestamp checkpoint.tsr --timestamp-root tsa-root.pem";

const VERIFY_HELP: &str = "\
Exit codes:
  0  valid: every entry, every tile and the checkpoint belong together, and the checkpoint is signed
  1  refused: the damaged file is named, or the two checkpoints of a fork are shown
  2  the log could not be read, or the command line is wrong
  3  incomplete: what is there holds, but tiles lie beyond the checkpoint, or a kept checkpoint could not be compared

Example:
  bartizan log verify .bartizan/log --key log.vkey
  bartizan log verify release.tlog-proof --entry release.dsse.json --key log.vkey";
