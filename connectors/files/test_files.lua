local t = require "test"
local files = require "files"

t.conf { ["files.roots"] = t.fixture "fixtures/" }

t.case("reads, hashes and lists", function()
  t.eq(files.read "hello.txt", "hello\n")
  t.eq(files.hash "hello.txt", "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03")
  t.eq(files.list "*.txt", { "hello.txt", "other.txt" })
  t.eq(files.list "none*", {})
end)

t.case("says what failed", function()
  t.eq(t.raises(files.read, "none.txt").code, "ENOENT")
  t.eq(t.raises(files.read, ".").code, "EUSE")
  t.eq(t.raises(files.read, 5).code, "EUSE")
  t.eq(t.raises(files.write, "no content", { path = "x" }).code, "EUSE")
end)

t.case("never leaves the allowed folders", function()
  for _, path in ipairs { "/etc/passwd", "../files.lua", "../../../etc/passwd" } do
    local err = t.raises(files.read, path)
    t.eq(err.code, "EREFUSED", path)
    t.eq(t.raises(files.hash, path).code, "EREFUSED", path)
    t.eq(t.raises(files.write, "to " .. path, { path = path, text = "x" }).code, "EREFUSED", path)
  end
  t.eq(t.raises(files.list, "/etc/*").code, "EREFUSED")
end)

t.oom("read", function() files.read "hello.txt" end)
t.cancel("read", function() files.read "hello.txt" end)
