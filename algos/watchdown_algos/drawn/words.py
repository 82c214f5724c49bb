"""The words of captions: what people call the objects, colours, places and hours of the drawn world."""

from __future__ import annotations

from typing import Final

NAMES: Final[dict[str, list[str]]] = {
    "car": ["car", "automobile"],
    "race car": ["race car", "racing car", "sports car"],
    "truck": ["truck", "lorry"],
    "bus": ["bus", "coach"],
    "bicycle": ["bicycle", "bike"],
    "motorcycle": ["motorcycle", "motorbike"],
    "train": ["train", "locomotive"],
    "airplane": ["airplane", "plane", "jet"],
    "helicopter": ["helicopter", "chopper"],
    "sailboat": ["sailboat", "boat", "sailing boat"],
    "rocket": ["rocket", "spaceship"],
    "dog": ["dog", "puppy"],
    "cat": ["cat", "kitten"],
    "horse": ["horse", "pony"],
    "bird": ["bird"],
    "fish": ["fish"],
    "elephant": ["elephant"],
    "rabbit": ["rabbit", "bunny"],
    "butterfly": ["butterfly"],
    "person": ["person", "man", "woman"],
    "runner": ["runner", "running person", "jogger"],
    "house": ["house", "cottage"],
    "castle": ["castle"],
    "tent": ["tent"],
    "flower": ["flower"],
    "ball": ["ball"],
    "umbrella": ["umbrella", "parasol"],
    "cup": ["cup of coffee", "mug", "cup"],
    "chair": ["chair"],
    "guitar": ["guitar"],
    "plate of food": ["plate of food", "plate with a meal", "dish of food"],
    "cake": ["birthday cake", "cake"],
    "ice cream": ["ice cream", "ice cream cone"],
}
GROUPS: Final[dict[str, list[str]]] = {
    "vehicle": [
        *("car", "race car", "truck", "bus", "bicycle", "motorcycle"),
        *("train", "airplane", "helicopter", "sailboat", "rocket"),
    ],
    "animal": ["dog", "cat", "horse", "bird", "fish", "elephant", "rabbit", "butterfly"],
    "building": ["house", "castle"],
    "food": ["plate of food", "cake", "ice cream"],
    "pet": ["dog", "cat", "rabbit"],
    "aircraft": ["airplane", "helicopter"],
}
PEOPLE: Final = ("person", "runner")
PLURALS: Final = {
    "person": "people",
    "man": "men",
    "woman": "women",
    "running person": "running people",
    "bus": "buses",
    "coach": "coaches",
    "fish": "fish",
    "butterfly": "butterflies",
    "puppy": "puppies",
    "pony": "ponies",
    "bunny": "bunnies",
    "cup of coffee": "cups of coffee",
    "plate of food": "plates of food",
    "plate with a meal": "plates with a meal",
    "dish of food": "dishes of food",
    "ice cream": "ice creams",
    "food": "food",
    "aircraft": "aircraft",
    "lady": "ladies",
    "fortress": "fortresses",
    "kitty": "kitties",
}
HUES: Final[dict[str, list[str]]] = {
    "gray": ["gray", "grey"],
    "purple": ["purple", "violet"],
    "turquoise": ["turquoise", "teal", "cyan"],
    "red": ["red", "red", "crimson"],
    "blue": ["blue"],
    "pink": ["pink"],
}
PLACES: Final[dict[str, list[str]]] = {
    "field": ["in a field", "on the grass", "in a meadow"],
    "beach": ["on the beach", "at the seaside"],
    "city": ["in the city", "in the street", "in front of buildings"],
    "snow": ["in the snow", "in winter"],
    "desert": ["in the desert"],
    "forest": ["in the forest", "in the woods", "among trees"],
    "room": ["in a room", "indoors", "inside a house"],
    "water": ["on the water", "at sea", "in the ocean"],
    "sky": ["in the sky", "in the clouds"],
}
HOURS: Final[dict[str, list[str]]] = {
    "day": ["during the day", "in daylight"],
    "night": ["at night", "in the dark"],
    "sunset": ["at sunset", "at dusk"],
}
VIEWS: Final[dict[str, list[str]]] = {
    "close": ["close-up of", "a close-up shot of"],
    "medium": ["a medium shot of"],
    "wide": ["a wide shot of", "a long shot of"],
}
OPENINGS: Final = [
    *("", "a photo of", "a shot of", "a picture of"),
    *("a frame with", "an image of", "film frame showing"),
]


def plural(noun: str) -> str:
    """Return the noun for two of them."""
    return PLURALS.get(noun, noun + "s")


def groups_of(name: str) -> list[str]:
    """Return the group words that an object falls under."""
    return [group for group, members in GROUPS.items() if name in members]
