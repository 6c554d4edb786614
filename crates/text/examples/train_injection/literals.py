"""Texts that are written out in programs and documents: strings, values, blocks of code."""

import ast
import json
import re

# A string of JavaScript, and several that are added up.
STRING = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`"
STRINGS = rf"(?:{STRING})(?:\s*\+\s*(?:{STRING}))*"
ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.|\n)")


def script_strings(document, before):
    """Strings of a program in JavaScript that stand behind `before`, sums of strings taken together."""
    for found in re.findall(rf"{before}\s*({STRINGS})", document):
        parts = (part[1:-1] for part in re.findall(STRING, found))
        yield "".join(ESCAPE.sub(escape, part) for part in parts)


def escape(found):
    """What an escape of JavaScript stands for."""
    code = found[1]
    if code[0] in "ux" and len(code) > 1:
        return chr(int(code[1:].strip("{}"), 16))
    return {"n": "\n", "t": "\t", "r": "", "\n": "", "0": "\0"}.get(code, code)


def constants(node, names):
    """A value of Python that is written out, its fields filled from `names`; what is not written out is none."""
    fill = lambda part: part.value if isinstance(part, ast.Constant) else names.get(ast.unparse(part.value), "")
    match node:
        case ast.Constant():
            return node.value
        case ast.JoinedStr():
            return "".join(str(fill(part)) for part in node.values)
        case ast.List() | ast.Tuple():
            return [constants(part, names) for part in node.elts]
        case ast.Dict():
            keys = (constants(key, names) for key in node.keys)
            return dict(zip(keys, (constants(value, names) for value in node.values)))
    return None


def python_strings(document, least):
    """All strings of a program in Python from a length on."""
    for node in ast.walk(ast.parse(document)):
        text = constants(node, {}) if isinstance(node, ast.Constant | ast.JoinedStr) else None
        if isinstance(text, str) and len(text) >= least:
            yield re.sub(r"\n[ \t]+", "\n", text)


def blocks(document):
    """What is fenced off as code in a document."""
    return re.findall(r"^\s*```[^\n]*\n(.*?)^\s*```", document, re.S | re.M)


def lines(document):
    return [json.loads(line) for line in document.split("\n") if line.strip()]
