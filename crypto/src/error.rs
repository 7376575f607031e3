//! What can go wrong, as one enum.

/// Everything a caller of this crate can be told.
///
/// Variants say who is at fault; none carries key material or plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CryptoError {
    /// The operating system gave no random bytes.
    #[error(
        "the system's random number generator failed and nothing was signed or sealed; check getrandom(2) on this host"
    )]
    Random,
    /// A private key that is malformed or out of range.
    #[error("not an SM2 private key ({0}); pass an unencrypted PKCS#8 PEM block of curve sm2p256v1")]
    SecretKey(&'static str),
    /// A file that holds no private key of a form that is read here, or asks for too much.
    #[error("the private key file cannot be used: {0}")]
    KeyFile(&'static str),
    /// An encrypted private key that does not open.
    #[error("the private key does not open: the passphrase is wrong or the file is damaged")]
    Passphrase,
    /// A public key that is malformed, of another curve, or not on the curve.
    #[error("not an SM2 public key ({0}); pass an uncompressed point of curve sm2p256v1")]
    PublicKey(&'static str),
    /// Bytes that are no SM2 signature: bad DER, or r or s outside [1, n-1].
    #[error("not an SM2 signature: r and s must each lie in [1, n-1], in strict DER or as 64 bytes")]
    SignatureEncoding,
    /// A well-formed signature that does not belong to this message, user id and key.
    #[error("the SM2 signature does not verify: the message, the user id or the key is another one")]
    Signature,
    /// A signing user id longer than SM2 can express.
    #[error("the SM2 user id is longer than 8191 bytes; shorten it")]
    UserId,
    /// A message that SM2 encryption does not take.
    #[error("SM2 encrypts 1 to 65536 bytes; put a longer message in an envelope")]
    Plaintext,
    /// Bytes that are no SM2 ciphertext.
    #[error("not an SM2 ciphertext ({0}); pass C1 || C3 || C2 or the DER of GM/T 0009 unchanged")]
    Ciphertext(&'static str),
    /// Bytes that are no SM2EnvelopedKey.
    #[error("not an enveloped SM2 key ({0}); pass the DER of GM/T 0009, 7.4 unchanged")]
    EnvelopedKey(&'static str),
    /// Bytes that are no digital envelope, or not one for this certificate; recipients that none can be made for.
    #[error("the digital envelope cannot be read or made: {0}")]
    EnvelopedData(&'static str),
    /// Ciphertext, tag, key, nonce and associated data do not belong together.
    #[error(
        "decryption failed: the data was altered or belongs to another key or context; nothing was released"
    )]
    Decrypt,
    /// Bytes that are no sealed object of a version this build reads.
    #[error("not a sealed object ({0}); it is damaged or was written by a newer version")]
    Envelope(&'static str),
    /// More output or input than the algorithm allows.
    #[error("{0} is longer than the algorithm allows; split it")]
    TooLong(&'static str),
    /// A nonce or tag of a length that the mode does not have.
    #[error("{0} of this length is not allowed; see the mode's documentation for those that are")]
    Length(&'static str),
    /// A peer's key share that cannot be used.
    #[error("the peer's key share is malformed ({0}); end the handshake")]
    KeyShare(&'static str),
    /// The other side of a key exchange did not show that it has the same key.
    #[error(
        "the peer's key confirmation does not match: its key, user id or message is another one; drop the exchange"
    )]
    KeyConfirmation,
    /// A known-answer test failed: the code or the machine computes wrongly.
    #[error("the known-answer test of {0} failed; do not use this build on this machine")]
    SelfTest(&'static str),
    /// A hardware or remote key provider refused or failed.
    #[error("the key provider failed ({0}); see its own log")]
    Provider(&'static str),
}
