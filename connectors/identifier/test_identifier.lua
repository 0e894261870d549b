local t = require "test"

t.case("a number is folded and checked", function()
  local one = identifier.check("uscc", "９１１１ ００００ ６０００ ３７３４ １ｌ")
  t.eq(one, { valid = true, canonical = "91110000600037341L", why = "" })
end)

t.case("a wrong check digit says so", function()
  local one = identifier.check("lei", "815600FC0039E657C986")
  t.eq(one.valid, false)
  t.eq(one.why, "its check digits are wrong (ISO 17442)")
end)

t.case("an unknown kind is wrong use", function()
  t.raises(identifier.check, "passport", "1")
end)

t.case("guesses are kinds under which it is valid", function()
  t.eq(identifier.guess("NL 003232345B01"), {})
  t.eq(identifier.guess("815600FC0039E657C985"), { "lei" })
end)

t.case("a repair is unique or nothing", function()
  t.eq(identifier.repair("lei", "8156O0FC0039E657C985"), "815600FC0039E657C985")
  t.eq(identifier.repair("lei", "815600FC0039E657C985"), nil)
end)
