//! EncryptedPrivateKeyInfo (RFC 5958, section 3) under PBES2 (RFC 8018, section 6.2) with PBKDF2-HMAC-SM3 and SM4-CBC.

use der::asn1::{AnyRef, Null, ObjectIdentifier, OctetStringRef};
use der::{Choice, Decode, DecodeValue, Encode, Sequence};
use spki::AlgorithmIdentifierRef;
use zeroize::{Zeroize, Zeroizing};

use crate::sm4::{BLOCK_LEN, KEY_LEN, cbc};
use crate::{CryptoError, hmac, random};

const PBES2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
/// GM/T 0006-2012.
const SM4_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.104.2");

/// Iterations of a key that is written: a fifth of a second on a server's core.
pub(super) const ITERATIONS: u32 = 600_000;

/// Most iterations of a key that is read, so that a file cannot keep a node from starting for hours.
pub(super) const MAX_ITERATIONS: u32 = 10_000_000;

const SALT_LEN: usize = 16;

/// Under which object identifier a key file names HMAC-SM3. Each reader knows one of them only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// 1.2.156.10197.1.401.2 without parameters (GM/T 0006-2012; GM/T 0091-2020, annex C). GmSSL reads it.
    #[default]
    Gm,
    /// 1.2.156.10197.1.401.3.1 with NULL parameters (GM/T 0091-2020, annex A.2). OpenSSL and Tongsuo read it.
    OpenSsl,
}

impl Dialect {
    const ALL: [Self; 2] = [Self::Gm, Self::OpenSsl];

    const fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Gm => ObjectIdentifier::new_unwrap("1.2.156.10197.1.401.2"),
            Self::OpenSsl => ObjectIdentifier::new_unwrap("1.2.156.10197.1.401.3.1"),
        }
    }

    fn prf(self) -> AlgorithmIdentifierRef<'static> {
        let parameters = match self {
            Self::Gm => None,
            Self::OpenSsl => Some(AnyRef::from(Null)),
        };
        AlgorithmIdentifierRef { oid: self.oid(), parameters }
    }
}

#[derive(Sequence)]
struct EncryptedPrivateKeyInfo<'a> {
    algorithm: AlgorithmIdentifierRef<'a>,
    data: &'a OctetStringRef,
}

#[derive(Sequence)]
struct Pbes2Params<'a> {
    kdf: AlgorithmIdentifierRef<'a>,
    encryption: AlgorithmIdentifierRef<'a>,
}

#[derive(Sequence)]
struct Pbkdf2Params<'a> {
    salt: &'a OctetStringRef,
    iterations: u32,
    key_len: Option<u16>,
    prf: Option<AlgorithmIdentifierRef<'a>>,
}

/// Encrypts `key` under fresh salt and IV.
pub(super) fn encrypt(
    key: &[u8],
    passphrase: &[u8],
    dialect: Dialect,
    iterations: u32,
) -> Result<Vec<u8>, CryptoError> {
    let (mut salt, mut iv) = ([0; SALT_LEN], [0; BLOCK_LEN]);
    random::fill(&mut salt)?;
    random::fill(&mut iv)?;
    let data = cbc::encrypt(&pbkdf2(passphrase, &salt, iterations), &iv, key);
    encode(&salt, iterations, dialect, &iv, &data).map_err(|_| CryptoError::TooLong("a key file"))
}

pub(super) fn encode(
    salt: &[u8],
    iterations: u32,
    dialect: Dialect,
    iv: &[u8],
    data: &[u8],
) -> Result<Vec<u8>, der::Error> {
    // GmSSL and OpenSSL leave the key length out or not; SM4 has one only, so either reads it both ways.
    let (salt, prf) = (OctetStringRef::new(salt)?, Some(dialect.prf()));
    let kdf = Pbkdf2Params { salt, iterations, key_len: None, prf }.to_der()?;
    let iv = OctetStringRef::new(iv)?;
    let kdf = AlgorithmIdentifierRef { oid: PBKDF2, parameters: Some(AnyRef::try_from(kdf.as_slice())?) };
    let encryption = AlgorithmIdentifierRef { oid: SM4_CBC, parameters: Some(AnyRef::from(iv)) };
    let parameters = Pbes2Params { kdf, encryption }.to_der()?;
    let parameters = Some(AnyRef::try_from(parameters.as_slice())?);
    let algorithm = AlgorithmIdentifierRef { oid: PBES2, parameters };
    EncryptedPrivateKeyInfo { algorithm, data: OctetStringRef::new(data)? }.to_der()
}

