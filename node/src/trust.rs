//! Roots and CRL from the node's folder, read again whenever the CRL changes. The newest CRL that was in use is kept,
//! so that an older one, which would bring revoked certificates back, is refused after a restart as before it.

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use qianmo_certs::{CertError, Trust, TrustStore};

use crate::{
    config::Config,
    files,
    node::{Shared, StartError},
};

/// How often the CRL file is looked at. A revocation takes effect this long after the file is there.
const CRL_POLL: Duration = Duration::from_secs(2);

/// The trust to start with, and the text of its CRL, to be [kept](keep) once it is in use. A stale CRL is no error
/// here: the store then refuses everybody, and says why. One older than the newest that was in use is.
pub(crate) fn open(config: &Config) -> Result<(Trust, String), StartError> {
    let (store, crl) = load(config)?;
    let Some(newest) = newest(config)? else { return Ok((Trust::new(store), crl)) };
    let trust = Trust::new(newest);
    let older = |e| StartError::OlderList { path: config.files.crl.clone(), source: Box::new(e) };
    trust.replace(store).map_err(older)?;
    Ok((trust, crl))
}

/// The store made of the files of `config`, and the text of its CRL.
fn load(config: &Config) -> Result<(TrustStore, String), StartError> {
    let roots = roots(config)?;
    let path = &config.files.crl;
    let crl = fs::read_to_string(path).map_err(|source| StartError::File {
        path: path.clone(),
        source,
        hint: "put the list made by `qianmo ca crl` there",
    })?;
    let store = TrustStore::load(&roots, Some(&crl), config.crl_grace_s).map_err(StartError::Certificate)?;
    Ok((store, crl))
}

fn roots(config: &Config) -> Result<String, StartError> {
    let path = &config.files.roots;
    fs::read_to_string(path).map_err(|source| StartError::File {
        path: path.clone(),
        source,
        hint: "copy the federation's root certificate there",
    })
}

/// The store made of the newest CRL that was in use. None before the first start, and none if the CA that made it is
/// trusted no more.
fn newest(config: &Config) -> Result<Option<TrustStore>, StartError> {
    let path = config.newest_crl();
    let crl = match fs::read_to_string(&path) {
        Ok(crl) => crl,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(StartError::File { path, source, hint: "restore it from a backup" }),
    };
    match TrustStore::load(&roots(config)?, Some(&crl), config.crl_grace_s) {
        Ok(store) => Ok(Some(store)),
        Err(CertError::UnknownCa { issuer }) => {
            tracing::warn!(%issuer, "the newest revocation list was of a CA that is trusted no more");
            Ok(None)
        }
        Err(e) => Err(StartError::NewestList { path, source: Box::new(e) }),
    }
}

/// Keeps the text of a CRL in use, for the next start.
pub(crate) fn keep(config: &Config, crl: &str) -> io::Result<()> {
    let path = config.newest_crl();
    if fs::read(&path).is_ok_and(|kept| kept == crl.as_bytes()) {
        return Ok(());
    }
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    files::replace(&path, crl.as_bytes(), 0o644)
}

/// Reloads the trust store when the CRL file changes, until the node stops. A bad file changes nothing: the
/// old list stays in force until it is stale, and then everybody is refused.
pub(crate) async fn watch(node: Shared) {
    let mut stop = node.stopping();
    let mut seen = stamp(&node.config.files.crl);
    let mut tick = tokio::time::interval(CRL_POLL);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let now = stamp(&node.config.files.crl);
        if now == seen {
            continue;
        }
        seen = now;
        match reload(&node) {
            Ok(()) => tracing::info!("the revocation list was read again"),
            Err(e) => tracing::error!(error = %e, "the new revocation list is not used"),
        }
    }
}

fn reload(node: &Shared) -> Result<(), String> {
    let (store, crl) = load(&node.config).map_err(|e| e.to_string())?;
    node.trust.replace(store).map_err(|e| e.to_string())?;
    if let Err(e) = keep(&node.config, &crl) {
        // In use all the same: refusing a newer list would let revoked certificates in.
        tracing::error!(error = %e, "the revocation list in use is not kept; an older one could be used after a restart");
    }
    Ok(())
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
