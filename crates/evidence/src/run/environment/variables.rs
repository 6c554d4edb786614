//! Environment variables: an allow-list, because the rest is nobody's business, and redaction, because secrets get anywhere.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Variables that decide how a training behaves; `*` at the end stands for any rest.
const USUAL: [&str; 46] = [
    "PATH",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "SOURCE_DATE_EPOCH",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "VIRTUAL_ENV",
    "PYTHON*",
    "PYENV_VERSION",
    "CONDA_PREFIX",
    "CONDA_DEFAULT_ENV",
    "OMP_*",
    "GOMP_*",
    "KMP_*",
    "MKL_*",
    "OPENBLAS_*",
    "GOTO_NUM_THREADS",
    "BLIS_*",
    "VECLIB_*",
    "NUMEXPR_*",
    "NUMBA_*",
    "LOKY_*",
    "CUDA_*",
    "CUBLAS_*",
    "CUDNN_*",
    "NVIDIA_*",
    "NCCL_*",
    "ROCM_*",
    "HIP_*",
    "HSA_*",
    "TORCH*",
    "PYTORCH_*",
    "TF_*",
    "XLA_*",
    "JAX_*",
    "HF_*",
    "TRANSFORMERS_*",
    "TOKENIZERS_*",
    "RANK",
    "LOCAL_RANK",
    "WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "*SEED*",
];
/// Parts of a name that make its value a secret.
const SECRET_WORDS: [&str; 12] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "CREDENTIAL",
    "APIKEY",
    "API_KEY",
    "ACCESS_KEY",
    "PRIVATE",
    "COOKIE",
    "AUTH",
];
/// How secrets of well-known services begin. Source: the services' documentation of their token formats.
const SECRET_STARTS: [&str; 17] = [
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "hf_",
    "sk-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "eyJ",
    "pypi-",
    "npm_",
];
/// A value that begins like a secret is one only from this length, in bytes.
const SHORTEST_SECRET: usize = 16;
/// Longest value kept, in bytes.
const LONGEST_VALUE: usize = 32 << 10;

/// The variables of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Variables {
    /// Name and value.
    pub kept: BTreeMap<String, String>,
    /// Names of those whose value is held back.
    pub redacted: Vec<String>,
}

/// The variables that are on the allow-list.
pub(super) fn variables(all: &[(OsString, OsString)], allowed: &[String]) -> Variables {
    let mut variables = Variables::default();
    for (name, value) in all {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        let listed =
            USUAL.iter().copied().chain(allowed.iter().map(String::as_str)).any(|each| fits(each, &name));
        if !listed {
            continue;
        }
        if is_secret_name(&name) || looks_secret(&value) || value.len() > LONGEST_VALUE {
            variables.redacted.push(name.into_owned());
        } else {
            variables.kept.insert(name.into_owned(), value.into_owned());
        }
    }
    variables.redacted.sort();
    variables.redacted.dedup();
    variables
}

/// Whether `name` fits a pattern with `*` at its ends.
fn fits(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(_), Some(_)) if pattern.len() > 1 => name.contains(pattern.trim_matches('*')),
        (_, Some(start)) => name.starts_with(start),
        (Some(end), None) => name.ends_with(end),
        (None, None) => name == pattern,
    }
}

/// Whether a variable or option of this name holds a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase().replace('-', "_");
    // A tokenizer is no token, an author no authentication.
    let name = name.replace("TOKENIZER", "").replace("AUTHOR", "");
    SECRET_WORDS.iter().any(|word| name.contains(word)) || name == "KEY" || name.ends_with("_KEY")
}

/// Whether a value looks like a secret: a token of a well-known service, a private key, a password within an address.
pub fn looks_secret(value: &str) -> bool {
    let starts = value.len() >= SHORTEST_SECRET
        && SECRET_STARTS.iter().any(|start| value.starts_with(start))
        && !value.contains(['/', ' ']);
    starts || value.contains("-----BEGIN") || has_password(value)
}

/// Whether an address within `value` reads `scheme://user:password@host`.
fn has_password(value: &str) -> bool {
    value.split("://").skip(1).any(|rest| {
        let authority = rest.split(['/', '?', '#', ' ']).next().unwrap_or_default();
        authority.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)], allowed: &[&str]) -> Variables {
        let all: Vec<_> = pairs.iter().map(|(name, value)| (name.into(), value.into())).collect();
        variables(&all, &allowed.iter().map(ToString::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_is_listed_is_kept() {
        let found =
            of(&[("PYTHONHASHSEED", "0"), ("HOME", "/root"), ("MY_SEED_1", "2"), ("LC_ALL", "C")], &[]);
        assert_eq!(found.kept.keys().collect::<Vec<_>>(), ["LC_ALL", "MY_SEED_1", "PYTHONHASHSEED"]);
        assert!(found.redacted.is_empty());
        assert!(of(&[("HOME", "/root"), ("STAGE", "x")], &["HOME", "ST*"]).kept.len() == 2);
    }

    #[test]
    fn secrets_are_held_back_by_name_and_by_value() {
        let pairs = [
            ("HF_TOKEN", "anything"),
            ("HF_HOME", "/cache"),
            ("PYTHONX", "ghp_0123456789abcdef"),
            ("TORCH_URL", "https://me:secret@example.org/x"),
            ("TORCH_PLAIN_URL", "https://example.org/a:b@c"),
            ("TOKENIZERS_PARALLELISM", "false"),
        ];
        let found = of(&pairs, &[]);
        assert_eq!(found.redacted, ["HF_TOKEN", "PYTHONX", "TORCH_URL"]);
        assert_eq!(found.kept.len(), 3);
        assert!(is_secret_name("api-key") && is_secret_name("WANDB_API_KEY") && !is_secret_name("MONKEY"));
    }
}
