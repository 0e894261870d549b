--- xml - questions to an XML text by XPath 1.0. Answers are plain data; the work is done on the pool.
local core = require "core.xml"
local errors = require "errors"

--- The texts of what an XPath finds: the whole text below an element, the value of an attribute. A count or a truth
--- is one text. Nothing found: an empty list. Raises EFORMAT, EREFUSED (a DOCTYPE), EUSE, ELIMIT.
---@param text string
---@param xpath string
---@param options? { namespaces?: table<string, string> }
---@return string[]
local function find(text, xpath, options)
  return errors.ok(core._find(text, xpath, nil, options and options.namespaces))
end

--- One map for each element that `rows` finds; `columns` names an XPath, relative to the row, for each value.
--- A value that is not there is left out, so that it differs from an empty one.
---@param text string
---@param rows string
---@param columns table<string, string>
---@param options? { namespaces?: table<string, string> }
---@return table<string, string>[]
local function table_of(text, rows, columns, options)
  return errors.ok(core._find(text, rows, columns, options and options.namespaces))
end

return { pure = { find = find, table = table_of } }
