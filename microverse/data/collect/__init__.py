"""Finds openly licensed videos through the YouTube Data API. Metadata only: nothing is downloaded.

The API's terms forbid downloading, and ask that its data be refreshed or dropped after 30 days. Users bring the files;
statistics carry the time they were fetched and stay out of releases.
"""

from __future__ import annotations
