"""docs/localcloud.md lists exactly the types that the aws stand-in has, and each list holds what it says."""

import importlib

import pytest

from standin.aws import catalogue, sdk
from standin.aws.registry import functions, resources

RECORDED = [resource for resource in resources().values() if resource.recorded]


def test_the_page_lists_the_types_there_are() -> None:
    page = catalogue.PAGE.read_text(encoding="utf-8")

    assert page == catalogue.replaced(page), "run: make generate"


@pytest.mark.parametrize("resource", RECORDED, ids=lambda resource: resource.token)
def test_moto_still_lacks_what_is_recorded_only(resource) -> None:
    if resource.operation is None:
        pytest.skip("there is no request that would create it")
    try:
        responses = importlib.import_module(f"moto.{resource.service.replace('-', '')}.responses")
    except ModuleNotFoundError:
        return
    kinds = [value for value in vars(responses).values() if isinstance(value, type)]

    assert not any(resource.operation in vars(kind) for kind in kinds), "moto has it now: emulate it"


@pytest.mark.parametrize("token", resources())
def test_a_type_declares_only_properties_that_it_has(token: str) -> None:
    resource, kind = resources()[token], sdk.resource_type(token)
    declared = {*resource.create_only, *resource.defaults, *resource.nested_computed}
    inputs = kind.inputs.fields.keys()

    assert {path.split(".")[0] for path in declared} <= inputs
    assert resource.changing <= kind.outputs.keys()
    if resource.autoname:
        assert resource.autoname.property in inputs


@pytest.mark.parametrize("token", functions())
def test_a_function_is_one_of_the_sdk(token: str) -> None:
    assert sdk.function_type(token).result.fields
