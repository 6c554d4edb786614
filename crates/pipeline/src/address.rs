//! Addresses in commands and manifests: which are unencrypted, which pin what they name.

use crate::Issue;
use crate::rules::INSECURE_TRANSPORT;
use bartizan_core::Severity;
use std::ops::Range;

/// The part of `text` from the first `http://` or `ftp://` address of a host outside this machine and its cluster.
pub(crate) fn cleartext(text: &str) -> Option<&str> {
    unencrypted(text).find(|address| !is_local(host(address)))
}

/// The `http://` and `ftp://` addresses of `text`, in order.
fn unencrypted(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        // Schemes are the same in either case (RFC 3986, section 3.1).
        let begins = |mark: usize, scheme: &&str| {
            let at = mark.checked_sub(scheme.len())?;
            // `sftp` ends so, too.
            let alone = rest.get(..at)?.bytes().next_back().is_none_or(|byte| !byte.is_ascii_alphanumeric());
            rest.get(at..mark).filter(|written| alone && written.eq_ignore_ascii_case(scheme)).map(|_| at)
        };
        let at = rest
            .match_indices("://")
            .find_map(|(mark, _)| ["http", "ftp"].iter().find_map(|scheme| begins(mark, scheme)))?;
        let address = rest.get(at..)?;
        let end = address
            .find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '|' | ')' | '`'))
            .unwrap_or(address.len());
        let address = address.get(..end)?;
        rest = rest.get(at.saturating_add(end.max(1))..)?;
        Some(address)
    })
}

/// The host of an address, without user and port.
pub(crate) fn host(address: &str) -> &str {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit('@').next().unwrap_or(authority);
    if let Some(literal) = host.strip_prefix('[') {
        return literal.split(']').next().unwrap_or(literal);
    }
    host.split(':').next().unwrap_or(host)
}

/// Whether `host` is this machine, a private network, a name inside a cluster, or known at run time only.
pub(crate) fn is_local(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let octets: Vec<u8> = host.split('.').filter_map(|part| part.parse().ok()).collect();
    let private = match octets.as_slice() {
        [127 | 10 | 0, _, _, _] | [192, 168, _, _] | [169, 254, _, _] => true,
        [172, second, _, _] => (16..32).contains(second),
        _ => false,
    };
    private
        || host.is_empty()
        || host.contains(['$', '{', '%', '<'])
        || (!host.contains('.') && !host.contains(':'))
        || matches!(host.as_str(), "::1" | "::")
        || [".local", ".localhost", ".svc", ".internal", ".cluster.local", ".lan", ".intranet", ".test"]
            .iter()
            .any(|end| host.ends_with(end))
}

/// Whether `host` is this machine, or known at run time only.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    matches!(host.as_str(), "localhost" | "::1" | "[" | "" | "0.0.0.0")
        || host.starts_with("127.")
        || host.ends_with(".localhost")
        || host.contains(['$', '{', '%', '<'])
}

/// From where a host can be reached, and who can answer in its place when nothing is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Under a public name or number.
    Anywhere,
    /// Under a name or number of a private network: whoever is inside answers in its place. Being inside is no authentication,
    /// so that what is installed, run or loaded from there is judged as from anywhere.
    Inside,
    /// Under a name that only the containers of one cluster or one compose project know.
    Cluster,
}

impl Reach {
    /// How bad it is to install, run or load what comes from there without encryption.
    pub(crate) fn of_source(self) -> Severity {
        match self {
            Self::Anywhere | Self::Inside => Severity::Medium,
            Self::Cluster => Severity::Low,
        }
    }

    /// How bad it is to talk to a service there without encryption.
    pub(crate) fn of_service(self) -> Severity {
        match self {
            Self::Anywhere => Severity::Medium,
            Self::Inside | Self::Cluster => Severity::Low,
        }
    }
}

/// An address without encryption on another machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clear<'t> {
    /// From its scheme to its end.
    pub(crate) address: &'t str,
    /// From where its host can be reached.
    pub(crate) reach: Reach,
}

impl Clear<'_> {
    /// What to say behind a message about it: who may answer.
    pub(crate) fn inside(self) -> &'static str {
        match self.reach {
            Reach::Anywhere => "",
            Reach::Inside | Reach::Cluster => {
                "; whoever is inside that network may put something else in its place"
            }
        }
    }

    /// The issue of fetching from it what is then installed, run or loaded; `message` goes before who may answer.
    pub(crate) fn source_issue(self, span: Range<usize>, message: impl std::fmt::Display) -> Issue {
        let message = format!("{message}{}", self.inside());
        Issue::new(&INSECURE_TRANSPORT, span, message).severity(self.reach.of_source())
    }

    /// The issue of a service that is asked there.
    pub(crate) fn service_issue(self, span: Range<usize>, message: impl std::fmt::Display) -> Issue {
        let message = message.to_string();
        Issue::new(&INSECURE_TRANSPORT, span, message).severity(self.reach.of_service())
    }
}

