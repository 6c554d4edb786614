//! Options by which connections and clients are not verified or not encrypted, wherever they are given: as attributes, in keywords
//! that are handed on, in the addresses of databases, in settings; and credentials of callers that are sent on.

use super::transport::{is_artifact, is_plain};
use crate::agents::mcp::rules::TOKEN_PASSTHROUGH;
use crate::python::call::Call;
use crate::python::evaluate::INBOUND;
use crate::python::module::{Module, Report};
use crate::python::value::{Known, Value};
use crate::rules::{INSECURE_TRANSPORT, TLS_DISABLED};
use bartizan_core::{Confidence, Finding, Rule, Severity, printable};
use std::ops::Range;

/// Rules of this file.
pub(in crate::python) const RULES: &[&Rule] = &[&TLS_DISABLED, &INSECURE_TRANSPORT, &TOKEN_PASSTHROUGH];

/// Switches that say nothing but whether certificates are looked at.
const VERIFY: &[&str] =
    &["verify_ssl", "ssl_verify", "verify_certs", "tls_verify", "verify_tls", "validate_certs"];

/// Judges one call.
pub(in crate::python) fn check(call: &Call<'_>, module: &mut Module) {
    if let Some(path) = call.path.strip_prefix("set:") {
        attribute(path, call, module);
        return;
    }
    passes_on(call, module);
    let refused = ["tlsAllowInvalidCertificates", "tlsInsecure", "tlsAllowInvalidHostnames"];
    if let Some(switch) = refused.iter().find(|switch| call.is_true(switch)) {
        let span = call.keyword(switch).map_or(&call.span, |given| &given.span);
        module.report(span, Finding::new(&TLS_DISABLED, format!("`{switch}=True` accepts any certificate")));
    }
    // `requests` asks its adapters so; the third argument is whether to verify.
    if call.name() == "cert_verify"
        && call.argument(2, "verify").is_some_and(|verify| verify.value.known == Known::Bool(false))
    {
        module.report(&call.span, Finding::new(&TLS_DISABLED, "the adapter accepts any certificate"));
    }
    for argument in call.arguments() {
        if let Known::Text(text) | Known::Pieces(text) = &argument.value.known
            && text.len() < LONGEST
            && text.contains("://")
        {
            address(text, &argument.span, module);
        }
    }
}

/// `module.ssl_verify = False`.
fn attribute(path: &str, call: &Call<'_>, module: &mut Module) {
    let Some((owner, name)) = path.rsplit_once('.') else { return };
    let off = call.positional.first().is_some_and(|value| value.value.known == Known::Bool(false));
    if off && VERIFY.contains(&name) {
        let severity = if owner.starts_with('?') { Severity::Medium } else { Severity::High };
        let message = format!("`{name}` is switched off: any certificate is accepted");
        module.report(&call.span, Finding::new(&TLS_DISABLED, message).severity(severity));
    }
}

/// What an address says of how its server is spoken to.
fn address(text: &str, span: &Range<usize>, module: &mut Module) {
    let lower = text.to_ascii_lowercase();
    if let Some(rest) = lower.strip_prefix("tcp://")
        && rest.contains(":2375")
        && is_plain(&format!("http://{rest}"))
    {
        let message = "a Docker daemon is reached without encryption or login: whoever reaches it is root on that machine";
        module.report(span, Finding::new(&INSECURE_TRANSPORT, message).severity(Severity::High));
        return;
    }
    let Some((before, query)) = lower.split_once('?') else { return };
    let options: Vec<&str> = query.split('&').collect();
    let host = before.split_once("://").map_or("", |(_, rest)| rest);
    let any = [
        "tlsallowinvalidcertificates=true",
        "tlsinsecure=true",
        "ssl_cert_reqs=none",
        "ssl_cert_reqs=cert_none",
    ];
    if let Some(option) = options.iter().find(|option| any.contains(option)) {
        let message = format!("`{}` in the address accepts any certificate", printable(option, 60));
        module.report(span, Finding::new(&TLS_DISABLED, message));
    } else if options.contains(&"sslmode=disable") && is_plain(&format!("http://{host}")) {
        let message = "`sslmode=disable` in the address speaks to the database without encryption";
        module.report(span, Finding::new(&INSECURE_TRANSPORT, message));
    }
}

