//! Qianmo's side: SM2 certificates, TLS_SM4_GCM_SM3, the product's glue.

use std::{
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use qianmo_certs::{Ca, Csr, Trust, TrustStore, client_config, server_config};
use qianmo_crypto::{
    keys::{KeyProvider, SoftKeys},
    sm2::SecretKey,
    tls::Group,
};
use qianmo_proto::Identity;
use rustls::time_provider::DefaultTimeProvider;
use zeroize::Zeroizing;

use crate::{
    Result,
    link::Side,
    net::quic::{client_crypto, endpoint_config, server_crypto, token_key},
};

const NODE: &str = "qianmo://hospital-a/node/main";
const CONSUMER: &str = "qianmo://university/consumer/chen";

/// A node and a person of one federation who agree on `group` and nothing else.
pub(crate) fn side(group: Group) -> Result<Side> {
    let now_ms = now_ms()?;
    let mut ca = Ca::create("Benchmark federation", 10, now_ms)?;
    let (node, person) = (Party::new(&mut ca, NODE, now_ms)?, Party::new(&mut ca, CONSUMER, now_ms)?);
    let trust = |ca: &mut Ca| -> Result<_> {
        let list = ca.crl(24, now_ms)?;
        Ok(Arc::new(Trust::new(TrustStore::load(&ca.certificate_pem(), Some(&list), 0)?)))
    };
    let time = Arc::new(DefaultTimeProvider);
    let server =
        server_config(node.keys.clone(), &node.certificate, trust(&mut ca)?, time.clone(), &[group])?;
    let expected = Some(NODE.parse::<Identity>()?);
    let client =
        client_config(person.keys.clone(), &person.certificate, trust(&mut ca)?, time, &[group], expected)?;
    Ok(Side {
        endpoint: endpoint_config(node.keys.as_ref())?,
        server: quinn::ServerConfig::new(server_crypto(server), token_key(node.keys.as_ref())?),
        client: quinn::ClientConfig::new(client_crypto(client)),
    })
}

struct Party {
    keys: Arc<dyn KeyProvider>,
    certificate: String,
}

impl Party {
    fn new(ca: &mut Ca, identity: &str, now_ms: i64) -> Result<Self> {
        let secret = SecretKey::generate()?;
        let request = Csr::create(&secret, &identity.parse()?, &[])?;
        let certificate = ca.issue(&request, 30, now_ms)?.pem;
        Ok(Self { keys: Arc::new(SoftKeys::new(secret, Zeroizing::new([1; 16]))), certificate })
    }
}

#[expect(clippy::disallowed_methods, reason = "certificates of a benchmark are made now")]
fn now_ms() -> Result<i64> {
    Ok(SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis().try_into()?)
}
