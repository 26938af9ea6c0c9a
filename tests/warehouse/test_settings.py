"""The environment is read in one place; what it may not hold is told in a sentence."""

import os
import re
from pathlib import Path

import pytest
import yaml

from tests.pipeline import ROOT
from warehouse.errors import UserError
from warehouse.settings import PREFIX, Settings, read_settings, settings_as_variables


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(PREFIX + name.upper(), raising=False)


def test_the_candidate_stands_in_a_folder_beside_the_warehouse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REELHOUSE_WAREHOUSE", "a folder/w.duckdb")
    assert read_settings().candidate == Path("a folder/candidate/w.duckdb")

    monkeypatch.setenv("REELHOUSE_CANDIDATE", "c.duckdb")
    assert read_settings().candidate == Path("c.duckdb")


def test_expectations_to_accept_are_divided_by_commas_or_spaces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REELHOUSE_ACCEPT", "a, b c")
    assert read_settings().accept == ("a", "b", "c")

    monkeypatch.setenv("REELHOUSE_ACCEPT", "")
    assert read_settings().accept == ()


@pytest.mark.parametrize(
    ("variable", "value", "rule"),
    [
        ("KEEP", "x", "a whole number of 0 or more"),
        ("KEEP", "-1", "a whole number of 0 or more"),
        ("KEEP", "", "a whole number of 0 or more"),
        ("THREADS", "0", "a whole number from 1 to 1024"),
        ("THREADS", "1.5", "a whole number from 1 to 1024"),
        ("THREADS", "9" * 30, "a whole number from 1 to 1024"),
        ("MEMORY_LIMIT", "lots", "a size such as 2GB or 512MB"),
        ("MEMORY_LIMIT", "80%", "a size such as 2GB or 512MB"),
        ("MEMORY_LIMIT", "2Gi", "a size such as 2GB or 512MB"),
    ],
)
def test_a_wrong_value_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, rule: str
) -> None:
    monkeypatch.setenv(PREFIX + variable, value)
    with pytest.raises(UserError) as error:
        read_settings()
    assert str(error.value) == f"{variable}={value}: it must be {rule}."


def test_the_makefile_exports_each_setting_with_the_same_default() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    exported = re.findall(rf"^export {PREFIX}(\w+) = \$\((\w+)\)$", makefile, re.MULTILINE)
    # The candidate and the lake follow from the warehouse; make gives DuckDB all cores
    assert {name for name, _ in exported} == {
        name.upper() for name in Settings.model_fields if name not in ("candidate", "lake")
    }
    assert all(name == variable for name, variable in exported)
    defaults = dict(re.findall(r"^(\w+) \?=[ ]*(.*)$", makefile, re.MULTILINE))
    settings = read_settings()
    assert re.findall(r"^WAREHOUSE \?= (.*)$", makefile, re.MULTILINE) == [
        "warehouse.spark/warehouse.duckdb",
        str(settings.warehouse),
    ]
    assert defaults["MEMORY_LIMIT"] == settings.memory_limit
    assert defaults["KEEP"] == str(settings.keep)
    assert defaults["ACCEPT"] == " ".join(settings.accept)


def test_the_profile_of_dbt_has_the_same_defaults() -> None:
    profile = yaml.safe_load((ROOT / "profiles.yml").read_text(encoding="utf-8"))
    defaults = re.findall(rf"env_var\('{PREFIX}(\w+)', '([^']*)'\)", str(profile).replace("\\", ""))
    settings = read_settings()
    assert len(defaults) == 8
    given = {name: str(getattr(settings, name.lower())) for name, _ in defaults}
    assert given == dict(defaults) | {"LAKE": str(Path(dict(defaults)["LAKE"]).absolute())}


def test_dbt_reads_what_the_settings_say(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"REELHOUSE_WAREHOUSE": "x/y.duckdb"})
    assert settings_as_variables() == {
        "REELHOUSE_WAREHOUSE": "x/y.duckdb",
        "REELHOUSE_CANDIDATE": "x/candidate/y.duckdb",
        "REELHOUSE_LAKE": str(Path("x/candidate/lake").absolute()),
        "REELHOUSE_THREADS": "2",
        "REELHOUSE_MEMORY_LIMIT": "2GB",
        "REELHOUSE_KEEP": "3",
    }


def test_no_other_module_reads_the_settings_from_the_environment() -> None:
    packages = ("warehouse", "ingest", "models_ml", "expectations", "report")
    readers = {
        str(file.relative_to(ROOT))
        for package in packages
        for file in (ROOT / package).rglob("*.py")
        if re.search(r"environ\b.*\bREELHOUSE_|getenv", file.read_text(encoding="utf-8"))
    }
    assert readers == {"warehouse/publishing.py"}  # It tells its command of the candidate