/// A switch in the keywords that a function hands on.
pub(in crate::python) fn handed_on(key: &Value, value: &Value, span: &Range<usize>, module: &mut Module) {
    let Some(name) = key.as_text().filter(|name| *name == "verify" || VERIFY.contains(name)) else { return };
    if value.known == Known::Bool(false) {
        let message = format!("`{name}` is set to `False` in what is handed on: any certificate is accepted");
        module.report(span, Finding::new(&TLS_DISABLED, message));
    }
}

/// A switch in settings, by the name it is kept under: what holds unless someone says otherwise.
pub(in crate::python) fn named(name: &str, value: &Value, span: &Range<usize>, module: &mut Module) {
    if value.known == Known::Bool(false) && VERIFY.contains(&name.to_ascii_lowercase().as_str()) {
        let message = format!("`{name}` is off unless someone says otherwise: any certificate is accepted");
        let finding = Finding::new(&TLS_DISABLED, message).severity(Severity::Low);
        module.report(span, finding.confidence(Confidence::Medium));
    }
}

/// What a library is given that fetches models or data without encryption; `true` when it does.
pub(in crate::python) fn loads(call: &Call<'_>, module: &mut Module) -> bool {
    let report = |module: &mut Module, span: &Range<usize>, shown: &str| {
        let message = format!("`{}` is reached without encryption", printable(shown, 80));
        module.report(span, Finding::new(&INSECURE_TRANSPORT, message));
    };
    let foreign = |value: &Value| {
        let host = value.as_text()?;
        (host.contains('.') && !host.contains("://") && is_plain(&format!("http://{host}")))
            .then(|| host.to_owned())
    };
    match call.path.as_ref() {
        "grpc.insecure_channel" | "grpc.aio.insecure_channel" => {
            if let Some(target) = call.argument(0, "target")
                && let Some(host) = foreign(&target.value)
            {
                report(module, &target.span, &host);
                return true;
            }
        }
        "ftplib.FTP().retrbinary" | "ftplib.FTP().retrlines" => {
            let message = "a file is fetched by FTP, without encryption";
            module.report(&call.span, Finding::new(&INSECURE_TRANSPORT, message));
            return true;
        }
        // Each has a twin that encrypts (`IMAP4_SSL`, `POP3_SSL`, `SMTP_SSL`, `FTP_TLS`), and all but FTP a way to begin encryption later.
        "imaplib.IMAP4().login" | "poplib.POP3().pass_" | "smtplib.SMTP().login" => {
            let message = "a name and password are sent to a mail server without encryption";
            let finding = Finding::new(&INSECURE_TRANSPORT, message);
            let remedy = "Use the class that encrypts (`IMAP4_SSL`, `POP3_SSL`, `SMTP_SSL`), or `starttls()` before the login.";
            let report = Report { span: call.span.clone(), finding: finding.remedy(remedy), fix: None };
            module.facts.unless_written.push((ENCRYPTED.to_owned(), report));
            return true;
        }
        "ftplib.FTP().login" if !call.positional.is_empty() || call.keyword("user").is_some() => {
            let message = "a name and password are sent by FTP, without encryption";
            module.report(&call.span, Finding::new(&INSECURE_TRANSPORT, message));
            return true;
        }
        "telnetlib.Telnet" | "telnetlib3.open_connection" => {
            let message = "what is typed and answered crosses the network by Telnet, without encryption";
            module.report(&call.span, Finding::new(&INSECURE_TRANSPORT, message));
            return true;
        }
        _ => {}
    }
    if let Some(links) = call.any_keyword(&["dependency_links"])
        && let Some(address) = links.value.texts().into_iter().find(|text| is_plain(text))
    {
        let message = format!("packages come from `{}` without encryption", printable(address, 80));
        module.report(&links.span, Finding::new(&INSECURE_TRANSPORT, message));
        return true;
    }
    let switch =
        ["ssl", "https", "use_tls", "tls", "http_secure"].into_iter().find(|switch| call.is_false(switch));
    if let Some(switch) = switch
        && let Some(host) =
            call.any_keyword(&["host", "http_host", "hosts"]).or_else(|| call.positional.first())
        && let Some(host) = foreign(&host.value)
        && !matches!(call.package(), "uvicorn" | "aiohttp" | "asyncio")
    {
        let span = call.keyword(switch).map_or(&call.span, |given| &given.span);
        report(module, span, &host);
        return true;
    }
    if matches!(
        call.package(),
        "logging"
            | "re"
            | "pathlib"
            | "urllib"
            | "argparse"
            | "pytest"
            | "unittest"
            | "typing"
            | "rich"
            | "warnings"
    ) || matches!(call.name(), "info" | "debug" | "warning" | "error" | "print" | "log")
    {
        return false;
    }
    let named = call.any_keyword(&["path", "url", "urls", "uri", "source", "model", "data", "weights"]);
    let Some(given) = named.or_else(|| call.positional.first()) else { return false };
    let plain = given.value.texts().into_iter().find(|text| is_plain(text) && is_artifact(text));
    if let Some(address) = plain {
        let message = format!("`{}` is fetched without encryption", printable(address, 80));
        module.report(&given.span, Finding::new(&INSECURE_TRANSPORT, message));
    }
    plain.is_some()
}

