"""The grammar's constructions with fixed words, against gold written by hand by the guideline.

`python3 -m pytest models/segmenter`.
"""

import random
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import check  # noqa: E402
from generate import composer  # noqa: E402
from scripted import act, told  # noqa: E402

COMPOSERS = {code: composer(code, random.Random(0)) for code in ("en", "tr")}
# Phrases in the tables' notation, with the thing each is about: type, phrase, thing.
EN = {
    "find": ("search", "find", "the file"), "delete it": ("execute", "delete", "it"), "close": ("execute", "close", "the branch"),
    "export": ("transform", "convert {o} to [format PDF]", "the report"), "print it": ("execute", "print", "it"),
    "check": ("analyze", "check", "the logs"), "call": ("execute", "call [recipient Ann]", ""), "draft": ("create", "draft", "a letter"),
    "note": ("create", "write [target a note] called \"[title Plan and Budget]\"", ""), "results": ("execute", "save", "the results"),
    "pets": ("search", "search for", "cats and dogs"), "remind": ("schedule", "remind me to [target call Ann and pay the rent]", ""),
    "ask": ("execute", "ask [recipient Tom] to [target fix the bug and test it]", ""), "download": ("execute", "download", ""),
    "install": ("execute", "install", "the app"), "var": ("execute", "delete {[variables customer_id]}", None),
    "title": ("analyze", "review", "its title"), "first": ("open", "show", "the first three"), "report": ("create", "prepare", "a report"),
    "script": ("create", "write", "a script that downloads and sorts the rates"), "whole": ("transform", "[target a slow song] needs to be added to [destination my playlist]", None),
    "ask what": ("search", "[query what is the weather in Oslo]", None), "see": ("open", "I want to see [target Seven Doors]", None),
}
TR = {
    "hazırla": ("create", "hazırla", "raporu"), "gönder": ("execute", "[recipient müdüre] gönder", ""), "sil": ("execute", "sil", "dosyayı"),
    "onu sil": ("execute", "sil", "onu"), "başlat": ("execute", "yeniden başlat", "sunucuyu"), "incele": ("analyze", "incele", "logları"),
    "ara": ("execute", "[recipient Ali'yi] ara", ""), "özetini": ("summarize", "{gen} özetini çıkar", ""), "yaz": ("create", "{nom} yaz", "mektup"),
    "sonuçları": ("execute", "kaydet~", "sonuçları"), "satış": ("create", "hazırla", "satış ve stok raporunu"),
    "hatırlat": ("schedule", "bana [target Ali'yi arayıp kirayı ödemeyi] hatırlat", ""), "aç": ("open", "aç", "\"Bul ve Sil\" belgesini"),
    "çalışıp": ("analyze", "{gen} çalışıp çalışmadığını kontrol et~", "sunucunun"), "ekle": ("transform", "[destination listeye] ekle", ""),
    "ilk": ("open", "listele", "ilk üçünü"), "boyutu": ("transform", "{gen} boyutunu küçült", ""), "aktar": ("execute", "deploy et~", ""),
    "hava": ("search", "[query İzmir'de hava nasıl]", None), "izle": ("open", "[target bir film] izlemek istiyorum", None),
}


def made(code, names, **how):
    speaker = COMPOSERS[code].speaker
    actions = []
    for name in names:
        name, *refs = name if isinstance(name, tuple) else (name,)
        kind, pattern, thing = (EN if code == "en" else TR)[name]
        actions.append(act(speaker, kind, pattern, thing, refs, fixed=thing is None))
    row = told(composer(code, random.Random(0)), actions, **how)
    assert check.faults(row) == []
    return row


def seg(content, kind, connector=None, depends=(), why=None, **parameters):
    return content, kind, connector, list(depends), why, parameters


def bodies(row):
    return [(s["content"], s["type"], s["connector"], s["depends_on"], s["dependency_kind"], s["parameters"]) for s in row["segments"]]


