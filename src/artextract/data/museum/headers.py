"""The official headers of the National Gallery of Art's tables, as of the pinned export."""

from __future__ import annotations

HEADERS = {
    "objects": "objectid,accessioned,accessionnum,locationid,title,displaydate,beginyear,endyear,"
    "visualbrowsertimespan,medium,dimensions,inscription,markings,attributioninverted,attribution,"
    "provenancetext,creditline,classification,subclassification,visualbrowserclassification,parentid,"
    "isvirtual,departmentabbr,portfolio,series,volume,watermarks,lastdetectedmodification,wikidataid,"
    "customprinturl",
    "published_images": "uuid,iiifurl,iiifthumburl,viewtype,sequence,width,height,maxpixels,created,"
    "modified,depictstmsobjectid,assistivetext",
    "objects_terms": "termid,objectid,termtype,term,visualbrowsertheme,visualbrowserstyle",
    "objects_constituents": "objectid,constituentid,displayorder,roletype,role,prefix,suffix,displaydate,"
    "beginyear,endyear,country,zipcode",
    "constituents": "constituentid,ulanid,preferreddisplayname,forwarddisplayname,lastname,displaydate,"
    "artistofngaobject,beginyear,endyear,visualbrowsertimespan,nationality,visualbrowsernationality,"
    "constituenttype,wikidataid",
}
# Columns of the two optional tables, and those that later exports have added, which are known and not read.
FURTHER = {
    "objects_historical_data": "datatype,objectid,displayorder,forwardtext,invertedtext,remarks,effectivedate",
    "object_associations": "parentobjectid,childobjectid,relationship",
}


def known_columns(table: str) -> frozenset[str]:
    """Columns of a table that have always been there, whether they are read or not."""
    return frozenset((HEADERS | FURTHER)[table].split(","))
