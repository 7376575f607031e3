//! Another program, its output read as it comes and its silence bounded.

use std::{
    io::{Read, Write},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

/// Longest silence of a program at work. Generous: the machine may be compiling.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

enum Piece {
    Out(Vec<u8>),
    Err(Vec<u8>),
}

/// A running program. It ends with this value.
pub(crate) struct Process {
    child: Child,
    stdin: Option<ChildStdin>,
    pieces: Receiver<Piece>,
    /// Standard output so far.
    pub(crate) out: Vec<u8>,
    /// Standard error so far.
    err: Vec<u8>,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (sender, pieces) = channel();
        forward(child.stdout.take().unwrap(), sender.clone(), Piece::Out);
        forward(child.stderr.take().unwrap(), sender, Piece::Err);
        let stdin = child.stdin.take();
        Self { child, stdin, pieces, out: Vec::new(), err: Vec::new() }
    }

    /// Writes to standard input from a thread of its own, so that neither side waits for the other's pipe, and
    /// leaves it open.
    pub(crate) fn write(&mut self, data: Vec<u8>) {
        let mut stdin = self.stdin.take().expect("written once");
        // An error here means that the program has ended; what it printed says why.
        thread::spawn(move || stdin.write_all(&data).and_then(|()| stdin.flush()).map(|()| stdin));
    }

    /// Waits until `text` stands in either output, and gives everything printed so far.
    pub(crate) fn until(&mut self, text: &str) -> String {
        while !self.text().contains(text) {
            assert!(self.next(), "it ended without saying {text:?}: {}", self.text());
        }
        self.text()
    }

    /// Waits for the end, and gives standard output as bytes and both outputs as text.
    pub(crate) fn finish(mut self) -> (ExitStatus, Vec<u8>, String) {
        drop(self.stdin.take());
        while self.next() {}
        let (status, text) = (self.child.wait().unwrap(), self.text());
        (status, std::mem::take(&mut self.out), text)
    }

    /// What both outputs have so far.
    fn text(&self) -> String {
        format!("{}{}", String::from_utf8_lossy(&self.out), String::from_utf8_lossy(&self.err))
    }

    /// Takes in the next piece; false at the end of both outputs.
    fn next(&mut self) -> bool {
        match self.pieces.recv_timeout(PATIENCE) {
            Ok(Piece::Out(bytes)) => self.out.extend(bytes),
            Ok(Piece::Err(bytes)) => self.err.extend(bytes),
            Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => return false,
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                panic!("no output for {PATIENCE:?}: {}", self.text())
            }
        }
        true
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has usually ended by itself; then both calls say so and there is nothing to do about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn forward(mut from: impl Read + Send + 'static, to: Sender<Piece>, wrap: fn(Vec<u8>) -> Piece) {
    thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            if to.send(wrap(buffer[..length].to_vec())).is_err() {
                break;
            }
        }
    });
}
