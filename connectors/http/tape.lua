--- http.tape - requests and answers kept in a folder (--record) and given again from it (--replay).
local core = require "core.http"
local errors = require "errors"
local json = require("json").pure

local tape = {}

local TEXT_MAX <const> = 64 * 1024 -- bytes of a body that stands in the JSON itself

-- What never stands in a file, besides secrets.
local private = { authorization = true, cookie = true, ["proxy-authorization"] = true }

local function shown_headers(request)
  local out = {}
  for _, header in ipairs(request.headers or {}) do
    local name, value = header[1]:lower(), header[2]
    if type(value) == "string" and not private[name] then
      out[name] = value
    end
  end
  return out
end

--- Adds a request and its answer, or the error it ended with, to the recording in a folder.
---@param folder string
---@param request table  as for core._fetch, with url and shown (the body without secrets)
---@param answer table?
---@param err table?
function tape.keep(folder, request, answer, err)
  local entry = {
    method = request.method,
    url = request.url,
    request_headers = shown_headers(request),
    body_sha256 = core._sha256(request.shown or ""),
  }
  local name, body
  if not answer then
    entry.error = { code = err.code, text = err.text, seen = err.seen, advice = err.advice, retryable = err.retryable }
  else
    entry.status, entry.headers = answer.status, answer.headers
    if #answer.body <= TEXT_MAX and utf8.len(answer.body) then
      entry.body = answer.body
    else
      name, body = core._sha256(answer.body) .. ".body", answer.body
      entry.file = name
    end
  end
  errors.ok(core._keep(folder, json.text(entry, { pretty = true }) .. "\n", name, body))
end

local reels = {} -- folder -> { entries, played = { key -> how many were given } }

local function reel(folder)
  if not reels[folder] then
    local entries = {}
    for number, text in ipairs(errors.ok(core._tape(folder))) do
      local ok, entry = pcall(json.parse, text)
      if not ok or type(entry) ~= "table" or not entry.method or not entry.url then
        errors.raise {
          code = "EFORMAT",
          text = ("%s/%04d.json is no recorded request"):format(folder, number),
          seen = ok and "no method or url" or errors.of(entry).text,
        }
      end
      entries[number] = entry
    end
    reels[folder] = { entries = entries, played = {} }
  end
  return reels[folder]
end

local function common(a, b)
  local n = 0
  while n < #a and a:byte(n + 1) == b:byte(n + 1) do
    n = n + 1
  end
  return n
end

-- The recorded request that is most like this one: same URL with another body, else the longest common beginning.
local function nearest(entries, request)
  local best, score
  for number, entry in ipairs(entries) do
    local s = common(entry.url, request.url) + (entry.method == request.method and 4 or 0) + (entry.url == request.url and 1000 or 0)
    if not score or s > score then
      best, score = number, s
    end
  end
  return best
end

local function missing(folder, entries, request)
  local number = nearest(entries, request)
  local entry = entries[number]
  local differs = entry.url == request.url and entry.method == request.method and " (its body differs)" or ""
  errors.raise {
    code = "ENOENT",
    text = ("the recording has no answer to %s %s"):format(request.method, request.url),
    seen = ("nearest: %s %s%s, in %s/%04d.json"):format(entry.method, entry.url, differs, folder, number),
    advice = "record it again: deskhand run ROBOT --record " .. folder,
  }
end

--- The recorded answer to a request: the entries that fit are given in order, the last one again and again.
---@param folder string
---@param request table
---@return table? answer, table? err
function tape.play(folder, request)
  local r = reel(folder)
  local hash = core._sha256(request.shown or "")
  local key = request.method .. " " .. request.url .. " " .. hash
  local wanted, seen, found = (r.played[key] or 0) + 1, 0, nil
  for _, entry in ipairs(r.entries) do
    if entry.method == request.method and entry.url == request.url and entry.body_sha256 == hash then
      seen, found = seen + 1, entry
      if seen == wanted then
        break
      end
    end
  end
  if not found then
    missing(folder, r.entries, request)
  end
  r.played[key] = wanted
  if found.error then
    return nil, found.error
  end
  local body = found.body or errors.ok(core._tape_body(folder, found.file))
  return { status = found.status, headers = found.headers or {}, body = body }
end

return tape
