//! From a person's folder to a connection: key, certificate, root, list of revoked certificates.
//! Every missing or stale file is named, with what to do about it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    context::Context,
    exit::{Exit, Fault, read_text, write_file},
    foreign,
    shell::Shell,
    words::{Message, Text, msg},
};
use crate::{
    clock::Clock,
    expiry::{Ending, endings, is_old},
    keys::load_soft,
    net::{client::Client, credentials::Credentials, links::lookup},
};
use qianmo_certs::{CertError, Trust, TrustStore, Verified, chain_from_pem};
use qianmo_crypto::{keys::KeyProvider, tls::Group};
use qianmo_proto::{
    Identity, Name, Signed, WireError, ask,
    signed::Document,
    views::{NodeView, PeerView},
};

/// Key-exchange groups a person's client offers, best first.
pub(crate) const GROUPS: [Group; 2] = [Group::CurveSm2MlKem768, Group::CurveSm2];

/// Files of a person's folder.
pub(crate) const KEY: &str = "id.key";
pub(crate) const REQUEST: &str = "id.csr";
pub(crate) const CERTIFICATE: &str = "id.crt";
pub(crate) const ROOT: &str = "root.crt";
pub(crate) const CRL: &str = "crl.pem";

/// Somebody who can connect and sign.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) keys: Arc<dyn KeyProvider>,
    pub(crate) identity: Identity,
    pub(crate) trust: Arc<Trust>,
    pub(crate) not_after_ms: i64,
    dir: PathBuf,
    certificate_pem: String,
    certificate_der: Vec<u8>,
}

impl Person {
    /// Loads the folder of a person and checks that its files belong together and are in date. `passphrase` is the
    /// file with the passphrase of an encrypted key.
    pub(crate) fn load(dir: &Path, passphrase: Option<&Path>, clock: &dyn Clock) -> Result<Self, Fault> {
        let key = need(dir, KEY, msg("person-no-key"))?;
        let keys = load_soft(&key, passphrase, None).map_err(|e| Fault::input(foreign::key_file(&e)))?;
        let certificate = need(dir, CERTIFICATE, msg("person-no-certificate"))?;
        let certificate_pem = read_text(&certificate)?;
        let certificate_der = first_certificate(&certificate_pem)
            .map_err(|e| Fault::input(foreign::certificate(&e)).at(shown(&certificate)))?;
        let trust = load_trust(dir)?;
        let verified = trust
            .verify(&certificate_der, clock.now_ms())
            .map_err(|e| Fault::new(Exit::Unreachable, foreign::certificate(&e)).at(shown(&certificate)))?;
        if verified.public_key != keys.public_key() {
            let text =
                msg("person-other-key").with("certificate", certificate.display()).with("key", key.display());
            return Err(Fault::input(text));
        }
        let Verified { identity, not_after_ms, .. } = verified;
        let trust = Arc::new(Trust::new(trust));
        let dir = dir.to_owned();
        Ok(Self { keys, identity, trust, not_after_ms, dir, certificate_pem, certificate_der })
    }

    /// What of the person's files ends soon.
    fn endings(&self, now_ms: i64) -> Vec<Ending> {
        endings(self.not_after_ms, &self.trust.current().lists(), now_ms)
    }

    /// Takes the revocation lists that `pem` holds, and keeps them, if the CA has signed them and they are newer.
    fn adopt(&self, pem: &[u8], now_ms: i64) -> Result<bool, Fault> {
        let wrong = |why: Text| Fault::input(msg("list-offered").saying("error", why));
        let roots = read_text(&self.dir.join(ROOT))?;
        let pem = std::str::from_utf8(pem).map_err(|e| wrong(foreign::other(&e)))?;
        let newer = self.trust.adopt(&roots, pem, 0, now_ms).map_err(|e| wrong(foreign::certificate(&e)))?;
        if newer {
            write_file(&self.dir.join(CRL), self.trust.current().lists_pem().as_bytes())?;
        }
        Ok(newer)
    }

    /// What the network client needs.
    pub(crate) fn credentials(&self, clock: &Arc<dyn Clock>) -> Credentials {
        Credentials {
            keys: Arc::clone(&self.keys),
            certificate_pem: self.certificate_pem.clone(),
            trust: Arc::clone(&self.trust),
            clock: Arc::clone(clock),
        }
    }

    /// The person's certificate, DER.
    pub(crate) fn certificate(&self) -> &[u8] {
        &self.certificate_der
    }

    /// Signs a document.
    pub(crate) fn sign<T: Document>(&self, document: &T) -> Result<Signed<T>, Fault> {
        Signed::sign(document, &self.certificate_der, self.keys.as_ref())
            .map_err(|e| Fault::failed(msg("unsigned").saying("error", foreign::other(&e))))
    }
}

fn first_certificate(pem: &str) -> Result<Vec<u8>, CertError> {
    chain_from_pem(pem)?.first().map(|der| der.to_vec()).ok_or(CertError::NoCertificate)
}

/// Root and list of revoked certificates of a person's folder.
fn load_trust(dir: &Path) -> Result<TrustStore, Fault> {
    let root = need(dir, ROOT, msg("person-no-root"))?;
    let crl = need(dir, CRL, msg("person-no-list"))?;
    TrustStore::load(&read_text(&root)?, Some(&read_text(&crl)?), 0).map_err(|e| {
        let files = msg("either-file").with("one", root.display()).with("other", crl.display());
        Fault::input(foreign::certificate(&e)).at(files)
    })
}

