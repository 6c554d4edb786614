"""Damages small fixtures of our own in every bit and at every cut, and tells which of those that still run we miss.

Usage: fixtures.py PROGRAM [NAME…], in the environment of requirements.txt. PROGRAM is a built `bartizan`.

Each fixture is written by the format's own library and loaded by it, from a stream, with an inert stand-in for the one
callable that its payload names: nothing is imported and no command runs. A variant *runs* when the stand-in was called,
or, for files whose loader only names things, when the name is still found where the loader looks for it.
"""

import bz2
import gzip
import io
import json
import lzma
import pathlib
import pickle
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib

import h5py
import numpy
import payload
import yaml
from xml.parsers import expat

PICKLE = b"\x80\x04\x95\x1f\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94\x93\x94\x8c\x04true\x94\x85\x94R\x94."
TEXT_PICKLE = b"cposix\nsystem\n(S'true'\ntR."
LAMBDA = {
    "class_name": "Sequential",
    "config": {
        "name": "m",
        "layers": [{"class_name": "Lambda", "config": {"name": "l", "function": ["bGFtYmRhIHg6IHg=", None, None]}}],
    },
}


def unpickles(stream):
    """Whether loading the stream calls `posix.system`."""
    called = []

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            if (module, name) != ("posix", "system"):
                raise ImportError(module)
            return lambda *_arguments: called.append(name)

    try:
        Unpickler(stream).load()
    except Exception:  # what ran before stays run
        pass
    return bool(called)


def builds(data):
    """Whether PyYAML's unsafe loader calls `os.system`."""
    called = []

    class Loader(yaml.UnsafeLoader):
        def find_python_name(self, name, mark, unsafe=False):
            if name not in ("os.system", "posix.system"):
                raise yaml.constructor.ConstructorError(None, None, name, mark)
            return lambda *_arguments, **_keywords: called.append(name)

        def find_python_module(self, name, mark, unsafe=False):
            raise yaml.constructor.ConstructorError(None, None, name, mark)

    try:
        yaml.load(data, Loader)
    except Exception:
        pass
    return bool(called)


def instantiates(data):
    """Whether a mapping still has `os.system` as its `_target_`."""
    values = [yaml.safe_load(data)]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            if value.get("_target_") == "os.system":
                return True
            values.extend(value.values())
        elif isinstance(value, list):
            values.extend(value)
    return False


def deserialises(config):
    """Whether Keras still makes the Lambda layer with its function."""
    return any(
        name == "Lambda" and (("config", "function", "[]"), "bGFtYmRhIHg6IHg=") in strings
        for name, strings in payload.keras_objects(config)
    )


def fetches(data):
    """Whether expat asks for the file of the external entity."""
    asked = []
    parser = expat.ParserCreate()
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_ALWAYS)
    parser.ExternalEntityRefHandler = lambda _context, _base, system, _public: asked.append(system) or 1
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        pass
    return any(system and "etc/passwd" in system for system in asked)


def array():
    file = io.BytesIO()
    numpy.lib.format.write_array_header_1_0(file, {"descr": "|O", "fortran_order": False, "shape": (1,)})
    return file.getvalue() + PICKLE


def loads_array(data):
    file = io.BytesIO(data)
    version = numpy.lib.format.read_magic(file)
    read = numpy.lib.format.read_array_header_1_0 if version == (1, 0) else numpy.lib.format.read_array_header_2_0
    return read(file)[2].hasobject and unpickles(file)


