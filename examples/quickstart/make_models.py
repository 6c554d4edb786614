"""Writes the models of this folder, byte for byte, with Python's standard library alone.

The payload in `sentiment-v2.pt` prints one line and does nothing else. Bartizan never runs it; neither does this script.
"""

import json
import pickle
import struct
import zipfile
from pathlib import Path

HERE = Path(__file__).parent / "models"


def safetensors(path: Path, shapes: dict[str, list[int]]) -> None:
    """One float32 tensor per name, holding a fixed ramp."""
    header, offset, payload = {"__metadata__": {"format": "pt"}}, 0, b""
    for name, shape in shapes.items():
        count = 1
        for size in shape:
            count *= size
        data = b"".join(struct.pack("<f", (i % 97) / 97 - 0.5) for i in range(count))
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, offset + len(data)]}
        offset, payload = offset + len(data), payload + data
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + payload)


def op_text(text: str) -> bytes:
    """SHORT_BINUNICODE, then MEMOIZE."""
    return b"\x8c" + bytes([len(text)]) + text.encode() + b"\x94"


def named(module: str, name: str) -> bytes:
    """STACK_GLOBAL of `module.name`, then MEMOIZE."""
    return op_text(module) + op_text(name) + b"\x93\x94"


def priority(path: Path) -> None:
    """An object of scikit-learn's LogisticRegression with plain attributes, as protocol 4 writes it."""
    state = {"C": 1.0, "penalty": "l2", "max_iter": 100, "classes_": ["high", "low"], "_sklearn_version": "1.5.2"}
    body = pickle.dumps(state, protocol=4)
    body = body[body.index(b"}"):-1]  # the dict, without PROTO, FRAME and STOP
    path.write_bytes(
        b"\x80\x04" + named("sklearn.linear_model._logistic", "LogisticRegression") + b")\x81\x94" + body + b"b."
    )


def checkpoint(path: Path) -> None:
    """A PyTorch zip checkpoint: one real tensor, and a call that has no business there."""
    storage = b"(" + b"X\x07\x00\x00\x00storage" + b"ctorch\nFloatStorage\n" + b"X\x01\x00\x00\x000" + b"X\x03\x00\x00\x00cpu" + b"K\x08tQ"
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n((" + storage[1:] + b"K\x00K\x04K\x02\x86K\x02K\x01\x86\x89"
        b"ccollections\nOrderedDict\n)RtR"
    )
    command = b"echo 'pwned: this line was printed by loading sentiment-v2.pt'"
    trap = b"cposix\nsystem\n(X" + struct.pack("<I", len(command)) + command + b"tR"
    data = b"\x80\x02}(X\x06\x00\x00\x00weight" + tensor + b"X\x07\x00\x00\x00version" + trap + b"u."
    members = {
        "sentiment/data.pkl": data,
        "sentiment/byteorder": b"little",
        "sentiment/data/0": b"".join(struct.pack("<f", value / 8) for value in range(8)),
        "sentiment/version": b"3\n",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content)


if __name__ == "__main__":
    encoder = HERE / "ticket-encoder"
    encoder.mkdir(parents=True, exist_ok=True)
    safetensors(encoder / "model.safetensors", {"embeddings.weight": [64, 16], "projection.weight": [16, 8], "projection.bias": [8]})
    priority(HERE / "priority.pkl")
    checkpoint(HERE / "sentiment-v2.pt")
