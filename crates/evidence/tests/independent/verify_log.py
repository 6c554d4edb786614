#!/usr/bin/env python3
"""Verifies a transparency log from its files alone: verify_log.py FOLDER VKEY [PROOF ENTRY].

Written from the specifications (RFC 6962, RFC 8032, C2SP signed-note, tlog-checkpoint, tlog-tiles, tlog-proof) with the
standard library alone, by none of the code it checks. Exit status: 0 valid, 1 refused.
"""
import base64, hashlib, pathlib, sys

# Ed25519, RFC 8032 section 6, verification only.
P = 2**255 - 19
D = -121665 * pow(121666, P - 2, P) % P
Q = 2**252 + 27742317777372353535851937790883648493
ROOT = pow(2, (P - 1) // 4, P)


def add(a, b):
    e, f = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(number, point):
    result = (0, 1, 1, 0)
    while number:
        if number & 1:
            result = add(result, point)
        point, number = add(point, point), number >> 1
    return result


def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        raise ValueError("not a point")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        raise ValueError("not a point")
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519(key, message, signature):
    if len(signature) != 64 or len(key) != 32:
        return False
    point, nonce = decompress(key), decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= Q:
        return False
    hashed = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % Q
    left, right = times(scalar, BASE), add(nonce, times(hashed, point))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def leaf(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def tree(hashes):
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree(hashes[:split]) + tree(hashes[split:])).digest()


def refuse(why):
    print("refused:", why)
    sys.exit(1)


def read_vkey(text):
    name, key_id, key = text.strip().split("+", 2)
    key = base64.b64decode(key, validate=True)
    if key[0] != 1 or hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() != key_id:
        refuse("the key is not an Ed25519 verifier key, or its id is wrong")
    return name, bytes.fromhex(key_id), key[1:]


def checkpoint(text, vkey):
    name, key_id, key = vkey
    body, signatures = text.rsplit("\n\n", 1)
    body += "\n"
    for line in signatures.splitlines():
        dash, signer, value = line.split(" ")
        value = base64.b64decode(value, validate=True)
        if dash == "\u2014" and signer == name and value[:4] == key_id:
            if not ed25519(key, body.encode(), value[4:]):
                refuse("checkpoint: the signature is wrong")
            break
    else:
        refuse("checkpoint: not signed by " + name)
    origin, size, root = body.split("\n")[:3]
    if origin != name:
        refuse("checkpoint: of another log")
    return int(size), base64.b64decode(root, validate=True)


def tile_path(level, number, count):
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    path = f"tile/{level}/" + "/".join(groups)
    return path if count == 256 else f"{path}.p/{count}"


def read_tile(folder, level, number, count):
    path = tile_path(level, number, count)
    if not (folder / path).is_file():
        path = tile_path(level, number, 256)
    if not (folder / path).is_file():
        refuse(f"{tile_path(level, number, count)}: missing")
    return path, (folder / path).read_bytes()


def verify(folder, vkey):
    size, root = checkpoint((folder / "checkpoint").read_text(), vkey)
    leaves = []
    for number in range((size + 255) // 256):
        count = min(256, size - 256 * number)
        path, data = read_tile(folder, "entries", number, count)
        place, hashes = 0, []
        while place < len(data):
            length = int.from_bytes(data[place:place + 2], "big")
            if place + 2 + length > len(data):
                refuse(f"{path}: cut off")
            hashes.append(leaf(data[place + 2:place + 2 + length]))
            place += 2 + length
        if len(hashes) < count:
            refuse(f"{path}: too few entries")
        leaves += hashes[:count]
    level, hashes = 0, leaves
    while hashes:
        above = []
        for number in range((len(hashes) + 255) // 256):
            expected = hashes[256 * number:256 * number + 256]
            path, data = read_tile(folder, level, number, len(expected))
            if data[:32 * len(expected)] != b"".join(expected):
                refuse(f"{path}: not what lies below it")
            if len(expected) == 256:
                above.append(tree(expected))
        level, hashes = level + 1, above
    if tree(leaves) != root:
        refuse("checkpoint: another root than that of the entries")
    print(f"valid: {size} entries")


def verify_proof(path, entry, vkey):
    head, note = path.read_text().split("\n\n", 1)
    lines = head.split("\n")
    if lines.pop(0) != "c2sp.org/tlog-proof@v1":
        refuse("proof: another format")
    if lines[0].startswith("extra "):
        lines.pop(0)
    index = int(lines.pop(0).removeprefix("index "))
    size, root = checkpoint(note, vkey)
    hashed, first, last = leaf(entry.read_bytes()), index, size - 1
    # RFC 9162, section 2.1.3.2.
    for line in lines:
        sibling = base64.b64decode(line, validate=True)
        if last == 0:
            refuse("proof: too long")
        if first & 1 or first == last:
            hashed = hashlib.sha256(b"\1" + sibling + hashed).digest()
            while not first & 1 and first:
                first, last = first >> 1, last >> 1
        else:
            hashed = hashlib.sha256(b"\1" + hashed + sibling).digest()
        first, last = first >> 1, last >> 1
    if last or hashed != root:
        refuse("proof: leads to another root")
    print(f"valid: entry {index} of {size}")


if __name__ == "__main__":
    given = read_vkey(sys.argv[2])
    verify(pathlib.Path(sys.argv[1]), given)
    if len(sys.argv) > 4:
        verify_proof(pathlib.Path(sys.argv[3]), pathlib.Path(sys.argv[4]), given)
