"""Pages and documents as their readers get them: valid, and in words."""

from __future__ import annotations

import io
from typing import Any

import html5lib
from lxml import html
from pypdf import PdfReader


def as_page(response: Any) -> Any:
    """Give the page of an answer, which must be valid HTML."""
    assert response.status_code == 200, response.text
    assert response.content_type == "text/html; charset=utf-8"
    html5lib.HTMLParser(strict=True).parse(response.text)
    return html.fromstring(response.text)


def as_pdf(response: Any) -> PdfReader:
    """Give the document of an answer."""
    assert response.status_code == 200, response.text
    assert response.content_type == "application/pdf"
    return PdfReader(io.BytesIO(response.data))


def words(page: Any) -> str:
    """Give what a page says."""
    return " ".join(page.find("body").text_content().split())


def pdf_words(pdf: PdfReader) -> str:
    """Give what a document says."""
    return " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
