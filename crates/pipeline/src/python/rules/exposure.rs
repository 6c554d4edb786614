//! Services started from code that others can reach: demos, dashboards, sockets, notebook servers.

use crate::python::call::Call;
use crate::python::module::Module;
use crate::python::value::{Known, Value};
use crate::rules::{EXPOSED_SERVICE, NO_AUTHENTICATION, ROOT_USER};
use bartizan_core::{Confidence, Finding, Rule, Severity};

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&EXPOSED_SERVICE, &NO_AUTHENTICATION, &ROOT_USER];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    endpoints(call, module);
    hosted(call, module);
    tools(call, module);
    sockets(call, module);
    debuggers(call, module);
    standard_servers(call, module);
    objects(call, module);
    if call.is_true("enable_web_access")
        && let Some(given) = call.keyword("enable_web_access")
    {
        let message = "whoever may see the job may open a shell in it";
        module.report(&given.span, Finding::new(&EXPOSED_SERVICE, message).severity(Severity::Medium));
    }
}

/// Functions that Modal answers the whole internet with: whoever knows the address runs them at the owner's expense, unless Modal asks for
/// a key or the application does. Source: Modal documentation, "Web endpoints", "Proxy Auth Tokens".
fn hosted(call: &Call<'_>, module: &mut Module) {
    let answers = matches!(
        call.path.as_ref(),
        "modal.fastapi_endpoint"
            | "modal.web_endpoint"
            | "modal.web_server"
            | "modal.asgi_app"
            | "modal.wsgi_app"
    );
    if !answers
        || call.open
        || call.keyword("requires_proxy_auth").is_some_and(|asks| asks.value.truth() != Some(false))
    {
        return;
    }
    // An application of its own may ask for a key.
    let sure = matches!(call.name(), "fastapi_endpoint" | "web_endpoint" | "web_server");
    let message = "everyone on the internet may call what is hosted here: no key is asked for";
    let finding = Finding::new(&NO_AUTHENTICATION, message)
        .severity(if sure { Severity::Medium } else { Severity::Low })
        .confidence(if sure { Confidence::Medium } else { Confidence::Low })
        .remedy("Pass `requires_proxy_auth=True`, or check a key in the function.");
    module.report(&call.span, finding);
}

/// Objects of a cloud's store, among them models and data, that everyone may read.
fn objects(call: &Call<'_>, module: &mut Module) {
    let speaks = call.spelling.to_ascii_lowercase();
    let stored = call.is_of("google.cloud.storage") || speaks.contains("blob") || speaks.contains("bucket");
    if call.name() == "make_public" && stored {
        let message = "everyone on the internet may read what is stored there";
        module.report(&call.span, Finding::new(&EXPOSED_SERVICE, message).severity(Severity::Medium));
        return;
    }
    let given = call.any_keyword(&["ACL", "predefined_acl"]).map(|acl| (&acl.span, Some(&acl.value)));
    let extra = call.keyword("ExtraArgs").map(|extra| (&extra.span, extra.value.entry("ACL")));
    let Some((span, Some(acl))) = given.or(extra) else { return };
    let severity = match acl.as_text() {
        Some("public-read" | "publicRead" | "website") => Severity::Medium,
        Some("public-read-write" | "publicReadWrite") => Severity::High,
        _ => return,
    };
    let message = "everyone on the internet may read what is stored there";
    module.report(span, Finding::new(&EXPOSED_SERVICE, message).severity(severity));
}