FIND = seg("Find the file", "search", query="the file")
CASES = [
    # English: what joins.
    ("en", ["find", ("delete it", 0)], {"style": "and", "wanted": [" "]}, "Find the file and delete it.",
     [FIND, seg("delete it", "execute", "and", [1], "data", target="it")]),
    ("en", ["find", "call"], {"style": "comma"}, "Find the file, call Ann.", [FIND, seg("call Ann", "execute", recipient="Ann")]),
    ("en", ["find", "call"], {"style": "bare"}, "Find the file call Ann.", [FIND, seg("call Ann", "execute", recipient="Ann")]),
    ("en", ["find", "call"], {"style": "semicolon"}, "Find the file; call Ann.", [FIND, seg("call Ann", "execute", recipient="Ann")]),
    ("en", ["find", "call"], {"style": "sentence"}, "Find the file. Call Ann.", [FIND, seg("Call Ann", "execute", recipient="Ann")]),
    ("en", ["find", "call"], {"style": "line"}, "Find the file\nCall Ann.", [FIND, seg("Call Ann", "execute", recipient="Ann")]),
    ("en", ["find", "call"], {"style": "sentence", "wanted": ["next", "after that"]}, "Find the file. After that, call Ann.",
     [FIND, seg("call Ann", "execute", "After that", [1], "sequence", recipient="Ann")]),
    ("en", ["find", "call"], {"style": "comma", "wanted": ["next", "and then", " "]}, "Find the file and then call Ann.",
     [FIND, seg("call Ann", "execute", "and then", [1], "sequence", recipient="Ann")]),
    ("en", ["find", "call"], {"style": "comma", "happens": ["first"], "wanted": ["next", "then"]}, "First, find the file, then call Ann.",
     [seg("find the file", "search", "First", query="the file"), seg("call Ann", "execute", "then", [1], "sequence", recipient="Ann")]),
    ("en", ["find", "call", "draft"], {"style": "comma", "happens": ["last"], "wanted": ["finally"]}, "Find the file, call Ann, finally draft a letter.",
     [FIND, seg("call Ann", "execute", recipient="Ann"), seg("draft a letter", "create", "finally", [1, 2], "sequence", target="a letter")]),
    ("en", ["find", ("delete it", 0), "call"], {"style": "comma", "happens": ["last"], "wanted": ["and finally"]},
     "Find the file, delete it, and finally call Ann.",
     [FIND, seg("delete it", "execute", None, [1], "data", target="it"), seg("call Ann", "execute", "and finally", [2], "sequence", recipient="Ann")]),
    ("en", ["check", "call", "draft"], {"style": "comma", "conditions": {1: ("none", "if it fails"), 2: ("otherwise", "")}},
     "Check the logs, if it fails, call Ann, otherwise draft a letter.",
     [seg("Check the logs", "analyze", target="the logs"), seg("if it fails, call Ann", "execute", condition="if it fails", recipient="Ann"),
      seg("draft a letter", "create", "otherwise", target="a letter")]),
    ("en", [("check"), ("call", 0), "draft"], {"style": "comma", "conditions": {1: ("none", "if it fails"), 2: ("otherwise", "")}},
     "Check the logs, if it fails, call Ann, otherwise draft a letter.",
     [seg("Check the logs", "analyze", target="the logs"), seg("if it fails, call Ann", "execute", None, [1], "data", condition="if it fails", recipient="Ann"),
      seg("draft a letter", "create", "otherwise", [1], "data", target="a letter")]),
    # English: openings that order.
    ("en", ["export", ("print it", 0)], {"style": "comma", "happens": ["pair"], "wanted": ["after"]}, "After converting the report to PDF, print it.",
     [seg("converting the report to PDF", "transform", "After", target="the report", format="PDF"), seg("print it", "execute", None, [1], "data", target="it")]),
    ("en", ["find", "call"], {"style": "comma", "happens": ["pair"], "wanted": ["once", "once you've"]}, "Once you've found the file, call Ann.",
     [seg("found the file", "search", "Once you've", query="the file"), seg("call Ann", "execute", None, [1], "sequence", recipient="Ann")]),
    ("en", ["find", "call"], {"style": "sentence", "happens": ["inner"], "wanted": ["later"]}, "Find the file. Call Ann later.",
     [FIND, seg("Call Ann later", "execute", None, [1], "sequence", recipient="Ann")]),
    # English: politeness.
    ("en", ["find"], {"style": "comma", "happens": ["filler"], "wanted": ["can you"]}, "Can you find the file?", [seg("find the file", "search", query="the file")]),
    ("en", ["find"], {"style": "comma", "happens": ["filler"], "wanted": ["don't forget to"]}, "Don't forget to find the file.", [seg("find the file", "search", query="the file")]),
    ("en", ["find", "call"], {"style": "and", "happens": ["filler", "ing"], "wanted": [" ", "would you mind"]}, "Would you mind finding the file and calling Ann?",
     [seg("finding the file", "search", query="the file"), seg("calling Ann", "execute", "and", recipient="Ann")]),
    ("en", ["find"], {"style": "comma", "happens": ["filler", "also"], "wanted": ["could you"]}, "Could you also find the file?",
     [seg("find the file", "search", "also", query="the file")]),
    # English: what is not split.
    ("en", ["pets"], {}, "Search for cats and dogs.", [seg("Search for cats and dogs", "search", query="cats and dogs")]),
    ("en", ["remind"], {}, "Remind me to call Ann and pay the rent.",
     [seg("Remind me to call Ann and pay the rent", "schedule", recipient="me", target="call Ann and pay the rent")]),
    ("en", ["ask"], {}, "Ask Tom to fix the bug and test it.", [seg("Ask Tom to fix the bug and test it", "execute", recipient="Tom", target="fix the bug and test it")]),
    ("en", ["script"], {}, "Write a script that downloads and sorts the rates.",
     [seg("Write a script that downloads and sorts the rates", "create", target="a script that downloads and sorts the rates")]),
    ("en", ["note"], {}, "Write a note called \"Plan and Budget\".",
     [seg("Write a note called \"Plan and Budget", "create", target="a note", title="Plan and Budget")]),
    ("en", ["var"], {}, "Delete {customer_id}.", [seg("Delete {customer_id", "execute", variables=["customer_id"])]),
    ("en", ["find"], {"wanted": ["if", "if {cond}"]}, "Find the file if the build fails.",
     [seg("Find the file if the build fails", "search", query="the file", condition="if the build fails")]),
    ("en", ["find"], {"wanted": ["if", "if {cond}"], "happens": ["if first"]}, "If the build fails, find the file.",
     [seg("If the build fails, find the file", "search", query="the file", condition="If the build fails")]),
    ("en", ["find"], {"wanted": ["end", "{time}"]}, "Find the file tomorrow.", [seg("Find the file tomorrow", "search", query="the file", date="tomorrow")]),
    # English: references and whole sentences.
    ("en", ["check", ("results", 0)], {"style": "and", "wanted": [" "]}, "Check the logs and save the results.",
     [seg("Check the logs", "analyze", target="the logs"), seg("save the results", "execute", "and", [1], "data", target="the results")]),
    ("en", ["find", ("title", 0), ("first", 1)], {}, "Find the file, review its title, show the first three.",
     [FIND, seg("review its title", "analyze", None, [1], "data", target="its title"), seg("show the first three", "open", None, [2], "data", target="the first three")]),
    ("en", ["check", ("report", 0)], {"style": "and", "wanted": [" "]}, "Check the logs and prepare a report.",
     [seg("Check the logs", "analyze", target="the logs"), seg("prepare a report", "create", "and", [1], "data", target="a report")]),
    ("en", ["download", ("install", 0)], {"style": "and", "wanted": [" "]}, "Download and install the app.",
     [seg("Download", "execute"), seg("install the app", "execute", "and", [1], "data", target="the app")]),
    ("en", ["whole"], {}, "A slow song needs to be added to my playlist.",
     [seg("A slow song needs to be added to my playlist", "transform", target="A slow song", destination="my playlist")]),
    ("en", ["see"], {}, "I want to see Seven Doors.", [seg("see Seven Doors", "open", target="Seven Doors")]),
    ("en", ["ask what"], {}, "What is the weather in Oslo.", [seg("What is the weather in Oslo", "search", query="What is the weather in Oslo")]),
    # Turkish: what joins.
    ("tr", ["hazırla", ("gönder", 0)], {"style": "and", "wanted": [" "]}, "Raporu hazırla ve müdüre gönder.",
     [seg("Raporu hazırla", "create", target="Raporu"), seg("müdüre gönder", "execute", "ve", [1], "data", recipient="müdüre")]),
    ("tr", ["hazırla", ("gönder", 0)], {"happens": ["converb"], "wanted": ["ip"]}, "Raporu hazırlayıp müdüre gönder.",
     [seg("Raporu hazırlayıp", "create", target="Raporu"), seg("müdüre gönder", "execute", "-ıp", [1], "data", recipient="müdüre")]),
    ("tr", ["sil", "başlat"], {"happens": ["converb"], "wanted": ["inca"]}, "Dosyayı silince sunucuyu yeniden başlat.",
     [seg("Dosyayı silince", "execute", target="Dosyayı"), seg("sunucuyu yeniden başlat", "execute", "-ince", [1], "sequence", target="sunucuyu")]),
    ("tr", ["incele", "ara"], {"happens": ["converb"], "wanted": ["diktan"]}, "Logları inceledikten sonra Ali'yi ara.",
     [seg("Logları inceledikten", "analyze", target="Logları"), seg("Ali'yi ara", "execute", "sonra", [1], "sequence", recipient="Ali'yi")]),
    ("tr", ["sil", "başlat"], {"style": "comma"}, "Dosyayı sil, sunucuyu yeniden başlat.",
     [seg("Dosyayı sil", "execute", target="Dosyayı"), seg("sunucuyu yeniden başlat", "execute", target="sunucuyu")]),
    ("tr", ["sil", "başlat"], {"style": "bare"}, "Dosyayı sil sunucuyu yeniden başlat.",
     [seg("Dosyayı sil", "execute", target="Dosyayı"), seg("sunucuyu yeniden başlat", "execute", target="sunucuyu")]),
    ("tr", ["sil", "başlat"], {"style": "comma", "happens": ["first"], "wanted": ["next"]}, "Önce dosyayı sil, sonra sunucuyu yeniden başlat.",
     [seg("dosyayı sil", "execute", "Önce", target="dosyayı"), seg("sunucuyu yeniden başlat", "execute", "sonra", [1], "sequence", target="sunucuyu")]),
    ("tr", ["sil", "başlat", "ara"], {"style": "comma", "happens": ["last"]}, "Dosyayı sil, sunucuyu yeniden başlat, son olarak Ali'yi ara.",
     [seg("Dosyayı sil", "execute", target="Dosyayı"), seg("sunucuyu yeniden başlat", "execute", target="sunucuyu"),
      seg("Ali'yi ara", "execute", "son olarak", [1, 2], "sequence", recipient="Ali'yi")]),
    ("tr", ["sil", "ara"], {"style": "comma", "wanted": ["bir"]}, "Dosyayı sil, bir de Ali'yi ara.",
     [seg("Dosyayı sil", "execute", target="Dosyayı"), seg("Ali'yi ara", "execute", recipient="Ali'yi")]),
    ("tr", ["sil", "başlat"], {"style": "sentence", "happens": ["inner"]}, "Dosyayı sil. Sunucuyu sonra yeniden başlat.",
     [seg("Dosyayı sil", "execute", target="Dosyayı"), seg("Sunucuyu sonra yeniden başlat", "execute", None, [1], "sequence", target="Sunucuyu")]),
    ("tr", ["incele", ("ara", 0), "yaz"], {"style": "sentence", "conditions": {1: ("none", "hata varsa"), 2: ("otherwise", "")}},
     "Logları incele. Hata varsa Ali'yi ara. Aksi halde mektup yaz.",
     [seg("Logları incele", "analyze", target="Logları"), seg("Hata varsa Ali'yi ara", "execute", None, [1], "data", condition="Hata varsa", recipient="Ali'yi"),
      seg("mektup yaz", "create", "Aksi halde", [1], "data", target="mektup")]),
    # Turkish: moods and politeness.
    ("tr", ["hazırla"], {"wanted": [("aorq", "")]}, "Raporu hazırlar mısın?", [seg("Raporu hazırlar mısın", "create", target="Raporu")]),
    ("tr", ["hazırla"], {"wanted": [("inf", " istiyorum")]}, "Raporu hazırlamak istiyorum.", [seg("Raporu hazırlamak istiyorum", "create", target="Raporu")]),
    ("tr", ["hazırla"], {"wanted": [("sana", "")]}, "Raporu hazırlasana.", [seg("Raporu hazırlasana", "create", target="Raporu")]),
    ("tr", ["hazırla", ("gönder", 0)], {"style": "comma", "wanted": [("elim", "")]}, "Raporu hazırlayalım, müdüre gönderelim.",
     [seg("Raporu hazırlayalım", "create", target="Raporu"), seg("müdüre gönderelim", "execute", None, [1], "data", recipient="müdüre")]),
    ("tr", ["hazırla"], {"happens": ["filler"], "wanted": ["zahmet olmazsa"]}, "Zahmet olmazsa raporu hazırla.", [seg("raporu hazırla", "create", target="raporu")]),
    # Turkish: what is not split.
    ("tr", ["satış"], {}, "Satış ve stok raporunu hazırla.", [seg("Satış ve stok raporunu hazırla", "create", target="Satış ve stok raporunu")]),
    ("tr", ["hatırlat"], {}, "Bana Ali'yi arayıp kirayı ödemeyi hatırlat.",
     [seg("Bana Ali'yi arayıp kirayı ödemeyi hatırlat", "schedule", recipient="Bana", target="Ali'yi arayıp kirayı ödemeyi")]),
    ("tr", ["aç"], {}, "\"Bul ve Sil\" belgesini aç.", [seg("Bul ve Sil\" belgesini aç", "open", target="Bul ve Sil\" belgesini")]),
    ("tr", ["çalışıp"], {}, "Sunucunun çalışıp çalışmadığını kontrol et.",
     [seg("Sunucunun çalışıp çalışmadığını kontrol et", "analyze", target="Sunucunun çalışıp çalışmadığını")]),
    ("tr", ["sil"], {"wanted": ["begin", "dikkat ederek"]}, "Dikkat ederek dosyayı sil.", [seg("Dikkat ederek dosyayı sil", "execute", target="dosyayı")]),
    ("tr", ["sil"], {"wanted": ["begin", "{time}"]}, "Yarın dosyayı sil.", [seg("Yarın dosyayı sil", "execute", date="Yarın", target="dosyayı")]),
    ("tr", ["sil"], {"wanted": ["if", "eğer {cond}"]}, "Eğer derleme başarısız olursa dosyayı sil.",
     [seg("Eğer derleme başarısız olursa dosyayı sil", "execute", condition="Eğer derleme başarısız olursa", target="dosyayı")]),
    # Turkish: references.
    ("tr", ["hazırla", ("özetini", 0)], {"style": "comma"}, "Raporu hazırla, özetini çıkar.",
     [seg("Raporu hazırla", "create", target="Raporu"), seg("özetini çıkar", "summarize", None, [1], "data")]),
    ("tr", ["hazırla", ("boyutu", 0)], {"style": "comma"}, "Raporu hazırla, boyutunu küçült.",
     [seg("Raporu hazırla", "create", target="Raporu"), seg("boyutunu küçült", "transform", None, [1], "data", target="boyutunu")]),
    ("tr", ["incele", ("ilk", 0), ("sonuçları", 1)], {"style": "comma"}, "Logları incele, ilk üçünü listele, sonuçları kaydet.",
     [seg("Logları incele", "analyze", target="Logları"), seg("ilk üçünü listele", "open", None, [1], "data", target="ilk üçünü"),
      seg("sonuçları kaydet", "execute", None, [2], "data", target="sonuçları")]),
    ("tr", ["sil", "hava"], {"style": "sentence"}, "Dosyayı sil. İzmir'de hava nasıl.",
     [seg("Dosyayı sil", "execute", target="Dosyayı"), seg("İzmir'de hava nasıl", "search", query="İzmir'de hava nasıl")]),
    ("tr", ["izle"], {}, "Bir film izlemek istiyorum.", [seg("Bir film izlemek istiyorum", "open", target="Bir film")]),
]


@pytest.mark.parametrize("code, names, how, text, segments", CASES)
def test_construction(code, names, how, text, segments):
    row = made(code, names, **how)
    assert row["text"] == text
    assert bodies(row) == segments
