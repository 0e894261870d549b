--- layout - words as rows and segments: what stands side by side with small gaps belongs together. Boxes are
--- {x, y, width, height}.
local layout = {}

---Median height of words, at least 4.
local function usual_height(words)
  local heights = {}
  for i, w in ipairs(words) do heights[i] = w.box[4] end
  table.sort(heights)
  return math.max(heights[(#heights + 1) // 2] or 4, 4)
end

---The box around two.
function layout.union(a, b)
  local x, y = math.min(a[1], b[1]), math.min(a[2], b[2])
  return { x, y, math.max(a[1] + a[3], b[1] + b[3]) - x, math.max(a[2] + a[4], b[2] + b[4]) - y }
end

---A segment of words that follow each other.
function layout.segment(words, row, height)
  local box, confidence, texts = words[1].box, 1.0, {}
  for i, w in ipairs(words) do
    box = layout.union(box, w.box)
    confidence = math.min(confidence, w.confidence)
    texts[i] = w.text
  end
  return { words = words, box = box, page = words[1].page, row = row, text = table.concat(texts, " "), confidence = confidence, height = height }
end

---The middle of each word; the reader's own lines hold together words whose boxes dust has made taller.
local function middles(words, height)
  local lines, of = {}, {}
  for _, w in ipairs(words) do
    lines[w.line] = lines[w.line] or {}
    table.insert(lines[w.line], w.box[2] + w.box[4] / 2)
  end
  for _, list in pairs(lines) do table.sort(list) end
  for i, w in ipairs(words) do
    local own, list = w.box[2] + w.box[4] / 2, lines[w.line]
    local line = list[(#list + 1) // 2]
    of[i] = { word = w, middle = math.abs(own - line) < 0.9 * height and line or own }
  end
  return of
end

---Rows of one page: words whose middles lie within half a letter.
local function rows_of(words, height)
  local places = middles(words, height)
  table.sort(places, function(a, b)
    if a.middle ~= b.middle then return a.middle < b.middle end
    return a.word.box[1] < b.word.box[1]
  end)
  local rows = {}
  for _, p in ipairs(places) do
    local row = rows[#rows]
    if not row or p.middle - row.middle > 0.55 * height then
      row = { middle = p.middle, words = {} }
      rows[#rows + 1] = row
    end
    row.words[#row.words + 1] = p.word
    row.middle = row.middle + (p.middle - row.middle) / #row.words
  end
  return rows
end

local MARKS = { "—", "–", "‘", "’", "“", "”", "©", "®", "°", "•", "·", "…" }

---Text without the marks that rules, dots and dust leave at its ends.
function layout.trim(text)
  local before
  repeat
    before = text
    for _, mark in ipairs(MARKS) do
      if text:sub(1, #mark) == mark then text = text:sub(#mark + 1) end
      if #text >= #mark and text:sub(-#mark) == mark then text = text:sub(1, -#mark - 1) end
    end
    text = text:gsub("^[%s:;,.|'\"`_=~-]+", ""):gsub("[%s:;|'\"`_=~-]+$", "")
  until text == before
  return text
end

---Marks alone are no segment: a value must not be looked for in dust.
local function add(out, part, row, height)
  local segment = layout.segment(part, row, height)
  if layout.trim(segment.text) ~= "" then out[#out + 1] = segment end
end

---Dust that was taken for a letter: less than half as tall and as wide as letters are, and hardly believed.
local function is_dust(word, height)
  return word.confidence < 0.5 and word.box[3] < 0.5 * height and word.box[4] < 0.5 * height
end

---All segments of a document, by page, row, and from left to right.
function layout.segments(words)
  local by_page, last, out, row_number = {}, 0, {}, 0
  for _, w in ipairs(words) do
    by_page[w.page] = by_page[w.page] or {}
    table.insert(by_page[w.page], w)
    last = math.max(last, w.page)
  end
  for page = 1, last do
    local all, list = by_page[page] or {}, {}
    local height = usual_height(all)
    for _, w in ipairs(all) do
      if not is_dust(w, height) then list[#list + 1] = w end
    end
    for _, row in ipairs(rows_of(list, height)) do
      row_number = row_number + 1
      table.sort(row.words, function(a, b) return a.box[1] < b.box[1] end)
      local part, right = {}, 0
      for _, w in ipairs(row.words) do
        if #part > 0 and w.box[1] - right > 1.8 * height then
          add(out, part, row_number, height)
          part, right = {}, 0
        end
        part[#part + 1] = w
        right = math.max(right, w.box[1] + w.box[3])
      end
      if #part > 0 then add(out, part, row_number, height) end
    end
  end
  return out
end

return layout
