--- json - JSON text to plain data and back. Pure: nothing waits, nothing is journaled.
local core = require "core.json"
local errors = require "errors"

--- The value that a JSON text holds. Numbers that a float cannot hold exactly keep their text.
--- Raises EFORMAT with line and column, ELIMIT over 16 MiB or 50 levels.
---@param text string
---@return any
local function parse(text)
  return errors.ok(core._parse(text))
end

--- Plain data as JSON text: keys sorted, money as "250000.00 EUR", dates as ISO text.
---@param value any
---@param options? { pretty?: boolean }
---@return string
local function text(value, options)
  return errors.ok(core._text(value, options ~= nil and options.pretty or false))
end

return { pure = { parse = parse, text = text } }
