"""What stands where on a certificate: three licences and three tax certificates, drawn on a Sheet.

Owns labels, order and look. A layout gets the truth (a map of texts) and prints all of it; it never changes a value.
"""

GREY, RED, BLUE, GREEN = (110, 110, 110), (150, 25, 30), (28, 45, 120), (24, 84, 60)
NOTICE = "Specimen for software tests. No authority issued it, and its details are partly invented."


def _notice(sheet):
    sheet.text(105, 288, NOTICE, "sans", 6.5, GREY, "ms")


def _frame(sheet, ink, inner=3.0):
    sheet.box(11, 11, 199, 284, 1.0, ink)
    sheet.box(11 + inner, 11 + inner, 199 - inner, 284 - inner, 0.3, ink)


def _crest(sheet, x, y, radius, ink):
    """An invented emblem: a shield of rings and rays, no country's arms."""
    for share in (1.0, 0.82, 0.3):
        reach = radius * share
        corners = [sheet.px(value) for value in (x - reach, y - reach, x + reach, y + reach)]
        sheet.draw.ellipse(corners, None, ink, max(1, sheet.px(0.4)))
    for dx, dy in ((0, 1), (0.7, 0.7), (1, 0), (0.7, -0.7)):
        for sign in (1, -1):
            near, far = radius * 0.36 * sign, radius * 0.74 * sign
            sheet.line(x + dx * near, y + dy * near, x + dx * far, y + dy * far, 0.7, ink)


# --- business licences --------------------------------------------------------------------------------------


def licence_columns(sheet, truth, rng):
    """Serif, double frame, label and value side by side on dotted lines."""
    _frame(sheet, BLUE)
    _crest(sheet, 105, 33, 10, BLUE)
    sheet.text(105, 58, "CERTIFICATE OF REGISTRATION", "serif-bold", 20, BLUE, "ms")
    sheet.text(105, 66, "Office of the Commercial Register", "serif", 11, GREY, "ms")
    sheet.line(45, 71, 165, 71, 0.4, BLUE)
    y = sheet.wrapped(
        26,
        84,
        "This is to certify that the undertaking named below is entered in the register as follows:",
        158,
        "serif",
        11,
    )
    rows = (
        (truth["number_label"], truth["number"]),
        ("Company name", truth["name"]),
        ("Legal form", truth["legal_form"]),
        ("Registered address", truth["address"]),
        ("Legal representative", truth["representative"]),
        ("Registered capital", truth["capital"]),
        ("Date of establishment", truth["established"]),
    )
    y += 7
    for label, value in rows:
        sheet.text(26, y, label, "serif", 11, GREY)
        if value == truth["number"]:
            sheet.number(80, y, value, "serif", 12)
            below = y + 5.5
        else:
            strong = value == truth["name"]
            below = sheet.wrapped(
                80, y, value, 104, "serif-bold" if strong else "serif", 12 if strong else 11
            )
        sheet.dots(80, 184, below - 4)
        y = below + 7
    _issue(sheet, y + 8, "Registrar", "serif", truth, rng, BLUE)
    _notice(sheet)


def licence_table(sheet, truth, rng):
    """Sans serif, a ruled table with a shaded label column."""
    sheet.box(0, 0, 210, 14, 0.1, GREEN, GREEN)
    sheet.text(20, 32, "BUSINESS LICENCE", "bold", 24, GREEN)
    sheet.text(20, 40, "Extract from the register of companies", "sans", 11, GREY)
    sheet.text(190, 32, f"No. {rng.randrange(1000, 9999)}/{truth['issued_year']}", "mono", 10, GREY, "rs")
    rows = (
        ("Name", truth["name"]),
        (truth["number_label"], truth["number"]),
        ("Legal form", truth["legal_form"]),
        ("Registered address", truth["address"]),
        ("Registered capital", truth["capital"]),
        ("Date of establishment", truth["established"]),
        ("Legal representative", truth["representative"]),
    )
    y = 52
    for label, value in rows:
        lines = 1 + int(sheet.width(value, "sans", 11) / 106)
        height = 10 + 6 * lines
        sheet.box(20, y, 72, y + height, 0.25, GREY, (232, 238, 234))
        sheet.box(72, y, 190, y + height, 0.25, GREY)
        sheet.text(23, y + 10, label, "bold", 10)
        if value == truth["number"]:
            sheet.number(75, y + 10, value, "sans", 12)
        else:
            sheet.wrapped(75, y + 10, value, 112, "sans", 11)
        y += height
    text = "The entries above agree with the register on the day of issue. Changes are reported within one month."
    y = sheet.wrapped(20, y + 10, text, 170, "sans", 9, GREY)
    _issue(sheet, y + 12, "Head of Register", "sans", truth, rng, RED)
    _notice(sheet)


