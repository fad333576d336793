"""The calculator reckons what docs/cost.md says, and what a person would on paper."""

from pathlib import Path
from typing import Any

import pytest

from falco_firelens.cli import main
from falco_firelens.cost.estimate import RESPONSE_GIB, Load, estimate
from falco_firelens.cost.tables import PLAYBOOK, WORKGROUP, tables
from falco_firelens.settings import load
from tests.unit.components.cloud import deploy
from tests.unit.components.stacks import EKS, OWN
from tests.unit.components.test_deployment import RESPONDING

PROJECT = Path(__file__).parents[3]


def bill(events: dict[str, Any], load_: Load) -> dict[str, float]:
    settings = load({"clusters": [EKS], "events": events}, file="", root=PROJECT)
    return {f"{line.destination}: {line.item}": line.dollars for line in estimate(settings, load_)}


def test_the_page_has_the_tables_of_the_calculator() -> None:
    page = (PROJECT / "docs" / "cost.md").read_text()
    assert tables() in page, "run: falco-firelens cost --tables"


def test_ingestion_is_bytes_times_price() -> None:
    """100,000 events a day of 1,226 bytes and 96 heartbeats of 4,122 bytes, thirty days, at half a dollar a GiB."""
    sent = (100_000 * 1226 + 96 * 4122) * 30 / 2**30
    assert bill({}, Load(1, 100_000))["log group: ingestion"] == pytest.approx(sent * 0.5)


def test_firehose_counts_every_record_as_five_kibibytes() -> None:
    lines = bill({"destinations": {"s3": {"format": "json"}}}, Load(1, 100_000))
    assert lines["s3: Firehose"] == pytest.approx((100_000 + 96) * 30 * 5120 / 2**30 * 0.029)


def test_parquet_costs_the_conversion() -> None:
    loads = Load(10, 1000)
    as_json = bill({"destinations": {"s3": {"format": "json"}}}, loads)["s3: Firehose"]
    assert bill({"destinations": {"s3": {}}}, loads)["s3: Firehose"] == pytest.approx(as_json * 0.047 / 0.029)


def test_what_is_kept_for_longer_costs_more_and_what_is_given_costs_nothing() -> None:
    loads = Load(10, 1000)
    short = bill({"retentionDays": 30}, loads)["log group: storage, 30 days"]
    assert bill({"retentionDays": 90}, loads)["log group: storage, 90 days"] == pytest.approx(short * 3)
    bucket = bill({"destinations": {"s3": {"bucketArn": "arn:aws:s3:::hub-events"}}}, loads)
    assert [item for item in bucket if item.startswith("s3: ")] == ["s3: Firehose", "s3: requests"]


def test_a_response_costs_its_waiting_and_each_event_that_it_reads() -> None:
    """A million events of 0.1 s on half a GiB are 50,000 GiB-seconds and a million requests."""
    given = {"clusters": [EKS, OWN], "response": {"playbooks": [PLAYBOOK], "webhooks": [{"url": "https://x.example"}]}}
    lines = estimate(load(given, file="", root=PROJECT), Load(1, 1_000_000 / 30))
    bill = {line.item: line.dollars for line in lines if line.destination == "response"}
    assert bill["function"] == pytest.approx(50_000 * 0.0000133334 + 0.20)
    assert bill["2 secrets"] == pytest.approx(0.80)
    stack = deploy(RESPONDING)
    alarms = [item for item in stack.of("MetricAlarm") if item.name.startswith("response")]
    assert f"{len(alarms)} alarms" in bill
    assert stack.one("lambda/function:Function", "response").inputs["memorySize"] == RESPONSE_GIB * 1024


def test_redshift_is_awake_for_a_minute_at_each_copy_and_never_longer_than_a_month() -> None:
    item = "redshift: waking for each COPY, 8 RPUs"
    destinations = {"destinations": {"redshift": {"existing": WORKGROUP}}}
    assert bill(destinations, Load(10, 10))[item] == pytest.approx(30 * 288 / 60 * 8 * 0.375)
    assert bill(destinations, Load(100, 10**7))[item] == pytest.approx(730 * 8 * 0.375)


def test_the_command_prints_the_bill_of_a_stack_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", str(PROJECT / "Pulumi.dev.yaml"), "--nodes", "40", "--events-per-node-day", "1000"]) == 0
    rows = capsys.readouterr().out.splitlines()
    amounts = [float(row.split()[-1].replace(",", "")) for row in rows[:-1]]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], abs=0.05)


def test_a_stack_file_that_cannot_be_used_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "Pulumi.bad.yaml"
    file.write_text("config: {}")
    assert main(["cost", str(file)]) == 1
    assert "Pulumi.bad.yaml: clusters: found nothing" in capsys.readouterr().err


def test_a_spoke_pays_for_its_stream_and_not_for_what_its_hub_keeps() -> None:
    def lines(**values: Any) -> dict[str, float]:
        settings = load({"clusters": [EKS], **values}, file="", root=PROJECT)
        return {f"{line.destination}: {line.item}": line.dollars for line in estimate(settings, Load(10, 1000))}

    own = lines(events={"destinations": {"s3": {}}})
    spoke = lines(spoke={"hub": "acme/falco-firelens/hub"})
    assert set(own) - set(spoke) == {"s3: storage, 7 years", "s3: moves to infrequent access"}
    assert all(own[item] == dollars for item, dollars in spoke.items())
    by_subscription = lines(spoke={"hub": "acme/falco-firelens/hub", "delivery": "subscription"})
    assert not any(item.startswith("s3") for item in by_subscription)


def test_a_hub_without_clusters_has_no_events_to_pay_for() -> None:
    spokes = {"spokes": [{"account": "111111111111", "regions": ["eu-west-1"]}]}
    assert estimate(load({"hub": spokes}, file="", root=PROJECT), Load(10, 1000)) == ()
