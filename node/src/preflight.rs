//! All that `serve` needs, looked at without starting: every mistake at once.

use qianmo_crypto::sm4;

use crate::{
    certificate::OwnCertificate,
    config::Config,
    expiry::{Ending, endings},
    net::endpoint,
    node,
    start::StartError,
    trust,
};

/// What a node would find at its start.
#[derive(Debug, Default)]
pub struct Findings {
    /// Why it would not start.
    pub mistakes: Vec<StartError>,
    /// What ends soon.
    pub endings: Vec<Ending>,
    /// End of the certificate, UNIX milliseconds, if there is one that holds.
    pub certificate_ends_ms: Option<i64>,
}

/// Looks at keys, certificate, root, CRL, policies, trail, cipher kernel and address of `config`.
pub fn check(config: &Config, now_ms: i64) -> Findings {
    let mut findings = Findings::default();
    let mistakes = &mut findings.mistakes;
    let keys = note(node::soft_keys(&config.files), mistakes);
    let trust = note(trust::open(config), mistakes).map(|(trust, _)| trust.current());
    if let (Some(keys), Some(trust)) = (&keys, &trust)
        && let Some(own) = note(OwnCertificate::load(config, trust, keys.as_ref(), now_ms), mistakes)
    {
        findings.endings = endings(own.not_after_ms, &trust.lists(), now_ms);
        findings.certificate_ends_ms = Some(own.not_after_ms);
    }
    note(node::policies(config), mistakes);
    note(node::check_trail_folder(config), mistakes);
    note(sm4::Kernel::from_env(), mistakes);
    if !node::is_running(&config.dir) {
        note(endpoint::try_bind(config.listen), mistakes);
    }
    findings
}

fn note<T, E: Into<StartError>>(found: Result<T, E>, mistakes: &mut Vec<StartError>) -> Option<T> {
    found.map_err(|e| mistakes.push(e.into())).ok()
}
