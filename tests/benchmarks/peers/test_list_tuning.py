"""What settings are chosen on."""

import pandas as pd

from benchmarks.peers.list_tuning import cut


def test_each_users_last_fifth_by_time_is_held_out() -> None:
    times = pd.to_datetime(["2001", "2005", "2003", "2002", "2002", "2004"])
    known = pd.DataFrame(
        {"user_id": [1, 1, 1, 1, 1, 2], "movie_id": [1, 2, 3, 5, 4, 9], "rated_at": times}
    )
    before, after = cut(known)
    assert before["movie_id"].tolist() == [1, 4, 5, 3]
    assert after[["user_id", "movie_id"]].to_numpy().tolist() == [[1, 2], [2, 9]]
