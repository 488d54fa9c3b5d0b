"""Large and odd texts: offsets count code points, limits are kept, nothing hangs."""

import json
from xml.etree import ElementTree

import pytest
from support import failure, onnx, register

LIMIT = 1 << 20

ODD = {
    "plain": "Call Bob. Then pay the rent and send the report to Ayşe.",
    "turkish": "Önce dosyayı aç, sonra İSTANBUL raporunu özetle ve ığdır'a gönder.",
    "emoji": "🚀 Start the 👩‍👩‍👧‍👦 meeting, then ☕️ break! 🇹🇷 Call 😀😀 Bob.",
    "emoji only": "👩🏽‍🚀👩🏽‍🚀 🇹🇷🇹🇷 🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "right to left": "اتصل بالعميل ثم أرسل التقرير. שלח את הדוח, ואז התקשר ללקוח.",
    "mixed directions": "Send \u202eתרופס\u202c to Bob and open دفتر.txt.",
    "combining": "Cafe\u0301 yi ac\u0327, sonra o\u0308zetle. Zalgo: Z\u0351\u036b\u0343a\u0329l\u0348g\u0330o\u0321 now.",
    "controls": "Call\x01Bob\x02.\x1b[31m Then\x7f pay\x0b the\x0c rent\x85 and\u2028 stop\u2029 now.",
    "line ends": "Call Bob\r\nPay rent\rSend report\n\n\tOpen file\n",
    "zero width": "Ca\u200bll\u200d Bo\ufeffb,\u2060 then pay.",
    "spaces": " \u00a0\u2003\u3000Call\u3000Bob\u00a0and\u2009pay.\u3000 ",
    "astral": "𝒞𝒶𝓁𝓁 Bob, 𠜎𠜱 then pay 💰.",
    "chinese": "打电话给客户。然后发送报告！最后总结一下。",
    "quotes": "“Call Bob”, she said; 'pay rent' — (and send) the \"report\".",
    "numbers": "Transfer 1.250,75 TL at 09:30 on 12.05.2025; retry 3 times. See v1.2.3 at https://a.example/x?y=1.",
    "replacement": "Bad \ufffd bytes \ufffe\uffff here. Then call.",
    "one character": "x",
    "punctuation": "... !!! ??? ;;; ,,, ---",
}


@pytest.fixture(scope="module")
def conn(cluster):
    name = cluster.database()
    with cluster.conn(name) as connection:
        register(connection, "texts", onnx("sklearn_text"), {"task": "text_classification", "labels": ["call", "pay"]})
        yield connection
    with cluster.conn() as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def segments(conn, text, granularity, language=None):
    cursor = conn.execute("SELECT * FROM altlas.segment_text(%s, %s, %s)", (text, language, granularity))
    return [dict(zip([column.name for column in cursor.description], row)) for row in cursor.fetchall()]


def check_segments(text, rows):
    """Contents are the text between the offsets; segments are in order and do not overlap."""
    assert [row["ordinal"] for row in rows] == list(range(1, len(rows) + 1))
    at = 0
    for row in rows:
        start, end = row["start_char"], row["end_char"]
        assert at <= start < end <= len(text)
        assert row["content"] == text[start:end]
        at = end
        for number in row["depends_on"]:
            assert 1 <= number <= len(rows) and number != row["ordinal"]
        for name in ("confidence", "priority"):
            assert row[name] is None or 0 <= row[name] <= 1
        json.dumps(row["parameters"])


@pytest.mark.parametrize("language", [None, "en", "tr", "und"])
@pytest.mark.parametrize("granularity", ["task", "sentence"])
@pytest.mark.parametrize("name", ODD)
def test_offsets_count_code_points(conn, name, granularity, language):
    text = ODD[name]
    rows = segments(conn, text, granularity, language)
    check_segments(text, rows)
    if any(c.isalpha() for c in text) and granularity == "sentence":
        assert rows


@pytest.mark.parametrize("name", ODD)
def test_odd_texts_are_classified(conn, name):
    for model in (None, "texts"):
        rows = conn.execute(
            "SELECT rank, label, confidence, priority FROM altlas.classify_task(%s, %s, 8)", (ODD[name], model)
        ).fetchall()
        assert rows and [row[0] for row in rows] == list(range(1, len(rows) + 1))
        confidences = [row[2] for row in rows]
        assert confidences == sorted(confidences, reverse=True)
        assert sum(confidences) == pytest.approx(1, abs=1e-3)
        assert all(0 <= row[3] <= 1 for row in rows)


def test_nothing_gives_nothing(conn):
    for text in (None, "", " ", "\n\t\u3000"):
        for granularity in ("task", "sentence"):
            assert segments(conn, text, granularity) == []
        assert conn.execute("SELECT * FROM altlas.classify_task(%s)", (text,)).fetchall() == []


