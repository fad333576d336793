"""One sample of every type that the aws stand-in emulates: its inputs, and a change that is made in place."""

from collections.abc import Mapping

from tests.local.aws_samples.answering import ANSWERING
from tests.local.aws_samples.clusters import CLUSTERS, IDENTITY
from tests.local.aws_samples.network import NETWORK
from tests.local.aws_samples.sample import Sample
from tests.local.aws_samples.storing import STORING
from tests.local.aws_samples.watching import WATCHING

SAMPLES: Mapping[str, Sample] = {**NETWORK, **IDENTITY, **CLUSTERS, **WATCHING, **STORING, **ANSWERING}
