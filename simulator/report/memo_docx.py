"""Writes a memo as a Word file in the shape of a Chinese bureau's paper: A4, 仿宋, 黑体 headings, editable tables.

Margins, fonts and sizes follow GB/T 9704-2012. Fonts are named in the styles; the font table names others that stand in
where one is not installed. Nothing of the text is markup: control characters are taken out before it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from simulator.report.memo_parts import Block, Grid, Heading, Line, Memo, Picture, clean, sentence
from simulator.report.words import colon
from simulator.study.aside import replacing

# millimetres: the text is 156 x 225
TOP, BOTTOM, LEFT, RIGHT, WIDE, HIGH = 37, 35, 28, 26, 210, 297
TEXT_WIDTH, TEXT_HEIGHT = WIDE - LEFT - RIGHT, HIGH - TOP - BOTTOM
PICTURE_HEIGHT = 190
SMALL = 10.5  # points: notes, cells, captions
LEAST_SCALE = 0.5  # a picture that would have to be made smaller than this cannot be read
FALLBACKS = {
    "仿宋": "FangSong,仿宋_GB2312,FangSong_GB2312,STFangsong,Noto Serif CJK SC",
    "黑体": "SimHei,STHeiti,Noto Sans CJK SC",
    "楷体": "KaiTi,楷体_GB2312,STKaiti,Noto Serif CJK SC",
    "方正小标宋简体": "FZXiaoBiaoSong-B05S,宋体,SimSun,STSong,Noto Serif CJK SC",
    "Times New Roman": "Liberation Serif,Tinos",
    "Courier New": "Liberation Mono,Noto Sans Mono CJK SC",
}
# style: based on Word's own, East Asian font, Latin font, points, bold, first line indented by two characters
STYLES: dict[str, tuple[str, str, str, float, bool, bool]] = {
    "body": ("Normal", "仿宋", "Times New Roman", 16, False, True),
    "opening": ("Memo Opening", "仿宋", "Times New Roman", 16, False, False),
    "item": ("Memo Item", "仿宋", "Times New Roman", 16, False, True),
    "note": ("Memo Note", "仿宋", "Times New Roman", 10.5, False, False),
    "plain": ("Memo Plain", "仿宋", "Courier New", 7.5, False, False),
    "title": ("Title", "方正小标宋简体", "Times New Roman", 22, False, False),
    "1": ("Heading 1", "黑体", "Times New Roman", 16, False, True),
    "2": ("Heading 2", "楷体", "Times New Roman", 16, False, True),
    "annex": ("Memo Annex", "黑体", "Times New Roman", 16, False, False),
    "annex title": ("Memo Annex Title", "方正小标宋简体", "Times New Roman", 20, False, False),
    "listed": ("Memo Listed", "仿宋", "Times New Roman", 16, False, True),
    "cell": ("Memo Cell", "仿宋", "Times New Roman", 9, False, False),
    "head": ("Memo Head", "黑体", "Times New Roman", 9, False, False),
    "caption": ("Caption", "黑体", "Times New Roman", 10.5, False, False),
    "closing": ("Memo Closing", "仿宋", "Times New Roman", 16, False, False),
}
NUMERALS = "一二三四五六七八九十"


def write_docx(memo: Memo, path: Path, language: str, created: str = "") -> Path:
    """Write a memo whole or not at all, and return its path."""
    document = _document(memo, language, created)
    _add(document, memo.title, "title")
    if memo.opening:
        _add(document, memo.opening, "opening")
    _blocks(document, memo.blocks, language)
    word = "附件" if language == "zh" else "Annex"
    for k, annex in enumerate(memo.annexes, 1):
        _add(document, f"{word} {k}{colon(language)}{annex.title}", "listed")
    for text in memo.closing:
        _add(document, text, "closing")
    for k, annex in enumerate(memo.annexes, 1):
        _add(document, f"{word} {k}", "annex").paragraph_format.page_break_before = True
        _add(document, annex.title, "annex title")
        _blocks(document, annex.blocks, language)
    with replacing(path) as part:
        document.save(str(part))
    return path


def _blocks(document: Any, blocks: list[Block], language: str) -> None:
    """Add the parts of a memo or of an annex; sections, their parts and figures are numbered from one."""
    sections = parts = figures = 0
    for block in blocks:
        if isinstance(block, Heading):
            sections, parts = (sections + 1, 0) if block.level == 1 else (sections, parts + 1)
            _add(document, _numbered(block, sections, parts, language), str(block.level))
        elif isinstance(block, Line):
            text = sentence(block.text, language) if block.kind in ("body", "item") else block.text
            _add(document, text, block.kind, keep=block.kind == "plain")
        elif isinstance(block, Grid):
            _table(document, block)
        elif _picture(document, block, figures + 1, language):
            figures += 1


def shown_scale(path: Path) -> float:
    """Return by how much a picture must be made smaller to fit a page, 1 where it fits as it is; 0 for no picture."""
    from docx.image.image import Image

    with suppress(Exception):  # whatever is wrong with a file, it is no picture to show
        image = Image.from_file(str(path))
        return float(min(1.0, TEXT_WIDTH / image.width.mm, PICTURE_HEIGHT / image.height.mm))
    return 0.0


def _numbered(heading: Heading, section: int, part: int, language: str) -> str:
    if language == "zh":
        return f"{_numeral(section)}、{heading.text}" if heading.level == 1 else f"（{_numeral(part)}）{heading.text}"
    if heading.level == 1:
        return f"{section}. {heading.text}"
    return f"{section}.{part} {heading.text}" if section else f"{part}. {heading.text}"


def _numeral(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number <= 10:
        return NUMERALS[number - 1]
    return ("" if tens == 1 else NUMERALS[tens - 1]) + "十" + (NUMERALS[ones - 1] if ones else "")


# ---- parts ------------------------------------------------------------------------------------------


def _add(document: Any, text: str, kind: str, *, keep: bool = False) -> Any:
    """Add a paragraph; ``keep`` leaves its spaces as they are."""
    shown = "".join(clean(c) if c != " " else c for c in text) if keep else clean(text)
    return document.add_paragraph(shown, style=STYLES[kind][0])


def _table(document: Any, grid: Grid) -> None:
    from docx.oxml import OxmlElement
    from docx.shared import Mm

    columns = len(grid.heads) or max(len(row) for row in grid.rows)
    widths = [TEXT_WIDTH * share for share in grid.widths] or [TEXT_WIDTH / columns] * columns
    rows = [*([grid.heads] if grid.heads else []), *grid.rows]
    table = document.add_table(rows=len(rows), cols=columns, style="Table Grid")
    table.autofit = False
    _margins(table)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    cells = table._cells  # row by row: asking the table for each cell makes this list anew
    for k, texts in enumerate(rows):
        mine, head = cells[k * columns : (k + 1) * columns], bool(grid.heads) and k == 0
        properties = table.rows[k]._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if head:
            properties.append(OxmlElement("w:tblHeader"))
        if len(texts) == 1 < columns:
            _fill(mine[0].merge(mine[-1]), texts[0], "head")
            continue
        for i, (cell, text) in enumerate(zip(mine, texts, strict=True)):
            cell.width = Mm(widths[i])
            _fill(cell, text, "head" if head else "cell", right=i in grid.right)
    document.add_paragraph(style=STYLES["note"][0])


def _margins(table: Any) -> None:
    """Leave a millimetre beside each cell's text, where Word leaves two."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), "57")  # twentieths of a point
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.append(margins)


