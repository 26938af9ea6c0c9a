"""What every model owes its readers, checked over dbt's manifest.

Each rule is a function of a manifest that names what breaks it. The project breaks none, and
each rule is shown to catch a violation that is planted in a copy.
"""

import copy
import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dbt_project.compiled import Compiled, Manifest
from tests.pipeline import ROOT, Pipeline

Check = Callable[[Manifest], list[str]]

DIMENSIONS = {"user_id": "dim_users", "movie_id": "dim_movies"}

# Somebody may tag who never rated, and dim_users has a row only for users who rated.
REFER_TO_NO_DIMENSION = {("fct_tags", "user_id")}

# Views whose rows are those of one tested relation, or of its columns: a test would read it again.
# The last one groups by its grain, and whoever reads it pays for that.
VIEWS_OF_TESTED_RELATIONS = {
    "rated_movies": "fct_ratings",
    "standardised_ratings": "fct_ratings",
    "rating_folds": "rating_splits",
    "user_traits": "user_features",
    "current_predictions": "fct_ratings",
    "current_recommendations": "recommended_movies",
    "fold_user_genre_features": "fold_user_features",
    "stack_features": "rating_splits",
    "stack_session_features": "rating_splits",
}

NULLABLE_IN_GRAIN = {
    # A reader of compressed or quoted files cannot always tell the line.
    ("quarantined_rows", "line_number"),
    # A margin of a joint histogram has no bounds of the other axis.
    ("mean_rating_histogram", "count_lower"),
    ("mean_rating_histogram", "mean_lower"),
}

SCORE_COLUMNS = "movie_id title genres rating_count mean_rating weighted_score score_rank"
SUMMARY_COUNTS = "rating_count user_count movie_count rated_movie_count genre_combination_count"

# The relations that people rely on, as the project's design names them.
RELATIONS = {
    "raw.ratings": "userId movieId rating timestamp source_file",
    "raw.movies": "movieId title genres source_file",
    "raw.tags": "userId movieId tag timestamp source_file",
    "raw.links": "movieId imdbId tmdbId source_file",
    "raw.rejected_lines": "source_file line_number error raw_line",
    "raw.loads": (
        "source_file bytes sha256 line_count accepted_count rejected_count loaded_at dataset"
    ),
    "core.dim_movies": "movie_id title release_year genres",
    "core.dim_users": "user_id rating_count mean_rating first_rated_at last_rated_at",
    "core.bridge_movie_genres": "movie_id genre",
    "core.fct_ratings": "user_id movie_id rating rated_at",
    "quality.missing_values": "table_name column_name row_count missing_count missing_pct",
    "quality.duplicate_ratings": "user_id movie_id rating_count kept_rating",
    "quality.quarantined_rows": "table_name source_file line_number rule row_json",
    "quality.row_reconciliation": (
        "table_name read_count accepted_count merged_count quarantined_count unexplained_count"
    ),
    "quality.gate_results": "checked_at suite expectation status expected found examples",
    "analytics.dataset_summary": f"{SUMMARY_COUNTS} mean_rating",
    "analytics.rating_summary": "column_name count mean std min p25 p50 p75 max",
    "analytics.rating_distribution": "rating rating_count rating_pct",
    "analytics.rated_movies": "user_id movie_id rating title genres",
    "analytics.genre_counts": "genre movie_count rating_count mean_rating",
    "analytics.movie_genre_flags": "movie_id action drama film_noir sci_fi western none",
    "analytics.movie_scores": SCORE_COLUMNS,
    "analytics.top_movies_by_genre": f"genre genre_rank {SCORE_COLUMNS}",
    "analytics.most_rated_movies": "title rating_count mean_rating popularity_rank",
    "analytics.rating_count_histogram": "scope bin lower_bound upper_bound movie_count density",
    "analytics.mean_rating_histogram": (
        "margin count_lower count_upper mean_lower mean_upper movie_count movie_pct"
    ),
    "analytics.standardised_histogram": (
        "column_name lower_bound upper_bound rating_count density"
    ),
    "analytics.rating_years": "scope year rating_count user_count rating_pct mean_rating",
    "analytics.movie_years": "movie_id year rating_count mean_rating",
    "features.rating_splits": "user_id movie_id random_split temporal_split last_split",
    "features.user_codes": "user_id user_code",
    "features.movie_codes": "movie_id movie_code",
    "features.genre_codes": "genres genre_code",
    "features.user_features": "user_id",
    "features.movie_features": "movie_id",
    "ml.runs": (
        "run_id model started_at finished_at params code_version data_fingerprint protocol seed"
    ),
    "ml.training_history": "run_id epoch loss val_loss seconds",
    "ml.network_layers": ("run_id position layer kind output_shape weight_count is_trained inputs"),
    "ml.rating_predictions": "run_id user_id movie_id prediction lower_bound upper_bound",
    "ml.rating_clusters": "run_id user_id movie_id cluster",
    "ml.user_embeddings": "run_id user_id embedding",
    "ml.movie_embeddings": "run_id movie_id embedding",
    "predictions.model_leaderboard": (
        "model protocol metric slice value ci_low ci_high row_count run_id"
    ),
    "predictions.current_recommendations": "user_id rank movie_id title score reason prediction",
    "predictions.similar_movies": "movie_id rank similar_movie_id similar_title similarity",
    "predictions.rating_cluster_profiles": "run_id cluster rating_count mean_rating",
    "predictions.training_curves": "run_id model protocol epoch loss val_loss is_kept",
    "predictions.calibration": (
        "model protocol lower_bound upper_bound row_count mean_prediction mean_rating"
        " ci_low ci_high interval_count covered_count covered_pct"
    ),
    "predictions.network_layers": (
        "model protocol position layer kind output_shape weight_count is_trained inputs"
    ),
    "predictions.segment_map": "segment name x_lower x_upper y_lower y_upper user_count",
}


