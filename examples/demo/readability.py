#!/usr/bin/python3
"""How many of the numbers on a folder of cases does the tesseract command read right, first try, whole page?

    readability.py FOLDER…        each made by make_cases.py
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile


def words(path):
    """The text of a document as tesseract reads it, without spaces."""
    with tempfile.TemporaryDirectory() as work:
        if path.suffix == ".pdf":
            subprocess.run(
                ["pdftoppm", "-r", "200", "-gray", "-singlefile", str(path), f"{work}/page"], check=True
            )
            path = pathlib.Path(work, "page.pgm")
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        command = ["tesseract", str(path), "-", "-l", "eng", "--psm", "4"]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return re.sub(r"\s", "", done.stdout)


def numbers(folder):
    """(document, number as printed, whether it was read) of every different document."""
    lines = {}
    for line in (folder / "cases.jsonl").read_text("utf-8").splitlines():
        lines[json.loads(line)["key"]] = json.loads(line)
    for case in json.loads((folder / "expected.json").read_text("utf-8"))["cases"]:
        if case["kind"] == "duplicate":
            continue
        printed = {review["field"]: review["printed"] for review in case["reviews"]}
        for document, field in (("licence", "number"), ("tax_certificate", "tax_number")):
            number = printed.get(field, case["truth"][document][field])
            path = folder / lines[case["key"]][document]
            yield path, number, number in words(path)


def main(folders):
    right = {"licence": 0, "tax": 0}
    seen = dict(right)
    for folder in folders:
        for path, number, read in numbers(pathlib.Path(folder)):
            seen[path.stem] += 1
            right[path.stem] += read
            if not read:
                print(f"not read: {number} in {path}")
    for kind, count in seen.items():
        print(f"{kind}: {right[kind]} of {count} numbers read right")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
