"""Which tokens the stand-in for aws-iam-authenticator takes to STS, and what it makes of the answer."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from localcloud.aws.eks_identity.token import TokenError, presigned_url
from localcloud.aws.eks_identity.webhook import caller_of

STS = "http://127.0.0.1:1234"
NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
QUERY = {
    "Action": "GetCallerIdentity",
    "Version": "2011-06-15",
    "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
    "X-Amz-Credential": "key/20261126/eu-west-1/sts/aws4_request",
    "X-Amz-Date": "20261126T115500Z",
    "X-Amz-Expires": "60",
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    "X-Amz-Signature": "0",
}


def token(endpoint: str = f"{STS}/", extra: str = "", **changes: str) -> str:
    names = {name.lower().replace("-", "_"): name for name in QUERY}
    query = {**QUERY, **{names[name]: value for name, value in changes.items()}}
    url = f"{endpoint}?{urlencode(query)}{extra}"
    return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def test_a_presigned_request_is_taken_out_of_its_token() -> None:
    assert presigned_url(token(), [STS], NOW) == f"{STS}/?{urlencode(QUERY)}"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Bearer x", "missing expected"),
        ("k8s-aws-v1.!", "unexpected endpoint|not base64url"),
        ("k8s-aws-v1." + "a" * 20000, "too large"),
        (token("http://127.0.0.1:4321/"), "unexpected endpoint"),
        (token("https://127.0.0.1:1234/"), "unexpected endpoint"),
        (token(f"{STS}/elsewhere"), "unexpected endpoint"),
        (token(action="AssumeRole"), "unexpected action"),
        (token(extra="&Action=AssumeRole"), "given twice"),
        (token(extra="&RoleArn=x"), "non-whitelisted query parameter 'rolearn'"),
        (token(x_amz_signedheaders="host"), "did not sign the x-k8s-aws-id"),
        (token(x_amz_expires="901"), "invalid X-Amz-Expires"),
        (token(x_amz_date="yesterday"), "error parsing X-Amz-Date"),
        (token(x_amz_date="20261126T114459Z"), "is expired"),
    ],
)
def test_anything_else_is_refused(given: str, said: str) -> None:
    with pytest.raises(TokenError, match=said):
        presigned_url(given, [STS], NOW)


def test_a_token_is_good_to_the_last_second() -> None:
    last = NOW - timedelta(minutes=15)
    assert presigned_url(token(x_amz_date=f"{last:%Y%m%dT%H%M%SZ}"), [STS], NOW)


def test_a_caller_is_found_by_the_role_that_it_assumed() -> None:
    caller = caller_of("arn:aws:sts::123456789012:assumed-role/answers/a@b", "123456789012", "AROA:a@b")
    assert (caller.principal, caller.session) == ("arn:aws:iam::123456789012:role/answers", "a@b")
    user = caller_of("arn:aws:iam::123456789012:user/team/eve", "123456789012", "AIDA")
    assert (user.principal, user.session) == ("arn:aws:iam::123456789012:user/eve", "")
    with pytest.raises(TokenError, match="neither a role nor a user"):
        caller_of("arn:aws:sts::123456789012:federated-user/eve", "123456789012", "x")
