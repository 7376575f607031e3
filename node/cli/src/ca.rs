//! `qianmo ca`: the federation's root, run by whoever the departments agreed on. Keys never come here:
//! people and nodes send signing requests.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use qianmo_certs::{Ca, Certificate, Csr, IssuedCert, RevocationReason};
use qianmo_crypto::sm3::{self, Digest};
use qianmo_proto::Identity;
use serde_json::json;

use super::{
    exit::{Exit, Fault, read_text, write_file},
    foreign,
    id::Passphrase,
    output::{Facts, Output, Rows, can_ask, confirm},
    shell::{Shell, private_dir},
    words::{Text, msg},
};
use crate::clock::rfc3339;

/// A day in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// Name of the root certificate in the CA's folder.
pub(crate) const ROOT: &str = "root.crt";

/// The federation's root certificate: make it, issue, revoke
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a new root in a folder of its own
    Init {
        /// What the federation is called in the root certificate
        #[arg(long, default_value = "Qianmo federation")]
        title: String,
        /// Years the root is valid
        #[arg(long, default_value_t = 20)]
        years: u32,
        #[command(flatten)]
        folder: Folder,
    },
    /// Shows what a certificate request asks for, and signs nothing
    Show {
        /// The request: node.csr of `qianmo init`, id.csr of `qianmo id new`
        csr: PathBuf,
    },
    /// Signs a certificate request, after you have made sure who sent it
    Issue(IssueArgs),
    /// Lists the certificates issued
    Ls(Folder),
    /// Revokes a certificate; publish a new list (`qianmo ca crl`) right after
    Revoke {
        /// The certificate's file, or its serial number in hexadecimal
        certificate: String,
        /// Why: unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation,
        /// privilege-withdrawn
        #[arg(long, default_value = "unspecified")]
        reason: RevocationReason,
        #[command(flatten)]
        folder: Folder,
    },
    /// Writes the list of revoked certificates, which every node and person needs fresh
    Crl {
        /// Where to write the list
        #[arg(long, value_name = "FILE", default_value = "crl.pem")]
        out: PathBuf,
        /// Hours until a newer list must be there; without one, nodes refuse everybody
        #[arg(long, default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..=8760))]
        hours: u32,
        #[command(flatten)]
        folder: Folder,
    },
}

/// Where the CA is, and what its key is encrypted under.
#[derive(Debug, Args)]
pub(crate) struct Folder {
    /// Folder of the CA
    #[arg(long, value_name = "DIR", default_value = "ca")]
    dir: PathBuf,
    /// File with the passphrase of the root key; `ca init` encrypts the new key under it
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

/// What to sign.
#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// The request: node.csr of `qianmo init`, id.csr of `qianmo id new`
    csr: PathBuf,
    /// Whose request it must be, qianmo://department/role/name: another one is not signed
    #[arg(long, value_name = "IDENTITY")]
    expect: Option<Identity>,
    /// Do not ask; only with --expect
    #[arg(long, requires = "expect")]
    yes: bool,
    /// Where to write the certificate; by default beside the request
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Days the certificate is valid
    #[arg(long, default_value_t = 365)]
    days: u32,
    /// Issue although the identity has a certificate in force
    #[arg(long)]
    renew: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Runs the command.
pub(crate) fn run(command: &Command, shell: &Shell) -> Result<Exit, Fault> {
    match command {
        Command::Init { title, years, folder } => init(title, *years, folder, shell),
        Command::Show { csr } => show(csr, shell),
        Command::Issue(args) => return issue(args, shell),
        Command::Ls(folder) => ls(folder, shell),
        Command::Revoke { certificate, reason, folder } => revoke(certificate, *reason, folder, shell),
        Command::Crl { out, hours, folder } => crl(out, *hours, folder, shell),
    }?;
    Ok(Exit::Done)
}

impl Folder {
    fn passphrase(&self) -> Result<Option<Passphrase>, Fault> {
        self.passphrase_file.as_deref().map(Passphrase::read).transpose()
    }

