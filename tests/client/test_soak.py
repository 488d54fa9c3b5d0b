"""A short soak (tests/soak): mixed calls in the middle of crashes, cancellations and deployments. `make soak` runs a long one."""

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "soak"))
from soak import SETTINGS, Soak  # noqa: E402

# With what is made before and looked at after, below a minute.
MINUTES = 0.5
SEED = 3


def test_nothing_is_wrong(new_cluster, capsys):
    cluster = new_cluster(SETTINGS, start=False)
    if cluster.major != 18:
        pytest.skip("once is enough: the soak runs on PostgreSQL 18")
    cluster.start()
    result = Soak(cluster, MINUTES, SEED).run()
    cluster.stop()
    assert result.violations == [], capsys.readouterr().out
    assert sum(result.right.values()) > 500
    assert {"predict", "predict_row", "kpi_rollup", "segment_text"} <= set(result.right)
