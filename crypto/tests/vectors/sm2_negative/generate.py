#!/usr/bin/env python3
"""Writes ../sm2_negative.json: what an SM2 implementation must refuse, and valid cases of the same kind beside it.

Run it without arguments, anywhere. It needs nothing but Python 3.8 and draws nothing at random.

Where it can, a case is built so that the missing check alone would make it pass: the ciphertext with C1 on another
curve has the C2 and C3 that a receiver without the check would compute.
"""

import os

from cases import File
from sm2 import (
    CERT_ID, INFINITY, N, P, TOP, B, Exchange, G, add, be, broken_headers, cipher_der, e_hash, element, encrypt, factor,
    integer, kdf, mul, multiples, point_of_order_2, point_of_order_3, right_side, seal_under, sec1, sequence,
    shared_bytes, sig_der, sign, sm3, smallest_x, smallest_y, square_root, twist_point, xy,
)

# The cases ---------------------------------------------------------------------------------------------------------

D = 0x3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8
K = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
MSG = b"message digest"

def signatures(out):
    public = mul(D, G)
    e = e_hash(public, CERT_ID, MSG)
    r, s = sign(D, e, K)
    assert r == 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
    group = {"userId": CERT_ID, "publicKey": sec1(public)}

    out.group("Sm2VerifyDer", **group)
    good = sig_der(r, s)
    out.valid("Valid", "GB/T 32918.5-2017, annex A.2", msg=MSG, sig=good)
    signature_lengths(out, public)
    for name, bad_r, bad_s in bad_pairs(r, s):
        out.invalid("RangeCheck", name, msg=MSG, sig=sig_der(bad_r, bad_s))
    for name, bad_r, bad_s in wrong_pairs(r, s):
        flag = "SumCheck" if (bad_r + bad_s) % N == 0 else "WrongValue"
        out.invalid(flag, name, msg=MSG, sig=sig_der(bad_r, bad_s))
    out.invalid("WrongValue", "another message", msg=MSG + b"\0", sig=good)
    out.invalid("WrongValue", "empty message", msg=b"", sig=good)
    for name, user_id in (("empty", b""), ("of TLS", b"TLSv1.3+GM+Cipher+Suite"), ("cut", CERT_ID[:-1])):
        other = sign(D, e_hash(public, user_id, MSG), K)
        out.invalid("WrongUserId", "user id " + name, msg=MSG, sig=sig_der(*other))
    plain_hash = sign(D, int.from_bytes(sm3(MSG), "big"), K)
    out.invalid("WrongUserId", "hash without Z", msg=MSG, sig=sig_der(*plain_hash))
    signature_encodings(out, r, s)

    out.group("Sm2VerifyRaw", **group)
    out.valid("Valid", "GB/T 32918.5-2017, annex A.2", msg=MSG, sig=be(r) + be(s))
    for name, bad_r, bad_s in bad_pairs(r, s):
        if 0 <= bad_r <= TOP and 0 <= bad_s <= TOP:
            out.invalid("RangeCheck", name, msg=MSG, sig=be(bad_r) + be(bad_s))
    for name, bad_r, bad_s in wrong_pairs(r, s):
        flag = "SumCheck" if (bad_r + bad_s) % N == 0 else "WrongValue"
        out.invalid(flag, name, msg=MSG, sig=be(bad_r) + be(bad_s))


def signature_lengths(out, public):
    """Valid signatures whose numbers have a short or a top-bit-set encoding."""
    seen = set()
    for k, kg in zip(range(1, 3000), multiples(G)):
        msg = b"message %d" % k
        r, s = sign(D, e_hash(public, CERT_ID, msg), k, kg)
        shape = (len(integer(r)), len(integer(s)))
        if shape not in seen and (min(shape) < 34 or k < 10):
            seen.add(shape)
            name = "k = %d: r in %d and s in %d bytes" % (k, shape[0] - 2, shape[1] - 2)
            out.valid("EdgeCase", name, msg=msg, sig=sig_der(r, s))


