"""Schema types of installed packages: listed without being imported, loaded when asked for."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from watchdown_schemas.declaration import Declaration
from watchdown_schemas.errors import SchemaConflict, SchemaInvalid, SchemaNotFound
from watchdown_schemas.record import Record
from watchdown_schemas.registry import Registry, discover
from watchdown_schemas.sources import GROUP, installed, standard
from watchdown_schemas.types import STANDARD_TYPES

PLUGIN = """
from watchdown_schemas.record import TemporalSpatial

class {name}(TemporalSpatial):
    schema_version = {version}
    size: int = 0
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of modules that can be imported, and forget these afterwards."""
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in ("plugin_of_kisses", "plugin_of_more_kisses"):
        (tmp_path / f"{name}.py").write_text(PLUGIN.format(name="Kiss", version=1))
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def point(value: str, name: str = "Kiss") -> EntryPoint:
    return EntryPoint(name, value, GROUP)


def test_listing_imports_nothing_heavy_and_no_plugin(plugin: Path) -> None:
    package = plugin / "plugin_of_kisses-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin-of-kisses\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text(f"[{GROUP}]\nKiss = plugin_of_kisses:Kiss\n")
    program = (
        "import sys; from watchdown_schemas.registry import discover; types = discover();"
        "print(*types, *types.origin('Kiss').split(), types.glance('Kiss'), types.glance('Shot').label);"
        "print(*sys.modules)"
    )
    environment = {"PYTHONPATH": f"{plugin}:{':'.join(sys.path)}", "PATH": ""}
    run = [sys.executable, "-c", program]
    said = subprocess.run(
        run, capture_output=True, text=True, check=True, env=environment
    ).stdout.splitlines()
    assert "Kiss" in said[0].split()
    assert "the package plugin-of-kisses 1.0 None Shot.2" in said[0]
    heavy = {"pyarrow", "numpy", "lance", "sqlalchemy", "great_expectations", "shapely", "plugin_of_kisses"}
    assert heavy & set(said[1].split()) == set()


@pytest.mark.usefixtures("plugin")
def test_a_type_of_a_package_is_loaded_when_it_is_asked_for() -> None:
    registry = Registry([*standard(), *installed([point("plugin_of_kisses:Kiss")])])
    assert "Kiss" in registry
    assert registry.glance("Kiss") is None
    assert "plugin_of_kisses" not in sys.modules
    assert registry["Kiss"] is sys.modules["plugin_of_kisses"].Kiss
    assert registry["Kiss"] is registry["Kiss"]
    seen = registry.glance("Kiss")
    assert seen is not None
    assert seen.label == "Kiss.1"
    assert registry.subtypes("TemporalSpatial") == sorted([*STANDARD_TYPES, "Kiss"])


@pytest.mark.usefixtures("plugin")
def test_two_packages_with_the_same_type_are_both_named() -> None:
    points = [point("plugin_of_kisses:Kiss"), point("plugin_of_more_kisses:Kiss")]
    told = r"^Kiss: is declared by plugin_of_kisses:Kiss and by plugin_of_more_kisses:Kiss\. Rename one"
    with pytest.raises(SchemaConflict, match=told):
        Registry(installed(points))
    assert not {"plugin_of_kisses", "plugin_of_more_kisses"} & set(sys.modules)


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("Shot", "Shot: is declared by Watchdown itself and by"),
        ("SHOT", "SHOT: is, but for its case, Shot, which is declared by Watchdown itself and by"),
        ("TemporalSpatial", "TemporalSpatial: is declared by Watchdown itself and by"),
    ],
)
def test_a_package_cannot_shadow_what_is_standard(name: str, cause: str) -> None:
    with pytest.raises(SchemaConflict, match=f"^{cause} anywhere:{name}"):
        Registry([*standard(), *installed([point(f"anywhere:{name}", name)])])


@pytest.mark.parametrize(
    ("value", "error", "cause"),
    [
        ("no_such_plugin:Kiss", SchemaNotFound, "Kiss: cannot be loaded from no_such_plugin:Kiss"),
        ("plugin_of_kisses:Hug", SchemaInvalid, "Kiss: is not the class that plugin_of_kisses:Hug"),
        ("plugin_of_kisses:TemporalSpatial", SchemaInvalid, "Kiss: is not the class that"),
    ],
)
def test_a_package_that_does_not_hold_its_type_is_named(
    plugin: Path, value: str, error: type[Exception], cause: str
) -> None:
    assert plugin.is_dir()
    registry = Registry(installed([point(value)]))
    with pytest.raises(error, match=f"^{cause}"):
        registry["Kiss"]


def test_a_type_of_a_package_that_breaks_the_rules_is_refused(plugin: Path) -> None:
    (plugin / "plugin_of_kisses.py").write_text(
        PLUGIN.format(name="Kiss", version=1).replace("size", "size_words")
    )
    with pytest.raises(SchemaInvalid, match=r"^Kiss\.1: field size_words has a name that is taken"):
        Registry(installed([point("plugin_of_kisses:Kiss")]))["Kiss"]


@pytest.mark.usefixtures("plugin")
def test_a_registered_type_cannot_shadow_that_of_a_package() -> None:
    registry = Registry(installed([point("plugin_of_kisses:Kiss")]))
    with pytest.raises(SchemaConflict, match="is the name of a type that plugin_of_kisses:Kiss declares"):
        registry.register(Declaration(name="Kiss", version=1, bases=("TemporalSpatial",)))


def test_everything_installed_here_can_be_loaded() -> None:
    registry = discover()
    assert all(isinstance(registry[name], type) and issubclass(registry[name], Record) for name in registry)
