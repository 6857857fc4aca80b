"""What the frame of a portable custom interaction is told, as one JSON text."""

import json
from typing import Any

from assembly import rendering_controls as controls
from assembly import rendering_options as shared
from assembly.qti import interactions_portable, values
from assembly.qti.interactions_portable import PortableCustom
from assembly.qti.values import Cardinality
from assembly.rendering_nodes import Frames, Writer
from assembly.rendering_options import Facts

HEIGHT = 360


def facts(writer: Writer, interaction: PortableCustom) -> Facts:
    frames = writer.context.frames
    return {
        "values": shared.held(writer, interaction),
        "page": frames.page if frames else "",
        "setup": json.dumps(_setup(writer, interaction, frames)) if frames else "",
        "height": HEIGHT,
        "state": _state(writer, interaction),
        "state_name": controls.name(interaction.response_identifier, controls.STATE),
    }


def _state(writer: Writer, interaction: PortableCustom) -> str:
    """What the module keeps for itself between two visits, as its own text."""
    name = interactions_portable.state_of(interaction.response_identifier)
    kept = writer.context.responses.get(name)
    return kept if isinstance(kept, str) else ""


def _setup(writer: Writer, interaction: PortableCustom, frames: Frames) -> dict[str, Any]:
    context = writer.context
    base_type, cardinality = context.shapes.get(
        interaction.response_identifier, (None, Cardinality.SINGLE)
    )
    return {
        "typeIdentifier": interaction.type_identifier,
        "module": interaction.module,
        "modules": {
            each.identifier: [frames.file_url(address) for address in each.addresses]
            for each in interaction.modules
        },
        "configurations": [frames.file_url(address) for address in interaction.configurations],
        "stylesheets": [frames.file_url(address) for address in interaction.stylesheets],
        "base": frames.base,
        "markup": interaction.markup,
        "properties": dict(interaction.properties),
        "templateVariables": {n: values.raw(v) for n, v in context.templates.items()},
        "responseIdentifier": interaction.response_identifier,
        "baseType": base_type.value if base_type else "string",
        "cardinality": cardinality.value,
        "values": shared.held(writer, interaction),
        "disabled": context.disabled,
    }
