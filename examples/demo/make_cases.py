#!/usr/bin/python3
"""Makes loan applications with scanned-looking documents, and says what must come out of them.

Owns the choice of cases and their answers; companies.py knows the companies, layouts.py and paper.py make the
pictures. Writes cases.jsonl, expected.json, rules.json (for examples/legacy/services) and one folder per case.
"""

import argparse
import datetime
import json
import pathlib
import random
import sys
import time

import companies
import layouts
import paper

FIRST_ID = 1001
# The tax numbers of these are only used for the unavailable tax service, so that no other case meets its faults.
UNAVAILABLE = ("549300YX4S1LLSMK2627", "5299008URSKZ33TATT80", "529900YR7EORVQ2U3353", "5299002NNN4AMOTG3786")
# The letters and figures of these LEIs stand so that tesseract reads them wrong however clean the page is (O beside
# 0, I beside 1, S beside 5). A reader must doubt them, so none of them is a plain case.
HARD = (
    "549300O897ZC5H7CY412",
    "549300OWK6ZGNYP4G142",
    "INR2EJN1ERAN0W5ZP974",
    "5299001ERX0K10IZUL40",
    "529900ATF9XUG4XSFP50",
    "724500HW9I3CIW5B8N93",
)
PRODUCTS = ("Working capital", "Equipment", "Invoice finance", "Farm credit")
GIVEN = "Anna Bruno Clara David Elena Felix Greta Henrik Ida Jonas Katrin Leon Marta Nils Olga Paul Rita Sven".split()
FAMILY = "Beispiel Ejemplo Esempio Exempel Przyklad Sample Specimen Testmann Voorbeeld Muster".split()
LOOK_ALIKE = {
    "0": "6",
    "1": "7",
    "2": "7",
    "3": "8",
    "4": "9",
    "5": "6",
    "6": "8",
    "7": "1",
    "8": "3",
    "9": "4",
}
FORMATS = ("jpg", "png", "jpg", "tif")


class Choice:
    """Companies for the plain cases: each once before any comes again, one from Companies House if there are many."""

    def __init__(self, pool, rng):
        self.pool, self.rng, self.left = pool, rng, []

    def take(self, house=False):
        if house:
            return next(c for c in self.pool if c.label != "LEI")
        if not self.left:
            self.left = [c for c in self.pool if c.label == "LEI"]
            self.rng.shuffle(self.left)
        return self.left.pop()


