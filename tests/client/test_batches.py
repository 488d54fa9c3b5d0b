"""Calls of many sessions at once: joined into few runs in the engine, and everybody gets their own answer."""

import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from conftest import wait_until
from support import Call, failure, predict, register, status

SESSIONS = 20
WIDTH = 64
LAYERS = 30
# A statement that scores for longer than any test waits.
ENDLESS = f"""SELECT sum(altlas.predict('dense', ARRAY(SELECT (n + 0 * i) / 64.0 FROM generate_series(1, {WIDTH}) n)::float8[]))
    FROM generate_series(1, 10000000) i"""


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def field(number: int, value: int | bytes | str) -> bytes:
    """A field of a protobuf message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def dense_model() -> bytes:
    """`LAYERS` times x := erf(x · w), then the sum of each row; it takes long enough for calls to meet, and no
    classical model has its operators."""

    def port(name: str, width: int) -> bytes:
        shape = field(1, field(2, "rows")) + field(1, field(1, width))
        return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))

    def node(operator: str, inputs: list[str], output: str) -> bytes:
        return field(1, b"".join(field(1, name) for name in inputs) + field(2, output) + field(4, operator))

    def weights(name: str, rows: int, columns: int) -> bytes:
        values = [((n * 7919 % 1009) / 1009 - 0.5) / 4 for n in range(rows * columns)]
        raw = struct.pack(f"<{len(values)}f", *values)
        return field(5, field(1, rows) + field(1, columns) + field(2, 1) + field(8, name) + field(9, raw))

    graph = field(2, "dense")
    for layer in range(LAYERS):
        graph += node("MatMul", [f"x{layer}", "w"], f"p{layer}") + node("Erf", [f"p{layer}"], f"x{layer + 1}")
    graph += node("MatMul", [f"x{LAYERS}", "v"], "y")
    graph += weights("w", WIDTH, WIDTH) + weights("v", WIDTH, 1)
    graph += field(11, port("x0", WIDTH)) + field(12, port("y", 1))
    opset = field(1, "") + field(2, 17)
    return field(1, 8) + field(7, graph) + field(8, opset)


def row(seed: int) -> list[float]:
    return [(seed * 31 + n * 17) % 97 / 97 for n in range(WIDTH)]


@pytest.fixture(scope="module")
def name(cluster):
    name = cluster.database()
    with cluster.conn(name) as conn:
        register(conn, "dense", dense_model())
    yield name
    with cluster.conn() as conn:
        conn.execute(f"DROP DATABASE {name} WITH (FORCE)")


def test_many_sessions_get_their_own_answers_from_few_runs(cluster, name):
    with cluster.conn(name) as conn:
        expected = [predict(conn, "dense", row(seed)) for seed in range(SESSIONS)]
        assert len(set(expected)) == SESSIONS
        before = status(conn)
        together = threading.Barrier(SESSIONS)

        def session(seed: int) -> list[float]:
            with cluster.conn(name) as own:
                predict(own, "dense", row(seed))
                together.wait(60)
                return [predict(own, "dense", row(seed)) for _ in range(100)]

        with ThreadPoolExecutor(SESSIONS) as pool:
            for seed, answers in enumerate(pool.map(session, range(SESSIONS))):
                assert answers == pytest.approx([expected[seed]] * 100, rel=1e-5, abs=1e-6)
        after = status(conn)
        calls, runs = after["calls"] - before["calls"], after["runs"] - before["runs"]
        assert calls == SESSIONS * 101
        assert runs < calls, "no calls were joined"
        assert after["queue_depth"] == 0 and after["engine_pid"] == before["engine_pid"]


def test_single_calls_take_turns_with_sessions_that_never_stop(cluster, name):
    """A session that scores a row now and then is answered while others score all the time."""
    with Call(cluster, name, ENDLESS) as first, Call(cluster, name, ENDLESS) as second, cluster.conn(name) as conn:
        want = predict(conn, "dense", row(1))
        answers = [predict(conn, "dense", row(1)) for _ in range(20)]
        assert answers == pytest.approx([want] * 20, rel=1e-5, abs=1e-6)
        assert not first.done() and not second.done()


def test_sessions_that_are_cancelled_do_not_harm_the_others(cluster, name):
    with cluster.conn(name) as conn:
        want = predict(conn, "dense", row(2))
        before = status(conn)["engine_pid"]
        for _ in range(5):
            calls = [Call(cluster, name, ENDLESS) for _ in range(6)]
            try:
                assert predict(conn, "dense", row(2)) == pytest.approx(want, rel=1e-5, abs=1e-6)
            finally:
                for call in calls:
                    with call:
                        pass
        assert predict(conn, "dense", row(2)) == pytest.approx(want, rel=1e-5, abs=1e-6)
        wait_until(lambda: status(conn)["queue_depth"] == 0, 10, "an empty queue")
        assert status(conn)["engine_pid"] == before


def test_a_version_may_choose_its_providers(cluster, name):
    with cluster.conn(name) as conn:
        want = predict(conn, "dense", row(3))
        register(conn, "on_cpu", dense_model(), {"providers": ["cpu"]})
        register(conn, "on_gpu", dense_model(), {"providers": ["cuda", "cpu"]})
        for model in ("on_cpu", "on_gpu"):
            assert predict(conn, model, row(3)) == pytest.approx(want, rel=1e-5, abs=1e-6)
        wrong = 'SELECT altlas.register_model(%s, %s, \'{"providers": ["abacus"]}\')'
        error = failure(conn, wrong, ("nowhere", dense_model()))
        assert error.sqlstate == "22023" and "abacus" in error.diag.message_primary
        assert "cuda" in error.diag.message_hint
        malformed = 'SELECT altlas.register_model(%s, %s, \'{"providers": "cpu"}\')'
        assert failure(conn, malformed, ("nowhere", dense_model())).sqlstate == "22023"
