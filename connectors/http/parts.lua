--- http.parts - the query and the body of a request. Secrets stay secrets in them: only C puts their values in.
local errors = require "errors"
local host = require "host"

local M = {}

-- Most bodies are no JSON, and an isolate is to stay small.
local function json()
  return require("json").pure
end

local function is_secret(value)
  return host.kind(value) == "secret"
end

local function percent(c)
  return ("%%%02X"):format(c:byte())
end

local function escape(value)
  return (tostring(value):gsub("[^%w%-%._~]", percent))
end

--- The URL with a query added: { q = "a b", page = 2 }. Lists repeat their key.
function M.with_query(url, query)
  local parts = {}
  for key, value in pairs(query) do
    for _, one in ipairs(type(value) == "table" and value or { value }) do
      if is_secret(one) then
        errors.raise {
          code = "EUSE",
          text = "a secret cannot stand in a URL: URLs are logged along the way",
          advice = "send it in a header, in json or in a form",
        }
      end
      parts[#parts + 1] = escape(key) .. "=" .. escape(one)
    end
  end
  if #parts == 0 then
    return url
  end
  return url .. (url:find("?", 1, true) and "&" or "?") .. table.concat(parts, "&")
end

local function holds_secret(value)
  if is_secret(value) then
    return true
  end
  if type(value) ~= "table" or host.kind(value) == "file" then
    return false
  end
  for _, inner in pairs(value) do
    if holds_secret(inner) then
      return true
    end
  end
  return false
end

-- JSON as a list of pieces in which secrets still are secrets; only C puts their values in.
local function json_pieces(value, out)
  if is_secret(value) then
    out[#out + 1], out[#out + 2], out[#out + 3] = '"', value, '"'
  elseif not holds_secret(value) then
    out[#out + 1] = json().text(value)
  elseif #value > 0 then
    for i, inner in ipairs(value) do
      out[#out + 1] = i == 1 and "[" or ","
      json_pieces(inner, out)
    end
    out[#out + 1] = "]"
  else
    local before = "{"
    for key, inner in pairs(value) do
      out[#out + 1] = before .. json().text(key) .. ":"
      json_pieces(inner, out)
      before = ","
    end
    out[#out + 1] = "}"
  end
  return out
end

local function form_pieces(form)
  local out = {}
  for key, value in pairs(form) do
    out[#out + 1] = (#out > 0 and "&" or "") .. escape(key) .. "="
    out[#out + 1] = is_secret(value) and value or escape(value)
  end
  return out
end

-- What may be shown of a body: secrets as ***.
function M.shown(body)
  if type(body) ~= "table" then
    return body
  end
  local out = {}
  for i, piece in ipairs(body) do
    out[i] = is_secret(piece) and "***" or piece
  end
  return table.concat(out)
end

--- What is sent: pieces or a text, how secrets are written in it, and its content type.
function M.body_of(o)
  local given = (o.json ~= nil and 1 or 0) + (o.form and 1 or 0) + (o.body and 1 or 0) + (o.file and 1 or 0)
  if given > 1 then
    errors.raise { code = "EUSE", text = "a request has one body: json, form, body or file" }
  end
  if o.json ~= nil then
    return json_pieces(o.json, {}), "json", "application/json"
  elseif o.form then
    return form_pieces(o.form), "form", "application/x-www-form-urlencoded"
  elseif o.body then
    return o.body, nil, "text/plain; charset=utf-8"
  elseif o.file then
    return require("files").reads.read(o.file), nil, "application/octet-stream"
  end
end

return M
