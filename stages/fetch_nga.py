"""Reads a museum's open-data tables and fetches the images; writes shards and an index of paintings.

Reads: data/sources/nga.json (the record of the source that DVC has seen); the sample's package (nga.source = met),
    $ARTEXTRACT_NGA (folder), the National Gallery of Art's repository and image server or what stands in for them
    (opendata; nga.tables_base, nga.images_base), or the folder and the table that source.json names (own: a collection
    of the user's).
Writes: data/nga/ (shard-*.tar, index.parquet, alternates.csv: further views, listed and not fetched, missing.csv,
    unreadable.csv, left_out.csv: rows of the tables that are in no index, with what was found and what was wanted),
    metrics/fetch_nga.json (images_capped: published small, as the work is not in the public domain).
    With opendata also data/sources/nga_tables.json, which belongs into git: the SHA-256 of the commit's tables.
    With own also problems.csv (file, row, reason, remedy) and works.csv (the works as they were read).
Index: id, title, attribution, displaydate, medium, credit, link (its page at the museum), iiif (address at an image
    server, "" without), year, artist, artist_qualified, artist_name, themes, styles, keywords, schools, techniques,
    former_attributions (lists), assistivetext, parentid, series, portfolio (null where the museum's cell is empty),
    sibling_group, object_group (near-duplicates, sides of one object), group (both), open_access, shard, offset, size,
    sha256, phash, width, height, and label.<name> for each of nga.labels. With own also titled (False: the title is the
    file's name), rights, file, and extra.<name> for other columns.
"""

from functools import partial
from pathlib import Path

import stages  # noqa: F401
from artextract.core.fingerprint import code_of
from artextract.core.runtime import run_stage
from artextract.core.scratch import discard, scratch
from artextract.params.reading import load_params

OUT, METRICS = Path("data/nga"), Path("metrics/fetch_nga.json")
PROBLEMS, WORKS = Path("problems.csv"), Path("works.csv")
MET_PAGE = "https://www.metmuseum.org/art/collection/search/{id}"
NGA_PAGE = "https://purl.org/nga/collection/artobject/{id}"  # the museum's own lasting address of an object


def main() -> None:
    """Fetch the sample, a folder of the user's, or the museum's open data."""
    p = load_params("met", "nga")
    from artextract.data.museum.collect import collect
    from artextract.data.museum.download import download_tables, museum_getter
    from artextract.data.museum.fetch import Getter
    from artextract.data.outside.place import read_place
    from artextract.data.outside.record import museum, recorded
    from artextract.data.own import collect as own
    from artextract.data.sample.as_nga import write_nga
    from artextract.data.sample.met import read_works

    with recorded("nga", p.nga.source, p.nga.labels_file) as record:
        write = partial(collect, params=p.nga, out=OUT, metrics=METRICS, notes=record)
        match p.nga.source:
            case "met":
                with scratch("met_nga", p.met.model_dump(), code_of(write_nga.__module__)) as folder:
                    write_nga(read_works(p.met.sha256), folder)
                    write(folder, getter=Getter(root=folder), page=MET_PAGE)
                    discard(folder)
            case "folder":
                folder = museum()
                write(folder, getter=Getter(root=folder), page=NGA_PAGE)
            case "opendata":
                getter = museum_getter(p.nga)
                folder, tables = download_tables(p.nga, getter)
                write(folder, getter=getter, page=NGA_PAGE, notes={**record, "tables": tables})
            case "own":
                place = read_place()
                own.collect(place, p.nga, out=OUT, metrics=METRICS, notes=record, problems=PROBLEMS, works=WORKS)


if __name__ == "__main__":
    run_stage(main)
