"""Turns CLIP's byte-pair merges into a tokenizer that gives the same ids without open_clip or torch."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

from tokenizers import Regex, Tokenizer
from tokenizers.models import BPE
from tokenizers.normalizers import NFC, Lowercase, Replace, Sequence, Strip
from tokenizers.pre_tokenizers import ByteLevel, Split
from tokenizers.pre_tokenizers import Sequence as Steps
from tokenizers.processors import TemplateProcessing

START: Final = "<start_of_text>"
END: Final = "<end_of_text>"
WORDS: Final = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
END_OF_WORD: Final = "</w>"


def clip_tokenizer(merges_file: Path, context: int) -> Tokenizer:
    """Return the tokenizer of CLIP's merges (`bpe.txt.gz`): lower case, `context` ids, zeros after the end.

    It gives open_clip's ids, except that it repairs no damaged encodings and no HTML, and that a text which
    spells out a start or end token stays a text.
    """
    lines = gzip.decompress(merges_file.read_bytes()).decode().split("\n")[1:]
    merges = [(left, right) for left, right in (line.split() for line in lines)]
    letters = _byte_letters()
    pieces = [*letters, *(letter + END_OF_WORD for letter in letters), *map("".join, merges), START, END]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(BPE(vocabulary, merges, end_of_word_suffix=END_OF_WORD))
    tokenizer.normalizer = Sequence(
        [
            Replace(Regex("[\u2018\u2019\u201a\u201b]"), "'"),
            Replace(Regex("[\u201c\u201d\u201e\u201f]"), '"'),
            NFC(),
            Replace(Regex(r"\s+"), " "),
            Strip(),
            Lowercase(),
        ]
    )
    tokenizer.pre_tokenizer = Steps(
        [
            Split(Regex(WORDS), behavior="removed", invert=True),
            ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.post_processor = TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, vocabulary[START]), (END, vocabulary[END])]
    )
    tokenizer.enable_truncation(context)
    tokenizer.enable_padding(length=context, pad_id=0, pad_token=pieces[0])
    return tokenizer


def _byte_letters() -> list[str]:
    """Return the visible letter that stands for each byte, in the order in which CLIP numbers them."""
    visible = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = 256 - len(visible)
    return [*map(chr, visible), *(chr(256 + n) for n in range(hidden))]
