#!/usr/bin/env python3
"""The words of the desk against real programs: zenity, yad, loan-core."""
import random
import sys
import unicodedata

from desk_place import case, main, raises

# ---- what a clerk does

@case
def an_approval_is_entered_and_seen(p):
    p.loan_core()
    rows = p.enter("L-1042", Product="Farm credit", Collateral=True, Remarks="first line\nsecond line")
    assert len(rows) == 1 and rows[0][2] == "12,500.00" and rows[0][3] == "Farm credit", rows
    assert p.approvals() == [("L-1042", "Müller & Söhne", 1250000, "Farm credit", 1, "first line\nsecond line")]


@case
def a_search_finds_it(p):
    p.loan_core()
    for n in (1, 2):
        p.enter(f"L-{n}")
    p.call("go", place="File/Search")
    p.call("fill", pairs=[["Application or applicant", "L-2"]])
    p.call("press", target="Find")
    p.call("wait", target="1 found")
    answer = p.call("table", target="Results")
    assert answer["columns"][0] == "Application" and [r[0] for r in answer["rows"]] == ["L-2"], answer
    assert p.call("home", title="Loan Core")["closed"] == ["Search"]


@case
def dialogs_in_the_list_are_answered_and_told(p):
    p.loan_core()
    p.call("go", place="New approval")
    p.call("fill", pairs=[["Application", "L-1"], ["Applicant", "Acme"], ["Amount", "1.00"]])
    told = p.call("press", target="Submit").get("dialogs", [])
    told += p.call("wait", target={"name": "New approval", "role": "window"}, gone=True).get("dialogs", [])
    assert [(d["title"], d["button"]) for d in told] == [("Are you sure?", "Yes")], told
    assert "Acme over 1.00 EUR" in told[0]["text"], told


@case
def an_unexpected_dialog_stops_the_word_and_is_not_pressed(p):
    p.loan_core(dialogs=[])
    p.call("go", place="New approval")
    p.call("fill", pairs=[["Application", "L-1"], ["Applicant", "Acme"], ["Amount", "1.00"]])
    p.call("press", target="Submit")
    raises("EREFUSED", p.call, "wait", target="Godot")  # until the dialog is there
    e = raises("EREFUSED", p.call, "read", target="Amount")
    assert "Enter the approval for Acme over 1.00 EUR?" in e.seen and "[Yes] [No]" in e.seen, e
    assert 'dialogs = {' in e.advice and len(e.files) == 2 and e.files[0][:4] == b"\x89PNG", e
    assert p.approvals() == [] and len(p.call("windows")["windows"]) == 3
    p.call("go", place="Are you sure?")  # asked for: now it is no surprise
    p.call("press", target="No")
    assert p.call("read", target="Amount")["value"] == "1.00"


@case
def a_wrong_entry_is_told_by_the_programs_own_dialog(p):
    p.loan_core()
    p.call("go", place="New approval")
    p.call("fill", pairs=[["Application", "L-1"], ["Applicant", "Acme"], ["Amount", "12x"]])
    p.call("press", target="Submit")
    e = raises("EREFUSED", p.call, "wait", target="Godot")  # until the dialog is there
    assert "Amount is not a number: 12x" in e.seen, e
    assert p.call("home", title="Loan Core")["closed"] == ["Check the entry", "New approval"]


@case
def values_are_read_by_kind(p):
    p.loan_core()
    p.call("go", place="New approval")
    assert p.call("read", target="Product")["value"] == "Working capital"
    assert p.call("read", target="Collateral")["value"] is False
    p.call("fill", pairs=[["Collateral", True], ["Product", "Equipment"]])
    assert p.call("read", target="Collateral")["value"] is True
    p.call("expect", target="Product", value="Equipment")
    e = raises("EMISMATCH", p.call, "expect", target="Product", value="Farm credit")
    assert "expected: Farm credit   seen: Equipment" in e.seen, e
    assert p.call("find", target="Start")["label"] == "Start"
    assert p.call("has", target="Submit")["has"] and not p.call("has", target="Delete")["has"]


# ---- strictness

