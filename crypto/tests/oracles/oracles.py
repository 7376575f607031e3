"""SM2, SM3 and SM4 by tongsuopy (Tongsuo) and gmssl-pyx (GmSSL), for this crate to be compared with.

    oracles.py make         prints vectors made by the two, as JSON; `crypto/tests/vectors/oracles.json` is such a file
    oracles.py check FILE   has the two check what this crate made (see README.md)
"""

import json
import random
import secrets
import sys

import gmssl_pyx as gmssl
from tongsuopy.crypto import hashes, serialization
from tongsuopy.crypto.asymciphers import ec
from tongsuopy.crypto.ciphers.aead import SM4CCM, SM4GCM

# Around blocks and batches of every kernel, and some by chance.
LENGTHS = [0, 1, 15, 16, 17, 63, 64, 65, 127, 128, 255, 256, 257, 1023, 1024, 1025, 1350] + [
    random.randrange(3000) for _ in range(8)
]
# A signature sees its message only through SM3.
MESSAGE_LENGTHS = [0, 1, 55, 64, 100]
USER_IDS = [b"1234567812345678", b"TLSv1.3+GM+Cipher+Suite", b"ALICE123@YAHOO.COM"]
SM2_WITH_SM3 = ec.ECDSA(hashes.SM3())


def hexes(**values):
    """A vector: bytes as hexadecimal, anything else as it is."""
    return {name: value.hex() if isinstance(value, bytes) else value for name, value in values.items()}


def sm3_of_tongsuo(message):
    hasher = hashes.Hash(hashes.SM3())
    hasher.update(message)
    return hasher.finalize()


def make_sm3():
    for length in LENGTHS:
        message, key = secrets.token_bytes(length), secrets.token_bytes(1 + length % 100)
        digest = gmssl.sm3_hash(message)
        assert digest == sm3_of_tongsuo(message)
        yield hexes(message=message, digest=digest, key=key, hmac=gmssl.sm3_hmac(key, message))


def make_gcm():
    # Neither binding takes an empty plaintext.
    for length in filter(None, LENGTHS):
        key, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        aad, plaintext = secrets.token_bytes(length % 37), secrets.token_bytes(length)
        sealed = b"".join(gmssl.sm4_gcm_encrypt(key, nonce, aad, plaintext))
        assert sealed == SM4GCM(key).encrypt(nonce, plaintext, aad)
        yield hexes(key=key, nonce=nonce, aad=aad, plaintext=plaintext, sealed=sealed)


def make_ccm():
    for length in filter(None, LENGTHS):
        key, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        aad, plaintext = secrets.token_bytes(length % 37), secrets.token_bytes(length)
        sealed = SM4CCM(key).encrypt(nonce, plaintext, aad)
        yield hexes(key=key, nonce=nonce, aad=aad, plaintext=plaintext, sealed=sealed)


def make_ctr():
    for length in filter(None, LENGTHS):
        key, counter = secrets.token_bytes(16), secrets.token_bytes(12) + b"\xff\xff\xff\xf0"
        # Few enough blocks that no carry leaves the last 32 bits, where implementations differ by design.
        plaintext = secrets.token_bytes(min(length, 240))
        ciphertext = gmssl.sm4_ctr_encrypt(key, counter, plaintext)
        yield hexes(key=key, counter=counter, plaintext=plaintext, ciphertext=ciphertext)


def private_number(key):
    return key.private_numbers().private_value.to_bytes(32, "big")


def make_signatures():
    for user_id in USER_IDS:
        for length in MESSAGE_LENGTHS:
            message = secrets.token_bytes(length)
            public, private = gmssl.sm2_key_generate()
            signature = gmssl.sm2_sign(private, public, message, user_id)
            yield hexes(
                by="gmssl-pyx", user_id=user_id, private=private, public=b"\4" + public, message=message, signature=signature
            )
    for length in MESSAGE_LENGTHS:
        # Its binding knows the usual user id only.
        message, key = secrets.token_bytes(length), ec.generate_private_key(ec.SM2())
        public = point(key)
        signature = key.sign(message, SM2_WITH_SM3)
        assert gmssl.sm2_verify(public[1:], message, signature)
        yield hexes(
            by="tongsuopy", user_id=USER_IDS[0], private=private_number(key), public=public, message=message, signature=signature
        )


def point(key):
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def make_ciphertexts():
    for length in [1, 2, 16, 31, 32, 33, 63, 64, 65, 100, 254, 255]:
        public, private = gmssl.sm2_key_generate()
        plaintext = secrets.token_bytes(length)
        ciphertext = gmssl.sm2_encrypt(public, plaintext)
        yield hexes(private=private, plaintext=plaintext, ciphertext=ciphertext)


def make():
    makers = {
        "sm3": make_sm3,
        "sm4_gcm": make_gcm,
        "sm4_ccm": make_ccm,
        "sm4_ctr": make_ctr,
        "sm2_signatures": make_signatures,
        "sm2_ciphertexts": make_ciphertexts,
    }
    sections = []
    for name, maker in makers.items():
        rows = ",\n".join("  " + json.dumps(vector) for vector in maker())
        sections.append(f' "{name}": [\n{rows}\n ]')
    print('{\n "source": "gmssl-pyx 2.1.0 and tongsuopy 1.0.1, by crypto/tests/oracles/oracles.py",')
    print(",\n".join(sections) + "\n}")


def check_gcm(vector):
    key, nonce, aad, plaintext, sealed = (
        bytes.fromhex(vector[name]) for name in ("key", "nonce", "aad", "plaintext", "sealed")
    )
    assert gmssl.sm4_gcm_decrypt(key, nonce, aad, sealed[:-16], sealed[-16:]) == plaintext
    assert SM4GCM(key).decrypt(nonce, sealed, aad) == plaintext


def check_signature(vector):
    user_id, public, message, signature = (
        bytes.fromhex(vector[name]) for name in ("user_id", "public", "message", "signature")
    )
    assert gmssl.sm2_verify(public[1:], message, signature, user_id)
    if user_id == USER_IDS[0]:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SM2(), public).verify(signature, message, SM2_WITH_SM3)


def check_ciphertext(vector):
    private, plaintext, ciphertext = (bytes.fromhex(vector[name]) for name in ("private", "plaintext", "ciphertext"))
    assert gmssl.sm2_decrypt(private, ciphertext) == plaintext


def check(path):
    checkers = {"sm4_gcm": check_gcm, "sm2_signatures": check_signature, "sm2_ciphertexts": check_ciphertext}
    with open(path, encoding="utf-8") as file:
        made = json.load(file)
    for name, vectors in made.items():
        for vector in vectors:
            checkers[name](vector)
        print(f"{len(vectors)} {name} of ours hold")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["make"]:
            make()
        case ["check", path]:
            check(path)
        case _:
            sys.exit(__doc__)