def _fill(cell: Any, text: str, kind: str, *, right: bool = False) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    paragraph = cell.paragraphs[0]
    paragraph.style = STYLES[kind][0]
    paragraph.add_run(clean(text))
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _picture(document: Any, block: Picture, number: int, language: str) -> bool:
    """Add a picture with its caption; returns whether there was one that could be shown."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.image.image import Image
    from docx.shared import Mm

    scale = shown_scale(block.path)
    if scale < LEAST_SCALE:
        return False
    width = Image.from_file(str(block.path)).width.mm * scale
    paragraph = document.add_paragraph(style=STYLES["note"][0])
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.keep_with_next = True
    shape = paragraph.add_run().add_picture(str(block.path), width=Mm(width))
    shape._inline.docPr.set("descr", clean(block.caption))  # read aloud to those who do not see it
    lead = f"图 {number} " if language == "zh" else f"Figure {number}. "
    _add(document, lead + block.caption, "caption")
    return True


# ---- styles, page, fonts ----------------------------------------------------------------------------


def _document(memo: Memo, language: str, created: str) -> Any:
    from docx import Document
    from docx.shared import Mm

    document = Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(WIDE), Mm(HIGH)
    page.top_margin, page.bottom_margin, page.left_margin, page.right_margin = Mm(TOP), Mm(BOTTOM), Mm(LEFT), Mm(RIGHT)
    page.footer_distance = Mm(25)
    for kind in STYLES:
        _style(document, kind, language)
    _page_number(page)
    _fonts(document)
    properties = document.core_properties
    properties.title, properties.author, properties.comments = clean(memo.title)[:250], "", ""
    properties.language = "zh-CN" if language == "zh" else "en"
    with suppress(ValueError):
        properties.created = properties.modified = datetime.fromisoformat(created).replace(tzinfo=None)
    return document


def _style(document: Any, kind: str, language: str) -> None:
    from docx.enum.style import WD_STYLE_TYPE
    from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    name, eastern, latin, size, bold, indented = STYLES[kind]
    if language != "zh" and size > SMALL:
        size = {"title": 18.0, "annex title": 15.0}.get(kind, 11.5)
    known = [style.name for style in document.styles]
    style = document.styles[name] if name in known else document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    if name.startswith("Memo"):
        style.base_style = document.styles["Normal"]
    font, paragraph = style.font, style.paragraph_format
    font.name, font.size, font.italic = latin, Pt(size), False
    font.bold = bold or (language != "zh" and kind in ("1", "2", "head", "title", "caption", "annex", "annex title"))
    font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):  # a theme's font would win over the names
        fonts.attrib.pop(qn(f"w:{script}"), None)
    fonts.set(qn("w:eastAsia"), eastern)
    fonts.set(qn("w:hAnsi"), latin)
    for border in style.element.findall(f".//{qn('w:pBdr')}"):  # Word's title has a line below it
        border.getparent().remove(border)
    small = size <= SMALL
    spaced = language != "zh" and kind in ("body", "item", "1", "2", "opening")
    paragraph.space_before, paragraph.space_after = Pt(6 if kind == "caption" else 0), Pt(6 if spaced else _after(kind))
    paragraph.line_spacing_rule = WD_LINE_SPACING.SINGLE
    if not small:
        paragraph.line_spacing = Pt(28 if language == "zh" and size < 20 else 1.4 * size)
    paragraph.first_line_indent = Pt(2 * size) if indented and language == "zh" else Pt(0)
    paragraph.keep_with_next = kind in ("1", "2", "opening", "head", "annex", "annex title", "listed", "closing")
    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if kind == "closing" else WD_ALIGN_PARAGRAPH.LEFT
    if kind in ("title", "annex title", "caption"):
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _after(kind: str) -> float:
    return {"title": 24.0, "annex title": 12.0, "caption": 12.0, "note": 4.0}.get(kind, 0.0)


def _page_number(page: Any) -> None:
    """Put the page's number at its foot, between dashes as official papers have it."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    paragraph = page.footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run("— ")
    run = paragraph.add_run()
    for kind, text in (("begin", ""), ("", " PAGE "), ("end", "")):
        if kind:
            element = OxmlElement("w:fldChar")
            element.set(qn("w:fldCharType"), kind)
        else:
            element = OxmlElement("w:instrText")
            element.text = text
        run._r.append(element)
    paragraph.add_run(" —")