MART_SCHEMAS = ("core", "quality", "analytics", "features", "predictions")

# Who reads marts, and the code that does.
READERS = {
    "make_train": [
        f"models_ml/{room}/*.py" for room in ("fitting", "ratings", "lists", "segments")
    ],
    "make_recommend": ["models_ml/recommend/*.py"],
    "make_explore": ["explorer/**/*.py", "models_ml/recommend/*.py"],
    "make_report": ["report/page.py", "report/queries.py", "report/sections/*.py"],
}


def models(manifest: Manifest, folder: str = "") -> list[dict]:
    return [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and node["original_file_path"].startswith(f"models/{folder}")
    ]


def data_tests(manifest: Manifest, model: dict, *names: str) -> Iterator[dict]:
    """The tests of a model that fail a build: a warning or a filter proves nothing."""
    for node in manifest["nodes"].values():
        if (
            node["resource_type"] == "test"
            and node.get("attached_node") == model["unique_id"]
            and node["test_metadata"]["name"] in names
            and node["config"]["severity"].lower() == "error"
            and node["config"]["where"] is None
        ):
            yield node


def grains(manifest: Manifest, model: dict) -> list[list[str]]:
    """The lists of columns of which a test says that they name a row."""
    return [
        test["test_metadata"]["kwargs"].get("columns") or [test["column_name"]]
        for test in data_tests(
            manifest, model, "unique", "unique_grain", "kept_once", "one_row_each_of"
        )
    ]


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9]+", text.lower())) - {"a", "an", "of", "the"}


def says_nothing(name: str, description: str) -> bool:
    """Tell whether a description is no sentence, or the name over again."""
    is_sentence = re.search(r"\w.*[.?]\)?$", description.strip(), re.DOTALL)
    return is_sentence is None or words(description) == words(name.replace("_", " "))


def descriptions_that_say_nothing(manifest: Manifest) -> list[str]:
    documented = [
        *models(manifest),
        *(node for node in manifest["nodes"].values() if node["resource_type"] == "analysis"),
        *manifest["sources"].values(),
    ]
    relations = [
        node["name"]
        for node in [*documented, *manifest["exposures"].values()]
        if says_nothing(node["name"], node["description"])
    ]
    columns = [
        f"{node['name']}.{column['name']}"
        for node in documented
        for column in node["columns"].values()
        if says_nothing(column["name"], column["description"])
    ]
    bare = [f"{node['name']} lists no columns" for node in documented if not node["columns"]]
    return relations + columns + bare


