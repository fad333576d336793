"""IAM: roles with their policies, instance profiles, managed policies, OpenID Connect providers."""

# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false, reportUnknownLambdaType=false

import json
from typing import Any, ClassVar

from standin.aws import tags
from standin.aws.cloud import Region
from standin.aws.naming import AutoName
from standin.aws.resource import Defaults, Properties, Rename, Resource, changed


def document(value: Any) -> str:
    """Return a policy document as text; boto3 decodes some of them."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


class Role(Resource):
    """A role with its trust policy, inline policies and attachments given with it."""

    token = "aws:iam/role:Role"
    service = "iam"
    autoname = AutoName(longest=64)
    create_only = frozenset({"name", "namePrefix", "path"})
    defaults: ClassVar[Defaults] = {"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"}
    write_only = frozenset({"forceDetachPolicies", "namePrefix"})
    rename: ClassVar[Rename] = {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}
    tagging = tags.iam("role", "RoleName")

    def create(self, region: Region, inputs: Properties) -> str:
        name = self.given_name(inputs)
        self.call(region, "create_role", _without(inputs, "tags"), RoleName=name)
        return name

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """After a change trust policy, description, duration and boundary; then inline policies and attachments."""
        iam = self.client(region)
        if old is not None:
            if changed(inputs, old, "assumeRolePolicy"):
                iam.update_assume_role_policy(RoleName=identity, PolicyDocument=inputs["assumeRolePolicy"])
            if changed(inputs, old, "description", "maxSessionDuration"):
                iam.update_role(
                    RoleName=identity,
                    Description=inputs.get("description", ""),
                    MaxSessionDuration=inputs["maxSessionDuration"],
                )
            if changed(inputs, old, "permissionsBoundary"):
                self._set_boundary(iam, identity, inputs.get("permissionsBoundary"))
        if "managedPolicyArns" in inputs:
            attached = _attached(iam, identity)
            desired = set(inputs["managedPolicyArns"])
            for arn in sorted(attached - desired):
                iam.detach_role_policy(RoleName=identity, PolicyArn=arn)
            for arn in sorted(desired - attached):
                iam.attach_role_policy(RoleName=identity, PolicyArn=arn)
        for policy in inputs.get("inlinePolicies", ()):
            if policy:
                iam.put_role_policy(RoleName=identity, PolicyName=policy["name"], PolicyDocument=policy["policy"])

    def _set_boundary(self, iam: Any, identity: str, boundary: str | None) -> None:
        if boundary:
            iam.put_role_permissions_boundary(RoleName=identity, PermissionsBoundary=boundary)
        else:
            iam.delete_role_permissions_boundary(RoleName=identity)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the role, and what is attached to it."""
        iam = self.client(region)
        role = iam.get_role(RoleName=identity)["Role"]
        return self.outputs(
            role,
            name=role["RoleName"],
            uniqueId=role["RoleId"],
            assumeRolePolicy=document(role["AssumeRolePolicyDocument"]),
            permissionsBoundary=role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
            managedPolicyArns=sorted(_attached(iam, identity)),
            inlinePolicies=self._inline(iam, identity) if state.get("inlinePolicies") else None,
        )

    def _inline(self, iam: Any, identity: str) -> list[Properties]:
        names = iam.list_role_policies(RoleName=identity)["PolicyNames"]
        policies = (iam.get_role_policy(RoleName=identity, PolicyName=name) for name in names)
        return [{"name": one["PolicyName"], "policy": document(one["PolicyDocument"])} for one in policies]

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Take off what hangs on the role by its own inputs, or all of it where asked, then deletes the role."""
        iam = self.client(region)
        force = state.get("forceDetachPolicies")
        for arn in sorted(_attached(iam, identity)):
            if force or arn in state.get("managedPolicyArns", ()):
                iam.detach_role_policy(RoleName=identity, PolicyArn=arn)
        own = {policy.get("name") for policy in state.get("inlinePolicies", ())}
        for name in iam.list_role_policies(RoleName=identity)["PolicyNames"]:
            if force or name in own:
                iam.delete_role_policy(RoleName=identity, PolicyName=name)
        iam.delete_role(RoleName=identity)


def _attached(iam: Any, role: str) -> set[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return {policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]}


def _without(values: Properties, *names: str) -> Properties:
    return {name: value for name, value in values.items() if name not in names}


class RolePolicy(Resource):
    """An inline policy of a role; its id is `<role>:<name>`."""

    token = "aws:iam/rolePolicy:RolePolicy"
    service = "iam"
    autoname = AutoName(longest=128)
    create_only = frozenset({"name", "namePrefix", "role"})
    write_only = frozenset({"namePrefix"})

    def create(self, region: Region, inputs: Properties) -> str:
        name = self.given_name(inputs)
        self._put(region, inputs["role"], name, inputs["policy"])
        return f"{inputs['role']}:{name}"

    def _put(self, region: Region, role: str, name: str, policy: str) -> None:
        self.client(region).put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        if old is not None:
            role, name = identity.split(":")
            self._put(region, role, name, inputs["policy"])

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        role, name = identity.split(":")
        policy = self.client(region).get_role_policy(RoleName=role, PolicyName=name)
        return {"role": role, "name": name, "policy": document(policy["PolicyDocument"])}

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        role, name = identity.split(":")
        self.client(region).delete_role_policy(RoleName=role, PolicyName=name)


class RolePolicyAttachment(Resource):
    """A managed policy on a role; its id is `<role>/<policy ARN>`."""

    token = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    service = "iam"
    create_only = frozenset({"role", "policyArn"})

    def create(self, region: Region, inputs: Properties) -> str:
        self.client(region).attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
        return f"{inputs['role']}/{inputs['policyArn']}"

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        role, _, arn = identity.partition("/")
        return {"role": role, "policyArn": arn} if arn in _attached(self.client(region), role) else None

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        role, _, arn = identity.partition("/")
        self.client(region).detach_role_policy(RoleName=role, PolicyArn=arn)


class Policy(Resource):
    """A managed policy; a change makes a new default version."""

    token = "aws:iam/policy:Policy"
    service = "iam"
    autoname = AutoName(longest=128)
    create_only = frozenset({"name", "namePrefix", "path", "description"})
    defaults: ClassVar[Defaults] = {"path": "/"}
    write_only = frozenset({"namePrefix", "delayAfterPolicyCreationInMs"})
    rename: ClassVar[Rename] = {"name": "PolicyName", "policy": "PolicyDocument"}
    tagging = tags.iam("policy", "PolicyArn")

    def create(self, region: Region, inputs: Properties) -> str:
        name = self.given_name(inputs)
        answer = self.call(region, "create_policy", _without(inputs, "tags"), PolicyName=name)
        return answer["Policy"]["Arn"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Return a new version; AWS keeps five, so the oldest goes when there are as many."""
        if old is None or not changed(inputs, old, "policy"):
            return
        iam = self.client(region)
        versions = iam.list_policy_versions(PolicyArn=identity)["Versions"]
        if len(versions) >= 5:
            oldest = min((one for one in versions if not one["IsDefaultVersion"]), key=lambda one: one["CreateDate"])
            iam.delete_policy_version(PolicyArn=identity, VersionId=oldest["VersionId"])
        iam.create_policy_version(PolicyArn=identity, PolicyDocument=inputs["policy"], SetAsDefault=True)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        iam = self.client(region)
        policy = iam.get_policy(PolicyArn=identity)["Policy"]
        version = iam.get_policy_version(PolicyArn=identity, VersionId=policy["DefaultVersionId"])["PolicyVersion"]
        return self.outputs(
            policy,
            policy=document(version["Document"]),
            policyId=policy["PolicyId"],
            name=policy["PolicyName"],
        )

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        iam = self.client(region)
        for version in iam.list_policy_versions(PolicyArn=identity)["Versions"]:
            if not version["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=identity, VersionId=version["VersionId"])
        iam.delete_policy(PolicyArn=identity)


class InstanceProfile(Resource):
    """An instance profile with at most one role."""

    token = "aws:iam/instanceProfile:InstanceProfile"
    service = "iam"
    autoname = AutoName(longest=128)
    create_only = frozenset({"name", "namePrefix", "path"})
    defaults: ClassVar[Defaults] = {"path": "/"}
    write_only = frozenset({"namePrefix"})
    tagging = tags.iam("instance_profile", "InstanceProfileName", "get_instance_profile", "InstanceProfile", "Tags")

    def create(self, region: Region, inputs: Properties) -> str:
        name = self.given_name(inputs)
        self.client(region).create_instance_profile(InstanceProfileName=name, Path=inputs["path"])
        return name

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Put the role in, in place of another."""
        iam = self.client(region)
        actual = _roles(iam, identity)
        desired = [inputs["role"]] if inputs.get("role") else []
        for role in set(actual) - set(desired):
            iam.remove_role_from_instance_profile(InstanceProfileName=identity, RoleName=role)
        for role in set(desired) - set(actual):
            iam.add_role_to_instance_profile(InstanceProfileName=identity, RoleName=role)

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        profile = self.client(region).get_instance_profile(InstanceProfileName=identity)["InstanceProfile"]
        roles = [role["RoleName"] for role in profile["Roles"]]
        return self.outputs(
            profile,
            name=identity,
            uniqueId=profile["InstanceProfileId"],
            role=roles[0] if roles else None,
        )

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        """Empty it first."""
        iam = self.client(region)
        for role in _roles(iam, identity):
            iam.remove_role_from_instance_profile(InstanceProfileName=identity, RoleName=role)
        iam.delete_instance_profile(InstanceProfileName=identity)


def _roles(iam: Any, profile: str) -> list[str]:
    found = iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]
    return [role["RoleName"] for role in found["Roles"]]


class OpenIdConnectProvider(Resource):
    """An issuer of tokens that roles may trust."""

    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"
    service = "iam"
    create_only = frozenset({"url"})
    tagging = tags.iam("open_id_connect_provider", "OpenIDConnectProviderArn")

    def create(self, region: Region, inputs: Properties) -> str:
        """Create it; AWS finds a thumbprint itself where none is given, moto wants one."""
        answer = self.client(region).create_open_id_connect_provider(
            Url=inputs["url"],
            ClientIDList=inputs["clientIdLists"],
            ThumbprintList=inputs.get("thumbprintLists") or ["0" * 40],
        )
        return answer["OpenIDConnectProviderArn"]

    def configure(self, region: Region, identity: str, inputs: Properties, old: Properties | None) -> None:
        """Thumbprints after a change; moto cannot change client ids, so those are only recorded."""
        if old is None:
            return
        if inputs.get("thumbprintLists") and changed(inputs, old, "thumbprintLists"):
            self.client(region).update_open_id_connect_provider_thumbprint(
                OpenIDConnectProviderArn=identity, ThumbprintList=inputs["thumbprintLists"]
            )

    def read(self, region: Region, identity: str, state: Properties) -> Properties | None:
        """Return the provider, by its ARN."""
        found = self.client(region).get_open_id_connect_provider(OpenIDConnectProviderArn=identity)
        url = found["Url"].removeprefix("https://")
        given = state.get("url", url)
        return {
            "arn": identity,
            "url": given if given.removeprefix("https://") == url else url,
            "clientIdLists": state.get("clientIdLists", found["ClientIDList"]),
            "thumbprintLists": found["ThumbprintList"],
        }

    def delete(self, region: Region, identity: str, state: Properties) -> None:
        self.client(region).delete_open_id_connect_provider(OpenIDConnectProviderArn=identity)


def get_role(region: Region, arguments: Properties) -> Properties:
    """Return a role by its name."""
    role = region.client("iam").get_role(RoleName=arguments["name"])["Role"]
    return {
        "arn": role["Arn"],
        "assumeRolePolicy": document(role["AssumeRolePolicyDocument"]),
        "createDate": role["CreateDate"].isoformat(),
        "description": role.get("Description", ""),
        "id": role["RoleName"],
        "maxSessionDuration": role.get("MaxSessionDuration", 3600),
        "name": role["RoleName"],
        "path": role["Path"],
        "permissionsBoundary": role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn", ""),
        "roleLastUseds": [],
        "tags": tags.from_api(role.get("Tags")),
        "uniqueId": role["RoleId"],
    }


def get_roles(region: Region, arguments: Properties) -> Properties:
    """Return the roles below a path. Raises LookupError for a search by pattern, which this stand-in has not."""
    if arguments.get("nameRegex"):
        raise LookupError("the stand-in finds roles by their path alone")
    pages = region.client("iam").get_paginator("list_roles").paginate(PathPrefix=arguments.get("pathPrefix") or "/")
    found = [role for page in pages for role in page["Roles"]]
    return {"id": region.name, "arns": [role["Arn"] for role in found], "names": [role["RoleName"] for role in found]}


def get_open_id_connect_provider(region: Region, arguments: Properties) -> Properties:
    """Return an OpenID Connect provider by its ARN or its URL.

    Raises LookupError when there is none.
    """
    iam = region.client("iam")
    host = str(arguments.get("url", "")).removeprefix("https://")
    arns = [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    arn = arguments.get("arn") or next((one for one in arns if one.endswith(f":oidc-provider/{host}")), None)
    if arn is None:
        raise LookupError(f"no IAM OIDC provider for {arguments.get('url')}")
    found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
    return {
        "arn": arn,
        "clientIdLists": found["ClientIDList"],
        "id": arn,
        "tags": tags.from_api(found.get("Tags")),
        "thumbprintLists": found["ThumbprintList"],
        "url": found["Url"].removeprefix("https://"),
    }


RESOURCES = (Role, RolePolicy, RolePolicyAttachment, Policy, InstanceProfile, OpenIdConnectProvider)
FUNCTIONS = {
    "aws:iam/getRole:getRole": get_role,
    "aws:iam/getRoles:getRoles": get_roles,
    "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": get_open_id_connect_provider,
}
