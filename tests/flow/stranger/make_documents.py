#!/usr/bin/python3
"""make_documents.py - how the documents beside it were made: pages set with Pango (pango-view, URW fonts), one of them
"photographed" on a table. They look like nothing that examples/demo prints. Run by hand; the tests take what is committed.
"""

import pathlib
import random
import subprocess
import tempfile

from PIL import Image, ImageChops, ImageDraw, ImageFilter

HERE = pathlib.Path(__file__).resolve().parent

LABELLED = """<span font="P052 Bold 20">              CERTIFICATE OF REGISTRATION</span>
<span font="P052 Italic 11">                                         Companies Register - specimen for software tests</span>

<span font="P052 12">Company number</span>
<span font="P052 Bold 14">          13507518</span>

<span font="P052 12">Company name</span>
<span font="P052 Bold 14">          COMMUNITY INTEREST SAMPLE</span>

<span font="P052 12">Legal form</span>
<span font="P052 14">          Community interest company</span>

<span font="P052 12">Registered office</span>
<span font="P052 14">          1 Example Street, London, SW1A 1AA</span>

<span font="P052 12">Date of incorporation</span>
<span font="P052 14">          15 July 2021</span>


<span font="P052 Italic 11">Given at Cardiff on 2 November 2026.</span>
<span font="Z003 22">     A. Registrar</span>
"""

SENTENCE = """<span font="URW Bookman Light 16">CERTIFICATE OF INCORPORATION</span>
<span font="URW Bookman Light 12">OF A COMMUNITY INTEREST COMPANY

Company No. 13507518

The Registrar of Companies for England and Wales hereby certifies that

COMMUNITY INTEREST SAMPLE

is this day incorporated under the Companies Act 2006 as a private company, that the company is limited by guarantee, \
and the situation of its registered office is in England and Wales.

Given at Companies House on 15th July 2021. Specimen for software tests.</span>
"""

TAX = """<span font="Nimbus Sans Bold 15">Belastingdienst</span>  <span font="Nimbus Sans 9" foreground="#555">\
Kantoor Ondernemingen, specimen for software tests</span>

<span font="Nimbus Sans Bold 20">Certificate of VAT registration</span>

<span font="Nimbus Sans 10" foreground="#555">VAT number</span>
<span font="Nimbus Sans Bold 13">NL 812345009 B01</span>

<span font="Nimbus Sans 10" foreground="#555">Name of taxpayer</span>
<span font="Nimbus Sans Bold 13">Community Interest Sample</span>

<span font="Nimbus Sans 10" foreground="#555">Issuing office</span>
<span font="Nimbus Sans 12">Kantoor Rotterdam</span>

<span font="Nimbus Sans 10" foreground="#555">Date of issue</span>
<span font="Nimbus Sans 12">3 November 2026</span>

<span font="Nimbus Sans 10" foreground="#555">Valid until</span>
<span font="Nimbus Sans 12">3 November 2027</span>
"""


def set_page(markup, path, dpi):
    with tempfile.NamedTemporaryFile("w", suffix=".pango", encoding="utf-8") as source:
        source.write(markup)
        source.flush()
        subprocess.run(["pango-view", "--markup", "-q", f"--dpi={dpi}", "--margin=60", "--width=460", f"--output={path}",
                        source.name], check=True)


def photograph(page, path, seed):
    """The sheet on a dark table, a little turned and askew, unevenly lit, grainy; few greys, so that the file is small."""
    rng = random.Random(seed)
    sheet = Image.open(page).convert("L")
    width, height = sheet.width + 160, sheet.height + 160
    table = Image.new("L", (width, height), 70)
    draw = ImageDraw.Draw(table)
    for y in range(0, height, 7):
        draw.line([(0, y + rng.randint(-2, 2)), (width, y + rng.randint(-2, 2))], fill=60 + rng.randint(0, 20), width=3)
    table.paste(sheet.point(lambda v: int(v * 0.92)), (80, 80))
    table = table.rotate(1.2, resample=Image.BICUBIC, fillcolor=70)
    off = [rng.randint(0, 12) for _ in range(8)]
    corners = (off[0], off[1], off[2], height - off[3], width - off[4], height - off[5], width - off[6], off[7])
    table = table.transform((width, height), Image.QUAD, corners, resample=Image.BICUBIC)
    light = Image.linear_gradient("L").resize((width, height)).rotate(180).point(lambda v: 150 + int(v * 105 / 255))
    table = ImageChops.multiply(table, light).filter(ImageFilter.GaussianBlur(0.7))
    table = ImageChops.add(table, Image.effect_noise((width, height), 9), scale=1, offset=-128)
    table.point(lambda v: v // 32 * 32).quantize(8).save(path, optimize=True)


def main():
    with tempfile.TemporaryDirectory() as work:
        page = pathlib.Path(work, "page.png")
        set_page(LABELLED, page, 150)
        photograph(page, HERE / "licence.png", 1)
    set_page(SENTENCE, HERE / "incorporation.pdf", 72)
    set_page(TAX, HERE / "tax.pdf", 96)


if __name__ == "__main__":
    main()
