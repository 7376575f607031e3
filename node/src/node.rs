//! The composition root: everything a node is made of is put together here, in the order in which it can
//! fail. `bind` returns when the node listens, `join` when it has stopped.

use std::{
    fs::{self, File, TryLockError},
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, RwLock, RwLockReadGuard},
    time::Duration,
};

use arc_swap::ArcSwap;
use qianmo_certs::{CertError, Trust};
use qianmo_crypto::{
    CryptoError,
    keys::KeyProvider,
    sm4::{self, KernelError},
};
use qianmo_policies::{PolicyError, PolicySet};
use qianmo_sandbox::{Engine, EngineConfig, EngineError};
use qianmo_trail::{
    TrailError,
    storage::{FileStorage, MemStorage},
};
use tokio::sync::{Semaphore, watch};

use crate::{
    catalog::reading::READINGS,
    certificate::OwnCertificate,
    clock::Clock,
    config::{Config, Files},
    fault::Faults,
    job::{models::Models, running::Jobs},
    keys::{self, KeyFileError},
    net::{
        breaker::Breakers,
        client::Credentials,
        endpoint::{self, EndpointError},
        links::Links,
        server,
    },
    resume,
    store::{blobs::Blobs, facts::Fact, state::State},
    tasks::Tasks,
    trail::Ledger,
    trust,
};

/// Uploads of models at once: each may be 32 MiB.
const UPLOADS: usize = 4;
/// How long running jobs may take to end when the node shuts down; what still runs is taken up again at the
/// next start.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

/// Why a node did not start. Each says what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StartError {
    #[error("the folder {dir} is not usable: {source}; is it yours, and is there room on the disk?")]
    Folder { dir: PathBuf, source: std::io::Error },
    #[error("another node is running on the folder {0}; stop it first, or use a folder of its own")]
    Locked(PathBuf),
    #[error(transparent)]
    Key(#[from] KeyFileError),
    #[error("{path} cannot be read: {source}; {hint}")]
    File { path: PathBuf, source: std::io::Error, hint: &'static str },
    #[error("the self-test of the cryptography failed: {0}")]
    SelfTest(CryptoError),
    #[error(transparent)]
    Kernel(#[from] KernelError),
    #[error("{0}")]
    Certificate(CertError),
    #[error(
        "{path} is the newest revocation list that this node has used, and cannot be read: {source}; remove it only if \
         the federation has a new root, or if you are sure that the list beside the certificate is the newest"
    )]
    NewestList { path: PathBuf, source: Box<CertError> },
    #[error("the certificate is {found}'s, but qianmo.toml says {expected}; issue one for this node")]
    Identity { found: String, expected: String },
    #[error("the policies do not load: {0}")]
    Policies(Box<PolicyError>),
    #[error(transparent)]
    Trail(#[from] TrailError),
    #[error(
        "the trail in {0} is gone, but the node has worked before: restore the folder from a backup. \
         To begin anew, and lose all contracts, move the whole node folder away and run `qianmo init`"
    )]
    TrailGone(PathBuf),
    #[error("{0}")]
    Recorded(String),
    #[error(
        "entry {seq} of the trail ({action}) is not understood by this version: {why}. Passed over, it could leave in \
         force what it ends, so the node does not start; run the version that wrote it, or a newer one"
    )]
    Entry { seq: u64, action: String, why: String },
    #[error("the sandbox does not start: {0}")]
    Sandbox(#[from] EngineError),
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
}

/// What `serve` may set beside the configuration.
#[derive(Default)]
pub struct ServeOptions {
    /// Where the trail is kept, if not in the node's folder: tests hand in a disk that fills up.
    pub storage: Option<MemStorage>,
    /// The node's keys, if not those in the files that the configuration names: a program that runs a node in itself
    /// may bring a hardware module's (feature `pkcs11` of `qianmo-crypto`).
    pub keys: Option<Arc<dyn KeyProvider>>,
    /// Faults to inject (debug builds only).
    pub faults: Faults,
}

/// What every part of the node shares.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