/// Notes whether anything in a module begins encryption with a mail server, whatever it holds the connection in.
pub(in crate::python) fn encrypted(cells: &[(&str, usize)], module: &mut Module) {
    if cells.iter().any(|(text, _)| text.contains(".starttls(") || text.contains(".stls(")) {
        module.facts.written.insert(ENCRYPTED.to_owned());
    }
}

/// What stands among the places that a module writes when it begins encryption with a mail server.
const ENCRYPTED: &str = "starttls";

/// The credential with which a caller came, sent on to another server by a server of tools.
fn passes_on(call: &Call<'_>, module: &mut Module) {
    let Some(headers) = call.keyword("headers") else { return };
    let Known::Entries(entries) = &headers.value.known else { return };
    let inbound = entries.iter().any(|(name, value)| {
        let server = |path: &str| ["mcp.", "fastmcp."].iter().any(|package| path.starts_with(package));
        name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case("authorization"))
            && value.as_path().is_some_and(|path| path.ends_with(INBOUND) && server(path))
    });
    if inbound {
        let message = "the token with which the client came is sent on to another server";
        let finding = Finding::new(&TOKEN_PASSTHROUGH, message).confidence(Confidence::Medium);
        module.report(
            &headers.span,
            finding.remedy("Accept only tokens issued for this server, and ask the other one with a token of its own (RFC 8693)."),
        );
    }
}

/// Longest text taken for an address, in bytes.
const LONGEST: usize = 2048;

#[cfg(test)]
mod tests {
    use crate::python::tests::severities;
    use bartizan_core::Severity::{High, Low, Medium};

