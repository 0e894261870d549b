#!/usr/bin/python3
"""`deskhand read` on PDFs: scans at their own resolution, text layers, what hides behind a scan; and hostile ones, each of
which must end as a clear error in bounded time and memory."""

import io
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time
import unittest
import zlib

from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parent.parent
DESKHAND = os.environ.get("DESKHAND", str(ROOT / "build" / "deskhand"))
LATIN = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SECONDS = 240  # of a loaded machine; the ceilings themselves are 20 s on the CPU a step


def pdf(objects, head=b"%PDF-1.4\n"):
    """A file of these objects (number -> bytes), with the table and the trailer that belong to it."""
    out, places = bytearray(head), {}
    for number, body in objects.items():
        places[number] = len(out)
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(out), max(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        out += b"%010d 00000 n \n" % places[number] if number in places else b"0000000000 00000 f \n"
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return bytes(out)


def stream(data, extra=b""):
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(data), extra, data)


def one_page(contents, resources=b"", size=b"0 0 595 842", more=None):
    """A document of one page with this content stream (an object's bytes)."""
    return pdf(
        {
            1: b"<< /Type /Catalog /Pages 2 0 R >>",
            2: b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            3: b"<< /Type /Page /Parent 2 0 R /MediaBox [%s] /Contents 4 0 R /Resources << %s >> >>" % (size, resources),
            4: contents,
            5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
            **(more or {}),
        }
    )


def written(text):
    return stream(b"BT /F1 14 Tf 72 700 Td (%s) Tj ET" % text.encode())


FONT = b"/Font << /F1 5 0 R >>"


def scan(lines):
    image = Image.new("L", (1240, 1754), 255)
    for row, line in enumerate(lines):
        ImageDraw.Draw(image).text((120, 150 + 60 * row), line, 0, ImageFont.truetype(LATIN, 30))
    return image


class PdfCase(unittest.TestCase):
    def setUp(self):
        self.work = tempfile.TemporaryDirectory()
        self.addCleanup(self.work.cleanup)

    def read(self, data):
        path = pathlib.Path(self.work.name, "document.pdf")
        path.write_bytes(data)
        began = time.monotonic()
        done = subprocess.run([DESKHAND, "read", path, "--json"], capture_output=True, text=True, timeout=SECONDS)
        self.assertLess(time.monotonic() - began, SECONDS)
        return done

    def refused(self, data, *wanted):
        done = self.read(data)
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertTrue(any(word in done.stderr for word in wanted), done.stderr)
        # Nobody took more memory than the ceilings allow: a reader's 2 GiB is the largest.
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 2 << 20)

    def words(self, data):
        import json

        done = self.read(data)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class Documents(PdfCase):
    def test_text_layer(self):
        answer = self.words(one_page(written("Registered capital 1000"), FONT))
        self.assertEqual([w["text"] for w in answer["words"]], ["Registered", "capital", "1000"])
        self.assertTrue(all(w["confidence"] == 1 for w in answer["words"]))

    def test_scans_of_several_pages(self):
        out = io.BytesIO()
        first, second = scan(["The first page of it"]), scan(["Another page follows"])
        first.save(out, "PDF", resolution=150, save_all=True, append_images=[second])
        answer = self.words(out.getvalue())
        self.assertEqual([(p["page"], p["width"]) for p in answer["pages"]], [(1, 1240), (2, 1240)])
        text = {n: " ".join(w["text"] for w in answer["words"] if w["page"] == n) for n in (1, 2)}
        self.assertEqual(text, {1: "The first page of it", 2: "Another page follows"})

    def test_the_picture_counts_not_the_text_behind_it(self):
        out = io.BytesIO()
        scan(["Capital 25000 EUR"]).save(out, "JPEG", quality=90)
        picture = stream(out.getvalue(), b"/Type /XObject /Subtype /Image /Width 1240 /Height 1754 /ColorSpace /DeviceGray "
                                         b"/BitsPerComponent 8 /Filter /DCTDecode")
        hidden = stream(b"BT 3 Tr /F1 14 Tf 72 700 Td (Capital 99000000 EUR) Tj ET q 595 0 0 842 0 0 cm /I Do Q")
        answer = self.words(one_page(hidden, FONT + b" /XObject << /I 6 0 R >>", more={6: picture}))
        self.assertEqual(" ".join(w["text"] for w in answer["words"]), "Capital 25000 EUR")


