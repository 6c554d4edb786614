//! Connections without verification, data over plain HTTP, downloads nobody compares with a digest.

use crate::Safety;
use crate::address::Reach;
pub(in crate::python) use crate::address::is_artifact;
use crate::python::call::{Argument, Call};
use crate::python::module::{Module, Report, edit};
use crate::python::sources::{self, Documents};
use crate::python::value::{HOLE, Known, Value};
use crate::rules::{INSECURE_TRANSPORT, TLS_DISABLED, UNVERIFIED_DOWNLOAD};
use bartizan_core::{Confidence, Finding, Rule, Severity};
use std::ops::Range;

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&TLS_DISABLED, &INSECURE_TRANSPORT, &UNVERIFIED_DOWNLOAD];

/// Environment variables that switch verification off, and the values that do.
const SWITCHES: &[(&str, &[&str])] = &[
    ("CURL_CA_BUNDLE", &[""]),
    ("REQUESTS_CA_BUNDLE", &[""]),
    ("SSL_CERT_FILE", &[""]),
    ("PYTHONHTTPSVERIFY", &["0"]),
    ("GIT_SSL_NO_VERIFY", &["1", "true", "True"]),
    ("HF_HUB_DISABLE_SSL_VERIFICATION", &["1", "true", "True"]),
    ("HF_HUB_DISABLE_SSL_VERIFY", &["1", "true", "True"]),
    ("HF_HUB_DISABLE_SSL", &["1", "true", "True"]),
    ("MLFLOW_TRACKING_INSECURE_TLS", &["true", "True", "1"]),
    ("WANDB_INSECURE_DISABLE_SSL", &["true", "True", "1"]),
    ("NODE_TLS_REJECT_UNAUTHORIZED", &["0"]),
    ("AWS_S3_VERIFY_SSL", &["0", "false", "False"]),
    ("S3_VERIFY_SSL", &["0", "false", "False"]),
    ("PIP_TRUSTED_HOST", &[]),
];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    tls(call, module);
    http(call, module);
    statement(call, module);
    download(call, module);
    if call.is_of("hashlib")
        || [
            "sha256",
            "sha512",
            "md5",
            "sha1",
            "blake2b",
            "hexdigest",
            "check_integrity",
            "check_md5",
            "file_digest",
            "verify_checksum",
            "compare_digest",
        ]
        .contains(&call.name())
    {
        module.facts.hashes = true;
    }
}

fn tls(call: &Call<'_>, module: &mut Module) {
    let first_bool = || {
        call.positional
            .first()
            .filter(|given| given.value.known != Known::Null)
            .and_then(|given| given.value.truth())
    };
    let path = call.path.as_ref();
    let message = match path {
        "set:os.environ" | "os.environ.setdefault" | "os.putenv" => {
            let name = call.positional.first().and_then(|argument| argument.value.as_text());
            let value = call.positional.get(1).and_then(|argument| argument.value.as_text());
            let (Some(name), Some(value)) = (name, value) else { return };
            let off = SWITCHES.iter().any(|(switch, values)| {
                *switch == name && if values.is_empty() { !value.is_empty() } else { values.contains(&value) }
            });
            if !off {
                return;
            }
            format!("`{name}={value}` switches TLS verification off for the whole process")
        }
        "os.environ.update" => {
            let off = call.positional.first().is_some_and(|given| {
                SWITCHES.iter().any(|(switch, values)| {
                    given
                        .value
                        .entry(switch)
                        .and_then(|value| value.as_text())
                        .is_some_and(|value| values.contains(&value))
                })
            });
            if !off {
                return;
            }
            "the environment switches TLS verification off for the whole process".to_owned()
        }
        _ if call.name() == "set_missing_host_key_policy" => {
            let accepts =
                call.positional.first().and_then(|policy| policy.value.as_path()).is_some_and(|path| {
                    path.starts_with("paramiko.")
                        && (path.contains("AutoAddPolicy") || path.contains("WarningPolicy"))
                });
            if !accepts {
                return;
            }
            let message = "the key of a host that nobody knows is accepted".to_owned();
            module.report(&call.span, Finding::new(&TLS_DISABLED, message).severity(Severity::Medium));
            return;
        }
        "ssl._create_unverified_context" | "ssl._create_stdlib_context" => {
            "the connection accepts any certificate".to_owned()
        }
        "set:ssl._create_default_https_context" => {
            let unverified = call
                .positional
                .first()
                .and_then(|given| given.value.as_path())
                .is_some_and(|path| path.contains("unverified"));
            if !unverified {
                return;
            }
            "every HTTPS connection of the process accepts any certificate".to_owned()
        }
        "urllib3.disable_warnings" | "requests.packages.urllib3.disable_warnings" => {
            let finding = Finding::new(&TLS_DISABLED, "warnings about unverified connections are silenced");
            module.report(&call.span, finding.severity(Severity::Low).confidence(Confidence::Medium));
            return;
        }
        _ if path.starts_with("set:") && path.ends_with(".verify") && first_bool() == Some(false) => {
            let session = ["requests", "httpx", "ession", "set:?"].iter().any(|part| path.contains(part));
            if !session {
                return;
            }
            "the session accepts any certificate".to_owned()
        }
        _ if path.starts_with("set:") && path.ends_with(".check_hostname") && first_bool() == Some(false) => {
            "the name in the certificate is not compared".to_owned()
        }
        _ if path.starts_with("set:")
            && path.ends_with(".verify_mode")
            && call
                .positional
                .first()
                .and_then(|given| given.value.as_path())
                .is_some_and(|path| path.as_ref() == "ssl.CERT_NONE") =>
        {
            "the connection accepts any certificate".to_owned()
        }
        _ => {
            by_keyword(call, module);
            return;
        }
    };
    module.report(&call.span, Finding::new(&TLS_DISABLED, message));
}

