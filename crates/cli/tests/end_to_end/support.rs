//! A workplace for end-to-end tests: a fresh folder, the built program, and small model files made in code.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A fresh folder in which the program runs, without configuration from outside.
pub(crate) struct Workplace {
    folder: tempfile::TempDir,
    /// Where the user's own settings would be.
    home: tempfile::TempDir,
}

impl Workplace {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), home: tempfile::tempdir().unwrap() }
    }

    /// Its path.
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes `content` to `name`, with the folders above it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// A copy of the program in this folder.
    ///
    /// Another process makes it: whoever holds a program open for writing hands that on to every child that another test starts at
    /// that moment, and until the child is itself a program the copy cannot be started ("text file busy").
    pub(crate) fn own_program(&self) -> PathBuf {
        let copy = self.path().join("bartizan");
        if cfg!(unix) {
            assert!(
                Command::new("cp").arg(env!("CARGO_BIN_EXE_bartizan")).arg(&copy).status().unwrap().success()
            );
        } else {
            fs::copy(env!("CARGO_BIN_EXE_bartizan"), &copy).unwrap();
        }
        copy
    }

    /// A shell script that can be run, put there by another process as well.
    #[cfg(unix)]
    pub(crate) fn script(&self, name: &str, lines: &str) -> PathBuf {
        let (draft, path) = (self.write(&format!("{name}.draft"), lines), self.path().join(name));
        let put = "cat \"$0\" > \"$1\" && chmod 755 \"$1\" && rm \"$0\"";
        assert!(Command::new("sh").args(["-c", put]).args([&draft, &path]).status().unwrap().success());
        path
    }

    /// The program, to be run in this folder with no setting of the machine in force.
    pub(crate) fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bartizan"));
        command.args(arguments).current_dir(self.path());
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("BARTIZAN_") {
                command.env_remove(name);
            }
        }
        command.env_remove("NO_COLOR").env("XDG_CONFIG_HOME", self.home.path());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.program(arguments).output().unwrap())
    }

    /// Runs it and reads its JSON report.
    pub(crate) fn json(&self, arguments: &[&str]) -> serde_json::Value {
        let mut all = vec!["scan", "--format", "json"];
        all.extend(arguments);
        let ran = self.run(&all);
        serde_json::from_str(&ran.out).unwrap_or_else(|error| panic!("{error}: {ran:?}"))
    }
}

/// What a run gave.
#[derive(Debug)]
pub(crate) struct Ran {
    /// The exit code.
    pub(crate) code: i32,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

impl Ran {
    /// From the output of a finished process.
    pub(crate) fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code().unwrap(), out: text(&output.stdout), err: text(&output.stderr) }
    }
}

/// A pickle of protocol 0 that would run `echo harmless` when loaded.
pub(crate) fn evil_pickle() -> Vec<u8> {
    b"cos\nsystem\n(S'echo harmless'\ntR.".to_vec()
}

/// A pickle of protocol 2 that holds the list `[1, 2]`.
pub(crate) fn good_pickle() -> Vec<u8> {
    b"\x80\x02]q\x00(K\x01K\x02e.".to_vec()
}

/// A safetensors file with one tensor of four bytes.
pub(crate) fn good_safetensors() -> Vec<u8> {
    let header = br#"{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#;
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend([0; 4]);
    file
}

/// The head of a Git-LFS pointer file.
pub(crate) const LFS_POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
