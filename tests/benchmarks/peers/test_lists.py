"""The page of lists: what stands in it, and that it agrees with the warehouse."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.peers.lists import Listed, check, table


def listed(name: str, *ndcg: float, is_ours: bool = False) -> Listed:
    values = np.tile(ndcg, 20)
    accuracy = pd.DataFrame({"ndcg@10": values, "recall@20": values / 2})
    return Listed(name, is_ours, accuracy, 1.25, 0.5)


OURS = listed("Reelhouse: ours", 0.4, 0.6, is_ours=True)
GOOD, BAD = listed("good", 0.3, 0.5), listed("bad", 0.0, 0.2)


def test_models_stand_the_best_first_and_ours_beside_the_best_other() -> None:
    lines = table([BAD, OURS, GOOD]).splitlines()[2:]
    assert [line.split(" | ")[0] for line in lines] == ["| Reelhouse: ours", "| good", "| bad"]
    ours, good = (line.strip("| ").split(" | ") for line in lines[:2])
    assert ours[1].startswith("0.5000 ± 0.")
    assert ours[2] == "0.1000 (0.1000 to 0.1000)"
    assert ours[4] == "0.0500 (0.0500 to 0.0500)"
    assert ours[5:] == ["1.2", "0.5"]
    assert good[2].strip() == good[4].strip() == ""


def leaderboard(value: float) -> pd.DataFrame:
    return pd.DataFrame({"model": ["ours"], "metric": ["ndcg@10"], "value": [value]})


def test_figures_are_those_of_the_warehouse() -> None:
    check({"ours": OURS, "good": GOOD}, leaderboard(0.5))
    with pytest.raises(SystemExit, match=r"ndcg@10 of ours is 0\.5 here, and 0\.51 in"):
        check({"ours": OURS}, leaderboard(0.51))
