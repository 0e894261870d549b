--- sight - controls by the text on the picture: a reader looks at the window, the desk clicks where it found the text.
local errors = require "errors"
local host = require "host"

local AGAIN_MS = 200 -- a picture tells nobody that it has changed

local sight = {}

local function plain(text)
  return (text:lower():gsub("…", " "):gsub("[%s%p]+", " "):gsub("^ ", ""):gsub(" $", ""))
end

---Words that stand in one line, in order.
local function lines_of(words)
  local lines, order = {}, {}
  for _, w in ipairs(words) do
    local key = (w.block or 0) .. ":" .. (w.line or 0)
    if not lines[key] then
      lines[key] = {}
      order[#order + 1] = lines[key]
    end
    local line = lines[key]
    line[#line + 1] = w
  end
  return order
end

local function around(line, from, to)
  local b = line[from].box
  local x, y, right, bottom = b[1], b[2], b[1] + b[3], b[2] + b[4]
  for i = from + 1, to do
    b = line[i].box
    x, y = math.min(x, b[1]), math.min(y, b[2])
    right, bottom = math.max(right, b[1] + b[3]), math.max(bottom, b[2] + b[4])
  end
  return { x = x, y = y, w = right - x, h = bottom - y }
end

---Every place where the words of name stand in a row.
---@return table[] boxes
function sight.places(words, name)
  local wanted, found = plain(name), {}
  for _, line in ipairs(lines_of(words)) do
    for from = 1, #line do
      local text = ""
      for to = from, #line do
        text = plain(text .. " " .. line[to].text)
        if text == wanted then found[#found + 1] = around(line, from, to) end
        if #text >= #wanted then break end
      end
    end
  end
  return found
end

local function read_window(session, reader)
  local at, files = session:ask { op = "capture", window = true }
  local answer, e = reader:call({ op = "read", mode = "sparse", mend = false, scale = 3 }, { files[1] }, 60000)
  if answer == nil then errors.raise(e) end
  return at, answer.words
end

---One look: the box of the text on the display; nil when it is not there, and the texts that are.
local function look(session, reader, target)
  local at, words = read_window(session, reader)
  local places = sight.places(words, target.name)
  if #places > 1 and not target.nth then
    local seen = {}
    for i, p in ipairs(places) do seen[i] = ("%d. at %d,%d"):format(i, p.x, p.y) end
    errors.raise { code = "EAMBIGUOUS", text = ("\"%s\" stands %d times on the picture"):format(target.name, #places),
      seen = table.concat(seen, "   "), advice = "say which: { text = true, nth = 1 }" }
  end
  local box = places[target.nth or 1]
  if box then return { x = at.x + box.x, y = at.y + box.y, w = box.w, h = box.h } end
  local seen = {}
  for _, w in ipairs(words) do seen[#seen + 1] = w.text end
  return nil, table.concat(seen, " "):sub(1, 600)
end

---Looks until the text is there (or gone), or time is over.
local function wait(session, reader, target, gone, time_ms)
  local until_ms = select(2, host.clock()) + time_ms
  while true do
    local box, seen = look(session, reader, target)
    if (box == nil) == gone then return box end
    if select(2, host.clock()) >= until_ms then
      errors.raise { code = gone and "ETIME" or "ENOENT", seen = seen,
        text = ("\"%s\" is %s on the picture (waited %g s)"):format(target.name, gone and "still" or "not",
          time_ms / 1000),
        advice = "look at the picture" }
    end
    host.sleep(AGAIN_MS)
  end
end

local words = {}

function words.find(_, box) return { role = "text", x = box.x, y = box.y, w = box.w, h = box.h } end

function words.press(session, box, target)
  session:ask { op = "click", x = box.x + box.w // 2, y = box.y + box.h // 2 }
  return { pressed = target.name, opened = {} }
end

function words.wait() return { ms = 0 } end

---The ops that make sense on a text of the picture.
function sight.call(session, request)
  local target, op = request.target, request.op
  if op ~= "has" and not words[op] then
    errors.raise { code = "EUSE", text = op .. " cannot go by text on the picture", seen = "find press has wait" }
  end
  local reader = host.lend "reader"
  local function work()
    if op == "has" then return { has = look(session, reader, target) ~= nil } end
    local gone = op == "wait" and request.gone == true
    local box = wait(session, reader, target, gone, request.time_ms or session.time_ms or 20000)
    return words[op](session, box, target)
  end
  local ok, answer = pcall(work)
  reader:give_back(ok)
  if not ok then error(answer, 0) end
  return answer
end

return sight
