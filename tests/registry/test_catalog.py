"""Does a catalog find what a user means, and say so when it is nothing?"""

from __future__ import annotations

import pytest

from tests.registry.samples import (
    Common,
    Configured,
    GadgetTwin,
    SpinWheel,
    ToolInHand,
    ToolTwin,
    envelope,
    gadgets,
    tools,
    tripled,
)
from torchkeras_layer.registry import Catalog, DeserializationError, custom_object_scope


def test_none_stays_none():
    assert gadgets.get(None) is gadgets.serialize(None) is gadgets.deserialize(None) is None


@pytest.mark.parametrize("name", ["SpinWheel", "spin_wheel", "spinner"])
def test_names_of_a_class_give_new_instances(name):
    first, second = gadgets.get(name), gadgets.get(name)
    assert type(first) is type(second) is SpinWheel
    assert first is not second


@pytest.mark.parametrize("name", ["tripled", "gadget_alias"])
def test_names_of_a_function_give_it(name):
    assert gadgets.get(name) is gadgets.deserialize(name) is tripled


def test_configs_classes_and_callables_are_taken():
    assert gadgets.get(envelope("SpinWheel", {"amount": 3})).amount == 3
    assert type(gadgets.get(SpinWheel)) is SpinWheel
    wheel = SpinWheel()
    assert gadgets.get(wheel) is wheel
    assert gadgets.get(abs) is abs


def test_a_config_may_leave_out_what_is_empty():
    assert type(gadgets.get({"class_name": "SpinWheel"})) is SpinWheel
    assert type(gadgets.deserialize({"class_name": "SpinWheel", "config": None})) is SpinWheel


@pytest.mark.parametrize("identifier", [5.0, True, b"tripled", "", "triplet", [], {}, {"config": {}}])
def test_anything_else_is_an_error_that_names_what_is_known(identifier):
    with pytest.raises(ValueError, match="Could not interpret gadget identifier: .*Known names: .*SpinWheel"):
        gadgets.get(identifier)


@pytest.mark.parametrize("config", [5.0, [], "triplet", {"config": {}}])
def test_deserialize_takes_names_and_configs_only(config):
    with pytest.raises(ValueError, match="Could not interpret gadget identifier: "):
        gadgets.deserialize(config)


@pytest.mark.parametrize("config", ["tripel", envelope("tripel")])
def test_misspelled_names_are_corrected(config):
    with pytest.raises(ValueError, match=r"Did you mean 'tripled'\?"):
        gadgets.get(config)


def test_long_lists_of_names_are_cut():
    many = Catalog("one of many", module="keras.many")
    for number in range(40):
        many.register()(type(f"Member{number:02}", (), {}))
    assert many.names()[:2] == ["Member00", "Member01"]
    with pytest.raises(ValueError, match=r"Member29, …\.$"):
        many.get(1)


def test_a_class_that_needs_arguments_is_an_error():
    with pytest.raises(ValueError, match=r"gadget: NeedsMore cannot be created without arguments\. Pass an instance"):
        gadgets.get("needs_more")


def test_names_lists_each_member_once():
    assert gadgets.names() == [
        "Buildable",
        "Common",
        "Holder",
        "NeedsMore",
        "SpinWheel",
        "Twin",
        "tripled",
    ]


def test_functions_are_serialized_by_name_and_objects_by_config():
    assert gadgets.serialize(tripled) == "tripled"
    assert gadgets.serialize(SpinWheel(2)) == {
        "module": "keras.gadgets",
        "class_name": "SpinWheel",
        "config": {"amount": 2},
        "registered_name": None,
    }


def test_a_function_of_another_family_is_serialized_with_its_place():
    config = tools.serialize(tripled)
    assert config["config"] == "tripled"
    assert gadgets.deserialize(config) is tripled


def test_the_name_and_module_of_keras_are_written():
    config = tools.serialize(ToolInHand())
    assert (config["module"], config["class_name"]) == ("keras", "Hammer")
    assert type(tools.deserialize(config)) is ToolInHand


def test_a_name_means_the_family_it_is_asked_of():
    assert type(gadgets.get("Twin")) is GadgetTwin
    assert type(tools.get(envelope("Twin"))) is ToolTwin
    assert type(tools.get("Common")) is type(gadgets.get("Common")) is Common


def test_other_modules_are_read():
    assert type(gadgets.get(envelope("SpinWheel", module="keras.src.gadgets"))) is SpinWheel


def test_other_families_are_refused_unless_accepted():
    assert type(tools.get(envelope("SpinWheel", module="keras.gadgets"))) is SpinWheel
    with pytest.raises(
        DeserializationError, match=r"gadget: expected .* another kind .*\. Received: that of the tool keras\.Hammer"
    ):
        gadgets.get(envelope("Hammer", module="keras"))
    with pytest.raises(DeserializationError, match="there is no class 'Hammer'"):
        gadgets.get(envelope("Hammer"))


def test_an_accepted_family_need_not_be_there_yet():
    early = Catalog("early bird", module="keras.birds", also_accepts=("late bird",))
    with pytest.raises(DeserializationError, match="there is no class 'Owl'"):
        early.get(envelope("Owl"))
    owl = Catalog("late bird", module="keras.late_birds").register()(type("Owl", (Configured,), {}))
    assert type(early.get(envelope("Owl"))) is owl


def test_custom_objects_are_found_by_name():
    def mine(x):
        return x

    ready = Configured(7)
    assert gadgets.deserialize("mine", custom_objects={"mine": mine}) is mine
    with custom_object_scope({"mine": mine, "Configured": Configured, "ready": ready, "number": 3}):
        assert gadgets.get("mine") is mine
        assert gadgets.get("ready") is ready
        assert type(gadgets.get("Configured")) is Configured
        with pytest.raises(ValueError, match="Could not interpret gadget identifier: 'number'"):
            gadgets.get("number")


@pytest.mark.parametrize("name", ["tripled", "spinner", "SpinWheel"])
def test_a_name_belongs_to_one_member(name):
    with pytest.raises(ValueError, match=f"the gadget name '{name}' is taken by"):
        gadgets.register(name)(type("Intruder", (), {}))
    with pytest.raises(ValueError, match="Could not interpret"):
        gadgets.get("Intruder")


def test_a_given_name_goes_before_a_derived_one():
    losses = Catalog("loss of the tests", module="keras.test_losses")
    by_class = losses.register()(type("SquaredError", (), {"__call__": lambda self: 0}))

    @losses.register()
    def squared_error(x):
        return x

    assert losses.get("squared_error") is squared_error
    assert type(losses.get("SquaredError")) is by_class


def test_a_family_has_one_catalog():
    with pytest.raises(ValueError, match="there already is a catalog of this kind. Received: kind='gadget'"):
        Catalog("gadget", module="keras.others")
