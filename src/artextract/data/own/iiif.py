"""A IIIF manifest (Presentation API 2 or 3) as a sheet: one row per canvas, with the address of its image."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from artextract.core.errors import ArtExtractError
from artextract.data.tables.records import sheet_of_records
from artextract.data.tables.sheet import Sheet
from artextract.data.tables.text import clean

SIDE = 1600  # pixels of the longer side that are asked for
_FIELDS = {"title": "title", "id": "canvas", "link": "link", "rights": "rights", "credit": "credit", "file": "image"}
URL = "image"  # column with the image's address
FORM = "IIIF manifest"


def is_manifest(content: Any) -> bool:
    """Whether a JSON document is a IIIF manifest, or a collection of them."""
    return isinstance(content, dict) and _type(content) in ("Manifest", "Collection") and "@context" in content


def _type(thing: dict[str, Any]) -> str:
    return str(thing.get("type") or thing.get("@type", "")).rpartition(":")[2]


def _id(thing: Any) -> str:
    return str(thing.get("id") or thing.get("@id", "")) if isinstance(thing, dict) else str(thing or "")


def label(value: Any) -> str:
    """The text of a label in any form: plain, a list, by language, or with markup."""
    if isinstance(value, dict):
        if "@value" in value:
            value = value["@value"]
        else:
            value = value.get("en") or value.get("none") or next(iter(value.values()), "")
    if isinstance(value, list):
        return "; ".join(filter(None, map(label, value)))
    return clean(re.sub(r"</?(?:a|b|br|i|p|span|small|em|strong|img)\b[^>]*>", " ", str(value or "")))


def _things(value: Any) -> list[dict[str, Any]]:
    """The objects in a value that should be an object or a list of them."""
    return [thing for thing in (value if isinstance(value, list) else [value]) if isinstance(thing, dict)]


def _thing(value: Any) -> dict[str, Any]:
    """The first object in a value, an empty one where there is none."""
    return next(iter(_things(value)), {})


def _image(canvas: dict[str, Any]) -> dict[str, Any]:
    """The image that is painted on a canvas, of either version."""
    if canvas.get("images"):  # version 2
        return _thing(_thing(canvas["images"]).get("resource"))
    annotation = _thing(_thing(canvas.get("items")).get("items"))  # version 3: canvas > page > annotation > body
    body = _thing(annotation.get("body"))
    return _thing(body.get("items")) if _type(body) == "Choice" else body


def image_address(image: dict[str, Any]) -> str:
    """An address of the image with ``SIDE`` pixels where its server scales, else its own."""
    service = _id(_thing(image.get("service")))
    if service:
        return f"{service.rstrip('/')}/full/!{SIDE},{SIDE}/0/default.jpg"
    return _id(image)


def file_name(address: str) -> str:
    """What a local copy is called most likely: the identifier of the image, or the last part of its address."""
    scaled = re.search(r"/([^/]+)/(?:full|square|\d+,\d+,\d+,\d+)/[^/]+/[^/]+/[^/]+$", address)
    return unquote(scaled[1] if scaled else address.split("?")[0].rstrip("/").rpartition("/")[2])


def _canvases(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    in_sequences = [c for sequence in _things(manifest.get("sequences")) for c in _things(sequence.get("canvases"))]
    return in_sequences or _things(manifest.get("items"))


def _about(manifest: dict[str, Any]) -> dict[str, str]:
    """What a manifest says of all its canvases; its metadata keep their labels as columns."""
    said = {label(entry.get("label")): label(entry.get("value")) for entry in _things(manifest.get("metadata"))}
    page = manifest.get("homepage") or manifest.get("related")
    return said | {
        "link": _id(page[0] if isinstance(page, list) and page else page),
        "rights": label(manifest.get("rights") or manifest.get("license")),
        "credit": label(_thing(manifest.get("requiredStatement")).get("value") or manifest.get("attribution")),
    }


def sheet_of_manifest(manifest: dict[str, Any], where: str) -> Sheet:
    """One row per canvas: canvas, title, image, link, rights, credit, and the manifest's metadata.

    Args:
        manifest: The document.
        where: Its file, for messages.

    Raises:
        ArtExtractError: It is a collection, or no canvas has an image.
    """
    if _type(manifest) == "Collection":
        raise ArtExtractError(
            "is a IIIF collection, which only lists manifests", where=where, remedy="download one of its manifests"
        )
    canvases = _canvases(manifest)
    about, whole = _about(manifest), label(manifest.get("label"))
    records = []
    for canvas in canvases:
        own = label(canvas.get("label"))
        title = whole if len(canvases) == 1 or not own else ", ".join(filter(None, (whole, own)))
        canvas_id = "/".join(_id(canvas).rstrip("/").split("/")[-2:] if len(canvases) > 1 else [_id(manifest)])
        records.append(about | {"canvas": canvas_id, "title": title, URL: image_address(_image(canvas))})
    if not any(record[URL] for record in records):
        raise ArtExtractError("no canvas of the manifest has an image", where=where, remedy="choose another manifest")
    sheet = sheet_of_records(records, where)
    sheet.form = FORM
    sheet.fields = {field: column for field, column in _FIELDS.items() if column in sheet.cells}
    return sheet
