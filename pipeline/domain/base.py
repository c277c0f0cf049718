"""Building blocks of all data models: frozen pydantic models, scores from 0 to 1, integer micro-USD."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Score = Annotated[float, Field(ge=0, le=1)]
Micros = Annotated[int, Field(ge=0)]


class Frozen(BaseModel):
    """Base class of immutable models; unknown fields are refused, field docstrings become schema and tooltips."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