def grains_that_are_not_said(manifest: Manifest) -> list[str]:
    """A description begins with what a row is."""
    return [
        node["name"]
        for node in [*models(manifest), *manifest["sources"].values()]
        if not re.match(r"(One|At most one) row(\.| per |: )", node["description"])
    ]


def texts_that_many_columns_share(manifest: Manifest) -> list[str]:
    """What more than five columns say alike is a docs block, so that it is written once."""
    texts = Counter(
        column["description"]
        for node in [*models(manifest), *manifest["sources"].values()]
        for column in node["columns"].values()
        if not column["doc_blocks"]
    )
    return sorted(text for text, count in texts.items() if count > 5)


def models_without_a_file_of_their_own(manifest: Manifest) -> list[str]:
    return [
        model["name"]
        for model in models(manifest)
        if model["patch_path"]
        != f"reelhouse://{Path(model['original_file_path']).with_suffix('.yml').as_posix()}"
    ]


def models_that_do_not_say_who_reads_them(manifest: Manifest) -> list[str]:
    """Marts are public; what leads to them is private to the group, which has every model."""
    found = []
    for model in models(manifest):
        is_mart = model["original_file_path"].startswith("models/marts/")
        expected = ("public" if is_mart else "private", "reelhouse")
        if (model["access"], model["group"]) != expected:
            found.append(model["name"])
    return found


def marts_without_a_contract(manifest: Manifest) -> list[str]:
    return [
        model["name"]
        for model in models(manifest, "marts/")
        if not model["config"]["contract"]["enforced"]
    ]


def is_view_of_a_tested_relation(manifest: Manifest, model: dict) -> bool:
    read = VIEWS_OF_TESTED_RELATIONS.get(model["name"])
    return (
        model["config"]["materialized"] == "view"
        and f"model.reelhouse.{read}" in model["depends_on"]["nodes"]
        and bool(grains(manifest, model_of(manifest, str(read))))
    )


def marts_without_a_tested_grain(manifest: Manifest) -> list[str]:
    return [
        model["name"]
        for model in models(manifest, "marts/")
        if not grains(manifest, model) and not is_view_of_a_tested_relation(manifest, model)
    ]


def nullable_grains(manifest: Manifest) -> list[str]:
    """Two rows without a key are not told apart, so the columns of a grain are never null.

    `unique_grain` says so, and of a table a contract's constraint does.
    """
    found = set()
    for model in models(manifest, "marts/"):
        tested = {test["column_name"] for test in data_tests(manifest, model, "not_null")}
        for test in data_tests(manifest, model, "unique_grain"):
            arguments = test["test_metadata"]["kwargs"]
            tested |= set(arguments["columns"]) - set(arguments.get("nullable", []))
        constrained = {
            name
            for name, column in model["columns"].items()
            if any(constraint["type"] == "not_null" for constraint in column["constraints"])
            and model["config"]["materialized"] != "view"
        }
        grain = {column for columns in grains(manifest, model) for column in columns}
        found |= {(model["name"], column) for column in grain - tested - constrained}
    return [f"{name}.{column}" for name, column in sorted(found - NULLABLE_IN_GRAIN)]


def ids_that_may_refer_to_nothing(manifest: Manifest) -> list[str]:
    """The other marts take their ids from core, where they are tested once."""
    found = []
    for model in models(manifest, "marts/core/"):
        for column, dimension in DIMENSIONS.items():
            referring = {
                relation
                for test in data_tests(manifest, model_of(manifest, dimension), "referred_to_by")
                for relation in test["test_metadata"]["kwargs"]["relations"]
            }
            if (
                column in model["columns"]
                and model["name"] != dimension
                and (model["name"], column) not in REFER_TO_NO_DIMENSION
                and f"ref('{model['name']}')" not in referring
            ):
                found.append(f"{model['name']}.{column}")
    return found


