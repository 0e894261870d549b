#!/usr/bin/python3
"""The shipped kinds that the demo does not use, each on a page made here: an invoice, a loan application, a Chinese licence."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from PIL import Image, ImageDraw, ImageFilter, ImageFont

ROOT = pathlib.Path(__file__).resolve().parent.parent
DESKHAND = os.environ.get("DESKHAND", str(ROOT / "build" / "deskhand"))
LATIN = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
CHINESE = "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"


def form(title, rows, font):
    """A4 at 200 dots per inch: labels on the left, values on the right; a little soft, as scans are."""
    image = Image.new("L", (1654, 2339), 250)
    draw = ImageDraw.Draw(image)
    draw.text((160, 160), title, 20, ImageFont.truetype(font, 56))
    for n, (label, value) in enumerate(rows):
        draw.text((160, 320 + 90 * n), label, 20, ImageFont.truetype(font, 32))
        draw.text((720, 320 + 90 * n), value, 20, ImageFont.truetype(font, 32))
    return image.rotate(0.8, Image.Resampling.BICUBIC, fillcolor=250).filter(ImageFilter.GaussianBlur(0.6))


class Kinds(unittest.TestCase):
    def check(self, kind, image, wanted):
        with tempfile.TemporaryDirectory() as work:
            path = pathlib.Path(work, "document.png")
            image.save(path, dpi=(200, 200))
            done = subprocess.run([DESKHAND, "read", path, "--kind", kind, "--json"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        fields = json.loads(done.stdout)["fields"]
        self.assertEqual({name: str(fields.get(name, {}).get("value")).replace(" ", "") for name in wanted},
                         {name: value.replace(" ", "") for name, value in wanted.items()})
        self.assertEqual([name for name in wanted if fields[name].get("doubts")], [], fields)

    def test_invoice(self):
        rows = (("Invoice number", "RE-2026/0815"), ("Invoice date", "14 March 2026"), ("Due date", "13 April 2026"),
                ("Seller", "Nordwind Logistics GmbH"), ("VAT number", "DE 136695976"), ("Total", "EUR 12,480.50"))
        self.check("invoice", form("Invoice", rows, LATIN), {
            "number": "RE-2026/0815", "date": "2026-03-14", "due": "2026-04-13", "seller": "Nordwind Logistics GmbH",
            "seller_tax_no": "DE136695976", "total": "12480.50 EUR"})

    def test_loan_application(self):
        rows = (("Applicant", "Harbour Bakery Limited"), ("Amount requested", "GBP 75,000.00"), ("Email", "office@harbour-bakery.example"),
                ("Purpose of the loan", "A second oven and a delivery van"), ("Date", "2026-02-03"))
        self.check("loan_application", form("Application for a loan", rows, LATIN), {
            "name": "Harbour Bakery Limited", "amount": "75000.00 GBP", "email": "office@harbour-bakery.example",
            "purpose": "A second oven and a delivery van", "date": "2026-02-03"})

    def test_chinese_licence(self):
        rows = (("统一社会信用代码", "91350100M000100Y43"), ("名称", "福州海风贸易有限公司"), ("类型", "有限责任公司"),
                ("法定代表人", "陈明"), ("注册资本", "500万元"), ("成立日期", "2015年06月18日"))
        self.check("business_licence_cn", form("营业执照", rows, CHINESE), {
            "number": "91350100M000100Y43", "name": "福州海风贸易有限公司", "legal_form": "有限责任公司", "representative": "陈明",
            "capital": "5000000.00 CNY", "established": "2015-06-18"})


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=0)
    bad = len(program.result.failures) + len(program.result.errors)
    print(f"{program.result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
