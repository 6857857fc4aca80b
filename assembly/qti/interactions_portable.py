"""Portable custom interactions: a package's own script, shown only inside a sealed frame."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from assembly.qti.body import Interaction

STATE_LIMIT = 60_000


def state_of(response: str) -> str:
    """The name under which an interaction's own state is saved beside its response.

    Identifiers never hold a colon, so no response is called like that.
    """
    return f"{response}:state"


@dataclass(frozen=True, slots=True)
class ModuleFile:
    """A script by its name, with the addresses to try in turn."""

    identifier: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortableCustom(Interaction):
    """``markup`` is the package's HTML as written: it must never enter a page of ours.

    ``configurations`` are files that say where modules lie; ``properties`` the data- attributes.
    """

    name: ClassVar[str] = "portable_custom_interaction"
    type_identifier: str
    module: str
    modules: tuple[ModuleFile, ...] = ()
    configurations: tuple[str, ...] = ()
    markup: str = ""
    properties: Mapping[str, str]
    stylesheets: tuple[str, ...] = ()
