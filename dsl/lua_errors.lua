--- lua_errors - Lua's own messages, made into the form that clerks read: what failed, what was seen, what to do.
-- Here: taking a message apart, and fetching advice for texts that do not compile (lua_errors_syntax) or that fail
-- while running (lua_errors_run). When unsure Lua's text stands untouched, without advice.
local M = {}

---@class lua_advice
---@field where string   "robot.lua:11"
---@field file string
---@field line integer
---@field text string    what failed, a sentence
---@field seen? string
---@field advice? string
---@field raw string     Lua's own text

--- Takes "robot.lua:11: text" apart; also Lua's `[string "…"]` names.
---@param message string
---@return string? file
---@return integer? line
---@return string text
function M.split(message)
  local file, line, text = message:match '^%[string "(.-)"%]:(%d+): (.*)$'
  if not file then
    file, line, text = message:match "^([^\n:]+):(%d+): (.*)$"
  end
  if not file then return nil, nil, message end
  return file, tonumber(line), text
end

-- Messages of Lua's compiler end in "near …" or are among these.
local function of_compiler(text)
  return text:match " near .*$" or text:match "expected" and not text:match "^bad argument" or text:match "^unfinished" or text:match "visible label"
end

--- Advice for a message of Lua.
---@param message string          as load, pcall or lua_pcall give it (without traceback)
---@param source string|table<string, string>  the text of the file, or all files by path
---@return lua_advice
function M.explain(message, source)
  local file, line, text = M.split(message)
  local advice = { where = file and file .. ":" .. line or "", file = file, line = line, text = text, raw = text }
  if not file then return advice end
  local src = source
  if type(source) == "table" then src = source[file] or source[file:match "[^/]+$"] end
  if type(src) ~= "string" then return advice end
  local from = of_compiler(text) and require "lua_errors_syntax" or require "lua_errors_run"
  local found = from.explain(src, line, text)
  if found then
    advice.text, advice.seen, advice.advice = found.text, found.seen, found.advice
    if found.line then
      advice.line, advice.where = found.line, file .. ":" .. found.line
    end
  end
  return advice
end

return M
