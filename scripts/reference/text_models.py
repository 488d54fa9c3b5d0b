"""Tiny tokenizers and encoders, and what Python makes of some texts with them: tests/data of altlas-tokens.

The tokenizers are trained by the Python library tokenizers on the sentences below, with the parts that real ones have: words
and pieces as BERT (`wordpiece`), bytes as RoBERTa (`bytes`), and SentencePiece as XLM-R (`unigram`). The graphs have
random weights and one layer of attention: `encoder` gives states of tokens, `classifier` scores of three classes, `fixed` one
vector of exactly sixteen int32 tokens. The expected values come from the libraries tokenizers, onnxruntime and numpy.

Made with (also written into the file): tokenizers 0.23.3, onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6.

    pip install tokenizers onnxruntime onnx numpy
    python scripts/reference/text_models.py crates/altlas-tokens/tests/data
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

WIDTH, POSITIONS, CLASSES, SEED = 8, 64, 3, 11
SENTENCES = [
    "Delete the old logs and restart the server.", "Create a report about sales in April.", "Send it to the customer.",
    "Open the file, then search for errors.", "Eski kayıtları sil ve sunucuyu yeniden başlat.",
    "Nisan satışları hakkında rapor oluştur.", "Dosyayı aç, sonra hataları ara.", "Müşteriye gönder.",
    "İstanbul'daki toplantıyı yarına ertele.", "Schedule the meeting for tomorrow at 10:30.", "What is the weather like?",
]
TEXTS = [
    "Delete the old logs.", "Eski kayıtları sil.", "", " ", "İSTANBUL, ığüşöç", "tab\tand\nline", "\u0001\u200bcontrol", "日本語 text",
    "👍🏽 ok", "[CLS] in a text [SEP]", "a" * 150, "Send " * 80, "Open the file, then search for errors. " * 3, "x", "e\u0301 é ﬁ",
]
PREFIX = "Open: "
MAX_LENGTH = 24


def wordpiece():
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    tokenizer.train_from_iterator(SENTENCES, trainers.WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False))
    ids = [(token, tokenizer.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=ids
    )
    # What files of published models have, and documents decide instead.
    tokenizer.enable_truncation(MAX_LENGTH)
    tokenizer.enable_padding(length=128, pad_id=0, pad_token="[PAD]")
    return tokenizer


def byte_level():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<s>", "<pad>", "</s>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=300, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(SENTENCES, trainer)
    ids = [tokenizer.token_to_id(token) for token in ("</s>", "<s>")]
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", ids[0]), ("<s>", ids[1]))
    return tokenizer


def unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=120, special_tokens=["<s>", "<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(SENTENCES * 3, trainer)
    ids = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", pair=None, special_tokens=ids)
    return tokenizer


def states(random, vocabulary):
    """Nodes and weights from token ids to states `[rows, tokens, WIDTH]`."""
    shapes = {
        "words": (vocabulary, WIDTH), "positions": (POSITIONS, WIDTH), "types": (2, WIDTH),
        "wq": (WIDTH, WIDTH), "wk": (WIDTH, WIDTH), "wv": (WIDTH, WIDTH),
    }
    weights = {name: random.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    weights |= {
        "scale": np.ones(WIDTH, np.float32), "root": np.float32(WIDTH**0.5), "away": np.float32(-1e9), "one": np.float32(1),
        "first": np.int64(0), "second": np.array([1]), "step": np.int64(1), "axis": np.array([1]),
    }
    node = helper.make_node
    nodes = [
        node("Gather", ["words", "ids"], ["w"]), node("Gather", ["types", "segments"], ["t"]),
        node("Shape", ["ids"], ["shape"]), node("Gather", ["shape", "second"], ["length1"]), node("Squeeze", ["length1"], ["length"]),
        node("Range", ["first", "length", "step"], ["places"]), node("Gather", ["positions", "places"], ["p"]),
        node("Add", ["w", "t"], ["wt"]), node("Add", ["wt", "p"], ["x"]),
        node("MatMul", ["x", "wq"], ["q"]), node("MatMul", ["x", "wk"], ["k"]), node("MatMul", ["x", "wv"], ["v"]),
        node("Transpose", ["k"], ["kt"], perm=[0, 2, 1]), node("MatMul", ["q", "kt"], ["qk"]), node("Div", ["qk", "root"], ["scores"]),
        node("Cast", ["mask"], ["there"], to=TensorProto.FLOAT), node("Sub", ["one", "there"], ["absent"]),
        node("Mul", ["absent", "away"], ["far"]), node("Unsqueeze", ["far", "axis"], ["bias"]),
        node("Add", ["scores", "bias"], ["masked"]), node("Softmax", ["masked"], ["weights"], axis=-1),
        node("MatMul", ["weights", "v"], ["seen"]), node("Add", ["x", "seen"], ["sum"]),
        node("LayerNormalization", ["sum", "scale"], ["states"], axis=-1),
    ]
    return nodes, weights


def model(nodes, weights, inputs, outputs):
    initializers = [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()]
    ports = [[helper.make_tensor_value_info(*port) for port in ports] for ports in (inputs, outputs)]
    graph = helper.make_graph(nodes, "text", *ports, initializers)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(made)
    return made.SerializeToString()


def graphs(vocabulary):
    random = np.random.default_rng(SEED)
    nodes, weights = states(random, vocabulary)
    names = {"ids": "input_ids", "mask": "attention_mask", "segments": "token_type_ids"}
    renamed = [helper.make_node("Identity", [name], [inner]) for inner, name in names.items()]
    inputs = [(name, TensorProto.INT64, ["rows", "tokens"]) for name in names.values()]
    head = random.normal(size=(WIDTH, CLASSES)).astype(np.float32)
    last = helper.make_node("Identity", ["states"], ["last_hidden_state"])
    encoder = model([*renamed, *nodes, last], weights, inputs, [("last_hidden_state", TensorProto.FLOAT, ["rows", "tokens", WIDTH])])
    first = [helper.make_node("Gather", ["states", "first"], ["cls"], axis=1), helper.make_node("MatMul", ["cls", "head"], ["logits"])]
    classifier = model([*renamed, *nodes, *first], weights | {"head": head}, inputs, [("logits", TensorProto.FLOAT, ["rows", CLASSES])])
    wide = [
        helper.make_node("Cast", ["tokens"], ["ids"], to=TensorProto.INT64), helper.make_node("Cast", ["mask32"], ["mask"], to=TensorProto.INT64),
        helper.make_node("Mul", ["ids", "first"], ["segments"]), *nodes,
        helper.make_node("ReduceMean", ["states"], ["sentence_embedding"], axes=[1], keepdims=0),
    ]
    rename = [helper.make_node("Identity", ["input_mask"], ["mask32"])]
    fixed = model(
        [*rename, *wide], weights, [("tokens", TensorProto.INT32, [1, 16]), ("input_mask", TensorProto.INT32, [1, 16])],
        [("sentence_embedding", TensorProto.FLOAT, [1, WIDTH])],
    )
    return {"encoder": encoder, "classifier": classifier, "fixed": fixed}


def tokens(tokenizer, text, length):
    tokenizer.no_padding()
    tokenizer.enable_truncation(length)
    return tokenizer.encode(text)


def run(bytes_, feed):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(bytes_, options).run(None, feed)[0]


def feed_of(encoding):
    row = lambda values: np.array([values], np.int64)
    return {"input_ids": row(encoding.ids), "attention_mask": row([1] * len(encoding.ids)), "token_type_ids": row(encoding.type_ids)}


def unit(vector):
    return vector / np.linalg.norm(vector)


def fixed_feed(encoding):
    ids = encoding.ids + [0] * (16 - len(encoding.ids))
    mask = [1] * len(encoding.ids) + [0] * (16 - len(encoding.ids))
    return {"tokens": np.array([ids], np.int32), "input_mask": np.array([mask], np.int32)}


def main(into):
    made = {}
    for name, train in {"wordpiece": wordpiece, "bytes": byte_level, "unigram": unigram}.items():
        file = into / f"{name}.json"
        # Training breaks ties by chance: a file that is there stays.
        if not file.exists():
            file.write_text(json.dumps(json.loads(train().to_str()), ensure_ascii=False, separators=(",", ":")))
        made[name] = Tokenizer.from_file(str(file))
    expected = {"library": {name: version(name) for name in ("tokenizers", "onnxruntime", "onnx", "numpy")}, "texts": TEXTS}
    expected |= {"max_length": MAX_LENGTH, "prefix": PREFIX, "ids": {}, "places": {}, "truncated": {}}
    for name, tokenizer in made.items():
        encoded = [tokens(tokenizer, text, MAX_LENGTH) for text in TEXTS]
        expected["ids"][name] = [e.ids for e in encoded]
        expected["places"][name] = [e.offsets for e in encoded]
        expected["truncated"][name] = [len(e.overflowing) > 0 for e in encoded]
    tokenizer = made["wordpiece"]
    expected["prefixed"] = [tokens(tokenizer, PREFIX + text, MAX_LENGTH).ids for text in TEXTS]
    files = graphs(tokenizer.get_vocab_size())
    for name, bytes_ in files.items():
        (into / f"{name}.onnx").write_bytes(bytes_)
    found = [run(files["encoder"], feed_of(tokens(tokenizer, text, MAX_LENGTH)))[0] for text in TEXTS]
    expected["mean"] = [unit(s.mean(axis=0)).tolist() for s in found]
    expected["cls"] = [s[0].tolist() for s in found]
    logits = [run(files["classifier"], feed_of(tokens(tokenizer, text, MAX_LENGTH)))[0].astype(float) for text in TEXTS]
    expected["softmax"] = [(np.exp(l - l.max()) / np.exp(l - l.max()).sum()).tolist() for l in logits]
    expected["fixed"] = [unit(run(files["fixed"], fixed_feed(tokens(tokenizer, text, 16)))[0]).tolist() for text in TEXTS]
    (into / "expected.json").write_text(json.dumps(expected, ensure_ascii=False, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
