"""The picture of the dashboard shows what the sample day has in it."""

from tools.dashboard_picture import NODES, draw, sample_day


def test_each_widget_is_drawn_with_what_the_day_has() -> None:
    axes = {one.get_title(loc="left"): one for one in draw(sample_day()).axes}
    sensors = {str(line.get_label()): list(line.get_ydata()) for line in axes["Sensors heard in 15 minutes"].lines}
    assert {name: values[0] for name, values in sensors.items()} == dict(NODES)
    assert (sensors["apps"][-1], sensors["edge"][-1]) == (NODES["apps"], 0)
    texts = [text.get_text().strip() for text in axes["Alarms"].texts]
    alarms = {name for on, name in zip(texts[::2], texts[1::2], strict=True) if on == "ALARM"}
    assert alarms == {"falco-prod-edge-silent", "falco-prod-edge-attention", "falco-prod-attention"}
    assert len(axes["Newest events of priority Critical and graver"].texts) == 40
    assert len(axes) == 8
