--- pdf - a PDF as words: by its text layer where that is what a person sees, else page by page as pictures. Poppler's
--- commands do it, each a sandboxed child with ceilings of its own; nothing of a PDF is parsed here but what they print.
local errors = require "errors"
local host = require "host"
local pdf = {}

local DPI, DPI_MOST = 200, 300 -- of boxes and pages; of scans, which are rendered as they were scanned
local SIDE_MAX, PAGES_MAX, WORDS_MAX = 5000, 200, 100000 -- pixels; as for pictures
local SCANNED = 0.5 -- of a page: covered by pictures to more than this, it is a scan, whatever text lies behind it
local DOCUMENT_MS = 600000

local ADVICE = "open it with a PDF viewer; it may be damaged, protected or made to do harm. The other documents go on"

---What a poppler command prints about a file.
local function run(argv, file)
  local done = host.spawn(argv, "pdftoppm", host.open(file))
  if done.status > 128 then
    errors.raise { code = "ELIMIT", text = argv[1] .. " used up its time or memory over " .. tostring(file),
      seen = "signal " .. done.status - 128, advice = ADVICE }
  elseif done.status ~= 0 then
    errors.raise { code = "EFORMAT", text = argv[1] .. " cannot read " .. tostring(file), seen = done.err:sub(1, 300), advice = ADVICE }
  end
  return done.out
end

---The sizes of all pages in points: { width, height }.
local function sizes_of(file)
  local info = run({ "pdfinfo", "-f", "1", "-l", tostring(PAGES_MAX), "-" }, file)
  local n, sizes = tonumber(info:match("Pages:%s+(%d+)")) or 0, {}
  if n < 1 or n > PAGES_MAX then
    errors.raise { code = "ELIMIT", text = tostring(file) .. " has " .. n .. " pages (1 to " .. PAGES_MAX .. " are read)",
      advice = "split it, or take out what is not needed" }
  end
  for page, width, height in info:gmatch("Page%s+(%d+) size:%s+([%d.]+) x ([%d.]+) pts") do
    sizes[tonumber(page)] = { tonumber(width), tonumber(height) }
  end
  for page = 1, n do
    local size = sizes[page]
    if not size or size[1] < 1 or size[2] < 1 then
      errors.raise { code = "EFORMAT", text = "page " .. page .. " of " .. tostring(file) .. " has no size", advice = ADVICE }
    end
  end
  return sizes
end

---Pages that are scans, and how fine each was scanned. Text behind a scan is what somebody else made of it, or says
---something that nobody sees: the picture counts.
local function scans_of(file, sizes)
  local covered, largest, dpi = {}, {}, {}
  for line in run({ "pdfimages", "-list", "-l", tostring(PAGES_MAX), "-" }, file):gmatch("[^\n]+") do
    local page, kind, width, height, rest = line:match("^%s*(%d+)%s+%d+%s+(%a+)%s+(%d+)%s+(%d+)(.*)$")
    page, width, height = tonumber(page), tonumber(width), tonumber(height)
    local x, y = (rest or ""):match("%s(%d+)%s+(%d+)%s+%S+%s+%S+%s*$")
    x, y = tonumber(x), tonumber(y)
    if x and x > 0 and y > 0 and sizes[page] and (kind == "image" or kind == "stencil") then
      local points = sizes[page][1] * sizes[page][2] / (72 * 72)
      covered[page] = (covered[page] or 0) + width / x * height / y / points
      if width * height > (largest[page] or 0) then largest[page], dpi[page] = width * height, x end
    end
  end
  local scans = {}
  for page, part in pairs(covered) do scans[page] = part > SCANNED and dpi[page] or nil end
  return scans
end

local function unescape(text)
  return (text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", "\""):gsub("&#39;", "'"):gsub("&amp;", "&"))
end

---Words of the text layer by page: pdftotext's boxes are points; they become pixels at DPI like those of pictures.
local function text_of(file)
  local by_page, page, n = {}, 0, 0
  local scale = DPI / 72
  for tag, head, text in run({ "pdftotext", "-bbox", "-l", tostring(PAGES_MAX), "-", "-" }, file):gmatch("<(%a+) ([^<>]*)>([^<]*)") do
    if tag == "page" then
      page = page + 1
      by_page[page] = {}
    elseif tag == "word" then
      local x1, y1, x2, y2 = head:match('xMin="([%d.]+)" yMin="([%d.]+)" xMax="([%d.]+)" yMax="([%d.]+)"')
      n = n + 1
      if n > WORDS_MAX then
        errors.raise { code = "ELIMIT", text = tostring(file) .. " has more than " .. WORDS_MAX .. " words", advice = "split it" }
      end
      if x1 and by_page[page] then
        table.insert(by_page[page], { text = unescape(text), page = page, confidence = 1.0, line = n, block = page,
          box = { x1 * scale // 1, y1 * scale // 1, (x2 - x1) * scale // 1, (y2 - y1) * scale // 1 } })
      end
    end
  end
  return by_page
end

---A page as a picture, and its dots per inch. Grey and not packed: packing the grain of a scan as PNG takes longer than
---reading it. pdftoppm ends well without a picture when a page is too large: that is an error here.
local function picture_of(file, page, size, wanted)
  local n = tostring(page)
  local inches = math.max(size[1], size[2]) / 72
  local dpi = math.max(1, math.min(wanted, DPI_MOST, SIDE_MAX / inches) // 1)
  local picture = run({ "pdftoppm", "-gray", "-r", ("%d"):format(dpi), "-f", n, "-l", n, "-singlefile", "-" }, file)
  if #picture < 8 then
    errors.raise { code = "ELIMIT", text = "page " .. n .. " of " .. tostring(file) .. " gives no picture",
      seen = ("%.0f x %.0f points"):format(size[1], size[2]), advice = "it is too large or empty; split the document" }
  end
  return picture, math.tointeger(dpi)
end

---@param read fun(request: table, picture: any): table  one picture by a reader, as page `number` of the document
---@return { pages: table[], words: table[] }
function pdf.read(file, langs, read)
  local _, begun = host.clock()
  local sizes = sizes_of(file)
  local scans, written = scans_of(file, sizes), text_of(file)
  local pages, words = {}, {}
  for page, size in ipairs(sizes) do
    local list = written[page] or {}
    if scans[page] or #list == 0 then
      local _, now = host.clock()
      if now - begun > DOCUMENT_MS then
        errors.raise { code = "ETIME", text = tostring(file) .. " takes longer than " .. DOCUMENT_MS // 60000 .. " minutes",
          seen = "it has " .. #sizes .. " pages; " .. page - 1 .. " were read", advice = "split it" }
      end
      local picture, dpi = picture_of(file, page, size, scans[page] or DPI)
      local answer = read({ op = "read", langs = langs, dpi = dpi, number = page }, host.memory(picture))
      pages[page], list = answer.pages[1], answer.words
    else
      local scale = DPI / 72
      pages[page] = { page = page, width = size[1] * scale // 1, height = size[2] * scale // 1, rotation = 0, skew = 0.0 }
    end
    table.move(list, 1, #list, #words + 1, words)
  end
  return { pages = pages, words = words }
end

return pdf
