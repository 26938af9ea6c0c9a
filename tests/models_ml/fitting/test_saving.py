"""Saved models are plain files: whole, or refused."""

import json
import pickle
import shutil
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from models_ml.fitting.saving import SavedModel
from warehouse.errors import UserError


class Doubler(SavedModel):
    state: ClassVar = ("factor_",)

    def __init__(self, scale: tuple[float, float] = (0.5, 5.0), random_state: int = 0) -> None:
        self.scale = scale
        self.random_state = random_state

    def fit(self) -> "Doubler":
        self.factor_ = np.array([2.0, 4.0])
        return self


class Other(Doubler):
    pass


class Outer(SavedModel):
    nested: ClassVar = {"inner_": Doubler}

    def __init__(self, random_state: int = 0) -> None:
        self.random_state = random_state

    def fit(self) -> "Outer":
        self.inner_ = Doubler(scale=(1.0, 7.0)).fit()
        return self


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    Doubler(scale=(1.0, 7.0), random_state=3).fit().save(tmp_path / "model")
    return tmp_path / "model"


def test_a_loaded_model_has_the_parameters_and_the_state(saved: Path) -> None:
    model = Doubler.load(saved)

    assert model.get_params() == {"scale": (1.0, 7.0), "random_state": 3}
    np.testing.assert_array_equal(model.factor_, [2.0, 4.0])


def test_arrays_are_mapped_not_read(saved: Path) -> None:
    assert isinstance(Doubler.load(saved).factor_, np.memmap)


def test_a_saved_model_is_never_overwritten(saved: Path) -> None:
    with pytest.raises(FileExistsError):
        Doubler().fit().save(saved)


def test_what_cannot_be_a_plain_array_is_not_saved(tmp_path: Path) -> None:
    model = Doubler()
    model.factor_ = np.array([print], dtype=object)

    with pytest.raises(ValueError, match=r"[Oo]bject"):
        model.save(tmp_path / "model")


def test_a_file_that_would_execute_something_is_refused(saved: Path, tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "exploded",)

    (saved / "factor_.npy").write_bytes(pickle.dumps(Bomb()))

    with pytest.raises(UserError, match="Train it again"):
        Doubler.load(saved)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("damage", ["no folder", "no array", "half an array", "other parameters"])
def test_a_damaged_model_is_said(saved: Path, damage: str) -> None:
    if damage == "no folder":
        saved = saved / "nowhere"
    elif damage == "no array":
        (saved / "factor_.npy").unlink()
    elif damage == "half an array":
        content = (saved / "factor_.npy").read_bytes()
        (saved / "factor_.npy").write_bytes(content[: len(content) // 2])
    else:
        (saved / "model.json").write_text(json.dumps({"model": "Doubler", "params": {"a": 1}}))

    with pytest.raises(UserError, match=r"no complete model.*Train it again: make train"):
        Doubler.load(saved)


def test_a_model_of_another_class_is_said(saved: Path) -> None:
    with pytest.raises(UserError, match="holds a Doubler, not a Other"):
        Other.load(saved)


def test_a_model_within_a_model_is_a_folder_within_its_folder(tmp_path: Path) -> None:
    Outer().fit().save(tmp_path / "model")
    inner = Outer.load(tmp_path / "model").inner_

    assert inner.get_params() == {"scale": (1.0, 7.0), "random_state": 0}
    np.testing.assert_array_equal(inner.factor_, [2.0, 4.0])
    np.testing.assert_array_equal(Doubler.load(tmp_path / "model" / "inner_").factor_, [2.0, 4.0])


@pytest.mark.parametrize("inner", [None, Other])
def test_a_model_whose_inner_one_is_missing_or_another_is_refused(
    tmp_path: Path, inner: type[Doubler] | None
) -> None:
    Outer().fit().save(tmp_path / "model")
    shutil.rmtree(tmp_path / "model" / "inner_")
    if inner:
        inner().fit().save(tmp_path / "model" / "inner_")

    with pytest.raises(UserError, match=r"inner_ holds"):
        Outer.load(tmp_path / "model")
