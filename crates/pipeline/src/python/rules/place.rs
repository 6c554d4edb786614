//! Places that others choose: addresses that are asked, files that are opened or written, names of temporary files.

use crate::python::call::Call;
use crate::python::module::{Module, Sink, SinkKind};
use crate::python::rules::archive::ARCHIVE_PATH_TRAVERSAL;
use crate::python::sources::{self, Documents};
use crate::python::value::{HOLE, Taint, Value};
use bartizan_core::{Confidence, Finding, Rule, Severity, atlas, cwe, owasp_agentic, owasp_llm, rule};

rule! {
    /// ## What it finds
    /// A request whose host is chosen by a user or a language model: `requests.get(body["url"])`, a model or data set loaded
    /// from such an address, a page that a reader of documents (LangChain, LlamaIndex) is told to fetch. Silent where the beginning of the address is constant, or it, its host or what it begins with is compared with
    /// a list; graded lower where the function, or one that it calls, takes an address apart, presumably to look at its host.
    /// ## Why it matters
    /// The server reaches what its users cannot: the metadata service that hands out its credentials, services inside the
    /// network; and what comes back becomes a model, training data or part of a prompt.
    /// ## Example
    /// `weights = requests.get(request.json["model_url"]).content`
    /// ## How to fix
    /// Choose from a list of addresses of your own, or compare scheme and host with one and do not follow redirects.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/918.html>
    pub const ADDRESS_FROM_DATA: Rule = Rule {
        id: "pipeline/address-from-data",
        title: "an address that someone else chooses",
        severity: Severity::Medium,
        remedy: "Choose from a list of addresses of your own, or compare the host with one.",
        taxonomies: &[cwe(918), atlas("AML.T0049"), owasp_llm("LLM03")],
    };

    /// ## What it finds
    /// A file opened, written or removed under a name that a user or a language model chose. Graded lower where the code
    /// looks at where the path leads.
    /// ## Why it matters
    /// `../` in the name, or an absolute path, reaches every file the program may: models are replaced, keys read, start-up
    /// files written.
    /// ## Example
    /// `(root / answer["path"]).write_text(answer["body"])`
    /// ## How to fix
    /// Resolve the path and compare: `path.resolve().is_relative_to(root)`; or give files names of your own.
    /// ## References
    /// - <https://cwe.mitre.org/data/definitions/22.html>
    pub const FILE_FROM_DATA: Rule = Rule {
        id: "pipeline/file-from-data",
        title: "a file whose name someone else chooses",
        severity: Severity::Medium,
        remedy: "Resolve the path and check that it lies below the folder meant, or give files names of your own.",
        taxonomies: &[cwe(22), cwe(73), owasp_llm("LLM05"), owasp_agentic("ASI02")],
    };

    /// ## What it finds
    /// `tempfile.mktemp`, which gives a name and makes no file.
    /// ## Why it matters
    /// Between the name and the file another account can put a link or a file of its own there: a checkpoint is written to, or
    /// loaded from, where it chose.
    /// ## Example
    /// `torch.save(state, tempfile.mktemp(suffix=".pt"))`
    /// ## How to fix
    /// `tempfile.NamedTemporaryFile(suffix=".pt", delete=False)` or `tempfile.TemporaryDirectory()`.
    /// ## References
    /// - <https://docs.python.org/3/library/tempfile.html#tempfile.mktemp>
    pub const TEMPORARY_FILE_RACE: Rule = Rule {
        id: "pipeline/temporary-file-race",
        title: "a temporary file that another account can make first",
        severity: Severity::Low,
        remedy: "Let `tempfile.NamedTemporaryFile` or `tempfile.TemporaryDirectory` make it.",
        taxonomies: &[cwe(377), cwe(367)],
    };
}

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&ADDRESS_FROM_DATA, &FILE_FROM_DATA, &TEMPORARY_FILE_RACE];

