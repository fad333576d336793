import pytest

from localcloud.aws.server import REQUEST_ID, RequestIds


@pytest.mark.parametrize(
    ("headers", "expected"),
    [([("Server", "moto")], None), ([("x-amzn-requestid", "given")], "given")],
    ids=["none", "given"],
)
def test_every_answer_has_one_request_id(headers, expected):
    started = []

    def application(_environ, start_response):
        start_response("200 OK", headers)
        return [b"{}"]

    assert list(RequestIds(application)({}, lambda status, sent: started.append((status, sent)))) == [b"{}"]

    ((status, sent),) = started
    ids = [value for name, value in sent if name.lower() == REQUEST_ID.lower()]
    assert (status, len(ids)) == ("200 OK", 1)
    assert ids[0] == expected if expected else len(ids[0]) == 32
