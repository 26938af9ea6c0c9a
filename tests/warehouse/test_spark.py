"""Whether Spark can start is told in a sentence; its settings stand in the profile alone."""

from pathlib import Path

import pytest
import yaml

from warehouse import spark
from warehouse.errors import UserError
from warehouse.spark import PROFILE, require_spark, spark_settings


@pytest.mark.parametrize(
    ("says", "found"),
    [('openjdk version "1.8.0_412"', "Java 8"), ('openjdk version "11.0.2"', "Java 11")],
)
def test_an_old_java_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, says: str, found: str
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(spark, "find_spec", lambda name: name)
    with pytest.raises(UserError, match=f"Java 17 or newer, and there is {found}: install it"):
        require_spark()


def test_no_java_is_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    monkeypatch.setattr(spark, "find_spec", lambda name: name)
    with pytest.raises(UserError, match="and there is none"):
        require_spark()


def test_missing_packages_are_told_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="Spark's packages are not installed"):
        require_spark()


def test_the_settings_are_those_of_the_profile(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REELHOUSE_THREADS", "3")
    monkeypatch.setenv("REELHOUSE_MEMORY_LIMIT", "512MiB")
    monkeypatch.setenv("REELHOUSE_LAKE", str(tmp_path))
    settings = spark_settings()
    profile = yaml.safe_load(PROFILE.read_text(encoding="utf-8"))["reelhouse"]["outputs"]["spark"]
    assert settings.keys() == profile["server_side_parameters"].keys()
    assert settings["spark.master"] == "local[3]"
    assert settings["spark.driver.memory"] == "512m"
    assert settings["spark.sql.warehouse.dir"] == str(tmp_path)


def test_a_session_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    profile = tmp_path / "profiles.yml"
    profile.write_text("reelhouse: {outputs: {spark: {method: thrift}}}")
    monkeypatch.setattr(spark, "PROFILE", profile)
    with pytest.raises(UserError, match=r"profiles[.]yml reaches Spark by the method thrift"):
        spark_settings()
