"""What a model is to the runner: what it reads, and a function from that to a fitted model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from models_ml.fitting.saving import SavedModel

Protocol = Literal["random", "temporal", "last", "serving"]
JUDGED_PROTOCOLS: tuple[Protocol, ...] = ("random", "temporal", "last")
"""Protocols with test rows, on which models are judged."""
PROTOCOLS: tuple[Protocol, ...] = (*JUDGED_PROTOCOLS, "serving")
"""Those, and the one whose fits serve: it has no test rows."""

Role = Literal["ratings", "lists", "segments", "clusters", "baseline"]
"""What a model makes: predicted ratings, lists of movies, segments of users or clusters of ratings.

A baseline is there to be compared with.
"""

Track = Literal["time-free", "time-aware"]
"""What a model of ratings may know of a row.

A time-free one knows the user and the movie, so that it can say what a user would give a movie that
nobody showed the user yet. A time-aware one also knows when the rating was given, and what the user
gave around that time: it fills held-out ratings of a known moment in.
"""

Effort = Literal["quick", "full", "spark"]
"""What `make train` fits: a full training also makes fits that take minutes at 100,000 ratings.

What Spark fits is fitted where the effort is `spark`, or by its name: not every machine has Java.
"""

Report = Callable[[str], None]
"""Takes a few words on how far a fit has come, for whoever watches."""


@dataclass(frozen=True)
class Parts:
    """The ratings of a protocol; the test rows come without their ratings.

    Attributes:
        train: Rows to fit: ``user_id``, ``movie_id``, ``rating``, ``rated_at``, ``fold``.
        validation: Rows of the same form that choose and calibrate, never fitted.
        test: The rows to predict: ``user_id``, ``movie_id``, ``rated_at``.
    """

    train: "pd.DataFrame"
    validation: "pd.DataFrame"
    test: "pd.DataFrame"

    @property
    def held_out(self) -> "pd.DataFrame":
        """The rows that a model predicts which is fitted to the training rows alone."""
        import pandas as pd

        return pd.concat([self.validation, self.test], ignore_index=True)

    @property
    def known(self) -> "pd.DataFrame":
        """All rows that are not test rows, for models whose choices rest on out-of-fold rows."""
        import pandas as pd

        return pd.concat([self.train, self.validation], ignore_index=True)


@dataclass(frozen=True)
class Task:
    """One fit of one model.

    Attributes:
        protocol: The protocol whose parts these are.
        parts: The ratings. A protocol that splits by time is left out where ratings have no times.
        marts: The relations that the recipe names, whole, by name.
        scale: The lowest and the highest rating, in stars.
        params: The model's section of ``parameters.toml``.
        seed: The seed of everything random.
        report: Called with a few words as the fit goes on.
        bases: Of each model that the recipe is based on, by name, its latest predictions in this
            protocol: ``user_id``, ``movie_id``, ``prediction``, ``spread``; those of train and
            validation rows are out of fold.
    """

    protocol: Protocol
    parts: Parts
    marts: "Mapping[str, pd.DataFrame]"
    scale: tuple[float, float]
    params: Mapping[str, Any]
    seed: int
    report: Report
    bases: "Mapping[str, pd.DataFrame]" = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a fit gave.

    Attributes:
        model: The fitted model.
        results: Rows for tables of the schema ``ml``, by table, without ``run_id``.
        note: A few words on the result, for the terminal.
        limits: What a parameter cut off for the sake of time, as the number of rows, users or
            movies that were fitted: ``fitted_rows``, ``fitted_users``, ``fitted_movies``. They
            stand beside the parameters in ``ml.runs``.
    """

    model: "SavedModel"
    results: "Mapping[str, pd.DataFrame]"
    note: str
    limits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Attributes:
        name: The model's name in ``ml.runs`` and in ``make train MODEL=name``.
        role: What the model makes.
        description: What the model is, in one sentence.
        model: The class of the fitted model; its parameters are what its section of
            ``parameters.toml`` may name.
        train: Makes one fit.
        marts: The relations that it reads beside the ratings of a protocol.
        bases: The models whose predictions it reads: they are trained before.
        protocols: The fits to make, one for each protocol.
        effort: Whether each training fits the model, a full one alone, or one in Spark.
        track: What a model of ratings may know of a row.
        serving_rank: The model's rank among those of its role that serve, from 1: the first one
            that is trained serves. ``None`` where it does not serve.
    """

    name: str
    role: Role
    description: str
    model: "type[SavedModel]"
    train: Callable[[Task], Outcome]
    marts: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    protocols: tuple[Protocol, ...] = PROTOCOLS
    effort: Effort = "quick"
    track: Track = "time-free"
    serving_rank: int | None = None