    /// Opens the CA that is there.
    fn open(&self) -> Result<Ca, Fault> {
        let passphrase = self.passphrase()?;
        Ca::unlock(&self.dir, passphrase.as_ref().map(Passphrase::bytes)).map_err(fault)
    }

    /// Saves what has changed.
    fn save(&self, ca: &mut Ca) -> Result<(), Fault> {
        ca.save(&self.dir).map_err(fault)
    }
}

fn init(title: &str, years: u32, folder: &Folder, shell: &Shell) -> Result<(), Fault> {
    let passphrase = folder.passphrase()?;
    let mut ca = Ca::create(title, years, shell.now_ms()).map_err(fault)?;
    private_dir(&folder.dir)?;
    ca.save_locked(&folder.dir, passphrase.as_ref().map(Passphrase::bytes)).map_err(fault)?;
    let root = folder.dir.join(ROOT);
    let view = json!({"dir": folder.dir, "root": root, "name": ca.name(), "fingerprint": ca.fingerprint()});
    shell.out.show(&view, || {
        let facts = Facts::of(&[
            (shell.out.label("root"), &root.display()),
            (shell.out.label("name"), &ca.name()),
            (shell.out.label("fingerprint"), &ca.fingerprint()),
        ])
        .text();
        format!("{facts}{}", shell.out.say(&msg("ca-init-next")))
    })
}

/// A request as it is in a file, and what it asks for.
struct Asked {
    pem: String,
    csr: Csr,
}

impl Asked {
    fn read(path: &Path) -> Result<Self, Fault> {
        let pem = read_text(path)?;
        let csr = Csr::from_pem(&pem)
            .map_err(|e| Fault::input(foreign::certificate(&e)).at(Text::name(path.display())))?;
        Ok(Self { pem, csr })
    }

    fn hosts(&self) -> String {
        self.csr.hosts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }

    /// SM3 of the key to certify, in its SubjectPublicKeyInfo: what the asker's own computer shows.
    fn key(&self) -> Digest {
        sm3::digest(&self.csr.public_key.to_spki_der())
    }

