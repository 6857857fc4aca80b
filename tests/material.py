"""The shared QTI material, where INVIGIL_QTI_DIR points: the public corpus and the schemas."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests import programs

SCHEMAS = {
    "http://www.imsglobal.org/xsd/imsqtiasi_v3p0": "imsqti_asiv3p0_sbacv1p0_v1p0.local.xsd",
    "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1": "imsqtiv3p0_imscpv1p2_v1p0.local.xsd",
    "http://www.imsglobal.org/xsd/imsqti_result_v3p0": "imsqti_resultv3p0_v1p0.local.xsd",
    "http://www.imsglobal.org/xsd/qti/qtiv3p0/imsafa3p0pnp_v1p0": (
        "imsqtiv3p0_afa3p0pnp_v1p0.local.xsd"
    ),
}
# The schema at hand is a profile of QTI 3's own, which allows any data attribute.
PROFILED = frozenset({"data-catalog-idref", "data-qti-suppress-tts", "data-ssml"})


def folder(*, elsewhere: str = "") -> Path:
    """The folder of the material; a test that has none is skipped, or fails with CI=true."""
    found = Path(os.environ.get("INVIGIL_QTI_DIR") or elsewhere or "nowhere")
    if not (found / "xsd").is_dir() or not (found / "corpus" / "public").is_dir():
        reason = "needs the shared QTI material: INVIGIL_QTI_DIR names no folder"
        pytest.fail(reason) if programs.required() else pytest.skip(reason)
    return found


def corpus() -> Path:
    return folder() / "corpus" / "public"


class _Lom(etree.Resolver):
    """LOM's schema lies in another folder than the one in which the others look for it."""

    def resolve(  # type: ignore[override]  # the stubs lack the context
        self, system_url: str, public_id: str, context: Any
    ) -> Any:
        name = Path(system_url).name
        if name.startswith("imsmd_loose"):
            here: Any = self
            return here.resolve_filename(str(folder() / "xsd" / "php-qti3" / name), context)
        return None


@cache
def _schema(path: Path) -> etree.XMLSchema:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Lom())
    return etree.XMLSchema(etree.parse(path, parser))


def errors(document: bytes) -> list[str]:
    """What the schema of a document's namespace finds wrong in it."""
    root = etree.fromstring(document, etree.XMLParser(no_network=True, huge_tree=True))
    name = SCHEMAS[str(etree.QName(root).namespace)]
    if "asiv3p0" in name:
        for element in root.iter(etree.Element):
            for key in [str(key) for key in element.attrib]:
                if key.startswith("data-") and key not in PROFILED:
                    del element.attrib[key]
    schema = _schema(folder() / "xsd" / "qtiv3p0" / name)
    schema.validate(etree.fromstring(etree.tostring(root)))
    log: Any = schema.error_log
    return [f"{found.line}: {found.message}" for found in log]
