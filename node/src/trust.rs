//! Roots, CRL and the node's own certificate from its folder, read again whenever CRL or certificate change. The newest
//! CRL that was in use is kept, so that an older one, which would bring revoked certificates back, is not used after a
//! restart either. What ends soon is told in the log.

pub(crate) mod spread;

use std::{
    fs, io,
    path::Path,
    time::{Duration, SystemTime},
};

use qianmo_certs::{CertError, ListInfo, Trust, TrustStore};
use qianmo_proto::{WireError, ask::CrlGet, views::ListView};
use tokio::sync::watch::Receiver;

use crate::{
    auth::Peer,
    certificate::OwnCertificate,
    config::Config,
    expiry, files,
    net::{credentials::Credentials, endpoint::Listener},
    rooms::{Books, Door},
    serve::{
        payload::Payload,
        verb::{Answered, Here, Leave, Told, Verb},
    },
    start::StartError,
    store::blobs::aside,
};

/// How often the files are looked at. A revocation takes effect this long after its list is there.
const POLL: Duration = Duration::from_secs(2);
/// How often what ends soon is told again.
const REMIND: Duration = Duration::from_secs(12 * 60 * 60);

/// The trust to start with, and the text of its CRL, to be [kept](keep) once it is in use. A stale CRL is no error
/// here: the store then refuses everybody, and says why. Of the file's list and the newest that was in use, which may
/// have come from a peer, the newer counts.
pub(crate) fn open(config: &Config) -> Result<(Trust, String), StartError> {
    let (store, crl) = load(config)?;
    let Some(newest) = newest(config)? else { return Ok((Trust::new(store), crl)) };
    let trust = Trust::new(newest);
    match trust.replace(store) {
        Ok(()) => Ok((trust, crl)),
        Err(older) => {
            let file = config.files.crl.display();
            tracing::warn!(%file, error = %older, "the newest list that was in use stays in use");
            let kept = trust.current().lists_pem();
            Ok((trust, kept))
        }
    }
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

/// The lists in use, for people.
pub(crate) fn lists(door: &Door) -> Vec<ListView> {
    let view = |list: ListInfo| {
        let ListInfo { issuer, number, this_update_ms, next_update_ms } = list;
        ListView { issuer, number, this_update_ms, next_update_ms }
    };
    door.trust.current().lists().into_iter().map(view).collect()
}

/// The lists in use, and those that the caller lacks.
impl Verb for CrlGet {
    type Rooms = Door;
    type Subject = Here;

    fn subject(&self, _: &Door, _: &Peer) -> Result<Here, WireError> {
        Ok(Here)
    }

    async fn run(self, door: Door, _: Leave<Self>) -> Told<Self> {
        let newer = Lists(door.trust.current().lists_newer_than(&self.have));
        Ok(Answered::with(lists(&door), Payload::Lists(newer)))
    }
}

/// Lists of revoked certificates as they are sent, PEM.
pub(crate) struct Lists(String);

impl Lists {
    /// The bytes to send.
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.0.into_bytes()
    }
}

/// Tells what ends soon, now and again until the node stops.
pub(crate) async fn tell_endings(books: Books, door: Door, mut stop: Receiver<bool>) {
    let mut tick = tokio::time::interval(REMIND);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let (until, lists, now) =
            (door.certificate.load().not_after_ms, door.trust.current().lists(), books.now_ms());
        for ending in expiry::endings(until, &lists, now) {
            tracing::warn!("{}", ending.told(now).0);
        }
    }
}

/// Reads CRL and certificate again when their files change, until the node stops. A bad file changes nothing: the
/// old list stays in force until it is stale, and then everybody is refused.
pub(crate) async fn watch(books: Books, door: Door, mut stop: Receiver<bool>, listener: Listener) {
    let files = &door.config.files;
    let (mut list, mut certificate) = (stamp(&files.crl), stamp(&files.certificate));
    let mut tick = tokio::time::interval(POLL);
    loop {
        tokio::select! {
            _ = tick.tick() => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        if changed(&mut list, &files.crl) {
            match aside(|| reload(&door)) {
                Ok(()) => tracing::info!("the revocation list was read again"),
                Err(e) => tracing::error!(error = %e, "the new revocation list is not used"),
            }
        }
        if changed(&mut certificate, &files.certificate) {
            match aside(|| renew(&books, &door, &listener)) {
                Ok(()) => tracing::info!("the certificate was read again"),
                Err(e) => tracing::error!(error = %e, "the new certificate is not used"),
            }
        }
    }
}

/// Shows the certificate in the file from the next connection on, and signs with it.
fn renew(books: &Books, door: &Door, listener: &Listener) -> Result<(), StartError> {
    let keys = &door.keys;
    let fresh = OwnCertificate::load(&door.config, &door.trust.current(), keys.as_ref(), books.now_ms())?;
    let credentials = Credentials {
        keys: keys.clone(),
        certificate_pem: fresh.pem.clone(),
        trust: door.trust.clone(),
        clock: books.clock.clone(),
    };
    listener.renew(&credentials)?;
    door.links.renew(credentials);
    door.certificate.store(fresh.into());
    Ok(())
}

fn reload(door: &Door) -> Result<(), String> {
    let (store, crl) = load(&door.config).map_err(|e| e.to_string())?;
    door.trust.replace(store).map_err(|e| e.to_string())?;
    if let Err(e) = keep(&door.config, &crl) {
        // In use all the same: refusing a newer list would let revoked certificates in.
        tracing::error!(error = %e, "the revocation list in use is not kept; an older one could be used after a restart");
    }
    Ok(())
}

fn changed(seen: &mut Option<(SystemTime, u64)>, path: &Path) -> bool {
    let now = stamp(path);
    std::mem::replace(seen, now) != now
}

fn stamp(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
