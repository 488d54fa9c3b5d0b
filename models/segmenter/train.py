"""Trains the segmenter on generated commands, in steps that can be stopped and gone on with.

`python3 models/segmenter/train.py WORK [--minutes M]` goes on from WORK/state.npz for at most M minutes; when it is done it says so
and writes WORK/trained.npz and WORK/recipe.json. WORK/utterances.txt is there before, from utterances.py. The order of the data depends only on the
seeds, and with it the result but for rounding, which other processors and versions do otherwise.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import fields
from importlib.metadata import version
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import base
import network
from labels import KINDS, LONGEST, MOST_SEGMENTS, NOTHING, PAD, PARAMETERS, Encoder, Example

HERE = Path(__file__).resolve().parent
SEED = 20261125
COMMANDS, EPOCHS = 240_000, 3
TOKENS = 8192  # in a batch, padding included
LENGTHS = (16, 24, 40, 64, 112, LONGEST)  # a step is compiled for each
RATE, WARM_UP = 4e-4, 200
HEAD_RATE = 3  # times as fast
MASKED = 0.15  # pieces that are hidden
# The pieces' vectors stay as they are: words that are not in the generated commands keep their place among the others.
FIXED = ("pieces",)
ARRAYS = [field.name for field in fields(Example)]


def sha256(file: Path) -> str:
    with file.open("rb") as data:
        return hashlib.file_digest(data, "sha256").hexdigest()


def recipe(work: Path, steps: int) -> dict:
    """What the weights were made of."""
    files = ("utterances.txt", "commands.jsonl", "tokenizer.json", "base.npz")
    packages = {package: digest for package, _, digest in (base.WEIGHTS, base.TOKENIZER, base.TURKISH, base.ENGLISH)}
    return {
        "seed": SEED,
        "commands": COMMANDS,
        "epochs": EPOCHS,
        "pieces_a_step": TOKENS,
        "steps": steps,
        "layers": base.LAYERS,
        "rate": RATE,
        "masked": MASKED,
        "dropped": network.DROPPED,
        "device": jax.devices()[0].device_kind,
        "libraries": {name: version(name) for name in ("jax", "numpy", "optax", "tokenizers")},
        "packages": packages,
        "sha256": {name: sha256(work / name) for name in files},
    }


def generated(work: Path) -> list[Example]:
    """The training commands, encoded; WORK/examples.npz keeps them."""
    packed = work / "examples.npz"
    if packed.exists():
        return unpacked(np.load(packed))
    file = work / "commands.jsonl"
    if not file.exists():
        command = [sys.executable, str(HERE / "generate.py"), "--count", str(COMMANDS), "--seed", str(SEED)]
        command += ["--utterances", str(work / "utterances.txt")]
        with file.with_suffix(".new").open("wb") as out:
            subprocess.run(command, check=True, stdout=out)
        file.with_suffix(".new").rename(file)
    encoder, examples = Encoder(work / "tokenizer.json"), []
    with file.open() as lines:
        while part := list(itertools.islice(lines, 10_000)):
            examples += encoder.examples([json.loads(line) for line in part])
    np.savez_compressed(packed, **together(examples))
    return examples


def together(examples: list[Example]) -> dict[str, np.ndarray]:
    """The examples' arrays, each kind one after the other."""
    arrays = {name: np.concatenate([getattr(e, name).ravel() for e in examples]) for name in ARRAYS}
    return arrays | {
        "pieces": np.array([len(e.ids) for e in examples], np.int16),
        "segments": np.array([len(e.starts) for e in examples], np.int8),
    }


def unpacked(kept: Mapping[str, np.ndarray]) -> list[Example]:
    pieces, segments = kept["pieces"].astype(np.int64), kept["segments"].astype(np.int64)
    widths = {"parameters": pieces * len(PARAMETERS), "starts": segments, "links": len(KINDS) * segments**2}
    parts = {name: np.split(kept[name], np.cumsum(widths.get(name, pieces))[:-1]) for name in ARRAYS}
    examples = [Example(*one) for one in zip(*parts.values())]
    for e in examples:
        e.parameters = e.parameters.reshape(-1, len(PARAMETERS))
        e.links = e.links.reshape(len(KINDS), len(e.starts), len(e.starts))
    return examples


def batches(examples: list[Example], epoch: int) -> list[tuple[int, list[int]]]:
    """(length, examples) of like length, in random order."""
    random = np.random.default_rng([SEED, epoch])
    groups: dict[int, list[int]] = {}
    for n in random.permutation(len(examples)):
        length = next(width for width in LENGTHS if width >= len(examples[n].ids))
        groups.setdefault(length, []).append(n)
    found = []
    for length, members in sorted(groups.items()):
        size = TOKENS // length
        found += [(length, members[at : at + size]) for at in range(0, len(members) - size + 1, size)]
    return [found[n] for n in random.permutation(len(found))]


