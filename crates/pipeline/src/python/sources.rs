//! Whose word a value is: which paths give what users, models, servers, files and the environment say.

use super::call::Call;
use super::value::Taint;

/// The path of a parameter without a type that is called `request`.
pub(super) const REQUEST_BY_NAME: &str = "@request";

/// What a request holds of what its sender wrote, as Flask, Django, Starlette, aiohttp and Sanic call it.
const SENT: &[&str] = &[
    "json",
    "args",
    "form",
    "values",
    "GET",
    "POST",
    "FILES",
    "files",
    "body",
    "query_params",
    "cookies",
    "match_info",
    "path_params",
];

/// The taint of the attribute, element or name at `path`.
pub(super) fn of_path(path: &str) -> Taint {
    let begins = |prefix: &str| {
        path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '(']))
    };
    match path.as_bytes().first() {
        Some(b's') if begins("sys.argv") => Taint::OPERATOR,
        Some(b's') if begins("sys.stdin") => Taint::OPERATOR,
        Some(b'o') if begins("os.environ") || begins("os.environb") => Taint::ENVIRONMENT,
        Some(b'f') if begins("flask.request") => Taint::REQUEST,
        Some(b'q') if begins("quart.request") => Taint::REQUEST,
        Some(b'b') if begins("bottle.request") => Taint::REQUEST,
        Some(b's') if begins("sanic.request.Request()") => Taint::REQUEST,
        Some(b's') if begins("starlette.requests.Request()") => Taint::REQUEST,
        Some(b'f') if begins("fastapi.Request()") => Taint::REQUEST,
        Some(b's') if begins("streamlit.query_params") || begins("streamlit.session_state") => Taint::REQUEST,
        Some(b'd') if begins("django.http.HttpRequest()") => Taint::REQUEST,
        Some(b'a') if begins("aiohttp.web.Request()") => Taint::REQUEST,
        Some(b'a') if begins("azure.functions.HttpRequest()") => Taint::REQUEST,
        Some(b'f') if begins("falcon.Request()") => Taint::REQUEST,
        Some(b'w') if begins("werkzeug.Request()") || begins("werkzeug.wrappers.Request()") => Taint::REQUEST,
        Some(b'@')
            if path
                .strip_prefix(REQUEST_BY_NAME)
                .is_some_and(|rest| rest.strip_prefix('.').is_some_and(|member| SENT.contains(&member))) =>
        {
            Taint::REQUEST
        }
        // What whoever connects to a server of the standard library sends, as its handlers read it.
        //
        // Source: Python documentation, `socketserver.StreamRequestHandler.rfile`; `http.server.BaseHTTPRequestHandler`.
        Some(b's' | b'h')
            if (begins("socketserver.StreamRequestHandler.rfile")
                || begins("socketserver.BaseRequestHandler.request")
                || begins("http.server.BaseHTTPRequestHandler.rfile")
                || begins("http.server.SimpleHTTPRequestHandler.rfile")) =>
        {
            Taint::REQUEST
        }
        Some(b's')
            if begins("selenium.webdriver")
                && matches!(path.rsplit('.').next(), Some("page_source" | "text")) =>
        {
            Taint::NETWORK
        }
        _ if is_tool_call(path) => Taint::MODEL,
        _ => Taint::default(),
    }
}

/// Whether `path` ends in what a message of a chat holds of the calls that a model asks for, whoever handed the message over: the
/// names that the API of OpenAI gave them, and libraries took from it.
///
/// Source: OpenAI API reference, "The chat completion message object".
fn is_tool_call(path: &str) -> bool {
    path.ends_with(".tool_calls")
        || path.ends_with(".function.arguments")
        || path.ends_with(".function_call.arguments")
        || path.ends_with(".message.function_call")
}

/// Whether `path` is the result of parsing the program's arguments.
pub(super) fn are_arguments(path: &str) -> bool {
    path.strip_prefix("argparse.ArgumentParser()")
        .is_some_and(|rest| matches!(rest, ".parse_args()" | ".parse_known_args()[]"))
}