def zipped(method, **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return file.getvalue()


def opened(name):
    return lambda data: unpickles(zipfile.ZipFile(io.BytesIO(data)).open(name))


def tarred():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        member = tarfile.TarInfo("m/data.pkl")
        member.size = len(PICKLE)
        archive.addfile(member, io.BytesIO(PICKLE))
    return file.getvalue()[:1536]


def loads_tar(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return any(unpickles(archive.extractfile(member)) for member in archive.getmembers() if member.isfile())


def hdf5(version):
    file = io.BytesIO()
    with h5py.File(file, "w", libver=version) as out:
        out.attrs["model_config"] = json.dumps(LAMBDA).encode()
    return file.getvalue()


def field(number, value):
    return bytes([number << 3 | 2, len(value)]) + value


def graph():
    node = field(1, b"w") + field(2, b"WriteFile")
    return b"\x08\x01" + field(2, field(1, field(4, b"serve")) + field(2, field(1, node)))


XML = b"<?xml version='1.0'?><!DOCTYPE p [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><PMML version='4.4'><Header>&x;</Header></PMML>"

# Name: file name, content, whether it runs.
FIXTURES = {
    "pickle": ("m.pkl", PICKLE, lambda data: unpickles(io.BytesIO(data))),
    "text-pickle": ("m.pkl", TEXT_PICKLE, lambda data: unpickles(io.BytesIO(data))),
    "gzip": ("m.pkl.gz", gzip.compress(PICKLE, mtime=0), lambda data: unpickles(gzip.GzipFile(fileobj=io.BytesIO(data)))),
    "bzip2": ("m.pkl.bz2", bz2.compress(PICKLE), lambda data: unpickles(bz2.BZ2File(io.BytesIO(data)))),
    "xz": ("m.pkl.xz", lzma.compress(PICKLE), lambda data: unpickles(lzma.LZMAFile(io.BytesIO(data)))),
    "lzma": (
        "m.pkl.lzma",
        lzma.compress(PICKLE, format=lzma.FORMAT_ALONE),
        lambda data: unpickles(lzma.LZMAFile(io.BytesIO(data))),
    ),
    "zlib": ("m.pkl.z", zlib.compress(PICKLE), lambda data: unpickles(io.BytesIO(zlib.decompressobj().decompress(data)))),
    "zip": ("m.pt", zipped(zipfile.ZIP_STORED, m__data_pkl=PICKLE, m__version=b"3\n"), opened("m/data.pkl")),
    "deflated-zip": ("m.pt", zipped(zipfile.ZIP_DEFLATED, m__data_pkl=PICKLE, m__version=b"3\n"), opened("m/data.pkl")),
    "tar": ("m.tar", tarred(), loads_tar),
    "npy": ("m.npy", array(), loads_array),
    "yaml": ("c.yaml", b"a: 1\nhook: !!python/object/apply:os.system ['true']\n", builds),
    "hydra": ("model_config.yaml", b"model:\n  lr: 1\n  _target_: os.system\n  _args_: [id]\n", instantiates),
    "keras-config": ("config.json", json.dumps(LAMBDA).encode(), deserialises),
    "keras": (
        "m.keras",
        zipped(zipfile.ZIP_STORED, metadata_json='{"keras_version": "3.1.0"}', config_json=json.dumps(LAMBDA)),
        lambda data: deserialises(zipfile.ZipFile(io.BytesIO(data)).read("config.json")),
    ),
    "hdf5": ("m.h5", hdf5("earliest"), lambda data: any(map(deserialises, payload.keras_configurations(data, "hdf5", None)))),
    "tensorflow": (
        "saved_model.pb",
        graph(),
        lambda data: ("saved model", "WriteFile") in payload.tensorflow_reaches(data),
    ),
    "xml": ("m.pmml", XML, fetches),
}


def variants(data):
    for at in range(len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[at] ^= 1 << bit
            yield f"flip-{at}-{bit}", bytes(damaged)
    for length in range(1, len(data)):
        yield f"cut-{length}", data[:length]


def measure(program, name):
    file, data, runs = FIXTURES[name]

    def survives(damaged):
        try:
            return runs(damaged)
        except Exception:  # the loader refuses it
            return False

    assert survives(data), name
    with tempfile.TemporaryDirectory() as folder:
        running = 0
        for label, damaged in variants(data):
            if survives(damaged):
                running += 1
                place = pathlib.Path(folder, label)
                place.mkdir()
                (place / file).write_bytes(damaged)
        command = [program, "scan", "--no-config", "--no-progress", "--format", "json", "--fail-on", "critical", folder]
        report = json.loads(subprocess.run(command, capture_output=True, check=False).stdout)
    told = {finding["subject"] for finding in report["findings"] if finding["severity"] in ("high", "critical")}
    missed = [subject["uri"] for subject in report["subjects"] if subject["uri"] not in told]
    print(f"| {name} | {len(data)} | {running} | {len(missed)} |", flush=True)
    for uri in missed[:8]:
        print(f"missed: {pathlib.Path(uri).parent.name} of {name}", file=sys.stderr)


def main():
    program, *names = sys.argv[1:]
    print("| fixture | bytes | variants that run | below high |")
    print("| --- | ---: | ---: | ---: |")
    for name in names or FIXTURES:
        measure(program, name)


if __name__ == "__main__":
    main()
