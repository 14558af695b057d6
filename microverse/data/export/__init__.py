"""Writes what was kept in a form that others can use: folders, parquet, or a release without media."""

from __future__ import annotations
