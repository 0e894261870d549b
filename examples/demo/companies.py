"""The companies of the demo: real ones, from the recorded answers beside the services.

Owns how a recorded registry answer becomes what a certificate says. What no registry tells (representative, capital,
tax number) is invented elsewhere or comes from the made answers of the tax service.
"""

import collections
import datetime
import json
import pathlib

RECORDINGS = pathlib.Path(__file__).resolve().parent.parent / "legacy" / "services" / "data"

Company = collections.namedtuple("Company", "number label name form address established tax_number status")

# Codes of ISO 20275 that the recorded companies have, in the words of their certificates.
FORMS = {
    "2HBR": "Limited liability company (GmbH)",
    "4QIE": "Sole proprietorship",
    "54M6": "Private limited company (B.V.)",
    "6QQB": "Public limited company (AG)",
    "73C0": "Limited liability company (S.R.L.)",
    "9999": "Public limited company (S.A.)",
    "AXSB": "Limited liability company (GmbH)",
    "B6ES": "Public limited company",
    "H0PO": "Private limited company",
    "HZEH": "Limited liability company",
    "JGV1": "Limited liability company",
    "LWXI": "Private company limited by shares",
    "NHYA": "Profit corporation",
    "O90R": "Business corporation",
    "SGST": "European company (SE)",
    "T91T": "Limited partnership",
    "V89C": "Private limited company",
    "XJHM": "Limited company (Aktiebolag)",
    "XTIQ": "Corporation",
}

COUNTRIES = {
    "AT": "Austria",
    "BE": "Belgium",
    "CA": "Canada",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FI": "Finland",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IN": "India",
    "IT": "Italy",
    "LU": "Luxembourg",
    "MT": "Malta",
    "MX": "Mexico",
    "NL": "Netherlands",
    "PE": "Peru",
    "PL": "Poland",
    "PT": "Portugal",
    "SE": "Sweden",
    "SG": "Singapore",
    "US": "United States",
    "UY": "Uruguay",
}


def load():
    """All companies with a made tax number, by registration number, in the order of that file."""
    leis = _lei_records()
    found = {}
    for entry in json.loads((RECORDINGS / "vies" / "made.json").read_text("utf-8"))["answers"]:
        number = entry["registration"]
        tax_number = entry["countryCode"] + entry["answer"]["vatNumber"]
        company = _from_lei(leis[number], tax_number) if number in leis else _from_house(number, tax_number)
        if company.established:
            found[number] = company
    return found


def _lei_records():
    records = {}
    for path in sorted(RECORDINGS.glob("gleif/**/*.json")):
        data = json.loads(path.read_text("utf-8"))["data"]
        for item in data if isinstance(data, list) else [data]:
            if item.get("type") == "lei-records" and "attributes" in item:
                records[item["id"]] = item["attributes"]
    return records


def _from_lei(record, tax_number):
    entity = record["entity"]
    place = entity["legalAddress"]
    town = " ".join(part for part in (place["postalCode"], place["city"]) if part)
    return Company(
        number=record["lei"],
        label="LEI",
        name=entity["legalName"]["name"],
        form=FORMS[entity["legalForm"]["id"]],
        address=", ".join([*place["addressLines"], town, COUNTRIES[place["country"]]]),
        established=_local_day(entity["creationDate"]),
        tax_number=tax_number,
        status="lapsed" if record["registration"]["status"] == "LAPSED" else entity["status"].lower(),
    )


def _local_day(text):
    """GLEIF gives local midnight in UTC: an evening hour belongs to the next day there."""
    if text is None:
        return None
    moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    return (moment + datetime.timedelta(hours=12)).date()


def _from_house(number, tax_number):
    path = RECORDINGS / "companies_house" / "company" / f"{number}.json"
    profile = json.loads(path.read_text("utf-8"))
    place = profile["registered_office_address"]
    parts = ("address_line_1", "address_line_2", "locality", "postal_code", "country")
    return Company(
        number=number,
        label="Registration number",
        name=profile["company_name"],
        form={"ltd": "Private limited company"}[profile["type"]],
        address=", ".join(place[part] for part in parts if place.get(part)),
        established=datetime.date.fromisoformat(profile["date_of_creation"]),
        tax_number=tax_number,
        status=profile["company_status"],
    )
