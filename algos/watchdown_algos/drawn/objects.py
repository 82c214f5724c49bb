"""The 33 objects of the drawn world by name, in the order that the model's object head counts them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from watchdown_algos.drawn import living, things, vehicles
from watchdown_algos.drawn.palette import RGB
from watchdown_algos.drawn.pen import Pen

Drawing: TypeAlias = Callable[[Pen, RGB], None]

OBJECTS: Final[dict[str, Drawing]] = {
    "car": vehicles.car,
    "race car": vehicles.race_car,
    "truck": vehicles.truck,
    "bus": vehicles.bus,
    "bicycle": vehicles.bicycle,
    "motorcycle": vehicles.motorcycle,
    "train": vehicles.train,
    "airplane": vehicles.airplane,
    "helicopter": vehicles.helicopter,
    "sailboat": vehicles.sailboat,
    "rocket": vehicles.rocket,
    "dog": living.dog,
    "cat": living.cat,
    "horse": living.horse,
    "bird": living.bird,
    "fish": living.fish,
    "elephant": living.elephant,
    "rabbit": living.rabbit,
    "butterfly": living.butterfly,
    "person": living.person,
    "runner": living.runner,
    "house": things.house,
    "castle": things.castle,
    "tent": things.tent,
    "flower": things.flower,
    "ball": things.ball,
    "umbrella": things.umbrella,
    "cup": things.cup,
    "chair": things.chair,
    "guitar": things.guitar,
    "plate of food": things.plate,
    "cake": things.cake,
    "ice cream": things.ice_cream,
}