fn endpoints(call: &Call<'_>, module: &mut Module) {
    let report = |module: &mut Module, argument: &str, message: &str, severity: Severity| {
        let span = call.keyword(argument).map_or(&call.span, |given| &given.span);
        module.report(span, Finding::new(&EXPOSED_SERVICE, message).severity(severity));
    };
    let name = call.name();
    if name == "launch" && call.is_true("share") && call.keyword("auth").is_none() {
        report(
            module,
            "share",
            "`share=True` opens the demo to everyone who has its address",
            Severity::Medium,
        );
    }
    if matches!(name, "run" | "run_server")
        && call.is_true("debug")
        && matches!(call.package(), "flask" | "quart" | "dash" | "bottle")
    {
        report(module, "debug", "the debugger runs Python for whoever reaches the server", Severity::High);
        return;
    }
    if matches!(name, "FastAPI" | "Starlette") && call.is_true("debug") {
        let message = "errors show their source and variables to whoever reaches the server";
        report(module, "debug", message, Severity::Medium);
        return;
    }
    let public = call.keyword("public_network_access").and_then(|access| access.value.as_text());
    if call.is_of("azure.ai.ml") && public.is_some_and(|access| access.eq_ignore_ascii_case("enabled")) {
        report(
            module,
            "public_network_access",
            "the endpoint or workspace is reachable from the internet",
            Severity::Medium,
        );
    }
    cross_origin(call, module);
    notebook_server(call, module);
    if call.is_of("google.cloud.aiplatform") && call.is_true("public_endpoint_enabled") {
        report(
            module,
            "public_endpoint_enabled",
            "the index endpoint is reachable from anywhere",
            Severity::Medium,
        );
    }
    let everywhere = call
        .any_keyword(&["host", "server_name", "dashboard_host", "address"])
        .map(|host| &host.value)
        .or_else(|| call.keyword("http_options").and_then(|options| options.value.entry("host")))
        .or_else(|| {
            let first = call.positional.first().map(|host| &host.value);
            first.filter(|_| name == "run" && matches!(call.package(), "flask" | "quart"))
        })
        .is_some_and(|host| host.as_text() == Some("0.0.0.0"));
    if everywhere && call.is_of("ray") && call.keyword("dashboard_host").is_some() {
        report(
            module,
            "dashboard_host",
            "Ray's dashboard, which runs any job, listens on every address",
            Severity::High,
        );
    } else if everywhere
        && (name == "launch"
            || matches!(
                call.package(),
                "uvicorn"
                    | "gradio"
                    | "flask"
                    | "quart"
                    | "dash"
                    | "hypercorn"
                    | "waitress"
                    | "mlflow"
                    | "tensorboard"
                    | "jupyter"
                    | "ray"
                    | "litserve"
                    | "aiohttp"
                    | "sanic"
                    | "bottle"
                    | "granian"
                    | "nicegui"
                    | "bentoml"
            ))
    {
        let host = call.any_keyword(&["host", "server_name", "dashboard_host", "address", "http_options"]);
        module.report(
            host.map_or(&call.span, |host| &host.span),
            Finding::new(&EXPOSED_SERVICE, "the server listens on every address")
                .severity(Severity::Low)
                .confidence(Confidence::Low),
        );
    }
}

/// Every page of the web allowed to use the service with its reader's cookies.
fn cross_origin(call: &Call<'_>, module: &mut Module) {
    let fastapi =
        call.is_true("allow_credentials").then(|| call.any_keyword(&["allow_origins", "allow_origin_regex"]));
    let flask =
        (call.is_of("flask_cors") && call.is_true("supports_credentials")).then(|| call.keyword("origins"));
    let Some(Some(origins)) = fastapi.or(flask) else { return };
    if origins.value.texts().iter().any(|origin| matches!(*origin, "*" | ".*" | "https?://.*" | "http://.*"))
    {
        let message = "any page of the web may use the service as whoever reads it";
        module.report(&origins.span, Finding::new(&EXPOSED_SERVICE, message));
    }
}

