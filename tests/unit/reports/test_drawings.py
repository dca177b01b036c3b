"""Drawings as parts of a page."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

from artextract.reports.drawings import draw


def test_a_drawing_takes_its_colours_and_letters_from_the_page():
    drawing = draw("one", "A line.", lambda axis: axis.set(title="a < $b", xlabel="c"))
    ElementTree.fromstring(drawing.svg.replace("xlink:href", "href"))
    assert drawing.svg.startswith("<svg") and "<style" not in drawing.svg and "<metadata" not in drawing.svg
    assert "var(--ink)" in drawing.svg and "#22272e" not in drawing.svg and "DejaVu" not in drawing.svg
    assert "a &lt; $b" in drawing.svg and "width: " in drawing.svg
    assert draw("one", "A line.", lambda axis: axis.set(title="a < $b", xlabel="c")) == drawing


def test_identifiers_of_two_drawings_differ_and_lead_somewhere():
    def line(axis):
        axis.plot([0, 1], [0, 1])

    one, two = (draw(name, "A line.", line).svg for name in ("one", 'label." onload="x'))
    ids = [set(re.findall(r'\bid="([^"]*)"', svg)) for svg in (one, two)]
    assert not ids[0] & ids[1] and all(re.fullmatch(r"[\w.-]+", name) for name in ids[1])
    for svg, own in zip((one, two), ids, strict=True):
        assert set(re.findall(r'(?:href="|url\()#([^")]*)', svg)) <= own
