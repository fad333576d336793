"""What an action can do, held against parliament's copy of AWS's reference, which is another one."""

import pytest
from parliament import iam_definition

from falco_firelens.policy.actions import Power, power, takes_resources


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("iam:PutRolePolicy", Power.PERMISSIONS),
        ("IAM:putrolepolicy", Power.PERMISSIONS),
        ("iam:PassRole", Power.PERMISSIONS),
        ("sts:AssumeRole", Power.PERMISSIONS),
        ("kms:CreateGrant", Power.PERMISSIONS),
        ("logs:*", Power.PERMISSIONS),
        ("*", Power.PERMISSIONS),
        ("s3:PutObject", Power.WRITE),
        ("s3:Unknown", Power.WRITE),
        ("unknown:Do", Power.WRITE),
        ("../services:x", Power.WRITE),
        ("", Power.WRITE),
        ("s3:GetObject", Power.READ),
        ("logs:DescribeLogGroups", Power.READ),
    ],
)
def test_what_an_action_can_do(action: str, expected: Power) -> None:
    assert power(action) is expected


def test_case_does_not_matter() -> None:
    assert takes_resources("S3:getobject") and not takes_resources("EC2:describeinstances")


def test_whatever_changes_permissions_by_another_copy_of_the_reference_is_shown_first() -> None:
    listed = {
        f"{service['prefix']}:{privilege['privilege']}"
        for service in iam_definition
        for privilege in service["privileges"]
        if privilege["access_level"] == "Permissions management"
    }
    missed = {action for action in listed if power(action) is not Power.PERMISSIONS}

    assert len(listed) > 300
    # Services that are gone, which nothing knows any more and which are taken to write, and what only reads.
    assert {action.partition(":")[0] for action in missed} <= {"codestar", "deeplens", "quicksight", "sso"}
    assert {action for action in missed if power(action) is Power.READ} == {
        "quicksight:DescribeDataSetPermissions",
        "quicksight:DescribeDataSourcePermissions",
    }
