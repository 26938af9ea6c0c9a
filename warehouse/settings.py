"""What the environment may set, with types and defaults.

``make KEEP=5`` exports ``REELHOUSE_KEEP``, and the other settings likewise. What only one command
takes, such as a dataset, is an option of that command.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from warehouse.errors import UserError

PREFIX = "REELHOUSE_"


def candidate_path(warehouse: Path) -> Path:
    """Name the candidate of a published file: the same name in ``candidate/`` beside it."""
    return warehouse.parent / "candidate" / warehouse.name


def lake_path(candidate: Path) -> Path:
    """Name the folder where Spark builds: beside the candidate, and whole, as Spark keeps it."""
    return candidate.parent.absolute() / "lake"


class Settings(BaseSettings):
    """The settings. The error of a wrong value says "it must be" and the description."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, validate_default=False)

    warehouse: Path = Path("warehouse.duckdb")
    candidate: Path = Field(default_factory=lambda data: candidate_path(data["warehouse"]))
    lake: Path = Field(default_factory=lambda data: lake_path(data["candidate"]))
    threads: int = Field(default=2, ge=1, le=1024, description="a whole number from 1 to 1024")
    memory_limit: str = Field(
        default="2GB",
        pattern=r"(?i)^\d+(\.\d+)? ?[kmgt](i?b)?$",
        description="a size such as 2GB or 512MB",
    )
    keep: int = Field(default=3, ge=0, description="a whole number of 0 or more")
    accept: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(lambda text: text.replace(",", " ").split())
    ] = ()
    """Names of expectations, with commas or spaces between them."""


def read_settings() -> Settings:
    """Read the settings from the environment.

    Raises:
        UserError: A setting has a wrong value.
    """
    try:
        return Settings()
    except ValidationError as error:
        wrong = error.errors()[0]
        name = str(wrong["loc"][0])
        rule = Settings.model_fields[name].description
        raise UserError(f"{name.upper()}={wrong['input']}: it must be {rule}.") from error


def settings_as_variables() -> dict[str, str]:
    """Write the settings, defaults too, as the environment variables that dbt's profile reads.

    Raises:
        UserError: A setting has a wrong value.
    """
    settings = read_settings().model_dump(exclude={"accept"})
    return {PREFIX + name.upper(): str(value) for name, value in settings.items()}


def whole_number(variable: str, least: int) -> Callable[[str], int]:
    """Make the ``type`` of an argparse option that a variable of the Makefile sets.

    The function that is returned raises a :class:`UserError` for anything but a whole number of
    ``least`` or more.
    """

    def read(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise UserError(f"{variable}={text}: it must be a whole number of {least} or more.")
        return int(text)

    return read