def bad_pairs(r, s):
    """Numbers out of range; the other one as it is, and both."""
    outside = {
        "0": 0, "n": N, "n + 1": N + 1, "p": P, "2^256 - 1": TOP, "2^256": 2**256, "-1": -1, "2n": 2 * N,
    }
    for name, bad in outside.items():
        yield "r = " + name, bad, s
        yield "s = " + name, r, bad
        yield "r = s = " + name, bad, bad
    for name, bad in outside.items():
        yield "r = %s, s = 1" % name, bad, 1
        yield "r = 1, s = " + name, 1, bad
    for name, shift in (("n", N), ("n * 2^256", N << 256), ("-n", -N)):
        yield "r + (%s)" % name, r + shift, s
        yield "s + (%s)" % name, r, s + shift
    yield "-r", -r, s
    yield "-s", r, -s


def wrong_pairs(r, s):
    """Numbers in range that are not the signature."""
    yield "r and s exchanged", s, r
    yield "s = n - s", r, N - s
    yield "r = n - r", N - r, s
    yield "s = -r modulo n", r, N - r
    yield "r = -s modulo n", N - s, s
    for small in (1, 2, 3):
        yield "r = %d, s = n - %d" % (small, small), small, N - small
        yield "r = n - %d, s = %d" % (small, small), N - small, small
    yield "r = s = 1", 1, 1
    yield "r = s = n - 1", N - 1, N - 1
    yield "r = 1, s = n - 2", 1, N - 2
    yield "r + 1", (r + 1) % N, s
    yield "s + 1", r, (s + 1) % N
    yield "r of G", G[0] % N, s


def signature_encodings(out, r, s):
    good, ri, si = sig_der(r, s), integer(r), integer(s)
    for length in range(len(good)):
        out.invalid("Truncated", "first %d bytes" % length, msg=MSG, sig=good[:length])
    for name, bad in broken_headers(good):
        out.invalid("InvalidEncoding", name, msg=MSG, sig=bad)
    body_r, body_s = ri[2:], si[2:]
    cases = [
        ("no s", sequence(ri)), ("no numbers", sequence()), ("a third number", sequence(ri, si, integer(1))),
        ("NULL after s", sequence(ri, si, b"\x05\0")), ("NULL before r", sequence(b"\x05\0", ri, si)),
        ("BOOLEAN for r", sequence(element(1, body_r), si)), ("OCTET STRING for s", sequence(ri, element(4, body_s))),
        ("context tag for r", sequence(element(0x82, body_r), si)),
        ("constructed INTEGER", sequence(element(0x22, ri), si)),
        ("BIT STRING for s", sequence(ri, element(3, b"\0", body_s))), ("r || s as 64 bytes", be(r) + be(s)),
        ("r || s in an OCTET STRING", element(4, be(r), be(s))),
        ("r || s in a SEQUENCE", element(0x30, be(r), be(s))),
    ]
    for name, bad in cases:
        out.invalid("InvalidEncoding", name, msg=MSG, sig=bad)
    cases = [
        ("r with a zero byte too many", sequence(element(2, b"\0", body_r), si)),
        ("s with a zero byte too many", sequence(ri, element(2, b"\0", body_s))),
        ("r with 32 zero bytes too many", sequence(element(2, bytes(32), body_r), si)),
        ("r without its zero byte: negative", sequence(element(2, be(r)), si)),
        ("s without its zero byte: negative", sequence(ri, element(2, be(s)))),
        ("s padded with ff", sequence(ri, element(2, b"\xff", be(s)))),
        ("empty r", sequence(element(2), si)), ("empty s", sequence(ri, element(2))),
        ("zero as two bytes", sequence(element(2, b"\0\0"), si)),
        ("length of r in the long form", sequence(b"\x02\x81" + ri[1:], si)),
        ("length of s in the long form", sequence(ri, b"\x02\x81" + si[1:])),
        ("indefinite length of r", sequence(b"\x02\x80" + body_r + b"\0\0", si)),
        ("r longer than the rest", sequence(b"\x02\x7f" + body_r, si)),
        ("s longer than the rest", sequence(ri, b"\x02" + bytes([len(body_s) + 1]) + body_s)),
        ("s shorter than the rest", sequence(ri, b"\x02" + bytes([len(body_s) - 1]) + body_s)),
        ("s of 1000 bytes", sequence(ri, element(2, b"\1", bytes(999)))),
    ]
    for name, bad in cases:
        out.invalid("InvalidInteger", name, msg=MSG, sig=bad)