/// The first address without encryption in `text`: one of a public host before one of a private network, that before one of a
/// cluster. Nothing for this machine and for hosts known at run time only.
pub(crate) fn clear(text: &str) -> Option<Clear<'_>> {
    let rank = |reach: Reach| match reach {
        Reach::Anywhere => 0,
        Reach::Inside => 1,
        Reach::Cluster => 2,
    };
    unencrypted(text)
        .filter_map(|address| Some(Clear { address, reach: reach(host(address))? }))
        .min_by_key(|clear| rank(clear.reach))
}

/// The issue of what is fetched from the address that `value` is, when that is one without encryption.
pub(crate) fn fetched(value: &str, span: Range<usize>) -> Option<Issue> {
    let clear = clear(value).filter(|clear| value.starts_with(clear.address))?;
    let shown = bartizan_core::printable(clear.address, 100);
    Some(clear.source_issue(span, format_args!("{shown} is fetched without encryption")))
}

/// The issue of a setting or parameter called `name` whose value is an address without encryption: of what is fetched where the name
/// or the end of the address says that it is data, a model or code, else of a service. Services of the same cluster are passed over.
pub(crate) fn named(name: &str, value: &str, span: Range<usize>) -> Option<Issue> {
    let clear = clear(value).filter(|clear| value.starts_with(clear.address))?;
    let shown = bartizan_core::printable(clear.address, 100);
    if names_content(name) || is_artifact(clear.address) {
        return Some(clear.source_issue(span, format_args!("{shown} is fetched without encryption")));
    }
    let service = clear.service_issue(span, format_args!("`{name}` leads to {shown} without encryption"));
    (clear.reach == Reach::Anywhere || is_cleartext_inside(value)).then_some(service)
}

/// Whether `text` is an address without encryption on another machine of a private network: what code or models come from
/// there can be replaced by whoever is inside.
pub(crate) fn is_cleartext_inside(text: &str) -> bool {
    let text = text.trim();
    clear(text).is_some_and(|clear| clear.reach == Reach::Inside && text.starts_with(clear.address))
}

/// Whether `name` says of what it leads to that it is fetched to be loaded, installed or run.
pub(crate) fn names_content(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    CONTENT.iter().any(|word| lower.contains(word))
        || lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "data")
}

/// Words for what is loaded, installed or run.
const CONTENT: &[&str] = &[
    "model",
    "weight",
    "checkpoint",
    "ckpt",
    "dataset",
    "data_url",
    "data_uri",
    "dataurl",
    "corpus",
    "tokenizer",
    "artifact",
    "mirror",
    "download",
    "index_url",
    "wheel",
    "package",
    "script",
    "source",
];

/// From where `host` can be reached; `None` for this machine and what only it answers, and for hosts known at run time only.
pub(crate) fn reach(host: &str) -> Option<Reach> {
    let host = host.to_ascii_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| host.ends_with(end));
    if is_this_machine(&host) || SAME_MACHINE.contains(&host.as_str()) || ends(&[".test"]) {
        return None;
    }
    if let Ok(number) = host.parse::<std::net::Ipv4Addr>() {
        return if number.is_link_local() || number.octets().first() == Some(&0) {
            // Metadata of the machine, which clouds answer without encryption by design.
            None
        } else if number.is_private() {
            Some(Reach::Inside)
        } else {
            Some(Reach::Anywhere)
        };
    }
    if let Ok(number) = host.parse::<std::net::Ipv6Addr>() {
        return if number.is_unicast_link_local() || number.is_unspecified() {
            None
        } else if number.is_unique_local() {
            Some(Reach::Inside)
        } else {
            Some(Reach::Anywhere)
        };
    }
    if !host.contains('.') || ends(&[".svc", ".cluster.local"]) || host.contains(".svc.") {
        return Some(Reach::Cluster);
    }
    Some(if ends(PRIVATE) { Reach::Inside } else { Reach::Anywhere })
}

/// Names by which a container reaches the machine that it runs on, and under which clouds answer what a machine is.
const SAME_MACHINE: &[&str] = &[
    "host.docker.internal",
    "gateway.docker.internal",
    "kubernetes.docker.internal",
    "host.containers.internal",
    "host.minikube.internal",
    "host.k3d.internal",
    "metadata.google.internal",
    "metadata",
];

/// Ends of names that are given inside of a network only.
const PRIVATE: &[&str] = &[
    ".internal",
    ".lan",
    ".intranet",
    ".corp",
    ".local",
    ".localdomain",
    ".home",
    ".home.arpa",
    ".private",
    ".consul",
];

