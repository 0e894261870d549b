--- http.act - what http.post, put and delete do, and what it means when a service refuses.
local errors = require "errors"
local fetch = require "http.fetch"

local M = {}

local codes = {
  [401] = "EAUTH", [403] = "EAUTH", [404] = "ENOENT", [408] = "ETIME", [410] = "ENOENT", [429] = "ERATE",
}

-- Refusals after which an effect may have happened all the same: a server that broke down on the way, and 409, with
-- which some answer a repeated Idempotency-Key.
local function is_clear(status)
  return status < 500 and status ~= 409
end

local function plain_url(url)
  return (url:gsub("[?#].*$", ""))
end

--- The error that a status of 400 or more is.
function M.refusal(method, url, answer)
  local advice = "if this status is an answer to you, list it: { accept = { " .. answer.status .. " } }"
  if answer.status == 429 and answer.headers["retry-after"] then
    advice = "it asks to come back after " .. answer.headers["retry-after"] .. "; set a rate: source.NAME.rate"
  end
  return {
    code = codes[answer.status] or (answer.status >= 500 and "EUNAVAILABLE" or "EUSE"),
    text = ("%s %s: the service answers %d"):format(method, plain_url(url), answer.status),
    seen = answer.body:sub(1, 300):gsub("%s+", " "),
    advice = advice,
  }
end

-- What an effect sends, as data: hashed, shown, signed. Secrets in it stand by their names.
function M.values(args)
  if type(args) ~= "table" then
    errors.raise { code = "EUSE", text = 'write http.post("name", { url = …, json = … })', seen = type(args) }
  end
  return {
    url = fetch.with_query(args.url, args.query),
    json = args.json,
    form = args.form,
    body = args.body,
    file = args.file,
  }
end

-- An error marked harmless: nothing has left, or the service refused. Any other leaves the effect unknown.
local function raise_harmless(err)
  err.harmless = true
  errors.raise(err)
end

function M.act(method, args, ctx)
  local o = {}
  for key, value in pairs(args) do
    o[key] = value
  end
  o.method, o.effect, o.key = method, true, ctx.key
  local answer, err = fetch.fetch(o)
  if not answer then
    if err.code == "EUNKNOWN" then
      errors.raise(err)
    end
    raise_harmless(err)
  end
  if not fetch.is_accepted(answer.status, o.accept) then
    local refused = M.refusal(method, args.url, answer)
    if is_clear(answer.status) then
      raise_harmless(refused)
    end
    refused.code = "EUNKNOWN"
    errors.raise(refused)
  end
  answer.not_json = nil -- what happened has happened
  return answer
end

return M
