//! Roots and CRL from the node's folder, read again whenever the CRL changes.

use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use qianmo_certs::TrustStore;

use crate::{
    config::Config,
    node::{Shared, StartError},
};

/// How often the CRL file is looked at. A revocation takes effect this long after the file is there.
const CRL_POLL: Duration = Duration::from_secs(2);

/// The trust store of `config`. A missing CRL is no error here: the store then refuses everybody, and says why.
pub(crate) fn load(config: &Config) -> Result<TrustStore, StartError> {
    let path = &config.files.roots;
    let roots = fs::read_to_string(path).map_err(|source| StartError::File {
        path: path.clone(),
        source,
        hint: "copy the federation's root certificate there",
    })?;
    let path = &config.files.crl;
    let crl = fs::read_to_string(path).map_err(|source| StartError::File {
        path: path.clone(),
        source,
        hint: "put the list made by `qianmo ca crl` there",
    })?;
    TrustStore::load(&roots, Some(&crl), config.crl_grace_s).map_err(StartError::Certificate)
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
        let replaced = load(&node.config)
            .map_err(|e| e.to_string())
            .and_then(|store| node.trust.replace(store).map_err(|e| e.to_string()));
        match replaced {
            Ok(()) => tracing::info!("the revocation list was read again"),
            Err(e) => tracing::error!(error = %e, "the new revocation list is not used"),
        }
    }
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
