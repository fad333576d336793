"""Previews as a comment for a pull request. A pure function: results in, Markdown out."""

from fleet.comment.comment import LIMIT, MARKER, comment

__all__ = ["LIMIT", "MARKER", "comment"]
