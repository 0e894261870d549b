#!/usr/bin/python3
"""Tests of the case generator: what it chooses, what it prints, and that both are the same for the same seed."""

import argparse
import collections
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import unittest

from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "legacy" / "services")]

import checks  # noqa: E402
import companies  # noqa: E402
import faults  # noqa: E402
import layouts  # noqa: E402
import make_cases  # noqa: E402
import paper  # noqa: E402
import readability  # noqa: E402

TODAY = "2026-11-24"


def generate(folder, seed, count, hash_seed="0"):
    command = [sys.executable, "-B", str(HERE / "make_cases.py"), "--out", str(folder), "--seed", str(seed)]
    command += ["--count", str(count), "--today", TODAY]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})


def files(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


class TestChecks(unittest.TestCase):
    def test_right_numbers_and_each_wrong_digit(self):
        numbers = ["FR36502095094", "MT14658213", "PL7740001454", "SE556728341001"]
        numbers += [company.tax_number for company in companies.load().values()]
        for number in numbers:
            self.assertTrue(checks.vat_valid(number), number)
        for company in companies.load().values():
            if company.label == "LEI":
                self.assertTrue(checks.lei_valid(company.number), company)
                self.assertFalse(checks.lei_valid(make_cases.misprint(company.number, random.Random(1))))

    def test_unknown_country_is_an_error(self):
        with self.assertRaisesRegex(ValueError, "'GB'"):
            checks.vat_valid("GB823531352")


class TestChoice(unittest.TestCase):
    def kinds(self, count, seed):
        chosen, doubled = make_cases.choose(count, random.Random(seed))
        return chosen, doubled, collections.Counter(kind for kind, _ in chosen)

    def test_a_dozen_holds_eight_plain_and_one_of_each_special(self):
        for seed in range(40):
            chosen, doubled, kinds = self.kinds(12, seed)
            self.assertEqual(kinds, {"plain": 8, "check_digit": 1, "lapsed": 1, "tax_unavailable": 1})
            self.assertEqual(doubled, 1)
            self.assertEqual(len({company.number for _, company in chosen}), 11)
            self.assertEqual(sum(company.label != "LEI" for _, company in chosen), 1)

    def test_every_count_gives_that_many_lines(self):
        for count in (1, 4, 5, 11, 12, 13, 24, 50, 120):
            chosen, doubled, kinds = self.kinds(count, 7)
            self.assertEqual(len(chosen) + doubled, count)
            self.assertEqual(kinds["lapsed"], max(1, count // 12) if count >= 5 else 0)

    def test_faulty_tax_numbers_and_hard_leis_meet_no_other_case(self):
        for seed in range(10):
            chosen, _, _ = self.kinds(50, seed)
            for kind, company in chosen:
                self.assertEqual(kind == "tax_unavailable", company.number in make_cases.UNAVAILABLE)
                self.assertNotIn(company.number, make_cases.HARD)
                self.assertEqual(kind == "lapsed", company.status == "lapsed")
            unavailable = [company.number for kind, company in chosen if kind == "tax_unavailable"]
            self.assertEqual(len(unavailable), len(set(unavailable)))


class TestLayouts(unittest.TestCase):
    def test_every_layout_holds_the_longest_company(self):
        """Nothing that is read may run into the seal or off the sheet, whatever the company."""
        today = datetime.date.fromisoformat(TODAY)
        longest = max(companies.load().values(), key=lambda company: len(company.address))
        truths = make_cases.truth_of("plain", longest, today, random.Random(1))
        for group, truth in zip((layouts.LICENCES, layouts.TAX_CERTIFICATES), truths):
            for layout in group:
                printed = []
                sheet = paper.Sheet(100)
                text = sheet.text
                sheet.text = lambda x, y, t, name="sans", points=11, ink=paper.INK, anchor="ls": (
                    printed.append((x, y, sheet.width(t, name, points), anchor)),
                    text(x, y, t, name, points, ink, anchor),
                )
                layout(sheet, truth, random.Random(1))
                for x, y, width, anchor in printed:
                    left = x - {"l": 0, "m": width / 2, "r": width}[anchor[0]]
                    self.assertTrue(
                        10 < left and left + width < 200 and 10 < y < 290, (layout.__name__, x, y, width)
                    )


class TestDozen(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.work.name)
        generate(cls.folder, 1, 12)
        text = (cls.folder / "cases.jsonl").read_text("utf-8")
        cls.lines = [json.loads(line) for line in text.splitlines()]
        cls.expected = json.loads((cls.folder / "expected.json").read_text("utf-8"))

    @classmethod
    def tearDownClass(cls):
        cls.work.cleanup()

    def test_lines_and_expectations_belong_together(self):
        keys = [line["key"] for line in self.lines]
        self.assertEqual((len(keys), len(set(keys))), (12, 11))
        double = next(case for case in self.expected["cases"] if case["kind"] == "duplicate")
        first, second = [line for line in self.lines if line["key"] == double["key"]]
        self.assertEqual((first, double["outcome"]), (second, "refused"))
        by_key = {line["key"]: line for line in self.lines}
        for case in self.expected["cases"]:
            approval = case["approval"]
            self.assertEqual(approval is not None, case["outcome"] == "approved")
            if approval:
                line = by_key[case["key"]]
                self.assertEqual(f"{approval['amount_minor'] / 100:.2f} EUR", line["amount"])
                self.assertEqual(approval["product"], line["product"])
        approved = [case["approval"] for case in self.expected["cases"] if case["outcome"] == "approved"]
        self.assertEqual((self.expected["approvals"], len(approved)), (approved, 10))

    def test_numbers_are_real_and_only_one_fails_its_check_digits(self):
        known = companies.load()
        for case in self.expected["cases"]:
            if case["kind"] == "duplicate":
                continue
            number = case["truth"]["licence"]["number"]
            self.assertEqual(known[number].tax_number, case["truth"]["tax_certificate"]["tax_number"])
            self.assertEqual(len(case["reviews"]), int(case["kind"] == "check_digit"))
            for review in case["reviews"]:
                self.assertFalse(checks.lei_valid(review["printed"]))
                self.assertEqual(review["answer"], number)

    def test_files_are_what_their_names_say(self):
        kinds = collections.Counter()
        for line in self.lines:
            for document in ("licence", "tax_certificate"):
                path = self.folder / line[document]
                kinds[path.suffix] += line is not self.lines[-1]
                if path.suffix == ".pdf":
                    self.assertTrue(path.read_bytes().startswith(b"%PDF"))
                    continue
                with Image.open(path) as image:
                    self.assertEqual(
                        image.format, {".png": "PNG", ".jpg": "JPEG", ".tif": "TIFF"}[path.suffix]
                    )
                    dpi = image.info["dpi"][0]
                    self.assertTrue(150 <= dpi <= 200, dpi)
                    self.assertLess(abs(image.width - 210 / 25.4 * dpi), 2)
        self.assertEqual(kinds[".pdf"], 1)
        self.assertTrue(all(kinds[suffix] for suffix in (".png", ".jpg", ".tif")), kinds)

    def test_the_services_take_the_rules(self):
        rules = json.loads((self.folder / "rules.json").read_text("utf-8"))
        known = faults.Faults()
        known.add(rules)
        case = next(case for case in self.expected["cases"] if case["kind"] == "tax_unavailable")
        number = case["approval"]["tax_no"]
        path = f"/vies/ms/{number[:2]}/vat/{number[2:]}"
        self.assertEqual([known.meet(path) is not None for _ in range(3)], [True, True, False])

    def test_most_numbers_are_readable(self):
        """A reader's second look is not in this: the whole page, one pass of the tesseract command."""
        seen = list(readability.numbers(self.folder))
        read = sum(right for _, _, right in seen)
        self.assertEqual(len(seen), 22)
        self.assertGreaterEqual(
            read, 17, [(str(path.name), number) for path, number, right in seen if not right]
        )


class TestSameSeed(unittest.TestCase):
    def test_same_bytes_for_the_same_seed_and_other_ones_for_another(self):
        with tempfile.TemporaryDirectory() as work:
            one, two, other = (pathlib.Path(work, name) for name in ("one", "two", "other"))
            generate(one, 5, 5, "1")
            generate(two, 5, 5, "2")
            generate(other, 6, 5)
            self.assertEqual(files(one), files(two))
            self.assertNotEqual(files(one)["cases.jsonl"], files(other)["cases.jsonl"])

    def test_wrong_options_are_refused(self):
        for wrong in (["--count", "0"], ["--wear", "9"], ["--today", "yesterday"]):
            with self.assertRaises(SystemExit), open(os.devnull, "w") as quiet:
                sys.stderr, before = quiet, sys.stderr
                try:
                    make_cases.options(["--out", "x", "--seed", "1", *wrong])
                finally:
                    sys.stderr = before
        self.assertIsInstance(make_cases.options(["--out", "x", "--seed", "1"]), argparse.Namespace)


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
