"""Check digits of the numbers that the demo prints on its documents.

Owns the rules only: ISO 17442 for the LEI and the national rules behind the EU VAT numbers of the countries the
demo uses. A country that is not listed here is an error, never "valid".
"""

import re


def lei_valid(lei):
    """True if the 20 characters are a LEI whose check digits are right (ISO 7064 mod 97-10)."""
    if not re.fullmatch(r"[0-9A-Z]{18}[0-9]{2}", lei):
        return False
    return int("".join(str(int(c, 36)) for c in lei)) % 97 == 1


def _weighted(digits, weights):
    return sum(int(d) * w for d, w in zip(digits, weights))


def _luhn(digits):
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _mod_11_10(digits):
    rest = 10
    for digit in digits[:-1]:
        rest = ((int(digit) + rest) % 10 or 10) * 2 % 11
    return (11 - rest) % 10 == int(digits[-1])


def _at(n):
    total = 0
    for place, digit in enumerate(n[1:8]):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return (6 - total) % 10 == int(n[8])


def _nl(n):
    as_97 = int("".join(str(int(c, 36)) for c in "NL" + n)) % 97 == 1
    return as_97 or _weighted(n[:8], range(9, 1, -1)) % 11 == int(n[8])


def _ie(n):
    rest = _weighted(n[:7], range(8, 1, -1)) % 23
    return "WABCDEFGHIJKLMNOPQRSTUV"[rest] == n[7]


def _es(n):
    odd = sum(sum(divmod(2 * int(d), 10)) for d in n[1:8:2])
    even = sum(int(d) for d in n[2:8:2])
    return (10 - (odd + even) % 10) % 10 == int(n[8])


# country: (form, rule). Of Spain only the plain company form (letter, seven digits, check digit) is known here.
VAT = {
    "AT": (r"U\d{8}", _at),
    "BE": (r"[01]\d{9}", lambda n: 97 - int(n[:8]) % 97 == int(n[8:])),
    "DE": (r"[1-9]\d{8}", _mod_11_10),
    "DK": (r"[1-9]\d{7}", lambda n: _weighted(n, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0),
    "ES": (r"[ABEH]\d{8}", _es),
    "FI": (r"\d{8}", lambda n: _weighted(n, (7, 9, 10, 5, 8, 4, 2, 1)) % 11 == 0),
    "FR": (r"\d{11}", lambda n: _luhn(n[2:]) and (12 + 3 * (int(n[2:]) % 97)) % 97 == int(n[:2])),
    "IE": (r"\d{7}[A-W]", _ie),
    "IT": (r"\d{11}", _luhn),
    "LU": (r"\d{8}", lambda n: int(n[:6]) % 89 == int(n[6:])),
    "MT": (r"[1-9]\d{7}", lambda n: 37 - _weighted(n[:6], (3, 4, 6, 7, 8, 9)) % 37 == int(n[6:])),
    "NL": (r"\d{9}B\d{2}", _nl),
    "PL": (r"\d{10}", lambda n: _weighted(n[:9], (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(n[9])),
    "PT": (r"[1-9]\d{8}", lambda n: -_weighted(n[:8], range(9, 1, -1)) % 11 % 10 == int(n[8])),
    "SE": (r"\d{10}01", lambda n: _luhn(n[:10])),
}


def vat_valid(number):
    """True if an EU VAT number with its country code has the right form and check digits."""
    country, rest = number[:2], number[2:]
    if country not in VAT:
        raise ValueError(f"checks.py knows no VAT rule for {country!r}; it knows {' '.join(sorted(VAT))}")
    form, rule = VAT[country]
    return re.fullmatch(form, rest) is not None and bool(rule(rest))
