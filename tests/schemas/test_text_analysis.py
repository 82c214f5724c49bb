# ruff: noqa: RUF001 - look-alike letters are what is tested
from __future__ import annotations

import re
import unicodedata
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.languages import STEMMED, UNSPACED, Spoken
from watchdown_schemas.folding import fold
from watchdown_schemas.language import normalise_language
from watchdown_schemas.text import analyse, analyse_many, stemmed_languages

UNSPACED_SCRIPT = re.compile(
    r"[\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u3005-\u30ff\u31f0-\ud7ff\uf900-\ufaff\U00020000-]"
)


@pytest.mark.feature(37)
@pytest.mark.parametrize("row", STEMMED, ids=lambda row: row.name)
def test_an_inflected_form_shares_its_stem_with_the_base_form(row: Spoken) -> None:
    line, word, asked = (analyse(text, row.language) for text in (row.line, row.word, row.asked))
    assert word.words != asked.words
    assert word.stems == asked.stems
    assert word.words[0] in line.words
    assert asked.words[0] not in line.words
    assert asked.stems[0] in line.stems


@pytest.mark.parametrize("row", UNSPACED, ids=lambda row: row.name)
def test_a_word_is_found_between_its_boundaries_where_no_spaces_part_words(row: Spoken) -> None:
    assert row.word in analyse(row.line, row.language).words
    assert not any(character.isspace() for character in row.line)


def test_every_language_has_its_line() -> None:
    assert sorted(row.language for row in STEMMED) == sorted(stemmed_languages())
    assert {row.language for row in UNSPACED} == {"zh", "ja", "th"}


def test_every_snowball_language_is_used() -> None:
    import Stemmer

    from watchdown_schemas.text import SNOWBALL

    historical = {"porter", "dutch_porter"}
    assert set(SNOWBALL.values()) == set(Stemmer.algorithms()) - historical
    assert len(set(SNOWBALL.values())) == 34


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("l'homme qu’il aʼb", "l homme qu il a b"),
        ("Don't! WELL-known…", "don t well known"),
        ("3.14 is 1,000 times (2nd) 10:30.", "3.14 is 1,000 times 2nd 10 30"),
        ("Ærøskøbing, Łódź & Đà Nẵng", "aeroskobing lodz da nang"),
        ("Straße STRASSE ﬁn Ｆｕｌｌ－ｗｉｄｔｈ", "strasse strasse fin full width"),
        ("İSTANBUL ışık", "istanbul isik"),
        ("ёж Ёлка", "еж елка"),
        ("أحمد إلى آخر كِتَابـــٌ", "احمد الي اخر كتاب"),
        ("שָׁלוֹם", "שלום"),
        ("col·lecció", "colleccio"),
        ("👍🏽 👩‍👩‍👧 ☀️ 2️⃣ ♪ —", "2"),
        ("١٢٣ १२३", "123 123"),
        ("e\u0301te\u0301 co\u00adop \u202bbidi\u202c", "ete coop bidi"),
        ("snake_case a/b x@y.org", "snake case a b x y org"),
        ("नमस्ते दुनिया", "नमस्ते दुनिया"),
    ],
)
def test_words_are_folded_and_parted(text: str, words: str) -> None:
    assert analyse(text).words_text == words


def test_japanese_voicing_marks_and_kana_width_are_told_apart_and_together() -> None:
    assert analyse("か").words != analyse("が").words
    assert analyse("ｶﾞﾗｽ").words == analyse("ガラス").words == analyse("カ\u3099ラス").words


def test_words_do_not_depend_on_the_language() -> None:
    text = "L'été, the cats' 日本語 kitapları Häuser"
    assert len({analyse(text, language).words for language in ["und", *stemmed_languages()]}) == 1


def test_an_unknown_language_leaves_folded_words_as_stems() -> None:
    assert analyse("Running Café", "tlh").stems == ("running", "cafe")


def test_region_and_three_letter_codes_find_the_stemmer() -> None:
    assert analyse("running", "en-GB").stems == analyse("running", "eng").stems == ("run",)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("東京都の天気は晴れです", "京都の天"),
        ("ภาษาไทยง่ายมาก", "ไทยง่าย"),
        ("저는 학생입니다", "학생"),
        ("你好，世界", "好世"),
    ],
)
def test_any_part_of_an_unspaced_line_is_a_phrase_of_its_stems(line: str, part: str) -> None:
    assert f" {analyse(part).stems_text} " in f" {analyse(line).stems_text} "


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("我们在北京吃饭", "我们 在 北京 吃饭"),
        ("私は公園で猫を見た", "私 は 公園 で 猫 を 見 た"),
        ("ภาษาไทยง่ายมาก", "ภาษา ไทย ง่าย มาก"),
    ],
)
def test_chinese_japanese_and_thai_words_come_from_the_dictionary(line: str, words: str) -> None:
    assert analyse(line).words_text == words


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(), st.sampled_from(["und", "en", "ar", "yi", "ja"]))
def test_any_text_gives_tokens_without_spaces(text: str, language: str) -> None:
    analysis = analyse(text, language)
    tokens = analysis.words + analysis.stems
    assert all(tokens)
    assert not any(character.isspace() for token in tokens for character in token)
    assert all(unicodedata.is_normalized("NFC", token) for token in tokens)
    assert tuple(analysis.words_text.split(" ")) == (analysis.words or ("",))


@given(st.text().filter(lambda text: not UNSPACED_SCRIPT.search(unicodedata.normalize("NFKC", text))))
def test_words_analysed_again_stay_the_same(text: str) -> None:
    words = analyse(text).words
    assert analyse(" ".join(words)).words == words


@given(st.text(), st.text())
def test_a_space_parts_texts(one: str, other: str) -> None:
    assert analyse(f"{one} \n {other}", "en").stems == analyse(one, "en").stems + analyse(other, "en").stems


def test_a_lone_surrogate_is_passed_over() -> None:
    assert analyse("a\ud800b").words == ("a", "b")


def test_a_column_is_analysed_line_by_line_in_threads_as_well() -> None:
    texts = [f"{verb}ing number {n}" for n in range(50) for verb in ("walk", "jump", "sing")]
    languages = ["en", "de", "fr"] * 50
    expected = [analyse(text, language) for text, language in zip(texts, languages, strict=True)]
    with ThreadPoolExecutor(4) as pool:
        assert all(result == expected for result in pool.map(analyse_many, [texts] * 8, [languages] * 8))


@pytest.mark.parametrize(
    ("given_tag", "tag"),
    [
        ("", "und"),
        ("EN", "en"),
        ("pt_br", "pt-BR"),
        ("ZH-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-rozaj-BISKE", "sl-rozaj-biske"),
        ("en-US-u-CA-gregory", "en-US-u-ca-gregory"),
        ("de-x-Film", "de-x-film"),
        ("eng", "en"),
        ("fre", "fr"),
        ("fra", "fr"),
        ("ger", "de"),
        ("jpn", "ja"),
        ("chi-TW", "zh-TW"),
        ("iw", "he"),
        ("yue", "yue"),
    ],
)
def test_language_tags_come_out_canonical(given_tag: str, tag: str) -> None:
    assert normalise_language(given_tag) == tag
    assert normalise_language(tag) == tag


@pytest.mark.parametrize("tag", ["e", "english", "en-", "-en", "en us", "en--us", "日本", "en-abcdefghi"])
def test_a_malformed_language_tag_is_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="not a language tag"):
        normalise_language(tag)
