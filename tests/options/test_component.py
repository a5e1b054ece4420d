"""The constructor's signature is the schema."""

from typing import Literal

import pytest

from gansr.errors import OptionsError
from gansr.options.component import Component, build, check


class Net:
    """A network."""

    def __init__(
        self,
        scale: int,
        width: int,
        rates: tuple[float, float] = (0.9, 0.99),
        kind: Literal["a", "b"] = "a",
        layers: dict[str, float] | None = None,
    ) -> None:
        self.given = (scale, width, rates, kind, layers)


TABLE = {"net": Net, "dict": dict}


def component(**arguments: object) -> Component:
    return Component.model_validate({"type": "net", **arguments})


def test_arguments_are_checked_and_context_is_added() -> None:
    made = build(component(width=3, rates=[0.5, 1], layers={"x": 1}), TABLE, "generator", scale=4, unused=1)
    assert made.given == (4, 3, (0.5, 1.0), "a", {"x": 1.0})


def test_defaults_are_spelled_out() -> None:
    found = check(component(width=3), TABLE, "generator", scale=4)
    assert found == {"width": 3, "rates": (0.9, 0.99), "kind": "a", "layers": None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"width": 3, "widht": 4}, "generator (type net): widht: there is no such key. Did you mean 'width'"),
        ({}, "width: is missing"),
        ({"width": "3"}, "width: expected a whole number, found '3'"),
        ({"width": 3, "kind": "c"}, "kind: expected 'a' or 'b', found 'c'"),
        ({"width": 3, "rates": [1.0]}, "rates"),
        ({"width": 3, "scale": 2}, "scale: there is no such key"),
    ],
)
def test_wrong_arguments_are_refused_before_building(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(OptionsError) as caught:
        build(component(**arguments), TABLE, "generator", scale=4)
    assert message in str(caught.value)


def test_mistakes_say_the_name_once() -> None:
    """Constructors begin with their name, for callers without options."""

    def make(fault: str) -> None:
        raise OptionsError(fault)

    for fault in ("net: width is 0.", "width is 0."):
        with pytest.raises(OptionsError, match=r"^generator \(type net\): width is 0\.$"):
            build(component(fault=fault), {"net": make}, "generator")


def test_an_unknown_type_gets_the_nearest() -> None:
    with pytest.raises(
        OptionsError, match=r"generator: there is no type 'nett'. Did you mean 'net'\? Choices: dict, net"
    ):
        build(Component(type="nett"), TABLE, "generator")


def test_a_class_of_ones_own() -> None:
    made = build(Component.model_validate({"type": "collections:Counter"}), TABLE, "losses.pixel")
    assert type(made).__name__ == "Counter"


def test_what_cannot_be_called_is_no_type() -> None:
    with pytest.raises(OptionsError, match=r"losses\.pixel: type 'os:path' is neither a class nor a function"):
        build(Component(type="os:path"), TABLE, "losses.pixel")


@pytest.mark.parametrize("name", ["no_such_module:Net", "collections:NoSuchThing", ":x"])
def test_a_class_that_cannot_be_imported(name: str) -> None:
    with pytest.raises(OptionsError, match="cannot be imported"):
        build(Component(type=name), TABLE, "losses.pixel")
