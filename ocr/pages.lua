--- pages - from a file to words with places: pictures by a reader, PDF by pdf.lua. Lends the reader and takes it back.
local errors = require "errors"
local host = require "host"
local pdf = require "ocr.pdf"
local pages = {}

local PICTURE_MS = 120000

---Lends a reader for the time of f; it goes back in every case, and keeps nothing of the document.
function pages.with_reader(f)
  local peer = host.lend("reader", {})
  local ok, result = pcall(f, peer)
  local healthy = ok or errors.of(result).code ~= "ECLOSED"
  if healthy then healthy = peer:call({ op = "forget" }, nil, PICTURE_MS) ~= nil end
  peer:give_back(healthy)
  if not ok then error(result, 0) end
  return result
end

---A reader that ends over a document fails this document, nothing else.
local function ended(what)
  errors.raise { code = "EFORMAT", text = "the reader ended over " .. what, seen = "it may be damaged or made to do harm",
    advice = "look at it with care; the other documents go on" }
end

local function ask(reader, request, picture, file)
  local answer, e = reader:call(request, { picture }, PICTURE_MS)
  if answer == nil and e.code == "ECLOSED" then ended(tostring(file)) end
  return answer, e
end

---A kept page, or a part of it, read again: the answer, or nil when it is not kept (a text layer, one page of many).
---@param request table  { page, mode, scale, langs, region? }
function pages.again(reader, request)
  request.op = "again"
  local answer, e = reader:call(request, nil, PICTURE_MS)
  if answer ~= nil or e.code == "ENOENT" then return answer end
  if e.code == "ECLOSED" then ended("this document") end
  errors.raise(e)
end

---@return { pages: table[], words: table[] }  boxes in pixels of the upright page
function pages.read(reader, file, langs)
  local answer, e = ask(reader, { op = "read", langs = langs }, host.open(file), file)
  if answer then return answer end
  if e.code ~= "EFORMAT" or not (e.seen and e.seen:find("PDF", 1, true)) then errors.raise(e) end
  return pdf.read(file, langs, function(request, picture) return errors.ok(ask(reader, request, picture, file)) end)
end

return pages
