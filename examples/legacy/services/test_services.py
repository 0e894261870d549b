#!/usr/bin/env python3
"""Tests of the services from outside: the program is started and asked over HTTPS."""

import base64
import http.client
import json
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
PUMA, LAPSED, BLOOMBERG = "529900GRZ2BQY5ZM9N49", "335800CCCPHKUOXPC332", "5493001KJTIIGC8Y1R12"


class Services:
    """The running program and one keep-alive connection to it."""

    def __init__(self, *arguments):
        self.folder = tempfile.TemporaryDirectory()
        command = [
            sys.executable,
            "-B",
            str(HERE / "services.py"),
            "--dir",
            self.folder.name,
            "--until-stdin-closes",
        ]
        self.process = subprocess.Popen([*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.urls = json.loads(self.process.stdout.readline())
        self.address = urllib.parse.urlsplit(self.urls["control"]).netloc
        self.tls = ssl.create_default_context(cafile=self.urls["ca"])
        self.connection = self.connect()

    def connect(self, timeout=10):
        return http.client.HTTPSConnection(self.address, timeout=timeout, context=self.tls)

    def ask(self, url, method="GET", body=None, headers=None, connection=None):
        """(status, headers, JSON or bytes) of one request."""
        connection = connection or self.connection
        data = json.dumps(body) if body is not None else None
        connection.request(method, url.replace("https://" + self.address, ""), data, headers or {})
        answer = connection.getresponse()
        raw = answer.read()
        try:
            return answer.status, answer.headers, json.loads(raw)
        except ValueError:
            return answer.status, answer.headers, raw

    def rule(self, **rule):
        status, _, state = self.ask(self.urls["control"], "POST", rule)
        return status, state

    def requests(self):
        return self.ask(self.urls["control"])[2]["requests"]

    def end(self):
        self.connection.close()
        self.process.stdin.close()
        code = self.process.wait(10)
        self.process.stdout.close()
        self.folder.cleanup()
        return code


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.services = Services()

    @classmethod
    def tearDownClass(cls):
        assert cls.services.end() == 0

    def setUp(self):
        self.services.ask(self.services.urls["control"], "DELETE")

    def gleif(self, path):
        return self.services.ask(self.services.urls["gleif"] + path)

    def house(self, path, key="demo-key"):
        headers = {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()} if key else {}
        return self.services.ask(self.services.urls["companies_house"] + path, headers=headers)

    def vat(self, country, number):
        return self.services.ask(f"{self.services.urls['vies']}/ms/{country}/vat/{number}")

    def check_vat(self, **body):
        return self.services.ask(self.services.urls["vies"] + "/check-vat-number", "POST", body)


class TestGleif(Case):
    def test_record_is_the_recorded_one(self):
        status, headers, body = self.gleif(f"/lei-records/{PUMA}")
        recorded = json.loads((HERE / "data/gleif/pages/lei-records.json").read_text("utf-8"))["data"]
        self.assertEqual(status, 200)
        self.assertEqual(headers["Content-Type"], "application/vnd.api+json")
        self.assertIn(body["data"], recorded)
        self.assertEqual(headers["X-RateLimit-Limit"], "60")

    def test_unknown_record_is_404_in_json_api(self):
        status, headers, body = self.gleif("/lei-records/529900AAAAAAAAAAAA00")
        self.assertEqual((status, body["errors"][0]["status"]), (404, "404"))
        self.assertEqual(headers["Content-Type"], "application/vnd.api+json")

    def test_twelve_companies_and_a_lapsed_one(self):
        recorded = json.loads((HERE / "data/gleif/pages/lei-records.json").read_text("utf-8"))["data"]
        self.assertGreaterEqual(sum(self.gleif(f"/lei-records/{r['id']}")[0] == 200 for r in recorded), 12)
        record = self.gleif(f"/lei-records/{LAPSED}")[2]["data"]["attributes"]
        self.assertEqual((record["entity"]["status"], record["registration"]["status"]), ("ACTIVE", "LAPSED"))

    def test_filters(self):
        for name, value, leis in (
            ("entity.registeredAs", "HRB 13085", [PUMA]),
            ("entity.legalName", "puma se", [PUMA]),
            ("entity.legalName", "AMAZON.COM, INC.", ["ZXTILKJKG63JELOEG630"]),
            ("lei", f"{PUMA},{LAPSED}", [PUMA, LAPSED]),
            ("entity.registeredAs", "nothing", []),
        ):
            query = urllib.parse.urlencode({f"filter[{name}]": value})
            status, _, body = self.gleif(f"/lei-records?{query}")
            self.assertEqual((status, {r["id"] for r in body["data"]}), (200, set(leis)), (name, value))
            self.assertEqual(body["meta"]["pagination"]["total"], len(leis))

    def test_pages(self):
        _, _, first = self.gleif("/lei-records?page[size]=10")
        status, _, second = self.gleif(first["links"]["next"].replace(self.services.urls["gleif"], ""))
        self.assertEqual((status, second["meta"]["pagination"]["from"]), (200, 11))
        self.assertFalse({r["id"] for r in first["data"]} & {r["id"] for r in second["data"]})

    def test_unknown_filter_and_method_are_refused(self):
        self.assertEqual(self.gleif("/lei-records?filter[nonsense]=1")[0], 400)
        self.assertEqual(self.gleif("/lei-records?page[size]=0")[0], 400)
        self.assertEqual(self.services.ask(self.services.urls["gleif"] + "/lei-records", "POST", {})[0], 405)

    def test_relations(self):
        self.assertEqual(
            self.gleif(f"/lei-records/{BLOOMBERG}/direct-parent")[2]["data"]["type"], "lei-records"
        )
        self.assertEqual(self.gleif(f"/lei-records/{PUMA}/direct-parent")[0], 404)
        exception = self.gleif(f"/lei-records/{PUMA}/direct-parent-reporting-exception")[2]
        self.assertEqual(exception["data"]["attributes"]["reason"], "NO_KNOWN_PERSON")

    def test_a_path_cannot_leave_the_recordings(self):
        for path in ("/../vies/made", "/lei-records/..%2F..%2F..%2Fvies%2Fmade", "/%2e%2e/vies/made", "/"):
            self.assertEqual(self.gleif(path)[0], 404, path)


class TestCompaniesHouse(Case):
    def test_profile_and_officers(self):
        status, headers, body = self.house("/company/02578066")
        self.assertEqual((status, body["company_name"]), (200, "14 LAWN ROAD LIMITED"))
        self.assertEqual((headers["X-Ratelimit-Limit"], headers["X-Ratelimit-Window"]), ("600", "5m"))
        self.assertGreater(int(headers["X-Ratelimit-Reset"]), time.time())
        self.assertEqual(self.house("/company/02578066/officers")[2]["total_results"], 1)
        self.assertEqual(self.house("/company/03977902/charges")[2]["total_count"], 1)

    def test_without_a_key_401(self):
        self.assertEqual(self.house("/company/02578066", None)[0], 401)
        self.assertEqual(self.house("/company/02578066", "")[0], 401)

    def test_unknown_company(self):
        status, _, body = self.house("/company/99999999")
        self.assertEqual((status, body["errors"][0]["error"]), (404, "company-profile-not-found"))


class TestVies(Case):
    def test_recorded_answer(self):
        status, _, body = self.vat("PL", "7740001454")
        self.assertEqual((status, body["isValid"], body["name"]), (200, True, "ORLEN SPÓŁKA AKCYJNA"))
        self.assertNotEqual(body["requestDate"], "2026-10-08T04:42:27.326Z")

    def test_made_answers_have_the_recorded_shape(self):
        made = json.loads((HERE / "data/vies/made.json").read_text("utf-8"))
        recorded = json.loads((HERE / "data/vies/ms/PL/vat/7740001454.json").read_text("utf-8"))
        self.assertIn("made", made["origin"])
        for entry in made["answers"]:
            body = self.vat(entry["countryCode"], entry["answer"]["vatNumber"])[2]
            self.assertEqual((body["isValid"], list(body)), (True, list(recorded)))

    def test_negative_answers_are_200(self):
        self.assertEqual(self.vat("PL", "1111111111")[2]["userError"], "INVALID")
        self.assertEqual(self.vat("GB", "1111111111")[2]["userError"], "INVALID_INPUT")

    def test_post(self):
        _, _, body = self.check_vat(countryCode="PL", vatNumber="774-000-14-54")
        self.assertEqual(
            (body["valid"], body["vatNumber"], body["requestIdentifier"]), (True, "7740001454", "")
        )
        requester = {"requesterMemberStateCode": "PL", "requesterNumber": "5213017228"}
        self.assertTrue(
            self.check_vat(countryCode="PL", vatNumber="7740001454", **requester)[2]["requestIdentifier"]
        )
        self.assertFalse(self.check_vat(countryCode="PL", vatNumber="1111111111")[2]["valid"])
        refused = json.loads((HERE / "data/vies/errors/INVALID_INPUT.json").read_text("utf-8"))
        self.assertEqual(self.check_vat(countryCode="??", vatNumber="1")[2], refused)


class TestFaults(Case):
    def test_vies_is_unavailable_n_times_then_answers(self):
        self.services.rule(path="/vies/ms/PL", mode="fail", count=2)
        self.services.rule(path="/vies/rest-api/ms/PL/vat/7740001454", mode="fail", status=503, count=1)
        seen = [self.vat("PL", "7740001454") for _ in range(4)]
        self.assertEqual([s[0] for s in seen], [200, 200, 503, 200])
        self.assertEqual([s[2]["userError"] for s in seen[:2]], ["MS_UNAVAILABLE"] * 2)
        self.assertTrue(seen[3][2]["isValid"])
        self.assertEqual(self.services.requests(), {"/vies/ms/PL/vat/7740001454": 4})

    def test_post_meets_the_rule_of_the_number(self):
        self.services.rule(path="/vies/ms/PL/vat/7740001454", mode="fail", error="MS_UNAVAILABLE")
        recorded = json.loads((HERE / "data/vies/errors/MS_UNAVAILABLE.json").read_text("utf-8"))
        self.assertEqual(self.check_vat(countryCode="PL", vatNumber="7740001454")[2], recorded)
        self.assertEqual(self.services.requests(), {"/vies/ms/PL/vat/7740001454": 1})

    def test_a_rule_touches_its_own_path_only(self):
        self.services.rule(path="/vies/ms/P", mode="fail")
        self.assertTrue(self.vat("PL", "7740001454")[2]["isValid"])

    def test_limit(self):
        for path in ("/gleif", "/ch", "/vies"):
            self.services.rule(path=path, mode="limit", seconds=7, count=1)
        status, headers, _ = self.gleif(f"/lei-records/{PUMA}")
        self.assertEqual((status, headers["Retry-After"], headers["X-RateLimit-Remaining"]), (429, "7", "0"))
        status, headers, _ = self.house("/company/02578066")
        self.assertEqual((status, headers["X-Ratelimit-Remain"], headers["Retry-After"]), (429, "0", None))
        self.assertEqual(self.vat("PL", "7740001454")[2]["userError"], "MS_MAX_CONCURRENT_REQ")

    def test_slow(self):
        self.services.rule(path="/gleif", mode="slow", seconds=0.3, count=1)
        before = time.monotonic()
        self.assertEqual(self.gleif(f"/lei-records/{PUMA}")[0], 200)
        self.assertGreaterEqual(time.monotonic() - before, 0.3)

    def test_garbage_is_no_json(self):
        self.services.rule(path="/gleif", mode="garbage", count=1)
        status, headers, body = self.gleif(f"/lei-records/{PUMA}")
        self.assertEqual((status, headers["Content-Type"], type(body)), (200, "application/json", bytes))

    def test_hang_and_close(self):
        for mode, failure in (
            ("hang", socket.timeout),
            ("close", (http.client.RemoteDisconnected, ssl.SSLError)),
        ):
            self.services.rule(path="/gleif", mode=mode, count=1)
            connection = self.services.connect(timeout=0.5)
            with self.assertRaises(failure, msg=mode):
                self.services.ask(self.services.urls["gleif"] + f"/lei-records/{PUMA}", connection=connection)
            connection.close()

    def test_wrong_rules_say_what_is_wrong(self):
        for rule, part in (
            ({"path": "/vies", "mode": "explode"}, "slow, fail"),
            ({"path": "vies", "mode": "fail"}, "begins with '/'"),
            ({"path": "/vies", "mode": "fail", "times": 2}, "'times'"),
            ({"path": "/vies", "mode": "fail", "count": 0}, "at least 1"),
            ({"path": "/vies", "mode": "fail", "count": "2"}, "'count'"),
        ):
            status, state = self.services.rule(**rule)
            self.assertEqual(status, 400, rule)
            self.assertIn(part, state["error"])

    def test_control_forgets(self):
        self.services.rule(path="/gleif", mode="fail")
        self.assertEqual(self.gleif(f"/lei-records/{PUMA}")[0], 503)
        self.services.ask(self.services.urls["control"], "DELETE")
        self.assertEqual(self.gleif(f"/lei-records/{PUMA}")[0], 200)
        self.assertEqual(self.services.requests(), {f"/gleif/lei-records/{PUMA}": 1})


class TestServer(Case):
    def test_keep_alive_and_parallel_connections(self):
        self.gleif(f"/lei-records/{PUMA}")
        port = self.services.connection.sock.getsockname()
        self.gleif(f"/lei-records/{LAPSED}")
        self.assertEqual(self.services.connection.sock.getsockname(), port)
        self.services.rule(path="/vies", mode="slow", seconds=0.5)
        results = []

        def one():
            connection = self.services.connect()
            url = self.services.urls["vies"] + "/ms/PL/vat/7740001454"
            results.append(self.services.ask(url, connection=connection)[2]["isValid"])
            connection.close()

        before = time.monotonic()
        threads = [threading.Thread(target=one) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(results, [True] * 8)
        self.assertLess(time.monotonic() - before, 3)

    def test_a_client_that_never_shakes_hands_stops_nobody(self):
        host, port = self.services.address.split(":")
        with socket.create_connection((host, int(port))):
            self.assertEqual(self.gleif(f"/lei-records/{PUMA}")[0], 200)

    def test_only_its_own_ca_is_trusted_and_only_its_own_names(self):
        host, port = self.services.address.split(":")
        with self.assertRaises(ssl.SSLCertVerificationError):
            http.client.HTTPSConnection(host, int(port), context=ssl.create_default_context()).request(
                "GET", "/"
            )
        with socket.create_connection((host, int(port))) as plain, self.assertRaises(
            ssl.SSLCertVerificationError
        ):
            self.services.tls.wrap_socket(plain, server_hostname="api.gleif.org")
        with socket.create_connection((host, int(port))) as plain:
            self.services.tls.wrap_socket(plain, server_hostname="localhost").close()
        left = sorted(p.name for p in pathlib.Path(self.services.folder.name).iterdir())
        self.assertEqual(left, ["ca.pem"])

    def test_bad_bodies(self):
        connection = self.services.connect()
        connection.request("POST", "/vies/rest-api/check-vat-number", "{", {})
        answer = connection.getresponse()
        self.assertEqual((answer.status, "not JSON" in answer.read().decode()), (400, True))
        connection.putrequest("POST", "/_control")
        connection.putheader("Content-Length", "70000")
        connection.endheaders()
        answer = connection.getresponse()
        self.assertEqual((answer.status, "65536" in answer.read().decode()), (400, True))
        connection.close()


class TestProgram(unittest.TestCase):
    def test_ends_at_sigterm_and_takes_rules_data_and_limits_at_start(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = pathlib.Path(folder, "rules.json")
            rules.write_text(json.dumps([{"path": "/vies", "mode": "fail", "count": 1}]))
            own = pathlib.Path(folder, "data/companies_house/company")
            own.mkdir(parents=True)
            (own / "01234567.json").write_text('{"company_number":"01234567"}')
            services = Services(
                "--rules", str(rules), "--data", f"{folder}/data", "--ch-key", "k", "--enforce-limits"
            )
            try:
                vies = services.urls["vies"] + "/ms/PL/vat/7740001454"
                self.assertEqual(services.ask(vies)[2]["userError"], "MS_UNAVAILABLE")
                self.assertEqual(services.ask(vies)[2]["userError"], "VALID")
                house = services.urls["companies_house"] + "/company/01234567"
                key = {"Authorization": "Basic " + base64.b64encode(b"k:").decode()}
                wrong = {"Authorization": "Basic " + base64.b64encode(b"other:").decode()}
                self.assertEqual(services.ask(house, headers=key)[2]["company_number"], "01234567")
                self.assertEqual(services.ask(house, headers=wrong)[0], 401)
                seen = [services.ask(services.urls["gleif"] + f"/lei-records/{PUMA}")[0] for _ in range(61)]
                self.assertEqual((set(seen[:60]), seen[60]), ({200}, 429))
                services.process.send_signal(signal.SIGTERM)
                self.assertEqual(services.process.wait(10), 0)
            finally:
                services.end()

    def test_wrong_use_is_a_sentence(self):
        with tempfile.TemporaryDirectory() as folder:
            rules = pathlib.Path(folder, "rules.json")
            rules.write_text('[{"path":"/vies"}]')
            for arguments in (["--rules", str(rules)], ["--rules", "/nowhere"], ["--data", "/nowhere"]):
                command = [sys.executable, "-B", str(HERE / "services.py"), "--dir", folder, *arguments]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                self.assertEqual((done.returncode, done.stderr.count("\n")), (1, 1), done.stderr)
                self.assertTrue(done.stderr.startswith("services: "))


def main():
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = unittest.TextTestRunner(verbosity=0).run(suite)
    failed = len(result.failures) + len(result.errors)
    print(f"{result.testsRun - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
