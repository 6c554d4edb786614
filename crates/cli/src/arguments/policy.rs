//! The flags of `bartizan policy`.

use super::{BoundArguments, TextOrJson};
use clap::{Args, Subcommand};
use std::path::PathBuf;

/// Arguments of `bartizan policy`.
#[derive(Debug, Args)]
#[command(after_long_help = POLICY_HELP)]
pub(crate) struct PolicyArguments {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Run the tests of policies: rules called test_… in files …_test.rego
    Test {
        /// Policies: files, folders, bundles or shipped names
        #[arg(required = true, value_name = "POLICY")]
        policies: Vec<String>,
        /// Run tests whose names contain TEXT
        #[arg(long, value_name = "TEXT", default_value = "")]
        filter: String,
        /// Name every test, also those that pass
        #[arg(long, short)]
        verbose: bool,
        /// Format of the report
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
        #[command(flatten)]
        bounds: BoundArguments,
    },
    /// Lay Rego out in the one way: white space only, every token stays
    Fmt {
        /// Files or folders; `-` from standard input to standard output
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// Change nothing, name what would change, and exit with 1 if anything would
        #[arg(long)]
        check: bool,
    },
    /// Say what a policy asks for: what it says of an artifact without any evidence, and which settings it reads
    Explain {
        /// A file, folder, bundle or shipped name; repeat for more in force together
        #[arg(required = true, value_name = "POLICY")]
        policies: Vec<String>,
        /// Package that decides
        #[arg(long, value_name = "NAME")]
        package: Option<String>,
        /// Format of the output
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
        #[command(flatten)]
        bounds: BoundArguments,
    },
    /// Decide over a document that `gate --show-input` wrote, to try a policy: nothing in it is checked again
    Try {
        /// Policies that must agree: files, folders, bundles or shipped names
        #[arg(required = true, value_name = "POLICY")]
        policies: Vec<String>,
        /// The document; `-` for standard input
        #[arg(long, short, value_name = "FILE")]
        input: PathBuf,
        /// Package that decides
        #[arg(long, value_name = "NAME")]
        package: Option<String>,
        /// Format of the decision
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
        #[command(flatten)]
        bounds: BoundArguments,
    },
    /// Write a policy as one archive in the layout of OPA's bundles, the same bytes every time
    Bundle {
        /// A folder, file or shipped name
        policy: String,
        /// File to write
        #[arg(long, short, value_name = "FILE")]
        output: PathBuf,
        /// Put its tests in as well
        #[arg(long)]
        with_tests: bool,
    },
    /// Show a policy's files and digest, or list the shipped ones
    Show {
        /// A file, folder, bundle or shipped name; without it, the shipped ones are listed
        policy: Option<String>,
        /// Write the policy's files below FOLDER, to begin one's own with; never overwrites
        #[arg(long, value_name = "FOLDER", requires = "policy")]
        extract: Option<PathBuf>,
        /// Format of the output
        #[arg(long, short, value_name = "FORMAT", default_value = "text")]
        format: TextOrJson,
    },
    /// Write the JSON Schema of the document that policies read as `input`
    Schema,
}

const POLICY_HELP: &str = "\
Exit codes of test and fmt --check: 0 all is well, 1 a test fails or a file would change, 2 a policy cannot be read.

Examples:
  bartizan policy show strict
  bartizan policy show baseline --extract our-policy
  bartizan policy test our-policy
  bartizan policy fmt our-policy --check
  bartizan policy bundle our-policy --output our-policy.tar.gz
  bartizan policy explain our-policy
  bartizan policy try our-policy --input input.json";
