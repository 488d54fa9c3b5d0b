"""The network: the encoder of `base.py` with four heads, in JAX."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from base import LAYERS
from labels import KINDS, NOTHING, PAD, PARAMETERS, TYPES

HEADS = 12
LINK = 32
NORM = 1e-12
DROPPED = 0.1
# Widths of the heads, for each piece.
WIDTHS = {"span": 3, "type": len(TYPES), "parameter": 2 * len(PARAMETERS), "link": 2 * len(KINDS) * LINK}
# The heads that the exported network has, side by side in one output. The others are learned beside them: the rules find parameters
# and dependencies better.
OUTPUTS = ("span", "type")


def begin(base: dict[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The weights before training: the encoder's and small random ones for the heads."""
    random = np.random.default_rng(seed)
    hidden = base["pieces"].shape[1]
    heads = {}
    for name, width in WIDTHS.items():
        heads[f"{name}.w"] = random.normal(0, 0.02, (hidden, width)).astype(np.float32)
        heads[f"{name}.b"] = np.zeros(width, np.float32)
    return {**base, **heads}


def normed(x, weights, name):
    mean = x.mean(-1, keepdims=True)
    spread = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * jax.lax.rsqrt(spread + NORM) * weights[f"{name}.scale"] + weights[f"{name}.shift"]


def encode(weights: dict, ids, key=None):
    """Hidden states of pieces [batch, length]. With a key, as in training: some of what layers add is dropped."""
    batch, length = ids.shape
    x = normed(weights["pieces"][ids] + weights["positions"][:length], weights, "norm")
    hidden = x.shape[-1]
    mask = jnp.where(ids == PAD, -1e9, 0.0)[:, None, None, :]

    def linear(x, name):
        return x @ weights[f"{name}.w"] + weights[f"{name}.b"]

    def split(x):
        return x.reshape(batch, length, HEADS, hidden // HEADS).transpose(0, 2, 1, 3)

    def dropped(x, n):
        if key is None:
            return x
        kept = jax.random.bernoulli(jax.random.fold_in(key, n), 1 - DROPPED, x.shape)
        return jnp.where(kept, x / (1 - DROPPED), 0)

    for n in range(LAYERS):
        q, k, v = (split(linear(x, f"{n}.{part}")) for part in "qkv")
        attention = jax.nn.softmax(q @ k.transpose(0, 1, 3, 2) / np.sqrt(hidden // HEADS) + mask, -1)
        mixed = (attention @ v).transpose(0, 2, 1, 3).reshape(batch, length, hidden)
        x = normed(x + dropped(linear(mixed, f"{n}.ao"), 2 * n), weights, f"{n}.aln")
        inner = jax.nn.gelu(linear(x, f"{n}.fi"), approximate=False)
        x = normed(x + dropped(linear(inner, f"{n}.fo"), 2 * n + 1), weights, f"{n}.oln")
    return x


def heads(weights: dict, x) -> dict:
    return {name: x @ weights[f"{name}.w"] + weights[f"{name}.b"] for name in WIDTHS}


def link_scores(link, starts):
    """Scores [batch, kind, segment, earlier segment] of the pieces at `starts`."""
    batch, count = starts.shape
    at = jnp.take_along_axis(link, starts[..., None], 1)
    at = at.reshape(batch, count, len(KINDS), 2, LINK)
    return jnp.einsum("bikd,bjkd->bkij", at[:, :, :, 0], at[:, :, :, 1]) / np.sqrt(LINK)


def loss(trained: dict, fixed: dict, batch: dict, key):
    """The mean losses of a batch, summed over heads."""
    weights = {**fixed, **trained}
    out = heads(weights, encode(weights, batch["ids"], key))
    real = batch["ids"] != PAD

    def cross_entropy(scores, wanted, counted):
        chosen = jnp.take_along_axis(jax.nn.log_softmax(scores), jnp.maximum(wanted, 0)[..., None], -1)[..., 0]
        return -(chosen * counted).sum() / jnp.maximum(counted.sum(), 1)

    span = cross_entropy(out["span"], batch["spans"], real)
    kind = cross_entropy(out["type"], batch["types"], batch["types"] != NOTHING)
    tags = out["parameter"].reshape(*out["parameter"].shape[:2], len(PARAMETERS), 2)
    tags = jnp.concatenate([jnp.zeros_like(tags[..., :1]), tags], -1)
    parameter = cross_entropy(tags, batch["parameters"], real[..., None] & (batch["parameters"] != NOTHING))
    scores = link_scores(out["link"], batch["starts"])
    count = scores.shape[-1]
    earlier = jnp.tril(jnp.ones((count, count)), -1) * batch["given"][:, None, :, None]
    each = jnp.maximum(scores, 0) - scores * batch["links"] + jnp.log1p(jnp.exp(-jnp.abs(scores)))
    link = (each * earlier).sum() / jnp.maximum(earlier.sum() * len(KINDS), 1)
    parts = {"span": span, "type": kind, "parameter": parameter, "link": link}
    return span + kind + 4 * parameter + link, parts
