"""`watchdown titles import`: what titles are known by, as a person brings it in and puts it back."""

import json
from pathlib import Path
from typing import Any

import pytest

import watchdown
from e2e.conftest import Call, Shelf
from watchdown.catalogue.imports import ImportInvalid
from watchdown.cli.exit_codes import ExitCode

METADATA = "title;year:number;genre:list;live:boolean\nHarbour;1994;Drama|Crime;no\nMeadow;2001;;\n"
CAST = 'title,person,character,aliases\nHarbour,Zoë Saldaña,"The Keeper",Old Tom|Tom\nHarbour,Omar Sy,,\n'
RIGHTS = "title,group\nHarbour,editors\nHarbour,legal\n"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Write one file of each shape."""
    for name, text in {"films.csv": METADATA, "cast.csv": CAST, "rights.csv": RIGHTS}.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.fixture(autouse=True)
def _as_it_was(tmp_path: Path, call: Call, shelf: Shelf) -> Any:
    """Leave the shared library as it was found."""
    yield
    for title in ("Harbour", "Meadow"):
        known = json.loads(call("show", title, "--json", "--library", shelf.library).out)
        nothing = {"title": title, "metadata": dict.fromkeys(known["metadata"]), "cast": [], "rights": []}
        (tmp_path / "nothing.json").write_text(json.dumps([nothing]))
        assert call("titles", "import", tmp_path / "nothing.json", "--library", shelf.library).code == 0


def show(call: Call, shelf: Shelf, title: str = "Harbour") -> dict[str, Any]:
    """Return what `show` says of a title."""
    known: dict[str, Any] = json.loads(call("show", title, "--json", "--library", shelf.library).out)
    return known


def test_metadata_casts_and_rights_are_shown(call: Call, shelf: Shelf, files: Path) -> None:
    for name in ("films.csv", "cast.csv", "rights.csv"):
        said = call("titles", "import", files / name, "--library", shelf.library)
        assert (said.code, said.err) == (ExitCode.OK, "")
    known = show(call, shelf)
    assert known["metadata"] == {"genre": ["Drama", "Crime"], "live": False, "year": 1994}
    assert known["rights"] == ["editors", "legal"]
    assert [(one["person"], one["person_id"], one["character"]) for one in known["cast"]] == [
        ("Zoë Saldaña", "zoe-saldana", "The Keeper"),
        ("Omar Sy", "omar-sy", None),
    ]
    text = call("show", "Harbour", "--library", shelf.library).out
    assert "genre          Drama, Crime\n" in text
    assert "cast           Zoë Saldaña as The Keeper, Omar Sy\n" in text
    assert "rights         editors, legal\n" in text
    assert "rights         everyone\n" in call("show", "Meadow", "--library", shelf.library).out


def test_an_import_says_what_it_changes_and_a_second_one_that_it_changes_nothing(
    call: Call, shelf: Shelf, files: Path
) -> None:
    said = call("titles", "import", files / "films.csv", "--library", shelf.library)
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert lines[0] == "title or person what before after"
    assert "Harbour genre - Drama, Crime" in lines
    assert lines[-1] == "4 values changed, in 2 of 2 titles."
    again = call("titles", "import", files / "films.csv", "--library", shelf.library)
    assert (again.code, again.out) == (
        ExitCode.OK,
        "Nothing to change: the library says all of this already.\n",
    )


def test_a_dry_run_says_the_same_and_changes_nothing(call: Call, shelf: Shelf, files: Path) -> None:
    arguments = ["titles", "import", files / "cast.csv", "--json", "--library", shelf.library]
    before = show(call, shelf)
    dry = json.loads(call(*arguments, "--dry-run").out)
    assert show(call, shelf) == before
    done = json.loads(call(*arguments).out)
    assert (dry.pop("dry_run"), done.pop("dry_run")) == (True, False)
    assert dry == done
    assert (
        "values would change, in 1 of 1 titles."
        in call("titles", "import", files / "rights.csv", "--dry-run", "--library", shelf.library).out
    )


def test_what_json_prints_is_a_file_that_puts_things_back(call: Call, shelf: Shelf, files: Path) -> None:
    for name in ("films.csv", "cast.csv", "rights.csv"):
        call("titles", "import", files / name, "--library", shelf.library)
    before = show(call, shelf), show(call, shelf, "Meadow")
    (files / "other.json").write_text(
        '[{"title": "Harbour", "metadata": {"year": null, "genre": ["Western"]}, "cast": [], "rights": []},'
        ' {"title": "Meadow", "metadata": {"season": 1}, "cast": [{"person": "zoe saldana"}]}]'
    )
    said = call("titles", "import", files / "other.json", "--json", "--library", shelf.library)
    assert (show(call, shelf), show(call, shelf, "Meadow")) != before
    (files / "said.json").write_text(said.out)
    call("titles", "import", files / "said.json", "--library", shelf.library)
    assert (show(call, shelf), show(call, shelf, "Meadow")) == before


def test_an_import_computes_nothing(call: Call, shelf: Shelf, files: Path) -> None:
    before = call("runs", "--json", "--library", shelf.library).out
    for name in ("films.csv", "cast.csv", "rights.csv"):
        call("titles", "import", files / name, "--library", shelf.library)
    said = call("add", shelf.harbour_file, "--library", shelf.library)
    assert said.out.startswith("unchanged")
    assert call("runs", "--json", "--library", shelf.library).out == before


def test_all_faults_are_told_at_once_and_nothing_is_taken(call: Call, shelf: Shelf, files: Path) -> None:
    bad = files / "bad.csv"
    bad.write_text("title,year:number\nHarbour,1994\nNowhere,1994\nMeadow,last\x1b[31m\n")
    before = show(call, shelf)
    said = call("titles", "import", bad, "--library", shelf.library)
    assert (said.code, said.out) == (ExitCode.FAILED, "")
    assert [error.partition(": ")[2] for error in said.errors] == [
        "row 3, column title: 'Nowhere' is no title here: see watchdown titles.",
        "row 4, column year: 'last\\x1b[31m' is no number: write it as 1994 or 7.5.",
    ]
    assert "Nothing of the file was taken" in said.err
    assert show(call, shelf) == before
    told = json.loads(call("titles", "import", bad, "--json", "--library", shelf.library).out)
    assert told["file"] == str(bad)
    assert [(one["row"], one["column"]) for one in told["faults"]] == [(3, "title"), (4, "year")]
    assert told["faults"][0]["rule"].startswith("is no title here")


def test_of_very_many_changes_the_first_are_told(call: Call, shelf: Shelf, files: Path) -> None:
    (files / "cast.csv").write_text("title,person\n" + "".join(f"Harbour,Extra {n}\n" for n in range(1_000)))
    said = call("titles", "import", files / "cast.csv", "--dry-run", "--library", shelf.library)
    assert "and 501 more: see all with --json.\n\n1,001 values would change" in said.out
    assert len(said.out.splitlines()) == 504


def test_of_very_many_faults_the_first_are_told(call: Call, shelf: Shelf, files: Path) -> None:
    (files / "bad.csv").write_text("title,year:number\n" + "Nowhere,x\n" * 100)
    said = call("titles", "import", files / "bad.csv", "--library", shelf.library)
    assert len(said.errors) == 50
    assert "150 more faults: see all with --json" in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "cause"),
    [
        (["import"], ExitCode.USAGE, "Missing argument 'FILE'"),
        (["--json", "import", "films.csv"], ExitCode.USAGE, "--json: stands before import. Write it behind"),
        (["import", "films.xlsx"], ExitCode.FAILED, "known are .csv, .tsv, .json, .jsonl"),
        (["import", "missing.csv"], ExitCode.FAILED, "cannot be read (No such file or directory)"),
    ],
    ids=["no file", "an option too early", "another kind of file", "no such file"],
)
def test_wrong_usage_is_told(
    call: Call, shelf: Shelf, arguments: list[str], code: ExitCode, cause: str
) -> None:
    said = call("titles", *arguments, *(["--library", shelf.library] if arguments[0] == "import" else []))
    assert (said.code, said.out) == (code, "")
    assert cause in said.err


def test_an_import_makes_no_library(call: Call, files: Path, tmp_path: Path) -> None:
    said = call("titles", "import", files / "films.csv", "--library", tmp_path / "none")
    assert said.code == ExitCode.NOT_FOUND
    assert not (tmp_path / "none").exists()


def test_the_client_library_returns_what_changed_or_raises_all_faults(shelf: Shelf, files: Path) -> None:
    with watchdown.open(shelf.library) as library:
        imported = library.import_titles(files / "rights.csv", dry_run=True)
        assert [(one.part, one.of, one.before, one.after) for one in imported.changes] == [
            ("rights", "Harbour", [], ["editors", "legal"])
        ]
        assert imported.replaced["titles"][0]["rights"] == []
        (files / "bad.json").write_text('[{"title": "Nowhere"}, {"title": "Harbour", "genre": 1}]')
        with pytest.raises(ImportInvalid) as raised:
            library.import_titles(files / "bad.json")
        assert [one.row for one in raised.value.faults] == [1, 2]
        assert library.show("Harbour").rights == ()
