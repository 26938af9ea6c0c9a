"""A saved model is asked in a process of its own, which knows the file that it reads alone."""

import importlib
import os
import sys
from multiprocessing import get_context
from pathlib import Path

import numpy as np

LIBRARIES = ["numpy", "pandas", "scipy.stats", "sklearn.base"]
"""Imported once, in the process from which those of the tests fork: no module of the project."""


def predict_apart(module: str, name: str, saved: Path, file: Path, out: Path, root: Path) -> None:
    """Load a model in a new process, and write what it predicts for the rows of a file."""
    context = get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    arguments = (module, name, str(saved), str(file), str(out), str(root))
    process = context.Process(target=_predict, args=arguments)
    process.start()
    process.join(300)
    assert process.exitcode == 0, f"{name} ended with {process.exitcode}"


def _predict(module: str, name: str, saved: str, file: str, out: str, root: str) -> None:
    assert not [imported for imported in sys.modules if imported.startswith("models_ml")]
    os.environ.clear()
    os.chdir(Path(file).parent)
    sys.path[:] = [root, *(folder for folder in sys.path if folder not in ("", root))]
    imported = importlib.import_module(module)
    model = getattr(imported, name).load(Path(saved))
    given = np.load(file)
    np.save(out, model.predict(given["rows"] if "rows" in given else imported.StackRows(**given)))
    assert "tensorflow" not in sys.modules