def choose(count, rng):
    """(kind, company) of every different case, in the order of their numbers. A dozen holds one of each special kind."""
    known = companies.load()
    dozens = max(1, count // 12) if count >= 5 else 0
    unavailable = min(dozens, len(UNAVAILABLE))
    lapsed = [c for c in known.values() if c.status == "lapsed"]
    plain = Choice(
        [c for c in known.values() if c.status == "active" and c.number not in UNAVAILABLE + HARD], rng
    )
    chosen = [("lapsed", lapsed[i % len(lapsed)]) for i in range(dozens)]
    chosen += [("check_digit", plain.take()) for _ in range(dozens)]
    chosen += [("tax_unavailable", known[UNAVAILABLE[i]]) for i in range(unavailable)]
    for number in range(count - dozens - len(chosen)):
        chosen.append(("plain", plain.take(house=number == 0 and count >= 5)))
    rng.shuffle(chosen)
    return chosen, dozens


def day_text(day, style):
    return day.isoformat() if style == "iso" else f"{day.day} {day:%B} {day.year}"


def misprint(number, rng):
    """The number with one digit printed as a look-alike: what a worn type or a tired clerk makes of it."""
    places = [i for i, c in enumerate(number[:18]) if c in LOOK_ALIKE]
    at = rng.choice(places)
    return number[:at] + LOOK_ALIKE[number[at]] + number[at + 1 :]


def truth_of(kind, company, today, rng):
    """What the two documents of a case say, as printed; `number` may be misprinted."""
    style = rng.choice(("iso", "words"))
    issued = today - datetime.timedelta(days=rng.randint(3, 60))
    person = f"{rng.choice(GIVEN)} {rng.choice(FAMILY)}"
    capital = f"{rng.choice(('25,000', '50,000', '100,000', '250,000', '1,000,000'))}.00"
    country = companies.COUNTRIES[company.tax_number[:2]]
    licence = {
        "number_label": company.label,
        "number": misprint(company.number, rng) if kind == "check_digit" else company.number,
        "name": company.name,
        "legal_form": company.form,
        "address": company.address,
        "representative": person,
        "capital": f"{'GBP' if company.label != 'LEI' else 'EUR'} {capital}",
        "established": day_text(company.established, style),
        "issued": day_text(issued, style),
        "issued_year": str(issued.year),
    }
    certificate = {
        "taxpayer": company.name,
        "tax_number": f"{company.tax_number[:2]} {company.tax_number[2:]}",
        "issued_by": f"Tax Office No. {rng.randint(2, 19)}, {country}",
        "issued": day_text(issued, style),
        "issued_year": str(issued.year),
        "valid_until": day_text(issued + datetime.timedelta(days=365), style),
    }
    return licence, certificate


def save(image, path, dpi, rng):
    if path.suffix == ".jpg":
        image.save(path, quality=rng.randint(58, 82), dpi=(dpi, dpi))
    elif path.suffix == ".tif":
        image.save(path, compression="tiff_lzw", dpi=(dpi, dpi))
    elif path.suffix == ".pdf":
        # Without a fixed time the file would differ at each run.
        made = time.gmtime(0)
        image.save(path, resolution=dpi, quality=80, creationDate=made, modDate=made)
    else:
        image.save(path, dpi=(dpi, dpi), compress_level=1)


def print_and_scan(layout, truth, path, wear, rng):
    """Draws one document and writes it in the format of its name; most are grey, as office scanners make them."""
    dpi = rng.choice((170, 185, 200))
    sheet = paper.Sheet(dpi, rng.choice(((255, 255, 255), (252, 250, 244), (248, 250, 252))))
    layout(sheet, truth, rng)
    image = paper.scan(sheet, rng, path.suffix == ".png" or rng.random() < 0.6, wear)
    path.parent.mkdir(parents=True, exist_ok=True)
    save(image, path, dpi, rng)


def make_case(key, kind, company, pdf, given, rng):
    """Draws both documents; gives the case's line and what is expected of it."""
    licence, certificate = truth_of(kind, company, given.today, rng)
    files = {"licence": rng.choice(FORMATS), "tax_certificate": "pdf" if pdf else rng.choice(FORMATS)}
    names = {
        "licence": f"{key}/licence.{files['licence']}",
        "tax_certificate": f"{key}/tax.{files['tax_certificate']}",
    }
    layout = rng.choice(layouts.LICENCES)
    print_and_scan(layout, licence, given.out / names["licence"], given.wear, rng)
    print_and_scan(
        rng.choice(layouts.TAX_CERTIFICATES),
        certificate,
        given.out / names["tax_certificate"],
        given.wear,
        rng,
    )
    amount = rng.randrange(20, 800) * 1000 + rng.choice((0, 0, 0, 500, 250.5))
    line = {
        "key": key,
        "id": key,
        "amount": f"{amount:.2f} EUR",
        "product": rng.choice(PRODUCTS),
        "start_date": (given.today + datetime.timedelta(days=rng.randint(7, 45))).isoformat(),
        **names,
    }
    return line, expect(line, kind, company, licence, certificate)


def expect(line, kind, company, licence, certificate):
    """The outcome of one case, its approval if there is one, and the answers to what a person may be asked."""
    approval = {
        "application": line["id"],
        "applicant": company.name,
        "registration_no": company.number,
        "amount_minor": round(float(line["amount"].split()[0]) * 100),
        "currency": "EUR",
        "product": line["product"],
        "tax_no": company.tax_number,
        "start_date": line["start_date"],
    }
    reasons = {
        "plain": "registered, active, tax number valid",
        "check_digit": "the licence number fails its check digits; a person gives the right one; then as a plain case",
        "lapsed": "the registration is lapsed",
        "tax_unavailable": "the tax service is unavailable at first and is asked again; then as a plain case",
    }
    reviews = []
    if kind == "check_digit":
        reviews.append(
            {"document": "licence", "field": "number", "printed": licence["number"], "answer": company.number}
        )
    shown = {k: v for k, v in licence.items() if k not in ("number_label", "issued", "issued_year")}
    certificate = {k: v for k, v in certificate.items() if k != "issued_year"}
    return {
        "key": line["key"],
        "kind": kind,
        "outcome": "rejected" if kind == "lapsed" else "approved",
        "reason": reasons[kind],
        "reviews": reviews,
        "approval": None if kind == "lapsed" else approval,
        # What stands on the paper, numbers without spaces and right: the answer to any doubt of a reader.
        "truth": {
            "licence": {**shown, "number": company.number},
            "tax_certificate": {**certificate, "tax_number": company.tax_number},
        },
    }


def faults(kind, company, times):
    """The tax service says first that the member state is unavailable, then 503, in turn."""
    if kind != "tax_unavailable":
        return []
    path = f"/vies/ms/{company.tax_number[:2]}/vat/{company.tax_number[2:]}"
    forms = ({"error": "MS_UNAVAILABLE"}, {"status": 503})
    return [{"path": path, "mode": "fail", "count": 1, **forms[i % 2]} for i in range(times)]


def make(given):
    """Makes everything below given.out; gives (lines of cases.jsonl, expected.json, rules.json)."""
    rng = random.Random(f"cases {given.seed}")
    chosen, doubled = choose(given.count, rng)
    pdf = rng.randrange(len(chosen))
    lines, expected, rules = [], [], []
    for number, (kind, company) in enumerate(chosen):
        key = f"A-{FIRST_ID + number}"
        own = random.Random(f"{given.seed} {key}")
        line, outcome = make_case(key, kind, company, number == pdf, given, own)
        lines.append(line)
        expected.append(outcome)
        rules += faults(kind, company, given.unavailable)
    plain = [i for i, (kind, _) in enumerate(chosen) if kind == "plain"]
    for at in sorted(rng.sample(plain, doubled), reverse=True):
        lines.insert(rng.randint(at + 1, len(lines)), lines[at])
        again = {"key": lines[at]["key"], "kind": "duplicate", "outcome": "refused"}
        expected.append(
            {
                **again,
                "reason": "the queue has this key already",
                "reviews": [],
                "approval": None,
                "truth": None,
            }
        )
    approvals = [e["approval"] for e in expected if e["approval"]]
    book = {"seed": given.seed, "today": given.today.isoformat(), "approvals": approvals, "cases": expected}
    return lines, book, rules


def options(arguments):
    parser = argparse.ArgumentParser(description="Makes loan applications with scanned-looking documents.")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to fill")
    parser.add_argument("--seed", type=int, required=True, help="the same seed and day give the same bytes")
    parser.add_argument(
        "--count", type=int, default=12, help="lines in cases.jsonl (12); specials begin at 5"
    )
    parser.add_argument(
        "--today", type=datetime.date.fromisoformat, default=None, help="day of application (today)"
    )
    parser.add_argument("--wear", type=float, default=1.0, help="blur and grain of the scans (1.0)")
    parser.add_argument("--unavailable", type=int, default=2, help="how often the tax service fails (2)")
    given = parser.parse_args(arguments)
    if given.count < 1 or given.unavailable < 1 or not 0 <= given.wear <= 4:
        parser.error("--count and --unavailable are at least 1, --wear lies between 0 and 4")
    given.today = given.today or datetime.date.today()
    return given


def main(arguments=None):
    given = options(arguments)
    try:
        given.out.mkdir(parents=True, exist_ok=True)
        lines, book, rules = make(given)
        (given.out / "cases.jsonl").write_text(
            "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8"
        )
        for name, value in (("expected.json", book), ("rules.json", rules)):
            (given.out / name).write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")
    except OSError as error:
        print(f"make_cases: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