class Hostile(PdfCase):
    def test_huge_page(self):
        # It is rendered with few dots, and is empty then; nothing is allocated by its size.
        self.assertFalse(self.words(one_page(stream(b""), size=b"0 0 200000 200000"))["words"])

    def test_thousands_of_pages(self):
        kids = b" ".join(b"%d 0 R" % n for n in range(3, 5003))
        objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [%s] /Count 5000 >>" % kids,
                   **{n: b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>" for n in range(3, 5003)}}
        self.refused(pdf(objects), "5000 pages")

    def test_endless_page_tree(self):
        objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [2 0 R 2 0 R] /Count 100 >>"}
        self.refused(pdf(objects), "no size", "pages", "cannot read")

    def test_form_that_draws_itself(self):
        form = stream(b"/X Do /X Do", b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Resources << /XObject << /X 6 0 R >> >>")
        answer = self.words(one_page(stream(b"/X Do"), b"/XObject << /X 6 0 R >>", more={6: form}))
        self.assertFalse(answer["words"])

    def test_forms_that_double(self):
        # Thirty forms, each drawing the next twice: a thousand million drawings.
        forms = {}
        for n in range(6, 36):
            inner = b"/Resources << /XObject << /X %d 0 R >> >>" % (n + 1)
            forms[n] = stream(b"/X Do /X Do", b"/Type /XObject /Subtype /Form /BBox [0 0 595 842] " + inner)
        forms[36] = stream(b"0 0 1 1 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 595 842]")
        done = self.read(one_page(stream(b"/X Do"), b"/XObject << /X 6 0 R >>", more=forms))
        self.assertTrue(done.returncode == 0 or "used up" in done.stderr, done.stderr)

    def test_deflate_bomb(self):
        spaces = zlib.compress(zlib.compress(b" " * (1 << 30), 9), 9)
        done = self.read(one_page(stream(spaces, b"/Filter [/FlateDecode /FlateDecode]")))
        self.assertTrue(done.returncode == 0 or "used up" in done.stderr, done.stderr)

    def test_picture_bomb(self):
        pixels = zlib.compress(bytes(1 << 24), 9)
        picture = stream(pixels, b"/Type /XObject /Subtype /Image /Width 60000 /Height 60000 /ColorSpace /DeviceRGB "
                                 b"/BitsPerComponent 8 /Filter /FlateDecode")
        done = self.read(one_page(stream(b"q 595 0 0 842 0 0 cm /I Do Q"), b"/XObject << /I 6 0 R >>", more={6: picture}))
        self.assertTrue(done.returncode == 0 or "used up" in done.stderr or "gives no picture" in done.stderr, done.stderr)

    def test_broken_filters(self):
        for name in (b"JBIG2Decode", b"JPXDecode", b"DCTDecode", b"CCITTFaxDecode"):
            with self.subTest(filter=name):
                picture = stream(b"\xff\x4f\xff\x51" + bytes(400), b"/Type /XObject /Subtype /Image /Width 30000 /Height 30000 "
                                 b"/ColorSpace /DeviceGray /BitsPerComponent 8 /Filter /" + name)
                done = self.read(one_page(stream(b"q 595 0 0 842 0 0 cm /I Do Q"), b"/XObject << /I 6 0 R >>", more={6: picture}))
                self.assertIn(done.returncode, (0, 1), done.stderr)
                self.assertTrue(done.returncode == 0 or "document.pdf" in done.stderr, done.stderr)

    def test_too_many_words(self):
        line = b"(a b c d e f g h i j k l m n o p q r s t u v w x y z) Tj T* "
        kids = b" ".join(b"%d 0 R" % n for n in range(6, 206))
        page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << %s >> >>" % FONT
        objects = {1: b"<< /Type /Catalog /Pages 2 0 R >>", 2: b"<< /Type /Pages /Kids [%s] /Count 200 >>" % kids,
                   4: stream(b"BT /F1 8 Tf 10 TL 20 800 Td " + line * 25 + b"ET"),
                   5: b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>", **{n: page for n in range(6, 206)}}
        self.refused(pdf(objects), "100000 words")

    def test_damaged(self):
        whole = one_page(written("Capital"), FONT)
        self.refused(b"%PDF-1.7\n" + bytes(2000), "cannot read")
        self.refused(whole[:40], "cannot read")


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=0)
    bad = len(program.result.failures) + len(program.result.errors)
    print(f"{program.result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
