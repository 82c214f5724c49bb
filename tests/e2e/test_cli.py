"""Every command of `watchdown`: its help, what it prints for people and scripts, and its exit codes."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import create_engine, text

from e2e.conftest import Call, Shelf
from watchdown.cli.doctor import packages
from watchdown.cli.exit_codes import ExitCode

COMMANDS = ("demo", "add", "search", "titles", "runs", "show", "doctor")
PAGE_KEYS = {"query", "epoch", "complete", "cursor", "hits"}
HIT_KEYS = {"id", "title", "title_name", "timeline", "asset", "type", "start_ns", "end_ns", "timecode"}
HIT_KEYS |= {"score", "source", "text", "run", "thumbnail"}


def program(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program in a process of its own, without a terminal and with next to no environment."""
    return subprocess.run(
        [sys.executable, "-m", "watchdown", *map(str, arguments)],
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": {"PATH": os.defpath}, **options},
    )


def test_adding_says_once_what_the_demo_model_does_not_know(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    said = call("add", shelf.harbour_file, shelf.meadow_file, "--library", tmp_path / "library")
    assert said.err.count("demo-drawn-64 knows only drawn pictures; real footage needs a real model") == 1


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_explains_itself(call: Call, command: str) -> None:
    said = call(command, "--help")
    assert said.code == ExitCode.OK
    assert f"{command} [OPTIONS]" in said.out
    assert "--library" in said.out


def test_the_program_alone_lists_its_commands_and_exit_codes(call: Call) -> None:
    said = call()
    assert said.code == ExitCode.USAGE
    assert all(command in said.out for command in COMMANDS)
    assert all(str(code.value) in said.out for code in ExitCode)
    assert said.err == ""


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["titles", "--frobnicate"], "No such option: --frobnicate"),
        (["add"], "Missing argument 'FILE...'"),
        (["search", "a", "--limit", "0"], "'--limit'"),
        (["search", "a", "--limit", "many"], "'--limit'"),
        (["search"], "Give text, an image or a shot"),
        (["search", "   "], "describes nothing"),
        (["search", "--dialogue", "... !"], "has no word to search for"),
        (["search", "a", "--shot", "b"], "text and shot"),
        (["search", "--dialogue", "--shot", "b"], "cannot be searched in dialogue"),
        (["search", "a", "--after", "garbage"], "is no cursor"),
        (["search", "a", "--language", "en"], "Search dialogue"),
        (["search", "a", "--dialogue", "--language", "no tag"], "is no language tag"),
        (["search", "\udce9"], "is no Unicode text"),
        (["add", "a.mp4", "b.mp4", "--title", "Both"], "Add them one by one"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_error_line(call: Call, shelf: Shelf, arguments: list[str], cause: str) -> None:
    library = ["--library", shelf.library] if len(arguments) > 1 or arguments == ["search"] else []
    said = call(*arguments, *library)
    assert said.code == ExitCode.USAGE
    assert said.out == ""
    (error,) = said.err.splitlines()
    assert error.startswith("error: ")
    assert cause in error


@pytest.mark.parametrize(
    "arguments",
    [
        ["search", "a", "--in", "Nowhere"],
        ["search", "--shot", "a' OR 1=1"],
        ["show", "Nowhere"],
        ["runs", "--in", "Nowhere"],
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_named(call: Call, shelf: Shelf, arguments: list[str]) -> None:
    said = call(*arguments, "--library", shelf.library)
    assert (said.code, said.out) == (ExitCode.NOT_FOUND, "")
    (error,) = said.errors
    assert error.startswith(arguments[-1])


def test_search_prints_its_page_as_json(call: Call, shelf: Shelf) -> None:
    said = call("search", "a red car", "--limit", 2, "--json", "--library", shelf.library)
    page = json.loads(said.out)
    assert (said.code, said.err) == (ExitCode.OK, "")
    assert page.keys() >= PAGE_KEYS
    assert (page["query"], page["complete"], len(page["hits"])) == ("a red car", True, 2)
    for hit in page["hits"]:
        assert hit.keys() >= HIT_KEYS
        assert (hit["type"], hit["source"], hit["text"]) == ("Shot", "visual", None)
        assert re.fullmatch(r"\d\d:\d\d:\d\d:\d\d", hit["timecode"])
    next_page = call("search", "a red car", "--after", page["cursor"], "--json", "--library", shelf.library)
    rest = json.loads(next_page.out)
    assert rest["cursor"] is None
    assert len({hit["id"] for hit in page["hits"] + rest["hits"]}) == 5


@pytest.mark.feature(40)
def test_a_quote_is_found_with_title_time_text_and_language(call: Call, shelf: Shelf) -> None:
    said = call("search", "--dialogue", "farol del puerto", "--json", "--library", shelf.library)
    (hit,) = json.loads(said.out)["hits"]
    assert (hit["title_name"], hit["start_ns"], hit["end_ns"]) == ("Harbour", 1_000_000_000, 2_000_000_000)
    assert (hit["timecode"], hit["source"]) == ("00:00:01:00", "dialogue")
    assert (hit["text"], hit["evidence"]["language"]) == ("El farol del puerto está apagado.", "es")


@pytest.mark.feature(38)
@pytest.mark.parametrize(
    "words", ["the harbour in the lantern", "the lantern the harbour is out", "lantren in the harbour"]
)
def test_a_half_remembered_line_comes_first(call: Call, shelf: Shelf, words: str) -> None:
    said = call("search", "--dialogue", words, "--json", "--library", shelf.library)
    assert json.loads(said.out)["hits"][0]["text"] == "The lantern in the harbour is out."


@pytest.mark.feature(48)
def test_scopes_nest(call: Call, shelf: Shelf) -> None:
    def found(*scope: str) -> set[str]:
        said = call("search", "a red car", *scope, "--json", "--library", shelf.library)
        return {hit["id"] for hit in json.loads(said.out)["hits"]}

    one, both, everything = found("--in", "Meadow"), found("--in", "Meadow", "--in", "Harbour"), found()
    assert one < both == everything
    assert (len(one), len(both)) == (2, 5)


def test_a_search_without_hits_says_so(call: Call, shelf: Shelf) -> None:
    said = call("search", "--dialogue", "zebra", "--library", shelf.library)
    assert (said.code, said.out) == (ExitCode.OK, "Nothing found for zebra.\n")


def test_a_contact_sheet_is_written(call: Call, shelf: Shelf, tmp_path: Path) -> None:
    said = call("search", "a red car", "--sheet", tmp_path / "sheet.png", "--library", shelf.library)
    assert said.code == ExitCode.OK
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.format == "PNG"


def test_a_sheet_that_cannot_be_written_is_named_and_the_hits_are_shown(
    call: Call, shelf: Shelf, tmp_path: Path
) -> None:
    sheet = tmp_path / "nowhere" / "sheet.png"
    said = call("search", "a red car", "--sheet", sheet, "--library", shelf.library)
    assert said.code == ExitCode.FAILED
    assert "Harbour" in said.out
    (error,) = said.errors
    assert error.startswith(f"{sheet}: cannot be written (No such file or directory)")


def test_titles_runs_and_show_tell_what_is_there(call: Call, shelf: Shelf) -> None:
    library = ["--library", shelf.library]
    titles = json.loads(call("titles", "--json", *library).out)
    assert [title["name"] for title in titles] == ["Harbour", "Meadow"]
    runs = json.loads(call("runs", "--in", "Harbour", "--json", *library).out)
    assert {run["algorithm"] for run in runs} == {"shots", "visual-embedding", "keyframes", "dialogue"}
    assert {run["state"] for run in runs} == {"active"}
    summary = json.loads(call("show", titles[0]["id"], "--json", *library).out)
    counts = summary["counts"]
    assert (counts["Shot"], counts["Keyframe"], counts["DialogueLine"]) == (3, 3, 3)
    for command in (["titles"], ["runs"], ["show", "Harbour"]):
        said = call(*command, *library)
        assert (said.code, said.err) == (ExitCode.OK, "")
        assert "Harbour" in said.out


def test_adding_again_does_nothing_and_says_so(call: Call, shelf: Shelf) -> None:
    before = call("runs", "--library", shelf.library).out
    said = call("add", shelf.harbour_file, "--library", shelf.library)
    assert said.code == ExitCode.OK
    assert re.fullmatch(r"unchanged +\w+  Harbour\n", said.out)
    assert call("runs", "--library", shelf.library).out == before


def test_doctor_finds_all_that_is_needed(call: Call, shelf: Shelf) -> None:
    said = call("doctor", "--json", "--library", shelf.library)
    findings = {finding["what"]: finding for finding in json.loads(said.out)}
    assert said.code == ExitCode.OK
    assert findings["library"]["state"] == findings["read media"]["state"] == "ok"
    assert "2 titles" in findings["library"]["detail"]
    assert "only drawn pictures" in findings["model of visual-embedding"]["remedy"]
    assert findings["reach PostgreSQL"] | {"detail": ""} == {
        "what": "reach PostgreSQL",
        "state": "ok",
        "detail": "",
        "remedy": "",
    }
    assert re.fullmatch(r"psycopg 3\.[\d.]+", findings["reach PostgreSQL"]["detail"])
    assert call("doctor", "--library", shelf.library).code == ExitCode.OK


def test_a_client_that_is_not_installed_is_no_fault_and_comes_with_its_extra() -> None:
    [finding] = packages({"reach the moon": ("not_there", "not-there")}, "cluster", absent="none")
    assert (finding.state, finding.detail) == ("none", "not-there")
    assert finding.remedy == "pip install 'watchdown[cluster]'"


def test_doctor_tells_how_to_get_a_library(call: Call, tmp_path: Path) -> None:
    said = call("doctor", "--json", "--library", tmp_path / "none")
    (library,) = (finding for finding in json.loads(said.out) if finding["what"] == "library")
    assert said.code == ExitCode.OK
    assert library["state"] == "none"
    assert "watchdown demo" in library["remedy"]
    assert not (tmp_path / "none").exists()


def test_a_library_of_a_later_version_is_refused(call: Call, tmp_path: Path) -> None:
    assert call("add", tmp_path / "missing.mp4", "--library", tmp_path / "library").code == ExitCode.FAILED
    engine = create_engine(f"sqlite:///{tmp_path}/library/library.db")
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for command in (["titles"], ["search", "a"], ["add", "a.mp4"]):
        said = call(*command, "--library", tmp_path / "library")
        assert (said.code, said.out) == (ExitCode.FAILED, "")
        assert "later version of Watchdown" in said.errors[0]
        assert "Upgrade" in said.errors[0]
    assert call("doctor", "--library", tmp_path / "library").code == ExitCode.FAILED


def test_the_program_works_without_a_terminal(shelf: Shelf) -> None:
    done = program("search", "a red car", "--library", shelf.library)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")
    assert "\x1b" not in done.stdout
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == ["1", "2", "3", "4", "5"]


def test_a_reader_that_leaves_early_is_no_error(shelf: Shelf) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = program("search", "a red car", "--json", "--library", shelf.library, stdout=writer)
    os.close(writer)
    assert (done.returncode, done.stderr) == (ExitCode.OK, "")


def test_output_that_does_not_fit_is_an_error(shelf: Shelf) -> None:
    with Path("/dev/full").open("w") as full:
        done = program("titles", "--library", shelf.library, stdout=full)
    assert done.returncode == ExitCode.NO_SPACE
    assert done.stderr == "error: the output: the disk is full. Free some space and repeat the command.\n"


def test_the_demo_finds_what_was_drawn_and_is_quick_to_repeat(call: Call, tmp_path: Path) -> None:
    library = ["--library", tmp_path / "demo"]
    assert call("demo", *library).code == ExitCode.OK
    truth = json.loads((tmp_path / "demo" / "truth.json").read_text("utf-8"))
    hit = json.loads(call("search", "red race car", "--json", *library).out)["hits"][0]
    middle = (hit["start_ns"] + hit["end_ns"]) // 2
    (shot,) = (
        shot
        for shot in truth["shots"]
        if shot["title"] == hit["title"] and shot["start_ns"] <= middle < shot["end_ns"]
    )
    assert (shot["object"], shot["colour"]) == ("race car", "red")
    runs = call("runs", "--json", *library).out
    again = call("demo", *library)
    assert again.code == ExitCode.OK
    assert again.out.count("unchanged") == 6
    assert call("runs", "--json", *library).out == runs
