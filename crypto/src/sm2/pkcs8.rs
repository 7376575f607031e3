//! Private keys in PKCS#8 (RFC 5958) around an ECPrivateKey (RFC 5915), curve 1.2.156.10197.1.301.

use pkcs8::der::asn1::OctetStringRef;
use pkcs8::der::pem::PemLabel;
use pkcs8::der::{self, Decode, Encode};
use pkcs8::{AlgorithmIdentifierRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument};
use sec1::EcPrivateKey;
use zeroize::Zeroizing;

use super::{PublicKey, SecretKey};
use crate::CryptoError;

/// id-ecPublicKey and sm2p256v1 (GB/T 35276-2017, 7.1).
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SM2P256V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");

impl SecretKey {
    /// Reads an unencrypted PKCS#8 PEM block (RFC 5958; curve 1.2.156.10197.1.301).
    ///
    /// # Errors
    /// [`CryptoError::SecretKey`] if the text is anything else, or the public key inside is another one's.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, CryptoError> {
        let (label, document) =
            SecretDocument::from_pem(pem).map_err(|_| CryptoError::SecretKey("bad PKCS#8 PEM"))?;
        PrivateKeyInfoRef::validate_pem_label(label)
            .map_err(|_| CryptoError::SecretKey("the PEM block has another label"))?;
        Self::from_pkcs8_der(document.as_bytes())
    }

    /// This key as an unencrypted PKCS#8 PEM block, with the public key inside.
    pub fn to_pkcs8_pem(&self) -> Zeroizing<String> {
        SecretDocument::try_from(self.to_pkcs8_der().as_slice())
            .and_then(|document| document.to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF))
            .expect("a short document fits a PEM block")
    }

    /// Reads an unencrypted PKCS#8 document.
    pub(crate) fn from_pkcs8_der(document: &[u8]) -> Result<Self, CryptoError> {
        let info = PrivateKeyInfoRef::from_der(document)
            .map_err(|_| CryptoError::SecretKey("bad PKCS#8 structure"))?;
        info.algorithm
            .assert_oids(EC_PUBLIC_KEY, SM2P256V1)
            .map_err(|_| CryptoError::SecretKey("another algorithm or curve"))?;
        let inner = EcPrivateKey::from_der(info.private_key.as_bytes())
            .map_err(|_| CryptoError::SecretKey("bad ECPrivateKey structure"))?;
        if inner.parameters.is_some_and(|curve| curve.named_curve() != Some(SM2P256V1)) {
            return Err(CryptoError::SecretKey("two different curves"));
        }
        let d = inner.private_key.try_into().map_err(|_| CryptoError::SecretKey("d is not 32 bytes"))?;
        let key = Self::from_bytes(d)?;
        match inner.public_key.map(PublicKey::from_sec1) {
            Some(public) if public != Ok(key.public_key()) => {
                Err(CryptoError::SecretKey("the public key inside belongs to another key"))
            }
            _ => Ok(key),
        }
    }

    /// This key as an unencrypted PKCS#8 document, with the public key inside.
    pub(crate) fn to_pkcs8_der(&self) -> Zeroizing<Vec<u8>> {
        self.encode_pkcs8().expect("a scalar and a point of fixed length encode")
    }

    fn encode_pkcs8(&self) -> der::Result<Zeroizing<Vec<u8>>> {
        let (d, public) = (self.scalar().to_bytes(), self.public_key().to_sec1());
        let inner = EcPrivateKey { private_key: d.as_slice(), parameters: None, public_key: Some(&public) };
        let inner = Zeroizing::new(inner.to_der()?);
        let algorithm = AlgorithmIdentifierRef { oid: EC_PUBLIC_KEY, parameters: Some((&SM2P256V1).into()) };
        Ok(Zeroizing::new(PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&inner)?).to_der()?))
    }
}
