//! What keeps a node from starting, or commands from being understood: a clear error, and nothing touched.

use std::{
    fs,
    net::UdpSocket,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    sync::Arc,
};

use qianmo_crypto::{
    CryptoError,
    keys::{DEK_LEN, KeyProvider, SoftKeys},
    sm2::{PublicKey, Signature},
};
use qianmo_net::{clock::SystemClock, keys};
use qianmo_node::{
    config::Config,
    node::{Node as Server, ServeOptions},
    start::StartError,
};
use qianmo_tests::{Clinic, Ended, Failure, Federation, Node, block_on};
use rustix::process::{Pid, Signal, kill_process};

fn refused(node: &Node) -> Failure {
    node.try_start(&[]).unwrap_err().failure()
}

#[test]
fn a_taken_port_is_named() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let file = node.dir().join("qianmo.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("127.0.0.1:0", &address)).unwrap();
    refused(&node).is(1, "", &["cannot listen", &address, "another port"]);
    drop(taken);
    node.start();
    assert_eq!(node.address().to_string(), address);
}

#[test]
fn a_folder_belongs_to_one_node() {
    let clinic = Clinic::shared();
    // Typed by hand: the harness would take the first node's address for the second's.
    let serve = ["serve", "--dir", clinic.node.dir().to_str().unwrap()];
    clinic.federation.terminal().fails(&serve).is(1, "", &["another node is running", "stop it first"]);
    assert!(clinic.node.dir().join("run/address").exists(), "the first node's address was taken away");
    clinic.still_serves();
}

#[test]
fn a_folder_that_cannot_be_used_is_named() {
    let federation = Federation::new();
    let serve = |dir: &Path| federation.terminal().fails(&["serve", "--dir", dir.to_str().unwrap()]);
    serve(&federation.dir().join("nowhere")).is(7, "", &["nowhere", "qianmo init"]);
    serve(&federation.root()).is(7, "", &["root.crt/qianmo.toml"]);

    // Folders of a node that are something else.
    for name in ["run", "trail", "blobs"] {
        let node = federation.node(&format!("hospital-{name}"));
        let place = node.dir().join(name);
        fs::write(&place, "a file").unwrap();
        let failure = refused(&node);
        assert_eq!(failure.exit, 1, "{failure:?}");
        assert!(failure.message.contains(name), "{failure:?}");
        assert_eq!(fs::read_to_string(&place).unwrap(), "a file", "what is not ours was touched");
    }

    // A folder that nobody can write to, not even who may do anything.
    for name in ["run", "trail"] {
        let node = federation.node(&format!("office-{name}"));
        symlink("/proc/self/task", node.dir().join(name)).unwrap();
        let failure = refused(&node);
        assert_eq!(failure.exit, 1, "{failure:?}");
    }
}

#[test]
fn keys_and_certificates_must_be_there_and_belong_together() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    let other = federation.node("hospital-b");
    let (key, certificate) = (node.dir().join("keys/node.key"), node.dir().join("node.crt"));
    let mode = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();

    mode(0o644);
    refused(&node).is(1, "", &["can be read by others", "chmod 600"]);
    mode(0o600);
    let own = fs::read(&certificate).unwrap();
    fs::remove_file(&certificate).unwrap();
    refused(&node).is(1, "", &["node.crt", "qianmo ca issue"]);
    fs::copy(other.dir().join("node.crt"), &certificate).unwrap();
    refused(&node).is(1, "", &["hospital-b", "hospital-a"]);
    fs::write(&certificate, &own).unwrap();
    fs::copy(other.dir().join("keys/node.key"), &key).unwrap();
    refused(&node).is(1, "", &["another private key"]);
    fs::write(node.dir().join("keys/kek"), "xyz").unwrap();
    refused(&node).is(1, "", &["kek", "hexadecimal"]);
    assert!(!node.dir().join("trail").exists(), "a trail was begun with the wrong keys");
}

