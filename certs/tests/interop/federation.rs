//! Federations to connect in: a CA run by us or by OpenSSL, with members whose keys are ours or OpenSSL's.

use std::sync::Arc;

use qianmo_certs::{Ca, Csr, Trust, TrustStore};
use qianmo_crypto::{keys::SoftKeys, sm2::SecretKey};

use crate::openssl::{DIST_ID, Openssl};

/// The two members, one a TLS server and one a TLS client, and a client who is revoked.
pub(crate) const NODE: &str = "qianmo://hospital-a/node/main";
pub(crate) const LI: &str = "qianmo://hospital-a/steward/li";
pub(crate) const REVOKED: &str = "qianmo://hospital-a/steward/wang";

/// The profiles by which OpenSSL signs, which are those of our CA.
const CONFIG: &str = "[v3_ca]\nbasicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
    subjectKeyIdentifier=hash\n\
    [node]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n\
    subjectAltName=URI:qianmo://hospital-a/node/main,DNS:main.node.hospital-a.qianmo.internal\n\
    authorityKeyIdentifier=keyid\n\
    [li]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n\
    subjectAltName=URI:qianmo://hospital-a/steward/li\nauthorityKeyIdentifier=keyid\n\
    [wang]\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=clientAuth\n\
    subjectAltName=URI:qianmo://hospital-a/steward/wang\nauthorityKeyIdentifier=keyid\n\
    [req]\ndistinguished_name=dn\n[dn]\n\
    [ca]\ndefault_ca=city\n[city]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sm3\ndefault_crl_days=30\n\
    certificate=root.crt\nprivate_key=root.key\ncrl_extensions=crl_ext\n[crl_ext]\nauthorityKeyIdentifier=keyid\n";

/// A federation. Every file lies in OpenSSL's folder: `root.crt`, `crl.pem`, and for each of `node`, `li` and `wang`
/// a `.key` and a `.crt`.
pub(crate) struct Federation {
    pub(crate) openssl: Openssl,
}

impl Federation {
    /// Our CA certifies requests made by OpenSSL, from keys made by OpenSSL.
    pub(crate) fn ours() -> Option<Self> {
        let openssl = Openssl::find()?;
        openssl.write("ca.cnf", CONFIG);
        let now_ms = now_ms();
        let mut ca = Ca::create("City", 10, now_ms).unwrap();
        for (name, identity) in [("node", NODE), ("li", LI), ("wang", REVOKED)] {
            openssl.ok(&format!("genpkey -algorithm SM2 -out {name}.key"));
            openssl.ok(&format!(
                "req -new -key {name}.key -sm3 -sigopt {DIST_ID} -subj /CN={name} -config ca.cnf \
                 -addext subjectAltName=URI:{identity} -out {name}.csr"
            ));
            let issued = ca.issue(&openssl.read(&format!("{name}.csr")), 30, now_ms).unwrap();
            assert_eq!(issued.identity.to_string(), identity);
            openssl.write(&format!("{name}.crt"), &issued.pem);
            if identity == REVOKED {
                ca.revoke(&issued.serial_hex, now_ms).unwrap();
            }
        }
        openssl.write("root.crt", ca.certificate_pem());
        openssl.write("crl.pem", ca.crl(24, now_ms).unwrap());
        Some(Self { openssl })
    }

    /// OpenSSL's CA certifies requests made by us, from keys made by us.
    pub(crate) fn theirs() -> Option<Self> {
        let openssl = Openssl::find()?;
        for (name, text) in [("ca.cnf", CONFIG), ("index.txt", ""), ("crlnumber", "01\n")] {
            openssl.write(name, text);
        }
        openssl.ok("genpkey -algorithm SM2 -out root.key");
        openssl.ok(&format!(
            "req -x509 -new -key root.key -sm3 -sigopt {DIST_ID} -days 3650 -subj /CN=OpenSSL -config ca.cnf \
             -extensions v3_ca -out root.crt"
        ));
        for (name, identity) in [("node", NODE), ("li", LI), ("wang", REVOKED)] {
            let key = SecretKey::generate().unwrap();
            openssl.write(&format!("{name}.key"), key.to_pkcs8_pem().as_bytes());
            let request = Csr::create(&key, &identity.parse().unwrap(), &[]).unwrap();
            openssl.write(&format!("{name}.csr"), request);
            openssl.ok(&format!(
                "x509 -req -in {name}.csr -CA root.crt -CAkey root.key -sm3 -sigopt {DIST_ID} -vfyopt {DIST_ID} \
                 -days 30 -extfile ca.cnf -extensions {name} -set_serial 0x5a{} -out {name}.crt",
                openssl.ok("rand -hex 8").trim()
            ));
        }
        openssl.ok("ca -config ca.cnf -revoke wang.crt");
        openssl.ok(&format!("ca -gencrl -config ca.cnf -sigopt {DIST_ID} -out crl.pem"));
        Some(Self { openssl })
    }

    /// The roots and the revocation list, as our side trusts them.
    pub(crate) fn trust(&self) -> Arc<Trust> {
        let (root, crl) = (self.openssl.read("root.crt"), self.openssl.read("crl.pem"));
        Arc::new(Trust::new(TrustStore::load(&root, Some(&crl), 0).unwrap()))
    }

    /// A member's key and certificate, as our side holds them.
    pub(crate) fn member(&self, name: &str) -> (Arc<SoftKeys>, String) {
        let key = SecretKey::from_pkcs8_pem(&self.openssl.read(&format!("{name}.key"))).unwrap();
        (Arc::new(SoftKeys::new(key, [7; 16].into())), self.openssl.read(&format!("{name}.crt")))
    }
}

#[expect(clippy::disallowed_methods, reason = "OpenSSL judges by the machine's clock, so both sides must")]
pub(crate) fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}
