//! The composition root: everything a node is made of is put together here, in the order in which it can
//! fail. `bind` returns when the node listens, `join` when it has stopped.

use std::{
    fs::{self, File, TryLockError},
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use arc_swap::ArcSwap;
use qianmo_crypto::{keys::KeyProvider, sm4};
use qianmo_policies::PolicySet;
use qianmo_sandbox::{Engine, EngineConfig};
use qianmo_trail::storage::{FileStorage, MemStorage};
use tokio::sync::{Semaphore, watch};

use crate::{
    certificate::OwnCertificate,
    clock::Clock,
    config::{Config, Files},
    fault::Faults,
    files,
    job::{queue::Queue, running::Jobs},
    keys::{self, KeyFileError},
    models::compiled::Models,
    net::{
        credentials::Credentials,
        endpoint::{Listener, ResetSecret},
        links::Links,
        server,
    },
    pipeline::Line,
    resume,
    rooms::{Books, Door, Gate, House, READINGS, Rooms as _, UPLOADS, Works},
    start::StartError,
    store::{blobs::Blobs, facts::Fact},
    tasks::Tasks,
    trail::Ledger,
    trust,
};

/// How long running jobs may take to end when the node shuts down; what still runs is taken up again at the
/// next start.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(10);

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

/// A running node.
pub struct Node {
    house: House,
    listener: Listener,
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
        let reset = reset_secret(&config.dir, keys.as_ref()).map_err(folder)?;
        let listener = Listener::bind(config.listen, &config.groups, &credentials, reset)?;
        let config = Arc::new(config);
        let jobs = Jobs::default();
        let works = Works {
            jobs: jobs.clone(),
            models: Models::new(engine, blobs.clone()),
            queue: Queue::new(config.limits.jobs),
            uploads: Arc::new(Semaphore::new(UPLOADS)),
            readings: Arc::new(Semaphore::new(READINGS)),
            tasks: Arc::new(Tasks::default()),
            faults: options.faults,
            config: Arc::clone(&config),
            stop: Arc::new(watch::channel(false).0),
        };
        let gate = Gate {
            policies: Arc::new(policies),
            decisions: Arc::new(Mutex::new(())),
            descriptors: Arc::default(),
            jobs,
            clock: Arc::clone(&clock),
            config: Arc::clone(&config),
        };
        let door = Door {
            keys,
            certificate: Arc::new(ArcSwap::from_pointee(certificate)),
            trust,
            links: Arc::new(Links::new(credentials, config.groups.clone())),
            breakers: Arc::default(),
            address: listener.address(),
            config,
        };
        let answers = Arc::new(tokio::sync::Mutex::new(()));
        let books = Books { trail: Arc::new(trail), blobs, clock, answers, state };
        Self::start(House { books, gate, works, door }, listener, lock).await
    }

    async fn start(house: House, listener: Listener, lock: File) -> Result<Self, StartError> {
        let House { books, works, door, .. } = &house;
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let started = books.trail.record_own(Fact::NodeStarted { version }).await;
        started.map_err(|e| StartError::Recorded(e.to_string()))?;
        resume::jobs(&Line::of(&house)).await;
        tokio::spawn(trust::watch(books.clone(), door.clone(), works.stopping(), listener.clone()));
        tokio::spawn(trust::spread::run(books.clone(), door.clone(), works.stopping()));
        tokio::spawn(trust::tell_endings(books.clone(), door.clone(), works.stopping()));
        let admission = server::Admission {
            trust: Arc::clone(&door.trust),
            clock: Arc::clone(&books.clock),
            connections: door.config.limits.connections,
            connections_per_identity: door.config.limits.connections_per_identity,
            stall: door.config.limits.stall,
        };
        let server = tokio::spawn(listener.clone().serve(house.clone(), admission, works.stopping()));
        tracing::info!(node = %door.config.identity, address = %door.address, "listening");
        Ok(Self { house, listener, server, _lock: lock })
    }

    /// Where the node listens.
    pub fn address(&self) -> SocketAddr {
        self.house.door.address
    }

    /// Waits until the node has stopped by itself, which it does only when its socket fails.
    pub async fn join(&mut self) {
        // The task ends with the endpoint; a panic in it is logged by the runtime.
        let _ = (&mut self.server).await;
    }

    /// Stops in good order: no new requests, running jobs get a moment to end, the trail says so.
    pub async fn shutdown(self) {
        tracing::info!("shutting down");
        self.house.works.stop();
        if tokio::time::timeout(SHUTDOWN_GRACE, self.house.works.tasks.idle()).await.is_err() {
            tracing::warn!("jobs still run; they are taken up again at the next start");
        }
        if let Err(e) = self.house.books.trail.record_own(Fact::NodeStopped).await {
            tracing::warn!(error = %e, "the stop was not recorded");
        }
        self.house.books.trail.close();
        self.listener.close().await;
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

/// The secret behind stateless resets, the same at every start of this node.
fn reset_secret(dir: &Path, keys: &dyn KeyProvider) -> std::io::Result<ResetSecret> {
    let file = dir.join("run/reset");
    let mut secret = ResetSecret::default();
    match fs::read(&file) {
        Ok(kept) if kept.len() == secret.len() => secret.copy_from_slice(&kept),
        // Lost or damaged, it is made anew: whoever still speaks to the node before then waits a little longer.
        _ => {
            keys.random(secret.as_mut()).map_err(std::io::Error::other)?;
            files::replace(&file, secret.as_ref(), 0o600)?;
        }
    }
    Ok(secret)
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
