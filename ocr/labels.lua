--- labels - finds the printed labels of a kind's fields among segments, and the words that belong to each.
local layout = require "ocr.layout"
local labels = {}

---Lower case, full-width forms folded, without spaces and marks: what labels are compared by.
function labels.fold(text)
  local out = {}
  for _, c in utf8.codes(text, true) do
    if c >= 0xff01 and c <= 0xff5e then c = c - 0xfee0 end
    if c < 128 then
      local ch = string.char(c):lower()
      if ch:match("%w") then out[#out + 1] = ch end
    elseif c > 0x2e7f and not (c >= 0x3000 and c <= 0x303f) or (c >= 0xc0 and c < 0x2000) then
      out[#out + 1] = utf8.char(c)
    end
  end
  return table.concat(out)
end

---How many characters two folded texts differ in; nil for more than one in five (scanners err).
local function difference(a, b)
  if a == b then return 0 end
  local n, m = utf8.len(a), utf8.len(b)
  if not n or not m or math.min(n, m) < 5 then return nil end
  local allowed = math.max(n, m) // 5
  if math.abs(n - m) > allowed then return nil end
  local before = {}
  for j = 0, #b do before[j] = j end
  for i = 1, #a do
    local now = { [0] = i }
    for j = 1, #b do
      now[j] = math.min(before[j] + 1, now[j - 1] + 1, before[j - 1] + (a:byte(i) == b:byte(j) and 0 or 1))
    end
    before = now
  end
  return before[#b] <= allowed and before[#b] or nil
end

---The label of any field that begins at word i, the nearest one, of equals the longest: field name, last word.
local function label_at(words, i, spec)
  local text, best, best_end, least = "", nil, nil, math.huge
  for k = i, math.min(#words, i + 7) do
    text = text .. labels.fold(words[k].text)
    for name, field in pairs(spec.fields) do
      for _, label in ipairs(field.folded) do
        local differs = #text > 0 and difference(text, label)
        if differs and (differs < least or differs == least and k > best_end) then best, best_end, least = name, k, differs end
      end
    end
  end
  return best, best_end
end

-- "2 Tax number", "(3)": numbers of a form in front of its labels.
local function is_index(text) return text:match("^%(?%d%d?[%.%)]?$") ~= nil or text:match("^[:;|%-%.,'`=_]+$") ~= nil end

---Labels begin a segment; before them stand at most a form's numbers, marks, and what dust was taken for. "The taxpayer
---has …" is a sentence.
local function begins(s, i)
  for k = 1, i - 1 do
    local w = s.words[k]
    if not (is_index(w.text) or #labels.fold(w.text) == 0 or w.confidence < 0.6 or k == i - 1 and w.text:match(":$")) then return false end
  end
  return true
end

---Every label on the document: { segment, name, first, last } by segment.
local function find_labels(segments, spec)
  local found = {}
  for _, s in ipairs(segments) do
    local i = 1
    while i <= #s.words do
      local name, last
      if not is_index(s.words[i].text) then name, last = label_at(s.words, i, spec) end
      if name and (spec.fields[name].anywhere or begins(s, i)) then
        found[s] = found[s] or {}
        table.insert(found[s], { name = name, first = i, last = last })
        i = last
      end
      i = i + 1
    end
  end
  return found
end

local function words_from(s, first, last)
  local words = {}
  for i = first, last do
    if not (#words == 0 and is_index(s.words[i].text) and s.words[i].text:match("^[^%w]+$")) then words[#words + 1] = s.words[i] end
  end
  return #words > 0 and layout.segment(words, s.row, s.height) or nil
end

local function overlap(a, b) return math.min(a[1] + a[3], b[1] + b[3]) - math.max(a[1], b[1]) end

---The caption of the next box of a numbered form ("3 Period"): no value. "3 May 2026" beside a label without a number is one.
local function is_caption(s) return #s.words > 1 and s.words[1].text:match("^%d%d?%.?$") ~= nil end

---Whether o stands under a label as its value: under its left edge, or right below it, set in or in the middle.
local function stands_below(o, label_box, height)
  local gap = o.box[2] - (label_box[2] + label_box[4])
  if gap < -0.5 * height or gap >= 4 * height or overlap(o.box, label_box) <= 0 then return false end
  local left = o.box[1] - label_box[1]
  local middle = left + (o.box[3] - label_box[3]) / 2
  return math.abs(left) < 3 * height or gap < 1.5 * height and (left > 0 or math.abs(middle) < 1.5 * height)
end

---The segment to the right in the same row, or the nearest one below. In a form whose boxes are numbered the captions
---stand above what is written.
local function beside_or_below(segments, s, label_box, found, numbered)
  local right, below
  for _, o in ipairs(segments) do
    if o.page == s.page and o ~= s and not found[o] and labels.fold(o.text) ~= "" then
      local beside = o.row == s.row and o.box[1] > label_box[1] + label_box[3] and not (numbered and is_caption(o))
      if beside and (not right or o.box[1] < right.box[1]) then right = o end
      if o.row >= s.row and stands_below(o, label_box, s.height) and (not below or o.row < below.row) then below = o end
    end
  end
  -- a label between here and the segment on the right owns it
  if right then
    for _, o in ipairs(segments) do
      if found[o] and o.row == s.row and o.box[1] > label_box[1] + label_box[3] and o.box[1] < right.box[1] then right = nil break end
    end
  end
  if numbered then return below or right end
  return right or below
end

---The rest of a row to the right, for values that a wide gap has cut.
function labels.rest_of_row(segments, value)
  local words = { table.unpack(value.words) }
  for _, o in ipairs(segments) do
    if o.page == value.page and o.row == value.row and o.box[1] > value.box[1] then
      for _, w in ipairs(o.words) do words[#words + 1] = w end
    end
  end
  return #words > #value.words and layout.segment(words, value.row, value.height) or nil
end

---Rows that go on under a value: same left edge, close, no label in their row; and if they are less close than lines of one
---text, nothing at all to the left, for that is a label which was not read.
local function continued(segments, value, found)
  local labelled, begun = {}, {}
  for _, o in ipairs(segments) do
    if found[o] then labelled[o.row] = true end
    if o.page == value.page and o.box[1] + o.box[3] < value.box[1] then begun[o.row] = true end
  end
  local last, words = value, { table.unpack(value.words) }
  for _, o in ipairs(segments) do
    local gap = (o.box[2] - (last.box[2] + last.box[4])) / value.height
    if o.page == value.page and o.row > last.row and not labelled[o.row] and gap > -1 and gap < (begun[o.row] and 0.8 or 1.4)
      and math.abs(o.box[1] - value.box[1]) < 1.5 * value.height then
      for _, w in ipairs(o.words) do words[#words + 1] = w end
      last = o
    end
  end
  return layout.segment(words, value.row, value.height)
end

---What stands at each label: name -> list of segments, best first.
function labels.values(segments, spec)
  local found, out = find_labels(segments, spec), {}
  for _, s in ipairs(segments) do
    for n, l in ipairs(found[s] or {}) do
      local next_label = found[s][n + 1]
      local value = words_from(s, l.last + 1, next_label and next_label.first - 1 or #s.words)
      local numbered = l.first > 1 and s.words[l.first - 1].text:match("%d") ~= nil and is_index(s.words[l.first - 1].text)
      local after = s.words[l.last + 1]
      if numbered and after and after.text:match("^%d%d?$") then value = nil end -- the next caption of the same row
      if not value then
        local box = s.words[l.first].box
        for i = l.first, l.last do box = layout.union(box, s.words[i].box) end
        if numbered then box = layout.union(box, s.words[l.first - 1].box) end
        value = beside_or_below(segments, s, box, found, numbered)
      end
      if value then
        if spec.fields[l.name].lines then value = continued(segments, value, found) end
        out[l.name] = out[l.name] or {}
        table.insert(out[l.name], value)
      end
    end
  end
  return out
end

return labels
