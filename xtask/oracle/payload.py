"""Says whether the payload of a damaged file still runs, by the format's own reader and without running anything.

Usage: payload.py < questions > answers, one JSON object per line each way.
A question: {"path", "format", "damage": ["cut", length] or ["flip", offset, mask],
             "findings": [{"rule", "member", "offset", "message", "evidence"}]}, the findings of the intact file of high or above.
An answer: {"answer": "runs" | "inert" | "undecided", "why"}.

What a file *reaches* is the set of things its reader would call, evaluate or open. The payload runs when the damaged file
still reaches what the intact file reaches where a finding lies: of a pickle everything that the finding names, with the
same arguments where the finding is about an unknown callable, whose arguments alone made it dangerous; of other formats any
one thing. Where no reader here can tell, the answer is `undecided`. Pickles go through CPython's own unpickler with every global replaced by an inert stand-in, templates
and YAML through their parsers only: nothing of the file is imported, called or rendered.
"""

import ast
import base64
import io
import json
import pickle
import re
import resource
import signal
import struct
import sys
import tarfile
import warnings
import zipfile
from xml.parsers import expat

warnings.simplefilter("ignore")

try:
    import h5py
    import jinja2
    import yaml
except ImportError:  # asked without the environment: those questions stay undecided
    h5py = jinja2 = yaml = None


class Undecided(Exception):
    """No reader here can tell."""


# --- pickles ---------------------------------------------------------------------------------------------------------


def told_of(value, depth=0):
    """A value as text, the same for the same bytes of the stream."""
    if isinstance(value, (list, tuple)) and depth < 8:
        return "(" + ",".join(told_of(item, depth + 1) for item in value[:64]) + ")"
    if isinstance(value, dict) and depth < 8:
        return told_of(list(value.items()), depth + 1)
    plain = isinstance(value, (str, bytes, int, float, bool, type(None)))
    return repr(value)[:4096] if plain else getattr(type(value), "shown", "object")


def stand_in(module, name, reached):
    """A class in the place of the global `module.name`, which notes what is called, with what, and does nothing."""

    def noted(arguments, how=""):
        reached.add((module, name + how, told_of(arguments)))

    class Meta(type):
        def __call__(cls, *arguments, **keywords):
            noted((arguments, keywords))
            return object.__new__(cls)

        def __setattr__(cls, attribute, value):
            noted((attribute, value))

    def called(_self, *arguments, **keywords):
        noted((arguments, keywords), "()")
        return object.__new__(type(_self))

    def changed(*arguments):
        # An imported function or class has no items: only what its call gave may have.
        if not arguments or getattr(type(arguments[0]), "shown", None) != f"{module}.{name}":
            raise AttributeError(name)
        noted(arguments[1:])

    def state(*arguments):
        noted(arguments)

    def new(cls, *arguments, **keywords):
        noted((arguments, keywords))
        return object.__new__(cls)

    body = dict.fromkeys(("append", "extend", "add", "__setitem__"), changed)
    body |= {"__setstate__": state, "__call__": called, "__new__": new, "__hash__": object.__hash__}
    return Meta("StandIn", (), {**body, "shown": f"{module}.{name}"})


def unpickled(data, imported, reached):
    """Runs the streams in `data` one after the other, as far as CPython would: what they import and what they call."""
    for encoding in ("ASCII", "latin1"):
        file = io.BytesIO(data)
        for _ in range(64):

            class Unpickler(pickle.Unpickler):
                def find_class(self, module, name):
                    imported.add((module, name))
                    return stand_in(module, name, reached)

                def persistent_load(self, _identifier):
                    return object()

            start = file.tell()
            try:
                Unpickler(file, encoding=encoding).load()
            except Exception:  # whatever the loader raises, what was reached before stays reached
                break
            if file.tell() <= start or file.tell() >= len(data):
                break