/// The parts. Public to the crate by [`Shared`]'s deref.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) keys: Arc<dyn KeyProvider>,
    /// The node's certificate, renewed while it runs.
    pub(crate) certificate: ArcSwap<OwnCertificate>,
    pub(crate) trust: Arc<Trust>,
    pub(crate) policies: PolicySet,
    pub(crate) trail: Ledger,
    pub(crate) blobs: Blobs,
    pub(crate) models: Models,
    pub(crate) jobs: Jobs,
    pub(crate) links: Links,
    pub(crate) breakers: Breakers,
    /// Where the node listens.
    pub(crate) address: SocketAddr,
    /// Places for jobs that run.
    pub(crate) places: Arc<Semaphore>,
    pub(crate) uploads: Semaphore,
    /// Places for datasets that are read before they are listed.
    pub(crate) readings: Arc<Semaphore>,
    /// One decision on an order at a time.
    pub(crate) decisions: Mutex<()>,
    /// One answer of a steward at a time.
    pub(crate) answers: tokio::sync::Mutex<()>,
    pub(crate) tasks: Tasks,
    pub(crate) faults: Faults,
    state: Arc<RwLock<State>>,
    stop: watch::Sender<bool>,
}

impl std::ops::Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Inner {
    /// The state folded from the trail. Hold it briefly and never across an await.
    pub(crate) fn state(&self) -> RwLockReadGuard<'_, State> {
        // The writer replaces entries one by one; a panic while it held the lock leaves a valid map.
        self.state.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// UNIX milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Turns true when the node shuts down.
    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}

/// A running node.
pub struct Node {
    shared: Shared,
    endpoint: quinn::Endpoint,
    server: tokio::task::JoinHandle<()>,
    // Held for the life of the node: the operating system gives it back whatever happens.
    _lock: File,
}

impl Node {
    /// Starts a node and returns when it listens.
    pub async fn bind(
        config: Config,
        clock: Arc<dyn Clock>,
        options: ServeOptions,
    ) -> Result<Self, StartError> {
        let lock = lock(&config.dir)?;
        let keys = match options.keys {
            Some(keys) => keys,
            None => soft_keys(&config.files)?,
        };
        // A kernel that was asked for and is not there would silently be another one.
        sm4::Kernel::from_env()?;
        keys.self_test().map_err(StartError::SelfTest)?;
        tracing::info!(kernel = %sm4::Kernel::selected(), "SM4 runs on");
        let (trust, crl) = trust::open(&config)?;
        let certificate = OwnCertificate::load(&config, &trust.current(), keys.as_ref(), clock.now_ms())?;
        let folder = |source| StartError::Folder { dir: config.dir.clone(), source };
        trust::keep(&config, &crl).map_err(folder)?;
        let policies = policies(&config)?;
        check_trail_folder(&config)?;
        let blobs = Blobs::open(&config.blob_dir(), Arc::clone(&keys))
            .map_err(|source| StartError::Folder { dir: config.blob_dir(), source })?;
        let parts = (Arc::clone(&keys), Arc::clone(&clock), blobs.clone());
        let (trail, state) = match options.storage {
            Some(storage) => Ledger::open(storage, &config, parts)?,
            None => Ledger::open(FileStorage::open(config.trail_dir())?, &config, parts)?,
        };
        let engine = Engine::new(EngineConfig::default())?;
        let trust = Arc::new(trust);
        let credentials = Credentials {
            keys: Arc::clone(&keys),
            certificate_pem: certificate.pem.clone(),
            trust: Arc::clone(&trust),
            clock: Arc::clone(&clock),
        };
        let endpoint = endpoint::server(&config, &credentials)?;
        let address =
            endpoint.local_addr().map_err(|source| EndpointError::Bind { address: config.listen, source })?;
        let shared = Shared(Arc::new(Inner {
            models: Models::new(engine, blobs.clone()),
            jobs: Jobs::default(),
            links: Links::new(credentials, config.groups.clone()),
            breakers: Breakers::default(),
            address,
            places: Arc::new(Semaphore::new(config.limits.jobs)),
            uploads: Semaphore::new(UPLOADS),
            readings: Arc::new(Semaphore::new(READINGS)),
            decisions: Mutex::new(()),
            answers: tokio::sync::Mutex::new(()),
            tasks: Tasks::default(),
            faults: options.faults,
            stop: watch::channel(false).0,
            config,
            clock,
            keys,
            certificate: ArcSwap::from_pointee(certificate),
            trust,
            policies,
            trail,
            blobs,
            state,
        }));
        Self::start(shared, endpoint, lock).await
    }

