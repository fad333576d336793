"""The filter patterns that the tests evaluate are CloudWatch's."""

import pytest

from falco_firelens.contract import PRIORITIES
from falco_firelens.insight.metrics import filters
from falco_firelens.settings.stack import MOST_CLUSTERS
from localcloud.cloudwatch.filter_pattern import PatternError, matcher

MOST_FILTERS = 100
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutMetricFilter.html"""

EVENT = {"rule": "Shell", "priority": "Error", "n": 5, "cluster": {"name": "web"}, "a": {"b.c": 1}, "no": None}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ('{ $.rule = "Shell" }', True),
        ('{ $.rule = "shell" }', False),
        ("{ $.rule = Sh* }", True),
        ('{ $.rule != "Shell" }', False),
        ('{ $.cluster.name = "web" }', True),
        ('{ $.cluster.node = "*" }', False),
        ('{ $.no = "*" }', False),
        ('{ $.a.b.c = "*" }', False),
        ("{ $.cluster.node NOT EXISTS }", True),
        ("{ $.a.b.c NOT EXISTS }", True),
        ("{ $.no NOT EXISTS }", False),
        ('{ $.rule NOT EXISTS || $.rule != "x" }', True),
        ("{ $.n >= 5 }", True),
        ("{ $.n > 5 }", False),
        ("{ $.rule > 5 }", False),
        ('{ $.rule = "x" || $.n = 5 && $.priority = "Error" }', True),
        ('{ ($.rule = "x" || $.n = 5) && $.priority = "Notice" }', False),
    ],
)
def test_a_pattern_matches_as_documented(pattern: str, expected: bool) -> None:
    assert matcher(pattern)(EVENT) is expected


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "ERROR",
        "{ $.rule }",
        "{ $.rule = }",
        '{ $.rule = "a" } and more',
        '{ $.rule = "a" && }',
        "{ $.output_fields['scap.n_drops_perc'] > 5 }",
        "{ $.output_fields.['scap.n_drops_perc'] > 5 }",
        '{ $."scap.n_drops_perc" > 5 }',
        "{ $.n > five }",
        "{ $.n EXISTS }",
        "{ $.n NOT }",
    ],
)
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(PatternError):
        matcher(pattern)


def test_the_metric_filters_keep_to_aws_limits() -> None:
    made = filters([f"{number:a>40}" for number in range(MOST_CLUSTERS)], PRIORITIES)
    assert 50 <= len(made) <= MOST_FILTERS
    assert len({each.name for each in made}) == len(made)
    for each in made:
        assert matcher(each.pattern)
        assert len(each.pattern) <= 1024
        assert 1 <= len(each.dimensions) <= 3
