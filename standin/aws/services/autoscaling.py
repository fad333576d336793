"""EC2 Auto Scaling groups."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

from typing import Any, ClassVar

from standin.aws import api
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Rename, Resource, changed

LOCAL = frozenset({"tags", "instanceRefresh", "suspendedProcesses", "enabledMetrics", "warmPool"})


class Group(Resource):
    """An Auto Scaling group; its tags say each whether instances get them, so they are a list."""

    token = "aws:autoscaling/group:Group"
    service = "autoscaling"
    autoname = AutoName()
    create_only = frozenset({"name", "namePrefix", "initialLifecycleHooks"})
    defaults: ClassVar[Defaults] = {
        "forceDelete": False,
        "forceDeleteWarmPool": False,
        "healthCheckGracePeriod": 300,
        "ignoreFailedScalingActivities": False,
        "metricsGranularity": "1Minute",
        "protectFromScaleIn": False,
        "waitForCapacityTimeout": "10m",
    }
    write_only = frozenset(
        {"forceDelete", "forceDeleteWarmPool", "ignoreFailedScalingActivities", "instanceRefresh", "namePrefix",
         "metricsGranularity", "minElbCapacity", "waitForCapacityTimeout", "waitForElbCapacity"}
    )  # fmt: skip
    rename: ClassVar[Rename] = {
        "name": "AutoScalingGroupName",
        "id": "LaunchTemplateId",
        "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
        "vpcZoneIdentifiers": "VPCZoneIdentifier",
        "arn": "AutoScalingGroupARN",
    }

    def create(self, region: Region, inputs: Properties) -> str:
        name = self.given_name(inputs)
        self.call(region, "create_auto_scaling_group", *self._desired(inputs), AutoScalingGroupName=name)
        if inputs.get("tags"):
            self.client(region).create_or_update_tags(Tags=_tags(name, inputs["tags"]))
        return name

    def _desired(self, inputs: Properties) -> tuple[Properties]:
        desired = {name: value for name, value in inputs.items() if name not in LOCAL}
        if "vpcZoneIdentifiers" in desired:
            desired["vpcZoneIdentifiers"] = ",".join(desired["vpcZoneIdentifiers"])
        template = desired.get("launchTemplate")
        if isinstance(template, dict) and "name" in template:
            name: Any = template
            desired["launchTemplate"] = {"launchTemplateName": name["name"], "version": name.get("version", "$Default")}
        return (desired,)

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Everything but the name; tags are added and removed one by one."""
        if old is None:
            return
        asg = self.client(region)
        self.call(region, "update_auto_scaling_group", *self._desired(inputs), AutoScalingGroupName=identity)
        if changed(inputs, old, "tags"):
            keys = {one["key"] for one in inputs.get("tags", ())}
            gone = [one for one in old.get("tags", ()) if one["key"] not in keys]
            if gone:
                asg.delete_tags(Tags=_tags(identity, gone))
            if inputs.get("tags"):
                asg.create_or_update_tags(Tags=_tags(identity, inputs["tags"]))

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the group; what moto does not keep stays as given."""
        groups = self.client(region).describe_auto_scaling_groups(AutoScalingGroupNames=[identity])["AutoScalingGroups"]
        if not groups:
            return None
        found = groups[0]
        tags = [api.properties(one, self._tag_fields()) for one in found.get("Tags", ()) if _is_own(one)]
        kept = {name: state[name] for name in ("mixedInstancesPolicy", "launchTemplate") if name in state}
        return {
            **self.outputs(found),
            **kept,
            "vpcZoneIdentifiers": [one for one in found.get("VPCZoneIdentifier", "").split(",") if one],
            "healthCheckType": found.get("HealthCheckType", "EC2"),
            "tags": tags,
            "tagsAll": None,
        }

    def _tag_fields(self) -> dict[str, Any]:
        kind: Any = self.type.outputs["tags"]
        return {name: field.type for name, field in kind.item.fields.items()}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Delete it; its instances with it where the program says so."""
        force = bool(state.get("forceDelete"))
        asg = self.client(region)
        if not force:
            asg.update_auto_scaling_group(AutoScalingGroupName=identity, MinSize=0, MaxSize=0, DesiredCapacity=0)
        asg.delete_auto_scaling_group(AutoScalingGroupName=identity, ForceDelete=force)


def _is_own(tag: Properties) -> bool:
    return not tag["Key"].startswith("aws:")


def _tags(group: str, tags: list[Properties]) -> list[Properties]:
    return [
        {
            "ResourceId": group,
            "ResourceType": "auto-scaling-group",
            "Key": one["key"],
            "Value": one["value"],
            "PropagateAtLaunch": one["propagateAtLaunch"],
        }
        for one in tags
    ]


RESOURCES = (Group,)