    async fn start(shared: Shared, endpoint: quinn::Endpoint, lock: File) -> Result<Self, StartError> {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let started = shared.trail.record_own(Fact::NodeStarted { version }).await;
        started.map_err(|e| StartError::Recorded(e.to_string()))?;
        resume::jobs(&shared).await;
        tokio::spawn(trust::watch(shared.clone(), endpoint.clone()));
        tokio::spawn(trust::spread::run(shared.clone()));
        tokio::spawn(trust::tell_endings(shared.clone()));
        let server = tokio::spawn(server::serve(shared.clone(), endpoint.clone()));
        tracing::info!(node = %shared.config.identity, address = %shared.address, "listening");
        Ok(Self { shared, endpoint, server, _lock: lock })
    }

    /// Where the node listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Waits until the node has stopped by itself, which it does only when its socket fails.
    pub async fn join(&mut self) {
        // The task ends with the endpoint; a panic in it is logged by the runtime.
        let _ = (&mut self.server).await;
    }

    /// Stops in good order: no new requests, running jobs get a moment to end, the trail says so.
    pub async fn shutdown(self) {
        tracing::info!("shutting down");
        self.shared.stop.send_replace(true);
        if tokio::time::timeout(SHUTDOWN_GRACE, self.shared.tasks.idle()).await.is_err() {
            tracing::warn!("jobs still run; they are taken up again at the next start");
        }
        if let Err(e) = self.shared.trail.record_own(Fact::NodeStopped).await {
            tracing::warn!(error = %e, "the stop was not recorded");
        }
        self.shared.trail.close();
        self.endpoint.close(2u32.into(), b"shutting down");
        let _ = tokio::time::timeout(Duration::from_secs(1), self.endpoint.wait_idle()).await;
        self.server.abort();
    }
}

/// The keys in the files that the configuration names.
pub(crate) fn soft_keys(files: &Files) -> Result<Arc<dyn KeyProvider>, KeyFileError> {
    let keys: Arc<dyn KeyProvider> =
        keys::load_soft(&files.key, files.passphrase.as_deref(), Some(&files.kek))?;
    Ok(keys)
}

/// One node a folder.
fn lock(dir: &Path) -> Result<File, StartError> {
    let folder = |source| StartError::Folder { dir: dir.to_owned(), source };
    let run = dir.join("run");
    fs::create_dir_all(&run).map_err(folder)?;
    let mut file =
        File::options().create(true).truncate(false).write(true).open(run.join("lock")).map_err(folder)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(StartError::Locked(dir.to_owned())),
        Err(TryLockError::Error(source)) => return Err(folder(source)),
    }
    file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(folder)?;
    Ok(file)
}

/// Whether a node runs on the folder `dir` now.
pub(crate) fn is_running(dir: &Path) -> bool {
    let lock = File::options().write(true).open(dir.join("run/lock"));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

/// An empty trail is fine for a new node only: a node that has worked must not begin a second history.
pub(crate) fn check_trail_folder(config: &Config) -> Result<(), StartError> {
    let any = |dir: PathBuf| fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some());
    if !any(config.trail_dir()) && (any(config.blob_dir()) || any(config.index_dir())) {
        return Err(StartError::TrailGone(config.trail_dir()));
    }
    Ok(())
}

/// The policies of the configuration, or those that every node comes with.
pub(crate) fn policies(config: &Config) -> Result<PolicySet, StartError> {
    let loaded = match &config.policies {
        None => PolicySet::shipped(),
        Some(path) => {
            let text = fs::read_to_string(path).map_err(|source| StartError::File {
                path: path.clone(),
                source,
                hint: "correct [policies] file in qianmo.toml",
            })?;
            PolicySet::load(&text)
        }
    };
    loaded.map_err(|e| StartError::Policies(Box::new(e)))
}
