"""Language tags: BCP-47 in canonical form, whatever code a media file carries."""

from __future__ import annotations

import re
from typing import Final

SCRIPT_LENGTH: Final = 4
REGION_LENGTH: Final = 2

# ISO 639-2 codes of both kinds, and withdrawn ones, to the two letters that BCP-47 asks for.
_TABLE: Final = """
afr=af alb=sq sqi=sq amh=am ara=ar arm=hy hye=hy aze=az baq=eu eus=eu bel=be ben=bn bos=bs bul=bg bur=my
mya=my cat=ca chi=zh zho=zh cze=cs ces=cs dan=da dut=nl nld=nl eng=en epo=eo est=et fin=fi fre=fr fra=fr
geo=ka kat=ka ger=de deu=de gle=ga glg=gl gre=el ell=el guj=gu heb=he iw=he hin=hi hrv=hr hun=hu ice=is
isl=is in=id ind=id ita=it ji=yi jpn=ja kan=kn kaz=kk khm=km kor=ko lao=lo lav=lv lit=lt mac=mk mkd=mk
mal=ml mar=mr may=ms msa=ms mon=mn nep=ne nob=nb nno=nn nor=no pan=pa per=fa fas=fa pol=pl por=pt rum=ro
ron=ro rus=ru sin=si slo=sk slk=sk slv=sl sot=st spa=es srp=sr swa=sw swe=sv tam=ta tel=te tgl=tl tha=th
tur=tr ukr=uk urd=ur uzb=uz vie=vi wel=cy cym=cy yid=yi zul=zu
"""
TWO_LETTERS: Final = {three: two for three, _, two in (pair.partition("=") for pair in _TABLE.split())}

_WELL_FORMED: Final = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*"
    r"(?:-[a-wyz\d](?:-[a-z\d]{2,8})+)*(?:-x(?:-[a-z\d]{1,8})+)?",
    re.ASCII,
)


def normalise_language(tag: str) -> str:
    """Return a BCP-47 tag in its canonical case, its language in two letters where it has them.

    An empty tag is `und`; `_` passes for `-`.

    Raises:
        ValueError: if the tag is not well formed.
    """
    lower = tag.strip().replace("_", "-").lower() or "und"
    if not _WELL_FORMED.fullmatch(lower):
        raise ValueError(f"{tag!r} is not a language tag such as en, pt-BR or zh-Hant")
    primary, *rest = lower.split("-")
    # A single letter begins extensions, which stay in lower case.
    plain = next((place for place, subtag in enumerate(rest) if len(subtag) == 1), len(rest))
    return "-".join([TWO_LETTERS.get(primary, primary), *map(_cased, rest[:plain]), *rest[plain:]])


def is_language(tag: str) -> bool:
    """Return whether a tag is a well-formed BCP-47 language tag."""
    return _WELL_FORMED.fullmatch(tag.lower()) is not None


def primary_language(tag: str) -> str:
    """Return the language of a tag without script, region or variant; ValueError as `normalise_language`."""
    return normalise_language(tag).partition("-")[0]


def _cased(subtag: str) -> str:
    if len(subtag) == SCRIPT_LENGTH and subtag.isalpha():
        return subtag.title()
    return subtag.upper() if len(subtag) == REGION_LENGTH else subtag