    #[test]
    fn passwords_that_mail_and_file_servers_are_sent_in_the_open_are_found() {
        let graded = |code: &str| {
            severities(
                &format!("import imaplib, smtplib, ftplib, telnetlib\n{code}"),
                "pipeline/insecure-transport",
            )
        };
        for code in [
            "box = imaplib.IMAP4(HOST)\nbox.login(user, password)",
            "with smtplib.SMTP(HOST, 25) as s:\n    s.login(user, password)\n    s.send_message(m)",
            "f = ftplib.FTP(HOST)\nf.login('ana', password)",
            "with ftplib.FTP(HOST) as f, open(p, 'wb') as out:\n    f.login()\n    f.retrbinary('RETR a', out.write)",
            "t = telnetlib.Telnet(HOST)",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        for code in [
            "box = imaplib.IMAP4_SSL(HOST)\nbox.login(user, password)",
            "s = smtplib.SMTP(HOST, 587)\ns.starttls()\ns.login(user, password)",
            "s = smtplib.SMTP_SSL(HOST)\ns.login(user, password)",
            "class A:\n    def open(self):\n        self.c = smtplib.SMTP(HOST)\n        if self.tls:\n            self.c.starttls()\n        self.c.login(u, p)",
            "f = ftplib.FTP_TLS(HOST)\nf.login('ana', password)",
            "s = smtplib.SMTP('localhost')\ns.send_message(m)",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn switches_are_found_wherever_they_are_given() {
        let graded = |code: &str| severities(code, "pipeline/tls-disabled");
        assert_eq!(graded("import litellm\nlitellm.ssl_verify = False"), [High]);
        assert_eq!(graded("import litellm\nlitellm.ssl_verify = True"), []);
        assert_eq!(
            graded(
                "class A(B):\n    def send(self, request, **kw):\n        kw['verify'] = False\n        return super().send(request, **kw)"
            ),
            [High]
        );
        assert_eq!(graded("def f(kw):\n    kw['verify'] = False"), []);
        assert_eq!(graded("def f(**kw):\n    kw['verify'] = True\n    kw['check'] = False"), []);
        assert_eq!(
            graded(
                "class A(B):\n    def cert_verify(self, conn, url, verify, cert):\n        super().cert_verify(conn, url, False, cert)"
            ),
            [High]
        );
        assert_eq!(
            graded(
                "import pymongo\npymongo.MongoClient('mongodb://m.example/x?a=1&tlsAllowInvalidCertificates=true')"
            ),
            [High]
        );
        assert_eq!(graded("import pymongo\npymongo.MongoClient('mongodb://m.example/x?tls=true')"), []);
        assert_eq!(graded("class S(BaseSettings):\n    verify_tls: bool = False"), [Low]);
        assert_eq!(
            graded("class S(BaseSettings):\n    verify_tls: bool = True\n    verify: bool = False"),
            []
        );
    }

    #[test]
    fn what_is_reached_without_encryption_is_found() {
        let graded = |code: &str| severities(code, "pipeline/insecure-transport");
        for code in [
            "from ultralytics import YOLO\nYOLO('http://x.example/a.pt')",
            "import grpc\ngrpc.insecure_channel('x.example.org:8033')",
            "import chromadb\nchromadb.HttpClient(host='c.example.org', port=8000, ssl=False)",
            "from sqlalchemy import create_engine\ncreate_engine('postgresql://db.example.org/x?sslmode=disable')",
            "from ftplib import FTP\nf = FTP('x.example')\nf.retrbinary('RETR m.pkl', w)",
        ] {
            assert_eq!(graded(code), [Medium], "{code}");
        }
        assert_eq!(graded("DockerOperator(docker_url='tcp://docker.example.org:2375')"), [High]);
        for code in [
            "from ultralytics import YOLO\nYOLO('https://x.example/a.pt')",
            "import grpc\ngrpc.insecure_channel('localhost:8033')\ngrpc.insecure_channel('triton:8001')",
            "import chromadb\nchromadb.HttpClient(host='localhost', ssl=False)",
            "import logging\nlogging.getLogger().info('http://x.example/a.pt')",
            "from sqlalchemy import create_engine\ncreate_engine('postgresql://localhost/x?sslmode=disable')",
        ] {
            assert_eq!(graded(code), [], "{code}");
        }
    }

    #[test]
    fn a_token_of_the_caller_that_is_sent_on_is_found() {
        let code = |take: &str, give: &str| {
            format!(
                "import httpx\nfrom mcp.server.fastmcp import Context\nfrom fastapi import Request\nasync def f(repo: str, ctx: Context, r: Request):\n    token = {take}\n    httpx.get('https://api.example', headers={give})\n"
            )
        };
        let found = |take: &str, give: &str| severities(&code(take, give), "agent/mcp-token-passthrough");
        let inbound = "ctx.request_context.request.headers['authorization']";
        assert_eq!(found(inbound, "{'Authorization': token}"), [Medium]);
        assert_eq!(
            found("ctx.request_context.request.headers.get('authorization')", "{'Authorization': token}"),
            [Medium]
        );
        assert_eq!(found(inbound, "{'X-Request-Id': token}"), []);
        assert_eq!(found("os.environ['TOKEN']", "{'Authorization': token}"), []);
        // A gateway that is no server of tools.
        assert_eq!(found("r.headers['authorization']", "{'Authorization': token}"), []);
    }
}