#[test]
fn all_mistakes_in_a_configuration_are_told_at_once() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    node.configure("egress", "min_cell = 1");
    node.configure("limits", "jobs = 0");
    node.configure("sandbox", "wall_s = 0");
    let words = ["3 mistakes:", "egress.min_cell", "limits.jobs", "sandbox.wall_s"];
    refused(&node).is(7, "", &words);
    let check = ["config", "check", "--dir", node.dir().to_str().unwrap()];
    federation.terminal().fails(&check).is(7, "", &words);
    node.configure("egress", "mincell = 10");
    federation.terminal().fails(&check).is(7, "", &["mincell", "unknown field"]);
}

#[test]
fn a_policy_file_that_does_not_load_stops_the_start() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    node.configure("policies", "file = \"own.cedar\"");
    refused(&node).is(1, "", &["own.cedar"]);
    fs::write(node.dir().join("own.cedar"), "permit everything to everybody;").unwrap();
    refused(&node).is(1, "", &["policies do not load"]);
}

#[test]
fn sigterm_stops_a_node_in_good_order() {
    let clinic = Clinic::new();
    let pid = Pid::from_raw(clinic.node.pid().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    let ended = clinic.node.wait_for_end();
    assert_eq!(ended.exit, Some(0), "{ended}");
    assert!(!clinic.node.dir().join("run/address").exists());
    clinic.node.start();
    let trail = clinic.auditor().trail();
    let actions: Vec<&str> = trail.iter().map(|entry| entry.action()).rev().take(2).collect();
    assert_eq!(actions, ["node.start", "node.stop"]);
}

#[test]
fn what_is_there_already_is_never_overwritten() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    let key = fs::read(node.dir().join("keys/node.key")).unwrap();
    let init = ["init", "--dir", node.dir().to_str().unwrap(), "--department", "hospital-b"];
    federation.terminal().fails(&init).is(7, "", &["holds a node already"]);
    federation.terminal().fails(&["ca", "init"]).is(7, "", &[]);
    assert_eq!(fs::read(node.dir().join("keys/node.key")).unwrap(), key);
    let again = node.dir().join("node.csr");
    federation.terminal().fails(&issue(&again, "qianmo://hospital-a/node/main")).is(7, "", &["in force"]);
}

/// Signs the request `csr` of `identity`.
fn issue<'a>(csr: &'a Path, identity: &'a str) -> [&'a str; 6] {
    ["ca", "issue", csr.to_str().unwrap(), "--expect", identity, "--yes"]
}

#[test]
fn a_command_that_is_none_is_bad_input_not_tampering() {
    let federation = Federation::new();
    let ended = federation.terminal().run(&["data", "steal"]);
    assert_eq!(ended.exit, Some(7), "{ended}");
    let unknown = federation.terminal().fails(&["data", "ls"]);
    unknown.is(7, "", &["--identity", "qianmo context add"]);
}

/// `args` with the passphrase that `file` holds.
fn keyed<'a>(args: &[&'a str], file: &'a str) -> Vec<&'a str> {
    [args, &["--passphrase-file", file]].concat()
}

