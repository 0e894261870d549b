--- sight - controls by the text or image on the picture, for windows that tell assistive technology nothing: a reader looks at
--- the window, the desk finds the field beside what was meant, clicks and types there; what was typed is read back by the reader.
local errors = require "errors"
local host = require "host"

local AGAIN_MS = 200 -- a picture tells nobody that it has changed
local READ_BACK_MS = 3000 -- what was typed may be painted a moment later
local SCALES = { 3, 4, 2 } -- letters of a screen are small: what two of these read the same is what stands there

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

---Looks at the window, or a part of it, and reads.
---@return table at  x, y of the picture on the display
---@return table[] words
local function see(session, reader, how)
  local at, files = session:ask { op = "look", window = how.window, region = how.region, time_ms = how.time_ms }
  local answer, e = reader:call({ op = "read", mode = how.mode or "sparse", mend = false, scale = how.scale or SCALES[1] },
    { files[1] }, 60000)
  if answer == nil then errors.raise(e) end
  return at, answer.words
end

local function far(a, b)
  local x, y = a.x + a.w / 2 - b.x - b.w / 2, a.y + a.h / 2 - b.y - b.h / 2
  return x * x + y * y
end

local function nearest(places, mark)
  local best
  for _, p in ipairs(places) do
    if not best or far(p, mark) < far(best, mark) then best = p end
  end
  return { best }
end

