"""Checks of the built-in models: the generated SQL, the graph against stored outputs, the generator's word forms.

`python3 -m pytest models/test_models.py` with models/requirements.txt installed; none of them trains.
"""

import hashlib
import json
import sys
from pathlib import Path

import pytest

MODELS = Path(__file__).resolve().parent
TASK_TYPE = MODELS / "task_type"
sys.path[:0] = [str(MODELS), str(TASK_TYPE)]

import build  # noqa: E402
import prep_reader  # noqa: E402


def load(name):
    return json.loads((TASK_TYPE / name).read_text(encoding="utf-8"))


def test_sql_is_up_to_date():
    assert build.main(["--check"]) == 0


def test_sql_names_the_model_by_its_hash():
    data = (TASK_TYPE / "model.onnx").read_bytes()
    text = build.TARGET.read_text(encoding="utf-8")
    assert f"'altlas.task_type', '{hashlib.sha256(data).hexdigest()}'" in text
    assert len(data) <= 1_500_000


def test_quotes_are_doubled_and_backslashes_refused():
    assert build.literal("it's") == "'it''s'"
    with pytest.raises(ValueError):
        build.literal("a\\b")


def test_a_tokenizer_is_the_one_that_the_document_names(tmp_path):
    (tmp_path / "tokenizer.json").write_bytes(b"{}")
    with pytest.raises(ValueError):
        build.check_tokenizer(tmp_path)
    document = {"kind": "tokenizer", "tokenizer": hashlib.sha256(b"{}").hexdigest()}
    (tmp_path / "preprocess.json").write_text(json.dumps(document))
    build.check_tokenizer(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes(b"[]")
    with pytest.raises(ValueError):
        build.check_tokenizer(tmp_path)


def run(texts):
    numpy = pytest.importorskip("numpy")
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(str(TASK_TYPE / "model.onnx"), providers=["CPUExecutionProvider"])
    tensors = prep_reader.apply(load("preprocess.json"), texts)
    return session.run(["probabilities", "label"], {"term": numpy.array(tensors["term"], dtype=numpy.int64),
                                                    "weight": numpy.array(tensors["weight"], dtype=numpy.float32)})


def test_graph_gives_the_stored_outputs():
    stored = load("vectors.json")
    vectors = stored["vectors"]
    assert 0 < len(vectors) <= 32
    probabilities, label = run([v["input"] for v in vectors])
    for vector, p, k in zip(vectors, probabilities, label):
        assert stored["labels"][int(k)] == vector["label"], vector["input"]
        for got, want in zip(p, vector["probabilities"]):
            assert abs(float(got) - want) <= stored["tolerance"], vector["input"]
        assert abs(float(p.sum()) - 1.0) < 1e-5


ARRAY = {"format": 1, "kind": "tabular", "output": "features",
         "columns": [{"name": f"past[{n}]", "type": "number"} for n in (1, 2)], "features": [{"op": "number", "column": f"past[{n}]"} for n in (1, 2)]}


def test_elements_of_arrays_are_columns():
    assert prep_reader.apply(ARRAY, [{"past": [1, 2.5]}, {"past[1]": 1, "past[2]": 2.5}]) == [[1, 2.5], [1, 2.5]]
    missing = prep_reader.apply(ARRAY, [{"past": None}, {}, {"past": [None, 2]}])
    assert [[x != x for x in row] for row in missing] == [[True, True], [True, True], [True, False]]
    for wrong in ([1], [1, 2, 3], []):
        with pytest.raises(ValueError, match="elements"):
            prep_reader.apply(ARRAY, [{"past": wrong}])


def test_text_features_are_vectors_and_ngrams():
    ngrams = load("preprocess.json")
    encoder = {"name": "altlas.e5_small", "model": "ab", "document": {"format": 1, "kind": "tokenizer"}}
    document = {"format": 1, "kind": "text_features", "ngrams": ngrams, "embedding": encoder}
    texts = ["gönder", "send it", ""]
    asked = []

    def embed(encoder, texts):
        asked.append((encoder, texts))
        return [[len(text), 0.1] for text in texts]

    tensors = prep_reader.apply(document, texts, embed)
    assert asked == [(encoder, texts)]
    assert tensors["embedding"] == [[6, prep_reader.float32(0.1)], [7, prep_reader.float32(0.1)], [0, prep_reader.float32(0.1)]]
    assert {"term": tensors["term"], "weight": tensors["weight"]} == prep_reader.apply(ngrams, texts)
    assert list(prep_reader.apply({**document, "ngrams": None}, texts, embed)) == ["embedding"]
    with pytest.raises(ValueError, match="vectors"):
        prep_reader.apply(document, texts, lambda *_: [])
    with pytest.raises(ValueError, match="unknown kind"):
        prep_reader.apply(document, texts)


def test_token_states_become_a_vector():
    numpy = pytest.importorskip("numpy")
    states = numpy.array([[[3.0, 4.0], [1.0, 0.0]], [[0.0, 2.0], [9.0, 9.0]]], dtype=numpy.float32)
    mask = numpy.array([[1, 1], [1, 0]])
    document = {"pooling": "mean", "normalize": False}
    assert prep_reader.pooled(document, states, mask) == [[2.0, 2.0], [0.0, 2.0]]
    assert prep_reader.pooled({**document, "pooling": "cls"}, states, mask) == [[3.0, 4.0], [0.0, 2.0]]
    assert prep_reader.pooled({"pooling": "cls", "normalize": True}, states, mask)[0] == pytest.approx([0.6, 0.8])


def test_padding_changes_nothing():
    texts = [v["input"] for v in load("vectors.json")["vectors"]]
    together, _ = run(texts)
    for text, row in zip(texts, together):
        alone, _ = run([text])
        assert abs(alone[0] - row).max() < 1e-6, text


def test_graph_is_as_the_runtime_allows():
    onnx = pytest.importorskip("onnx")
    model = onnx.load(str(TASK_TYPE / "model.onnx"))
    assert model.ir_version <= 9
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 17)]
    weights = onnx.numpy_helper.to_array(next(t for t in model.graph.initializer if t.name == "weights"))
    assert weights.shape == (load("preprocess.json")["buckets"] + 1, 8)
    assert not weights[0].any(), "the padding's row"


