"""Tables as museums give them out: the columns are theirs, the cells are invented."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from artextract.data.own.read import Own, read_own
from tests.conftest import test_data as data_folder
from tests.unit.data.own.own_toys import folder_of, table_of

MET = (
    "Object Number,Is Highlight,Is Timeline Work,Is Public Domain,Object ID,Gallery Number,Department,AccessionYear,"
    "Object Name,Title,Culture,Period,Dynasty,Reign,Portfolio,Constituent ID,Artist Role,Artist Prefix,"
    "Artist Display Name,Artist Display Bio,Artist Suffix,Artist Alpha Sort,Artist Nationality,Artist Begin Date,"
    "Artist End Date,Artist Gender,Artist ULAN URL,Artist Wikidata URL,Object Date,Object Begin Date,Object End Date,"
    "Medium,Dimensions,Credit Line,Geography Type,City,State,County,Country,Region,Subregion,Locale,Locus,Excavation,"
    "River,Classification,Rights and Reproduction,Link Resource,Object Wikidata URL,Metadata Date,Repository,Tags,"
    "Tags AAT URL,Tags Wikidata URL"
)
NGA = (
    "objectid,accessioned,accessionnum,locationid,title,displaydate,beginyear,endyear,visualbrowsertimespan,medium,"
    "dimensions,inscription,markings,attributioninverted,attribution,provenancetext,creditline,classification,"
    "subclassification,visualbrowserclassification,parentid,isvirtual,departmentabbr,portfolio,series,volume,"
    "watermarks,lastdetectedmodification,wikidataid,customprinturl"
)
RIJKS = (
    "objectInventoryNumber,objectPersistentIdentifier,objectTitle[1],objectType[1],objectCreator[1],"
    "objectCreationDate[1],objectImage"
)
TATE = (
    "id,accession_number,artist,artistRole,artistId,title,dateText,medium,creditLine,year,acquisitionYear,dimensions,"
    "width,height,depth,units,inscription,thumbnailCopyright,thumbnailUrl,url"
)
MOMA = (
    "Title,Artist,ConstituentID,ArtistBio,Nationality,BeginDate,EndDate,Gender,Date,Medium,Dimensions,CreditLine,"
    "AccessionNumber,Classification,Department,DateAcquired,Cataloged,ObjectID,URL,ImageURL,OnView,Circumference (cm),"
    "Depth (cm),Diameter (cm),Height (cm),Length (cm),Weight (kg),Width (cm),Seat Height (cm),Duration (sec.)"
)
AIC = "id,title,main_reference_number,department_title,artist_title"


def csv_of(header: str, *rows: dict[str, str]) -> str:
    """A table with a real header and the cells that a test sets."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, next(csv.reader([header])), restval="")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def read(root: Path, header: str, row: dict[str, str], file: str) -> Own:
    return read_own(folder_of(root, file), table_of(root, csv_of(header, row)))


def said(own: Own) -> dict[str, object]:
    assert len(own.works) == 1
    work = own.works.iloc[0]
    return {name: work[name] for name in ("id", "title", "artist", "year", "medium", "credit", "link", "open_access")}


def test_met(tmp_path: Path):
    row = {
        "Object Number": "08.1.2", "Is Public Domain": "True", "Object ID": "4711", "Title": "A Harbour",
        "Tags": "Ships|Sea",
        "Artist Display Name": "Jan Ypsilon|Pieter Zet", "Object Date": "ca. 1650–60", "Object Begin Date": "1650",
        "Object End Date": "1660", "Medium": "Oil on canvas", "Credit Line": "Gift of N. N., 1908",
        "Link Resource": "http://www.metmuseum.org/art/collection/search/4711", "Department": "European Paintings",
        "Artist Nationality": "Dutch",
    }  # fmt: skip
    own = read(tmp_path, MET, row, "4711.jpg")
    assert own.form == "The Met, open access CSV"
    assert said(own) == {
        "id": "4711", "title": "A Harbour", "artist": "Jan Ypsilon; Pieter Zet", "year": 1655,
        "medium": "Oil on canvas", "credit": "Gift of N. N., 1908", "link": "https://www.metmuseum.org/art/collection/search/4711",
        "open_access": True,
    }  # fmt: skip
    assert own.works["keywords"][0] == ["Ships", "Sea"]
    assert own.works["extra.Department"][0] == "European Paintings" and own.works["extra.Object Number"][0] == "08.1.2"


