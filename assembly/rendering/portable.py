"""What the frame of a portable custom interaction is told, as one JSON text."""

import json
from base64 import urlsafe_b64encode
from typing import Any

from assembly.qti import interactions_portable, values
from assembly.qti.interactions_portable import PortableCustom
from assembly.qti.values import Cardinality
from assembly.rendering import controls, rest
from assembly.rendering import options as shared
from assembly.rendering.nodes import Frames, Writer
from assembly.rendering.options import Facts

HEIGHT = 360


def facts(writer: Writer, interaction: PortableCustom) -> Facts:
    frames = writer.context.frames
    setup = _setup(writer, interaction, frames) if frames else {}
    state = _state(writer, interaction)
    told: Facts = {
        "values": shared.held(writer, interaction),
        "page": frames.page if frames else "",
        "setup": json.dumps(setup) if frames else "",
        "height": HEIGHT,
        "state": state,
        "state_name": controls.name(interaction.response_identifier, controls.STATE),
        "at_rest": frames is not None and frames.at_rest,
    }
    if frames is not None and frames.at_rest:
        carried = json.dumps(setup | {"state": state or None}).encode()
        told["page"] = f"{frames.page}#{urlsafe_b64encode(carried).decode()}"
        told |= _in_words(writer, interaction, state)
    return told


def _in_words(writer: Writer, interaction: PortableCustom, state: str) -> Facts:
    """What was delivered and what is held, for somebody who cannot or will not run the module."""
    return {
        "module": interaction.module,
        "type_identifier": interaction.type_identifier,
        "properties": sorted(interaction.properties.items()),
        "still": rest.markup(writer, interaction.markup),
        "state_shown": _readable(state),
    }


def _readable(state: str) -> str:
    """A state that is JSON, one value a line; any other as it is."""
    try:
        return json.dumps(json.loads(state), indent=1, ensure_ascii=False)
    except (ValueError, RecursionError):
        return state


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
