--- csv - rows from and to CSV text. Pure: nothing waits, nothing is journaled.
local core = require "core.csv"
local errors = require "errors"

--- The rows of a CSV text, each a map keyed by the header; all values are texts.
--- Raises EFORMAT with the line: ragged rows, columns that stand twice, quotes in the wrong place, no UTF-8.
---@param text string
---@param options? { separator?: string }  without it: the comma, semicolon or tab that the header uses
---@return table<string, string>[]
local function parse(text, options)
  return errors.ok(core._parse(text, options and options.separator))
end

--- Rows as CSV text with a header (RFC 4180, CRLF). `guard` puts an apostrophe before texts that a spreadsheet
--- would run as a formula; without it the data stays as it is.
---@param rows table<string, any>[]
---@param options? { columns?: string[], separator?: string, guard?: boolean }
---@return string
local function text(rows, options)
  options = options or {}
  return errors.ok(core._text(rows, options.columns, options.separator, options.guard or false))
end

return { pure = { parse = parse, text = text } }