def test_labels_are_the_eight_types():
    types = ["search", "create", "analyze", "open", "transform", "execute", "summarize", "schedule"]
    assert load("manifest.json")["labels"] == types
    assert load("vectors.json")["labels"] == types


@pytest.mark.parametrize("noun, case, want", [
    ("satış raporu+", "acc", "satış raporunu"), ("dosya", "acc", "dosyayı"), ("kitap~", "dat", "kitaba"), ("grafik~", "gen", "grafiğin"),
    ("İstanbul'", "loc", "İstanbul'da"), ("profil^", "acc", "profili"), ("o", "abl", "ondan"), ("renk~", "acc", "rengi"), ("süt", "acc", "sütü"),
])
def test_turkish_nouns(noun, case, want):
    from grammar import turkish
    assert turkish.inflect(noun, case) == want


@pytest.mark.parametrize("stem, soft, form, want", [
    ("ara", False, "aorq", "arar mısın"), ("bul", False, "aorqz", "bulur musunuz"), ("et", True, "aorq", "eder misin"),
    ("kaydet", True, "ip", "kaydedip"), ("özetle", False, "yorum", "özetliyorum"), ("hazırla", False, "diktan", "hazırladıktan"),
    ("gönder", False, "abilqz", "gönderebilir misiniz"), ("sil", False, "pas", "silinsin"), ("aç", False, "pas", "açılsın"),
    ("yaz", False, "inca", "yazınca"), ("gönder", False, "mam", "göndermem"), ("çöz", False, "mayi", "çözmeyi"),
])
def test_turkish_verbs(stem, soft, form, want):
    from grammar import turkish
    assert turkish.conjugate(stem, form, soft) == want


def test_turkish_plurals():
    from grammar import turkish
    assert turkish.plural("satış raporu+") == "satış raporları+"
    assert turkish.plural("log dosyası+") == "log dosyaları+"
    assert turkish.plural("hata kaydı+") == "hata kayıtları+"
    assert turkish.plural("saat^") == "saatler"


@pytest.mark.parametrize("phrase, form, want", [
    ("run the tests", "ing", "running the tests"), ("write it", "ed", "written it"), ("copy it", "ed", "copied it"),
    ("analyze it", "ing", "analyzing it"), ("forward it", "ing", "forwarding it"),
])
def test_english_verbs(phrase, form, want):
    from grammar import english
    assert english.inflect(phrase, form) == want


def test_generator_is_seeded_and_parts_are_disjoint():
    import generator
    from grammar import lexicon
    from phrases import Composer, Part
    import random
    assert generator.dataset(200, Part(), 5) == generator.dataset(200, Part(), 5)
    assert generator.dataset(200, Part(), 5) != generator.dataset(200, Part(), 6)
    for code in generator.LANGUAGES:
        language = lexicon.read(code)
        kept = Composer(language, Part(False, False, False), random.Random(0))
        held = Composer(language, Part(True, True, True), random.Random(0))
        for name in language.nouns:
            assert not set(kept.nouns[name]) & set(held.nouns[name]), name
        for kind in lexicon.TYPES:
            keys = [{lexicon.verb_key(code, v.pattern) for v in c.verbs[kind]} for c in (kept, held)]
            assert keys[0] and keys[1] and not keys[0] & keys[1], kind
        always = {f for _, f, both in language.frames if both}
        assert set(kept.frames) & set(held.frames) == always


def test_fast_features_equal_the_reader():
    pytest.importorskip("scipy")
    import features
    import generator
    from phrases import Part
    texts = [row[0] for row in generator.dataset(100, Part(), 9)]
    features.check(load("preprocess.json"), [*texts, "", "  ", "İIıi ÇÖŞ", "a a a a"])
