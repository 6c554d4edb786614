//! `bartizan load-guard` around a real Python: what it refuses, what it lets pass, and what it leaves as it was.

use crate::support::{Ran, Workplace, evil_pickle};
use std::process::Command;

/// Loads the pickle that is named first and prints what came of it.
const LOADER: &str = "\
import pickle, sys
with open(sys.argv[1], 'rb') as file:
    try:
        print('loaded', pickle.load(file))
    except pickle.UnpicklingError as error:
        print('stopped')
";

/// As [`LOADER`], with the unpickler that is written in Python.
const SLOW_LOADER: &str = "\
import pickle, sys
with open(sys.argv[1], 'rb') as file:
    try:
        print('loaded', pickle._Unpickler(file).load())
    except pickle.UnpicklingError as error:
        print('stopped')
";

/// A pickle of a vetted reconstructor: `collections.OrderedDict()`.
const BENIGN: &[u8] = b"ccollections\nOrderedDict\n(tR.";
/// A pickle of a class that is nobody's but the test's.
const OWN_CLASS: &[u8] = b"cshop\nNet\n(tR.";

/// Whether a Python that can be guarded is there; says so if not.
fn has_python() -> bool {
    let there =
        Command::new("python3").args(["-c", "import sys; sys.exit(sys.version_info < (3, 8))"]).status();
    let there = there.is_ok_and(|status| status.success());
    if !there {
        eprintln!("skipped: no python3 of version 3.8 or later on this machine");
    }
    there
}

fn workplace() -> Workplace {
    let at = Workplace::new();
    at.write("load.py", LOADER);
    at.write("slow.py", SLOW_LOADER);
    at.write("evil.pkl", evil_pickle());
    at.write("benign.pkl", BENIGN);
    at.write("own.pkl", OWN_CLASS);
    at.write("shop.py", "class Net:\n    def __repr__(self):\n        return 'a net'\n");
    at
}

fn guarded(at: &Workplace, flags: &[&str], command: &[&str]) -> Ran {
    at.run(&[&["load-guard"], flags, &["--"], command].concat())
}

#[test]
fn a_gadget_is_refused_before_it_is_called_in_either_unpickler() {
    if !has_python() {
        return;
    }
    let at = workplace();
    for script in ["load.py", "slow.py"] {
        let ran = guarded(&at, &["--report", "refused.jsonl"], &["python3", script, "evil.pkl"]);
        assert_eq!((ran.code, ran.out.as_str()), (1, "stopped\n"), "{ran:?}");
        assert!(ran.err.contains("`os.system` runs its argument as a shell command"), "{ran:?}");
        let report = std::fs::read_to_string(at.path().join("refused.jsonl")).unwrap();
        let line: serde_json::Value = serde_json::from_str(report.lines().next().unwrap()).unwrap();
        assert_eq!(report.lines().count(), 1);
        assert_eq!(line["rule"], "model/load-refused");
        assert_eq!((&line["action"], &line["severity"]), (&"refused".into(), &"critical".into()));
        assert_eq!((&line["module"], &line["name"]), (&"os".into(), &"system".into()));
        assert!(line["stack"].to_string().contains(script), "{line}");
    }
}

#[test]
fn vetted_names_pass_and_the_exit_code_is_that_of_the_command() {
    if !has_python() {
        return;
    }
    let at = workplace();
    let ran = guarded(&at, &[], &["python3", "load.py", "benign.pkl"]);
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, "loaded OrderedDict()\n", ""));
    let ran = guarded(&at, &[], &["python3", "-c", "import sys; sys.exit(7)"]);
    assert_eq!(ran.code, 7);
}

#[test]
fn a_folder_for_temporary_files_guards_wherever_the_command_goes_or_is_refused() {
    if !has_python() {
        return;
    }
    let at = workplace();
    for folder in ["here", "with:colon"] {
        std::fs::create_dir(at.path().join(folder)).unwrap();
    }
    let load = "import os; os.chdir('/'); import pickle, collections\nprint(pickle.loads(pickle.dumps(collections.OrderedDict())))";
    let run = |folder: &str| {
        let ran =
            at.program(&["load-guard", "--", "python3", "-c", load]).env("TMPDIR", folder).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (ran.status.code(), text(&ran.stdout), text(&ran.stderr))
    };
    let (code, out, err) = run("here");
    assert_eq!((code, out.as_str()), (Some(0), "OrderedDict()\n"), "{err}");
    let (code, out, err) = run("with:colon");
    assert!(code == Some(2) && out.is_empty() && err.contains("colon"), "{err}");
}

