//! The digital envelope of GM/T 0010-2012 (GB/T 35275-2017): content under an SM4 key, and that key encrypted with SM2
//! to each recipient.
//!
//! ```text
//! ContentInfo ::= SEQUENCE { 1.2.156.10197.6.1.4.2.3, [0] EXPLICIT SEQUENCE {
//!   version              INTEGER (1),
//!   recipientInfos       SET OF SEQUENCE {
//!     version                INTEGER (1),
//!     issuerAndSerialNumber  SEQUENCE { issuer Name, serialNumber INTEGER },
//!     keyEncryptionAlgorithm AlgorithmIdentifier,   -- SM2 encryption
//!     encryptedKey           OCTET STRING },        -- the DER of a Ciphertext
//!   encryptedContentInfo SEQUENCE {
//!     contentType                1.2.156.10197.6.1.4.2.1,
//!     contentEncryptionAlgorithm AlgorithmIdentifier,
//!     encryptedContent           [0] IMPLICIT OCTET STRING } } }
//! ```
//!
//! It hides the content and says nothing about who made it. In the form with SM4-CBC, the one the standard knows,
//! nothing shows that the content is what was sealed: check a signature over it, and never tell a stranger whether
//! an envelope of his opened. [`Form::Sm4Gcm`] notices every change.
//!
//! Read are all three [`Form`]s, with NULL parameters or without; not read are recipients named by a subject key
//! identifier (they are passed over, as those of other algorithms are), sharedInfo, and BER.

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, Reader, Sequence, SliceReader, Tag, Tagged};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{Ciphertext, PublicKey};
use crate::sm4::{self, cbc, gcm};
use crate::{CryptoError, random};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.1");
const ENVELOPED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.6.1.4.2.3");
/// Public-key encryption in GM/T 0006, and what GmSSL writes in its place: there it names the key exchange.
const SM2_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301.3");
const SM2_OF_GMSSL: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301.2");
const SM4_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104.2");
const SM4_GCM: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104.8");
const VERSION: u8 = 1;

/// How an envelope is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// SM4-GCM with the tag after the ciphertext and the parameters of RFC 5084, as gmsm writes it.
    Sm4Gcm,
    /// SM4-CBC, as the standard has it.
    Sm4Cbc,
    /// SM4-CBC, and SM2 encryption named as GmSSL 3 names it, which reads nothing else.
    GmSsl,
}

/// A certificate by its issuer and number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateId<'a> {
    /// The issuer's Name in DER, as it stands in the certificate.
    pub issuer: &'a [u8],
    /// The serial number's content octets, as they stand in the certificate.
    pub serial: &'a [u8],
}

/// Whom an envelope is for.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// The recipient's certificate.
    pub certificate: CertificateId<'a>,
    /// The public key in it.
    pub public_key: &'a PublicKey,
}

#[derive(Sequence)]
struct ContentInfo<'a> {
    content_type: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    content: EnvelopedData<'a>,
}

#[derive(Sequence)]
struct EnvelopedData<'a> {
    version: u8,
    /// Read one by one: recipients of other kinds may be among them.
    recipient_infos: AnyRef<'a>,
    encrypted_content_info: EncryptedContentInfo<'a>,
}

#[derive(Sequence)]
struct RecipientInfo<'a> {
    version: u8,
    issuer_and_serial_number: IssuerAndSerialNumber<'a>,
    key_encryption_algorithm: AlgorithmIdentifierRef<'a>,
    encrypted_key: &'a OctetStringRef,
}

#[derive(Sequence)]
struct IssuerAndSerialNumber<'a> {
    issuer: AnyRef<'a>,
    serial_number: AnyRef<'a>,
}

#[derive(Sequence)]
struct EncryptedContentInfo<'a> {
    content_type: ObjectIdentifier,
    content_encryption_algorithm: AlgorithmIdentifierRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    encrypted_content: &'a OctetStringRef,
}

/// GCMParameters of RFC 5084, 3.2.
#[derive(Sequence)]
struct GcmParameters<'a> {
    nonce: &'a OctetStringRef,
    icv_len: u8,
}

