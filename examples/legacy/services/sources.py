"""GLEIF, UK Companies House and EU VIES as functions from a request to an answer.

Owns the recordings, the manners of each service (keys, error bodies, rate limit headers) and nothing of HTTP.
"""

import base64
import collections
import datetime
import json
import os
import re
import threading
import time
import urllib.parse

Answer = collections.namedtuple("Answer", "status body type headers")


class Recordings:
    """The recorded responses. A file's path is its URL; earlier folders hide later ones."""

    def __init__(self, folders):
        self.folders = folders
        self.records = {}
        self.made = {}
        for folder in reversed(folders):
            for path in sorted(folder.glob("gleif/**/*.json")):
                self._take_lei_records(path)
            made = folder / "vies" / "made.json"
            if made.exists():
                for entry in json.loads(made.read_text("utf-8"))["answers"]:
                    self.made[entry["countryCode"], entry["answer"]["vatNumber"]] = entry["answer"]

    def _take_lei_records(self, path):
        data = json.loads(path.read_text("utf-8")).get("data")
        for item in data if isinstance(data, list) else [data]:
            if isinstance(item, dict) and item.get("type") == "lei-records" and "attributes" in item:
                self.records[item["id"]] = item

    def find(self, *names):
        """The body recorded for a path, or None. Names are single path parts; anything else is never a file."""
        if not all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) for name in names):
            return None
        for folder in self.folders:
            path = folder.joinpath(*names[:-1], names[-1] + ".json")
            if path.is_file():
                return path.read_bytes()
        return None


class Window:
    """Counts requests of one service in its fixed window, for the headers and, if asked, for the refusal."""

    def __init__(self, limit, seconds):
        self.limit, self.seconds = limit, seconds
        self.used, self.ends = 0, 0.0
        self.lock = threading.Lock()

    def take(self):
        """(requests over the limit so far, requests left, epoch second at which the window ends)"""
        with self.lock:
            now = time.time()
            if now >= self.ends:
                self.used, self.ends = 0, now + self.seconds
            self.used += 1
            return max(0, self.used - self.limit), max(0, self.limit - self.used), int(self.ends)


def as_json(status, value, kind="application/json", headers=()):
    body = value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()
    return Answer(status, body, kind, dict(headers))