@pytest.mark.parametrize("file", ["08.1.2.jpg", "met_08_1_2_front.jpg", "DP-4711-a.jpg"])
def test_met_pictures_named_after_either_number(tmp_path: Path, file: str):
    row = {"Object Number": "08.1.2", "Object ID": "4711", "Title": "A", "Is Public Domain": "False"}
    own = read(tmp_path, MET, row, file)
    assert own.works["file"].tolist() == [file] and not own.works["open_access"].any()


def test_national_gallery_of_art(tmp_path: Path):
    row = {
        "objectid": "99", "accessionnum": "1937.1.1", "title": "NA", "displaydate": "c. 1310", "beginyear": "1310",
        "endyear": "1310", "medium": "tempera", "attribution": "Sienese 14th Century", "creditline": "Mellon",
    }  # fmt: skip
    own = read(tmp_path, NGA, row, "1937.1.1.jpg")
    assert own.form.startswith("National Gallery of Art")
    assert said(own) == {
        "id": "99", "title": "NA", "artist": "", "year": 1310, "medium": "tempera", "credit": "Mellon", "link": "",
        "open_access": True,
    }  # fmt: skip


def test_rijksmuseum_csv(tmp_path: Path):
    row = {
        "objectInventoryNumber": "SK-A-0", "objectTitle[1]": "Gezicht op zee", "objectCreator[1]": "Zet, Pieter",
        "objectPersistentIdentifier": "http://hdl.handle.net/10934/RM0001.COLLECT.0", "objectCreationDate[1]": "1640",
        "objectType[1]": "schilderij", "objectImage": "https://lh3.googleusercontent.com/abc",
    }  # fmt: skip
    own = read(tmp_path, RIJKS, row, "sk-a-0.jpg")
    assert said(own) == {
        "id": "SK-A-0", "title": "Gezicht op zee", "artist": "Zet, Pieter", "year": 1640, "medium": "", "credit": "",
        "link": "https://hdl.handle.net/10934/RM0001.COLLECT.0", "open_access": True,
    }  # fmt: skip
    assert own.works["extra.objectType[1]"][0] == "schilderij"


def test_rijksmuseum_api(tmp_path: Path):
    answer = {
        "elapsedMilliseconds": 0, "count": 1, "artObjects": [{
            "links": {"self": "https://x.nl/api/SK-A-0", "web": "https://x.nl/collection/SK-A-0"}, "id": "en-SK-A-0",
            "objectNumber": "SK-A-0", "title": "A View", "hasImage": True, "principalOrFirstMaker": "anonymous",
            "longTitle": "A View, anonymous, c. 1640", "webImage": {"url": "https://lh3.ggpht.com/x", "width": 9},
            "productionPlaces": ["Delft", "Leiden"],
        }],
    }  # fmt: skip
    own = read_own(folder_of(tmp_path, "SK-A-0.jpg"), table_of(tmp_path, json.dumps(answer), "answer.json"))
    assert own.form == "Rijksmuseum, collection API"
    assert said(own)["link"] == "https://x.nl/collection/SK-A-0" and said(own)["artist"] == ""
    assert own.works["extra.productionPlaces"][0] == "Delft; Leiden"


def test_smk_api(tmp_path: Path):
    answer = {
        "offset": 0, "rows": 10, "found": 1, "items": [{
            "id": "1180000006_object", "object_number": "KKSgb0", "number_of_parts": 1, "on_display": False,
            "titles": [{"title": "En mand", "language": "da-DK"}, {"translation": "A Man", "language": "en-US"}],
            "production": [{"creator": "Zet, Nicolai", "creator_nationality": "dansk"}],
            "production_date": [{"start": "1798-01-01T00:00:00.000Z", "end": "1801-12-31T00:00:00.000Z",
                                 "period": "Ca. 1800"}],
            "techniques": [{"technique": "Blyant"}], "object_names": [{"name": "tegning"}], "public_domain": True,
            "rights": "https://creativecommons.org/share-your-work/public-domain/cc0/", "has_image": True,
            "image_native": "https://iip.smk.dk/iiif/jp2/KKSgb0.tif.jp2/full/full/0/native.jpg",
        }],
    }  # fmt: skip
    own = read_own(folder_of(tmp_path, "kksgb0.tif.jpg"), table_of(tmp_path, json.dumps(answer), "smk.json"))
    assert own.form == "SMK, collection API"
    assert said(own) == {
        "id": "KKSgb0", "title": "En mand", "artist": "Zet, Nicolai", "year": 1799.5, "medium": "Blyant", "credit": "",
        "link": "", "open_access": True,
    }  # fmt: skip
    assert own.works["extra.object_names.name"][0] == "tegning"


