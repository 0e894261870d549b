local t = require "test"
local files = require "files"

local own = t.fixture "fixtures"

t.case("reads, hashes and lists", function()
  t.conf { ["files.roots"] = own }
  t.eq(files.read(own .. "/hello.txt"), "hello\n")
  t.eq(files.hash(own .. "/hello.txt"), "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
  t.eq(files.list(own .. "/*.txt"), { own .. "/hello.txt", own .. "/other.txt" })
end)

t.case("says what failed", function()
  t.conf { ["files.roots"] = own }
  t.eq(t.raises(files.read, own .. "/none.txt").code, "ENOENT")
  t.eq(t.raises(files.read, own).code, "EUSE")
  t.eq(t.raises(files.read, 5).code, "EUSE")
end)

t.case("never leaves the allowed folders", function()
  t.conf { ["files.roots"] = own }
  for _, path in ipairs { "/etc/passwd", own .. "/../files.lua", own .. "/../../../etc/passwd" } do
    local err = t.raises(files.read, path)
    t.eq(err.code, "EREFUSED")
  end
  t.eq(t.raises(files.list, "/etc/*").code, "EREFUSED")
end)
