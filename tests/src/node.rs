//! A node as a process: started, stopped, killed, started again.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
};

use qianmo_net::clock::Stopwatch;
use qianmo_proto::Identity;

use crate::{
    terminal::{Ended, Terminal},
    wait::{LOOK_EVERY, PATIENCE},
};

/// A node's folder and, while it runs, its process. Killed on drop.
#[derive(Debug)]
pub struct Node {
    terminal: Terminal,
    dir: PathBuf,
    identity: Identity,
    running: Mutex<Option<Running>>,
    /// Where it listens if the test runs it without a process.
    in_process: Mutex<Option<SocketAddr>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    log: Receiver<String>,
    lines: Vec<String>,
    address: Option<SocketAddr>,
}

impl Node {
    /// The node whose folder is `dir`; it does not run yet.
    pub const fn new(terminal: Terminal, dir: PathBuf, identity: Identity) -> Self {
        Self { terminal, dir, identity, running: Mutex::new(None), in_process: Mutex::new(None) }
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Who it is.
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where it listens.
    ///
    /// # Panics
    /// If it does not run.
    pub fn address(&self) -> SocketAddr {
        let running = self.running().as_ref().and_then(|running| running.address);
        running.or(*self.in_process.lock().unwrap()).unwrap()
    }

    /// Says where it listens, for a node that the test runs inside its own process.
    ///
    /// # Panics
    /// If another test has panicked over this node.
    pub fn runs_in_process(&self, address: SocketAddr) {
        *self.in_process.lock().unwrap() = Some(address);
    }

    /// Writes a line into a section of its configuration.
    ///
    /// # Panics
    /// If there is no such section.
    pub fn configure(&self, section: &str, line: &str) {
        let file = self.dir.join("qianmo.toml");
        let text = fs::read_to_string(&file).unwrap();
        let header = format!("[{section}]\n");
        assert!(text.contains(&header), "there is no section {section}");
        fs::write(file, text.replacen(&header, &format!("{header}{line}\n"), 1)).unwrap();
    }

    /// Puts a file into the folder of its data.
    ///
    /// # Panics
    /// If that fails.
    pub fn put_data(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.dir.join("data").join(name), content).unwrap();
    }

    /// Sets the time that it goes by, UNIX milliseconds: from its next start on if it was not set before, else at once.
    /// There its time stands until it is set again.
    ///
    /// # Panics
    /// If that fails.
    pub fn set_time(&self, ms: i64) {
        let beside = self.dir.with_extension("next");
        fs::write(&beside, ms.to_string()).unwrap();
        fs::rename(beside, self.clock()).unwrap();
    }

    fn clock(&self) -> PathBuf {
        self.dir.with_extension("clock")
    }

    /// Starts it and waits until it listens.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start(&self) {
        self.start_with(&[]);
    }

    /// [`Self::start`] with further flags of `serve`.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_with(&self, flags: &[&str]) {
        if let Err(ended) = self.try_start(flags) {
            panic!("the node did not start: {ended}");
        }
    }

    /// Starts it and waits until it listens, or returns how it ended.
    ///
    /// # Errors
    /// If it ended before it listened.
    ///
    /// # Panics
    /// If it neither listens nor ends in time.
    pub fn try_start(&self, flags: &[&str]) -> Result<(), Ended> {
        self.launch(flags);
        let mut place = self.running();
        let running = place.as_mut().unwrap();
        let file = self.dir.join("run/address");
        let watch = Stopwatch::start();
        while watch.elapsed() < PATIENCE {
            // The file is replaced in one step: it is not there, or whole.
            if let Ok(text) = fs::read_to_string(&file) {
                running.address = Some(text.parse().unwrap());
                return Ok(());
            }
            match running.log.recv_timeout(LOOK_EVERY) {
                Ok(line) => running.lines.push(line),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(place.take().unwrap().end()),
            }
        }
        panic!("the node neither listens nor ends; it said: {:?}", place.take().unwrap().kill());
    }

    /// Starts it and does not wait.
    ///
    /// # Panics
    /// If it runs already.
    pub fn launch(&self, flags: &[&str]) {
        let mut place = self.running();
        assert!(place.is_none(), "the node runs already");
        // A node that was killed leaves the address it had.
        let _ = fs::remove_file(self.dir.join("run/address"));
        let serve = ["serve", "-v", "--stop-with-stdin", "--dir", self.dir.to_str().unwrap()];
        let clock = self.clock();
        let time = if clock.exists() { &["--clock", clock.to_str().unwrap()][..] } else { &[] };
        let mut command = self.terminal.command(&[&serve, time, flags].concat());
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (sender, log) = mpsc::channel();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                // Read on when nobody listens any more: a full pipe would stop the node.
                let _ = sender.send(line);
            }
        });
        *place = Some(Running { child, log, lines: Vec::new(), address: None });
    }

    /// Stops it in good order.
    ///
    /// # Panics
    /// If it does not end well.
    pub fn stop(&self) {
        let mut running = self.running().take().unwrap();
        drop(running.child.stdin.take());
        let ended = running.end();
        assert_eq!(ended.exit, Some(0), "{ended}");
    }

    /// Kills it as the power would: SIGKILL.
    ///
    /// # Panics
    /// If it does not run.
    pub fn kill9(&self) {
        self.running().take().unwrap().kill();
    }

    /// Waits until it has ended by itself.
    ///
    /// # Panics
    /// If it still runs after three minutes.
    pub fn wait_for_end(&self) -> Ended {
        self.running().take().unwrap().end()
    }

    /// Waits until a line that contains `words` is in its log, at whatever time since its start.
    ///
    /// # Panics
    /// If none comes in time, or the node ends.
    pub fn wait_until_logged(&self, words: &str) {
        let place = self.running();
        let said = place.as_ref().unwrap().lines.iter().any(|line| line.contains(words));
        drop(place);
        if !said {
            self.wait_for_log(words);
        }
    }

    /// Waits for a new line in its log that contains `words`.
    ///
    /// # Panics
    /// If none comes in time, or the node ends.
    pub fn wait_for_log(&self, words: &str) {
        let mut place = self.running();
        let running = place.as_mut().unwrap();
        loop {
            let line = running.log.recv_timeout(PATIENCE);
            let line = line.unwrap_or_else(|e| panic!("{words:?} is not logged ({e}): {:?}", running.lines));
            running.lines.push(line);
            if running.lines.last().is_some_and(|line| line.contains(words)) {
                return;
            }
        }
    }

    /// Its process id.
    ///
    /// # Panics
    /// If it does not run.
    pub fn pid(&self) -> u32 {
        self.running().as_ref().unwrap().child.id()
    }

    /// Stops it in good order and starts it again.
    ///
    /// # Panics
    /// If either fails.
    pub fn restart(&self) {
        self.stop();
        self.start();
    }

    fn running(&self) -> MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(running) = self.running().take() {
            running.kill();
        }
    }
}

impl Running {
    /// Waits for the end: the pipe of its log closes with it.
    fn end(mut self) -> Ended {
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) => self.lines.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => panic!("the node does not end: {:?}", self.kill()),
            }
        }
        let exit = self.child.wait().unwrap().code();
        Ended::new("qianmo serve".to_owned(), exit, self.lines.join("\n"))
    }

    fn kill(mut self) -> Vec<String> {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.lines.extend(self.log.iter());
        self.lines
    }
}
