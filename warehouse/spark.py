"""Spark's program: whether it can start, with which settings, and a session of it.

The settings are those of the target ``spark`` in ``profiles.yml``, the one place that says where
Spark runs, for dbt and for all that works beside it.
"""

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

import yaml

from warehouse.errors import UserError
from warehouse.settings import read_settings, settings_as_variables

PROFILE = Path(__file__).parents[1] / "profiles.yml"

OLDEST_JAVA = 17

LOG = "spark.log"
"""What Spark says of itself, in the lake."""

NO_CATALOGUE = {"spark.sql.catalogImplementation": "in-memory"}
"""Settings of a session that needs none of dbt's tables: the catalogue is for one at a time."""


def require_spark() -> None:
    """Check that Spark can start.

    Raises:
        UserError: There is no Java that is new enough, or Spark's packages are not installed.
    """
    if find_spec("pyspark") is None or find_spec("dbt.adapters.spark") is None:
        raise UserError("Spark's packages are not installed: `make build TARGET=spark` adds them.")
    java = Path(os.environ["JAVA_HOME"], "bin/java") if "JAVA_HOME" in os.environ else "java"
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True).stderr
    except OSError:
        said = ""
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None or int(found[1]) < OLDEST_JAVA:
        has = f"Java {found[1]}" if found else "none"
        raise UserError(
            f"Spark needs Java {OLDEST_JAVA} or newer, and there is {has}: install it (in Debian"
            f" `apt install openjdk-{OLDEST_JAVA}-jre-headless`), or name its folder in JAVA_HOME."
        )


@contextmanager
def errors_in(log: Path) -> Iterator[TextIO]:
    """Let what is started meanwhile, such as Spark's program, write its errors into a log.

    Yields:
        What leads to the terminal, for this process alone.
    """
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file, os.fdopen(os.dup(2), "w") as terminal:
        os.dup2(file.fileno(), 2)
        try:
            yield terminal
        finally:
            os.dup2(terminal.fileno(), 2)


def spark_settings() -> dict[str, str]:
    """Read Spark's settings from the profile, as dbt gives them to its session.

    Raises:
        UserError: The profile reaches Spark by another method than a session.
    """
    # Not at the top: most commands need no Spark
    from jinja2 import Environment

    target = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))["reelhouse"]["outputs"]["spark"]
    if target["method"] != "session":
        raise UserError(
            f"{PROFILE.name} reaches Spark by the method {target['method']}: this command needs the"
            " method session."
        )
    environment = Environment()
    variables = os.environ | settings_as_variables()
    return {
        name: environment.from_string(str(value)).render(env_var=variables.get)
        for name, value in target["server_side_parameters"].items()
    }


def start_session(settings: Mapping[str, str]) -> Any:
    """Start a session of Spark, or take the one that this process has.

    Args:
        settings: Settings that take the place of the profile's.

    Raises:
        UserError: Spark's packages or Java are missing, or the profile has no session.
    """
    require_spark()
    # Python workers are to have the same packages
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    with errors_in(read_settings().lake / LOG):
        from pyspark.sql import SparkSession

        return SparkSession.builder.config(map={**spark_settings(), **settings}).getOrCreate()
