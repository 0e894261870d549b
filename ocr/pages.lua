--- pages - from a file to words with places: pictures by a reader, PDF by its text layer or its pages as pictures.
local errors = require "errors"
local host = require "host"
local pages = {}

local PDF_DPI, PDF_PAGES_MAX, SIDE_MAX = 200, 200, 5000 -- pixels of a side
local PICTURE_MS = 120000

---Lends a reader for the time of f; it goes back in every case.
function pages.with_reader(f)
  local peer = host.lend("reader", {})
  local ok, result = pcall(f, peer)
  peer:give_back(ok or errors.of(result).code ~= "ECLOSED")
  if not ok then error(result, 0) end
  return result
end

---One question to a reader.
function pages.ask(reader, request, descriptor)
  local answer, e = reader:call(request, descriptor and { descriptor } or nil, PICTURE_MS)
  if answer == nil then
    if e.code == "ECLOSED" then
      errors.raise { code = "EFORMAT", text = "the reader ended over this document",
        seen = "it may be damaged or made to do harm", advice = "look at it with care; the other documents go on" }
    end
    errors.raise(e)
  end
  return answer
end

local function run(argv, profile, file)
  local done = host.spawn(argv, profile, host.open(file))
  if done.status ~= 0 then
    errors.raise { code = "EFORMAT", text = argv[1] .. " cannot read " .. tostring(file), seen = done.err:sub(1, 300),
      advice = "open the document with a PDF viewer; it may be damaged or protected" }
  end
  return done.out
end

local function unescape(text)
  return (text:gsub("&lt;", "<"):gsub("&gt;", ">"):gsub("&quot;", "\""):gsub("&#39;", "'"):gsub("&amp;", "&"))
end

---Words of a text layer: pdftotext's boxes are points; they become pixels at PDF_DPI like those of pictures.
local function text_layer(file)
  local xhtml = run({ "pdftotext", "-bbox", "-l", tostring(PDF_PAGES_MAX), "-", "-" }, "pdftoppm", file)
  local list, sizes, scale, line = {}, {}, PDF_DPI / 72, 0
  for head, body in xhtml:gmatch("<page ([^>]*)>(.-)</page>") do
    local page = #sizes + 1
    sizes[page] = { page = page, width = tonumber(head:match('width="([%d.]+)"')) * scale // 1,
      height = tonumber(head:match('height="([%d.]+)"')) * scale // 1, rotation = 0, skew = 0.0 }
    for x1, y1, x2, y2, text in body:gmatch('<word xMin="([%d.]+)" yMin="([%d.]+)" xMax="([%d.]+)" yMax="([%d.]+)">(.-)</word>') do
      line = line + 1
      list[#list + 1] = { text = unescape(text), page = page, confidence = 1.0, line = line, block = page,
        box = { x1 * scale // 1, y1 * scale // 1, (x2 - x1) * scale // 1, (y2 - y1) * scale // 1 } }
    end
  end
  return sizes, list
end

---A page of a PDF as a picture. pdftoppm ends well without a picture when a page is too large: that is an error here.
local function picture_of(file, page, dpi)
  local n = tostring(page)
  local png = run({ "pdftoppm", "-png", "-r", tostring(dpi), "-f", n, "-l", n, "-singlefile", "-" }, "pdftoppm", file)
  if #png < 8 then
    errors.raise { code = "ELIMIT", text = "page " .. n .. " of " .. tostring(file) .. " gives no picture",
      advice = "it is too large or empty; split the document" }
  end
  return png
end

---How many pages a PDF has, and with how many dots per inch each is rendered: fewer where a page is huge.
local function pdf_pages(file)
  local info = run({ "pdfinfo", "-f", "1", "-l", tostring(PDF_PAGES_MAX), "-" }, "pdftoppm", file)
  local n = tonumber(info:match("Pages:%s+(%d+)")) or 0
  if n < 1 or n > PDF_PAGES_MAX then
    errors.raise { code = "ELIMIT", text = tostring(file) .. " has " .. n .. " pages (1 to " .. PDF_PAGES_MAX .. " are read)" }
  end
  local dpi = {}
  for page, width, height in info:gmatch("Page%s+(%d+) size:%s+([%d.]+) x ([%d.]+) pts") do
    local inches = math.max(tonumber(width), tonumber(height)) / 72
    dpi[tonumber(page)] = math.tointeger(math.max(1, math.min(PDF_DPI, SIDE_MAX // inches) // 1))
  end
  return n, dpi
end

local function read_pdf(reader, file, langs)
  local sizes, list = text_layer(file)
  local count, dpi = pdf_pages(file)
  local written = {}
  for _, word in ipairs(list) do written[word.page] = true end
  for page = 1, count do
    if not written[page] then
      local at = dpi[page] or PDF_DPI
      local answer = pages.ask(reader, { op = "read", langs = langs, dpi = at }, host.memory(picture_of(file, page, at)))
      sizes[page] = answer.pages[1]
      sizes[page].page = page
      for _, word in ipairs(answer.words) do
        word.page = page
        list[#list + 1] = word
      end
    end
  end
  return { pages = sizes, words = list, again = count == 1 and not written[1] }
end

---@return { pages: table[], words: table[] }  boxes in pixels of the upright page
function pages.read(reader, file, langs)
  local answer, e = reader:call({ op = "read", langs = langs }, { host.open(file) }, PICTURE_MS)
  if answer then return answer end
  if e.code == "EFORMAT" and e.seen and e.seen:find("PDF", 1, true) then return read_pdf(reader, file, langs) end
  if e.code == "ECLOSED" then
    errors.raise { code = "EFORMAT", text = "the reader ended over " .. tostring(file),
      seen = "it may be damaged or made to do harm", advice = "look at it with care; the other documents go on" }
  end
  errors.raise(e)
end

return pages
