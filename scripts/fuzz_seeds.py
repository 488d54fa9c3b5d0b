#!/usr/bin/env python3
"""Writes inputs for the fuzz targets to start from: frames of every kind, and small models.

fuzz_seeds.py FOLDER
"""

import json
import shutil
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODEL = "5f" * 32
SPEC = {"name": "x", "dtype": "f32", "shape": [1, 2], "bytes": 8}
TEXT = {"name": "t", "dtype": "string", "shape": [2], "bytes": 11}
OWNER = {"database": 5, "role": 10, "label": "p"}

REQUESTS = [
    ({"ask": "hello", "oldest": 1, "newest": 1, "client": "0.1.0"}, b""),
    ({"ask": "status"}, b""),
    ({"ask": "run", "model": MODEL, "inputs": [SPEC], "outputs": ["y"]}, struct.pack("<2f", 1, 2)),
    (
        {"ask": "run", "model": MODEL, "inputs": [TEXT, SPEC]},
        struct.pack("<I1sI2s2f", 1, b"a", 2, b"bc", 1, 2),
    ),
    ({"ask": "describe", "model": MODEL}, b""),
    ({"ask": "upload", "model": MODEL, "size": 3}, b""),
    ({"ask": "chunk"}, b"abc"),
    ({"ask": "job", "kind": "train", "spec": {"task": "regression"}, "owner": OWNER, "limits": {"threads": 1}}, b""),
    ({"ask": "data"}, b"ARROW1"),
    ({"ask": "data_end"}, b""),
    ({"ask": "jobs"}, b""),
    ({"ask": "cancel_job", "job": 7}, b""),
    ({"ask": "release", "model": MODEL}, b""),
]
PORT = {"name": "x", "dtype": "f32", "shape": [None, 4]}
REPLIES = [
    ({"say": "welcome", "protocol": 1, "version": "0.1.0"}, b""),
    ({"say": "outputs", "outputs": [SPEC, TEXT]}, struct.pack("<2fI1sI2s", 1, 2, 1, b"a", 2, b"bc")),
    ({"say": "need_model", "model": MODEL}, b""),
    ({"say": "stored", "model": MODEL}, b""),
    ({"say": "signature", "inputs": [PORT], "outputs": [PORT], "metadata": {"k": "v"}}, b""),
    ({"say": "progress", "phase": "fit", "done": 1, "total": 2}, b""),
    ({"say": "artefact", "name": "model.onnx"}, b"\x08\x08"),
    ({"say": "job_done", "result": {"score": 0.5}}, b""),
    ({"say": "cancelled", "found": True}, b""),
    ({"say": "failed", "kind": "bad_input", "message": "m", "detail": "d", "hint": "h"}, b""),
]


def frame(header: dict, payload: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<II", len(text), len(payload)) + text + payload


def main() -> None:
    folder = Path(sys.argv[1])
    frames, models, compiled = folder / "frames", folder / "onnx", folder / "compiled"
    for made in (frames, models, compiled):
        made.mkdir(parents=True, exist_ok=True)
    for n, (header, payload) in enumerate(REQUESTS + REPLIES):
        (frames / f"seed-{n:02}").write_bytes(frame(header, payload))
    (frames / "seed-stream").write_bytes(b"".join(frame(*request) for request in REQUESTS))
    crashes = {"crashes": 2, "last_us": 1, "reason": "r", "alone": 20}
    crash_list = {"format": 1, "runtime": "1.32.0", "models": {MODEL: crashes}}
    (frames / "seed-crashes").write_text(json.dumps(crash_list))
    for model in (ROOT / "crates/altlas-runtime/tests/data").glob("*.onnx"):
        shutil.copy(model, models / f"seed-{model.stem}")
    for model in (ROOT / "crates/altlas-score/tests/data").glob("*.onnx"):
        shutil.copy(model, compiled / f"seed-{model.stem}")


if __name__ == "__main__":
    main()
