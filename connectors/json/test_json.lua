local t = require "test"
local json = require "json"

t.case("reads plain data", function()
  t.eq(json.parse('{"a": [1, 2.5, "x", true], "b": {"c": "\\u00e9"}}'), { a = { 1, 2.5, "x", true }, b = { c = "é" } })
  t.eq(json.parse("[]"), {})
  t.eq(json.parse('"a\\u0000b"'), "a\0b")
  t.eq(json.parse("9223372036854775807"), math.maxinteger)
end)

t.case("keeps the text of what a float cannot hold", function()
  local same = '{"a":190000.10,"b":12345678901234567890123,"c":0.5}'
  t.eq(json.text(json.parse(same)), same)
end)

t.case("writes sorted keys", function()
  t.eq(json.text { b = 1, a = { 1, 2 } }, '{"a":[1,2],"b":1}')
  t.eq(json.text({ a = 1 }, { pretty = true }), '{\n  "a": 1\n}')
end)

t.case("says what is wrong and where", function()
  local err = t.raises(json.parse, '{"a": 1,\n "a": 2}')
  t.eq(err.code, "EFORMAT")
  t.ok(err.text:find("line 2, column 2", 1, true), err.text)
  t.ok(err.text:find('"a" stands twice', 1, true), err.text)
  t.eq(t.raises(json.parse, ("["):rep(1000)).code, "ELIMIT")
  t.eq(t.raises(json.text, 1 / 0).code, "EUSE")
end)

t.oom("json", function() json.text(json.parse('{"a": [1, 2.5, {"b": null}]}')) end)