local function ambiguous(target, places)
  local seen = {}
  for i, p in ipairs(places) do seen[i] = ("%d. at %d,%d"):format(i, p.x, p.y) end
  errors.raise { code = "EAMBIGUOUS", text = ("\"%s\" stands %d times on the picture"):format(target.name, #places),
    seen = table.concat(seen, "   "), advice = "say which: { text = true, near = \"…\" } or nth = 1" }
end

---One look: the box of the text on the display; nil when it is not there, and the texts that are.
local function look(session, reader, target, time_ms)
  local at, words = see(session, reader, { window = target.within, time_ms = time_ms })
  local places = sight.places(words, target.name)
  local mark = target.near and sight.places(words, target.near)[1]
  if mark and #places > 1 then places = nearest(places, mark) end
  if #places > 1 and not target.nth then ambiguous(target, places) end
  local box = places[target.nth or 1]
  if box then return { x = at.x + box.x, y = at.y + box.y, w = box.w, h = box.h } end
  local seen = {}
  for _, w in ipairs(words) do seen[#seen + 1] = w.text end
  return nil, table.concat(seen, " "):sub(1, 600)
end

local function clock_ms() return select(2, host.clock()) end

---Looks until the text is there (or gone), or time is over.
local function wait(session, reader, target, gone, until_ms, time_ms)
  while true do
    local left = math.max(until_ms - clock_ms(), 1)
    local box, seen = look(session, reader, target, left)
    if (box == nil) == gone then return box end
    if clock_ms() >= until_ms then
      errors.raise { code = gone and "ETIME" or "ENOENT", seen = seen,
        text = ("\"%s\" is %s on the picture (waited %g s)"):format(target.name, gone and "still" or "not",
          time_ms / 1000),
        advice = "look at the picture" }
    end
    host.sleep(AGAIN_MS)
  end
end

-- ---- fields

---Where a target stands: by its text, or by its image (which the desk looks for).
local function place(session, reader, target, until_ms, time_ms)
  if target.text then return wait(session, reader, target, false, until_ms, time_ms) end
  return session:find_image(target)
end

---The field to the right of a place, or below it; nil when the picture has no edges there.
local function field_of(session, box, below)
  local field = session:ask { op = "field", x = box.x, y = box.y, w = box.w, h = box.h, below = below }
  return field.found and { x = field.x, y = field.y, w = field.w, h = field.h } or nil
end

local function text_of(words)
  local parts = {}
  for i, w in ipairs(words) do parts[i] = w.text end
  return table.concat(parts, " ")
end

---What stands in a part of the display, once for each scale it is read at.
local function readings(session, reader, region)
  local texts = {}
  for i, scale in ipairs(SCALES) do
    local _, words = see(session, reader, { region = region, mode = "line", scale = scale })
    texts[i] = text_of(words)
  end
  return texts
end

---The text that two readings agree on; nil and what was read instead.
local function agreed(texts)
  for i = 1, #texts do
    for k = i + 1, #texts do
      if texts[i] == texts[k] then return texts[i] end
    end
  end
  return nil, table.concat(texts, "   ")
end

local function same(text, value) return text:gsub("%s+", "") == value:gsub("%s+", "") end

-- A reading that is what was typed proves it: no other text in the field would be read as just this.
local function shows(session, reader, field, value)
  local texts
  local until_ms = clock_ms() + READ_BACK_MS
  repeat
    texts = readings(session, reader, field)
    for _, text in ipairs(texts) do
      if same(text, value) then return true end
    end
    host.sleep(AGAIN_MS)
  until clock_ms() >= until_ms
  return false, texts
end

local function put(session, field, value, signs)
  session:ask { op = "type", x = field.x, y = field.y, w = field.w, h = field.h, text = value, signs = signs,
    secret = host.kind(value) == "secret" or nil }
end

local function fill_one(session, reader, target, value, done, until_ms, time_ms)
  local kind = host.kind(value)
  if kind ~= "string" and kind ~= "secret" then
    errors.raise { code = "EUSE", text = ("\"%s\" takes a text: by the picture nothing else is known of it"):format(target.name or target.image) }
  end
  local at = place(session, reader, target, until_ms, time_ms)
  local field = field_of(session, at) or field_of(session, at, true)
  local called = target.name or target.image
  if not field then
    errors.raise { code = "ENOENT", text = ("no field is seen beside \"%s\" on the picture"):format(called),
      seen = "no edges to the right of it or below it", advice = "look at the picture" }
  end
  put(session, field, value)
  if kind == "secret" then
    done.unread[#done.unread + 1] = called
    return
  end
  local ok, texts = shows(session, reader, field, value)
  if not ok then -- typed once more, into a field that was emptied sign by sign
    put(session, field, value, math.max(#texts[1], #value) + 4)
    done.corrected[#done.corrected + 1] = called
    ok, texts = shows(session, reader, field, value)
  end
  if not ok then
    errors.raise { code = "EMISMATCH", text = ("\"%s\" does not show what was typed"):format(called),
      seen = ("sent: %s   read on the picture: %s (typed twice)"):format(value, table.concat(texts, "   ")),
      advice = "the field may hold fewer characters, or its letters cannot be read; look at the picture" }
  end
end

local function by_picture(target) return type(target) == "table" and (target.text or target.image) end

-- ---- the words

local words = {}

function words.find(_, _, box) return { role = "text", x = box.x, y = box.y, w = box.w, h = box.h } end

function words.press(session, _, box, request)
  session:ask { op = "click", x = box.x, y = box.y, w = box.w, h = box.h, twice = request.twice }
  return { pressed = request.target.name, opened = {} }
end

function words.wait() return { ms = 0 } end

---What stands in the line of a place, to the right of it; nil when nothing does.
local function line_beside(session, reader, box, window)
  local at, seen = see(session, reader, { window = window })
  local right
  for _, w in ipairs(seen) do
    local x, y = at.x + w.box[1], at.y + w.box[2] + w.box[4] / 2
    if x >= box.x + box.w and y >= box.y and y <= box.y + box.h then right = math.max(right or 0, x + w.box[3]) end
  end
  return right and { x = box.x + box.w + 2, y = box.y - 4, w = right - box.x - box.w + 6, h = box.h + 8 }
end

---The text in the field to the right, else in the line, else in the field below.
function words.read(session, reader, box, request)
  local target = request.target
  local region = field_of(session, box) or line_beside(session, reader, box, target.within) or field_of(session, box, true)
  if not region then
    errors.raise { code = "ENOENT", text = ("nothing is read beside \"%s\" on the picture"):format(target.name or target.image) }
  end
  local text, other = agreed(readings(session, reader, region))
  if text then return { value = text, role = "text" } end
  errors.raise { code = "EMISMATCH", text = ("\"%s\" cannot be read for sure on the picture"):format(request.target.name or "the image"),
    seen = other, advice = "look at the picture" }
end

function words.expect(session, reader, box, request)
  local shown = words.read(session, reader, box, request).value
  if same(shown, request.value) then return {} end
  errors.raise { code = "EMISMATCH", text = ("\"%s\" shows something else than expected"):format(request.target.name or "the image"),
    seen = ("expected: %s   seen: %s"):format(request.value, shown) }
end

local function fill(session, reader, request, until_ms, time_ms)
  local done = { filled = 0, corrected = {}, unread = {} }
  for _, pair in ipairs(request.pairs) do
    if by_picture(pair[1]) then
      fill_one(session, reader, pair[1], pair[2], done, until_ms, time_ms)
    else
      session:call("fill", { pairs = { pair }, mask = request.mask, time_ms = math.max(until_ms - clock_ms(), 1) })
    end
    done.filled = done.filled + 1
  end
  return done
end

---Whether this request goes by the picture. Presses, sights and waits by image are the desk's own.
---@param request table
---@return boolean
function sight.serves(request)
  for _, pair in ipairs(request.op == "fill" and request.pairs or {}) do
    if by_picture(pair[1]) then return true end
  end
  local target, op = request.target, request.op
  return type(target) == "table" and (target.text or target.image and (op == "read" or op == "expect")) and true or false
end

local function serve(session, reader, request)
  local op, target = request.op, request.target
  local time_ms = request.time_ms or session.time_ms or 20000
  local until_ms = clock_ms() + time_ms
  if op == "fill" then return fill(session, reader, request, until_ms, time_ms) end
  if op == "has" then return { has = look(session, reader, target, time_ms) ~= nil } end
  local box
  if op == "wait" then
    box = wait(session, reader, target, request.gone == true, until_ms, time_ms)
  else
    box = place(session, reader, target, until_ms, time_ms)
  end
  return words[op](session, reader, box, request)
end

---The ops that make sense on the picture.
function sight.call(session, request)
  local op = request.op
  if op ~= "has" and op ~= "fill" and not words[op] then
    errors.raise { code = "EUSE", text = op .. " cannot go by text on the picture", seen = "find press has wait fill read expect" }
  end
  local reader = host.lend "reader"
  local ok, answer = pcall(serve, session, reader, request)
  reader:give_back(ok)
  if not ok then error(answer, 0) end
  return answer
end

return sight