def _fonts(document: Any) -> None:
    """Name in the font table what stands in for each font where it is not installed."""
    from docx.opc.oxml import serialize_part_xml
    from docx.oxml import OxmlElement, parse_xml
    from docx.oxml.ns import qn

    for part in document.part.package.iter_parts():
        if str(part.partname) != "/word/fontTable.xml":
            continue
        table = parse_xml(part.blob)
        for old in [f for f in table if f.get(qn("w:name")) in FALLBACKS]:
            table.remove(old)
        for name, others in FALLBACKS.items():
            font, other = OxmlElement("w:font"), OxmlElement("w:altName")
            font.set(qn("w:name"), name)
            other.set(qn("w:val"), others)
            font.append(other)
            table.append(font)
        part._blob = serialize_part_xml(table)


def readable(pictures: Sequence[Path]) -> list[Path]:
    """Return the pictures that can be read on a page."""
    return [path for path in pictures if shown_scale(path) >= LEAST_SCALE]


def figures_of(folder: Path, names: Sequence[str]) -> list[Path]:
    """Return the pictures of a folder by the beginnings of their names, in that order."""
    found = sorted(folder.glob("*.png"), key=lambda path: path.stem)
    return list(dict.fromkeys(p for name in names for p in found if p.stem == name or p.stem.startswith(f"{name}-")))
