"""Nothing lost, nothing silent: what becomes of every line of a folder full of faults."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dbt_project.compiled import LOADED_AT, Compiled, load
from tests.pipeline import ROOT, Pipeline, write_dataset
from warehouse.settings import candidate_path

ACCEPTED = "accepted"
MERGED = "merged"

HEADERS = {
    "ratings": b"userId,movieId,rating,timestamp",
    "movies": b"movieId,title,genres",
    "tags": b"userId,movieId,tag,timestamp",
    "links": b"movieId,imdbId,tmdbId",
}

# Each line and what must become of it: accepted, merged, or refused by the named rule.
FATES = {
    "ratings": [
        (b"1,1,4.0,1000000000", ACCEPTED),
        (b"1,2,0.5,788918400", ACCEPTED),
        (b"2,1,5,", ACCEPTED),
        # One movie rated three times: the highest is neither the first nor the latest
        (b"3,1,3.0,1000000000", MERGED),
        (b"3,1,4.5,1000000001", ACCEPTED),
        (b"3,1,2.0,1000000002", MERGED),
        # Lines that do not parse
        (b"", "blank_line"),
        (b"1,3,4.0", "wrong_field_count"),
        (b"1,3,4.0,1000000000,5", "wrong_field_count"),
        (b"one,3,4.0,1000000000", "user_id_is_not_an_integer"),
        (b"1,2.5,4.0,1000000000", "movie_id_is_not_an_integer"),
        (b"1,3,good,1000000000", "rating_is_not_a_number"),
        (b"1,3,nan,1000000000", "rating_is_not_a_number"),
        (b"1,3,4.0,yesterday", "timestamp_is_not_an_integer"),
        (b"1,3,4.0,10000\x000000", "null_character"),
        (b'1,"3"x,4.0,1000000000', "misplaced_quote"),
        # Rows that break a rule
        (b",3,4.0,1000000000", "missing_user_id"),
        (b"1,,4.0,1000000000", "missing_movie_id"),
        (b"1,3,,1000000000", "missing_rating"),
        (b"0,3,4.0,1000000000", "non_positive_user_id"),
        (b"-1,3,4.0,1000000000", "non_positive_user_id"),
        (b"1,0,4.0,1000000000", "non_positive_movie_id"),
        (b"1,3,0.0,1000000000", "rating_off_scale"),
        (b"1,3,5.5,1000000000", "rating_off_scale"),
        (b"1,3,-3,1000000000", "rating_off_scale"),
        (b"1,3,99,1000000000", "rating_off_scale"),
        (b"1,3,3.7,1000000000", "rating_between_steps"),
        (b"1,3,4.0,788918399", "timestamp_too_early"),
        (b"1,3,4.0,-1", "timestamp_too_early"),
        (b"1,3,4.0,4102444800", "timestamp_in_future"),
        (b"1,3,4.0,1000000000000", "timestamp_in_future"),
        (b"1,99,4.0,1000000000", "unknown_movie"),
        # The line of movie 6 was refused, so nobody knows it
        (b"1,6,4.0,1000000000", "unknown_movie"),
        # A good line between faults and at the end is read all the same
        (b'"4","3","3.5","1000000000"', ACCEPTED),
    ],
    "movies": [
        (b"1,First (1999),Drama", ACCEPTED),
        (b"2,,", ACCEPTED),
        (b'3,"Comma, The (2001)",Anime|Drama', ACCEPTED),
        (b"1,First Again (2000),Comedy", "duplicate_movie_id"),
        (b"1,And Again (2001),Comedy", "duplicate_movie_id"),
        (b",Nobody (2000),Drama", "missing_movie_id"),
        (b"0,Zero (2000),Drama", "non_positive_movie_id"),
        (b"-4,Minus (2000),Drama", "non_positive_movie_id"),
        (b"   ", "blank_line"),
        (b"4,Too Few (2000)", "wrong_field_count"),
        (b"4,Comma, Too Many (2000),Drama", "wrong_field_count"),
        (b"five,Word (2000),Drama", "movie_id_is_not_an_integer"),
        (b"6,Caf\xe9 (2000),Drama", "invalid_utf8"),
        (b"7,Null\x00 (2000),Drama", "null_character"),
        (b'8,"Quote" Astray (2000),Drama', "misplaced_quote"),
        (b'9,"Never Closed (2000),Drama', "unclosed_quote"),
        (b"10,Last (2000),(no genres listed)", ACCEPTED),
    ],
    "tags": [
        (b"1,1,dark,1000000001", MERGED),
        (b"1,1,dark,1000000000", ACCEPTED),
        (b"1,1,Dark,1000000000", ACCEPTED),
        (b'1,1,"so, so",', ACCEPTED),
        (b"1,1", "wrong_field_count"),
        (b"1,1,dark,never", "timestamp_is_not_an_integer"),
        (b"me,1,dark,1000000000", "user_id_is_not_an_integer"),
        (b"1,it,dark,1000000000", "movie_id_is_not_an_integer"),
        (b",1,dark,1000000000", "missing_user_id"),
        (b"1,,dark,1000000000", "missing_movie_id"),
        (b"1,1,  ,1000000000", "missing_tag"),
        (b"0,1,dark,1000000000", "non_positive_user_id"),
        (b"1,-1,dark,1000000000", "non_positive_movie_id"),
        (b"1,1,dark,1000", "timestamp_too_early"),
        (b"1,1,dark,4102444800", "timestamp_in_future"),
        (b"1,99,dark,1000000000", "unknown_movie"),
    ],
    "links": [
        (b"1,0114709,862", ACCEPTED),
        (b"2,0113497,", ACCEPTED),
        (b"1,0000001,1", "duplicate_movie_id"),
        (b",0114709,862", "missing_movie_id"),
        (b"0,0114709,862", "non_positive_movie_id"),
        (b"99,0114709,862", "unknown_movie"),
        (b"1,0114709", "wrong_field_count"),
        (b"one,0114709,862", "movie_id_is_not_an_integer"),
    ],
}

UNPARSED = {
    *("blank_line", "wrong_field_count", "null_character", "misplaced_quote", "unclosed_quote"),
    *("invalid_utf8", "user_id_is_not_an_integer", "movie_id_is_not_an_integer"),
    *("rating_is_not_a_number", "timestamp_is_not_an_integer"),
}


@dataclass(frozen=True)
class Fate:
    table: str
    line_number: int
    text: str
    fate: str

    @property
    def source_file(self) -> str:
        return f"{self.table}.csv"


# The header is line 1
PLAN = [
    Fate(table, number, line.decode("utf-8", "backslashreplace"), fate)
    for table, lines in FATES.items()
    for number, (line, fate) in enumerate(lines, start=2)
]

REFUSED = [line for line in PLAN if line.fate not in (ACCEPTED, MERGED)]


def refused_counts(table: str) -> list[tuple[str, int]]:
    """The rules that a table's lines break, the worst one first."""
    counts = Counter(line.fate for line in REFUSED if line.table == table)
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


