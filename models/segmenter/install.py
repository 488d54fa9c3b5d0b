"""Makes the trained and exported network the built-in model altlas.segmenter: its files in this folder.

`python3 models/segmenter/install.py WORK` reads WORK/model.onnx, WORK/tokenizer.json and WORK/recipe.json; `python3 models/build.py` after it.
Standard library only.
"""

import hashlib
import json
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
LONGEST = 256


def documents(tokenizer: bytes) -> dict[str, dict]:
    """The preprocessing document and the manifest."""
    preprocess = {
        "format": 1,
        "kind": "tokenizer",
        "tokenizer": hashlib.sha256(tokenizer).hexdigest(),
        "max_length": LONGEST,
        "prefix": "",
        "padding": "longest",
        "inputs": {"ids": "input_ids", "mask": "attention_mask", "types": None},
        "output": "tags",
        "pooling": "tokens",
        "normalize": False,
        "activation": "none",
    }
    manifest = {"format": 1, "task": "other", "columns": ["text"], "algorithm": "transformer"}
    return {"preprocess.json": preprocess, "manifest.json": manifest}


def main() -> None:
    work = Path(sys.argv[1])
    tokenizer = (work / "tokenizer.json").read_bytes()
    (FOLDER / "model.onnx").write_bytes((work / "model.onnx").read_bytes())
    (FOLDER / "tokenizer.json").write_bytes(tokenizer)
    (FOLDER / "recipe.json").write_bytes((work / "recipe.json").read_bytes())
    for name, document in documents(tokenizer).items():
        (FOLDER / name).write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
