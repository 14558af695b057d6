"""References made from the code: directives for stored records and measurements, and the JSON Schemas as files.

``{record} microworldbench.results.Verdict`` becomes a table of the record's fields and of the records in them;
``{measurements}`` becomes one of the measurements. Every record shown gets ``schemas/<Name>.json`` beside the pages.
"""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

from docutils import nodes
from pydantic import BaseModel
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class RecordDirective(SphinxDirective):
    """``{record} module.Class``: its fields, and those of the records it is made of that the page has not shown."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """The table, and a link to the schema."""
        module, _, name = self.arguments[0].rpartition(".")
        record: type[BaseModel] = getattr(import_module(module), name)
        schema = schema_of(record)
        self.env.metadata.setdefault("schemas", {})[name] = schema
        shown: set[str] = self.env.temp_data.setdefault("records shown", set())
        link = f"{'../' * self.env.docname.count('/')}schemas/{name}.json"
        lines = [*table(schema), "", f'JSON Schema: <a class="reference external" href="{link}">{name}.json</a>', ""]
        shown.add(name)
        for part, definition in schema.get("$defs", {}).items():
            if part not in shown:
                shown.add(part)
                lines += definition_lines(part, definition)
        return self.parse_text_to_nodes("\n".join(lines))


class MeasurementsDirective(SphinxDirective):
    """``{measurements}``: what the measured judge can measure."""

    def run(self) -> list[nodes.Node]:
        """The table."""
        from microworldbench.measure.registry import MEASUREMENTS

        rows = ["| measurement | what it decides | parameters |", "| --- | --- | --- |"]
        for name, spec in sorted(MEASUREMENTS.items()):
            parameters = ", ".join(f"`{p}`" for p in spec.params.model_fields)
            rows.append(f"| `{name}` | {cell(spec.summary)} | {parameters} |")
        return self.parse_text_to_nodes("\n".join(rows))


def schema_of(record: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of the record as it is stored."""
    return {"$schema": DIALECT, **record.model_json_schema(by_alias=True, mode="serialization")}


def definition_lines(name: str, definition: dict[str, Any]) -> list[str]:
    """One part of a record: a record of its own, or the words it may hold."""
    summary = definition.get("description", "")
    if "enum" in definition:
        return [f"**{name}**: {summary} " + ", ".join(f"`{value}`" for value in definition["enum"]), ""]
    return [f"**{name}**: {summary}", "", *table(definition), ""]


def table(schema: dict[str, Any]) -> list[str]:
    """Fields, types and meanings as a table of Markdown."""
    lines = ["| field | type | meaning |", "| --- | --- | --- |"]
    required = set(schema.get("required", ()))
    for field, about in schema.get("properties", {}).items():
        meaning = cell(about.get("description", ""))
        if "default" in about and field not in required:
            meaning = f"{meaning} Default: `{json.dumps(about['default'])}`.".strip()
        lines.append(f"| `{field}` | {cell(type_of(about))} | {meaning} |")
    return lines


def type_of(about: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in about:
        return about["$ref"].rpartition("/")[2]
    if "const" in about:
        return f"`{json.dumps(about['const'])}`"
    if "enum" in about:
        return ", ".join(f"`{json.dumps(value)}`" for value in about["enum"])
    if "anyOf" in about or "oneOf" in about:
        return " or ".join(dict.fromkeys(type_of(part) for part in about.get("anyOf") or about["oneOf"]))
    match about.get("type"):
        case "array" if "prefixItems" in about:
            return f"[{', '.join(type_of(part) for part in about['prefixItems'])}]"
        case "array":
            return f"list of {type_of(about.get('items', {}))}"
        case "object" if isinstance(about.get("additionalProperties"), dict):
            return f"object of {type_of(about['additionalProperties'])}"
        case str(simple):
            return simple
        case _:
            return "any JSON"


def cell(text: str) -> str:
    """Text for one cell: reStructuredText's double backticks as Markdown's, bars escaped, one line."""
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


def write_schemas(app: Sphinx, error: Exception | None) -> None:
    """Writes the schema of every record that was shown beside the pages."""
    if error is None and app.builder.format == "html":
        folder = Path(app.outdir) / "schemas"
        folder.mkdir(exist_ok=True)
        for name, schema in app.env.metadata.get("schemas", {}).items():
            (folder / f"{name}.json").write_text(json.dumps(schema, indent=2) + "\n", encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Registers the directives."""
    app.add_directive("record", RecordDirective)
    app.add_directive("measurements", MeasurementsDirective)
    app.connect("build-finished", write_schemas)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