def digests(out):
    """With the hash e free to choose, a signature with any r and s is valid: k = s(1 + d) + rd, e = r - x(kG)."""
    public = mul(D, G)
    out.group("Sm2VerifyDigest", publicKey=sec1(public))

    def digest(r, s):
        return be((r - mul((s * (1 + D) + r * D) % N, G)[0]) % N)

    for name, r, s in (
        ("r = s = 1", 1, 1), ("r = 1, s = 2", 1, 2), ("r = n - 1, s = n - 1", N - 1, N - 1),
        ("r = 1, s = n - 2", 1, N - 2), ("r = n - 2, s = 1", N - 2, 1), ("r = 2^224", 2**224, 3), ("r = s", 7, 7),
    ):
        out.valid("EdgeCase", name, digest=digest(r, s), sig=be(r) + be(s))
    s = 0x1234567890ABCDEF
    for name, r, s, as_r, as_s in (
        ("r = 0", 0, s, 0, s), ("r = n for 0", 0, s, N, s), ("s = 0", s, 0, s, 0), ("s = n for 0", s, 0, s, N),
        ("r = s = 0", 0, 0, 0, 0), ("r + n for r", 5, s, 5 + N, s), ("s + n for s", s, 5, s, 5 + N),
        ("r + n and s + n", 5, 6, 5 + N, 6 + N), ("r = 2^256 - 1", TOP - N, s, TOP, s),
    ):
        # The infinite kG of r = s = 0 stands for x = 0.
        e = be(0) if (r, s) == (0, 0) else digest(r, s)
        out.invalid("RangeCheck", name, digest=e, sig=be(as_r) + be(as_s))
    for s in (1, 2, N - 1, 0x1234567890ABCDEF):
        e = (N - s - mul(s, G)[0]) % N
        out.invalid("SumCheck", "r + s = n, s = %x" % s, digest=be(e), sig=be(N - s) + be(s))
    for t in (1, 2, 0xFEDCBA):
        s = -t * D % N
        r = (t - s) % N
        # sG + tP is infinite; taken for x = 0 it gives r = e.
        out.invalid("PointAtInfinity", "sG + (%x)P is infinite" % t, digest=be(r), sig=be(r) + be(s))
    out.invalid("WrongValue", "another e", digest=be((int.from_bytes(digest(1, 1), "big") + 1) % N), sig=be(1) + be(1))
    beyond_n = next(x for x in range(N, N + 1000) if square_root(right_side(x)) is not None)
    for name, x in (("n or more", beyond_n), ("less than p - n", smallest_x()[0])):
        wrapped_sum(out, name, (x, square_root(right_side(x))))


def wrapped_sum(out, name, q):
    """Signatures whose sG + tP is Q, under a key P made for them: x enters modulo n, and nothing else modulo p."""
    r, s = 2, 3
    t = r + s
    public = mul(pow(t, -1, N), add(q, (mul(s, G)[0], P - mul(s, G)[1])))
    assert add(mul(s, G), mul(t, public)) == q
    out.group("Sm2VerifyDigest", publicKey=sec1(public))
    out.valid("EdgeCase", "x of sG + tP is " + name, digest=be((r - q[0]) % N), sig=be(r) + be(s))
    for shift, what in ((P, "p"), (2**256, "2^256"), (-P, "-p")):
        e = be((r - q[0] - shift) % N)
        out.invalid("WrongValue", "x of sG + tP is %s, e for x + (%s)" % (name, what), digest=e, sig=be(r) + be(s))


