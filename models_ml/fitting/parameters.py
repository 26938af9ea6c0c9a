"""The parameters of all models: one file, ``parameters.toml``."""

import inspect
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from warehouse.errors import UserError

if TYPE_CHECKING:
    from models_ml.fitting.recipe import Recipe

PARAMETERS = Path(__file__).parents[1] / "parameters.toml"


@dataclass(frozen=True)
class Parameters:
    """What ``parameters.toml`` says.

    Attributes:
        seed: The seed of every fit.
        models: Each model's parameters, by its name.
    """

    seed: int
    models: dict[str, dict[str, Any]]


def read_parameters(path: Path = PARAMETERS) -> Parameters:
    """Read the parameters of all models.

    Raises:
        UserError: The file is not TOML, or its seed is not a whole number.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: {error}") from error
    seed = content.pop("seed", None)
    if not isinstance(seed, int):
        raise UserError(f"{path}: seed must be a whole number, and is {seed!r}.")
    return Parameters(seed=seed, models={name: _tuples(part) for name, part in content.items()})


def _tuples(section: Any) -> Any:
    """Parameters of several values are tuples, as in a model that was saved and loaded."""
    if not isinstance(section, dict):
        return section
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in section.items()
    }


def check_parameters(parameters: Parameters, recipes: "Iterable[Recipe]") -> None:
    """Refuse a section of no model, and one that names parameters which its model does not have.

    Raises:
        UserError: There is one; the message names file, section and parameter.
    """
    classes = {recipe.name: recipe.model for recipe in recipes}
    for name, section in parameters.models.items():
        if name not in classes or not isinstance(section, dict):
            raise UserError(
                f"{PARAMETERS}: {name} is not the section of a model. The models are"
                f" {', '.join(classes)}."
            )
        known = inspect.signature(classes[name]).parameters
        unknown = section.keys() - known.keys()
        if unknown:
            raise UserError(
                f"{PARAMETERS}: [{name}] has no parameter {', '.join(sorted(unknown))}."
                f" It knows {', '.join(known)}."
            )
