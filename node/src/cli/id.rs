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
    exit::{Exit, Fault, write_file, write_private},
    output::Facts,
    shell::{Shell, private_dir},
};
use crate::{clock::rfc3339, keys::read_passphrase};

/// A person's key and certificate
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a key and a certificate request in a new folder
    New(NewArgs),
    /// Shows whose folder this is and until when its certificate is valid
    Show,
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
}

/// Runs the command.
pub(crate) fn run(command: &Command, shell: &Shell) -> Result<Exit, Fault> {
    match command {
        Command::New(args) => new(args, shell),
        Command::Show => show(shell),
    }
    .map(|()| Exit::Done)
}

fn new(args: &NewArgs, shell: &Shell) -> Result<(), Fault> {
    if args.role == Role::Node {
        return Err(Fault::input("a node's key is made by `qianmo init`; choose another --role"));
    }
    let identity = Identity::new(args.department.clone(), args.role, args.name.clone());
    make(&args.dir, &identity, Passphrase::from_flags(shell)?.as_ref())?;
    let request = args.dir.join(REQUEST);
    let view = json!({"identity": identity, "dir": args.dir, "request": request});
    shell.out.show(&view, || {
        let next = shell.out.t(
            "next: have the CA sign it, then put the answer and these beside it:",
            "下一步：请 CA 签发，然后将证书与以下文件放入同一文件夹：",
        );
        format!("{identity}\n{}\n{next} {CERTIFICATE} {ROOT} {CRL}", request.display())
    })
}

/// Makes key and request for `identity` in `dir`; a key that is there already is never overwritten.
pub(crate) fn make(dir: &Path, identity: &Identity, passphrase: Option<&Passphrase>) -> Result<(), Fault> {
    let key = dir.join(KEY);
    if key.exists() {
        return Err(Fault::input(format!("{} is there already; choose another --dir", key.display())));
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

impl Passphrase {
    /// The passphrase of `--passphrase-file`, if that is given.
    pub(crate) fn from_flags(shell: &Shell) -> Result<Option<Self>, Fault> {
        let read = |file: &PathBuf| {
            let text = read_passphrase(file).map_err(|e| Fault::input(e.to_string()))?;
            let file = env::absolute(file).map_err(|e| Fault::file(file, "found", &e))?;
            Ok(Self { file, text })
        };
        shell.flags.passphrase_file.as_ref().map(read).transpose()
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
    let failed = |e: CryptoError| Fault::failed(e.to_string());
    let secret = SecretKey::generate().map_err(failed)?;
    let csr = Csr::create(&secret, identity, hosts).map_err(|e| Fault::failed(e.to_string()))?;
    let pem = match passphrase {
        None => secret.to_pkcs8_pem(),
        Some(passphrase) => secret.to_encrypted_pkcs8_pem(passphrase.text.as_bytes()).map_err(failed)?,
    };
    write_private(key, pem.as_bytes())?;
    write_file(request, csr.as_bytes())
}

fn show(shell: &Shell) -> Result<(), Fault> {
    let (dir, passphrase) = Context::identity(shell)?;
    let person = Person::load(&dir, passphrase.as_deref(), shell.clock.as_ref())?;
    let until = rfc3339(person.not_after_ms);
    shell.out.show(&json!({"identity": person.identity, "until": until}), || {
        Facts::of(&[
            (shell.out.t("identity", "身份"), &person.identity),
            (shell.out.t("valid until", "有效期至"), &until),
        ])
        .text()
    })
}