/// The taint that the result of `call` has by itself, whatever it is given.
pub(super) fn of_call(call: &Call<'_>) -> Taint {
    let path = call.path.as_ref();
    let name = call.name();
    match path {
        "@request.get_json"
        | "@request.get_data"
        | "@request.post"
        | "@request.text"
        | "@request.read"
        | "aiohttp.web.Request().post"
        | "aiohttp.web.Request().text"
        | "aiohttp.web.Request().read" => return Taint::REQUEST,
        // What whoever starts the program or the run gives it.
        "builtins.input"
        | "getpass.getpass"
        | "metaflow.Parameter"
        | "metaflow.Config"
        | "airflow.models.Variable.get"
        | "airflow.sdk.Variable.get" => return Taint::OPERATOR,
        "os.getenv" | "os.environ.get" | "os.environ.pop" => return Taint::ENVIRONMENT,
        "urllib.request.urlopen" | "httpx.stream" | "urllib.urlopen" => return Taint::NETWORK,
        "pickle.dumps" | "dill.dumps" | "cloudpickle.dumps" | "marshal.dumps" | "joblib.dump"
        | "torch.save" | "jsonpickle.encode" => return Taint::OWN,
        "builtins.open" | "io.open" => return Taint::FILE,
        _ => {}
    }
    let drawn = chance_of(call);
    if !drawn.is_none() {
        return drawn;
    }
    if fetches_pages(call) {
        return Taint::NETWORK;
    }
    if reads_what_others_left(call) {
        return Taint::STORED;
    }
    if answers_of_model(call) {
        return Taint::MODEL;
    }
    if call.path.contains("()") {
        match reads_documents(call) {
            Some(Documents::Web) => return Taint::NETWORK,
            Some(Documents::File) => return Taint::FILE,
            None => {}
        }
    }
    match call.package() {
        "requests" | "httpx" | "aiohttp" | "urllib3"
            if matches!(name, "get" | "post" | "put" | "request" | "urlopen") =>
        {
            Taint::NETWORK
        }
        "streamlit"
            if matches!(
                name,
                "text_input" | "text_area" | "chat_input" | "file_uploader" | "data_editor"
            ) =>
        {
            Taint::REQUEST
        }
        // Sockets, queues and streams: whoever reaches them.
        "zmq" | "socket" | "websockets" | "websocket" | "nats" | "pynng" if name.starts_with("recv") => {
            Taint::NETWORK
        }
        "starlette" | "fastapi" if name.starts_with("receive") => Taint::REQUEST,
        "kafka" | "confluent_kafka" | "aiokafka"
            if matches!(name, "poll" | "consume" | "getone" | "getmany") =>
        {
            Taint::NETWORK
        }
        "boto3" if name == "receive_message" => Taint::NETWORK,
        "redis"
            if matches!(
                name,
                "blpop" | "brpop" | "lpop" | "rpop" | "get_message" | "listen" | "xread" | "xreadgroup"
            ) =>
        {
            Taint::NETWORK
        }
        // What the callers of a model server send.
        "triton_python_backend_utils" if name.starts_with("get_input_") => Taint::REQUEST,
        "airflow" if name == "get_current_context" => Taint::OPERATOR.and(Taint::TRIGGER),
        "zipfile" | "tarfile" if matches!(name, "namelist" | "infolist" | "getnames" | "getmembers") => {
            Taint::MEMBER
        }
        "argparse" if matches!(name, "parse_args" | "parse_known_args") => Taint::OPERATOR,
        "pandas" if name.starts_with("read_") => Taint::FILE,
        "csv" if matches!(name, "reader" | "DictReader") => Taint::FILE,
        "datasets" if name == "load_dataset" => Taint::FILE,
        _ => Taint::default(),
    }
}

