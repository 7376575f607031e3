//! docs/tutorial.md does what it says: its `sh` blocks are typed in order into one shell in an empty folder,
//! and each line of the `text` block below one is looked for in what was printed.
//!
//! ```` ```sh exit=6 ```` stands for a block whose last command ends with 6. In a `text` block `…` stands for
//! anything; ids, digests and times are taken for equal.

use std::{
    fmt::Write as _,
    fs,
    net::UdpSocket,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use qianmo_tests::{eventually, program, workspace};
use tempfile::TempDir;

/// What a reader types and then sees.
#[derive(Debug)]
struct Step {
    line: usize,
    commands: String,
    exit: i32,
    printed: Vec<String>,
}

#[test]
fn the_tutorial_works_as_typed() {
    let steps = steps("docs/tutorial.md");
    assert!(steps.len() > 30, "only {} blocks were found", steps.len());
    let dir = TempDir::with_prefix("qianmo-tutorial-doc-").unwrap();
    let (folder, out) = (dir.path().join("typed"), dir.path().join("printed"));
    fs::create_dir(&folder).unwrap();
    fs::create_dir(&out).unwrap();
    let ports = free_ports();
    let moved = |text: &str| with_ports(text, ports);
    let script = dir.path().join("script.sh");
    fs::write(&script, moved(&script_of(&steps, &out))).unwrap();
    let shell = Shell::start(&script, &folder);
    let ended = shell.end();
    for (at, step) in steps.iter().enumerate() {
        let printed = fs::read_to_string(out.join(at.to_string())).unwrap_or_default();
        let place = format!("docs/tutorial.md, line {}", step.line);
        assert!(at >= ended.begun || ended.well || at + 1 < ended.begun, "{place} failed:\n{printed}");
        assert!(at < ended.begun, "{place} was not reached");
        for told in &step.printed {
            let found = printed.lines().any(|line| alike(&moved(told), line));
            assert!(found, "{place}: {told:?} is not printed, but:\n{printed}");
        }
    }
}

#[test]
fn the_chinese_tutorial_has_the_same_commands() {
    let (english, chinese) = (steps("docs/tutorial.md"), steps("docs/tutorial.zh-CN.md"));
    for (one, other) in english.iter().zip(&chinese) {
        assert_eq!(one.commands, other.commands, "lines {} and {}", one.line, other.line);
        assert_eq!(one.exit, other.exit, "lines {} and {}", one.line, other.line);
    }
    assert_eq!(english.len(), chinese.len());
}

/// The `sh` blocks of a document, each with the `text` block that follows it, if any.
fn steps(document: &str) -> Vec<Step> {
    let text = fs::read_to_string(workspace().join(document)).unwrap();
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((line, opening)) = lines.next() {
        let Some(kind) = opening.strip_prefix("```") else { continue };
        let body: Vec<&str> =
            lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        if let Some(exit) = kind.strip_prefix("sh") {
            let exit = exit.trim().strip_prefix("exit=").map_or(0, |exit| exit.parse().unwrap());
            steps.push(Step { line, commands: body.join("\n"), exit, printed: Vec::new() });
        } else if kind == "text" {
            steps.last_mut().unwrap().printed = body.into_iter().map(str::to_owned).collect();
        }
    }
    steps
}

/// One script for one shell: variables, functions and nodes of a step are there for the next. What step `n`
/// prints goes to the file `n`.
fn script_of(steps: &[Step], out: &Path) -> String {
    let programs = program().parent().unwrap().display();
    let mut script = format!("set -o pipefail\nexport PATH='{programs}':\"$PATH\"\n");
    script.push_str("trap 'kill $(jobs -p) 2> /dev/null; wait' EXIT\n");
    for (at, Step { commands, exit, .. }) in steps.iter().enumerate() {
        writeln!(script, "exec > '{}/{at}' 2>&1", out.display()).unwrap();
        let (before, after) = match exit {
            0 => ("set -e", "set +e".to_owned()),
            exit => {
                ("set +e", format!("ended=$?; [ $ended = {exit} ] || {{ echo ended with $ended; exit 1; }}"))
            }
        };
        writeln!(script, "{before}\n{commands}\n{after}").unwrap();
    }
    script
}

/// A shell with the nodes that it starts in the background. Both end with it.
struct Shell {
    child: Child,
    folder: PathBuf,
}

struct Ended {
    /// Whether every step ended as it should.
    well: bool,
    /// How many steps were begun.
    begun: usize,
}

impl Shell {
    fn start(script: &Path, folder: &Path) -> Self {
        let mut command = Command::new("bash");
        command.arg(script).current_dir(folder);
        command.env("QIANMO_SRC", workspace()).env("LC_ALL", "C.UTF-8").env("NO_COLOR", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { child: command.spawn().unwrap(), folder: folder.to_owned() }
    }

    fn end(mut self) -> Ended {
        let printed = self.folder.with_file_name("printed");
        let begun = || fs::read_dir(&printed).unwrap().count();
        loop {
            // Patience for each step, not for all of them.
            let before = begun();
            let news = eventually("a step of the tutorial", || match self.child.try_wait().unwrap() {
                Some(status) => Some(Some(status)),
                None => (begun() > before).then_some(None),
            });
            if let Some(status) = news {
                return Ended { well: status.success(), begun: begun() };
            }
        }
    }
}

impl Drop for Shell {
    /// A shell that is told to end stops its nodes, by its trap.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // A node that is asleep must not survive a test that has given up.
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
    }
}

/// The ports of the document, and three that are free here: below those that other tests are given by the system.
fn free_ports() -> [u16; 3] {
    let mut free = (20_000..30_000)
        .step_by(7)
        .skip(std::process::id() as usize % 1_000)
        .filter(|port| UdpSocket::bind(("127.0.0.1", *port)).is_ok());
    std::array::from_fn(|_| free.next().unwrap())
}

fn with_ports(text: &str, ports: [u16; 3]) -> String {
    let pairs = ["127.0.0.1:7401", "127.0.0.1:7402", "127.0.0.1:7403"].into_iter().zip(ports);
    pairs.fold(text.to_owned(), |text, (told, free)| text.replace(told, &format!("127.0.0.1:{free}")))
}

/// Whether a line of the document stands for this one.
fn alike(told: &str, printed: &str) -> bool {
    let (told, printed) = (plain(told), plain(printed));
    let Some((first, rest)) = told.split_once('…') else { return told == printed };
    let (middle, last) = rest.rsplit_once('…').unwrap_or(("", rest));
    let Some(mut left) = printed.strip_prefix(first).and_then(|left| left.strip_suffix(last)) else {
        return false;
    };
    middle.split('…').all(|piece| match left.split_once(piece) {
        Some((_, after)) => {
            left = after;
            true
        }
        None => false,
    })
}

/// The line with single blanks, and `#` for ids, digests, serial numbers and times.
fn plain(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    let is_time = word.len() == 20 && word.starts_with("20") && word.ends_with('Z');
    if is_time {
        return "#".to_owned();
    }
    let mut out = String::new();
    let mut run = String::new();
    for character in word.chars().chain([' ']) {
        if matches!(character, '0'..='9' | 'a'..='f') {
            run.push(character);
            continue;
        }
        let is_name = run.len() < 12 || run.bytes().all(|byte| byte.is_ascii_alphabetic());
        out.push_str(if is_name { &run } else { "#" });
        run.clear();
        out.push(character);
    }
    out.trim_end().to_owned()
}

#[test]
fn lines_are_alike_but_for_what_is_new_each_time() {
    assert!(alike("job  job-b3cb9258c03b350b904a", "job       job-9a944fb05ec355cb057d"));
    assert!(alike("round  0  569 rows  … ms  deviance …", "round  0  569 rows  119 ms  deviance 788.8"));
    assert!(alike("*  li  …/people/li", "*  li  /tmp/x/people/li"));
    assert!(alike("ctr-a  …  0", "ctr-a  45868  194840  0"));
    assert!(alike("entry … (segment, byte …): broken", "entry 30 (segment, byte 388): broken"));
    assert!(!alike("entry … (segment, byte …): broken", "entry 30 (segment): broken"));
    assert!(!alike("…  10", "ctr-a  0"));
    assert!(alike("signed  2026-11-21T13:13:21Z", "signed  2027-01-02T03:04:05Z"));
    assert!(!alike("state  released", "state  held"));
    assert!(!alike("entries", "entries  60"), "what follows must be said to be left out");
    assert!(!alike("sum 49", "sum 50"));
}
