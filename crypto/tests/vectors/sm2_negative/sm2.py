"""SM3, the curve, SM2 and DER for generate.py: GB/T 32905-2016; GB/T 32918.1 to .4-2016; curve of GB/T 32918.5-2017.

Written for clarity: slow, and in variable time.
"""

P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
TOP = 2**256 - 1
INFINITY = None

CERT_ID = b"1234567812345678"


# SM3 ---------------------------------------------------------------------------------------------------------------


def rotate(x, n):
    n %= 32
    return ((x << n) | (x >> (32 - n))) & 0xFFFFFFFF


def sm3(data):
    state = [
        0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E,
    ]
    padded = data + b"\x80" + bytes((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    for at in range(0, len(padded), 64):
        w = [int.from_bytes(padded[at + i : at + i + 4], "big") for i in range(0, 64, 4)]
        for j in range(16, 68):
            x = w[j - 16] ^ w[j - 9] ^ rotate(w[j - 3], 15)
            w.append(x ^ rotate(x, 15) ^ rotate(x, 23) ^ rotate(w[j - 13], 7) ^ w[j - 6])
        a, b, c, d, e, f, g, h = state
        for j in range(64):
            t = 0x79CC4519 if j < 16 else 0x7A879D8A
            ss1 = rotate((rotate(a, 12) + e + rotate(t, j)) & 0xFFFFFFFF, 7)
            ss2 = ss1 ^ rotate(a, 12)
            ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
            gg = e ^ f ^ g if j < 16 else (e & f) | (~e & g)
            tt1 = (ff + d + ss2 + (w[j] ^ w[j + 4])) & 0xFFFFFFFF
            tt2 = (gg + h + ss1 + w[j]) & 0xFFFFFFFF
            a, b, c, d = tt1, a, rotate(b, 9), c
            e, f, g, h = tt2 ^ rotate(tt2, 9) ^ rotate(tt2, 17), e, rotate(f, 19), g
        state = [old ^ new for old, new in zip(state, (a, b, c, d, e, f, g, h))]
    return b"".join(word.to_bytes(4, "big") for word in state)


def kdf(secret, length):
    blocks = (sm3(secret + (i + 1).to_bytes(4, "big")) for i in range((length + 31) // 32))
    return b"".join(blocks)[:length]


# The curve ---------------------------------------------------------------------------------------------------------


def add(p, q):
    """Point addition. It never uses b, so it works on every curve with the same a."""
    if p is INFINITY or q is INFINITY:
        return q if p is INFINITY else p
    if p[0] == q[0]:
        if (p[1] + q[1]) % P == 0:
            return INFINITY
        slope = (3 * p[0] * p[0] + A) * pow(2 * p[1], -1, P)
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def mul(k, p):
    out = INFINITY
    while k:
        if k & 1:
            out = add(out, p)
        p = add(p, p)
        k >>= 1
    return out


def multiples(p):
    """P, 2P, 3P, ..."""
    q = p
    while True:
        yield q
        q = add(q, p)


def right_side(x):
    return (x * x * x + A * x + B) % P


def square_root(value):
    """p = 3 mod 4."""
    root = pow(value, (P + 1) // 4, P)
    return root if root * root % P == value % P else None


def be(number, length=32):
    return number.to_bytes(length, "big")


def xy(point):
    return be(point[0]) + be(point[1])


def sec1(point):
    return b"\x04" + xy(point)


def smallest_x():
    """The point on the curve with the smallest x: x + p has 256 bits too."""
    x = next(x for x in range(1000) if square_root(right_side(x)) is not None)
    return x, square_root(right_side(x))


def smallest_y():
    """The point on the curve with the smallest y: y + p has 256 bits too."""
    for y in range(1, 1000):
        x = cubic_root((B - y * y) % P)
        if x is not None:
            return x, y


def cubic_root(c):
    """A root of x^3 + ax + c, if there is exactly one: gcd(x^p - x, cubic) is then linear."""

    def times(f, g):
        product = [0] * 5
        for i, u in enumerate(f):
            for j, v in enumerate(g):
                product[i + j] = (product[i + j] + u * v) % P
        for degree in (4, 3):
            lead = product[degree]
            product[degree - 2] = (product[degree - 2] - lead * A) % P
            product[degree - 3] = (product[degree - 3] - lead * c) % P
        return product[:3]

    power, base, exponent = [1, 0, 0], [0, 1, 0], P
    while exponent:
        if exponent & 1:
            power = times(power, base)
        base = times(base, base)
        exponent >>= 1
    f, g = [c, A, 0, 1], [power[0], (power[1] - 1) % P, power[2]]
    while any(g):
        while g and g[-1] == 0:
            g.pop()
        while len(f) >= len(g):
            factor = f[-1] * pow(g[-1], -1, P) % P
            shift = len(f) - len(g)
            f = [(u - factor * g[i - shift]) % P if i >= shift else u for i, u in enumerate(f)]
            f.pop()
        f, g = g, f or [0]
    return -f[0] * pow(f[1], -1, P) % P if len(f) == 2 else None


def point_of_order_2():
    """(x, 0) on y^2 = x^3 + ax + b' for some b'."""
    return 5, 0


def point_of_order_3():
    """A root of the third division polynomial 3x^4 + 6ax^2 + 12b'x - a^2, solved for b'."""
    for x in range(1, 1000):
        other_b = (A * A - 3 * x**4 - 6 * A * x * x) * pow(12 * x, -1, P) % P
        y = square_root(x**3 + A * x + other_b)
        if y is not None and mul(3, (x, y)) is INFINITY:
            return x, y


def twist_point():
    """A point of the quadratic twist -y^2 = x^3 + ax + b (-1 is no square)."""
    x = next(x for x in range(1, 1000) if square_root(right_side(x)) is None)
    return x, square_root(-right_side(x))


# SM2 ---------------------------------------------------------------------------------------------------------------


def z_hash(public, user_id):
    entl = (8 * len(user_id)).to_bytes(2, "big")
    return sm3(entl + user_id + be(A) + be(B) + xy(G) + xy(public))


def e_hash(public, user_id, msg):
    return int.from_bytes(sm3(z_hash(public, user_id) + msg), "big")


def sign(d, e, k, kg=None):
    r = (e + (kg or mul(k, G))[0]) % N
    s = pow(1 + d, -1, N) * (k - r * d) % N
    assert r and s and r + k != N
    return r, s


def shared_bytes(point):
    return bytes(64) if point is INFINITY else xy(point)


def seal_under(shared, msg):
    """C3 and C2 of a message under the shared point's 64 bytes."""
    mask = kdf(shared, len(msg))
    return sm3(shared[:32] + msg + shared[32:]), bytes(u ^ v for u, v in zip(msg, mask))


def encrypt(public, msg, k):
    c3, c2 = seal_under(xy(mul(k, public)), msg)
    assert c2 != msg, "k = %d gives a blank mask" % k
    return sec1(mul(k, G)), c3, c2


def factor(share):
    return 2**127 + share[0] % 2**127


class Exchange:
    """One run of GB/T 32918.3 between A, who starts, and B."""

    def __init__(self, d_a, r_a, d_b, r_b, id_a=b"Alice", id_b=b"Bob", length=16):
        self.d_a, self.r_a, self.d_b, self.r_b = d_a, r_a, d_b, r_b
        self.id_a, self.id_b, self.length = id_a, id_b, length
        self.p_a, self.p_b = mul(d_a, G), mul(d_b, G)
        self.share_a, self.share_b = mul(r_a, G), mul(r_b, G)
        t = (d_a + factor(self.share_a) * r_a) % N
        self.shared = mul(t, add(self.p_b, mul(factor(self.share_b), self.share_b)))
        self.z_a, self.z_b = z_hash(self.p_a, id_a), z_hash(self.p_b, id_b)

    def key(self):
        return kdf(xy(self.shared) + self.z_a + self.z_b, self.length)

    def confirmation(self, side, z=None):
        x, y = be(self.shared[0]), be(self.shared[1])
        z = self.z_a + self.z_b if z is None else z
        return sm3(bytes([side]) + y + sm3(x + z + xy(self.share_a) + xy(self.share_b)))


# DER ---------------------------------------------------------------------------------------------------------------


def length_of(body):
    if len(body) < 0x80:
        return bytes([len(body)])
    octets = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(octets)]) + octets


def element(tag, *parts):
    body = b"".join(parts)
    return bytes([tag]) + length_of(body) + body


def integer(number):
    return element(2, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def sequence(*parts):
    return element(0x30, *parts)


def sig_der(r, s):
    return sequence(integer(r), integer(s))


def cipher_der(c1, c3, c2):
    x, y = int.from_bytes(c1[1:33], "big"), int.from_bytes(c1[33:], "big")
    return sequence(integer(x), integer(y), element(4, c3), element(4, c2))


def broken_headers(good):
    """The same TLV with a header that DER does not allow. `good` is a SEQUENCE of less than 256 bytes."""
    header = 2 if good[1] < 0x80 else 3
    body = good[header:]
    size = len(body)
    yield "long-form length with a leading zero", bytes([0x30, 0x82, 0, size]) + body
    yield "length of five bytes", bytes([0x30, 0x84, 0, 0, 0, size]) + body
    if size < 0x80:
        yield "long-form length where the short form fits", bytes([0x30, 0x81, size]) + body
    yield "indefinite length", b"\x30\x80" + body + b"\0\0"
    yield "indefinite length without end", b"\x30\x80" + body
    yield "length one beyond the end", b"\x30" + length_of(body + b"\0") + body
    yield "length one short of the end", b"\x30" + length_of(body[:-1]) + body
    yield "length of 2^32 - 1", b"\x30\x84\xff\xff\xff\xff" + body
    yield "length of 2^64 - 1", b"\x30\x88" + b"\xff" * 8 + body
    yield "reserved length 0xff", b"\x30\xff" + body
    yield "SET instead of SEQUENCE", b"\x31" + good[1:]
    yield "primitive SEQUENCE tag", b"\x10" + good[1:]
    yield "context tag", b"\xa0" + good[1:]
    yield "tag in the long form", b"\x3f\x10" + good[1:]
    yield "a zero byte after the end", good + b"\0"
    yield "end-of-contents after the end", good + b"\0\0"
    yield "NULL after the end", good + b"\x05\0"
    yield "twice", good + good
    yield "a SEQUENCE around it", sequence(good)
    yield "an OCTET STRING around it", element(4, good)
    yield "a zero byte before it", b"\0" + good
