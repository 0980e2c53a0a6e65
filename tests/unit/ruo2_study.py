"""The emulated ruo2 study as the analysis sees it, with its truth; read once for all tests."""

import json
from functools import cache
from pathlib import Path

import pandas as pd

from hall2net.readers.reading import read_sample
from hall2net.study.samples import read_samples

ROOT = Path(__file__).parents[2]


@cache
def truth():
    return json.loads((ROOT / "raw/ruo2/truth.json").read_text(encoding="utf-8"))["samples"]


@cache
def samples():
    return read_samples(ROOT / "raw/ruo2/samples.csv")


@cache
def datasets():
    sheet = pd.read_csv(ROOT / "raw/ruo2/measurements.csv")
    return [read_sample(ROOT / "raw/ruo2", rows) for _, rows in sheet.groupby("sample")]
