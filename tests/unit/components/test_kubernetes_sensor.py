from collections.abc import Mapping
from copy import deepcopy

from components.sensors.kubernetes_sensor import CREDENTIALS_ANNOTATION
from components.sensors.owned import owned
from falco_firelens.sensor import kubernetes
from falco_firelens.sensor.model import ClusterIdentity, FalcoOptions, LogGroup, Pipeline
from tests.unit.components.cloud import ACCOUNT, KUBECONFIG, Deployed, deploy
from tests.unit.components.stacks import OWN, eks

IDENTITY = ClusterIdentity("own", "kubernetes", ACCOUNT, "eu-west-1")
PIPELINE = Pipeline(IDENTITY, LogGroup("/falco/events", "eu-west-1"))


def test_the_cluster_gets_the_rendered_manifests_as_its_own(created: Deployed) -> None:
    rendered = kubernetes.manifests(FalcoOptions(), PIPELINE, host_network=True)
    for name, workload in {"falco": rendered.falco, "fluent-bit": rendered.fluent_bit}.items():
        daemon_set = deepcopy(created.one("DaemonSet", f"own-sensor-{name}").inputs)
        daemon_set["spec"]["template"]["metadata"]["annotations"].pop(CREDENTIALS_ANNOTATION, None)
        assert daemon_set["spec"] == workload.daemon_set["spec"]
        assert daemon_set["metadata"] == owned(workload.daemon_set["metadata"])
        assert created.one("ConfigMap", f"own-sensor-{name}").inputs["data"] == workload.config_map["data"]
        account = created.one("ServiceAccount", f"own-sensor-{name}").inputs
        assert account["automountServiceAccountToken"] is False
    assert created.one("Namespace", "own-sensor").inputs["metadata"] == owned(rendered.namespace["metadata"])
    assert created.one("NetworkPolicy", "own-sensor").inputs["spec"] == rendered.deny_ingress["spec"]
    assert created.one("NetworkPolicy", "own-sensor-falco").inputs["spec"] == rendered.deny_egress["spec"]


def test_fluent_bit_is_on_the_nodes_network_only_where_it_needs_the_nodes_role(created: Deployed) -> None:
    def host_network(name: str) -> bool:
        pod = created.one("DaemonSet", name).inputs["spec"]["template"]["spec"]
        return bool(pod.get("hostNetwork"))

    assert host_network("own-sensor-fluent-bit")
    assert not host_network("web-sensor-fluent-bit")


def test_fluent_bits_pods_roll_when_their_credentials_come_from_elsewhere() -> None:
    def credentials(permission: str) -> str:
        spec = deploy(eks(permission=permission)).one("DaemonSet", "web-sensor-fluent-bit").inputs["spec"]
        return spec["template"]["metadata"]["annotations"][CREDENTIALS_ANNOTATION]

    assert credentials("podIdentity") == "podIdentity"
    assert credentials("irsa").endswith(":web-shipping"), "the role that the pod is told"
    assert credentials("nodeRole") == "nodeRole"


def test_everything_is_in_its_own_cluster_after_the_namespace(created: Deployed) -> None:
    for cluster in ("web", "own"):
        (provider,) = (item for item in created.of("providers:kubernetes") if item.name == cluster)
        namespace = created.one("Namespace", f"{cluster}-sensor")
        inside = created.under(created.one("KubernetesSensor", f"{cluster}-sensor"))
        assert len(inside) == 9
        for item in inside:
            assert item.provider.startswith(provider.urn)
            assert item is namespace or namespace.urn in created.before(item)


def test_pods_come_after_their_service_account_and_files(created: Deployed) -> None:
    for name in ("falco", "fluent-bit"):
        before = created.before(created.one("DaemonSet", f"web-sensor-{name}"))
        assert created.one("ConfigMap", f"web-sensor-{name}").urn in before
        assert created.one("ServiceAccount", f"web-sensor-{name}").urn in before


def test_kubeconfig_and_context_are_those_of_the_stack_file() -> None:
    existing = {"kubeconfig": KUBECONFIG, "context": "k"}
    provider = deploy({"clusters": [{**OWN, "existing": existing}]}).one("providers:kubernetes", "own")
    assert provider.inputs["kubeconfig"] == KUBECONFIG
    assert provider.inputs["context"] == "k"
    assert provider.inputs["enableConfigMapMutable"] == "true"


def test_helm_installs_falco_and_fluent_bit_stays_ours() -> None:
    stack = deploy({**eks(), "falco": {"install": "helm", "version": "0.44.1"}})
    (chart,) = stack.of("Chart")
    assert chart.inputs["chart"] == "falco"
    assert chart.inputs["namespace"] == "falco"
    assert chart.inputs["version"]
    assert chart.inputs["repositoryOpts"] == {"repo": "https://falcosecurity.github.io/charts"}
    assert chart.inputs["values"]["image"]["tag"] == "0.44.1"
    assert [item.name for item in stack.of("DaemonSet")] == ["web-sensor-fluent-bit"]


def test_the_chart_can_come_from_a_mirror() -> None:
    def chart(repository: str) -> Mapping[str, object]:
        falco = {"install": "helm", "chartRepository": repository}
        return deploy({**eks(), "falco": falco}).one("Chart", "web-sensor-falco").inputs

    plain, oci = chart("https://charts.example.com:8443/falco"), chart("oci://registry.example.com/charts")
    assert (plain["chart"], plain["repositoryOpts"]) == ("falco", {"repo": "https://charts.example.com:8443/falco"})
    assert oci["chart"] == "oci://registry.example.com/charts/falco"
    assert "repositoryOpts" not in oci
    assert oci["version"] == plain["version"]