/// Settings of a notebook server: `c.ServerApp.token = ""`.
fn notebook_server(call: &Call<'_>, module: &mut Module) {
    let Some((_, setting)) = call.path.strip_prefix("set:").and_then(|path| path.split_once('.')) else {
        return;
    };
    let Some(given) = call.positional.first() else { return };
    let server =
        ["NotebookApp.", "ServerApp.", "IdentityProvider.", "PasswordIdentityProvider."].iter().find_map(
            |server| setting.rfind(server).and_then(|at| setting.get(at.saturating_add(server.len())..)),
        );
    let empty = given.value.as_text() == Some("");
    match server {
        Some("token" | "password" | "hashed_password") if empty => {
            let message = "the notebook server, which runs code, asks nobody who they are";
            module.report(&call.span, Finding::new(&NO_AUTHENTICATION, message));
        }
        Some("ip") if matches!(given.value.as_text(), Some("0.0.0.0" | "*" | "")) => {
            let finding = Finding::new(
                &EXPOSED_SERVICE,
                "the notebook server, which runs code, listens on every address",
            );
            module.report(&call.span, finding.confidence(Confidence::Medium));
        }
        Some("allow_origin") if given.value.as_text() == Some("*") => {
            let message = "any page of the web may talk to the notebook server, which runs code";
            module.report(&call.span, Finding::new(&EXPOSED_SERVICE, message));
        }
        Some("disable_check_xsrf") if given.value.truth() == Some(true) => {
            let message = "any page of the web may act as whoever is logged in to the notebook server";
            module.report(&call.span, Finding::new(&NO_AUTHENTICATION, message).severity(Severity::Medium));
        }
        Some("allow_root") if given.value.truth() == Some(true) => {
            let finding = Finding::new(&ROOT_USER, "the notebook server, which runs code, runs as root");
            module.report(&call.span, finding.severity(Severity::Medium));
        }
        _ => {}
    }
}

/// A server of tools for agents that every machine of the network can call: the protocol asks nobody who they are.
fn tools(call: &Call<'_>, module: &mut Module) {
    let server = call.path.contains("FastMCP");
    let listens = call.keyword("host").filter(|host| matches!(host.value.as_text(), Some("0.0.0.0" | "::")));
    let asks = call.any_keyword(&["auth", "auth_server_provider", "token_verifier"]).is_some();
    if let Some(host) = listens.filter(|_| server && !asks && !call.open) {
        let message = "whoever reaches the server calls its tools";
        module.report(&host.span, Finding::new(&EXPOSED_SERVICE, message).confidence(Confidence::Medium));
    }
}

/// Judges a server of remote procedures that listens on every address without encryption, in the texts `cells`: what serves a model answers
/// whoever reaches it, and takes what they send; any other is known to its callers as it is.
pub(in crate::python) fn conclude(cells: &[(&str, usize)], module: &mut Module) {
    const MODELS: &[&str] = &[
        "torch",
        "transformers",
        "onnx",
        "tensorflow",
        "sklearn",
        "vllm",
        "keras",
        "xgboost",
        "llama",
        "model",
        "inference",
        "predict",
    ];
    let Some(span) = module.facts.procedures.take() else { return };
    let serves = cells.iter().any(|(text, _)| {
        text.lines().any(|line| {
            let line = line.trim_start();
            (line.starts_with("import ") || line.starts_with("from "))
                && MODELS.iter().any(|library| line.contains(library))
        })
    });
    let message =
        "the server takes calls from every address without encryption, and asks nobody who they are";
    let finding = Finding::new(&EXPOSED_SERVICE, message).confidence(Confidence::Medium);
    module.report(&span, if serves { finding } else { finding.severity(Severity::Low) });
}

/// Whether a value is a host that stands for every address, or a pair that begins with one.
fn is_everywhere(address: &Value) -> bool {
    let host = match &address.known {
        Known::Items(parts) => parts.first().and_then(Value::as_text),
        _ => address.as_text(),
    };
    matches!(host, Some("" | "0.0.0.0" | "::"))
}