def licence_bilingual(sheet, truth, rng):
    """Chinese and English labels, one above the other, in a red frame."""
    _frame(sheet, RED, 4.5)
    _crest(sheet, 105, 32, 9, RED)
    sheet.text(105, 57, "营 业 执 照", "hei", 28, (20, 20, 20), "ms")
    sheet.text(105, 66, "BUSINESS LICENCE", "bold", 13, (20, 20, 20), "ms")
    rows = (
        ("统一注册编号", truth["number_label"], truth["number"]),
        ("名称", "Company name", truth["name"]),
        ("类型", "Legal form", truth["legal_form"]),
        ("住所", "Registered address", truth["address"]),
        ("法定代表人", "Legal representative", truth["representative"]),
        ("注册资本", "Registered capital", truth["capital"]),
        ("成立日期", "Date of establishment", truth["established"]),
    )
    y = 84
    for chinese, english, value in rows:
        sheet.text(27, y - 5.2, chinese, "hei", 12)
        sheet.text(27, y, english, "sans", 10, GREY)
        below = y
        if value == truth["number"]:
            sheet.number(80, y, value, "sans", 12)
        else:
            below = sheet.wrapped(80, y, value, 102, "sans", 11)
        y = max(below + 8.5, y + 15)
    sheet.text(122, y + 6, "登记机关 Registrar", "hei", 11)
    sheet.seal(152, y + 26, 17, "COMPANY REGISTER SPECIMEN ", "登记", rng, (190, 30, 35))
    sheet.signature(34, y + 22, rng)
    sheet.line(27, y + 25, 84, y + 25, 0.2, GREY)
    sheet.text(27, y + 31, f"发证日期 {truth['issued']}", "hei", 10)
    _notice(sheet)


def _issue(sheet, y, office, face, truth, rng, ink):
    """Date, signature line and seal below everything that is read."""
    y = min(y, 238)
    sheet.text(26, y, f"Given on {truth['issued']}", face, 10.5)
    sheet.signature(118, y + 18, rng)
    sheet.line(112, y + 21, 178, y + 21, 0.25, GREY)
    sheet.text(145, y + 26.5, office, face, 9.5, GREY, "ms")
    sheet.seal(58, y + 22, 16, "REGISTER OFFICE SPECIMEN ", "SEAL", rng, ink)


# --- tax certificates ---------------------------------------------------------------------------------------


def tax_letter(sheet, truth, rng):
    """A letter of the tax office with the facts set off from its text."""
    sheet.text(25, 28, truth["issued_by"].upper(), "bold", 12)
    sheet.text(25, 34, "Department for Business Taxes", "sans", 9.5, GREY)
    sheet.text(185, 28, f"Our ref. BT/{rng.randrange(10000, 99999)}", "sans", 9.5, GREY, "rs")
    sheet.line(25, 39, 185, 39, 0.5)
    sheet.text(25, 58, "TAX CERTIFICATE", "bold", 18)
    text = (
        "At the request of the taxpayer this office confirms that the taxpayer is registered for value added tax "
        "and that the returns due have been filed."
    )
    y = sheet.wrapped(25, 70, text, 160, "sans", 10.5) + 8
    rows = (
        ("Taxpayer:", truth["taxpayer"]),
        ("Tax number:", truth["tax_number"]),
        ("Issued by:", truth["issued_by"]),
        ("Date of issue:", truth["issued"]),
        ("Valid until:", truth["valid_until"]),
    )
    for label, value in rows:
        sheet.text(32, y, label, "sans", 11)
        strong = value == truth["tax_number"]
        y = sheet.wrapped(74, y, value, 108, "bold" if strong else "sans", 12 if strong else 11) + 5
    text = (
        "This certificate is given for submission to a credit institution. It states nothing about the result of "
        "a later audit. No fee was charged."
    )
    y = sheet.wrapped(25, y + 6, text, 160, "sans", 10.5)
    sheet.signature(30, y + 30, rng)
    sheet.text(28, y + 38, "For the tax office", "sans", 10, GREY)
    sheet.seal(150, y + 28, 17, "TAX OFFICE SPECIMEN ", "VAT", rng, BLUE)
    _notice(sheet)


