from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from watchdown.catalogue.model import Asset
from watchdown.runs.memo import inputs_of, memo_key
from watchdown_algos.manifest import Manifest
from watchdown_schemas.types import STANDARD_TYPES

MANIFEST = Manifest.model_validate(
    {
        "name": "drawn",
        "version": "1.0.0",
        "summary": "for a test",
        "consumes": ["text"],
        "produces": ["DialogueLine"],
        "class": "algo:Drawn",
    }
)
SUBTITLES = Asset(
    id="s", title="t", timeline="t.1", kind="text", path="/a.srt", fingerprint="f", language="en"
)
PARAMETERS = {"level": 1, "smooth": True}
FACTS = {"model": "m", "assets": [SUBTITLES], "upstream": {"Shot": "c"}}


def key(manifest: Manifest = MANIFEST, parameters: Mapping[str, Any] = PARAMETERS, **changes: Any) -> str:
    return memo_key(manifest, parameters, types=STANDARD_TYPES, **(FACTS | changes))


@pytest.mark.parametrize(
    "changed",
    [
        key(MANIFEST.model_copy(update={"name": "other"})),
        key(MANIFEST.model_copy(update={"version": "1.0.1"})),
        key(MANIFEST.model_copy(update={"produces": ("Label",)})),
        key(parameters=PARAMETERS | {"level": 2}),
        key(parameters=PARAMETERS | {"level": 1.0}),
        key(parameters=PARAMETERS | {"level": "1"}),
        key(parameters={"level": 1}),
        key(model="n"),
        key(model=None),
        key(assets=[]),
        key(assets=[replace(SUBTITLES, fingerprint="g")]),
        key(assets=[replace(SUBTITLES, language="es")]),
        key(assets=[replace(SUBTITLES, offset_ns=1)]),
        key(assets=[SUBTITLES, replace(SUBTITLES, fingerprint="g")]),
        key(upstream={"Shot": "d"}),
        key(upstream={"Label": "c"}),
        key(upstream={}),
    ],
)
def test_whatever_a_result_depends_on_changes_the_key(changed: str) -> None:
    assert changed != key()


@pytest.mark.parametrize(
    "same",
    [
        key(MANIFEST.model_copy(update={"summary": "said otherwise"})),
        key(parameters=dict(reversed(PARAMETERS.items()))),
        key(assets=[replace(SUBTITLES, path="/moved.srt")]),
        key(assets=[replace(SUBTITLES, id="s2", copied=True)]),
    ],
)
def test_what_a_result_does_not_depend_on_keeps_the_key(same: str) -> None:
    assert same == key()


def test_the_order_of_assets_keeps_the_key() -> None:
    pair = [SUBTITLES, replace(SUBTITLES, fingerprint="g")]
    assert key(assets=pair) == key(assets=pair[::-1])


@pytest.mark.parametrize(
    ("consumes", "kinds"),
    [(["video"], ["video"]), (["audio"], ["video", "audio"]), (["text"], ["text"]), (["Shot"], [])],
)
def test_an_algorithm_depends_on_the_assets_that_it_consumes(consumes: list[str], kinds: list[str]) -> None:
    assets = [replace(SUBTITLES, kind=kind) for kind in ("video", "audio", "text", "image")]
    manifest = MANIFEST.model_copy(update={"consumes": tuple(consumes)})
    assert [asset.kind for asset in inputs_of(manifest, assets)] == kinds
