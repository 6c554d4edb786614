//! `bartizan log witness` and `log checkpoint --witness`, over HTTP and HTTPS, for logs in a folder and in an object store.

use crate::support::Workplace;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

/// A witness that runs until it is dropped.
pub(crate) struct Serving {
    process: Child,
    /// Where it listens, as `localhost`.
    pub(crate) url: String,
}

impl Serving {
    /// Starts one that knows the log of `log.vkey`; its own key is in `w.vkey` then.
    pub(crate) fn start(place: &Workplace, more: &[&str]) -> Self {
        assert_eq!(place.run(&["key", "generate", "--algorithm", "ed25519", "--output", "w.key"]).code, 0);
        let mut program = place.program(&["log", "witness", "--name", "witness.example/w", "--key", "w.key"]);
        program.args(["--log", "log.vkey", "--memory", "memory", "--listen", "127.0.0.1:0"]).args(more);
        let mut process = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let line = |text: &mut String, pipe: &mut dyn std::io::Read| {
            BufReader::new(pipe).read_line(text).unwrap();
        };
        let (mut key, mut remark) = (String::new(), String::new());
        line(&mut key, process.stdout.as_mut().unwrap());
        line(&mut remark, process.stderr.as_mut().unwrap());
        place.write("w.vkey", key);
        let address = remark.split_once("listening at ").map(|(_, address)| address.trim().to_owned());
        let url = address.unwrap_or_else(|| panic!("{remark}")).replace("127.0.0.1", "localhost");
        Self { process, url }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_checkpoint_is_cosigned_over_https_by_whom_the_roots_vouch_for() {
    let place = Workplace::new();
    let openssl = |arguments: &[&str]| {
        let ran = Command::new("openssl").args(arguments).current_dir(place.path()).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    if !openssl(&["version"]) {
        eprintln!("skipped: openssl is not installed");
        return;
    }
    for name in ["tls", "other"] {
        let (key, out) = (format!("{name}.key"), format!("{name}.pem"));
        let made = [
            "req",
            "-x509",
            "-days",
            "9",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=witness",
            "-addext",
            "subjectAltName=DNS:localhost",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-keyout",
            &key,
            "-out",
            &out,
        ];
        assert!(openssl(&made));
    }
    assert_eq!(place.run(&["key", "generate", "--algorithm", "ed25519", "--output", "log.key"]).code, 0);
    let made = place.run(&["log", "init", "log", "--origin", "example.com/log", "--key", "log.key"]);
    place.write("log.vkey", made.out);
    let serving = Serving::start(&place, &["--tls-certificate", "tls.pem", "--tls-key", "tls.key"]);
    assert!(serving.url.starts_with("https://"), "{}", serving.url);
    let ask = [
        "log",
        "checkpoint",
        "log",
        "--key",
        "log.key",
        "--witness",
        &serving.url,
        "--witness-key",
        "w.vkey",
    ];
    let cosigned = place.run(&[&ask[..], &["--witness-root", "tls.pem"]].concat());
    assert_eq!(cosigned.code, 0, "{cosigned:?}");
    assert_eq!(cosigned.out.lines().filter(|line| line.starts_with("— witness.example/w ")).count(), 1);
    let stranger = place.run(&[&ask[..], &["--witness-root", "other.pem"]].concat());
    assert!(stranger.code == 2 && stranger.err.contains("TLS"), "{stranger:?}");
    // The machine's own roots do not vouch for it either.
    assert_eq!(place.run(&ask).code, 2);
}
