local t = require "test"
local http = require "http"

local plain = t.server "tests/fakes/plain.py"
t.secret("bank.token", "token-0815")
t.secret("bank.quoted", 'a "quoted" & b')
local token, quoted = secret "bank.token", secret "bank.quoted"

local function local_services()
  t.conf { ["hosts.loopback"] = "yes" }
end

t.case("gets an answer", function()
  local_services()
  local answer = http.get(plain.url .. "/hello")
  t.eq(answer.status, 200)
  t.eq(answer.headers["content-type"], "application/json")
  t.eq(answer.json, { hello = "world" })
  t.eq(http.get(plain.url .. "/gzip").json, { packed = true })
  t.eq(#http.get(plain.url .. "/bytes/300").body, 300)
end)

t.case("sends query and headers", function()
  local_services()
  local echo = http.get(plain.url .. "/echo", { query = { q = "a b&c", n = { 1, 2 } }, headers = { ["X-A"] = { "b", 1 } } }).json
  t.eq(echo.path, "/echo?n=1&n=2&q=a%20b%26c")
  t.eq(echo.headers["X-A"], "b1")
end)

t.case("keeps the text of numbers", function()
  local_services()
  local number = http.get(plain.url .. "/number").json
  t.eq(tostring(number.amount), "190000.10")
  t.eq(tostring(number.long), "12345678901234567890123")
end)

t.case("a status of 400 or more is an error, unless it is accepted", function()
  local_services()
  t.eq(t.raises(http.get, plain.url .. "/status/404").code, "ENOENT")
  t.eq(t.raises(http.get, plain.url .. "/status/403").code, "EAUTH")
  t.eq(t.raises(http.get, plain.url .. "/status/500").code, "EUNAVAILABLE")
  t.eq(http.get(plain.url .. "/status/404", { accept = 404 }).status, 404)
  t.eq(http.get(plain.url .. "/status/410", { accept = { 404, 410 } }).status, 410)
end)

t.case("tries again when another time may do", function()
  local_services()
  t.eq(http.get(plain.url .. "/busy/one/1").json.asked, 2)
  t.eq(http.get(plain.url .. "/limit/two/1").json.asked, 2)
  t.eq(http.get(plain.url .. "/busy/three/9", { accept = 503 }).status, 503)
  t.eq(http.get(plain.url .. "/count/three").json.count, 1)
end)

t.case("follows redirects of the same place", function()
  local_services()
  t.eq(http.get(plain.url .. "/to?/hello").json, { hello = "world" })
  t.eq(http.get(plain.url .. "/to307?/to303?/hello").json, { hello = "world" })
end)

t.case("refuses redirects to other schemes and to this machine", function()
  local_services()
  for _, to in ipairs { "ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://a/", "http://127.0.0.1:1/", "http://localhost/",
    "http://169.254.169.254/latest", "http://[::1]/", "http://0.0.0.0/", "http://10.0.0.1/", "/loop" } do
    local err = t.raises(http.get, plain.url .. "/to?" .. to)
    t.eq(err.code, "EREFUSED", to)
  end
end)

t.case("reaches this machine and the house only where the configuration says so", function()
  t.conf { ["hosts.loopback"] = "no" }
  for _, url in ipairs { plain.url, "http://localhost:1", "http://10.1.2.3", "http://[fd00::1]", "http://169.254.169.254" } do
    t.eq(t.raises(http.get, url .. "/hello").code, "EREFUSED", url)
  end
  t.conf { ["source.mine.url"] = plain.url .. "/" }
  t.eq(http.get(plain.url .. "/hello", { source = "mine" }).status, 200)
  t.eq(t.raises(http.get, plain.url .. "/hello").code, "EREFUSED") -- not by a connection that is still open
end)

t.case("says what failed", function()
  local_services()
  t.eq(t.raises(http.get, "no url").code, "EUSE")
  t.eq(t.raises(http.get, "http://user:pass@127.0.0.1/").code, "EUSE")
  t.eq(t.raises(http.get, "ftp://127.0.0.1/").code, "EREFUSED")
  t.eq(t.raises(http.get, "http://127.0.0.1:1/", { timeout = 1 }).code, "EUNAVAILABLE")
  t.eq(t.raises(http.get, "http://no.such.host.invalid/", { timeout = 1 }).code, "EUNAVAILABLE")
  t.eq(t.raises(http.get, plain.url .. "/late/5", { timeout = 0.5 }).code, "ETIME")
  t.eq(t.raises(http.get, plain.url .. "/notjson").code, "EFORMAT")
  t.eq(t.raises(http.get, plain.url .. "/bytes/300", { limit = 100 }).code, "ELIMIT")
end)

t.case("headers cannot lead elsewhere", function()
  local_services()
  for name, value in pairs { Host = "other.example", ["Content-Length"] = "5", ["X-A"] = "a\r\nHost: b", ["X-B\nHost"] = "c" } do
    t.raises(http.get, plain.url .. "/hello", { headers = { [name] = value } })
  end
end)

t.case("holds a rate", function()
  t.conf { ["hosts.loopback"] = "yes", ["source.slow.rate"] = "10/s", ["source.slow.url"] = plain.url }
  local host = require "host"
  local _, begun = host.clock()
  for _ = 1, 4 do
    http.get(plain.url .. "/hello", { source = "slow" })
  end
  local _, ended = host.clock()
  t.ok(ended - begun >= 290, ended - begun)
end)

t.case("shows no cookie", function()
  local_services()
  local answer = http.get(plain.url .. "/cookie")
  t.eq(answer.headers["set-cookie"], "***")
  t.eq(answer.headers["x-twice"], "a, b")
end)

t.case("effects happen once, with a key", function()
  local_services()
  local answer = http.post("enter it", { url = plain.url .. "/effect/e", json = { loan = "L-1" } })
  t.eq(answer.status, 201)
  local seen = http.get(plain.url .. "/count/e").json
  t.eq(seen.count, 1)
  t.eq(#seen.key, 32)
  local echo = http.put("put it", { url = plain.url .. "/echo", form = { a = "ä b", c = 1 } }).json
  t.eq(echo.method, "PUT")
  t.eq(echo.body, "a=%C3%A4%20b&c=1")
  t.eq(http.delete("drop it", { url = plain.url .. "/echo" }).json.method, "DELETE")
end)

t.case("an effect that was refused, or never left, is known not to have happened", function()
  local_services()
  t.eq(t.raises(http.post, "to nowhere", { url = "http://127.0.0.1:1/", body = "x", timeout = 1 }).code, "EUNAVAILABLE")
  t.eq(t.raises(http.post, "refused", { url = plain.url .. "/status/422", body = "x" }).code, "EUSE")
end)

t.case("an effect whose answer does not come is unknown, and was sent once", function()
  local_services()
  local run = t.run { robot = t.fixture "cut", case = { key = "cut", url = plain.url }, conf = { ["hosts.loopback"] = "yes" } }
  t.eq(run.status, 5, run.err)
  t.eq(http.get(plain.url .. "/count/cut").json.count, 1)
end)

t.case("an effect that wants a signature waits for it, and is rejected when it is refused", function()
  local_services()
  local function run(key, answers)
    return t.run { robot = t.fixture "signed", case = { key = key, url = plain.url }, answers = answers, conf = { ["hosts.loopback"] = "yes" } }
  end
  t.eq(run("signed").status, 4)
  t.eq(http.get(plain.url .. "/count/signed").json.count, 0)
  local signed = run("signed", { ["approve enter it"] = "approve" })
  t.eq(signed.status, 0, signed.err)
  t.eq(http.get(plain.url .. "/count/signed").json.count, 1)
  t.eq(run("refused", { ["approve enter it"] = "refuse" }).status, 3)
  t.eq(http.get(plain.url .. "/count/refused").json.count, 0)
end)

t.case("sends secrets and shows none", function()
  local_services()
  local sent = http.post("with secrets", { url = plain.url .. "/check/secrets", json = { token = token, list = { 1, quoted } },
    headers = { Authorization = { "Bearer ", token } } }).json
  t.eq(sent, { json = true, header = true })
  sent = http.post("in a form", { url = plain.url .. "/check/form", form = { token = token, q = quoted } }).json
  t.eq(sent, { form = true })
  local echo = http.get(plain.url .. "/echo", { headers = { ["X-Token"] = token } })
  t.ok(not echo.body:find("0815", 1, true), "no secret comes back in an answer")
  t.eq(t.raises(http.get, plain.url .. "/echo", { query = { t = token } }).code, "EUSE")
end)

t.oom("get", function() http.get(plain.url .. "/hello") end)
t.cancel("get", function() http.get(plain.url .. "/to?/hello") end)
