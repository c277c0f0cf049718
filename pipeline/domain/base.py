"""Building blocks of all data models: frozen pydantic models, scores from 0 to 1, integer micro-USD."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic_core import CoreSchema

Score = Annotated[float, Field(ge=0, le=1)]
Micros = Annotated[int, Field(ge=0)]


_COLLECTIONS = ("list", "tuple", "set", "frozenset", "dict")


def _stop_early(schema: object) -> None:
    """Have every collection in a schema stop at its first error."""
    if isinstance(schema, dict):
        if schema.get("type") in _COLLECTIONS:
            schema["fail_fast"] = True
        for part in schema.values():
            _stop_early(part)
    elif isinstance(schema, list):
        for part in schema:
            _stop_early(part)


class Frozen(BaseModel):
    """Base class of immutable models; unknown fields are refused, field docstrings become schema and tooltips."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        """The usual schema, with collections that stop at their first error.

        An error takes ten times the memory of the item that it is about, so the length of a list of
        wrong items would decide how much.
        """
        schema = handler(source)
        _stop_early(schema)
        return schema
