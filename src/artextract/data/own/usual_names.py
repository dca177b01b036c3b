"""The usual names of columns about works, per field, the most certain first.

English, German, French, Spanish, Italian, Dutch and Danish, some Portuguese. Compared without case, accents, spaces and
punctuation (``text.squeeze``).
"""

from __future__ import annotations

USUAL: dict[str, str] = {
    "file": """
        file_name; filename; file; image file; image filename; image_path; path; filepath; file path; image name;
        photo; image; picture; img; Dateiname; Datei; Bilddatei; Bilddateiname; Bild; Bildname; Abbildung; Foto; nom
        du fichier; nom de fichier; fichier; fichier image; image fichier; nombre de archivo; nombre del archivo;
        archivo; fichero; imagen; nome file; nome del file; immagine; bestandsnaam; bestand; afbeelding;
        afbeeldingsbestand; filnavn; billede; billedfil; nome do arquivo; arquivo; imagem
    """,
    "id": """
        id; object id; objectid; object number; objectnumber; inventory number; inventory no; inventory; inv no; inv
        nr; inv; accession number; accession no; accession; catalogue number; catalog number; cat no; identifier;
        reference; ref; work id; artwork id; number; no; nr; Inventarnummer; Inventar-Nr; Inv.-Nr.; Objektnummer;
        Objekt-ID; Signatur; Katalognummer; Nummer; numéro d'inventaire; n° d'inventaire; no inventaire; inventaire;
        numéro; cote; número de inventario; nº inventario; n. inventario; inventario; número de catálogo; numero;
        numero di inventario; numero d'inventario; inventarisnummer; inventarisnr; objectnummer; inventarnummer;
        genstandsnummer; museum number; object no; registration number; registration no; dc:identifier;
        dcterms:identifier; Dublin Core:Identifier; Objekt-Nr.; numéro inventaire
    """,
    "title": """
        title; titles; work title; artwork title; object title; title of work; painting; name of work; titel;
        Werktitel; Bildtitel; Bezeichnung; Objekttitel; titre; titre de l'œuvre; intitulé; appellation; título;
        título de la obra; titolo; titolo dell'opera; titolo opera; werk titel; naam van het werk; caption; object
        name; name; benaming; denominazione; denominación; dc:title; dcterms:title; Dublin Core:Title;
        Objektbezeichnung
    """,
    "artist": """
        artist; artists; artist name; painter; creator; creators; maker; author; attribution; artist display; artist
        display name; artist title; primary artist; principal maker; made by; Künstler; Künstlerin; Künstler/in;
        Künstler*in; Künstlername; Maler; Malerin; Urheber; Hersteller; artiste; peintre; auteur; créateur; nom de
        l'artiste; nom artiste; artista; pintor; pintora; autor; nombre del artista; creador; pittore; pittrice;
        autore; nome artista; kunstenaar; schilder; vervaardiger; naam kunstenaar; maker naam; kunstner; maler;
        producer name; dc:creator; dcterms:creator; Dublin Core:Creator
    """,
    "date": """
        date; date display; display date; object date; creation date; date created; date of creation; dated; date
        text; dating; production date; Datierung; Datum; Entstehungsdatum; Entstehungszeit; datation; date de
        création; date d'exécution; millésime; fecha; datación; fecha de creación; cronología; data; datazione; data
        di creazione; cronologia; datering; datum vervaardiging; vervaardigingsdatum; date creation; dc:date;
        dcterms:created; dcterms:date; Dublin Core:Date
    """,
    "year": """
        year; year of creation; year created; creation year; year made; Jahr; Entstehungsjahr; Jahreszahl; année;
        année de création; an; año; año de creación; anno; anno di creazione; jaar; jaartal; jaar van vervaardiging;
        år; årstal; ano
    """,
    "year_from": """
        year from; from year; production start;
        begin year; start year; begin date; date begin; date start; start date; date from;
        earliest year; earliest date; year start; von; Jahr von; Datierung von; frühestens; début; année début; date
        début; desde; año inicial; año inicio; fecha inicio; dal; da anno; anno inizio; beginjaar; jaar van;
        datering van; van
    """,
    "year_to": """
        year to; to year; production end;
        end year; end date; date end; date to; latest year; latest date; year end; bis; Jahr bis;
        Datierung bis; spätestens; fin; année fin; date fin; hasta; año final; año fin; fecha fin; al; ad anno; anno
        fine; eindjaar; jaar tot; datering tot; tot
    """,
    "medium": """
        medium; media; technique; techniques; material; materials; materials and technique; medium and support;
        medium display; Technik; Material; Material/Technik; Material und Technik; Malmittel; matériaux; matière;
        matériau; matériaux et techniques; technique et support; técnica; material y técnica; soporte; técnica y
        soporte; tecnica; materiale; materia e tecnica; tecnica e supporto; techniek; materiaal; materiaal en
        techniek; teknik; materiale; materials and techniques; matériaux techniques; dcterms:medium; Dublin
        Core:Medium
    """,
    "credit": """
        credit; credit line; creditline; credits; courtesy; Bildnachweis; Nachweis; Copyright-Hinweis; mention;
        mention obligatoire; crédit; crédits; crédit photographique; crédito; créditos; crediti; bronvermelding
    """,
    "link": """
        link; url; web; website; web page; page; permalink; object url; link resource; source url; handle;
        persistent identifier; Weblink; Webseite; Internetadresse; lien; adresse web; page web; enlace; página web;
        collegamento; pagina web; koppeling; webpagina; weblink
    """,
    "rights": """
        rights; rights statement; license; licence; copyright; copyright notice; usage rights; rights and
        reproduction; share license status; Rechte; Lizenz; Nutzungsrechte; Rechtestatus; Urheberrecht; droits;
        licence d'utilisation; droits d'auteur; derechos; licencia; derechos de autor; diritti; licenza; rechten;
        licentie; auteursrecht; rettigheder; licens; dc:rights; dcterms:rights; Dublin Core:Rights
    """,
    "open_access": """
        is public domain; public domain; publicdomain; open access; is open access; openaccess; cc0; gemeinfrei;
        frei nutzbar; domaine public; dominio público; pubblico dominio; dominio pubblico; publiek domein; fri af
        ophavsret
    """,
    "keywords": """
        keywords; keyword; tags; tag; subjects; subject terms; subject titles; term titles;
        Schlagworte; Schlagwörter; Schlagwort; Stichworte;
        mots-clés; mots clés; sujets; palabras clave; etiquetas; parole chiave; soggetti; trefwoorden; trefwoord;
        onderwerpen; steekwoorden; emneord; dc:subject; dcterms:subject; Dublin Core:Subject
    """,
    "key": """
        accession number; accession no; accessionnum; object number; inventory number; inventory no; image id; uuid;
        image url; imageurl; image link; thumbnail url; iiif; iiif url; Inventarnummer; Objektnummer; numéro
        d'inventaire; número de inventario; numero di inventario; inventarisnummer; objectnummer; image; picture;
        photo; Bild; imagen; immagine; afbeelding; billede; numéro inventaire; museum number
    """,
}
