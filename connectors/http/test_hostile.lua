--- Servers that mean harm: each ends in a clear error, in bounded time and memory.
local t = require "test"
local http = require "http"
local host = require "host"

local hostile = t.server "tests/fakes/hostile.py"
local tls = t.server "tests/fakes/tls.py"

-- The code of the error with which a request ends, which it must do within `ms`.
local function ends(url, ms, options)
  t.conf { ["hosts.loopback"] = "yes", ["tls.ca"] = tls.ca }
  local _, begun = host.clock()
  local err = t.raises(http.get, url, options or { timeout = 2 })
  local _, ended = host.clock()
  t.ok(ended - begun <= ms, url .. " took " .. (ended - begun) .. " ms")
  t.ok(err.text ~= "" and (err.seen or "") .. (err.advice or "") .. err.text ~= "", url)
  return err.code
end

t.case("bodies without end", function()
  t.eq(ends(hostile.url .. "/endless", 15000, { timeout = 30 }), "ELIMIT")
  t.eq(ends(hostile.url .. "/sized", 15000, { timeout = 30 }), "ELIMIT")
  t.eq(ends(hostile.url .. "/bomb", 15000, { timeout = 30 }), "ELIMIT")
end)

t.case("headers without end", function()
  t.eq(ends(hostile.url .. "/headers", 2000), "ELIMIT")
  t.eq(ends(hostile.url .. "/longheader", 2000), "ELIMIT")
end)

t.case("slow and silent", function()
  t.eq(ends(hostile.url .. "/drip", 3000), "ETIME")
  t.eq(ends(hostile.url .. "/silent", 3000), "ETIME")
end)

t.case("broken off, at any byte", function()
  for k = 0, 120, 7 do
    t.eq(ends(hostile.url .. "/reset/" .. k, 3000, { timeout = 2, attempts = 1 }), "ECLOSED", k)
  end
  t.eq(ends(hostile.url .. "/short", 3000), "ECLOSED")
  t.eq(ends(hostile.url .. "/empty", 3000), "ECLOSED")
end)

t.case("not what they claim", function()
  t.eq(ends(hostile.url .. "/badgzip", 2000), "EFORMAT")
  t.eq(ends(hostile.url .. "/garbage", 2000), "EFORMAT")
end)

t.case("TLS that is not to be trusted", function()
  t.conf { ["hosts.loopback"] = "yes", ["tls.ca"] = tls.ca }
  t.eq(http.get(tls.good .. "/").json, { secure = true })
  for _, name in ipairs { "expired", "early", "wrong_host", "selfsigned", "other_ca", "tls10" } do
    t.eq(ends(tls[name] .. "/", 3000), "EREFUSED", name)
  end
  t.eq(ends(tls.truncated .. "/", 3000), "ECLOSED")
  t.eq(ends(tls.good .. "/to?http://127.0.0.1:1/", 3000), "EREFUSED")
end)

t.case("client certificates", function()
  local code = ends(tls.client .. "/", 3000)
  t.ok(code == "EAUTH" or code == "ECLOSED", code) -- the reason may get lost when the server closes at once
  t.conf { ["source.mine.cert"] = tls.client_cert }
  t.eq(http.get(tls.client .. "/", { source = "mine" }).json, { secure = true })
end)

t.case("XML that attacks its reader", function()
  t.conf { ["hosts.loopback"] = "yes" }
  local xml = require "xml"
  for kind, code in pairs { xxe = "EREFUSED", laughs = "EREFUSED", quadratic = "EREFUSED", dtd = "EREFUSED", deep = "ELIMIT" } do
    local text = http.get(hostile.url .. "/xml/" .. kind).body
    t.eq(t.raises(xml.find, text, "//a").code, code, kind)
  end
end)
