"""Rows of the bench's table as COPY's binary format has them: every row has the same length, so numpy reads and writes
blocks of them without looking at one.

https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format"
"""

from __future__ import annotations

import numpy as np

FEATURES = 20
COLUMNS = [f"c{number}" for number in range(1, FEATURES + 1)]
SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
FLOAT8 = 701

_numbers = [(f"{name}_{part}", kind) for name in COLUMNS for part, kind in (("length", ">i4"), ("value", ">f8"))]
_element = [("length", ">i4"), ("value", ">f8")]

# (id bigint, c1 … c20 float8)
WIDE = np.dtype([("fields", ">i2"), ("id_length", ">i4"), ("id", ">i8"), *_numbers])
# (id bigint, c1 … c20 float8, features float8[])
TABLE = np.dtype(
    [
        *WIDE.descr,
        ("array_length", ">i4"),
        ("dimensions", ">i4"),
        ("has_null", ">i4"),
        ("element_type", ">i4"),
        ("elements", ">i4"),
        ("lower_bound", ">i4"),
        ("features", _element, FEATURES),
    ]
)
# (id bigint, value float8)
SCORED = np.dtype([("fields", ">i2"), ("id_length", ">i4"), ("id", ">i8"), ("value_length", ">i4"), ("value", ">f8")])


def encode_table(first_id: int, x: np.ndarray) -> bytes:
    """Rows of the bench's table, numbered from `first_id`."""
    rows = np.zeros(len(x), TABLE)
    rows["fields"] = FEATURES + 2
    rows["id_length"] = 8
    rows["id"] = np.arange(first_id, first_id + len(x))
    for column, name in enumerate(COLUMNS):
        rows[f"{name}_length"] = 8
        rows[f"{name}_value"] = x[:, column]
    rows["array_length"] = 20 + 12 * FEATURES
    rows["dimensions"] = 1
    rows["element_type"] = FLOAT8
    rows["elements"] = FEATURES
    rows["lower_bound"] = 1
    rows["features"]["length"] = 8
    rows["features"]["value"] = x
    return rows.tobytes()


def decode_wide(block: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Ids, and features in single precision, of rows that were read."""
    rows = np.frombuffer(block, WIDE)
    # The columns lie 12 bytes apart: one strided view of all of them instead of twenty copies.
    first = WIDE.fields["c1_value"][1]
    shape, strides = (len(rows), FEATURES), (WIDE.itemsize, 12)
    return rows["id"], np.ndarray(shape, ">f8", block, first, strides).astype(np.float32)


def encode_scored(ids: np.ndarray, values: np.ndarray) -> bytes:
    rows = np.zeros(len(ids), SCORED)
    rows["fields"] = 2
    rows["id_length"] = rows["value_length"] = 8
    rows["id"] = ids
    rows["value"] = values
    return rows.tobytes()