@case
def what_is_not_there_is_an_error_that_lists_what_is(p):
    p.loan_core()
    e = raises("ENOENT", p.call, "press", target="New aproval…", time_ms=300)
    assert '"New approval"' in e.seen and e.advice == 'write "New approval"' and "waited 0.3 s" in e.text, e
    assert b'push button "New approval"' in e.files[1]
    e = raises("ENOENT", p.call, "press", target="Delete", time_ms=1500)
    assert "(waited 1.5 s, the window was ready)" in e.text, e
    raises("ENOENT", p.call, "go", place="File/Sign off", time_ms=1500)
    p.call("press", key="Escape")
    p.call("go", place="New approval")
    e = raises("ENOENT", p.call, "fill", pairs=[["Product", "Shares"]], time_ms=300)
    assert '"Farm credit"' in e.seen, e
    raises("EUSE", p.call, "fill", pairs=[["Collateral", "yes"]], time_ms=300)
    raises("EUSE", p.call, "fill", pairs=[["Amount", "1\n2"]], time_ms=300)


@case
def two_that_fit_are_an_error_that_lists_them(p):
    p.shell("yad --form --title=Two --field=Principal:LBL '' --field=Amount '' --field=Fees:LBL '' --field=Amount ''")
    e = raises("EAMBIGUOUS", p.call, "fill", pairs=[["Amount", "5"]])
    assert "1. Amount (text), below \"Principal\"" in e.seen and "2. Amount (text), below \"Fees\"" in e.seen, e
    p.call("fill", pairs=[[{"name": "Amount", "near": "Fees"}, "7"], [{"name": "Amount", "nth": 1}, "5"]])
    p.call("press", target="OK")
    assert p.said() == "|5||7|", p.said()


@case
def a_field_that_cuts_is_a_mismatch(p):
    p.loan_core()
    p.call("go", place="New approval")
    e = raises("EMISMATCH", p.call, "fill", pairs=[["Amount", "1,000,000,000,000.00"]])
    assert "sent: 1,000,000,000,000.00   seen: 1,000,000,000,00" in e.seen and "typed twice" in e.seen, e


# ---- other programs

@case
def zenity_whose_labels_are_known_by_place_only(p):
    p.shell("zenity --forms --title=Customer --text=Enter --add-entry=Name --add-entry=Town --add-password=Code "
            "--add-combo=Kind --combo-values='private|firm'")
    answer = p.call("fill", pairs=[["Name", "Zoë"], ["Town", "Łódź"], ["Code", "s3cret"], ["Kind", "firm"]])
    assert answer["unread"] == ["Code"], answer
    raises("EACCES", p.call, "read", target="Code")
    p.call("press", target="OK")
    assert p.said() == "Zoë|Łódź|s3cret|firm"


@case
def yad_with_every_kind_of_field(p):
    p.shell("yad --form --title=All --field=Text '' --field=Number:NUM 0 --field=Check:CHK FALSE "
            "--field=Choice:CB 'one!two!three' --field=Date:DT '' --field=Long:TXT '' --date-format=%d.%m.%Y")
    p.call("fill", pairs=[["Text", "a b"], ["Number", "42"], ["Check", True], ["Choice", "three"],
                          ["Date", "30.11.2026"], ["Long", "one\ntwo"]])
    p.call("press", target="OK")
    assert p.said() == "a b|42|TRUE|three|30.11.2026|one\\ntwo|", p.said()


@case
def typing_is_exact_in_every_script(p):
    p.shell("yad --form --title=Text --field=One '' --field=Two:TXT ''")
    texts = ["".join(chr(c) for c in range(0x21, 0x7f)), "ÀÉÎÕÜßàéîõüÿŁłŐőŽž", "ΑΒΓΔΩαβγδωάέή", "АБВГДЖЯабвгджя",
             "北京市海淀区中关村大街一号", "東京都千代田区 ㈱テスト", "¼½¾€£¥§¶†•…–—“”", "a  b   c"]
    letters = [chr(c) for c in range(0xa1, 0x530) if unicodedata.category(chr(c))[0] in "LNS"]
    texts += ["".join(random.Random(n).sample(letters, 150)) for n in range(4)]
    for text in texts:
        p.call("fill", pairs=[["One", text], ["Two", text + "\n" + text]])
        assert p.call("read", target="One")["value"] == text
        assert p.call("read", target="Two")["value"] == text + "\n" + text


if __name__ == "__main__":
    sys.exit(main())