/// How what `call` gives was drawn.
///
/// Source: Python documentation, `random`: "The pseudo-random generators of this module should not be used for security purposes"; RFC 9562,
/// section 8, on identifiers of version 1.
fn chance_of(call: &Call<'_>) -> Taint {
    let path = call.path.as_ref();
    match call.package() {
        "random" if path.contains("SystemRandom") => Taint::UNFORESEEN,
        "random" if !matches!(call.name(), "seed" | "shuffle" | "Random" | "setstate" | "getstate") => {
            Taint::DRAWN
        }
        "numpy" if path.starts_with("numpy.random.") && path != "numpy.random.seed" => Taint::DRAWN,
        "secrets" => Taint::UNFORESEEN,
        "os" if path == "os.urandom" => Taint::UNFORESEEN,
        "uuid" => match call.name() {
            "uuid1" => Taint::DRAWN,
            "uuid4" => Taint::UNFORESEEN,
            _ => Taint::default(),
        },
        "time" if matches!(call.name(), "time" | "time_ns") => Taint::CLOCK,
        "datetime" if matches!(call.name(), "now" | "utcnow") => Taint::CLOCK,
        _ => Taint::default(),
    }
}

/// Whether `call` reads what others left: rows of a database, by the interface that Python gives all of them, mail, tickets, messages of a
/// chat.
///
/// Source: PEP 249, "Cursor methods".
fn reads_what_others_left(call: &Call<'_>) -> bool {
    let name = call.name();
    if matches!(name, "fetchone" | "fetchall" | "fetchmany") {
        return true;
    }
    // A client is made before it is asked.
    let asked = call.path.contains("()");
    match call.package() {
        "sqlalchemy" | "sqlmodel" => {
            asked
                && matches!(
                    name,
                    "execute" | "scalar" | "scalars" | "all" | "first" | "one" | "mappings" | "one_or_none"
                )
        }
        "pymongo" | "motor" => asked && (name.starts_with("find") || name == "aggregate"),
        "pandas" => matches!(name, "read_sql" | "read_sql_query" | "read_sql_table"),
        "chromadb" | "pinecone" | "qdrant_client" | "weaviate" => {
            asked
                && matches!(
                    name,
                    "query"
                        | "get"
                        | "search"
                        | "query_points"
                        | "scroll"
                        | "fetch_objects"
                        | "near_text"
                        | "hybrid"
                )
        }
        "imap_tools" | "poplib" | "exchangelib" | "mailbox" | "O365" | "jira" | "github" | "gitlab"
        | "praw" | "zenpy" | "slack_sdk" | "atlassian" | "notion_client" | "telethon"
        | "simple_salesforce" => asked,
        "googleapiclient" => asked && name == "execute",
        _ => false,
    }
}

/// What a reader of documents reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Documents {
    /// Pages, from addresses.
    Web,
    /// Files and folders.
    File,
}

/// What `call` reads, where it makes or asks a reader of documents of LangChain, LlamaIndex or Haystack: by the words with which those
/// name their classes.
pub(super) fn reads_documents(call: &Call<'_>) -> Option<Documents> {
    const WEB: &[&str] =
        &["Web", "Url", "URL", "Html", "HTML", "Sitemap", "RSS", "Online", "Chromium", "Link"];
    let package = call.package();
    if !["langchain", "llama_index", "haystack"].iter().any(|of| package.starts_with(of)) {
        return None;
    }
    let class = call.path.rsplit('.').map(|part| part.trim_end_matches("()")).find(|part| {
        part.starts_with(|first: char| first.is_ascii_uppercase())
            && ["Loader", "Reader", "Fetcher"].iter().any(|end| part.ends_with(end))
    })?;
    let file = ["File", "Unstructured", "BS"].iter().any(|word| class.contains(word))
        && !class.contains("URL")
        || class == "UnstructuredHTMLLoader";
    let web = !file && WEB.iter().any(|word| class.contains(word)) || class == "LinkContentFetcher";
    Some(if web { Documents::Web } else { Documents::File })
}

