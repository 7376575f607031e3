//! `qianmo audit verify`: the three verdicts, from a running node or from a copy of its folder.

use std::path::{Path, PathBuf};

use clap::Args;
use qianmo_certs::{Trust, TrustStore, chain_from_pem};
use qianmo_proto::{
    ErrorCode, Identity, Role, WireError, ask, limits,
    views::{CheckpointView, ExportView},
};
use qianmo_trail::{
    Checkpoint, VerifyingKey,
    verify::{Report, Verdict, verify_dir, verify_entries},
};
use serde::Serialize;

use super::memory::Memory;
use crate::{
    connect::Session,
    exit::{Exit, Fault, read_text},
    net::client::Client,
    output::{Facts, Output, line},
    shell::Shell,
    words::msg,
};

/// What to verify.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Verify a copy of a node's folder (or of its trail folder) instead of asking a node
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// The federation's root certificate, from a source you trust; without it nothing is VERIFIED
    #[arg(long, value_name = "FILE", requires = "dir")]
    root: Option<PathBuf>,
    /// The federation's list of revoked certificates; by default crl.pem in the folder
    #[arg(long, value_name = "FILE", requires = "dir")]
    crl: Option<PathBuf>,
    /// The node's certificate; by default node.crt in the folder
    #[arg(long, value_name = "FILE", requires = "dir")]
    certificate: Option<PathBuf>,
}

/// A verdict, and what it rests on.
#[derive(Debug, Serialize)]
pub(crate) struct Verification {
    /// Whose trail it is, as far as a certificate says so.
    pub(crate) node: Option<Identity>,
    /// Why the key could not be trusted, if it could not.
    pub(crate) untrusted: Option<String>,
    /// Size of the checkpoint remembered from last time that this trail must contain.
    pub(crate) remembered: Option<u64>,
    /// The verdict with its reasons.
    #[serde(flatten)]
    pub(crate) report: Report,
}

/// Runs the command.
pub(super) async fn run(args: &VerifyArgs, shell: &Shell) -> Result<Exit, Fault> {
    if let (Some(_), Some(flag)) = (&args.dir, shell.reach.given()) {
        return Err(Fault::input(msg("verify-asks-no-node").with("flag", flag)));
    }
    let memory = Memory::under(&shell.home()?);
    let verification = match &args.dir {
        Some(dir) => verify_folder(dir, args, &memory, shell.now_ms())?,
        None => {
            let session = Session::open(shell).await?;
            let client = session.target().await?;
            verify_node(&client, &session.person.trust, &memory, shell.now_ms()).await?
        }
    };
    shell.out.show(&verification, || verification.text(shell.out))?;
    Ok(verification.exit())
}

/// Fetches the trail of the node at the other end of `client` and verifies it against that node's certificate,
/// whose chain `trust` judges, and against the checkpoint remembered from last time.
pub(crate) async fn verify_node(
    client: &Client,
    trust: &Trust,
    memory: &Memory,
    now_ms: i64,
) -> Result<Verification, Fault> {
    // The checkpoint first: reading a trail is recorded in it, so it grows while it is fetched.
    let view: CheckpointView = client.call(ask::AuditCheckpoint {}).await?;
    let size = Checkpoint::read_unverified(&view.note).map(|checkpoint| checkpoint.size).unwrap_or_default();
    let entries = fetch(client, size).await?;
    let signer = Signer::judge(&trust.current(), &view.certificate.0, Some(client.node()), now_ms);
    signer.conclude(memory, |key, previous| verify_entries(&entries, &view.note, key, previous))
}

/// Fetches the entries `0..size`; fewer if the node has no more.
async fn fetch(client: &Client, size: u64) -> Result<Vec<Vec<u8>>, WireError> {
    let mut entries: Vec<Vec<u8>> = Vec::new();
    while (entries.len() as u64) < size {
        let from = entries.len() as u64;
        let limit = u32::try_from(size - from).unwrap_or(u32::MAX).min(limits::PAGE);
        let (view, body): (ExportView, Vec<u8>) =
            client.exchange(ask::AuditExport { from, limit }, &[]).await?;
        let page = split(&body).ok_or_else(|| {
            WireError::new(ErrorCode::BadRequest, "the exported entries do not parse; is the node newer?")
        })?;
        if page.is_empty() || view.from != from {
            break;
        }
        entries.extend(page.into_iter().take(limit as usize));
    }
    Ok(entries)
}