def arrows_that_run_the_wrong_way(manifest: Manifest) -> list[str]:
    """Staging reads sources alone; nothing skips it, nor reads columns that it has to rename."""
    staged = {model["name"].removeprefix("stg_") for model in models(manifest, "staging/")}
    renamed = {
        name
        for name, source in manifest["sources"].items()
        if source["name"] in staged or any(column != column.lower() for column in source["columns"])
    }
    found = []
    for model in models(manifest):
        is_staging = model["original_file_path"].startswith("models/staging/")
        for parent in model["depends_on"]["nodes"]:
            if not parent.startswith("source.") if is_staging else parent in renamed:
                found.append(f"{model['name']} reads {parent}")
    return found


def marts_that_wait_for_training(manifest: Manifest) -> list[str]:
    """Only predictions may depend on what a run wrote: the rest is complete before any."""
    found = []
    for model in models(manifest, "marts/"):
        ancestors: set[str] = set()
        frontier = [model["unique_id"]]
        while frontier:
            parents = set(manifest["parent_map"][frontier.pop()]) - ancestors
            ancestors |= parents
            frontier += parents
        if "predictions" not in model["fqn"] and any(
            ancestor.startswith("source.reelhouse.ml.") for ancestor in ancestors
        ):
            found.append(model["name"])
    return found


def models_that_a_build_cannot_make(manifest: Manifest) -> list[str]:
    """A build leaves out what bears the tag of training, so nothing else may read it."""
    nodes = manifest["nodes"] | manifest["sources"]
    return [
        f"{model['name']} reads {nodes[parent]['name']}"
        for model in models(manifest)
        if "training" not in model["tags"]
        for parent in model["depends_on"]["nodes"]
        if "training" in nodes[parent]["tags"]
    ]


def views_that_a_build_would_break(manifest: Manifest) -> list[str]:
    """A view that stays in the warehouse after a training reads no step of the training.

    Steps of the stacks are views too, of marts that stay, and they stay with them.
    """
    return [
        f"{model['name']} reads {manifest['nodes'][parent]['name']}"
        for model in models(manifest, "marts/")
        if "training" in model["tags"] and model["config"]["materialized"] == "view"
        for parent in model["depends_on"]["nodes"]
        if "models/intermediate/" in (path := path_of(manifest, parent))
        and "models/intermediate/stacking/" not in path
    ]


def path_of(manifest: Manifest, node: str) -> str:
    return str(manifest["nodes"].get(node, {}).get("original_file_path", ""))


def exposures_that_do_not_say_what_is_read(manifest: Manifest) -> list[str]:
    """An exposure names just the marts in a command's code, or in the overview of the docs."""
    marts = {model["name"] for model in models(manifest, "marts/")}
    found = []
    read = {"docs_site": {page.rpartition(".")[2] for page in overview_links(manifest)}}
    for name, files in READERS.items():
        code = "\n".join(path.read_text() for pattern in files for path in ROOT.glob(pattern))
        read[name] = set(re.findall(rf"\b(?:{'|'.join(MART_SCHEMAS)})\.(\w+)", code))
    for name, relations in read.items():
        exposure = manifest["exposures"].get(f"exposure.reelhouse.{name}")
        if exposure is None:
            found.append(f"{name} is missing")
            continue
        named = {node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]}
        if named != relations & marts:
            found.append(f"{name} names {sorted(named)}")
    return found


def missing_relations(manifest: Manifest) -> list[str]:
    columns = {
        f"{node['schema']}.{node['name']}": set(node["columns"])
        for node in [*models(manifest), *manifest["sources"].values()]
    }
    found = []
    for relation, expected in RELATIONS.items():
        if relation not in columns:
            found.append(relation)
        else:
            missing = set(expected.split()) - columns[relation]
            found += [f"{relation}.{column}" for column in sorted(missing)]
    return found


def overview_links(manifest: Manifest) -> set[str]:
    overview = manifest["docs"].get("doc.reelhouse.__overview__", {"block_contents": ""})
    return set(re.findall(r"#!/\w+/([\w.]+)\)", overview["block_contents"]))


