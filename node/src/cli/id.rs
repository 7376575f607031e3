//! `qianmo id`: a person's key and certificate request. The key never leaves its folder.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use qianmo_certs::{Csr, Host};
use qianmo_crypto::sm2::SecretKey;
use qianmo_proto::{Identity, Name, Role};
use serde_json::json;

use super::{
    connect::{CERTIFICATE, CRL, KEY, Person, REQUEST, ROOT},
    context::Context,
    exit::{Exit, Fault, write_file, write_private},
    output::Facts,
    shell::{Shell, private_dir},
};
use crate::clock::rfc3339;

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
    make(&args.dir, &identity)?;
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
pub(crate) fn make(dir: &Path, identity: &Identity) -> Result<(), Fault> {
    let key = dir.join(KEY);
    if key.exists() {
        return Err(Fault::input(format!("{} is there already; choose another --dir", key.display())));
    }
    private_dir(dir)?;
    write_key_and_request(&key, &dir.join(REQUEST), identity, &[])
}

/// Makes a key and a request for `identity` that also names `hosts`.
pub(crate) fn write_key_and_request(
    key: &Path,
    request: &Path,
    identity: &Identity,
    hosts: &[Host],
) -> Result<(), Fault> {
    let secret = SecretKey::generate().map_err(|e| Fault::failed(e.to_string()))?;
    let csr = Csr::create(&secret, identity, hosts).map_err(|e| Fault::failed(e.to_string()))?;
    write_private(key, secret.to_pkcs8_pem().as_bytes())?;
    write_file(request, csr.as_bytes())
}

fn show(shell: &Shell) -> Result<(), Fault> {
    let person = Person::load(&Context::identity(shell)?, shell.clock.as_ref())?;
    let until = rfc3339(person.not_after_ms);
    shell.out.show(&json!({"identity": person.identity, "until": until}), || {
        Facts::of(&[
            (shell.out.t("identity", "身份"), &person.identity),
            (shell.out.t("valid until", "有效期至"), &until),
        ])
        .text()
    })
}
