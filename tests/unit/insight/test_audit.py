"""The filter pattern over events of a control plane's audit log, as Kubernetes documents them."""

from typing import Any

import pytest

from falco_firelens.insight.audit import PATTERN
from localcloud.cloudwatch.filter_pattern import matcher

LONGEST_PATTERN = 1024
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"""


def event(verb: str, resource: str, name: str = "falco", namespace: str = "falco", **keys: Any) -> dict[str, Any]:
    """https://kubernetes.io/docs/reference/config-api/apiserver-audit.v1/"""
    path = f"/apis/apps/v1/namespaces/{namespace}/{resource}/{name}"
    return {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": "Metadata",
        "stage": "ResponseComplete",
        "requestURI": f"{path}?fieldManager=pulumi",
        "verb": verb,
        "user": {"username": "kubernetes-admin"},
        "objectRef": {"resource": resource, "namespace": namespace, "name": name},
        "responseStatus": {"metadata": {}, "code": 200},
        **keys,
    }


@pytest.mark.parametrize("verb", ["update", "patch", "delete", "deletecollection"])
@pytest.mark.parametrize("resource", ["daemonsets", "configmaps", "namespaces"])
def test_changes_of_the_sensor_count(verb: str, resource: str) -> None:
    assert matcher(PATTERN)(event(verb, resource))


def test_changes_of_fluent_bit_and_of_all_config_maps_count() -> None:
    assert matcher(PATTERN)(event("patch", "configmaps", "fluent-bit"))
    every = event("deletecollection", "configmaps")
    assert matcher(PATTERN)({**every, "objectRef": {"resource": "configmaps", "namespace": "falco"}})


QUIET = {
    "reading": event("get", "daemonsets"),
    "watching": event("watch", "daemonsets"),
    "another namespace": event("delete", "daemonsets", namespace="kube-system"),
    "a pod": event("delete", "pods"),
    "another config map": event("update", "configmaps", "kube-root-ca.crt"),
    "another namespace itself": event("delete", "namespaces", "shop", "shop"),
    "a preview": event("patch", "daemonsets", requestURI="/apis/apps/v1/x?dryRun=All&fieldManager=pulumi"),
    "its own controller": event("update", "daemonsets", requestURI="/apis/apps/v1/x/falco/status"),
    "what was refused": event("delete", "daemonsets", responseStatus={"code": 403}),
    "the beginning of a request": event("delete", "daemonsets", stage="RequestReceived"),
}


@pytest.mark.parametrize("case", QUIET)
def test_nothing_else_counts(case: str) -> None:
    assert not matcher(PATTERN)(QUIET[case])


def test_it_is_no_longer_than_cloudwatch_takes() -> None:
    assert len(PATTERN) <= LONGEST_PATTERN
