"""The picture of a hub's dashboard shows what the sample day has in it, by what the expressions say."""

from tools.dashboard_picture import NODES, sample_day
from tools.hub_dashboard_picture import BANK, SHOP, draw


def test_each_widget_is_drawn_with_what_each_account_and_region_has() -> None:
    axes = {one.get_title(loc="left"): one for one in draw(sample_day()).axes}
    sensors = {str(line.get_label()): list(line.get_ydata()) for line in axes["Sensors heard in 15 minutes"].lines}
    assert {name: values[0] for name, values in sensors.items()} == {
        f"eu-west-1 {SHOP} apps": NODES["apps"],
        f"us-east-2 {SHOP} jobs": NODES["jobs"],
        f"ap-southeast-2 {BANK} edge": NODES["edge"],
    }
    (dropped,) = axes["Reports of dropped system calls"].collections
    assert dropped.get_label() == f"us-east-2 {SHOP} jobs"
    delivery = axes["Age of the oldest event that is not in the archive, seconds"].lines
    assert sorted(max(line.get_ydata()) > 3600 for line in delivery) == [False, False, True]
    assert len(axes["Newest events of priority Critical and graver, eu-west-1"].texts) == 40
    assert len(axes["Newest events of priority Critical and graver, us-east-2"].texts) == 0
    assert len(axes) == 13
