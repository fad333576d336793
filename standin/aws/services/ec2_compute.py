"""EC2 launch templates."""

import base64
from collections.abc import Iterator
from typing import Any, ClassVar

from standin.aws import api, tags
from standin.aws.check import Failure
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Properties, Rename
from standin.aws.services.ec2_base import Ec2Resource

NOT_DATA = frozenset(
    {
        "name", "namePrefix", "description", "defaultVersion", "updateDefaultVersion", "tags", "tagsAll", "region",
        "arn", "latestVersion", "id",
    }
)  # fmt: skip


class LaunchTemplate(Ec2Resource):
    """A launch template; every change of what it launches makes a new version."""

    token = "aws:ec2/launchTemplate:LaunchTemplate"
    describe, collection, id_parameter = "describe_launch_templates", "LaunchTemplates", "LaunchTemplateIds"
    autoname = AutoName(longest=125)
    create_only = frozenset({"name", "namePrefix"})
    changing = frozenset({"latestVersion", "defaultVersion"})
    write_only = frozenset({"updateDefaultVersion", "namePrefix"})
    rename: ClassVar[Rename] = {
        "defaultVersion": "DefaultVersionNumber",
        "latestVersion": "LatestVersionNumber",
        "name": "LaunchTemplateName",
        "ramDiskId": "RamDiskId",
        "securityGroupNames": "SecurityGroups",
        "securityGroups": "Groups",
        "vpcSecurityGroupIds": "SecurityGroupIds",
    }

    def check(self, inputs: Properties) -> Iterator[Failure]:
        """User data that is not base64, which EC2 would take and no instance could read."""
        text = inputs.get("userData", "")
        try:
            base64.b64decode(text, validate=True)
        except ValueError:
            if "-" not in text:
                yield Failure("userData", "must be base64")

    def create(self, region: Region, inputs: Properties) -> str:
        """Create the template with its first version."""
        answer = self.client(region).create_launch_template(
            LaunchTemplateName=self.given_name(inputs),
            LaunchTemplateData=self._data(region, inputs),
            **self._description(inputs),
        )
        return answer["LaunchTemplate"]["LaunchTemplateId"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Add a version if what it launches differs, and set the default version."""
        if old is None:
            return
        ec2, data = self.client(region), self._data(region, inputs)
        current = self._latest(region, identity)["LaunchTemplateData"]
        same = self._fields(current).items() >= self._fields(data).items()
        if not same or self._fields(data) != self._fields(self._data(region, old)):
            ec2.create_launch_template_version(
                LaunchTemplateId=identity, LaunchTemplateData=data, **self._description(inputs)
            )
        latest = str((self.find(region, identity) or {})["LatestVersionNumber"])
        desired = latest if inputs.get("updateDefaultVersion") else inputs.get("defaultVersion")
        if desired:
            ec2.modify_launch_template(LaunchTemplateId=identity, DefaultVersion=str(desired))

    def _description(self, inputs: Properties) -> Properties:
        return {"VersionDescription": inputs["description"]} if inputs.get("description") else {}

    def _data(self, region: Region, inputs: Properties) -> Properties:
        """Return what the template launches, as EC2's LaunchTemplateData."""
        desired = {name: value for name, value in inputs.items() if name not in NOT_DATA}
        specifications = desired.pop("tagSpecifications", [])
        shaped = api.request(
            self.client(region),
            "create_launch_template",
            {"launchTemplateData": {name: value for name, value in desired.items() if value != ""}},
            self.rename,
        )["LaunchTemplateData"]
        if specifications:
            shaped["TagSpecifications"] = [
                {"ResourceType": one["resourceType"], "Tags": tags.to_api(one.get("tags", {}))}
                for one in specifications
            ]
        return shaped

    def _fields(self, data: Properties) -> Properties:
        found = api.properties(data, self.type.outputs, self.rename)
        return {name: value for name, value in found.items() if name not in NOT_DATA}

    def _latest(self, region: Region, identity: str) -> Properties:
        versions = self.client(region).describe_launch_template_versions(
            LaunchTemplateId=identity, Versions=["$Latest"]
        )
        return versions["LaunchTemplateVersions"][0]

    def more(self, region: Region, identity: str, found: dict[str, Any], state: Properties) -> Properties:
        latest = self._latest(region, identity)
        data = latest["LaunchTemplateData"]
        fields = self._fields(data)
        if data.get("TagSpecifications"):
            fields["tagSpecifications"] = [
                {"resourceType": one["ResourceType"], "tags": tags.from_api(one.get("Tags"))}
                for one in data["TagSpecifications"]
            ]
        return {
            "arn": region.arn("ec2", f"launch-template/{identity}"),
            "description": latest.get("VersionDescription") or None,
            **fields,
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_launch_template(LaunchTemplateId=identity)


RESOURCES = (LaunchTemplate,)