    fn facts(&self, out: Output) -> Facts {
        let role = out.lang.word("role", self.csr.identity.role().as_str());
        let hosts = self.hosts();
        Facts::of(&[(out.label("identity"), &self.csr.identity), (out.label("role"), &role)])
            .and_maybe(out.label("hosts"), (!hosts.is_empty()).then_some(&hosts as _))
            .and(&[(out.label("key"), &self.key())])
    }
}

fn show(csr: &Path, shell: &Shell) -> Result<(), Fault> {
    let asked = Asked::read(csr)?;
    let identity = &asked.csr.identity;
    let hosts: Vec<_> = asked.csr.hosts.iter().map(ToString::to_string).collect();
    let view = json!({
        "identity": identity, "role": identity.role(), "hosts": hosts, "key": asked.key(),
    });
    shell.out.show(&view, || asked.facts(shell.out).text())
}

fn issue(args: &IssueArgs, shell: &Shell) -> Result<Exit, Fault> {
    let asked = Asked::read(&args.csr)?;
    let identity = &asked.csr.identity;
    if let Some(expected) = args.expect.as_ref().filter(|expected| *expected != identity) {
        return Err(Fault::input(msg("ca-unexpected").with("expected", expected).with("identity", identity)));
    }
    let mut ca = args.folder.open()?;
    if !args.yes && !agreed(&asked, args.days, &ca, shell)? {
        return Ok(Exit::Failed);
    }
    let issue = if args.renew { Ca::renew } else { Ca::issue };
    let issued = issue(&mut ca, &asked.pem, args.days, shell.now_ms()).map_err(fault)?;
    // Recorded before it is handed out: a certificate that the CA does not know cannot be revoked.
    args.folder.save(&mut ca)?;
    let out = args.out.clone().unwrap_or_else(|| args.csr.with_extension("crt"));
    write_file(&out, issued.pem.as_bytes())?;
    tell_issued(&issued, &asked, &out, shell)?;
    Ok(Exit::Done)
}

/// Shows what would be signed, and asks.
fn agreed(asked: &Asked, days: u32, ca: &Ca, shell: &Shell) -> Result<bool, Fault> {
    let until = shell.out.time(shell.now_ms().saturating_add(i64::from(days) * DAY_MS));
    let facts = asked
        .facts(shell.out)
        .and(&[(shell.out.label("valid-until"), &until), (shell.out.label("issuer"), &ca.name())]);
    shell.out.aside(facts.text().trim_end());
    if !can_ask() {
        let identity = &asked.csr.identity;
        return Err(Fault::input(msg("ca-nobody-to-ask").with("identity", identity)));
    }
    let agreed = confirm(&shell.out.say(&msg("ca-question")))?;
    if !agreed {
        shell.out.note(&shell.out.say(&msg("not-signed")));
    }
    Ok(agreed)
}

fn tell_issued(issued: &IssuedCert, asked: &Asked, out: &Path, shell: &Shell) -> Result<(), Fault> {
    let until = rfc3339(issued.not_after_ms);
    let view = json!({
        "identity": issued.identity, "key": asked.key(), "certificate": out, "serial": issued.serial_hex,
        "until": until,
    });
    shell.out.show(&view, || {
        asked
            .facts(shell.out)
            .and(&[
                (shell.out.label("certificate"), &out.display()),
                (shell.out.label("serial"), &issued.serial_hex),
                (shell.out.label("valid-until"), &shell.out.time(issued.not_after_ms)),
            ])
            .text()
    })
}

fn ls(folder: &Folder, shell: &Shell) -> Result<(), Fault> {
    let ca = folder.open()?;
    shell.out.show(ca.issued(), || table(&ca, shell.out, shell.now_ms()))
}

fn table(ca: &Ca, out: Output, now_ms: i64) -> String {
    let mut rows = Rows::new(&[
        out.label("identity"),
        out.label("serial"),
        out.label("valid-until"),
        out.label("state"),
    ]);
    for issued in ca.issued() {
        let state = match (&issued.revoked, issued.in_force(now_ms)) {
            (Some(revoked), _) => out
                .say(&msg("ca-revoked-for").with("reason", out.lang.word("reason", revoked.reason.as_str()))),
            (None, true) => out.say(&msg("ca-in-force")),
            (None, false) => out.say(&msg("ca-expired")),
        };
        rows.add([&issued.identity, &issued.serial_hex, &out.time(issued.not_after_ms), &state]);
    }
    rows.text()
}

fn revoke(certificate: &str, reason: RevocationReason, folder: &Folder, shell: &Shell) -> Result<(), Fault> {
    let mut ca = folder.open()?;
    let path = Path::new(certificate);
    let serial = if path.exists() { serial_of(path)? } else { certificate.to_lowercase() };
    ca.revoke_for(&serial, reason, shell.now_ms()).map_err(fault)?;
    folder.save(&mut ca)?;
    shell.out.show(&json!({"revoked": serial, "for": reason}), || {
        shell.out.say(&msg("ca-revoked").with("serial", &serial))
    })
}

fn crl(out: &Path, hours: u32, folder: &Folder, shell: &Shell) -> Result<(), Fault> {
    let mut ca = folder.open()?;
    let pem = ca.crl(hours, shell.now_ms()).map_err(fault)?;
    // Saved before it is handed out, so that its number is not used again.
    folder.save(&mut ca)?;
    write_file(out, pem.as_bytes())?;
    let until_ms = shell.now_ms() + i64::from(hours) * 3_600_000;
    shell.out.show(&json!({"crl": out, "next_update": rfc3339(until_ms)}), || {
        Facts::of(&[
            (shell.out.label("crl"), &out.display()),
            (shell.out.label("next-due"), &shell.out.time(until_ms)),
        ])
        .text()
    })
}

fn serial_of(path: &Path) -> Result<String, Fault> {
    Certificate::from_pem(&read_text(path)?)
        .map(|certificate| certificate.serial_hex)
        .map_err(|e| Fault::input(foreign::certificate(&e)).at(Text::name(path.display())))
}

fn fault(e: qianmo_certs::CaError) -> Fault {
    Fault::input(foreign::ca(&e))
}
