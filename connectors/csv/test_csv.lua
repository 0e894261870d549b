local t = require "test"
local csv = require "csv"

t.case("reads rows by their header", function()
  t.eq(csv.parse("no,name\r\n1,\"Meyer, Anna\"\r\n"), { { no = "1", name = "Meyer, Anna" } })
  t.eq(csv.parse("no;name\n1;x\n"), { { no = "1", name = "x" } })
  t.eq(csv.parse("no|name\n1|x\n", { separator = "|" }), { { no = "1", name = "x" } })
end)

t.case("writes what it can read again", function()
  local rows = { { a = "1", b = 'x"y' }, { a = "2", b = "line\nend" } }
  t.eq(csv.parse(csv.text(rows)), rows)
  t.eq(csv.text({ { a = 1, b = true } }, { columns = { "b", "a" } }), "b,a\r\ntrue,1\r\n")
end)

t.case("leaves data as it is, unless asked", function()
  t.eq(csv.text { { a = "=1+1" } }, "a\r\n=1+1\r\n")
  t.eq(csv.text({ { a = "=1+1" }, { a = "-5.00" } }, { guard = true }), "a\r\n'=1+1\r\n-5.00\r\n")
end)

t.case("says what is wrong and where", function()
  local err = t.raises(csv.parse, "a,b\n1\n")
  t.eq(err.code, "EFORMAT")
  t.ok(err.text:find("line 2", 1, true), err.text)
  t.eq(t.raises(csv.text, { { a = 1 } }, { columns = { "b" } }).code, "EUSE")
end)

t.oom("csv", function() csv.text(csv.parse("a,b\n1,2\n")) end)