def pickle_reaches(data, rule, evidence):
    """What `evidence` names among the imports and calls of the streams in `data`."""
    imported, reached = set(), set()
    unpickled(data, imported, reached)

    def is_named(entry):
        name = entry[1].removesuffix("()").rsplit(".", 1)[-1]
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", evidence) is not None

    names = {("imports", *entry) for entry in imported if is_named(entry)}
    if rule == "model/pickle-dangerous-reference":
        return names
    calls = {entry for entry in reached if is_named(entry)}
    if rule == "model/pickle-hidden-call" and any(entry[1].endswith("()") for entry in calls):
        calls = {entry for entry in calls if entry[1].endswith("()")}
    if rule != "model/pickle-unknown-callable":
        calls = {entry[:2] for entry in calls}
    # What a stand-in was bound to is not called through it: then what is imported has to do.
    return {*names, *calls} if calls or rule == "model/pickle-nested" else set()


def encoded(data):
    """Every run of base64 in `data`, decoded."""
    for run in re.findall(rb"[A-Za-z0-9+/_-]{16,}={0,2}", data):
        run = run.translate(bytes.maketrans(b"-_", b"+/"))
        yield base64.b64decode(run[: len(run) // 4 * 4])


# --- templates -------------------------------------------------------------------------------------------------------


def gguf_strings(data):
    """The string values of a GGUF file's metadata, as far as it can be walked."""
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    file = io.BytesIO(data)

    def number(form):
        return struct.unpack(form, file.read(struct.calcsize(form)))[0]

    def text():
        length = number("<Q")
        value = file.read(min(length, len(data)))
        if len(value) < length:
            raise ValueError("a string past the end")
        return value

    try:
        magic, _version, _tensors, entries = struct.unpack("<4sIQQ", file.read(24))
        if magic != b"GGUF":
            return
        for _ in range(entries):
            text()
            kind, count = number("<I"), 1
            if kind == 9:
                kind, count = number("<I"), number("<Q")
            for _ in range(count):
                if kind == 8:
                    yield text()
                elif len(file.read(sizes[kind])) < sizes[kind]:
                    return
    except (struct.error, ValueError, KeyError):
        return


def json_strings(data):
    """Every string of a JSON document; nothing when it does not parse."""
    try:
        stack = [json.loads(data.decode("utf-8-sig"))]
    except (ValueError, RecursionError):
        return
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def templates(data, form):
    if form == "gguf":
        strings = [text.decode("utf-8", "replace") for text in gguf_strings(data)]
    elif form == "jinja":
        strings = [data.decode("utf-8", "replace")]
    elif form == "yaml":
        strings = list(yaml_strings(data))
    else:
        strings = list(json_strings(data))
    return [text for text in strings if "{{" in text or "{%" in text]


def chains(text):
    """Expressions of a template that reach for attributes, spelt without the call arguments that name none."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"])
    try:
        environment.compile(text)  # to bytecode, which is thrown away: unknown filters and tests are told here
        tree = environment.parse(text)
    except (jinja2.TemplateError, RecursionError):
        return set()
    nodes = jinja2.nodes
    reached = set()

    def spell(node):
        if isinstance(node, nodes.Call):
            names = [spell(part) for part in node.args]
            return f"{spell(node.node)}({','.join(name for name in names if '__' in name)})"
        if isinstance(node, nodes.Getattr):
            return f"{spell(node.node)}.{node.attr}"
        if isinstance(node, nodes.Getitem):
            return f"{spell(node.node)}.{spell(node.arg)}"
        if isinstance(node, nodes.Filter):
            arguments = ",".join(spell(argument) for argument in node.args)
            return f"{spell(node.node) if node.node else ''}|{node.name}({arguments})"
        if isinstance(node, nodes.Const):
            return str(node.value)
        return repr(node) if not isinstance(node, nodes.Name) else node.name

    for kind in (nodes.Getattr, nodes.Getitem, nodes.Call, nodes.Filter):
        reached.update(spell(node) for node in tree.find_all(kind))
    telling = {chain for chain in reached if "__" in chain or "(" in chain or "." in chain}
    # A chain that stops halfway reaches nothing of what the whole one did.
    return {chain for chain in telling if not any(other != chain and other.startswith(chain) for other in telling)}


def template_reaches(data, form):
    if jinja2 is None:
        raise Undecided("jinja2 is not installed")
    return {chain for text in templates(data, form) for chain in chains(text) if "__" in chain or "eval" in chain}


# --- protocol buffers ------------------------------------------------------------------------------------------------


def fields(data):
    """(number, wire type, value) of each field; raises ValueError where a generated parser would refuse."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            if at >= len(data) or shift > 63:
                raise ValueError("a varint that does not end")
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    found = []
    while at < len(data):
        key = varint()
        number, kind = key >> 3, key & 7
        if number == 0 or kind in (3, 4, 6, 7):
            raise ValueError("no field")
        if kind == 0:
            value = varint()
        else:
            length = {1: 8, 5: 4}.get(kind) or varint()
            value = data[at : at + length]
            at += length
            if at > len(data):
                raise ValueError("a field past the end")
        found.append((number, kind, value))
    return found


def messages(data, *path):
    """The messages at `path` (field numbers) below `data`, each level parsed as a whole."""
    if not path:
        yield data
        return
    for number, kind, value in fields(data):
        if number == path[0] and kind == 2:
            yield from messages(value, *path[1:])


def tensorflow_reaches(data):
    """Operations of all nodes; the whole file must parse as its message, as the loader insists."""
    shapes = {"saved model": (2, 2), "meta graph": (2,), "graph": ()}
    for shape, path in shapes.items():
        operations = set()
        try:
            for graph in messages(data, *path):
                for where in ((1,), (2, 1, 3)):
                    for node in messages(graph, *where):
                        # Of a field that comes twice the last counts.
                        texts = {number: value for number, kind, value in fields(node) if kind == 2}
                        operations.add((shape, texts.get(2, b"").decode("utf-8")))
        except ValueError:
            continue
        if operations:
            return operations
    return set()


def onnx_reaches(data):
    """Operators of the graph and the places of its external data."""
    reached = set()
    try:
        for graph in messages(data, 7):
            for node in messages(graph, 1):
                for number, kind, value in fields(node):
                    if number == 4 and kind == 2:
                        reached.add(value.decode("utf-8"))
            for tensor in messages(graph, 5):
                for entry in messages(tensor, 13):
                    pair = {number: value for number, _, value in fields(entry)}
                    if pair.get(1) == b"location":
                        reached.add(pair.get(2, b"").decode("utf-8"))
    except ValueError:
        return set()
    return reached


def coreml_reaches(data):
    """Paths of linked models."""
    reached = set()
    try:
        for linked in messages(data, 556):
            for file in messages(linked, 1):
                for part in (1, 2):
                    for text in messages(file, part):
                        reached.update(value.decode("utf-8") for number, _, value in fields(text) if number == 1)
    except ValueError:
        return set()
    return reached


# --- texts -----------------------------------------------------------------------------------------------------------


def yaml_strings(data):
    """Every scalar of a YAML file, with the key it stands under; nothing when it does not parse."""
    if yaml is None:
        raise Undecided("PyYAML is not installed")
    try:
        events = list(yaml.parse(data, Loader=yaml.SafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError):
        return
    for event in events:
        if isinstance(event, yaml.ScalarEvent):
            yield event.value
        if getattr(event, "tag", None):
            yield event.tag


def calls(text):
    """Names that a piece of Python calls; nothing when it is no Python."""
    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    return {
        ast.unparse(node.func) + "(" + ",".join(ast.unparse(argument) for argument in node.args[:1]) + ")"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
    }


def text_reaches(data, form):
    """Calls in the strings of a document, plain or in base64."""
    strings = yaml_strings(data) if form in ("yaml", "nemo") else json_strings(data)
    reached = set()
    for text in strings:
        reached |= calls(text)
        for inner in encoded(text.encode()):
            reached |= calls(inner.decode("utf-8", "replace"))
    return reached


def external_entities(data):
    """System identifiers of the external entities that a parser meets before it gives up."""
    reached = set()
    parser = expat.ParserCreate()
    parser.EntityDeclHandler = lambda name, is_parameter, value, base, system, public, notation: reached.add(system)
    try:
        parser.Parse(data, True)
    except expat.ExpatError:
        pass
    return reached - {None}


def addresses(data):
    return set(re.findall(rb"https?://[A-Za-z0-9.-]+\.[A-Za-z]{2,}", data))


def safetensors_metadata(data):
    """The metadata strings of a header that the reader takes."""
    header = data[8 : 8 + int.from_bytes(data[:8], "little")]
    return b"\n".join(text.encode("utf-8", "replace") for text in json_strings(header))


def keras_configurations(data, form, where):
    """The JSON texts from which Keras builds the model."""
    if form == "hdf5":
        if h5py is None:
            raise Undecided("h5py is not installed")
        try:
            with h5py.File(io.BytesIO(data), "r") as file:
                for attribute in ("model_config", "training_config"):
                    if attribute in file.attrs:
                        text = file.attrs[attribute]
                        yield text.encode() if isinstance(text, str) else bytes(text)
        except Exception:  # whatever h5py raises, Keras gets no further
            return
    else:
        yield member(data, form, where)


def keras_objects(config):
    """Every object that Keras deserialises: its class, and each string in it with the keys that lead to it.

    A dictionary without a class is passed through, and the objects in it are deserialised all the same.
    """
    try:
        open_values = [(json.loads(config.decode("utf-8-sig")), None, ())]
    except (ValueError, RecursionError):
        return []
    objects = []
    while open_values:
        value, owner, path = open_values.pop()
        if isinstance(value, dict):
            if isinstance(value.get("class_name"), str) and "config" in value:
                owner, path = (value["class_name"], []), ()
                objects.append(owner)
            open_values.extend((inner, owner, (*path, key)) for key, inner in value.items())
        elif isinstance(value, list):
            open_values.extend((inner, owner, (*path, "[]")) for inner in value)
        elif isinstance(value, str) and owner is not None:
            owner[1].append((path, value))
    return objects


def keras_reaches(data, form, finding):
    """Strings of deserialised objects that the finding shows, each with its class and place, and names split in two."""
    reached = set()
    shown = finding["evidence"]
    wanted = {shown, *re.findall("`([^`]+)`", finding["message"])}
    for config in keras_configurations(data, form, finding["member"]):
        for name, strings in keras_objects(config):
            texts = {text for _, text in strings}
            for path, text in strings:
                inner = [decoded.decode("utf-8", "replace") for decoded in encoded(text.encode())]
                if len(text) > 1 and any(part and shown[:150] == part[:150] for part in (text, *inner)):
                    reached.add((name, path, text))
                if f"{text}." in wanted:
                    reached.add((name, path, text))
            for whole in wanted:
                module, _, last = whole.rpartition(".")
                if module in texts and last in texts:
                    reached.add((name, whole))
            if finding["rule"] == "model/keras-torch-module" and name == "TorchModuleWrapper":
                reached.add(name)
    return reached


# --- the question ----------------------------------------------------------------------------------------------------


def member(data, form, path):
    """The bytes of the member at `path` of the file, by the reader that its loader uses."""
    for step in (path or "").split("!/"):
        if step == "":
            continue
        if match := re.fullmatch(r"offset-(\d+)\..*", step):
            data = data[int(match[1]) :]
            continue
        try:
            if data[:4] == b"PK\x03\x04" or zipfile.is_zipfile(io.BytesIO(data)):
                with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(step) as stream:
                    # PyTorch's reader does not compare checksums, so neither may the damage end here.
                    stream._expected_crc = None
                    data = stream.read()
            elif tarfile.is_tarfile(io.BytesIO(data)):
                with tarfile.open(fileobj=io.BytesIO(data)) as archive:
                    data = archive.extractfile(step).read()
            else:
                raise Undecided(f"no reader for the container of `{step}`")
        except Undecided:
            raise
        except Exception as error:  # other readers are laxer than Python's
            raise Undecided(f"the container of `{step}`: {type(error).__name__}") from error
    return data


def is_pickled(form, finding):
    where = finding["member"] or ""
    return form == "pickle" or finding["rule"].startswith("model/pickle-") or where.endswith(".pkl")


def reaches(data, form, finding):
    """What `data` reaches where `finding` lies in the intact file."""
    rule, where = finding["rule"], finding["member"]
    if where and where.startswith("base64"):
        reached = set()
        if form == "safetensors":
            data = safetensors_metadata(data)
        for inner in encoded(data):
            reached |= pickle_reaches(inner, rule, finding["evidence"])
        return reached
    if is_pickled(form, finding):
        return pickle_reaches(member(data, form, where), rule, finding["evidence"])
    if rule.startswith("model/keras-"):
        return keras_reaches(data, form, finding)
    if rule == "model/template-escape":
        return template_reaches(member(data, form, where), form)
    if form == "tensorflow":
        named = re.findall("`([^`]+)`", finding["message"])
        return {entry for entry in tensorflow_reaches(data) if entry[1] in named}
    if form == "onnx":
        return onnx_reaches(data) & {finding["evidence"]}
    if form == "coreml":
        return coreml_reaches(data) & {finding["evidence"]}
    if rule == "model/xml-external-entity":
        return external_entities(member(data, form, where))
    if rule == "model/config-instantiates":
        return set(yaml_strings(member(data, form, where))) & {finding["evidence"]}
    if rule in ("model/metadata-code", "model/config-code"):
        return text_reaches(member(data, form, where), form)
    if rule == "model/metadata-command" and addresses(finding["evidence"].encode()):
        return addresses(data)
    raise Undecided(f"no reader for {rule} in {form}")


def answer(question):
    with open(question["path"], "rb") as file:
        intact = file.read()
    kind, *how = question["damage"]
    damaged = bytearray(intact)
    if kind == "cut":
        del damaged[how[0] :]
    else:
        damaged[how[0]] ^= how[1]
    damaged = bytes(damaged)
    form, undecided = question["format"], None
    for finding in question["findings"]:
        # What begins behind the cut is not in the file at all.
        offset = finding["offset"]
        from_here = finding["member"] is None and not finding["rule"].startswith("model/pickle-")
        if kind == "cut" and from_here and offset and offset >= how[0]:
            continue
        try:
            before = reaches(intact, form, finding)
            if not before:
                raise Undecided(f"the reader sees no payload of {finding['rule']} in the intact file")
            left = before & reaches(damaged, form, finding)
            if is_pickled(form, finding) and left != before:
                left = set()
        except Undecided as error:
            undecided = str(error)
            continue
        if left:
            return "runs", f"{finding['rule']}: {sorted(map(str, left))[0]}"
    return ("undecided", undecided) if undecided else ("inert", "")


def expired(*_):
    raise Undecided("no answer in time")


def main():
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    signal.signal(signal.SIGALRM, expired)
    for line in sys.stdin:
        signal.alarm(10)
        try:
            verdict, why = answer(json.loads(line))
        except (Undecided, MemoryError, RecursionError) as error:
            verdict, why = "undecided", f"{type(error).__name__}: {error}"
        signal.alarm(0)
        print(json.dumps({"answer": verdict, "why": why[:200]}), flush=True)


if __name__ == "__main__":
    main()
