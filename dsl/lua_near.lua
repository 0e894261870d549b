--- lua_near - "did you mean": the closest of some words.
local M = {}

-- Edits (insert, delete, change, swap of neighbours) from a to b; more than `limit` is all the same.
local function distance(a, b, limit)
  local n, m = #a, #b
  if math.abs(n - m) > limit then return limit + 1 end
  local before, last, now = {}, {}, {}
  for j = 0, m do
    last[j] = j
  end
  for i = 1, n do
    now[0] = i
    local least = i
    local x = a:byte(i)
    for j = 1, m do
      local y = b:byte(j)
      local d = math.min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x == y and 0 or 1))
      if i > 1 and j > 1 and x == b:byte(j - 1) and a:byte(i - 1) == y then d = math.min(d, before[j - 2] + 1) end
      now[j] = d
      least = math.min(least, d)
    end
    if least > limit then return limit + 1 end
    before, last, now = last, now, before
  end
  return last[m]
end

--- The word of `words` that was probably meant, or nil. Case does not count; a third of the letters may be wrong.
---@param word string
---@param words string[]
---@param limit? integer letters that may be wrong
---@return string?
function M.near(word, words, limit)
  if #word > 60 then return nil end
  limit = limit or math.max(1, #word // 3)
  local best, best_distance
  local folded = word:lower():gsub("[ _-]", "")
  for _, other in ipairs(words) do
    local d = distance(folded, other:lower():gsub("[ _-]", ""), limit)
    if d <= limit and (not best or d < best_distance) then
      best, best_distance = other, d
    end
  end
  return best
end

return M