/// `verify=False` and its like.
fn by_keyword(call: &Call<'_>, module: &mut Module) {
    const OFF: &[&str] = &[
        "verify",
        "verify_ssl",
        "ssl_verify",
        "verify_certs",
        "ssl_verification",
        "check_hostname",
        "tls_verify",
        "use_ssl",
        "validate_certs",
        "verify_tls",
    ];
    if matches!(call.package(), "requests" | "httpx" | "aiohttp") {
        module.judged.insert(call.span.start);
    }
    let http = matches!(
        call.package(),
        "requests"
            | "httpx"
            | "aiohttp"
            | "urllib3"
            | "boto3"
            | "botocore"
            | "hvac"
            | "elasticsearch"
            | "opensearchpy"
            | "weaviate"
            | "mlflow"
    ) || call.path.starts_with('?')
        || call.path.starts_with('@')
        || call.name().eq_ignore_ascii_case("client")
        || call.path.ends_with("Client");
    for name in OFF {
        let Some(given) = call.keyword(name) else { continue };
        if !call.is_false(name) || given.value.known == Known::Text("".into()) {
            continue;
        }
        // `verify` means other things elsewhere; a request has an address or is made by a client.
        let web = http
            && (!call.path.starts_with(['?', '@'])
                || ["get", "post", "put", "request", "patch", "delete", "head"].contains(&call.name())
                || *name != "verify");
        if !web || *name == "use_ssl" && !matches!(call.package(), "boto3" | "botocore") {
            continue;
        }
        if *name == "use_ssl" {
            let message = "`use_ssl=False` speaks to the store without encryption";
            module.report(&given.span, Finding::new(&INSECURE_TRANSPORT, message).severity(Severity::High));
            return;
        }
        let fix = edit(
            (given.span.clone(), format!("{name}=True")),
            Safety::Unsafe,
            "verify the server's certificate",
        )
        .filter(|_| given.written == "False");
        let message = format!("`{name}=False` accepts any certificate");
        module.report_fixable(&given.span, Finding::new(&TLS_DISABLED, message), fix);
        return;
    }
    let context_off = call.is_in("aiohttp", "TCPConnector")
        && (call.is_false("ssl") || call.is_false("verify_ssl"))
        || call.is_of("aiohttp") && ["get", "post", "request"].contains(&call.name()) && call.is_false("ssl");
    let none = call.any_keyword(&["cert_reqs", "ssl_cert_reqs", "tls_verify"]).is_some_and(|given| {
        given.value.as_path().is_some_and(|path| path.as_ref() == "ssl.CERT_NONE")
            || given.value.as_text() == Some("CERT_NONE")
    });
    if context_off || none {
        let switch = call.any_keyword(&["ssl", "verify_ssl", "cert_reqs", "ssl_cert_reqs", "tls_verify"]);
        let span = switch.map_or(&call.span, |switch| &switch.span);
        module.report(span, Finding::new(&TLS_DISABLED, "the connection accepts any certificate"));
    }
}