@pytest.fixture(scope="module")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faults")
    for table, lines in FATES.items():
        content = b"\n".join([HEADERS[table], *(line for line, _ in lines), b""])
        (folder / f"{table}.csv").write_bytes(content)
    return folder


@dataclass(frozen=True)
class Build:
    pipeline: Pipeline
    output: str


def build(folder: Path, dataset: Path, variables: str) -> Build:
    pipeline = Pipeline(folder)
    return Build(pipeline, pipeline.make("build", DATASET=dataset, VARS=variables).stdout)


@pytest.fixture(scope="module")
def allowed(tmp_path_factory: pytest.TempPathFactory, faults: Path) -> Build:
    """The faults, built with leave to refuse as many lines as it takes."""
    return build(tmp_path_factory.mktemp("allowed"), faults, "{max_quarantined_pct: 100}")


def before_the_gates(output: str) -> list[str]:
    """The lines of a first build but for those of the gates, which come last."""
    before, raw, gates = output.partition("\nraw gate: ")
    assert raw
    assert "\nmarts gate: " in gates
    return before.splitlines()


class TestEveryKindOfFault:
    def test_the_plan_breaks_each_rule_that_the_warehouse_knows(self) -> None:
        yml = ROOT / "dbt_project/models/marts/quality/quarantined_rows.yml"
        (model,) = yaml.safe_load(yml.read_text())["models"]
        (rule,) = (column for column in model["columns"] if column["name"] == "rule")
        known = rule["data_tests"][0]["accepted_values"]["arguments"]["values"]
        assert {line.fate for line in REFUSED} - UNPARSED == set(known)

    def test_lines_that_do_not_parse_are_kept_as_they_are(self, allowed: Build) -> None:
        rows = allowed.pipeline.rows(
            "select source_file, line_number, error, raw_line from raw.rejected_lines"
        )
        assert sorted(rows) == sorted(
            (line.source_file, line.line_number, line.fate, line.text)
            for line in REFUSED
            if line.fate in UNPARSED
        )

    def test_rows_that_break_a_rule_are_quarantined(self, allowed: Build) -> None:
        rows = allowed.pipeline.rows(
            "select table_name, source_file, line_number, rule from quality.quarantined_rows"
        )
        assert sorted(rows) == sorted(
            (line.table, line.source_file, line.line_number, line.fate)
            for line in REFUSED
            if line.fate not in UNPARSED
        )

    def test_a_quarantined_row_shows_its_values(self, allowed: Build) -> None:
        rows = allowed.pipeline.rows(
            "select row_json from quality.quarantined_rows where (table_name, rule) in ("
            "('movies', 'missing_movie_id'), ('ratings', 'rating_between_steps'),"
            " ('tags', 'missing_tag'), ('links', 'unknown_movie')) order by table_name"
        )
        assert [json.loads(row_json) for (row_json,) in rows] == [
            {"movie_id": 99, "imdb_id": "0114709", "tmdb_id": "862"},
            {"movie_id": None, "title": "Nobody (2000)", "genres": "Drama"},
            {"user_id": 1, "movie_id": 3, "rating": 3.7, "rated_epoch": 1_000_000_000},
            {"user_id": 1, "movie_id": 1, "tag": None, "tagged_epoch": 1_000_000_000},
        ]

    def test_every_line_is_accounted_for(self, allowed: Build) -> None:
        rows = allowed.pipeline.rows(
            "select table_name, read_count, accepted_count, merged_count, quarantined_count,"
            " rejected_count, unexplained_count from quality.row_reconciliation"
        )
        expected = {}
        for table, lines in FATES.items():
            fates = Counter(fate for _, fate in lines)
            refused = len(lines) - fates[ACCEPTED] - fates[MERGED]
            unparsed = sum(fates[rule] for rule in UNPARSED)
            counts = (len(lines), fates[ACCEPTED], fates[MERGED], refused, unparsed, 0)
            expected[table] = counts
        assert {table: tuple(counts) for table, *counts in rows} == expected

    def test_the_last_lines_of_the_build_say_how_many_of_what(self, allowed: Build) -> None:
        expected = []
        for table in sorted(FATES):
            fates = Counter(line.fate for line in PLAN if line.table == table)
            refused = sum(1 for line in REFUSED if line.table == table)
            expected.append(
                f"{table}: {fates.total()} lines read, {fates[ACCEPTED]} accepted,"
                f" {fates[MERGED]} merged, {refused} refused"
            )
            expected += [f"  {rule}: {count}" for rule, count in refused_counts(table)]
        assert before_the_gates(allowed.output)[-len(expected) :] == expected

    def test_the_good_lines_are_there(self, allowed: Build) -> None:
        assert allowed.pipeline.rows("from core.fct_ratings order by user_id, movie_id") == [
            (1, 1, 4.0, datetime(2001, 9, 9, 1, 46, 40)),
            (1, 2, 0.5, datetime(1995, 1, 1)),
            (2, 1, 5.0, None),
            (3, 1, 4.5, datetime(2001, 9, 9, 1, 46, 41)),
            (4, 3, 3.5, datetime(2001, 9, 9, 1, 46, 40)),
        ]
        assert allowed.pipeline.rows(
            "select movie_id, title, release_year, genres, imdb_id, tmdb_id"
            " from core.dim_movies order by movie_id"
        ) == [
            (1, "First (1999)", 1999, "Drama", "0114709", "862"),
            (2, None, None, "None", "0113497", None),
            (3, "Comma, The (2001)", 2001, "Anime|Drama", None, None),
            (10, "Last (2000)", 2000, "None", None, None),
        ]
        assert allowed.pipeline.rows("from core.fct_tags order by tag") == [
            (1, 1, "Dark", datetime(2001, 9, 9, 1, 46, 40)),
            (1, 1, "dark", datetime(2001, 9, 9, 1, 46, 40)),
            (1, 1, "so, so", None),
        ]

    def test_a_movie_without_title_or_genres_shows_as_missing(self, allowed: Build) -> None:
        rows = allowed.pipeline.rows(
            "select column_name, missing_count, row_count from quality.missing_values"
            " where table_name = 'movies'"
        )
        # Movie 2 has neither, movie 10 no genres, one row no id; nine lines parsed
        assert sorted(rows) == [("genres", 2, 9), ("movie_id", 1, 9), ("title", 1, 9)]

    def test_a_genre_of_ones_own_is_other(self, allowed: Build) -> None:
        rows = allowed.pipeline.rows(
            "select movie_id, drama, none, other from analytics.movie_genre_flags order by movie_id"
        )
        assert rows == [(1, 1, 0, 0), (2, 0, 1, 0), (3, 1, 0, 1), (10, 0, 1, 0)]