def bad_points():
    """(flag, comment, 65 bytes or so) of what is no uncompressed point on the curve."""
    x, y = mul(D, G)
    yield "OffCurve", "y + 1", sec1((x, y + 1))
    yield "OffCurve", "x + 1", sec1((x + 1, y))
    yield "OffCurve", "x and y exchanged", sec1((y, x))
    yield "OffCurve", "(0, 0)", sec1((0, 0))
    yield "OffCurve", "(0, 1)", sec1((0, 1))
    yield "OffCurve", "x of G, y of another point", sec1((G[0], y))
    yield "OffCurve", "G of P-256", sec1((
        0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
        0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    ))
    yield "InvalidCurve", "order 2", sec1(point_of_order_2())
    yield "InvalidCurve", "order 3", sec1(point_of_order_3())
    yield "Twist", "point of the twist", sec1(twist_point())
    low_x, low_y = smallest_x(), smallest_y()
    yield "Unreduced", "x + p", sec1((low_x[0] + P, low_x[1]))
    yield "Unreduced", "y + p", sec1((low_y[0], low_y[1] + P))
    yield "Unreduced", "x = p", sec1((P, square_root(B) or 0))
    yield "Unreduced", "x = y = 2^256 - 1", sec1((TOP, TOP))
    yield "PointForm", "infinity in one byte", b"\0"
    yield "PointForm", "infinity in 65 bytes", bytes(65)
    yield "PointForm", "compressed", bytes([2 + y % 2]) + be(x)
    yield "PointForm", "compressed, the other sign", bytes([3 - y % 2]) + be(x)
    yield "PointForm", "compressed tag before both coordinates", bytes([2 + y % 2]) + xy((x, y))
    yield "PointForm", "hybrid", bytes([6 + y % 2]) + xy((x, y))
    yield "PointForm", "hybrid, the other sign", bytes([7 - y % 2]) + xy((x, y))
    yield "PointForm", "04 before x alone", b"\4" + be(x)
    yield "PointForm", "tag 05", b"\5" + xy((x, y))
    yield "PointForm", "no tag", xy((x, y))


def public_keys(out):
    public = mul(D, G)
    good = sec1(public)
    out.group("Sm2PublicKeySec1")
    out.valid("Valid", "GB/T 32918.5-2017, annex A.2", publicKey=good)
    for name, point in (
        ("G", G), ("-G", (G[0], P - G[1])), ("2G", mul(2, G)), ("smallest x", smallest_x()),
        ("smallest y", smallest_y()), ("greatest y", (smallest_y()[0], P - smallest_y()[1])),
    ):
        assert point[1] ** 2 % P == right_side(point[0])
        out.valid("EdgeCase", name, publicKey=sec1(point))
    for flag, name, bad in bad_points():
        out.invalid(flag, name, publicKey=bad)
    for length in range(65):
        out.invalid("Truncated", "first %d bytes" % length, publicKey=good[:length])
    out.invalid("InvalidEncoding", "a zero byte after the end", publicKey=good + b"\0")
    out.invalid("InvalidEncoding", "a zero byte before it", publicKey=b"\0" + good)

    ec, curve = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a811ccf5501822d")
    p256, rsa = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06092a864886f70d010101")
    encryption = bytes.fromhex("06092a811ccf5501822d03")
    spki = sequence(sequence(ec, curve), element(3, b"\0", good))
    out.group("Sm2PublicKeySpki")
    out.valid("Valid", "GB/T 32918.5-2017, annex A.2", publicKey=spki)
    for name, bad in broken_headers(spki):
        out.invalid("InvalidEncoding", name, publicKey=bad)
    for length in range(len(spki)):
        out.invalid("Truncated", "first %d bytes" % length, publicKey=spki[:length])
    for flag, name, algorithm, bits in (
        ("WrongCurve", "P-256", sequence(ec, p256), b"\0" + good),
        ("WrongCurve", "no curve", sequence(ec), b"\0" + good),
        ("WrongCurve", "NULL for the curve", sequence(ec, b"\5\0"), b"\0" + good),
        ("WrongCurve", "RSA", sequence(rsa, b"\5\0"), b"\0" + good),
        ("WrongCurve", "SM2 encryption as the algorithm", sequence(encryption, b"\5\0"), b"\0" + good),
        ("WrongCurve", "curve as the algorithm", sequence(curve), b"\0" + good),
        ("InvalidEncoding", "unused bits", sequence(ec, curve), b"\1" + good),
        ("InvalidEncoding", "no count of unused bits", sequence(ec, curve), good),
        ("InvalidEncoding", "NULL after the curve", sequence(ec, curve, b"\5\0"), b"\0" + good),
        ("InvalidEncoding", "empty BIT STRING", sequence(ec, curve), b""),
    ):
        out.invalid(flag, name, publicKey=sequence(algorithm, element(3, bits)))
    for flag, name, bad in bad_points():
        out.invalid(flag, name, publicKey=sequence(sequence(ec, curve), element(3, b"\0", bad)))


