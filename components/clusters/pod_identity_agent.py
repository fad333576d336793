"""Whether an existing EKS cluster has what hands pods their role's credentials under EKS Pod Identity."""

import pulumi
from pulumi_aws import eks

from falco_firelens.errors import MisfitError

from ..aws.lookup import is_not_there, looked_up

POD_IDENTITY_AGENT = "eks-pod-identity-agent"
"""The add-on's name in EKS: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html."""


def warn_without_agent(name: str, path: str) -> None:
    """Say at each preview that the add-on is missing, or that it is not known.

    No mistake: Auto Mode has the agent built in, and some people install it by other ways than the add-on.
    """
    try:
        looked_up(path, "", lambda: eks.get_addon(cluster_name=name, addon_name=POD_IDENTITY_AGENT))
    except MisfitError as misfit:
        pulumi.log.warn(f"{path}: {_missing(name) if is_not_there(misfit) else _unknown(name, misfit.mistake.found)}")


def _missing(name: str) -> str:
    return (
        f"{name} does not have the add-on {POD_IDENTITY_AGENT}. Unless the cluster runs in Auto Mode or has the agent "
        "by other means, nothing arrives from it. Create it: "
        f"`aws eks create-addon --cluster-name {name} --addon-name {POD_IDENTITY_AGENT}`; or choose another permission"
    )


def _unknown(name: str, found: str) -> str:
    return f"it is not known whether {name} has the add-on {POD_IDENTITY_AGENT}, which podIdentity needs: {found}"