LARGE = {
    "sentences": "Call Bob and then pay the rent. ",
    "turkish": "Önce raporu aç, sonra özetle ve müdüre gönder. ",
    "commas": "open a, ",
    "and": "and ",
    "letters": "x",
    "dots": ".",
    "emoji": "😀",
    "newlines": "\n",
    "opening quotes": "“",
    "brackets": "(",
    "digits": "1.",
    "combining": "a\u0301\u0301\u0301",
}


def of_size(unit, size):
    """At most `size` bytes of repeated `unit`, whole characters."""
    return unit * (size // len(unit.encode()))


@pytest.mark.parametrize("granularity", ["task", "sentence"])
@pytest.mark.parametrize("name", LARGE)
def test_the_largest_text(conn, name, granularity):
    """Work grows with the text, not with its square; the bound stands for "does not hang"."""
    text = of_size(LARGE[name], LIMIT)
    conn.execute("SET statement_timeout = '120s'")
    try:
        check_segments(text, segments(conn, text, granularity))
    finally:
        conn.execute("RESET statement_timeout")


@pytest.mark.parametrize("name", LARGE)
def test_the_largest_text_is_classified(conn, name):
    text = of_size(LARGE[name], LIMIT)
    conn.execute("SET statement_timeout = '120s'")
    try:
        rows = conn.execute("SELECT label FROM altlas.classify_task(%s)", (text,)).fetchall()
        assert len(rows) == (0 if not text.strip() else 1)
    finally:
        conn.execute("RESET statement_timeout")


def test_one_byte_more_is_too_much(conn):
    text = "a" * LIMIT
    calls = [
        "SELECT * FROM altlas.segment_text(%s)",
        "SELECT * FROM altlas.segment_text(%s, granularity => 'sentence')",
        "SELECT * FROM altlas.classify_task(%s)",
        "SELECT altlas.predict_label('texts', %s::text)",
    ]
    for sql in calls:
        error = failure(conn, sql, (text + "a",))
        assert error.sqlstate == "54000"
        assert str(LIMIT) in error.diag.message_primary and "max_text_bytes" in error.diag.message_hint
    # The limit is of bytes: half as many two-byte characters.
    assert failure(conn, calls[0], ("ğ" * (LIMIT // 2) + "a",)).sqlstate == "54000"
    conn.execute("SET altlas.max_text_bytes = '2MB'")
    try:
        assert conn.execute(calls[1], (text + "a",)).fetchall()
    finally:
        conn.execute("RESET altlas.max_text_bytes")


def test_wrong_arguments(conn):
    for sql, sqlstate in [
        ("SELECT * FROM altlas.segment_text('a', language => 'xx')", "22023"),
        ("SELECT * FROM altlas.segment_text('a', granularity => 'word')", "22023"),
        ("SELECT * FROM altlas.segment_text('Call Bob.', model => 'nope')", "42704"),
        ("SELECT * FROM altlas.classify_task('a', 'nope')", "42704"),
        ("SELECT * FROM altlas.classify_task('a', top_k => 0)", "22023"),
    ]:
        assert failure(conn, sql).sqlstate == sqlstate, sql


def test_a_large_segmentation_can_be_cancelled(conn):
    text = of_size(LARGE["sentences"], 64 << 20)
    conn.execute("SET altlas.max_text_bytes = '64MB'")
    conn.execute("SET statement_timeout = '1s'")
    try:
        assert failure(conn, "SELECT count(*) FROM altlas.segment_text(%s)", (text,)).sqlstate == "57014"
    finally:
        conn.execute("RESET statement_timeout")
        conn.execute("RESET altlas.max_text_bytes")


@pytest.mark.parametrize("name", LARGE)
def test_the_drawing_of_the_largest_text_is_small_xml(conn, name):
    conn.execute("SET statement_timeout = '120s'")
    try:
        (svg,) = conn.execute("SELECT altlas.segment_svg(%s)", (of_size(LARGE[name], LIMIT),)).fetchone()
    finally:
        conn.execute("RESET statement_timeout")
    assert len(svg) < 400_000
    check_drawing(svg)


HOSTILE = ["", "\n\t ", "delete \"<script>alert(1)</script>\" & 'more' ]]> <!-- --> then open it"]


@pytest.mark.parametrize("text", [*ODD.values(), *HOSTILE])
def test_the_drawing_of_an_odd_text_is_xml(conn, text):
    """A parser that knows nothing of altlas reads it and finds only what a static drawing has."""
    check_drawing(conn.execute("SELECT altlas.segment_svg(%s)", (text,)).fetchone()[0])


def check_drawing(svg):
    root = ElementTree.fromstring(svg)
    names = {element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()}
    assert names <= {"svg", "title", "desc", "rect", "path", "text"}
    assert [child.tag.split("}")[1] for child in root][:2] == ["title", "desc"]
    attributes = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in attributes if name.startswith("on") or "href" in name or name == "style"]
    width, height = float(root.get("width")), float(root.get("height"))
    assert width == 800
    for element in root.iter("{http://www.w3.org/2000/svg}text"):
        x, y = float(element.get("x")), float(element.get("y"))
        assert 0 <= x and x + float(element.get("textLength")) <= width and 0 <= y <= height