def test_of_duplicates_the_highest_is_kept_by_default(allowed: Build) -> None:
    assert allowed.pipeline.rows(
        "select user_id, movie_id, rating_count, kept_rating, lowest_rating, highest_rating"
        " from quality.duplicate_ratings"
    ) == [(3, 1, 3, 4.5, 2.0, 4.5)]


def test_an_unknown_duplicate_policy_is_a_clear_error(tmp_path: Path) -> None:
    """What `make build` runs once the files are loaded: dbt stops while it reads the project."""
    candidate = tmp_path / "candidate.duckdb"
    result = subprocess.run(
        [
            *(sys.executable, "-m", "warehouse.dbt", "build", "--project-dir", "dbt_project"),
            *("--profiles-dir", ".", "--vars", "{duplicate_policy: newest}"),
        ],
        cwd=ROOT,
        env=Pipeline(tmp_path).environment | {"REELHOUSE_CANDIDATE": str(candidate)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    output = result.stdout + result.stderr
    assert result.returncode != 0
    assert "duplicate_policy is 'newest'; it must be 'highest' or 'latest'." in output
    assert "Traceback" not in output
    assert not candidate.exists()


def test_too_many_refused_lines_stop_the_build(allowed: Build, faults: Path) -> None:
    before = allowed.pipeline.warehouse.read_bytes()
    result = allowed.pipeline.make("build", check=False, DATASET=faults)
    output = result.stdout + result.stderr
    assert result.returncode != 0
    for table, lines in FATES.items():
        refused = sum(1 for line in REFUSED if line.table == table)
        assert (
            f"{table}: {refused} of {len(lines)} lines refused,"
            " more than the 5% that max_quarantined_pct allows." in output
        )
        for rule, count in refused_counts(table)[:3]:
            assert f"  {rule}: {count}\n" in output
            broken = [line for line in REFUSED if (line.table, line.fate) == (table, rule)]
            for number, line in enumerate(broken):
                is_shown = f"{line.source_file} line {line.line_number}: " in output
                assert is_shown == (number < 3)
    assert output.count("max_quarantined_pct: 100") == 1
    assert output.count("max_quarantined_pct allows") == len(FATES)
    assert "look like" not in output
    for words_of_dbt in ("Compilation Error", "> in macro", "Failure in test", "few_lines"):
        assert words_of_dbt not in output
    assert "is unchanged" in output
    assert allowed.pipeline.warehouse.read_bytes() == before


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Ratings from 1 to 10 at times in milliseconds, tags at times in microseconds."""
    folder = tmp_path_factory.mktemp("strange")
    pairs = [(user, movie) for user in range(1, 21) for movie in range(1, 11)]
    ratings = [f"{user},{movie},{movie},1000000000{user:03}" for user, movie in pairs]
    # Strays have no say in what the ratings or the times look like
    ratings += ["1,1,999,1000000000", "1,2,0.37,1000000000", "1,3,4,4102444800"]
    movies = [f"{movie},Film {movie} (1999),Drama" for movie in range(1, 11)]
    dataset = write_dataset(folder / "dataset", ratings, movies)
    tags = [f"{user},{movie},fun,1000000000{user:06}" for user, movie in pairs]
    (dataset / "tags.csv").write_text("\n".join(["userId,movieId,tag,timestamp", *tags, ""]))
    pipeline = Pipeline(folder)
    return Build(pipeline, pipeline.make("build", check=False, DATASET=dataset).stdout)


class TestWhatTheRefusedRowsLookLike:
    def test_the_output_says_it_and_what_mends_it(self, strange: Build) -> None:
        lines = [line for line in strange.output.splitlines() if ".csv line " not in line]
        start = lines.index(
            "ratings: 203 of 203 lines refused, more than the 5% that max_quarantined_pct allows."
        )
        assert lines[start + 1 :] == [
            "  rating_off_scale: 102",
            "    The ratings run from 1 to 10 in steps of 1. If that is their scale:",
            "    VARS='{rating_min: 1, rating_max: 10, rating_step: 1}'",
            "  timestamp_in_future: 101",
            "    The times look like milliseconds, where seconds since 1970 are expected:",
            "    divide each timestamp by 1000.",
            "tags: 200 of 200 lines refused, more than the 5% that max_quarantined_pct allows.",
            "  timestamp_in_future: 200",
            "    The times look like microseconds, where seconds since 1970 are expected:",
            "    divide each timestamp by 1000000.",
            "Mend the file, or allow more: VARS='{max_quarantined_pct: 100}' with make, --vars with"
            " dbt.",
        ]

    def test_nothing_was_built_on_the_rows(self, strange: Build) -> None:
        candidate = candidate_path(strange.pipeline.warehouse)
        with duckdb.connect(str(candidate), read_only=True) as connection:
            rows = connection.execute("select table_name from information_schema.tables").fetchall()
        built = {name for (name,) in rows}
        assert "quarantined_rows" in built
        assert not built & {"int_compared_ratings", "dim_movies", "fct_ratings", "fct_tags"}
        assert not strange.pipeline.warehouse.exists()


TIMELESS = json.dumps(
    {
        **{"rating_min": 1, "rating_max": 10, "rating_step": 1, "weighted_score_m": 5},
        **{"duplicate_policy": "latest", "earliest_rated_at": "2001-01-01", "split_seed": 5},
        **{"movie_bias_shrinkage": 9, "user_bias_shrinkage": 9, "max_quarantined_pct": 2},
    }
)
"""No variable is left at its default."""


@pytest.fixture(scope="module")
def timeless(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Ratings from 1 to 10 without times."""
    folder = tmp_path_factory.mktemp("timeless")
    ratings = [
        f"{user},{movie},{1 + (user * movie) % 10}"
        for user in range(1, 21)
        for movie in range(1, 16)
    ]
    rated_again = ["1,1,9", "1,1,4"]
    off_scale = ["1,1,0.5", "1,1,7.5", "1,1,11"]
    movies = [f"{movie},Film {movie} ({1900 + movie}),Drama" for movie in range(1, 16)]
    dataset = write_dataset(folder / "dataset", [*ratings, *rated_again, *off_scale], movies)
    text = (dataset / "ratings.csv").read_text()
    (dataset / "ratings.csv").write_text(text.replace(",timestamp", ""))
    return build(folder, dataset, TIMELESS)


@pytest.fixture(scope="module")
def judged(timeless: Build) -> Path:
    """The candidate of these ratings, with what only training needs."""
    candidate = candidate_path(timeless.pipeline.warehouse)
    subprocess.run(
        [
            *(sys.executable, "-m", "warehouse.dbt", "build", "--project-dir", "dbt_project"),
            *("--profiles-dir", ".", "--exclude-resource-type", "unit_test"),
            *("--select", "tag:training", "--vars", TIMELESS),
        ],
        cwd=ROOT,
        env=timeless.pipeline.environment | {"REELHOUSE_CANDIDATE": str(candidate)},
        check=True,
    )
    return candidate


def rows_of(path: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


class TestOtherShapesOfData:
    def test_the_scale_is_that_of_the_variables(self, timeless: Build) -> None:
        assert timeless.pipeline.rows(
            "select rating_count, scale_min, scale_max from analytics.dataset_summary"
        ) == [(300, 1.0, 10.0)]
        assert timeless.pipeline.rows("select min(rating), max(rating) from core.fct_ratings") == [
            (1.0, 10.0)
        ]
        assert timeless.pipeline.rows(
            "select line_number, rule from quality.quarantined_rows order by line_number"
        ) == [
            (304, "rating_off_scale"),
            (305, "rating_between_steps"),
            (306, "rating_off_scale"),
        ]

    def test_baselines_stay_on_that_scale(self, judged: Path) -> None:
        ((lowest, highest),) = rows_of(
            judged,
            "select min(prediction), max(prediction) from intermediate.int_baseline_predictions",
        )
        assert lowest >= 1
        assert 5 < highest <= 10

    def test_of_duplicates_the_latest_is_kept(self, timeless: Build) -> None:
        """Without times, the latest is that of the last line."""
        assert timeless.pipeline.rows(
            "select rating_count, kept_rating, highest_rating from quality.duplicate_ratings"
        ) == [(3, 4.0, 9.0)]
        assert timeless.pipeline.rows(
            "select rating from core.fct_ratings where user_id = 1 and movie_id = 1"
        ) == [(4.0,)]

    def test_without_timestamps_the_build_says_so(self, timeless: Build) -> None:
        assert before_the_gates(timeless.output)[-1] == (
            "The ratings have no timestamps: the temporal and last protocols are empty."
        )

    def test_without_timestamps_only_the_random_protocol_divides(self, judged: Path) -> None:
        rows = rows_of(
            judged,
            "select random_split, count(*), count(rated_at), count(temporal_split),"
            " count(last_split) from features.rating_splits group by random_split",
        )
        assert sorted(rows) == [
            ("test", 60, 0, 0, 0),
            ("train", 216, 0, 0, 0),
            ("validation", 24, 0, 0, 0),
        ]
        assert rows_of(judged, "select distinct protocol from predictions.model_leaderboard") == [
            ("random",)
        ]


def test_a_project_without_data_builds(tmp_path: Path) -> None:
    """What `dbt build` does in a fresh clone, unit tests included, before anything was loaded."""
    candidate = tmp_path / "candidate.duckdb"
    result = subprocess.run(
        [Path(sys.executable).with_name("dbt"), "build", "--project-dir", "dbt_project"],
        cwd=ROOT,
        env=Pipeline(tmp_path).environment | {"REELHOUSE_CANDIDATE": str(candidate)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Nothing is loaded yet: `make build` loads a dataset." in result.stdout
    with duckdb.connect(str(candidate), read_only=True) as connection:
        assert connection.execute(
            "select rating_count, user_count, movie_count, mean_rating"
            " from analytics.dataset_summary"
        ).fetchall() == [(0, 0, 0, None)]
        for relation in ("analytics.movie_scores", "predictions.model_leaderboard", "ml.runs"):
            assert connection.execute(f"from {relation}").fetchall() == []


EARLIEST = datetime(1995, 1, 1)

ids = st.one_of(st.none(), st.integers(-1, 4))
times = st.sampled_from([None, -1, 0, 788_918_399, 788_918_400, 10**9, 10**9 + 1, 10**10, 10**17])
texts = st.sampled_from([None, "", " ", "dark", "light"])
some_ratings = st.sampled_from([None, 0.0, 0.5, 3.0, 3.7, 4.5, 5.0, 5.5])


def lists(*columns: st.SearchStrategy) -> st.SearchStrategy[list[tuple]]:
    return st.lists(st.tuples(*columns), max_size=25)


raw_tables = st.fixed_dictionaries(
    {
        "ratings": lists(ids, ids, some_ratings, times),
        "movies": lists(ids, texts, texts),
        "tags": lists(ids, ids, texts, times),
        "links": lists(ids, texts, texts),
    }
)


def naive_ratings(tables: dict[str, list[tuple]]) -> set[tuple]:
    """Clean ratings as the design says, row by row: the highest of equals, then the latest."""
    known = {movie for movie, _, _ in tables["movies"] if movie is not None and movie > 0}
    earliest, latest = (time.replace(tzinfo=UTC).timestamp() for time in (EARLIEST, LOADED_AT))
    kept: dict[tuple[int, int], tuple[float, float]] = {}
    for user, movie, rating, time in tables["ratings"]:
        if user is None or user <= 0 or movie not in known:
            continue
        if rating is None or not 0.5 <= rating <= 5 or rating * 2 % 1:
            continue
        if time is not None and not earliest <= time <= latest:
            continue
        rated = (rating, float("-inf") if time is None else time)
        kept[user, movie] = max(kept.get((user, movie), rated), rated)
    return {
        (*key, rating, None if time == float("-inf") else int(time))
        for key, (rating, time) in kept.items()
    }


@pytest.fixture(scope="module")
def cleaning(compiled: Compiled) -> Iterator[duckdb.DuckDBPyConnection]:
    """The cleaning models in memory, as views over raw tables."""
    with compiled.in_memory("row_reconciliation") as connection:
        yield connection


@settings(max_examples=20, deadline=None)
@given(tables=raw_tables)
def test_whatever_the_raw_tables_hold_the_counts_add_up(
    cleaning: duckdb.DuckDBPyConnection, tables: dict[str, list[tuple]]
) -> None:
    load(cleaning, tables)
    assert cleaning.execute(
        "select table_name, read_count, unexplained_count from quality.row_reconciliation"
        " order by table_name"
    ).fetchall() == [(table, len(tables[table]), 0) for table in sorted(tables)]
    refused = cleaning.execute(
        "select table_name, line_number from quality.quarantined_rows"
    ).fetchall()
    assert len(set(refused)) == len(refused)
    ratings = cleaning.execute(
        "select user_id, movie_id, rating, cast(epoch(rated_at) as bigint) from core.fct_ratings"
    ).fetchall()
    assert len(ratings) == len(set(ratings))
    assert set(ratings) == naive_ratings(tables)
