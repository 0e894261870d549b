--- http - requests to services: reads with http.get; http.post, put and delete are effects.
local errors = require "errors"
local fetch = require "http.fetch"

-- An answer that says it is JSON and is not is none.
local function checked(method, url, answer)
  if answer.not_json then
    errors.raise {
      code = "EFORMAT",
      text = ("%s %s: the answer says that it is JSON and is not: %s"):format(method, (url:gsub("[?#].*$", "")), answer.not_json),
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
  if not fetch.is_accepted(answer.status, o.accept) then
    errors.raise(require("http.act").refusal("GET", url, answer))
  end
  return checked("GET", url, answer)
end

-- Most robots only read.
local function effect(method)
  return {
    values = function(args)
      return require("http.act").values(args)
    end,
    act = function(args, context)
      return require("http.act").act(method, args, context)
    end,
  }
end

return {
  reads = { get = get },
  effects = { post = effect "POST", put = effect "PUT", delete = effect "DELETE" },
  fetch = fetch.fetch,
}
