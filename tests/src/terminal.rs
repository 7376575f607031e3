//! Commands as a person types them, and what came of them.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
};

use serde_json::Value;

use crate::{program::program, wait::PATIENCE};

/// A folder to type in, with a Qianmo home for contexts and remembered checkpoints.
#[derive(Debug, Clone)]
pub struct Terminal {
    dir: PathBuf,
    home: PathBuf,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Ended {
    command: String,
    /// The exit code; none if a signal ended it.
    pub exit: Option<i32>,
    /// Its answer.
    pub stdout: String,
    /// Its news and errors.
    pub stderr: String,
}

/// A command that failed, in its own words.
#[derive(Debug, PartialEq, Eq)]
pub struct Failure {
    /// The exit code.
    pub exit: i32,
    /// The node's code, `QM-…`; empty where no node was asked.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
}

impl Terminal {
    /// A terminal in the folder `dir`, for somebody whose Qianmo home is `home`.
    pub fn new(dir: impl Into<PathBuf>, home: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), home: home.into() }
    }

    /// The folder typed in.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The program with `args`, in English and JSON, not yet started.
    pub fn command(&self, args: &[&str]) -> Command {
        self.plain(&[args, &["--json", "--lang", "en"]].concat())
    }

    /// The program with `args` and nothing else, not yet started.
    pub fn plain(&self, args: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(args);
        command
            .current_dir(&self.dir)
            .env("QIANMO_HOME", &self.home)
            .env("TMPDIR", &self.dir)
            .env("TZ", "UTC");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Types a command and waits for its end.
    ///
    /// # Panics
    /// If it takes too long.
    pub fn run(&self, args: &[&str]) -> Ended {
        Ended::of(format!("qianmo {}", args.join(" ")), self.command(args))
    }

    /// Types a command as people do, who want to read words in the language `lang`.
    ///
    /// # Panics
    /// If it takes too long.
    pub fn reads(&self, lang: &str, args: &[&str]) -> Ended {
        let args = [args, &["--lang", lang]].concat();
        Ended::of(format!("qianmo {}", args.join(" ")), self.plain(&args))
    }

    /// Types a command that must succeed; its answer.
    ///
    /// # Panics
    /// If it fails.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> Value {
        self.run(args).ok()
    }

    /// Types a command that must fail; its error.
    ///
    /// # Panics
    /// If it succeeds, or fails without words.
    #[track_caller]
    pub fn fails(&self, args: &[&str]) -> Failure {
        self.run(args).fails()
    }
}

impl Ended {
    /// Starts `program` and waits for its end.
    ///
    /// # Panics
    /// If it takes too long.
    pub fn of(command: String, mut program: Command) -> Self {
        let mut child = program.spawn().unwrap();
        let stdout = read_aside(child.stdout.take().unwrap());
        let stderr = read_aside(child.stderr.take().unwrap());
        let Ok(stdout) = stdout.recv_timeout(PATIENCE) else {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("`{command}` takes longer than {PATIENCE:?}; it said: {}", stderr.recv().unwrap());
        };
        let exit = child.wait().unwrap().code();
        Self { command, exit, stdout, stderr: stderr.recv().unwrap() }
    }

    pub(crate) fn new(command: String, exit: Option<i32>, stderr: String) -> Self {
        Self { command, exit, stdout: String::new(), stderr }
    }

    /// The answer of a command that must have succeeded.
    ///
    /// # Panics
    /// If it failed.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.exit, Some(0), "{self}");
        self.answer()
    }

    /// The error of a command that must have failed.
    ///
    /// # Panics
    /// If it succeeded, or failed without words.
    #[track_caller]
    pub fn fails(&self) -> Failure {
        assert_ne!(self.exit, Some(0), "{self}");
        self.failure()
    }

    /// The document on standard output.
    ///
    /// # Panics
    /// If there is none.
    pub fn answer(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("no JSON on standard output ({e}): {self}"))
    }

    /// The error on standard error: its last line.
    ///
    /// # Panics
    /// If there is none, or it names another exit code than the real one.
    pub fn failure(&self) -> Failure {
        let last = self.stderr.lines().last().unwrap_or_default();
        let error: Value =
            serde_json::from_str(last).unwrap_or_else(|e| panic!("no error told ({e}): {self}"));
        let text = |key: &str| error["error"][key].as_str().unwrap_or_default().to_owned();
        let exit = self.exit.unwrap_or_else(|| panic!("ended by a signal: {self}"));
        assert_eq!(error["error"]["exit"], exit, "the exit code is not the one told: {self}");
        Failure { exit, code: text("code"), message: text("message") }
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, exit, stdout, stderr } = self;
        write!(f, "`{command}` ended with {exit:?}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

impl Failure {
    /// Asserts exit code, node's code and words of the message.
    ///
    /// # Panics
    /// If one of them is another.
    #[track_caller]
    pub fn is(&self, exit: i32, code: &str, words: &[&str]) {
        assert_eq!((self.exit, self.code.as_str()), (exit, code), "{self:?}");
        for word in words {
            assert!(self.message.contains(word), "{word:?} is missing in {self:?}");
        }
    }
}

/// Reads a pipe to its end on a thread of its own: a full pipe would stop the program.
fn read_aside(mut pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.read_to_end(&mut bytes).unwrap();
        // The test may have given up waiting.
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}
