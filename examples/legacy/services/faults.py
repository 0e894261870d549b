"""The faults a test asks for, and how often each path was asked."""

import collections
import json
import threading


class Wrong(Exception):
    """A wrong use: the text says what to do."""


class Faults:
    """The rules a test has set and how often each path was asked."""

    MODES = ("slow", "fail", "limit", "garbage", "hang", "close")
    KEYS = {"path": str, "mode": str, "count": int, "seconds": (int, float), "status": int, "error": str}

    def __init__(self):
        self.rules = []
        self.requests = collections.Counter()
        self.lock = threading.Lock()

    def add(self, rules):
        """Takes one rule or a list of them, all or none. Raises Wrong."""
        rules = rules if isinstance(rules, list) else [rules]
        checked = [self._check(rule) for rule in rules]
        with self.lock:
            self.rules += checked

    def _check(self, rule):
        if not isinstance(rule, dict):
            raise Wrong(f"a rule is an object with path and mode; seen: {json.dumps(rule)}")
        for key, value in rule.items():
            if key not in self.KEYS:
                raise Wrong(f"a rule has no {key!r}; it knows {', '.join(self.KEYS)}")
            if not isinstance(value, self.KEYS[key]) or isinstance(value, bool):
                raise Wrong(f"the rule's {key!r} cannot be {json.dumps(value)}")
        if not rule.get("path", "").startswith("/"):
            raise Wrong("a rule needs a path that begins with '/', such as /vies/ms/DE")
        if rule.get("mode") not in self.MODES:
            raise Wrong(f"a rule needs a mode: one of {', '.join(self.MODES)}")
        if rule.get("count", 1) < 1:
            raise Wrong("a rule's count is at least 1; leave it out for 'always'")
        return dict(rule, path=short_path(rule["path"]))

    def meet(self, path):
        """Counts a request and gives the first rule that stands for its path, or None."""
        with self.lock:
            self.requests[path] += 1
            for rule in self.rules:
                if path == rule["path"] or path.startswith(rule["path"].rstrip("/") + "/"):
                    if "count" in rule:
                        rule["count"] -= 1
                        if rule["count"] == 0:
                            self.rules.remove(rule)
                    return rule
            return None

    def state(self):
        with self.lock:
            return {"requests": dict(self.requests), "rules": [dict(rule) for rule in self.rules]}

    def forget(self):
        with self.lock:
            self.rules, self.requests = [], collections.Counter()


def short_path(path):
    """The name of a path in rules and counts: without the versions that the real services put in theirs."""
    return path.replace("/gleif/api/v1", "/gleif", 1).replace("/vies/rest-api", "/vies", 1)