#[test]
fn keys_can_be_encrypted_under_a_passphrase() {
    let federation = Federation::new();
    let terminal = federation.terminal();
    let path = |name: &str| federation.dir().join(name).to_str().unwrap().to_owned();
    let (node, person, file) = (path("clinic"), path("li"), path("passphrase"));
    let keep = |text: &str, mode| {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    };
    let init = ["init", "--dir", &node, "--department", "clinic", "--listen", "127.0.0.1:0"];
    let new = ["id", "new", "--dir", &person, "--department", "clinic", "--role", "steward", "--name", "li"];
    keep("口令 correct horse\n", 0o644);
    terminal.fails(&keyed(&init, &file)).is(7, "", &["can be read by others"]);
    keep("口令 correct horse\n", 0o600);
    terminal.ok(&keyed(&init, &file));
    terminal.ok(&keyed(&new, &file));
    for (dir, request, key, identity) in [
        (&node, "node.csr", "keys/node.key", "qianmo://clinic/node/main"),
        (&person, "id.csr", "id.key", "qianmo://clinic/steward/li"),
    ] {
        terminal.ok(&issue(&Path::new(dir).join(request), identity));
        fs::copy(federation.root(), format!("{dir}/root.crt")).unwrap();
        fs::copy(federation.dir().join("crl.pem"), format!("{dir}/crl.pem")).unwrap();
        let pem = fs::read_to_string(format!("{dir}/{key}")).unwrap();
        assert!(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"), "{pem}");
    }

    let clinic = Node::new(terminal.clone(), node.into(), "qianmo://clinic/node/main".parse().unwrap());
    clinic.start();
    let address = clinic.address().to_string();
    let to = ["--identity", &person, "--node", "qianmo://clinic/node/main", "--address", &address];
    let show = [&["node", "show"], to.as_slice()].concat();
    terminal.fails(&show).is(7, "", &["encrypted", "--passphrase-file"]);
    assert_eq!(terminal.ok(&keyed(&show, &file))["caller"], "qianmo://clinic/steward/li");
    terminal.ok(&keyed(&[&["context", "add", "li"], to.as_slice()].concat(), &file));
    assert_eq!(terminal.ok(&["node", "show"])["caller"], "qianmo://clinic/steward/li");

    clinic.stop();
    keep("another", 0o600);
    terminal.fails(&keyed(&show, &file)).is(7, "", &["passphrase is wrong"]);
    refused(&clinic).is(1, "", &["passphrase is wrong"]);
}

#[test]
fn an_sm4_kernel_that_cannot_be_had_stops_the_start() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    let serve = ["serve", "--dir", node.dir().to_str().unwrap()];
    let mut command = federation.terminal().command(&serve);
    command.env("QIANMO_SM4_KERNEL", "quick");
    let ended = Ended::of(serve.join(" "), command);
    ended.failure().is(1, "", &["no SM4 kernel `quick`", "QIANMO_SM4_KERNEL", "portable"]);
}

/// A module whose signatures went bad: of another message than it was given.
struct Faulty(Arc<SoftKeys>);

impl KeyProvider for Faulty {
    fn public_key(&self) -> PublicKey {
        self.0.public_key()
    }
    fn sign(&self, user_id: &[u8], _: &[u8]) -> Result<Signature, CryptoError> {
        self.0.sign(user_id, b"another message")
    }
    fn wrap(&self, dek: &[u8; DEK_LEN]) -> Result<Vec<u8>, CryptoError> {
        self.0.wrap(dek)
    }
    fn unwrap_key(&self, wrapped: &[u8]) -> Result<zeroize::Zeroizing<[u8; DEK_LEN]>, CryptoError> {
        self.0.unwrap_key(wrapped)
    }
    fn random(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.random(out)
    }
}

#[test]
fn keys_that_fail_their_self_test_stop_the_node() {
    let federation = Federation::new();
    let node = federation.node("hospital-a");
    let config = Config::load(node.dir()).unwrap();
    let files = &config.files;
    let soft = keys::load_soft(&files.key, None, Some(&files.kek)).unwrap();
    let bind = |keys: Arc<dyn KeyProvider>| {
        let options = ServeOptions { keys: Some(keys), ..ServeOptions::default() };
        block_on(Server::bind(Config::load(node.dir()).unwrap(), Arc::new(SystemClock), options))
    };
    let failed = bind(Arc::new(Faulty(Arc::clone(&soft)))).err().unwrap();
    assert!(matches!(failed, StartError::SelfTest(CryptoError::SelfTest("the signing key"))), "{failed}");
    assert_eq!(
        failed.to_string(),
        "the self-test of the cryptography failed: the known-answer test of the signing key failed; do not use this \
         build on this machine"
    );
    assert!(!node.dir().join("trail").exists(), "a trail was begun");
    // The same keys, whole.
    block_on(bind(soft).unwrap().shutdown());
}