/// Debuggers that run Python for whoever reaches them.
///
/// Sources: debugpy, `listen`; Werkzeug documentation, "Debugging Applications"; Flask documentation, "Configuration Handling".
fn debuggers(call: &Call<'_>, module: &mut Module) {
    let host = match call.path.as_ref() {
        "debugpy.listen" | "ptvsd.enable_attach" => call.argument(0, "address"),
        "remote_pdb.RemotePdb" | "remote_pdb.set_trace" | "web_pdb.set_trace" => call.argument(0, "host"),
        "rpdb.set_trace" | "rpdb.Rpdb" => call.argument(0, "addr"),
        "werkzeug.debug.DebuggedApplication" => {
            if let Some(given) = call.argument(1, "evalex").filter(|given| given.value.truth() == Some(true))
            {
                let message = "the debugger runs Python for whoever reaches the server";
                module.report(&given.span, Finding::new(&EXPOSED_SERVICE, message).severity(Severity::High));
            }
            return;
        }
        "set:flask.Flask().config" => {
            if let [name, value] = call.positional.as_slice()
                && name.value.as_text() == Some("DEBUG")
                && value.value.truth() == Some(true)
            {
                let message = "the server is started to show errors, and to debug, to whoever reaches it";
                module.report(&call.span, Finding::new(&EXPOSED_SERVICE, message).severity(Severity::Medium));
            }
            return;
        }
        _ => return,
    };
    if let Some(host) = host.filter(|host| is_everywhere(&host.value)) {
        let message = "the debugger runs Python for whoever reaches this machine";
        module.report(&host.span, Finding::new(&EXPOSED_SERVICE, message).severity(Severity::High));
    }
}

/// Servers of the standard library that listen on every address.
fn standard_servers(call: &Call<'_>, module: &mut Module) {
    let (address, severity, message) = match call.path.as_ref() {
        "http.server.HTTPServer"
        | "http.server.ThreadingHTTPServer"
        | "socketserver.TCPServer"
        | "socketserver.ThreadingTCPServer" => {
            let handler = call.argument(1, "RequestHandlerClass").and_then(|handler| handler.value.as_path());
            let files = handler.is_some_and(|path| path.ends_with(".SimpleHTTPRequestHandler"));
            let address = call.positional.first();
            if files {
                (address, Severity::Medium, "whoever reaches this machine reads the files of the folder")
            } else {
                (address, Severity::Low, "the server listens on every address")
            }
        }
        "xmlrpc.server.SimpleXMLRPCServer" => (
            call.argument(0, "addr"),
            Severity::Medium,
            "whoever reaches this machine calls the functions of the server",
        ),
        "multiprocessing.managers.BaseManager" | "multiprocessing.connection.Listener" => (
            call.argument(0, "address"),
            Severity::Medium,
            "whoever reaches this machine and knows the key runs code in it",
        ),
        "asyncio.start_server" | "websockets.serve" | "websockets.asyncio.server.serve" => {
            (call.argument(1, "host"), Severity::Low, "the server listens on every address")
        }
        _ => return,
    };
    if let Some(address) = address.filter(|address| is_everywhere(&address.value)) {
        let finding =
            Finding::new(&EXPOSED_SERVICE, message).severity(severity).confidence(Confidence::Medium);
        module.report(&address.span, finding);
    }
}

