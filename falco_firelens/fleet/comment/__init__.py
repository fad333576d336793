"""Previews as a comment for a pull request. A pure function: results in, Markdown out."""

from falco_firelens.fleet.comment.comment import LIMIT, MARKER, comment

__all__ = ["LIMIT", "MARKER", "comment"]