/// The encrypted PrivateKeyInfo, or what a wrong passphrase makes of it.
pub(super) fn decrypt(der: &[u8], passphrase: &[u8]) -> Result<Zeroizing<Vec<u8>>, CryptoError> {
    let info = EncryptedPrivateKeyInfo::from_der(der).map_err(malformed)?;
    let params: Pbes2Params<'_> = parameters(&info.algorithm, PBES2, OTHER_SCHEME)?;
    let kdf: Pbkdf2Params<'_> = parameters(&params.kdf, PBKDF2, OTHER_SCHEME)?;
    let iv: &OctetStringRef = parameters(&params.encryption, SM4_CBC, OTHER_CIPHER)?;
    let iv = <[u8; BLOCK_LEN]>::try_from(iv.as_bytes()).map_err(|_| MALFORMED)?;
    check(&kdf)?;
    let key = pbkdf2(passphrase, kdf.salt.as_bytes(), kdf.iterations);
    cbc::decrypt(&key, &iv, info.data.as_bytes()).ok_or(CryptoError::Passphrase)
}

fn check(kdf: &Pbkdf2Params<'_>) -> Result<(), CryptoError> {
    // Without a name it is HMAC-SHA-1 (RFC 8018, A.2).
    let prf = kdf.prf.ok_or(OTHER_PRF)?;
    let known = Dialect::ALL.iter().any(|dialect| dialect.oid() == prf.oid);
    if !known || prf.parameters.is_some_and(|parameters| !parameters.is_null()) {
        return Err(OTHER_PRF);
    }
    if kdf.key_len.is_some_and(|len| usize::from(len) != KEY_LEN) || kdf.iterations == 0 {
        return Err(MALFORMED);
    }
    if kdf.iterations > MAX_ITERATIONS {
        return Err(CryptoError::KeyFile("it asks for more than 10,000,000 iterations; write it with fewer"));
    }
    Ok(())
}

/// The parameters of an algorithm that must be `oid`.
fn parameters<'a, T: Choice<'a> + DecodeValue<'a, Error = der::Error>>(
    algorithm: &AlgorithmIdentifierRef<'a>,
    oid: ObjectIdentifier,
    other: CryptoError,
) -> Result<T, CryptoError> {
    if algorithm.oid != oid {
        return Err(other);
    }
    algorithm.parameters.ok_or(MALFORMED)?.decode_as().map_err(malformed)
}

/// PBKDF2 (RFC 8018, section 5.2) with HMAC-SM3, for a key that is no longer than one tag.
pub(super) fn pbkdf2(passphrase: &[u8], salt: &[u8], iterations: u32) -> Zeroizing<[u8; KEY_LEN]> {
    let keyed = hmac::Keyed::new(passphrase);
    let mut u = Zeroizing::new(keyed.tag(&[salt, &1u32.to_be_bytes()]));
    let mut t = u.clone();
    for _ in 1..iterations {
        *u = keyed.tag(&[u.as_ref()]);
        t.iter_mut().zip(u.iter()).for_each(|(t, u)| *t ^= u);
    }
    let mut key = Zeroizing::new([0; KEY_LEN]);
    key.iter_mut().zip(t.iter()).for_each(|(key, t)| *key = *t);
    t.zeroize();
    key
}

const MALFORMED: CryptoError = CryptoError::KeyFile("its DER is malformed; restore it from the backup");
const OTHER_SCHEME: CryptoError =
    CryptoError::KeyFile("it is not encrypted with PBES2 and PBKDF2; convert it");
const OTHER_CIPHER: CryptoError = CryptoError::KeyFile("it is not encrypted with SM4-CBC; convert it");
const OTHER_PRF: CryptoError =
    CryptoError::KeyFile("its PBKDF2 does not use HMAC-SM3; write it again with -v2prf hmacWithSM3");

fn malformed(_: der::Error) -> CryptoError {
    MALFORMED
}
