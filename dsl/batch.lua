--- batch - what finish(batch) gets: every case of the period, all of them final.
local core = ...
local batch = {}

---@param rows table[]  { key, state, result, error }
---@param period string
---@return table  done, rejected, failed (counts), period, rows()
function batch.new(rows, period)
  local b = { done = 0, rejected = 0, failed = 0, period = period }
  local list = {}
  for i, row in ipairs(rows) do
    if b[row.state] then b[row.state] = b[row.state] + 1 end
    list[i] = core._strict({ key = row.key, state = row.state, result = row.result or {}, reason = row.reason or "" }, "the row")
  end
  function b.rows() return list end
  return core._strict(b, "the batch")
end

return batch