/// Seals `content` to all `recipients` under a new SM4 key, in DER.
///
/// # Errors
/// [`CryptoError::EnvelopedData`] without recipients, or if one's issuer is not DER or its serial number empty,
/// [`CryptoError::TooLong`] above 4 GiB, [`CryptoError::Random`] without random bytes.
pub fn seal(content: &[u8], recipients: &[Recipient<'_>], form: Form) -> Result<Vec<u8>, CryptoError> {
    if recipients.is_empty() {
        return Err(CryptoError::EnvelopedData("it is for nobody"));
    }
    let mut key = Zeroizing::new([0; sm4::KEY_LEN]);
    random::fill(key.as_mut())?;
    let mut infos = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        infos.push(recipient_info(recipient, &key, form)?);
    }
    // DER orders the elements of a SET OF.
    infos.sort();
    match form {
        Form::Sm4Gcm => {
            let mut nonce = [0; gcm::NONCE_LEN];
            random::fill(&mut nonce)?;
            let sealed = gcm::Key::new(&key).seal(&nonce, b"", content);
            let parameters = gcm_parameters(&nonce)?;
            write(&infos.concat(), SM4_GCM, AnyRef::from_der(&parameters).map_err(too_long)?, &sealed)
        }
        Form::Sm4Cbc | Form::GmSsl => {
            let mut iv = [0; sm4::BLOCK_LEN];
            random::fill(&mut iv)?;
            let sealed = cbc::encrypt(&key, &iv, content);
            write(&infos.concat(), SM4_CBC, AnyRef::new(Tag::OctetString, &iv).map_err(too_long)?, &sealed)
        }
    }
}

/// Opens an envelope as the holder of `certificate`. `decrypt` decrypts one SM2 ciphertext with its key:
/// [`SecretKey::decrypt`](super::SecretKey::decrypt) or a provider.
///
/// # Errors
/// [`CryptoError::EnvelopedData`] if it cannot be read or is not for this certificate, [`CryptoError::Decrypt`] if
/// anything does not match, and what `decrypt` reports.
pub fn open(
    der: &[u8],
    certificate: CertificateId<'_>,
    decrypt: impl FnOnce(&Ciphertext) -> Result<Zeroizing<Vec<u8>>, CryptoError>,
) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let ContentInfo { content_type, content } = ContentInfo::from_der(der).map_err(|_| BAD_DER)?;
    if content_type != ENVELOPED_DATA || content.encrypted_content_info.content_type != DATA {
        return Err(CryptoError::EnvelopedData("other content"));
    }
    if content.version != VERSION {
        return Err(CryptoError::EnvelopedData("unknown version"));
    }
    let encrypted_key = encrypted_key(content.recipient_infos, certificate)?;
    let content_cipher = ContentCipher::read(&content.encrypted_content_info.content_encryption_algorithm)?;
    let key = decrypt(&encrypted_key)?;
    let key = key.as_slice().try_into().map_err(|_| CryptoError::Decrypt)?;
    content_cipher.open(key, content.encrypted_content_info.encrypted_content.as_bytes())
}

/// The content's cipher, with its nonce or IV.
enum ContentCipher {
    Cbc([u8; sm4::BLOCK_LEN]),
    Gcm([u8; gcm::NONCE_LEN]),
}

