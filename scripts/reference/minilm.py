"""Embeddings of some texts by all-MiniLM-L6-v2 with int8 weights (see scripts/setup.sh), as Python computes them:
tests/client/minilm.json, numbers as base64 of little-endian float32.

Made with tokenizers 0.23.3, onnxruntime 1.32.0, numpy 2.4.6.

    pip install tokenizers onnxruntime numpy
    python scripts/reference/minilm.py ~/.cache/altlas/minilm-int8 tests/client/minilm.json
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

MAX_LENGTH = 256
TEXTS = [
    "The quarterly report is late.", "Çeyrek raporu gecikti.", "Delete the old logs and restart the server.",
    "Eski kayıtları sil ve sunucuyu yeniden başlat.", "İstanbul'daki toplantıyı yarına ertele.", "ok", "",
    "A cat sits on the mat.", "Kedi paspasın üstünde oturuyor.", "naïve café, straße, ﬁancé", "日本語のテキスト", "👍🏽 great!",
    "Long: " + "the server writes one line of its log for each request that it answers, and rotates the file at midnight. " * 6,
    "Too long: " + "kayıtlar her gece döndürülür ve eskileri silinir. " * 120,
]


def main(model, into):
    tokenizer = Tokenizer.from_file(str(model / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_LENGTH)
    session = onnxruntime.InferenceSession(str(model / "model.onnx"))
    rows = []
    for text in TEXTS:
        encoding = tokenizer.encode(text)
        row = lambda values: np.array([values], np.int64)
        feed = {"input_ids": row(encoding.ids), "attention_mask": row(encoding.attention_mask), "token_type_ids": row(encoding.type_ids)}
        [states] = session.run(None, feed)
        mean = states[0].mean(axis=0)
        vector = (mean / np.linalg.norm(mean)).astype("<f4")
        rows.append({"text": text, "tokens": len(encoding.ids), "truncated": len(encoding.overflowing) > 0,
                     "vector": base64.b64encode(vector.tobytes()).decode()})
    into.write_text(json.dumps({"max_length": MAX_LENGTH, "texts": rows}, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
