//! `qianmo ca`: the federation's root, run by whoever the departments agreed on. Keys never come here:
//! people and nodes send signing requests.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use qianmo_certs::{Ca, Certificate, Csr, RevocationReason};
use serde_json::json;

use super::{
    exit::{Exit, Fault, read_text, write_file},
    output::{Facts, Output, Rows},
    shell::{Shell, private_dir},
};
use crate::clock::rfc3339;

/// Name of the root certificate in the CA's folder.
pub(crate) const ROOT: &str = "root.crt";

/// The federation's root certificate: make it, issue, revoke
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Makes a new root in a folder of its own
    Init {
        /// Folder of the CA
        #[arg(long, value_name = "DIR", default_value = "ca")]
        dir: PathBuf,
        /// What the federation is called in the root certificate
        #[arg(long, default_value = "Qianmo federation")]
        title: String,
        /// Years the root is valid
        #[arg(long, default_value_t = 20)]
        years: u32,
    },
    /// Signs a certificate request, after you have made sure who sent it
    Issue {
        /// The request: node.csr of `qianmo init`, id.csr of `qianmo id new`
        csr: PathBuf,
        /// Where to write the certificate; by default beside the request
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Days the certificate is valid
        #[arg(long, default_value_t = 365)]
        days: u32,
        /// Issue although the identity has a certificate in force
        #[arg(long)]
        renew: bool,
        /// Folder of the CA
        #[arg(long, value_name = "DIR", default_value = "ca")]
        dir: PathBuf,
    },
    /// Lists the certificates issued
    Ls {
        /// Folder of the CA
        #[arg(long, value_name = "DIR", default_value = "ca")]
        dir: PathBuf,
    },
    /// Revokes a certificate; publish a new list (`qianmo ca crl`) right after
    Revoke {
        /// The certificate's file, or its serial number in hexadecimal
        certificate: String,
        /// Why: unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation,
        /// privilege-withdrawn
        #[arg(long, default_value = "unspecified")]
        reason: RevocationReason,
        /// Folder of the CA
        #[arg(long, value_name = "DIR", default_value = "ca")]
        dir: PathBuf,
    },
    /// Writes the list of revoked certificates, which every node and person needs fresh
    Crl {
        /// Where to write the list
        #[arg(long, value_name = "FILE", default_value = "crl.pem")]
        out: PathBuf,
        /// Hours until a newer list must be there; without one, nodes refuse everybody
        #[arg(long, default_value_t = 168, value_parser = clap::value_parser!(u32).range(1..=8760))]
        hours: u32,
        /// Folder of the CA
        #[arg(long, value_name = "DIR", default_value = "ca")]
        dir: PathBuf,
    },
}

/// Runs the command.
pub(crate) fn run(command: &Command, shell: &Shell) -> Result<Exit, Fault> {
    match command {
        Command::Init { dir, title, years } => init(dir, title, *years, shell),
        Command::Issue { csr, out, days, renew, dir } => {
            let out = out.clone().unwrap_or_else(|| csr.with_extension("crt"));
            issue(csr, &out, *days, *renew, dir, shell)
        }
        Command::Ls { dir } => ls(dir, shell),
        Command::Revoke { certificate, reason, dir } => revoke(certificate, *reason, dir, shell),
        Command::Crl { out, hours, dir } => crl(out, *hours, dir, shell),
    }?;
    Ok(Exit::Done)
}

fn init(dir: &Path, title: &str, years: u32, shell: &Shell) -> Result<(), Fault> {
    let mut ca = Ca::create(title, years, shell.now_ms()).map_err(fault)?;
    private_dir(dir)?;
    ca.save(dir).map_err(fault)?;
    let root = dir.join(ROOT);
    let view = json!({"dir": dir, "root": root, "name": ca.name(), "fingerprint": ca.fingerprint()});
    let t = |en, zh| shell.out.t(en, zh);
    shell.out.show(&view, || {
        let facts = Facts::of(&[
            (t("root", "根证书"), &root.display()),
            (t("name", "名称"), &ca.name()),
            (t("fingerprint", "指纹"), &ca.fingerprint()),
        ])
        .text();
        let next = t(
            "Give this file to every node and person, who compare the fingerprint by telephone.",
            "请将此文件分发给所有节点和人员，并由其通过电话核对指纹。",
        );
        format!("{facts}{next}")
    })
}