/// Notes what `call` asks or opens.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    let name = call.name();
    let path = call.path.as_ref();
    if matches!(name, "urlparse" | "urlsplit" | "ip_address" | "getaddrinfo" | "gethostbyname" | "HttpUrl") {
        module.facts.looks_at_hosts.push(call.span.start);
    }
    if matches!(
        name,
        "resolve"
            | "realpath"
            | "is_relative_to"
            | "relative_to"
            | "commonpath"
            | "basename"
            | "secure_filename"
            | "safe_join"
    ) {
        module.facts.looks_at_paths = true;
    }
    if path == "tempfile.mktemp" {
        let finding =
            Finding::new(&TEMPORARY_FILE_RACE, "`mktemp` gives a name that another account can take first");
        module.report(&call.span, finding);
        return;
    }
    let address = asked(call).or_else(|| match sources::reads_documents(call)? {
        Documents::Web => document(call),
        Documents::File => None,
    });
    if let Some(address) = address
        && is_open(address)
    {
        module.sink(SinkKind::Address, &call.span, call.spelling, address);
    }
    let read = document(call).filter(|_| sources::reads_documents(call) == Some(Documents::File));
    for file in opened(call).into_iter().chain(read) {
        module.sink(SinkKind::File, &call.span, call.spelling, file);
    }
}

/// The address that `call` asks.
fn asked<'c>(call: &'c Call<'_>) -> Option<&'c Value> {
    let name = call.name();
    let place = match call.package() {
        "requests" | "httpx" | "aiohttp" | "urllib3" => match name {
            "get" | "post" | "put" | "patch" | "delete" | "head" => 0,
            "request" | "stream" => 1,
            _ => return None,
        },
        "urllib" => match name {
            "urlopen" | "urlretrieve" | "Request" => 0,
            _ => return None,
        },
        "torch" if matches!(name, "load_state_dict_from_url" | "download_url_to_file") => 0,
        "wget" if name == "download" => 0,
        "pandas" | "polars" if name.starts_with("read_") && !name.contains("sql") => 0,
        _ => return None,
    };
    call.argument(place, "url").map(|argument| &argument.value)
}

/// What a reader of documents is told to read.
fn document<'c>(call: &'c Call<'_>) -> Option<&'c Value> {
    const NAMES: &[&str] = &[
        "url",
        "urls",
        "web_path",
        "web_paths",
        "file_path",
        "path",
        "input_dir",
        "input_files",
        "sources",
        "feed_urls",
    ];
    let given = call.any_keyword(NAMES).or_else(|| call.positional.first());
    given.map(|argument| &argument.value)
}

/// Whether the host of the address is not constant.
fn is_open(address: &Value) -> bool {
    // What was uploaded is read as it came: it names no place.
    let upload = address.as_path().is_some_and(|path| {
        ["file_uploader()", ".files", "UploadFile()", ".file"].iter().any(|part| path.contains(part))
    });
    if upload {
        return false;
    }
    let Some(text) = address.as_pieces() else { return true };
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    host.contains(HOLE) || rest.starts_with(HOLE)
}