/// Sockets bound to every address.
fn sockets(call: &Call<'_>, module: &mut Module) {
    if call.name() == "add_insecure_port" && call.path.starts_with(['g', '?']) {
        let address = call.positional.first().and_then(|address| address.value.as_pieces());
        let everywhere = ["[::]:", "0.0.0.0:", "*:"];
        if address.is_some_and(|address| everywhere.iter().any(|host| address.starts_with(host))) {
            module.facts.procedures.get_or_insert_with(|| call.span.clone());
        }
        return;
    }
    if call.name() != "bind" {
        return;
    }
    let Some(address) = call.positional.first().map(|address| &address.value) else { return };
    let everywhere = match call.package() {
        "zmq" => address
            .as_pieces()
            .is_some_and(|text| text.starts_with("tcp://*") || text.starts_with("tcp://0.0.0.0")),
        "socket" => matches!(address.known, Known::Items(_)) && is_everywhere(address),
        _ => false,
    };
    if everywhere {
        let finding = Finding::new(&EXPOSED_SERVICE, "the socket takes connections from every address");
        module.report(&call.span, finding.severity(Severity::Low).confidence(Confidence::Medium));
    }
}

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn what_modal_hosts_for_everyone_is_found_unless_it_asks_for_a_key() {
        use bartizan_core::Severity::{Low, Medium};
        let graded = |how: &str| {
            let code = format!(
                "import modal\napp = modal.App('a')\n@app.function()\n@modal.{how}\ndef f(x: str):\n    return 1\n"
            );
            crate::python::tests::severities(&code, "pipeline/no-authentication")
        };
        assert_eq!(graded("fastapi_endpoint(method='POST')"), [Medium]);
        assert_eq!(graded("web_server(8000)"), [Medium]);
        assert_eq!(graded("asgi_app()"), [Low]);
        assert_eq!(graded("fastapi_endpoint(requires_proxy_auth=True)"), []);
        assert_eq!(graded("method()"), []);
    }

    #[test]
    fn debuggers_and_servers_of_the_standard_library_are_found_where_everyone_reaches_them() {
        let graded = |code: &str| severities(code, "pipeline/exposed-service");
        for (code, severity) in [
            ("import debugpy\ndebugpy.listen(('0.0.0.0', 5678))", High),
            ("import remote_pdb\nremote_pdb.set_trace(host='0.0.0.0', port=4444)", High),
            ("from werkzeug.debug import DebuggedApplication\nDebuggedApplication(app, evalex=True)", High),
            ("from flask import Flask\napp = Flask('a')\napp.config['DEBUG'] = True", Medium),
            (
                "from http.server import *\nimport http.server as h\nh.HTTPServer(('', 80), h.SimpleHTTPRequestHandler)",
                Medium,
            ),
            ("import http.server as h\nh.ThreadingHTTPServer(('0.0.0.0', 80), Mine)", Low),
            ("from xmlrpc.server import SimpleXMLRPCServer\nSimpleXMLRPCServer(('0.0.0.0', 80))", Medium),
            ("import asyncio\nasyncio.start_server(f, '0.0.0.0', 80)", Low),
            ("from aiohttp import web\nweb.run_app(app, host='0.0.0.0')", Low),
        ] {
            assert_eq!(graded(code), [severity], "{code}");
        }
        for code in [
            "import debugpy\ndebugpy.listen(5678)",
            "import debugpy\ndebugpy.listen(('127.0.0.1', 5678))",
            "from werkzeug.debug import DebuggedApplication\nDebuggedApplication(app)",
            "from flask import Flask\napp = Flask('a')\napp.config['DEBUG'] = False",
            "import http.server as h\nh.HTTPServer(('localhost', 80), h.SimpleHTTPRequestHandler)",
            "import asyncio\nasyncio.start_server(f, '127.0.0.1', 80)",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn demos_shared_with_everyone_are_found() {
        let graded = |code: &str| severities(code, "pipeline/exposed-service");
        assert_eq!(graded("from flask import Flask\napp = Flask('a')\napp.run(debug=True)"), [High]);
        assert_eq!(graded("from flask import Flask\napp = Flask('a')\napp.run(debug=False)"), []);
        assert_eq!(
            graded("app.add_middleware(CORSMiddleware, allow_origins=['*'], allow_credentials=True)"),
            [Medium]
        );
        assert_eq!(graded("app.add_middleware(CORSMiddleware, allow_origins=['*'])"), []);
        assert_eq!(graded("from ray import serve\nserve.start(http_options={'host': '0.0.0.0'})"), [Low]);
        let token = |value: &str| {
            severities(
                &format!("c = get_config()\nc.ServerApp.token = {value}"),
                "pipeline/no-authentication",
            )
        };
        assert_eq!((token("''"), token("read()")), (vec![High], vec![]));
        assert_eq!(graded("from google.cloud import aiplatform\njob.run(enable_web_access=True)"), [Medium]);
        assert_eq!(graded("from google.cloud import aiplatform\njob.run(enable_web_access=False)"), []);
        assert_eq!(graded("import gradio as gr\ngr.Interface(f).launch(share=True)"), [Medium]);
        assert_eq!(graded("import gradio as gr\ngr.Interface(f).launch()"), []);
    }

    #[test]
    fn servers_of_tools_and_sockets_open_to_all_are_found() {
        let graded = |code: &str| severities(code, "pipeline/exposed-service");
        let tools = |host: &str| {
            graded(&format!("from mcp.server.fastmcp import FastMCP\nFastMCP('a', host='{host}')"))
        };
        assert_eq!((tools("0.0.0.0"), tools("127.0.0.1")), (vec![Medium], vec![]));
        let bound = |host: &str| {
            graded(&format!("import zmq\ns = zmq.Context().socket(zmq.REP)\ns.bind('tcp://{host}:5555')"))
        };
        assert_eq!((bound("*"), bound("0.0.0.0"), bound("127.0.0.1")), (vec![Low], vec![Low], vec![]));
        assert_eq!(graded("import socket\ns = socket.socket()\ns.bind(('', 9000))"), [Low]);
        assert_eq!(graded("import socket\ns = socket.socket()\ns.bind(('127.0.0.1', 9000))"), []);
    }

    #[test]
    fn a_model_served_by_remote_procedures_to_everyone_is_found() {
        let graded = |imported: &str, address: &str| {
            let code = format!(
                "import grpc\n{imported}\nserver = grpc.server(pool)\nserver.add_insecure_port({address})"
            );
            severities(&code, "pipeline/exposed-service")
        };
        assert_eq!(graded("import torch", "'[::]:50051'"), [Medium]);
        assert_eq!(graded("import inference_pb2_grpc", "f'0.0.0.0:{port}'"), [Medium]);
        assert_eq!(graded("import chat_pb2_grpc", "'[::]:50051'"), [Low]);
        assert_eq!(graded("import torch", "'localhost:50051'"), []);
        assert_eq!(graded("import torch", "f'127.0.0.1:{port}'"), []);
    }

    #[test]
    fn objects_that_everyone_may_read_are_found() {
        let graded = |code: &str| severities(code, "pipeline/exposed-service");
        assert_eq!(graded("blob.make_public()\nbucket.make_public(recursive=True)"), [Medium, Medium]);
        assert_eq!(graded("s3.put_object_acl(Bucket='m', Key='k', ACL='public-read')"), [Medium]);
        assert_eq!(graded("s3.upload_file('n', 'm', 'k', ExtraArgs={'ACL': 'public-read-write'})"), [High]);
        assert_eq!(graded("s3.put_object_acl(Bucket='m', Key='k', ACL='private')\npage.make_public()"), []);
    }

    #[test]
    fn settings_of_a_notebook_server_are_judged() {
        let graded = |setting: &str, rule: &str| {
            severities(&format!("c = get_config()\nc.ServerApp.{setting}"), &format!("pipeline/{rule}"))
        };
        assert_eq!(graded("allow_origin = '*'", "exposed-service"), [Medium]);
        assert_eq!(graded("ip = '0.0.0.0'", "exposed-service"), [Medium]);
        assert_eq!(graded("allow_root = True", "root-user"), [Medium]);
        assert_eq!(graded("disable_check_xsrf = True", "no-authentication"), [Medium]);
        for harmless in ["allow_origin = 'https://a.example'", "ip = '127.0.0.1'", "allow_root = False"] {
            for rule in ["exposed-service", "root-user", "no-authentication"] {
                assert_eq!(graded(harmless, rule), [], "{harmless}");
            }
        }
    }
}
