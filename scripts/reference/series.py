#!/usr/bin/env python3
"""Reference numbers for crates/altlas-series, by numpy, scipy and statsmodels.

    python3 scripts/reference/series.py        # writes crates/altlas-series/tests/data/reference.json

Bands (expected, lower, upper) are written out from the textbook formulas with numpy and scipy; the robust
decomposition is statsmodels' STL with the same windows, jumps and iterations.
"""

import json
from pathlib import Path

import numpy as np
import scipy
import scipy.stats
import statsmodels
from statsmodels.tsa.seasonal import STL

TARGET = Path(__file__).resolve().parents[2] / "crates/altlas-series/tests/data/reference.json"


def odd(value):
    return int(value) | 1


def around(center, reach):
    return [center, center - reach, center + reach]


def zscore(x, threshold=3.0):
    return around(np.mean(x), threshold * np.std(x, ddof=1))


def modified_z(x, threshold=3.5):
    """Iglewicz & Hoaglin 1993: MAD, or the mean absolute deviation where that is zero."""
    center = np.median(x)
    spread = scipy.stats.median_abs_deviation(x, scale="normal")
    if spread == 0:
        spread = np.sqrt(np.pi / 2) * np.mean(np.abs(x - center))
    return around(center, threshold * spread)


def tukey(x, threshold=1.5):
    low, center, high = np.quantile(x, [0.25, 0.5, 0.75])
    spread = high - low
    if spread == 0:
        normal_iqr = 2 * scipy.stats.norm.ppf(0.75)
        spread = normal_iqr * np.sqrt(np.pi / 2) * np.mean(np.abs(x - center))
    return [center, low - threshold * spread, high + threshold * spread]


BANDS = {"zscore": zscore, "mad": modified_z, "iqr": tukey}


def score(x, band):
    """u² / (1 + u²), u the distance from the expected value in multiples of that to the bound."""
    expected, lower, upper = band
    u = np.where(x > expected, (x - expected) / (upper - expected), (expected - x) / (expected - lower))
    return u**2 / (1 + u**2)


def decompose(y, period, seasonal, trend):
    low_pass = odd(period + 1)
    result = STL(
        y, period=period, seasonal=seasonal, trend=trend, low_pass=low_pass, robust=True,
        seasonal_jump=-(-seasonal // 10), trend_jump=-(-trend // 10), low_pass_jump=-(-low_pass // 10),
    ).fit(inner_iter=1, outer_iter=5)
    return result.seasonal + result.trend


def wave(rng, n, period, noise, spikes):
    i = np.arange(n)
    y = 5 * np.sin(2 * np.pi * i / period) + 2 * np.cos(6 * np.pi * i / period) + 0.01 * i
    y = y + noise * rng.standard_normal(n)
    y[rng.choice(n, spikes, replace=False)] += rng.choice([-1, 1], spikes) * 15
    return np.round(y, 6)


def main():
    rng = np.random.default_rng(20130101)
    samples = {
        "normal with outliers": np.r_[rng.normal(10, 2, 60), 40.0, -25.0],
        "lognormal": rng.lognormal(1, 1, 101),
        "mostly equal": np.r_[np.full(30, 4.0), 3.0, 5.0, 9.0, 4.5],
        "small": np.array([1.0, 2.0, 4.0, 8.0, 16.0, 3.0, 5.0, 7.0, 6.0, 2.5]),
    }
    bands = []
    for name, x in samples.items():
        x = np.round(x, 6)
        for method, band in BANDS.items():
            bounds = band(x)
            bands.append({"name": name, "method": method, "values": x.tolist(),
                          "band": [float(b) for b in bounds], "scores": score(x, bounds).tolist()})
    window = 20
    x = np.round(np.cumsum(rng.standard_normal(120)), 6)
    rolling = [
        {"method": method, "window": window, "values": x.tolist(),
         "bands": [[float(b) for b in band(x[i - window:i])] for i in range(window, len(x))]}
        for method, band in BANDS.items()
    ]
    stl, seasonal = [], []
    for n, period, s, t in [(120, 12, 11, 61), (500, 24, 11, 121), (365, 7, 7, 35), (504, 168, 11, 841),
                            (300, 7, 31, 9)]:
        y = wave(rng, n, period, 0.5, n // 40)
        fit = decompose(y, period, s, t)
        name = f"n {n} period {period} windows {s} {t}"
        stl.append({"name": name, "period": period, "seasonal": s, "trend": t, "values": y.tolist(),
                    "fit": fit.tolist()})
        if s == 11:
            expected, lower, upper = modified_z(y - fit)
            band = np.array([fit + expected, fit + lower, fit + upper])
            seasonal.append({"name": name, "period": period, "values": y.tolist(), "bands": band.T.tolist(),
                             "scores": score(y, band).tolist()})
    versions = {"numpy": np.__version__, "scipy": scipy.__version__, "statsmodels": statsmodels.__version__}
    reference = {"source": "scripts/reference/series.py", "versions": versions, "bands": bands,
                 "rolling": rolling, "stl": stl, "seasonal": seasonal}
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(json.dumps(reference, indent=None, separators=(",", ":")).replace('{"name"', '\n{"name"') + "\n")


if __name__ == "__main__":
    main()
