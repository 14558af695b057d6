"""How the site is built: ``make docs``. Pages are Markdown (MyST); references are generated from the code."""

from __future__ import annotations

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "MicroWorldBench"
author = "The MicroWorldBench developers"
copyright = f"2026, {author}"
release = version = installed("microworldbench")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "generated",
]
exclude_patterns = ["_build"]
smartquotes = False  # two hyphens begin an option
default_role = "code"  # docstrings put names between single backticks

html_theme = "furo"
html_title = "MicroWorldBench"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_copyright = False

myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 3
myst_links_external_new_tab = False

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False

nitpicky = False