/// Functions that read data or models from an address.
pub(in crate::python) fn fetches(call: &Call<'_>) -> bool {
    let name = call.name();
    if sources::reads_documents(call) == Some(Documents::Web) {
        return true;
    }
    match call.package() {
        "pandas" | "polars" | "dask" | "geopandas" => name.starts_with("read_") || name.starts_with("scan_"),
        "requests" | "httpx" => {
            matches!(name, "get" | "post" | "put" | "request" | "stream" | "patch" | "delete" | "head")
        }
        "urllib" => matches!(name, "urlretrieve" | "urlopen" | "Request"),
        "wget" => name == "download",
        "torch" => call.path.starts_with("torch.hub."),
        "keras" => name == "get_file",
        "datasets" => {
            name == "load_dataset" || name == "from_csv" || name == "from_json" || name == "from_parquet"
        }
        "torchvision" => name.starts_with("download_"),
        "numpy" => matches!(name, "loadtxt" | "genfromtxt"),
        "fsspec" | "smart_open" => name == "open",
        "skimage" | "imageio" => name == "imread",
        "transformers" | "diffusers" | "sentence_transformers" | "huggingface_hub" => {
            name == "from_pretrained" || name == "from_single_file"
        }
        "mlflow" => matches!(name, "set_tracking_uri" | "load_model" | "set_registry_uri"),
        "tensorflow_hub" | "kagglehub" | "pooch" | "gdown" => true,
        "spacy" | "joblib" => false,
        _ => matches!(
            name,
            "urlretrieve"
                | "urlopen"
                | "download_file"
                | "download_url"
                | "download_from_url"
                | "download_and_extract_archive"
                | "load_from_checkpoint"
        ),
    }
}

/// A statement of DuckDB that reads a file from an address: `read_parquet('http://…')`.
///
/// Source: DuckDB documentation, "HTTP(S) Support".
fn statement(call: &Call<'_>, module: &mut Module) {
    if !call.is_of("duckdb") || !matches!(call.name(), "execute" | "sql" | "query") {
        return;
    }
    let Some(given) = call.argument(0, "query") else { return };
    let read = given.value.as_pieces().and_then(crate::address::clear);
    if let Some(clear) = read.filter(|clear| is_artifact(clear.address)) {
        let shown = bartizan_core::printable(clear.address, 80);
        let message = format!("`{shown}` is read without encryption{}", clear.inside());
        let finding = Finding::new(&INSECURE_TRANSPORT, message).severity(clear.reach.of_source());
        module.report(&given.span, finding.confidence(Confidence::Medium));
    }
}

fn http(call: &Call<'_>, module: &mut Module) {
    const OTHER: &[&str] = &["namespaces", "headers", "params", "json", "data", "proxies", "attrs", "xpath"];
    if !fetches(call) {
        connects(call, module);
        return;
    }
    let named =
        call.named.iter().filter(|(name, _)| !OTHER.contains(&name.as_ref())).map(|(_, argument)| argument);
    let compared = call
        .any_keyword(&["md5", "known_hash", "file_hash", "hash_prefix", "sha256", "checksum"])
        .is_some_and(|digest| digest.value.known != Known::Null);
    for argument in call.positional.iter().chain(named) {
        let inside = argument.value.texts().into_iter().find_map(|text| {
            crate::address::clear(text)
                .filter(|clear| clear.reach != Reach::Anywhere && text.starts_with(clear.address))
        });
        if let Some(clear) = inside.filter(|clear| !asks(call) || is_artifact(clear.address))
            && !compared
        {
            let message = format!(
                "`{}` is fetched without encryption{}",
                bartizan_core::printable(clear.address, 80),
                clear.inside()
            );
            let finding = Finding::new(&INSECURE_TRANSPORT, message).severity(clear.reach.of_source());
            module.report(&argument.span, finding.confidence(Confidence::Medium));
            return;
        }
        let Some(address) = argument.value.texts().into_iter().find(|text| is_plain(text)) else { continue };
        let shown: String = address
            .chars()
            .take(80)
            .map(|character| if character == HOLE { '…' } else { character })
            .collect();
        let data = !asks(call) || is_artifact(address);
        let finding = Finding::new(&INSECURE_TRANSPORT, format!("`{shown}` is fetched without encryption"));
        let finding = if data && !compared {
            finding
        } else {
            finding.severity(Severity::Low).confidence(Confidence::Medium)
        };
        module.report_fixable(&argument.span, finding, https(argument));
        return;
    }
}