def overview_links_to_nowhere(manifest: Manifest) -> list[str]:
    """The overview of the docs leads to pages that exist, and to every analysis."""
    linked = overview_links(manifest)
    analyses = {name for name in manifest["nodes"] if name.startswith("analysis.")}
    unknown = linked - manifest["nodes"].keys() - manifest["sources"].keys()
    return sorted(unknown | (analyses - linked))


CHECKS: list[Check] = [
    descriptions_that_say_nothing,
    grains_that_are_not_said,
    texts_that_many_columns_share,
    models_without_a_file_of_their_own,
    models_that_do_not_say_who_reads_them,
    marts_without_a_contract,
    marts_without_a_tested_grain,
    nullable_grains,
    ids_that_may_refer_to_nothing,
    arrows_that_run_the_wrong_way,
    marts_that_wait_for_training,
    models_that_a_build_cannot_make,
    views_that_a_build_would_break,
    exposures_that_do_not_say_what_is_read,
    overview_links_to_nowhere,
    missing_relations,
]


@pytest.fixture(scope="session")
def manifest(compiled: Compiled) -> Manifest:
    return compiled.manifest


@pytest.fixture
def planted(manifest: Manifest) -> Manifest:
    """A copy of the manifest to plant a violation in."""
    return copy.deepcopy(manifest)


def model_of(manifest: Manifest, name: str) -> dict:
    return manifest["nodes"][f"model.reelhouse.{name}"]


def remove_tests(manifest: Manifest, model: str, *names: str) -> None:
    for test in list(data_tests(manifest, model_of(manifest, model), *names)):
        del manifest["nodes"][test["unique_id"]]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_project_keeps_the_rule(check: Check, manifest: Manifest) -> None:
    assert check(manifest) == []


def python_that_reads_inner_layers(folder: Path) -> list[str]:
    """Python reads sources and marts: steps between them may change at any time."""
    return [
        path.relative_to(folder).as_posix()
        for room in sorted(folder.iterdir())
        if room.is_dir() and room.name != "tests" and not room.name.startswith(".")
        for path in sorted(room.rglob("*.py"))
        if re.search(r"\b(intermediate|staging)\.\w|\b(int|stg)_[a-z]\w+", path.read_text("utf-8"))
    ]


def test_python_reads_no_inner_layer(tmp_path: Path) -> None:
    (tmp_path / "report").mkdir()
    (tmp_path / "tests").mkdir()
    for file in ("report/summary.py", "tests/test_summary.py"):
        (tmp_path / file).write_text('QUERY = "from intermediate.int_movie_ratings"')

    assert python_that_reads_inner_layers(tmp_path) == ["report/summary.py"]
    assert python_that_reads_inner_layers(ROOT) == []


def test_every_column_of_the_warehouse_is_in_the_manifest(
    manifest: Manifest, sample: Pipeline
) -> None:
    """Contracts hold the columns of marts; this holds those of sources, staging and steps."""
    documented = {
        (node["schema"], node["name"], column)
        for node in [*models(manifest), *manifest["sources"].values()]
        for column in node["columns"]
    }
    built = sample.rows(
        "select table_schema, table_name, column_name from information_schema.columns"
        " where table_schema != 'main'"
    )

    assert set(built) == documented


def test_a_published_mart_shows_its_descriptions(manifest: Manifest, sample: Pipeline) -> None:
    described = {
        (mart["schema"], mart["name"], column["name"], column["description"])
        for mart in models(manifest, "marts/")
        for column in [
            {"name": None, "description": mart["description"]},
            *mart["columns"].values(),
        ]
    }
    shown = sample.rows(
        "select schema_name, table_name, null, comment from duckdb_tables()"
        " union all select schema_name, view_name, null, comment from duckdb_views()"
        " union all select schema_name, table_name, column_name, comment from duckdb_columns()"
    )

    assert described <= set(shown)


def test_a_mart_that_arrives_bare_breaks_every_rule_of_marts(planted: Manifest) -> None:
    bare = copy.deepcopy(model_of(planted, "movie_scores"))
    bare |= {"name": "new_mart", "unique_id": "model.reelhouse.new_mart", "patch_path": None}
    bare |= {"description": "", "columns": {}}
    bare["config"]["contract"]["enforced"] = False
    planted["nodes"][bare["unique_id"]] = bare

    assert descriptions_that_say_nothing(planted) == ["new_mart", "new_mart lists no columns"]
    assert models_without_a_file_of_their_own(planted) == ["new_mart"]
    assert marts_without_a_contract(planted) == ["new_mart"]
    assert marts_without_a_tested_grain(planted) == ["new_mart"]