class Gleif:
    """api.gleif.org/api/v1: no key, JSON:API, 60 requests a minute."""

    KIND = "application/vnd.api+json"
    FILTERS = {
        "lei": lambda record: record["id"],
        "entity.registeredAs": lambda record: record["attributes"]["entity"]["registeredAs"],
        "entity.legalName": lambda record: record["attributes"]["entity"]["legalName"]["name"],
        "entity.jurisdiction": lambda record: record["attributes"]["entity"]["jurisdiction"],
    }

    def __init__(self, recordings):
        self.recordings = recordings
        self.window = Window(60, 60)

    def error(self, status, title):
        return as_json(status, {"errors": [{"status": str(status), "title": title}]}, self.KIND)

    def limits(self, left, ends):
        return {"X-RateLimit-Limit": str(self.window.limit), "X-RateLimit-Remaining": str(left)}

    def limited(self, seconds):
        wait = {"X-RateLimit-Limit": str(self.window.limit), "X-RateLimit-Remaining": "0"}
        wait["Retry-After"] = str(max(1, round(seconds)))
        return self.error(429, "Too Many Requests")._replace(headers=wait)

    def failed(self, rule):
        return self.error(rule.get("status", 503), "Service Unavailable")

    def answer(self, request):
        if request.method != "GET":
            return self.error(405, "Method Not Allowed")
        names = request.names
        if names == ["lei-records"]:
            return self.search(request)
        if names[:1] == ["lei-records"] and len(names) == 2 and names[1] in self.recordings.records:
            record = self.recordings.records[names[1]]
            return as_json(200, {"meta": self.meta(), "data": record}, self.KIND)
        body = self.recordings.find("gleif", *names)
        return as_json(200, body, self.KIND) if body else self.error(404, "Resource not found")

    def meta(self):
        return {"goldenCopy": {"publishDate": "2025-05-15T00:00:00Z"}}

    def search(self, request):
        found = list(self.recordings.records.values())
        page, size = 1, 15
        for key, text in request.query:
            name = re.fullmatch(r"filter\[(.+)\]|page\[(number|size)\]", key)
            if name and name[2]:
                if not re.fullmatch(r"[1-9][0-9]{0,4}", text):
                    return self.error(400, f"Invalid {key}")
                page, size = (int(text), size) if name[2] == "number" else (page, min(int(text), 200))
            elif name and name[1] in self.FILTERS:
                wanted = {part.strip().casefold() for part in text.split(",")} | {text.strip().casefold()}
                found = [r for r in found if (self.FILTERS[name[1]](r) or "").casefold() in wanted]
            else:
                return self.error(400, f"Unknown parameter {key}")
        return self.page(request, found, page, size)

    def page(self, request, found, page, size):
        first = (page - 1) * size
        shown = found[first : first + size]
        last = max(1, -(-len(found) // size))
        pagination = {"currentPage": page, "perPage": size, "total": len(found), "lastPage": last}
        pagination["from"], pagination["to"] = (first + 1, first + len(shown)) if shown else (None, None)
        keep = [pair for pair in request.query if not pair[0].startswith("page[")]
        numbers = {"first": 1, "last": last, **({"next": page + 1} if page < last else {})}
        links = {
            name: f"{request.base}/lei-records?"
            + urllib.parse.urlencode(keep + [("page[number]", number), ("page[size]", size)])
            for name, number in numbers.items()
        }
        body = {"meta": {**self.meta(), "pagination": pagination}, "links": links, "data": shown}
        return as_json(200, body, self.KIND)


class CompaniesHouse:
    """api.company-information.service.gov.uk: Basic authentication, 600 requests in five minutes."""

    MISSING = {1: "company-profile-not-found", "insolvency": "company-insolvencies-not-found"}

    def __init__(self, recordings, key):
        self.recordings, self.key = recordings, key
        self.window = Window(600, 300)

    def error(self, status, error):
        return as_json(status, {"errors": [{"error": error, "type": "ch:service"}]})

    def limits(self, left, ends):
        return {
            "X-Ratelimit-Limit": str(self.window.limit),
            "X-Ratelimit-Remain": str(left),
            "X-Ratelimit-Reset": str(ends),
            "X-Ratelimit-Window": "5m",
        }

    def limited(self, seconds):
        headers = self.limits(0, int(time.time() + max(1, seconds)))
        return Answer(429, b"", "text/plain", headers)

    def failed(self, rule):
        return self.error(rule.get("status", 503), "service-unavailable")

    def answer(self, request):
        if not self.known(request.authorization):
            return as_json(401, {"error": "Invalid Authorization", "type": "ch:service"})
        if request.method != "GET":
            return self.error(405, "invalid-http-method")
        names = request.names
        body = self.recordings.find("companies_house", *names) if names else None
        if body:
            return as_json(200, body)
        if names[:1] == ["company"] and len(names) == 2:
            return self.error(404, self.MISSING[1])
        return self.error(404, self.MISSING.get(names[-1] if names else "", "resource-not-found"))

    def known(self, authorization):
        """The API key is the user, the password is empty."""
        scheme, _, text = (authorization or "").partition(" ")
        try:
            user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
        except ValueError:
            return False
        good = user == self.key if self.key else user != ""
        return scheme.lower() == "basic" and colon == ":" and password == "" and good


class Vies:
    """ec.europa.eu/taxation_customs/vies/rest-api: no key; its errors are answers with status 200."""

    COUNTRIES = set(
        "AT BE BG CY CZ DE DK EE EL ES FI FR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK XI".split()
    )
    NOTHING = {"name": "---", "street": "---", "postalCode": "---", "city": "---", "companyType": "---"}
    MATCHES = dict.fromkeys(
        ("matchName", "matchStreet", "matchPostalCode", "matchCity", "matchCompanyType"), 3
    )

    def __init__(self, recordings):
        self.recordings = recordings
        self.window = None

    def failed(self, rule, request):
        if "status" in rule:
            return as_json(rule["status"], b"", "text/html")
        return self.refuse(request, rule.get("error", "MS_UNAVAILABLE"))

    def refuse(self, request, code):
        if request.method == "POST":
            return as_json(200, {"actionSucceed": False, "errorWrappers": [{"error": code}]})
        return as_json(200, self.get_body(request.vat[1], False, code, "---", "---"))

    def get_body(self, number, valid, code, name, address):
        plain = re.sub(r"[\s.-]", "", number)
        return {
            "isValid": valid,
            "requestDate": now_text(),
            "userError": code,
            "name": name,
            "address": address,
            "requestIdentifier": "",
            "originalVatNumber": number,
            "vatNumber": plain,
            "viesApproximate": {**self.NOTHING, **self.MATCHES},
        }

    def answer(self, request):
        if request.vat is None:
            return as_json(404, {"actionSucceed": False, "errorWrappers": [{"error": "NOT_FOUND"}]})
        country, number = request.vat
        plain = re.sub(r"[\s.-]", "", number)
        if country not in self.COUNTRIES or not re.fullmatch(r"[0-9A-Z+*]{2,12}", plain):
            return self.refuse(request, "INVALID_INPUT")
        recorded = self.recordings.find("vies", "ms", country, "vat", plain)
        record = json.loads(recorded) if recorded else self.recordings.made.get((country, plain))
        if request.method == "POST":
            return as_json(200, self.post_body(request, country, plain, record))
        if record is None:
            return as_json(200, self.get_body(number, False, "INVALID", "---", "---"))
        return as_json(200, {**record, "requestDate": now_text(), "originalVatNumber": number})

    def post_body(self, request, country, plain, record):
        asked_by = request.json.get("requesterMemberStateCode") and request.json.get("requesterNumber")
        body = {
            "countryCode": country,
            "vatNumber": plain,
            "requestDate": now_text(),
            "valid": bool(record and record["isValid"]),
            "requestIdentifier": "WAPIAAAA" + os.urandom(4).hex().upper() if asked_by else "",
            "name": record["name"] if record else "---",
            "address": record["address"] if record else "---",
        }
        for part in ("Name", "Street", "PostalCode", "City", "CompanyType"):
            body[f"trader{part}"] = request.json.get(f"trader{part}") or "---"
            body[f"trader{part}Match"] = "NOT_PROCESSED"
        return body


def now_text():
    now = datetime.datetime.now(datetime.timezone.utc)
    return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"