fn issue(csr: &Path, out: &Path, days: u32, renew: bool, dir: &Path, shell: &Shell) -> Result<(), Fault> {
    let request = read_text(csr)?;
    Csr::from_pem(&request).map_err(|e| Fault::input(format!("{}: {e}", csr.display())))?;
    let mut ca = Ca::load(dir).map_err(fault)?;
    let issue = if renew { Ca::renew } else { Ca::issue };
    let issued = issue(&mut ca, &request, days, shell.now_ms()).map_err(fault)?;
    // Recorded before it is handed out: a certificate that the CA does not know cannot be revoked.
    ca.save(dir).map_err(fault)?;
    write_file(out, issued.pem.as_bytes())?;
    let until = rfc3339(issued.not_after_ms);
    let view = json!({
        "identity": issued.identity, "certificate": out, "serial": issued.serial_hex, "until": until,
    });
    shell.out.show(&view, || {
        Facts::of(&[
            (shell.out.t("identity", "身份"), &issued.identity),
            (shell.out.t("certificate", "证书"), &out.display()),
            (shell.out.t("serial", "序列号"), &issued.serial_hex),
            (shell.out.t("valid until", "有效期至"), &until),
        ])
        .text()
    })
}

fn ls(dir: &Path, shell: &Shell) -> Result<(), Fault> {
    let ca = Ca::load(dir).map_err(fault)?;
    shell.out.show(ca.issued(), || table(&ca, shell.out, shell.now_ms()))
}

fn table(ca: &Ca, out: Output, now_ms: i64) -> String {
    let mut rows = Rows::new(&[
        out.t("identity", "身份"),
        out.t("serial", "序列号"),
        out.t("valid until", "有效期至"),
        out.t("state", "状态"),
    ]);
    for issued in ca.issued() {
        let state = match (&issued.revoked, issued.in_force(now_ms)) {
            (Some(revoked), _) => format!("{} ({})", out.t("revoked", "已吊销"), revoked.reason),
            (None, true) => out.t("in force", "有效").to_owned(),
            (None, false) => out.t("expired", "已过期").to_owned(),
        };
        rows.add([&issued.identity, &issued.serial_hex, &rfc3339(issued.not_after_ms), &state]);
    }
    rows.text()
}

fn revoke(certificate: &str, reason: RevocationReason, dir: &Path, shell: &Shell) -> Result<(), Fault> {
    let mut ca = Ca::load(dir).map_err(fault)?;
    let path = Path::new(certificate);
    let serial = if path.exists() { serial_of(path)? } else { certificate.to_lowercase() };
    ca.revoke_for(&serial, reason, shell.now_ms()).map_err(fault)?;
    ca.save(dir).map_err(fault)?;
    shell.out.show(&json!({"revoked": serial, "for": reason}), || {
        let next = shell.out.t(
            "revoked; it counts once nodes have a new list, so make one now: qianmo ca crl",
            "已吊销；节点取得新的吊销列表后生效，请立即生成：qianmo ca crl",
        );
        format!("{serial} {next}")
    })
}

fn crl(out: &Path, hours: u32, dir: &Path, shell: &Shell) -> Result<(), Fault> {
    let mut ca = Ca::load(dir).map_err(fault)?;
    let pem = ca.crl(hours, shell.now_ms()).map_err(fault)?;
    // Saved before it is handed out, so that its number is not used again.
    ca.save(dir).map_err(fault)?;
    write_file(out, pem.as_bytes())?;
    let until = rfc3339(shell.now_ms() + i64::from(hours) * 3_600_000);
    shell.out.show(&json!({"crl": out, "next_update": until}), || {
        Facts::of(&[
            (shell.out.t("list", "吊销列表"), &out.display()),
            (shell.out.t("next one due by", "下次更新不晚于"), &until),
        ])
        .text()
    })
}

fn serial_of(path: &Path) -> Result<String, Fault> {
    Certificate::from_pem(&read_text(path)?)
        .map(|certificate| certificate.serial_hex)
        .map_err(|e| Fault::input(format!("{}: {e}", path.display())))
}

fn fault(e: qianmo_certs::CaError) -> Fault {
    Fault::input(e.to_string())
}
