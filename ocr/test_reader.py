#!/usr/bin/python3
"""A reader process over its socket: turned and tilted pages, Chinese, hostile files, cancel, what the sandbox leaves."""

import io
import os
import signal
import struct
import sys
import time
import unittest
import zlib

from PIL import Image, ImageDraw, ImageFont

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import reader_client  # noqa: E402

LATIN = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
CHINESE = "/usr/share/fonts/truetype/wqy/wqy-zenhei.ttc"
LINES = ("The licence of the company below", "Number 549300 and 2026", "Registered capital one million", "Given in Hamburg in May")


def page(lines=LINES, font=LATIN, size=34, area=(1200, 900)):
    image = Image.new("L", area, 255)
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines * 2):
        draw.text((120, 100 + row * 2 * size), line, 0, ImageFont.truetype(font, size))
    return image


def png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def chunk(kind, data):
    body = kind + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def bomb(side):
    """A PNG that is small on disk and huge when decoded."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1 << 20), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


class ReaderCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.reader = reader_client.Reader("eng,chi_sim+eng")

    @classmethod
    def tearDownClass(cls):
        assert cls.reader.close() == 0

    def words(self, answer):
        self.assertNotIn("error", answer, answer)
        return " ".join(word["text"] for word in answer["words"])

    def refused(self, picture, code, **request):
        answer = self.reader.read(picture, **request)
        self.assertTrue(answer.get("error"), answer)
        self.assertEqual(answer["code"], code, answer)
        self.assertEqual(self.reader.ask({"op": "ping"})["engine"][:9], "tesseract")
        return answer


class Pages(ReaderCase):
    def test_turned_and_tilted(self):
        for degrees in (0, 8, -8, 90, 180, 270, 93, 176):
            with self.subTest(degrees=degrees):
                turned = page().rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
                answer = self.reader.read(png(turned), langs="eng")
                self.assertIn("Registered capital one million", self.words(answer))
                # The first word's corner leads back to the picture as it was given.
                word = next(w for w in answer["words"] if w["text"] == "licence")
                a, b, c, d, e, f = answer["pages"][0]["matrix"]
                x, y = word["box"][0] + word["box"][2] / 2, word["box"][1] + word["box"][3] / 2
                at = (round(a * x + b * y + c), round(d * x + e * y + f))
                around = turned.crop((at[0] - 40, at[1] - 40, at[0] + 40, at[1] + 40))
                self.assertLess(min(around.getdata()), 100)

    def test_chinese(self):
        lines = ("营业执照 统一社会信用代码", "注册资本 壹佰万元整", "成立日期 二零一九年三月", "法定代表人 张三")
        answer = self.reader.read(png(page(lines, CHINESE, 40)), langs="chi_sim+eng")
        text = self.words(answer).replace(" ", "")
        for part in ("营业执照", "统一社会信用代码", "注册资本", "成立日期", "法定代表人"):
            self.assertIn(part, text)

    def test_pages_and_regions(self):
        out = io.BytesIO()
        page().save(out, "TIFF", save_all=True, append_images=[page(("Second page",) * 4)], compression="tiff_lzw")
        answer = self.reader.read(out.getvalue(), langs="eng")
        self.assertEqual([p["page"] for p in answer["pages"]], [1, 2])
        self.assertIn("Second page", self.words(answer))
        region = [100, 90, 800, 60]
        again = self.reader.ask({"op": "again", "page": 1, "region": region, "mode": "line", "scale": 1.5, "langs": "eng"})
        self.assertEqual(self.words(again), LINES[0])
        self.reader.ask({"op": "forget"})
        self.assertEqual(self.reader.ask({"op": "again", "page": 1, "langs": "eng"})["code"], "ENOENT")

    def test_a_picture_as_it_is(self):
        answer = self.reader.read(png(page()), langs="eng", mend=False, region=[100, 90, 800, 60], mode="line")
        self.assertEqual(self.words(answer), LINES[0])
        self.assertEqual(answer["pages"][0]["matrix"], [1, 0, 0, 0, 1, 0])

    def test_empty_page(self):
        self.assertEqual(self.reader.read(png(Image.new("L", (800, 800), 255)), langs="eng")["words"], [])

    def test_wrong_use(self):
        self.assertEqual(self.reader.ask({"op": "read"})["code"], "EUSE")
        self.assertEqual(self.reader.ask({"op": "dance"})["code"], "EUSE")
        self.refused(png(page()), "EUNAVAILABLE", langs="deu")
        self.refused(png(page()), "EUSE", langs="eng", pages=[3, 4])
        self.refused(png(page()), "EUSE", langs="eng", region=[5000, 5000, 10, 10])


class Hostile(ReaderCase):
    def test_bombs(self):
        began = time.monotonic()
        self.refused(bomb(30000), "ELIMIT", langs="eng")
        huge = struct.pack("<2sHI", b"II", 42, 8) + struct.pack("<H", 5)
        for tag, value in ((256, 20000), (257, 20000), (258, 8), (262, 1), (273, 8)):
            huge += struct.pack("<HHII", tag, 4, 1, value)
        self.refused(huge + bytes(64), "ELIMIT", langs="eng")
        self.refused(b"P5\n100000 100000\n255\n" + bytes(64), "ELIMIT", langs="eng")
        self.assertLess(time.monotonic() - began, 20)  # decoding them takes minutes

    def test_damaged(self):
        whole = png(page())
        for cut in (0, 5, 20, 40, len(whole) // 2, len(whole) - 20):
            with self.subTest(cut=cut):
                self.assertTrue(self.reader.read(whole[:cut] or b"x", langs="eng").get("error"))
        out = io.BytesIO()
        page().save(out, "JPEG")
        self.refused(out.getvalue()[:2000], "EFORMAT", langs="eng")
        self.refused(b"%PDF-1.4 not a picture at all", "EFORMAT", langs="eng")
        self.refused(b"GIF89a" + bytes(200), "EFORMAT", langs="eng")

    def test_bytes_changed_at_random(self):
        import random

        rng = random.Random(7)
        out = io.BytesIO()
        page(area=(500, 300)).save(out, "TIFF", compression="tiff_lzw")
        for whole in (png(page(area=(500, 300))), out.getvalue()):
            for _ in range(25):
                data = bytearray(whole)
                for _ in range(4):
                    data[rng.randrange(len(data))] = rng.randrange(256)
                answer = self.reader.read(bytes(data), langs="eng", deadline_ms=20000)
                self.assertTrue("words" in answer or answer.get("error"))

    def test_memory_that_can_still_change_is_copied(self):
        fd = reader_client.sealed(png(page()), seal=False)
        answer = self.reader.ask({"op": "read", "langs": "eng"}, [fd])
        os.close(fd)
        self.assertIn("Hamburg", self.words(answer))

    def test_deadline_and_cancel(self):
        dense = page(tuple(f"line {n} of very many lines" for n in range(18)), size=22, area=(1600, 2400))
        self.refused(png(dense), "ETIME", langs="eng", deadline_ms=60)
        fd = reader_client.sealed(png(dense))
        number = self.reader.send({"op": "read", "langs": "eng"}, [fd])
        self.reader.send({"cancel": number}, want=False)
        os.close(fd)
        got, answer = self.reader.receive()
        self.assertEqual((got, answer.get("code")), (number, "ECANCELED"))
        self.assertIn("tesseract", self.reader.ask({"op": "ping"})["engine"])


class Sandbox(unittest.TestCase):
    def test_what_is_left_to_it(self):
        with reader_client.Reader("eng") as reader:
            reader.ask({"op": "ping"})
            with open(f"/proc/{reader.child.pid}/status", encoding="utf-8") as file:
                status = file.read()
            fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
            self.assertEqual(fields["Seccomp"].strip(), "2")
            self.assertEqual(fields["NoNewPrivs"].strip(), "1")
            self.assertEqual(fields["Threads"].strip(), "1")

    def test_it_dies_alone(self):
        reader = reader_client.Reader("eng")
        reader.ask({"op": "ping"})
        reader.child.send_signal(signal.SIGSEGV)
        with self.assertRaises(reader_client.Gone):
            reader.ask({"op": "ping"})
        reader.close()
        with reader_client.Reader("eng") as other:
            self.assertIn("tesseract", other.ask({"op": "ping"})["engine"])

    def test_ends_with_its_owner(self):
        reader = reader_client.Reader("eng")
        self.assertEqual(reader.close(), 0)


if __name__ == "__main__":
    program = unittest.main(exit=False, verbosity=0)
    bad = len(program.result.failures) + len(program.result.errors)
    print(f"{program.result.testsRun - bad} passed, {bad} failed")
    sys.exit(1 if bad else 0)