/// Whether `call` gives what others published: pages by way of a browser, answers of a search, entries of a feed, messages in a mailbox.
fn fetches_pages(call: &Call<'_>) -> bool {
    let name = call.name();
    match call.package() {
        "playwright" | "pyppeteer" => matches!(
            name,
            "content"
                | "inner_text"
                | "inner_html"
                | "text_content"
                | "all_inner_texts"
                | "all_text_contents"
        ),
        "feedparser" => name == "parse",
        "trafilatura" => name == "fetch_url",
        "newspaper" => matches!(name, "Article" | "article"),
        "wikipedia" => matches!(name, "page" | "summary"),
        "arxiv" => name == "results",
        "duckduckgo_search" | "ddgs" => matches!(name, "text" | "news" | "answers"),
        "tavily" => matches!(name, "search" | "extract" | "get_search_context" | "qna_search"),
        "firecrawl" => name.starts_with("scrape") || name.starts_with("crawl"),
        "crawl4ai" => matches!(name, "arun" | "run" | "arun_many"),
        "imaplib" => name == "fetch",
        package if package.starts_with("langchain") => {
            const SEARCHES: &[&str] =
                &["Search", "Wikipedia", "Arxiv", "PubMed", "RequestsGet", "RequestsWrapper"];
            let class = call.path.rsplit('.').nth(1).unwrap_or_default();
            matches!(name, "run" | "arun" | "invoke" | "ainvoke" | "results" | "get" | "load")
                && class.ends_with("()")
                && SEARCHES.iter().any(|word| class.contains(word))
        }
        _ => false,
    }
}

/// Whether the result of `call` is what a language model wrote.
pub(super) fn answers_of_model(call: &Call<'_>) -> bool {
    let path = call.path.as_ref();
    let name = call.name();
    let ends = |ends: &[&str]| ends.iter().any(|end| path.ends_with(end));
    if ends(&[
        ".chat.completions.create",
        ".chat.completions.parse",
        ".responses.create",
        ".responses.parse",
        ".messages.create",
        ".generate_content",
        ".ChatCompletion.create",
        ".Completion.create",
        ".chat_completion",
        ".text_generation",
        "litellm.completion",
        "litellm.acompletion",
        "ollama.chat",
        "ollama.generate",
        ".completions.create",
        ".invoke_model",
        ".converse",
    ]) {
        return true;
    }
    let speaks = matches!(
        name,
        "invoke"
            | "ainvoke"
            | "predict"
            | "apredict"
            | "run"
            | "arun"
            | "run_sync"
            | "run_stream"
            | "generate"
            | "agenerate"
            | "stream"
            | "complete"
            | "acomplete"
            | "chat"
            | "achat"
            | "query"
            | "aquery"
            | "predict_messages"
            | "generate_text"
            | "send_message"
            | "kickoff"
            | "initiate_chat"
            | "create"
            | "batch"
            | "apply"
    );
    let package = call.package();
    let of_models = package.starts_with("langchain")
        || package.starts_with("llama_index")
        || matches!(
            package,
            "openai"
                | "anthropic"
                | "cohere"
                | "mistralai"
                | "groq"
                | "together"
                | "vllm"
                | "vertexai"
                | "ollama"
                | "litellm"
                | "crewai"
                | "autogen"
                | "llama_cpp"
                | "replicate"
                | "ctransformers"
                | "gpt4all"
                | "dspy"
                | "guidance"
                | "instructor"
                | "pydantic_ai"
                | "smolagents"
                | "agents"
        )
        || call.is_of("google.generativeai")
        || call.is_of("google.genai");
    // An object made by such a package, spoken to; or the object itself called.
    if of_models && path.contains("()") && (speaks || path.ends_with("()")) {
        return true;
    }
    if path == "transformers.pipeline()"
        || path == "gpt4all.GPT4All().generate"
        || matches!(path, "agents.Runner.run_sync" | "agents.Runner.run" | "agents.Runner.run_streamed")
    {
        return true;
    }
    // Classes that write statements and code for their callers.
    if call.is_of("vanna") && name.starts_with("generate_") {
        return true;
    }
    if call.is_of("transformers") && name == "generate" && path.contains("()") {
        return true;
    }
    if path == "?.generate" || path == "?.invoke" || path == "?.predict" || path == "?.complete" {
        let owner = call.spelling.rsplit_once('.').map_or("", |(owner, _)| owner);
        let owner = owner.rsplit('.').next().unwrap_or(owner).to_ascii_lowercase();
        return ["llm", "chat_model", "language_model", "chain", "agent"]
            .iter()
            .any(|word| owner.contains(word))
            || (name == "generate" && matches!(owner.as_str(), "model" | "generator" | "pipe"));
    }
    false
}
