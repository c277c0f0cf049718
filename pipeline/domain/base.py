"""What every noun is made of: frozen models, scores from 0 to 1, whole micro-USD."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Score = Annotated[float, Field(ge=0, le=1)]
Micros = Annotated[int, Field(ge=0)]


class Frozen(BaseModel):
    """A value: immutable, without surprises, its field docstrings become schema and tooltips."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
