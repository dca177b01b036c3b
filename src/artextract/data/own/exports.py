"""The tables that museums and tools give out, recognised by their columns, and what each column says of a work.

Names are compared without case, accents, spaces and punctuation (``text.squeeze``).
"""

from __future__ import annotations

from dataclasses import dataclass

# What a column can say of a work. "key" may be several columns: inventory numbers that a file may be named after.
FIELDS = (
    "file", "id", "title", "artist", "date", "year", "year_from", "year_to", "medium", "credit", "link", "rights",
    "open_access", "keywords", "key",
)  # fmt: skip


@dataclass(frozen=True)
class Export:
    """The table that a museum or a tool gives out, recognised by columns that only it has together."""

    name: str
    signature: tuple[str, ...]
    fields: dict[str, str]  # field to column
    keys: tuple[str, ...] = ()


EXPORTS = (
    Export(
        "The Met, open access CSV",
        ("Object ID", "Artist Display Name", "Object Begin Date", "Is Public Domain"),
        {
            "id": "Object ID", "title": "Title", "artist": "Artist Display Name", "date": "Object Date",
            "year_from": "Object Begin Date", "year_to": "Object End Date", "medium": "Medium",
            "credit": "Credit Line", "link": "Link Resource", "rights": "Rights and Reproduction",
            "open_access": "Is Public Domain", "keywords": "Tags",
        },
        ("Object Number",),
    ),
    Export(
        "The Met, collection API",
        ("objectID", "artistDisplayName", "objectBeginDate", "isPublicDomain"),
        {
            "id": "objectID", "title": "title", "artist": "artistDisplayName", "date": "objectDate",
            "year_from": "objectBeginDate", "year_to": "objectEndDate", "medium": "medium", "credit": "creditLine",
            "link": "objectURL", "rights": "rightsAndReproduction", "open_access": "isPublicDomain",
            "keywords": "tags.term",
        },
        ("accessionNumber", "primaryImage"),
    ),
    Export(
        "Rijksmuseum, collection CSV",
        ("objectInventoryNumber", "objectPersistentIdentifier", "objectTitle[1]"),
        {
            "id": "objectInventoryNumber", "title": "objectTitle[1]", "artist": "objectCreator[1]",
            "date": "objectCreationDate[1]", "link": "objectPersistentIdentifier",
        },
        ("objectImage",),
    ),
    Export(
        "Rijksmuseum, collection API",
        ("objectNumber", "principalOrFirstMaker", "longTitle"),
        {
            "id": "objectNumber", "title": "title", "artist": "principalOrFirstMaker", "date": "dating.presentingDate",
            "year": "dating.sortingDate", "year_from": "dating.yearEarly", "year_to": "dating.yearLate",
            "medium": "physicalMedium", "credit": "acquisition.creditLine", "link": "links.web",
            "open_access": "permitDownload", "keywords": "classification.iconClassDescription",
        },
        ("webImage.url",),
    ),
    Export(
        "SMK, collection API",
        ("object_number", "titles.title", "production.creator"),
        {
            "id": "object_number", "title": "titles.title", "artist": "production.creator",
            "date": "production_date.period", "year_from": "production_date.start", "year_to": "production_date.end",
            "medium": "techniques.technique", "credit": "credit_line", "link": "frontend_url", "rights": "rights",
            "open_access": "public_domain", "keywords": "content_subject",
        },
        ("id", "image_native", "image_iiif_id"),
    ),
    Export(
        "Art Institute of Chicago, API data",
        ("id", "main_reference_number", "artist_title"),
        {
            "id": "id", "title": "title", "artist": "artist_title", "date": "date_display", "year_from": "date_start",
            "year_to": "date_end", "medium": "medium_display", "credit": "credit_line", "rights": "copyright_notice",
            "open_access": "is_public_domain", "keywords": "term_titles",
        },
        ("image_id", "main_reference_number"),
    ),
    Export(
        "Art Institute of Chicago, API data",
        ("id", "artist_display", "date_display", "image_id"),
        {
            "id": "id", "title": "title", "artist": "artist_display", "date": "date_display", "year_from": "date_start",
            "year_to": "date_end", "medium": "medium_display", "credit": "credit_line", "rights": "copyright_notice",
            "open_access": "is_public_domain", "keywords": "term_titles",
        },
        ("image_id",),
    ),
    Export(
        "National Gallery of Art, open data",
        ("objectid", "accessionnum", "displaydate", "attribution"),
        {
            "id": "objectid", "title": "title", "artist": "attribution", "date": "displaydate",
            "year_from": "beginyear", "year_to": "endyear", "medium": "medium", "credit": "creditline",
        },
        ("accessionnum", "uuid"),
    ),
    Export(
        "MoMA, collection CSV",
        ("ConstituentID", "ArtistBio", "AccessionNumber", "ObjectID"),
        {
            "id": "ObjectID", "title": "Title", "artist": "Artist", "date": "Date", "medium": "Medium",
            "credit": "CreditLine", "link": "URL",
        },
        ("AccessionNumber", "ImageURL", "ThumbnailURL"),
    ),
    Export(
        "Tate, collection CSV",
        ("accession_number", "artistRole", "dateText", "thumbnailCopyright"),
        {
            "id": "id", "title": "title", "artist": "artist", "date": "dateText", "year": "year", "medium": "medium",
            "credit": "creditLine", "link": "url", "rights": "thumbnailCopyright",
        },
        ("accession_number", "thumbnailUrl"),
    ),
    Export(
        "Cleveland Museum of Art, open access",
        ("accession_number", "share_license_status", "creation_date"),
        {
            "id": "id", "title": "title", "artist": "creators.description", "date": "creation_date",
            "year_from": "creation_date_earliest", "year_to": "creation_date_latest", "medium": "technique",
            "credit": "creditline", "link": "url", "rights": "share_license_status",
        },
        ("accession_number",),
    ),
    Export(
        "Wikidata query",
        ("item", "itemLabel"),
        {
            "id": "item", "title": "itemLabel", "artist": "creatorLabel", "date": "inception",
            "medium": "materialLabel", "link": "item", "file": "image",
        },
        ("inv", "file", "pic"),
    ),
    Export("Hugging Face imagefolder", ("file_name",), {"file": "file_name"}),
)  # fmt: skip