/// The files that `call` opens, writes or removes.
fn opened<'c>(call: &'c Call<'_>) -> Vec<&'c Value> {
    let at = |place: usize| call.positional.get(place).map(|argument| &argument.value);
    let found = match call.path.as_ref() {
        "builtins.open"
        | "io.open"
        | "os.remove"
        | "os.unlink"
        | "os.makedirs"
        | "shutil.rmtree"
        | "flask.send_file"
        | "fastapi.responses.FileResponse"
        | "starlette.responses.FileResponse" => {
            vec![at(0).or_else(|| call.any_keyword(&["file", "path"]).map(|argument| &argument.value))]
        }
        "shutil.copy" | "shutil.copyfile" | "shutil.move" | "os.rename" | "os.replace" | "shutil.copy2" => {
            vec![at(0), at(1)]
        }
        // An upload kept under a name.
        _ if call.name() == "save" && (call.path.contains(".files") || call.path.contains("FileStorage")) => {
            vec![at(0).or_else(|| call.keyword("dst").map(|argument| &argument.value))]
        }
        _ if matches!(
            call.name(),
            "write_text" | "write_bytes" | "read_text" | "read_bytes" | "unlink" | "open"
        ) && (call.path.starts_with("pathlib.") || call.path.starts_with('?')) =>
        {
            // The path itself is asked. What its object holds is unknown, what was put into the path is not.
            vec![
                Some(&call.receiver)
                    .filter(|_| call.path.starts_with("pathlib.") || call.name().contains('_')),
            ]
        }
        _ => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

/// Reports an address or a file that someone else had a hand in.
pub(super) fn judge(sink: &Sink, module: &mut Module) {
    let taint = sink.taint.sources();
    let (who, callee) = (taint.describe(), &sink.callee);
    let chosen = taint.has(Taint::REQUEST) || taint.has(Taint::MODEL);
    let finding = match sink.kind {
        SinkKind::Address if chosen => {
            Finding::new(&ADDRESS_FROM_DATA, format!("`{callee}` asks an address that is {who}"))
        }
        SinkKind::File if chosen => {
            Finding::new(&FILE_FROM_DATA, format!("`{callee}` is given a path that holds {who}"))
        }
        SinkKind::File if taint.has(Taint::MEMBER) => {
            Finding::new(&ARCHIVE_PATH_TRAVERSAL, format!("`{callee}` writes wherever a member's name says"))
                .remedy(
                    "Use `extractall`, or resolve each path and check that it lies below the folder meant.",
                )
        }
        _ => return,
    };
    module.report(&sink.span, finding.confidence(Confidence::Medium));
}

/// Grades down what the code looks at before it is used: an address where the same function takes it apart, or one that it calls.
pub(in crate::python) fn conclude(cells: &[(&str, usize)], module: &mut Module) {
    let paths = module.facts.looks_at_paths;
    let looks = std::mem::take(&mut module.facts.looks_at_hosts);
    let blocks = if looks.is_empty() { Vec::new() } else { blocks(cells) };
    let block_of = |at: usize| {
        let after = blocks.partition_point(|block| block.place.start <= at);
        after
            .checked_sub(1)
            .filter(|number| blocks.get(*number).is_some_and(|block| block.place.contains(&at)))
    };
    let mut lookers: Vec<usize> = looks.iter().filter_map(|at| block_of(*at)).collect();
    lookers.sort_unstable();
    lookers.dedup();
    let names: Vec<&str> =
        lookers.iter().filter_map(|number| blocks.get(*number)).map(|block| block.name).collect();
    let helpers: Vec<&str> = names.into_iter().filter(|name| !name.is_empty()).take(MOST_LOOKERS).collect();
    // Each block is gone through once for each of a few helpers.
    let guarded: Vec<bool> = blocks
        .iter()
        .enumerate()
        .map(|(number, block)| {
            lookers.binary_search(&number).is_ok() || helpers.iter().any(|name| block.text.contains(name))
        })
        .collect();
    let looked = |at: usize| match block_of(at) {
        Some(number) => guarded.get(number) == Some(&true),
        None => !looks.is_empty(),
    };
    for report in &mut module.reports {
        let id = report.finding.rule.id;
        let by_place = id == ARCHIVE_PATH_TRAVERSAL.id && report.finding.message.contains("member's name");
        let hosts = id == ADDRESS_FROM_DATA.id && looked(report.span.start);
        if hosts && id == ADDRESS_FROM_DATA.id || paths && (id == FILE_FROM_DATA.id || by_place) {
            report.finding = report.finding.clone().severity(Severity::Low).confidence(Confidence::Low);
        }
    }
}

/// A function or class at the top of a module, or what stands between two of them.
struct Block<'t> {
    /// Its name; empty where it has none.
    name: &'t str,
    place: std::ops::Range<usize>,
    text: &'t str,
}

/// The blocks of `cells`.
fn blocks<'t>(cells: &[(&'t str, usize)]) -> Vec<Block<'t>> {
    let mut found: Vec<Block<'t>> = Vec::new();
    for (text, base) in cells {
        let (mut begin, mut name, mut at) = (0_usize, "", 0_usize);
        let mut close = |begin: usize, end: usize, name: &'t str| {
            if let Some(text) =
                text.get(begin..end).filter(|text| !text.is_empty() && found.len() < MOST_BLOCKS)
            {
                let place = base.saturating_add(begin)..base.saturating_add(end);
                found.push(Block { name, place, text });
            }
        };
        for line in text.split_inclusive('\n') {
            let defined = ["def ", "async def ", "class "].iter().find_map(|word| line.strip_prefix(word));
            let outside = !name.is_empty() && !line.starts_with([' ', '\t', '#', ')', '\n', '\r']);
            if defined.is_some() || outside {
                close(begin, at, name);
                begin = at;
                name = defined.map_or("", |rest| rest.split(['(', ':', ' ']).next().unwrap_or_default());
            }
            at = at.saturating_add(line.len());
        }
        close(begin, at, name);
    }
    found
}

