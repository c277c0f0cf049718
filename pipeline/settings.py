"""What the environment says: keys, addresses, the database. The only place that reads it."""

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from pipeline.models import Frozen

DEFAULT_DATABASE = Path("data/persona.db")


class Settings(Frozen):
    """A snapshot of the environment, passed to whoever needs it."""

    values: dict[str, SecretStr] = {}
    """Environment variables by name, all treated as secrets."""

    def get(self, variable: str | None) -> str | None:
        """The value of a variable that is not secret (an address); `None` when unset or blank."""
        secret = self.secret(variable)
        return secret.get_secret_value() if secret else None

    def secret(self, variable: str | None) -> SecretStr | None:
        """The value of a variable, wrapped so that printing it shows stars."""
        value = self.values.get(variable) if variable else None
        return value if value and value.get_secret_value().strip() else None

    def with_secrets(self, extra: Mapping[str, str]) -> "Settings":
        """The same settings with more variables (typed on a page, or from Streamlit's secrets)."""
        return Settings(values={**self.values, **{name: SecretStr(value) for name, value in extra.items()}})

    @property
    def database(self) -> Path:
        """The SQLite file: `PERSONA_DB`, else `data/persona.db` under the working directory."""
        return Path(self.get("PERSONA_DB") or DEFAULT_DATABASE)


def from_environment() -> Settings:
    """The settings of this process."""
    return Settings(values={name: SecretStr(value) for name, value in os.environ.items()})
