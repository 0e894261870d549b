--- check_words - the vocabulary as the checker knows it: which words there are, what each does, what it gives.
-- Pure data; the meaning is in language.md, the behaviour in each word's own file. Connectors that the build knows
-- and this page does not are added by `check.robot`'s options.words, open: their members are not checked.
local M = {}

-- does:   "read"    looks outside, journaled              "effect" changes something outside
--         "pause"   the run may be put away               "value"  a literal, a type, plain arithmetic
--         "control" together, step, each, reject, log     "screen" opens a screen
-- least:  so many arguments at least; wants: which these are
-- gives:  the type of the result; "fields" closes a group of words: another member is a mistake
M.words = {
  robot = { does = "value" },
  text = { does = "value", type = true },
  number = { does = "value", type = true },
  money = { does = "value", type = true, gives = "money" },
  date = { does = "value", type = true, gives = "date" },
  flag = { does = "value", type = true },
  file = { does = "value", type = true, gives = "file" },
  list = { does = "value", type = true },
  optional = { does = "value", type = true },
  desktop = { does = "screen" },
  terminal = { does = "screen" },
  web = { does = "screen" },
  effect = { does = "effect", gives = "row" },
  review = { does = "pause", named = true },
  wait = { does = "pause", least = 1, wants = "a time" },
  reject = { does = "control", ends = true, least = 1, wants = "the reason" },
  together = { does = "control" },
  each = { does = "control", least = 1, wants = "a list" },
  step = { does = "control", named = true },
  log = { does = "control", least = 1, wants = "what to say" },
  now = { does = "read", gives = "text", clock = true },
  today = { does = "read", gives = "date", clock = true },
  secret = { does = "value", gives = "secret", least = 1, wants = "its name" },
  ["files.read"] = { does = "read", gives = "text", least = 1, wants = "a file" },
  ["files.list"] = { does = "read", least = 1, wants = "a pattern" },
  ["files.hash"] = { does = "read", gives = "text", least = 1, wants = "a file" },
  ["files.write"] = { does = "effect" },
  ["http.get"] = { does = "read", least = 1, wants = "an address" },
  ["http.post"] = { does = "effect" },
  ["http.put"] = { does = "effect" },
  ["http.delete"] = { does = "effect" },
  ["mail.send"] = { does = "effect" },
  ["document.read"] = { does = "read", gives = "document", least = 2, wants = "a file and a kind" },
  ["document.make"] = { does = "read", gives = "file" },
  ["company.get"] = { does = "read", least = 1, wants = "a number" },
  ["tax.standing"] = { does = "read", least = 1, wants = "a number" },
  ["screen:go"] = { does = "drive", least = 1, wants = "a place" },
  ["screen:fill"] = { does = "drive" },
  ["screen:press"] = { does = "drive", least = 1, wants = "a name" },
  ["screen:read"] = { does = "read", gives = "text", least = 1, wants = "a label" },
  ["screen:table"] = { does = "read", gives = "rows" },
  ["screen:row"] = { does = "value", gives = "locator", least = 2, wants = "a table and a list" },
  ["screen:find"] = { does = "value", gives = "target", least = 1, wants = "a name" },
  ["screen:has"] = { does = "read", gives = "flag", least = 1, wants = "a name" },
  ["screen:expect"] = { does = "read", least = 2, wants = "a label and a value" },
  ["screen:wait"] = { does = "drive", least = 1, wants = "a name" },
  ["screen:submit"] = { does = "effect", gives = "row" },
  ["money:percent"] = { does = "value", gives = "money" },
  ["document:of"] = { does = "value" },
  ["document:missing"] = { does = "value", gives = "text" },
}

-- Groups of words: those with true are complete, the others may have more members than are listed.
M.groups = {
  http = true, mail = true, document = true, files = true,
  company = false, tax = false, json = false, xml = false, csv = false, identifier = false,
}

-- What the sandbox leaves of plain Lua.
M.lua = {}
for name in ([[assert error getmetatable ipairs load math next pairs pcall print rawequal rawget rawlen rawset require
  select setmetatable coroutine string table tonumber tostring type utf8 xpcall]]):gmatch "%a[%w]*" do
  M.lua[name] = true
end

-- Words of other tools, and what is meant here.
M.instead = {
  click = "press", type_text = "fill", type = "fill", set = "fill", enter = "fill", input = "fill", open = "go", goto_page = "go", navigate = "go",
  get_text = "read", get = "read", value = "read", exists = "has", visible = "has", select = "fill", rows = "table", check = "expect",
  sleep = "wait", delay = "wait", pause = "wait", ask = "review", stop = "reject", abort = "reject", print = "log", env = "secret",
}

-- Reserved words of Lua that clerks want as names, and what to write.
M.reserved = {
  ["in"] = "within", ["goto"] = "go", ["end"] = "to", ["repeat"] = "again", ["until"] = "by", ["then"] = "next",
  ["and"] = "with", ["or"] = "otherwise", ["not"] = "without", ["for"] = "purpose", ["function"] = "role", ["if"] = "when", ["while"] = "during",
  ["do"] = "act", ["else"] = "otherwise", ["return"] = "back", ["local"] = "here", ["break"] = "stop", ["true"] = "yes", ["false"] = "no",
  ["nil"] = "none", ["elseif"] = "otherwise",
}
M.robot_keys = { "about", "cases", "case", "limit", "retry", "hosts", "isolation", "zone", "schedule" }
M.schedule_keys = { "zone", "calendar", "on_holiday", "on_weekend", "missing_hour", "repeated_hour", "missed", "overlap", "case" }
M.cases_keys = { "from", "key", "once_a", "watch", "to" }
M.limit_keys = { "time", "slice", "memory" }
M.retry_keys = { "times", "wait" }
M.once_a = { "day", "month", "year" }
M.submit_keys = { "at", "fill", "press", "proof", "approve" }
M.effect_keys = { "values", "proof", "act", "approve" }
M.http_options = { "query", "headers", "auth", "accept", "timeout", "rate", "source", "limit" }
M.http_form = { "url", "json", "form", "body", "file", "proof", "approve", table.unpack(M.http_options) }
M.find_keys = { "within", "near", "role", "nth", "image", "text" }
M.review_keys = { "show", "ask", "fields", "role" }
M.screen_keys = {
  "start", "host", "login", "home", "go", "formats", "dialogs", "changes", "names", "places", "zone", "settle", "env", "dir", "time", "keep",
}
-- Fields that every case has by itself.
M.case_always = { "key", "period", "file" }

-- Rules of a case's types.
M.rules = { text = {}, number = {}, money = { "currency", "above" }, date = {}, flag = {}, file = {} }

return M