@pytest.mark.parametrize("empty", ["", " ", "TODO", "The rated_at.", "Rated at.", "?"])
def test_a_description_that_says_nothing_is_found(planted: Manifest, empty: str) -> None:
    model_of(planted, "fct_ratings")["columns"]["rated_at"]["description"] = empty

    assert descriptions_that_say_nothing(planted) == ["fct_ratings.rated_at"]


@pytest.mark.parametrize("empty", ["", "The loads.", "A loaded file"])
def test_a_source_whose_description_says_nothing_is_found(planted: Manifest, empty: str) -> None:
    planted["sources"]["source.reelhouse.raw.loads"]["description"] = empty

    assert descriptions_that_say_nothing(planted) == ["loads"]


@pytest.mark.parametrize("vague", ["Which models are best.", "One row a model.", "A metric."])
def test_a_description_that_does_not_say_what_a_row_is_is_found(
    planted: Manifest, vague: str
) -> None:
    model_of(planted, "model_leaderboard")["description"] = vague

    assert grains_that_are_not_said(planted) == ["model_leaderboard"]


def test_a_text_written_again_and_again_is_found(planted: Manifest) -> None:
    for name in ("dim_movies", "dim_users", "fct_ratings"):
        for column in list(model_of(planted, name)["columns"].values())[:2]:
            column |= {"description": "Something or other.", "doc_blocks": []}

    assert texts_that_many_columns_share(planted) == ["Something or other."]


@pytest.mark.parametrize(
    "weakened", [{"severity": "WARN"}, {"where": "rating > 3"}], ids=["a warning", "a filter"]
)
def test_a_grain_test_that_cannot_fail_the_build_is_none(
    planted: Manifest, weakened: dict[str, str]
) -> None:
    (test,) = data_tests(planted, model_of(planted, "fct_ratings"), "kept_once")
    test["config"] |= weakened

    assert "fct_ratings" in marts_without_a_tested_grain(planted)


def test_a_mart_without_a_grain_test_is_found(planted: Manifest) -> None:
    remove_tests(planted, "dim_users", "unique")

    assert marts_without_a_tested_grain(planted) == ["dim_users"]


def test_a_nullable_column_in_the_grain_of_a_table_is_found(planted: Manifest) -> None:
    genres = model_of(planted, "bridge_movie_genres")
    genres["columns"]["genre"]["constraints"] = []
    (test,) = data_tests(planted, genres, "unique_grain")
    test["test_metadata"]["kwargs"]["nullable"] = ["genre"]

    assert nullable_grains(planted) == ["bridge_movie_genres.genre"]


def test_a_constraint_on_a_view_does_not_stand_for_a_test(planted: Manifest) -> None:
    vectors = model_of(planted, "user_vectors")
    vectors["columns"]["user_id"]["constraints"] = [{"type": "not_null"}]
    (test,) = data_tests(planted, vectors, "unique_grain")
    test["test_metadata"]["kwargs"]["nullable"] = ["user_id"]

    assert nullable_grains(planted) == ["user_vectors.user_id"]


@pytest.mark.parametrize("change", ["a table", "another parent", "an untested parent"])
def test_a_view_needs_a_test_where_what_it_reads_does_not_vouch_for_it(
    planted: Manifest, change: str
) -> None:
    folds = model_of(planted, "rating_folds")
    if change == "a table":
        folds["config"]["materialized"] = "table"
    elif change == "another parent":
        folds["depends_on"]["nodes"] = ["model.reelhouse.fct_ratings"]
    else:
        remove_tests(planted, "rating_splits", "one_row_each_of")

    assert "rating_folds" in marts_without_a_tested_grain(planted)