def private_keys(out):
    out.group("Sm2PrivateKey")
    for name, d in (("1", 1), ("2", 2), ("n - 2", N - 2), ("2^255", 2**255), ("annex A.2", D)):
        out.valid("EdgeCase", "d = " + name, privateKey=be(d), publicKey=sec1(mul(d, G)))
    for name, d in (
        ("0", 0), ("n - 1", N - 1), ("n", N), ("n + 1", N + 1), ("2^256 - 1", TOP), ("2^256 - 2", TOP - 1), ("p", P),
    ):
        out.invalid("RangeCheck", "d = " + name, privateKey=be(d))


def ciphertexts(out):
    public, msg = mul(D, G), b"encryption standard"
    c1, c3, c2 = encrypt(public, msg, K)
    assert c3.hex().startswith("59983c18") and c2.hex().startswith("21886ca9")

    out.group("Sm2DecryptRaw", privateKey=be(D))
    good = c1 + c3 + c2
    out.valid("Valid", "GB/T 32918.5-2017, annex C", msg=msg, ct=good)
    for length, k in ((1, 2), (31, 3), (32, 4), (33, 5), (64, 6), (100, N - 1), (256, 1), (1000, N - 2)):
        text = kdf(b"plaintext", length)
        out.valid("EdgeCase", "%d bytes" % length, msg=text, ct=b"".join(encrypt(public, text, k)))
    out.valid("EdgeCase", "zero bytes first", msg=bytes(8) + b"x", ct=b"".join(encrypt(public, bytes(8) + b"x", 7)))
    for name, bad in bad_ciphertexts(c1, c3, c2, public):
        out.invalid(name[0], name[1], ct=b"".join(bad))
    for at in range(len(good)):
        part = "C1" if at < 65 else "C3" if at < 97 else "C2"
        altered = good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :]
        out.invalid("Modified", "%s, byte %d" % (part, at), ct=altered)
    for length in range(len(good)):
        out.invalid("Truncated", "first %d bytes" % length, ct=good[:length])
    out.invalid("InvalidEncoding", "a zero byte after the end", ct=good + b"\0")
    out.invalid("InvalidEncoding", "the DER form", ct=cipher_der(c1, c3, c2))
    out.invalid("InvalidEncoding", "C1 without 04", ct=good[1:])
    for flag, name, bad in bad_points():
        if flag == "PointForm":
            out.invalid(flag, "C1 " + name, ct=bad + c3 + c2)
    ciphertexts_der(out, c1, c3, c2, public)


def bad_ciphertexts(c1, c3, c2, public):
    """Well-formed ciphertexts that must not decrypt, under the key D."""
    msg = b"encryption standard"
    yield ("WrongOrder", "C1 || C2 || C3"), (c1, c2, c3)
    yield ("EmptyMessage", "C2 is empty, C3 fits"), (c1, seal_under(xy(mul(K, public)), b"")[0], b"")
    yield ("WrongValue", "for another key"), encrypt(G, msg, K)
    yield ("WrongValue", "C1 of another ciphertext"), (encrypt(public, msg, 9)[0], c3, c2)
    yield ("WrongValue", "C3 of another message"), (c1, encrypt(public, msg + b"s", K)[1], c2)
    yield ("WrongValue", "C3 all zero"), (c1, bytes(32), c2)
    yield ("WrongValue", "C3 is the hash of the message"), (c1, sm3(msg), c2)
    yield ("WrongValue", "C1 negated"), (sec1((mul(K, G)[0], P - mul(K, G)[1])), c3, c2)
    kg, shared = next((g, p) for g, p in zip(multiples(G), multiples(public)) if kdf(xy(p), 1) == b"\0")
    yield ("BlankMask", "one byte, t = 0, C3 fits"), (sec1(kg), *seal_under(xy(shared), b"m"))
    # What a receiver without the check computes; adding points never needs b.
    for flag, name, bad in bad_points():
        if flag in ("OffCurve", "InvalidCurve", "Twist"):
            point = int.from_bytes(bad[1:33], "big"), int.from_bytes(bad[33:], "big")
            shared = shared_bytes(INFINITY if point == (0, 0) else mul(D, point))
            yield (flag, "C1 " + name + ", C2 and C3 fit"), (bad, *seal_under(shared, msg))
        elif flag == "Unreduced" and name in ("x + p", "y + p"):
            point = int.from_bytes(bad[1:33], "big") % P, int.from_bytes(bad[33:], "big") % P
            yield (flag, "C1 " + name + ", C2 and C3 fit"), (bad, *seal_under(xy(mul(D, point)), msg))


