//! `bench run`: what recording adds to a training. The same training runs with and without `bartizan run`, in turns.

use super::{release_program, workplace};
use crate::process::run as command;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Pairs measured; the median of their ratios is the result.
const PAIRS: usize = 7;
/// A training of some seconds: matrix products, data read in each round, a checkpoint written in each.
const NUMPY: &str = "\
import numpy as np
r = np.random.default_rng(0)
w = r.standard_normal((512, 512))
for epoch in range(40):
    for name in range(50):
        x = np.fromfile(f'data/{name}', dtype=np.float64).reshape(64, 512)
        w -= 1e-6 * x.T @ (x @ w)
    w.tofile(f'out/{epoch}')
";
/// The same without NumPy.
const PLAIN: &str = "\
import array
w = [0.0] * 512
for epoch in range(40):
    for name in range(50):
        x = array.array('d', open(f'data/{name}', 'rb').read())
        s = sum(a * a for a in x[:16384])
        w = [a + s * 1e-9 for a in w]
    array.array('d', w).tofile(open(f'out/{epoch}', 'wb'))
";

/// Measures and prints the table.
///
/// # Errors
/// When the program does not build, or Python is not there.
pub(crate) fn run() -> Result<(), String> {
    let program = release_program()?;
    let folder = workplace()?.join("run");
    prepare(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let key = folder.join("bartizan.key");
    if !key.exists() {
        command(&program, &["key", "generate", "--output", &key.to_string_lossy()])?;
    }
    let (python, script) = interpreter(&folder);
    println!("| observed by | alone s | recorded s | added |\n| --- | ---: | ---: | ---: |");
    for (name, flags) in [("folders", &[][..]), ("system calls", &["--trace"]), ("nothing", &["--no-watch"])]
    {
        let mut pairs = Vec::new();
        for _ in 0..PAIRS {
            let alone = time(&folder, Command::new(&python).args(["-c", script]))?;
            let mut recorded = Command::new(&program);
            recorded
                .args(["run", "--project", ".", "--data", "data", "--output", "out"])
                .args(flags)
                .arg("--");
            let recorded = time(&folder, recorded.arg(&python).args(["-c", script]))?;
            pairs.push((recorded.as_secs_f64() / alone.as_secs_f64(), alone, recorded));
        }
        pairs.sort_by(|one, two| one.0.total_cmp(&two.0));
        let (ratio, alone, recorded) = pairs.get(PAIRS / 2).copied().unwrap_or_default();
        let added = (ratio - 1.0) * 100.0;
        println!("| {name} | {:.2} | {:.2} | {added:+.1} % |", alone.as_secs_f64(), recorded.as_secs_f64());
    }
    Ok(())
}

fn prepare(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder.join("data"))?;
    std::fs::create_dir_all(folder.join("out"))?;
    std::fs::write(folder.join("bartizan.toml"), "")?;
    for name in 0..50u8 {
        let values =
            (0..64 * 512u32).flat_map(|place| f64::from((place * u32::from(name + 1)) % 97).to_le_bytes());
        std::fs::write(folder.join("data").join(name.to_string()), values.collect::<Vec<u8>>())?;
    }
    Ok(())
}

/// A Python with NumPy in an environment of its own, else the one that is there.
fn interpreter(folder: &Path) -> (PathBuf, &'static str) {
    let environment = folder.join("venv");
    let python = environment.join("bin/python");
    let install = || {
        command("python3", &["-m", "venv", &environment.to_string_lossy()])?;
        command(&python, &["-m", "pip", "install", "--quiet", "numpy"])
    };
    if python.exists() || install().is_ok() { (python, NUMPY) } else { ("python3".into(), PLAIN) }
}

fn time(folder: &Path, command: &mut Command) -> Result<Duration, String> {
    let start = Instant::now();
    let status = command.current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null()).status();
    let status = status.map_err(|error| error.to_string())?;
    if status.success() { Ok(start.elapsed()) } else { Err(format!("the training failed: {status}")) }
}
