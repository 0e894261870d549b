--- http - requests to services: reads with http.get; http.post, put and delete are effects.
local errors = require "errors"
local fetch = require "http.fetch"

local codes = {
  [401] = "EAUTH", [403] = "EAUTH", [404] = "ENOENT", [408] = "ETIME", [410] = "ENOENT", [429] = "ERATE",
}

-- Refusals after which an effect may have happened all the same: a server that broke down on the way, and 409, with
-- which some answer a repeated Idempotency-Key.
local function is_clear(status)
  return status < 500 and status ~= 409
end

local function is_accepted(status, accept)
  if status < 400 or accept == status then
    return true
  end
  for _, one in ipairs(type(accept) == "table" and accept or {}) do
    if one == status then
      return true
    end
  end
  return false
end

local function plain_url(url)
  return (url:gsub("[?#].*$", ""))
end

local function status_error(method, url, answer)
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

local function checked(method, url, answer)
  if answer.not_json then
    errors.raise {
      code = "EFORMAT",
      text = ("%s %s: the answer says that it is JSON and is not: %s"):format(method, plain_url(url), answer.not_json),
      seen = answer.body:sub(1, 300),
    }
  end
  return answer
end

---@class http.options
---@field headers? table<string, any>  a value is a text, a secret, or a list of these
---@field query? table<string, any>
---@field accept? integer|integer[]  statuses that are answers
---@field timeout? number|string  seconds, or "90s"
---@field auth? { user: any, password: any }
---@field rate? string  "60/min"
---@field source? string  source.NAME.* of the configuration
---@field limit? integer  bytes of the answer at most

--- Asks a service. The answer is { status, headers, body, json }; headers have small letters. A status of 400 or more
--- is an error unless `accept` lists it.
---@param url string
---@param options? http.options
local function get(url, options)
  local o = { url = url }
  if options then
    for key, value in pairs(options) do
      o[key] = value
    end
    o.method, o.url, o.effect, o.key = "GET", url, nil, nil
  end
  local answer = errors.ok(fetch.fetch(o))
  if not is_accepted(answer.status, o.accept) then
    errors.raise(status_error("GET", url, answer))
  end
  return checked("GET", url, answer)
end

-- What an effect sends, as data: hashed, shown, signed. Secrets in it stand by their names.
local function values(args)
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

local function act(method)
  return function(args, ctx)
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
    if not is_accepted(answer.status, o.accept) then
      local refused = status_error(method, args.url, answer)
      if is_clear(answer.status) then
        raise_harmless(refused)
      end
      refused.code = "EUNKNOWN"
      errors.raise(refused)
    end
    answer.not_json = nil -- what happened has happened
    return answer
  end
end

local function effect(method)
  return { values = values, act = act(method) }
end

return {
  reads = { get = get },
  effects = { post = effect "POST", put = effect "PUT", delete = effect "DELETE" },
  fetch = fetch.fetch,
}