def ciphertexts_der(out, c1, c3, c2, public):
    good = cipher_der(c1, c3, c2)
    out.group("Sm2DecryptDer", privateKey=be(D))
    out.valid("Valid", "GB/T 32918.5-2017, annex C", msg=b"encryption standard", ct=good)
    seen = set()
    for k, kg in zip(range(1, 2000), multiples(G)):
        shape = len(integer(kg[0])), len(integer(kg[1]))
        if shape not in seen:
            seen.add(shape)
            name = "k = %d: x in %d and y in %d bytes" % (k, shape[0] - 2, shape[1] - 2)
            out.valid("EdgeCase", name, msg=b"message", ct=cipher_der(*encrypt(public, b"message", k)))
    for length in (100, 128, 256):
        text = kdf(b"plaintext", length)
        out.valid("EdgeCase", "%d bytes" % length, msg=text, ct=cipher_der(*encrypt(public, text, 11)))
    for name, bad in bad_ciphertexts(c1, c3, c2, public):
        if name[0] != "WrongOrder":
            out.invalid(name[0], name[1], ct=cipher_der(*bad))
    for length in range(len(good)):
        out.invalid("Truncated", "first %d bytes" % length, ct=good[:length])
    for name, bad in broken_headers(good):
        out.invalid("InvalidEncoding", name, ct=bad)
    x, y = integer(int.from_bytes(c1[1:33], "big")), integer(int.from_bytes(c1[33:], "big"))
    h, c = element(4, c3), element(4, c2)
    for flag, name, fields in (
        ("InvalidInteger", "x with a zero byte too many", (element(2, b"\0", x[2:]), y, h, c)),
        ("InvalidInteger", "y without its zero byte: negative", (x, element(2, c1[33:]), h, c)),
        ("InvalidInteger", "x + 2^256", (integer(2**256 + int.from_bytes(c1[1:33], "big")), y, h, c)),
        ("InvalidInteger", "negative x", (integer(-1), y, h, c)), ("InvalidInteger", "empty x", (b"\2\0", y, h, c)),
        ("InvalidInteger", "x = 0, y = 0", (integer(0), integer(0), h, c)),
        ("InvalidEncoding", "x and y exchanged", (y, x, h, c)), ("InvalidEncoding", "C3 and C2 exchanged", (x, y, c, h)),
        ("InvalidEncoding", "C3 of 31 bytes", (x, y, element(4, c3[1:]), c)),
        ("InvalidEncoding", "C3 of 33 bytes", (x, y, element(4, c3, b"\0"), c)),
        ("InvalidEncoding", "no C2", (x, y, h)), ("InvalidEncoding", "no C3", (x, y, c)),
        ("InvalidEncoding", "NULL after C2", (x, y, h, c, b"\5\0")),
        ("InvalidEncoding", "version before x", (integer(1), x, y, h, c)),
        ("InvalidEncoding", "BIT STRING for C2", (x, y, h, element(3, b"\0", c2))),
        ("InvalidEncoding", "constructed C2", (x, y, h, element(0x24, c))),
        ("InvalidEncoding", "constructed C2 of indefinite length", (x, y, h, b"\x24\x80" + c + b"\0\0")),
        ("InvalidEncoding", "OCTET STRING for x", (element(4, c1[1:33]), y, h, c)),
        ("InvalidEncoding", "C1 as a BIT STRING", (element(3, b"\0", c1), h, c)),
        ("InvalidEncoding", "C1 as an OCTET STRING", (element(4, c1), h, c)),
        ("InvalidEncoding", "length of C2 in the long form", (x, y, h, b"\4\x81" + c[1:])),
    ):
        out.invalid(flag, name, ct=sequence(*fields))
    out.invalid("InvalidEncoding", "the raw form", ct=c1 + c3 + c2)
    out.invalid("InvalidEncoding", "the raw form in an OCTET STRING", ct=element(4, c1, c3, c2))


