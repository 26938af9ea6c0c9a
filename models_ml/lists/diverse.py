"""Lists that are also diverse: the ranker's best movies, chosen so that genres differ."""

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models_ml.fitting.ids import Ids, codes_of
from models_ml.fitting.recipe import JUDGED_PROTOCOLS
from models_ml.lists import ranker
from models_ml.lists.listing import LENGTH
from models_ml.lists.ranker import Ranker

OFFERED = 3
"""How many times as many movies as a list has are chosen from."""


class DiverseRanker(Ranker):
    """The ranker's lists, by maximal marginal relevance.

    Each next movie is the one with the most of (1 - ``diversity``) x its score, as a share of the
    user's best, less ``diversity`` x the most that its genres resemble those of a movie already in
    the list, by the Jaccard index (Carbonell and Goldstein, The use of MMR, diversity-based
    reranking, SIGIR 1998). On the leaderboard its diversity stands beside what it costs in nDCG.

    Args:
        diversity: How much likeness counts, 0 to 1: with 0 the lists are the ranker's.

    The other parameters are those of :class:`Ranker`.
    """

    def __init__(
        self,
        diversity: float = 0.2,
        liked_from: float = 4.0,
        regularisation: float = 100.0,
        seen_regularisation: float = 300.0,
        min_likes: int = 3,
        max_movies: int = 6_000,
        candidates: int = 100,
        popular_candidates: int = 50,
        cuts: tuple[float, ...] = (0.8, 0.65),
        horizon: float = 0.2,
        max_users: int = 20_000,
        n_estimators: int = 150,
        num_leaves: int = 7,
        min_child_samples: int = 100,
        learning_rate: float = 0.06,
        random_state: int = 0,
    ) -> None:
        super().__init__(
            liked_from=liked_from,
            regularisation=regularisation,
            seen_regularisation=seen_regularisation,
            min_likes=min_likes,
            max_movies=max_movies,
            candidates=candidates,
            popular_candidates=popular_candidates,
            cuts=cuts,
            horizon=horizon,
            max_users=max_users,
            n_estimators=n_estimators,
            num_leaves=num_leaves,
            min_child_samples=min_child_samples,
            learning_rate=learning_rate,
            random_state=random_state,
        )
        self.diversity = diversity

    def recommend(self, user_ids: Ids, n: int = LENGTH, with_causes: bool = True) -> pd.DataFrame:
        """List movies as :meth:`Ranker.recommend` does, in an order that mixes genres."""
        offered = super().recommend(user_ids, n * OFFERED, with_causes)
        columns = codes_of(offered["movie_id"].to_numpy(np.int64), self.source_.movie_ids_)
        chosen = []
        for _, positions in offered.groupby("user_id", sort=False).indices.items():
            scores = offered["score"].to_numpy()[positions]
            likeness = jaccard(self.genres_[columns[positions]])
            order = marginal_relevance(scores, likeness, n, self.diversity)
            chosen.append(positions[order])
        lists = offered.iloc[np.concatenate(chosen)].reset_index(drop=True)
        return lists.assign(rank=lists.groupby("user_id", sort=False).cumcount() + 1)


def jaccard(genres: NDArray[np.float32]) -> NDArray[np.float64]:
    """Compare sets of genres, shape (movies, genres): those of both as a share of those of either.

    Returns:
        Shape (movies, movies); 0 where neither has a genre.
    """
    both = (genres @ genres.T).astype(np.float64)
    sizes = genres.sum(axis=1)
    return np.asarray(both / np.maximum(sizes[:, None] + sizes - both, 1))


def marginal_relevance(
    scores: NDArray[np.float64], likeness: NDArray[np.float64], n: int, diversity: float
) -> NDArray[np.int64]:
    """Choose movies one after the other, each good and unlike those before.

    Args:
        scores: Scores, the best first, shape (movies,).
        likeness: How alike two movies are, 0 to 1, shape (movies, movies).
        n: Movies to choose; fewer are chosen where there are fewer.
        diversity: How much likeness counts, 0 to 1.

    Returns:
        Positions, in the order of choice.
    """
    shares = (1 - diversity) * scores / max(float(scores.max()), np.finfo(float).tiny)
    most_alike = np.zeros(len(scores))
    is_open = np.ones(len(scores), bool)
    order = []
    for _ in range(min(n, len(scores))):
        value = np.where(is_open, shares - diversity * most_alike, -np.inf)
        best = int(value.argmax())
        order.append(best)
        is_open[best] = False
        most_alike = np.maximum(most_alike, likeness[best])
    return np.array(order, np.int64)


RECIPE = replace(
    ranker.RECIPE,
    name="diverse_ranker",
    description="The ranker's lists, in an order that mixes genres.",
    model=DiverseRanker,
    protocols=JUDGED_PROTOCOLS,
    effort="full",
    train=partial(ranker.train, kind=DiverseRanker),
    serving_rank=None,
)
