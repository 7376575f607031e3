//! A person at a node: the real commands, and the client library for what they would not send.

use qianmo_net::client::Client;
use qianmo_proto::{Ask, WireError};
use serde_json::Value;

use crate::{
    node::Node,
    person::Person,
    terminal::{Ended, Failure},
    wait::block_on,
};

/// A person with a node as home node.
#[derive(Debug, Clone, Copy)]
pub struct Session<'a> {
    /// Who.
    pub person: &'a Person,
    /// Where.
    pub node: &'a Node,
}

impl Session<'_> {
    /// Types a command.
    ///
    /// # Panics
    /// If it takes too long.
    pub fn run(&self, args: &[&str]) -> Ended {
        self.typed(args, |args| self.person.terminal().run(args))
    }

    /// Types a command to read words in the language `lang`.
    ///
    /// # Panics
    /// If it takes too long.
    pub fn reads(&self, lang: &str, args: &[&str]) -> Ended {
        self.typed(args, |args| self.person.terminal().reads(lang, args))
    }

    fn typed(&self, args: &[&str], into: impl FnOnce(&[&str]) -> Ended) -> Ended {
        let (node, address) = (self.node.identity().to_string(), self.node.address().to_string());
        let identity = self.person.dir().to_str().unwrap();
        into(&[args, &["--identity", identity, "--node", &node, "--address", &address]].concat())
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
    /// If it succeeds.
    #[track_caller]
    pub fn fails(&self, args: &[&str]) -> Failure {
        self.run(args).fails()
    }

    /// Connects.
    ///
    /// # Panics
    /// If the node cannot be reached.
    pub fn connect(&self) -> Client {
        block_on(self.person.connect(self.node.identity(), self.node.address())).unwrap()
    }

    /// Asks over a connection of its own.
    ///
    /// # Errors
    /// What the node, or the way to it, answers.
    pub fn call<A: Ask>(&self, ask: A) -> Result<A::Answer, WireError> {
        self.exchange(ask, &[]).map(|(answer, _)| answer)
    }

    /// Asks with a body, over a connection of its own.
    ///
    /// # Errors
    /// What the node, or the way to it, answers.
    pub fn exchange<A: Ask>(&self, ask: A, body: &[u8]) -> Result<(A::Answer, Vec<u8>), WireError> {
        block_on(async {
            let client = self.person.connect(self.node.identity(), self.node.address()).await?;
            let answer = client.exchange(ask, body).await;
            client.close().await;
            answer
        })
    }
}