def exchanges(out):
    standard = Exchange(
        0x81EB26E941BB5AF16DF116495F90695272AE2CD63D6C4AE1678418BE48230029,
        0xD4DE15474DB74D06491C440D305E012400990F3E390C7E87153C12DB2EA60BB3,
        0x785129917D45A9EA5437A59356B82338EAADDA6CEB199088F14AE10DEFA229B5,
        0x7E07124814B309489125EAED101113164EBF0F3458C5BD88335C1F9D596243D6,
        CERT_ID, CERT_ID,
    )
    assert standard.key().hex() == "6c89347354de2484c60b4ab1fde4c6e5"
    exchange_group(out, standard, "GB/T 32918.5-2017, annex B", True)
    exchange_group(out, Exchange(1, 1, N - 2, N - 1, b"", b"", 33), "d = 1 and n - 2, r = 1 and n - 1", False)
    # d = -f(R) * r: t vanishes on one side, the sum of points on the other.
    r = 2
    d = -factor(mul(r, G)) * r % N
    infinite = Exchange(D, K, d, r)
    assert infinite.shared is INFINITY
    out.group("Sm2KeyExchangeInitiator", **initiator_fields(infinite))
    shared, z = bytes(64), infinite.z_a + infinite.z_b
    inner = sm3(shared[:32] + z + xy(infinite.share_a) + xy(infinite.share_b))
    confirmation = sm3(b"\2" + shared[32:] + inner)
    out.invalid("PointAtInfinity", "P + f(R)R is infinite", share=sec1(infinite.share_b), confirmation=confirmation)
    out.group("Sm2KeyExchangeResponder", **responder_fields(infinite))
    confirmation = sm3(b"\3" + shared[32:] + inner)
    out.invalid("PointAtInfinity", "t = 0", share=sec1(infinite.share_a), confirmation=confirmation)


def initiator_fields(run):
    return {
        "privateKey": be(run.d_a), "ephemeralKey": be(run.r_a), "userId": run.id_a, "peerPublicKey": sec1(run.p_b),
        "peerUserId": run.id_b, "keyLength": run.length,
    }


def responder_fields(run):
    return {
        "privateKey": be(run.d_b), "ephemeralKey": be(run.r_b), "userId": run.id_b, "peerPublicKey": sec1(run.p_a),
        "peerUserId": run.id_a, "keyLength": run.length,
    }


def exchange_group(out, run, name, all_points):
    share_a, share_b, sb, sa = sec1(run.share_a), sec1(run.share_b), run.confirmation(2), run.confirmation(3)
    sides = (
        ("Sm2KeyExchangeInitiator", initiator_fields(run), share_b, sb, share_a, sa, 3),
        ("Sm2KeyExchangeResponder", responder_fields(run), share_a, sa, share_b, sb, 2),
    )
    for kind, fields, share, confirmation, own_share, own_confirmation, own_side in sides:
        out.group(kind, **fields)
        out.valid(
            "Valid", name, share=share, confirmation=confirmation, ownShare=own_share,
            ownConfirmation=own_confirmation, key=run.key(),
        )
        swapped = run.confirmation(5 - own_side, run.z_b + run.z_a)
        for what, bad in (
            ("own confirmation sent back", own_confirmation), ("all zero", bytes(32)),
            ("the key's hash", sm3(run.key())), ("ZA and ZB exchanged", swapped if run.z_a != run.z_b else None),
            ("prefix 1", run.confirmation(1)), ("prefix 0", run.confirmation(0)),
        ):
            if bad is not None:
                out.invalid("WrongConfirmation", what, share=share, confirmation=bad)
        for at in range(32):
            altered = confirmation[:at] + bytes([confirmation[at] ^ 1 << at % 8]) + confirmation[at + 1 :]
            out.invalid("Modified", "confirmation, byte %d" % at, share=share, confirmation=altered)
        out.invalid("WrongConfirmation", "another share", share=sec1(mul(3, G)), confirmation=confirmation)
        out.invalid("WrongConfirmation", "own share sent back", share=own_share, confirmation=confirmation)
        for flag, what, bad in bad_points() if all_points else ():
            if len(bad) == 65:
                out.invalid(flag, "share " + what, share=bad, confirmation=confirmation)


def main():
    assert sm3(b"abc").hex().startswith("66c7f0f462eeedd9") and mul(N, G) is INFINITY
    out = File()
    for part in (signatures, digests, public_keys, private_keys, ciphertexts, exchanges):
        part(out)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "sm2_negative.json")
    out.write(path)


if __name__ == "__main__":
    main()