/// Notes a constant of the module that names an address without encryption: what uses it may lie elsewhere.
pub(in crate::python) fn named(name: &str, value: &Value, span: &Range<usize>, module: &mut Module) {
    const WORDS: &[&str] = &["URL", "URI", "MIRROR", "ENDPOINT", "SOURCE", "SERVER", "BASE", "HOST"];
    let constant = name.len() > 2 && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    let (written, name) = (name, &name.to_ascii_uppercase());
    // A variable in small letters says so by its name alone.
    let said =
        DATA.iter().any(|word| name.contains(word)) && (name.ends_with("_URL") || name.ends_with("_URI"));
    let Some(address) = value.as_text() else { return };
    // A default of a parameter names data by what it ends with.
    let data = is_artifact(address);
    let known = (constant || said || data) && is_plain(address)
        || (said || data || constant && DATA.iter().any(|word| name.contains(word)))
            && crate::address::is_cleartext_inside(address);
    if !known {
        return;
    }
    // Names of vocabularies are no places.
    let vocabulary = ["w3.org/", "schema.org", "purl.org", "xmlns", "/ns/", "/schema"];
    if (data || WORDS.iter().any(|word| name.contains(word)))
        && !vocabulary.iter().any(|part| address.contains(part))
        && module.facts.plain.len() < MOST_PLAIN
    {
        module.facts.plain.push((span.clone(), written.to_owned(), address.to_owned()));
    }
}

/// Words in names of what is data or a model.
const DATA: &[&str] =
    &["MODEL", "DATA", "WEIGHT", "CHECKPOINT", "CKPT", "MIRROR", "DOWNLOAD", "CORPUS", "TOKENIZER"];
/// Most constants remembered.
const MOST_PLAIN: usize = 64;

/// Reports the constants, as low where a call was reported that asks the address or the name says nothing of data.
pub(in crate::python) fn conclude(module: &mut Module) {
    for (span, name, address) in std::mem::take(&mut module.facts.plain) {
        let shown = bartizan_core::printable(&address, 80);
        let asked = module.reports.iter().any(|report| {
            report.finding.rule.id == INSECURE_TRANSPORT.id && report.finding.message.contains(&shown)
        });
        let upper = name.to_ascii_uppercase();
        if asked && upper != name {
            // Told where it is asked.
            continue;
        }
        let data = DATA.iter().any(|word| upper.contains(word)) || is_artifact(&address);
        let reach = crate::address::clear(&address).map_or(Reach::Anywhere, |clear| clear.reach);
        let severity = match (asked || !data, is_artifact(&address)) {
            (true, _) => Severity::Low,
            (false, true) => reach.of_source(),
            (false, false) => reach.of_service(),
        };
        let finding = Finding::new(
            &INSECURE_TRANSPORT,
            format!("`{name}` names `{shown}`, an address without encryption"),
        );
        module.report(&span, finding.severity(severity).confidence(Confidence::Medium));
    }
}

/// A client made for an address without encryption: what it sends and is told can be read and changed on the way.
fn connects(call: &Call<'_>, module: &mut Module) {
    const PLACES: &[&str] = &[
        "host",
        "url",
        "uri",
        "endpoint",
        "endpoint_url",
        "base_url",
        "api_base",
        "server_url",
        "tracking_uri",
        "host_url",
        "api_url",
        "server",
    ];
    const SECRETS: &[&str] =
        &["token", "api_key", "password", "access_token", "auth", "credentials", "secret_key"];
    if call.path.starts_with(['@', '?'])
        || call.path.starts_with("set:")
        || call.path.starts_with("builtins.")
    {
        return;
    }
    if super::channel::loads(call, module) {
        return;
    }
    let first = call.positional.first().filter(|_| call.name().ends_with("Client"));
    if call.path.as_ref() == "minio.Minio" && call.is_false("secure") {
        let server = call.any_keyword(&["endpoint"]).or_else(|| call.positional.first());
        let address = server.and_then(|server| server.value.as_pieces());
        if let Some(address) = address.filter(|address| is_plain(&format!("http://{address}"))) {
            let shown = bartizan_core::printable(address, 80);
            let message = format!("`{shown}` is asked for objects without encryption (`secure=False`)");
            let span = call.keyword("secure").map_or(&call.span, |secure| &secure.span);
            module.report(span, Finding::new(&INSECURE_TRANSPORT, message));
        }
        return;
    }
    let Some(place) = call.any_keyword(PLACES).or(first) else { return };
    let Some(address) = place.value.as_pieces().filter(|address| is_plain(address)) else { return };
    let told = call.any_keyword(SECRETS).is_some_and(|secret| secret.value.known != Known::Null);
    let shown = bartizan_core::printable(address, 80);
    let message = if told {
        format!("`{shown}` is sent a credential without encryption")
    } else {
        format!("`{shown}` is spoken to without encryption")
    };
    let severity = if told { Severity::Medium } else { Severity::Low };
    let finding =
        Finding::new(&INSECURE_TRANSPORT, message).severity(severity).confidence(Confidence::Medium);
    module.report_fixable(&place.span, finding, https(place));
}

