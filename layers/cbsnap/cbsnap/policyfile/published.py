"""The file's JSON Schema, for editors."""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from cbsnap.policyfile.schema import PolicyFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Published(GenerateJsonSchema):
    """Without titles that repeat the key, and without null: a default, but nothing that can be written."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 the parent's signature
        """Say no: the key is title enough."""
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Publish what can be written."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Leave out a default of null."""
        published = super().default_schema(schema)
        if published.get("default", ...) is None:
            del published["default"]
        return published


def json_schema() -> dict[str, Any]:
    """Return the file's JSON Schema, for editors."""
    return {"$schema": _DIALECT, **PolicyFile.model_json_schema(schema_generator=Published)}
