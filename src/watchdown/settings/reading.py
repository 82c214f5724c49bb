"""Read a file of settings and the environment; whatever is wrong is told with key, source and remedy."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource, SettingsError, TomlConfigSettingsSource

from watchdown.settings.model import Settings
from watchdown.settings.origins import SECTIONS, Origins, known_variables, misspelt
from watchdown_schemas.errors import LibraryNotFound, SettingsInvalid


def is_file_of_settings(place: Path) -> bool:
    """Say whether a place is meant as a file of settings rather than as a library's folder."""
    return place.suffix == ".toml" and not place.is_dir()


def read_file(file: Path) -> Settings:
    """Return the settings of a file and the environment, paths absolute; the environment goes first."""
    return _read(_of_file(file), Origins(file), file.absolute().parent)


def read_environment() -> Settings:
    """Return the settings of the environment alone, for a container; relative paths start from here."""
    return _read({}, Origins(None), Path.cwd())


def _read(of_file: dict[str, Any], origins: Origins, home: Path) -> Settings:
    for name, meant in misspelt():
        raise SettingsInvalid(f"environment variable {name}", "is no setting", f"Perhaps {meant} is meant")
    given = _merged(of_file, _of_environment())
    try:
        settings = Settings(**given).below(home)
    except ValidationError as error:
        fault = _fault(dict(error.errors(include_input=False)[0]), origins)
    else:
        _check_files(settings, origins)
        return settings
    raise fault  # outside the handler: the library's error, which may show values, is no context of it


def _of_file(file: Path) -> dict[str, Any]:
    if not file.is_file():
        remedy = "Name a library's folder, or the file of its settings: --library DIR/watchdown.toml"
        raise LibraryNotFound(str(file), "is not there", remedy)
    try:
        return TomlConfigSettingsSource(Settings, file).toml_data
    except OSError as error:
        cause, remedy = f"cannot be read ({error.strerror})", "See that you may read it"
    except UnicodeDecodeError:
        cause, remedy = "is no UTF-8 text", "Save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        cause, remedy = f"is no TOML: {_reason(error)}", 'Write lines such as: storage = "media"'
    raise SettingsInvalid(str(file), cause, remedy)


def _reason(error: tomllib.TOMLDecodeError) -> str:
    """Return what TOML has against a file, and where; quoted parts of the file are left out."""
    told, at, place = str(error).rpartition(" (at ")
    return f"{told.partition(':')[0]}{at}{place}" if at else "it ends too early"


def _of_environment() -> dict[str, Any]:
    try:
        return dict(EnvSettingsSource(Settings)())
    except SettingsError:
        sections = ", ".join(f"WATCHDOWN_{name.upper()}__KEY" for name in SECTIONS)
        fault = SettingsInvalid(
            "environment", "gives a section that is no JSON", f"Give its keys one by one: {sections}"
        )
    raise fault


def _merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = {
        name: {**under[name], **over[name]}
        for name in under.keys() & over.keys()
        if isinstance(under[name], dict) and isinstance(over[name], dict)
    }
    return {**under, **over, **both}


def _fault(found: Mapping[str, Any], origins: Origins) -> SettingsInvalid:
    """Return the error of our own tree for what Pydantic has against one value."""
    key = tuple(str(part) for part in found["loc"] if not str(part).startswith("function-"))
    key = key[: 2 if key and key[0] in SECTIONS else 1]
    name = ".".join(key)
    match found["type"]:
        case "extra_forbidden":
            close = get_close_matches(name, known := [*map(".".join, known_variables().values())], n=1)
            near = [one for one in known if len(key) == 1 or one.startswith(f"{key[0]}.")]
            remedy = f"Perhaps {close[0]} is meant" if close else f"Known here: {', '.join(near)}"
            return SettingsInvalid(origins.of(key), "is no setting", remedy)
        case "missing":
            return SettingsInvalid(f"{name} ({origins.place})", "is not set", _remedy(key))
        case "clash":
            clash = found["ctx"]
            return SettingsInvalid(
                origins.of((*key, *clash["key"].split("."))), found["msg"], clash["remedy"]
            )
        case _:
            cause = found["msg"].removeprefix("Value error, ")
            told = cause if cause != found["msg"] else f"is refused: {cause.replace('Input', 'it')}"
            return SettingsInvalid(origins.of(key), told, _remedy(key))


def _remedy(key: tuple[str, ...]) -> str:
    fields = Settings.model_fields if len(key) == 1 else SECTIONS[key[0]].model_fields
    return fields[key[-1]].description or ""


def _check_files(settings: Settings, origins: Origins) -> None:
    for name in ("opensearch", "triton"):
        ca = getattr(settings, name).ca
        if ca is not None and not ca.is_file():
            key = (name, "ca")
            raise SettingsInvalid(origins.of(key), f"names {ca}, where no file is", _remedy(key))