def test_art_institute_of_chicago_api_record(tmp_path: Path):
    record = {
        "id": 4, "api_model": "artworks", "title": "Priest", "main_reference_number": "1880.1", "date_start": 1865,
        "date_end": 1880, "date_display": "n.d.", "artist_title": "L. Zet",
        "artist_display": "L. Zet\nAmerican, 1845-1921",
        "medium_display": "Watercolor", "credit_line": "N. N. Collection", "is_public_domain": False,
        "color": {"h": 43},
        "image_id": "1753b638-d4fb-8e45-3db9-92dde7f053da", "term_titles": ["drawings", "graphite"],
        "style_title": None,
    }  # fmt: skip
    file = "1753b638-d4fb-8e45-3db9-92dde7f053da.jpg"
    own = read_own(folder_of(tmp_path, file), table_of(tmp_path, json.dumps({"data": [record]}), "aic.json"))
    assert said(own) == {
        "id": "4", "title": "Priest", "artist": "L. Zet", "year": 1872.5, "medium": "Watercolor",
        "credit": "N. N. Collection", "link": "", "open_access": False,
    }  # fmt: skip
    assert own.works["keywords"][0] == ["drawings", "graphite"]


def test_art_institute_of_chicago_csv(tmp_path: Path):
    row = {"id": "4", "title": "Priest", "main_reference_number": "1880.1", "artist_title": "L. Zet"}
    own = read(tmp_path, AIC, row, "1880.1.jpg")
    assert own.form.startswith("Art Institute") and said(own)["artist"] == "L. Zet"


def test_artist_with_life_dates_on_a_second_line(tmp_path: Path):
    header = "id,title,artist_display,date_display,image_id,is_public_domain"
    row = {"id": "4", "title": "Priest", "artist_display": "L. Zet\nAmerican, 1845-1921", "is_public_domain": "true"}
    assert said(read(tmp_path, header, row, "4.jpg"))["artist"] == "L. Zet"


def test_tate_and_moma(tmp_path: Path):
    tate = {
        "id": "1", "accession_number": "A00001", "artist": "Zet, Robert", "title": "A Figure",
        "dateText": "date not known",
        "creditLine": "Presented 1922", "thumbnailCopyright": "© The estate", "url": "http://www.tate.org.uk/art/1",
    }  # fmt: skip
    own = read(tmp_path, TATE, tate, "A00001_8.jpg")
    assert said(own)["link"] == "https://www.tate.org.uk/art/1" and not said(own)["open_access"]
    moma = {
        "Title": "A Project", "Artist": "O. Zet", "Date": "1896", "AccessionNumber": "885.1996", "ObjectID": "2",
        "BeginDate": "(1841)", "EndDate": "(1918)",
    }  # fmt: skip
    (tmp_path / "moma").mkdir()
    own = read(tmp_path / "moma", MOMA, moma, "885.1996.jpg")
    assert said(own)["id"] == "2" and said(own)["year"] == 1896  # not the years of the painter's life


def test_cleveland(tmp_path: Path):
    record = {
        "id": 94979, "accession_number": "1915.534", "share_license_status": "Copyrighted", "title": "A Portrait",
        "creation_date": "c. 1765", "creation_date_earliest": 1760, "creation_date_latest": 1770, "technique": "oil",
        "creators": [{"id": 1, "description": "J. S. Zet (American, 1738–1815)", "role": "artist"}],
        "creditline": "Gift of N. N.", "url": "https://clevelandart.org/art/1915.534", "culture": ["America"],
        "images": {"web": {"url": "https://x.org/1915.534_web.jpg"}},
    }  # fmt: skip
    own = read_own(
        folder_of(tmp_path, "1915.534_web.jpg"), table_of(tmp_path, json.dumps({"data": [record]}), "cma.json")
    )
    assert said(own) == {
        "id": "94979", "title": "A Portrait", "artist": "J. S. Zet (American, 1738–1815)", "year": 1765,
        "medium": "oil", "credit": "Gift of N. N.", "link": "https://clevelandart.org/art/1915.534",
        "open_access": False,
    }  # fmt: skip


def test_wikidata_query(tmp_path: Path):
    header = "item,itemLabel,creatorLabel,inception,image,collectionLabel"
    row = {
        "item": "http://www.wikidata.org/entity/Q12418", "itemLabel": "Mona Zet", "creatorLabel": "L. Zet",
        "inception": "1503-01-01T00:00:00Z", "collectionLabel": "Louvre",
        "image": "http://commons.wikimedia.org/wiki/Special:FilePath/Mona%20Zet%2C%20by%20L.jpg",
    }  # fmt: skip
    own = read(tmp_path, header, row, "Mona_Zet,_by_L.jpg")
    assert said(own) == {
        "id": "Q12418", "title": "Mona Zet", "artist": "L. Zet", "year": 1503, "medium": "", "credit": "",
        "link": "https://www.wikidata.org/entity/Q12418", "open_access": True,
    }  # fmt: skip
    assert own.works["extra.collectionLabel"][0] == "Louvre"


