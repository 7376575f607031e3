//! `qianmo id`: a person's key and certificate request. The key never leaves its folder.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use qianmo_certs::{Csr, Host};
use qianmo_crypto::{CryptoError, sm2::SecretKey};
use qianmo_proto::{Identity, Name, Role};
use serde_json::json;
use zeroize::Zeroizing;

use super::{
    connect::{CERTIFICATE, CRL, KEY, Person, REQUEST, ROOT},
    context::Context,
    env,
    exit::{Doing, Exit, Fault, write_file, write_private},
    foreign,
    output::Facts,
    shell::{Shell, Who, private_dir},
    words::msg,
};
use crate::{clock::rfc3339, keys::read_passphrase};

/// A person's key and certificate
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a key and a certificate request in a new folder
    New(NewArgs),
    /// Shows whose folder this is and until when its certificate is valid
    Show(Who),
}

/// Who the person is.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// Folder for the person's files
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// The department the person belongs to
    #[arg(long)]
    department: Name,
    /// admin, steward, consumer or auditor
    #[arg(long)]
    role: Role,
    /// The person's name: a-z, 0-9, '-' and '_'
    #[arg(long)]
    name: Name,
    #[command(flatten)]
    passphrase: PassphraseArgs,
}

/// Runs the command.
pub(crate) fn run(command: Command, shell: &Shell) -> Result<Exit, Fault> {
    match command {
        Command::New(args) => new(&args, shell),
        Command::Show(who) => show(&shell.reaching(who)),
    }
    .map(|()| Exit::Done)
}

fn new(args: &NewArgs, shell: &Shell) -> Result<(), Fault> {
    if args.role == Role::Node {
        return Err(Fault::input(msg("id-no-node")));
    }
    let identity = Identity::new(args.department.clone(), args.role, args.name.clone());
    make(&args.dir, &identity, args.passphrase.read()?.as_ref())?;
    let request = args.dir.join(REQUEST);
    let view = json!({"identity": identity, "dir": args.dir, "request": request});
    shell.out.show(&view, || {
        let next = msg("id-next").with("files", format!("{CERTIFICATE} {ROOT} {CRL}"));
        format!("{identity}\n{}\n{}", request.display(), shell.out.say(&next))
    })
}

/// Makes key and request for `identity` in `dir`; a key that is there already is never overwritten.
pub(crate) fn make(dir: &Path, identity: &Identity, passphrase: Option<&Passphrase>) -> Result<(), Fault> {
    let key = dir.join(KEY);
    if key.exists() {
        return Err(Fault::input(msg("id-there").with("path", key.display())));
    }
    private_dir(dir)?;
    write_key_and_request(&key, &dir.join(REQUEST), identity, &[], passphrase)
}

/// What a new key is encrypted with.
pub(crate) struct Passphrase {
    /// The file it was read from, absolute.
    pub(crate) file: PathBuf,
    text: Zeroizing<String>,
}

/// The flag of commands that make a key.
#[derive(Debug, Args)]
pub(crate) struct PassphraseArgs {
    /// File with a passphrase: the new key is encrypted under it
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl PassphraseArgs {
    /// The passphrase in the file, if one is given.
    pub(crate) fn read(&self) -> Result<Option<Passphrase>, Fault> {
        self.passphrase_file.as_deref().map(Passphrase::read).transpose()
    }
}

impl Passphrase {
    /// The passphrase in `file`.
    pub(crate) fn read(file: &Path) -> Result<Self, Fault> {
        let text = read_passphrase(file).map_err(|e| Fault::input(foreign::key_file(&e)))?;
        let file = env::absolute(file).map_err(|e| Fault::file(file, Doing::Find, &e))?;
        Ok(Self { file, text })
    }

    /// Its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }
}

/// Makes a key, encrypted if there is a passphrase, and a request for `identity` that also names `hosts`.
pub(crate) fn write_key_and_request(
    key: &Path,
    request: &Path,
    identity: &Identity,
    hosts: &[Host],
    passphrase: Option<&Passphrase>,
) -> Result<(), Fault> {
    let failed = |e: CryptoError| Fault::failed(foreign::crypto(&e));
    let secret = SecretKey::generate().map_err(failed)?;
    let csr = Csr::create(&secret, identity, hosts).map_err(|e| Fault::failed(foreign::certificate(&e)))?;
    let pem = match passphrase {
        None => secret.to_pkcs8_pem(),
        Some(passphrase) => secret.to_encrypted_pkcs8_pem(passphrase.bytes()).map_err(failed)?,
    };
    write_private(key, pem.as_bytes())?;
    write_file(request, csr.as_bytes())
}

fn show(shell: &Shell) -> Result<(), Fault> {
    let (dir, passphrase) = Context::identity(shell)?;
    let person = Person::load(&dir, passphrase.as_deref(), shell.clock.as_ref())?;
    let until = shell.out.time(person.not_after_ms);
    shell.out.show(&json!({"identity": person.identity, "until": rfc3339(person.not_after_ms)}), || {
        Facts::of(&[
            (shell.out.label("identity"), &person.identity),
            (shell.out.label("valid-until"), &until),
        ])
        .text()
    })
}
