--- readings - one place on a page, read in several ways, and what most of the ways say, letter by letter. Two nets that
--- were trained apart seldom err at the same letter; the same net at another size often does. Owns nothing.
local pages = require "ocr.pages"
local readings = {}

---@class reading
---@field text string
---@field net string  the languages that it was read with
---@field confidence number  of its worst word
---@field words { text: string, confidence: number }[]

local CLEAR, DIM = 0.8, 0.6 -- confidence of a letter's word: it may stand against a dim one; below, it is dim

---The place read again. nil when it cannot be (a text layer, a page not kept).
---@param source { reader: any, pages: table[] }
---@param way table  page mode, scale, languages, and the name of the net if it is another
---@return reading?
function readings.at(source, page, box, way)
  local answer = pages.again(source.reader, { page = page, mode = way[1], scale = way[2], langs = way[3], region = box })
  return answer and readings.of(answer.words, way[4] or way[3])
end

---The dots and strokes that lead to a value on a form, or what dust on them was read as.
local function is_leader(text) return not text:find("[%w&+/\x80-\xff]") end

---@param words table[]
---@param net string
---@return reading
function readings.of(words, net)
  local texts, kept, confidence = {}, {}, 1
  for _, w in ipairs(words) do
    if not is_leader(w.text) then
      kept[#kept + 1], texts[#kept + 1] = w, w.text
      confidence = math.min(confidence, w.confidence)
    end
  end
  words = kept
  return { text = table.concat(texts, " "), words = words, net = net, confidence = #words > 0 and confidence or 0 }
end

---The ways in which a place is read until enough of them agree: by the other nets first, then at another size. Where a kind
---has no other net, the other size counts as one.
---@param spec table  a kind
---@param page table  of the document
function readings.ways(spec, page)
  local one, two, own = spec.jury[1], spec.jury[2] or spec.langs, spec.langs
  local size = page.scale or 1
  local other = size < 0.9 and 1 or 1.5 * size
  if one == own then
    return { { "block", other, own, "other size" }, { "line", other, own, "other size" }, { "block", size, own },
      { "block", 0.8 * size, own, "other size" } }
  end
  return { { "block", size, one }, { "block", size, two }, { "block", other, own }, { "block", other, one },
    { "block", other, two }, { "line", size, own } }
end

---The letters without the spaces, which are the reader's guess; each with its word's confidence, and whether a space
---stands before it.
local function letters_of(reading)
  local list = {}
  for _, w in ipairs(reading.words) do
    local space = #list > 0
    for _, code in utf8.codes(w.text, true) do
      local letter = utf8.char(code)
      if not letter:match("^%s") then
        list[#list + 1] = { letter = letter, confidence = w.confidence, space = space }
        space = false
      end
    end
  end
  return list
end

---For each letter of a its partner in b (nil: none), and the letters of b that stand before a's i-th (i = #a + 1: behind).
local function align(a, b)
  local cost = { [0] = {} }
  for j = 0, #b do cost[0][j] = j end
  for i = 1, #a do
    local above, row = cost[i - 1], { [0] = i }
    cost[i] = row
    for j = 1, #b do
      local change = above[j - 1] + (a[i].letter == b[j].letter and 0 or 1)
      local gone, come = above[j] + 1, row[j - 1] + 1
      row[j] = math.min(change, gone, come)
    end
  end
  local partner, between = {}, {}
  local i, j = #a, #b
  while i > 0 or j > 0 do
    if i > 0 and j > 0 and cost[i][j] == cost[i - 1][j - 1] + (a[i].letter == b[j].letter and 0 or 1) then
      partner[i] = b[j]
      i, j = i - 1, j - 1
    elseif j > 0 and cost[i][j] == cost[i][j - 1] + 1 then
      between[i + 1] = between[i + 1] or {}
      table.insert(between[i + 1], 1, b[j])
      j = j - 1
    else
      i = i - 1
    end
  end
  return partner, between, cost[#a][#b]
end

---Whether a letter with a mark, or a mark itself, stands against what has none, and neither is dim: nets that do not know
---it cannot outvote it, and dust makes marks.
local function torn(order)
  local marked, plain = false, false
  for _, v in ipairs(order) do
    if v.best >= DIM and v.text:find("[\x80-\xff]") then marked = true elseif v.best >= DIM then plain = true end
  end
  return marked and plain
end

---What most readings say, or nil: what two nets say, and twice as many readings as anything else; or what one net says
---clearly twice where the others only guess.
---@param said { text: string, confidence: number, net: string }[]
---@param least integer  readings that must say it
function readings.most(said, least)
  local votes, order = {}, {}
  for _, s in ipairs(said) do
    local v = votes[s.text]
    if not v then
      v = { text = s.text, n = 0, nets = 0, net = {}, least = 1, best = 0 }
      votes[s.text], order[#order + 1] = v, v
    end
    v.n = v.n + 1
    if not v.net[s.net] then v.net[s.net], v.nets = true, v.nets + 1 end
    v.least, v.best = math.min(v.least, s.confidence), math.max(v.best, s.confidence)
  end
  table.sort(order, function(a, b)
    if a.n ~= b.n then return a.n > b.n end
    return a.text < b.text
  end)
  local first, second = order[1], order[2]
  if not first or first.n < 2 or second and second.n * 2 > first.n or torn(order) then return nil end
  if first.nets > 1 and first.n >= least then return (first.best >= DIM or first.n > 2) and first or nil end
  local others, guess = 0, 0
  for _, s in ipairs(said) do
    if not first.net[s.net] then others, guess = others + 1, math.max(guess, s.confidence) end
  end
  return others > 0 and guess < DIM and first.least >= CLEAR and first or nil
end

---The letters between two, as one text, and how sure they are; nothing there is as sure as its neighbours.
local function insertion(list, left, right)
  if not list then return "", math.min(left and left.confidence or 1, right and right.confidence or 1) end
  local text, confidence = {}, 1
  for i, l in ipairs(list) do
    text[i] = (l.space and " " or "") .. l.letter
    confidence = math.min(confidence, l.confidence)
  end
  return table.concat(text), confidence
end

---The reading that is nearest to all others, as letters; and the others aligned to it.
local function pivot_of(list)
  local best, best_cost, best_others
  for p, one in ipairs(list) do
    local others, sum = {}, 0
    for o, other in ipairs(list) do
      if o ~= p then
        local partner, between, cost = align(one.letters, other.letters)
        others[#others + 1] = { net = other.net, partner = partner, between = between, letters = other.letters }
        sum = sum + cost
      end
    end
    if not best or sum < best_cost then best, best_cost, best_others = one, sum, others end
  end
  return best, best_others
end

---What the readings say together. nil when they do not agree at some letter.
---@param list reading[]  two or more
---@param least integer  readings that must say each letter
---@return string?, number?  the text; confidence of its least sure letter
function readings.consensus(list, least)
  for _, r in ipairs(list) do r.letters = r.letters or letters_of(r) end
  local pivot, others = pivot_of(list)
  local out, confidence = {}, 1
  local function take(said)
    local winner = readings.most(said, least)
    if not winner then return false end
    out[#out + 1] = winner.text
    confidence = math.min(confidence, winner.best)
    return true
  end
  local mine = pivot.letters
  for i = 1, #mine + 1 do
    local said = { { text = "", net = pivot.net, confidence = select(2, insertion(nil, mine[i - 1], mine[i])) } }
    for _, o in ipairs(others) do
      local text, sure = insertion(o.between[i], o.partner[i - 1], o.partner[i])
      said[#said + 1] = { text = text:gsub(" ", ""), net = o.net, confidence = sure }
    end
    if not take(said) then return nil end
    if not mine[i] then break end
    if mine[i].space then out[#out + 1] = " " end
    said = { { text = mine[i].letter, net = pivot.net, confidence = mine[i].confidence } }
    for _, o in ipairs(others) do
      local l = o.partner[i]
      said[#said + 1] = { text = l and l.letter or "", net = o.net, confidence = l and l.confidence or 0 }
    end
    if not take(said) then return nil end
  end
  return table.concat(out), confidence
end

return readings
