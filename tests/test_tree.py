"""Tests mirror the tree, so that whoever changes a module knows where its tests are."""

from tests.pipeline import ROOT

TESTS = ROOT / "tests"


def test_each_test_of_python_stands_where_its_module_does() -> None:
    strays = []
    for test in TESTS.glob("*/**/test_*.py"):
        folder = ROOT / test.parent.relative_to(TESTS)
        name = test.stem.removeprefix("test_")
        is_of_sql = (folder / "dbt_project.yml").exists()
        modules = folder / f"{name}.py", folder / f"__{name}__.py"
        if not is_of_sql and not any(module.exists() for module in modules):
            strays.append(str(test.relative_to(ROOT)))
    assert strays == []
