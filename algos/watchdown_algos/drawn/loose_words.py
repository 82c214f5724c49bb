"""More words for the same facts, as people type them; all are spelled with the model's own byte pairs."""

from __future__ import annotations

from typing import Final

from watchdown_algos.drawn.words import HOURS, HUES, PLACES, VIEWS

MORE_NAMES: Final[dict[str, list[str]]] = {
    "car": ["car", "sedan"],
    "truck": ["truck"],
    "airplane": ["aeroplane", "airliner"],
    "sailboat": ["sailing ship", "yacht"],
    "train": ["steam train"],
    "rocket": ["space rocket"],
    "race car": ["race car", "racing car", "formula one car"],
    "bicycle": ["bike"],
    "motorcycle": ["motorbike"],
    "cat": ["kitty"],
    "dog": ["hound"],
    "horse": ["horse"],
    "rabbit": ["hare"],
    "person": ["lady", "boy", "girl", "human"],
    "runner": ["athlete", "sprinter"],
    "house": ["home", "cabin"],
    "castle": ["fortress"],
    "cup": ["coffee cup", "coffee mug"],
    "plate of food": ["meal", "dinner"],
    "ice cream": ["ice cream"],
    "cake": ["cake"],
    "flower": ["blossom"],
    "ball": ["toy ball"],
    "tent": ["camping tent"],
    "guitar": ["acoustic guitar"],
    "chair": ["wooden chair"],
}
DOING: Final[dict[str, list[str]]] = {
    "car": ["driving", "parked"],
    "race car": ["driving", "racing"],
    "truck": ["driving", "parked"],
    "bus": ["driving", "waiting"],
    "train": ["moving"],
    "airplane": ["flying"],
    "helicopter": ["flying", "hovering"],
    "rocket": ["flying"],
    "sailboat": ["sailing"],
    "dog": ["standing", "running"],
    "horse": ["standing"],
    "cat": ["sitting"],
    "rabbit": ["sitting"],
    "bird": ["flying"],
    "butterfly": ["flying"],
    "fish": ["swimming"],
    "elephant": ["standing", "walking"],
    "person": ["standing"],
}
FILLERS: Final = [
    *("old", "big", "small", "little", "nice", "beautiful", "new", "fast", "lovely", "shiny"),
    *("the", "some", "lonely", "cute", "my", "very", "single"),
]
LETTERS: Final = "abcdefghilmnoprstu"
LOOSE_OPENINGS: Final = [
    *("a photo of", "photo of", "a shot of", "a frame of", "a frame with"),
    *("picture of", "video of", "a scene with", "there is"),
]
_MORE_PLACES: Final[dict[str, list[str]]] = {
    "field": ["on grass", "in the field"],
    "beach": ["by the sea", "on a beach", "by the beach"],
    "city": ["on the street", "in a city", "downtown"],
    "snow": ["in snow", "on snow", "in winter snow"],
    "desert": ["in a desert", "in the sand dunes"],
    "forest": ["in a forest", "in the wood"],
    "room": ["inside", "inside a room", "at home"],
    "water": ["on the sea", "on water", "in the sea"],
    "sky": ["up in the sky", "in the air", "above the clouds"],
}
_MORE_HOURS: Final[dict[str, list[str]]] = {
    "day": ["by day", "in the daytime"],
    "night": ["by night", "night"],
    "sunset": ["in the evening", "sunset"],
}
_MORE_VIEWS: Final[dict[str, list[str]]] = {
    "close": ["close up of", "closeup of", "close view of"],
    "medium": ["medium shot of", "mid shot of"],
    "wide": ["wide shot of", "wide view of", "far away"],
}
_MORE_HUES: Final[dict[str, list[str]]] = {
    "red": ["scarlet"],
    "blue": ["navy blue"],
    "yellow": ["golden"],
    "brown": ["brown"],
    "black": ["black"],
    "purple": ["violet"],
    "turquoise": ["teal"],
    "gray": ["grey"],
    "green": ["emerald"],
}

LOOSE_PLACES: Final = {scene: more + PLACES[scene] for scene, more in _MORE_PLACES.items()}
LOOSE_HOURS: Final = {time: more + HOURS[time] for time, more in _MORE_HOURS.items()}
LOOSE_VIEWS: Final = {size: more + VIEWS[size] for size, more in _MORE_VIEWS.items()}


def loose_hues(colour: str) -> list[str]:
    """Return what people call a colour."""
    return _MORE_HUES.get(colour, [colour]) + HUES.get(colour, [colour])
