"""One IsolationForest for all series of a class (F. T. Liu, K. M. Ting, Z.-H. Zhou 2008; scikit-learn's).

Surprises have no unit, so that one forest serves a whole class: far cheaper than one a series, and as good.
"""

from dataclasses import dataclass
from typing import Any, Final, Protocol, cast

import numpy as np

from plimsoll.analysis.robust import Floats

TREES: Final = 100
MOST_ROWS: Final = 65_536
MOST_SAMPLES: Final = 512
FEWEST_ROWS: Final = 64
_CHUNK = 131_072
TYPICAL: Final = 0.4
MOST_RATED: Final = 0.95
"""No row is rated higher: alone after the first split of every tree of 512 samples it has 2^(-1/11.6)."""


class _Model(Protocol):
    """What is used of scikit-learn's IsolationForest."""

    def score_samples(self, rows: Floats, /) -> Floats:
        """One number a row; smaller is stranger."""
        ...


@dataclass(frozen=True, slots=True)
class Forest:
    """A fitted forest; without enough rows to learn from, every row is rated as a usual one."""

    model: _Model | None

    def rate(self, rows: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]") -> Floats:
        """Rows [..., features] -> -score_samples [...], about 0.4 for usual rows, towards 1 for strange ones."""
        shape = rows.shape[:-1]
        if self.model is None:
            return np.full(shape, TYPICAL)
        flat = np.nan_to_num(rows.reshape(-1, rows.shape[-1]).astype(np.float64))
        parts = [-self.model.score_samples(flat[n : n + _CHUNK]) for n in range(0, len(flat), _CHUNK)]
        return np.concatenate(parts).reshape(shape) if parts else np.zeros(shape)


def fit(rows: "np.ndarray[tuple[int, ...], np.dtype[np.floating]]", *, seed: int = 0) -> Forest:
    """Rows [n, features] of usual times -> a forest; rows with a gap are left out, the same rows give the same one."""
    from sklearn.ensemble import IsolationForest

    whole = rows[~np.isnan(rows).any(axis=1)]
    if len(whole) < FEWEST_ROWS:
        return Forest(None)
    if len(whole) > MOST_ROWS:
        chosen = np.random.default_rng(seed).choice(len(whole), MOST_ROWS, replace=False)
        whole = whole[np.sort(chosen)]
    made: Any = IsolationForest(
        n_estimators=TREES,
        max_samples=min(MOST_SAMPLES, len(whole)),  # type: ignore[arg-type,unused-ignore]  # pyright: ignore[reportArgumentType]
        random_state=seed,
    )
    return Forest(cast("_Model", made.fit(whole.astype(np.float64))))