def arrays(examples: list[Example], length: int, random: np.random.Generator | None) -> dict:
    """A batch as the network takes it."""
    count, segments = len(examples), MOST_SEGMENTS
    batch = {
        "ids": np.full((count, length), PAD, np.int32),
        "spans": np.zeros((count, length), np.int32),
        "types": np.full((count, length), NOTHING, np.int32),
        "parameters": np.zeros((count, length, len(PARAMETERS)), np.int32),
        "starts": np.zeros((count, segments), np.int32),
        "given": np.zeros((count, segments), np.float32),
        "links": np.zeros((count, 2, segments, segments), np.float32),
    }
    for n, e in enumerate(examples):
        long, many = len(e.ids), len(e.starts)
        batch["ids"][n, :long] = e.ids
        batch["spans"][n, :long] = e.spans
        batch["types"][n, :long] = e.types
        batch["parameters"][n, :long] = e.parameters
        batch["starts"][n, :many] = e.starts
        batch["given"][n, :many] = 1
        batch["links"][n, :, :many, :many] = e.links
    if random is not None:
        hidden = (random.random(batch["ids"].shape) < MASKED) & (batch["ids"] > 3)
        batch["ids"][hidden] = 3
    return batch


def optimizer(steps: int) -> optax.GradientTransformation:
    def rate(peak):
        return optax.warmup_cosine_decay_schedule(0, peak, WARM_UP, steps, peak / 20)

    def adam(peak):
        return optax.adamw(rate(peak), b2=0.98, weight_decay=0.01)

    def part(weights):
        return {name: "head" if name.split(".")[0] in network.WIDTHS else "encoder" for name in weights}

    each = optax.multi_transform({"encoder": adam(RATE), "head": adam(RATE * HEAD_RATE)}, part)
    return optax.chain(optax.clip_by_global_norm(1.0), each)


def save(file: Path, step: int, trained: dict, state) -> None:
    leaves = {f"state.{n}": np.asarray(leaf) for n, leaf in enumerate(jax.tree.leaves(state))}
    new = file.with_name("new.npz")
    np.savez(new, step=step, **{f"weight.{name}": np.asarray(w) for name, w in trained.items()}, **leaves)
    new.rename(file)


def load(file: Path, state):
    kept = np.load(file)
    trained = {name[7:]: jnp.asarray(kept[name]) for name in kept.files if name.startswith("weight.")}
    leaves, shape = jax.tree.flatten(state)
    state = jax.tree.unflatten(shape, [jnp.asarray(kept[f"state.{n}"]) for n in range(len(leaves))])
    return int(kept["step"]), trained, state


def train(work: Path, minutes: float) -> bool:
    """Goes on for some minutes. Returns whether training has come to its end."""
    end = time.monotonic() + minutes * 60
    if not (work / "base.npz").exists():
        base.make(work, [])
    examples = generated(work)
    weights = network.begin(dict(np.load(work / "base.npz")), SEED)
    fixed = {name: jnp.asarray(weights[name]) for name in FIXED}
    trained = {name: jnp.asarray(w) for name, w in weights.items() if name not in FIXED}
    order = [(epoch, *batch) for epoch in range(EPOCHS) for batch in batches(examples, epoch)]
    optimize = optimizer(len(order))
    state, first = optimize.init(trained), 0
    file = work / "state.npz"
    if file.exists():
        first, trained, state = load(file, state)

    @jax.jit
    def step(trained, state, batch, n):
        key = jax.random.fold_in(jax.random.key(SEED), n)
        (total, parts), gradient = jax.value_and_grad(network.loss, has_aux=True)(trained, fixed, batch, key)
        change, state = optimize.update(gradient, state, trained)
        return optax.apply_updates(trained, change), state, {**parts, "total": total}

    shown, begun, saved = [], time.monotonic(), time.monotonic()
    for n in range(first, len(order)):
        _, length, members = order[n]
        random = np.random.default_rng([SEED, n])
        batch = arrays([examples[m] for m in members], length, random)
        trained, state, parts = step(trained, state, batch, n)
        shown.append(parts)
        if (n + 1) % 200 == 0:
            mean = {name: round(sum(float(s[name]) for s in shown) / len(shown), 4) for name in shown[0]}
            print(f"{n + 1}/{len(order)} {(time.monotonic() - begun) / len(shown):.2f} s a step {mean}", flush=True)
            shown, begun = [], time.monotonic()
        if time.monotonic() - saved > 300 or time.monotonic() > end:
            save(file, n + 1, trained, state)
            saved = time.monotonic()
            if time.monotonic() > end:
                return False
    save(file, len(order), trained, state)
    np.savez(work / "trained.npz", **{name: np.asarray(w, np.float16) for name, w in {**fixed, **trained}.items()})
    (work / "recipe.json").write_text(json.dumps(recipe(work, len(order)), indent=1) + "\n")
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", type=Path)
    parser.add_argument("--minutes", type=float, default=55)
    options = parser.parse_args()
    done = train(options.work, options.minutes)
    print("trained" if done else "not done yet: run it again")


if __name__ == "__main__":
    main()