/// A file of the folder; where it is missing, `advice` says what to do.
fn need(dir: &Path, name: &str, advice: Message) -> Result<PathBuf, Fault> {
    let path = dir.join(name);
    if path.exists() { Ok(path) } else { Err(Fault::input(advice.with("path", path.display()))) }
}

fn shown(path: &Path) -> Text {
    Text::name(path.display())
}

/// A person with a way to the nodes: the home node's, and through it every other one.
pub(crate) struct Session {
    pub(crate) person: Person,
    home: Reached,
    credentials: Credentials,
    on: Option<Name>,
    shell: Shell,
}

/// A node that can be asked, and where it was reached.
#[derive(Clone)]
pub(crate) struct Reached {
    pub(crate) client: Client,
    pub(crate) address: SocketAddr,
}

impl Session {
    /// Connects to the home node of the context in force.
    pub(crate) async fn open(shell: &Shell) -> Result<Self, Fault> {
        let context = Context::resolve(shell)?;
        let person =
            Person::load(&context.identity, context.passphrase_file.as_deref(), shell.clock.as_ref())?;
        let mut session = Self::at(person, &context.node, &context.address, shell).await?;
        renew_list(&session.person, &session.home.client, shell).await;
        warn_of_expiry(&session.person, shell);
        session.on.clone_from(&shell.reach.on);
        Ok(session)
    }

    /// Connects `person` to the node `node` at `address`.
    pub(crate) async fn at(
        person: Person,
        node: &Identity,
        address: &str,
        shell: &Shell,
    ) -> Result<Self, Fault> {
        let credentials = person.credentials(&shell.clock);
        let home = dial(&credentials, node, address, shell).await?;
        Ok(Self { person, home, credentials, on: None, shell: shell.clone() })
    }

    /// The node this command is for: --on's, or the home node.
    pub(crate) async fn target(&self) -> Result<Client, Fault> {
        Ok(self.aim().await?.unwrap_or_else(|| self.home.clone()).client)
    }

    /// The node of --on, if it was given.
    pub(crate) async fn aim(&self) -> Result<Option<Reached>, Fault> {
        match &self.on {
            None => Ok(None),
            Some(department) => self.department(department).await.map(Some),
        }
    }

    /// The node of `department`, by the home node's list of peers.
    pub(crate) async fn department(&self, department: &Name) -> Result<Reached, Fault> {
        if self.home.client.node().department() == department {
            return Ok(self.home.clone());
        }
        let peers = self.peers().await?;
        let Some(peer) = peers.iter().find(|peer| peer.node.department() == department) else {
            let known: Vec<_> = peers.iter().map(|peer| peer.node.department().as_str()).collect();
            let text = msg("department-unknown")
                .with("node", self.home.client.node())
                .with("department", department)
                .with("known", known.join(", "));
            return Err(Fault::input(text));
        };
        dial(&self.credentials, &peer.node, &peer.address, &self.shell).await
    }

    /// The home node and all its peers; those that cannot be reached come with the reason.
    pub(crate) async fn everywhere(&self) -> Result<Vec<(Identity, Result<Reached, Fault>)>, Fault> {
        let mut nodes = vec![(self.home.client.node().clone(), Ok(self.home.clone()))];
        let peers = self.peers().await?;
        let dialled = peers.iter().map(async |peer| {
            (peer.node.clone(), dial(&self.credentials, &peer.node, &peer.address, &self.shell).await)
        });
        nodes.extend(futures::future::join_all(dialled).await);
        Ok(nodes)
    }

    /// Who dials and signs.
    pub(crate) const fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    async fn peers(&self) -> Result<Vec<PeerView>, WireError> {
        self.home.client.call(ask::PeerLs {}).await
    }
}

async fn dial(who: &Credentials, node: &Identity, address: &str, shell: &Shell) -> Result<Reached, Fault> {
    let address = resolve(address).await?;
    let client = Client::connect(who, node, address, &GROUPS).await?;
    shell.opened(&client);
    Ok(Reached { client, address })
}

/// Asks a node who it is: the first thing that shows whether a connection works.
pub(crate) async fn info(client: &Client) -> Result<NodeView, WireError> {
    client.call(ask::NodeInfo {}).await
}

/// `host:port` as an address.
pub(crate) async fn resolve(address: &str) -> Result<SocketAddr, Fault> {
    let wrong = |e: &std::io::Error| {
        msg("address-unknown").with("address", address).saying("error", foreign::other(e))
    };
    lookup(address).await.map_err(|e| Fault::new(Exit::Unreachable, wrong(&e)))
}

/// Takes a newer revocation list from the home node, if the own one is past half its life. The command at hand does
/// not depend on it: what fails is told as a list that ends soon.
async fn renew_list(person: &Person, node: &Client, shell: &Shell) {
    let lists = person.trust.current().lists();
    if !lists.iter().any(|list| is_old(list, shell.now_ms())) {
        return;
    }
    let have = lists.into_iter().map(|list| (list.issuer, list.number)).collect();
    let fetched = node.exchange(ask::CrlGet { have }, &[]).await;
    let Ok((_, pem)) = fetched else { return };
    if pem.is_empty() {
        return;
    }
    match person.adopt(&pem, shell.now_ms()) {
        Ok(true) => shell.out.note(&shell.out.say(&msg("list-taken"))),
        Ok(false) => {}
        Err(fault) => shell.out.note(&fault.text(shell.out.lang)),
    }
}

fn warn_of_expiry(person: &Person, shell: &Shell) {
    for ending in person.endings(shell.now_ms()) {
        let (en, zh) = ending.told(shell.now_ms());
        shell.out.note(&shell.out.say(&msg("ending-of-yours").with("what", shell.out.lang.pick(&en, &zh))));
    }
}
