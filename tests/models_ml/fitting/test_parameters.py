"""One readable file of parameters: complete, explained, and refused where it is wrong."""

from pathlib import Path
from typing import Any

import pytest

from models_ml.fitting.parameters import PARAMETERS, Parameters, check_parameters, read_parameters
from models_ml.registry import RECIPES
from warehouse.errors import UserError


def test_each_model_has_a_section_and_each_section_a_model() -> None:
    assert set(read_parameters().models) == {recipe.name for recipe in RECIPES}


def explained() -> dict[str, set[str]]:
    """By section, the parameters with a comment above, or with one in the section it is like."""
    found: dict[str, set[str]] = {"": set()}
    section, like = "", set[str]()
    lines = PARAMETERS.read_text().splitlines()
    for above, line in zip(["", *lines], lines, strict=False):
        if line.startswith("["):
            like, section = found[section], line.strip("[]")
            found[section] = set()
        elif line.startswith("# As above"):
            found[section] |= like
        elif above.startswith("# ") and " = " in line:
            found[section].add(line.partition(" = ")[0])
    return found


def test_each_parameter_is_explained_above_it_or_in_the_section_it_is_like() -> None:
    explanations, parameters = explained(), read_parameters()

    assert "seed" in explanations[""]
    for section, values in parameters.models.items():
        assert values.keys() <= explanations[section], section


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed = 1\nseed = 2", "parameters.toml"),
        ("[embedding]\nfactors = 3", "seed must be a whole number, and is None"),
        ("seed = 'a'", "seed must be a whole number, and is 'a'"),
    ],
)
def test_a_wrong_file_is_said(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "parameters.toml"
    path.write_text(text)

    with pytest.raises(UserError, match=said):
        read_parameters(path)


@pytest.mark.parametrize(
    ("models", "said"),
    [
        (
            {"rating_clusters": {"seed": 3}},
            r"toml: \[rating_clusters\] has no parameter seed\. It knows ",
        ),
        ({"embeding": {"factors": 3}}, "toml: embeding is not the section of a model. The models"),
        ({"ease": 3}, "toml: ease is not the section of a model"),
    ],
)
def test_a_section_or_parameter_that_no_model_has_is_said(
    models: dict[str, Any], said: str
) -> None:
    check_parameters(read_parameters(), RECIPES)

    with pytest.raises(UserError, match=said):
        check_parameters(Parameters(seed=0, models=models), RECIPES)


def test_parameters_of_several_values_are_tuples(tmp_path: Path) -> None:
    path = tmp_path / "parameters.toml"
    path.write_text("seed = 1\n[ranker]\ncuts = [0.8, 0.5]\nhorizon = 0.2")

    assert read_parameters(path).models == {"ranker": {"cuts": (0.8, 0.5), "horizon": 0.2}}


def test_a_model_needs_no_section() -> None:
    check_parameters(Parameters(seed=0, models={}), RECIPES)