/// Most blocks told apart, and most functions that look at hosts for others.
const MOST_BLOCKS: usize = 2_000;
const MOST_LOOKERS: usize = 16;

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{Low, Medium};

    #[test]
    fn addresses_that_users_choose_are_found_and_those_of_a_table_are_not() {
        let graded = |code: &str| {
            severities(
                &format!("import requests\nfrom flask import request\n{code}"),
                "pipeline/address-from-data",
            )
        };
        assert_eq!(graded("requests.get(request.json['url'])"), [Medium]);
        assert_eq!(graded("requests.get(f'https://{request.json[\"host\"]}/w')"), [Medium]);
        assert_eq!(graded("requests.get(f'https://hub.example/{request.json[\"name\"]}')"), []);
        assert_eq!(graded("T = {'a': 'https://a.example/w'}\nrequests.get(T[request.json['name']])"), []);
        assert_eq!(graded("import pandas as pd\npd.read_csv(request.files['table'])"), []);
        assert_eq!(
            graded("import pandas as pd, streamlit as st\npd.read_csv(st.file_uploader('table'))"),
            []
        );
        assert_eq!(graded("def get(url):\n    return requests.get(url)\nget(request.args['u'])"), [Medium]);
        assert_eq!(
            graded(
                "from urllib.parse import urlparse\nu = request.json['url']\nif urlparse(u).hostname in H:\n    requests.get(u)"
            ),
            [Low]
        );
        let head = "from urllib.parse import urlparse\n";
        let handler = |body: &str| format!("{head}def ask():\n    u = request.json['url']\n{body}");
        for body in [
            "    if urlparse(u).hostname not in ALLOWED_HOSTS:\n        raise ValueError(u)\n    requests.get(u)",
            "    if u not in {'https://a.example/w', 'https://b.example/w'}:\n        raise ValueError(u)\n    requests.get(u)",
            "    if not u.startswith('https://a.example/'):\n        raise ValueError(u)\n    requests.get(u)",
        ] {
            assert_eq!(graded(&handler(body)), [], "{body}");
        }
        assert_eq!(
            graded(&handler(
                "    if not u.startswith('https://'):\n        raise ValueError(u)\n    requests.get(u)"
            )),
            [Medium]
        );
        assert_eq!(
            graded(&handler("    host = urlparse(u).hostname\n    check(host)\n    requests.get(u)")),
            [Low]
        );
        let helper =
            "def check(u):\n    if urlparse(u).hostname.endswith('.local'):\n        raise ValueError(u)\n";
        let asks = |before: &str| {
            format!("{head}{helper}def ask():\n    u = request.json['url']\n{before}    requests.get(u)\n")
        };
        assert_eq!(graded(&asks("    check(u)\n")), [Low]);
        assert_eq!(graded(&asks("")), [Medium]);
    }

    #[test]
    fn an_attribute_that_is_compared_with_a_list_is_one_of_it_until_it_changes() {
        let graded = |body: &str| {
            severities(
                &format!(
                    "import requests\nfrom fastapi import FastAPI\nfrom pydantic import BaseModel\napp = FastAPI()\nclass J(BaseModel):\n    url: str\n@app.post('/')\ndef run(job: J):\n{body}    requests.get(job.url)\n"
                ),
                "pipeline/address-from-data",
            )
        };
        let check = "    if job.url not in ALLOWED:\n        raise ValueError\n";
        assert_eq!((graded(""), graded(check)), (vec![Medium], vec![]));
        assert_eq!(graded("    if job.name not in ALLOWED:\n        raise ValueError\n"), [Medium]);
        assert_eq!(graded(&format!("{check}    job.url = other.headers['next']\n")), []);
    }

    #[test]
    fn readers_of_documents_read_where_they_are_told_to() {
        let graded = |code: &str, rule: &str| {
            severities(
                &format!(
                    "from flask import request\nfrom langchain_community.document_loaders import WebBaseLoader, UnstructuredURLLoader, PyPDFLoader, UnstructuredHTMLLoader\nfrom llama_index.core import SimpleDirectoryReader\nfrom llama_index.readers.web import SimpleWebPageReader\nu = request.args['u']\n{code}"
                ),
                rule,
            )
        };
        for code in [
            "WebBaseLoader(u).load()",
            "UnstructuredURLLoader(urls=[u])",
            "SimpleWebPageReader().load_data([u])",
        ] {
            assert_eq!(graded(code, "pipeline/address-from-data"), [Medium], "{code}");
        }
        for code in
            ["PyPDFLoader(u)", "SimpleDirectoryReader(input_dir=u).load_data()", "UnstructuredHTMLLoader(u)"]
        {
            assert_eq!(graded(code, "pipeline/file-from-data"), [Medium], "{code}");
        }
        for code in [
            "WebBaseLoader('https://a.example/' + u)",
            "PyPDFLoader('a.pdf')",
            "SimpleDirectoryReader('docs', filename=u)",
        ] {
            assert_eq!(graded(code, "pipeline/address-from-data"), [], "{code}");
            assert_eq!(graded(code, "pipeline/file-from-data"), [], "{code}");
        }
    }

    #[test]
    fn files_that_models_and_archives_name_are_found() {
        let graded = |code: &str, rule: &str| {
            severities(
                &format!("import ollama, zipfile\nfrom pathlib import Path\nroot = Path('out')\n{code}"),
                rule,
            )
        };
        let answer = "a = ollama.chat(model='m')['message']['content']\n";
        assert_eq!(
            graded(&format!("{answer}(root / a).write_text('x')"), "pipeline/file-from-data"),
            [Medium]
        );
        assert_eq!(graded(&format!("{answer}open(a)"), "pipeline/file-from-data"), [Medium]);
        assert_eq!(
            graded(&format!("{answer}(root / 'answer.md').write_text(a)"), "pipeline/file-from-data"),
            []
        );
        assert_eq!(
            graded(
                &format!(
                    "{answer}p = (root / a).resolve()\nif p.is_relative_to(root):\n    p.write_text('x')"
                ),
                "pipeline/file-from-data"
            ),
            [Low]
        );
        let upload = |name: &str| {
            graded(
                &format!(
                    "from flask import request\nimport os\nf = request.files['m']\nf.save(os.path.join('/srv', {name}))"
                ),
                "pipeline/file-from-data",
            )
        };
        assert_eq!((upload("f.filename"), upload("'m.bin'")), (vec![Medium], vec![]));
        let members =
            "z = zipfile.ZipFile('a.zip')\nfor n in z.namelist():\n    open(root / n, 'wb').write(z.read(n))";
        assert_eq!(graded(members, "pipeline/archive-path-traversal"), [Medium]);
        assert_eq!(
            graded(
                "for n in zipfile.ZipFile('a.zip').namelist():\n    print(n)",
                "pipeline/archive-path-traversal"
            ),
            []
        );
    }

    #[test]
    fn a_name_without_a_file_is_found() {
        assert_eq!(severities("import tempfile\ntempfile.mktemp()", "pipeline/temporary-file-race"), [Low]);
        assert_eq!(severities("import tempfile\ntempfile.mkstemp()", "pipeline/temporary-file-race"), []);
    }
}
