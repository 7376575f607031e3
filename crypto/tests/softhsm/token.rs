//! A SoftHSM token with the keys of a node.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;
use qianmo_crypto::keys::pkcs11::{Mechanisms, Settings};
use qianmo_crypto::sm2::SecretKey;
use tempfile::TempDir;

const LABEL: &str = "qianmo test";
pub(crate) const PIN: &str = "1234";

/// The node's private key.
pub(crate) const PRIVATE: [u8; 32] = [7; 32];

/// Label of a key pair on another curve.
pub(crate) const P256_KEY: &str = "P-256";

/// CKM_ECDSA and CKM_AES_ECB.
const STAND_INS: Mechanisms = Mechanisms { sm2_sign: 0x1041, sm4_ecb: 0x1081 };

/// Where Debian, Fedora and SoftHSM's own build put it.
const LIBRARIES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];

/// An empty token in a folder of its own.
pub(crate) struct Token(TempDir);

impl Token {
    /// `None` without SoftHSM.
    pub(crate) fn make() -> Option<Self> {
        library()?;
        let token = Self(TempDir::new().unwrap());
        let folder = token.0.path().join("tokens");
        std::fs::create_dir(&folder).unwrap();
        let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", folder.display());
        std::fs::write(token.configuration(), text).unwrap();
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", LABEL, "--so-pin", "12345678", "--pin", PIN])
            .env("SOFTHSM2_CONF", token.configuration())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Some(token)
    }

    pub(crate) fn configuration(&self) -> PathBuf {
        self.0.path().join("softhsm2.conf")
    }
}

fn library() -> Option<&'static Path> {
    LIBRARIES.iter().map(Path::new).find(|path| path.exists())
}

/// The settings that fit the token of this process. Its keys are made at the first call.
pub(crate) fn settings() -> Settings<'static> {
    static KEYS: OnceLock<()> = OnceLock::new();
    KEYS.get_or_init(make_keys);
    Settings {
        library: library().unwrap(),
        token: LABEL,
        pin: PIN.to_owned().into(),
        signing_key: "node",
        wrapping_key: "kek",
        mechanisms: STAND_INS,
    }
}

/// Ends the log-in of this process, as a token does that was plugged out and in.
pub(crate) fn log_out() {
    let (library, slot) = context();
    library.open_ro_session(slot).unwrap().logout().unwrap();
}

/// Leaves nobody logged in.
pub(crate) fn change_pin(from: &str, to: &str) {
    let (library, slot) = context();
    let session = library.open_rw_session(slot).unwrap();
    // The log-in is the process's: another session may have done it.
    let _ = session.login(UserType::User, Some(&AuthPin::from(from)));
    session.set_pin(&AuthPin::from(from), &AuthPin::from(to)).unwrap();
    session.logout().unwrap();
}

/// The library as this process has it, initialised once and never unloaded.
fn context() -> (Pkcs11, Slot) {
    static CONTEXT: OnceLock<Pkcs11> = OnceLock::new();
    let library = CONTEXT.get_or_init(|| {
        let library = Pkcs11::new(library().unwrap()).unwrap();
        library.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK)).unwrap();
        library
    });
    (library.clone(), library.get_slots_with_initialized_token().unwrap()[0])
}

fn make_keys() {
    let (library, slot) = context();
    let session = library.open_rw_session(slot).unwrap();
    session.login(UserType::User, Some(&AuthPin::from(PIN))).unwrap();
    sm2_pair(&session);
    let curve = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07".to_vec();
    let public = [Attribute::Token(true), Attribute::Label(P256_KEY.into()), Attribute::EcParams(curve)];
    let private = [Attribute::Token(true), Attribute::Label(P256_KEY.into())];
    session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private).unwrap();
    let kek = [Attribute::Token(true), Attribute::Label(b"kek".to_vec()), Attribute::ValueLen(16.into())];
    session.generate_key(&Mechanism::AesKeyGen, &kek).unwrap();
}

/// Brings [`PRIVATE`] in as a key pair on curve sm2p256v1.
fn sm2_pair(session: &Session) {
    let curve = b"\x06\x08\x2a\x81\x1c\xcf\x55\x01\x82\x2d".to_vec();
    let point = SecretKey::from_bytes(&PRIVATE).unwrap().public_key().to_sec1();
    let common = |class| {
        vec![
            Attribute::Class(class),
            Attribute::KeyType(KeyType::EC),
            Attribute::Token(true),
            Attribute::Label(b"node".to_vec()),
            Attribute::EcParams(curve.clone()),
        ]
    };
    let mut private = common(ObjectClass::PRIVATE_KEY);
    private.extend([
        Attribute::Value(PRIVATE.to_vec()),
        Attribute::Sign(true),
        Attribute::Derive(true),
        Attribute::Private(true),
    ]);
    session.create_object(&private).unwrap();
    let mut public = common(ObjectClass::PUBLIC_KEY);
    public.push(Attribute::EcPoint([&[4, 65], point.as_slice()].concat()));
    session.create_object(&public).unwrap();
}