/// Whether an address ends like a model, archive or program.
pub(crate) fn is_artifact(address: &str) -> bool {
    const ENDS: &[&str] = &[
        ".pth",
        ".pt",
        ".bin",
        ".pkl",
        ".pickle",
        ".h5",
        ".hdf5",
        ".onnx",
        ".safetensors",
        ".gguf",
        ".ckpt",
        ".joblib",
        ".keras",
        ".tar",
        ".tar.gz",
        ".tgz",
        ".zip",
        ".whl",
        ".so",
        ".sh",
        ".py",
        ".exe",
        ".npy",
        ".npz",
        ".model",
        ".pb",
        ".tflite",
        ".7z",
        ".gz",
        ".bz2",
        ".xz",
        ".jar",
        ".deb",
        ".csv",
        ".parquet",
        ".jsonl",
        ".weights",
        ".caffemodel",
    ];
    let path = address.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    ENDS.iter().any(|end| path.ends_with(end))
}

/// Whether `text` is a full commit id: 40 or 64 hexadecimal digits.
pub(crate) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether `text` says by itself that it stands for something filled in elsewhere.
pub(crate) fn is_filled_in(text: &str) -> bool {
    text.contains(['$', '{', '%', '<'])
        && (text.contains("${")
            || text.contains("{{")
            || text.contains('$')
            || text.contains('<')
            || text.contains("%("))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_told_apart_by_who_can_answer_in_their_place() {
        use Reach::{Anywhere, Cluster, Inside};
        for (host, expected) in [
            ("pypi.acme.example", Some(Anywhere)),
            ("93.184.216.34", Some(Anywhere)),
            ("2001:db8::1", Some(Anywhere)),
            ("pypi.acme.internal", Some(Inside)),
            ("Models.Corp", Some(Inside)),
            ("nas.local", Some(Inside)),
            ("10.0.3.4", Some(Inside)),
            ("172.20.0.9", Some(Inside)),
            ("192.168.1.2", Some(Inside)),
            ("fd00::7", Some(Inside)),
            ("minio", Some(Cluster)),
            ("minio.store.svc", Some(Cluster)),
            ("minio.store.svc.cluster.local", Some(Cluster)),
            ("localhost", None),
            ("app.localhost", None),
            ("127.0.0.1", None),
            ("::1", None),
            ("0.0.0.0", None),
            ("169.254.169.254", None),
            ("metadata.google.internal", None),
            ("host.docker.internal", None),
            ("$HOST", None),
            ("{host}.internal", None),
            ("pypi.acme.test", None),
            ("", None),
        ] {
            assert_eq!(reach(host), expected, "{host}");
        }
    }

    #[test]
    fn of_several_addresses_that_of_the_widest_reach_is_told() {
        let text = "http://localhost/ http://api/ http://m.lan/x https://a.example/ http://b.example/y";
        assert_eq!(clear(text), Some(Clear { address: "http://b.example/y", reach: Reach::Anywhere }));
        let text = "http://api/ http://m.lan/x";
        assert_eq!(clear(text), Some(Clear { address: "http://m.lan/x", reach: Reach::Inside }));
        assert_eq!(clear("http://127.0.0.1/ https://m.lan/"), None);
        assert!(fetched("http://m.lan/x", 0..1).is_some());
        assert!(fetched("see http://m.lan/x", 0..1).is_none());
    }

    #[test]
    fn cleartext_addresses_of_other_machines_are_found_and_local_ones_passed_over() {
        assert_eq!(cleartext("x http://localhost:80/ http://a.example/b c"), Some("http://a.example/b"));
        assert_eq!(cleartext("HTTP://a.example/b"), Some("HTTP://a.example/b"));
        for local in [
            "http://127.0.0.1/x",
            "http://api:80",
            "http://$HOST/x",
            "http://x.svc",
            "https://a.b",
            "http://[::1]/",
        ] {
            assert_eq!(cleartext(local), None, "{local}");
        }
        assert_eq!(host("https://u:p@h.example:8/x"), "h.example");
    }

    /// Severities of what is said of unencrypted addresses in a file, for a public name, one of the network, one of the cluster, and
    /// this machine.
    fn graded(name: &str, content: &str) -> [Option<Severity>; 4] {
        ["files.acme.example", "files.acme.lan", "files", "localhost"].map(|host| {
            let content = content.replace("HOST", host);
            crate::testing::graded(name, &content, "pipeline/insecure-transport").into_iter().max()
        })
    }

    #[test]
    fn what_is_installed_run_or_loaded_is_judged_alike_in_every_kind_of_file() {
        use Severity::{Low, Medium};
        let argo = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nspec:\n";
        let workflow = "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n    - run: |\n        ";
        for (name, content) in [
            ("requirements.txt", "--index-url http://HOST/simple\nnumpy==1.26.4\n".to_owned()),
            ("pyproject.toml", "[[tool.uv.index]]\nurl = \"http://HOST/simple\"\n".to_owned()),
            ("environment.yml", "channels:\n- http://HOST/main\ndependencies:\n- numpy=1.26.4\n".to_owned()),
            ("package.json", "{\"dependencies\": {\"a\": \"http://HOST/a.tgz\"}}".to_owned()),
            ("run.sh", "#!/bin/sh\npip install -i http://HOST/simple numpy==1.26.4\n".to_owned()),
            ("run.sh", "#!/bin/sh\nU=${U:-http://HOST/net}\ncurl -L \"$U\" -o net.onnx\n".to_owned()),
            ("run.sh", "#!/bin/sh\nwget http://HOST/d/current && ls\n".to_owned()),
            ("run.sh", "#!/bin/sh\nkubectl apply -f http://HOST/a.yaml\nhelm repo add a http://HOST\n".to_owned()),
            ("Makefile", "get:\n\tcurl -s http://HOST/d.csv > d.csv\n".to_owned()),
            ("Dockerfile", "FROM a@sha256:aa\nADD http://HOST/net.bin /m/\n".to_owned()),
            (".gitlab-ci.yml", "a:\n  script:\n  - wget http://HOST/d.tgz\n".to_owned()),
            (".github/workflows/a.yml", format!("{workflow}curl http://HOST/d | tar x\n")),
            (".pre-commit-config.yaml", "repos:\n- repo: http://HOST/hooks\n  rev: v1\n  hooks: [{id: a}]\n".to_owned()),
            ("dvc.yaml", "stages:\n  a:\n    cmd: wget -q http://HOST/d -O d\n".to_owned()),
            (".dvc/config", "['remote \"a\"']\n    url = http://HOST/d\n".to_owned()),
            ("w.yaml", format!("{argo}  templates:\n  - inputs:\n      artifacts:\n      - name: m\n        path: /m\n        http: {{url: 'http://HOST/m.pt'}}\n")),
            ("w.yaml", format!("{argo}  arguments:\n    parameters:\n    - name: a\n      value: http://HOST/train.tar\n")),
            ("s.yaml", "apiVersion: serving.kserve.io/v1beta1\nkind: InferenceService\nspec:\n  predictor:\n    model:\n      storageUri: http://HOST/m/v1\n".to_owned()),
            ("MLproject", "entry_points:\n  main:\n    parameters:\n      data: {type: string, default: 'http://HOST/d.csv'}\n    command: python a.py\n".to_owned()),
            ("conf/train.yaml", "model_name_or_path: ./m\nmodel_url: http://HOST/net\n".to_owned()),
            ("a.py", "import pandas as pd\npd.read_csv('http://HOST/d.csv')\n".to_owned()),
            ("k.yaml", "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - name: a\n    image: a@sha256:aa\n    env: [{name: MODEL_URL, value: 'http://HOST/m'}]\n".to_owned()),
        ] {
            assert_eq!(graded(name, &content), [Some(Medium), Some(Medium), Some(Low), None], "{name} {content}");
        }
    }

    #[test]
    fn services_inside_a_network_are_low_and_questions_inside_a_cluster_nothing() {
        use Severity::{Low, Medium};
        let services = [
            ("run.sh", "#!/bin/sh\ncurl -sf http://HOST:8080/health\n"),
            ("run.sh", "#!/bin/sh\nwget -qO- http://HOST:8080/health\n"),
            ("conf/app.yaml", "model_name_or_path: ./m\ntracking:\n  endpoint: http://HOST:4317\n"),
        ];
        for (name, content) in services {
            assert_eq!(graded(name, content), [Some(Medium), Some(Low), None, None], "{content}");
        }
        let named = "services:\n  a:\n    image: a@sha256:aa\n    environment:\n      MLFLOW_TRACKING_URI: http://HOST:5000\n      OPENAI_BASE_URL: http://HOST:8000/v1\n";
        assert_eq!(graded("compose.yaml", named), [Some(Medium), Some(Low), Some(Low), None]);
        let token = "#!/bin/sh\ncurl -H \"Authorization: Bearer $T\" http://HOST/jobs\n";
        assert_eq!(graded("run.sh", token), [Some(Medium), Some(Medium), None, None]);
        let metadata = "#!/bin/sh\ncurl http://169.254.169.254/latest/meta-data/ -o m.json\ncurl http://metadata.google.internal/a -o b\n";
        assert_eq!(crate::testing::lines("run.sh", metadata), []);
    }
}