def tax_boxes(sheet, truth, rng):
    """A printed form: numbered boxes, small captions above typed values."""
    sheet.box(16, 16, 194, 40, 0.5)
    sheet.text(22, 27, "Tax Certificate", "serif-bold", 19)
    sheet.text(22, 35, "Confirmation of registration for value added tax", "serif", 10, GREY)
    sheet.text(188, 27, "Form TC-4", "serif", 11, GREY, "rs")
    boxes = (
        (16, 40, 178, "1  Taxpayer", truth["taxpayer"]),
        (16, 62, 104, "2  Tax number", truth["tax_number"]),
        (120, 62, 74, "3  Period", f"{truth['issued_year']}"),
        (16, 84, 178, "4  Issued by", truth["issued_by"]),
        (16, 106, 89, "5  Date of issue", truth["issued"]),
        (105, 106, 89, "6  Valid until", truth["valid_until"]),
    )
    for x, y, width, caption, value in boxes:
        sheet.box(x, y, x + width, y + 22, 0.3)
        sheet.text(x + 3, y + 6.5, caption, "sans", 9, GREY)
        size = 12.5 if sheet.width(value, "mono", 12.5) < width - 6 else 10
        sheet.text(x + 5, y + 16, value, "mono", size)
    text = (
        "The registration stands in the register of taxpayers on the day of issue. The holder tells the office of "
        "each change without delay. False use is an offence."
    )
    sheet.wrapped(16, 140, text, 178, "serif", 10.5)
    sheet.text(16, 176, "Officer in charge", "serif", 10.5)
    sheet.signature(24, 196, rng)
    sheet.line(16, 200, 80, 200, 0.25)
    sheet.seal(150, 190, 18, "DEPARTMENT OF TAXES SPECIMEN ", "TAX", rng, (90, 30, 110))
    _notice(sheet)


def tax_ruled(sheet, truth, rng):
    """Centred heading, ruled lines, labels in capitals over a pale word in the background."""
    sheet.text(105, 190, "SPECIMEN", "bold", 78, (238, 240, 244), "ms")
    _crest(sheet, 30, 30, 9, GREEN)
    sheet.text(105, 30, truth["issued_by"], "serif-bold", 15, GREEN, "ms")
    sheet.text(105, 38, "Register of Taxpayers", "serif", 11, GREY, "ms")
    sheet.text(105, 60, "Tax Certificate", "serif-bold", 22, (20, 20, 20), "ms")
    rows = (
        ("Tax number", truth["tax_number"]),
        ("Taxpayer", truth["taxpayer"]),
        ("Issued by", truth["issued_by"]),
        ("Date of issue", truth["issued"]),
        ("Valid until", truth["valid_until"]),
    )
    y = 82
    for label, value in rows:
        sheet.text(28, y, label, "serif-bold", 11)
        strong = value == truth["tax_number"]
        below = sheet.wrapped(
            76, y, value, 106, "serif-bold" if strong else "serif", 12.5 if strong else 11.5
        )
        sheet.line(28, below - 3, 182, below - 3, 0.2, GREY)
        y = below + 6
    y = sheet.wrapped(
        28, y + 4, "The taxpayer has no arrears that are due and enforceable.", 154, "serif", 11
    )
    sheet.signature(36, y + 32, rng)
    sheet.line(28, y + 36, 92, y + 36, 0.25, GREY)
    sheet.text(28, y + 42, "Signature", "serif", 9.5, GREY)
    sheet.seal(146, y + 34, 17, "REGISTER OF TAXPAYERS ", "TAX", rng, GREEN)
    _notice(sheet)


LICENCES = (licence_columns, licence_table, licence_bilingual)
TAX_CERTIFICATES = (tax_letter, tax_boxes, tax_ruled)