/// Entries framed as u32 big-endian length and bytes.
fn split(mut body: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !body.is_empty() {
        let (length, rest) = body.split_first_chunk::<4>()?;
        let (entry, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        entries.push(entry.to_vec());
        body = rest;
    }
    Some(entries)
}

/// Verifies a copy of a node's folder, without a network.
fn verify_folder(dir: &Path, args: &VerifyArgs, memory: &Memory, now_ms: i64) -> Result<Verification, Fault> {
    if !dir.is_dir() {
        return Err(Fault::input(msg("verify-no-folder").with("dir", dir.display())));
    }
    let below = dir.join("trail");
    let trail = if below.is_dir() { below } else { dir.to_owned() };
    let signer = folder_signer(dir, args, now_ms)?;
    signer.conclude(memory, |key, previous| verify_dir(&trail, key, previous))
}

fn folder_signer(dir: &Path, args: &VerifyArgs, now_ms: i64) -> Result<Signer, Fault> {
    let Some(root) = &args.root else {
        return Ok(Signer::unknown(
            "no trust root was given; say --root with the federation's root certificate",
        ));
    };
    let roots = read_text(root)?;
    let in_folder = |given: &Option<PathBuf>, name: &str| given.clone().unwrap_or_else(|| dir.join(name));
    let certificate = in_folder(&args.certificate, "node.crt");
    let crl = in_folder(&args.crl, "crl.pem");
    let missing = |path: &Path, flag: &str| {
        Signer::unknown(&format!("{} is missing; say {flag} with its place", path.display()))
    };
    if !certificate.exists() {
        return Ok(missing(&certificate, "--certificate"));
    }
    if !crl.exists() {
        return Ok(missing(&crl, "--crl"));
    }
    let judged = TrustStore::load(&roots, Some(&read_text(&crl)?), 0)
        .and_then(|store| Ok((store, chain_from_pem(&read_text(&certificate).unwrap_or_default())?)));
    Ok(match judged {
        Ok((store, chain)) => Signer::judge(&store, chain.first().map_or(&[], |leaf| leaf), None, now_ms),
        Err(e) => Signer::unknown(&e.to_string()),
    })
}

/// The key that a trail must be signed with, or why there is none to be trusted.
struct Signer {
    node: Option<Identity>,
    key: Result<VerifyingKey, String>,
}

impl Signer {
    fn unknown(why: &str) -> Self {
        Self { node: None, key: Err(why.to_owned()) }
    }

    /// Judges the certificate of a trail's key: its chain, that it is a node's, and whose if that is known.
    fn judge(store: &TrustStore, certificate: &[u8], expected: Option<&Identity>, now_ms: i64) -> Self {
        let verified = match store.verify(certificate, now_ms) {
            Ok(verified) => verified,
            Err(e) => return Self::unknown(&e.to_string()),
        };
        let node = verified.identity.clone();
        let wrong = expected.is_some_and(|expected| *expected != node) || node.role() != Role::Node;
        let key = if wrong {
            Err(format!("the trail's certificate is {node}'s, who is not the node that was asked"))
        } else {
            VerifyingKey::new(node.to_string(), verified.public_key.clone()).map_err(|e| e.to_string())
        };
        Self { node: Some(node), key }
    }

    /// Verifies with the key and the remembered checkpoint; remembers what holds.
    fn conclude(
        self,
        memory: &Memory,
        verify: impl FnOnce(Option<&VerifyingKey>, Option<&Checkpoint>) -> Report,
    ) -> Result<Verification, Fault> {
        let (key, untrusted) = match self.key {
            Ok(key) => (Some(key), None),
            Err(why) => (None, Some(why)),
        };
        let trusted = self.node.as_ref().filter(|_| key.is_some());
        let previous = trusted.map(|node| memory.recall(node)).transpose()?.flatten();
        let report = verify(key.as_ref(), previous.as_ref());
        if let (Verdict::Verified, Some(node), Some(checkpoint)) =
            (report.verdict, trusted, &report.checkpoint)
        {
            memory.keep(node, checkpoint)?;
        }
        let remembered = previous.map(|checkpoint| checkpoint.size);
        Ok(Verification { node: self.node, untrusted, remembered, report })
    }
}

impl Verification {
    /// How the program ends.
    pub(crate) const fn exit(&self) -> Exit {
        match self.report.verdict {
            Verdict::Verified => Exit::Done,
            Verdict::Tampered => Exit::Tampered,
            Verdict::Inconclusive => Exit::Inconclusive,
        }
    }

    /// The verdict and what it rests on, for people.
    pub(crate) fn text(&self, out: Output) -> String {
        let verdict = match self.report.verdict {
            Verdict::Verified => msg("verdict-verified"),
            Verdict::Tampered => msg("verdict-tampered"),
            Verdict::Inconclusive => msg("verdict-inconclusive"),
        };
        let mut text = format!("{}\n", out.say(&verdict));
        if let Some(checkpoint) = &self.report.checkpoint {
            text += &Facts::of(&[
                (out.label("trail-of"), &checkpoint.origin),
                (out.label("entries"), &self.report.entries),
                (out.label("signed-at"), &out.time(checkpoint.time_ms)),
                (out.label("root-hash"), &checkpoint.root),
            ])
            .text();
        }
        if let Some(size) = self.remembered {
            text += &Facts::of(&[(out.label("compared"), &size)]).text();
        }
        for problem in &self.report.problems {
            text += &format!("- {}\n", line(&problem.to_string()));
        }
        if let Some(why) = &self.untrusted {
            text += &format!("- {}\n", line(why));
        }
        for finding in &self.report.findings {
            text +=
                &format!("{}\n", out.say(&msg("verify-note").with("finding", line(&finding.to_string()))));
        }
        text
    }
}

#[cfg(test)]
mod tests;
