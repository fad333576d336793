"""What things of Redshift may be called, so that every statement that names them means them."""

from typing import Annotated

from pydantic import AfterValidator

from falco_firelens.settings.validation.errors import mistake
from falco_firelens.settings.validation.matching import Matching

_WORDS = """
    aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64 backup between
    binary blanksasnull both bytedict bzip2 case cast check collate column constraint create credentials cross
    current_date current_time current_timestamp current_user current_user_id default deferrable deflate defrag
    delta delta32k desc disable distinct do else emptyasnull enable encode encrypt encryption end except
    explicit false for foreign freeze from full globaldict256 globaldict64k grant group gzip having identity
    ignore ilike in initially inner intersect interval into is isnull join leading left like limit localtime
    localtimestamp lun luns lzo lzop minus mostly16 mostly32 mostly8 natural new not notnull null nulls off
    offline offset oid old on only open or order outer overlaps parallel partition percent permissions pivot
    placing primary raw readratio recover references rejectlog resort respect restore right select session_user
    similar snapshot some sysdate system table tag tdes text255 text32k then timestamp to top trailing true
    truncatecolumns type union unique unnest unpivot user using verbose wallet when where with without
"""

RESERVED = frozenset(_WORDS.split())
"""Words that are no names without quotation marks: https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html"""


def _unquoted(name: str) -> str:
    if name in RESERVED:
        raise mistake("a name that is no word of SQL: Firehose's COPY names the table without quotation marks")
    return name


TableName = Annotated[
    str,
    Matching(r"[a-z_][a-z0-9_]{0,126}", "1 to 127 lower-case letters, digits and _, not beginning with a digit"),
    AfterValidator(_unquoted),
]
"""Firehose writes the COPY statement out of the name as it stands, so nothing may need quotation marks there.

https://docs.aws.amazon.com/firehose/latest/APIReference/API_CopyCommand.html
https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
"""

DatabaseName = Annotated[
    str, Matching(r"[a-z][a-z0-9_-]{0,62}", "1 to 63 lower-case letters, digits, _ and -, beginning with a letter")
]
"""No statement names it: it is the database of a connection.

https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_CreateNamespace.html
"""

WorkgroupName = Annotated[
    str, Matching(r"[a-z0-9-]{3,63}", "a workgroup's name, 3 to 63 lower-case letters, digits and hyphens")
]
"""https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_ExecuteStatement.html"""

ClusterIdentifier = Annotated[
    str,
    Matching(
        r"(?=.{1,63}$)[a-z][a-z0-9]*(-[a-z0-9]+)*",
        "a cluster's identifier, 1 to 63 lower-case letters, digits and single hyphens, beginning with a letter",
    ),
]
"""https://docs.aws.amazon.com/redshift-data/latest/APIReference/API_ExecuteStatement.html"""

JDBC_URL = Matching(
    r"(?=.{1,512}$)jdbc:(redshift|postgresql)://([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+redshift(-serverless)?"
    r"\.[A-Za-z0-9.-]+:[0-9]{1,5}/[A-Za-z0-9_$-]+",
    "the URL of a database by AWS's own name for its host, such as "
    "jdbc:redshift://NAME.ID.REGION.redshift.amazonaws.com:5439/DATABASE, without user and password",
    shown=False,
)
"""Firehose takes no IP address and no custom domain name: https://docs.aws.amazon.com/firehose/latest/APIReference/API_RedshiftDestinationConfiguration.html"""

JdbcUrl = Annotated[str, JDBC_URL]
