"""Clusters that the sensor's tests share."""

from falco_firelens.contract import Platform
from falco_firelens.sensor.model import ClusterIdentity, LogGroup, Pipeline

REGION = "eu-west-1"


def identity(platform: Platform) -> ClusterIdentity:
    return ClusterIdentity("payments", platform, "123456789012", REGION)


def pipeline(platform: Platform) -> Pipeline:
    return Pipeline(identity(platform), LogGroup("/falco/events", REGION))