def test_an_id_without_a_relationship_is_found(planted: Manifest) -> None:
    remove_tests(planted, "dim_users", "referred_to_by")

    assert sorted(ids_that_may_refer_to_nothing(planted)) == [
        "fct_ratings.user_id",
        "rating_history.user_id",
    ]


def test_a_relation_that_is_left_out_is_found(planted: Manifest) -> None:
    (test,) = data_tests(planted, model_of(planted, "dim_movies"), "referred_to_by")
    test["test_metadata"]["kwargs"]["relations"].remove("ref('bridge_movie_genres')")

    assert ids_that_may_refer_to_nothing(planted) == ["bridge_movie_genres.movie_id"]


@pytest.mark.parametrize(
    ("reader", "parent"),
    [
        ("dim_movies", "source.reelhouse.raw.movies"),
        ("int_movies_checked", "source.reelhouse.raw.movies"),
        ("dim_movies", "source.reelhouse.raw.rejected_lines"),
        ("stg_movies", "model.reelhouse.stg_links"),
    ],
)
def test_an_arrow_the_wrong_way_is_found(planted: Manifest, reader: str, parent: str) -> None:
    model_of(planted, reader)["depends_on"]["nodes"].append(parent)

    assert arrows_that_run_the_wrong_way(planted) == [f"{reader} reads {parent}"]


def test_a_mart_that_reads_a_run_at_any_distance_is_found(planted: Manifest) -> None:
    planted["parent_map"]["model.reelhouse.int_movie_ratings"].append("source.reelhouse.ml.runs")

    assert "movie_scores" in marts_that_wait_for_training(planted)


def test_a_model_of_a_build_that_reads_a_training_is_found(planted: Manifest) -> None:
    reader = model_of(planted, "movie_scores")
    reader["depends_on"]["nodes"] += [
        "model.reelhouse.movie_features",
        "source.reelhouse.ml.runs",
    ]

    assert models_that_a_build_cannot_make(planted) == [
        "movie_scores reads movie_features",
        "movie_scores reads runs",
    ]


def test_a_view_that_reads_a_step_of_the_training_is_found(planted: Manifest) -> None:
    parents = model_of(planted, "movie_vectors")["depends_on"]["nodes"]
    parents.append("model.reelhouse.int_predicting_run")

    assert views_that_a_build_would_break(planted) == ["movie_vectors reads int_predicting_run"]


def test_an_exposure_that_is_missing_or_silent_is_found(planted: Manifest) -> None:
    del planted["exposures"]["exposure.reelhouse.docs_site"]
    read = planted["exposures"]["exposure.reelhouse.make_train"]["depends_on"]["nodes"]
    read.remove("model.reelhouse.rating_splits")

    docs, train = exposures_that_do_not_say_what_is_read(planted)
    assert train.startswith("make_train names ")
    assert docs == "docs_site is missing"


@pytest.mark.parametrize("change", ["one too few", "one too many", "none"])
def test_a_docs_site_that_names_other_marts_than_its_overview_is_found(
    planted: Manifest, change: str
) -> None:
    read = planted["exposures"]["exposure.reelhouse.docs_site"]["depends_on"]["nodes"]
    if change == "one too many":
        read.append("model.reelhouse.movie_codes")
    else:
        del read[0 if change == "none" else -1 :]

    (docs,) = exposures_that_do_not_say_what_is_read(planted)
    assert docs.startswith("docs_site names ")


def test_a_page_that_the_overview_cannot_reach_is_found(planted: Manifest) -> None:
    del planted["nodes"]["model.reelhouse.movie_scores"]
    planted["nodes"]["analysis.reelhouse.new"] = {}

    assert overview_links_to_nowhere(planted) == [
        "analysis.reelhouse.new",
        "model.reelhouse.movie_scores",
    ]


def test_a_relation_or_column_that_people_rely_on_is_missed(planted: Manifest) -> None:
    del planted["nodes"]["model.reelhouse.genre_codes"]
    model_of(planted, "dim_movies")["columns"].pop("release_year")
    model_of(planted, "fct_ratings")["schema"] = "main_core"

    assert missing_relations(planted) == [
        "core.dim_movies.release_year",
        "core.fct_ratings",
        "features.genre_codes",
    ]