impl ContentCipher {
    fn read(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Self, CryptoError> {
        let parameters = algorithm.parameters.ok_or(OTHER_CIPHER)?;
        if algorithm.oid == SM4_CBC {
            let iv = <&OctetStringRef>::try_from(parameters).map_err(|_| OTHER_CIPHER)?;
            return iv.as_bytes().try_into().map(Self::Cbc).map_err(|_| OTHER_CIPHER);
        }
        let gcm = parameters.decode_as::<GcmParameters<'_>>().map_err(|_| OTHER_CIPHER)?;
        if algorithm.oid != SM4_GCM || usize::from(gcm.icv_len) != gcm::TAG_LEN {
            return Err(OTHER_CIPHER);
        }
        gcm.nonce.as_bytes().try_into().map(Self::Gcm).map_err(|_| OTHER_CIPHER)
    }

    fn open(self, key: &[u8; sm4::KEY_LEN], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
        match self {
            Self::Cbc(iv) => cbc::decrypt(key, &iv, sealed).ok_or(CryptoError::Decrypt),
            Self::Gcm(nonce) => gcm::Key::new(key).open(&nonce, b"", sealed).map(Zeroizing::new),
        }
    }
}

/// The key encrypted to `certificate`, among those to others.
fn encrypted_key(infos: AnyRef<'_>, certificate: CertificateId<'_>) -> Result<Ciphertext, CryptoError> {
    if infos.tag() != Tag::Set {
        return Err(BAD_DER);
    }
    let mut reader = SliceReader::new(infos.value()).map_err(|_| BAD_DER)?;
    while !reader.is_finished() {
        let info = AnyRef::decode(&mut reader).map_err(|_| BAD_DER)?;
        let Ok(info) = info.decode_as::<RecipientInfo<'_>>() else { continue };
        if info.is_for(certificate) {
            return Ciphertext::from_der(info.encrypted_key.as_bytes());
        }
    }
    Err(CryptoError::EnvelopedData("not for this certificate"))
}

impl RecipientInfo<'_> {
    fn is_for(&self, certificate: CertificateId<'_>) -> bool {
        let name = &self.issuer_and_serial_number;
        let algorithm = &self.key_encryption_algorithm;
        self.version == VERSION
            && name.issuer.to_der().is_ok_and(|issuer| issuer == certificate.issuer)
            && name.serial_number.tag() == Tag::Integer
            && name.serial_number.value() == certificate.serial
            && [SM2_ENCRYPTION, SM2_OF_GMSSL].contains(&algorithm.oid)
            && algorithm.parameters.is_none_or(|parameters| parameters == AnyRef::NULL)
    }
}

fn recipient_info(
    recipient: &Recipient<'_>,
    key: &[u8; sm4::KEY_LEN],
    form: Form,
) -> Result<Vec<u8>, CryptoError> {
    let CertificateId { issuer, serial } = recipient.certificate;
    if serial.is_empty() {
        return Err(CryptoError::EnvelopedData("a recipient without serial number"));
    }
    let issuer =
        AnyRef::from_der(issuer).map_err(|_| CryptoError::EnvelopedData("a recipient's issuer is no DER"))?;
    let (oid, parameters) = match form {
        Form::GmSsl => (SM2_OF_GMSSL, None),
        Form::Sm4Gcm | Form::Sm4Cbc => (SM2_ENCRYPTION, Some(AnyRef::NULL)),
    };
    let encrypted_key = recipient.public_key.encrypt(key)?.to_der();
    let info = RecipientInfo {
        version: VERSION,
        issuer_and_serial_number: IssuerAndSerialNumber {
            issuer,
            serial_number: AnyRef::new(Tag::Integer, serial).map_err(too_long)?,
        },
        key_encryption_algorithm: AlgorithmIdentifierRef { oid, parameters },
        encrypted_key: OctetStringRef::new(&encrypted_key).map_err(too_long)?,
    };
    info.to_der().map_err(too_long)
}

fn gcm_parameters(nonce: &[u8; gcm::NONCE_LEN]) -> Result<Vec<u8>, CryptoError> {
    let nonce = OctetStringRef::new(nonce).map_err(too_long)?;
    GcmParameters { nonce, icv_len: gcm::TAG_LEN as u8 }.to_der().map_err(too_long)
}

fn write(
    infos: &[u8],
    oid: ObjectIdentifier,
    parameters: AnyRef<'_>,
    sealed: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let info = ContentInfo {
        content_type: ENVELOPED_DATA,
        content: EnvelopedData {
            version: VERSION,
            recipient_infos: AnyRef::new(Tag::Set, infos).map_err(too_long)?,
            encrypted_content_info: EncryptedContentInfo {
                content_type: DATA,
                content_encryption_algorithm: AlgorithmIdentifierRef { oid, parameters: Some(parameters) },
                encrypted_content: OctetStringRef::new(sealed).map_err(too_long)?,
            },
        },
    };
    info.to_der().map_err(too_long)
}

const OTHER_CIPHER: CryptoError =
    CryptoError::EnvelopedData("neither SM4-CBC nor SM4-GCM with a 12-byte nonce and a 16-byte tag");
const BAD_DER: CryptoError = CryptoError::EnvelopedData("bad DER");

/// The only way these fields can fail to encode.
fn too_long(_: der::Error) -> CryptoError {
    CryptoError::TooLong("the content of the envelope")
}

#[cfg(test)]
mod tests;
