local t = require "test"
local xml = require "xml"

local loans = [[<l:loans xmlns:l="urn:loans">
  <l:loan no="L-1"><l:sum>5.00</l:sum></l:loan>
  <l:loan no="L-2"><l:sum/><l:who>A &amp; B</l:who></l:loan>
</l:loans>]]
local ns = { namespaces = { l = "urn:loans" } }

t.case("finds texts", function()
  t.eq(xml.find(loans, "//l:loan/@no", ns), { "L-1", "L-2" })
  t.eq(xml.find(loans, "count(//l:loan)", ns), { "2" })
  t.eq(xml.find(loans, "//l:nothing", ns), {})
end)

t.case("makes a table", function()
  t.eq(xml.table(loans, "//l:loan", { no = "@no", sum = "l:sum", who = "l:who" }, ns),
    { { no = "L-1", sum = "5.00" }, { no = "L-2", sum = "", who = "A & B" } })
end)

t.case("says what is wrong and where", function()
  local err = t.raises(xml.find, "<a>\n<b></a>", "/a")
  t.eq(err.code, "EFORMAT")
  t.ok(err.text:find("line 2", 1, true), err.text)
  t.eq(t.raises(xml.find, "<a/>", "//[").code, "EUSE")
  t.eq(t.raises(xml.find, loans, "//x:loan", ns).code, "EUSE")
end)

t.case("refuses every DOCTYPE", function()
  for _, dtd in ipairs {
    '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    '<!DOCTYPE a SYSTEM "http://127.0.0.1/a.dtd"><a/>',
    '<!DOCTYPE a [<!ENTITY a "' .. ("a"):rep(50000) .. '">]><a>' .. ("&a;"):rep(50000) .. "</a>",
  } do
    local err = t.raises(xml.find, dtd, "/a")
    t.eq(err.code, "EREFUSED")
    t.ok(err.text:find("DOCTYPE", 1, true), err.text)
  end
end)

t.case("has a ceiling for depth and work", function()
  t.eq(t.raises(xml.find, ("<a>"):rep(10000), "/a").code, "ELIMIT")
  t.eq(t.raises(xml.find, "<a>" .. ("<b/>"):rep(20000) .. "</a>", "//b[count(//b[count(//b) > 1]) > 1]").code, "ELIMIT")
end)

t.oom("xml", function() xml.find(loans, "//l:loan/@no", ns) end)
t.cancel("xml", function() xml.find(loans, "//l:loan/@no", ns) end)
