"""Fit the models on the candidate and write their results: ``python -m models_ml``."""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from warehouse.connection import connect
from warehouse.errors import UserError


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, train, and return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m models_ml",
        description="Fit the models on the marts and write their results to the ml tables.",
    )
    parser.parse_args(arguments)
    candidate = Path(os.environ.get("REELHOUSE_CANDIDATE", "candidate/warehouse.duckdb"))
    if not candidate.exists():
        print(f"There is no candidate at {candidate}: `make build` makes one.", file=sys.stderr)
        return 1
    try:
        _train(candidate, Console(highlight=False))
    except UserError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _train(candidate: Path, console: Console) -> None:
    with console.status("Loading libraries"):
        from models_ml.runs import write_runs
        from models_ml.training import fit_matrix_factorisation, fit_rating_clusters

    with connect(candidate) as connection:
        with console.status("Clustering ratings"):
            clusters = fit_rating_clusters(connection)
        console.print("rating_clusters: 5 clusters by K-means")
        with console.status("matrix_factorisation: loading TensorFlow") as status:
            factorisation = fit_matrix_factorisation(
                connection,
                lambda epoch, loss, val_loss: status.update(
                    f"matrix_factorisation: epoch {epoch}, loss {loss:.4f},"
                    f" validation loss {val_loss:.4f}"
                ),
            )
        epochs = len(factorisation.results["training_history"])
        console.print(f"matrix_factorisation: {epochs} epochs, the best one's weights kept")
        for run_id in write_runs(connection, [clusters, factorisation]):
            console.print(f"  run {run_id}")


if __name__ == "__main__":
    sys.exit(main())
