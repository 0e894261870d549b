#!/usr/bin/python3
"""Pages per CPU second of a warm reader against the tesseract command: the same twelve rendered pages, language, page mode.

Medians of five rounds. Texts must be equal word for word, else the comparison is void and the status is 1.

    bench_documents.py [BUILD]
"""

import io
import os
import pathlib
import random
import resource
import statistics
import subprocess
import sys
import tempfile

from PIL import Image, ImageDraw, ImageFont

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "ocr"))
import reader_client  # noqa: E402

PAGES, ROUNDS, TARGET = 12, 5, 1.3
WORDS = "the borrower bank shall pay interest on each amount under this loan as agreed with security over all assets".split()
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def page(rng):
    """A page of a form: a heading and rows of label and value."""
    image = Image.new("L", (1240, 800), 255)
    draw = ImageDraw.Draw(image)
    draw.text((120, 90), "Loan agreement", 0, ImageFont.truetype(FONT, 40))
    font = ImageFont.truetype(FONT, 26)
    for row in range(8):
        draw.text((120, 180 + row * 55), " ".join(rng.choices(WORDS, k=9)), 0, font)
    out = io.BytesIO()
    image.save(out, "PNG", dpi=(150, 150))
    return out.getvalue()


def cpu_of(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def by_reader(reader, pages):
    began = cpu_of(reader.child.pid)
    texts = [[w["text"] for w in reader.read(p, langs="eng", mend=False, mode="auto")["words"]] for p in pages]
    return cpu_of(reader.child.pid) - began, texts


def by_command(paths):
    environment = dict(os.environ, OMP_THREAD_LIMIT="1", LC_ALL="C.UTF-8")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    texts = []
    for path in paths:
        command = ["tesseract", path, "-", "-l", "eng", "--oem", "1", "--psm", "3"]
        texts.append(subprocess.run(command, capture_output=True, text=True, check=True, env=environment).stdout.split())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, texts


def measure(build):
    """Medians: the ratio, our pages per CPU second, the command's; None when the texts differ."""
    os.environ.setdefault("DESKHAND", str(pathlib.Path(build, "deskhand")))
    rng = random.Random(12)
    pages = [page(rng) for _ in range(PAGES)]
    ratios = []
    with tempfile.TemporaryDirectory() as work, reader_client.Reader("eng") as reader:
        reader.ask({"op": "ping"})
        paths = []
        for number, data in enumerate(pages):
            paths.append(f"{work}/{number}.png")
            pathlib.Path(paths[-1]).write_bytes(data)
        for _ in range(ROUNDS):
            ours, our_texts = by_reader(reader, pages)
            theirs, their_texts = by_command(paths)
            if our_texts != their_texts:
                return None
            ratios.append((theirs / ours, PAGES / ours, PAGES / theirs))
    return [statistics.median(column) for column in zip(*ratios)]


def main(build):
    measured = measure(build)
    if not measured:
        print("documents: the texts differ, there is nothing to compare")
        return 1
    ratio, ours, theirs = measured
    print(
        f"documents: reader {ours:.2f} pages per CPU second, tesseract command {theirs:.2f}: {ratio:.2f}x, texts equal "
        f"(target {TARGET}, {ROUNDS} rounds of {PAGES} pages)"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(*(sys.argv[1:] or [str(ROOT / "build")])))