/// Whether the call asks a server for anything, not only for data.
fn asks(call: &Call<'_>) -> bool {
    matches!(call.package(), "requests" | "httpx") || matches!(call.name(), "urlopen" | "Request")
}

/// The edit that makes a literal address encrypted.
fn https(argument: &Argument<'_>) -> Option<crate::Fix> {
    let quote = argument.written.find("http://")?;
    let begins = argument.written.get(..quote)?;
    let literal = begins.len() <= 2 && begins.ends_with(['"', '\'']);
    let at = argument.span.end.saturating_sub(argument.written.len()).saturating_add(quote);
    edit((at..at.saturating_add("http".len()), "https".to_owned()), Safety::Unsafe, "use https")
        .filter(|_| literal)
}

/// Whether `text` is an address without encryption, on another machine.
pub(in crate::python) fn is_plain(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("ftp://")) else {
        return false;
    };
    let host = rest.split(['/', ':', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or(host);
    !(host.is_empty()
        || host.starts_with(HOLE)
        || host == "localhost"
        || host == "0.0.0.0"
        || host == "[::1]"
        || host.starts_with("127.")
        || host.starts_with("10.")
        || host.starts_with("192.168.")
        || host.starts_with("169.254.")
        || host.starts_with('$')
        || host.starts_with('{')
        || matches!(host.rsplit('.').next(), Some("local" | "internal" | "localhost"))
        || !host.contains('.'))
}

/// Downloads that take a digest and were given none.
fn download(call: &Call<'_>, module: &mut Module) {
    let path = call.path.as_ref();
    let given = |names: &[&str], place: usize| {
        call.any_keyword(names)
            .or_else(|| call.positional.get(place))
            .is_some_and(|argument| argument.value.known != Known::Null)
    };
    let (message, address) = match path {
        "torch.hub.load_state_dict_from_url"
        | "torch.utils.model_zoo.load_url"
        | "torchvision._internally_replaced_utils.load_state_dict_from_url"
        | "torchvision.models.utils.load_state_dict_from_url"
        | "timm.models.load_state_dict_from_hf" => {
            if call.is_true("check_hash")
                || call.open
                || call.positional.get(4).is_some_and(|given| given.value.truth() == Some(true))
            {
                module.judged.insert(call.span.start);
                return;
            }
            ("weights are loaded from an address without `check_hash=True`", call.argument(0, "url"))
        }
        "torch.hub.download_url_to_file" => {
            if given(&["hash_prefix"], 2) || call.open {
                return;
            }
            ("a file is downloaded without `hash_prefix`", call.argument(0, "url"))
        }
        "keras.utils.get_file" | "keras.utils.data_utils.get_file" => {
            if given(&["file_hash", "md5_hash"], 4) || call.open {
                return;
            }
            ("a file is downloaded without `file_hash`", call.argument(1, "origin"))
        }
        "pooch.retrieve" => {
            if given(&["known_hash"], 1) || call.open {
                return;
            }
            ("a file is downloaded without `known_hash`", call.argument(0, "url"))
        }
        "torchvision.datasets.utils.download_url"
        | "torchvision.datasets.utils.download_and_extract_archive" => {
            if given(&["md5"], if path.ends_with("download_url") { 3 } else { 4 }) || call.open {
                return;
            }
            ("a file is downloaded without `md5`", call.argument(0, "url"))
        }
        "urllib.request.urlretrieve" | "urllib.urlretrieve" | "wget.download" | "gdown.download" => {
            module.judged.insert(call.span.start);
            let Some(address) = call.argument(0, "url") else { return };
            let text = address.value.as_pieces().unwrap_or_default();
            let low = !is_artifact(text);
            let message = "a file is downloaded, and nothing in this code compares its digest";
            let finding = Finding::new(&UNVERIFIED_DOWNLOAD, message)
                .severity(Severity::Medium)
                .confidence(Confidence::Medium);
            let finding = if low { finding.severity(Severity::Low) } else { finding };
            module.facts.unhashed.push(Report { span: call.span.clone(), finding, fix: None });
            return;
        }
        "requests.get"
        | "httpx.get"
        | "urllib.request.urlopen"
        | "requests.Session().get"
        | "httpx.Client().get"
        | "httpx.AsyncClient().get"
        | "aiohttp.ClientSession().get" => {
            let address = call.argument(0, "url").and_then(|address| address.value.as_pieces());
            if address.is_some_and(|address| address.contains("://") && is_artifact(address)) {
                let message = "a file is fetched, and nothing in this code compares its digest";
                let finding = Finding::new(&UNVERIFIED_DOWNLOAD, message)
                    .severity(Severity::Low)
                    .confidence(Confidence::Medium);
                module.facts.unhashed.push(Report { span: call.span.clone(), finding, fix: None });
            }
            return;
        }
        _ => return,
    };
    module.judged.insert(call.span.start);
    let constant =
        address.is_some_and(|address| address.value.as_pieces().is_some_and(|text| text.contains("://")));
    let finding = Finding::new(&UNVERIFIED_DOWNLOAD, message).severity(Severity::Medium);
    // An address handed in may be one the caller has a digest for.
    let finding =
        if constant { finding } else { finding.severity(Severity::Low).confidence(Confidence::Medium) };
    let fix = path
        .ends_with("load_state_dict_from_url")
        .then(|| edit(call.adding("check_hash=True"), Safety::Unsafe, "pass `check_hash=True`"))
        .flatten()
        .filter(|_| call.keyword("check_hash").is_none());
    module.facts.unhashed.push(Report { span: call.span.clone(), finding, fix });
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn defaults_that_name_data_without_encryption_are_found_where_they_are_written() {
        let graded = |code: &str| severities(code, "pipeline/insecure-transport");
        for (code, severity) in [
            ("def pipe(url: str = 'http://data.example/train.csv'):\n    prep(url=url)\n", Medium),
            (
                "from metaflow import Parameter\np = Parameter('corpus', default='http://data.example/a.csv')\n",
                Medium,
            ),
            (
                "from metaflow import Parameter\np = Parameter('corpus', default='http://data.acme.lan/a.csv')\n",
                Medium,
            ),
            ("def d(cfg):\n    use(cfg.get('data', 'http://data.example/a.pkl'))\n", Medium),
            ("import os\nMODEL_HOST = os.environ.get('MODEL_HOST', 'http://models.acme.internal')\n", Low),
            (
                "from llama_index.readers.web import SimpleWebPageReader\nSimpleWebPageReader().load_data(['http://wiki.acme.lan/policy'])\n",
                Medium,
            ),
            (
                "from langchain_community.document_loaders import WebBaseLoader\nWebBaseLoader('http://wiki.example/policy')\n",
                Medium,
            ),
        ] {
            assert_eq!(graded(code), [severity], "{code}");
        }
        for code in [
            "def pipe(url: str = 'https://data.example/train.csv'):\n    prep(url=url)\n",
            "def pipe(schema: str = 'http://www.w3.org/2001/x'):\n    prep(schema)\n",
            "def d(cfg):\n    use(cfg.get('home', 'http://localhost/a.pkl'))\n",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
        assert_eq!(
            graded(
                "import pandas as pd\ndef d():\n    url = 'http://data.example/a.csv'\n    return pd.read_csv(url)\n"
            ),
            [Medium]
        );
    }

    #[test]
    fn verification_switched_off_is_found_by_every_switch() {
        let graded = |code: &str| severities(code, "pipeline/tls-disabled");
        for code in [
            "import requests\nrequests.get('https://x.example', verify=False)",
            "import requests\ns = requests.Session()\ns.verify = False",
            "import ssl\nssl._create_default_https_context = ssl._create_unverified_context",
            "import os\nos.environ['CURL_CA_BUNDLE'] = ''",
            "import os\nos.environ.update({'PYTHONHTTPSVERIFY': '0'})",
            "import ssl\nc = ssl.create_default_context()\nc.check_hostname = False",
            "import httpx\nV = False\nhttpx.Client(verify=V)",
        ] {
            assert_eq!(graded(code), [High], "{code}");
        }
        assert_eq!(graded("import requests\nrequests.get('https://x.example', verify='/ca.pem')"), []);
        assert_eq!(graded("jwt_token.load(data, verify=False)"), []);
        assert_eq!(graded("import os\nos.environ['CURL_CA_BUNDLE'] = '/ca.pem'"), []);
    }

    #[test]
    fn a_store_of_objects_asked_without_encryption_is_found_unless_it_is_this_machine() {
        let graded = |code: &str| {
            severities(&format!("from minio import Minio\n{code}"), "pipeline/insecure-transport")
        };
        assert_eq!(graded("Minio('minio.example:9000', secure=False)"), [Medium]);
        assert_eq!(graded("Minio('localhost:9000', secure=False)\nMinio('minio.example:9000')"), []);
    }

    #[test]
    fn plain_http_is_found_by_the_beginning_of_the_address() {
        let graded = |code: &str| severities(code, "pipeline/insecure-transport");
        assert_eq!(graded("import pandas as pd\npd.read_csv('http://data.example/t.csv')"), [Medium]);
        assert_eq!(
            graded("import pandas as pd\nB = 'http://data.example'\npd.read_csv(f'{B}/{name}.csv')"),
            [Medium]
        );
        assert_eq!(
            graded(
                "from datasets import load_dataset\nload_dataset('csv', data_files={'train': 'http://d.example/t.csv'})"
            ),
            [Medium]
        );
        assert_eq!(graded("import requests\nrequests.get('http://api.example/v1')"), [Low]);
        assert_eq!(graded("import requests\nrequests.get('http://localhost:8000/w.bin')"), []);
        assert_eq!(graded("DATA_URL = 'http://data.example/t.csv'"), [Medium]);
        assert_eq!(
            graded("SVG_URL = 'http://www.w3.org/2000/svg'\nDATA_URL = 'https://data.example/t.csv'"),
            []
        );
        assert_eq!(graded("import kfp\nkfp.Client(host='http://kfp.example/pipeline')"), [Low]);
        let key = "from openai import OpenAI\nOpenAI(base_url='http://llm.example/v1', api_key=k)";
        assert_eq!(graded(key), [Medium]);
        assert_eq!(
            graded("from openai import OpenAI\nOpenAI(base_url='http://localhost:8000/v1', api_key=k)"),
            []
        );
        assert_eq!(graded("import pandas as pd\npd.read_csv('https://data.example/t.csv')"), []);
    }

    #[test]
    fn downloads_are_silent_once_a_digest_is_compared() {
        let graded = |code: &str| severities(code, "pipeline/unverified-download");
        assert_eq!(
            graded("import torch\ntorch.hub.load_state_dict_from_url('https://x.example/w.pth')"),
            [Medium]
        );
        assert_eq!(
            graded(
                "import torch\ntorch.hub.load_state_dict_from_url('https://x.example/w.pth', check_hash=True)"
            ),
            []
        );
        let get = "import urllib.request as u\nu.urlretrieve('https://x.example/w.pth', 'w.pth')\n";
        assert_eq!(graded(get), [Medium]);
        assert_eq!(graded(&format!("{get}import hashlib\nassert hashlib.sha256(b).hexdigest() == D")), []);
    }

    #[test]
    fn statements_that_read_from_plain_addresses_are_found() {
        let graded = |statement: &str| {
            let code = format!("import duckdb\ncon = duckdb.connect('a.db')\ncon.execute(\"{statement}\")");
            crate::python::tests::severities(&code, "pipeline/insecure-transport")
        };
        assert_eq!(graded("select * from read_parquet('http://data.acme.dev/a.parquet')"), [Medium]);
        assert_eq!(graded("select * from read_parquet('https://data.acme.dev/a.parquet')"), []);
        assert_eq!(graded("select * from t where site = 'http://data.acme.dev/'"), []);
    }
}
