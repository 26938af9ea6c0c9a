"""Fitted models as files that execute nothing on loading: JSON and plain arrays."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator

from warehouse.errors import UserError


class SavedModel(BaseEstimator):  # type: ignore[misc]
    """A scikit-learn estimator whose fitted state is a few arrays.

    A saved model is a folder: ``model.json`` with the class's name and its parameters, one
    ``.npy`` file for each name in ``state``, and one folder of this kind for each name in
    ``nested``. Arrays are read without pickle and mapped into memory, so that loading takes no
    time and runs no code.

    Each serving fit is saved beside the warehouse, in ``warehouse.models``, under its id in
    ``ml.runs``; so anybody may ask it again, here for what user 200 would give movie 858::

        boosting = Boosting.load(Path("warehouse.models") / run_id)
        boosting.predict(np.array([[200, 858]]))

    Attributes:
        state: Names of the fitted attributes, NumPy arrays without objects, that predicting needs.
        nested: Names and classes of the fitted attributes that are saved models themselves.
    """

    state: ClassVar[tuple[str, ...]] = ()
    nested: ClassVar[Mapping[str, "type[SavedModel]"]] = {}

    def save(self, folder: Path) -> None:
        """Write the fitted model into a new folder."""
        folder.mkdir(parents=True)
        for name in self.state:
            np.save(folder / f"{name}.npy", np.asarray(getattr(self, name)), allow_pickle=False)
        for name in self.nested:
            getattr(self, name).save(folder / name)
        description = {"model": type(self).__name__, "params": self.get_params(deep=False)}
        (folder / "model.json").write_text(json.dumps(description, indent=2) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read a model that was saved from this class.

        Raises:
            UserError: The folder is incomplete or damaged, or holds a model of another class.
        """
        try:
            description = json.loads((folder / "model.json").read_text("utf-8"))
            if description["model"] != cls.__name__:
                raise UserError(f"{folder} holds a {description['model']}, not a {cls.__name__}.")
            model = cls(**{name: _tuples(value) for name, value in description["params"].items()})
            for name in cls.state:
                array = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
                setattr(model, name, array)
            for name, kind in cls.nested.items():
                setattr(model, name, kind.load(folder / name))
        except (OSError, ValueError, KeyError, TypeError) as error:
            message = f"{folder} holds no complete model: {error}. Train it again: make train."
            raise UserError(message) from error
        return model


def _tuples(value: Any) -> Any:
    """JSON knows only lists; parameters of several values are tuples."""
    return tuple(_tuples(part) for part in value) if isinstance(value, list) else value
