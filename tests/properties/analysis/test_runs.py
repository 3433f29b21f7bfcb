"""Runs side by side give what a group-by gives, whatever the lengths and gaps."""

import math

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from plimsoll.analysis.grouped_quantiles import Runs

NUMBERS = st.one_of(st.none(), st.floats(-1e6, 1e6, width=32))
RUNS = st.lists(st.lists(NUMBERS, min_size=1, max_size=40), min_size=0, max_size=12)


@settings(max_examples=200, derandomize=True)
@given(runs=RUNS, q=st.floats(0.0, 1.0))
def test_quantiles_and_means_of_runs_are_those_of_a_group_by(runs: list[list[float | None]], q: float) -> None:
    """Linear quantiles and means of what is known; a run of gaps has neither."""
    rows = [(str(n).zfill(3), value) for n, run in enumerate(runs) for value in run]
    frame = pl.DataFrame(rows, schema={"id": pl.String, "x": pl.Float64}, orient="row")
    found = Runs.of(frame, pl.col("id"))
    wanted = frame.group_by("id", maintain_order=True).agg(
        q=pl.col("x").quantile(q, interpolation="linear"), mean=pl.col("x").mean()
    )
    values = frame["x"].to_numpy()
    for column, got in (("q", found.quantile(values, q)), ("mean", found.mean(values))):
        for told, ours in zip(wanted[column].to_list(), got, strict=True):
            assert math.isnan(ours) if told is None else math.isclose(told, ours, rel_tol=1e-9, abs_tol=1e-6)


def test_a_key_that_changes_alone_begins_a_run() -> None:
    """Two resources with one reading each in the same quarter of an hour are two runs."""
    frame = pl.DataFrame({"id": ["a", "b", "b"], "quarter": [1, 1, 2]})
    found = Runs.of(frame, pl.col("id"), pl.col("quarter"))
    assert (found.starts.tolist(), found.lengths.tolist()) == ([0, 1, 2], [1, 1, 1])