def test_wikidata_answer_in_json(tmp_path: Path):
    binding = {
        "item": {"type": "uri", "value": "http://www.wikidata.org/entity/Q5"},
        "itemLabel": {"xml:lang": "en", "type": "literal", "value": "A View"},
        "image": {"type": "uri", "value": "http://commons.wikimedia.org/wiki/Special:FilePath/View.jpg"},
    }
    answer = {"head": {"vars": ["item"]}, "results": {"bindings": [binding]}}
    own = read_own(folder_of(tmp_path, "Q5.jpg"), table_of(tmp_path, json.dumps(answer), "query.json"))
    assert said(own)["title"] == "A View"


def test_hugging_face_imagefolder_needs_no_table(tmp_path: Path):
    folder = folder_of(tmp_path, "train/0001.jpg", "test/0001.jpg", "test/0002.jpg")
    table_of(folder / "train", "file_name,text\n0001.jpg,A boat\n", "metadata.csv")
    lines = [{"file_name": "0001.jpg", "text": "A cow"}, {"file_name": "0002.jpg", "text": "A tree", "style": "naive"}]
    table_of(folder / "test", "\n".join(map(json.dumps, lines)), "metadata.jsonl")
    own = read_own(folder)
    assert own.form == "Hugging Face imagefolder" and own.counts["matched"] == 3
    by_file = own.works.set_index("file")
    assert by_file["extra.text"].to_dict() == {
        "train/0001.jpg": "A boat", "test/0001.jpg": "A cow", "test/0002.jpg": "A tree"
    }  # fmt: skip
    assert by_file["extra.style"]["test/0002.jpg"] == "naive" and own.problems.empty


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Inventory No.;Title;Artist;Date;Medium;File", "1;T;A;1900;oil;x.jpg"),
        ("Inv.-Nr.;Titel;Künstler*in;Datierung;Technik;Dateiname", "1;T;A;1900;oil;x.jpg"),
        ("N° d'inventaire;Titre;Artiste;Datation;Technique;Nom du fichier", "1;T;A;1900;oil;x.jpg"),
        ("Nº inventario;Título;Autor;Fecha;Técnica;Archivo", "1;T;A;1900;oil;x.jpg"),
        ("Numero di inventario;Titolo;Autore;Data;Tecnica;Nome file", "1;T;A;1900;oil;x.jpg"),
        ("Inventarisnummer;Titel;Kunstenaar;Datering;Techniek;Bestandsnaam", "1;T;A;1900;oil;x.jpg"),
    ],
)
def test_usual_names_in_six_languages(tmp_path: Path, header: str, row: str):
    own = read_own(folder_of(tmp_path, "x.jpg"), table_of(tmp_path, f"{header}\n{row}\n"))
    assert [guess.field for guess in own.columns] == ["file", "id", "title", "artist", "date", "medium"]
    work = own.works.iloc[0]
    assert (work["id"], work["title"], work["artist"], work["year"], work["medium"]) == ("1", "T", "A", 1900, "oil")


@pytest.mark.real
def test_the_museums_own_table_and_photographs():
    folder = data_folder("nga")
    own = read_own(folder / "images", folder / "objects.csv")
    assert own.form == "National Gallery of Art, open data" and own.counts["files_without_row"] == 0
    assert (own.works["id"] + ".jpg" == own.works["file"]).all() and own.works["titled"].all()
    assert own.works["year"].notna().mean() > 0.9 and own.works["artist"].ne("").mean() > 0.9


def test_dublin_core_as_omeka_writes_it(tmp_path: Path):
    header = "Item Id;Dublin Core:Title;Dublin Core:Creator;Dublin Core:Date;Dublin Core:Rights;file"
    own = read_own(folder_of(tmp_path, "x.jpg"), table_of(tmp_path, f"{header}\n9;T;A;um 1900;CC0;x.jpg\n"))
    work = own.works.iloc[0]
    assert (work["title"], work["artist"], work["year"], work["rights"]) == ("T", "A", 1900, "CC0")


def test_a_label_is_a_class_and_no_title(tmp_path: Path):
    folder = folder_of(tmp_path, "x.jpg")
    table_of(folder, "file_name,label\nx.jpg,naive\n", "metadata.csv")
    assert read_own(folder).works.iloc[0][["title", "extra.label"]].tolist() == ["x", "naive"]
