"""What goes from a stack file or a command into another language, held against that language's own reader.

The forms of `settings.types` let no quotation mark through; these tests fail where one of them is widened, or where a
value comes by another way.
"""

import json
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter
from sqlglot import expressions

from components.aws.location import AwsLocation, dashboard_link, ecs_link, eks_link, log_group_link
from falco_firelens.insight import dashboard, hub_dashboard
from falco_firelens.schemas import athena, redshift
from falco_firelens.settings import types

HOSTILE = ('a"b', "a\\b", "/x/(y)", "(sd-pam)", "a,b", "Schlüssel", "a'b", "a\nb", "a b", "x=%20#y?z&w", "a]b", "{$.x}")
ORDINARY = ("/falco/events", "Prod_1", "shop.log-1")
PLACE: AwsLocation = {
    "account": "111122223333",
    "region": "eu-west-1",
    "partition": "aws",
    "dns_suffix": "amazonaws.com",
}

LANGUAGES = (
    types.ClusterName,
    types.EksClusterName,
    types.LogGroupName,
    types.AccountId,
    types.RegionName,
    types.OrganizationId,
)
"""What is written as it is, between quotation marks, into searches, Insights queries and selection criteria."""


@pytest.mark.parametrize("form", LANGUAGES)
@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_written_between_quotation_marks_cannot_end_them(form: object, text: str) -> None:
    for value in (text, f"a{text}", f"/a{text}z", f"o-{text}"):
        with pytest.raises(ValueError, match="validation error"):
            TypeAdapter(form).validate_python(value)


@settings(max_examples=2 * settings.default.max_examples)
@given(
    st.from_regex(r"[0-9A-Za-z._/#-]{1,512}", fullmatch=True), st.from_regex(r"[a-z][a-z0-9-]{0,38}", fullmatch=True)
)
def test_names_stay_one_text_in_searches_and_queries(log_group: str, cluster: str) -> None:
    view = dashboard.View("eu-west-1", log_group, (cluster,), "Critical")
    arns = {"eu-west-1": [f"arn:aws:logs:eu-west-1:111122223333:log-group:{log_group}"]}
    hub = hub_dashboard.View("eu-west-1", log_group, "Critical", arns, "falco-s3")
    for body in (dashboard.body(view), hub_dashboard.body(hub)):
        for widget in json.loads(json.dumps(body))["widgets"]:
            query = widget["properties"].get("query")
            if query:
                assert re.match(r"SOURCE '([^']*)' \| ", query)[1].endswith(log_group)  # type: ignore[index]
            for line in widget["properties"].get("metrics", ()):
                for part in line:
                    expression = part.get("expression", "") if isinstance(part, dict) else ""
                    assert expression.count("'") % 2 == 0 and expression.count('"') % 2 == 0


@given(st.sampled_from((*HOSTILE, *ORDINARY)) | st.text(min_size=1, max_size=60).filter(lambda text: "\0" not in text))
def test_a_tables_name_is_one_identifier(name: str) -> None:
    (tree,) = sqlglot.parse(redshift.create_table(name), read="redshift")
    assert tree is not None and isinstance(tree, expressions.Create)
    (table,) = tree.find_all(expressions.Table)
    assert table.name == name and not table.db


@pytest.mark.parametrize("query", athena.QUERIES, ids=lambda query: query.name)
def test_a_query_over_a_table_is_one_statement(query: athena.NamedQuery) -> None:
    (tree,) = sqlglot.parse(query.of("falco_events"), read="athena")
    assert tree is not None
    assert "falco_events" in {table.name for table in tree.find_all(expressions.Table)}


@given(st.sampled_from((*HOSTILE, *ORDINARY)) | st.text(min_size=1, max_size=60))
def test_a_link_leads_to_the_thing_of_this_name(name: str) -> None:
    if not name.isprintable() or name.encode("utf-8", "replace").decode() != name:
        return
    group = urlsplit(log_group_link(PLACE, name))
    assert unquote(unquote(group.fragment.rpartition("/")[2].replace("$", "%"))) == name
    assert unquote(urlsplit(dashboard_link(PLACE, name)).fragment.rpartition("/")[2]) == name
    assert unquote(urlsplit(eks_link(PLACE, name)).fragment.rpartition("/")[2]) == name
    ecs = urlsplit(ecs_link(PLACE, name, name))
    assert list(map(unquote, ecs.path.split("/")[4::2][:2])) == [name, name]
    for link in (group, ecs):
        assert link.netloc == "eu-west-1.console.aws.amazon.com" and parse_qs(link.query) == {"region": ["eu-west-1"]}