#[test]
fn a_class_of_ones_own_is_refused_until_it_is_allowed() {
    if !has_python() {
        return;
    }
    let at = workplace();
    let ran = guarded(&at, &[], &["python3", "load.py", "own.pkl"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, "stopped\n"));
    assert!(ran.err.contains("--allow shop.Net"), "{ran:?}");
    for allow in ["shop.Net", "shop.*"] {
        let ran = guarded(&at, &["--allow", allow], &["python3", "load.py", "own.pkl"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, "loaded a net\n"), "{ran:?}");
    }
}

#[test]
fn observing_reports_and_lets_the_load_go_on() {
    if !has_python() {
        return;
    }
    let at = workplace();
    let ran = guarded(&at, &["--mode", "observe"], &["python3", "load.py", "evil.pkl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("harmless"), "{ran:?}");
    assert!(ran.err.contains("observed (critical): `os.system`"), "{ran:?}");
}

#[test]
fn processes_below_are_guarded_and_may_talk_to_one_another() {
    if !has_python() {
        return;
    }
    let at = workplace();
    at.write(
        "parent.py",
        "import subprocess, sys\nsubprocess.run([sys.executable, 'load.py', 'evil.pkl'], check=True)\n",
    );
    let ran = guarded(&at, &[], &["python3", "parent.py"]);
    assert_eq!((ran.code, ran.out.as_str()), (1, "stopped\n"), "{ran:?}");
    // A function of the program's own crosses between its processes, which is no loading of a model.
    at.write(
        "pool.py",
        "import multiprocessing\n\
         def double(number):\n    return 2 * number\n\
         if __name__ == '__main__':\n    \
             with multiprocessing.get_context('spawn').Pool(1) as pool:\n        \
                 print(pool.map(double, [1, 2]))\n",
    );
    let ran = guarded(&at, &[], &["python3", "pool.py"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "[2, 4]\n"), "{ran:?}");
}

#[test]
fn the_sitecustomize_that_was_there_still_runs() {
    if !has_python() {
        return;
    }
    let at = workplace();
    at.write("site/sitecustomize.py", "print('the other one')\n");
    let mut program = at.program(&["load-guard", "--", "python3", "load.py", "evil.pkl"]);
    let ran = Ran::of(&program.env("PYTHONPATH", at.path().join("site")).output().unwrap());
    assert_eq!((ran.code, ran.out.as_str()), (1, "the other one\nstopped\n"), "{ran:?}");
}

#[test]
fn an_isolated_python_is_said_to_be_unguarded() {
    if !has_python() {
        return;
    }
    let at = workplace();
    let ran = guarded(&at, &[], &["python3", "-I", "load.py", "benign.pkl"]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.err.contains("no Python process took the guard"), "{ran:?}");
}

#[test]
fn a_command_that_is_not_there_is_2() {
    let at = Workplace::new();
    let ran = guarded(&at, &[], &["./no-such-program"]);
    assert_eq!(ran.code, 2, "{ran:?}");
}

#[test]
fn a_signal_goes_on_to_the_command_and_its_exit_code_comes_back() {
    if !has_python() {
        return;
    }
    let at = workplace();
    at.write(
        "wait.py",
        "import signal, sys, time\n\
         signal.signal(signal.SIGTERM, lambda *_: sys.exit(43))\n\
         print('ready', flush=True)\n\
         time.sleep(60)\n",
    );
    for (script, code) in [("wait.py", Some(43)), ("-c", None)] {
        let mut program = at.program(&["load-guard", "--", "python3", script]);
        if code.is_none() {
            program.arg("import time\nprint('ready', flush=True)\ntime.sleep(60)");
        }
        let mut guard = program.stdout(std::process::Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let out = guard.stdout.take().unwrap();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).unwrap();
        assert_eq!(line, "ready\n");
        let sent = Command::new("kill").args(["-TERM", &guard.id().to_string()]).status().unwrap();
        assert!(sent.success());
        // Killed by the signal, a shell tells it as 128 and the signal's number.
        assert_eq!(guard.wait().unwrap().code(), Some(code.unwrap_or(128 + 15)));
    }
}
